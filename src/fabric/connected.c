/*
 * connected.c - connected routes: what is attached here, and what direct
 * links announce.
 *
 * Endpoints and node ids are exclusive, services shared, paths exclusive unless
 * policy shares them among all who hold one.  What a link has
 * announced is compared by digest after link-up and each minute; on a
 * mismatch the full set is sent again: increments alone are never trusted.
 */
#include "fabric/gate_parts.h"
#include "fabric/publish.h"
#include "wire/hello.h"

enum { DIGEST_SIZE = 12, ASK_PACE_MS = 1000 };

static void
event(struct fabric *f, const char *what, const struct port *p, struct str name)
{
	if (f->ops->event)
		f->ops->event(f, what, p, name);
}

void
connected_again(struct fabric *f, struct port *p)
{
	uint32_t mine = 0;

	if (is_hub_neighbour(f, p)) {
		route_again(p);
		return;
	}
	if (p->kind != PORT_CHILD || !port_routes(p))
		return;
	for (int i = 0; i < FAMILY_COUNT; i++)
		mine += p->claimed[i];
	list_each(n, &p->claims) {
		struct claim *c = list_of(n, struct claim, of_port);

		c->stale = c->digest != 0;
	}
	export_ask(p, mine, p->digest);
}

void
connected_ask(struct fabric *f, struct port *p)
{
	/* without memory for it the next digest says so again */
	if (!port_routes(p) || !pace_now(&f->wheel, &p->routes->asks, f->now, ASK_PACE_MS))
		return;
	p->routes->asking = true;
	event(f, "digest_mismatch", p, p->node);
	connected_again(f, p);
}

void
connected_ask_later(struct wheel *w, struct timer *t)
{
	connected_ask(fabric_of_wheel(w), list_of(t, struct route_port, asks.later)->port);
}

static void
connected_digest(struct fabric *f, struct port *p, const struct envelope *e)
{
	const uint8_t *b = (const uint8_t *)e->payload.p;
	uint32_t count = 0, mine = 0;

	if (e->flags & FLAG_ERROR) {	/* it knows something else: all again */
		if (p == f->uplink)
			route_asked(f, p, e);
		return;
	}
	if (e->payload.n != DIGEST_SIZE || p->kind != PORT_CHILD) {
		f->count.malformed++;
		return;
	}
	for (int i = 0; i < 4; i++)
		count = count << 8 | b[i];
	for (int i = 0; i < FAMILY_COUNT; i++)
		mine += p->claimed[i];
	/* its own node id is our claim for it, not its announcement */
	if (count != mine - 1 || be_u64(b + 4) != p->digest)
		connected_ask(f, p);
	else if (p->routes)
		timer_drop(&f->wheel, &p->routes->asks.later);
}

/* Who waited for it is told if nobody else can serve. */
void
connected_drop(struct fabric *f, struct claim *c)
{
	struct port *p = c->port;
	struct name *name;
	char version[NAME_MAX_BYTES], text[NAME_MAX_BYTES];
	struct str v = { version, claim_version(c).n }, t = { text, c->name->n };
	enum family family = c->name->family;
	bool was_from, learnt;

	if (v.n)
		memcpy(version, claim_version(c).p, v.n);
	memcpy(text, c->name->key + 1, t.n);
	list_each(n, &p->serving) {
		struct flight *fl = list_of(n, struct flight, out_place);

		if (fl->claim == c)
			fl->claim = NULL;
	}
	was_from = str_eq(p->from, t);
	if (was_from)
		p->from = (struct str){ NULL, 0 };
	learnt = c->via != NULL;
	if (learnt)
		route_name(f, c, false);
	if ((name = fib_del(&f->fib, c)) != NULL)
		name_dispatch(f, name);
	if (was_from && p->up)
		gate_peer_changed(f, p);
	gate_name(f, p, false, &(struct announcement){ .family = (uint8_t)family, .name = t,
	    .version = v, .weight = 1, .hops = 1 });
	if (family != FAMILY_INTEREST)
		event(f, "withdrawn", p, t);
	if (!learnt)
		export_changed(f, family, t, v);
}

void
connected_forget(struct fabric *f, struct port *p)
{
	while (!list_empty(&p->claims))
		connected_drop(f, list_of(p->claims.next, struct claim, of_port));
}

static void
connected_end(struct fabric *f, struct port *p, const struct envelope *e)
{
	if (!export_ended(p, e))
		return;
	list_each_safe(n, &p->claims) {
		struct claim *c = list_of(n, struct claim, of_port);

		if (c->stale)
			connected_drop(f, c);
	}
}

