/* gate_peer.c - what policy knows of neighbours and names, and who may join. */
#include <stdlib.h>

#include "fabric/gate_parts.h"

bool
gate_facts(const struct port *p, struct peer_facts *facts)
{
	bool link = port_is_link(p);

	*facts = (struct peer_facts){ .number = p->gate.number, .role = p->role,
	    .uplink = p->kind == PORT_UPLINK, .admin = p->admin, .guest = p->guest, .node = link ? p->node : STR(""),
	    .cluster = p->cluster, .address = p->address, .from = p->from,
	    .tags = gate_grant_of(p)->tags };
	return p->gate.number != 0;
}

static struct port **
chain_of(struct fabric *f, uint32_t number)
{
	return &f->gate.peers[number & (PEER_CHAINS - 1)];
}

static void
peer_known(struct fabric *f, struct port *p)
{
	struct port **chain = chain_of(f, p->gate.number);

	p->gate.next_peer = *chain;
	*chain = p;
}

static void
peer_forgotten(struct fabric *f, struct port *p)
{
	for (struct port **at = chain_of(f, p->gate.number); *at; at = &(*at)->gate.next_peer)
		if (*at == p) {
			*at = p->gate.next_peer;
			return;
		}
}

struct port *
gate_peer(struct fabric *f, uint32_t number)
{
	struct port *p = number ? *chain_of(f, number) : f->self;

	while (p && p->gate.number != number)
		p = p->gate.next_peer;
	return p && p->up ? p : NULL;
}

static void
tell_peer(struct fabric *f, const struct port *p)
{
	struct peer_facts facts;

	if (f->gate.ops && f->gate.ops->peer && gate_facts(p, &facts))
		f->gate.ops->peer(f->gate.owner, &facts);
}

void
gate_peer_changed(struct fabric *f, struct port *p)
{
	gate_memo_forget(&p->gate);
	tell_peer(f, p);
}

void
gate_port_init(struct gate_port *g)
{
	*g = (struct gate_port){ .number = 0 };
	list_init(&g->flows);
}

static void
number(struct fabric *f, struct port *p)
{
	if (p->gate.number == 0)
		p->gate.number = ++f->gate.last_peer;
}

void
gate_port_up(struct fabric *f, struct port *p)
{
	if (p->kind == PORT_SELF)
		return;
	number(f, p);
	peer_known(f, p);
	tell_peer(f, p);
	if (p->gate.epoch != f->gate.epoch && gate_closed(&f->gate, HOOK_ADMIT))
		gate_reload_again(f, FOR_PEER);
}

const struct gate_grant *
gate_grant_of(const struct port *p)
{
	static const struct gate_grant none;

	return p->gate.grant ? p->gate.grant : &none;
}

void
gate_admit_forget(struct fabric *f, struct gate_port *g)
{
	gate_memo_forget(g);
	if (!g->grant)
		return;
	limiter_release(&f->gate.flows.limiters, g->grant->limiter, f->now);
	free(g->grant);
	g->grant = NULL;
}

/* The question is over. */
static void
admit_end(struct fabric *f, struct port *p)
{
	struct gate_waits *w = p->gate.waits;

	list_del(&w->admitting);
	timer_drop(&f->wheel, &w->admit_due);
	gate_unask(f, w->admit_asked);
	w->admit_asked = 0;
	gate_waits_rest(p);
}

void
gate_port_down(struct fabric *f, struct port *p)
{
	struct gate_port *g = &p->gate;
	struct gate *gate = &f->gate;

	peer_forgotten(f, p);
	gate_names_free(f, p);
	if (g->waits)
		admit_end(f, p);
	if (gate->ops)
		flows_port_down(&gate->flows, &g->flows);
	g->flow_count = 0;
	gate_admit_forget(f, g);
	free(g->bounds);
	g->bounds = NULL;
	g->bounds_len = 0;
	if (g->number && gate->ops && gate->ops->peer_gone)
		gate->ops->peer_gone(gate->owner, g->number);
	g->number = 0;
}

/* --- what waits --- */

static timer_fn on_admit_due;

