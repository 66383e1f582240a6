/* policy-msg.c - msg and peer note what is read of them, and of nothing else. */
#include "base/errors.h"
#include "policydir.h"
#include "tap.h"
#include "wire/envelope.h"
#include "wire/hello.h"

#define R(field) (UINT32_C(1) << FIELD_##field)

static struct policydir dir;
static struct policy_world world = { .now = { 1795248000, 250000000 } };	/* 2026-11-21T08:00:00.25Z */
static struct buf answer;
static struct verdict v;

static int
ask(const char *from, const char *to, const char *subject)
{
	struct question q = { .hook = HOOK_ROUTE, .kind = KIND_REQUEST, .type = TYPE_TEXT, .from = str(from),
		.to = str(to), .subject = str(subject), .origin = STR("site-a") };
	struct peer_facts peer = { .number = 7, .role = ROLE_LEAF, .node = STR("site-a"), .cluster = STR("home"),
		.address = STR("192.0.2.1:4711"), .tags = STR("staff night") };
	struct err e;
	int rc;

	buf_eat(&answer, buf_len(&answer));
	rc = policy_ask(dir.policy, &q, &peer, &world, &answer, &e);
	if (rc == -1)
		printf("# %s\n", e.text);
	if (verdict_get(buf_view(&answer), &v, &e) == -1) {
		printf("# %s\n", e.text);
		abort();
	}
	return rc;
}

static bool
load(const char *body)
{
	char text[2000];

	policydir_close(&dir);
	dir.count = 0;
	snprintf(text, sizeof text, "function route(msg, env)\n%s\nend\n", body);
	policydir_write(&dir, "policy.lua", text);
	if (policydir_load(&dir) == NULL)
		printf("# %s\n", dir.e.text);
	return dir.policy != NULL;
}

static const struct { const char *what, *body; uint32_t read; unsigned tests; } cases[] = {
	{ "a hook that reads nothing",		"return fedx.allow()", 0, 0 },
	{ "one field",				"local _ = msg.to_domain", R(to_domain), 0 },
	{ "two of them",			"return msg.from == msg.to and fedx.deny() or nil", R(from) | R(to), 0 },
	{ "a field twice is once",		"local _ = msg.to .. msg.to", R(to), 0 },
	{ "an absent one counts as well",	"if msg.version then return fedx.deny() end", R(version), 0 },
	{ "the peer alone is nothing",		"local p = msg.peer", 0, 0 },
	{ "what is read through the peer",	"local _ = msg.peer.node, msg.peer.role", R(peer_node) | R(peer), 0 },
	{ "or of msg itself",			"local _ = msg.peer_cluster", R(peer_cluster), 0 },
	{ "a tag of the peer",			"return msg:has_tag('night') and fedx.allow() or nil", R(peer_tags), 0 },
	{ "a test notes no field",		"return msg:is('to', 'a@x') and fedx.deny() or nil", 0, 1 },
	{ "three kinds of tests",		"local _ = msg:is('to', 'a'), msg:under('to', '*.x'), msg:starts('to', 'a')", 0, 3 },
	{ "the same test twice is once",	"local _ = msg:is('to', 'a'), msg:is('to', 'a')", 0, 1 },
	{ "a test behind the field is none",	"local _ = msg.to, msg:is('to', 'a')", R(to), 0 },
	{ "nor is one before it",		"local _ = msg:is('to', 'a'), msg.to", R(to), 0 },
	{ "eight tests are noted",		"for i = 1, 8 do msg:is('to', 'a' .. i) end", 0, 8 },
	{ "the ninth is the field",		"for i = 1, 9 do msg:is('to', 'a' .. i) end", R(to), 0 },
	{ "or that of the ninth",		"for i = 1, 8 do msg:is('to', 'a' .. i) end msg:is('from', 'x')", R(from), 8 },
	{ "a long text is the field",		"msg:is('to', ('x'):rep(256))", R(to), 0 },
	{ "a test through the peer",		"msg.peer:is('role', 'leaf') msg.peer:under('node', '*.x')", 0, 2 },
	{ "pairs reads everything",		"local n = 0 for k in pairs(msg) do n = n + 1 end", (UINT32_C(1) << FIELD_COUNT) - 1, 0 },
	{ "pairs of the peer all of it",	"for k, w in pairs(msg.peer) do end",
	    R(peer) | R(peer_node) | R(peer_cluster) | R(peer_address) | R(peer_from) | R(peer_tags) | R(peer_admin), 0 },
	{ "what a branch did not reach is not read", "if msg:is('service', 'none') then return msg.to and nil end", 0, 1 },
};

