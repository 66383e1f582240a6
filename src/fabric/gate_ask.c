/* gate_ask.c - questions under way: numbered, found by number, given up in time. */
#include <stdlib.h>

#include "fabric/gate_parts.h"

static struct str
key_of(const uint64_t *number)
{
	return (struct str){ (const char *)number, sizeof *number };
}

static void
asked_close(struct fabric *f, struct asked *a)
{
	map_del(&f->gate.asks, key_of(&a->number));
	timer_drop(&f->wheel, &a->due);
	if (a->flow)
		a->flow->watch = NULL;
	f->gate.in_background -= a->what >= FOR_FLOW;
	free(a);
}

/* What is done without an answer. */
static void
give_up(struct fabric *f, struct asked *a)
{
	map_del(&f->gate.asks, key_of(&a->number));
	if (a->what == FOR_BALANCE)
		gate_balance_answer(f, a, NULL);
	else if (a->what == FOR_PICK)
		gate_pick_answer(f, a, NULL);
	else if (a->what == FOR_ROUTE)
		gate_routes_answer(f, a, NULL);
	else if (a->what >= FOR_FLOW)
		gate_reload_answer(f, a, NULL);
	asked_close(f, a);
}

static void
on_due(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);

	f->gate.count.unanswered++;
	give_up(f, list_of(t, struct asked, due));
	gate_reload_go(f);
}

uint64_t
gate_ask(struct fabric *f, enum asked_for what, const struct question *q, struct str body,
    uint32_t due_ms, struct asked **asked)
{
	struct gate *g = &f->gate;
	struct asked *a;

	if (!g->reachable || g->asks.used >= ASKS_MAX ||
	    (a = calloc(1, sizeof *a + body.n)) == NULL)
		return 0;
	a->number = ++g->last_ask;
	a->what = (uint8_t)what;
	a->epoch = g->epoch;
	a->n = body.n;
	if (body.n)
		memcpy(a->body, body.p, body.n);
	timer_init(&a->due, on_due);
	if (map_put(&g->asks, key_of(&a->number), a) == -1) {
		free(a);
		return 0;
	}
	g->in_background += what >= FOR_FLOW;
	if (g->ops->ask(g->owner, a->number, q) == -1) {
		g->reachable = false;
		asked_close(f, a);
		return 0;
	}
	g->count.asks++;
	g->count.background += (q->how & ASK_BACKGROUND) != 0;
	if (due_ms)
		timer_set(&f->wheel, &a->due, f->now, due_ms);
	if (asked)
		*asked = a;
	return a->number;
}

void
asked_watch(struct asked *a, struct flow *fl)
{
	a->flow = fl;
	fl->watch = &a->flow;
}

void
gate_unask(struct fabric *f, uint64_t number)
{
	struct asked *a = number ? map_get(&f->gate.asks, key_of(&number)) : NULL;

	if (a)
		asked_close(f, a);
}

void
gate_unask_all(struct fabric *f)
{
	struct asked *a;
	size_t at = 0;

	while ((a = map_next(&f->gate.asks, &at)) != NULL)
		give_up(f, a);
}

void
gate_unask_flows(struct fabric *f)
{
	struct asked *a;
	size_t at = 0;

	while ((a = map_next(&f->gate.asks, &at)) != NULL)
		if (a->what == FOR_FLOW) {
			f->gate.count.unanswered++;
			asked_close(f, a);
		}
}

void
gate_verdict(struct fabric *f, uint64_t number, const struct verdict *v)
{
	struct asked *a = map_get(&f->gate.asks, key_of(&number));

	if (!a)
		return;		/* nobody waits for it any more */
	/* out of the map first: what follows may ask and answer others */
	map_del(&f->gate.asks, key_of(&number));
	switch ((enum asked_for)a->what) {
	case FOR_REQUEST:
		gate_request_answer(f, a, v);
		break;
	case FOR_NAME:
		gate_names_answer(f, a, v);
		break;
	case FOR_ADMIT:
		gate_admit_answer(f, a, v);
		break;
	case FOR_BALANCE:
		gate_balance_answer(f, a, v);
		break;
	case FOR_PICK:
		gate_pick_answer(f, a, v);
		break;
	case FOR_ROUTE:
		gate_routes_answer(f, a, v);
		break;
	case FOR_AUDIT:
		gate_audit_answer(f, a, v);
		break;
	case FOR_FLOW:
	case FOR_FLIGHT:
	case FOR_CLAIM:
	case FOR_PEER:
		gate_reload_answer(f, a, v);
		break;
	}
	asked_close(f, a);
	gate_reload_go(f);
}
