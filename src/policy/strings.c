/*
 * strings.c - string.find, match, gmatch and gsub, by matcher.h: like Lua's
 * own, but they cannot take longer than the budget.
 */
#include <ctype.h>

#include "policy/matcher.h"
#include "policy/sandbox_in.h"

static struct matcher
matcher(lua_State *L, struct str subject, struct str pattern)
{
	struct matcher m = { .L = L, .start = subject.p, .end = subject.p + subject.n,
	    .stop = pattern.p + pattern.n };

	return m;
}

static struct str
check_str(lua_State *L, int at)
{
	struct str s;

	s.p = luaL_checklstring(L, at, &s.n);
	return s;
}

/* Capture i, or without any the whole of s..end. */
static void
push_capture(struct matcher *m, int i, const char *s, const char *end)
{
	if (i >= m->captures) {
		if (i != 0)
			luaL_error(m->L, "invalid capture index %%%d", i + 1);
		lua_pushlstring(m->L, s, (size_t)(end - s));
	} else if (m->capture[i].n == CAPTURE_POSITION)
		lua_pushinteger(m->L, m->capture[i].at - m->start + 1);
	else if (m->capture[i].n == CAPTURE_OPEN)
		luaL_error(m->L, "unfinished capture");
	else
		lua_pushlstring(m->L, m->capture[i].at, (size_t)m->capture[i].n);
}

static int
push_captures(struct matcher *m, const char *s, const char *end)
{
	int n = m->captures == 0 && s ? 1 : m->captures;

	luaL_checkstack(m->L, n, "too many captures");
	for (int i = 0; i < n; i++)
		push_capture(m, i, s, end);
	return n;
}

/* Where to begin, from 0; over n: behind the end. */
static size_t
check_init(lua_State *L, int at, size_t n)
{
	lua_Integer i;

	charge_texts(L, at, at);
	i = luaL_optinteger(L, at, 1);
	if (i > 0)
		return (size_t)i - 1;
	return i == 0 || (lua_Unsigned)0 - (lua_Unsigned)i > n ? 0 : n - ((size_t)0 - (size_t)i);
}

static const char *
find_plain(struct matcher *m, const char *s, struct str what)
{
	const char *at;

	if (what.n == 0)
		return s;
	while ((size_t)(m->end - s) >= what.n) {
		at = memchr(s, what.p[0], (size_t)(m->end - s) - what.n + 1);
		match_step(m, 1 + (size_t)((at ? at : m->end) - s) / BYTES_A_STEP + what.n / BYTES_A_STEP);
		if (!at || memcmp(at, what.p, what.n) == 0)
			return at;
		s = at + 1;
	}
	return NULL;
}

static bool
is_plain(struct str pattern)
{
	for (size_t i = 0; i < pattern.n; i++)
		if (pattern.p[i] && strchr("^$*+?.([%-", pattern.p[i]))
			return false;
	return true;
}

static int
find_or_match(lua_State *L, bool find)
{
	struct str subject = check_str(L, 1), pattern = check_str(L, 2);
	size_t init = check_init(L, 3, subject.n);
	struct matcher m = matcher(L, subject, pattern);
	const char *s, *end, *p = pattern.p;
	bool anchored;

	if (init > subject.n)
		return luaL_pushfail(L), 1;
	s = subject.p + init;
	match_step(&m, pattern.n / BYTES_A_STEP_READ);
	if (find && (lua_toboolean(L, 4) || is_plain(pattern))) {
		s = find_plain(&m, s, pattern);
		sandbox_charge(L, m.steps);
		if (!s)
			return luaL_pushfail(L), 1;
		lua_pushinteger(L, s - subject.p + 1);
		lua_pushinteger(L, s - subject.p + (lua_Integer)pattern.n);
		return 2;
	}
	anchored = pattern.n && *p == '^';
	p += anchored;
	do {
		if ((end = match_from(&m, s, p)) == NULL)
			continue;
		sandbox_charge(L, m.steps);
		if (!find)
			return push_captures(&m, s, end);
		lua_pushinteger(L, s - subject.p + 1);
		lua_pushinteger(L, end - subject.p);
		return push_captures(&m, NULL, NULL) + 2;
	} while (s++ < m.end && !anchored);
	sandbox_charge(L, m.steps);
	return luaL_pushfail(L), 1;
}

/* find(s, pattern [, init [, plain]]) -> first, last, captures... */
static int
l_find(lua_State *L)
{
	return find_or_match(L, true);
}

/* match(s, pattern [, init]) -> captures... */
static int
l_match(lua_State *L)
{
	return find_or_match(L, false);
}

/* Upvalues: subject, pattern, where to go on, where the last match ended or -1:
 * as integers, so that a frozen policy cannot keep anything in them. */