struct claim *
connected_replace(struct fabric *f, struct claim *old, const struct announcement *a)
{
	struct claim *c = fib_add(&f->fib, old->port, old->via, a);

	if (!c)
		return NULL;
	c->in_flight = old->in_flight;
	c->served = old->served;
	c->failed = old->failed;
	c->number = old->number;
	c->latency_us = old->latency_us;
	c->answered = old->answered;
	list_each(n, &old->port->serving) {
		struct flight *fl = list_of(n, struct flight, out_place);

		if (fl->claim == old)
			fl->claim = c;
	}
	fib_del(&f->fib, old);
	return c;
}

static struct claim *
rival(struct fabric *f, struct port *p, const struct announcement *a, bool shared)
{
	struct name *name;

	if (a->family == FAMILY_SERVICE || a->family == FAMILY_INTEREST ||
	    (name = fib_name(&f->fib, a->family, a->name)) == NULL)
		return NULL;
	list_each(n, &name->claims) {
		struct claim *c = list_of(n, struct claim, of_name);

		/* a leaf is where its link is, whatever another hub still believes; other clusters hold nothing of ours */
		if (c->port != p && (!c->via || (p->kind == PORT_CLIENT && !c->via->foreign)) && !(shared && c->shared))
			return c;
	}
	return NULL;
}

static struct str
holder_of(const struct claim *c)
{
	const struct port *p = c->port;

	return c->via ? c->via->origin->node : p->node.n ? p->node : p->from.n ? p->from : STR("a client");
}

/* An id that nobody below us can have: ours, or that of who is above us. */
static bool
is_above(const struct fabric *f, struct str node)
{
	return str_is(node, f->node) || (f->uplink && str_eq(node, f->uplink->node));
}

static int
conflict(struct fabric *f, const struct port *p, const struct announcement *a, struct str holder,
    struct err *e)
{
	event(f, "conflict", p, a->name);
	return err_set(e, "%s '%.*s' is already held by '%.*s'%s", family_name(a->family),
	    a->name.n > 80 ? 80 : (int)a->name.n, a->name.p,
	    holder.n > 80 ? 80 : (int)holder.n, holder.p,
	    a->family == FAMILY_PATH ? ", and policy does not share it among both" : "");
}

enum error
connected_claim(struct fabric *f, struct port *p, const struct announcement *a, struct err *e)
{
	struct claim *old = fib_claim(&f->fib, p, a->family, a->name, a->version), *c, *other;
	bool shared = a->shared || gate_shares(f);
	uint32_t limit = a->family == FAMILY_SERVICE ? f->limits.services :
	    a->family == FAMILY_INTEREST ? f->limits.patterns : f->limits.endpoints;
	uint32_t granted = a->family == FAMILY_SERVICE ? gate_grant_of(p)->max_services :
	    a->family == FAMILY_INTEREST ? 0 : gate_grant_of(p)->max_endpoints;

	if (granted && granted < limit)
		limit = granted;
	if (a->family == FAMILY_ENDPOINT && str_starts(a->name, STR("fedx@"))) {
		err_set(e, "'%.*s' is how a node speaks for itself", a->name.n > 80 ? 80 :
		    (int)a->name.n, a->name.p);
		return E_scope;
	}
	if (a->family == FAMILY_NODE && p->kind == PORT_CLIENT) {
		err_set(e, "a %s cannot be claimed here", family_name(a->family));
		return E_unsupported;
	}
	if ((other = rival(f, p, a, shared)) != NULL) {
		conflict(f, p, a, holder_of(other), e);
		return E_route_conflict;
	}
	if (a->family == FAMILY_NODE && (is_above(f, a->name) || (old && old->digest == 0))) {
		conflict(f, p, a, old ? p->node : a->name, e);	/* proven, not announced */
		return E_route_conflict;
	}
	if (!old && p->claimed[a->family] >= limit) {
		err_set(e, "one link may hold %u claims of family %s, and has them", limit,
		    family_name(a->family));
		return E_overloaded;
	}
	c = old ? connected_replace(f, old, a) : fib_add(&f->fib, p, NULL, a);
	if (!c) {
		err_set(e, "no memory for another claim");
		return E_overloaded;
	}
	c->epoch = f->gate.epoch;
	c->shared = shared;
	if (p->kind == PORT_CLIENT && a->family == FAMILY_ENDPOINT && !p->from.n) {
		p->from = name_text(c->name);
		gate_peer_changed(f, p);
	}
	gate_name(f, p, true, a);
	if (!old && a->family != FAMILY_INTEREST)
		event(f, "attached", p, a->name);
	export_changed(f, a->family, a->name, a->version);
	if (c->name->waiting_count)
		name_dispatch(f, c->name);
	return E_NONE;
}

struct port *
fabric_leaf(struct fabric *f, struct str node)
{
	struct name *name = fib_name(&f->fib, FAMILY_NODE, node);

	if (name)
		list_each(n, &name->claims) {
			struct claim *c = list_of(n, struct claim, of_name);

			if (gate_claim_is_proven(c))
				return c->port;
		}
	return NULL;
}

