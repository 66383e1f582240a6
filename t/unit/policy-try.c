/* policy-try.c - policy tests say what failed, where, and what was expected; none can pass by breaking. */
#include "policydir.h"
#include "tap.h"

static struct policydir dir;
static struct buf tap;

static int
run(const char *policy, const char *test)
{
	int rc;

	policydir_close(&dir);
	dir.count = 0;
	policydir_write(&dir, "policy.lua", policy);
	policydir_write(&dir, "test/a.lua", test ? test : "");
	if (!test)
		unlink(dir.files[1]);
	buf_eat(&tap, buf_len(&tap));
	if ((dir.bundle = bundle_open(dir.path, &dir.e)) == NULL)
		return -2;
	rc = policy_test(dir.bundle, &tap, &dir.e);
	policydir_close(&dir);
	return rc;
}

static bool
says(const char *what)
{
	struct str text = buf_view(&tap), want = str(what);

	for (; text.n >= want.n; text = str_skip(text, 1))
		if (str_starts(text, want))
			return true;
	printf("# not in:\n");
	for (struct str line, rest = buf_view(&tap); rest.n > 0;) {
		str_split(rest, '\n', &line, &rest);
		printf("#   %.*s\n", STR_FMT(line));
	}
	return false;
}

static const char policy[] =
    "local home = fedx.window('mon-fri 08:00-18:00', '+01:00')\n"
    "function route(msg, env)\n"
    "	if msg:under('from', '*.guest.net') then return fedx.deny{ reason = 'no guests', name = 'guests' } end\n"
    "	if msg.service == 'office' and not home:open(env) then return fedx.deny('closed') end\n"
    "	if msg.method == 'crash' then local x = nil; return x.y end\n"
    "	if msg.service == 'who' and not env:knows('service', 'who') then return fedx.deny('gone') end\n"
    "	if msg.peer.admin then return fedx.via('hub-a') end\n"
    "	if msg.kind ~= 'request' then return fedx.limit{ rate = 1 } end\n"
    "end\n"
    "function admit(peer) if peer.role == 'hub' then return fedx.deny('no hubs') end return fedx.allow{ scopes = { '*@x' } } end\n"
    "function scope(peer, name, env) if name == 'secret' and env.family == 'service' then return fedx.deny('hush') end end\n"
    "function balance(s, i) if s == 'a' then return 'random' end if s == 'b' then return fedx.pick(i[#i]) end end\n"
    "on = { link = function(e) return { fedx.log('lost ' .. e.node) } end }\n";

static void
test_passing(void)
{
	is_int(run(policy,
	    "local t = require 'fedx.test'\n"
	    "t.denies({ from = 'a@x.guest.net', service = 'shop' }, 'no guests')\n"
	    "t.allows{ from = 'a@home.net', service = 'shop', method = 'list' }\n"
	    "t.at('2026-11-20T16:59:59Z', function() t.allows{ service = 'office' } end)\n"
	    "t.at('2026-11-20T17:00:00Z', function() t.denies({ service = 'office' }, 'closed') end)\n"
	    "t.at('2026-11-21T10:00:00Z', function() t.denies{ service = 'office' } end)\n"
	    "t.at('2026-11-22T23:30:00Z', function() t.denies{ service = 'office' } end)\n"
	    "t.at('2026-11-23T07:00:00Z', function() t.allows{ service = 'office' } end)\n"
	    "t.denies{ service = 'who' } t.knows('service', 'who') t.allows{ service = 'who' }\n"
	    "t.is(t.verdict{ service = 'x', peer = { admin = true } }.via, 'hub-a')\n"
	    "t.is(t.verdict{ service = 'x', kind = 'publish' }.limit_rate, 1000, 'a rate')\n"
	    "t.admits{ role = 'leaf' } t.refuses({ role = 'hub' }, 'no hubs')\n"
	    "t.is(t.verdict{ hook = 'admit', peer = { role = 'leaf' } }.scopes[1], '*@x')\n"
	    "t.grants{ name = 'secret', family = 'endpoint' } t.withholds({ name = 'secret', family = 'service' }, 'hush')\n"
	    "t.is(t.picks('a', {}), 'random') t.is(t.picks('b', { { node = 'x' }, { node = 'y' } }), 2)\n"
	    "t.is(t.picks('c', {}), nil)\n"
	    "t.is(t.reacts('link', { node = 'site-a' })[1].log, 'lost site-a')\n"
	    "local v = t.verdict{ from = 'a@x.guest.net' }\n"
	    "t.is(v.rule, 'guests') t.is(v.line, 3) t.is(v.file, 'policy.lua') t.is(#v.read, 0) t.is(v.tests[1].holds, true)\n"),
	    0, "tests that hold");
	ok(says("# test/a.lua\nok 1 - denies from=a@x.guest.net service=shop\n") && says("\n1..25\n"), "are TAP");
}

