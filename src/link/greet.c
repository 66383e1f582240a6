/*
 * greet.c - who is there: HELLO and WELCOME, and what else concerns one link.
 *
 * Identity comes from the credential, never from HELLO (DESIGN section 9).
 * Both sides of a refusal are told what their own operator can change.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "link/greet.h"

enum { COME_BACK_MAX = 3600 * 1000 };	/* ms; who asks for more is not believed */

int
link_name(struct link *l, struct str node, struct str cluster, const char *peer)
{
	const char *p = peer ? peer : l->peer;
	size_t n = node.n + 1 + cluster.n + 1 + strlen(p) + 1;
	char *text = malloc(n);

	if (!text)
		return -1;
	snprintf(text, n, "%.*s%c%.*s%c%s", STR_FMT(node), 0, STR_FMT(cluster), 0, p);
	free(l->text);
	l->text = text;
	l->cluster = text + node.n + 1;
	l->peer = l->cluster + cluster.n + 1;
	l->port.node = (struct str){ text, node.n };
	l->port.cluster = (struct str){ l->cluster, cluster.n };
	return 0;
}

static int
say(struct link *l, uint8_t kind, uint64_t id, struct str payload)
{
	struct envelope e = { .kind = kind, .hops = 1, .id = id, .payload = payload };

	return l->port.ops->send(&l->port, &e, STR(""));
}

static int
say_hello(struct link *l, uint8_t kind, const struct hello *h)
{
	uint8_t room[HELLO_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	if (hello_put(&b, h) == -1)
		return -1;
	return say(l, kind, 0, buf_view(&b));
}

static struct hello
about_us(struct links *ls)
{
	return (struct hello){ .node = str(ls->fabric->node), .role = ls->fabric->role,
	    .version_min = 1, .version_max = 1, .capabilities = STR("parts credit trace digest"),
	    .instance = ls->instance, .agent = str(ls->agent) };
}

int
link_hello(struct link *l)
{
	struct hello h = about_us(l->links);

	h.cluster = str(l->links->cluster);
	h.token = str(l->links->token);
	return say_hello(l, KIND_HELLO, &h);
}

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
	say(l, KIND_PING, 0, (struct str){ (const char *)stamp, sizeof stamp });
}

void
link_up(struct link *l)
{
	struct links *ls = l->links;

	if (l->state != LINK_GREETING)
		return;
	l->state = LINK_UP;
	link_greeted(l);
	l->since = ls->fabric->now;
	if (l->port.kind == PORT_CLIENT)
		l->port.role = ROLE_CLIENT;
	if (fabric_port_up(ls->fabric, &l->port) == -1) {
		link_close(l, E_node_id_in_use, "a node with this id is connected elsewhere");
		return;
	}
	ls->count[l->port.role]++;
	link_watch(l);
	if (ls->event)
		ls->event(ls, "link_up", l, "");
}

/* --- the side that was dialled --- */

void
link_refuse(struct link *l, enum error error, const char *theirs, const char *ours)
{
	/* the error first: lines repeat by it, whatever port the next one comes from */
	log_event(LOG_LEVEL_WARNING, "link_refused", "error", error_row(error)->name,
	    "peer", l->peer, "why", ours, NULL);
	link_close(l, error, theirs);
}

void
link_welcome(struct link *l)
{
	struct links *ls = l->links;
	struct hello w = about_us(ls);

	if (l->dialled) {
		w = (struct hello){ .node = l->port.node, .cluster = str(l->cluster), .role = l->port.role,
		    .instance = l->instance };
		if (l->owner)
			l->owner->up(l->owner_data, &w);
		link_up(l);
		return;
	}
	/* welcome is only who has a place: else the other side takes a refusal for a lost link */
	link_up(l);
	if (l->state != LINK_UP || !l->network)
		return;
	w.cluster = str(ls->fabric->cluster);
	if (say_hello(l, KIND_WELCOME, &w) == -1)
		link_close(l, E_overloaded, "no memory");
	else if (l->port.kind == PORT_CHILD)
		say(l, KIND_END, 0, STR(""));
}

static struct link *
same_node(struct links *ls, struct str node, const struct link *but)
{
	list_each(n, &ls->all) {
		struct link *l = list_of(n, struct link, place);

		if (l != but && l->state == LINK_UP && l->port.kind == PORT_CHILD &&
		    str_eq(l->port.node, node))
			return l;
	}
	return NULL;
}

