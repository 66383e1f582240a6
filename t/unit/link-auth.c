/* link-auth.c - tokens: what a file may hold, and whom it lets in. */
#include <sys/stat.h>
#include <unistd.h>

#include "der.h"
#include "link/auth.h"
#include "net/sha256.h"
#include "net/tls.h"
#include "tap.h"

static char path[64];

static void
file(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, mode) == -1) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

static struct auth *
open_tokens(struct err *e)
{
	return auth_open(&(struct auth_files){ .tokens = path }, e);
}

static const char *
hash(const char *token)
{
	static char text[4][80];
	static int turn;
	char *to = text[turn++ % 4];
	uint8_t h[32];

	sha256(str(token), h);
	strcpy(to, "sha256:");
	for (int i = 0; i < 32; i++)
		snprintf(to + 7 + 2 * i, 3, "%02x", h[i]);
	return to;
}

#define GOOD "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct { const char *what, *line, *why; } bad[] = {
	{ "an unknown role", "leave a.net net " GOOD, "unknown role 'leave'" },
	{ "role in capitals", "LEAF a.net net " GOOD, "unknown role 'LEAF'" },
	{ "a node in capitals", "leaf A.net net " GOOD, "'A.net' is no node id" },
	{ "a star inside", "leaf a.*.net net " GOOD, "'a.*.net' is no node id" },
	{ "a star without a dot", "leaf *net net " GOOD, "'*net' is no node id" },
	{ "only a star and a dot", "leaf *. net " GOOD, "'*.' is no node id" },
	{ "a bad cluster", "leaf a.net n@t " GOOD, "'n@t' is no cluster name" },
	{ "no hash", "leaf a.net net", "want cert, or sha256:" },
	{ "the token itself", "leaf a.net net s3cret", "want cert, or sha256:" },
	{ "a short hash", "leaf a.net net sha256:0011", "want cert, or sha256:" },
	{ "no hex", "leaf a.net net sha256:zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	    "want cert, or sha256:" },
	{ "a date alone", "leaf a.net net " GOOD " 2027-01-31", "'2027-01-31' is no time" },
	{ "another zone", "leaf a.net net " GOOD " 2027-01-31T00:00:00+01:00", "is no time" },
	{ "month 13", "leaf a.net net " GOOD " 2027-13-31T00:00:00Z", "is no time" },
	{ "day 0", "leaf a.net net " GOOD " 2027-12-00T00:00:00Z", "is no time" },
	{ "30 February", "leaf a.net net " GOOD " 2027-02-30T00:00:00Z", "is no time" },
	{ "29 February 2027", "leaf a.net net " GOOD " 2027-02-29T00:00:00Z", "is no time" },
	{ "31 April", "leaf a.net net " GOOD " 2027-04-31T00:00:00Z", "is no time" },
	{ "hour 24", "leaf a.net net " GOOD " 2027-01-31T24:00:00Z", "is no time" },
	{ "a word too many", "leaf a.net net " GOOD " 2027-01-31T00:00:00Z x", "more on the line" },
	{ "a word behind a scope", "leaf a.net net " GOOD " scope=a 2027-01-31T00:00:00Z", "more on the line" },
	{ "an empty scope", "leaf a.net net " GOOD " scope=", "want a pattern of at most 255 bytes behind scope=" },
	{ "a scope that is no pattern", "leaf a.net net " GOOD " scope=/a/b*", "'/a/b*' is no pattern" },
	{ "the scopes of a hub", "hub a.net net " GOOD " scope=/a/**", "scopes are for leaves and clients" },
	{ "17 scopes", "leaf a.net net " GOOD " scope=a scope=b scope=c scope=d scope=e scope=f scope=g scope=h scope=i"
	    " scope=j scope=k scope=l scope=m scope=n scope=o scope=p scope=q", "more than 16 scopes" },
};

