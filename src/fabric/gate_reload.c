/*
 * gate_reload.c - another policy: what was decided before is asked again, in
 * the background and a few questions at a time.
 *
 *	neighbours	admit, again; who is refused now is closed
 *	flows		the used ones first; until its answer an old one holds,
 *			for REASK_MS at most, then all old ones are gone
 *	conversations	by the question that let them in, kept in the flight;
 *			what is denied now is cut
 *	names		scope, again; what is refused now is dropped
 *
 * Routes are asked about again by gate_routes.c, beside all that.
 *
 * Nothing of it stops a message: new questions go to the new policy at once.
 */
#include "fabric/gate_parts.h"

enum reload_stage { NOTHING, NEIGHBOURS, FLOWS_USED, FLOWS_REST, CONVERSATIONS, NAMES };

enum { STEPS = 2048, DROPS = 1024 };	/* of one turn, a tick apart: well under a millisecond */

/* The message, or whatever else, that a saved question is about. */
static struct port *
recall(struct fabric *f, struct str body, struct question *q, struct peer_facts *facts)
{
	struct port *p;

	if (gate_question_get(body, q) == -1 || (p = gate_peer(f, q->peer)) == NULL)
		return NULL;
	gate_facts(p, facts);
	q->how |= ASK_BACKGROUND;
	return p;
}

/* --- what is to be asked --- */

/* The next one; a step is a chain of them at most. */
static bool
ask_neighbour(struct fabric *f)
{
	struct gate *g = &f->gate;

	while (g->reload_at < PEER_CHAINS && !g->peers[g->reload_at])
		g->reload_at++;
	if (g->reload_at == PEER_CHAINS)
		return false;
	for (struct port *p = g->peers[g->reload_at]; p; p = p->gate.next_peer) {
		struct question q = { .hook = HOOK_ADMIT, .how = ASK_BACKGROUND,
		    .peer = p->gate.number };
		struct asked *a;

		if (p->gate.epoch == g->epoch || !p->up || gate_is_admin(p))
			continue;
		if (gate_ask(f, FOR_PEER, &q, STR(""), REASK_MS, &a) != 0) {
			a->flight = p->gate.number;
			p->gate.epoch = g->epoch;
		}
		return true;
	}
	g->reload_at++;
	return true;
}

static bool
ask_flow(struct fabric *f)
{
	struct flows *t = &f->gate.flows;
	struct flow *fl;
	struct peer_facts facts;
	struct question q;
	struct asked *a;

	if (!t->walk)
		t->walk = &t->all;
	t->walk = t->walk->prev;
	if (t->walk == &t->all) {
		t->walk = NULL;
		return false;
	}
	fl = list_of(t->walk, struct flow, all);
	if (fl->generation != t->generation && !fl->watch &&
	    (fl->used || f->gate.reload == FLOWS_REST) && recall(f, fl->question, &q, &facts) &&
	    gate_ask(f, FOR_FLOW, &q, fl->question, 0, &a) != 0)
		asked_watch(a, fl);
	return true;
}

static void
cut(struct fabric *f, struct flight *fl, const struct question *q, const struct decision *d)
{
	char text[400];

	f->gate.count.cut++;
	gate_denial(f, fl->in, q, d, text);
	flight_break(f, fl, d->error, text);
}

static bool
ask_flight(struct fabric *f)
{
	struct gate *g = &f->gate;
	struct decision d = { .error = E_denied };
	struct peer_facts facts;
	struct question q;
	struct subject s = { .q = &q, .peer = &facts };
	struct flight *fl;
	struct flow *flow;
	struct asked *a;

	if (g->reload_at >= inflight_slots(&f->flights)) {
		g->reload_at = 0;
		return false;
	}
	fl = inflight_at(&f->flights, (uint32_t)g->reload_at++);
	if (!fl || fl->ended || fl->at_gate == AT_ROUTE || fl->epoch == g->epoch ||
	    !recall(f, buf_view(&fl->question), &q, &facts))
		return true;
	fl->epoch = g->epoch;
	if ((flow = flow_find(&g->flows, &s, f->now)) != NULL &&
	    flow->generation == g->flows.generation) {
		if (flow->answer == ANSWER_DENY) {
			d = (struct decision){ .answer = ANSWER_DENY, .rule = flow->rule,
			    .error = flow->error ? (enum error)flow->error : E_denied,
			    .reason = flow->reason };
			cut(f, fl, &q, &d);
		}
	} else if (gate_ask(f, FOR_FLIGHT, &q, STR(""), REASK_MS, &a) != 0) {
		a->flight = fl->id;
	} else {
		fl->epoch = g->epoch - 1;
	}
	return true;
}

