/* builtin_lists.c - what a node tells of itself, its links, and the names that it reaches. */
#include "config.h"

#include <inttypes.h>
#include <unistd.h>

#include "net/tls.h"
#include "node/builtin.h"
#include "node/members.h"
#include "wire/hello.h"

void
put_identity(struct node *n, struct buf *o)
{
	buf_fmt(o, "{\"v\":1");
	put_member(o, "node", str(n->fabric.node));
	put_member(o, "cluster", str(n->fabric.cluster));
	put_member(o, "role", str(role_name(n->fabric.role)));
	put_member(o, "version", str(FEDX_VERSION));
}

void
put_version(struct node *n, struct buf *o)
{
	put_identity(n, o);
	buf_fmt(o, ",\"instance\":\"%016" PRIx64 "\"", n->links.instance);
	put_number(o, "pid", (uint64_t)getpid());
	put_number(o, "uptime_s", mono_us_since(n->started, n->fabric.now) / 1000000);
	buf_str(o, STR("}\n"));
}

static void
put_uplink(struct node *n, const struct uplink *u, struct buf *o)
{
	if (!u->url_count || uplink_linked(u))
		return;		/* one that is up is listed as a link */
	buf_fmt(o, "{\"v\":1");
	put_member(o, "name", str(u->urls[u->url]));
	put_member(o, "kind", str(u->peer ? "hub" : "uplink"));
	put_member(o, "state", str(uplink_word(u)));
	put_member(o, "why", str(u->why));
	put_member(o, "address", str(u->urls[u->url]));
	put_number(o, "since_s", mono_us_since(u->since, n->fabric.now) / 1000000);
	buf_str(o, STR("}\n"));
}

static void
put_link(struct node *n, const struct link *l, struct buf *o)
{
	const struct tls *tls = conn_tls(l->conn) ? conn_tls(l->conn) : NULL;

	buf_fmt(o, "{\"v\":1");
	put_member(o, "name", l->port.node.n ? l->port.node : l->port.address);
	put_member(o, "kind", str(link_kind_name(l)));
	put_member(o, "state", str(link_state_name(l)));
	put_member(o, "why", str(l->why));
	put_member(o, "address", l->port.address);
	put_member(o, "cluster", l->port.cluster);
	put_number(o, "since_s", mono_us_since(l->since, n->fabric.now) / 1000000);
	put_number(o, "in_flight", (uint64_t)l->port.opened_count + l->port.serving_count);
	put_number(o, "services", l->port.claimed[FAMILY_SERVICE]);
	put_number(o, "endpoints", l->port.claimed[FAMILY_ENDPOINT]);
	put_number(o, "queued", conn_queued(l->conn) + l->port.piped);
	put_number(o, "bytes_in", conn_got_total(l->conn));
	put_number(o, "bytes_out", conn_gone_total(l->conn));
	put_number(o, "rtt_us", l->rtt_us);
	put_member(o, "tls", str(tls ? tls_cipher_name(tls) : ""));
	buf_fmt(o, ",\"resumed\":%s}\n", tls && tls_resumed(tls) ? "true" : "false");
}

void
put_links(struct node *n, struct buf *o)
{
	list_each(at, &n->links.uplinks)
		put_uplink(n, list_of(at, struct uplink, place), o);
	list_each(at, &n->links.all)
		put_link(n, list_of(at, struct link, place), o);
}

static void
put_claim(const struct claim *c, struct buf *o)
{
	bool local = c->port->kind == PORT_CLIENT;

	buf_fmt(o, "{\"v\":1");
	put_member(o, family_name(c->name->family), name_text(c->name));
	if (c->name->family == FAMILY_SERVICE)
		put_member(o, "version", claim_version(c));
	put_member(o, "node", local ? STR("local") : c->via ? c->via->origin->node : c->port->node);
	put_member(o, "link", c->port->node.n ? c->port->node : STR("client"));
	if (c->name->family == FAMILY_PATH)
		buf_fmt(o, ",\"shared\":%s", c->shared ? "true" : "false");
	if (c->name->family == FAMILY_SERVICE) {
		put_words(o, "methods", claim_methods(c));
		put_words(o, "tags", claim_tags(c));
		put_number(o, "weight", c->weight);
		put_number(o, "max_concurrency", c->max_concurrency);
		put_number(o, "in_flight", c->in_flight);
		put_number(o, "waiting", c->name->waiting_count);
		put_number(o, "served", c->served);
		put_number(o, "failed", c->failed);
	}
	buf_str(o, STR("}\n"));
}

void
put_claims(struct node *n, enum family family, struct buf *o)
{
	struct name *name;
	size_t at = 0;

	while ((name = map_next(&n->fabric.fib.names, &at)) != NULL)
		if (name->family == family)
			list_each(c, &name->claims)
				if (claim_serves(list_of(c, struct claim, of_name)))
					put_claim(list_of(c, struct claim, of_name), o);
}

void
put_top(struct node *n, struct buf *o)
{
	const struct fabric *f = &n->fabric;
	const struct net_counters *c = net_counters(n->net);

	put_identity(n, o);
	put_number(o, "leaves", n->links.count[ROLE_LEAF]);
	put_number(o, "hubs", n->links.count[ROLE_HUB]);
	put_number(o, "clients", n->links.count[ROLE_CLIENT]);
	put_number(o, "services", f->fib.claimed[FAMILY_SERVICE]);
	put_number(o, "endpoints", f->fib.claimed[FAMILY_ENDPOINT]);
	put_number(o, "in_flight", f->flights.count);
	put_number(o, "buffered", f->buffered);
	put_number(o, "bytes_in", c->bytes_in);
	put_number(o, "bytes_out", c->bytes_out);
#define X(name, help) put_number(o, #name, f->count.name);
	FABRIC_COUNTERS(X)
#undef X
	buf_str(o, STR("}"));
}

int
put_presence(struct node *n, struct str service, struct buf *o)
{
	struct name *name = fib_name(&n->fabric.fib, FAMILY_SERVICE, service);

	if (!name)
		return -1;
	buf_fmt(o, "{\"v\":1");
	put_member(o, "node", str(n->fabric.node));
	put_member(o, "service", service);
	put_number(o, "instances", name->count);
	buf_str(o, STR("}\n"));
	return 0;
}
