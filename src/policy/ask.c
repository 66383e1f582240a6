/* ask.c - see policy.h: a question in, a verdict out. */
#include <stdio.h>

#include "base/errors.h"
#include "policy/inside.h"
#include "wire/json.h"

enum { FAILED_KEEP_MS = 1000 };

static bool
fits(lua_State *L, enum hook hook)	/* is what is on top an answer of this hook? */
{
	const struct value *v = object_at(L, -1, OBJECT_VALUE);
	struct str name;

	if (v != NULL)
		return (v->fits & UINT32_C(1) << hook) != 0;
	if (hook != HOOK_BALANCE || lua_type(L, -1) != LUA_TSTRING)
		return lua_isnil(L, -1);
	name.p = lua_tolstring(L, -1, &name.n);
	return strategy_named(name) < STRATEGY_STICKY;
}

static int
refuse(lua_State *L, const struct policy *p, enum hook hook)
{
	const struct value *v = object_at(L, -1, OBJECT_VALUE);
	const char *file = v ? lua_pushlstring(L, v->file.p, v->file.n) : p->defined[hook].file;
	int line = v ? (int)v->line : (int)p->defined[hook].line;

	if (v)
		lua_pop(L, 1);
	if (v != NULL)
		return luaL_error(L, "%s:%d: this verdict is not for the hook %s", file, line, hook_name(hook));
	if (hook == HOOK_BALANCE && lua_type(L, -1) == LUA_TSTRING)
		return luaL_error(L, "%s:%d: balance returned '%s', which is no strategy; want \"round_robin\", "
		    "\"least_inflight\", \"random\", \"weighted\" or \"latency\"", file, line, lua_tostring(L, -1));
	return luaL_error(L, "%s:%d: the hook %s returned a %s; want nil or a verdict like fedx.allow()",
	    file, line, hook_name(hook), object_type(L, -1));
}

/* [policy] -> what the hook answers, which fits it */
static int
ask_inside(lua_State *L)
{
	const struct policy *p = lua_touserdata(L, 1);
	const struct question *q = p->now->q;
	int arguments = 2;

	lua_rawgeti(L, LUA_REGISTRYINDEX, p->refs[q->hook]);
	switch ((enum hook)q->hook) {
	case HOOK_ROUTE:
		msg_push(L, p);
		break;
	case HOOK_SCOPE:
		peer_push(L, p);
		lua_pushlstring(L, q->subject.p, q->subject.n);
		arguments = 3;
		break;
	case HOOK_BALANCE:
		lua_pushlstring(L, q->subject.p, q->subject.n);
		instances_push(L, p);
		arguments = 3;
		break;
	case HOOK_IMPORT:
	case HOOK_EXPORT:
		route_push(L, p);
		peer_push(L, p);
		arguments = 3;
		break;
	default:
		peer_push(L, p);
		break;
	}
	env_push(L, p);
	lua_call(L, arguments, 1);
	return fits(L, (enum hook)q->hook) ? 1 : refuse(L, p, (enum hook)q->hook);
}

/* "policy.lua:12: ..." begins most messages; else it is where the hook is written. */
static uint32_t
failing_rule(struct policy *p, enum hook hook, const struct err *e)
{
	struct str file, line, rest;
	uint64_t number;

	if (str_split(str(e->text), ':', &file, &rest) && str_split(rest, ':', &line, &rest) &&
	    str_u64(line, UINT32_MAX, &number) == 0)
		return rules_number(&p->rules, (uint8_t)hook, file, (uint32_t)number, STR(""));
	return rules_number(&p->rules, (uint8_t)hook, str(p->defined[hook].file), p->defined[hook].line, STR(""));
}

/* `balance` picks among what is allowed: its failure closes nothing. */
static void
answer_failure(struct policy *p, enum hook hook, struct verdict *v, const struct err *e)
{
	*v = (struct verdict){ .limit_field = FIELD_COUNT, .sticky_field = FIELD_COUNT };
	v->answer = hook == HOOK_BALANCE ? ANSWER_NONE : ANSWER_DENY;
	v->error = hook == HOOK_BALANCE ? E_NONE : E_policy_error;
	v->reason = str(e->text);
	v->rule = failing_rule(p, hook, e);
}

static void
answer_result(struct policy *p, enum hook hook, struct verdict *v)
{
	lua_State *L = p->box.L;
	const struct value *value = object_at(L, -1, OBJECT_VALUE);
	struct str name;

	*v = (struct verdict){ .answer = ANSWER_NONE, .limit_field = FIELD_COUNT, .sticky_field = FIELD_COUNT };
	if (value != NULL) {
		*v = value->v;
		v->rule = rules_number(&p->rules, (uint8_t)hook, value->file, value->line, value->name);
	} else if (lua_type(L, -1) == LUA_TSTRING) {
		name.p = lua_tolstring(L, -1, &name.n);
		v->answer = ANSWER_STRATEGY;
		v->strategy = (uint8_t)strategy_named(name);
		v->rule = rules_number(&p->rules, (uint8_t)hook, str(p->defined[hook].file),
		    p->defined[hook].line, STR(""));
	}
}

