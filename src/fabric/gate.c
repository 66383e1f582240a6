/*
 * gate.c - what policy says of a message, by a flow or by a verdict, and what
 * the one who sent it may know of that.
 */
#include <stdio.h>

#include "base/rand.h"
#include "fabric/gate_parts.h"
#include "wire/utf8.h"

enum { REASON_MAX = 200, ERROR_KEEP_MS = 1000 };

int
gate_init(struct gate *g, const struct gate_ops *ops, void *owner)
{
	g->ops = ops;
	g->owner = owner;
	g->limits = (struct gate_limits){ .wait_ms = 1000, .pick_ms = 50, .flows = FLOWS_MAX,
	    .audit = 1000 };
	rand_bytes(&g->run, sizeof g->run);
	buf_init(&g->question, 1 << 16);
	return flows_init(&g->flows, g->limits.flows);
}

void
gate_free(struct gate *g)
{
	if (g->ops)
		flows_free(&g->flows);
	map_free(&g->asks);
	buf_free(&g->question);
	g->ops = NULL;
	g->hooks = 0;
}

void
gate_decision_text(uint64_t decision, char to[32])
{
	snprintf(to, 32, "%04x-%llu", (unsigned)(decision >> 48),
	    (unsigned long long)(decision & 0xffffffffffff));
}

bool
gate_closed(const struct gate *g, enum hook hook)
{
	return g->known ? g->hooks >> hook & 1 : g->expected;
}

static bool
is_own_service(const struct fabric *f, const struct envelope *e)
{
	return (e->to.n == 0 || str_is(e->to, f->node)) && str_starts(e->subject, STR("fedx/"));
}

bool
gate_is_node(const struct fabric *f, const struct port *p, const struct envelope *e)
{
	return str_starts(e->from, STR("fedx@")) && str_eq(str_skip(e->from, 5), e->origin) &&
	    str_eq(e->origin, p->node) && port_is_link(p) && f->cluster[0] &&
	    str_is(p->cluster, f->cluster);
}

bool
gate_asks(const struct fabric *f, const struct port *p, const struct envelope *e)
{
	/* the node itself; as "fedx@NODE", which no client can attach, at the next one */
	if (p->kind == PORT_SELF || (gate_is_admin(p) && str_starts(p->from, STR("fedx@"))))
		return false;
	if (!is_own_service(f, e))
		return true;
	return !gate_is_admin(p) &&
	    !(str_is(e->subject, "fedx/explain") && gate_is_node(f, p, e));
}

struct question
gate_question(const struct port *p, const struct envelope *e, struct str constraint)
{
	struct question q = question_of(e, constraint);

	q.peer = p->gate.number;
	return q;
}

/* A message's question as its flight keeps it: copied, not encoded, since each
 * message pays for it and few are ever asked about again. */
struct kept {
	uint8_t raw;			/* 0; an encoded body begins with another byte */
	uint8_t kind, type, idempotent, oneway;
	uint32_t peer;
	uint16_t n[5];			/* of from, to, subject, origin, version, which follow */
};

static int
keep(struct buf *b, const struct question *q)
{
	const struct str *const text[] = { &q->from, &q->to, &q->subject, &q->origin, &q->version };
	struct kept k = { .kind = q->kind, .type = q->type, .idempotent = q->idempotent,
	    .oneway = q->oneway, .peer = q->peer };
	size_t all = sizeof k;
	char *to;

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		k.n[i] = (uint16_t)text[i]->n;
		all += text[i]->n;
	}
	b->head = b->tail = 0;
	if ((to = (char *)buf_room(b, all)) == NULL)
		return -1;
	str_place(&to, (struct str){ (const char *)&k, sizeof k });
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		str_place(&to, *text[i]);
	buf_made(b, all);
	return 0;
}

