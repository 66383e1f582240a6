/*
 * gate_balance.c - what the balance hook says: a strategy for a service, kept
 * with its name, or that it wants to pick the instance of each request.
 *
 * It picks among what is allowed, so no answer is no denial: then it goes by
 * the strategy of the settings.
 */
#include "fabric/gate_parts.h"

enum { INSTANCES = 64, KEEP_LEAST_MS = 100, RETRY_MS = 1000, ANSWER_MS = 2000 };

/* into f->out, for as long as nothing else is encoded there */
static struct question
question_about(struct fabric *f, const struct port *from, const struct name *name)
{
	struct question q = { .hook = HOOK_BALANCE, .peer = from->gate.number,
	    .subject = name_text(name), .family = FAMILY_SERVICE };
	unsigned count = 0;

	f->out.head = f->out.tail = 0;
	list_each(n, &name->claims) {
		const struct claim *c = list_of(n, struct claim, of_name);
		struct instance i = { .number = c->number, .local = !port_is_link(c->port),
		    .weight = c->weight, .in_flight = c->in_flight, .latency_us = c->latency_us,
		    .node = c->port->node, .version = claim_version(c), .tags = claim_tags(c) };

		if ((c->port == from && port_is_link(from)) || !claim_serves(c) || !claim_has_room(c))
			continue;
		if (count++ == INSTANCES || instance_put(&f->out, &i) == -1)
			break;
	}
	q.instances = buf_view(&f->out);
	return q;
}

static void
learn(struct fabric *f, struct name *name, const struct verdict *v)
{
	struct balancing *b = &name->balancing;
	uint64_t keep = v ? v->keep_ms : RETRY_MS;

	b->strategy = (uint8_t)f->fib.balance;
	if (v && v->answer == ANSWER_STRATEGY && v->strategy < STRATEGY_COUNT) {
		b->strategy = v->strategy;
		b->field = v->sticky_field;
	} else if (v && v->answer == ANSWER_PICK) {
		b->strategy = STRATEGY_PICK;
		keep = FOREVER;		/* each request asks anew */
	} else if (v && v->answer != ANSWER_NONE) {
		keep = RETRY_MS;
	}
	b->epoch = f->gate.epoch;
	b->until = mono_add_ms(f->now, keep < KEEP_LEAST_MS ? KEEP_LEAST_MS : keep);
}

static void
ask_for(struct fabric *f, const struct port *from, struct name *name)
{
	struct question q = question_about(f, from, name);

	q.how = ASK_BACKGROUND;
	name->balancing.asked = gate_ask(f, FOR_BALANCE, &q, name_text(name), ANSWER_MS, NULL) != 0;
}

static struct str
field_of(const struct port *from, const struct envelope *e, struct str constraint, unsigned field)
{
	static struct question q;	/* the value may be cut out of these: until the next call */
	static struct peer_facts facts;
	static struct subject s;

	q = gate_question(from, e, constraint);
	gate_facts(from, &facts);
	s = (struct subject){ .q = &q, .peer = &facts };
	return field < FIELD_COUNT ? field_get(&s, (enum ask_field)field) : STR("");
}

bool
gate_strategy(struct fabric *f, const struct port *from, const struct envelope *e,
    struct str constraint, struct name *name, struct ask *ask)
{
	struct gate *g = &f->gate;
	struct balancing *b = &name->balancing;

	if (!g->known || g->failed)
		return false;
	if (!b->asked && g->reachable && (b->epoch != g->epoch || f->now.us >= b->until.us))
		ask_for(f, from, name);
	if (b->epoch != g->epoch)
		return false;
	ask->by_strategy = true;
	ask->strategy = b->strategy;
	ask->now = f->now;
	if (b->strategy == STRATEGY_STICKY)
		ask->sticky = field_of(from, e, constraint, b->field);
	return b->strategy == STRATEGY_PICK && g->reachable;
}

void
gate_balance_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct name *name = fib_name(&f->fib, FAMILY_SERVICE, (struct str){ a->body, a->n });

	if (!name)
		return;
	name->balancing.asked = false;
	if (a->epoch == f->gate.epoch)
		learn(f, name, v);
}

void
gate_pick(struct fabric *f, struct flight *fl, struct name *name, const struct envelope *e)
{
	struct question q;
	struct asked *a;

	if (gate_wait_pick(f, fl, e) == -1) {
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED,
		    "as many messages of this link wait for policy as may");
		return;
	}
	q = question_about(f, fl->in, name);
	if ((fl->asked = gate_ask(f, FOR_PICK, &q, name_text(name), f->gate.limits.pick_ms, &a)) != 0) {
		a->flight = fl->id;
		return;
	}
	gate_leave(f, fl);
	request_resume(f, fl, &(struct gate_way){ .picked = true });
}

void
gate_pick_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct flight *fl = inflight_by_id(&f->flights, a->flight);
	struct name *name = fib_name(&f->fib, FAMILY_SERVICE, (struct str){ a->body, a->n });
	struct gate_way way = { .picked = true };

	if (v && name && a->epoch == f->gate.epoch)
		learn(f, name, v);
	if (v && v->answer == ANSWER_PICK)
		way.instance = v->instance;
	if (!fl || fl->at_gate != AT_PICK || fl->asked != a->number)
		return;
	fl->asked = 0;
	gate_leave(f, fl);
	request_resume(f, fl, &way);
}
