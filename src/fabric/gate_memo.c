/* gate_memo.c - the last flow of a port: most messages ask what the one before
 * them asked, and five comparisons tell so for less than a look-up (Open vSwitch
 * has an exact-match cache in front of its masks for the same reason). */
#include <stdlib.h>

#include "fabric/gate_parts.h"

enum { TEXTS = 5, TEXT_MAX = 160 };	/* longer questions are looked up each time */

struct gate_memo {
	struct flow *flow;		/* valid while flows.dropped is this: */
	uint64_t dropped;
	uint8_t kind, type, idempotent, oneway;
	uint16_t n[TEXTS];
	char text[TEXT_MAX];
};

static inline bool
is_same(const struct gate_memo *m, const struct question *q)
{
	const char *at = m->text;
	const struct str text[TEXTS] = { q->subject, q->to, q->from, q->origin, q->version };

	if (m->kind != q->kind || m->type != q->type || m->idempotent != q->idempotent || m->oneway != q->oneway)
		return false;
	for (size_t i = 0; i < TEXTS; at += m->n[i++])
		if (text[i].n != m->n[i] || (text[i].n && memcmp(text[i].p, at, text[i].n) != 0))
			return false;
	return true;
}

static void
remember(struct flows *fl, struct port *p, const struct question *q, struct flow *flow)
{
	const struct str text[TEXTS] = { q->subject, q->to, q->from, q->origin, q->version };
	struct gate_memo *m = p->gate.memo;
	size_t all = 0;
	char *to;

	for (size_t i = 0; i < TEXTS; i++)
		all += text[i].n;
	if (all > TEXT_MAX || (!m && (m = p->gate.memo = malloc(sizeof *m)) == NULL))
		return;
	m->flow = flow;
	m->dropped = fl->dropped;
	m->kind = q->kind;
	m->type = q->type;
	m->idempotent = q->idempotent;
	m->oneway = q->oneway;
	to = m->text;
	for (size_t i = 0; i < TEXTS; to += m->n[i++]) {
		m->n[i] = (uint16_t)text[i].n;
		if (text[i].n)
			memcpy(to, text[i].p, text[i].n);
	}
}

struct flow *
gate_flow_of(struct fabric *f, struct port *p, const struct question *q)
{
	struct flows *fl = &f->gate.flows;
	struct gate_memo *m = p->gate.memo;
	struct peer_facts facts;
	struct subject s = { .q = q, .peer = &facts };
	struct flow *flow;

	if (m && m->flow && m->dropped == fl->dropped && is_same(m, q) &&
	    (flow = flow_again(fl, m->flow, f->now)) != NULL)
		return flow;
	gate_facts(p, &facts);
	if ((flow = flow_find(fl, &s, f->now)) != NULL)
		remember(fl, p, q, flow);
	return flow;
}

void
gate_memo_forget(struct gate_port *g)
{
	free(g->memo);
	g->memo = NULL;
}
