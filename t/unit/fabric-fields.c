/* fabric-fields.c - each field is cut where its author would expect, and tests hold as their words say. */
#include "fabric/fields.h"
#include "tap.h"
#include "wire/hello.h"

static void
fields(void)
{
	static const struct { const char *from, *to, *subject; enum ask_field field; const char *want; } cases[] = {
		{ "a@home", "b@oslo.net", "shop/buy",	FIELD_from,	"a@home" },
		{ "a@home", "b@oslo.net", "shop/buy",	FIELD_from_domain, "home" },
		{ "a@home", "b@oslo.net", "shop/buy",	FIELD_to,	"b@oslo.net" },
		{ "a@home", "b@oslo.net", "shop/buy",	FIELD_to_domain, "oslo.net" },
		{ "", "site-a", "",			FIELD_to_domain, "site-a" },
		{ "", "a@b@c", "",			FIELD_to_domain, "b@c" },
		{ "", "a@", "",				FIELD_to_domain, "" },
		{ "", "", "",				FIELD_from_domain, "" },
		{ "", "", "shop/buy",			FIELD_subject,	"shop/buy" },
		{ "", "", "shop/buy",			FIELD_service,	"shop" },
		{ "", "", "shop/buy",			FIELD_method,	"buy" },
		{ "", "", "shop/buy/now",		FIELD_method,	"buy/now" },
		{ "", "", "shop",			FIELD_service,	"shop" },
		{ "", "", "shop",			FIELD_method,	"" },
		{ "", "x@home", "shop",			FIELD_service,	"" },
		{ "", "x@home", "shop",			FIELD_method,	"shop" },
		{ "", "x@home", "shop/buy",		FIELD_service,	"" },
		{ "", "x@home", "shop/buy",		FIELD_method,	"shop/buy" },
		{ "", "node-b", "fedx/explain",		FIELD_service,	"fedx" },
		{ "", "/oslo/lamp", "shop/buy",		FIELD_service,	"" },
		{ "", "/oslo/lamp", "shop/buy",		FIELD_method,	"shop/buy" },
		{ "", "/oslo/lamp", "on",		FIELD_to,	"/oslo/lamp" },
		{ "", "/oslo/x@home", "on",		FIELD_to_domain, "" },
		{ "", "/oslo/lamp", "on",		FIELD_path2,	"lamp" },
		{ "", "/oslo/lamp", "/rome/oven",	FIELD_path1,	"oslo" },
		{ "", "", "shop/buy",			FIELD_path1,	"" },
		{ "", "", "/oslo/lamp/on/now",		FIELD_path1,	"oslo" },
		{ "", "", "/oslo/lamp/on/now",		FIELD_path2,	"lamp" },
		{ "", "", "/oslo/lamp/on/now",		FIELD_path3,	"on" },
		{ "", "", "/oslo",			FIELD_path2,	"" },
		{ "", "", "/",				FIELD_path1,	"" },
		{ "", "", "//b",			FIELD_path1,	"" },
		{ "", "", "//b",			FIELD_path2,	"b" },
		{ "", "", "/oslo/lamp",			FIELD_service,	"" },
		{ "", "", "/oslo/lamp",			FIELD_method,	"" },
		{ "", "", "",				FIELD_service,	"" },
		{ "", "", "",				FIELD_kind,	"request" },
		{ "", "", "",				FIELD_type,	"json" },
		{ "", "", "",				FIELD_origin,	"site-b" },
		{ "", "", "",				FIELD_version,	"^1.2" },
		{ "", "", "",				FIELD_idempotent, "yes" },
		{ "", "", "",				FIELD_oneway,	"" },
		{ "", "", "",				FIELD_peer,	"leaf" },
		{ "", "", "",				FIELD_peer_node, "site-a" },
		{ "", "", "",				FIELD_peer_cluster, "home" },
		{ "", "", "",				FIELD_peer_address, "192.0.2.1" },
		{ "", "", "",				FIELD_peer_from, "a@home" },
		{ "", "", "",				FIELD_peer_tags, "guest eu" },
		{ "", "", "",				FIELD_peer_admin, "yes" },
	};
	struct peer_facts peer = { .number = 1, .role = ROLE_LEAF, .admin = 1, .node = str("site-a"),
	    .cluster = str("home"), .address = str("192.0.2.1:4711"), .from = str("a@home"), .tags = str("guest eu") };
	struct question q = { .kind = KIND_REQUEST, .type = TYPE_JSON, .idempotent = 1, .origin = str("site-b"),
	    .version = str("^1.2") };
	struct subject s = { &q, &peer };
	bool all = true;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char what[128];

		q.from = str(cases[i].from);
		q.to = str(cases[i].to);
		q.subject = str(cases[i].subject);
		snprintf(what, sizeof what, "%s of '%s' '%s' '%s'", field_name(cases[i].field),
		    cases[i].from, cases[i].to, cases[i].subject);
		is_str(field_get(&s, cases[i].field), cases[i].want, what);
	}
	peer.uplink = 1;
	is_str(field_get(&s, FIELD_peer), "uplink", "the node above us is the uplink");
	peer = (struct peer_facts){ .role = ROLE_CLIENT };
	is_str(field_get(&s, FIELD_peer), "client", "a client is one");
	is_str(field_get(&s, FIELD_peer_admin), "", "who is no admin has an empty field");
	q = (struct question){ .kind = KIND_PUBLISH, .oneway = 1 };
	is_str(field_get(&s, FIELD_kind), "publish", "another kind");
	is_str(field_get(&s, FIELD_kind), "publish", "the same again");
	is_str(field_get(&s, FIELD_oneway), "yes", "one that wants no answer");
	q.kind = 0x7e;
	is_str(field_get(&s, FIELD_kind), "unknown_open", "a kind of tomorrow");
	q.kind = KIND_NONE;
	is_str(field_get(&s, FIELD_kind), "", "no message has no kind");
	s.peer = NULL;
	for (unsigned f = FIELD_peer; f < FIELD_COUNT; f++)
		all = all && field_get(&s, (enum ask_field)f).n == 0;
	ok(all, "of nobody all fields are empty");
}

