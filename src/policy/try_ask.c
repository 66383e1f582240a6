/* try_ask.c - see try_ask.h. */
#include "base/errors.h"
#include "policy/try_ask.h"
#include "wire/fields.h"
#include "wire/hello.h"
#include "wire/json.h"

static const char *who = "the message";

static bool
text(lua_State *L, int table, const char *key, struct str *to)
{
	return field_text(L, table, who, key, ENVELOPE_NAMES_MAX, to);
}

static bool
flag(lua_State *L, int table, const char *key)	/* true or "yes"; false, "" or nothing */
{
	bool is;

	lua_getfield(L, table, key);
	is = lua_isstring(L, -1) ? lua_rawlen(L, -1) > 0 : lua_toboolean(L, -1);
	lua_pop(L, 1);
	return is;
}

static uint8_t
kind_at(lua_State *L, struct str name)
{
	for (unsigned k = 1; k < 256; k++) {
		const char *known = kind_name((uint8_t)k);
		size_t i = 0;

		while (i < name.n && known[i] != '\0' && (known[i] | 0x20) == (name.p[i] | 0x20))
			i++;
		if (i == name.n && known[i] == '\0')
			return (uint8_t)k;
	}
	policy_fail(L, "%s: there is no kind '%s'", who, name.p);
}

static uint8_t
type_at(lua_State *L, struct str name)
{
	for (uint8_t t = 0; t < TYPE_COUNT; t++)
		if (str_is(name, type_name(t)))
			return t;
	policy_fail(L, "%s: there is no payload type '%s'", who, name.p);
}

static void
take_peer(lua_State *L, int at, struct peer_facts *p)
{
	static const char *const keys[] = { "node", "cluster", "role", "address", "from", "tags", "admin", NULL };
	struct str role;

	if (lua_isnil(L, at))
		return;
	check_keys(L, at, "the peer", keys);
	text(L, at, "node", &p->node);
	text(L, at, "cluster", &p->cluster);
	text(L, at, "address", &p->address);
	text(L, at, "from", &p->from);
	text(L, at, "tags", &p->tags);
	p->admin = flag(L, at, "admin");
	if (!text(L, at, "role", &role))
		return;
	p->uplink = str_is(role, "uplink");
	p->guest = str_is(role, "guest");
	p->role = p->uplink ? ROLE_HUB : p->guest ? ROLE_CLIENT : ROLE_NONE;
	for (uint8_t r = ROLE_NONE + 1; r < ROLE_COUNT; r++)
		if (str_is(role, role_name(r)))
			p->role = r;
	if (p->role == ROLE_NONE)
		policy_fail(L, "the peer: want role = \"client\", \"guest\", \"leaf\", \"hub\" or \"uplink\", not '%s'", role.p);
}

static void
take_instances(lua_State *L, int at, struct buf *run)
{
	static const char *const keys[] = { "node", "version", "tags", "weight", "in_flight", "latency_us",
		"is_local", NULL };
	struct instance one;
	uint32_t n = 0;

	if (lua_isnil(L, at))
		return;
	if (!lua_istable(L, at))
		policy_fail(L, "want a list of instances, not a %s", luaL_typename(L, at));
	for (; lua_geti(L, at, (lua_Integer)n + 1) != LUA_TNIL; lua_settop(L, at)) {
		int table = lua_gettop(L);

		one = (struct instance){ .number = ++n, .weight = 100 };
		check_keys(L, table, "an instance", keys);
		text(L, table, "node", &one.node);
		text(L, table, "version", &one.version);
		text(L, table, "tags", &one.tags);
		one.in_flight = field_count(L, table, "an instance", "in_flight", 1000000);
		one.latency_us = field_count(L, table, "an instance", "latency_us", 1000000000);
		if (lua_getfield(L, table, "weight") != LUA_TNIL)
			one.weight = field_count(L, table, "an instance", "weight", 65535);
		one.local = flag(L, table, "is_local");
		if (instance_put(run, &one) == -1)
			policy_fail(L, "too many instances");
	}
	lua_settop(L, at);
}