static void
bad_files(void)
{
	char text[512], where[96];
	struct err e;
	struct auth *a;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){ .status = 0 };
		snprintf(text, sizeof text, "# tokens\n\nleaf ok.net net " GOOD "\n%s\n", bad[i].line);
		snprintf(where, sizeof where, "%s:4: ", path);
		file(text, 0600);
		a = open_tokens(&e);
		ok(!a && strstr(e.text, where) && strstr(e.text, bad[i].why) && e.status == 78,
		    "%s: %s", bad[i].what, e.text);
		auth_close(a);
	}
	e = (struct err){ .status = 0 };
	file("# nothing\n \t\n", 0600);
	ok(!open_tokens(&e) && strstr(e.text, "holds no line"), "a file without a token: %s", e.text);
	file("", 0600);
	ok(!open_tokens(&e), "an empty file");
	file("leaf a.net net " GOOD "\n", 0620);
	ok(!open_tokens(&e) && strstr(e.text, "chmod go-w"), "one that a group can write: %s", e.text);
	file("leaf a.net net " GOOD "\n", 0602);
	ok(!open_tokens(&e) && strstr(e.text, "chmod go-w"), "one that all can write");
	file("leaf a.net net " GOOD "\n", 0644);
	a = open_tokens(&e);
	ok(a && auth_count(a, false) == 1, "it holds hashes, so all may read it");
	auth_close(a);
	e = (struct err){ .status = 0 };
	ok(!auth_open(&(struct auth_files){ .tokens = "/nowhere/at/all" }, &e) && strstr(e.text, "/nowhere/at/all"), "no file: %s", e.text);
	auth_close(NULL);
}

static const char *
check(const struct auth *a, const char *token, enum role role, const char *node, int64_t now,
    struct grant *g)
{
	const char *why = "";
	struct credential is;
	enum error error;

	token_credential(str(token), &is);
	error = auth_check(a, &is, NULL, (uint8_t)role, str(node), (struct wall){ now, 0 }, g, &why);

	ok(!strstr(why, token) || !*token, "'%s' does not name the token", why);
	return error == E_NONE ? "granted" : error_row(error)->name;
}

#define IS(got, want, what) is_str(str(got), want, what)

static void
granting(void)
{
	enum { Y2027 = 1798761600 };	/* 2027-01-01T00:00:00Z */
	char text[2048];
	struct err e = { .status = 0 };
	struct auth *a;
	struct grant g;

	snprintf(text, sizeof text,
	    "# who may join\n"
	    "leaf  site-a.example.net  example.net  %s   # with a remark\r\n"
	    "leaf\t*.b.example.net\texample.net\t%s\n"
	    "hub * other %s 2027-01-01T00:00:00Z\n"
	    "client shell.example.net example.net %s 2024-02-29T12:30:59Z\n",
	    hash("exact"), hash("below"), hash("any"), hash("old"));
	file(text, 0600);
	a = open_tokens(&e);
	if (!ok(a != NULL && auth_count(a, false) == 4, "four tokens %s", e.text))
		return;
	IS(check(a, "exact", ROLE_LEAF, "site-a.example.net", 0, &g), "granted", "the node it names");
	ok(g.exact && g.role == ROLE_LEAF && str_is(str(g.cluster), "example.net"), "exactly that one");
	IS(check(a, "exact", ROLE_LEAF, "site-b.example.net", 0, &g), "denied", "not another");
	IS(check(a, "exact", ROLE_HUB, "site-a.example.net", 0, &g), "denied", "nor another role");
	IS(check(a, "below", ROLE_LEAF, "x.b.example.net", 0, &g), "granted", "below a domain");
	ok(!g.exact, "by a pattern");
	IS(check(a, "below", ROLE_LEAF, "x.y.b.example.net", 0, &g), "granted", "far below");
	IS(check(a, "below", ROLE_LEAF, "b.example.net", 0, &g), "denied", "not the domain itself");
	IS(check(a, "below", ROLE_LEAF, "xb.example.net", 0, &g), "denied", "nor what ends alike");
	IS(check(a, "any", ROLE_HUB, "whoever", Y2027 - 1, &g), "granted", "any, before it expires");
	ok(!g.exact && str_is(str(g.cluster), "other"), "of its cluster");
	IS(check(a, "any", ROLE_HUB, "whoever", Y2027, &g), "unauthenticated", "and then no more");
	IS(check(a, "old", ROLE_CLIENT, "shell.example.net", 1709209858, &g), "granted", "a leap day");
	IS(check(a, "old", ROLE_CLIENT, "shell.example.net", 1709209859, &g), "unauthenticated", "ends");
	IS(check(a, "wrong", ROLE_LEAF, "site-a.example.net", 0, &g), "unauthenticated", "a wrong token");
	IS(check(a, "", ROLE_LEAF, "site-a.example.net", 0, &g), "unauthenticated", "no token");
	IS(check(a, "exac", ROLE_LEAF, "site-a.example.net", 0, &g), "unauthenticated", "half a token");
	auth_close(a);
}

