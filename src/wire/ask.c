/* ask.c - the bodies between a data plane and its fedx-route: encoders, decoders, checks. */
#include "base/errors.h"
#include "wire/ask.h"
#include "wire/envelope.h"
#include "wire/fields.h"
#include "wire/hello.h"

/* Critical: all but what is only for people to read. */
#define PEER_FIELDS(X)				\
	X(number,		0x8001, u32)	\
	X(role,			0x8002, u8)	\
	X(uplink,		0x8003, u8)	\
	X(admin,		0x8004, u8)	\
	X(node,			0x8005, text)	\
	X(cluster,		0x8006, text)	\
	X(address,		0x8007, text)	\
	X(from,			0x8008, text)	\
	X(tags,			0x8009, text)	\
	X(guest,		0x800a, u8)
#define QUESTION_FIELDS(X)			\
	X(hook,			0x8001, u8)	\
	X(how,			0x8002, u8)	\
	X(peer,			0x8003, u32)	\
	X(kind,			0x8004, u8)	\
	X(type,			0x8005, u8)	\
	X(idempotent,		0x8006, u8)	\
	X(oneway,		0x8007, u8)	\
	X(from,			0x8008, text)	\
	X(to,			0x8009, text)	\
	X(subject,		0x800a, text)	\
	X(origin,		0x800b, text)	\
	X(version,		0x800c, text)	\
	X(action,		0x800d, text)	\
	X(family,		0x800e, u8)	\
	X(instances,		0x800f, text)	\
	X(path,			0x8010, text)	\
	X(clusters,		0x8011, text)	\
	X(tags,			0x8012, text)
#define VERDICT_FIELDS(X)			\
	X(answer,		0x8001, u8)	\
	X(error,		0x8002, u32)	\
	X(rule,			0x8003, u32)	\
	X(keep_ms,		0x8004, u32)	\
	X(read,			0x8005, u32)	\
	X(seen,			0x8006, u64)	\
	X(reason,		0x0007, text)	\
	X(via,			0x8008, text)	\
	X(to,			0x8009, text)	\
	X(subject,		0x800a, text)	\
	X(tests,		0x800b, text)	\
	X(lookups,		0x800c, text)	\
	X(limit,		0x800d, text)	\
	X(limit_rate,		0x800e, u32)	\
	X(limit_burst,		0x800f, u32)	\
	X(limit_field,		0x8010, u8)	\
	X(strategy,		0x8011, u8)	\
	X(sticky_field,		0x8012, u8)	\
	X(instance,		0x8013, u32)	\
	X(max_in_flight,	0x8014, u32)	\
	X(max_services,		0x8015, u32)	\
	X(max_endpoints,	0x8016, u32)	\
	X(scopes,		0x8017, text)	\
	X(tags,			0x8018, text)	\
	X(explanation,		0x0019, text)	\
	X(preference,		0x801a, u32)	\
	X(shared,		0x801b, u8)
#define POLICY_FIELDS(X)			\
	X(generation,		0x8001, u32)	\
	X(instance,		0x8002, u64)	\
	X(digest,		0x8003, text)	\
	X(hooks,		0x8004, u32)	\
	X(rules,		0x8005, u32)	\
	X(confirm_ms,		0x8006, u32)	\
	X(failed,		0x8007, u8)	\
	X(why,			0x0008, text)
#define RULE_FIELDS(X)				\
	X(generation,		0x8001, u32)	\
	X(number,		0x8002, u32)	\
	X(hook,			0x8003, u8)	\
	X(line,			0x8004, u32)	\
	X(file,			0x8005, text)	\
	X(name,			0x8006, text)
#define RELOAD_FIELDS(X)			\
	X(what,			0x8001, u8)	\
	X(confirm_ms,		0x8002, u32)
#define RELOADED_FIELDS(X)			\
	X(done,			0x8001, u8)	\
	X(generation,		0x8002, u32)	\
	X(report,		0x0003, text)
#define ACTION_FIELDS(X)			\
	X(rule,			0x8001, text)	\
	X(to,			0x8002, text)	\
	X(subject,		0x8003, text)	\
	X(payload,		0x8004, text)	\
	X(type,			0x8005, u8)	\
	X(log,			0x8006, text)

enum { ADDRESS_MAX = 255, REASON_MAX = 1024, DIGEST = 32 };

enum form { FORM_u8, FORM_u32, FORM_u64, FORM_text };
struct field { const char *name; uint16_t type; enum form form; size_t at; };

struct body { const char *what; const struct field *fields; size_t count; };

#define X(member, number, kind) { #member, (number), FORM_##kind, offsetof(struct OF, member) },
#define BODY(id, what, LIST)						\
	static const struct field id##_fields[] = { LIST(X) };		\
	static const struct body id##_body = { what, id##_fields, sizeof id##_fields / sizeof *id##_fields };