static int
l_gmatch_next(lua_State *L)
{
	enum { SUBJECT = 1, PATTERN, AT, LAST };
	struct str subject = check_str(L, lua_upvalueindex(SUBJECT));
	struct str pattern = check_str(L, lua_upvalueindex(PATTERN));
	lua_Integer at = lua_tointeger(L, lua_upvalueindex(AT)), last = lua_tointeger(L, lua_upvalueindex(LAST));
	struct matcher m = matcher(L, subject, pattern);
	const char *end;

	for (; at <= (lua_Integer)subject.n; at++) {
		end = match_from(&m, subject.p + at, pattern.p);
		if (!end || end - subject.p == last)
			continue;
		sandbox_charge(L, m.steps);
		lua_pushinteger(L, end - subject.p);
		lua_copy(L, -1, lua_upvalueindex(AT));
		lua_replace(L, lua_upvalueindex(LAST));
		return push_captures(&m, subject.p + at, end);
	}
	sandbox_charge(L, m.steps);
	return 0;
}

bool
strings_write(lua_CFunction f)
{
	return f == l_gmatch_next;
}

/* gmatch(s, pattern [, init]) -> iterator */
static int
l_gmatch(lua_State *L)
{
	struct str subject = check_str(L, 1);
	size_t init;

	check_str(L, 2);
	init = check_init(L, 3, subject.n);
	lua_settop(L, 2);
	lua_pushinteger(L, (lua_Integer)(init > subject.n ? subject.n + 1 : init));
	lua_pushinteger(L, -1);
	lua_pushcclosure(L, l_gmatch_next, 4);
	return 1;
}

/* The replacement text with its %0 .. %9 filled in. */
static void
add_text(struct matcher *m, luaL_Buffer *b, const char *s, const char *end)
{
	size_t n, length;
	const char *r = lua_tolstring(m->L, 3, &n), *stop = r + n, *at;

	match_step(m, n / BYTES_A_STEP_READ);
	for (; (at = memchr(r, '%', (size_t)(stop - r))) != NULL; r = at + 1) {
		match_step(m, 1);
		luaL_addlstring(b, r, (size_t)(at - r));
		at++;			/* the byte behind a Lua string is NUL */
		if (*at == '%')
			luaL_addchar(b, '%');
		else if (*at == '0')
			luaL_addlstring(b, s, (size_t)(end - s));
		else if (isdigit((unsigned char)*at)) {
			push_capture(m, *at - '1', s, end);
			(void)luaL_tolstring(m->L, -1, &length);
			lua_remove(m->L, -2);
			luaL_addvalue(b);
		} else
			luaL_error(m->L, "invalid use of '%%' in replacement string");
	}
	luaL_addlstring(b, r, (size_t)(stop - r));
}

static void
add_value(struct matcher *m, luaL_Buffer *b, const char *s, const char *end)
{
	lua_State *L = m->L;

	switch (lua_type(L, 3)) {
	case LUA_TFUNCTION:
		lua_pushvalue(L, 3);
		lua_call(L, push_captures(m, s, end), 1);
		break;
	case LUA_TTABLE:
		push_capture(m, 0, s, end);
		lua_gettable(L, 3);
		break;
	default:
		add_text(m, b, s, end);
		return;
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		luaL_addlstring(b, s, (size_t)(end - s));
	} else if (!lua_isstring(L, -1))
		luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	else
		luaL_addvalue(b);
}

/* gsub(s, pattern, replacement [, most]) -> string, how many */
static int
l_gsub(lua_State *L)
{
	struct str subject = check_str(L, 1), pattern = check_str(L, 2);
	int type = lua_type(L, 3);
	lua_Integer most, n = 0;
	const char *s = subject.p, *p = pattern.p, *end, *last = NULL;
	struct matcher m = matcher(L, subject, pattern);
	bool anchored = pattern.n && *p == '^';
	luaL_Buffer b;

	luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
	    type == LUA_TTABLE, 3, "string/function/table");
	charge_texts(L, 4, 4);
	most = luaL_optinteger(L, 4, (lua_Integer)subject.n + 1);
	p += anchored;
	luaL_buffinit(L, &b);
	while (n < most) {
		if ((end = match_from(&m, s, p)) != NULL && end != last) {
			n++;
			add_value(&m, &b, s, end);
			s = last = end;
		} else if (s < m.end)
			luaL_addchar(&b, *s++);
		else
			break;
		if (anchored)
			break;
	}
	sandbox_charge(L, m.steps);
	luaL_addlstring(&b, s, (size_t)(m.end - s));
	luaL_pushresult(&b);
	lua_pushinteger(L, n);
	return 2;
}

void
strings_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "find", l_find }, { "match", l_match }, { "gmatch", l_gmatch }, { "gsub", l_gsub },
		{ NULL, NULL }
	};

	luaL_setfuncs(L, functions, 0);
}
