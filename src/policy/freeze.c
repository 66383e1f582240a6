/*
 * freeze.c - what was loaded stays as it is: tables become read only, and the
 * locals that functions share are checked after each call.
 *
 * A table that is frozen gives all it holds to another one behind it, so that
 * a write finds no key and __newindex raises.  Every table of the program
 * stays the same object, wherever it is known.
 *
 * The walk starts at the globals and the modules.  What C functions and
 * userdata hold is their own business: such tables are walked through, for
 * the functions in them, but frozen only if Lua can reach them as well.
 */
#include <string.h>

#include "policy/sandbox_in.h"

enum { HELD = 1, OPEN = 2 };		/* reached only through C; by Lua */
enum { NEXT = 1, SEEN = 2, LATER = 3, KEPT = 4, WALK_SLOTS = 4 };	/* stack of a walk */

/*
 * What no call may change, laid out so that a look at it costs a compare: on
 * the stack of a Lua thread that never runs, a function and the value of its
 * upvalue for each.  The key keeps the thread in the registry.
 */
static const char thread_key, kept_key;
struct kept { int upvalue; bool number; };
enum { FUNCTION = 1, VALUE = 2, KEPT_SLOTS = 2 };	/* from 2 * i on */

static int
on_write(lua_State *L)
{
	if (lua_type(L, 2) == LUA_TSTRING && lua_rawlen(L, 2) <= 60)
		return luaL_error(L, "cannot set '%s': policy is frozen after it is loaded", lua_tostring(L, 2));
	return luaL_error(L, "policy is frozen after it is loaded");
}

static int
on_len(lua_State *L)
{
	sandbox_contents(L, 1);
	lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
	return 1;
}

void
sandbox_contents(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	luaL_checkstack(L, 3, NULL);
	if (lua_type(L, index) == LUA_TTABLE && lua_getmetatable(L, index)) {
		lua_pushliteral(L, "__newindex");
		lua_rawget(L, -2);
		if (lua_tocfunction(L, -1) == on_write) {
			lua_pop(L, 1);
			lua_pushliteral(L, "__index");
			lua_rawget(L, -2);
			lua_remove(L, -2);
			return;
		}
		lua_pop(L, 2);
	}
	lua_pushvalue(L, index);
}

bool
table_is_frozen(lua_State *L, int index)
{
	bool is;

	index = lua_absindex(L, index);
	sandbox_contents(L, index);
	is = !lua_rawequal(L, -1, index);
	lua_pop(L, 1);
	return is;
}

/* The table at index; one that has a metatable of somebody else is left alone. */
static void
freeze_one(lua_State *L, int index)
{
	if (lua_getmetatable(L, index)) {
		lua_pop(L, 1);
		return;
	}
	lua_newtable(L);
	lua_pushnil(L);
	while (lua_next(L, index)) {
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, -5);
		lua_pop(L, 1);
	}
	/* only now: a copy that found no memory has lost nothing */
	lua_createtable(L, 0, 4);
	lua_pushvalue(L, -2);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, on_write);
	lua_setfield(L, -2, "__newindex");
	lua_pushcfunction(L, on_len);
	lua_setfield(L, -2, "__len");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushnil(L);
	while (lua_next(L, index)) {
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_pushnil(L);
		lua_rawset(L, index);
	}
	lua_setmetatable(L, index);
	lua_pop(L, 1);
}

/* The value on top, which it pops: once as OPEN, and at most once before that as HELD. */
static void
visit(lua_State *L, int base, int how)
{
	int type = lua_type(L, -1), list = base + (how == OPEN ? NEXT : LATER);

	if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TUSERDATA) {
		lua_pop(L, 1);
		return;
	}
	lua_pushvalue(L, -1);
	lua_rawget(L, base + SEEN);
	if (lua_tointeger(L, -1) >= how) {
		lua_pop(L, 2);
		return;
	}
	lua_pop(L, 1);
	lua_pushvalue(L, -1);
	lua_pushinteger(L, how);
	lua_rawset(L, base + SEEN);
	lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

/* Of C functions only iterators write to what they hold. */
static bool
may_change(lua_State *L, int function)
{
	lua_CFunction f = lua_tocfunction(L, function);

	return !f || order_writes(f) || strings_write(f);
}

static void
visit_upvalues(lua_State *L, int base, int function)
{
	int how = lua_iscfunction(L, function) ? HELD : OPEN;
	bool changes = may_change(L, function);
	lua_Integer n;

	for (int i = 1; lua_getupvalue(L, function, i); i++) {
		visit(L, base, how);
		if (!changes)
			continue;
		if (lua_rawgetp(L, base + SEEN, lua_upvalueid(L, function, i)) == LUA_TNIL) {
			n = (lua_Integer)lua_rawlen(L, base + KEPT);
			lua_createtable(L, 3, 0);
			lua_pushvalue(L, function);
			lua_rawseti(L, -2, 1);
			lua_pushinteger(L, i);
			lua_rawseti(L, -2, 2);
			lua_getupvalue(L, function, i);
			lua_rawseti(L, -2, 3);
			lua_rawseti(L, base + KEPT, n + 1);
			lua_pushboolean(L, 1);
			lua_rawsetp(L, base + SEEN, lua_upvalueid(L, function, i));
		}
		lua_pop(L, 1);
	}
}

static void
visit_entries(lua_State *L, int base, int table, int how)
{
	sandbox_contents(L, table);
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		visit(L, base, how);
		lua_pushvalue(L, -1);
		visit(L, base, how);
	}
	lua_pop(L, 1);
}

