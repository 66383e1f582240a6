/*
 * lua_msg.c - msg and peer: what is asked about, read only.  They note what
 * is read of them, and are over when the hook returns.
 *
 *	msg.to  msg.peer.node		a field, nil if it is empty
 *	msg:is("to", "a@x.net")		a test: noted instead of the field
 *	msg:under("to", "*.x.net")
 *	msg:starts("method", "get_")
 *	msg:has_tag("staff")		one of the words that `admit` gave the peer
 *	pairs(msg)			all fields that there are, sorted
 */
#include "policy/inside.h"

enum { PEER_OBJECT = FIELD_COUNT };	/* in the table of names: msg.peer is no text */

static const struct { const char *name; enum ask_field field; } peer_fields[] = {	/* sorted */
	{ "address", FIELD_peer_address }, { "admin", FIELD_peer_admin }, { "cluster", FIELD_peer_cluster },
	{ "from", FIELD_peer_from }, { "node", FIELD_peer_node }, { "role", FIELD_peer },
	{ "tags", FIELD_peer_tags }
};
enum { PEER_FIELDS = sizeof peer_fields / sizeof *peer_fields };

static struct asking *
live(lua_State *L, int at)
{
	return object_at(L, at, OBJECT_PEER) ? object_live(L, at, OBJECT_PEER) :
	    object_live(L, at, OBJECT_MSG);
}

static void
push_field(lua_State *L, struct asking *a, enum ask_field field)
{
	note_read(&a->notes, field);
	text_push(L, field_get(&a->subject, field));
}

static void
push_peer_of(lua_State *L, int msg)	/* one for each msg, so that it equals itself */
{
	if (lua_getiuservalue(L, msg, 1) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	peer_push(L, policy_of(L));
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, msg, 1);
}

static int
index_by(lua_State *L, enum object object, const char *name)
{
	struct asking *a = object_live(L, 1, object);
	lua_Integer field;

	lua_pushvalue(L, 2);
	switch (lua_rawget(L, lua_upvalueindex(1))) {
	case LUA_TNUMBER:
		if ((field = lua_tointeger(L, -1)) == PEER_OBJECT)
			push_peer_of(L, 1);
		else
			push_field(L, a, (enum ask_field)field);
		return 1;
	case LUA_TNIL:
		fail_unknown(L, name, 2, lua_upvalueindex(1));
		return 0;
	default:
		return 1;
	}
}

static int
msg_index(lua_State *L)
{
	return index_by(L, OBJECT_MSG, "msg");
}

static int
peer_index(lua_State *L)
{
	return index_by(L, OBJECT_PEER, "peer");
}

/* The field that a test is about; the methods' first upvalue knows the names. */
static enum ask_field
tested(lua_State *L)
{
	const char *who = object_at(L, 1, OBJECT_PEER) ? "peer" : "msg";
	lua_Integer field;

	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNUMBER)
		fail_unknown(L, who, 2, lua_upvalueindex(1));
	field = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return field == PEER_OBJECT ? FIELD_peer : (enum ask_field)field;
}

static int
test(lua_State *L, enum test_op op, struct asking *a, struct str what)
{
	enum ask_field field = tested(L);
	struct str value = field_get(&a->subject, field);
	bool holds = op == TEST_UNDER ? pattern_holds(L, what, value) : test_holds(op, value, what);

	note_test(&a->notes, field, op, what, holds);
	lua_pushboolean(L, holds);
	return 1;
}

/* msg:is(field, text) -> boolean; "" is: there is none */
static int
l_is(lua_State *L)
{
	struct asking *a = live(L, 1);

	return test(L, TEST_IS, a, check_text(L, 3, "is", ENVELOPE_NAMES_MAX));
}

/* msg:under(field, pattern) -> boolean */
static int
l_under(lua_State *L)
{
	struct asking *a = live(L, 1);

	return test(L, TEST_UNDER, a, check_pattern(L, 3, "under"));
}

