/* policy-ask.c - a verdict is what the hook said, and whatever else it does denies. */
#include <time.h>

#include "base/errors.h"
#include "policydir.h"
#include "tap.h"
#include "wire/envelope.h"
#include "wire/hello.h"

static struct policydir dir;
static uint64_t chance(void) { return 5; }
static struct policy_world world = { .now = { 1795248000, 0 }, .seen = 42, .chance = chance };
static struct buf answer;
static struct verdict v;
static struct err last;

static int
put(const struct question *q, const struct peer_facts *peer)
{
	struct err e;
	int rc;

	buf_eat(&answer, buf_len(&answer));
	last.text[0] = '\0';
	rc = policy_ask(dir.policy, q, peer, &world, &answer, &last);
	if (verdict_get(buf_view(&answer), &v, &e) == -1) {
		printf("# %s\n", e.text);
		abort();
	}
	return rc;
}

static int
ask(enum hook hook)
{
	struct question q = { .hook = (uint8_t)hook, .kind = KIND_REQUEST, .type = TYPE_TEXT,
		.from = STR("alice@home.net"), .to = STR(""), .subject = STR("shop/list"), .origin = STR("site-a"),
		.action = STR("attach"), .family = FAMILY_SERVICE };
	struct peer_facts peer = { .number = 7, .role = ROLE_LEAF, .node = STR("site-a"), .cluster = STR("home") };

	if (hook == HOOK_SCOPE || hook == HOOK_BALANCE)
		q.subject = STR("shop");
	return put(&q, &peer);
}

static bool
load(const char *text)
{
	policydir_close(&dir);
	dir.count = 0;
	policydir_write(&dir, "policy.lua", text);
	return policydir_load(&dir) != NULL;
}

static bool
route(const char *body)
{
	char text[4000];

	snprintf(text, sizeof text, "function route(msg, env)\n%s\nend\n", body);
	return load(text);
}