static void
addresses(void)
{
	static const struct { const char *address, *want; } cases[] = {
		{ "[2001:db8::1]:80", "2001:db8::1" },	{ "2001:db8::1", "2001:db8::1" },
		{ "unix", "unix" },			{ "", "" },
		{ "10.0.0.1", "10.0.0.1" },		{ "::1", "::1" },
		{ "[::1", "[::1" },			{ ":80", "" },
	};
	struct question q = { .hook = HOOK_ADMIT };
	struct peer_facts peer = { .number = 1 };
	struct subject s = { &q, &peer };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		peer.address = str(cases[i].address);
		is_str(field_get(&s, FIELD_peer_address), cases[i].want, cases[i].address);
	}
}

static void
tests(void)
{
	static const struct { enum test_op op; const char *value, *what; bool holds; } cases[] = {
		{ TEST_IS,	"a@b",		"a@b",		true },
		{ TEST_IS,	"a@b",		"a@",		false },
		{ TEST_IS,	"",		"",		true },
		{ TEST_IS,	"*@b",		"*@b",		true },
		{ TEST_STARTS,	"a@b",		"a@",		true },
		{ TEST_STARTS,	"a@b",		"",		true },
		{ TEST_STARTS,	"a",		"a@",		false },
		{ TEST_UNDER,	"a@home.net",	"*.home.net",	true },
		{ TEST_UNDER,	"a@x.home.net",	"*.home.net",	true },
		{ TEST_UNDER,	"x.home.net",	"*.home.net",	true },
		{ TEST_UNDER,	"a@ahome.net",	"*.home.net",	false },
		{ TEST_UNDER,	"a@home.net",	"*@home.net",	true },
		{ TEST_UNDER,	"a@x.home.net",	"*@home.net",	false },
		{ TEST_UNDER,	"a@b",		"a@b",		true },
		{ TEST_UNDER,	"",		"*.home.net",	false },
		{ TEST_UNDER,	"/a/b",		"/a/b",		true },
		{ TEST_UNDER,	"/a/b",		"/a",		false },
		{ TEST_UNDER,	"/a",		"/a/b",		false },
		{ TEST_UNDER,	"/oslo/a/b",	"/oslo/*",	false },
		{ TEST_UNDER,	"/oslo/a",	"/oslo/*",	true },
		{ TEST_UNDER,	"/oslo",	"/oslo/*",	false },
		{ TEST_UNDER,	"/oslo/",	"/oslo/*",	false },
		{ TEST_UNDER,	"/oslo",	"/oslo/**",	true },
		{ TEST_UNDER,	"/oslo/a/b/c",	"/oslo/**",	true },
		{ TEST_UNDER,	"/bergen",	"/oslo/**",	false },
		{ TEST_UNDER,	"/a/x/y/b",	"/a/**/b",	true },
		{ TEST_UNDER,	"/a/b",		"/a/**/b",	true },
		{ TEST_UNDER,	"/a/b/c",	"/a/**/b",	false },
		{ TEST_UNDER,	"/a/b/x/b",	"/a/**/b",	true },
		{ TEST_UNDER,	"/a/b/c/d/c",	"/**/b/*/d/**",	true },
		{ TEST_UNDER,	"/a/b/c/b/c/d",	"/**/b/*/d",	true },
		{ TEST_UNDER,	"/",		"/**",		true },
		{ TEST_UNDER,	"",		"/**",		false },
		{ TEST_UNDER,	"a@b",		"/**",		false },
		/* a pattern within another: what is wider is not under it */
		{ TEST_UNDER,	"/a/**",	"/a/*",		false },
		{ TEST_UNDER,	"/a/**/b",	"/a/*/b",	false },
		{ TEST_UNDER,	"/a/**",	"/a/*/**",	false },
		{ TEST_UNDER,	"/a/*",		"/a/b",		false },
		{ TEST_UNDER,	"/a/*",		"/a/*",		true },
		{ TEST_UNDER,	"/a/*/b",	"/a/**",	true },
		{ TEST_UNDER,	"/a/**/b",	"/a/**",	true },
		{ TEST_COUNT,	"a",		"a",		false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(test_holds(cases[i].op, str(cases[i].value), str(cases[i].what)) == cases[i].holds,
		    "op %d: '%s' '%s' %s", (int)cases[i].op, cases[i].value, cases[i].what,
		    cases[i].holds ? "holds" : "does not");
}

/* What a path pattern means, said as a recursion; slow, and so for short ones only. */
static bool
covers_slowly(const char *p, const char *s)	/* each at the '/' of its next segment, or at its end */
{
	size_t np = *p ? strcspn(p + 1, "/") : 0, ns = *s ? strcspn(s + 1, "/") : 0;

	if (!*p)
		return !*s;
	if (np == 2 && strncmp(p + 1, "**", 2) == 0)
		return covers_slowly(p + 3, s) || (*s && covers_slowly(p, s + 1 + ns));
	if (!*s)
		return false;
	if (np == 1 && p[1] == '*' ? ns == 0 : np != ns || strncmp(p + 1, s + 1, np) != 0)
		return false;
	return covers_slowly(p + 1 + np, s + 1 + ns);
}

static void
paths(void)
{
	static const char *const parts[] = { "a", "b", "*", "**" };
	uint64_t seed = tap_seed();
	bool same = true;
	char slow_pattern[4096] = "", slow_path[4096] = "";
	size_t covered = 0;

	for (int i = 0; i < 50000; i++) {
		char pattern[64] = "", path[64] = "";

		for (uint64_t n = 1 + tap_rand(&seed) % 6; n--; )
			strcat(strcat(pattern, "/"), parts[tap_rand(&seed) % 4]);
		for (uint64_t n = 1 + tap_rand(&seed) % 7; n--; )
			strcat(strcat(path, "/"), parts[tap_rand(&seed) % 2]);
		covered += test_holds(TEST_UNDER, str(path), str(pattern));
		same = same && test_holds(TEST_UNDER, str(path), str(pattern)) == covers_slowly(pattern, path);
	}
	ok(same, "a path pattern covers what its recursion says");
	ok(covered > 5000 && covered < 45000, "and the paths were not all of one sort");
	for (size_t i = 0; i < 1000; i++) {
		memcpy(slow_pattern + 4 * i, "/**", 4);
		strcpy(slow_path + 2 * i, "/a");
		memcpy(slow_pattern + 4 * i + 3, i % 2 ? "/" : "a", 1);
	}
	ok(!test_holds(TEST_UNDER, str(slow_path), str(slow_pattern)), "a hostile pattern is answered at once");
}

static void
questions(void)
{
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .flags = FLAG_IDEMPOTENT, .id = 7,
	    .origin = str("site-a"), .from = str("a@b"), .to = str("c@d"), .subject = str("s/m"),
	    .payload = str("secret") };
	struct question q = question_of(&e, str("1.2"));

	ok(q.hook == HOOK_ROUTE && q.kind == KIND_REQUEST && q.type == TYPE_TEXT && q.idempotent == 1 &&
	    q.oneway == 0 && q.peer == 0 && q.how == 0, "a question has what the envelope says");
	ok(str_is(q.from, "a@b") && str_is(q.to, "c@d") && str_is(q.subject, "s/m") && str_is(q.origin, "site-a") &&
	    str_is(q.version, "1.2"), "and its names");
	e.id = 0;
	e.flags = 0;
	q = question_of(&e, STR(""));
	ok(q.oneway == 1 && q.idempotent == 0 && q.version.n == 0, "id 0 wants no answer");
}

int
main(void)
{
	fields();
	addresses();
	tests();
	paths();
	questions();
	return done();
}
