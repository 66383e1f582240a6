/*
 * lua_verdict.c - fedx.allow, deny, via, rewrite, limit, sticky, pick: each
 * makes one frozen value that remembers where the policy made it.
 */
#include <stdio.h>

#include "base/errors.h"
#include "fabric/pattern.h"
#include "policy/inside.h"
#include "wire/envelope.h"

#define FITS(hook) (UINT32_C(1) << (hook))
enum { REASON_MAX = 240, COUNT_MAX = 1000000000 };

static const uint32_t everywhere = FITS(HOOK_ROUTE) | FITS(HOOK_ADMIT) | FITS(HOOK_SCOPE) |
	FITS(HOOK_IMPORT) | FITS(HOOK_EXPORT);

/* Copies *v, and the texts that it looks at, into a new userdata. */
static int
push(lua_State *L, const struct value *v)
{
	struct value *new;
	size_t bytes = v->file.n + v->name.n + v->v.reason.n + v->v.via.n + v->v.to.n + v->v.subject.n +
	    v->v.limit.n + v->v.scopes.n + v->v.tags.n;
	uint32_t tag;
	char *to;

	new = object_new(L, OBJECT_VALUE, sizeof *new + bytes, 0);
	tag = new->tag;
	*new = *v;
	new->tag = tag;
	to = new->text;
	new->file = str_place(&to, v->file);
	new->name = str_place(&to, v->name);
	new->v.reason = str_place(&to, v->v.reason);
	new->v.via = str_place(&to, v->v.via);
	new->v.to = str_place(&to, v->v.to);
	new->v.subject = str_place(&to, v->v.subject);
	new->v.limit = str_place(&to, v->v.limit);
	new->v.scopes = str_place(&to, v->v.scopes);
	new->v.tags = str_place(&to, v->v.tags);
	return 1;
}

static void
start(lua_State *L, struct value *v, enum made made, enum answer answer, uint32_t fits)
{
	*v = (struct value){ .made = (uint8_t)made, .fits = fits };
	v->v.answer = (uint8_t)answer;
	v->v.limit_field = v->v.sticky_field = FIELD_COUNT;
	policy_where(L, &v->file, &v->line);
}

static void
take_name(lua_State *L, const char *who, struct value *v)
{
	field_text(L, 1, who, "name", RULE_NAME_MAX, &v->name);
}

/* "10/s", "600/m", "5/h", or a number a second: thousandths a second */
static uint32_t
rate_at(lua_State *L, int at, const char *who)
{
	static const struct { char unit; double seconds; } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
	double rate = -1;
	struct str text, number, unit;
	uint64_t n;

	if (lua_type(L, at) == LUA_TNUMBER) {
		rate = lua_tonumber(L, at);
	} else if (lua_type(L, at) == LUA_TSTRING) {
		text.p = lua_tolstring(L, at, &text.n);
		if (str_split(text, '/', &number, &unit) && unit.n == 1 && str_u64(number, COUNT_MAX, &n) == 0)
			for (size_t i = 0; i < sizeof units / sizeof *units; i++)
				if (units[i].unit == unit.p[0])
					rate = (double)n / units[i].seconds;
	}
	if (!(rate * 1000 >= 1 && rate * 1000 < UINT32_MAX))
		policy_fail(L, "%s: want a rate like \"10/s\", \"600/m\", \"100/h\" or a number a second, "
		    "from 0.001 to 4294967 a second", who);
	return (uint32_t)(rate * 1000 + 0.5);
}

/* limit{ rate = , burst = , per = , name = } -> verdict: allow within the rate */
static int
l_limit(lua_State *L)
{
	static const char *const keys[] = { "rate", "burst", "per", "name", NULL };
	static const char who[] = "fedx.limit";
	struct value v;
	char place[RULE_FILE_MAX + 16];

	start(L, &v, MADE_LIMIT, ANSWER_ALLOW, FITS(HOOK_ROUTE) | FITS(HOOK_ADMIT));
	check_keys(L, 1, who, keys);
	lua_getfield(L, 1, "rate");
	v.v.limit_rate = rate_at(L, -1, who);
	v.v.limit_burst = field_count(L, 1, who, "burst", COUNT_MAX);
	if (v.v.limit_burst == 0)
		v.v.limit_burst = (v.v.limit_rate + 999) / 1000;
	if (lua_getfield(L, 1, "per") != LUA_TNIL)
		v.v.limit_field = (uint8_t)check_field(L, -1, who);
	take_name(L, who, &v);
	/* two limits without a name are two buckets */
	snprintf(place, sizeof place, "%.*s:%u", (int)(v.file.n > RULE_FILE_MAX ? RULE_FILE_MAX : v.file.n),
	    v.file.p, (unsigned)v.line);
	v.v.limit = v.name.n > 0 ? v.name : str(place);
	return push(L, &v);
}

