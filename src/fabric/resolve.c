/*
 * resolve.c - where does a request go?  To a local instance before one
 * behind a link, never back to where it came from, and what nobody here
 * knows goes up.
 */
#include <stdio.h>

#include "fabric/border.h"
#include "fabric/gate_parts.h"

static void
no_target(struct target *t, enum error error, const char *what, struct str name)
{
	t->error = error;
	snprintf(t->why, sizeof t->why, "%s '%.*s'", what, name.n > 80 ? 80 : (int)name.n,
	    name.n ? name.p : "");
}

/* Not ours and nobody's below us: up, unless it came from there. */
static void
go_up(struct fabric *f, const struct port *from, struct target *t, const char *what,
    struct str name)
{
	if (from->kind == PORT_UPLINK || !f->has_uplink)
		no_target(t, E_no_route, what, name);
	else if (!f->uplink)
		no_target(t, E_link_down, "the uplink is down; nobody here knows", name);
	else
		t->port = f->uplink;
}

static void
resolve_service(struct fabric *f, struct port *from, const struct envelope *e,
    struct str constraint, const struct gate_way *way, struct target *t)
{
	struct ask ask = { .constraint = constraint, .not_to = port_is_link(from) ? from : NULL,
	    .onward = is_hub_neighbour(f, from) };

	if (!str_split(e->subject, '/', &ask.service, &ask.method) || !ask.service.n) {
		no_target(t, E_malformed, "a request wants the subject SERVICE/METHOD, not", e->subject);
		return;
	}
	if (str_is(ask.service, "fedx")) {
		t->port = f->self;
		return;
	}
	if (f->gate.hooks >> HOOK_BALANCE & 1) {
		struct name *name = fib_name(&f->fib, FAMILY_SERVICE, ask.service);

		if (name && gate_strategy(f, from, e, constraint, name, &ask) && !way->picked) {
			t->name = name;
			t->pick = true;
			return;
		}
		ask.instance = way->instance;
	}
	switch (fib_choose(&f->fib, &ask, &t->claim, &t->name)) {
	case CHOSEN_ONE:
		t->port = t->claim->port;
		break;
	case CHOSEN_FULL:
		break;		/* wait at the name */
	case CHOSEN_NO_METHOD:
		no_target(t, E_not_found, "the service has no method", ask.method);
		break;
	case CHOSEN_NO_VERSION:
		no_target(t, E_not_found, "no instance has a version that fits", constraint);
		break;
	case CHOSEN_NO_NAME:
		go_up(f, from, t, "nobody announces service", ask.service);
		break;
	}
	/* an empty method asks whether the service is there: the node answers */
	if (ask.method.n == 0 && t->error == E_NONE && (!t->port || !port_is_link(t->port))) {
		t->port = f->self;
		t->claim = NULL;
	}
}

static void
resolve_node(struct fabric *f, struct port *from, struct str id, struct target *t)
{
	const struct claim *c = name_best(fib_name(&f->fib, FAMILY_NODE, id));
	const struct via *way = rib_way(f, id);
	/* a leaf of ours has proven its id, and a hub has a path: before what is only said, but by another cluster */
	struct port *to = c && (!c->via || !way || (way->foreign && !c->via->foreign)) ? c->port :
	    way ? way->port : NULL;

	if (str_is(id, f->node))
		t->port = f->self;
	else if (to && to != from)
		t->port = to;
	else
		go_up(f, from, t, "nobody announces node", id);
}

/* To who holds what it is addressed to, if somebody does. */
static void
go_to(struct fabric *f, struct port *from, const struct envelope *e, struct claim *c, const char *nobody,
    struct target *t)
{
	if (!c || (c->port == from && port_is_link(from))) {
		go_up(f, from, t, nobody, e->to);
	} else if (str_is(e->subject, "fedx/ping") && !port_is_link(c->port)) {
		t->port = f->self;	/* the node where it is attached answers */
	} else if (claim_has_room(c)) {
		t->claim = c;
		t->port = c->port;
	} else {
		t->name = c->name;
	}
}

/* A path that is shared is balanced like a service. */
static void
resolve_path(struct fabric *f, struct port *from, const struct envelope *e, struct target *t)
{
	struct ask ask = { .not_to = port_is_link(from) ? from : NULL, .onward = is_hub_neighbour(f, from) };
	struct claim *c;

	if (!path_plain(e->to)) {
		no_target(t, E_malformed, "a request goes to a path like /a/b, not to", e->to);
		return;
	}
	if ((c = fib_path(&f->fib, e->to)) != NULL && c->shared) {
		ask.path = c->name;
		if (fib_choose(&f->fib, &ask, &c, &t->name) == CHOSEN_FULL)
			return;		/* wait at the name */
	}
	go_to(f, from, e, c, "nobody holds path", t);
}

static void
look_up(struct fabric *f, struct port *from, const struct envelope *e, struct str constraint,
    const struct gate_way *way, struct target *t)
{
	if (way->via.n && !str_is(way->via, f->node)) {
		resolve_node(f, from, way->via, t);
		return;
	}
	switch (address_family(e->to)) {
	case FAMILY_SERVICE:
		resolve_service(f, from, e, constraint, way, t);
		break;
	case FAMILY_ENDPOINT:
		go_to(f, from, e, fib_endpoint(&f->fib, e->to), "nobody announces endpoint", t);
		break;
	case FAMILY_PATH:
		resolve_path(f, from, e, t);
		break;
	default:
		resolve_node(f, from, e->to, t);
	}
}

void
request_resolve(struct fabric *f, struct port *from, const struct envelope *e,
    struct str constraint, const struct gate_way *way, struct target *t)
{
	struct err err = { .status = 0 };

	*t = (struct target){ .error = E_NONE };
	look_up(f, from, e, constraint, way, t);
	if (t->error == E_NONE && t->port && (t->error = border_passes(f, e, t->port, &err)) != E_NONE)
		snprintf(t->why, sizeof t->why, "%.*s", (int)sizeof t->why - 1, err.text);
}