static void
test_masks(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str run;
		struct test t;
		unsigned tests = 0;

		if (!load(cases[i].body) || ask("alice@home.net", "lamp@lab.home.net", "shop/list") == -1) {
			ok(false, "%s: it can be asked", cases[i].what);
			continue;
		}
		for (run = v.tests; test_next(&run, &t);)
			tests++;
		ok(v.read == cases[i].read && tests == cases[i].tests, "%s: read %x, want %x; tests %u, want %u",
		    cases[i].what, (unsigned)v.read, (unsigned)cases[i].read, tests, cases[i].tests);
		ok(v.keep_ms == FOREVER, "%s: and it is kept", cases[i].what);
	}
}

static void
test_results(void)
{
	struct str run;
	struct test t;

	ok(load("if msg:under('to', '*.home.net') then return fedx.deny('x') end"), "a test that may hold");
	ask("a@b", "lamp@lab.home.net", "shop/list");
	run = v.tests;
	ok(test_next(&run, &t) && t.field == FIELD_to && t.op == TEST_UNDER && t.result == 1, "it held");
	is_str(t.what, "*.home.net", "with its pattern");
	is_int(v.answer, ANSWER_DENY, "and decided");
	ask("a@b", "lamp@other.net", "shop/list");
	run = v.tests;
	ok(test_next(&run, &t) && t.result == 0, "it did not");
	is_int(v.answer, ANSWER_NONE, "nil is the default");

	ok(load("return fedx.deny(table.concat({ msg.kind, msg.type, msg.from_domain, msg.service, msg.method, "
	    "msg.peer.role, msg.peer.address, msg.peer.cluster, tostring(msg.version), tostring(msg.peer.admin) }, ' '))"),
	    "fields have values");
	ask("alice@home.net", "", "shop/list");
	is_str(v.reason, "request text home.net shop list leaf 192.0.2.1 home nil nil", "these");
	ok(load("local t = {} for k in pairs(msg) do t[#t + 1] = k end return fedx.deny(table.concat(t, ' '))"), "pairs");
	ask("alice@home.net", "", "shop/list");
	is_str(v.reason, "from from_domain kind method origin peer peer_address peer_cluster peer_node "
	    "peer_tags service subject type", "in order");
	ok(load("return fedx.deny(tostring(msg.peer == msg.peer) .. tostring(msg) .. tostring(msg.peer) .. tostring(env))"),
	    "as texts");
	ask("a@b", "", "");
	is_str(v.reason, "truemsgpeerenv", "they have no addresses");
}

static const struct { const char *what, *body, *error; } wrong[] = {
	{ "a misspelled field",		"return msg.form", "policy.lua:2: msg has no field 'form'; did you mean 'from'?" },
	{ "one like no other",		"return msg.wherefore", "policy.lua:2: msg has no field 'wherefore'" },
	{ "of the peer",		"return msg.peer.nodes", "policy.lua:2: peer has no field 'nodes'; did you mean 'node'?" },
	{ "a number",			"return msg[1]", "policy.lua:2: msg has no field of type number" },
	{ "of env",			"return env:nwo()", "policy.lua:2: env has no field 'nwo'; did you mean 'now'?" },
	{ "of fedx",			"return fedx.alow()", "policy.lua:2: fedx has no field 'alow'; did you mean 'allow'?" },
	{ "a dot for a colon",		"return msg.is('to', 'x')", "policy.lua:2: want msg here: call it as msg:NAME(...), with a colon" },
	{ "a test of no field",		"return msg:is('tto', 'x')", "policy.lua:2: msg has no field 'tto'; did you mean 'to'?" },
	{ "a test with nil",		"return msg:is('to', nil)", "policy.lua:2: is: want a text, not nil" },
	{ "a lone star",		"return msg:under('to', '*')", "policy.lua:2: under: '*' is no pattern; want a name, \"*@DOMAIN\", "
	    "\"*.DOMAIN\" (it and all below) or a path like \"/a/*/b\" or \"/a/**\"" },
	{ "writing to msg",		"msg.to = 'x'", "policy.lua:2: msg cannot be changed" },
	{ "writing to the peer",	"msg.peer.node = 'x'", "policy.lua:2: peer cannot be changed" },
	{ "writing to fedx",		"fedx.allow = nil", "policy.lua:2: fedx cannot be changed" },
	{ "rawget of msg",		"return rawget(msg, 'to')", NULL },
	{ "next of msg",		"return next(msg)", NULL },
	{ "rawset of msg",		"rawset(msg, 'to', 1)", NULL },
	{ "its length",			"return #msg", NULL },
	{ "env.family outside of scope", "return env.family", "policy.lua:2: env.family is known in the hook scope only" },
	{ "the index of a metatable",	"return getmetatable(msg).__index", NULL },
};

