/*
 * config.c - settings files: Lua that assigns globals becomes flat lines.
 *
 *	listen = { "0.0.0.0:7000" }	listen=0.0.0.0:7000	fedx.lua:1
 *	link = { ping = "10s" }		link.ping=10s		fedx.lua:2
 *	monitor = true			monitor=on		fedx.lua:3
 *	listen = { { ":80", tls = "off" } }	listen=:80,tls=off	fedx.lua:4
 *
 * Which keys there are is not known here.  A table that is changed after it
 * was assigned is taken as it is at the end of the file.
 */
#include <stdio.h>

#include "policy/policy.h"
#include "policy/sandbox_in.h"

enum { CONFIG_MEMORY = 8 << 20, CONFIG_BUDGET = 5000000, KEY_MAX = 120, DEPTH_MAX = 6, ROW_MAX = 1024 };

/* The environment's own tables, as upvalues of its two functions. */
enum { VALUES = 1, LINES, ORDER };

struct config {
	struct str name, text;
	struct buf *lines;
};
struct range { int first, last; };	/* lines of one assignment */

static bool
is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c != '_' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return s.n > 0 && s.n <= 60;
}

static int
line_of_caller(lua_State *L)
{
	lua_Debug ar;

	for (int level = 1; lua_getstack(L, level, &ar); level++)
		if (lua_getinfo(L, "l", &ar) && ar.currentline > 0)
			return ar.currentline;
	return 1;
}

/* __newindex of the environment: (environment, key, value) */
static int
on_assign(lua_State *L)
{
	int line = line_of_caller(L);
	struct str key = { NULL, 0 };

	if (lua_type(L, 2) == LUA_TSTRING)
		key.p = lua_tolstring(L, 2, &key.n);
	if (!is_word(key))
		return luaL_error(L, "a setting's name is a word of letters, digits and _");
	if (lua_isnil(L, 3))
		return 0;
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(LINES)) != LUA_TNIL)
		return luaL_error(L, "'%s' is already set at line %d", key.p, (int)lua_tointeger(L, -1));
	lua_pushvalue(L, 2);
	lua_pushinteger(L, line);
	lua_rawset(L, lua_upvalueindex(LINES));
	lua_pushvalue(L, 2);
	lua_pushvalue(L, 3);
	lua_rawset(L, lua_upvalueindex(VALUES));
	lua_pushvalue(L, 2);
	lua_rawseti(L, lua_upvalueindex(ORDER), (lua_Integer)lua_rawlen(L, lua_upvalueindex(ORDER)) + 1);
	return 0;
}

/* __index of the environment: what was set, else what the sandbox has */
static int
on_read(lua_State *L)
{
	lua_settop(L, 2);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(VALUES)) != LUA_TNIL)
		return 1;
	lua_pushglobaltable(L);
	lua_pushvalue(L, 2);
	lua_gettable(L, -2);
	return 1;
}

/* Does `word =` begin at p? */
static bool
assigns(struct str rest, const char *word)
{
	size_t n = strlen(word);

	if (!str_starts(rest, (struct str){ word, n }))
		return false;
	rest = str_skip(rest, n);
	while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t'))
		rest = str_skip(rest, 1);
	return rest.n && rest.p[0] == '=' && !(rest.n > 1 && rest.p[1] == '=');
}

/*
 * Lua knows where an assignment ends only.  The line of a name is the one in
 * the assignment that gives it a value; without one, or with several, `line`.
 */
static int
line_of(const struct config *c, const char *key, struct range in, int line)
{
	const char *word = strrchr(key, '.') ? strrchr(key, '.') + 1 : key;
	struct str rest = c->text, one;
	int found = 0;

	for (int at = 1; at <= in.last && rest.n; at++) {
		str_split(rest, '\n', &one, &rest);
		for (bool begins = true; at >= in.first && one.n; one = str_skip(one, 1)) {
			if (begins && assigns(one, word)) {
				if (found && found != at)
					return line;
				found = at;
			}
			if (one.n > 1 && one.p[0] == '-' && one.p[1] == '-')
				break;
			begins = one.p[0] == ' ' || one.p[0] == '\t' || one.p[0] == '{' || one.p[0] == ',' || one.p[0] == ';';
		}
	}
	return found ? found : line;
}

/* Raises with the place of a value: the message is that of a person's file. */
static int
refuse(lua_State *L, const struct config *c, int line, const char *key, const char *what)
{
	lua_pushlstring(L, c->name.p, c->name.n);
	return luaL_error(L, "%s:%d: '%s' %s", lua_tostring(L, -1), line, key, what);
}