static void
test_load(void)
{
	static const struct { const char *what, *text, *error; } bad[] = {
		{ "a syntax error", "function route(", "policy.lua:1: <name> or '...' expected near <eof>" },
		{ "an error", "local x = nil\nx.y = 1", "policy.lua:2: attempt to index a nil value (local 'x')" },
		{ "a hook that is none", "route = { }", "policy.lua: route must be a function, not a table" },
		{ "on that is none", "on = 1", "policy.lua: on must be a table { link = f, service = f, event = f }, not a number" },
		{ "an event that nobody knows", "on = { links = function() end }",
		    "policy.lua: nothing calls on.links; there are on.link, on.service and on.event" },
		{ "a rule that is none", "route = fedx.rules{ 1 }", "policy.lua:1: fedx.rules: a rule is a table, not a number" },
		{ "a rule without a verdict", "\nroute = fedx.rules{ { to = 'x' } }",
		    "policy.lua:2: fedx.rules: a rule ends with a verdict, like { to = \"*.x.net\", fedx.deny() }" },
		{ "a rule about no field", "route = fedx.rules{ { form = 'x', fedx.deny() } }",
		    "policy.lua:1: fedx.field: a message has no field 'form'; did you mean 'from'?" },
		{ "a list that is not there", "local l = fedx.list('no.txt')",
		    "policy.lua:1: fedx.list: there is no file 'no.txt' in the directory of the policy" },
		{ "a window that is none", "local w = fedx.window('monday')",
		    "policy.lua:1: fedx.window: want \"mon-fri 08:00-18:00\", not 'monday'" },
		{ "a loop", "while true do end", "policy.lua:1: policy ran for too long" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ok(!load(bad[i].text), "%s is not loaded", bad[i].what);
		is_str(str(dir.e.text), bad[i].error, bad[i].what);
	}
	policydir_close(&dir);
	unlink(dir.files[0]);
	dir.count = 0;
	ok(policydir_load(&dir) != NULL && policy_hooks(dir.policy) == 0, "no policy.lua is a policy without hooks");
	is_int(ask(HOOK_ROUTE), 0, "which can be asked");
	ok(v.answer == ANSWER_NONE && v.read == 0 && v.keep_ms == FOREVER && v.rule == 0 && v.seen == 42,
	    "and has no opinion, for ever");
	ok(load("function route() end function admit() end on = { event = function() end }"), "three hooks");
	is_int(policy_hooks(dir.policy), 1 << HOOK_ROUTE | 1 << HOOK_ADMIT | 1 << HOOK_EVENT, "are known");
}

static void
test_verdicts(void)
{
	ok(route("return fedx.allow{ via = 'hub-b', to = 'x@y', subject = 's/m', name = 'one',\n"
	    "limit = fedx.limit{ rate = '600/m', burst = 7, per = 'from', name = 'slow' } }"), "all that allow has for route");
	is_int(ask(HOOK_ROUTE), 0, "is asked");
	ok(v.answer == ANSWER_ALLOW && str_is(v.via, "hub-b") && str_is(v.to, "x@y") && str_is(v.subject, "s/m"),
	    "the way is in the verdict");
	ok(str_is(v.limit, "slow") && v.limit_rate == 10000 && v.limit_burst == 7 && v.limit_field == FIELD_from,
	    "and the limit");
	ok(v.rule == 1 && policy_rules(dir.policy) == 1, "the first rule");
	ok(strcmp(policy_rule(dir.policy, 1)->file, "policy.lua") == 0 && policy_rule(dir.policy, 1)->line == 2 &&
	    strcmp(policy_rule(dir.policy, 1)->name, "one") == 0 && policy_rule(dir.policy, 1)->hook == HOOK_ROUTE,
	    "with its place and name");
	ask(HOOK_ROUTE);
	ok(v.rule == 1 && policy_rules(dir.policy) == 1, "again is no new one");
	ok(policy_rule(dir.policy, 0) == NULL && policy_rule(dir.policy, 2) == NULL, "there are no others");

	ok(route("return fedx.deny{ reason = 'not now', error = 'busy' }"), "deny with an error");
	ask(HOOK_ROUTE);
	ok(v.answer == ANSWER_DENY && v.error == E_busy && str_is(v.reason, "not now"), "has both");
	ok(route("return fedx.deny()"), "deny alone");
	ask(HOOK_ROUTE);
	ok(v.answer == ANSWER_DENY && v.error == 0 && v.reason.n == 0, "has neither");
	ok(route("return fedx.limit{ rate = 2.5 }"), "a limit without a name");
	ask(HOOK_ROUTE);
	ok(v.answer == ANSWER_ALLOW && str_is(v.limit, "policy.lua:2") && v.limit_rate == 2500 && v.limit_burst == 3 &&
	    v.limit_field == FIELD_COUNT, "is called after its place");
	ok(load("function admit(p) return fedx.allow{ scopes = { '*@home.net', '/a/**' }, tags = { 'x', 'y z' },\n"
	    "in_flight = 5, services = 6, endpoints = 7 } end"), "admission");
	is_int(ask(HOOK_ADMIT), 0, "is asked");
	{
		struct str run = v.scopes, one, two;

		ok(scope_next(&run, &one) && scope_next(&run, &two) && !scope_next(&run, &two) &&
		    str_is(one, "*@home.net"), "two scopes");
	}
	ok(str_is(v.tags, "x y z") && v.max_in_flight == 5 && v.max_services == 6 && v.max_endpoints == 7, "and the rest");
	ok(load("function scope(peer, name, env) return fedx.deny(peer.node .. ' ' .. name .. ' ' .. env.family .. ' ' .. "
	    "env.action) end"), "scope");
	ask(HOOK_SCOPE);
	is_str(v.reason, "site-a shop service attach", "knows all four");
	ok(v.shared == 0 && load("function scope(peer, name) return fedx.allow{ shared = name == 'shop' } end"), "shared");
	ask(HOOK_SCOPE);
	ok(v.answer == ANSWER_ALLOW && v.shared == 1, "it is");
	ok(load("function scope() return fedx.allow{ shared = false } end"), "or not");
	ask(HOOK_SCOPE);
	ok(v.answer == ANSWER_ALLOW && v.shared == 0, "as it says");
	ok(load("function admit() return fedx.allow{ shared = true } end"), "in another hook");
	ok(ask(HOOK_ADMIT) == -1, "it is no verdict");
	ok(load("local d = fedx.deny('x')\nfunction route() return d end\nfunction admit() return d end"),
	    "one verdict of two hooks");
	ask(HOOK_ROUTE);
	ask(HOOK_ADMIT);
	ok(policy_rules(dir.policy) == 2 && policy_rule(dir.policy, 2)->hook == HOOK_ADMIT &&
	    policy_rule(dir.policy, 2)->line == 1, "is two rules");
	ok(load("local n = 'x'\nroute = fedx.rules{\n{ name = 'first', service = n .. '*', fedx.allow() },\n"
	    "{ service = { 'shop', 'bank' }, from = '*@home.net',\nfedx.deny('second') },\n}"), "rules");
	is_int(ask(HOOK_ROUTE), 0, "are asked");
	ok(str_is(v.reason, "second") && policy_rule(dir.policy, v.rule)->line == 5, "and know the line of their verdict");
	ok(v.read == 0, "by tests alone");
	ok(load("local function f() return fedx.deny('f') end\nfunction route(msg)\n\treturn f()\nend"), "a helper");
	ask(HOOK_ROUTE);
	is_int(policy_rule(dir.policy, v.rule)->line, 1, "is where the rule is");
	ok(load("function route(msg) return fedx.deny{ name = 'n' .. msg.from } end"), "a name for each caller");
	for (int i = 0; i < 9000; i++) {
		char from[32];
		struct question q = { .hook = HOOK_ROUTE, .kind = KIND_REQUEST, .from = { from,
		    (size_t)snprintf(from, sizeof from, "u%d@x", i) } };

		put(&q, NULL);
	}
	ok(policy_rules(dir.policy) <= 8192 && v.rule != 0 && *policy_rule(dir.policy, v.rule)->name == '\0',
	    "cannot make more than so many rules: %u", (unsigned)policy_rules(dir.policy));
}

static void
test_constructors(void)
{
	static const struct { const char *call, *error; } bad[] = {
		{ "fedx.deny{ reson = 'x' }", "fedx.deny: unknown key 'reson'; did you mean 'reason'?" },
		{ "fedx.deny{ 'x' }", "fedx.deny: a number is no key; write key = value" },
		{ "fedx.deny{ error = 'bussy' }", "fedx.deny: there is no error 'bussy'; did you mean 'busy'?" },
		{ "fedx.deny(7)", "fedx.deny wants a table { key = value }, not a number" },
		{ "fedx.deny(nil)", "fedx.deny wants a table { key = value }, not a nil" },
		{ "fedx.deny('a\\nb')", "fedx.deny: the text has a control character" },
		{ "fedx.deny('\\xff')", "fedx.deny: the text is not UTF-8" },
		{ "fedx.deny(('x'):rep(999))", "fedx.deny: a text of 999 bytes is over the 240 that it may have" },
		{ "fedx.allow{ limit = 5 }", "fedx.allow: want limit = fedx.limit{...}, not a number" },
		{ "fedx.allow{ limit = fedx.deny() }", "fedx.allow: want limit = fedx.limit{...}, not a verdict" },
		{ "fedx.allow{ via = 'a', scopes = { 'x' } }",
		    "fedx.allow: via, to and subject are for route, preference for import, shared for scope, scopes and the others for admit: of one hook only" },
		{ "fedx.allow{ scopes = { 'a*b' } }", "fedx.allow: scope 'a*b' is no pattern" },
		{ "fedx.allow{ shared = 'yes' }", "fedx.allow: want shared = true or false, not a string" },
		{ "fedx.allow{ tags = { 'a  b' } }", "fedx.allow: tags are words, 'a  b' is not" },
		{ "fedx.allow{ in_flight = -1 }", "fedx.allow: want a whole number from 0 to 1000000000 for in_flight" },
		{ "fedx.allow{ in_flight = '5' }", "fedx.allow: want a whole number from 0 to 1000000000 for in_flight" },
		{ "fedx.via()", "fedx.via: want a text, not nil" },
		{ "fedx.via('')", "fedx.via: want the name of a node" },
		{ "fedx.rewrite{}", "fedx.rewrite: want to = or subject =" },
		{ "fedx.limit{ rate = '10' }", "fedx.limit: want a rate like \"10/s\", \"600/m\", \"100/h\" or a number a "
		    "second, from 0.001 to 4294967 a second" },
		{ "fedx.limit{ rate = '10/d' }", NULL }, { "fedx.limit{ rate = '1/h' }", NULL },
		{ "fedx.limit{ rate = 0/0 }", NULL }, { "fedx.limit{ rate = 1/0 }", NULL }, { "fedx.limit{ rate = -1 }", NULL },
		{ "fedx.limit{ burst = 1 }", NULL }, { "fedx.limit{ rate = 1, burst = 1e300 }", NULL },
		{ "fedx.limit{ rate = 1, per = 'form' }", "fedx.limit: a message has no field 'form'; did you mean 'from'?" },
		{ "fedx.named('x', 'y')", "fedx.named: want a verdict, not a string" },
		{ "fedx.template('/%1/**', 'a/b')", "fedx.template: 'a/b' would change what the pattern covers" },
		{ "fedx.template('/%1/**')", "fedx.template: there is no value for %1" },
		{ "fedx.template('/%x')", "fedx.template: want %1 .. %9, or %% for a percent sign" },
		{ "fedx.pattern('*')", NULL }, { "fedx.pattern('/a*/b')", NULL }, { "fedx.pattern('')", NULL },
		{ "fedx.list('x')", "fedx.list: lists are read while the policy is loaded: call it outside of hooks" },
		{ "fedx.pick(1)", "fedx.pick is for the hook balance, while it runs" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char body[500], want[300];

		snprintf(body, sizeof body, "return %s", bad[i].call);
		if (!route(body))
			printf("# %s\n", dir.e.text);
		is_int(ask(HOOK_ROUTE), -1, bad[i].call);
		snprintf(want, sizeof want, "policy.lua:2: %s", bad[i].error ? bad[i].error : "");
		if (bad[i].error)
			is_str(v.reason, want, "says why");
		else
			ok(str_starts(v.reason, str(want)) && v.error == E_policy_error, "says where: %.*s", STR_FMT(v.reason));
	}
	ok(load("local a = fedx.allow()\nfunction route() a.answer = 1 end"), "a verdict");
	is_int(ask(HOOK_ROUTE), -1, "cannot be changed");
	ok(route("return fedx.deny() == fedx.deny() and fedx.allow() or fedx.deny(fedx.template('/%1/%2/%%', 'a', 'b'))"),
	    "two verdicts");
	ask(HOOK_ROUTE);
	is_str(v.reason, "/a/b/%", "are not the same");
}

static const struct { const char *what, *body; } nonsense[] = {
	{ "a number", "return 1" }, { "true", "return true" }, { "false", "return false" }, { "a table", "return {}" },
	{ "a text", "return 'allow'" }, { "a function", "return print or route" }, { "msg", "return msg" },
	{ "env", "return env" }, { "fedx", "return fedx" }, { "a list", "return fedx.cidr{}" },
	{ "an action", "return fedx.log('x')" },
	{ "a strategy", "return fedx.sticky('from')" },
	{ "a verdict of admit", "return fedx.allow{ tags = 'x' }" },
	{ "an error", "error('x')" }, { "an error that is a table", "error({})" },
	{ "an error that is msg", "error(msg)" }, { "an error that is nil", "error(nil)" },
	{ "a verdict as error", "error(fedx.allow())" },
	{ "a nil call", "nothing()" },
	{ "a loop", "while true do end" }, { "a loop in pcall", "while true do pcall(function() while true do end end) end" },
	{ "recursion", "return (route(msg, env))" }, { "recursion in pcall", "pcall(route, msg, env) error('x')" },
	{ "endless tail calls", "return route(msg, env)" },
	{ "memory", "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end" },
	{ "a slow pattern", "local p = fedx.pattern(('/**'):rep(1300)) local x = ('/a'):rep(2000) "
	    "for i = 1, 20000 do p:covers(x) end" },
	{ "a slow list", "local l, x = fedx.cidr{}, ('a.'):rep(2000) for i = 1, 20000 do l:has(x) end" },
	{ "many networks", "for i = 1, 20000 do fedx.cidr{ '10.0.0.0/8', '::/0', '::/0', '::/0', '::/0', '::/0' } end" },
	{ "a long text", "return fedx.deny(('x'):rep(1e9))" },
	{ "a global", "seen = 1" }, { "a module changed", "string.find = nil" },
	{ "the text methods changed", "getmetatable('').__index = nil" },
	{ "another hook called wrong", "return route()" },
	{ "load", "return load('return 1')()" }, { "io", "return io.open('/etc/passwd')" },
	{ "os", "return os.exit(0)" }, { "debug", "return debug.getinfo(1)" }, { "a late require", "return require('x')" },
};

static void
test_nonsense(void)
{
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
		route(nonsense[i].body);
		is_int(ask(HOOK_ROUTE), -1, nonsense[i].what);
		printf("# %s\n", last.text);
		ok(v.answer == ANSWER_DENY && v.error == E_policy_error && v.keep_ms <= 1000 && v.reason.n > 0,
		    "it denies: %s", nonsense[i].what);
		ok(v.rule > 0 && strcmp(policy_rule(dir.policy, v.rule)->file, "policy.lua") == 0 &&
		    policy_rule(dir.policy, v.rule)->line >= 1 && policy_rule(dir.policy, v.rule)->line <= 2,
		    "at its place");
	}
	ok(load("function route(msg)\n\tif msg.from == 'bad' then while true do end end\n\treturn fedx.allow()\nend"),
	    "a policy that fails for one caller");
	for (int i = 0; i < 20; i++) {
		struct question q = { .hook = HOOK_ROUTE, .from = i % 2 ? STR("good") : STR("bad") };

		if (put(&q, NULL) != (i % 2 ? 0 : -1) || v.answer != (i % 2 ? ANSWER_ALLOW : ANSWER_DENY)) {
			ok(false, "call %d", i);
			return;
		}
	}
	ok(v.keep_ms == FOREVER, "serves the others");
}

static void
test_balance(void)
{
	static const struct { const char *name; enum strategy strategy; } names[] = {
		{ "least_inflight", STRATEGY_LEAST_INFLIGHT }, { "round_robin", STRATEGY_ROUND_ROBIN },
		{ "random", STRATEGY_RANDOM }, { "weighted", STRATEGY_WEIGHTED }, { "latency", STRATEGY_LATENCY },
	};
	static const struct { const char *what, *body; } bad[] = {
		{ "no strategy", "return 'fastest'" }, { "sticky by name", "return 'sticky'" },
		{ "pick by name", "return 'pick'" }, { "allow", "return fedx.allow()" }, { "nobody", "return fedx.pick(3)" },
		{ "zero", "return fedx.pick(0)" }, { "a half", "return fedx.pick(1.5)" }, { "a number", "return 1" },
		{ "writing to one", "i[1].weight = 5" }, { "an unknown fact", "return i[1].load" },
	};
	struct question q = { .hook = HOOK_BALANCE, .subject = STR("shop") };
	struct instance one = { .number = 11, .weight = 5, .in_flight = 3, .latency_us = 900, .local = 1, .node = STR("a"),
		.version = STR("1.0.0"), .tags = STR("gpu") };
	struct instance two = { .number = 22, .weight = 7, .in_flight = 1, .node = STR("b") };
	struct buf run;
	char text[300];

	buf_init(&run, 4096);
	instance_put(&run, &one);
	instance_put(&run, &two);
	q.instances = buf_view(&run);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(text, sizeof text, "function balance()\nreturn '%s' end", names[i].name);
		ok(load(text) && put(&q, NULL) == 0 && v.answer == ANSWER_STRATEGY && v.strategy == names[i].strategy &&
		    v.keep_ms == FOREVER && policy_rule(dir.policy, v.rule)->line == 1, "%s", names[i].name);
	}
	ok(load("function balance() return fedx.sticky('peer_node') end") && put(&q, NULL) == 0 &&
	    v.strategy == STRATEGY_STICKY && v.sticky_field == FIELD_peer_node, "sticky");
	ok(load("function balance(s, i) return fedx.pick(i[2]) end") && put(&q, NULL) == 0 &&
	    v.answer == ANSWER_PICK && v.instance == 22 && v.keep_ms == 0, "a pick is for one request");
	ok(load("function balance(s, i) return fedx.pick(1) end") && put(&q, NULL) == 0 && v.instance == 11, "by index");
	ok(load("function balance(s, i) local l for n, x in ipairs(i) do if not l or x.in_flight < l.in_flight then l = x "
	    "end end return fedx.pick(l) end") && put(&q, NULL) == 0 && v.instance == 22, "the least busy");
	ok(load("function balance(s, i) if #i == 2 and i[3] == nil then return 'random' end end") && put(&q, NULL) == 0 &&
	    v.strategy == STRATEGY_RANDOM && v.lookups.n > 0 && v.keep_ms == 1000, "what depends on them is not kept long");
	ok(load("function balance(s, i) local x = i[1] return (x.node .. x.version .. x.tags .. x.weight .. x.in_flight .. "
	    "x.latency_us .. tostring(x.is_local) .. x.index .. s) == 'a1.0.0gpu53900true1shop' and 'random' or 1 end") &&
	    put(&q, NULL) == 0, "all facts of one");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "function balance(s, i) %s end", bad[i].body);
		ok(load(text) && put(&q, NULL) == -1 && v.answer == ANSWER_NONE && v.keep_ms <= 1000 && v.rule > 0,
		    "%s falls back to the default: %s", bad[i].what, last.text);
	}
	buf_free(&run);
}