static int
put_pair(struct buf *b, const char *key, struct str value)
{
	return buf_fmt(b, ",\"%s\":", key) == -1 ? -1 : json_quote(b, value);
}

/* One line of JSON, for `fedx-probe explain`; appended to p->runs. */
static struct str
explain(struct policy *p, const struct question *q, const struct verdict *v)
{
	struct buf *b = &p->runs;
	const struct rule *rule = rules_get(&p->rules, v->rule);
	struct str run = v->tests;
	const char *comma = "";
	struct test t;
	size_t start = buf_len(b);
	int rc = buf_fmt(b, "{\"step\":\"policy\",\"hook\":\"%s\",\"answer\":\"%s\"", hook_name(q->hook), answer_name(v->answer));

	if (rule != NULL) {
		rc |= put_pair(b, "file", str(rule->file)) | buf_fmt(b, ",\"line\":%u", (unsigned)rule->line);
		if (*rule->name)
			rc |= put_pair(b, "rule", str(rule->name));
	}
	if (v->error != E_NONE)
		rc |= put_pair(b, "error", str(error_row(v->error)->name));
	if (v->reason.n > 0)
		rc |= put_pair(b, "reason", v->reason);
	if (v->answer == ANSWER_STRATEGY)
		rc |= put_pair(b, "strategy", str(strategy_name(v->strategy)));
	rc |= buf_str(b, STR(",\"read\":["));
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (v->read & UINT32_C(1) << f) {
			rc |= buf_fmt(b, "%s\"%s\"", comma, field_name(f));
			comma = ",";
		}
	rc |= buf_str(b, STR("],\"tests\":["));
	for (comma = ""; test_next(&run, &t); comma = ",") {
		rc |= buf_fmt(b, "%s{\"field\":\"%s\",\"op\":\"%s\"", comma, field_name(t.field), op_name(t.op));
		rc |= put_pair(b, "what", t.what) | buf_fmt(b, ",\"holds\":%s}", t.result ? "true" : "false");
	}
	rc |= buf_fmt(b, v->keep_ms == FOREVER ? "]}\n" : "],\"keep_ms\":%u}\n", (unsigned)v->keep_ms);
	return rc < 0 ? STR("") : str_skip(buf_view(b), start);
}

static int
finish(struct policy *p, struct asking *a, struct verdict *v, struct buf *to)
{
	size_t tests, lookups;

	v->seen = a->world->seen;
	buf_eat(&p->runs, buf_len(&p->runs));
	if (notes_put(&a->notes, v, &p->runs) == -1)
		return -1;
	if (a->q->how & ASK_EXPLAIN) {
		tests = v->tests.n;
		lookups = v->lookups.n;
		v->explanation = explain(p, a->q, v);
		/* the runs may have moved while that was appended */
		v->tests = str_head(buf_view(&p->runs), tests);
		v->lookups = str_head(str_skip(buf_view(&p->runs), tests), lookups);
		v->keep_ms = 0;
	}
	return verdict_put(to, v);
}

int
policy_ask(struct policy *p, const struct question *q, const struct peer_facts *peer,
    const struct policy_world *world, struct buf *verdict, struct err *e)
{
	static const struct peer_facts nobody;
	struct asking a;	/* large, and its notes begin empty without being cleared */
	struct verdict v = { .answer = ANSWER_NONE, .limit_field = FIELD_COUNT, .sticky_field = FIELD_COUNT };
	int rc = 0;

	a.q = q;
	a.subject = (struct subject){ .q = q, .peer = peer ? peer : &nobody };
	a.world = world;
	notes_start(&a.notes);
	a.facts = a.after_last = STR("");
	a.actions = NULL;
	a.last_index = 0;
	if (q->hook > HOOK_EXPORT || (p->hooks & UINT32_C(1) << q->hook) == 0)
		return finish(p, &a, &v, verdict) == -1 ? err_set(e, "the verdict is too long") : 0;
	rc = policy_call(p, &a, ask_inside, e);
	if (rc == -1) {
		answer_failure(p, (enum hook)q->hook, &v, e);
		note_keep(&a.notes, FAILED_KEEP_MS);
	} else {
		answer_result(p, (enum hook)q->hook, &v);
	}
	if (v.answer == ANSWER_PICK)
		note_keep(&a.notes, 0);
	if (finish(p, &a, &v, verdict) == -1)
		rc = err_set(e, "the verdict is too long");
	if (lua_gettop(p->box.L) > 0)
		lua_settop(p->box.L, 0);
	return rc;
}
