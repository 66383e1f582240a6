/* gate_peer.c - what policy knows of neighbours and names, and who may join. */
#include <stdlib.h>

#include "fabric/gate_parts.h"

bool
gate_facts(const struct port *p, struct peer_facts *facts)
{
	bool link = port_is_link(p);

	*facts = (struct peer_facts){ .number = p->gate.number, .role = p->role,
	    .uplink = p->kind == PORT_UPLINK, .admin = p->admin, .guest = p->guest, .node = link ? p->node : STR(""),
	    .cluster = p->gate.cluster, .address = p->gate.address, .from = p->from,
	    .tags = str(p->gate.tags) };
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

static void
on_admit_due(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);
	struct port *p = list_of(t, struct port, gate.admit_due);
	struct gate *g = &f->gate;

	list_del(&p->gate.admitting);
	gate_unask(f, p->gate.admit_asked);
	p->gate.admit_asked = 0;
	if (g->failed) {
		g->ops->admitted(g->owner, p, E_policy_error,
		    "no policy could be loaded, so nobody is admitted");
		return;
	}
	g->count.unanswered++;
	g->ops->admitted(g->owner, p, E_policy_unavailable, "policy did not answer in time");
}

void
gate_port_init(struct gate_port *g)
{
	*g = (struct gate_port){ .number = 0 };
	list_init(&g->flows);
	list_init(&g->waiting);
	list_init(&g->names);
	list_init(&g->rulings);
	list_init(&g->admitting);
	timer_init(&g->admit_due, on_admit_due);
	timer_init(&g->names_due, NULL);
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

void
gate_admit_forget(struct fabric *f, struct gate_port *g)
{
	if (g->limiter)
		limiter_release(&f->gate.flows.limiters, g->limiter, f->now);
	gate_memo_forget(g);
	free(g->scopes);
	free(g->tags);
	g->limiter = NULL;
	g->scopes = g->tags = NULL;
	g->scopes_len = 0;
	g->max_in_flight = g->max_services = g->max_endpoints = 0;
}

void
gate_port_down(struct fabric *f, struct port *p)
{
	struct gate_port *g = &p->gate;
	struct gate *gate = &f->gate;

	peer_forgotten(f, p);
	timer_drop(&f->wheel, &g->admit_due);
	list_del(&g->admitting);
	gate_unask(f, g->admit_asked);
	g->admit_asked = 0;
	gate_names_free(f, p);
	if (gate->ops)
		flows_port_down(&gate->flows, &g->flows);
	g->flow_count = 0;
	gate_admit_forget(f, g);
	free(g->bounds);
	free(g->facts);
	g->bounds = NULL;
	g->bounds_len = 0;
	g->facts = NULL;
	g->cluster = g->address = STR("");
	if (g->number && gate->ops && gate->ops->peer_gone)
		gate->ops->peer_gone(gate->owner, g->number);
	g->number = 0;
}

/* --- admission --- */

static char *
copy(struct str s)
{
	char *to = malloc(s.n + 1);

	if (!to)
		return NULL;
	if (s.n)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return to;
}

static bool
keep_facts(struct gate_port *g, const struct peer_facts *facts)
{
	char *to = malloc(facts->cluster.n + facts->address.n + 1);

	if (!to)
		return false;
	if (facts->cluster.n)
		memcpy(to, facts->cluster.p, facts->cluster.n);
	if (facts->address.n)
		memcpy(to + facts->cluster.n, facts->address.p, facts->address.n);
	free(g->facts);
	g->facts = to;
	g->cluster = (struct str){ to, facts->cluster.n };
	g->address = (struct str){ to + facts->cluster.n, facts->address.n };
	return true;
}

int
gate_confine(struct fabric *f, struct port *p, struct str scopes)
{
	struct gate_port *g = &p->gate;
	char *bounds = NULL;

	if (str_eq(scopes, (struct str){ g->bounds, g->bounds_len }))
		return 0;
	if (scopes.n && (bounds = copy(scopes)) == NULL)
		return -1;
	free(g->bounds);
	g->bounds = bounds;
	g->bounds_len = scopes.n;
	if (!p->up)
		return 0;
	gate_names_narrow(f, p);
	gate_flights_narrow(f, p);
	connected_again(f, p);		/* some of what was refused may be within them now */
	return 0;
}

static void
admit_ask(struct fabric *f, struct port *p)
{
	struct question q = { .hook = HOOK_ADMIT, .peer = p->gate.number };
	struct asked *a;

	if (p->gate.admit_asked || f->gate.failed)
		return;
	if ((p->gate.admit_asked = gate_ask(f, FOR_ADMIT, &q, STR(""), 0, &a)) != 0)
		a->port = p;
}

enum gate_result
gate_admit(struct fabric *f, struct port *p, const struct peer_facts *facts)
{
	struct gate *g = &f->gate;
	bool kept = keep_facts(&p->gate, facts);

	if (!g->ops || p->kind == PORT_SELF)
		return GATE_PASS;
	number(f, p);
	tell_peer(f, p);
	p->gate.epoch = g->epoch;
	if ((p->kind == PORT_CLIENT && p->admin) || (!gate_closed(g, HOOK_ADMIT) && kept)) {
		gate_admit_forget(f, &p->gate);
		return GATE_PASS;
	}
	list_add(&g->admitting, &p->gate.admitting);
	/* what is known already is told by the timer too, not within this call */
	timer_set(&f->wheel, &p->gate.admit_due, f->now, g->failed || !kept ? 0 : g->limits.wait_ms);
	if (kept)
		admit_ask(f, p);
	return GATE_DONE;
}

static void
admitted(struct fabric *f, struct port *p, enum error error, const char *why)
{
	list_del(&p->gate.admitting);
	timer_drop(&f->wheel, &p->gate.admit_due);
	gate_unask(f, p->gate.admit_asked);
	p->gate.admit_asked = 0;
	f->gate.ops->admitted(f->gate.owner, p, error, why);
}

void
gate_admit_ask(struct fabric *f)
{
	list_each_safe(n, &f->gate.admitting) {
		struct port *p = list_of(n, struct port, gate.admitting);

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
grant(struct fabric *f, struct port *p, const struct verdict *v)
{
	struct gate_port *g = &p->gate;

	gate_admit_forget(f, g);
	g->max_in_flight = v->max_in_flight;
	g->max_services = v->max_services;
	g->max_endpoints = v->max_endpoints;
	if ((v->tags.n && (g->tags = copy(v->tags)) == NULL) ||
	    (v->scopes.n && (g->scopes = copy(v->scopes)) == NULL))
		return false;
	g->scopes_len = v->scopes.n;
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

	if (p->gate.admit_asked != a->number)
		return;
	if (a->epoch != f->gate.epoch) {
		f->gate.count.old_verdicts++;
		p->gate.admit_asked = 0;
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
		tell_peer(f, list_of(n, struct port, gate.admitting));
	if (f->gate.ops->name)
		tell_names(f);
}

void
gate_lost(struct fabric *f)
{
	f->gate.reachable = false;
	gate_unask_all(f);
	list_each(n, &f->gate.admitting)
		list_of(n, struct port, gate.admitting)->gate.admit_asked = 0;
	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		list_each(m, &p->gate.waiting)
			list_of(m, struct flight, gate_place)->asked = 0;
		gate_names_again(p);
	}
}
