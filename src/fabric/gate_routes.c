/*
 * gate_routes.c - which routes of a neighbouring hub are taken, and which it
 * is told of: the hooks import and export.
 *
 * One ruling for each way to a node that a neighbour tells us of, and one for
 * each node and neighbour that it might be told to.  What is not allowed yet
 * is neither used nor told.  A route that leads another way is a new question;
 * another policy is one behind which the ruling of before still stands.
 */
#include <stdlib.h>

#include "fabric/gate_parts.h"

enum { BUSY_MS = 100, BACKOFF_MS = 1000, BACKOFF_STEPS = 6, WHY_MAX = 200 };

/* --- whose it is --- */

static struct via *
via_of(struct ruling *r)
{
	return list_of(r, struct via, import);
}

static struct telling *
telling_of(struct ruling *r)
{
	return list_of(r, struct telling, export);
}

static struct port *
port_of(struct ruling *r)
{
	return r->hook == HOOK_IMPORT ? via_of(r)->port : telling_of(r)->port;
}

static void
on_again(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);
	struct ruling *r = list_of(t, struct ruling, again);
	struct port *p = port_of(r);

	if (list_empty(&r->place) && !r->asked)
		list_add(&p->routes->rulings, &r->place);
	gate_routes_serve(f, p);
}

void
gate_ruling_init(struct ruling *r, enum hook hook)
{
	*r = (struct ruling){ .hook = (uint8_t)hook, .state = RULING_NONE };
	list_init(&r->place);
	timer_init(&r->again, on_again);
}

/* Nothing is asked about it, and nothing waits to be. */
static void
quiet(struct fabric *f, struct ruling *r)
{
	if (r->asked) {
		gate_unask(f, r->asked);
		port_of(r)->routes->rulings_asked--;
		r->asked = 0;
	}
	list_del(&r->place);
	timer_drop(&f->wheel, &r->again);
}

static void
renewed(struct fabric *f, struct ruling *r)
{
	f->gate.renewing -= r->renewing;
	r->renewing = false;
}

/* Those behind it may have waited for its answer, or for its timer: the first of them goes on by its own. */
static void
drop(struct fabric *f, struct ruling *r)
{
	struct route_port *of = port_of(r)->routes;

	quiet(f, r);
	if (!list_empty(&of->rulings) && !of->rulings_asked)
		timer_set(&f->wheel, &list_of(of->rulings.next, struct ruling, place)->again, f->now, 0);
	renewed(f, r);
	free(r->why);
	gate_ruling_init(r, (enum hook)r->hook);
}

static void
to_be_asked(struct fabric *f, struct ruling *r)
{
	quiet(f, r);
	list_add(&port_of(r)->routes->rulings, &r->place);
}

/* --- the question --- */

enum { TEXT_MAX = LIST_MAX_BYTES };

/* The words of a run backwards: as a message passes them, the next one first. */
static struct str
words_of(struct str run, char to[TEXT_MAX])
{
	size_t at = TEXT_MAX;
	struct tlv t;

	while (tlv_next(&run, &t) == PARSE_OK && t.value.n < at) {
		if (at < TEXT_MAX)
			to[--at] = ' ';
		at -= t.value.n;
		memcpy(to + at, t.value.p, t.value.n);
	}
	return (struct str){ to + at, TEXT_MAX - at };
}

static struct question
question(const struct fabric *f, struct ruling *r)
{
	static char path[TEXT_MAX], clusters[TEXT_MAX];
	const struct via *v = r->hook == HOOK_IMPORT ? via_of(r) : telling_of(r)->origin->best;
	const struct origin *o = r->hook == HOOK_IMPORT ? v->origin : telling_of(r)->origin;
	struct question q = { .hook = r->hook, .peer = port_of(r)->gate.number, .subject = o->node,
	    .family = FAMILY_NODE, .how = r->renewing ? ASK_BACKGROUND : 0 };

	if (o == f->rib.self) {
		q.clusters = str(f->cluster);
		q.tags = str(f->tags);
	} else if (v) {
		q.path = words_of(v->path, path);
		q.clusters = words_of(v->clusters, clusters);
		q.tags = r->hook == HOOK_IMPORT ? v->tags : via_tags(v);
	}
	return q;
}

/* Of all that the hook can see; how good a route is it cannot. */
static uint64_t
digest_of(const struct fabric *f, const struct origin *o)
{
	struct announcement a = { .family = FAMILY_NODE, .name = o->node, .tags = str(f->tags) };

	if (o != f->rib.self && o->best) {
		a.path = o->best->path;
		a.clusters = o->best->clusters;
		a.tags = via_tags(o->best);
	}
	return route_digest(&a);
}

/* There is nothing to tell any more; when there is, it is a new question. */
static bool
is_over(const struct fabric *f, struct ruling *r)
{
	const struct origin *o = r->hook == HOOK_EXPORT ? telling_of(r)->origin : NULL;

	return o && o != f->rib.self && !o->best;
}