/* "SERVICE/METHOD", when the table has them apart */
static void
take_subject(lua_State *L, int table, struct question *q)
{
	struct str service, method;
	bool has_service, has_method;

	text(L, table, "subject", &q->subject);
	has_service = text(L, table, "service", &service);
	has_method = text(L, table, "method", &method);
	if (!has_service && !has_method)
		return;
	if (q->subject.n > 0)
		policy_fail(L, "%s: subject is service and method together: give that, or those", who);
	if (!has_service && q->to.n == 0)
		policy_fail(L, "%s: a method wants service =, or to =", who);
	if (!has_service || !has_method) {
		q->subject = has_service ? service : method;
		return;
	}
	lua_pushfstring(L, "%s/%s", service.p, method.p);
	q->subject.p = lua_tolstring(L, -1, &q->subject.n);
}

static void
push_words(lua_State *L, const char *key, struct str value)	/* into the table on top, unless empty */
{
	if (value.n == 0)
		return;
	lua_pushlstring(L, value.p, value.n);
	lua_setfield(L, -2, key);
}

static void
push_count(lua_State *L, const char *key, lua_Integer value)
{
	if (value == 0)
		return;
	lua_pushinteger(L, value);
	lua_setfield(L, -2, key);
}

static void
push_read(lua_State *L, const struct verdict *v)
{
	struct str run = v->tests;
	struct test t;
	lua_Integer n = 0;

	lua_newtable(L);
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (v->read & UINT32_C(1) << f) {
			lua_pushstring(L, field_name(f));
			lua_rawseti(L, -2, ++n);
		}
	lua_setfield(L, -2, "read");
	lua_newtable(L);
	for (n = 0; test_next(&run, &t); lua_rawseti(L, -2, ++n)) {
		lua_newtable(L);
		push_words(L, "field", str(field_name(t.field)));
		push_words(L, "op", str(op_name(t.op)));
		push_words(L, "what", t.what);
		lua_pushboolean(L, t.result);
		lua_setfield(L, -2, "holds");
	}
	lua_setfield(L, -2, "tests");
}

static void
push_limit(lua_State *L, const struct verdict *v)
{
	push_words(L, "limit", v->limit);
	push_count(L, "limit_rate", v->limit_rate);
	push_count(L, "limit_burst", v->limit_burst);
	if (v->limit.n > 0 && v->limit_field < FIELD_COUNT)
		push_words(L, "limit_field", str(field_name(v->limit_field)));
}

static void
push_scopes(lua_State *L, struct str run)
{
	struct str scope;
	lua_Integer n = 0;

	if (run.n == 0)
		return;
	lua_newtable(L);
	while (scope_next(&run, &scope)) {
		lua_pushlstring(L, scope.p, scope.n);
		lua_rawseti(L, -2, ++n);
	}
	lua_setfield(L, -2, "scopes");
}

static void
push_verdict(lua_State *L, const struct policy *p, const struct verdict *v)
{
	const struct rule *rule = rules_get(&p->rules, v->rule);

	lua_newtable(L);
	push_words(L, "answer", str(answer_name(v->answer)));
	if (v->answer == ANSWER_DENY)
		push_words(L, "error", str(error_row(v->error ? v->error : E_denied)->name));
	if (rule != NULL) {
		push_words(L, "file", str(rule->file));
		push_count(L, "line", rule->line);
		push_words(L, "rule", str(rule->name));
	}
	push_words(L, "reason", v->reason);
	push_words(L, "via", v->via);
	push_words(L, "to", v->to);
	push_words(L, "subject", v->subject);
	push_words(L, "tags", v->tags);
	push_count(L, "preference", v->preference);
	if (v->shared) {
		lua_pushboolean(L, 1);
		lua_setfield(L, -2, "shared");
	}
	push_count(L, "in_flight", v->max_in_flight);
	push_count(L, "services", v->max_services);
	push_count(L, "endpoints", v->max_endpoints);
	if (v->answer == ANSWER_STRATEGY || v->answer == ANSWER_PICK)
		push_words(L, "strategy", str(strategy_name(v->strategy)));
	if (v->answer == ANSWER_STRATEGY && v->strategy == STRATEGY_STICKY)
		push_words(L, "sticky", str(field_name(v->sticky_field)));
	push_count(L, "instance", v->instance);
	if (v->keep_ms != FOREVER) {
		lua_pushinteger(L, v->keep_ms);
		lua_setfield(L, -2, "keep_ms");
	}
	push_limit(L, v);
	push_scopes(L, v->scopes);
	push_read(L, v);
}