/* What the line says is what is granted: all of them, in order. */
static void
scopes(void)
{
	char text[512];
	struct err e = { .status = 0 };
	struct str rest, pattern;
	struct auth *a;
	struct grant g;

	snprintf(text, sizeof text, "leaf a.net net %s 2099-01-01T00:00:00Z scope=/a/** \tscope=*@b scope=c # remark\n"
	    "leaf b.net net %s scope=d\nleaf c.net net %s\n", hash("three"), hash("one"), hash("none"));
	file(text, 0600);
	if (!ok((a = open_tokens(&e)) != NULL, "lines with scopes %s", e.text))
		return;
	IS(check(a, "three", ROLE_LEAF, "a.net", 0, &g), "granted", "with an expiry");
	rest = g.scopes;
	ok(auth_scope_next(&rest, &pattern) && str_is(pattern, "/a/**"), "the first");
	ok(auth_scope_next(&rest, &pattern) && str_is(pattern, "*@b"), "the second");
	ok(auth_scope_next(&rest, &pattern) && str_is(pattern, "c") && !auth_scope_next(&rest, &pattern), "the last");
	IS(check(a, "one", ROLE_LEAF, "b.net", 0, &g), "granted", "without one");
	rest = g.scopes;
	ok(auth_scope_next(&rest, &pattern) && str_is(pattern, "d") && !auth_scope_next(&rest, &pattern), "the only one");
	IS(check(a, "none", ROLE_LEAF, "c.net", 0, &g), "granted", "a line of the old form");
	is_int((long)g.scopes.n, 0, "has none");
	auth_close(a);
}

/* A certificate with the name a.site.net, as TLS notes it. */
static struct tls_peer *
peer_of_a(bool vouched, const char *why)
{
	struct str cert = der_certificate(der_extension(SAN, der(0x30, 1, der(0x82, 1, STR("a.site.net")))));
	struct tls_peer *p = calloc(1, sizeof *p + cert.n);

	if (!p)
		exit(1);
	memset(p->cert, 0xc0, sizeof p->cert);
	memset(p->key, 0xd0, sizeof p->key);
	p->vouched = vouched;
	p->why = why;
	p->n = cert.n;
	memcpy(p->chain, cert.p, cert.n);
	return p;
}

#define TIMES32(byte) byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte \
	byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte

