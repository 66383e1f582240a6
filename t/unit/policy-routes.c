/* policy-routes.c - the hooks import and export see the whole route, and say what becomes of it. */
#include "base/errors.h"
#include "policydir.h"
#include "tap.h"
#include "wire/hello.h"

static struct policydir dir;
static struct policy_world world = { .now = { 1795248000, 0 } };
static struct buf answer;
static struct verdict v;
static struct err last;

static bool
load(const char *text)
{
	policydir_close(&dir);
	dir.count = 0;
	policydir_write(&dir, "policy.lua", text);
	return policydir_load(&dir) != NULL;
}

static int
ask_of(enum hook hook, const char *path)
{
	struct question q = { .hook = (uint8_t)hook, .subject = STR("site-c"), .family = FAMILY_NODE, .path = str(path),
		.clusters = STR("home away"), .tags = STR("eu fast") };
	struct peer_facts peer = { .number = 7, .role = ROLE_HUB, .node = STR("hub-2"), .cluster = STR("home") };
	struct err e;
	int rc;

	buf_eat(&answer, buf_len(&answer));
	last.text[0] = '\0';
	rc = policy_ask(dir.policy, &q, &peer, &world, &answer, &last);
	if (verdict_get(buf_view(&answer), &v, &e) == -1) {
		printf("# %s\n", e.text);
		abort();
	}
	return rc;
}

static int
ask(enum hook hook)
{
	return ask_of(hook, "hub-2 hub-3 site-c");
}

static bool
says(enum hook hook, const char *body)
{
	char text[2000];

	snprintf(text, sizeof text, "function %s(route, peer, env)\n%s\nend\n", hook_name(hook), body);
	return load(text) && ask(hook) == 0;
}

static void
test_seen(void)
{
	static const struct { const char *what, *expression, *is; } parts[] = {
		{ "where it leads", "route.node", "site-c" },
		{ "its cluster", "route.cluster", "away" },
		{ "the way", "tostring(route.path)", "hub-2 hub-3 site-c" },
		{ "its next node", "route.path[1]", "hub-2" },
		{ "its last one", "route.path[#route.path]", "site-c" },
		{ "none behind it", "tostring(route.path[4])", "nil" },
		{ "none before it", "tostring(route.path[0])", "nil" },
		{ "whom it passes", "tostring(route.path:has('hub-3'))", "true" },
		{ "whom it does not", "tostring(route.path:has('hub'))", "false" },
		{ "its length", "tostring(route.length)", "3" },
		{ "the clusters", "tostring(route.clusters)", "home away" },
		{ "one of them", "tostring(route.clusters:has('home'))", "true" },
		{ "its tags", "route.tags", "eu fast" },
		{ "one of them", "tostring(route:has_tag('fast'))", "true" },
		{ "no part of one", "tostring(route:has_tag('fas'))", "false" },
		{ "the neighbour", "route.neighbour", "hub-2" },
		{ "who is the peer", "peer.node", "hub-2" },
		{ "and what it is", "peer.role", "hub" },
		{ "all of a list", "(function() local s = '' for i, n in ipairs(route.path) do s = s .. i .. n end return s end)()",
			"1hub-22hub-33site-c" },
	};
	char body[300];

	for (enum hook hook = HOOK_IMPORT; hook <= HOOK_EXPORT; hook++)
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
			snprintf(body, sizeof body, "return fedx.deny(%s)", parts[i].expression);
			ok(says(hook, body) && v.answer == ANSWER_DENY && str_is(v.reason, parts[i].is), "%s: %s",
			    hook_name(hook), parts[i].what);
		}
	ok(load("function export(r) return fedx.deny(r.length .. #r.path .. tostring(r.path[1])) end"), "the own route");
	ask_of(HOOK_EXPORT, "");
	is_str(v.reason, "00nil", "passes nobody");
}

