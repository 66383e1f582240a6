/* route-report.c - what a reload did is said in whole JSON lines, with places. */
#include "route/report.h"
#include "tap.h"
#include "wire/json.h"

static struct buf out;

static bool
has(const char *what)
{
	struct str all = buf_view(&out);

	for (size_t n = strlen(what); all.n >= n; all = str_skip(all, 1))
		if (memcmp(all.p, what, n) == 0)
			return true;
	printf("# not there: %s\n# in: %.*s\n", what, STR_FMT(buf_view(&out)));
	return false;
}

static int
lines(void)		/* -1: one is no JSON object */
{
	struct str line, rest = buf_view(&out);
	struct json_fault fault;
	int n = 0;

	while (rest.n) {
		if (!str_split(rest, '\n', &line, &rest) || json_check(line, 8, &fault) == -1 ||
		    json_type(line) != JSON_OBJECT)
			return -1;
		n++;
	}
	return n;
}

static void
test_places(void)
{
	static const struct { const char *text, *file; unsigned line; const char *rest; } cases[] = {
		{ "policy.lua:12: no such thing", "policy.lua", 12, "no such thing" },
		{ "lib/a.lua:3:what", "lib/a.lua", 3, "what" },
		{ "policy.lua: cannot be read", NULL, 0, "policy.lua: cannot be read" },
		{ "policy.lua:x: y", NULL, 0, "policy.lua:x: y" },
		{ "a:b.lua:7: y", "a:b.lua", 7, "y" },
		{ ":7: y", NULL, 0, ":7: y" },
		{ "", NULL, 0, "" },
		{ "policy.lua:99999999999: y", NULL, 0, "policy.lua:99999999999: y" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str file = { NULL, 0 };
		uint32_t line = 0;
		const char *rest;
		bool is = place_of(cases[i].text, &file, &line, &rest);

		ok(is == (cases[i].file != NULL) && str_eq(file, str(cases[i].file)) && line == cases[i].line &&
		    strcmp(rest, cases[i].rest) == 0, "the place in '%s'", cases[i].text);
	}
}

static void
test_tap(void)
{
	struct tests t = tests_of(STR("# a\nok 1 - x\nnot ok 2 - y\n#   why\nok 3 - z # SKIP\nok\n1..3\n"));

	is_int(t.passed, 2, "those that passed are counted");
	is_int(t.failed, 1, "and those that did not");
}

static void
test_done(void)
{
	struct loaded *old = loaded_none(), *new = loaded_none();
	struct report r = { .what = "apply", .generation = 3, .confirm_ms = 500, .old = old, .new = new, .applied = true };

	old->hooks = 1u << HOOK_ROUTE | 1u << HOOK_LINK;
	new->hooks = 1u << HOOK_ROUTE | 1u << HOOK_ADMIT;
	buf_str(&old->rules, STR("route\tpolicy.lua:3\tgone\nroute\tpolicy.lua:4\tsame\n"));
	buf_str(&new->rules, STR("route\tpolicy.lua:4\tsame\nadmit\tlib/a\"b.lua:12\t\n"));
	buf_init(&out, REPORT_MAX);
	report_done(&out, &r);
	is_int(lines(), 5, "a line for the policy, and one for each hook and rule that changed");
	ok(has("\"what\":\"apply\",\"done\":true,\"changed\":true,\"generation\":3"), "what was done");
	ok(has("\"hooks\":[\"route\",\"admit\"]"), "the hooks");
	ok(has("\"confirm_ms\":500"), "the confirm");
	ok(has("{\"v\":1,\"event\":\"hook_added\",\"hook\":\"admit\"}"), "a hook that came");
	ok(has("{\"v\":1,\"event\":\"hook_removed\",\"hook\":\"on.link\"}"), "one that went");
	ok(has("\"rule_added\",\"hook\":\"admit\",\"file\":\"lib/a\\\"b.lua\",\"line\":12}"), "a rule that came");
	ok(has("\"rule_removed\",\"hook\":\"route\",\"file\":\"policy.lua\",\"line\":3,\"rule\":\"gone\"}"), "one that went");

	buf_free(&out);
	for (int i = 0; i < 3000; i++)
		buf_fmt(&new->rules, "route\tpolicy.lua:%d\tr%d\n", 100 + i, i);
	report_done(&out, &r);
	ok(lines() > 100 && buf_len(&out) <= REPORT_MAX, "a report that is too long ends with a whole line");
	buf_free(&out);
	loaded_close(old);
	loaded_close(new);
}

static void
test_refused(void)
{
	struct err e = { .status = 0 };
	struct trial t;
	struct report r = { .what = "check", .generation = 2, .trial = &t };

	trial_init(&t);
	buf_str(&t.tap, STR("ok 1 - fine\nnot ok 2 - a \"name\"\n#   got: x\n#   want: y\nnot ok 3 - other\n1..3\n"));
	err_set(&e, "policy.lua:7: what \"it\" is");
	report_refused(&out, &r, &e);
	is_int(lines(), 3, "a line for the refusal, one for each test that fails");
	ok(has("\"done\":false,\"why\":\"what \\\"it\\\" is\",\"file\":\"policy.lua\",\"line\":7"), "why, and where");
	ok(has("\"tests\":3,\"failed\":2"), "the count");
	ok(has("\"test\":\"a \\\"name\\\"\",\"note\":\"got: x\"}"), "a test with its note");
	ok(has("\"test\":\"other\"}"), "one without");
	buf_free(&out);
	trial_free(&t);
}

int
main(void)
{
	char hooks[128];

	buf_init(&out, REPORT_MAX);
	test_places();
	test_tap();
	test_done();
	test_refused();
	hooks_text((1u << HOOK_COUNT) - 1, hooks);
	is_str(str(hooks), "route,admit,scope,balance,import,export,on.link,on.service,on.event", "all hooks have names");
	hooks_text(0, hooks);
	is_str(str(hooks), "none", "and none has one");
	return done();
}
