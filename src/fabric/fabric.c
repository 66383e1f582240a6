/* fabric.c - ports coming and going, and the front door for what they say. */
#include <stdio.h>
#include <stdlib.h>

#include "fabric/border.h"
#include "fabric/cluster.h"
#include "fabric/gate_parts.h"
#include "fabric/publish.h"

void
fabric_set_cluster(struct fabric *f, struct str cluster)
{
	uint8_t *end = tlv_write(f->path_bytes, META_path, str(f->node));
	const char *at = (const char *)f->path_bytes;

	str_c(cluster, f->cluster, sizeof f->cluster);
	f->path_tlv = (struct str){ at, (size_t)(end - f->path_bytes) };
	f->leave_tlv = (struct str){ at, (size_t)(tlv_write(end, META_cluster, cluster) - f->path_bytes) };
}

const struct fabric_limits fabric_usual = { .request_ms = 60000, .request_max_ms = 600000,
    .in_flight = 16384, .services = 256, .endpoints = 4096, .patterns = 1000, .waiting = 4096,
    .waiting_bytes = 16 << 20, .buffers = 256u << 20 };

int
fabric_init(struct fabric *f, struct str node, struct str cluster, uint8_t role,
    struct mono now, const struct fabric_ops *ops)
{
	struct wall wall = wall_now();

	*f = (struct fabric){ .ops = ops, .role = role, .now = now };
	f->event_epoch = (uint64_t)wall.s * 1000000000 + wall.ns;
	if (str_c(node, f->node, sizeof f->node) == -1 ||
	    str_c(cluster, f->cluster, sizeof f->cluster) == -1)
		return -1;
	fabric_set_cluster(f, cluster);
	wheel_init(&f->wheel, now);
	fib_init(&f->fib);
	inflight_init(&f->flights);
	list_init(&f->ports);
	list_init(&f->gate.admitting);
	buf_init(&f->meta, ENVELOPE_META_MAX);
	buf_init(&f->out, 1 << 16);
	f->limits = fabric_usual;
	return rib_init(f);
}

void
fabric_set_tags(struct fabric *f, struct str words)
{
	str_c(words, f->tags, sizeof f->tags);
}

void
fabric_free(struct fabric *f)
{
	gate_unask_all(f);
	timer_drop(&f->wheel, &f->gate.revalidate);
	gate_free(&f->gate);
	export_forget(f);
	map_free(&f->exported);
	rib_free(f);
	fib_free(&f->fib);
	inflight_free(&f->flights);
	map_free(&f->subscriptions);
	limiters_free(&f->cluster_rates);
	buf_free(&f->meta);
	buf_free(&f->out);
}

void
port_init(struct port *p, const struct port_ops *ops, enum port_kind kind)
{
	*p = (struct port){ .ops = ops, .kind = kind };
	list_init(&p->all);
	list_init(&p->opened);
	list_init(&p->serving);
	list_init(&p->claims);
	list_init(&p->ready);
	list_init(&p->subscriptions);
	gate_port_init(&p->gate);
}

struct route_port *
port_routes(struct port *p)
{
	struct route_port *r = p->routes ? p->routes : calloc(1, sizeof *r);

	if (!r || p->routes)
		return r;
	r->port = p;
	list_init(&r->vias);
	list_init(&r->tolds);
	list_init(&r->tellings);
	list_init(&r->rulings);
	timer_init(&r->sets.later, route_set_later);
	timer_init(&r->asks.later, connected_ask_later);
	return p->routes = r;
}

static void
routes_free(struct fabric *f, struct port *p)
{
	if (!p->routes)
		return;
	timer_drop(&f->wheel, &p->routes->sets.later);
	timer_drop(&f->wheel, &p->routes->asks.later);
	free(p->routes);
	p->routes = NULL;
}

static bool
is_known_hub(const struct fabric *f, const struct port *p)
{
	list_each(n, &f->ports) {
		const struct port *other = list_of(n, struct port, all);

		if (is_hub_neighbour(f, other) && str_eq(other->node, p->node))
			return true;
	}
	return str_is(p->node, f->node);
}

/* A leaf has a name here, a hub a place among the routes. */
static bool
is_placed(struct fabric *f, struct port *p)
{
	if (p->kind == PORT_CHILD)
		return connected_node(f, p) == 0;
	if (is_hub_neighbour(f, p) && is_known_hub(f, p))
		return false;
	return !port_is_link(p) || port_routes(p);
}