static bool
ask(struct fabric *f, struct port *p, struct ruling *r)
{
	struct question q = question(f, r);
	struct asked *a;

	if (r->hook == HOOK_EXPORT)
		telling_of(r)->digest = digest_of(f, telling_of(r)->origin);
	/* half of all questions are for messages */
	if (f->gate.asks.used >= ASKS_MAX / 2 || (r->asked = gate_ask(f, FOR_ROUTE, &q, STR(""),
	    r->renewing ? REASK_MS : f->gate.limits.wait_ms, &a)) == 0)
		return false;
	a->port = p;
	a->ruling = r;
	p->routes->rulings_asked++;
	return true;
}

void
gate_routes_serve(struct fabric *f, struct port *p)
{
	const struct gate *g = &f->gate;
	struct route_port *of = p->routes;

	while (of && !list_empty(&of->rulings) && g->reachable && !g->failed && of->rulings_asked < RULINGS_ASKED) {
		struct ruling *r = list_of(of->rulings.next, struct ruling, place);

		if (is_over(f, r)) {
			renewed(f, r);
			quiet(f, r);
			r->state = RULING_NONE;
			continue;
		}
		if (!ask(f, p, r)) {
			if (g->reachable && !timer_is_set(&r->again))
				timer_set(&f->wheel, &r->again, f->now, BUSY_MS);
			break;
		}
		list_del(&r->place);
		timer_drop(&f->wheel, &r->again);
	}
}

/* It is pending until there is an answer; no policy at all could be loaded: it is denied. */
static void
begin(struct fabric *f, struct ruling *r)
{
	renewed(f, r);
	r->state = f->gate.failed ? RULING_DENIED : RULING_PENDING;
	r->fails = 0;
	r->rule = 0;
	free(r->why);
	r->why = NULL;
	to_be_asked(f, r);
	gate_routes_serve(f, port_of(r));
}

/* --- what follows from a ruling --- */

/* What the hook gave the route, besides that it is taken; true: the tags are others. */
static bool
give(struct via *v, int32_t preference, struct str tags)
{
	char *given = NULL;
	bool same = str_eq(tags, v->given ? str(v->given) : STR(""));

	v->preference = preference;
	if (same || (tags.n && (given = malloc(tags.n + 1)) == NULL))
		return false;
	if (given) {
		memcpy(given, tags.p, tags.n);
		given[tags.n] = '\0';
	}
	free(v->given);
	v->given = given;
	return true;
}

static void
changed(struct fabric *f, struct ruling *r, bool said_again)
{
	if (r->hook == HOOK_EXPORT) {
		route_tell_one(f, telling_of(r)->port, telling_of(r)->origin);
		return;
	}
	route_choose(f, via_of(r)->origin, said_again && via_of(r) == via_of(r)->origin->best);
}

static void
ask_later(struct fabric *f, struct ruling *r)
{
	timer_set(&f->wheel, &r->again, f->now, (uint64_t)BACKOFF_MS << r->fails);
	if (r->fails < BACKOFF_STEPS)
		r->fails++;
}

static void
deny(struct fabric *f, struct ruling *r, const struct decision *d)
{
	struct question q = question(f, r);
	struct port *p = port_of(r);
	size_t n = d->reason.n < WHY_MAX ? d->reason.n : WHY_MAX;
	char text[400];

	f->gate.count.not_taken += r->hook == HOOK_IMPORT;
	f->gate.count.not_told += r->hook == HOOK_EXPORT;
	gate_denial(f, p, &q, d, text);
	if (r->hook == HOOK_IMPORT && f->ops && f->ops->event)
		f->ops->event(f, "route_denied", p, q.subject);
	r->rule = d->rule;
	free(r->why);
	if ((r->why = malloc(n + 1)) != NULL) {
		if (n)
			memcpy(r->why, d->reason.p, n);
		r->why[n] = '\0';
	}
}

static void
decide(struct fabric *f, struct ruling *r, const struct verdict *v)
{
	struct decision d = decision_of(v);
	uint8_t was = r->state;
	bool tags = false;

	renewed(f, r);
	r->state = d.error == E_NONE ? RULING_ALLOWED : RULING_DENIED;
	if (d.error == E_policy_error || d.error == E_policy_unavailable)
		ask_later(f, r);
	else
		r->fails = 0;
	if (r->state == RULING_DENIED && was != RULING_DENIED)
		deny(f, r, &d);
	if (r->hook == HOOK_IMPORT)
		tags = give(via_of(r), r->state == RULING_ALLOWED ? v->preference : 0,
		    r->state == RULING_ALLOWED ? v->tags : STR(""));
	if (r->hook == HOOK_IMPORT || (r->state == RULING_DENIED) != (was == RULING_DENIED) || was == RULING_PENDING)
		changed(f, r, tags);
}

/* No answer in time: what stood until now stands no longer. */
static void
unanswered(struct fabric *f, struct ruling *r)
{
	bool stood = r->state == RULING_NONE || r->state == RULING_ALLOWED;

	renewed(f, r);
	ask_later(f, r);
	if (!stood)
		return;
	r->state = RULING_PENDING;
	changed(f, r, false);
}