static void
put_line(lua_State *L, const struct config *c, const char *key, int line, struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 127)
			refuse(L, c, line, key, "holds a control character; want one line of text");
	if (buf_fmt(c->lines, "%s=", key) == -1 || buf_str(c->lines, value) == -1 ||
	    buf_fmt(c->lines, "\t%.*s:%d\n", STR_FMT(c->name), line) == -1)
		refuse(L, c, line, key, "is one setting too many");
}

/* The scalar on top as text, which is valid while it is there. */
static struct str
scalar(lua_State *L, const struct config *c, const char *key, int line)
{
	struct str value = { NULL, 0 };
	lua_Integer i;
	int whole;

	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		value = lua_toboolean(L, -1) ? STR("on") : STR("off");
		break;
	case LUA_TNUMBER:
		i = lua_tointegerx(L, -1, &whole);
		if (!whole)
			refuse(L, c, line, key, "is no whole number; write it as text, like \"1.5s\"");
		lua_pushinteger(L, i);
		lua_replace(L, -2);
		/* fallthrough */
	case LUA_TSTRING:
		value.p = lua_tolstring(L, -1, &value.n);
		break;
	default:
		lua_pushfstring(L, "is a %s; want text, a number, true or false, or a table of them", luaL_typename(L, -1));
		refuse(L, c, line, key, lua_tostring(L, -1));
	}
	return value;
}

/* The scalar on top, which it pops. */
static void
put_scalar(lua_State *L, const struct config *c, const char *key, int line)
{
	put_line(L, c, key, line, scalar(L, c, key, line));
	lua_pop(L, 1);
}

static void
push_pairs(lua_State *L, int table)	/* sorted */
{
	lua_getglobal(L, "pairs");
	lua_pushvalue(L, table);
	lua_call(L, 1, 1);
}

/* ",NAME=VALUE" of the value on top, which it pops: for each of a list, for each of a table's names. */
static void
add_options(lua_State *L, const struct config *c, const char *key, int line, struct buf *row, const char *name, int depth)
{
	char longer[KEY_MAX + 1];
	int top = lua_gettop(L);
	struct str value;

	luaL_checkstack(L, LUA_MINSTACK, NULL);
	if (depth == DEPTH_MAX)
		refuse(L, c, line, key, "is nested too deeply");
	if (!lua_istable(L, top)) {
		value = scalar(L, c, key, line);
		if (memchr(value.n ? value.p : "", ',', value.n))
			refuse(L, c, line, key, "has an option with a comma; want a list of texts");
		if (buf_fmt(row, ",%s=%.*s", name, STR_FMT(value)) == -1)
			refuse(L, c, line, key, "has a row that is too long");
		lua_pop(L, 1);
		return;
	}
	push_pairs(L, top);
	for (;;) {
		lua_pushvalue(L, -1);
		lua_call(L, 0, 2);
		if (lua_isnil(L, -2))
			break;
		if (lua_type(L, -2) != LUA_TSTRING)
			snprintf(longer, sizeof longer, "%s", name);
		else if (snprintf(longer, sizeof longer, "%s%s%s", name, *name ? "." : "", lua_tostring(L, -2)) >=
		    (int)sizeof longer)
			refuse(L, c, line, key, "has a name that is too long");
		if (*longer)
			add_options(L, c, key, line, row, longer, depth + 1);
		else
			lua_pop(L, 1);		/* what comes first in the row */
		lua_pop(L, 1);
	}
	lua_settop(L, top - 1);
}

/* { "text", name = value, ... } on top, which it pops, as "text,name=value". */
static void
put_row(lua_State *L, const struct config *c, const char *key, int line)
{
	uint8_t room[ROW_MAX];
	struct buf row = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct str first;

	if (lua_rawlen(L, -1) != 1 || lua_rawgeti(L, -1, 1) != LUA_TSTRING)
		refuse(L, c, line, key, "is a list that holds a table without one text as its first; "
		    "want { \"HOST:PORT\", name = value }");
	first.p = lua_tolstring(L, -1, &first.n);
	if (buf_str(&row, first) == -1)
		refuse(L, c, line, key, "has a row that is too long");
	lua_pop(L, 1);
	add_options(L, c, key, line, &row, "", 0);
	put_line(L, c, key, line, buf_view(&row));
}

/* A list: the key once for each.  Its table is on top. */
static void
put_list(lua_State *L, const struct config *c, const char *key, int line, lua_Integer n)
{
	for (lua_Integer i = 1; i <= n; i++) {
		if (lua_rawgeti(L, -1, i) == LUA_TTABLE)
			put_row(L, c, key, line);
		else
			put_scalar(L, c, key, line);
	}
}

