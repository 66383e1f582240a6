/* fabric-cluster.c - which clusters may meet: each line of the decision in its order, each pair of settings from both sides, what may cross. */
#include <stdio.h>
#include <stdlib.h>

#include "fabric/cluster.h"
#include "tap.h"

static const struct mono now = { 1000000 };

static struct words
words(const char *a, const char *b)
{
	struct words w = { .count = 0 };

	if (a)
		w.at[w.count++] = a;
	if (b)
		w.at[w.count++] = b;
	return w;
}

static struct stranger
beta(void)
{
	return (struct stranger){ .cluster = STR("beta"), .node = STR("n1"), .proven = true,
	    .encrypted = true };
}

static struct cluster_verdict
decide(const struct federation *f, const struct stranger *s)
{
	struct limiters ls = { .count = 0 };
	struct cluster_verdict v = federation_decide(f, STR("alpha"), s, &ls, now);

	limiters_free(&ls);
	return v;
}

static void
is_verdict(const struct federation *f, const struct stranger *s, int code, int line, const char *what)
{
	struct cluster_verdict v = decide(f, s);

	ok((int)v.code == code && v.line == line, "mpreg 2.3: %s", what);
	if ((int)v.code != code || v.line != line)
		printf("# code %d of line %d, want %d of %d\n", (int)v.code, v.line, code, line);
}

/*
 * One stranger has everything against it.  What each line looks at is put
 * right in turn, so each verdict shows that its line comes before the rest.
 */