int
gate_question_get(struct str body, struct question *q)
{
	struct str *const text[] = { &q->from, &q->to, &q->subject, &q->origin, &q->version };
	struct kept k;
	struct err err;

	if (body.n < sizeof k || body.p[0] != 0)
		return question_get(body, q, &err);
	memcpy(&k, body.p, sizeof k);
	*q = (struct question){ .hook = HOOK_ROUTE, .kind = k.kind, .type = k.type,
	    .idempotent = k.idempotent, .oneway = k.oneway, .peer = k.peer };
	body = str_skip(body, sizeof k);
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		*text[i] = str_head(body, k.n[i]);
		body = str_skip(body, k.n[i]);
	}
	return 0;
}

struct decision
decision_of(const struct verdict *v)
{
	struct decision d = { .answer = v->answer, .rule = v->rule, .reason = v->reason,
	    .via = v->via, .to = v->to, .subject = v->subject };

	if (v->answer == ANSWER_DENY)
		d.error = v->error && v->error < E_COUNT ? (enum error)v->error : E_denied;
	else if (v->answer != ANSWER_ALLOW && v->answer != ANSWER_NONE)
		d.error = E_policy_error;
	return d;
}

static enum error
over_rate(struct decision *d)
{
	d->reason = STR("over the rate of policy");
	return d->error = E_overloaded;
}

enum error
gate_flow(struct fabric *f, struct flow *fl, struct decision *d)
{
	*d = (struct decision){ .answer = fl->answer, .rule = fl->rule, .epoch = fl->generation };
	if (!fl->plain) {
		d->reason = fl->reason;
		d->via = fl->via;
		d->to = fl->to;
		d->subject = fl->subject;
	}
	if (fl->answer == ANSWER_DENY)
		d->error = fl->error ? (enum error)fl->error : E_denied;
	else if (fl->limiter && !limiter_take(fl->limiter, f->now))
		over_rate(d);
	return d->error;
}

/* A verdict that is not kept: its limit still counts. */
static enum error
use_once(struct fabric *f, struct subject *s, const struct verdict *v, struct decision *d)
{
	struct limiter *l;

	*d = decision_of(v);
	d->epoch = f->gate.epoch;
	if (d->error != E_NONE || v->limit.n == 0)
		return d->error;
	l = limiter_use(&f->gate.flows.limiters, v->limit, v->limit_field < FIELD_COUNT ?
	    field_get(s, (enum ask_field)v->limit_field) : STR(""), v->limit_rate, v->limit_burst,
	    f->now);
	if (!l || !limiter_take(l, f->now))
		over_rate(d);
	limiter_release(&f->gate.flows.limiters, l, f->now);
	return d->error;
}

struct verdict
gate_checked(const struct verdict *in)
{
	struct verdict v = *in;

	if (decision_of(&v).error == E_policy_error) {
		v.answer = ANSWER_DENY;
		v.error = E_policy_error;
		v.keep_ms = v.keep_ms > ERROR_KEEP_MS ? ERROR_KEEP_MS : v.keep_ms;
	}
	return v;
}

enum error
gate_answer(struct fabric *f, struct port *p, struct subject *s, struct str body,
    const struct verdict *in, struct decision *d)
{
	struct verdict v = gate_checked(in);
	struct flow *fl = v.keep_ms == 0 ? NULL : flow_install(&f->gate.flows, &p->gate.flows,
	    &p->gate.flow_count, s, &v, body, f->now);

	return fl ? gate_flow(f, fl, d) : use_once(f, s, &v, d);
}

void
gate_denial(struct fabric *f, const struct port *p, const struct question *q,
    const struct decision *d, char text[400])
{
	struct gate *g = &f->gate;
	uint64_t decision = (uint64_t)g->run << 48 | (++g->last_decision & 0xffffffffffff);
	char id[32];
	struct str why = utf8_head(d->reason, REASON_MAX);
	/* what went wrong inside the policy is nothing to strangers */
	bool tell = why.n && (p->admin || (d->error != E_policy_error &&
	    d->error != E_policy_unavailable));

	if (d->answer != ANSWER_DENY && d->error == E_overloaded)
		g->count.limited++;
	else
		g->count.denied++;
	gate_decision_text(decision, id);
	snprintf(text, 400, "%s (decision %s)%s%.*s", error_row((unsigned)d->error)->sentence, id,
	    tell ? ": " : "", tell ? (int)why.n : 0, tell ? why.p : "");
	if (g->ops && g->ops->denied)
		g->ops->denied(g->owner, p, q, d->rule, d->error, d->reason, decision);
}