static void put_value(lua_State *, const struct config *, struct range, const char *key, int line, int depth);

/* Names with values: sorted, as pairs() has them.  The table is on top. */
static void
put_names(lua_State *L, const struct config *c, struct range in, const char *key, int line, int depth)
{
	char longer[KEY_MAX + 1];
	int table = lua_gettop(L);
	struct str name;

	if (depth == DEPTH_MAX)
		refuse(L, c, line, key, "is nested too deeply");
	push_pairs(L, table);
	for (;;) {
		lua_pushvalue(L, -1);
		lua_call(L, 0, 2);
		if (lua_isnil(L, -2))
			break;
		if (lua_type(L, -2) != LUA_TSTRING)
			refuse(L, c, line, key, "has both a list and names, or a list with gaps; want one of them");
		name.p = lua_tolstring(L, -2, &name.n);
		if (!is_word(name))
			refuse(L, c, line, key, "has a name that is no word of letters, digits and _");
		if (snprintf(longer, sizeof longer, "%s.%s", key, name.p) >= (int)sizeof longer)
			refuse(L, c, line, key, "has a name that is too long");
		put_value(L, c, in, longer, line, depth + 1);
		lua_pop(L, 1);
	}
	lua_settop(L, table);
}

/* The value on top, which it pops. */
static void
put_value(lua_State *L, const struct config *c, struct range in, const char *key, int line, int depth)
{
	lua_Integer n = 0, all = 0;

	luaL_checkstack(L, LUA_MINSTACK, NULL);
	sandbox_charge(L, 1 + c->text.n / BYTES_A_STEP);
	line = line_of(c, key, in, line);
	if (lua_type(L, -1) != LUA_TTABLE) {
		put_scalar(L, c, key, line);
		return;
	}
	n = (lua_Integer)lua_rawlen(L, -1);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
		all++;
	sandbox_charge(L, (size_t)all);
	if (n > 0 && n == all)
		put_list(L, c, key, line, n);
	else
		put_names(L, c, in, key, line, depth);
	lua_pop(L, 1);
}

/* [c as light userdata, the compiled file]: runs it, then writes what it set */
static int
l_read(lua_State *L)
{
	enum { C = 1, CHUNK = 2, TABLES = 3 };	/* values, lines, order */
	const struct config *c = lua_touserdata(L, C);
	struct range in = { 1, 1 };

	lua_pushnil(L);			/* a way around the environment */
	lua_setglobal(L, "_G");
	for (int i = 0; i < 3; i++)
		lua_newtable(L);
	lua_newtable(L);		/* the environment */
	lua_createtable(L, 0, 3);
	for (int i = 0; i < 3; i++)
		lua_pushvalue(L, TABLES + i);
	lua_pushcclosure(L, on_assign, 3);
	lua_setfield(L, -2, "__newindex");
	lua_pushvalue(L, TABLES);
	lua_pushcclosure(L, on_read, 1);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	if (lua_setupvalue(L, CHUNK, 1) == NULL)
		lua_pop(L, 1);		/* nothing in it uses a global */
	lua_pushvalue(L, CHUNK);
	lua_call(L, 0, 1);
	if (!lua_isnil(L, -1))
		return luaL_error(L, "a settings file returns nothing; want lines like: listen = \"0.0.0.0:7000\"");
	lua_settop(L, TABLES + 2);
	for (lua_Integer i = 1; lua_rawgeti(L, TABLES + 2, i) != LUA_TNIL; i++) {
		lua_pushvalue(L, -1);
		lua_rawget(L, TABLES + 1);
		in.last = (int)lua_tointeger(L, -1);
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_rawget(L, TABLES);
		put_value(L, c, in, lua_tostring(L, -2), in.last, 0);
		lua_settop(L, TABLES + 2);
		in.first = in.last;	/* two may be on one line */
	}
	return 0;
}

int
config_read(struct str name, struct str text, struct buf *lines, struct err *e)
{
	struct config c = { .name = name, .text = text, .lines = lines };
	struct sandbox s;
	size_t before = buf_len(lines);
	int r;

	if (sandbox_open(&s, NULL, CONFIG_MEMORY, e) == -1)
		return -1;
	if ((r = sandbox_load(&s, name, text, e)) == 0) {
		lua_pushcfunction(s.L, l_read);
		lua_insert(s.L, 1);
		lua_pushlightuserdata(s.L, &c);
		lua_insert(s.L, 2);
		r = sandbox_call(&s, 2, 0, CONFIG_BUDGET, e);
	}
	sandbox_close(&s);
	if (r == -1)
		buf_cut(lines, before);
	return r;
}
