/*
 * greet.c - who is there: HELLO, WELCOME, and who may come in.
 *
 * Identity comes from the credential, never from HELLO (DESIGN section 9).
 * Both sides of a refusal are told what their own operator can change.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "link/greet.h"
#include "link/uplink.h"

int
link_name(struct link *l, struct str node, struct str cluster, const char *peer)
{
	const char *p = peer ? peer : link_peer(l);
	size_t n = node.n + 1 + cluster.n + 1 + strlen(p) + 1;
	char *text = malloc(n);

	if (!text)
		return -1;
	snprintf(text, n, "%.*s%c%.*s%c%s", STR_FMT(node), 0, STR_FMT(cluster), 0, p);
	free(l->text);
	l->text = text;
	l->port.node = (struct str){ text, node.n };
	l->port.cluster = (struct str){ text + node.n + 1, cluster.n };
	l->port.address = str(text + node.n + 1 + cluster.n + 1);
	return 0;
}

int
link_say(struct link *l, uint8_t kind, uint64_t id, struct str payload)
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
	return link_say(l, kind, 0, buf_view(&b));
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

	h.cluster = str(l->port.kind == PORT_PEER ? l->links->fabric->cluster : l->links->cluster);
	h.again = l->again;
	if (l->links->key.n)
		return prove_hello(l, &h);
	h.token = str(l->links->token);
	return say_hello(l, KIND_HELLO, &h);
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
	if (l->state != LINK_UP)	/* what it would be told had no room */
		return;
	if (port_is_link(&l->port) && l->port.kind != PORT_CHILD)
		list_add(&ls->hubs, &l->stage);
	link_watch(l);
	if (is_hub_neighbour(ls->fabric, &l->port))	/* how far is it? */
		link_ping(l);
	if (ls->event)
		ls->event(ls, "link_up", l, "");
}

/* --- the side that was dialled --- */

void
link_refuse(struct link *l, enum error error, const char *theirs, const char *ours)
{
	/* the error first: lines repeat by it, whatever port the next one comes from */
	log_event(LOG_LEVEL_WARNING, "link_refused", "error", error_row(error)->name,
	    "peer", link_peer(l), "why", ours, NULL);
	link_close(l, error, theirs);
}

/* Who dialled accepts another cluster, and says so before anything else. */
static int
welcome_back(struct link *l, struct hello w)
{
	w.cluster = str(l->links->fabric->cluster);
	if (say_hello(l, KIND_WELCOME, &w) == -1) {
		link_close(l, E_overloaded, "no memory");
		return -1;
	}
	link_met(l);
	return 0;
}

void
greet_welcome_back(struct link *l)
{
	if (!link_outlives(l))
		return;
	l->greets = false;
	link_met(l);
	link_up(l);
}

void
link_welcome(struct link *l)
{
	struct links *ls = l->links;
	struct hello w = about_us(ls);
	bool stays = link_outlives(l);

	if (l->dialled && !stays)
		return;
	if (l->dialled) {
		if (link_is_foreign(l) && welcome_back(l, w) == -1)
			return;
		w = (struct hello){ .node = l->port.node, .cluster = l->port.cluster, .role = l->port.role,
		    .instance = l->instance };
		if (l->owner)
			l->owner->up(l->owner_data, &w);
		link_up(l);
		return;
	}
	w.cluster = str(ls->fabric->cluster);
	w.linked = l->rival == RIVAL_STAYS;
	w.instead = l->rival == RIVAL_GOES;
	if (l->port.kind == PORT_PEER) {	/* routes go out as it comes up: who is welcome hears them */
		if (say_hello(l, KIND_WELCOME, &w) == -1)
			link_close(l, E_overloaded, "no memory");
		else if (stays && link_is_foreign(l))
			l->greets = true;
		else if (stays)
			link_up(l);
	}
	if (!stays)
		link_close(l, E_conflict, "we are linked already, by a connection that this side opened");
	if (l->port.kind == PORT_PEER)
		return;
	/* else welcome is only who has a place: a refusal is not to look like a lost link */
	link_up(l);
	if (l->state != LINK_UP || !l->network)
		return;
	if (say_hello(l, KIND_WELCOME, &w) == -1)
		link_close(l, E_overloaded, "no memory");
	else if (l->port.kind == PORT_CHILD)
		link_say(l, KIND_END, 0, STR(""));
}

static bool
cluster_fits(struct link *l, const struct hello *h, const struct grant *g)
{
	const char *ours = l->links->fabric->cluster;
	char theirs[400], log[400];

	if (h->cluster.n && g->cluster[0] && !str_is(h->cluster, g->cluster)) {
		snprintf(theirs, sizeof theirs, "the credential belongs to cluster '%.60s', not '%.*s': "
		    "start with -C %.60s, or ask for one of your cluster", g->cluster,
		    h->cluster.n > 60 ? 60 : (int)h->cluster.n, h->cluster.p, g->cluster);
		link_refuse(l, E_cluster_isolated, theirs, theirs);
		return false;
	}
	if ((g->cluster[0] && strcmp(g->cluster, ours) != 0) ||
	    (!g->cluster[0] && h->cluster.n && !str_is(h->cluster, ours))) {
		struct str is = g->cluster[0] ? str(g->cluster) : h->cluster;

		snprintf(theirs, sizeof theirs, "this hub is of cluster '%.60s' and you are of "
		    "'%.*s': clusters share nothing unless both allow it; start with -C %.60s "
		    "and a token or key of that cluster", ours, is.n > 60 ? 60 : (int)is.n, is.p, ours);
		snprintf(log, sizeof log, "'%.*s' is of cluster '%.*s', we are of '%.60s': to admit it, "
		    "give its line in the file of tokens or keys cluster %.60s",
		    h->node.n > 60 ? 60 : (int)h->node.n, h->node.p,
		    is.n > 60 ? 60 : (int)is.n, is.p, ours, ours);
		link_refuse(l, E_cluster_isolated, theirs, log);
		return false;
	}
	return true;
}