#define OF peer_facts
BODY(peer, "peer", PEER_FIELDS)
#undef OF
#define OF question
BODY(question, "question", QUESTION_FIELDS)
#undef OF
#define OF verdict
BODY(verdict, "verdict", VERDICT_FIELDS)
#undef OF
#define OF policy_mark
BODY(policy, "policy", POLICY_FIELDS)
#undef OF
#define OF rule_mark
BODY(rule, "rule", RULE_FIELDS)
#undef OF
#define OF reload
BODY(reload, "reload", RELOAD_FIELDS)
#undef OF
#define OF reloaded
BODY(reloaded, "report of a reload", RELOADED_FIELDS)
#undef OF
#define OF action
BODY(action, "action", ACTION_FIELDS)
#undef OF
#undef X

/* Bytes of one field's value; 0: it is left out. */
static size_t
value_size(const struct field *f, const void *v)
{
	switch (f->form) {
	case FORM_u8: return 1;
	case FORM_u32: return *(const uint32_t *)v ? 4 : 0;
	case FORM_u64: return *(const uint64_t *)v ? 8 : 0;
	case FORM_text: return ((const struct str *)v)->n;
	}
	return 0;
}

static void
value_write(uint8_t *to, const struct field *f, const void *v, size_t n)
{
	uint8_t be[8];

	switch (f->form) {
	case FORM_u8: *to = *(const uint8_t *)v; break;
	case FORM_u32: be_put_u64(be, *(const uint32_t *)v); memcpy(to, be + 4, 4); break;
	case FORM_u64: be_put_u64(to, *(const uint64_t *)v); break;
	case FORM_text: memcpy(to, ((const struct str *)v)->p, n); break;
	}
}

/* All or nothing, and one look at the room: a question is written for each request. */
static int
put(struct buf *b, const struct body *body, const void *from)
{
	const struct field *end = body->fields + body->count;
	size_t all = 0, n;
	uint8_t *to;

	for (const struct field *f = body->fields; f < end; f++) {
		if ((n = value_size(f, (const char *)from + f->at)) > UINT16_MAX)
			return -1;
		all += n ? TLV_HEAD + n : 0;
	}
	if ((to = buf_room(b, all)) == NULL)
		return -1;
	buf_made(b, all);
	for (const struct field *f = body->fields; f < end; f++) {
		const void *v = (const char *)from + f->at;

		if ((n = value_size(f, v)) == 0)
			continue;
		*to++ = (uint8_t)(f->type >> 8);
		*to++ = (uint8_t)f->type;
		*to++ = (uint8_t)(n >> 8);
		*to++ = (uint8_t)n;
		value_write(to, f, v, n);
		to += n;
	}
	return 0;
}

static int
value_get(const struct field *f, struct str value, void *to)
{
	void *v = (char *)to + f->at;

	switch (f->form) {
	case FORM_u8: return field_get_u8(value, v);
	case FORM_u32: return field_get_u32(value, v);
	case FORM_u64: return field_get_u64(value, v);
	case FORM_text: return field_get_text(value, v);
	}
	return -1;
}

/* Into a struct that holds the defaults. */
static int
get(struct str in, const struct body *body, void *to, struct err *e)
{
	uint32_t seen = 0;
	struct tlv t;
	enum parse p;
	size_t i;

	while ((p = tlv_next(&in, &t)) == PARSE_OK) {
		for (i = 0; i < body->count && body->fields[i].type != t.type; i++)
			;
		if (i == body->count) {
			if (t.type & TLV_CRITICAL)
				return err_set(e, "unknown critical field 0x%04x in a %s",
				    t.type, body->what);
			continue;
		}
		if (value_get(&body->fields[i], t.value, to) == -1)
			return err_set(e, "the field '%s' of a %s has a wrong length",
			    body->fields[i].name, body->what);
		if (seen & (uint32_t)1 << i)
			return err_set(e, "the field '%s' of a %s is there twice",
			    body->fields[i].name, body->what);
		seen |= (uint32_t)1 << i;
	}
	if (p == PARSE_BAD)
		return err_set(e, "a field passes the end of a %s", body->what);
	return 0;
}

/* --- checks: each says what is wrong --- */

static int
check_most(uint32_t v, uint32_t most, const char *what, struct err *e)
{
	if (v <= most)
		return 0;
	return err_set(e, "the field '%s' is %lu, over %lu", what, (unsigned long)v, (unsigned long)most);
}

static int
check_bytes(struct str s, size_t most, const char *what, struct err *e)
{
	if (s.n <= most)
		return 0;
	return err_set(e, "the field '%s' has %zu bytes, over %zu", what, s.n, most);
}