/* Each file has one line; the claim is a leaf's, with the certificate of a.site.net. */
static void
certificates(void)
{
	static const struct {
		const char *what, *line, *node, *token;
		bool vouched;
		const char *why;	/* "": granted */
		bool exact;
	} cases[] = {
		{ "by a CA", "leaf a.site.net net cert", "a.site.net", "", true, "", true },
		{ "by a CA and a pattern", "leaf *.site.net net cert", "a.site.net", "", true, "", true },
		{ "another node's line", "leaf b.site.net net cert", "a.site.net", "", true, "no line", false },
		{ "another name", "leaf *.site.net net cert", "b.site.net", "", true, "does not have this node id", false },
		{ "no CA", "leaf a.site.net net cert", "a.site.net", "", false, "who knows", false },
		{ "another role", "hub a.site.net net cert", "a.site.net", "", true, "another role", false },
		{ "an old line", "leaf a.site.net net cert 2001-01-01T00:00:00Z", "a.site.net", "", true, "has expired", false },
		{ "its hash", "leaf a.site.net net cert:sha256:" TIMES32("c0"), "a.site.net", "", false, "", true },
		{ "its hash, another node", "leaf b.site.net net cert:sha256:" TIMES32("c0"), "a.site.net", "", true, "another node id", false },
		{ "its hash and a pattern", "leaf * net cert:sha256:" TIMES32("c0"), "whoever", "", false, "", false },
		{ "its key", "leaf whoever net key:sha256:" TIMES32("d0"), "whoever", "", false, "", true },
		{ "its hash for a key", "leaf whoever net key:sha256:" TIMES32("c0"), "whoever", "", true, "does not have", false },
		{ "its key for a token", "leaf a.site.net net sha256:" TIMES32("d0"), "a.site.net", "", true, "no line", false },
		{ "a hash of zeros", "leaf a.site.net net sha256:" TIMES32("00"), "a.site.net", "", true, "no line", false },
		{ "a wrong token beside it", "leaf a.site.net net cert", "a.site.net", "wrong", true, "", true },
		{ "a wrong token and nothing else", "leaf b.site.net net cert", "a.site.net", "wrong", true, "token is not known", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tls_peer *peer = peer_of_a(cases[i].vouched, "who knows");
		struct err e = { .status = 0 };
		struct grant g = { .exact = false };
		struct credential is, none;
		const char *why = "";
		struct auth *a;
		enum error error;

		file(cases[i].line, 0600);
		if (!ok((a = open_tokens(&e)) != NULL, "%s %s", cases[i].line, e.text))
			continue;
		token_credential(str(cases[i].token), &is);
		token_credential(STR(""), &none);
		error = auth_check(a, &is, peer, ROLE_LEAF, str(cases[i].node), wall_now(), &g, &why);
		ok((error == E_NONE) == !*cases[i].why && strstr(why, cases[i].why) && g.exact == cases[i].exact,
		    "%s: %s", cases[i].what, error == E_NONE ? "granted" : why);
		ok(auth_check(a, &none, NULL, ROLE_LEAF, str(cases[i].node), wall_now(), &g, &why) != E_NONE,
		    "... and without it: %s", why);
		is_int(auth_asks_certificates(a), !strstr(cases[i].line, " sha256:"), "whether one is asked for");
		is_int(auth_asks_ca(a), strstr(cases[i].line, " cert:") == NULL && strstr(cases[i].line, " cert"),
		    "whether a CA is needed");
		auth_close(a);
		free(peer);
	}
}

/* A hash that differs in one bit, wherever, is another one. */
static void
every_bit(void)
{
	char text[512];
	struct err e = { .status = 0 };
	struct credential right, wrong;
	struct auth *a;
	struct grant g;
	const char *why;
	int taken = 0;

	snprintf(text, sizeof text, "leaf a.net net %s\n", hash("right"));
	file(text, 0600);
	if (!ok((a = open_tokens(&e)) != NULL, "a token %s", e.text))
		return;
	token_credential(STR("right"), &right);
	ok(auth_check(a, &right, NULL, ROLE_LEAF, STR("a.net"), (struct wall){ 0, 0 }, &g, &why) == E_NONE,
	    "its hash is taken");
	for (int bit = 0; bit < 256; bit++) {
		wrong = right;
		wrong.hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
		taken += auth_check(a, &wrong, NULL, ROLE_LEAF, STR("a.net"), (struct wall){ 0, 0 }, &g,
		    &why) != E_unauthenticated;
	}
	is_int(taken, 0, "none that differs from it in one bit is");
	auth_close(a);
}

/* The line that fits best wins, wherever it stands. */
static void
one_token_many_lines(void)
{
	static const struct { const char *who, *until; } lines[] = {
		{ "leaf a-node-with-a-long-name.example.net", "" },
		{ "leaf *.x.net", "" },
		{ "leaf a.x.net", "" },
		{ "leaf b.x.net", "2001-01-01T00:00:00Z" },
		{ "hub c.x.net", "" },
		{ "leaf *", "" },
	};
	struct err e = { .status = 0 };
	struct grant g;
	struct auth *a;

	for (int turn = 0; turn < 6; turn++) {
		char text[2048];
		size_t n = 0;

		for (int i = 0; i < 6; i++)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s net %s %s\n",
			    lines[(i + turn) % 6].who, hash("same"), lines[(i + turn) % 6].until);
		file(text, 0600);
		if (!ok((a = open_tokens(&e)) != NULL, "order %d %s", turn, e.text))
			return;
		IS(check(a, "same", ROLE_LEAF, "a.x.net", 1e9, &g), "granted", "exact");
		ok(g.exact, "the line that names the node exactly is preferred");
		IS(check(a, "same", ROLE_LEAF, "b.x.net", 1e9, &g), "granted", "another line holds longer");
		ok(!g.exact, "but is a pattern");
		IS(check(a, "same", ROLE_HUB, "c.x.net", 1e9, &g), "granted", "another role");
		IS(check(a, "same", ROLE_LEAF, "z", 1e9, &g), "granted", "the widest pattern");
		IS(check(a, "same", ROLE_HUB, "z", 1e9, &g), "denied", "and no role gets another's line");
		auth_close(a);
	}
}