int
connected_node(struct fabric *f, struct port *p)
{
	uint8_t path[TLV_HEAD + 255];
	struct announcement a = { .family = FAMILY_NODE, .name = p->node, .weight = 100,
	    .hops = HOPS_DEFAULT };
	struct claim *c;

	if (p->node.n > 255)
		return -1;
	a.path = (struct str){ (const char *)path,
	    (size_t)(tlv_write(path, META_path, p->node) - path) };

	if (is_above(f, p->node) || rival(f, p, &a, false) || (c = fib_add(&f->fib, p, NULL, &a)) == NULL)
		return -1;
	p->digest ^= c->digest;		/* ours, not an announcement of the other side */
	c->digest = 0;
	gate_name(f, p, true, &a);
	export_changed(f, FAMILY_NODE, p->node, STR(""));
	return 0;
}

static void
connected_attach(struct fabric *f, struct port *p, const struct envelope *e)
{
	struct announcement a;
	struct err err = { .status = 0 };
	enum error error = E_malformed;
	struct claim *c;

	if (announcement_get(e->payload, &a, &err) == 0) {
		a.hops = HOPS_DEFAULT;
		a.path = STR("");
		a.shared = 0;	/* policy says so, not a client */
		if (a.family == FAMILY_INTEREST) {
			port_error(f, p, e->id, KIND_ERROR, E_unsupported, FATE_NOT_DELIVERED,
			    STR("who wants events subscribes"));
			return;
		}
		if (e->kind == KIND_ATTACH && !f->draining &&
		    gate_claim(f, p, e, &a, "attach") == GATE_DONE)
			return;
		if (e->kind == KIND_ATTACH) {
			error = f->draining ? E_shutting_down : connected_claim(f, p, &a, &err);
			if (f->draining)
				err_set(&err, "the node is draining");
		} else if ((c = fib_claim(&f->fib, p, a.family, a.name, a.version)) != NULL) {
			connected_drop(f, c);
			error = E_NONE;
		} else {
			error = E_not_found;
			err_set(&err, "this client holds no %s '%.*s'", family_name(a.family),
			    STR_FMT(a.name));
		}
	}
	if (error != E_NONE)
		port_error(f, p, e->id, KIND_ERROR, error, FATE_NOT_DELIVERED, str(err.text));
	else
		port_say(p, KIND_DONE, FLAG_LAST, e->id, STR(""));
}

/* One malformed announcement costs that announcement, never its neighbours. */
static void
connected_announce(struct fabric *f, struct port *p, const struct envelope *e)
{
	struct announcement a;
	struct err err = { .status = 0 };
	struct meta_facts facts;
	enum error error = E_malformed;
	struct claim *c;

	if (p->kind != PORT_CHILD) {
		f->count.malformed++;
		return;
	}
	if (announcement_get(e->payload, &a, &err) == 0) {
		meta_look(a.path, str(f->node), &facts);
		if (e->kind == KIND_WITHDRAW) {
			if ((c = fib_claim(&f->fib, p, a.family, a.name, a.version)) != NULL &&
			    c->digest != 0)
				connected_drop(f, c);
			return;
		}
		if (facts.looped || a.hops == 0)
			return;		/* it came round: not an error, but not for us */
		if (!facts.passed || !str_eq(facts.last, p->node))
			err_set(&err, "the path of '%.*s' does not end at its sender",
			    STR_FMT(a.name));
		else if (p->role == ROLE_LEAF && (facts.passed > 1 || a.family == FAMILY_NODE))
			error = E_scope, err_set(&err, "a leaf announces only what is attached to "
			    "itself, and not '%.*s'", STR_FMT(a.name));
		else if (gate_claim(f, p, e, &a, "announce") == GATE_DONE)
			return;
		else
			error = connected_claim(f, p, &a, &err);
	}
	if (error == E_NONE)
		return;
	f->count.malformed += error == E_malformed;
	event(f, "announcement_refused", p, str(err.text));
	port_error(f, p, 0, KIND_ERROR, error, FATE_NOT_DELIVERED, str(err.text));
}

void
connected_now(struct fabric *f, struct port *p, const struct envelope *e)
{
	if (is_hub_neighbour(f, p)) {
		route_said(f, p, e);
		return;
	}
	switch (e->kind) {
	case KIND_ATTACH:
	case KIND_DETACH:
		connected_attach(f, p, e);
		break;
	case KIND_SUBSCRIBE:
	case KIND_UNSUBSCRIBE:
		subscribe_now(f, p, e);
		break;
	case KIND_ANNOUNCE:
	case KIND_WITHDRAW:
		connected_announce(f, p, e);
		break;
	case KIND_END:
		connected_end(f, p, e);
		break;
	default:
		connected_digest(f, p, e);
	}
}