static void
test_failing(void)
{
	static const struct { const char *what, *test, *says; } cases[] = {
		{ "an allowed one", "local t = require 'fedx.test'\nt.allows{ from = 'a@guest.net' }",
		    "not ok 1 - allows from=a@guest.net\n#   failed at test/a.lua:2\n"
		    "#   got:      deny denied \"no guests\", by guests at policy.lua:3\n#   expected: allow\n1..1\n" },
		{ "another reason", "local t = require 'fedx.test'\n\nt.denies({ from = 'a@guest.net' }, 'other')",
		    "failed at test/a.lua:3\n#   got:      deny denied \"no guests\", by guests at policy.lua:3\n"
		    "#   expected: deny \"other\"\n" },
		{ "a hook that fails is no denial", "require('fedx.test').denies{ service = 'x', method = 'crash' }",
		    "#   got:      deny policy_error \"policy.lua:5: attempt to index a nil value (local 'x')\", by policy.lua:5\n" },
		{ "is", "local t = require 'fedx.test'\nlocal function check(x)\n\tt.is(x, 2, 'two')\nend\ncheck('1')",
		    "not ok 1 - two\n#   failed at test/a.lua:3\n#   got:      \"1\"\n#   expected: 2\n" },
		{ "a file with a mistake", "local t = require 'fedx.test'\nt.nothing()",
		    "not ok 1 - test/a.lua\n#   test/a.lua:2: attempt to call a nil value (field 'nothing')\n1..1\n" },
		{ "a file that cannot be read", "this is not Lua", "not ok 1 - test/a.lua\n#   test/a.lua:1: " },
		{ "a file without a test", "local x = 1", "#   there is no test in this file\n" },
		{ "a loop", "local t = require 'fedx.test'\nt.ok(true)\nwhile true do end",
		    "ok 1 - ok\nnot ok 2 - test/a.lua\n#   test/a.lua:3: policy ran for too long\n" },
		{ "a misspelled field", "require('fedx.test').allows{ form = 'a' }",
		    "#   test/a.lua:1: the message: unknown key 'form'; did you mean 'from'?\n" },
		{ "a derived field", "require('fedx.test').allows{ to_domain = 'a' }", "the message: unknown key 'to_domain'" },
		{ "a wrong role", "require('fedx.test').allows{ peer = { role = 'boss' } }",
		    "the peer: want role = \"client\", \"guest\", \"leaf\", \"hub\" or \"uplink\", not 'boss'" },
		{ "a wrong kind", "require('fedx.test').allows{ kind = 'call' }", "there is no kind 'call'" },
		{ "a wrong time", "require('fedx.test').at('2026-02-30T00:00:00Z', function() end)", "want a time like" },
		{ "a name with a line end", "require('fedx.test').ok(true, 'a\\nok 2 - # SKIP b') error('x')",
		    "ok 1 - a ok 2 -   SKIP b\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		is_int(run(policy, cases[i].test), 1, cases[i].what);
		ok(says(cases[i].says), "%s says so", cases[i].what);
	}
}

int
main(void)
{
	policydir_make(&dir);
	buf_init(&tap, 1 << 20);
	test_passing();
	test_failing();
	is_int(run(policy, NULL), 0, "no tests are fine");
	ok(says("1..0 # SKIP"), "and skipped");
	is_int(run("function route(", "require('fedx.test').ok(true)"), -1, "a policy that does not load cannot be tested");
	is_int(run(policy, "local t = require 'fedx.test'\nt.at('2000-02-29T23:59:59Z', function()\n"
	    "for i = 1, 100000 do t.ok(true, ('x'):rep(300)) end end)"), -1, "tests that say too much end");
	policydir_write(&dir, "test/b.lua", "local t = require 'fedx.test'\nt.ok(seen == nil, 'b')");
	is_int(run("counter = {}\nfunction route() return fedx.allow() end", "local t = require 'fedx.test'\nseen = 2\nt.ok(seen)"),
	    0, "a test may have globals of its own");
	policydir_write(&dir, "test/b.lua", "");	/* run() has forgotten it: it is to go as well */
	buf_free(&tap);
	policydir_done(&dir);
	return done();
}
