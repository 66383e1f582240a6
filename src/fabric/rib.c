/*
 * rib.c - origins and vias: which is best, which are held, which expire.
 *
 * The choice is made in integers by what routes say, never by time or the
 * order of arrival, so that all nodes of a cluster agree.  Hold-down and
 * damping (RFC 2439 in small) are for routes over two or more nodes: a
 * neighbour that proves its own link is believed at once.  Hold-down is short
 * and bounds what others hear of a route that comes and goes; damping is long,
 * and only lets others go first, so that it makes no black hole.
 */
#include <stdlib.h>

#include "fabric/gate_parts.h"
#include "wire/hello.h"

enum { ORIGINS_MAX = 65536, RELIABILITY_ALL = 1000000 };

bool
is_hub_neighbour(const struct fabric *f, const struct port *p)
{
	return p->kind == PORT_PEER || (p->kind == PORT_UPLINK && f->role == ROLE_HUB);
}

bool
path_has(struct str path, struct str node)
{
	struct tlv t;

	while (tlv_next(&path, &t) == PARSE_OK)
		if (str_eq(t.value, node))
			return true;
	return false;
}

/* --- origins --- */

struct origin *
rib_origin(const struct fabric *f, struct str node)
{
	return map_get(&f->rib.by_node, node);
}

static void
origin_close(struct fabric *f, struct origin *o)
{
	map_del(&f->rib.by_node, o->node);
	list_del(&o->all);
	gate_tellings_close(f, &o->tellings, true);
	free(o);
}

/* Of those that nobody reaches any more, the oldest goes. */
static bool
make_room(struct fabric *f)
{
	list_each(n, &f->rib.origins) {
		struct origin *o = list_of(n, struct origin, all);

		if (o != f->rib.self && list_empty(&o->vias) && list_empty(&o->tolds)) {
			origin_close(f, o);
			return true;
		}
	}
	return false;
}

struct origin *
rib_open(struct fabric *f, struct str node)
{
	struct origin *o = rib_origin(f, node);

	if (o)
		return o;
	if (f->rib.by_node.used >= ORIGINS_MAX && !make_room(f))
		return NULL;
	if ((o = malloc(sizeof *o + node.n)) == NULL)
		return NULL;
	*o = (struct origin){ .node = { o->text, node.n } };
	memcpy(o->text, node.p, node.n);
	list_init(&o->vias);
	list_init(&o->tolds);
	list_init(&o->tellings);
	if (map_put(&f->rib.by_node, o->node, o) == -1) {
		free(o);
		return NULL;
	}
	list_add(&f->rib.origins, &o->all);
	return o;
}

bool
rib_heard(const struct fabric *f, const struct port *p, struct str node)
{
	const struct origin *o = rib_origin(f, node);
	const struct via *v = o ? via_find(o, p) : NULL;

	return v && v->digest;
}

struct via *
rib_way(const struct fabric *f, struct str node)
{
	const struct origin *o = rib_origin(f, node);

	return o ? o->best : NULL;
}

/* --- choosing --- */

int64_t
route_score(const struct metric *m, uint32_t length)
{
	uint32_t reliability = m->reliability_ppm ? m->reliability_ppm : RELIABILITY_ALL;
	int64_t lost = reliability < RELIABILITY_ALL ? RELIABILITY_ALL - (int64_t)reliability : 0;

	/* weights 1, 10, 1, 50 and 0.05 a ms, hop, cost, share lost and Mbit/s */
	return (int64_t)m->latency_us + (int64_t)length * 10000 + (int64_t)m->cost_milli +
	    lost * 50 / 1000 - (int64_t)m->bandwidth_mbps * 50;
}

void
route_latency(struct fabric *f, struct port *p, uint32_t us)
{
	uint32_t was;

	if (!is_hub_neighbour(f, p) || !p->routes)
		return;
	was = p->routes->latency_us;
	if (us > LATENCY_MAX_US)
		us = LATENCY_MAX_US;
	if (us >= was && us < was + 2 * LATENCY_STEP_US)
		return;
	p->routes->latency_us = us - us % LATENCY_STEP_US;
	list_each_safe(n, &p->routes->vias) {
		struct via *v = list_of(n, struct via, of_port);

		v->metric.latency_us += p->routes->latency_us - was;
		v->score = route_score(&v->metric, v->length);
		route_choose(f, v->origin, v == v->origin->best);
	}
}