static void
take_limit(lua_State *L, const char *who, struct value *v)
{
	const struct value *limit;

	if (lua_getfield(L, 1, "limit") == LUA_TNIL)
		return;
	limit = object_at(L, -1, OBJECT_VALUE);
	if (limit == NULL || limit->made != MADE_LIMIT)
		policy_fail(L, "%s: want limit = fedx.limit{...}, not a %s", who, object_type(L, -1));
	v->v.limit = limit->v.limit;
	v->v.limit_rate = limit->v.limit_rate;
	v->v.limit_burst = limit->v.limit_burst;
	v->v.limit_field = limit->v.limit_field;
	v->fits &= limit->fits;
}

/* A list of texts, or one text: each is handed to `put` */
static size_t
each_text(lua_State *L, const char *who, const char *key, size_t max, struct buf *to,
    void (*put)(lua_State *, struct buf *, struct str))
{
	struct str one;
	size_t count = 0;

	if (lua_getfield(L, 1, key) == LUA_TSTRING) {
		put(L, to, check_text(L, -1, who, max));
		count = 1;
	} else if (!lua_isnil(L, -1)) {
		int list = lua_gettop(L);

		if (!lua_istable(L, list))
			policy_fail(L, "%s: want a list of texts for %s, not a %s", who, key, object_type(L, list));
		while (lua_geti(L, list, (lua_Integer)count + 1) != LUA_TNIL) {
			one = check_text(L, -1, who, max);
			if (++count > SCOPES_MAX)
				policy_fail(L, "%s: over %d %s", who, SCOPES_MAX, key);
			put(L, to, one);
			lua_pop(L, 1);
		}
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return count;
}

static void
put_scope(lua_State *L, struct buf *to, struct str s)
{
	if (!pattern_is_good(s))
		policy_fail(L, "fedx.allow: scope '%s' is no pattern", s.p);
	if (scope_put(to, s) == -1)
		policy_fail(L, "fedx.allow: the scopes are too long together");
}

static bool
are_words(struct str s)	/* with single spaces between */
{
	struct str word, rest = s;

	while (str_split(rest, ' ', &word, &rest))
		if (word.n == 0)
			return false;
	return word.n > 0;
}

static void
put_word(lua_State *L, struct buf *to, struct str s)
{
	if (!are_words(s))
		policy_fail(L, "fedx.allow: tags are words, '%s' is not", s.p);
	if ((buf_len(to) > 0 && buf_str(to, STR(" ")) == -1) || buf_str(to, s) == -1)
		policy_fail(L, "fedx.allow: the tags are too long together");
}

static void
take_admission(lua_State *L, const char *who, struct value *v)
{
	struct policy *p = policy_of(L);
	size_t tags, scopes;

	/* the tags first: put_word() looks at what is there */
	buf_eat(&p->scratch, buf_len(&p->scratch));
	each_text(L, who, "tags", LIST_MAX_BYTES, &p->scratch, put_word);
	tags = buf_len(&p->scratch);
	scopes = each_text(L, who, "scopes", NAME_MAX_BYTES, &p->scratch, put_scope);
	v->v.tags = str_head(buf_view(&p->scratch), tags);
	v->v.scopes = str_skip(buf_view(&p->scratch), tags);
	v->v.max_in_flight = field_count(L, 1, who, "in_flight", COUNT_MAX);
	v->v.max_services = field_count(L, 1, who, "services", COUNT_MAX);
	v->v.max_endpoints = field_count(L, 1, who, "endpoints", COUNT_MAX);
	if (tags > 0)
		v->fits &= FITS(HOOK_ADMIT) | FITS(HOOK_IMPORT);
	if (scopes > 0 || v->v.max_in_flight + v->v.max_services + v->v.max_endpoints > 0)
		v->fits &= FITS(HOOK_ADMIT);
}

static void
take_preference(lua_State *L, const char *who, struct value *v)
{
	if (lua_getfield(L, 1, "preference") == LUA_TNIL)
		return;
	if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < -PREFERENCE_MAX || lua_tointeger(L, -1) > PREFERENCE_MAX)
		policy_fail(L, "%s: want preference = a whole number from -%d to %d", who, PREFERENCE_MAX, PREFERENCE_MAX);
	v->v.preference = (int32_t)lua_tointeger(L, -1);
	v->fits &= FITS(HOOK_IMPORT);
}

static void
take_shared(lua_State *L, const char *who, struct value *v)
{
	if (lua_getfield(L, 1, "shared") == LUA_TNIL)
		return;
	if (!lua_isboolean(L, -1))
		policy_fail(L, "%s: want shared = true or false, not a %s", who, object_type(L, -1));
	v->v.shared = (uint8_t)lua_toboolean(L, -1);
	v->fits &= FITS(HOOK_SCOPE);
}

static void
take_way(lua_State *L, const char *who, struct value *v)
{
	bool any = field_text(L, 1, who, "to", ENVELOPE_NAMES_MAX, &v->v.to);

	any = field_text(L, 1, who, "subject", ENVELOPE_NAMES_MAX, &v->v.subject) || any;
	if (any)
		v->fits &= FITS(HOOK_ROUTE);
}