/* Takes one off a list and looks at what it leads to; false: the list is empty. */
static bool
walk_one(lua_State *L, int base, int how)
{
	int list = base + (how == OPEN ? NEXT : LATER), at;
	lua_Integer n = (lua_Integer)lua_rawlen(L, list);

	if (n == 0)
		return false;
	lua_rawgeti(L, list, n);
	lua_pushnil(L);
	lua_rawseti(L, list, n);
	at = lua_gettop(L);
	switch (lua_type(L, at)) {
	case LUA_TFUNCTION:
		visit_upvalues(L, base, at);
		break;
	case LUA_TUSERDATA:
		for (int i = 1; lua_getiuservalue(L, at, i) != LUA_TNONE; i++)
			visit(L, base, HELD);
		lua_pop(L, 1);
		break;
	default:
		visit_entries(L, base, at, how);
		if (how == OPEN)
			freeze_one(L, at);
	}
	lua_settop(L, at - 1);
	return true;
}

static int
walk_begin(lua_State *L)
{
	int base = lua_gettop(L);

	luaL_checkstack(L, LUA_MINSTACK, NULL);
	for (int i = 0; i < WALK_SLOTS; i++)
		lua_newtable(L);
	return base;
}

static void
walk(lua_State *L, int base)
{
	while (walk_one(L, base, OPEN) || walk_one(L, base, HELD))
		;
}

static void
keep(lua_State *L, int list)
{
	int n = (int)lua_rawlen(L, list);
	struct kept *kept = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *kept, 0);
	lua_State *T;

	lua_rawsetp(L, LUA_REGISTRYINDEX, &kept_key);
	T = lua_newthread(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &thread_key);
	if (!lua_checkstack(T, KEPT_SLOTS * n + LUA_MINSTACK))
		luaL_error(L, "not enough memory");
	for (int i = 0; i < n; i++) {
		lua_rawgeti(L, list, i + 1);
		lua_rawgeti(L, -1, 1);
		lua_rawgeti(L, -2, 2);
		kept[i].upvalue = (int)lua_tointeger(L, -1);
		lua_pop(L, 1);
		lua_rawgeti(L, -2, 3);
		kept[i].number = lua_type(L, -1) == LUA_TNUMBER;
		lua_xmove(L, T, KEPT_SLOTS);
		lua_pop(L, 1);
	}
	sandbox_of(L)->still = T;
	sandbox_of(L)->kept = kept;
	sandbox_of(L)->kept_count = n;
}

void
freeze_all(lua_State *L)
{
	int base = walk_begin(L);

	lua_pushglobaltable(L);
	visit(L, base, OPEN);
	modules_push(L);
	visit_entries(L, base, lua_gettop(L), OPEN);
	lua_pop(L, 1);
	walk(L, base);
	keep(L, base + KEPT);
	lua_settop(L, base);
}

/* Tables in tables only: functions of a value are not its own. */
void
sandbox_table(lua_State *L)
{
	int base;

	luaL_checktype(L, -1, LUA_TTABLE);
	base = walk_begin(L);
	lua_pushvalue(L, base);
	visit(L, base, OPEN);
	for (lua_Integer n; (n = (lua_Integer)lua_rawlen(L, base + NEXT)) > 0;) {
		if (lua_rawgeti(L, base + NEXT, n) == LUA_TTABLE) {
			lua_pop(L, 1);
			walk_one(L, base, OPEN);
		} else {
			lua_pop(L, 1);
			lua_pushnil(L);
			lua_rawseti(L, base + NEXT, n);
		}
	}
	lua_settop(L, base);
}

/* The number at b and what is at a.  Also apart: 1 and 1.0, 0.0 and -0.0.  Also the same: two NaN. */
static bool
is_same_number(lua_State *L, int a, int b)
{
	lua_Number x, y;

	if (lua_type(L, a) != LUA_TNUMBER)
		return false;
	if (lua_isinteger(L, a) || lua_isinteger(L, b))
		return lua_isinteger(L, a) && lua_isinteger(L, b) && lua_tointeger(L, a) == lua_tointeger(L, b);
	x = lua_tonumber(L, a);
	y = lua_tonumber(L, b);
	return memcmp(&x, &y, sizeof x) == 0 || (x != x && y != y);
}

static void
say_changed(lua_State *L, int function, const char *name, struct err *e)
{
	lua_Debug ar;

	lua_pushvalue(L, function);
	if (lua_iscfunction(L, function) || !lua_getinfo(L, ">S", &ar)) {
		err_set(e, "an iterator outlives the hook that used it; make it within the hook");
		if (lua_iscfunction(L, function))
			lua_pop(L, 1);
		return;
	}
	err_set(e, "%s:%d: '%s' was changed, which this function shares with others; "
	    "a hook keeps nothing from one call to the next", ar.short_src,
	    ar.linedefined > 0 ? ar.linedefined : 1, name);
}

bool
freeze_kept(struct sandbox *s, struct err *e)
{
	lua_State *T = s->still;
	int top = lua_gettop(T);
	bool kept = true;

	for (int i = 0; i < s->kept_count; i++) {
		const struct kept *k = &s->kept[i];
		int function = KEPT_SLOTS * i + FUNCTION, value = KEPT_SLOTS * i + VALUE;
		const char *name = lua_getupvalue(T, function, k->upvalue);

		if (!(k->number ? is_same_number(T, -1, value) : lua_rawequal(T, -1, value))) {
			if (kept)
				say_changed(T, function, name, e);
			kept = false;
			lua_pushvalue(T, value);
			lua_setupvalue(T, function, k->upvalue);
		}
		lua_settop(T, top);
	}
	return kept;
}