static int
react(enum hook hook, const char *facts, struct action *first)
{
	struct str rest, body;
	struct action a;
	struct err e;
	int n = 0;

	buf_eat(&answer, buf_len(&answer));
	if (policy_react(dir.policy, hook, str(facts), &world, &answer, &last) == -1)
		return -1;
	for (rest = buf_view(&answer); action_next(&rest, &body); n++) {
		if (action_get(body, &a, &e) == -1)
			return -2;
		if (n == 0)
			*first = a;
	}
	return rest.n == 0 ? n : -2;
}

static void
test_react(void)
{
	struct action a;

	ok(load("on = { link = function(e, env) return { fedx.request{ service = 'pager', method = 'page', name = 'alarm',\n"
	    "payload = e.node .. ' ' .. e.n + 1 .. ' ' .. tostring(e.up) .. ' ' .. #e.list .. e.deep.x }, fedx.log('two') } end,\n"
	    "service = function(e) return nil end,\n"
	    "event = function(e) if e.w then e.w = 2 end if e.one then return fedx.log('one') end\n"
	    "if e.bad then return { fedx.log('x'), 7 } end if e.all then local t = {} for i = 1, 65 do t[i] = fedx.log('x') end\n"
	    "return t end return {} end }"), "reactions");
	is_int(react(HOOK_LINK, "{\"node\":\"si\\u0074e\",\"n\":41,\"up\":false,\"list\":[1,2],\"deep\":{\"x\":\"!\"},\"z\":null}", &a),
	    2, "two actions");
	ok(str_is(a.rule, "alarm") && str_is(a.subject, "pager/page") && str_is(a.payload, "site 42 false 2!") &&
	    a.type == TYPE_TEXT, "as they were made: %.*s", STR_FMT(a.payload));
	is_int(react(HOOK_SERVICE, "{}", &a), 0, "nil is none");
	is_int(react(HOOK_EVENT, "{}", &a), 0, "an empty list is none");
	is_int(react(HOOK_EVENT, "{\"one\":1}", &a), 1, "one may come without a list");
	ok(str_is(a.rule, "on.event") && str_is(a.log, "one"), "and is called after its hook");
	is_int(react(HOOK_EVENT, "{\"bad\":1}", &a), -1, "nonsense in the list");
	ok(buf_len(&answer) == 0, "is all or nothing");
	printf("# %s\n", last.text);
	is_int(react(HOOK_EVENT, "{\"all\":1}", &a), -1, "too many");
	is_int(react(HOOK_EVENT, "{\"w\":1}", &a), -1, "an event cannot be changed");
	is_int(react(HOOK_EVENT, "[]", &a), -1, "an event is an object");
	is_int(react(HOOK_EVENT, "{", &a), -1, "and JSON");
	ok(load("on = { event = function() return fedx.request{ service = 'x', payload = '{', type = 'json' } end }"), "bad JSON");
	is_int(react(HOOK_EVENT, "{}", &a), -1, "is seen");
	is_int(react(HOOK_LINK, "{}", &a), 0, "a hook that is not there is none");
}

