/*
 * gate_wait.c - requests that wait for policy, in the order in which they came.
 *
 * Each has a flight, also one that wants no answer, and lies encoded in it as
 * one that waits for an instance does (park.c).  Of a (port, to, subject) one
 * at a time is asked about; what came behind it is looked at again after it,
 * and is then mostly decided by the flow that its verdict made.
 */
#include "fabric/gate_parts.h"

uint64_t
gate_pair(const struct envelope *e)
{
	/* events keep their order whatever their paths: among hubs they are counted */
	if (e->kind == KIND_PUBLISH)
		return 1;
	return map_hash(e->to) * 3 + map_hash(e->subject);
}

bool
gate_pair_waits(const struct port *p, uint64_t pair)
{
	list_each(n, &p->gate.waits->requests)
		if (list_of(n, struct flight, gate_place)->pair == pair)
			return true;
	return false;
}

/* The request itself: parts of its body may lie behind it. */
static bool
saved_request(const struct flight *fl, struct envelope *e, struct str *rest)
{
	const char *why;
	size_t used;

	if (envelope_parse(buf_view(&fl->saved), UINT32_MAX, e, &used, &why) != PARSE_OK)
		return false;
	*rest = str_skip(buf_view(&fl->saved), used);
	return true;
}

/* It waits from here on; -1: more than may. */
static int
enter(struct fabric *f, struct flight *fl, enum at_gate at, const struct envelope *e)
{
	size_t size = e ? envelope_size(e) : buf_len(&fl->saved);
	struct gate_waits *w = fl->in->gate.waits;

	if ((w && (w->count >= WAIT_MAX || (w->count && w->bytes + size > WAIT_BYTES))) ||
	    f->buffered + size > f->limits.buffers)
		return -1;
	if (e) {
		buf_init(&fl->saved, f->limits.waiting_bytes + size);
		if (envelope_put(&fl->saved, e, STR("")) == -1)
			return -1;
	}
	if ((w = gate_waits_open(fl->in)) == NULL)
		return -1;
	fl->at_gate = (uint8_t)at;
	fl->held = (uint32_t)size;
	w->count++;
	w->bytes += size;
	f->buffered += buf_len(&fl->saved);
	return 0;
}

void
gate_leave(struct fabric *f, struct flight *fl)
{
	struct gate_waits *w = fl->in->gate.waits;

	if (fl->at_gate == AT_NOTHING)
		return;
	gate_unask(f, fl->asked);
	list_del(&fl->gate_place);
	w->count--;
	w->bytes -= fl->held;
	f->buffered -= buf_len(&fl->saved);
	fl->at_gate = AT_NOTHING;
	fl->asked = 0;
	gate_waits_rest(fl->in);
}

enum gate_result
gate_hold(struct fabric *f, struct port *p, const struct envelope *e, const struct question *q,
    uint64_t pair)
{
	struct flight *fl = inflight_open(&f->flights, p, e->id);
	uint64_t left;

	if (!fl) {
		request_refuse(f, p, e, E_overloaded, "no memory for another request");
		return GATE_DONE;
	}
	request_begin(f, fl, e);
	fl->event = e->kind == KIND_PUBLISH;
	fl->question.max = 1 << 16;
	if (question_put(&fl->question, q) == -1) {
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED, "no memory to wait for policy in");
		return GATE_DONE;
	}
	if (enter(f, fl, AT_ROUTE, e) == -1) {
		f->gate.count.too_many++;
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED,
		    "as many messages of this link wait for policy as may");
		return GATE_DONE;
	}
	fl->pair = pair;
	list_add(&p->gate.waits->requests, &fl->gate_place);
	f->gate.count.waited++;
	left = mono_ms_until(f->now, fl->until);
	flight_set_deadline(f, fl, (uint32_t)(left < f->gate.limits.wait_ms ? left :
	    f->gate.limits.wait_ms));
	gate_serve(f, p);
	return GATE_DONE;
}

static void
deny(struct fabric *f, struct flight *fl, const struct question *q, const struct decision *d)
{
	char text[400];

	gate_denial(f, fl->in, q, d, text);
	flight_fail(f, fl, d->error, FATE_NOT_DELIVERED, text);
}

/* As policy wants it, with the parts that came behind it. */
static int
rewrite(struct flight *fl, struct envelope *e, struct str rest, const struct decision *d)
{
	struct buf to;

	if (d->to.n == 0 && d->subject.n == 0)
		return 0;
	buf_init(&to, fl->saved.max);
	if (d->to.n)
		e->to = d->to;
	if (d->subject.n)
		e->subject = d->subject;
	if (envelope_put(&to, e, STR("")) == -1 || buf_str(&to, rest) == -1) {
		buf_free(&to);
		return -1;
	}
	buf_free(&fl->saved);
	fl->saved = to;
	return 0;
}

static void
let_go(struct fabric *f, struct flight *fl, struct envelope *e, struct str rest,
    const struct decision *d)
{
	struct gate_way way = { .via = d->via };

	gate_leave(f, fl);
	if (f->gate.hooks >> HOOK_ROUTE & 1)
		f->gate.count.allowed++;
	fl->epoch = d->epoch;
	if ((e->kind == KIND_PUBLISH && !gate_publishes(fl->in, e->subject)) ||
	    !gate_may_ask(fl->in, e->kind, e->to, e->subject))
		flight_fail(f, fl, E_scope, FATE_NOT_DELIVERED,
		    "the path or name is not within the scopes that are granted by now");
	else if (rewrite(fl, e, rest, d) == -1)
		flight_fail(f, fl, E_too_large, FATE_NOT_DELIVERED,
		    "the request is too large with what policy put into it");
	else
		request_resume(f, fl, &way);
}