static void
test_verdicts(void)
{
	ok(says(HOOK_IMPORT, "return nil") && v.answer == ANSWER_NONE && v.preference == 0, "nil is the default");
	ok(says(HOOK_IMPORT, "return fedx.allow()") && v.answer == ANSWER_ALLOW && v.preference == 0, "it is taken");
	ok(says(HOOK_IMPORT, "return fedx.allow{ preference = -1000, tags = { 'a', 'b c' }, name = 'far' }") &&
	    v.preference == -1000 && str_is(v.tags, "a b c"), "with a preference and tags");
	is_int(policy_rule(dir.policy, v.rule)->hook, HOOK_IMPORT, "by a rule of import");
	is_str(str(policy_rule(dir.policy, v.rule)->name), "far", "with its name");
	ok(says(HOOK_IMPORT, "return fedx.allow{ tags = 'x y' }") && str_is(v.tags, "x y"), "tags as one text");
	ok(says(HOOK_IMPORT, "return fedx.deny('no')") && v.answer == ANSWER_DENY && str_is(v.reason, "no"), "or not");
	ok(says(HOOK_EXPORT, "return fedx.allow()") && v.answer == ANSWER_ALLOW, "it is told");
	ok(says(HOOK_EXPORT, "return fedx.deny{ name = 'here' }") && v.answer == ANSWER_DENY, "or not");
	ok(load("function import() return fedx.deny() end function export() return fedx.deny() end"), "both");
	is_int(policy_hooks(dir.policy), 1 << HOOK_IMPORT | 1 << HOOK_EXPORT, "are known");
}

static const struct { enum hook hook; const char *body, *why; } wrong[] = {
	{ HOOK_IMPORT, "return true", "policy.lua:1: the hook import returned a boolean; want nil or a verdict like fedx.allow()" },
	{ HOOK_IMPORT, "return fedx.via('x')", "policy.lua:2: this verdict is not for the hook import" },
	{ HOOK_IMPORT, "return fedx.limit{ rate = '1/s' }", "policy.lua:2: this verdict is not for the hook import" },
	{ HOOK_IMPORT, "return fedx.allow{ scopes = { '*.x' } }", "policy.lua:2: this verdict is not for the hook import" },
	{ HOOK_EXPORT, "return fedx.allow{ preference = 1 }", "policy.lua:2: this verdict is not for the hook export" },
	{ HOOK_EXPORT, "return fedx.allow{ tags = 'x' }", "policy.lua:2: this verdict is not for the hook export" },
	{ HOOK_IMPORT, "return fedx.allow{ preference = 1001 }",
		"policy.lua:2: fedx.allow: want preference = a whole number from -1000 to 1000" },
	{ HOOK_IMPORT, "return fedx.allow{ preference = 'x' }",
		"policy.lua:2: fedx.allow: want preference = a whole number from -1000 to 1000" },
	{ HOOK_IMPORT, "return fedx.allow{ preference = 1, scopes = { '*.x' } }", "policy.lua:2: fedx.allow: via, to and "
		"subject are for route, preference for import, shared for scope, scopes and the others for admit: of one hook only" },
	{ HOOK_IMPORT, "return route.nodes", "policy.lua:2: route has no field 'nodes'; did you mean 'node'?" },
	{ HOOK_IMPORT, "return route.path.hass", "policy.lua:2: a list of words has no field 'hass'; did you mean 'has'?" },
	{ HOOK_IMPORT, "route.node = 'x'", "policy.lua:2: route cannot be changed" },
	{ HOOK_IMPORT, "route.path[1] = 'x'", "policy.lua:2: words cannot be changed" },
	{ HOOK_EXPORT, "error('no')", "policy.lua:2: no" },
};

static void
test_wrong(void)
{
	static const char *const kept[] = { "if k then return fedx.deny(k.node) end k = route",
		"if k then return fedx.deny(k[1]) end k = route.path" };
	char text[400];

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ok(!says(wrong[i].hook, wrong[i].body) && v.answer == ANSWER_DENY && v.error == E_policy_error, "%s",
		    wrong[i].body);
		is_str(str(last.text), wrong[i].why, "says why");
	}
	ok(!says(HOOK_IMPORT, "while true do local x = route.path:has('x') end") && v.error == E_policy_error,
	    "one that does not end is denied");
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		snprintf(text, sizeof text, "local k\nfunction import(route)\n%s\nend\n", kept[i]);
		ok(load(text), "one that keeps it");
		ask(HOOK_IMPORT);
		ask(HOOK_IMPORT);
		ok(v.answer == ANSWER_NONE || v.error == E_policy_error, "has nothing of it at the next call");
	}
}

int
main(void)
{
	policydir_lua();
	buf_init(&answer, 1 << 16);
	policydir_make(&dir);
	test_seen();
	test_verdicts();
	test_wrong();
	policydir_done(&dir);
	buf_free(&answer);
	return done();
}
