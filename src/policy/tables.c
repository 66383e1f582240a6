/* tables.c - the table library: each call pays for what it touches, and sort is the same everywhere. */
#include <lualib.h>

#include "policy/sandbox_in.h"

/* insert(list, [position,] value), remove(list [, position]): what stands behind moves */
static int
l_shift(lua_State *L)
{
	lua_Integer n;
	bool at_end = lua_gettop(L) < (int)lua_tointeger(L, lua_upvalueindex(2));

	luaL_checktype(L, 1, LUA_TTABLE);
	if (!at_end) {
		charge_texts(L, 2, 2);
		if ((n = luaL_len(L, 1)) > 0)
			sandbox_charge(L, (size_t)n);
	}
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* move(from, first, last, at [, to]) */
static int
l_move(lua_State *L)
{
	lua_Integer first, last;

	charge_texts(L, 2, 4);
	first = luaL_checkinteger(L, 2);
	last = luaL_checkinteger(L, 3);
	luaL_checktype(L, 1, LUA_TTABLE);
	if (last >= first)
		sandbox_charge(L, (size_t)last - (size_t)first);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* unpack(list [, first [, last]]) */
static int
l_unpack(lua_State *L)
{
	lua_Integer first, last;

	charge_texts(L, 2, 3);
	first = luaL_optinteger(L, 2, 1);
	last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
	if (last >= first && (lua_Unsigned)last - (lua_Unsigned)first >= SANDBOX_RESULTS)
		return luaL_error(L, "too many results to unpack: at most %d", SANDBOX_RESULTS);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* concat(list [, separator [, first [, last]]]) */
static int
l_concat(lua_State *L)
{
	size_t gap;
	const char *sep;
	lua_Integer at, last;
	luaL_Buffer b;

	luaL_checktype(L, 1, LUA_TTABLE);
	charge_texts(L, 3, 4);
	last = luaL_len(L, 1);
	sep = luaL_optlstring(L, 2, "", &gap);
	at = luaL_optinteger(L, 3, 1);
	last = luaL_optinteger(L, 4, last);
	luaL_buffinit(L, &b);
	for (; at <= last; at++) {
		sandbox_charge(L, 1);
		lua_geti(L, 1, at);
		if (!lua_isstring(L, -1))
			return luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)at);
		luaL_addvalue(&b);
		if (at == last)		/* it may be the largest integer */
			break;
		luaL_addlstring(&b, sep, gap);
	}
	luaL_pushresult(&b);
	return 1;
}

/* The order of [a] and [b]; the comparison is at index 2, or nil. */
static bool
is_less(lua_State *L, int table, lua_Integer a, lua_Integer b)
{
	size_t n, m;
	bool less;

	sandbox_charge(L, 2);
	if (lua_isnil(L, 2)) {
		lua_rawgeti(L, table, a);
		lua_rawgeti(L, table, b);
		n = (size_t)lua_rawlen(L, -2);
		m = (size_t)lua_rawlen(L, -1);
		if (lua_type(L, -1) == LUA_TSTRING)
			sandbox_charge(L, (n < m ? n : m) / BYTES_A_STEP);
		less = lua_compare(L, -2, -1, LUA_OPLT);
		lua_pop(L, 2);
		return less;
	}
	lua_pushvalue(L, 2);
	lua_rawgeti(L, table, a);
	lua_rawgeti(L, table, b);
	lua_call(L, 2, 1);
	less = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return less;
}

/* Two sorted runs of `from`, [low, mid) and [mid, high), into `to`. */
static void
merge(lua_State *L, int from, int to, lua_Integer low, lua_Integer mid, lua_Integer high)
{
	lua_Integer a = low, b = mid;

	for (lua_Integer i = low; i < high; i++) {
		if (b >= high || (a < mid && !is_less(L, from, b, a)))
			lua_rawgeti(L, from, a++);
		else
			lua_rawgeti(L, from, b++);
		lua_rawseti(L, to, i);
	}
}

/*
 * sort(list [, less]): a merge sort.  Lua's own asks the clock where to start
 * when a list is unlucky, and so what is equal could end in another order each
 * time; this one keeps it, and whatever `less` says, it ends.
 */
static int
l_sort(lua_State *L)
{
	enum { FROM = 3, TO = 4 };
	lua_Integer n, mid, high;
	int from = FROM, to = TO;

	luaL_checktype(L, 1, LUA_TTABLE);
	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	if ((n = luaL_len(L, 1)) > 0)
		sandbox_charge(L, 2 * (size_t)n);
	if (table_is_frozen(L, 1)) {	/* also when there is nothing to move */
		lua_rawgeti(L, 1, 1);
		lua_seti(L, 1, 1);
	}
	lua_newtable(L);
	lua_newtable(L);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_geti(L, 1, i);
		lua_rawseti(L, FROM, i);
	}
	for (lua_Integer run = 1; run < n; run *= 2) {
		for (lua_Integer low = 1; low <= n; low += 2 * run) {
			mid = low + run <= n + 1 ? low + run : n + 1;
			high = mid + run <= n + 1 ? mid + run : n + 1;
			merge(L, from, to, low, mid, high);
		}
		from = from == FROM ? TO : FROM;
		to = to == FROM ? TO : FROM;
	}
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, from, i);
		lua_seti(L, 1, i);
	}
	return 0;
}

static void
wrap(lua_State *L, const char *name, lua_CFunction by)
{
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, by, 1);
	lua_setfield(L, -2, name);
}

static void
wrap_shift(lua_State *L, const char *name, int arguments)
{
	lua_getfield(L, -1, name);
	lua_pushinteger(L, arguments);
	lua_pushcclosure(L, l_shift, 2);
	lua_setfield(L, -2, name);
}

void
tables_open(lua_State *L)
{
	lua_pushcfunction(L, luaopen_table);
	lua_call(L, 0, 1);
	wrap_shift(L, "insert", 3);
	wrap_shift(L, "remove", 2);
	wrap(L, "move", l_move);
	wrap(L, "unpack", l_unpack);
	lua_pushcfunction(L, l_concat);
	lua_setfield(L, -2, "concat");
	lua_pushcfunction(L, l_sort);
	lua_setfield(L, -2, "sort");
}
