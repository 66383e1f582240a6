/*
 * explain_way.c - where a message would go: what each candidate lacks, which
 * link it takes, and what the node behind that says.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fabric/border.h"
#include "fabric/cluster.h"
#include "node/explain.h"
#include "node/members.h"
#include "wire/fields.h"

enum { HOP_MS = 5000, HOPS_BYTES = 64 * 1024 };

static void
on_hop(void *owner, struct str bytes, bool last, bool error)
{
	struct explanation *x = owner;
	char why[200];

	if (last)
		x->hop = 0;
	if (error) {
		snprintf(why, sizeof why, "the next node does not say: %.*s",
		    bytes.n > 140 ? 140 : (int)bytes.n, bytes.n ? bytes.p : "");
		explain_end(x, "unknown", why);
		return;
	}
	builtin_say(x->builtin, x->answer, bytes);
	if (last)
		explain_over(x);
}

static void
ask_next(struct explanation *x, const struct port *next)
{
	struct node *n = explain_node(x);
	struct envelope e = { .type = TYPE_JSON, .to = next->node, .subject = STR("fedx/explain"),
	    .deadline_ms = HOP_MS };
	struct buf body;

	if (!n->fabric.cluster[0] || !str_is(next->cluster, n->fabric.cluster)) {
		explain_end(x, "unknown", "the next node is of another cluster");
		return;
	}
	buf_init(&body, HOPS_BYTES);
	buf_fmt(&body, "{\"kind\":\"request\"");
	put_member(&body, "from", str(x->from));
	put_member(&body, "to", str(x->to));
	put_member(&body, "subject", str(x->subject));
	put_member(&body, "origin", str(x->origin));
	buf_str(&body, STR("}"));
	e.payload = buf_view(&body);
	timer_set(&n->fabric.wheel, &x->due, n->fabric.now, HOP_MS + 1000);
	/* the answer may come from within, and be the end of x */
	if ((x->hop = n->inner.last + 1, inner_ask(&n->inner, &e, on_hop, x)) == 0) {
		x->hop = 0;
		explain_end(x, "unknown", "no memory to ask the next node");
	}
	buf_free(&body);
}

static void
say_candidates(struct explanation *x, const struct port *from, const struct target *t)
{
	struct node *n = explain_node(x);
	struct str service, method;
	struct name *name;
	char why[200];

	if (x->to[0] || !str_split(str(x->subject), '/', &service, &method) ||
	    (name = fib_name(&n->fabric.fib, FAMILY_SERVICE, service)) == NULL)
		return;
	list_each(at, &name->claims) {
		const struct claim *c = list_of(at, struct claim, of_name);
		struct buf *o = explain_step(x, "instance");

		why[0] = '\0';
		if (c->port == from && port_is_link(c->port))
			snprintf(why, sizeof why, "it is where the message comes from");
		else if (!claim_serves(c))
			via_why(c->via, n->fabric.now, why, sizeof why);
		else if (claim_methods(c).n && method.n && !words_have(claim_methods(c), method))
			snprintf(why, sizeof why, "it has no method '%.*s'",
			    method.n > 80 ? 80 : (int)method.n, method.p);
		else if (!claim_has_room(c))
			snprintf(why, sizeof why, "it has %" PRIu32 " requests already, as many as it takes",
			    c->in_flight);
		else if (c != t->claim)
			snprintf(why, sizeof why, "%s", t->claim && !port_is_link(t->claim->port) &&
			    port_is_link(c->port) ? "an instance at this node comes first" :
			    "balancing picks another one now");
		put_member(o, "link", c->port->node.n ? c->port->node : STR("client"));
		if (c->via) {
			put_member(o, "origin", c->via->origin->node);
			put_path(o, c->via->path);
		}
		put_member(o, "version", claim_version(c));
		buf_fmt(o, ",\"local\":%s,\"chosen\":%s", port_is_link(c->port) ? "false" : "true",
		    c == t->claim ? "true" : "false");
		put_number(o, "in_flight", c->in_flight);
		if (why[0])
			put_member(o, "why", str(why));
		explain_say(x);
	}
}

/* Nobody holds it: perhaps who would is not linked, and why. */
static void
say_links_down(struct explanation *x)
{
	list_each(at, &explain_node(x)->links.uplinks) {
		const struct uplink *u = list_of(at, struct uplink, place);
		struct buf *o;

		if (!u->url_count || uplink_linked(u))
			continue;
		o = explain_step(x, "link");
		put_member(o, "name", str(u->urls[u->url]));
		put_member(o, "state", str(uplink_word(u)));
		put_member(o, "why", str(u->why));
		explain_say(x);
	}
}

/* What another cluster may not ask for is refused where it comes in. */
static bool
is_closed(struct explanation *x, const struct port *from, struct target *t)
{
	const struct fabric *f = &explain_node(x)->fabric;
	struct str service, method;
	char text[FED_TEXT];

	if (x->to[0] || !border_is_foreign(f, from) ||
	    !str_split(str(x->subject), '/', &service, &method) || str_is(service, "fedx") ||
	    federation_function_open(f->federation, service, method))
		return false;
	federation_text_function(text, str(x->subject), from->cluster);
	snprintf(t->why, sizeof t->why, "%.*s", (int)sizeof t->why - 1, text);
	t->error = E_denied;
	return true;
}

void
explain_way(struct explanation *x, struct str via)
{
	struct node *n = explain_node(x);
	struct port *from = explain_peer(x);
	struct envelope e = { .kind = x->kind, .hops = HOPS_DEFAULT, .origin = str(x->origin),
	    .from = str(x->from), .to = str(x->to), .subject = str(x->subject) };
	struct target t = { .error = E_NONE };
	struct buf *o;

	if (!from) {
		explain_end(x, "unknown", "who would hand it in has gone");
		return;
	}
	/* as if balance had been asked and had no opinion: what it would pick is not asked */
	if (!is_closed(x, from, &t)) {
		request_resolve(&n->fabric, from, &e, STR(""), &(struct gate_way){ .via = via, .picked = true }, &t);
		say_candidates(x, from, &t);
	}
	o = explain_step(x, "route");
	if (t.error != E_NONE) {
		put_member(o, "error", str(error_row((unsigned)t.error)->name));
		put_member(o, "why", str(t.why));
		explain_say(x);
		say_links_down(x);
		explain_end(x, "no_route", t.why);
		return;
	}
	put_member(o, "goes", str(!t.port ? "waits" : t.port->kind == PORT_SELF ? "node" :
	    t.port->kind == PORT_UPLINK ? "uplink" : port_is_link(t.port) ? "link" : "client"));
	if (t.port)
		put_member(o, "next", t.port->node.n ? t.port->node : t.port->from);
	if (via.n)
		put_member(o, "via", via);
	explain_say(x);
	if (!t.port)
		explain_end(x, "waits", "all instances are busy: it would wait for one");
	else if (port_is_link(t.port))
		ask_next(x, t.port);
	else
		explain_end(x, "delivered", "");
}
