/*
 * order.c - pairs and next in an order that is the same everywhere: numbers,
 * then strings, then false and true.  Lua's own follows addresses and a
 * random seed, and a policy must not.
 *
 * One key of another type goes last; two of them have no order that would be
 * the same elsewhere, so that they are an error.
 */
#include "policy/sandbox_in.h"

enum { CALL_COST = 50 };	/* for the empty slots of a table, which nobody can count */

struct key {
	int rank;			/* type, in order */
	bool whole;
	lua_Integer i;
	lua_Number f;
	struct str s;
	lua_Integer at;			/* in the list of keys */
};

static struct key
key_at(lua_State *L, int index, lua_Integer at)
{
	struct key k = { .at = at };

	switch (lua_type(L, index)) {
	case LUA_TNUMBER:
		k.whole = lua_isinteger(L, index);
		k.i = lua_tointeger(L, index);
		k.f = lua_tonumber(L, index);
		break;
	case LUA_TSTRING:
		k.rank = 1;
		k.s.p = lua_tolstring(L, index, &k.s.n);
		break;
	case LUA_TBOOLEAN:
		k.rank = 2;
		k.i = lua_toboolean(L, index);
		break;
	default:
		k.rank = 3;
	}
	return k;
}

static bool
key_before(lua_State *L, const struct key *a, const struct key *b)
{
	sandbox_charge(L, 1 + (a->s.n < b->s.n ? a->s.n : b->s.n) / BYTES_A_STEP);
	if (a->rank != b->rank)
		return a->rank < b->rank;
	switch (a->rank) {
	case 0:	/* a float among the keys has a fraction, or is beyond all integers */
		return a->whole && b->whole ? a->i < b->i : a->f < b->f;
	case 1:
		return str_cmp(a->s, b->s) < 0;
	case 2:
		return a->i < b->i;
	}
	luaL_error(L, "a table with two keys that are no text, number or boolean has no fixed order");
	return false;
}

static void
sift(lua_State *L, struct key *heap, size_t at, size_t n)
{
	size_t child;
	struct key was = heap[at];

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && key_before(L, &heap[child], &heap[child + 1]))
			child++;
		if (!key_before(L, &was, &heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = was;
}

static void
heap_sort(lua_State *L, struct key *heap, size_t n)
{
	struct key last;

	for (size_t i = n / 2; i-- > 0;)
		sift(L, heap, i, n);
	while (n-- > 1) {
		last = heap[n];
		heap[n] = heap[0];
		heap[0] = last;
		sift(L, heap, 0, n);
	}
}

/* [table] -> a list of its keys in order, instead of it */
static void
sorted_keys(lua_State *L)
{
	int table = lua_gettop(L), keys = table + 1, sorted = table + 2;
	lua_Integer n = 0;
	struct key *heap;

	lua_newtable(L);
	lua_pushnil(L);
	while (lua_next(L, table)) {
		sandbox_charge(L, 1);
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_rawseti(L, keys, ++n);
	}
	lua_createtable(L, n < 1 << 20 ? (int)n : 0, 0);
	heap = lua_newuserdatauv(L, (size_t)(n ? n : 1) * sizeof *heap, 0);
	for (lua_Integer i = 0; i < n; i++) {
		lua_rawgeti(L, keys, i + 1);
		heap[i] = key_at(L, -1, i + 1);	/* `keys` holds its text */
		lua_pop(L, 1);
	}
	heap_sort(L, heap, (size_t)n);
	for (lua_Integer i = 0; i < n; i++) {
		lua_rawgeti(L, keys, heap[i].at);
		lua_rawseti(L, sorted, i + 1);
	}
	lua_replace(L, table);		/* the heap; it goes as well */
	lua_pushvalue(L, sorted);
	lua_replace(L, table);
	lua_settop(L, table);
}

/* Upvalues: the keys in order, how many are done, the table. */
static int
l_each(lua_State *L)
{
	lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));

	for (;;) {
		sandbox_charge(L, 1);
		if (lua_rawgeti(L, lua_upvalueindex(1), ++i) == LUA_TNIL)
			return 1;
		lua_pushinteger(L, i);
		lua_replace(L, lua_upvalueindex(2));
		lua_pushvalue(L, -1);
		if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL)
			return 2;
		lua_pop(L, 2);		/* taken out meanwhile */
	}
}

bool
order_writes(lua_CFunction f)
{
	return f == l_each;
}

/* pairs(table) -> iterator, table, nil */
static int
l_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_call(L, 1, 3);
		return 3;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	sandbox_charge(L, CALL_COST);
	lua_settop(L, 1);
	sandbox_contents(L, 1);
	lua_pushvalue(L, -1);
	sorted_keys(L);
	lua_insert(L, -2);
	lua_pushinteger(L, 0);
	lua_insert(L, -2);
	lua_pushcclosure(L, l_each, 3);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

/* next(table [, key]) -> the key that follows in order, its value */
static int
l_next(lua_State *L)
{
	enum { KEY = 2, TABLE = 3, BEST = 4 };
	struct key after = { .at = 0 }, best = { .at = 0 }, k;
	bool found = false, from_start;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	from_start = lua_isnil(L, KEY);
	after = key_at(L, KEY, 0);
	sandbox_charge(L, CALL_COST);
	sandbox_contents(L, 1);
	lua_pushnil(L);		/* best */
	lua_pushnil(L);
	while (lua_next(L, TABLE)) {
		lua_pop(L, 1);
		k = key_at(L, -1, 0);
		if (!from_start && (lua_rawequal(L, KEY, -1) || !key_before(L, &after, &k)))
			continue;
		if (found && !key_before(L, &k, &best))
			continue;
		lua_pushvalue(L, -1);
		lua_replace(L, BEST);
		best = k;
		found = true;
	}
	if (!found)
		return lua_pushnil(L), 1;
	lua_pushvalue(L, BEST);
	lua_pushvalue(L, BEST);
	lua_rawget(L, TABLE);
	return 2;
}

void
order_open(lua_State *L)
{
	lua_pushcfunction(L, l_pairs);
	lua_setfield(L, -2, "pairs");
	lua_pushcfunction(L, l_next);
	lua_setfield(L, -2, "next");
}