static void
token_files(void)
{
	char token[TOKEN_MAX + 1], long_one[TOKEN_MAX + 3];
	struct err e = { .status = 0 };

	file("  s3cret \r\n", 0600);
	ok(auth_read_token(path, token, &e) == 0 && strcmp(token, "s3cret") == 0, "a token in a line");
	file("s3cret", 0640);
	ok(auth_read_token(path, token, &e) == 0, "a group may read it");
	for (unsigned mode = 0; mode < 3; mode++) {
		static const mode_t modes[] = { 0604, 0602, 0620 };

		e = (struct err){ .status = 0 };
		file("s3cret\n", modes[mode]);
		ok(auth_read_token(path, token, &e) == -1 && strstr(e.text, "chmod 600") &&
		    e.status == 78, "mode %o: %s", (unsigned)modes[mode], e.text);
	}
	file("one\ntwo\n", 0600);
	ok(auth_read_token(path, token, &e) == -1 && strstr(e.text, "one line"), "two lines: %s", e.text);
	file("\n", 0600);
	ok(auth_read_token(path, token, &e) == -1, "no line");
	memset(long_one, 'x', sizeof long_one);
	long_one[TOKEN_MAX] = '\0';
	file(long_one, 0600);
	ok(auth_read_token(path, token, &e) == 0 && strlen(token) == TOKEN_MAX, "the longest");
	long_one[TOKEN_MAX] = 'x';
	long_one[TOKEN_MAX + 1] = '\0';
	file(long_one, 0600);
	ok(auth_read_token(path, token, &e) == -1, "one byte more");
	ok(auth_read_token("/nowhere/at/all", token, &e) == -1, "no file");
}

