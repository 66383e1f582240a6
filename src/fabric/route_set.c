/*
 * route_set.c - what a neighbour is to know as a whole: the full set, paced by
 * its queue, the digest of it, and what changes when the neighbour comes,
 * goes, drains, or when borders move.
 */
#include <stdlib.h>

#include "fabric/border.h"
#include "fabric/gate_parts.h"
#include "fabric/route_parts.h"

enum { SET_PACE_MS = 1000 };

/* Routes before all names.  false: the queue takes no more, here or below; this one is the first when it does */
static bool
send_routes(struct fabric *f, struct port *p)
{
	bool gap = p->routes->gap;

	list_each(n, &p->routes->tolds) {
		struct told *t = list_of(n, struct told, of_port);

		if (!t->next)
			break;
		if (!t->due)
			continue;
		if (p->ops->queued(p) >= PORT_LOW)
			return false;
		if (told_route(f, t) == -1 && p->ops->queued(p)) {
			p->routes->gap = gap;
			return false;
		}
		t->due = false;
		t->next = told_names(f, t->origin)->next;
	}
	return true;
}

static bool
send_name(struct fabric *f, struct told *t)
{
	struct port *p = t->port;
	struct announcement a;
	struct list *at = t->next;
	bool gap = p->routes->gap;

	p->routes->gap = false;
	t->next = at->next;
	if (t->origin != f->rib.self)
		told_claim(f, t, list_of(at, struct claim, of_via), true);
	else if (exported_get(f, list_of(at, struct exported, of_own), &a) &&
	    border_tells_name(f, p, (enum family)a.family, a.name))
		told_say(f, t, KIND_ANNOUNCE, &a);
	if (p->routes->gap && p->ops->queued(p)) {
		t->next = at;
		p->routes->gap = gap;
		return false;
	}
	p->routes->gap |= gap;
	return true;
}

/* That was the last name: the route is whole, unless it is partial here. */
static bool
send_whole(struct fabric *f, struct told *t)
{
	struct port *p = t->port;
	bool gap = p->routes->gap;

	t->sent = true;
	if (t->partial && !told_is_partial(f, t) && told_route(f, t) == -1 && p->ops->queued(p)) {
		p->routes->gap = gap;
		return false;
	}
	return true;
}

/* What it was told of names: all of them, or, abroad, those that are open. */
static void
sum_names(struct fabric *f, const struct told *t, uint64_t *digest, uint32_t *count)
{
	bool own = t->origin == f->rib.self;

	if (!border_is_foreign(f, t->port)) {
		*digest ^= own ? f->rib.own_digest : t->origin->best->names_digest;
		*count += own ? f->rib.own_count : t->origin->best->names;
		return;
	}
	list_each(n, told_names(f, t->origin)) {
		const struct exported *x = list_of(n, struct exported, of_own);
		const struct claim *c = list_of(n, struct claim, of_via);
		struct str text = own ? str(x->key + 1) : name_text(c->name);

		if (border_tells_name(f, t->port, own ? (enum family)x->key[0] : (enum family)c->name->family, text)) {
			*digest ^= own ? x->digest : c->digest;
			++*count;
		}
	}
}

static void
tell_digest(struct fabric *f, struct port *p)
{
	uint64_t digest = 0;
	uint32_t count = 0;

	if (p->routes->sending || p->routes->gap || p->routes->end_due)
		return;
	list_each(n, &p->routes->tolds) {
		const struct told *t = list_of(n, struct told, of_port);

		digest ^= t->digest;
		count++;
		sum_names(f, t, &digest, &count);
	}
	export_digest(p, count, digest);
}

/* What found no room is told again, with all that belongs to it. */
static void
send_lost(struct fabric *f, struct port *p)
{
	list_each_safe(n, &p->routes->tolds) {
		struct told *t = list_of(n, struct told, of_port);

		if (!t->sent)
			told_all(f, p, t->origin);
	}
}

