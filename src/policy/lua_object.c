/* lua_object.c - userdata that cannot be changed, and some that are over when their call is. */
#include "policy/inside.h"

static const char keys[OBJECT_COUNT];	/* their addresses are the metatables' names in the registry */
static const char *const type_names[OBJECT_COUNT] = {
	[OBJECT_FEDX] = "fedx", [OBJECT_MSG] = "msg", [OBJECT_PEER] = "peer", [OBJECT_ENV] = "env",
	[OBJECT_INSTANCES] = "instances", [OBJECT_INSTANCE] = "instance", [OBJECT_ROUTE] = "route", [OBJECT_WORDS] = "words",
	[OBJECT_VALUE] = "verdict",
	[OBJECT_ACTION] = "action", [OBJECT_LIST] = "set", [OBJECT_PATTERN] = "pattern"
};

static uint32_t
tag_of(enum object object)
{
	return 0xfed30000u | (uint32_t)object;
}

static int
refuse_change(lua_State *L)
{
	return policy_fail(L, "%s cannot be changed", lua_tostring(L, lua_upvalueindex(1)));
}

static int
say_name(lua_State *L)	/* never an address: it would differ from run to run */
{
	lua_pushvalue(L, lua_upvalueindex(1));
	return 1;
}

void
object_define(lua_State *L, enum object object)
{
	const char *name = type_names[object];

	lua_createtable(L, 0, 8);
	lua_pushstring(L, name);
	lua_setfield(L, -2, "__name");
	lua_pushstring(L, name);
	lua_setfield(L, -2, "__metatable");
	lua_pushstring(L, name);
	lua_pushcclosure(L, refuse_change, 1);
	lua_setfield(L, -2, "__newindex");
	lua_pushstring(L, name);
	lua_pushcclosure(L, say_name, 1);
	lua_setfield(L, -2, "__tostring");
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &keys[object]);
}

void
object_index(lua_State *L, lua_CFunction index)
{
	lua_pushcclosure(L, index, 1);
	lua_setfield(L, -2, "__index");
}

void
object_methods(lua_State *L, const luaL_Reg *methods)
{
	for (; methods->name; methods++) {
		lua_pushvalue(L, -1);
		lua_pushcclosure(L, methods->func, 1);
		lua_setfield(L, -2, methods->name);
	}
}

void *
object_new(lua_State *L, enum object object, size_t size, int slots)
{
	uint32_t *tag = lua_newuserdatauv(L, size, slots);

	*tag = tag_of(object);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &keys[object]);
	lua_setmetatable(L, -2);
	return tag;
}

void *
object_at(lua_State *L, int at, enum object object)
{
	uint32_t *tag;

	if (lua_type(L, at) != LUA_TUSERDATA || lua_rawlen(L, at) < sizeof *tag)
		return NULL;
	tag = lua_touserdata(L, at);
	return *tag == tag_of(object) ? tag : NULL;
}

const char *
object_type(lua_State *L, int at)
{
	for (unsigned i = 0; i < OBJECT_COUNT; i++)
		if (object_at(L, at, (enum object)i))
			return type_names[i];
	return luaL_typename(L, at);
}

void
text_push(lua_State *L, struct str s)
{
	if (s.n > 0)
		lua_pushlstring(L, s.p, s.n);
	else
		lua_pushnil(L);
}

struct asking *
object_live(lua_State *L, int at, enum object object)
{
	const char *name = type_names[object];
	const struct handle *h = object_at(L, at, object);
	const struct policy *p = policy_of(L);

	if (h == NULL)
		policy_fail(L, "want %s here: call it as %s:NAME(...), with a colon", name, name);
	if (p->now == NULL || h->number != p->asked)
		policy_fail(L, "%s is over: it is good for one call of a hook", name);
	return p->now;
}