struct gate_waits *
gate_waits_open(struct port *p)
{
	struct gate_waits *w = p->gate.waits ? p->gate.waits : calloc(1, sizeof *w);

	if (!w || p->gate.waits)
		return w;
	w->port = p;
	list_init(&w->requests);
	list_init(&w->names);
	list_init(&w->admitting);
	timer_init(&w->names_due, gate_names_due);
	timer_init(&w->admit_due, on_admit_due);
	return p->gate.waits = w;
}

void
gate_waits_rest(struct port *p)
{
	struct gate_waits *w = p->gate.waits;

	if (!w || w->count || w->serving || w->names_count || w->names_serving || !list_empty(&w->admitting))
		return;
	free(w);
	p->gate.waits = NULL;
}

/* --- admission --- */

static void
admitted(struct fabric *f, struct port *p, enum error error, const char *why)
{
	admit_end(f, p);
	f->gate.ops->admitted(f->gate.owner, p, error, why);
}

static void
on_admit_due(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);
	struct port *p = list_of(t, struct gate_waits, admit_due)->port;

	if (f->gate.failed) {
		admitted(f, p, E_policy_error, "no policy could be loaded, so nobody is admitted");
		return;
	}
	f->gate.count.unanswered++;
	admitted(f, p, E_policy_unavailable, "policy did not answer in time");
}

int
gate_confine(struct fabric *f, struct port *p, struct str scopes)
{
	struct gate_port *g = &p->gate;
	char *bounds = NULL;

	if (str_eq(scopes, (struct str){ g->bounds, g->bounds_len }))
		return 0;
	if (scopes.n && (bounds = malloc(scopes.n)) == NULL)
		return -1;
	if (scopes.n)
		memcpy(bounds, scopes.p, scopes.n);
	free(g->bounds);
	g->bounds = bounds;
	g->bounds_len = scopes.n;
	if (!p->up)
		return 0;
	gate_claims_narrow(f, p);
	gate_flights_narrow(f, p);
	connected_again(f, p);		/* some of what was refused may be within them now */
	return 0;
}

static void
admit_ask(struct fabric *f, struct port *p)
{
	struct question q = { .hook = HOOK_ADMIT, .peer = p->gate.number };
	struct gate_waits *w = p->gate.waits;
	struct asked *a;

	if (w->admit_asked || f->gate.failed)
		return;
	if ((w->admit_asked = gate_ask(f, FOR_ADMIT, &q, STR(""), 0, &a)) != 0)
		a->port = p;
}

enum gate_result
gate_admit(struct fabric *f, struct port *p)
{
	struct gate *g = &f->gate;
	struct gate_waits *w;

	if (!g->ops || p->kind == PORT_SELF)
		return GATE_PASS;
	number(f, p);
	tell_peer(f, p);
	p->gate.epoch = g->epoch;
	if (gate_is_admin(p) || !gate_closed(g, HOOK_ADMIT)) {
		gate_admit_forget(f, &p->gate);
		return GATE_PASS;
	}
	if ((w = gate_waits_open(p)) == NULL) {
		p->ops->close(p, E_overloaded, "no memory to wait for policy in");
		return GATE_DONE;
	}
	list_add(&g->admitting, &w->admitting);
	/* what is known already is told by the timer too, not within this call */
	timer_set(&f->wheel, &w->admit_due, f->now, g->failed ? 0 : g->limits.wait_ms);
	admit_ask(f, p);
	return GATE_DONE;
}

void
gate_admit_ask(struct fabric *f)
{
	list_each_safe(n, &f->gate.admitting) {
		struct port *p = list_of(n, struct gate_waits, admitting)->port;

		if (!gate_closed(&f->gate, HOOK_ADMIT))
			admitted(f, p, E_NONE, "");
		else
			admit_ask(f, p);
	}
}

/* The value of a field that is about the neighbour, not about a message. */
static struct str
peer_value(const struct port *p, unsigned field)
{
	struct question q = { .hook = HOOK_ADMIT };
	struct peer_facts facts;
	static struct subject s;

	gate_facts(p, &facts);
	s = (struct subject){ .q = &q, .peer = &facts };
	return field < FIELD_COUNT ? field_get(&s, (enum ask_field)field) : STR("");
}

static bool
grants_nothing(const struct verdict *v)
{
	return !v->max_in_flight && !v->max_services && !v->max_endpoints && !v->tags.n && !v->scopes.n &&
	    !v->limit.n;
}