static enum hook
hook_at(lua_State *L, int at)
{
	struct str name = check_text(L, at, "ask", NOTE_TEXT);

	for (unsigned h = HOOK_ROUTE; h <= HOOK_EXPORT; h++)
		if (str_is(name, hook_name(h)))
			return (enum hook)h;
	policy_fail(L, "ask: there is no hook '%s'", name.p);
}

/* Words, as one text or as a list of them; what it pushes stays. */
static struct str
words_at(lua_State *L, int table, const char *key)
{
	struct str words = STR("");

	if (lua_getfield(L, table, key) == LUA_TTABLE) {
		int list = lua_gettop(L);
		lua_Integer n = 0;

		lua_pushliteral(L, "");
		while (lua_geti(L, list, ++n) != LUA_TNIL) {
			check_text(L, -1, who, NOTE_TEXT);
			if (n > 1) {
				lua_pushliteral(L, " ");
				lua_insert(L, -2);
			}
			lua_concat(L, n > 1 ? 3 : 2);
		}
		lua_pop(L, 1);
	} else if (lua_isnil(L, -1)) {
		return words;
	}
	words = check_text(L, -1, who, LIST_MAX_BYTES);
	if (words.n > 0 && !words_valid(words, LIST_MAX_BYTES))
		policy_fail(L, "%s: %s are words with single spaces between, or a list of words", who, key);
	return words;
}

static void
take_route(lua_State *L, int table, struct question *q, struct peer_facts *peer)
{
	struct str rest;

	text(L, table, "node", &q->subject);
	q->path = words_at(L, table, "path");
	q->clusters = words_at(L, table, "clusters");
	if (q->clusters.n == 0)
		q->clusters = words_at(L, table, "cluster");
	q->tags = words_at(L, table, "tags");
	if (q->hook == HOOK_IMPORT && q->path.n == 0)
		q->path = q->subject;	/* a neighbour's own */
	peer->role = ROLE_HUB;
	if (q->hook == HOOK_IMPORT)
		str_split(q->path, ' ', &peer->node, &rest);
}

int
try_ask(lua_State *L)
{
	static const char *const keys[] = { "from", "to", "subject", "service", "method", "origin", "version",
		"kind", "type", "idempotent", "oneway", "peer", "action", "family", "name", "instances",
		"hook", "node", "path", "cluster", "clusters", "tags", NULL };
	struct trying *t = lua_touserdata(L, lua_upvalueindex(1));
	struct question q = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .peer = 1, .family = FAMILY_ENDPOINT,
	    .action = STR("attach"), .from = STR(""), .subject = STR("") };
	struct peer_facts peer = { .number = 1, .role = ROLE_CLIENT, .address = STR("127.0.0.1") };
	struct str word;
	struct verdict v;
	struct err e;

	q.hook = (uint8_t)hook_at(L, 1);
	lua_settop(L, 2);
	check_keys(L, 2, who, keys);
	luaL_checkstack(L, 64, NULL);
	buf_eat(&t->run, buf_len(&t->run));
	buf_eat(&t->answer, buf_len(&t->answer));
	lua_getfield(L, 2, "instances");
	take_instances(L, 3, &t->run);
	q.instances = buf_view(&t->run);
	text(L, 2, "from", &q.from);
	text(L, 2, "to", &q.to);
	text(L, 2, "origin", &q.origin);
	text(L, 2, "version", &q.version);
	text(L, 2, "action", &q.action);
	take_subject(L, 2, &q);
	text(L, 2, "name", &q.subject);
	if (text(L, 2, "kind", &word))
		q.kind = kind_at(L, word);
	if (text(L, 2, "type", &word))
		q.type = type_at(L, word);
	if (text(L, 2, "family", &word))
		q.family = (uint8_t)check_family(L, -1, who);
	q.idempotent = flag(L, 2, "idempotent");
	q.oneway = flag(L, 2, "oneway");
	peer.from = q.from;
	if (q.hook == HOOK_IMPORT || q.hook == HOOK_EXPORT)
		take_route(L, 2, &q, &peer);
	lua_getfield(L, 2, "peer");
	take_peer(L, lua_gettop(L), &peer);
	/* another state: what it raises ends there */
	policy_ask(t->policy, &q, &peer, &t->world, &t->answer, &e);
	if (verdict_get(buf_view(&t->answer), &v, &e) == -1)
		policy_fail(L, "the verdict cannot be read: %s", e.text);
	push_verdict(L, t->policy, &v);
	return 1;
}