static int
compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

int
via_order(const struct via *a, const struct via *b)
{
	/* a name of ours is not where another cluster says */
	int order = compare(a->foreign, b->foreign);

	/* who proves its own link is nowhere else, whatever others promise */
	if (order == 0)
		order = compare(a->length > 1, b->length > 1);
	if (order == 0)
		order = compare(b->preference, a->preference);
	if (order == 0)
		order = compare(a->score, b->score);
	if (order == 0)
		order = compare(a->length, b->length);
	if (order == 0)
		order = compare(a->metric.latency_us, b->metric.latency_us);
	return order ? order : compare(b->metric.reliability_ppm, a->metric.reliability_ppm);
}

static bool
is_of_ours(const struct origin *o)
{
	list_each(n, &o->vias)
		if (list_of(n, struct via, of_origin)->digest && !list_of(n, struct via, of_origin)->foreign)
			return true;
	return false;
}

bool
via_is_taken(const struct via *v)
{
	return v->digest && (v->import.state == RULING_NONE || v->import.state == RULING_ALLOWED) &&
	    !(v->foreign && is_of_ours(v->origin));
}

bool
via_waits(const struct via *v)
{
	return v->digest && v->import.state == RULING_PENDING;
}

struct str
via_tags(const struct via *v)
{
	return v->given ? str(v->given) : v->tags;
}

static int
tier(const struct via *v)
{
	return v->partial * 2 + v->damped;
}

int
via_rank(const struct via *a, const struct via *b)
{
	int order = compare(tier(a), tier(b));

	return order ? order : via_order(a, b);
}

static bool
is_usable(const struct via *v)
{
	return via_is_taken(v) && !v->held && !v->port->draining;
}

bool
via_serves(const struct via *v)
{
	const struct via *best = v->origin->best;

	return v == best || (best && is_usable(v) && via_rank(v, best) == 0);
}

static struct via *
best_of(const struct origin *o)
{
	struct via *best = NULL;

	list_each(n, &o->vias) {
		struct via *v = list_of(n, struct via, of_origin);
		int order = best ? via_rank(v, best) : -1;

		if (is_usable(v) && (order < 0 || (order == 0 && str_cmp(v->port->node, best->port->node) < 0)))
			best = v;
	}
	return best;
}

void
route_choose(struct fabric *f, struct origin *o, bool said_again)
{
	struct via *was = o->best;

	o->best = best_of(o);
	if (o->best != was || said_again)
		route_tell(f, o, was);
	if (!!o->best != !!was && f->ops->event)
		f->ops->event(f, o->best ? "route_up" : "route_lost", o->best ? o->best->port : was->port, o->node);
}

/* --- vias --- */

struct via *
via_find(const struct origin *o, const struct port *p)
{
	list_each(n, &o->vias)
		if (list_of(n, struct via, of_origin)->port == p)
			return list_of(n, struct via, of_origin);
	return NULL;
}

static void
via_set_timer(struct fabric *f, struct via *v)
{
	uint64_t ms = mono_ms_until(f->now, v->expires), third = f->rib.limits.lifetime_ms / 3;
	uint64_t again = mono_ms_until(f->now, v->held ? v->held_until : v->damped_until);

	if (!v->digest)
		ms = mono_ms_until(f->now, mono_add_ms(v->flapped, f->rib.limits.flap_ms));
	else if (v->length < 2)
		ms = ms > third + third / 2 ? ms - third : third / 2 + 1;
	else if ((v->held || v->damped) && again < ms)
		ms = again;
	timer_set(&f->wheel, &v->timer, f->now, ms);
}