void
gate_flights_narrow(struct fabric *f, struct port *p)
{
	const struct decision d = { .answer = ANSWER_DENY, .error = E_scope,
	    .reason = STR("not within the scopes that its credential has now") };
	struct question q;
	struct flight *fl;

	for (uint32_t i = 0; i < inflight_slots(&f->flights); i++) {
		fl = inflight_at(&f->flights, i);
		if (fl && fl->in == p && !fl->ended && fl->at_gate != AT_ROUTE &&
		    gate_question_get(buf_view(&fl->question), &q) == 0 && !gate_may_ask(p, q.kind, q.to, q.subject))
			cut(f, fl, &q, &d);
	}
}

/* The claims of one name a step.  The map may change between two: a pass that
 * asked something is not the last. */
static bool
ask_name(struct fabric *f)
{
	struct gate *g = &f->gate;
	size_t at = g->reload_at;
	struct name *name = map_next(&f->fib.names, &at);
	struct buf body;

	if (!name && !g->reload_more)
		return false;
	if (!name) {
		g->reload_at = 0;
		g->reload_more = false;
		return true;
	}
	list_each(n, &name->claims) {
		struct claim *c = list_of(n, struct claim, of_name);
		struct question q;

		if (!gate_claim_asks(f, c))
			continue;
		g->reload_more = true;
		q = gate_claim_question(c);
		q.how = ASK_BACKGROUND;
		buf_init(&body, 1 << 16);
		if (question_put(&body, &q) == 0 &&
		    gate_ask(f, FOR_CLAIM, &q, buf_view(&body), REASK_MS, NULL) != 0)
			c->epoch = g->epoch;
		buf_free(&body);
		return true;
	}
	g->reload_at = at;
	return true;
}

static bool
step(struct fabric *f)
{
	struct gate *g = &f->gate;

	switch ((enum reload_stage)g->reload) {
	case NEIGHBOURS:
		return gate_closed(g, HOOK_ADMIT) && ask_neighbour(f);
	case FLOWS_USED:
	case FLOWS_REST:
		return g->flows.old_good && ask_flow(f);
	case CONVERSATIONS:
		return gate_closed(g, HOOK_ROUTE) && ask_flight(f);
	case NAMES:
		return gate_closed(g, HOOK_SCOPE) && ask_name(f);
	case NOTHING:
		break;
	}
	return false;
}

static void
close_old_flows(struct fabric *f)
{
	if (f->gate.flows.old_good)
		flows_policy(&f->gate.flows, f->gate.epoch, false);
	f->gate.flows.walk = NULL;
}

static void
next_stage(struct fabric *f)
{
	struct gate *g = &f->gate;

	if (g->reload == FLOWS_REST)
		close_old_flows(f);
	g->reload = (uint8_t)(g->reload == NAMES ? NOTHING : g->reload + 1);
	g->reload_at = 0;
	g->reload_more = false;
	g->flows.walk = NULL;
}

static void later(struct fabric *, bool soon);

static void
on_turn(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);
	struct gate *g = &f->gate;
	bool left;

	(void)t;
	if (g->flows.old_good && f->now.us >= g->reload_until.us) {
		close_old_flows(f);
		gate_unask_flows(f);
	}
	left = g->flows.old_good ? false : flows_drop_old(&g->flows, DROPS) > 0;
	if (left)
		timer_set(w, &g->revalidate, f->now, 0);
	gate_reload_go(f);
	if (g->flows.old_good)
		later(f, false);	/* their end, if no turn comes before */
}

/* Again in a moment, or when the old flows are over. */
static void
later(struct fabric *f, bool soon)
{
	struct gate *g = &f->gate;

	g->revalidate.fire = on_turn;
	if (soon || !g->flows.old_good)
		timer_set(&f->wheel, &g->revalidate, f->now, 0);
	else if (!timer_is_set(&g->revalidate))
		timer_set(&f->wheel, &g->revalidate, f->now,
		    mono_ms_until(f->now, g->reload_until));
}

void
gate_reload_go(struct fabric *f)
{
	struct gate *g = &f->gate;
	unsigned steps = 0;

	if (g->reload == NOTHING || g->reloading || !g->reachable)
		return;
	g->reloading = true;
	while (g->reload != NOTHING && g->reachable && g->in_background < REASKS &&
	    g->asks.used < ASKS_MAX && steps++ < STEPS) {
		if (step(f))
			continue;
		if (g->in_background && g->reload != FLOWS_USED)
			break;		/* their answers come first */
		next_stage(f);
		if (g->reload == CONVERSATIONS)
			later(f, true);
	}
	if (steps >= STEPS || g->asks.used >= ASKS_MAX)
		later(f, true);
	g->reloading = false;
}

void
gate_reload_again(struct fabric *f, enum asked_for what)
{
	enum reload_stage stage = what == FOR_PEER ? NEIGHBOURS : CONVERSATIONS;
	struct gate *g = &f->gate;

	if (g->failed || (g->reload != NOTHING && g->reload < stage))
		return;		/* it is still to come */
	g->reload = (uint8_t)stage;
	g->reload_at = 0;
	g->flows.walk = NULL;
	later(f, true);
}