int
fabric_port_up(struct fabric *f, struct port *p)
{
	gate_port_up(f, p);
	if (!is_placed(f, p)) {
		gate_port_down(f, p);
		return -1;
	}
	if (p->kind == PORT_SELF)
		f->self = p;
	list_add(&f->ports, &p->all);
	p->up = true;
	if (p->kind == PORT_UPLINK)
		f->uplink = p;
	if (is_hub_neighbour(f, p)) {
		route_up(f, p);
	} else if (p->kind == PORT_UPLINK) {
		export_open(f);
		fabric_digest(f);
	}
	return 0;
}

static void
lost_text(const struct fabric *f, const struct port *p, bool sent, char to[FED_TEXT])
{
	if (border_is_foreign(f, p))
		federation_text_lost(to, p->node, sent);
	else
		snprintf(to, FED_TEXT, "the link was lost %s the request %s sent",
		    sent ? "after" : "before", sent ? "had been" : "was");
}

void
fabric_port_down(struct fabric *f, struct port *p, enum error why)
{
	char text[FED_TEXT];

	if (!p->up)
		return;
	p->up = false;
	list_del(&p->all);
	if (f->uplink == p)
		f->uplink = NULL;
	if (is_hub_neighbour(f, p))
		route_down(f, p);
	export_forget(f);
	/* first what it asked for and is still parked, or that would run now */
	list_each_safe(n, &p->opened)
		if (!list_of(n, struct flight, in_place)->out)
			flight_cancel(f, list_of(n, struct flight, in_place));
	connected_forget(f, p);
	subscribe_forget(f, p);
	while (!list_empty(&p->serving)) {
		struct flight *fl = list_of(p->serving.next, struct flight, out_place);
		bool sent = fl->answering || p->ops->gone(p, fl->sent_mark);

		lost_text(f, p, sent, text);
		flight_fail(f, fl, why, sent ? FATE_MAY_HAVE_RUN : FATE_NOT_DELIVERED, text);
	}
	while (!list_empty(&p->opened))
		flight_cancel(f, list_of(p->opened.next, struct flight, in_place));
	gate_port_down(f, p);
	routes_free(f, p);
}

int
port_say(struct port *p, uint8_t kind, uint16_t flags, uint64_t id, struct str payload)
{
	struct envelope e = { .kind = kind, .flags = flags, .hops = 1, .id = id, .payload = payload };

	return p->ops->send(p, &e, STR(""));
}

static unsigned
speaks_as(const struct port *p)
{
	switch (p->kind) {
	case PORT_CLIENT:
		return BY_CLIENT;
	case PORT_CHILD:
	case PORT_PEER:
	case PORT_UPLINK:
		return BY_LINK;
	case PORT_SELF:
		break;
	}
	return BY_LINK | BY_CLIENT;
}

static void
not_allowed(struct fabric *f, struct port *p, const struct envelope *e)
{
	bool asks = kind_class(e->kind) == CLASS_OPEN && e->id;

	f->count.malformed++;
	port_error(f, p, asks || kind_class(e->kind) == CLASS_LINK ? e->id : 0,
	    asks ? KIND_REPLY : KIND_ERROR, E_scope, FATE_NOT_DELIVERED, str(p->kind == PORT_CLIENT ?
	    "a client may not say this" : "a node may not say this"));
}

void
fabric_receive(struct fabric *f, struct port *p, const struct envelope *e)
{
	if (!(kind_by(e->kind) & speaks_as(p))) {
		not_allowed(f, p, e);
		return;
	}
	switch (e->kind) {
	case KIND_REQUEST:
		request_open(f, p, e);
		break;
	case KIND_REPLY:
		request_answer(f, p, e);
		break;
	case KIND_PART:
		stream_part(f, p, e);
		break;
	case KIND_CREDIT:
		stream_credit(f, p, e);
		break;
	case KIND_CANCEL:
		request_cancel(f, p, e);
		break;
	case KIND_PUBLISH:
		publish(f, p, e);
		break;
	case KIND_SUBSCRIBE:
		subscribe_open(f, p, e);
		break;
	case KIND_UNSUBSCRIBE:
		subscribe_close(f, p, e->id, true);
		break;
	case KIND_ATTACH:
	case KIND_DETACH:
	case KIND_ANNOUNCE:
	case KIND_WITHDRAW:
	case KIND_END:
	case KIND_DIGEST:
		if (!gate_names_wait(f, p, e))
			connected_now(f, p, e);
		break;
	default:
		f->count.malformed++;
		if (kind_class(e->kind) == CLASS_OPEN && e->id)
			port_error(f, p, e->id, KIND_REPLY, E_unsupported, FATE_NOT_DELIVERED,
			    STR("this node does not serve this kind of message yet"));
	}
}