/* Between hubs federation decides; E_NONE: the credential is good. */
static bool
hub_fits(struct link *l, const struct hello *h, const struct grant *g, enum error error, const char *why)
{
	const char *ours = l->links->fabric->cluster;
	struct str cluster = h->cluster.n ? h->cluster : str(g->cluster[0] ? g->cluster : ours);
	bool keys = l->links->auth && !l->port.admin;

	l->instance = h->instance;
	l->proven = error == E_NONE && (keys ? str_is(cluster, g->cluster) : l->port.admin);
	if (error == E_NONE && !l->proven)
		why = "its credential is of another cluster";
	if (!link_meets(l, h->node, cluster, keys, error == E_NONE ? E_denied : error, why))
		return false;
	if (error != E_NONE) {
		link_refuse(l, error, why, why);
		return false;
	}
	if (link_name(l, h->node, cluster, NULL) == 0)
		return true;
	link_refuse(l, E_overloaded, "no memory", "no memory");
	return false;
}

/* May this one take the place of a link with the same node id that is up? */
static bool
make_way(struct link *l, const struct hello *h)
{
	struct link *old = links_find(l->links, h->node, l);

	if (str_is(h->node, l->links->fabric->node) && h->instance == l->links->instance) {
		link_refuse(l, E_node_id_in_use, "this URL leads from the node to itself: take it off "
		    "--uplink or --peer", "a URL of --uplink or --peer leads to this node itself");
		return false;
	}
	if (str_is(h->node, l->links->fabric->node)) {
		link_refuse(l, E_node_id_in_use, "this is the hub's own node id: start with another -i",
		    "it came with our own node id");
		return false;
	}
	if (uplinks_paused(l->links, h->node)) {
		link_refuse(l, E_busy, "the link is paused by hand at the other side",
		    "the link to this node is paused (fedx-probe link resume)");
		return false;
	}
	if (!old)
		return true;
	if (old->instance != h->instance && (!l->exact || (old->dialled && h->role != ROLE_HUB))) {
		link_refuse(l, E_node_id_in_use, "a node with this id is connected: start with another "
		    "-i, or use a token or a key that names exactly this node",
		    "a second node with an id that is connected");
		return false;
	}
	if (old->dialled && old->instance == h->instance)
		return true;	/* rival.c decides, once it has been admitted */
	l->rival = RIVAL_GOES;
	link_give_way(old, E_node_id_in_use, "replaced by a newer connection of this node id");
	return true;
}

/* It has shown a credential, or none. */
static void
come_in(struct link *l, const struct hello *h)
{
	struct links *ls = l->links;
	bool hubs = h->role == ROLE_HUB && ls->fabric->role == ROLE_HUB;
	bool guest = l->may_be_guest && h->role == ROLE_CLIENT && l->credential.kind == CREDENTIAL_NONE &&
	    !link_certificate(l);
	struct grant g = { .role = ROLE_NONE };
	const char *why = "";
	struct err e;
	enum error error;

	if (l->must_prove && !ls->auth && !guest) {
		link_refuse(l, E_unauthenticated, "this hub knows no credentials, and wants one",
		    "its listener wants a credential, and there is no token file");
		return;
	}
	if (l->port.admin)
		l->credential.kind = CREDENTIAL_USER;
	link_review(l, &e);
	error = guest ? E_NONE : link_check_credential(l, h->role, h->node, &g, &why);
	if (error != E_NONE && (!hubs || link_is_blocked(l))) {
		link_refuse(l, error, why, why);
		return;
	}
	l->port.guest = guest;
	l->exact = g.exact;
	if (hubs ? !hub_fits(l, h, &g, error, why) : !cluster_fits(l, h, &g))
		return;
	if (h->role != ROLE_CLIENT && !make_way(l, h))
		return;
	l->port.kind = h->role == ROLE_CLIENT ? PORT_CLIENT : hubs ? PORT_PEER : PORT_CHILD;
	l->again = h->again;
	l->port.role = h->role;
	l->instance = h->instance;
	if (!hubs && link_name(l, h->node, str(ls->fabric->cluster), NULL) == -1) {
		link_refuse(l, E_overloaded, "no memory", "no memory");
		return;
	}
	if (l->network)
		l->port.admin = false;	/* a node of this host is a link like any other */
	if (gate_confine(ls->fabric, &l->port, g.scopes) == -1)
		link_refuse(l, E_overloaded, "no memory", "no memory");
	else
		link_join(l);
}

void
greet_hello(struct link *l, const struct envelope *e)
{
	struct hello h;
	struct err err = { .status = 0 };

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
	if (l->proving) {
		link_refuse(l, E_malformed, "HELLO came twice", "HELLO came twice");
	} else if (h.key_id.n) {
		prove_challenge(l, e->payload, &h);
	} else {
		token_credential(h.token, &l->credential);
		come_in(l, &h);
	}
}

void
greet_proven(struct link *l, struct str body, const struct credential *is)
{
	struct hello h;
	struct err err;

	if (hello_get(body, &h, &err) == -1)
		abort();	/* it was read before */
	l->credential = *is;
	come_in(l, &h);
}

/*
 * On the bus a script may say HELLO to learn where it is.  A node of this
 * host (--uplink unix:PATH) says it to become a link; its credential is our
 * own uid, and from here on it is a link like any other.
 */
void
greet_bus_hello(struct link *l, const struct envelope *e)
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
		timer_set(&ls->fabric->wheel, &l->timer, ls->fabric->now, ls->set.handshake_ms);
		greet_hello(l, e);
	}
}