static void
on_timer(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);
	struct via *v = list_of(t, struct via, timer);

	if (!v->digest) {
		via_close(f, v);
	} else if (f->now.us >= v->expires.us && v->length >= 2) {
		if (f->ops->event)
			f->ops->event(f, "route_expired", v->port, v->origin->node);
		via_lost(f, v, true);
	} else {	/* it may be used now; a neighbour's link vouches for it, if its refreshes are lost */
		via_settled(f, v);
		route_choose(f, v->origin, v->length < 2 && v == v->origin->best);
	}
}

struct via *
via_open(struct fabric *f, struct origin *o, struct port *p)
{
	struct via *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	v->origin = o;
	v->port = p;
	list_init(&v->claims);
	timer_init(&v->timer, on_timer);
	gate_ruling_init(&v->import, HOOK_IMPORT);
	list_add(&o->vias, &v->of_origin);
	list_add(&p->routes->vias, &v->of_port);
	o->via_count++;
	p->routes->via_count++;
	f->rib.vias++;
	return v;
}

/* No more than so many losses within a time, or it has to wait. */
static void
count_flap(struct fabric *f, struct via *v)
{
	const struct rib_limits *m = &f->rib.limits;
	uint64_t since = mono_us_since(v->flapped, f->now) / 1000;

	v->flaps = v->flaps && since <= m->flap_ms ? v->flaps + 1 : 1;
	v->flapped = f->now;
	v->held_until = mono_add_ms(f->now, m->hold_ms);
	if (m->flaps && v->flaps >= m->flaps)
		v->damped_until = mono_add_ms(f->now, m->flap_ms);
}

/* Neither said nor used any more; its names go after the others have heard what is best now. */
static void
withdraw(struct fabric *f, struct via *v)
{
	v->port->digest ^= v->digest;
	if (v->digest)
		v->port->routes->count--;
	v->digest = 0;
	v->stale = false;
	gate_import_drop(f, v);
	route_choose(f, v->origin, false);
	while (!list_empty(&v->claims))
		connected_drop(f, list_of(v->claims.next, struct claim, of_via));
}

void
via_lost(struct fabric *f, struct via *v, bool flap)
{
	flap = flap && v->length >= 2;
	withdraw(f, v);
	if (flap)
		count_flap(f, v);
	if (v->flaps == 0)
		via_close(f, v);
	else
		via_settled(f, v);
}

void
via_settled(struct fabric *f, struct via *v)
{
	bool flapped = v->digest && v->flaps && v->length >= 2;

	v->held = flapped && f->now.us < v->held_until.us;
	v->damped = flapped && f->now.us < v->damped_until.us;
	via_set_timer(f, v);
}

void
via_close(struct fabric *f, struct via *v)
{
	if (v->digest || !list_empty(&v->claims))
		withdraw(f, v);
	gate_import_drop(f, v);
	timer_drop(&f->wheel, &v->timer);
	list_del(&v->of_origin);
	list_del(&v->of_port);
	v->origin->via_count--;
	v->port->routes->via_count--;
	f->rib.vias--;
	free((char *)v->path.p);
	free(v);
}

/* --- the whole --- */

static void
on_refresh(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);

	f->rib.epoch++;
	route_tell(f, f->rib.self, NULL);
	timer_set(w, t, f->now, f->rib.limits.lifetime_ms / 3);
}

const struct rib_limits rib_usual = { .routes = 10000, .lifetime_ms = 600000, .hold_ms = 2000,
    .flaps = 5, .flap_ms = 60000 };

int
rib_init(struct fabric *f)
{
	struct rib *r = &f->rib;

	*r = (struct rib){ .epoch = f->now.us * 1000 + 1 };
	r->limits = rib_usual;
	list_init(&r->origins);
	list_init(&r->own);
	timer_init(&r->refresh, on_refresh);
	r->self = rib_open(f, str(f->node));
	return r->self ? 0 : -1;
}

void
rib_free(struct fabric *f)
{
	timer_drop(&f->wheel, &f->rib.refresh);
	list_each_safe(n, &f->rib.origins)
		origin_close(f, list_of(n, struct origin, all));
	map_free(&f->rib.by_node);
}