void
gate_routes_answer(struct fabric *f, struct asked *a, const struct verdict *v)
{
	struct ruling *r = a->ruling;
	struct port *p = a->port;

	r->asked = 0;
	p->routes->rulings_asked--;
	if (v && a->epoch == f->gate.epoch) {
		decide(f, r, v);
	} else if (!v && f->gate.reachable) {
		unanswered(f, r);
	} else {
		f->gate.count.old_verdicts += v != NULL;
		to_be_asked(f, r);
	}
	gate_routes_serve(f, p);
}

/* --- import --- */

void
gate_import(struct fabric *f, struct via *v)
{
	if (!gate_closed(&f->gate, HOOK_IMPORT))
		return;
	give(v, 0, STR(""));
	begin(f, &v->import);
}

void
gate_import_drop(struct fabric *f, struct via *v)
{
	drop(f, &v->import);
	give(v, 0, STR(""));
}

/* --- export --- */

static struct telling *
telling_find(const struct port *p, const struct origin *o)
{
	list_each(n, &o->tellings)
		if (list_of(n, struct telling, of_origin)->port == p)
			return list_of(n, struct telling, of_origin);
	return NULL;
}

static struct telling *
telling_open(struct port *p, struct origin *o)
{
	struct telling *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->port = p;
	t->origin = o;
	gate_ruling_init(&t->export, HOOK_EXPORT);
	list_add(&p->routes->tellings, &t->of_port);
	list_add(&o->tellings, &t->of_origin);
	return t;
}

static void
telling_close(struct fabric *f, struct telling *t)
{
	drop(f, &t->export);
	list_del(&t->of_port);
	list_del(&t->of_origin);
	free(t);
}

void
gate_tellings_close(struct fabric *f, struct list *all, bool of_origin)
{
	while (!list_empty(all))
		telling_close(f, of_origin ? list_of(all->next, struct telling, of_origin) :
		    list_of(all->next, struct telling, of_port));
}

bool
gate_export(struct fabric *f, struct port *p, struct origin *o)
{
	struct telling *t;
	uint64_t digest;

	if (!gate_closed(&f->gate, HOOK_EXPORT))
		return true;
	t = telling_find(p, o);
	digest = digest_of(f, o);
	if ((!t && (t = telling_open(p, o)) == NULL))
		return false;
	if (t->export.state == RULING_NONE || t->digest != digest) {
		t->digest = digest;
		begin(f, &t->export);
	}
	return t->export.state == RULING_ALLOWED;
}

bool
gate_tells(const struct fabric *f, const struct port *p, const struct origin *o)
{
	const struct telling *t;

	if (!gate_closed(&f->gate, HOOK_EXPORT))
		return true;
	t = o ? telling_find(p, o) : NULL;
	return t && t->export.state == RULING_ALLOWED;
}

/* --- another policy --- */

static void
renew(struct fabric *f, struct ruling *r)
{
	f->gate.renewing += !r->renewing && !f->gate.failed;
	r->renewing = r->renewing || !f->gate.failed;
	r->fails = 0;
	to_be_asked(f, r);
}

static void
renew_imports(struct fabric *f, struct port *p)
{
	list_each(n, &p->routes->vias) {
		struct via *v = list_of(n, struct via, of_port);
		bool ruled = v->import.state != RULING_NONE, tags;

		if (!v->digest)
			continue;
		if (gate_closed(&f->gate, HOOK_IMPORT)) {
			renew(f, &v->import);
			continue;
		}
		drop(f, &v->import);
		tags = give(v, 0, STR(""));
		if (ruled)
			route_choose(f, v->origin, tags && v == v->origin->best);
	}
}

/* What was told without a question stands until the answer. */
static void
renew_tolds(struct fabric *f, struct port *p)
{
	list_each(n, &p->routes->tolds) {
		struct origin *o = list_of(n, struct told, of_port)->origin;
		struct telling *t = telling_find(p, o);

		if (t || (t = telling_open(p, o)) == NULL)
			continue;
		t->digest = digest_of(f, o);
		t->export.state = RULING_ALLOWED;
	}
	list_each(n, &p->routes->tellings)
		renew(f, &list_of(n, struct telling, of_port)->export);
}

static void
forget_tellings(struct fabric *f, struct port *p)
{
	while (!list_empty(&p->routes->tellings)) {
		struct telling *t = list_of(p->routes->tellings.next, struct telling, of_port);
		struct origin *o = t->origin;
		bool told = t->export.state == RULING_ALLOWED;

		telling_close(f, t);
		if (!told)
			route_tell_one(f, p, o);
	}
}

void
gate_routes_renew(struct fabric *f)
{
	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		if (!p->up || !is_hub_neighbour(f, p))
			continue;
		renew_imports(f, p);
		if (gate_closed(&f->gate, HOOK_EXPORT))
			renew_tolds(f, p);
		else
			forget_tellings(f, p);
	}
}
