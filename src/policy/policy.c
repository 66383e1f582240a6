/* policy.c - see policy.h: a policy is loaded, and its hooks are found. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/inside.h"

enum { SCRATCH_MAX = 1 << 20, RUNS_MAX = 64 * 1024 };

struct policy *
policy_of(lua_State *L)
{
	return (struct policy *)(void *)sandbox_of(L);
}

static int
open_inside(lua_State *L)
{
	fedx_library(L);
	sandbox_module(L, "fedx");
	return 0;
}

struct policy *
policy_open(struct bundle *bundle, struct err *e)
{
	struct policy *p = calloc(1, sizeof *p);

	if (p == NULL || sandbox_open(&p->box, bundle, SANDBOX_MEMORY, e) == -1) {
		if (p == NULL)
			err_set(e, "not enough memory");
		free(p);
		return NULL;
	}
	for (size_t i = 0; i < HOOK_COUNT; i++)
		p->refs[i] = LUA_NOREF;
	buf_init(&p->scratch, SCRATCH_MAX);
	buf_init(&p->runs, RUNS_MAX);
	lua_pushcfunction(p->box.L, open_inside);
	if (sandbox_call(&p->box, 0, 0, BUDGET_LOAD, e) == -1) {
		policy_free(p);
		return NULL;
	}
	return p;
}

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	sandbox_close(&p->box);
	rules_free(&p->rules);
	buf_free(&p->scratch);
	buf_free(&p->runs);
	free(p);
}

/* [value]: is it a hook?  Pops it. */
static void
take_hook(lua_State *L, struct policy *p, enum hook hook)
{
	lua_Debug ar;

	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		return;
	}
	if (!lua_isfunction(L, -1))
		luaL_error(L, "policy.lua: %s must be a function, not a %s", hook_name(hook), luaL_typename(L, -1));
	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &ar);
	snprintf(p->defined[hook].file, sizeof p->defined[hook].file, "%s",
	    ar.source[0] == '@' ? ar.source + 1 : ar.short_src);
	p->defined[hook].line = ar.linedefined > 0 ? (uint32_t)ar.linedefined : 0;
	p->hooks |= UINT32_C(1) << hook;
	p->refs[hook] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void
take_rules(lua_State *L, struct policy *p, int on)
{
	static const struct { const char *name; enum hook hook; } events[] = {
		{ "link", HOOK_LINK }, { "service", HOOK_SERVICE }, { "event", HOOK_EVENT }
	};

	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		lua_getfield(L, on, events[i].name);
		take_hook(L, p, events[i].hook);
	}
	lua_pushnil(L);
	while (lua_next(L, on)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2);
		bool known = false;

		for (size_t i = 0; i < sizeof events / sizeof *events; i++)
			known = known || strcmp(name, events[i].name) == 0;
		if (!known)
			luaL_error(L, "policy.lua: nothing calls on.%s; there are on.link, on.service and on.event",
			    name);
		lua_pop(L, 1);
	}
}

/* Those of lua/fedx that a hook may use first: later, nothing is read any more. */
static void
take_comfort(lua_State *L)
{
	static const char *const names[] = { "rules", "window" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		lua_getglobal(L, "require");
		lua_pushfstring(L, "fedx.%s", names[i]);
		lua_pcall(L, 1, 1, 0);
		lua_pop(L, 1);
	}
}

static int
find_hooks(lua_State *L)
{
	struct policy *p = policy_of(L);

	take_comfort(L);

	for (unsigned hook = HOOK_ROUTE; hook <= HOOK_EXPORT; hook++) {
		lua_getglobal(L, hook_name(hook));
		take_hook(L, p, (enum hook)hook);
	}
	if (lua_getglobal(L, "on") != LUA_TNIL) {
		if (!lua_istable(L, -1))
			luaL_error(L, "policy.lua: on must be a table { link = f, service = f, event = f }, not a %s",
			    luaL_typename(L, -1));
		take_rules(L, p, lua_gettop(L));
	}
	return 0;
}

static int
load(struct policy *p, struct bundle *bundle, struct err *e)
{
	struct str text;
	int there = bundle_file(bundle, STR("policy.lua"), BUNDLE_FILE_MAX, &text, e);

	if (there <= 0)
		return there;
	if (sandbox_load(&p->box, STR("policy.lua"), text, e) == -1 ||
	    sandbox_call(&p->box, 0, 0, BUDGET_LOAD, e) == -1)
		return -1;
	lua_pushcfunction(p->box.L, find_hooks);
	return sandbox_call(&p->box, 0, 0, BUDGET_LOAD, e);
}

struct policy *
policy_load(struct bundle *bundle, struct err *e)
{
	struct policy *p = policy_open(bundle, e);

	if (p != NULL && (load(p, bundle, e) == -1 || sandbox_freeze(&p->box, e) == -1)) {
		policy_free(p);
		return NULL;
	}
	return p;
}

uint32_t
policy_hooks(const struct policy *p)
{
	return p->hooks;
}

size_t
policy_rules(const struct policy *p)
{
	return p->rules.count;
}

const struct rule *
policy_rule(const struct policy *p, size_t number)
{
	return rules_get(&p->rules, number);
}

int
policy_call(struct policy *p, struct asking *a, lua_CFunction inside, struct err *e)
{
	int rc;

	p->asked++;
	p->now = a;
	lua_pushcfunction(p->box.L, inside);
	lua_pushlightuserdata(p->box.L, p);
	rc = sandbox_call(&p->box, 1, 1, BUDGET_CALL, e);
	p->now = NULL;
	return rc;
}
