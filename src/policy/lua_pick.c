/*
 * lua_pick.c - the instances that `balance` chooses from.
 *
 *	#instances			kept until one comes or goes
 *	instances[1].node		version, tags, weight, in_flight, latency_us,
 *					is_local, index: they change by themselves,
 *					so a strategy that follows holds for 1 s
 */
#include "policy/inside.h"

enum { KEEP_MS = 1000 };
enum fact { FACT_NODE, FACT_VERSION, FACT_TAGS, FACT_WEIGHT, FACT_IN_FLIGHT, FACT_LATENCY, FACT_LOCAL, FACT_INDEX };

struct chosen { struct handle handle; size_t index; struct instance of; };

/* The instance `index` (from 1 on) into a->last; a walk over all of them is one walk. */
static bool
find(lua_State *L, struct asking *a, size_t index)
{
	if (a->last_index == 0 || index < a->last_index) {
		a->after_last = a->q->instances;
		a->last_index = 0;
	}
	while (a->last_index < index) {
		sandbox_charge(L, 1);
		if (!instance_next(&a->after_last, &a->last)) {
			a->last_index = 0;
			return false;
		}
		a->last_index++;
	}
	return true;
}

static int
instances_index(lua_State *L)
{
	struct asking *a = object_live(L, 1, OBJECT_INSTANCES);
	lua_Integer index = lua_isinteger(L, 2) ? lua_tointeger(L, 2) : -1;
	struct chosen *c;

	if (index < 0)
		return policy_fail(L, "instances is a list: want instances[1] .. instances[#instances]");
	note_keep(&a->notes, KEEP_MS);
	if (index == 0 || !find(L, a, (size_t)index))
		return 0;
	c = object_new(L, OBJECT_INSTANCE, sizeof *c, 0);
	c->handle.number = policy_of(L)->asked;
	c->index = (size_t)index;
	c->of = a->last;
	return 1;
}

static int
instances_length(lua_State *L)
{
	struct asking *a = object_live(L, 1, OBJECT_INSTANCES);
	struct str run = a->q->instances;
	struct instance one;
	lua_Integer n = 0;

	note_lookup(&a->notes, FAMILY_SERVICE, a->q->subject);
	while (instance_next(&run, &one))
		n++;
	sandbox_charge(L, (size_t)n);
	lua_pushinteger(L, n);
	return 1;
}

static int
instance_index(lua_State *L)
{
	const struct chosen *c;

	object_live(L, 1, OBJECT_INSTANCE);
	c = object_at(L, 1, OBJECT_INSTANCE);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNUMBER)
		fail_unknown(L, "instance", 2, lua_upvalueindex(1));
	switch ((enum fact)lua_tointeger(L, -1)) {
	case FACT_NODE:		text_push(L, c->of.node); break;
	case FACT_VERSION:	text_push(L, c->of.version); break;
	case FACT_TAGS:		text_push(L, c->of.tags); break;
	case FACT_WEIGHT:	lua_pushinteger(L, c->of.weight); break;
	case FACT_IN_FLIGHT:	lua_pushinteger(L, c->of.in_flight); break;
	case FACT_LATENCY:	lua_pushinteger(L, c->of.latency_us); break;
	case FACT_LOCAL:	lua_pushboolean(L, c->of.local != 0); break;
	case FACT_INDEX:	lua_pushinteger(L, (lua_Integer)c->index); break;
	}
	return 1;
}

bool
instance_number(lua_State *L, int at, uint32_t *number)
{
	struct asking *a = policy_of(L)->now;
	const struct chosen *c = object_at(L, at, OBJECT_INSTANCE);

	if (a == NULL || a->q == NULL || a->q->hook != HOOK_BALANCE)
		policy_fail(L, "fedx.pick is for the hook balance, while it runs");
	if (c != NULL) {
		object_live(L, at, OBJECT_INSTANCE);
		*number = c->of.number;
		return true;
	}
	if (!lua_isinteger(L, at) || lua_tointeger(L, at) < 1 || !find(L, a, (size_t)lua_tointeger(L, at)))
		return false;
	*number = a->last.number;
	return true;
}

void
instances_define(lua_State *L)
{
	static const char *const facts[] = {
		[FACT_NODE] = "node", [FACT_VERSION] = "version", [FACT_TAGS] = "tags",
		[FACT_WEIGHT] = "weight", [FACT_IN_FLIGHT] = "in_flight", [FACT_LATENCY] = "latency_us",
		[FACT_LOCAL] = "is_local", [FACT_INDEX] = "index"
	};

	object_define(L, OBJECT_INSTANCE);
	lua_createtable(L, 0, 8);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		lua_pushinteger(L, (lua_Integer)i);
		lua_setfield(L, -2, facts[i]);
	}
	object_index(L, instance_index);
	lua_pop(L, 1);
	object_define(L, OBJECT_INSTANCES);
	lua_pushcfunction(L, instances_index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, instances_length);
	lua_setfield(L, -2, "__len");
	lua_pop(L, 1);
}

void
instances_push(lua_State *L, const struct policy *p)
{
	struct handle *h = object_new(L, OBJECT_INSTANCES, sizeof *h, 0);

	h->number = p->asked;
}