static void
lines_in_order(void)
{
	struct federation f = { .mode = STRICT_ISOLATION, .mutual = true, .encrypted = ENCRYPTED_ALWAYS,
	    .links_per_minute = 1, .requests_per_minute = 1, .blocked = words("beta", ""),
	    .bridges = words("beta n2 n3 as oslo", NULL) };
	struct stranger s = { .cluster = STR(""), .node = STR("n1"), .departed_ms = 4999, .keys = true };
	struct limiters ls = { .count = 0 };
	char longest[256];

	memset(longest, 'a', sizeof longest);
	is_verdict(&f, &s, FED_MALFORMED, 1, "1: no cluster id");
	s.cluster = (struct str){ longest, 256 };
	is_verdict(&f, &s, FED_MALFORMED, 1, "1: one of 256 bytes");
	s.cluster = STR("\xff");
	is_verdict(&f, &s, FED_MALFORMED, 1, "1: one that is not UTF-8");
	s.cluster = (struct str){ longest, 255 };
	is_verdict(&f, &s, FED_DEPARTED, 2, "1: 255 bytes are one");
	s.cluster = STR("beta");
	is_verdict(&f, &s, FED_DEPARTED, 2, "2: it has just said GOODBYE");
	s.departed_ms = 5000;
	is_verdict(&f, &s, FED_BLOCKED, 3, "3: 5 s later it is asked, and blocked");
	s.cluster = STR("alpha");
	is_verdict(&f, &s, FED_IDENTITY, 4, "4: our own id, and no proof where there are keys");
	s.keys = false;
	is_verdict(&f, &s, FED_OK, 5, "5: our own id, and no keys");
	s.keys = s.proven = true;
	is_verdict(&f, &s, FED_OK, 5, "5: our own id, proven");
	s.proven = false;
	s.cluster = STR("beta");
	f.blocked.count = 0;
	is_verdict(&f, &s, FED_STRICT, 6, "6: strict isolation");
	f.mode = EXPLICIT_BRIDGING;
	f.allowed = words("beta", NULL);
	is_verdict(&f, &s, FED_NODE_NOT_ALLOWED, 7, "7: a bridge of other nodes narrows the allow list");
	s.node = STR("");
	is_verdict(&f, &s, FED_NODE_NOT_ALLOWED, 7, "7: no node id fits no list");
	s.node = STR("n1");
	f.bridges.count = f.allowed.count = 0;
	is_verdict(&f, &s, FED_NOT_ALLOWED, 8, "8: no bridge, and not in the allow list");
	f.bridges = words("gamma", "beta2");
	f.allowed = words("BETA", "bet");
	is_verdict(&f, &s, FED_NOT_ALLOWED, 8, "8: ids are compared exactly");
	f.allowed = words("beta", NULL);
	is_verdict(&f, &s, FED_IDENTITY, 9, "9: no proof");
	f.mutual = false;
	is_verdict(&f, &s, FED_NEEDS_TLS, 10, "10: no TLS");
	s.here = true;
	is_verdict(&f, &s, FED_NEEDS_TLS, 10, "10: of this host too, when it is always wanted");
	f.encrypted = ENCRYPTED_OFF_HOST;
	is_verdict(&f, &s, FED_OK, 12, "10: of this host it need not");
	s.here = false;
	is_verdict(&f, &s, FED_NEEDS_TLS, 10, "10: but from elsewhere");
	f.encrypted = ENCRYPTED_NEVER;
	is_verdict(&f, &s, FED_OK, 12, "10: nor when it is never wanted");
	is_int(federation_decide(&f, STR("alpha"), &s, &ls, now).code, FED_OK, "mpreg 2.3: 11: the first link");
	is_int(federation_decide(&f, STR("alpha"), &s, &ls, now).code, FED_RATE, "mpreg 2.3: 11: one too many in a minute");
	s.cluster = STR("gamma");
	is_int(federation_decide(&f, STR("alpha"), &s, &ls, now).code, FED_OK, "mpreg 2.3: 11: another cluster has its own rate");
	s.cluster = STR("beta");
	is_int(federation_decide(&f, STR("alpha"), &s, NULL, now).code, FED_OK, "mpreg 2.3: 11: a link that is there is not counted");
	is_int(federation_decide(&f, STR("alpha"), &s, &ls, (struct mono){ now.us + 63000000 }).code, FED_OK,
	    "mpreg 2.3: 11: after its minute it may come again");
	limiters_free(&ls);
	is_str(str(decide(&f, &s).by), "allow list", "mpreg 2.3: 12: what let it in is said");
	f.bridges = words("beta n2 as one", "beta n1 as two");
	is_verdict(&f, &s, FED_OK, 12, "12: any bridge that has the node");
	is_str(str(decide(&f, &s).by), "two", "mpreg 2.3: 12: and which one");
	f.bridges = words("beta n1", "beta as all");
	is_str(str(decide(&f, &s).by), "bridge_alpha_to_beta", "mpreg 2.3: 12: the first, with the name that it gets");
	ok(!decide(&f, &s).warning, "mpreg 2.3: 12: without a warning");
	f.mode = PERMISSIVE_BRIDGING;
	f.bridges = words("beta n2", NULL);
	f.allowed.count = 0;
	is_verdict(&f, &s, FED_OK, 13, "13: permissive bridging");
	ok(decide(&f, &s).warning, "mpreg 2.3: 13: with a warning");
}

static void
defaults(void)
{
	struct stranger s = beta(), own = beta();

	own.cluster = STR("alpha");
	is_verdict(NULL, &s, FED_STRICT, 6, "without settings: strict isolation (mpreg 10)");
	is_verdict(NULL, &own, FED_OK, 5, "and the own cluster is in");
	is_int(federation_source(NULL, STR("alpha"), STR("beta")).code, FED_STRICT, "mpreg 2.5: also for a source");
	ok(!federation_transit(NULL, STR("beta"), STR("gamma")), "mpreg 8: no transit");
	ok(federation_function_open(NULL, STR("f"), STR("m")), "mpreg 2.2: no function is closed");
}

/* --- mpreg 2.4, as it was recorded --- */