/* allow() or allow{ via = , to = , subject = , limit = , scopes = , ... } -> verdict */
static int
l_allow(lua_State *L)
{
	static const char *const keys[] = { "via", "to", "subject", "limit", "scopes", "in_flight", "services",
		"endpoints", "tags", "preference", "shared", "name", NULL };
	static const char who[] = "fedx.allow";
	struct value v;

	start(L, &v, MADE_ALLOW, ANSWER_ALLOW, everywhere);
	if (lua_gettop(L) == 0)
		return push(L, &v);
	check_keys(L, 1, who, keys);
	if (field_text(L, 1, who, "via", NAME_MAX_BYTES, &v.v.via))
		v.fits &= FITS(HOOK_ROUTE);
	take_way(L, who, &v);
	take_limit(L, who, &v);
	take_admission(L, who, &v);
	take_preference(L, who, &v);
	take_shared(L, who, &v);
	take_name(L, who, &v);
	if (v.fits == 0)
		policy_fail(L, "%s: via, to and subject are for route, preference for import, shared for scope, scopes "
		    "and the others for admit: of one hook only", who);
	return push(L, &v);
}

/* deny("reason") or deny{ reason = , error = , name = } -> verdict */
static int
l_deny(lua_State *L)
{
	static const char *const keys[] = { "reason", "error", "name", NULL };
	static const char who[] = "fedx.deny";
	struct value v;
	struct str name;

	start(L, &v, MADE_DENY, ANSWER_DENY, everywhere);
	if (lua_type(L, 1) == LUA_TSTRING) {
		v.v.reason = check_text(L, 1, who, REASON_MAX);
	} else if (lua_gettop(L) > 0) {
		check_keys(L, 1, who, keys);
		field_text(L, 1, who, "reason", REASON_MAX, &v.v.reason);
		take_name(L, who, &v);
		if (field_text(L, 1, who, "error", NOTE_TEXT, &name) &&
		    (v.v.error = error_named(name.p, name.n)) == E_NONE) {
			static const char *const names[] = {
#define X(error, number, http, rpc, exit, retry, sentence) #error,
				ERRORS(X)
#undef X
				NULL
			};
			const char *near = nearest(name, names);

			policy_fail(L, "%s: there is no error '%s'%s%s%s", who, name.p,
			    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		}
	}
	return push(L, &v);
}

/* via("node") -> verdict */
static int
l_via(lua_State *L)
{
	struct value v;

	start(L, &v, MADE_ALLOW, ANSWER_ALLOW, FITS(HOOK_ROUTE));
	v.v.via = check_text(L, 1, "fedx.via", NAME_MAX_BYTES);
	if (v.v.via.n == 0)
		policy_fail(L, "fedx.via: want the name of a node");
	return push(L, &v);
}

/* rewrite{ to = , subject = , name = } -> verdict */
static int
l_rewrite(lua_State *L)
{
	static const char *const keys[] = { "to", "subject", "name", NULL };
	static const char who[] = "fedx.rewrite";
	struct value v;

	start(L, &v, MADE_ALLOW, ANSWER_ALLOW, FITS(HOOK_ROUTE));
	check_keys(L, 1, who, keys);
	take_way(L, who, &v);
	if (v.v.to.n + v.v.subject.n == 0)
		policy_fail(L, "%s: want to = or subject =", who);
	take_name(L, who, &v);
	return push(L, &v);
}

/* sticky("field") -> a strategy */
static int
l_sticky(lua_State *L)
{
	struct value v;

	start(L, &v, MADE_STRATEGY, ANSWER_STRATEGY, FITS(HOOK_BALANCE));
	v.v.strategy = STRATEGY_STICKY;
	v.v.sticky_field = (uint8_t)check_field(L, 1, "fedx.sticky");
	return push(L, &v);
}

/* pick(instance or its index) -> this one, asked again for each request */
static int
l_pick(lua_State *L)
{
	struct value v;

	start(L, &v, MADE_PICK, ANSWER_PICK, FITS(HOOK_BALANCE));
	v.v.strategy = STRATEGY_PICK;
	if (!instance_number(L, 1, &v.v.instance))
		policy_fail(L, "fedx.pick: want one of the instances, or its index");
	return push(L, &v);
}

/* named(verdict, "name") -> the same verdict, as a rule of this name */
static int
l_named(lua_State *L)
{
	const struct value *old = object_at(L, 1, OBJECT_VALUE);
	struct value v;

	if (old == NULL)
		policy_fail(L, "fedx.named: want a verdict, not a %s", object_type(L, 1));
	v = *old;
	v.name = check_text(L, 2, "fedx.named", RULE_NAME_MAX);
	return push(L, &v);
}

/* is_verdict(value) -> boolean */
static int
l_is_verdict(lua_State *L)
{
	lua_pushboolean(L, object_at(L, 1, OBJECT_VALUE) != NULL);
	return 1;
}

void
verdict_library(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "allow", l_allow }, { "deny", l_deny }, { "via", l_via }, { "rewrite", l_rewrite },
		{ "limit", l_limit }, { "sticky", l_sticky }, { "pick", l_pick }, { "named", l_named },
		{ "is_verdict", l_is_verdict }, { NULL, NULL }
	};

	object_define(L, OBJECT_VALUE);
	lua_pop(L, 1);
	object_methods(L, functions);
}