static bool
grant(struct fabric *f, struct port *p, const struct verdict *v)
{
	struct gate_grant *g;
	char *text;

	gate_admit_forget(f, &p->gate);
	if (grants_nothing(v))
		return true;
	if ((g = p->gate.grant = calloc(1, sizeof *g + v->scopes.n + v->tags.n)) == NULL)
		return false;
	g->max_in_flight = v->max_in_flight;
	g->max_services = v->max_services;
	g->max_endpoints = v->max_endpoints;
	text = g->text;
	g->scopes = str_place(&text, v->scopes);
	g->tags = str_place(&text, v->tags);
	if (v->limit.n == 0)
		return true;
	g->limiter = limiter_use(&f->gate.flows.limiters, v->limit, peer_value(p, v->limit_field),
	    v->limit_rate, v->limit_burst, f->now);
	return g->limiter != NULL;
}

void
gate_admit_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct port *p = a->port;
	struct decision d = decision_of(v);
	struct question q = { .hook = HOOK_ADMIT, .peer = p->gate.number };
	char text[400];

	if (!p->gate.waits || p->gate.waits->admit_asked != a->number)
		return;
	if (a->epoch != f->gate.epoch) {
		f->gate.count.old_verdicts++;
		p->gate.waits->admit_asked = 0;
		admit_ask(f, p);
		return;
	}
	p->gate.epoch = f->gate.epoch;
	if (d.error != E_NONE) {
		gate_denial(f, p, &q, &d, text);
		admitted(f, p, d.error, text);
	} else if (!grant(f, p, v)) {
		admitted(f, p, E_overloaded, "no memory for what policy grants");
	} else {
		if (v->tags.n)
			tell_peer(f, p);
		admitted(f, p, E_NONE, "");
	}
}

void
gate_admit_again(struct fabric *f, struct port *p, const struct verdict *v)
{
	struct decision d = decision_of(v);
	struct question q = { .hook = HOOK_ADMIT, .peer = p->gate.number };
	char text[400];

	if (d.error != E_NONE) {
		gate_denial(f, p, &q, &d, text);
		p->ops->close(p, d.error, text);
	} else if (!grant(f, p, v)) {
		p->ops->close(p, E_overloaded, "no memory for what policy grants");
	} else {
		tell_peer(f, p);
	}
}

/* --- names --- */

void
gate_name(struct fabric *f, const struct port *p, bool there, const struct announcement *a)
{
	struct gate *g = &f->gate;

	if (a->family == FAMILY_INTEREST)
		return;		/* no hook can look it up */
	g->changes++;
	if (!g->ops)
		return;
	flows_name_changed(&g->flows, (enum family)a->family, a->name, g->changes);
	if (g->ops->name)
		g->ops->name(g->owner, there, a, p->gate.number, g->changes);
}

static void
tell_names(struct fabric *f)
{
	struct gate *g = &f->gate;
	struct name *name;
	size_t at = 0;

	while ((name = map_next(&f->fib.names, &at)) != NULL)
		list_each(n, &name->claims) {
			const struct claim *c = list_of(n, struct claim, of_name);

			if (name->family == FAMILY_INTEREST)
				break;
			g->ops->name(g->owner, true, &(struct announcement){ .family = name->family,
			    .hops = c->hops, .name = name_text(name), .version = claim_version(c),
			    .methods = claim_methods(c), .tags = claim_tags(c), .weight = c->weight,
			    .max_concurrency = c->max_concurrency, .path = claim_path(c) },
			    c->port->gate.number, ++g->changes);
		}
}

void
gate_connected(struct fabric *f)
{
	list_each(n, &f->ports)
		if (list_of(n, struct port, all)->kind != PORT_SELF)
			tell_peer(f, list_of(n, struct port, all));
	list_each(n, &f->gate.admitting)
		tell_peer(f, list_of(n, struct gate_waits, admitting)->port);
	if (f->gate.ops->name)
		tell_names(f);
}

void
gate_lost(struct fabric *f)
{
	f->gate.reachable = false;
	gate_unask_all(f);
	list_each(n, &f->gate.admitting)
		list_of(n, struct gate_waits, admitting)->admit_asked = 0;
	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		if (!p->gate.waits)
			continue;
		list_each(m, &p->gate.waits->requests)
			list_of(m, struct flight, gate_place)->asked = 0;
		gate_names_again(p->gate.waits);
	}
}