#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* Keys: found by their id, let in as tokens are, and nobody's key is found for an unknown id. */
static void
keys(void)
{
	struct err e = { .status = 0 };
	struct auth_files files = { .keys = path };
	struct shared_key k, again;
	struct credential is, token;
	struct own_key own;
	uint8_t id[32], bytes[32];
	struct grant g;
	struct auth *a;
	const char *why;

	file("leaf a.net net key:" HEX32 " # a remark\nleaf a.net net key:" HEX32 HEX32 "\n", 0600);
	if (!ok((a = auth_open(&files, &e)) != NULL, "two keys of a node %s", e.text))
		return;
	is_int((long)auth_count(a, true), 2, "two");
	str_hex(STR(HEX32), bytes, sizeof bytes);
	sha256((struct str){ (const char *)bytes, sizeof bytes }, id);
	auth_find_key(a, (struct str){ (const char *)id, KEY_ID }, &k, &is);
	ok(is.kind == CREDENTIAL_KEY && k.n == 32 && memcmp(k.bytes, bytes, 32) == 0, "found by its id");
	ok(auth_check(a, &is, NULL, ROLE_LEAF, STR("a.net"), (struct wall){ 0, 0 }, &g, &why) == E_NONE && g.exact,
	    "it lets its node in");
	token = is;
	token.kind = CREDENTIAL_TOKEN;
	ok(auth_check(a, &token, NULL, ROLE_LEAF, STR("a.net"), (struct wall){ 0, 0 }, &g, &why) ==
	    E_unauthenticated, "as a key only, and not as a token");
	id[0] ^= 1;
	auth_find_key(a, (struct str){ (const char *)id, KEY_ID }, &k, &is);
	auth_find_key(a, (struct str){ (const char *)id, KEY_ID }, &again, &is);
	ok(is.kind == CREDENTIAL_NONE && k.n == KEY_MIN && memcmp(k.bytes, again.bytes, KEY_MIN) != 0,
	    "for an unknown id there is a key that nobody has, another one each time");
	auth_find_key(NULL, (struct str){ (const char *)id, KEY_ID }, &k, &is);
	ok(is.kind == CREDENTIAL_NONE && k.n == KEY_MIN, "also where there are no keys at all");
	auth_close(a);
	for (unsigned mode = 0; mode < 3; mode++) {
		static const mode_t modes[] = { 0640, 0604, 0620 };

		e = (struct err){ .status = 0 };
		file("leaf a.net net key:" HEX32 "\n", modes[mode]);
		ok(!auth_open(&files, &e) && strstr(e.text, "chmod 600") && e.status == 78, "mode %o: %s",
		    (unsigned)modes[mode], e.text);
		ok(auth_read_key(path, &own, &e) == -1 && strstr(e.text, "chmod 600"), "nor may a leaf's be: %s",
		    e.text);
	}
	file("hub *.net net key:" HEX32 "\n", 0600);
	ok(auth_read_key(path, &own, &e) == 0 && own.role == ROLE_HUB && own.key.n == 32 &&
	    str_is(str(own.node), "*.net") && str_is(str(own.cluster), "net"), "one's own");
}

static const struct { const char *what, *line, *why; } bad_keys[] = {
	{ "a hash", "leaf a net sha256:" HEX32, "want key: and hex digits" },
	{ "31 bytes", "leaf a net key:00112233445566778899aabbccddeeff00112233445566778899aabbccddee",
	    "want 64 to 128 hex digits" },
	{ "half a byte", "leaf a net key:" HEX32 "0", "want 64 to 128 hex digits" },
	{ "65 bytes", "leaf a net key:" HEX32 HEX32 "00", "want 64 to 128 hex digits" },
	{ "no hex", "leaf a net key:" HEX32 "zz", "want 64 to 128 hex digits" },
	{ "a word too many", "leaf a net key:" HEX32 " 2027-01-31T00:00:00Z x", "role, node, cluster, credential, expiry, scope=PATTERN" },
};

static void
no_keys(void)
{
	char text[512];
	struct err e;

	for (size_t i = 0; i < sizeof bad_keys / sizeof *bad_keys; i++) {
		e = (struct err){ .status = 0 };
		snprintf(text, sizeof text, "%s\n", bad_keys[i].line);
		file(text, 0600);
		ok(!auth_open(&(struct auth_files){ .keys = path }, &e) && strstr(e.text, bad_keys[i].why) &&
		    !strstr(e.text, "8899"), "%s: %s", bad_keys[i].what, e.text);
	}
}

int
main(void)
{
	int fd;

	strcpy(path, "/tmp/fedx-auth-XXXXXX");
	if ((fd = mkstemp(path)) == -1)
		return 1;
	close(fd);
	bad_files();
	granting();
	scopes();
	certificates();
	every_bit();
	one_token_many_lines();
	token_files();
	keys();
	no_keys();
	unlink(path);
	return done();
}
