/* sandbox.c - one Lua state: its memory, its budget, the way in and the way out. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/sandbox_in.h"
#include "wire/utf8.h"

enum {
	STEP = 100,		/* instructions between two looks at the budget */
	LOOK = 400,		/* of the budget between two looks at the clock */
	VARARGS_MAX = 4096,	/* copying them is one instruction */
	NAME_MAX_SHOWN = 200
};

static const char too_long[] = "policy ran for too long";
static const char too_late[] = "policy ran for too long: its time was over before its instructions were";

struct sandbox *
sandbox_of(lua_State *L)
{
	return *(struct sandbox **)lua_getextraspace(L);
}

/* "policy.lua:12: ", of the innermost function that is Lua. */
static void
push_where(lua_State *L)
{
	lua_Debug ar;

	for (int level = 0; lua_getstack(L, level, &ar); level++)
		if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0) {
			lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
			return;
		}
	lua_pushliteral(L, "");
}

static int
raise_overrun(lua_State *L)
{
	push_where(L);
	lua_pushstring(L, sandbox_of(L)->overrun);
	lua_concat(L, 2);
	return lua_error(L);
}

static void on_count(lua_State *, lua_Debug *);

static bool
stop(struct sandbox *s, const char *why)
{
	s->budget = 0;
	s->overrun = why;
	lua_sethook(s->L, on_count, LUA_MASKCOUNT, 1);	/* pcall cannot hide it */
	return false;
}

/* Also from within the allocator, where nothing may be raised: the next instruction does. */
static bool
take(struct sandbox *s, size_t steps)
{
	if (s->depth == 0 || s->overrun)
		return !s->overrun;
	if (steps >= s->budget)
		return stop(s, too_long);
	s->budget -= (uint32_t)steps;
	if (s->budget > s->look)
		return true;
	s->look = s->budget > LOOK ? s->budget - LOOK : 0;
	return mono_now().us < s->until.us || stop(s, too_late);
}

static void
on_count(lua_State *L, lua_Debug *ar)
{
	struct sandbox *s = sandbox_of(L);

	if (s->depth == 0)
		return;
	if (take(s, STEP)) {
		if (!lua_getlocal(L, ar, -VARARGS_MAX))
			return;
		lua_pop(L, 1);	/* no plain error: a handler of one would run without this hook */
		stop(s, too_long);
	}
	raise_overrun(L);
}

void
sandbox_charge(lua_State *L, size_t steps)
{
	struct sandbox *s = sandbox_of(L);

	if (s->depth && !take(s, steps))
		raise_overrun(L);
}

static void *
allocate(void *ud, void *p, size_t old, size_t want)
{
	struct sandbox *s = ud;
	size_t had = p ? old : 0;	/* without p, old is the type of what is made */
	void *q;

	if (want == 0) {
		s->used -= had;
		free(p);
		return NULL;
	}
	if (want > had) {
		if ((!p && old == LUA_TSTRING && want > SANDBOX_STRING + 64) ||
		    want - had > s->most - s->used) {
			/* Lua collects everything now, and asks again */
			take(s, s->used / BYTES_A_STEP);
			return NULL;
		}
		take(s, want / BYTES_A_STEP);
	}
	if ((q = realloc(p, want)) == NULL)
		return want <= had ? p : NULL;
	s->used = s->used - had + want;
	return q;
}

static int
open_libraries(lua_State *L)
{
	base_open(L);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	return 0;
}

/* One line of UTF-8, whatever it was. */
static void
explain(struct err *e, struct str text)
{
	char line[sizeof e->text];
	size_t n = 0, step;

	while (text.n) {
		if ((step = utf8_step(text)) == 0 || (unsigned char)text.p[0] < ' ' || text.p[0] == 127) {
			if (n + 1 >= sizeof line)
				break;
			line[n++] = text.p[0] == '\n' || text.p[0] == '\t' ? ' ' : '?';
			step = 1;
		} else {
			if (n + step >= sizeof line)
				break;
			memcpy(line + n, text.p, step);
			n += step;
		}
		text = str_skip(text, step);
	}
	err_set(e, "%.*s", (int)n, line);
}

/* From the error object on top, which it pops. */
static int
fail(struct sandbox *s, int status, struct err *e)
{
	lua_State *L = s->L;
	struct str text = { NULL, 0 };

	if (status == LUA_ERRMEM)
		err_set(e, "not enough memory: a policy may use %zu bytes, and %d in one string",
		    s->most, SANDBOX_STRING);
	else if (lua_type(L, -1) == LUA_TSTRING) {
		text.p = lua_tolstring(L, -1, &text.n);
		explain(e, text);
	} else
		err_set(e, "error object is a %s", luaL_typename(L, -1));
	lua_pop(L, 1);
	/* what the failure left behind would make the next call collect it */
	if (s->used > s->most / 2)
		lua_gc(L, LUA_GCCOLLECT, 0);
	return -1;
}