static void
test_explain(void)
{
	struct question q = { .hook = HOOK_ROUTE, .how = ASK_EXPLAIN, .subject = STR("shop/list"), .from = STR("a@b") };

	ok(route("if msg:under('from', '*@b') and msg.method then return fedx.deny{ name = 'n', reason = 'no' } end"), "why");
	is_int(put(&q, NULL), 0, "is asked");
	is_str(v.explanation, "{\"step\":\"policy\",\"hook\":\"route\",\"answer\":\"deny\",\"file\":\"policy.lua\",\"line\":2,"
	    "\"rule\":\"n\",\"reason\":\"no\",\"read\":[\"method\"],\"tests\":[{\"field\":\"from\",\"op\":\"under\","
	    "\"what\":\"*@b\",\"holds\":true}]}\n", "and said in JSON");
	is_int(v.keep_ms, 0, "which is not kept");
	ok(str_is(v.reason, "no") && v.tests.n > 0 && v.read == UINT32_C(1) << FIELD_method, "with all of the verdict");
}

static void
test_defaults(void)
{
	static const enum hook hooks[] = { HOOK_ADMIT, HOOK_ROUTE, HOOK_SCOPE, HOOK_IMPORT, HOOK_EXPORT };
	char path[1100], text[8192];
	const char *src = getenv("FEDX_LUA");
	struct action a;
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%s/fedx/defaults.lua", src ? src : ".");
	if ((f = fopen(path, "r")) == NULL) {
		ok(false, "%s is there", path);
		return;
	}
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	ok(load(text), "the default hooks, as written in Lua");
	for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
		is_int(ask(hooks[i]), 0, hook_name(hooks[i]));
		ok(v.answer == ANSWER_ALLOW && v.read == 0 && v.tests.n == 0 && v.keep_ms == FOREVER && v.limit.n == 0 &&
		    v.scopes.n == 0 && v.via.n + v.to.n + v.subject.n == 0, "allows, whatever is asked, as C does");
	}
	is_int(ask(HOOK_BALANCE), 0, "balance");
	ok(v.answer == ANSWER_STRATEGY && v.strategy == 0, "is the strategy of a node without settings");
	ok(react(HOOK_LINK, "{}", &a) == 0 && react(HOOK_SERVICE, "{}", &a) == 0 && react(HOOK_EVENT, "{}", &a) == 0,
	    "and nothing happens");
}

static void
measure(const char *what, const char *body)
{
	enum { TIMES = 20000 };
	struct timespec a, b;

	route(body);
	ask(HOOK_ROUTE);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < TIMES; i++)
		ask(HOOK_ROUTE);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("# %-40s %7.0f ns\n", what,
	    ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / TIMES);
}

int
main(void)
{
	policydir_make(&dir);
	buf_init(&answer, 1 << 20);
	test_load();
	test_verdicts();
	test_constructors();
	test_nonsense();
	test_balance();
	test_react();
	test_explain();
	test_defaults();
	measure("nothing", "");
	measure("a constant verdict", "return fedx.allow()");
	measure("a field", "if msg.to_domain == 'x' then return fedx.deny('x') end return fedx.allow()");
	measure("two tests and a verdict", "if msg:under('to', '*.x') and msg:is('service', 's') then return fedx.deny() end\n"
	    "return fedx.allow()");
	buf_free(&answer);
	policydir_done(&dir);
	return done();
}