static bool
cluster_fits(struct link *l, const struct hello *h, const struct grant *g)
{
	const char *ours = l->links->fabric->cluster;
	char theirs[400], log[400];

	if (h->cluster.n && g->cluster[0] && !str_is(h->cluster, g->cluster)) {
		snprintf(theirs, sizeof theirs, "the token belongs to cluster '%.60s', not '%.*s': "
		    "start with -C %.60s, or ask for a token of your cluster", g->cluster,
		    h->cluster.n > 60 ? 60 : (int)h->cluster.n, h->cluster.p, g->cluster);
		link_refuse(l, E_cluster_isolated, theirs, theirs);
		return false;
	}
	if ((g->cluster[0] && strcmp(g->cluster, ours) != 0) ||
	    (!g->cluster[0] && h->cluster.n && !str_is(h->cluster, ours))) {
		struct str is = g->cluster[0] ? str(g->cluster) : h->cluster;

		snprintf(theirs, sizeof theirs, "this hub is of cluster '%.60s' and you are of "
		    "'%.*s': clusters share nothing unless both allow it; start with -C %.60s "
		    "and a token of that cluster", ours, is.n > 60 ? 60 : (int)is.n, is.p, ours);
		snprintf(log, sizeof log, "'%.*s' is of cluster '%.*s', we are of '%.60s': to admit it, "
		    "give its line in the token file cluster %.60s",
		    h->node.n > 60 ? 60 : (int)h->node.n, h->node.p,
		    is.n > 60 ? 60 : (int)is.n, is.p, ours, ours);
		link_refuse(l, E_cluster_isolated, theirs, log);
		return false;
	}
	return true;
}

/* May this one take the place of a link with the same node id that is up? */
static bool
make_way(struct link *l, const struct hello *h)
{
	struct link *old = same_node(l->links, h->node, l);

	if (str_is(h->node, l->links->fabric->node)) {
		link_refuse(l, E_node_id_in_use, "this is the hub's own node id: start with another -i",
		    "it came with our own node id");
		return false;
	}
	if (!old)
		return true;
	if (!l->exact && old->instance != h->instance) {
		link_refuse(l, E_node_id_in_use, "a node with this id is connected: start with another "
		    "-i, or use a token that names exactly this node",
		    "a second node with an id that is connected");
		return false;
	}
	link_close(old, E_node_id_in_use, "replaced by a newer connection of this node id");
	links_reap(l->links);
	return true;
}

static void
on_hello(struct link *l, const struct envelope *e)
{
	struct links *ls = l->links;
	struct hello h;
	struct err err = { .status = 0 };
	struct grant g = { .role = ROLE_NONE };
	const char *why = "";
	enum error error;

	if (e->payload.n > HELLO_MAX) {
		link_refuse(l, E_too_large, "HELLO is over 4096 bytes", "HELLO is over 4096 bytes");
		return;
	}
	if (hello_get(e->payload, &h, &err) == -1) {
		link_refuse(l, E_malformed, err.text, err.text);
		return;
	}
	if (h.role != ROLE_CLIENT && h.node.n == 0) {
		link_refuse(l, E_malformed, "a node must say its id", "it did not say its node id");
		return;
	}
	if (h.version_min > 1 || h.version_max < 1) {
		link_refuse(l, E_unsupported, "this hub speaks version 1 of the protocol only",
		    "it does not speak version 1 of the protocol");
		return;
	}
	if (ls->auth && !l->port.admin && (error = auth_check(ls->auth, h.token, h.role, h.node,
	    wall_now(), &g, &why)) != E_NONE) {
		link_refuse(l, error, why, why);
		return;
	}
	l->exact = g.exact;
	memcpy(l->token_hash, g.hash, sizeof l->token_hash);
	if (!cluster_fits(l, &h, &g))
		return;
	if (h.role != ROLE_CLIENT && !make_way(l, &h))
		return;
	l->port.kind = h.role == ROLE_CLIENT ? PORT_CLIENT : PORT_CHILD;
	l->port.role = h.role;
	l->instance = h.instance;
	if (link_name(l, h.node, str(ls->fabric->cluster), NULL) == -1) {
		link_refuse(l, E_overloaded, "no memory", "no memory");
		return;
	}
	if (l->network)
		l->port.admin = false;	/* a node of this host is a link like any other */
	link_join(l);
}

/*
 * On the bus a script may say HELLO to learn where it is.  A node of this
 * host (--uplink unix:PATH) says it to become a link; its credential is our
 * own uid, and from here on it is a link like any other.
 */
static void
on_bus_hello(struct link *l, const struct envelope *e)
{
	struct links *ls = l->links;
	struct hello h, w = about_us(ls);
	struct err err = { .status = 0 };

	if (l->session || hello_get(e->payload, &h, &err) == -1 ||
	    (h.role != ROLE_LEAF && h.role != ROLE_HUB)) {
		w.cluster = str(ls->fabric->cluster);
		say_hello(l, KIND_WELCOME, &w);
	} else if (!l->port.admin) {
		link_refuse(l, E_denied, "only the owner of this node may link a node to its socket",
		    "a node of another user came over the bus");
	} else {
		fabric_port_down(ls->fabric, &l->port, E_link_down);
		ls->count[l->port.role]--;
		l->state = LINK_GREETING;
		l->network = true;
		on_hello(l, e);
	}
}

