/*
 * route_in.c - what a neighbouring hub says of routes and names: checked one
 * by one (mpreg.md 5.2), so that a bad one costs itself and never its
 * neighbours; then the tables.
 */
#include <stdlib.h>

#include "fabric/border.h"
#include "fabric/gate_parts.h"

enum { DIGEST_SIZE = 12, LIFETIME_MAX_MS = 3600 * 1000, ASK_AFTER_MAX = 64, VERSIONS_MAX = 64 };

static void
event(struct fabric *f, const char *what, const struct port *p, struct str name)
{
	if (f->ops->event)
		f->ops->event(f, what, p, name);
}

static uint32_t
count_of(const struct port *p)
{
	uint32_t n = p->routes->count;

	for (int i = 0; i < FAMILY_COUNT; i++)
		n += p->claimed[i];
	return n;
}

/* What it makes us keep: also routes that are gone, for their flaps. */
static bool
is_full(const struct fabric *f, const struct port *p)
{
	return count_of(p) - p->routes->count + p->routes->via_count >= f->rib.limits.routes;
}

/* --- routes --- */

/* What is wrong with the past that it tells of; *bad is a static sentence. */
static bool
path_is_sound(const struct port *p, const struct announcement *a, const struct meta_facts *facts,
    const char **bad)
{
	struct str rest = a->path;
	struct tlv t;

	*bad = "its path does not lead to it";
	if (!facts->passed || !str_eq(facts->first, a->name))
		return false;
	*bad = "its path does not end at its sender";
	if (!str_eq(facts->last, p->node))
		return false;
	*bad = "its path is longer than 16 nodes";
	if (facts->passed > HOPS_DEFAULT)
		return false;
	*bad = "its path passes a node twice";
	while (tlv_next(&rest, &t) == PARSE_OK)
		if (path_has(rest, t.value))
			return false;
	*bad = "its path passes more clusters than nodes";
	rest = a->clusters;
	for (unsigned n = facts->passed; tlv_next(&rest, &t) == PARSE_OK; n--)
		if (n == 0)
			return false;
	*bad = "it has no lifetime left";
	return a->lifetime_ms > 0;
}

static int
via_fill(const struct fabric *f, struct via *v, const struct announcement *a, unsigned length)
{
	size_t n = a->path.n + a->clusters.n + a->tags.n;
	unsigned hops_left = HOPS_DEFAULT + 1 - length;
	char *text = malloc(n + 1);

	if (!text)
		return -1;
	memcpy(text, a->path.p, a->path.n);
	if (a->clusters.n)
		memcpy(text + a->path.n, a->clusters.p, a->clusters.n);
	if (a->tags.n)
		memcpy(text + a->path.n + a->clusters.n, a->tags.p, a->tags.n);
	free((char *)v->path.p);
	v->path = (struct str){ text, a->path.n };
	v->clusters = (struct str){ text + a->path.n, a->clusters.n };
	v->tags = (struct str){ text + a->path.n + a->clusters.n, a->tags.n };
	v->metric = (struct metric){ a->latency_us < LATENCY_MAX_US ? a->latency_us : LATENCY_MAX_US,
	    a->cost_milli, a->reliability_ppm, a->bandwidth_mbps };
	v->metric.latency_us += v->port->routes->latency_us;
	v->length = length;
	v->hops = (uint8_t)(a->hops < hops_left ? a->hops : hops_left);
	v->epoch = a->epoch;
	v->foreign = border_is_abroad(f, v->clusters);
	v->score = route_score(&v->metric, length);
	return 0;
}

static enum error
route_take(struct fabric *f, struct port *p, const struct announcement *a, unsigned length, struct err *e)
{
	struct origin *o = rib_origin(f, a->name);
	struct via *v = o ? via_find(o, p) : NULL;
	bool known = v && v->digest && str_eq(v->path, a->path) && str_eq(v->clusters, a->clusters) &&
	    str_eq(v->tags, a->tags);
	uint32_t ms = a->lifetime_ms < LIFETIME_MAX_MS ? a->lifetime_ms : LIFETIME_MAX_MS;
	bool fresh;

	/* older than what it said before: played again; unless it says all again */
	if (v && v->digest && !v->stale && a->epoch < v->epoch)
		return E_NONE;
	if (!v && is_full(f, p)) {
		err_set(e, "one neighbour may have %u routes and names, and has them", f->rib.limits.routes);
		return E_overloaded;
	}
	if (!o && (o = rib_open(f, a->name)) == NULL) {
		err_set(e, "no memory for another route");
		return E_overloaded;
	}
	fresh = !v;
	if ((fresh && (v = via_open(f, o, p)) == NULL) || via_fill(f, v, a, length) == -1) {
		if (fresh && v)
			via_close(f, v);
		err_set(e, "no memory for another route");
		return E_overloaded;
	}
	/* it says all again because we asked: what we had of it is there until the END */
	v->partial = a->partial && !(v->digest && v->stale && !v->partial);
	v->stale = false;
	if (!v->digest)
		p->routes->count++;
	p->digest ^= v->digest;
	v->digest = route_digest(a);
	v->digest += v->digest == 0;
	p->digest ^= v->digest;
	v->expires = mono_add_ms(f->now, ms);
	if (!known)
		gate_import(f, v);
	via_settled(f, v);
	route_choose(f, o, v == o->best);
	return E_NONE;
}