void
route_pump(struct fabric *f, struct port *p)
{
	if (p->routes->sending && !send_routes(f, p))
		return;
	while (p->routes->sending && p->ops->queued(p) < PORT_LOW) {
		struct told *t = list_of(p->routes->tolds.next, struct told, of_port);
		struct list *end = told_names(f, t->origin);

		while (t->next != end && p->ops->queued(p) < PORT_LOW)
			if (!send_name(f, t))
				return;
		if (t->next == end) {
			if (!send_whole(f, t))
				return;
			told_sending(t, NULL);
			list_del(&t->of_port);
			list_add(&p->routes->tolds, &t->of_port);
		}
	}
	if (p->routes->sending || p->ops->queued(p) >= PORT_LOW)
		return;
	if (p->routes->gap)
		send_lost(f, p);
	if (p->routes->sending) {
		route_pump(f, p);
		return;
	}
	/* END would make it forget what it did not hear */
	if (p->routes->end_due && !p->routes->gap)
		export_end(p);
	if (p->routes->end_due || p->routes->gap) {
		p->routes->end_due = p->routes->gap = false;
		tell_digest(f, p);
	}
}

void
route_up(struct fabric *f, struct port *p)
{
	p->routes->end_due = true;
	p->routes->gap = false;
	if (f->rib.neighbours++ == 0) {
		export_open(f);
		timer_set(&f->wheel, &f->rib.refresh, f->now, f->rib.limits.lifetime_ms / 3);
	}
	route_all(f, p);
}

void
route_all(struct fabric *f, struct port *p)
{
	p->routes->end_due = true;
	p->routes->gap = false;
	/* the last one that is told of goes first: ourselves */
	for (struct list *n = f->rib.origins.prev; n != &f->rib.origins; n = n->prev) {
		struct origin *o = list_of(n, struct origin, all);

		if (route_may_tell(f, p, o))
			told_all(f, p, o);
	}
	route_pump(f, p);
}

static void
told_again(struct fabric *f, struct port *p)
{
	if (!pace_now(&f->wheel, &p->routes->sets, f->now, SET_PACE_MS))
		return;
	p->routes->set = p->routes->set_next;
	if (!is_hub_neighbour(f, p)) {
		export_all(f);
		return;
	}
	list_each(n, &p->routes->tolds)
		list_of(n, struct told, of_port)->sent = false;
	route_all(f, p);
}

void
route_set_later(struct wheel *w, struct timer *t)
{
	told_again(fabric_of_wheel(w), list_of(t, struct route_port, sets.later)->port);
}

void
route_asked(struct fabric *f, struct port *p, const struct envelope *e)
{
	/* the END of a set that is being told has the number that it was asked for by */
	p->routes->set_next = export_asked(e);
	told_again(f, p);
}

/* Names that may not be told any more; that it never heard of some does no harm. */
static void
untell_closed(struct fabric *f, struct told *t)
{
	struct announcement a;

	list_each(n, told_names(f, t->origin)) {
		if (t->origin != f->rib.self)
			a = route_claim(list_of(n, struct claim, of_via));
		else if (!exported_get(f, list_of(n, struct exported, of_own), &a))
			continue;
		if (!border_tells_name(f, t->port, (enum family)a.family, a.name))
			told_say(f, t, KIND_WITHDRAW, &a);
	}
}

void
route_renew(struct fabric *f)
{
	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		if (p->up && is_hub_neighbour(f, p))
			route_recheck(f, p);
	}
	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		if (!p->up || !is_hub_neighbour(f, p))
			continue;
		list_each_safe(m, &p->routes->tolds) {
			struct told *t = list_of(m, struct told, of_port);

			if (!route_may_tell(f, p, t->origin))
				told_end(f, t);
			else if (border_is_foreign(f, p))
				untell_closed(f, t);
		}
		route_all(f, p);
		route_again(p);
	}
}

void
route_down(struct fabric *f, struct port *p)
{
	while (!list_empty(&p->routes->tolds))
		told_close(f, list_of(p->routes->tolds.next, struct told, of_port));
	gate_tellings_close(f, &p->routes->tellings, false);
	while (!list_empty(&p->routes->vias))
		via_close(f, list_of(p->routes->vias.next, struct via, of_port));
	if (--f->rib.neighbours == 0)
		timer_drop(&f->wheel, &f->rib.refresh);
}

void
route_digests(struct fabric *f)
{
	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		if (p->up && is_hub_neighbour(f, p))
			tell_digest(f, p);
	}
}

void
route_drain(struct fabric *f, struct port *p, bool draining)
{
	if (p->draining == draining)
		return;
	p->draining = draining;
	if (!p->up || !is_hub_neighbour(f, p))
		return;
	/* it looks for other ways, and so do we */
	if (draining)
		list_each_safe(n, &p->routes->tolds)
			told_end(f, list_of(n, struct told, of_port));
	list_each_safe(n, &p->routes->vias)
		route_choose(f, list_of(n, struct via, of_port)->origin, false);
	if (!draining)
		route_all(f, p);
}