int
sandbox_open(struct sandbox *s, struct bundle *b, size_t memory, struct err *e)
{
	int status;

	*s = (struct sandbox){ .bundle = b, .most = memory };
	if ((s->L = lua_newstate(allocate, s)) == NULL)
		return err_memory(e, "Lua");
	*(struct sandbox **)lua_getextraspace(s->L) = s;
	/* before anything runs, and never taken away again */
	lua_sethook(s->L, on_count, LUA_MASKCOUNT, STEP);
	lua_pushcfunction(s->L, open_libraries);
	if ((status = lua_pcall(s->L, 0, 0, 0)) != LUA_OK) {
		fail(s, status, e);
		sandbox_close(s);
		return -1;
	}
	return 0;
}

void
sandbox_close(struct sandbox *s)
{
	if (s->L)
		lua_close(s->L);
	*s = (struct sandbox){ .L = NULL };
}

int
load_text(lua_State *L, struct str name, struct str text)
{
	char chunk[NAME_MAX_SHOWN + 2];

	snprintf(chunk, sizeof chunk, "@%.*s", (int)(name.n < NAME_MAX_SHOWN ? name.n : NAME_MAX_SHOWN), name.p);
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	if (str_starts(text, STR("#")))	/* for the shell; its line still counts */
		while (text.n && text.p[0] != '\n')
			text = str_skip(text, 1);
	return luaL_loadbufferx(L, text.n ? text.p : "", text.n, chunk, "t");
}

int
sandbox_load(struct sandbox *s, struct str name, struct str text, struct err *e)
{
	int status;

	if (!lua_checkstack(s->L, 2))
		return err_set(e, "not enough memory");
	status = load_text(s->L, name, text);
	return status == LUA_OK ? 0 : fail(s, status, e);
}

/* The message handler: says where, if the message does not. */
static int
add_where(lua_State *L)
{
	size_t n, colon;
	const char *p;

	if (sandbox_of(L)->overrun && lua_type(L, 1) == LUA_TSTRING)
		return 1;
	if (lua_type(L, 1) == LUA_TSTRING || lua_type(L, 1) == LUA_TNUMBER) {
		p = lua_tolstring(L, 1, &n);
		for (colon = 0; colon < n && p[colon] != ':' && p[colon] != '\n'; colon++)
			;
		if (colon + 1 < n && p[colon] == ':' && p[colon + 1] >= '0' && p[colon + 1] <= '9')
			return 1;
	} else {
		lua_pushfstring(L, "error object is a %s", luaL_typename(L, 1));
		lua_replace(L, 1);
	}
	push_where(L);
	lua_insert(L, 1);
	lua_concat(L, 2);
	return 1;
}

int
sandbox_call(struct sandbox *s, int arguments, int results, uint32_t budget, struct err *e)
{
	lua_State *L = s->L;
	uint32_t outer = s->budget;
	int base = lua_gettop(L) - arguments, status;

	/* so that garbage of earlier calls is not at the expense of this one */
	if ((s->most - s->used) / BYTES_A_STEP < budget && s->used > s->most / 2)
		lua_gc(L, LUA_GCCOLLECT, 0);
	if (!lua_checkstack(L, LUA_MINSTACK)) {
		lua_settop(L, base - 1);
		return err_set(e, "not enough memory");
	}
	lua_pushcfunction(L, add_where);
	lua_insert(L, base);
	if (s->depth++ == 0)
		s->until = mono_add_ms(mono_now(), budget > BUDGET_CALL ? TIME_LOAD_MS : TIME_CALL_MS);
	s->budget = s->look = budget;
	s->overrun = NULL;
	lua_sethook(L, on_count, LUA_MASKCOUNT, STEP);
	status = lua_pcall(L, arguments, results, base);
	lua_remove(L, base);
	if (--s->depth) {
		uint32_t took = budget - s->budget;

		s->budget = s->look = outer > took ? outer - took : 0;
		lua_sethook(L, on_count, LUA_MASKCOUNT, STEP);
	}
	if (status != LUA_OK) {
		fail(s, status, e);
	} else if (s->overrun) {	/* the last pcall returned at once */
		lua_settop(L, base - 1);
		status = err_set(e, "%s", s->overrun);
	}
	if (s->frozen && s->depth == 0) {
		struct err kept;

		if (!freeze_kept(s, &kept) && status == LUA_OK) {
			lua_settop(L, base - 1);
			*e = kept;
			status = -1;
		}
	}
	if (s->depth)
		s->overrun = NULL;
	return status == LUA_OK ? 0 : -1;
}

static int
l_freeze(lua_State *L)
{
	freeze_all(L);
	return 0;
}

int
sandbox_freeze(struct sandbox *s, struct err *e)
{
	int status;

	if (!lua_checkstack(s->L, 2))
		return err_set(e, "not enough memory");
	lua_pushcfunction(s->L, l_freeze);
	if ((status = lua_pcall(s->L, 0, 0, 0)) != LUA_OK)
		return fail(s, status, e);
	s->frozen = true;
	lua_gc(s->L, LUA_GCCOLLECT, 0);
	return 0;
}