static void
test_wrong(void)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		load(wrong[i].body);
		is_int(ask("a@b", "c@d", "e/f"), -1, wrong[i].what);
		ok(v.answer == ANSWER_DENY && v.error == E_policy_error && v.keep_ms == 1000,
		    "%s: it denies, for a second", wrong[i].what);
		if (wrong[i].error)
			is_str(v.reason, wrong[i].error, wrong[i].what);
	}
}

static void
test_over(void)
{
	policydir_close(&dir);
	dir.count = 0;
	policydir_write(&dir, "policy.lua",
	    "local function outer(f) return f() end\n"
	    "local kept = {}\n"
	    "function route(msg, env)\n"
	    "	if msg:is('method', 'keep') then kept[1] = msg end\n"
	    "	if msg:is('method', 'global') then seen = msg end\n"
	    "	if msg:is('method', 'up') then kept = msg end\n"
	    "	return outer(function() return msg.from and fedx.allow() end)\n"
	    "end\n");
	ok(policydir_load(&dir) != NULL, "a policy that keeps what it should not");
	is_int(ask("a@b", "", "x/fine"), 0, "closures within the call are fine");
	is_int(ask("a@b", "", "x/keep"), -1, "a table that was loaded is frozen");
	ok(v.answer == ANSWER_DENY && v.error == E_policy_error, "so it denies");
	is_int(ask("a@b", "", "x/global"), -1, "so are globals");
	is_int(ask("a@b", "", "x/up"), -1, "a local of the file is checked");
	ok(v.answer == ANSWER_DENY && v.error == E_policy_error, "and it denies");
	is_int(ask("a@b", "", "x/fine"), 0, "and put back");

	/* the same memory of before, if the message could be had again */
	load("local ok1, m = pcall(error, msg) local ok2, e = pcall(function() return m.to end)\n"
	    "return ok2 and fedx.allow() or fedx.deny(e)");
	is_int(ask("a@b", "c@d", "x/y"), 0, "msg goes through pcall and back");
	is_int(v.answer, ANSWER_ALLOW, "and is still good");
}

static void
test_env(void)
{
	ok(load("return env:now() == 1795248000 and fedx.allow() or fedx.deny()"), "seconds");
	ask("", "", "");
	ok(v.answer == ANSWER_ALLOW && v.keep_ms == 750, "until this second ends: %u ms", (unsigned)v.keep_ms);
	ok(load("local c = env:clock() return fedx.deny(('%d-%d-%d %d %d:%d'):format(c.year, c.month, c.day, c.wday, "
	    "c.hour, c.min))"), "the clock");
	ask("", "", "");
	is_str(v.reason, "2026-11-21 6 8:0", "in UTC, saturday is 6");
	is_int(v.keep_ms, 59750, "until this minute ends");
	ok(load("local c = env:clock('-08:30') return fedx.deny(('%d %d %d:%d'):format(c.day, c.wday, c.hour, c.min))"),
	    "with an offset");
	ask("", "", "");
	is_str(v.reason, "20 5 23:30", "of yesterday, that is friday");
	ok(load("env:now() env:clock()"), "both");
	ask("", "", "");
	is_int(v.keep_ms, 750, "the shorter one");
	ok(load("return env:random(6) <= 6 and fedx.allow() or nil"), "chance");
	ask("", "", "");
	ok(v.answer == ANSWER_ALLOW && v.keep_ms == 0, "is for this message only");
	load("env:random(0)");
	is_int(ask("", "", ""), -1, "but not of nothing");
	ok(load("return env:knows('service', 'shop') and fedx.allow() or fedx.deny(tostring(env:count('shop')))"), "names");
	ask("", "", "");
	is_str(v.reason, "0", "nobody knows them");
	{
		struct str run = v.lookups, name;
		uint8_t family;

		ok(lookup_next(&run, &family, &name) && family == FAMILY_SERVICE && str_is(name, "shop") &&
		    !lookup_next(&run, &family, &name), "one look-up, once");
	}
	ok(v.keep_ms == FOREVER, "kept until it changes");
	ok(load("for i = 1, 4 do env:knows('service', 's' .. i) end"), "four look-ups");
	ask("", "", "");
	ok(v.keep_ms == FOREVER && v.lookups.n > 0, "are kept");
	ok(load("for i = 1, 5 do env:knows('service', 's' .. i) end"), "five");
	ask("", "", "");
	is_int(v.keep_ms, 0, "are not");
	load("env:knows('servce', 'x')");
	is_int(ask("", "", ""), -1, "a family that is none");
	load("env:clock('Europe/Oslo')");
	is_int(ask("", "", ""), -1, "names of zones are refused");
}

int
main(void)
{
	policydir_make(&dir);
	buf_init(&answer, 1 << 20);
	test_masks();
	test_results();
	test_wrong();
	test_over();
	test_env();
	buf_free(&answer);
	policydir_done(&dir);
	return done();
}