static bool
may_ask(struct fabric *f, struct gate_port *g)
{
	uint32_t s = (uint32_t)(f->now.us / 1000000);

	if (g->asked_at_s != s) {
		g->asked_at_s = s;
		g->asked = 0;
	}
	return g->asked < ASKS_A_SECOND && f->gate.asks.used < ASKS_MAX;
}

/* Can it be decided, or asked about?  true: it is gone from the line. */
static bool
serve_one(struct fabric *f, struct port *p, struct flight *fl)
{
	struct gate *g = &f->gate;
	struct decision d = { .epoch = g->epoch };
	struct peer_facts facts;
	struct envelope e;
	struct question q;
	struct subject s = { .q = &q, .peer = &facts };
	struct flow *flow;
	struct asked *a;
	struct str rest;

	if (!saved_request(fl, &e, &rest))
		return false;
	q = gate_question(p, &e, meta_find(e.meta, META_version));
	gate_facts(p, &facts);
	if (!gate_closed(g, HOOK_ROUTE)) {
		let_go(f, fl, &e, rest, &d);
	} else if (g->failed) {
		deny(f, fl, &q, &(struct decision){ .answer = ANSWER_DENY, .error = E_policy_error });
	} else if (g->known && (flow = flow_find(&g->flows, &s, f->now)) != NULL) {
		if (gate_flow(f, flow, &d) == E_NONE)
			let_go(f, fl, &e, rest, &d);
		else
			deny(f, fl, &q, &d);
	} else if (!g->reachable) {
		return false;
	} else if (!may_ask(f, &p->gate)) {
		g->count.too_many++;
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED,
		    "messages of this link are too different: policy was asked too often");
	} else {
		p->gate.asked++;
		if ((fl->asked = gate_ask(f, FOR_REQUEST, &q, STR(""), 0, &a)) != 0)
			a->flight = fl->id;
		return false;
	}
	return true;
}

static bool
is_first(const struct port *p, const struct flight *fl)
{
	list_each(n, &p->gate.waits->requests) {
		const struct flight *other = list_of(n, struct flight, gate_place);

		if (other == fl)
			break;
		if (other->pair == fl->pair)
			return false;
	}
	return true;
}

void
gate_serve(struct fabric *f, struct port *p)
{
	struct gate_waits *w = p->gate.waits;
	bool again = true;

	if (!w || w->serving || !p->up)
		return;
	w->serving = true;
	while (again) {
		again = false;
		list_each(n, &p->gate.waits->requests) {
			struct flight *fl = list_of(n, struct flight, gate_place);

			/* an answer that nothing hangs on any more is not waited for */
			if ((fl->asked == 0 || !gate_closed(&f->gate, HOOK_ROUTE)) && is_first(p, fl) &&
			    (again = serve_one(f, p, fl)))
				break;
		}
	}
	w->serving = false;
	gate_waits_rest(p);
}

void
gate_request_answer(struct fabric *f, struct asked *a, const struct verdict *in)
{
	struct flight *fl = inflight_by_id(&f->flights, a->flight);
	struct decision d;
	struct peer_facts facts;
	struct verdict v = *in;
	struct envelope e;
	struct question q;
	struct subject s = { .q = &q, .peer = &facts };
	struct port *p;
	struct str rest;

	if (!fl || fl->at_gate != AT_ROUTE || fl->asked != a->number || !saved_request(fl, &e, &rest))
		return;
	p = fl->in;
	fl->asked = 0;
	if (a->epoch != f->gate.epoch) {
		f->gate.count.old_verdicts++;
		v.keep_ms = 0;
	}
	if (a->epoch == f->gate.epoch || fl->asked_again) {
		q = gate_question(p, &e, meta_find(e.meta, META_version));
		gate_facts(p, &facts);
		gate_answer(f, p, &s, buf_view(&fl->question), &v, &d);
		if (a->epoch != f->gate.epoch) {
			d.epoch = a->epoch;
			gate_reload_again(f, FOR_FLIGHT);
		}
		if (d.error == E_NONE)
			let_go(f, fl, &e, rest, &d);
		else
			deny(f, fl, &q, &d);
	} else {
		fl->asked_again = true;
	}
	gate_serve(f, p);
}

void
gate_late(struct fabric *f, struct flight *fl)
{
	struct envelope e;
	struct question q;
	struct str rest;

	f->gate.count.unanswered++;
	if (f->now.us >= fl->until.us || !saved_request(fl, &e, &rest)) {
		flight_fail(f, fl, E_timeout, FATE_NOT_DELIVERED,
		    "policy had not answered before the deadline");
		return;
	}
	q = gate_question(fl->in, &e, meta_find(e.meta, META_version));
	deny(f, fl, &q, &(struct decision){ .answer = ANSWER_DENY, .error = E_policy_unavailable });
}

int
gate_wait_pick(struct fabric *f, struct flight *fl, const struct envelope *e)
{
	return enter(f, fl, AT_PICK, buf_len(&fl->saved) ? NULL : e);
}
