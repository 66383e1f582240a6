/*
 * route_out.c - what each neighbour is told: a route for each origin that it
 * may reach through us, and the names of that origin behind it.
 *
 * What changes is told at once.  A full set (a neighbour or an origin is new)
 * goes as its queue has room; what is lost on the way is found by digest.
 */
#include <stdlib.h>

#include "fabric/border.h"
#include "fabric/gate_parts.h"
#include "fabric/route_parts.h"

static struct told *
told_find(const struct origin *o, const struct port *p)
{
	list_each(n, &o->tolds)
		if (list_of(n, struct told, of_origin)->port == p)
			return list_of(n, struct told, of_origin);
	return NULL;
}

struct list *
told_names(struct fabric *f, const struct origin *o)
{
	return o == f->rib.self ? &f->rib.own : &o->best->claims;
}

void
told_sending(struct told *t, struct list *next)
{
	t->port->routes.sending += next != NULL;
	t->port->routes.sending -= t->next != NULL;
	t->next = next;
	if (!next)
		return;
	list_del(&t->of_port);		/* those with names to send come first */
	list_add(t->port->routes.tolds.next, &t->of_port);
}

void
told_close(struct told *t)
{
	told_sending(t, NULL);
	list_del(&t->of_port);
	list_del(&t->of_origin);
	free(t);
}

int
told_say(struct fabric *f, struct port *p, uint8_t kind, const struct announcement *a)
{
	f->out.head = f->out.tail = 0;
	if (announcement_put(&f->out, a) == 0 && port_say(p, kind, 0, 0, buf_view(&f->out)) == 0)
		return 0;
	p->routes.gap = true;
	return -1;
}

/* --- the route to one origin --- */

bool
route_may_tell(struct fabric *f, struct port *p, struct origin *o)
{
	const struct via *v = o->best;

	if (p->draining)
		return false;
	if (o != f->rib.self && !(v && v->port != p && v->hops > 1 && !path_has(v->path, p->node) &&
	    border_tells_route(f, p, v)))
		return false;
	return gate_export(f, p, o);
}

static uint32_t
lifetime_left(const struct fabric *f, const struct via *v)
{
	uint64_t ms = mono_ms_until(f->now, v->expires);

	if (v->length < 2)		/* as long as its link, but we speak for no longer than it did */
		ms = ms > 1000 ? ms : 1000;
	return ms > 1000 ? (uint32_t)ms - 1000 : 1;
}

/* Room for both runs; false: there is none left on the path. */
static bool
appended(struct str *run, struct str more, uint8_t room[ENVELOPE_META_MAX])
{
	if (run->n + more.n > ENVELOPE_META_MAX)
		return false;
	if (run->n)
		memcpy(room, run->p, run->n);
	memcpy(room + run->n, more.p, more.n);
	*run = (struct str){ (const char *)room, run->n + more.n };
	return true;
}

static bool
last_is(struct str run, struct str value)
{
	struct tlv t = { .value = { NULL, 0 } };

	while (tlv_next(&run, &t) == PARSE_OK)
		;
	return str_eq(t.value, value);
}

int
told_route(struct fabric *f, struct told *t)
{
	static uint8_t path[ENVELOPE_META_MAX], clusters[ENVELOPE_META_MAX];
	uint8_t own[TLV_HEAD + 255];
	const struct via *v = t->origin->best;
	struct str cluster = str(f->cluster);
	struct announcement a = { .family = FAMILY_NODE, .name = t->origin->node, .weight = 100,
	    .tags = str(f->tags), .hops = HOPS_DEFAULT, .epoch = f->rib.epoch, .lifetime_ms = f->rib.limits.lifetime_ms };

	if (t->origin != f->rib.self) {
		a.path = v->path;
		a.clusters = v->clusters;
		a.hops = (uint8_t)(v->hops - 1);
		a.epoch = v->epoch;
		a.lifetime_ms = lifetime_left(f, v);
		a.tags = via_tags(v);
		a.latency_us = v->metric.latency_us;
		a.cost_milli = v->metric.cost_milli;
		a.reliability_ppm = v->metric.reliability_ppm;
		a.bandwidth_mbps = v->metric.bandwidth_mbps;
	}
	if (!appended(&a.path, f->path_tlv, path))
		return -1;
	if (cluster.n && !last_is(a.clusters, cluster)) {
		size_t n = (size_t)(tlv_write(own, META_cluster, cluster) - own);

		if (!appended(&a.clusters, (struct str){ (const char *)own, n }, clusters))
			return -1;
	}
	/* another way may have heard an older one; to this neighbour it is not older */
	if (a.epoch < t->epoch)
		a.epoch = t->epoch;
	t->digest = route_digest(&a);
	t->epoch = a.epoch;
	return told_say(f, t->port, KIND_ANNOUNCE, &a);
}

