/* lua_check.c - what a policy hands to us is looked at here, with messages that help. */
#include <stdio.h>
#include <stdlib.h>

#include "fabric/pattern.h"
#include "policy/inside.h"
#include "wire/fields.h"
#include "wire/utf8.h"

enum { LEVELS_MAX = 32, NEAR = 2, CHARGE_BYTES = 32 };

bool
policy_where(lua_State *L, struct str *file, uint32_t *line)
{
	lua_Debug ar;

	for (int level = 1; level < LEVELS_MAX && lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline < 0 || str_starts(str(ar.source), STR("@fedx/")))
			continue;
		*file = str(ar.source[0] == '@' || ar.source[0] == '=' ? ar.source + 1 : ar.source);
		*line = (uint32_t)ar.currentline;
		return true;
	}
	*file = STR("policy.lua");
	*line = 0;
	return false;
}

int
policy_fail(lua_State *L, const char *fmt, ...)
{
	struct str file;
	uint32_t line;
	va_list ap;

	luaL_checkstack(L, 8, NULL);
	if (policy_where(L, &file, &line)) {
		lua_pushlstring(L, file.p, file.n);
		lua_pushfstring(L, "%s:%d: ", lua_tostring(L, -1), (int)line);
	} else {
		lua_pushstring(L, "");
	}
	va_start(ap, fmt);
	lua_pushvfstring(L, fmt, ap);
	va_end(ap);
	lua_concat(L, 2);
	lua_error(L);
	abort();	/* lua_error() does not return, but does not say so */
}

const char *
nearest(struct str word, const char *const *known)
{
	const char *best = NULL;
	size_t least = NEAR + 1;

	for (; *known; known++) {
		size_t far = str_distance(word, str(*known));

		if (far < least && far < word.n) {
			least = far;
			best = *known;
		}
	}
	return best;
}

void
check_keys(lua_State *L, int table, const char *who, const char *const *known)
{
	if (!lua_istable(L, table))
		policy_fail(L, "%s wants a table { key = value }, not a %s", who, object_type(L, table));
	sandbox_contents(L, table);
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		const char *const *k = known;
		const char *near, *key;

		if (lua_type(L, -2) != LUA_TSTRING)
			policy_fail(L, "%s: a %s is no key; write key = value", who, object_type(L, -2));
		key = lua_tostring(L, -2);
		while (*k && strcmp(*k, key) != 0)
			k++;
		if (*k == NULL && (near = nearest(str(key), known)) != NULL)
			policy_fail(L, "%s: unknown key '%s'; did you mean '%s'?", who, key, near);
		if (*k == NULL)
			policy_fail(L, "%s: unknown key '%s'; the first of the known ones is '%s'", who, key, *known);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

void
fail_unknown(lua_State *L, const char *who, int key, int names)
{
	char best[64] = "";
	size_t least = NEAR + 1, n;
	const char *p;
	struct str word;

	if (lua_type(L, key) != LUA_TSTRING)
		policy_fail(L, "%s has no field of type %s", who, object_type(L, key));
	p = lua_tolstring(L, key, &n);
	word = (struct str){ p, n };
	lua_pushnil(L);
	while (lua_next(L, names)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
		size_t far = str_distance(word, str(name));

		/* of equals the first in the alphabet: the order of a table is not one */
		if (far < word.n && (far < least ||
		    (far == least && best[0] != '\0' && strcmp(name, best) < 0))) {
			least = far;
			snprintf(best, sizeof best, "%s", name);
		}
		lua_pop(L, 1);
	}
	if (best[0] != '\0')
		policy_fail(L, "%s has no field '%s'; did you mean '%s'?", who, p, best);
	policy_fail(L, "%s has no field '%s'", who, p);
}

static struct str
text_at(lua_State *L, int at, const char *who, const char *key, size_t max)
{
	struct str s;

	if (lua_type(L, at) != LUA_TSTRING)
		policy_fail(L, "%s: want a text%s%s, not %s", who, *key ? " for " : "", key,
		    lua_isnoneornil(L, at) ? "nil" : object_type(L, at));
	s.p = lua_tolstring(L, at, &s.n);
	if (s.n > max)
		policy_fail(L, "%s: %s of %d bytes is over the %d that it may have", who, *key ? key : "a text",
		    (int)s.n, (int)max);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			policy_fail(L, "%s: %s has a control character", who, *key ? key : "the text");
	sandbox_charge(L, 1 + s.n / CHARGE_BYTES);
	if (!utf8_valid(s))
		policy_fail(L, "%s: %s is not UTF-8", who, *key ? key : "the text");
	return s;
}

struct str
check_text(lua_State *L, int at, const char *who, size_t max)
{
	return text_at(L, at, who, "", max);
}

bool
field_text(lua_State *L, int table, const char *who, const char *key, size_t max, struct str *to)
{
	luaL_checkstack(L, 4, NULL);
	if (lua_getfield(L, table, key) == LUA_TNIL) {
		lua_pop(L, 1);
		return false;
	}
	*to = text_at(L, -1, who, key, max);
	return true;
}

uint32_t
field_count(lua_State *L, int table, const char *who, const char *key, uint32_t max)
{
	lua_Integer n = 0;
	int whole = 1, type = lua_getfield(L, table, key);

	if (type == LUA_TNUMBER)
		n = lua_tointegerx(L, -1, &whole);
	if (!whole || (type != LUA_TNUMBER && type != LUA_TNIL) || n < 0 || (lua_Unsigned)n > max)
		policy_fail(L, "%s: want a whole number from 0 to %d for %s", who, (int)max, key);
	lua_pop(L, 1);
	return (uint32_t)n;
}

unsigned
check_field(lua_State *L, int at, const char *who)
{
	static const char *names[FIELD_COUNT + 1];
	struct str name = check_text(L, at, who, NOTE_TEXT);
	unsigned field = field_named(name);
	const char *near;

	if (field < FIELD_COUNT)
		return field;
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		names[i] = field_name(i);
	if ((near = nearest(name, names)) != NULL)
		policy_fail(L, "%s: a message has no field '%s'; did you mean '%s'?", who, name.p, near);
	policy_fail(L, "%s: a message has no field '%s'", who, name.p);
}

enum family
check_family(lua_State *L, int at, const char *who)
{
	struct str name = check_text(L, at, who, NOTE_TEXT);

	for (unsigned f = 0; f < FAMILY_COUNT; f++)
		if (str_is(name, family_name((uint8_t)f)))
			return (enum family)f;
	policy_fail(L, "%s: want \"node\", \"endpoint\", \"service\" or \"path\", not '%s'", who, name.p);
}

/* '*' stands alone between slashes in a path; elsewhere it is "*@D" or "*.D". */
bool
pattern_holds(lua_State *L, struct str pattern, struct str value)
{
	/* a path with ** is tried at each segment */
	sandbox_charge(L, 1 + (pattern.n * value.n) / (CHARGE_BYTES * 4));
	return test_holds(TEST_UNDER, value, pattern);
}

bool
words_hold(lua_State *L, struct str words, struct str word)
{
	sandbox_charge(L, words.n / CHARGE_BYTES);
	return words_have(words, word);
}

struct str
check_pattern(lua_State *L, int at, const char *who)
{
	struct str p = check_text(L, at, who, ENVELOPE_NAMES_MAX);

	if (!pattern_is_good(p))
		policy_fail(L, "%s: '%s' is no pattern; want a name, \"*@DOMAIN\", \"*.DOMAIN\" "
		    "(it and all below) or a path like \"/a/*/b\" or \"/a/**\"", who, p.p);
	return p;
}