/* It goes through us now, or may go no further: for us that is the end of it. */
static void
route_not_for_us(struct fabric *f, struct port *p, const struct announcement *a)
{
	struct origin *o = rib_origin(f, a->name);
	struct via *v = o ? via_find(o, p) : NULL;

	f->count.routes_looped++;
	if (v && v->digest)
		via_lost(f, v, false);
}

static enum error
route_announced(struct fabric *f, struct port *p, const struct announcement *a, struct err *e)
{
	struct meta_facts facts;
	const char *bad;
	enum error error;

	meta_look(a->path, str(f->node), &facts);
	if (str_is(a->name, f->node)) {
		f->count.routes_looped++;
		return E_NONE;
	}
	if (!path_is_sound(p, a, &facts, &bad)) {
		err_set(e, "a route to '%.*s' is not taken: %s", a->name.n > 80 ? 80 : (int)a->name.n,
		    a->name.p, bad);
		return E_malformed;
	}
	if (facts.looped || a->hops == 0) {
		route_not_for_us(f, p, a);
		return E_NONE;
	}
	if ((error = border_takes_route(f, p, a, e)) == E_NONE)
		return route_take(f, p, a, facts.passed, e);
	route_not_for_us(f, p, a);
	return error;
}

/* --- names --- */

/* A name is found among its versions by looking at each. */
static bool
has_room(struct fabric *f, const struct via *v, const struct announcement *a, struct err *e)
{
	const struct name *name = fib_name(&f->fib, (enum family)a->family, a->name);

	if (is_full(f, v->port)) {
		err_set(e, "one neighbour may have %u routes and names, and has them", f->rib.limits.routes);
		return false;
	}
	if (name && fib_versions(name, v) >= VERSIONS_MAX) {
		err_set(e, "'%.*s' has %d versions at '%.*s', which is the limit", a->name.n > 80 ? 80 : (int)a->name.n,
		    a->name.p, VERSIONS_MAX, v->origin->node.n > 80 ? 80 : (int)v->origin->node.n, v->origin->node.p);
		return false;
	}
	return true;
}

static enum error
name_announced(struct fabric *f, struct port *p, const struct envelope *env, const struct announcement *a,
    struct err *e)
{
	struct origin *o = rib_origin(f, a->origin);
	struct via *v = o ? via_find(o, p) : NULL;
	struct claim *old, *c;

	if (o == f->rib.self)
		return E_NONE;
	if (!v || !v->digest) {
		err_set(e, "'%.*s' is said to be held by '%.*s', to which this neighbour has no route",
		    a->name.n > 80 ? 80 : (int)a->name.n, a->name.p,
		    a->origin.n > 80 ? 80 : (int)a->origin.n, a->origin.p);
		return E_scope;
	}
	if (!border_takes_name(f, v, a)) {
		err_set(e, "'%.*s' is not open between clusters", a->name.n > 80 ? 80 : (int)a->name.n, a->name.p);
		return E_cluster_isolated;
	}
	if (gate_claim(f, p, env, a, "announce") == GATE_DONE)
		return E_NONE;
	old = fib_learnt(&f->fib, v, (enum family)a->family, a->name, a->version);
	if (!old && !has_room(f, v, a, e))
		return E_overloaded;
	if (old && old->digest == announcement_digest(a)) {
		old->stale = false;
		return E_NONE;
	}
	if (old)
		route_skip(old);
	if ((c = old ? connected_replace(f, old, a) : fib_add(&f->fib, p, v, a)) == NULL) {
		err_set(e, "no memory for another name");
		return E_overloaded;
	}
	c->epoch = f->gate.epoch;
	c->shared = a->shared || gate_shares(f);
	gate_name(f, p, true, a);
	if (!old)
		event(f, "learnt", p, a->name);
	route_name(f, c, true);
	if (c->name->waiting_count)
		name_dispatch(f, c->name);
	return E_NONE;
}