/* Policy is asked about it, so it may be back at once: that is no flap. */
static bool
is_waiting(const struct origin *o)
{
	list_each(n, &o->vias)
		if (via_waits(list_of(n, struct via, of_origin)))
			return true;
	return false;
}

void
told_end(struct fabric *f, struct told *t)
{
	struct announcement a = { .family = FAMILY_NODE, .name = t->origin->node, .weight = 1, .hops = 1,
	    .epoch = t->epoch, .moved = t->origin->best != NULL || is_waiting(t->origin) };

	told_say(f, t->port, KIND_WITHDRAW, &a);
	told_close(t);
}

/* It is new to this neighbour: the route and its names follow as there is room. */
void
told_all(struct fabric *f, struct port *p, struct origin *o)
{
	struct told *t = told_find(o, p);

	if (!t) {
		if ((t = calloc(1, sizeof *t)) == NULL) {
			p->routes.gap = true;
			return;
		}
		t->port = p;
		t->origin = o;
		list_add(&p->routes.tolds, &t->of_port);
		list_add(&o->tolds, &t->of_origin);
	}
	t->due = true;
	told_sending(t, told_names(f, o)->next);
}

/* --- names --- */

struct announcement
route_claim(const struct claim *c)
{
	return (struct announcement){ .family = c->name->family, .name = name_text(c->name),
	    .version = claim_version(c), .methods = claim_methods(c), .tags = claim_tags(c), .weight = c->weight,
	    .max_concurrency = c->max_concurrency, .hops = HOPS_DEFAULT,
	    .origin = c->via->origin->node };
}

void
told_claim(struct fabric *f, struct port *p, const struct claim *c, bool there)
{
	struct announcement a = route_claim(c);

	if (border_tells_name(f, p, (enum family)a.family, a.name))
		told_say(f, p, there ? KIND_ANNOUNCE : KIND_WITHDRAW, &a);
}

void
route_skip(struct claim *c)
{
	list_each(n, &c->via->origin->tolds) {
		struct told *t = list_of(n, struct told, of_origin);

		if (t->next == &c->of_via)
			t->next = c->of_via.next;
	}
}

void
route_name(struct fabric *f, struct claim *c, bool there)
{
	if (c->via != c->via->origin->best)
		return;
	if (!there)
		route_skip(c);
	list_each(n, &c->via->origin->tolds) {
		const struct told *t = list_of(n, struct told, of_origin);

		if (!t->due)
			told_claim(f, t->port, c, there);
	}
}

void
route_own(struct fabric *f, struct exported *x, const struct announcement *a, bool there)
{
	list_each(n, &f->rib.self->tolds) {
		struct told *t = list_of(n, struct told, of_origin);

		if (!there && t->next == &x->of_own)
			t->next = x->of_own.next;
		if (!t->due && border_tells_name(f, t->port, (enum family)a->family, a->name))
			told_say(f, t->port, there ? KIND_ANNOUNCE : KIND_WITHDRAW, a);
	}
}

static struct claim *
sibling(struct fabric *f, const struct via *v, const struct claim *c)
{
	return fib_learnt(&f->fib, v, (enum family)c->name->family, name_text(c->name), claim_version(c));
}

/* The same origin by another way: mostly with the same names, which are not said again. */
static void
tell_differences(struct fabric *f, struct port *p, const struct via *was, const struct via *now)
{
	if (was->names == now->names && was->names_digest == now->names_digest)
		return;
	list_each(n, &was->claims) {
		const struct claim *c = list_of(n, struct claim, of_via);

		if (!sibling(f, now, c))
			told_claim(f, p, c, false);
	}
	list_each(n, &now->claims) {
		const struct claim *c = list_of(n, struct claim, of_via), *old = sibling(f, was, c);

		if (!old || old->digest != c->digest)
			told_claim(f, p, c, true);
	}
}

static void
tell_change(struct fabric *f, struct port *p, struct origin *o, struct via *was)
{
	struct told *t = told_find(o, p);

	if (!route_may_tell(f, p, o)) {
		if (t)
			told_end(f, t);
	} else if (!t) {
		told_all(f, p, o);
	} else {
		if (!t->due)
			told_route(f, t);
		if (o == f->rib.self || was == o->best)
			return;
		if (t->next || !was)
			told_sending(t, told_names(f, o)->next);
		else
			tell_differences(f, p, was, o->best);
	}
	/* a queue that is empty is not pumped */
	route_pump(f, p);
}

void
route_tell_one(struct fabric *f, struct port *p, struct origin *o)
{
	tell_change(f, p, o, NULL);
}

void
route_tell(struct fabric *f, struct origin *o, struct via *was)
{
	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		if (p->up && is_hub_neighbour(f, p))
			tell_change(f, p, o, was);
	}
}