bool
gate_settled(const struct fabric *f)
{
	return f->gate.reload == NOTHING && !f->gate.flows.old_good && f->gate.renewing == 0;
}

/* --- answers --- */

static void
flow_answer(struct fabric *f, struct asked *a, const struct verdict *in)
{
	struct gate *g = &f->gate;
	struct str body = { a->body, a->n };
	struct peer_facts facts;
	struct question q;
	struct subject s = { .q = &q, .peer = &facts };
	struct verdict v;
	struct port *p;

	if (!in || a->epoch != g->epoch)
		return;
	if (a->flow)		/* what it says is over, whatever else it covered */
		flow_drop(&g->flows, a->flow);
	v = gate_checked(in);
	if (v.keep_ms && (p = recall(f, body, &q, &facts)) != NULL)
		flow_install(&g->flows, &p->gate.flows, &p->gate.flow_count, &s, &v, body, f->now);
}

static void
flight_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct flight *fl = inflight_by_id(&f->flights, a->flight);
	struct decision d;
	struct peer_facts facts;
	struct question q;

	if (!fl || fl->ended)
		return;
	if (!v || a->epoch != f->gate.epoch) {	/* it is asked again */
		fl->epoch = f->gate.epoch - 1;
		f->gate.reload_at = 0;
		return;
	}
	d = decision_of(v);
	if (d.error != E_NONE && recall(f, buf_view(&fl->question), &q, &facts))
		cut(f, fl, &q, &d);
}

static void
name_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct peer_facts facts;
	struct question q;
	struct port *p = recall(f, (struct str){ a->body, a->n }, &q, &facts);
	struct claim *c = !p ? NULL :
	    fib_claim(&f->fib, p, (enum family)q.family, q.subject, q.version);

	if (!c)
		return;
	if (!v || a->epoch != f->gate.epoch) {
		c->epoch = f->gate.epoch - 1;
		f->gate.reload_more = true;
		return;
	}
	gate_claim_judge(f, c, &q, v);
}

static void
neighbour_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct port *p = gate_peer(f, (uint32_t)a->flight);

	if (!p)
		return;
	if (!v || a->epoch != f->gate.epoch) {
		p->gate.epoch = f->gate.epoch - 1;
		f->gate.reload_at = 0;
		return;
	}
	gate_admit_again(f, p, v);
	gate_claims_narrow(f, p);
}

void
gate_reload_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	switch ((enum asked_for)a->what) {
	case FOR_FLOW:
		flow_answer(f, a, v);
		break;
	case FOR_FLIGHT:
		flight_answer(f, a, v);
		break;
	case FOR_CLAIM:
		name_answer(f, a, v);
		break;
	case FOR_PEER:
		neighbour_answer(f, a, v);
		break;
	default:
		break;
	}
}

/* --- a policy is there --- */

static void
begin(struct fabric *f)
{
	struct gate *g = &f->gate;
	bool flows = g->flows.count > 0 && !g->failed && gate_closed(g, HOOK_ROUTE);

	g->epoch++;
	flows_policy(&g->flows, g->epoch, flows);
	g->flows.walk = NULL;
	g->reload = g->failed ? NOTHING : NEIGHBOURS;
	g->reload_at = 0;
	g->reload_more = false;
	g->reload_until = mono_add_ms(f->now, REASK_MS);
	timer_drop(&f->wheel, &g->revalidate);
	gate_names_renew(f);
	gate_routes_renew(f);
	if (!gate_closed(g, HOOK_ADMIT))
		list_each(n, &f->ports)
			gate_admit_forget(f, &list_of(n, struct port, all)->gate);
	if (g->flows.count)
		later(f, false);
}

void
gate_policy(struct fabric *f, const struct policy_mark *m)
{
	struct gate *g = &f->gate;
	bool same_as_before = g->known && m->digest.n == sizeof g->digest &&
	    memcmp(m->digest.p, g->digest, sizeof g->digest) == 0 &&
	    g->failed == (m->failed != 0) && g->hooks == m->hooks;

	g->instance = m->instance;
	g->generation = m->generation;
	g->hooks = m->hooks;
	g->failed = m->failed != 0;
	g->known = g->reachable = true;
	g->flows.max = g->limits.flows < FLOWS_MAX ? g->limits.flows : FLOWS_MAX;
	memset(g->digest, 0, sizeof g->digest);
	if (m->digest.n == sizeof g->digest)
		memcpy(g->digest, m->digest.p, sizeof g->digest);
	if (!same_as_before)
		begin(f);
	gate_admit_ask(f);
	list_each_safe(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		gate_serve(f, p);
		gate_names_serve(f, p);
		gate_routes_serve(f, p);
		if (p->gate.names_lost && (!p->gate.waits || list_empty(&p->gate.waits->names))) {
			p->gate.names_lost = false;	/* the answer may be another one now */
			connected_again(f, p);
		}
	}
	gate_reload_go(f);
}