static struct federation
side(const char *text, const char *other)
{
	struct federation f = { .links_per_minute = 10, .requests_per_minute = 100 };

	if (strncmp(text, "explicit", 8) == 0)
		f.mode = EXPLICIT_BRIDGING;
	else if (strncmp(text, "permissive", 10) == 0)
		f.mode = PERMISSIVE_BRIDGING;
	if (strstr(text, "in allow list"))
		f.allowed = words(other, NULL);
	return f;
}

static void
matrix(void)
{
	const char *dir = getenv("FEDX_SRC");
	char path[512], line[512];
	int rows = 0;
	FILE *in;

	snprintf(path, sizeof path, "%s/t/data/federation.txt", dir ? dir : ".");
	if ((in = fopen(path, "r")) == NULL) {
		ok(false, "%s can be read", path);
		return;
	}
	while (fgets(line, sizeof line, in)) {
		struct federation of_alpha, of_beta;
		struct stranger a = beta(), b = beta();
		bool up, warns;
		char *dialler = strchr(line, ';'), *want = dialler ? strchr(dialler + 1, ';') : NULL;

		if (line[0] == '#' || !want)
			continue;
		*dialler++ = *want++ = '\0';
		dialler += strspn(dialler, " ");
		of_alpha = side(line, "beta");
		of_beta = side(dialler, "alpha");
		a.cluster = STR("alpha");
		a.proven = a.encrypted = b.proven = b.encrypted = false;
		of_alpha.encrypted = of_beta.encrypted = ENCRYPTED_NEVER;
		up = federation_decide(&of_alpha, STR("alpha"), &b, NULL, now).code == FED_OK &&
		    federation_decide(&of_beta, STR("beta"), &a, NULL, now).code == FED_OK;
		warns = federation_decide(&of_alpha, STR("alpha"), &b, NULL, now).warning ||
		    federation_decide(&of_beta, STR("beta"), &a, NULL, now).warning;
		ok(up == (strstr(want, "link up") != NULL), "mpreg 2.4: %s;%s", line, dialler);
		ok(!up || warns == (strstr(want, "warning") != NULL), "mpreg 2.4: ... and its warning");
		rows++;
	}
	fclose(in);
	is_int(rows, 11, "mpreg 2.4: all that was recorded");
}

/* --- what may cross --- */

static void
sources(void)
{
	struct federation f = { .mode = EXPLICIT_BRIDGING, .allowed = words("gamma", NULL),
	    .bridges = words("beta n1", NULL), .blocked = words("delta", NULL), .mutual = true,
	    .transit = words("beta gamma", "off") };

	is_int(federation_source(&f, STR("alpha"), STR("alpha")).code, FED_OK, "mpreg 2.5: our own cluster");
	is_int(federation_source(&f, STR("alpha"), STR("gamma")).code, FED_OK, "mpreg 2.5: one of the list");
	is_int(federation_source(&f, STR("alpha"), STR("beta")).code, FED_OK, "mpreg 2.5: one with a bridge, whichever of its nodes");
	is_int(federation_source(&f, STR("alpha"), STR("zeta")).code, FED_NOT_ALLOWED, "mpreg 2.5: not another");
	is_int(federation_source(&f, STR("alpha"), STR("delta")).code, FED_BLOCKED, "mpreg 2.5: nor a blocked one");
	is_int(federation_source(&f, STR("alpha"), STR("")).code, FED_MALFORMED, "mpreg 2.5: nor none");
	ok(federation_transit(&f, STR("beta"), STR("gamma")), "mpreg 8: a pair may pass");
	ok(!federation_transit(&f, STR("gamma"), STR("beta")), "mpreg 8: in its direction");
	ok(!federation_transit(&f, STR("beta"), STR("beta2")), "mpreg 8: no other pair");
	f.transit = words("on", NULL);
	ok(federation_transit(&f, STR("x"), STR("y")), "mpreg 8: or all");
	f.mode = STRICT_ISOLATION;
	is_int(federation_source(&f, STR("alpha"), STR("gamma")).code, FED_STRICT, "mpreg 2.5: strict isolation has no list");
}