static enum gate_result
refuse(struct fabric *f, struct port *p, const struct envelope *e, const struct question *q,
    const struct decision *d)
{
	char text[400];

	gate_denial(f, p, q, d, text);
	request_refuse(f, p, e, d->error, text);
	return GATE_DONE;
}

/* What it asks for is the endpoint, or the service.  A guest may only what admit has granted it. */
bool
gate_may_ask(const struct port *p, uint8_t kind, struct str to, struct str subject)
{
	struct str name = to.n ? to : subject, method;

	if (kind != KIND_PUBLISH && to.n == 0)
		str_split(subject, '/', &name, &method);
	return p->guest ? gate_granted(p, name) : gate_within(p, name);
}

const char *
gate_scope_denial(const struct port *p)
{
	return p->guest ? "a guest may use what policy grants it, and this is nothing of it" :
	    "not within the scopes of its credential";
}

/* Of what has an answer: a later policy may end it, by the question that let it in. */
static enum gate_result
pass(struct fabric *f, struct port *p, const struct envelope *e, const struct question *q, struct gate_way *way)
{
	way->asked = e->id != 0;
	if (!way->asked || keep(&f->gate.question, q) == 0)
		return GATE_PASS;
	request_refuse(f, p, e, E_overloaded, "no memory for another request");
	return GATE_DONE;
}

enum gate_result
gate_request(struct fabric *f, struct port *p, struct envelope *e, struct str constraint,
    struct gate_way *way)
{
	struct gate *g = &f->gate;
	struct decision d = { .error = E_NONE };
	struct question q;
	struct flow *fl;
	uint64_t pair = 0;

	if (!gate_asks(f, p, e))
		return GATE_PASS;
	q = gate_question(p, e, constraint);
	if (!gate_may_ask(p, e->kind, e->to, e->subject)) {
		d = (struct decision){ .answer = ANSWER_DENY, .error = E_scope,
		    .reason = str(gate_scope_denial(p)) };
		return refuse(f, p, e, &q, &d);
	}
	if (gate_grant_of(p)->limiter && !limiter_take(gate_grant_of(p)->limiter, f->now)) {
		over_rate(&d);
		return refuse(f, p, e, &q, &d);
	}
	if (!gate_closed(g, HOOK_ROUTE)) {
		way->epoch = g->epoch;
		return pass(f, p, e, &q, way);
	}
	if (g->failed) {
		d = (struct decision){ .answer = ANSWER_DENY, .error = E_policy_error };
		return refuse(f, p, e, &q, &d);
	}
	if (p->gate.waits && gate_pair_waits(p, pair = gate_pair(e)))
		return gate_hold(f, p, e, &q, pair);
	if (!g->known || (fl = gate_flow_of(f, p, &q)) == NULL)
		return gate_hold(f, p, e, &q, pair ? pair : gate_pair(e));
	if (gate_flow(f, fl, &d) != E_NONE)
		return refuse(f, p, e, &q, &d);
	if (pass(f, p, e, &q, way) == GATE_DONE)
		return GATE_DONE;
	g->count.allowed++;
	way->via = d.via;
	way->epoch = d.epoch;
	if (g->limits.audit && g->flows.hits % g->limits.audit == 0)
		gate_audit(f, &q, fl);
	if (d.to.n)
		e->to = d.to;
	if (d.subject.n)
		e->subject = d.subject;
	return GATE_PASS;
}
