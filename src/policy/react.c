/* react.c - see policy.h: on.link, on.service and on.event answer with actions. */
#include "policy/inside.h"
#include "policy/lua_json.h"
#include "wire/envelope.h"
#include "wire/json.h"

enum { ACTIONS_MAX = 64, PAYLOAD_MAX = 64 * 1024, LOG_MAX = 1024 };

static int
push_act(lua_State *L, struct action a)
{
	size_t bytes = a.rule.n + a.to.n + a.subject.n + a.payload.n + a.log.n;
	struct act *act = object_new(L, OBJECT_ACTION, sizeof *act + bytes, 0);
	char *to = act->text;

	act->action = a;
	act->action.rule = str_place(&to, a.rule);
	act->action.to = str_place(&to, a.to);
	act->action.subject = str_place(&to, a.subject);
	act->action.payload = str_place(&to, a.payload);
	act->action.log = str_place(&to, a.log);
	return 1;
}

static void
take_payload(lua_State *L, const char *who, struct action *a)
{
	struct json_fault fault;
	struct str type;

	a->type = TYPE_TEXT;
	if (field_text(L, 1, who, "type", NOTE_TEXT, &type)) {
		if (!str_is(type, "text") && !str_is(type, "json"))
			policy_fail(L, "%s: want type = \"text\" or \"json\", not '%s'", who, type.p);
		a->type = type.p[0] == 'j' ? TYPE_JSON : TYPE_TEXT;
	}
	if (lua_getfield(L, 1, "payload") == LUA_TNIL)
		return;
	if (lua_type(L, -1) != LUA_TSTRING)
		policy_fail(L, "%s: want a text for payload, not a %s", who, luaL_typename(L, -1));
	a->payload.p = lua_tolstring(L, -1, &a->payload.n);
	if (a->payload.n > PAYLOAD_MAX)
		policy_fail(L, "%s: the payload is over %d bytes", who, PAYLOAD_MAX);
	if (a->type == TYPE_JSON && json_check(a->payload, 64, &fault) == -1)
		policy_fail(L, "%s: the payload is not JSON: %s at byte %d", who, fault.why, (int)fault.at);
}

/* request{ service = , method = , to = , payload = , type = , name = } -> action */
static int
l_request(lua_State *L)
{
	static const char *const keys[] = { "service", "method", "to", "payload", "type", "name", NULL };
	static const char who[] = "fedx.request";
	struct action a = { .type = TYPE_TEXT };
	struct str service = STR(""), method = STR("");

	check_keys(L, 1, who, keys);
	field_text(L, 1, who, "service", NAME_MAX_BYTES, &service);
	field_text(L, 1, who, "method", NAME_MAX_BYTES, &method);
	field_text(L, 1, who, "to", NAME_MAX_BYTES, &a.to);
	if (service.n + a.to.n == 0)
		policy_fail(L, "%s: want service = or to =", who);
	if (memchr(service.p, '/', service.n) != NULL)
		policy_fail(L, "%s: a service has no '/' in its name; say method = apart", who);
	field_text(L, 1, who, "name", RULE_NAME_MAX, &a.rule);
	take_payload(L, who, &a);
	a.subject = service.n > 0 ? service : method;
	if (service.n > 0 && method.n > 0) {
		lua_pushlstring(L, service.p, service.n);
		lua_pushliteral(L, "/");
		lua_pushlstring(L, method.p, method.n);
		lua_concat(L, 3);
		a.subject.p = lua_tolstring(L, -1, &a.subject.n);
	}
	return push_act(L, a);
}

/* log("text") -> action */
static int
l_log(lua_State *L)
{
	struct action a = { .log = check_text(L, 1, "fedx.log", LOG_MAX) };

	if (a.log.n == 0)
		return policy_fail(L, "fedx.log: want a text");
	return push_act(L, a);
}

void
action_library(lua_State *L)
{
	static const luaL_Reg functions[] = { { "request", l_request }, { "log", l_log }, { NULL, NULL } };

	object_define(L, OBJECT_ACTION);
	lua_pop(L, 1);
	object_methods(L, functions);
}

static void
put_action(lua_State *L, const struct policy *p, enum hook hook)	/* what is on top */
{
	const struct act *act = object_at(L, -1, OBJECT_ACTION);
	struct action a;

	if (act == NULL)
		luaL_error(L, "%s:%d: %s returned a %s; want nil or a list of actions like fedx.log(\"...\")",
		    p->defined[hook].file, (int)p->defined[hook].line, hook_name(hook), object_type(L, -1));
	a = act->action;
	if (a.rule.n == 0)
		a.rule = str(hook_name(hook));
	if (action_add(p->now->actions, &a) == -1)
		luaL_error(L, "%s:%d: %s returned too many bytes of actions",
		    p->defined[hook].file, (int)p->defined[hook].line, hook_name(hook));
}

/* [policy] -> nothing of interest; the actions are in p->now->actions */
static int
react_inside(lua_State *L)
{
	struct policy *p = lua_touserdata(L, 1);
	enum hook hook = (enum hook)p->now->q->hook;
	lua_Integer n = 0;

	lua_rawgeti(L, LUA_REGISTRYINDEX, p->refs[hook]);
	json_push(L, p, p->now->facts);
	sandbox_table(L);
	env_push(L, p);
	lua_call(L, 2, 1);
	if (lua_isnil(L, -1))
		return 1;
	if (!lua_istable(L, -1)) {
		put_action(L, p, hook);
		return 1;
	}
	while (lua_geti(L, 2, n + 1) != LUA_TNIL) {
		if (++n > ACTIONS_MAX)
			luaL_error(L, "%s:%d: %s returned over %d actions", p->defined[hook].file,
			    (int)p->defined[hook].line, hook_name(hook), ACTIONS_MAX);
		put_action(L, p, hook);
		lua_pop(L, 1);
	}
	return 1;
}

int
policy_react(struct policy *p, enum hook hook, struct str facts, const struct policy_world *world,
    struct buf *actions, struct err *e)
{
	static const struct peer_facts nobody;
	struct question q = { .hook = (uint8_t)hook };
	struct asking a = { .q = &q, .world = world, .facts = facts, .actions = actions };
	size_t before = buf_len(actions);
	struct json_fault fault;

	if (hook < HOOK_LINK || hook >= HOOK_COUNT || (p->hooks & UINT32_C(1) << hook) == 0)
		return 0;
	if (json_check(facts, LUA_JSON_DEPTH, &fault) == -1 || json_type(facts) != JSON_OBJECT)
		return err_set(e, "the event is not a JSON object");
	a.subject.q = &q;
	a.subject.peer = &nobody;
	notes_start(&a.notes);
	if (policy_call(p, &a, react_inside, e) == -1) {
		buf_cut(actions, before);	/* all of them, or none */
		return -1;
	}
	lua_settop(p->box.L, 0);
	return 0;
}
