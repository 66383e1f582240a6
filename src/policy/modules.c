/* modules.c - require: from the bundle, then from fedx's own Lua, and from nowhere else. */
#include "policy/sandbox_in.h"

enum { MODULE_NAME_MAX = 100 };

static const char modules_key;
static const char loading;	/* its address stands for a module that is on its way */

void
modules_push(lua_State *L)
{
	luaL_checkstack(L, 4, NULL);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key) == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &modules_key);
}

void
sandbox_module(lua_State *L, const char *name)
{
	modules_push(L);
	lua_insert(L, -2);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

/* "a.b" becomes "a/b.lua"; false: no name of a module. */
static bool
file_name(struct str name, char to[MODULE_NAME_MAX + 5])
{
	bool after_dot = true;

	if (name.n == 0 || name.n > MODULE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool word = c == '_' || c == '-' || (c >= '0' && c <= '9') ||
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!word && (c != '.' || after_dot))
			return false;
		after_dot = c == '.';
		to[i] = after_dot ? '/' : c;
	}
	memcpy(to + name.n, ".lua", 5);
	return !after_dot;
}

/* The compiled file on top, or raises. */
static void
load_module(lua_State *L, struct str name)
{
	struct bundle *b = sandbox_of(L)->bundle;
	char file[MODULE_NAME_MAX + 5];
	struct str text;
	struct err e;
	int found = 0;

	if (!file_name(name, file))
		luaL_error(L, "'%s' is no name of a module; want one like \"a\" or \"a.b\"", name.p);
	if (b && (found = bundle_file(b, str(file), BUNDLE_FILE_MAX, &text, &e)) == 0)
		found = bundle_library(b, str(file), &text, &e);
	if (found == -1)
		luaL_error(L, "%s", e.text);
	if (found == 0)
		luaL_error(L, "there is no module '%s': no '%s' beside the policy or in fedx's own Lua", name.p, file);
	sandbox_charge(L, text.n / BYTES_A_STEP_READ);
	if (load_text(L, str(file), text) != LUA_OK)
		lua_error(L);
}

/* require(name) -> what the module returned, once */
static int
l_require(lua_State *L)
{
	struct str name;

	name.p = luaL_checklstring(L, 1, &name.n);
	lua_settop(L, 1);
	modules_push(L);
	lua_pushvalue(L, 1);
	if (lua_rawget(L, 2) != LUA_TNIL) {
		if (lua_touserdata(L, 3) == &loading)
			return luaL_error(L, "module '%s' requires itself", name.p);
		return 1;
	}
	if (sandbox_of(L)->frozen)
		return luaL_error(L, "policy is frozen after it is loaded: require '%s' outside of the hook", name.p);
	load_module(L, name);
	lua_pushvalue(L, 1);
	lua_pushlightuserdata(L, (void *)(uintptr_t)&loading);
	lua_rawset(L, 2);
	lua_pushvalue(L, 1);
	if (lua_pcall(L, 1, 1, 0) != LUA_OK) {	/* so that it can be tried again */
		lua_pushvalue(L, 1);
		lua_pushnil(L);
		lua_rawset(L, 2);
		return lua_error(L);
	}
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_pushboolean(L, 1);
	}
	lua_pushvalue(L, 1);
	lua_pushvalue(L, -2);
	lua_rawset(L, 2);
	return 1;
}

void
modules_open(lua_State *L)
{
	lua_pushcfunction(L, l_require);
	lua_setfield(L, -2, "require");
}
