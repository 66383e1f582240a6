/* hear.c - one envelope came in: WELCOME, the other kinds that concern one link, and what the fabric wants. */
#include <stdio.h>

#include "base/log.h"
#include "link/greet.h"
#include "link/meet.h"
#include "link/uplink.h"
#include "net/peer.h"
#include "net/tls.h"

enum { COME_BACK_MAX = 3600 * 1000 };	/* ms; who asks for more is not believed */

void
link_ping(struct link *l)
{
	uint8_t stamp[8];

	if (l->ws && l->session) {
		ws_ping(l->ws);
		return;
	}
	if (l->session)
		return;
	be_put_u64(stamp, l->links->fabric->now.us);
	link_say(l, KIND_PING, 0, (struct str){ (const char *)stamp, sizeof stamp });
}

/*
 * Who was dialled shows a certificate or has our key, which proves the cluster
 * that the URL says, or ours; or it is of our own user.
 */
static bool
is_proven_hub(const struct link *l, struct str said, struct str cluster)
{
	const struct tls *t = conn_tls(l->conn);

	if (!t && peer_is_us(conn_fd(l->conn)))
		return true;
	return (l->vouched || (t && tls_peer(t) && tls_peer(t)->vouched)) &&
	    str_eq(cluster, said.n ? said : str(l->links->fabric->cluster));
}

/* Is the hub of a cluster that we want, and may it say so?  If not, the link is closed. */
static bool
hub_fits(struct link *l, const struct hello *w)
{
	struct links *ls = l->links;
	struct str said = l->owner ? l->owner->cluster(l->owner_data) : STR("");
	char why[200];

	if (said.n && !str_eq(said, w->cluster)) {
		snprintf(why, sizeof why, "the hub is of cluster '%.*s', and behind the # of its URL is "
		    "another one", w->cluster.n > 60 ? 60 : (int)w->cluster.n, w->cluster.p);
		link_close(l, E_cluster_isolated, why);
		return false;
	}
	if (ls->fabric->role == ROLE_HUB && (ls->cluster[0] || l->port.kind == PORT_PEER)) {
		l->proven = is_proven_hub(l, said, w->cluster);
		return link_meets(l, w->node, w->cluster, ls->auth != NULL, E_NONE, "");
	}
	if (ls->cluster[0] && !str_is(w->cluster, ls->cluster)) {
		link_close(l, E_cluster_isolated, "the hub is of another cluster than ours (-C)");
		return false;
	}
	return true;
}

static void
on_welcome(struct link *l, const struct envelope *e)
{
	struct hello w;
	struct err err = { .status = 0 };

	if (hello_get(e->payload, &w, &err) == -1) {
		link_close(l, E_malformed, err.text);
		return;
	}
	if (w.version_min > 1 || w.version_max < 1) {
		link_close(l, E_unsupported, "the hub does not speak version 1 of the protocol");
		return;
	}
	if (w.role != ROLE_HUB || w.node.n == 0) {
		link_close(l, E_unsupported, "who welcomes us is no hub with a node id");
		return;
	}
	if (str_is(w.node, l->links->fabric->node)) {
		link_close(l, E_node_id_in_use, "the hub has our own node id: start with another -i");
		return;
	}
	if (link_review(l, &err) == -1) {
		link_close(l, E_unauthenticated, err.text);
		return;
	}
	if (link_is_blocked(l)) {
		link_close(l, E_unauthenticated, "the hub's certificate is blocked here (blocked_file)");
		return;
	}
	if (!prove_welcomed(l, &w))
		return;
	l->instance = w.instance;
	if (!hub_fits(l, &w))
		return;
	if (link_name(l, w.node, w.cluster, NULL) == -1) {
		link_close(l, E_overloaded, "no memory");
		return;
	}
	if (w.linked) {
		l->told = true;
		link_close(l, E_conflict, "the nodes are linked by a connection that the other one opened");
		return;
	}
	l->rival = w.instead ? RIVAL_GOES : RIVAL_NONE;
	l->port.role = w.role;
	link_join(l);
}

static void
on_error(struct link *l, const struct envelope *e)
{
	unsigned error;
	enum fate fate;
	char text[200];

	meta_error_get(e->meta, &error, &fate);
	if (error >= E_COUNT || error == E_NONE)
		error = E_unsupported;
	if (e->id == 0 && (l->dialled || l->greets || link_is_foreign(l)) &&
	    (l->state != LINK_UP || error == E_cluster_isolated) &&
	    link_refused_there(l, (enum error)error, e->payload))
		return;
	snprintf(text, sizeof text, "%.*s", e->payload.n > 180 ? 180 : (int)e->payload.n,
	    e->payload.p ? e->payload.p : "");
	if (l->state == LINK_UP) {	/* it refused something that we said */
		log_event(LOG_LEVEL_WARNING, "peer_error", "peer", link_peer(l), "error",
		    error_row(error)->name, "why", text, NULL);
		return;
	}
	l->told = true;
	link_close(l, (enum error)error, text);
}

