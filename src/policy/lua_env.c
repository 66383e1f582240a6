/*
 * lua_env.c - all that a hook may know besides its subject: the time, chance,
 * who is there.  Each bounds how long the verdict is kept.
 *
 *	env:now()		seconds since 1970; kept until this second ends
 *	env:clock("+01:00")	{ year, month, day, wday, hour, min }; this minute
 *	env:random(6)		1 .. 6; the verdict is for this message only
 *	env:knows("service", "shop"), env:count("shop")
 *				kept until that name comes or goes
 *	env.family, env.action	of `scope`
 */
#include "policy/inside.h"

enum { FACT_FAMILY, FACT_ACTION };

static struct asking *
live(lua_State *L)
{
	return object_live(L, 1, OBJECT_ENV);
}

static int
env_index(lua_State *L)
{
	struct asking *a = live(L);
	struct str value;

	lua_pushvalue(L, 2);
	switch (lua_rawget(L, lua_upvalueindex(1))) {
	case LUA_TNUMBER:
		if (a->q == NULL || a->q->hook != HOOK_SCOPE)
			return policy_fail(L, "env.%s is known in the hook scope only", lua_tostring(L, 2));
		value = lua_tointeger(L, -1) == FACT_FAMILY ? str(family_name(a->q->family)) : a->q->action;
		lua_pushlstring(L, value.p, value.n);
		return 1;
	case LUA_TNIL:
		fail_unknown(L, "env", 2, lua_upvalueindex(1));
		return 0;
	default:
		return 1;
	}
}

/* env:now() -> whole seconds since 1970-01-01T00:00:00Z */
static int
l_now(lua_State *L)
{
	struct asking *a = live(L);

	/* a millisecond that has begun counts: rounded down, the last one would ask for each message */
	note_keep(&a->notes, 1000 - a->world->now.ns / 1000000);
	lua_pushinteger(L, a->world->now.s);
	return 1;
}

static int
offset_at(lua_State *L, int at)	/* "+01:00": seconds east of Greenwich */
{
	struct str s;
	uint64_t hours, minutes;

	if (lua_isnoneornil(L, at))
		return 0;
	s = check_text(L, at, "env:clock", NOTE_TEXT);
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
	    str_u64(str_head(str_skip(s, 1), 2), 14, &hours) == -1 ||
	    str_u64(str_skip(s, 4), 59, &minutes) == -1)
		policy_fail(L, "env:clock: want an offset from UTC like \"+01:00\", not '%s' "
		    "(names of time zones are not known here)", s.p);
	return (s.p[0] == '-' ? -1 : 1) * (int)(hours * 3600 + minutes * 60);
}

/* days since 1970-01-01 as a date: Howard Hinnant's civil_from_days */
static void
date_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

static void
set(lua_State *L, const char *key, int value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, key);
}

/* env:clock([offset]) -> { year, month, day, wday = 1 (monday) .. 7, hour, min } */
static int
l_clock(lua_State *L)
{
	struct asking *a = live(L);
	struct wall now = a->world->now;
	int64_t t = now.s + offset_at(L, 2), days = t / 86400, rest = t % 86400;
	int year, month, day;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	note_keep(&a->notes, (uint32_t)((60 - rest % 60) * 1000 - (int64_t)(now.ns / 1000000)));
	date_of(days, &year, &month, &day);
	lua_createtable(L, 0, 6);
	set(L, "year", year);
	set(L, "month", month);
	set(L, "day", day);
	set(L, "wday", (int)(((days + 3) % 7 + 7) % 7) + 1);
	set(L, "hour", (int)(rest / 3600));
	set(L, "min", (int)(rest / 60 % 60));
	return 1;
}

/* env:random(n) -> 1 .. n */
static int
l_random(lua_State *L)
{
	struct asking *a = live(L);
	uint64_t n, bits, over;

	if (!lua_isinteger(L, 2) || lua_tointeger(L, 2) < 1)
		return policy_fail(L, "env:random: want a whole number n >= 1 and give 1 .. n");
	n = (uint64_t)lua_tointeger(L, 2);
	note_keep(&a->notes, 0);
	over = UINT64_MAX - UINT64_MAX % n;	/* the last, shorter round is drawn again */
	do
		bits = a->world->chance ? a->world->chance() : 0;
	while (bits >= over);
	lua_pushinteger(L, (lua_Integer)(bits % n) + 1);
	return 1;
}

/* env:knows(family, name) -> boolean */
static int
l_knows(lua_State *L)
{
	struct asking *a = live(L);
	enum family family = check_family(L, 2, "env:knows");
	struct str name = check_text(L, 3, "env:knows", ENVELOPE_NAMES_MAX);

	note_lookup(&a->notes, family, name);
	lua_pushboolean(L, a->world->known != NULL && a->world->known(a->world->names, family, name));
	return 1;
}

static void
count_one(void *count, const struct instance *one)
{
	(void)one;
	++*(lua_Integer *)count;
}

/* env:count(service) -> how many instances of it are known */
static int
l_count(lua_State *L)
{
	struct asking *a = live(L);
	struct str name = check_text(L, 2, "env:count", ENVELOPE_NAMES_MAX);
	lua_Integer count = 0;

	note_lookup(&a->notes, FAMILY_SERVICE, name);
	if (a->world->instances != NULL)
		a->world->instances(a->world->names, name, count_one, &count);
	sandbox_charge(L, (size_t)count);
	lua_pushinteger(L, count);
	return 1;
}

void
env_define(lua_State *L)
{
	static const luaL_Reg methods[] = { { "now", l_now }, { "clock", l_clock }, { "random", l_random },
		{ "knows", l_knows }, { "count", l_count }, { NULL, NULL } };

	object_define(L, OBJECT_ENV);
	lua_createtable(L, 0, 8);
	lua_pushinteger(L, FACT_FAMILY);
	lua_setfield(L, -2, "family");
	lua_pushinteger(L, FACT_ACTION);
	lua_setfield(L, -2, "action");
	object_methods(L, methods);
	object_index(L, env_index);
	lua_pop(L, 1);
}

void
env_push(lua_State *L, const struct policy *p)
{
	struct handle *h = object_new(L, OBJECT_ENV, sizeof *h, 0);

	h->number = p->asked;
}
