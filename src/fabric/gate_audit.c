/*
 * gate_audit.c - does policy still say of a message what is kept of it?  Some
 * that go by a flow are asked about all the same, and nobody waits for it.
 */
#include "fabric/gate_parts.h"

static bool
same(const struct flow *fl, const struct verdict *v)
{
	struct decision d = decision_of(v);
	bool deny = fl->answer == ANSWER_DENY;

	if (deny || d.error != E_NONE)
		return deny && d.error == (fl->error ? (enum error)fl->error : E_denied);
	return str_eq(fl->via, d.via) && str_eq(fl->to, d.to) && str_eq(fl->subject, d.subject);
}

void
gate_audit_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct gate *g = &f->gate;
	struct flow *fl = a->flow;

	if (!fl || a->epoch != g->epoch || same(fl, v))
		return;
	g->count.differences++;
	if (g->ops->differs)
		g->ops->differs(g->owner, fl, v);
	flow_drop(&g->flows, fl);
}

void
gate_audit(struct fabric *f, const struct question *in, struct flow *fl)
{
	struct question q = *in;
	struct asked *a;

	if (fl->watch || fl->generation != f->gate.flows.generation)
		return;
	q.how |= ASK_BACKGROUND;
	if (gate_ask(f, FOR_AUDIT, &q, STR(""), REASK_MS, &a) == 0)
		return;
	f->gate.count.audits++;
	asked_watch(a, fl);
}
