/* base.c - the globals: what a policy may use of Lua's own, and nothing else. */
#include <lualib.h>
#include <string.h>

#include "policy/sandbox_in.h"

/* Taken over as they are. */
static const char *const kept[] = { "assert", "error", "ipairs", "pcall", "rawequal", "select", "tonumber", "type", "_VERSION" };

void
charge_texts(lua_State *L, int first, int last)
{
	int top = lua_gettop(L);
	size_t steps = 0;

	for (int i = first; i <= last && i <= top; i++)
		if (lua_type(L, i) == LUA_TSTRING)
			steps += (size_t)lua_rawlen(L, i) / BYTES_A_STEP_READ;
	if (steps > 0)
		sandbox_charge(L, steps);
}

/* NAME(...) as it was, but its price is the length of what it is given. */
static int
l_metered(lua_State *L)
{
	charge_texts(L, (int)lua_tointeger(L, lua_upvalueindex(2)), (int)lua_tointeger(L, lua_upvalueindex(3)));
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void
meter(lua_State *L, int table, const char *name, int first, int last)
{
	table = lua_absindex(L, table);
	lua_getfield(L, table, name);
	lua_pushinteger(L, first);
	lua_pushinteger(L, last);
	lua_pushcclosure(L, l_metered, 3);
	lua_setfield(L, table, name);
}

void
sandbox_tostring(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	luaL_checkstack(L, 3, NULL);
	switch (lua_type(L, index)) {
	case LUA_TTABLE:
	case LUA_TFUNCTION:
		lua_pushstring(L, luaL_typename(L, index));
		break;
	case LUA_TUSERDATA:
		if (luaL_callmeta(L, index, "__tostring")) {
			if (!lua_isstring(L, -1))
				luaL_error(L, "'__tostring' must return a string");
		} else if (luaL_getmetafield(L, index, "__name") != LUA_TSTRING) {
			lua_pushliteral(L, "userdata");
		}
		break;
	case LUA_TLIGHTUSERDATA:
	case LUA_TTHREAD:
		lua_pushliteral(L, "userdata");
		break;
	default:
		luaL_tolstring(L, index, NULL);
	}
}

/* tostring(value) -> string */
static int
l_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	sandbox_tostring(L, 1);
	return 1;
}

/* rawget(table, key) -> value, also of a frozen table */
static int
l_rawget(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checkany(L, 2);
	lua_settop(L, 2);
	sandbox_contents(L, 1);
	lua_pushvalue(L, 2);
	lua_rawget(L, -2);
	return 1;
}

/* rawlen(table or string) -> integer */
static int
l_rawlen(lua_State *L)
{
	luaL_argexpected(L, lua_istable(L, 1) || lua_type(L, 1) == LUA_TSTRING, 1, "table or string");
	sandbox_contents(L, 1);
	lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
	return 1;
}

/* The handler of an xpcall: hooks are off in it while the hook itself raises,
 * and so the policy's own handler must not run then. */
