/*
 * lua_list.c - names.h for Lua: sets that are read with the policy.
 *
 *	local blocked = fedx.list("blocked.txt")
 *	local office = fedx.cidr{ "10.0.0.0/8", "2001:db8::/32" }
 *	if blocked:has(msg.from) or not office:has(msg.peer.address) then ...
 */
#include <stdio.h>

#include "policy/inside.h"
#include "policy/names.h"

struct list_object { uint32_t tag; struct names names; };

/* Where entries come from: the lines of a file, or the texts of a table. */
struct source {
	struct str file, rest;		/* file empty: the table at 1 */
	size_t line;
};

/* Pushes what the entry is a view of; false: no more, nothing is pushed. */
static bool
next_entry(lua_State *L, struct source *s, struct str *entry)
{
	struct str line, comment;

	if (s->file.n == 0) {
		if (lua_geti(L, 1, (lua_Integer)++s->line) != LUA_TNIL) {
			*entry = check_text(L, -1, "fedx.cidr", NOTE_TEXT);
			return true;
		}
		lua_pop(L, 1);
		return false;
	}
	while (s->rest.n > 0) {
		str_split(s->rest, '\n', &line, &s->rest);
		s->line++;
		str_split(line, '#', entry, &comment);
		*entry = str_trim(*entry);
		if (entry->n > 0) {
			lua_pushnil(L);
			return true;
		}
	}
	return false;
}

static int
complain(lua_State *L, const struct source *s, struct str entry, const char *why)
{
	char text[96];

	snprintf(text, sizeof text, "%.*s", (int)(entry.n < sizeof text ? entry.n : sizeof text - 1), entry.p);
	if (s->file.n == 0)
		return policy_fail(L, "fedx.cidr: '%s': %s", text, why);
	return policy_fail(L, "%s:%d: '%s': %s", s->file.p, (int)s->line, text, why);
}

static enum entry
parse(lua_State *L, const struct source *s, struct str entry, struct net *net, unsigned *bits)
{
	const char *why = "want an address or a network";
	enum entry kind = entry_parse(entry, net, bits, &why);

	sandbox_charge(L, s->file.n > 0 ? 1 : 20);	/* files are read once, in the time of a load */
	if (kind == ENTRY_BAD || (kind == ENTRY_WORD && s->file.n == 0))
		complain(L, s, entry, why);
	return kind;
}

static void *
block(lua_State *L, int set, int slot, size_t bytes)	/* memory of Lua's, as long as the set */
{
	void *p = lua_newuserdatauv(L, bytes > 0 ? bytes : 1, 0);

	lua_setiuservalue(L, set, slot);
	return p;
}

/* Two walks over the entries: count them, then put each in its place. */
static int
make_set(lua_State *L, struct source from)
{
	size_t at[130] = { 0 };		/* where the next network of so many bits goes */
	struct source s = from;
	struct list_object *l;
	struct names set = { .word_count = 0 };
	struct str entry;
	struct net net;
	unsigned bits;
	uint8_t *lengths;

	while (next_entry(L, &s, &entry)) {
		if (parse(L, &s, entry, &net, &bits) == ENTRY_WORD) {
			set.word_count++;
		} else {
			set.net_count++;
			at[bits + 1]++;
		}
		lua_pop(L, 1);
	}
	for (size_t i = 1; i < 130; i++)
		at[i] += at[i - 1];
	l = object_new(L, OBJECT_LIST, sizeof *l, 3);
	l->names = (struct names){ .word_count = 0 };
	set.words = block(L, lua_gettop(L), 1, set.word_count * sizeof *set.words);
	set.nets = block(L, lua_gettop(L), 2, set.net_count * sizeof *set.nets);
	lengths = block(L, lua_gettop(L), 3, set.net_count);
	set.word_count = 0;
	for (s = from; next_entry(L, &s, &entry); lua_pop(L, 1)) {
		if (parse(L, &s, entry, &net, &bits) == ENTRY_WORD) {
			set.words[set.word_count++] = entry;
		} else {
			lengths[at[bits]] = (uint8_t)bits;
			set.nets[at[bits]++] = net;
		}
	}
	names_sort(&set, lengths);
	l->names = set;
	return 1;
}

/* list("blocked.txt") -> a set */
static int
l_list(lua_State *L)
{
	struct policy *p = policy_of(L);
	struct str name = check_text(L, 1, "fedx.list", NOTE_TEXT);
	struct source from = { .file = name };
	struct err e;
	int there;

	if (p->now != NULL || p->box.frozen)
		return policy_fail(L, "fedx.list: lists are read while the policy is loaded: call it outside of hooks");
	if (p->box.bundle == NULL)
		return policy_fail(L, "fedx.list: there is no directory to read '%s' from", name.p);
	there = bundle_file(p->box.bundle, name, BUNDLE_LIST_MAX, &from.rest, &e);
	if (there == -1)
		return policy_fail(L, "fedx.list: %s", e.text);
	if (there == 0)
		return policy_fail(L, "fedx.list: there is no file '%s' in the directory of the policy", name.p);
	lua_settop(L, 1);
	return make_set(L, from);
}

/* cidr{ "10.0.0.0/8", ... } -> a set */
static int
l_cidr(lua_State *L)
{
	if (!lua_istable(L, 1))
		return policy_fail(L, "fedx.cidr: want a list { \"10.0.0.0/8\", ... }, not a %s", luaL_typename(L, 1));
	lua_settop(L, 1);
	return make_set(L, (struct source){ .line = 0 });
}

/* set:has(value) -> boolean; nil is in no set */
static int
l_has(lua_State *L)
{
	const struct list_object *l = object_at(L, 1, OBJECT_LIST);
	struct str value = { NULL, 0 };

	if (l == NULL)
		return policy_fail(L, "has: want a set here: call it as set:has(value), with a colon");
	if (lua_type(L, 2) == LUA_TSTRING)
		value.p = lua_tolstring(L, 2, &value.n);
	else if (!lua_isnil(L, 2))
		return policy_fail(L, "has: want a text or nil, not a %s", luaL_typename(L, 2));
	if (value.n <= ENVELOPE_NAMES_MAX)	/* a search for each label */
		sandbox_charge(L, 20 + value.n * value.n / 256);
	lua_pushboolean(L, names_have(&l->names, value));
	return 1;
}

static int
list_index(lua_State *L)
{
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
		fail_unknown(L, "set", 2, lua_upvalueindex(1));
	return 1;
}

void
list_library(lua_State *L)
{
	static const luaL_Reg methods[] = { { "has", l_has }, { NULL, NULL } };
	static const luaL_Reg functions[] = { { "list", l_list }, { "cidr", l_cidr }, { NULL, NULL } };

	object_define(L, OBJECT_LIST);
	lua_createtable(L, 0, 1);
	object_methods(L, methods);
	object_index(L, list_index);
	lua_pop(L, 1);
	object_methods(L, functions);
}
