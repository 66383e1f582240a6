/*
 * try.c - see policy.h: policy tests.  Each file of test/ runs in a state of
 * its own, beside a fresh policy that it asks; lua/fedx/test.lua has what it
 * is given, built of what is here:
 *
 *	ask(hook, message)	a verdict as a table
 *	react(hook, event)	actions as a list of tables
 *	clock(text)		sets the time that policy sees, or gives the time back
 *	knows(family, name, count)
 *	report(passed, name, got, expected)
 */
#include <stdio.h>

#include "base/errors.h"
#include "policy/inside.h"
#include "policy/try_ask.h"

enum { ANSWER_BYTES = 1 << 20 };

static struct trying *
trying_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

static void
say(struct trying *t, const char *what, struct str text)	/* a comment, a line a line */
{
	struct str line;

	while (text.n > 0) {
		str_split(text, '\n', &line, &text);
		if (buf_fmt(t->tap, "#   %s%.*s\n", what, (int)(line.n > 1000 ? 1000 : line.n), line.p) == -1)
			t->full = true;
		what = "          ";
	}
}

static void
result(struct trying *t, bool passed, struct str name)
{
	t->count++;
	t->failed += !passed;
	if (buf_fmt(t->tap, "%sok %u - ", passed ? "" : "not ", t->count) == -1)
		t->full = true;
	for (size_t i = 0; i < name.n && i < 300; i++) {	/* one line, and no directive */
		char c = name.p[i];

		if (buf_put(t->tap, (unsigned char)c < ' ' || c == '#' ? " " : &c, 1) == -1)
			t->full = true;
	}
	if (buf_str(t->tap, STR("\n")) == -1)
		t->full = true;
}

/* report(passed, name, got, expected) -> passed */
static int
l_report(lua_State *L)
{
	struct trying *t = trying_of(L);
	bool passed = lua_toboolean(L, 1);
	struct str name, got, expected, file;
	uint32_t line;

	name.p = luaL_checklstring(L, 2, &name.n);
	got.p = luaL_optlstring(L, 3, "", &got.n);
	expected.p = luaL_optlstring(L, 4, "", &expected.n);
	result(t, passed, name);
	if (!passed) {
		policy_where(L, &file, &line);
		if (buf_fmt(t->tap, "#   failed at %.*s:%u\n", STR_FMT(file), (unsigned)line) == -1)
			t->full = true;
		say(t, "got:      ", got);
		say(t, "expected: ", expected);
	}
	if (t->full)
		luaL_error(L, "the tests say too much");
	lua_pushboolean(L, passed);
	return 1;
}

static bool
digits(struct str *s, size_t n, char end, int *to)
{
	uint64_t value;

	if (s->n < n + (end != '\0') || str_u64(str_head(*s, n), 9999, &value) == -1 ||
	    (end && s->p[n] != end))
		return false;
	*to = (int)value;
	*s = str_skip(*s, n + (end != '\0'));
	return true;
}

/* "2026-11-21T08:00:00Z" */
static bool
time_of(struct str s, struct wall *to)
{
	static const int lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day, hour, minute, second;
	int64_t y, era, yoe, doy;

	if (!digits(&s, 4, '-', &year) || !digits(&s, 2, '-', &month) || !digits(&s, 2, 'T', &day) ||
	    !digits(&s, 2, ':', &hour) || !digits(&s, 2, ':', &minute) || !digits(&s, 2, 'Z', &second) || s.n > 0)
		return false;
	if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1] || hour > 23 || minute > 59 || second > 59 ||
	    (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))))
		return false;
	y = year - (month <= 2);	/* Howard Hinnant's days_from_civil, for years from 0 on */
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	to->s = (era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468) * 86400 +
	    hour * 3600 + minute * 60 + second;
	to->ns = 0;
	return true;
}

/* clock([text or seconds]) -> the time before, in seconds */
static int
l_clock(lua_State *L)
{
	struct trying *t = trying_of(L);
	int64_t before = t->world.now.s;
	struct str text;

	if (lua_isinteger(L, 1)) {
		t->world.now = (struct wall){ lua_tointeger(L, 1), 0 };
	} else if (!lua_isnoneornil(L, 1)) {
		text = check_text(L, 1, "at", NOTE_TEXT);
		if (!time_of(text, &t->world.now))
			return policy_fail(L, "at: want a time like \"2026-11-21T08:00:00Z\", not '%s'", text.p);
	}
	lua_pushinteger(L, before);
	return 1;
}

