/*
 * policy.c - any text is a policy that ends, within its memory, with the same
 * result each time; and once it is frozen no text changes what it holds.
 *
 * Input: a policy, NUL, what a hook might do.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/sandbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MEMORY = 2 << 20, LOAD = 20000, CALL = 5000, PROBE = 2000000 };

/* All that can be reached from the globals, as text; it uses nothing that a policy can replace. */
static const char probe_text[] =
    "local pairs, type, tostring, concat, pcall, G = pairs, type, tostring, table.concat, pcall, _G\n"
    "return function()\n"
    "  local out, seen, n = {}, {}, 0\n"
    "  local function walk(v, depth)\n"
    "    n = n + 1\n"
    "    if n > 3000 then return end\n"
    "    out[n] = type(v) == 'string' and v or tostring(v)\n"
    "    if type(v) ~= 'table' or seen[v] or depth > 4 then return end\n"
    "    seen[v] = true\n"
    "    pcall(function() for k, w in pairs(v) do walk(k, depth + 1) walk(w, depth + 1) end end)\n"
    "  end\n"
    "  walk(G, 0)\n"
    "  return concat(out, ' ')\n"
    "end";

static void
check(bool held)
{
	if (!held)
		abort();
}

static bool
run_out(const struct sandbox *s, const struct err *e)
{
	return s->overrun || strstr(e->text, "memory") || strstr(e->text, "too long") || strstr(e->text, "overflow");
}

/* Runs it; what came out, cut, in `to`.  False: budget or memory ended, which may differ. */
static bool
outcome(struct sandbox *s, struct str text, uint32_t budget, char to[300])
{
	struct err e = { .text = "" };
	int top = lua_gettop(s->L);
	size_t n;
	const char *p;

	to[0] = '\0';
	if (sandbox_load(s, STR("policy.lua"), text, &e) == -1 || sandbox_call(s, 0, 1, budget, &e) == -1) {
		check(e.text[0] != '\0' && lua_gettop(s->L) == top);
		check(s->used <= s->most);
		snprintf(to, 300, "%s", e.text);
		return !run_out(s, &e);
	}
	check(lua_gettop(s->L) == top + 1 && s->used <= s->most);
	if (lua_type(s->L, -1) == LUA_TSTRING) {
		p = lua_tolstring(s->L, -1, &n);
		snprintf(to, 300, "%.*s", (int)(n < 200 ? n : 200), p);
	}
	lua_pop(s->L, 1);
	return true;
}

static bool
probe(struct sandbox *s, int ref, char **text)
{
	struct err e;
	const char *p;
	size_t n;

	*text = NULL;
	lua_rawgeti(s->L, LUA_REGISTRYINDEX, ref);
	if (sandbox_call(s, 0, 1, PROBE, &e) == -1)
		return false;
	p = lua_tolstring(s->L, -1, &n);
	if ((*text = malloc(n + 1)) != NULL)
		memcpy(*text, p, n + 1);
	lua_pop(s->L, 1);
	return *text != NULL;
}

static int
l_prepare(lua_State *L)
{
	int *ref = lua_touserdata(L, 1);

	lua_call(L, 0, 1);	/* [ref, chunk] */
	*ref = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}

static void
open_state(struct sandbox *s, int *ref)
{
	struct err e;

	check(sandbox_open(s, NULL, MEMORY, &e) == 0);
	lua_pushcfunction(s->L, l_prepare);
	lua_pushlightuserdata(s->L, ref);
	check(sandbox_load(s, STR("probe"), str(probe_text), &e) == 0);
	check(sandbox_call(s, 2, 0, PROBE, &e) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = { (const char *)p, n }, policy, hook;
	char first[300], again[300], *before, *after;
	struct sandbox a, b;
	struct err e;
	int probe_a, probe_b;
	bool whole, same;

	str_split(in, '\0', &policy, &hook);
	open_state(&a, &probe_a);
	open_state(&b, &probe_b);
	same = outcome(&a, policy, LOAD, first);
	if (outcome(&b, policy, LOAD, again) && same)
		check(strcmp(first, again) == 0);
	sandbox_close(&b);
	if (sandbox_freeze(&a, &e) == 0) {
		whole = probe(&a, probe_a, &before);
		same = outcome(&a, hook, CALL, first);
		if (outcome(&a, hook, CALL, again) && same)
			check(strcmp(first, again) == 0);
		if (probe(&a, probe_a, &after) && whole)
			check(strcmp(before, after) == 0);
		free(before);
		free(after);
	}
	sandbox_close(&a);
	return 0;
}