static void
on_goodbye(struct link *l, const struct envelope *e)
{
	uint32_t ms;

	link_departs(l);
	l->told = true;
	l->untaken = e->flags & FLAG_LAST;
	if (tlv_u32(e->payload, &ms) == -1)
		ms = l->links->set.come_back_ms;
	if (l->owner)
		l->owner->goodbye(l->owner_data, ms < COME_BACK_MAX ? ms : COME_BACK_MAX, e->subject);
	link_close(l, E_shutting_down, "the other side is going away");
}

/* Each who is sent away gets a time of its own, so that they do not come back at once. */
static uint32_t
come_back_ms(struct links *ls)
{
	uint64_t ms = ls->set.come_back_ms + (uint64_t)ls->sent_away++ * 1000 / ls->set.come_back_rate;

	return ms < COME_BACK_MAX ? (uint32_t)ms : COME_BACK_MAX;
}

static void
say_goodbye(struct link *l)
{
	struct links *ls = l->links;
	uint32_t ms = come_back_ms(ls);
	char be[4] = { (char)(ms >> 24), (char)(ms >> 16), (char)(ms >> 8), (char)ms };
	struct envelope e = { .kind = KIND_GOODBYE, .hops = 1, .payload = { be, sizeof be },
	    .subject = ls->set.elsewhere ? str(ls->set.elsewhere) : STR("") };

	if (l->port.opened_count == 0)	/* and nothing more is taken after this */
		e.flags = FLAG_LAST;
	l->port.ops->send(&l->port, &e, STR(""));
}

void
link_goodbye(struct link *l)
{
	if (l->state != LINK_DYING && !l->session && (l->network || l->dialled))
		say_goodbye(l);
	if (l->state != LINK_DYING && l->session)
		link_tell_closing(l, E_shutting_down, "this node is going away");
	l->told = true;
	link_close(l, E_shutting_down, "this node is going away");
}

static void
on_pong(struct link *l, const struct envelope *e)
{
	struct fabric *f = l->links->fabric;
	uint32_t before = l->rtt_us;

	if (e->payload.n != 8)
		return;
	l->rtt_us = (uint32_t)mono_us_since((struct mono){ be_u64((const uint8_t *)e->payload.p) }, f->now);
	/* the less of two: a turn of the loop may have been long, but no way is short by chance */
	route_latency(f, &l->port, (before && before < l->rtt_us ? before : l->rtt_us) / 2);
}

static void
greeting(struct link *l, const struct envelope *e)
{
	if (e->kind == KIND_HELLO && !l->dialled && !l->greets)
		greet_hello(l, e);
	else if (e->kind == KIND_WELCOME && l->dialled)
		on_welcome(l, e);
	else if (e->kind == KIND_WELCOME && l->greets)
		greet_welcome_back(l);
	else if (e->kind == KIND_CHALLENGE || e->kind == KIND_PROVE)
		prove_hear(l, e);
	else if (e->kind == KIND_ERROR && l->proving && !l->dialled)
		prove_given_up(l);
	else if (e->kind == KIND_ERROR)
		on_error(l, e);
	else if (e->kind == KIND_GOODBYE && (l->dialled || l->greets))
		on_goodbye(l, e);
	else if (l->dialled)
		link_close(l, E_unauthenticated,
		    "the other side did not answer HELLO with WELCOME: is it a fedx hub?");
	else
		link_unadmitted(l, kind_name(e->kind));
}

static void
refuse_new(struct link *l, const struct envelope *e)
{
	if (e->id)
		port_error(l->links->fabric, &l->port, e->id, KIND_REPLY, E_shutting_down,
		    FATE_NOT_DELIVERED, STR("the link is being drained"));
}

void
link_hear(struct link *l, const struct envelope *e)
{
	if (l->state == LINK_DYING)
		return;
	if (l->state == LINK_GREETING) {
		greeting(l, e);
		return;
	}
	if (l->state == LINK_ADMITTING && e->kind != KIND_ERROR && e->kind != KIND_GOODBYE) {
		link_hold(l, e);
		return;
	}
	switch (e->kind) {
	case KIND_PING:
		link_say(l, KIND_PONG, e->id, e->payload.n <= 64 ? e->payload : STR(""));
		break;
	case KIND_PONG:
		on_pong(l, e);
		break;
	case KIND_ERROR:
		on_error(l, e);
		break;
	case KIND_GOODBYE:
		if (l->port.kind != PORT_CLIENT)
			on_goodbye(l, e);
		break;
	case KIND_HELLO:
		if (!l->network && l->port.kind == PORT_CLIENT)
			greet_bus_hello(l, e);
		else
			link_close(l, E_malformed, "HELLO came twice");
		break;
	case KIND_WELCOME:
		link_close(l, E_malformed, "WELCOME came twice");
		break;
	default:
		if (l->port.draining && kind_class(e->kind) == CLASS_OPEN)
			refuse_new(l, e);
		else
			fabric_receive(l->links->fabric, &l->port, e);
	}
}