/* knows(family, name, count): from now on env:knows() and env:count() say so */
static int
l_knows(lua_State *L)
{
	struct trying *t = trying_of(L);
	enum family family = check_family(L, 1, "knows");
	struct str name = check_text(L, 2, "knows", NAME_MAX_BYTES);
	lua_Integer count = luaL_optinteger(L, 3, 1);
	struct known *k = t->known;

	while (k < t->known + t->known_count && (k->family != family || !str_is(name, k->name)))
		k++;
	if (k == t->known + t->known_count && t->known_count++ == TRY_NAMES)
		return policy_fail(L, "knows: over %d names", TRY_NAMES);
	k->family = (uint8_t)family;
	k->count = count < 0 ? 0 : (uint32_t)(count > 1000 ? 1000 : count);
	str_c(name, k->name, sizeof k->name);
	return 0;
}

static bool
known(void *names, enum family family, struct str name)
{
	const struct trying *t = names;

	for (size_t i = 0; i < t->known_count; i++)
		if (t->known[i].family == family && str_is(name, t->known[i].name))
			return t->known[i].count > 0;
	return false;
}

static void
instances(void *names, struct str service, void (*each)(void *, const struct instance *), void *owner)
{
	const struct trying *t = names;
	struct instance one = { .number = 1 };

	for (size_t i = 0; i < t->known_count; i++)
		if (t->known[i].family == FAMILY_SERVICE && str_is(service, t->known[i].name))
			for (; one.number <= t->known[i].count; one.number++)
				each(owner, &one);
}

static uint64_t chance_state;

static uint64_t
chance(void)	/* splitmix64: each run of a test file sees the same */
{
	uint64_t z = chance_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int
open_inside(lua_State *L)	/* [trying] */
{
	static const luaL_Reg functions[] = { { "ask", try_ask }, { "react", try_react },
		{ "report", l_report }, { "clock", l_clock }, { "knows", l_knows }, { NULL, NULL } };

	lua_newtable(L);
	lua_pushvalue(L, 1);
	luaL_setfuncs(L, functions, 1);
	sandbox_module(L, "fedx.try");
	return 0;
}

static int
run(struct trying *t, struct bundle *b, struct str name, struct err *e)
{
	struct sandbox *box = &t->tester->box;
	struct str text;

	lua_pushcfunction(box->L, open_inside);
	lua_pushlightuserdata(box->L, t);
	if (sandbox_call(box, 1, 0, BUDGET_LOAD, e) == -1)
		return -1;
	if (bundle_file(b, name, BUNDLE_FILE_MAX, &text, e) <= 0)
		return -1;
	return sandbox_load(box, name, text, e) == -1 ? -1 : sandbox_call(box, 0, 0, BUDGET_TEST, e);
}

/* A file that does not end well is a test that failed; -1: nothing can be tested. */
static int
run_file(struct trying *t, struct bundle *b, struct str name, struct err *e)
{
	unsigned before = t->count;
	int rc = -1;

	t->known_count = 0;
	chance_state = 0;
	t->world = (struct policy_world){ .now = wall_now(), .names = t, .known = known,
	    .instances = instances, .chance = chance };
	t->policy = policy_load(b, e);
	t->tester = t->policy ? policy_open(b, e) : NULL;
	if (t->tester != NULL && !t->full) {
		e->text[0] = '\0';
		rc = 0;
		if (buf_fmt(t->tap, "# %.*s\n", STR_FMT(name)) == -1)
			t->full = true;
		if (run(t, b, name, e) == -1) {
			result(t, false, name);
			say(t, "", str(e->text));
		} else if (t->count == before) {
			result(t, false, name);
			say(t, "", STR("there is no test in this file"));
		}
	}
	policy_free(t->tester);
	policy_free(t->policy);
	t->tester = t->policy = NULL;
	return rc;
}

int
policy_test(struct bundle *b, struct buf *tap, struct err *e)
{
	struct trying t = { .tap = tap };
	struct buf files;
	struct str rest, file;
	int rc;

	buf_init(&files, BUNDLE_FILE_MAX);
	buf_init(&t.answer, ANSWER_BYTES);
	buf_init(&t.run, ANSWER_BYTES);
	rc = bundle_list(b, STR("test"), &files, e);
	for (rest = buf_view(&files); rc == 0 && rest.n > 0;) {
		str_split(rest, '\0', &file, &rest);
		rc = run_file(&t, b, file, e);
	}
	if (rc == 0 && buf_fmt(tap, t.count ? "1..%u\n" : "1..%u # SKIP there are no tests\n", t.count) == -1)
		t.full = true;
	if (t.full)
		rc = err_set(e, "the tests say too much");
	buf_free(&files);
	buf_free(&t.answer);
	buf_free(&t.run);
	return rc == -1 ? -1 : t.failed > 0;
}