/* A flat table as a JSON object, in t->run. */
static void
put_event(lua_State *L, int table, struct buf *to)
{
	const char *comma = "";
	struct str key, value;
	int rc = buf_str(to, STR("{"));

	luaL_checktype(L, table, LUA_TTABLE);
	lua_pushnil(L);
	for (; lua_next(L, table); lua_pop(L, 1), comma = ",") {
		if (lua_type(L, -2) != LUA_TSTRING)
			policy_fail(L, "an event has names for its values, not %ss", luaL_typename(L, -2));
		key.p = lua_tolstring(L, -2, &key.n);
		rc |= buf_str(to, str(comma)) | json_quote(to, key) | buf_str(to, STR(":"));
		switch (lua_type(L, -1)) {
		case LUA_TBOOLEAN:
			rc |= buf_str(to, lua_toboolean(L, -1) ? STR("true") : STR("false"));
			break;
		case LUA_TSTRING:
			value.p = lua_tolstring(L, -1, &value.n);
			rc |= json_quote(to, value);
			break;
		case LUA_TNUMBER:
			if (lua_isinteger(L, -1))
				rc |= buf_fmt(to, "%lld", (long long)lua_tointeger(L, -1));
			else
				rc |= buf_fmt(to, "%.14g", lua_tonumber(L, -1));
			break;
		default:
			policy_fail(L, "an event has texts, numbers and booleans, not a %s", luaL_typename(L, -1));
		}
	}
	if ((rc | buf_str(to, STR("}"))) < 0)
		policy_fail(L, "the event is too long");
}

int
try_react(lua_State *L)
{
	struct trying *t = lua_touserdata(L, lua_upvalueindex(1));
	struct str name = check_text(L, 1, "react", NOTE_TEXT), rest, body;
	struct action a;
	struct err e;
	enum hook hook = HOOK_LINK;
	lua_Integer n = 0;

	while (hook < HOOK_COUNT && !str_is(name, hook_name(hook)))
		hook++;
	if (hook == HOOK_COUNT)
		policy_fail(L, "want \"on.link\", \"on.service\" or \"on.event\", not '%s'", name.p);
	lua_settop(L, 2);
	buf_eat(&t->run, buf_len(&t->run));
	buf_eat(&t->answer, buf_len(&t->answer));
	put_event(L, 2, &t->run);
	if (policy_react(t->policy, hook, buf_view(&t->run), &t->world, &t->answer, &e) == -1)
		policy_fail(L, "%s", e.text);
	lua_newtable(L);
	for (rest = buf_view(&t->answer); action_next(&rest, &body); lua_rawseti(L, -2, ++n)) {
		if (action_get(body, &a, &e) == -1)
			policy_fail(L, "the action cannot be read: %s", e.text);
		lua_newtable(L);
		push_words(L, "rule", a.rule);
		push_words(L, "to", a.to);
		push_words(L, "subject", a.subject);
		push_words(L, "payload", a.payload);
		push_words(L, "log", a.log);
		if (a.log.n == 0)
			push_words(L, "type", str(type_name(a.type)));
	}
	return 1;
}
