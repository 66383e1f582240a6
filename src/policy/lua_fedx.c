/*
 * lua_fedx.c - the module `fedx`: the verdicts, sets and actions of the files
 * beside, patterns and templates, and from lua/fedx what is written in Lua
 * (rules, window), when it is first used.
 */
#include "policy/inside.h"
#include "wire/envelope.h"

struct pattern_object { uint32_t tag; size_t n; char text[]; };

/* pattern("*.x.net") -> a pattern */
static int
l_pattern(lua_State *L)
{
	struct str text = check_pattern(L, 1, "fedx.pattern");
	struct pattern_object *p = object_new(L, OBJECT_PATTERN, sizeof *p + text.n, 0);

	p->n = text.n;
	memcpy(p->text, text.p, text.n);
	return 1;
}

/* pattern:covers(value) -> boolean; nil is covered by none */
static int
l_covers(lua_State *L)
{
	const struct pattern_object *p = object_at(L, 1, OBJECT_PATTERN);
	struct str value = { NULL, 0 };

	if (p == NULL)
		return policy_fail(L, "covers: call it as pattern:covers(value), with a colon");
	if (lua_type(L, 2) == LUA_TSTRING)
		value.p = lua_tolstring(L, 2, &value.n);
	else if (!lua_isnil(L, 2))
		return policy_fail(L, "covers: want a text or nil, not a %s", luaL_typename(L, 2));
	lua_pushboolean(L, value.n > 0 && value.n <= ENVELOPE_NAMES_MAX &&
	    pattern_holds(L, (struct str){ p->text, p->n }, value));
	return 1;
}

static void
put(lua_State *L, struct buf *to, struct str s)
{
	if (buf_str(to, s) == -1)
		policy_fail(L, "fedx.template: the result is too long");
}

/* template("/site-%1", value, ...) -> text; no value may bring a slash, a
 * star or an "@" into it */
static int
l_template(lua_State *L)
{
	static const char who[] = "fedx.template";
	struct str text = check_text(L, 1, who, ENVELOPE_NAMES_MAX), value;
	struct buf *to = &policy_of(L)->scratch;

	buf_eat(to, buf_len(to));
	while (text.n > 0) {
		const char *sign = memchr(text.p, '%', text.n);
		size_t plain = sign ? (size_t)(sign - text.p) : text.n;
		int at;

		put(L, to, str_head(text, plain));
		text = str_skip(text, plain);
		if (text.n == 0)
			break;
		if (text.n > 1 && text.p[1] == '%') {
			put(L, to, STR("%"));
		} else if (text.n > 1 && text.p[1] >= '1' && text.p[1] <= '9') {
			at = text.p[1] - '0' + 1;
			if (lua_isnoneornil(L, at))
				policy_fail(L, "%s: there is no value for %%%d", who, at - 1);
			value = check_text(L, at, who, NAME_MAX_BYTES);
			for (size_t i = 0; i < value.n; i++)
				if (memchr("/*@", value.p[i], 3) != NULL)
					policy_fail(L, "%s: '%s' would change what the pattern covers", who, value.p);
			if (value.n == 0)
				policy_fail(L, "%s: the value for %%%d is empty", who, at - 1);
			put(L, to, value);
		} else {
			policy_fail(L, "%s: want %%1 .. %%9, or %%%% for a percent sign", who);
		}
		text = str_skip(text, 2);
	}
	lua_pushlstring(L, buf_view(to).p, buf_len(to));
	return 1;
}

/* field(name) -> name, or raises: msg has no such field */
static int
l_field(lua_State *L)
{
	check_field(L, 1, "fedx.field");
	lua_settop(L, 1);
	return 1;
}

/* fail(text): raises it with the line of the policy, not of the module that found the mistake */
static int
l_fail(lua_State *L)
{
	return policy_fail(L, "%s", luaL_checkstring(L, 1));
}

static int
pattern_index(lua_State *L)
{
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
		fail_unknown(L, "pattern", 2, lua_upvalueindex(1));
	return 1;
}

/* The names that lua/fedx/NAME.lua stands for: read when first used, then kept. */
static int
fedx_index(lua_State *L)
{
	lua_pushvalue(L, 2);
	switch (lua_rawget(L, lua_upvalueindex(1))) {
	case LUA_TNIL:
		fail_unknown(L, "fedx", 2, lua_upvalueindex(1));
		return 0;
	case LUA_TBOOLEAN:
		lua_getglobal(L, "require");
		lua_pushfstring(L, "fedx.%s", lua_tostring(L, 2));
		lua_call(L, 1, 1);
		lua_pushvalue(L, 2);
		lua_pushvalue(L, -2);
		lua_rawset(L, lua_upvalueindex(1));
		return 1;
	default:
		return 1;
	}
}

int
fedx_library(lua_State *L)
{
	static const luaL_Reg functions[] = { { "pattern", l_pattern }, { "template", l_template },
		{ "field", l_field }, { "fail", l_fail }, { NULL, NULL } };
	static const luaL_Reg of_pattern[] = { { "covers", l_covers }, { NULL, NULL } };

	msg_define(L);
	env_define(L);
	instances_define(L);
	route_define(L);
	object_define(L, OBJECT_PATTERN);
	lua_createtable(L, 0, 1);
	object_methods(L, of_pattern);
	object_index(L, pattern_index);
	lua_pop(L, 1);

	object_define(L, OBJECT_FEDX);
	lua_createtable(L, 0, 32);
	object_methods(L, functions);
	verdict_library(L);
	list_library(L);
	action_library(L);
	lua_pushboolean(L, 1);
	lua_setfield(L, -2, "rules");
	lua_pushboolean(L, 1);
	lua_setfield(L, -2, "window");
	object_index(L, fedx_index);
	lua_pop(L, 1);

	object_new(L, OBJECT_FEDX, sizeof(struct handle), 0);
	lua_pushvalue(L, -1);
	lua_setglobal(L, "fedx");
	return 1;
}