/* msg:starts(field, prefix) -> boolean */
static int
l_starts(lua_State *L)
{
	struct asking *a = live(L, 1);

	return test(L, TEST_STARTS, a, check_text(L, 3, "starts", ENVELOPE_NAMES_MAX));
}

/* msg:has_tag(word) -> boolean */
static int
l_has_tag(lua_State *L)
{
	struct asking *a = live(L, 1);
	struct str want = check_text(L, 2, "has_tag", ENVELOPE_NAMES_MAX);

	note_read(&a->notes, FIELD_peer_tags);
	lua_pushboolean(L, words_hold(L, field_get(&a->subject, FIELD_peer_tags), want));
	return 1;
}

/* The names of msg, sorted: of the fields, and "peer". */
static const char *
msg_name(size_t i)
{
	static const char *sorted[FIELD_COUNT];

	if (sorted[0] == NULL)
		for (unsigned f = 0; f < FIELD_COUNT; f++) {
			unsigned at = f;

			for (; at > 0 && strcmp(sorted[at - 1], field_name(f)) > 0; at--)
				sorted[at] = sorted[at - 1];
			sorted[at] = field_name(f);
		}
	return i < FIELD_COUNT ? sorted[i] : NULL;
}

static const char *
peer_name(size_t i)
{
	return i < PEER_FIELDS ? peer_fields[i].name : NULL;
}

/* next(object, name) -> name, value: of those that are not empty */
static int
next_field(lua_State *L)
{
	bool of_peer = object_at(L, 1, OBJECT_PEER) != NULL;
	const char *(*name_of)(size_t) = of_peer ? peer_name : msg_name;
	const char *name, *last = lua_isnoneornil(L, 2) ? NULL : lua_tostring(L, 2);

	live(L, 1);
	for (size_t i = 0; (name = name_of(i)) != NULL; i++) {
		if (last != NULL && strcmp(name, last) <= 0)
			continue;
		lua_settop(L, 2);
		lua_pushstring(L, name);
		lua_pushvalue(L, -1);
		lua_gettable(L, 1);
		if (!lua_isnil(L, -1))
			return 2;
	}
	lua_pushnil(L);
	return 1;
}

static int
pairs_of(lua_State *L)
{
	struct asking *a = live(L, 1);

	for (unsigned f = object_at(L, 1, OBJECT_PEER) ? FIELD_peer : 0; f < FIELD_COUNT; f++)
		note_read(&a->notes, (enum ask_field)f);
	lua_pushcfunction(L, next_field);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

static void
finish(lua_State *L, lua_CFunction index)	/* [metatable, names] */
{
	static const luaL_Reg methods[] = { { "is", l_is }, { "under", l_under }, { "starts", l_starts },
		{ "has_tag", l_has_tag }, { NULL, NULL } };

	object_methods(L, methods);
	object_index(L, index);
	lua_pushcfunction(L, pairs_of);
	lua_setfield(L, -2, "__pairs");
	lua_pop(L, 1);
}

void
msg_define(lua_State *L)
{
	object_define(L, OBJECT_MSG);
	lua_createtable(L, 0, 32);
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		lua_pushinteger(L, f == FIELD_peer ? PEER_OBJECT : (lua_Integer)f);
		lua_setfield(L, -2, field_name(f));
	}
	finish(L, msg_index);
	object_define(L, OBJECT_PEER);
	lua_createtable(L, 0, 16);
	for (size_t i = 0; i < PEER_FIELDS; i++) {
		lua_pushinteger(L, peer_fields[i].field);
		lua_setfield(L, -2, peer_fields[i].name);
	}
	finish(L, peer_index);
}

void
msg_push(lua_State *L, const struct policy *p)
{
	struct handle *h = object_new(L, OBJECT_MSG, sizeof *h, 1);

	h->number = p->asked;
}

void
peer_push(lua_State *L, const struct policy *p)
{
	struct handle *h = object_new(L, OBJECT_PEER, sizeof *h, 0);

	h->number = p->asked;
}
