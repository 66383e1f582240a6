/* lua_json.c - see lua_json.h. */
#include "policy/lua_json.h"
#include "wire/json.h"

static void
push_text(lua_State *L, struct policy *p, struct str raw)
{
	buf_eat(&p->scratch, buf_len(&p->scratch));
	if (json_text(raw, &p->scratch) == -1)
		luaL_error(L, "a text of the event is too long");
	lua_pushlstring(L, buf_len(&p->scratch) ? buf_view(&p->scratch).p : "", buf_len(&p->scratch));
}

static void
push_number(lua_State *L, struct str number)
{
	char c[64];

	if (str_c(number, c, sizeof c) == -1 || lua_stringtonumber(L, c) == 0)
		lua_pushinteger(L, 0);
}

void
json_push(lua_State *L, struct policy *p, struct str value)
{
	struct str rest = value, name, inner;
	lua_Integer n = 0;

	luaL_checkstack(L, 8, NULL);
	sandbox_charge(L, 1);
	switch (json_type(value)) {
	case JSON_BOOL:
		lua_pushboolean(L, value.p[0] == 't');
		return;
	case JSON_NUMBER:
		push_number(L, value);
		return;
	case JSON_STRING:
		push_text(L, p, value);
		return;
	case JSON_ARRAY:
		lua_newtable(L);
		while (json_next_element(&rest, &inner)) {
			json_push(L, p, inner);
			lua_rawseti(L, -2, ++n);
		}
		break;
	case JSON_OBJECT:
		lua_newtable(L);
		while (json_next_member(&rest, &name, &inner)) {
			push_text(L, p, name);
			json_push(L, p, inner);
			lua_rawset(L, -3);
		}
		break;
	default:
		lua_pushnil(L);
		return;
	}
}