static void
functions(void)
{
	static const struct { const char *allowed, *blocked, *service, *method; bool is_open; const char *what; } cases[] = {
		{ NULL, NULL, "f", "m", true, "no lists" },
		{ NULL, "f", "f", "m", false, "a blocked service" },
		{ NULL, "f", "f", "", false, "and its name" },
		{ NULL, "f", "f2", "m", true, "not one that begins like it" },
		{ NULL, "f/m", "f", "m", false, "a blocked method" },
		{ NULL, "f/m", "f", "m2", true, "not the others" },
		{ NULL, "f/m", "f", "", true, "nor the name" },
		{ "f", NULL, "f", "m", true, "an allowed service" },
		{ "f", NULL, "g", "m", false, "makes the list the only ones" },
		{ "f", NULL, "g", "", false, "also for names" },
		{ "f/m", NULL, "f", "m", true, "an allowed method" },
		{ "f/m", NULL, "f", "n", false, "and no other" },
		{ "f/m", NULL, "f", "", true, "whose service may be named" },
		{ "f", "f/m", "f", "m", false, "block beats allow" },
		{ "f/m", "f", "f", "m", false, "both ways" },
		{ "a/b", NULL, "a/b", "m", true, "a name with a slash" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct federation f = { .allowed_functions = words(cases[i].allowed, NULL),
		    .blocked_functions = words(cases[i].blocked, NULL) };

		ok(federation_function_open(&f, str(cases[i].service), str(cases[i].method)) == cases[i].is_open,
		    "mpreg 9: %s", cases[i].what);
	}
}

static void
rates(void)
{
	struct federation f = { .requests_per_minute = 60 };
	struct limiters ls = { .count = 0 };
	struct limiter *l = federation_requests(&f, &ls, STR("beta"), now);
	int n = 0;

	while (limiter_take(l, now))
		n++;
	is_int(n, 60, "mpreg 2.2: requests of a cluster, in a minute");
	ok(limiter_take(l, (struct mono){ now.us + 1000000 }), "mpreg 2.2: one a second then");
	limiter_release(&ls, l, now);
	limiters_free(&ls);
}

/* --- what is said --- */

static void
is_said(const struct federation *f, const struct stranger *s, const char *want)
{
	char text[FED_TEXT];
	struct cluster_verdict v = decide(f, s);

	federation_text(text, &v, f, STR("alpha"), s);
	is_str(str(text), want, "mpreg 11.2: its text");
	is_int(federation_code_of(str(text)), v.code, "mpreg 11.2: which begins with its code");
}

static void
texts(void)
{
	struct federation f = { .mode = STRICT_ISOLATION, .mutual = true, .links_per_minute = 10 };
	struct stranger s = beta();
	struct cluster_verdict rate = { .code = FED_RATE };
	char text[FED_TEXT];

	is_said(&f, &s, "2101 cluster \"beta\" refused: cluster \"alpha\" runs in strict_isolation, which admits only its own cluster id");
	f.mode = EXPLICIT_BRIDGING;
	is_said(&f, &s, "2102 cluster \"beta\" refused: not in allowed_foreign_cluster_ids of cluster \"alpha\"");
	f.bridges = words("beta n2 as oslo", NULL);
	is_said(&f, &s, "2105 node \"n1\" of cluster \"beta\" refused: bridge \"oslo\" lists other nodes");
	f.blocked = words("beta", NULL);
	is_said(&f, &s, "2103 cluster \"beta\" refused: listed in blocked_foreign_cluster_ids of cluster \"alpha\"");
	f = (struct federation){ .mode = PERMISSIVE_BRIDGING, .mutual = true, .links_per_minute = 10 };
	s.proven = false;
	is_said(&f, &s, "2110 node \"n1\" did not prove that it belongs to cluster \"beta\"");
	s.proven = true;
	s.encrypted = false;
	is_said(&f, &s, "2109 link to cluster \"beta\" is not encrypted and require_encrypted_connections is on");
	s.departed_ms = 1200;
	is_said(&f, &s, "2107 node \"n1\" said goodbye 1 s ago; it may return with a new instance id or after 4 s");
	federation_text(text, &rate, &f, STR("alpha"), &s);
	is_str(str(text), "2108 cluster \"beta\" is over 10 per minute", "mpreg 11.2: 2108");
	federation_text_frame(text, "REQUEST");
	is_str(str(text), "2104 frame \"REQUEST\" before admission; send hello first", "mpreg 11.2: 2104");
	federation_text_far(text, STR("2101 no"));
	is_str(str(text), "2106 the far side refused: 2101 no", "mpreg 11.2: 2106");
	federation_text_source(text, STR("alpha"), STR("beta"), STR("gamma"));
	is_str(str(text), "2111 message from cluster \"alpha\" passed on by \"beta\" refused: transit or source not allowed at \"gamma\"", "mpreg 11.2: 2111");
	federation_text_function(text, STR("f"), STR("beta"));
	is_str(str(text), "2112 function \"f\" is not open to cluster \"beta\"", "mpreg 11.2: 2112");
	federation_text_lost(text, STR("n"), true);
	is_str(str(text), "2204 link to \"n\" closed while the call was in progress; it may have run", "mpreg 11.2: 2204");
	federation_text_lost(text, STR("n"), false);
	is_str(str(text), "2204 link to \"n\" closed before the call was sent", "nor does it say so if it cannot have");
	is_int(federation_code_of(STR("2100 no such")), 0, "a number that is none of ours");
	is_int(federation_code_of(STR("the token")), 0, "no number");
}

static void
checks(void)
{
	const char *value = NULL;
	struct err e = { .status = 0 };
	struct federation f = { .blocked = words("beta", "alpha") };

	ok(federation_check(&f, STR("alpha"), &value, &e) == -1 && strcmp(value, "alpha") == 0 &&
	    strstr(e.text, "own cluster id"), "mpreg 11: the own id cannot be blocked");
	f = (struct federation){ .bridges = words("alpha n1", NULL) };
	ok(federation_check(&f, STR("alpha"), &value, &e) == -1 && strstr(e.text, "cannot join a cluster to itself"), "mpreg 11: a bridge to itself");
	f.bridges = words("beta n1 as", NULL);
	ok(federation_check(&f, STR("alpha"), &value, &e) == -1, "mpreg 11: a bridge without the name that it says");
	f.bridges = words("beta N1", NULL);
	ok(federation_check(&f, STR("alpha"), &value, &e) == -1, "mpreg 11: with a node that is none");
	f = (struct federation){ .allowed = words("Beta", NULL) };
	ok(federation_check(&f, STR("alpha"), &value, &e) == -1, "mpreg 11: a cluster that is none");
	f = (struct federation){ .transit = words("beta", NULL) };
	ok(federation_check(&f, STR("alpha"), &value, &e) == -1, "mpreg 11: a transit to nowhere");
	f = (struct federation){ .allowed_functions = words("a b", NULL) };
	ok(federation_check(&f, STR("alpha"), &value, &e) == -1, "mpreg 11: a function that is none");
	f = (struct federation){ .bridges = words("beta n1 n2 as oslo", "gamma"), .transit = words("beta gamma", "on"),
	    .allowed = words("beta", "alpha"), .blocked = words("delta", NULL), .allowed_functions = words("f", "f/m") };
	ok(federation_check(&f, STR("alpha"), &value, &e) == 0, "mpreg 11: and what is right is taken");
}

int
main(void)
{
	lines_in_order();
	defaults();
	matrix();
	sources();
	functions();
	rates();
	texts();
	checks();
	return done();
}