static void
withdrawn(struct fabric *f, struct port *p, const struct announcement *a)
{
	struct origin *o = rib_origin(f, a->origin.n ? a->origin : a->name);
	struct via *v = o ? via_find(o, p) : NULL;
	struct claim *c;

	if (!v || !v->digest)
		return;
	if (a->origin.n == 0) {
		if (a->family == FAMILY_NODE && a->epoch >= v->epoch)
			via_lost(f, v, !a->moved);
	} else if ((c = fib_learnt(&f->fib, v, (enum family)a->family, a->name, a->version)) != NULL) {
		connected_drop(f, c);
	}
}

static void
announced(struct fabric *f, struct port *p, const struct envelope *env)
{
	struct announcement a;
	struct err err = { .status = 0 };
	enum error error = E_malformed;

	if (announcement_get(env->payload, &a, &err) == 0) {
		if (env->kind == KIND_WITHDRAW) {
			withdrawn(f, p, &a);
			return;
		}
		if (a.origin.n)
			a.path = STR(""), error = name_announced(f, p, env, &a, &err);
		else if (a.family == FAMILY_NODE)
			error = route_announced(f, p, &a, &err);
		else
			err_set(&err, "a hub says who holds a name, and of '%.*s' it does not",
			    a.name.n > 80 ? 80 : (int)a.name.n, a.name.p);
	}
	if (error == E_NONE)
		return;
	f->count.malformed += error == E_malformed;
	event(f, "announcement_refused", p, str(err.text));
	port_error(f, p, 0, KIND_ERROR, error, FATE_NOT_DELIVERED, str(err.text));
}

/* --- full sets --- */

static void
ended(struct fabric *f, struct port *p, const struct envelope *e)
{
	if (!export_ended(p, e))
		return;
	p->routes->asking = false;
	list_each_safe(n, &p->routes->vias) {
		struct via *v = list_of(n, struct via, of_port);

		if (v->stale && v->digest)
			via_lost(f, v, false);
	}
	list_each_safe(n, &p->claims) {
		struct claim *c = list_of(n, struct claim, of_port);

		if (c->stale)
			connected_drop(f, c);
	}
}

void
route_again(struct port *p)
{
	list_each(n, &p->routes->vias)
		list_of(n, struct via, of_port)->stale = true;
	list_each(n, &p->claims)
		list_of(n, struct claim, of_port)->stale = true;
	export_ask(p, count_of(p), p->digest);
}

void
route_recheck(struct fabric *f, struct port *p)
{
	struct err e = { .status = 0 };

	list_each_safe(n, &p->routes->vias) {
		struct via *v = list_of(n, struct via, of_port);
		struct announcement a = { .family = FAMILY_NODE, .name = v->origin->node, .clusters = v->clusters };

		if (v->digest && border_takes_route(f, p, &a, &e) != E_NONE) {
			via_lost(f, v, false);
			continue;
		}
		list_each_safe(m, &v->claims) {
			struct claim *c = list_of(m, struct claim, of_via);

			a = (struct announcement){ .family = c->name->family, .name = name_text(c->name) };
			if (!border_takes_name(f, v, &a))
				connected_drop(f, c);
		}
	}
}

static void
digest(struct fabric *f, struct port *p, const struct envelope *e)
{
	const uint8_t *b = (const uint8_t *)e->payload.p;
	uint32_t count = 0;
	bool same;

	if (e->flags & FLAG_ERROR) {
		route_asked(f, p, e);
		return;
	}
	if (e->payload.n != DIGEST_SIZE) {
		f->count.malformed++;
		return;
	}
	for (int i = 0; i < 4; i++)
		count = count << 8 | b[i];
	if (count == count_of(p) && be_u64(b + 4) == p->digest) {
		p->routes->asked_count = 0;
		timer_drop(&f->wheel, &p->routes->asks.later);
		return;
	}
	same = count == p->routes->asked_count && be_u64(b + 4) == p->routes->asked_digest;
	/* what we refused once we would refuse again; but something may have been lost */
	if (same && !p->routes->asking && ++p->routes->heard_again < p->routes->ask_after)
		return;
	if (!same)
		p->routes->ask_after = 2;
	else if (!p->routes->asking && p->routes->ask_after < ASK_AFTER_MAX)
		p->routes->ask_after *= 2;
	p->routes->heard_again = 0;
	p->routes->asked_count = count;
	p->routes->asked_digest = be_u64(b + 4);
	connected_ask(f, p);
}

void
route_said(struct fabric *f, struct port *p, const struct envelope *e)
{
	switch (e->kind) {
	case KIND_ANNOUNCE:
	case KIND_WITHDRAW:
		announced(f, p, e);
		break;
	case KIND_END:
		ended(f, p, e);
		break;
	default:
		digest(f, p, e);
	}
}