static int
check_words(struct str s, size_t most, const char *what, struct err *e)
{
	if (words_valid(s, most))
		return 0;
	return err_set(e, "the field '%s' is not words with single spaces between, %zu bytes at most",
	    what, most);
}

static int
check_node(struct str s, const char *what, struct err *e)
{
	if (s.n == 0 || node_id_valid(s))
		return 0;
	return err_set(e, "the field '%s' is '%.*s', which is no node id", what, STR_FMT(excerpt(s)));
}

static int
check_names(struct str from, struct str to, struct str subject, struct err *e)
{
	if (check_bytes(from, ENVELOPE_NAMES_MAX, "from", e) == -1 ||
	    check_bytes(to, ENVELOPE_NAMES_MAX, "to", e) == -1)
		return -1;
	return check_bytes(subject, ENVELOPE_NAMES_MAX, "subject", e);
}

static int
check_run(struct str run, unsigned count, unsigned most, const char *what, struct err *e)
{
	if (run.n)	/* where `next` gave up */
		return err_set(e, "the %s are malformed behind number %u", what, count);
	if (count > most)
		return err_set(e, "%u %s are over %u", count, what, most);
	return 0;
}

static int
verdict_runs(const struct verdict *v, struct err *e)
{
	struct str run, s;
	struct test t;
	uint8_t family;
	unsigned n;

	for (run = v->tests, n = 0; test_next(&run, &t); n++)
		;
	if (check_run(run, n, TESTS_MAX, "tests", e) == -1)
		return -1;
	for (run = v->lookups, n = 0; lookup_next(&run, &family, &s); n++)
		;
	if (check_run(run, n, LOOKUPS_MAX, "look-ups", e) == -1)
		return -1;
	for (run = v->scopes, n = 0; scope_next(&run, &s); n++)
		;
	return check_run(run, n, SCOPES_MAX, "scopes", e);
}

/* --- the bodies --- */

int
peer_put(struct buf *b, const struct peer_facts *p)
{
	return put(b, &peer_body, p);
}

int
peer_get(struct str in, struct peer_facts *p, struct err *e)
{
	*p = (struct peer_facts){ .role = ROLE_NONE };
	if (get(in, &peer_body, p, e) == -1)
		return -1;
	if (p->number == 0)
		return err_set(e, "a peer has no number");
	if (p->role == ROLE_NONE || p->role >= ROLE_COUNT)
		return err_set(e, "unknown role %u of a peer", p->role);
	if (check_most(p->uplink, 1, "uplink", e) == -1 || check_most(p->admin, 1, "admin", e) == -1 ||
	    check_most(p->guest, 1, "guest", e) == -1 ||
	    check_bytes(p->node, NAME_MAX_BYTES, "node", e) == -1 ||
	    check_node(p->cluster, "cluster", e) == -1 ||
	    check_bytes(p->address, ADDRESS_MAX, "address", e) == -1 ||
	    check_bytes(p->from, ENVELOPE_NAMES_MAX, "from", e) == -1)
		return -1;
	return check_words(p->tags, LIST_MAX_BYTES, "tags", e);
}

int
question_put(struct buf *b, const struct question *q)
{
	return put(b, &question_body, q);
}

int
question_get(struct str in, struct question *q, struct err *e)
{
	struct instance each;
	struct str run;
	unsigned n = 0;

	*q = (struct question){ .hook = HOOK_COUNT };
	if (get(in, &question_body, q, e) == -1)
		return -1;
	if (check_most(q->hook, HOOK_COUNT - 1, "hook", e) == -1 ||
	    check_most(q->how, ASK_BACKGROUND | ASK_EXPLAIN, "how", e) == -1 ||
	    check_most(q->idempotent, 1, "idempotent", e) == -1 ||
	    check_most(q->oneway, 1, "oneway", e) == -1 ||
	    check_most(q->family, FAMILY_COUNT - 1, "family", e) == -1 ||
	    check_names(q->from, q->to, q->subject, e) == -1 ||
	    check_bytes(q->origin, NAME_MAX_BYTES, "origin", e) == -1 ||
	    check_bytes(q->version, ENVELOPE_META_MAX, "version", e) == -1)
		return -1;
	if (q->action.n && !str_is(q->action, "attach") && !str_is(q->action, "subscribe") &&
	    !str_is(q->action, "announce"))
		return err_set(e, "unknown action '%.*s'; want attach, subscribe or announce",
		    STR_FMT(excerpt(q->action)));
	if (check_words(q->path, LIST_MAX_BYTES, "path", e) == -1 ||
	    check_words(q->clusters, LIST_MAX_BYTES, "clusters", e) == -1 ||
	    check_words(q->tags, LIST_MAX_BYTES, "tags", e) == -1)
		return -1;
	for (run = q->instances; instance_next(&run, &each); n++)
		;
	return check_run(run, n, UINT16_MAX, "instances", e);
}

