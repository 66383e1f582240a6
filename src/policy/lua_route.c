/*
 * lua_route.c - a way to a node, for `import` and `export`: it is over when
 * the hook returns.
 *
 *	route.node			where it leads
 *	route.cluster			of that node
 *	route.path, route.clusters	lists, the next one first: #path, path[1],
 *					path:has("hub-2"); of the own route no path
 *	route.length			nodes in the path
 *	route.tags			words, or nil; route:has_tag("eu")
 *	route.neighbour			who says it, or who would be told
 */
#include "policy/inside.h"

enum part { PART_NODE, PART_CLUSTER, PART_PATH, PART_CLUSTERS, PART_LENGTH, PART_TAGS, PART_NEIGHBOUR };
struct words { struct handle handle; bool clusters; };

static lua_Integer
count_words(struct str words)
{
	lua_Integer n = words.n > 0;

	for (size_t i = 0; i < words.n; i++)
		n += words.p[i] == ' ';
	return n;
}

/* --- a list of them --- */

static struct str
words_at(lua_State *L)
{
	const struct asking *a = object_live(L, 1, OBJECT_WORDS);
	const struct words *w = object_at(L, 1, OBJECT_WORDS);
	struct str all = w->clusters ? a->q->clusters : a->q->path;

	sandbox_charge(L, all.n / 32);
	return all;
}

static int
words_index(lua_State *L)
{
	struct str rest = words_at(L), word;
	lua_Integer i;

	if (!lua_isinteger(L, 2)) {
		lua_pushvalue(L, 2);
		if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
			fail_unknown(L, "a list of words", 2, lua_upvalueindex(1));
		return 1;
	}
	for (i = lua_tointeger(L, 2); i > 0 && rest.n > 0; i--) {
		str_split(rest, ' ', &word, &rest);
		if (i == 1) {
			text_push(L, word);
			return 1;
		}
	}
	return 0;
}

static int
words_length(lua_State *L)
{
	lua_pushinteger(L, count_words(words_at(L)));
	return 1;
}

static int
words_text(lua_State *L)
{
	struct str all = words_at(L);

	lua_pushlstring(L, all.n ? all.p : "", all.n);
	return 1;
}

/* list:has(word) -> boolean */
static int
l_has(lua_State *L)
{
	struct str all = words_at(L);

	lua_pushboolean(L, words_hold(L, all, check_text(L, 2, "has", NOTE_TEXT)));
	return 1;
}

static void
push_words(lua_State *L, bool clusters)
{
	struct words *w = object_new(L, OBJECT_WORDS, sizeof *w, 0);

	w->handle.number = policy_of(L)->asked;
	w->clusters = clusters;
}

/* --- the route --- */

/* Where it leads is the last that it passes; there may be no clusters at all. */
static struct str
last_word(struct str words)
{
	struct str word = words;

	while (words.n > 0)
		str_split(words, ' ', &word, &words);
	return word;
}

static int
route_index(lua_State *L)
{
	struct asking *a = object_live(L, 1, OBJECT_ROUTE);

	lua_pushvalue(L, 2);
	switch (lua_rawget(L, lua_upvalueindex(1))) {
	case LUA_TNUMBER:
		break;
	case LUA_TNIL:
		fail_unknown(L, "route", 2, lua_upvalueindex(1));
		return 0;
	default:
		return 1;
	}
	switch ((enum part)lua_tointeger(L, -1)) {
	case PART_NODE:		text_push(L, a->q->subject); break;
	case PART_CLUSTER:	text_push(L, last_word(a->q->clusters)); break;
	case PART_PATH:		push_words(L, false); break;
	case PART_CLUSTERS:	push_words(L, true); break;
	case PART_LENGTH:	lua_pushinteger(L, count_words(a->q->path)); break;
	case PART_TAGS:		text_push(L, a->q->tags); break;
	case PART_NEIGHBOUR:	text_push(L, a->subject.peer->node); break;
	}
	return 1;
}

/* route:has_tag(word) -> boolean */
static int
l_has_tag(lua_State *L)
{
	struct asking *a = object_live(L, 1, OBJECT_ROUTE);

	lua_pushboolean(L, words_hold(L, a->q->tags, check_text(L, 2, "has_tag", NOTE_TEXT)));
	return 1;
}

void
route_define(lua_State *L)
{
	static const luaL_Reg of_words[] = { { "has", l_has }, { NULL, NULL } };
	static const luaL_Reg of_route[] = { { "has_tag", l_has_tag }, { NULL, NULL } };
	static const char *const parts[] = {
		[PART_NODE] = "node", [PART_CLUSTER] = "cluster", [PART_PATH] = "path",
		[PART_CLUSTERS] = "clusters", [PART_LENGTH] = "length", [PART_TAGS] = "tags",
		[PART_NEIGHBOUR] = "neighbour"
	};

	object_define(L, OBJECT_WORDS);
	lua_createtable(L, 0, 1);
	object_methods(L, of_words);
	object_index(L, words_index);
	lua_pushcfunction(L, words_length);
	lua_setfield(L, -2, "__len");
	lua_pushcfunction(L, words_text);
	lua_setfield(L, -2, "__tostring");
	lua_pop(L, 1);
	object_define(L, OBJECT_ROUTE);
	lua_createtable(L, 0, 8);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		lua_pushinteger(L, (lua_Integer)i);
		lua_setfield(L, -2, parts[i]);
	}
	object_methods(L, of_route);
	object_index(L, route_index);
	lua_pop(L, 1);
}

void
route_push(lua_State *L, const struct policy *p)
{
	struct handle *h = object_new(L, OBJECT_ROUTE, sizeof *h, 0);

	h->number = p->asked;
}