/* The list of who may join is another one now: who is not on it goes. */
uint32_t
links_check_grants(struct links *ls, uint32_t *checked)
{
	uint32_t closed = 0;
	struct grant g;
	const char *why = "";
	enum error error;

	*checked = 0;
	if (!ls->auth)
		return 0;
	list_each(n, &ls->all) {
		struct link *l = list_of(n, struct link, place);

		if (!l->network || l->state != LINK_UP)
			continue;
		++*checked;
		error = auth_check_again(ls->auth, l->token_hash, l->port.role, l->port.node,
		    wall_now(), &g, &why);
		if (error == E_NONE && strcmp(g.cluster, ls->fabric->cluster) != 0)
			error = E_cluster_isolated, why = "the token belongs to another cluster now";
		if (error == E_NONE)
			l->exact = g.exact;
		else
			closed++, link_refuse(l, error, why, why);
	}
	return closed;
}

/* --- the side that dialled --- */

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
	if (l->links->cluster[0] && !str_is(w.cluster, l->links->cluster)) {
		link_close(l, E_cluster_isolated, "the hub is of another cluster than ours (-C)");
		return;
	}
	if (link_name(l, w.node, w.cluster, NULL) == -1) {
		link_close(l, E_overloaded, "no memory");
		return;
	}
	l->port.role = w.role;
	l->instance = w.instance;
	link_join(l);
}

static void
on_error(struct link *l, const struct envelope *e)
{
	unsigned error;
	enum fate fate;
	char text[200];

	meta_error_get(e->meta, &error, &fate);
	snprintf(text, sizeof text, "%.*s", e->payload.n > 180 ? 180 : (int)e->payload.n,
	    e->payload.p ? e->payload.p : "");
	if (l->state == LINK_UP) {	/* it refused something that we said */
		log_event(LOG_LEVEL_WARNING, "peer_error", "peer", l->peer, "error",
		    error_row(error)->name, "why", text, NULL);
		return;
	}
	l->told = true;
	link_close(l, error < E_COUNT && error ? (enum error)error : E_unsupported, text);
}

static void
on_goodbye(struct link *l, const struct envelope *e)
{
	l->told = true;
	if (tlv_u32(e->payload, &l->come_back_ms) == -1)
		l->come_back_ms = l->links->set.come_back_ms;
	if (l->come_back_ms > COME_BACK_MAX)
		l->come_back_ms = COME_BACK_MAX;
	link_close(l, E_shutting_down, "the other side is going away");
}

void
link_goodbye(struct link *l)
{
	uint32_t ms = l->links->set.come_back_ms;
	char be[4] = { (char)(ms >> 24), (char)(ms >> 16), (char)(ms >> 8), (char)ms };

	if (l->state != LINK_DYING && !l->session && (l->network || l->dialled))
		say(l, KIND_GOODBYE, 0, (struct str){ be, sizeof be });
	if (l->state != LINK_DYING && l->session)
		link_tell_closing(l, E_shutting_down, "this node is going away");
	l->told = true;
	link_close(l, E_shutting_down, "this node is going away");
}

static void
on_pong(struct link *l, const struct envelope *e)
{
	if (e->payload.n == 8)
		l->rtt_us = (uint32_t)mono_us_since((struct mono){
		    be_u64((const uint8_t *)e->payload.p) }, l->links->fabric->now);
}

static void
greeting(struct link *l, const struct envelope *e)
{
	if (e->kind == KIND_HELLO && !l->dialled)
		on_hello(l, e);
	else if (e->kind == KIND_WELCOME && l->dialled)
		on_welcome(l, e);
	else if (e->kind == KIND_ERROR)
		on_error(l, e);
	else if (e->kind == KIND_GOODBYE)
		on_goodbye(l, e);
	else
		link_close(l, E_unauthenticated, l->dialled ?
		    "the other side did not answer HELLO with WELCOME: is it a fedx hub?" :
		    "say HELLO first");
}

void
link_hear(struct link *l, const struct envelope *e)
{
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
		say(l, KIND_PONG, e->id, e->payload.n <= 64 ? e->payload : STR(""));
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
			on_bus_hello(l, e);
		else
			link_close(l, E_malformed, "HELLO came twice");
		break;
	case KIND_WELCOME:
		link_close(l, E_malformed, "WELCOME came twice");
		break;
	default:
		fabric_receive(l->links->fabric, &l->port, e);
	}
}