int
verdict_put(struct buf *b, const struct verdict *v)
{
	return put(b, &verdict_body, v);
}

int
verdict_get(struct str in, struct verdict *v, struct err *e)
{
	*v = (struct verdict){ .answer = UINT8_MAX, .limit_field = FIELD_COUNT, .sticky_field = FIELD_COUNT };
	if (get(in, &verdict_body, v, e) == -1)
		return -1;
	if (v->answer >= ANSWER_COUNT)
		return err_set(e, "a verdict has no answer, or an unknown one");
	if (check_most(v->error, E_COUNT - 1, "error", e) == -1 ||
	    check_most(v->read, ((uint32_t)1 << FIELD_COUNT) - 1, "read", e) == -1 ||
	    check_most(v->limit_field, FIELD_COUNT, "limit_field", e) == -1 ||
	    check_most(v->strategy, STRATEGY_COUNT - 1, "strategy", e) == -1 ||
	    check_most(v->sticky_field, FIELD_COUNT, "sticky_field", e) == -1 ||
	    check_most(v->shared, 1, "shared", e) == -1 ||
	    check_bytes(v->reason, REASON_MAX, "reason", e) == -1 ||
	    check_node(v->via, "via", e) == -1 ||
	    check_names(STR(""), v->to, v->subject, e) == -1 ||
	    check_bytes(v->limit, NAME_MAX_BYTES, "limit", e) == -1 ||
	    check_words(v->tags, LIST_MAX_BYTES, "tags", e) == -1)
		return -1;
	if (v->preference < -PREFERENCE_MAX || v->preference > PREFERENCE_MAX)
		return err_set(e, "the field 'preference' is %ld, not within %d of 0", (long)v->preference,
		    PREFERENCE_MAX);
	return verdict_runs(v, e);
}

int
policy_mark_put(struct buf *b, const struct policy_mark *p)
{
	return put(b, &policy_body, p);
}

int
policy_mark_get(struct str in, struct policy_mark *p, struct err *e)
{
	*p = (struct policy_mark){ .generation = 0 };
	if (get(in, &policy_body, p, e) == -1 || check_most(p->failed, 1, "failed", e) == -1 ||
	    check_most(p->hooks, ((uint32_t)1 << HOOK_COUNT) - 1, "hooks", e) == -1)
		return -1;
	if (p->digest.n != DIGEST && !(p->failed && p->digest.n == 0))
		return err_set(e, "the digest of a policy has %zu bytes, not %d", p->digest.n, DIGEST);
	return 0;
}

int
rule_mark_put(struct buf *b, const struct rule_mark *r)
{
	return put(b, &rule_body, r);
}

int
rule_mark_get(struct str in, struct rule_mark *r, struct err *e)
{
	*r = (struct rule_mark){ .hook = HOOK_COUNT };
	if (get(in, &rule_body, r, e) == -1)
		return -1;
	if (r->number == 0)
		return err_set(e, "a rule has no number");
	if (check_most(r->hook, HOOK_COUNT - 1, "hook", e) == -1 ||
	    check_bytes(r->file, ENVELOPE_NAMES_MAX, "file", e) == -1)
		return -1;
	return check_bytes(r->name, NAME_MAX_BYTES, "name", e);
}

int
reload_put(struct buf *b, const struct reload *r)
{
	return put(b, &reload_body, r);
}

int
reload_get(struct str in, struct reload *r, struct err *e)
{
	*r = (struct reload){ .what = UINT8_MAX };
	return get(in, &reload_body, r, e) == -1 ? -1 : check_most(r->what, RELOAD_UNDO, "what", e);
}

int
reloaded_put(struct buf *b, const struct reloaded *r)
{
	return put(b, &reloaded_body, r);
}

int
reloaded_get(struct str in, struct reloaded *r, struct err *e)
{
	*r = (struct reloaded){ .done = UINT8_MAX };
	return get(in, &reloaded_body, r, e) == -1 ? -1 : check_most(r->done, 1, "done", e);
}

int
action_put(struct buf *b, const struct action *a)
{
	return put(b, &action_body, a);
}

int
action_get(struct str in, struct action *a, struct err *e)
{
	*a = (struct action){ .type = TYPE_BYTES };
	if (get(in, &action_body, a, e) == -1 || check_names(STR(""), a->to, a->subject, e) == -1 ||
	    check_words(a->rule, NAME_MAX_BYTES, "rule", e) == -1 ||
	    check_most(a->type, TYPE_COUNT - 1, "type", e) == -1)
		return -1;
	if ((a->log.n > 0) == (a->to.n > 0 || a->subject.n > 0))
		return err_set(e, "an action is either a request or a line for the log");
	return 0;
}
