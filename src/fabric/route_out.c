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

enum { PACE_MS = 100 };

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
	t->port->routes->sending += next != NULL;
	t->port->routes->sending -= t->next != NULL;
	t->next = next;
	if (!next)
		return;
	list_del(&t->of_port);		/* those with names to send come first */
	list_add(t->port->routes->tolds.next, &t->of_port);
}

void
told_close(struct fabric *f, struct told *t)
{
	timer_drop(&f->wheel, &t->metric.later);
	told_sending(t, NULL);
	list_del(&t->of_port);
	list_del(&t->of_origin);
	free(t);
}

int
told_say(struct fabric *f, struct told *t, uint8_t kind, const struct announcement *a)
{
	struct port *p = t->port;

	f->out.head = f->out.tail = 0;
	if (announcement_put(&f->out, a) == 0 && port_say(p, kind, 0, 0, buf_view(&f->out)) == 0)
		return 0;
	p->routes->gap = true;
	if (kind == KIND_ANNOUNCE && p->ops->queued(p))
		t->sent = false;
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
	uint32_t least = v->length < 2 ? f->rib.limits.lifetime_ms / 3 : 1;	/* the link is up: it is there */

	return ms > 1000 + (uint64_t)least ? (uint32_t)ms - 1000 : least;
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

bool
told_is_partial(struct fabric *f, const struct told *t)
{
	return (!t->sent && !list_empty(told_names(f, t->origin))) || (t->origin->best && t->origin->best->partial);
}

/* As it is to be told now, until the next call; -1: there is no room for one node more. */
static int
route_now(struct fabric *f, const struct told *t, struct announcement *to)
{
	static uint8_t path[ENVELOPE_META_MAX], clusters[ENVELOPE_META_MAX];
	uint8_t own[TLV_HEAD + 255];
	const struct via *v = t->origin->best;
	struct str cluster = str(f->cluster);
	struct announcement a = { .family = FAMILY_NODE, .name = t->origin->node, .weight = 100,
	    .tags = str(f->tags), .hops = HOPS_DEFAULT, .epoch = f->rib.epoch,
	    .lifetime_ms = f->rib.limits.lifetime_ms, .partial = told_is_partial(f, t) };

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
	*to = a;
	return 0;
}

static uint64_t
shape_of(const struct announcement *a)
{
	return route_digest(&(struct announcement){ .name = a->name, .path = a->path, .clusters = a->clusters,
	    .partial = a->partial });
}

int
told_route(struct fabric *f, struct told *t)
{
	struct announcement a;

	timer_drop(&f->wheel, &t->metric.later);
	if (route_now(f, t, &a) == -1)
		return -1;
	t->digest = route_digest(&a);
	t->shape = shape_of(&a);
	t->epoch = a.epoch;
	if (told_say(f, t, KIND_ANNOUNCE, &a) == -1)
		return -1;
	t->partial = a.partial;
	return 0;
}

static void
on_later(struct wheel *w, struct timer *timer)
{
	struct fabric *f = fabric_of_wheel(w);
	struct told *t = list_of(timer, struct told, metric.later);

	if (!pace_now(w, &t->metric, f->now, PACE_MS))
		return;
	told_route(f, t);
	route_pump(f, t->port);
}

/* Where it goes is told at once; what is known of the way there, the first and then the last of a while. */
static void
told_change(struct fabric *f, struct told *t)
{
	struct announcement a;

	if (route_now(f, t, &a) == -1)
		return;
	if (shape_of(&a) != t->shape || pace_now(&f->wheel, &t->metric, f->now, PACE_MS))
		told_route(f, t);
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

	told_say(f, t, KIND_WITHDRAW, &a);
	told_close(f, t);
}

/* It is new to this neighbour: the route and its names follow as there is room. */
void
told_all(struct fabric *f, struct port *p, struct origin *o)
{
	struct told *t = told_find(o, p);

	if (!t) {
		if ((t = calloc(1, sizeof *t)) == NULL) {
			p->routes->gap = true;
			return;
		}
		t->port = p;
		t->origin = o;
		timer_init(&t->metric.later, on_later);
		list_add(&p->routes->tolds, &t->of_port);
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
	    .max_concurrency = c->max_concurrency, .shared = c->said_shared, .hops = HOPS_DEFAULT,
	    .origin = c->via->origin->node };
}

void
told_claim(struct fabric *f, struct told *t, const struct claim *c, bool there)
{
	struct announcement a = route_claim(c);

	if (border_tells_name(f, t->port, (enum family)a.family, a.name))
		told_say(f, t, there ? KIND_ANNOUNCE : KIND_WITHDRAW, &a);
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
		struct told *t = list_of(n, struct told, of_origin);

		if (!t->due)
			told_claim(f, t, c, there);
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
			told_say(f, t, there ? KIND_ANNOUNCE : KIND_WITHDRAW, a);
	}
}

static struct claim *
sibling(struct fabric *f, struct via *v, const struct claim *c)
{
	return fib_learnt(&f->fib, v, (enum family)c->name->family, name_text(c->name), claim_version(c));
}

/* The same origin by another way: mostly with the same names, which are not said again. */
static bool
has_same_names(const struct via *a, const struct via *b)
{
	return a->names == b->names && a->names_digest == b->names_digest;
}

static void
tell_added(struct fabric *f, struct told *t, struct via *was, const struct via *now)
{
	list_each(n, &now->claims) {
		const struct claim *c = list_of(n, struct claim, of_via), *old = sibling(f, was, c);

		if (!old || old->digest != c->digest)
			told_claim(f, t, c, true);
	}
}

static void
tell_removed(struct fabric *f, struct told *t, const struct via *was, struct via *now)
{
	list_each(n, &was->claims) {
		const struct claim *c = list_of(n, struct claim, of_via);

		if (!sibling(f, now, c))
			told_claim(f, t, c, false);
	}
}

/* The names that come before it may be whole, and those that go after it has said that it is not. */
static void
tell_move(struct fabric *f, struct told *t, struct via *was)
{
	struct via *now = t->origin->best;
	bool differ = !has_same_names(was, now);

	if (differ)
		tell_added(f, t, was, now);
	told_change(f, t);
	if (differ)
		tell_removed(f, t, was, now);
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
		bool moved = o != f->rib.self && was != o->best;

		if (moved && was && !t->next) {
			tell_move(f, t, was);
		} else {
			if (!t->due)
				told_change(f, t);
			if (!moved)
				return;
			told_sending(t, told_names(f, o)->next);
		}
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
