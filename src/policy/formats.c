/* formats.c - string.rep, byte and format, without their ways to take forever or to tell addresses. */
#include <string.h>

#include "policy/sandbox_in.h"

enum { CONVERSION = 20 };	/* the price of one: a number may have 400 digits */

/* string.rep(s, n [, separator]) */
static int
l_rep(lua_State *L)
{
	size_t n, gap;
	const char *s = luaL_checklstring(L, 1, &n), *sep;
	lua_Integer times;
	luaL_Buffer b;

	charge_texts(L, 2, 2);
	times = luaL_checkinteger(L, 2);
	sep = luaL_optlstring(L, 3, "", &gap);
	if (times <= 0 || n + gap == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (n + gap > SANDBOX_STRING || times > (lua_Integer)(SANDBOX_STRING / (n + gap)) + 1)
		return luaL_error(L, "resulting string too large");
	sandbox_charge(L, (size_t)times);
	luaL_buffinit(L, &b);
	while (times-- > 1) {
		luaL_addlstring(&b, s, n);
		luaL_addlstring(&b, sep, gap);
	}
	luaL_addlstring(&b, s, n);
	luaL_pushresult(&b);
	return 1;
}

static lua_Integer
from_end(lua_Integer at, size_t n)
{
	if (at >= 0)
		return at;
	return (size_t)-at > n ? 0 : (lua_Integer)n + at + 1;
}

/* string.byte and utf8.codepoint: each byte from i to j may be one result */
int
formats_few(lua_State *L)
{
	size_t n;
	lua_Integer i, j;

	luaL_checklstring(L, 1, &n);
	charge_texts(L, 2, 3);
	i = from_end(luaL_optinteger(L, 2, 1), n);
	j = from_end(luaL_optinteger(L, 3, i), n);
	if (i < 1)
		i = 1;
	if (j > (lua_Integer)n)
		j = (lua_Integer)n;
	if (j - i >= SANDBOX_RESULTS)
		return luaL_error(L, "string slice too long: at most %d at once", SANDBOX_RESULTS);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* string.format(format, ...): Lua's own, once no argument and no %p can show an address */
static int
l_format(lua_State *L)
{
	size_t n;
	const char *f = luaL_checklstring(L, 1, &n), *end = f + n;
	int arg = 1, top = lua_gettop(L);

	sandbox_charge(L, n / BYTES_A_STEP_READ);
	while (f < end) {
		if (*f++ != '%')
			continue;
		if (f < end && *f == '%') {
			f++;
			continue;
		}
		while (f < end && *f && strchr("-+ #0123456789.", *f))
			f++;
		if (f >= end || ++arg > top)
			break;		/* Lua knows better what is wrong */
		if (*f == 'p')
			return luaL_error(L, "invalid conversion '%%p' to 'format': addresses are not for policies");
		sandbox_charge(L, CONVERSION);
		charge_texts(L, arg, arg);
		if (lua_type(L, arg) != LUA_TSTRING && *f == 's') {
			sandbox_tostring(L, arg);
			lua_replace(L, arg);
		}
	}
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void
formats_open(lua_State *L)
{
	lua_pushcfunction(L, l_rep);
	lua_setfield(L, -2, "rep");
	lua_getfield(L, -1, "byte");
	lua_pushcclosure(L, formats_few, 1);
	lua_setfield(L, -2, "byte");
	lua_getfield(L, -1, "format");
	lua_pushcclosure(L, l_format, 1);
	lua_setfield(L, -2, "format");
}