static int
l_handler(lua_State *L)
{
	if (sandbox_of(L)->overrun)
		return 1;
	lua_settop(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

/* xpcall(f, handler, ...) */
static int
l_xpcall(lua_State *L)
{
	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, l_handler, 1);
	lua_replace(L, 2);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static const luaL_Reg own[] = {
	{ "tostring", l_tostring },
	{ "rawget", l_rawget },
	{ "rawlen", l_rawlen },
	{ NULL, NULL }
};

/* Each function of the table on top. */
static void
meter_all(lua_State *L)
{
	const char *name;

	lua_pushnil(L);
	while (lua_next(L, -2)) {
		name = lua_tostring(L, -2);
		if (lua_iscfunction(L, -1))
			meter(L, -3, name, 1, EACH);
		lua_pop(L, 1);
	}
}

/* math without chance; that is env's */
static void
math_open(lua_State *L)
{
	lua_pushcfunction(L, luaopen_math);
	lua_call(L, 0, 1);
	lua_pushnil(L);
	lua_setfield(L, -2, "random");
	lua_pushnil(L);
	lua_setfield(L, -2, "randomseed");
	meter_all(L);
}

/* The iterator of utf8.codes(s), whoever calls it: it skips what continues a character. */
static int
l_next_code(lua_State *L)
{
	size_t n, end, at;
	const char *s = luaL_checklstring(L, 1, &n);

	luaL_argexpected(L, lua_type(L, 2) == LUA_TNUMBER, 2, "number");
	at = end = (size_t)luaL_checkinteger(L, 2);
	while (end < n && ((unsigned char)s[end] & 0xc0) == 0x80)
		end++;
	sandbox_charge(L, (end - at) / BYTES_A_STEP_READ);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* codes(s [, lax]) -> iterator, s, 0 */
static int
l_codes(lua_State *L)
{
	int results = lua_tocfunction(L, lua_upvalueindex(1))(L);

	lua_pushvalue(L, -results);
	lua_pushcclosure(L, l_next_code, 1);
	lua_replace(L, -results - 1);
	return results;
}

static void
utf8_open(lua_State *L)
{
	lua_pushcfunction(L, luaopen_utf8);
	lua_call(L, 0, 1);
	meter(L, -1, "len", 1, EACH);
	meter(L, -1, "offset", 1, EACH);
	meter(L, -1, "char", 1, EACH);
	lua_getfield(L, -1, "codepoint");
	lua_pushcclosure(L, formats_few, 1);
	lua_setfield(L, -2, "codepoint");
	lua_getfield(L, -1, "codes");
	lua_pushcclosure(L, l_codes, 1);
	lua_setfield(L, -2, "codes");
}

static void
string_open(lua_State *L)
{
	static const char *const costly[] = { "len", "lower", "reverse", "sub", "upper", "char" };
	static const char *const absent[] = { "dump", "pack", "packsize", "unpack" };

	lua_pushcfunction(L, luaopen_string);	/* gives strings their metatable, too */
	lua_call(L, 0, 1);
	for (size_t i = 0; i < sizeof costly / sizeof *costly; i++)
		meter(L, -1, costly[i], 1, EACH);
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
		lua_pushnil(L);
		lua_setfield(L, -2, absent[i]);
	}
	strings_open(L);
	formats_open(L);
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	meter_all(L);			/* "10" + 1 */
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 2);
}

void
base_open(lua_State *L)
{
	int globals, all;

	luaL_checkstack(L, LUA_MINSTACK, NULL);
	lua_newtable(L);
	globals = lua_gettop(L);
	lua_pushcfunction(L, luaopen_base);
	lua_call(L, 0, 1);
	all = globals + 1;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		lua_getfield(L, all, kept[i]);
		lua_setfield(L, globals, kept[i]);
	}
	meter(L, globals, "error", 2, 2);	/* the message is raised as it is */
	meter(L, globals, "rawequal", 1, 2);
	meter(L, globals, "select", 1, 1);
	meter(L, globals, "tonumber", 1, 2);
	lua_getfield(L, all, "xpcall");
	lua_pushcclosure(L, l_xpcall, 1);
	lua_setfield(L, globals, "xpcall");
	/* whatever else reached it is gone with what it held */
	lua_pushnil(L);
	while (lua_next(L, all)) {
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_pushnil(L);
		lua_rawset(L, all);
	}
	lua_settop(L, globals);
	luaL_setfuncs(L, own, 0);
	order_open(L);
	modules_open(L);
	math_open(L);
	lua_setfield(L, globals, "math");
	string_open(L);
	lua_setfield(L, globals, "string");
	tables_open(L);
	lua_setfield(L, globals, "table");
	utf8_open(L);
	lua_setfield(L, globals, "utf8");
	lua_pushvalue(L, globals);
	lua_setfield(L, globals, "_G");
}
