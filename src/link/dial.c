/* dial.c - how an uplink dials, greets, waits and comes back. */
#include <stdio.h>

#include "base/rand.h"
#include "link/greet.h"
#include "link/uplink.h"
#include "wire/wshake.h"

enum { EXIT_DENIED = 77, SENT_AWAY_MAX = 4 };

struct link *
uplink_linked(const struct uplink *u)
{
	return u->link && u->link->state == LINK_UP ? u->link : !u->node[0] ? NULL :
	    links_find(u->links, str(u->node), u->link);
}

/*
 * Is another link with its node as good?  A hub's uplink is its way to all that
 * it does not know: only the uplink of the other side does instead of it.
 */
static bool
is_served(const struct uplink *u)
{
	const struct link *l = uplink_linked(u);

	return l && (u->peer || (!l->dialled && l->again));
}

/* It would dial, and needs not: the other side has. */
static bool
is_spared(const struct uplink *u)
{
	bool idle = u->state == UPLINK_BACKOFF || u->state == UPLINK_REFUSED ||
	    u->state == UPLINK_PAUSED || u->state == UPLINK_STANDBY;

	return idle && is_served(u);
}

static void
on_timer(struct wheel *w, struct timer *t)
{
	struct uplink *u = list_of(t, struct uplink, timer);

	(void)w;
	/* the other side held on to a link that had ended here: the next HELLO says so */
	u->again |= u->state == UPLINK_STANDBY && !is_served(u);
	uplink_step(u, is_spared(u) ? ON_UPLINK_RIVAL : ON_UPLINK_TIMEOUT);
}

void
uplink_retry(struct uplink *u)
{
	struct link *l = uplink_linked(u);

	u->drains = false;
	if (u->state == UPLINK_PAUSED)
		u->why[0] = '\0';
	if (l)
		route_drain(l->links->fabric, &l->port, false);
	uplink_step(u, is_spared(u) ? ON_UPLINK_RIVAL : ON_UPLINK_RETRY);
}

void
uplink_drain(struct uplink *u)
{
	struct link *l = uplink_linked(u);

	u->drains = true;
	if (l)
		route_drain(l->links->fabric, &l->port, true);
}

void
uplinks_turn(struct links *ls)
{
	list_each(n, &ls->uplinks) {
		struct uplink *u = list_of(n, struct uplink, place);
		struct link *l = u->drains ? uplink_linked(u) : NULL;

		if (!u->drains || (l && l->port.opened_count + l->port.serving_count))
			continue;
		u->drains = false;
		uplink_step(u, ON_UPLINK_PAUSE);
	}
}

void
uplinks_lost(struct links *ls, struct str node)
{
	list_each(n, &ls->uplinks) {
		struct uplink *u = list_of(n, struct uplink, place);

		if (u->state != UPLINK_STANDBY || timer_is_set(&u->timer) || !str_is(node, u->node) ||
		    is_served(u))
			continue;
		snprintf(u->why, sizeof u->why, "the link that the other side opened is lost");
		uplink_step(u, ON_UPLINK_LOST);
	}
}

bool
uplinks_paused(struct links *ls, struct str node)
{
	list_each(n, &ls->uplinks) {
		struct uplink *u = list_of(n, struct uplink, place);

		if (u->state == UPLINK_PAUSED && str_is(node, u->node))
			return true;
	}
	return false;
}

void
uplink_init(struct uplink *u, struct links *ls)
{
	*u = (struct uplink){ .links = ls };
	list_add(&ls->uplinks, &u->place);
	timer_init(&u->timer, on_timer);
}

uint32_t
uplink_wait_ms(const struct uplink *u, bool refused, uint32_t random)
{
	const struct link_settings *s = &u->links->set;
	uint32_t most = refused ? s->refused_max_ms : s->backoff_max_ms;
	uint32_t times = refused ? u->refusals : u->failures;
	uint64_t span = refused ? s->refused_ms : s->backoff_ms;
	bool calm = refused || u->come_back_ms;

	if (!refused && span < u->come_back_ms)
		span = u->come_back_ms;
	for (uint32_t i = 1; i < times && span < most; i++)
		span *= 2;
	if (span > most)
		span = most;
	/* who refuses or has left does not do so by accident: at least half of its time */
	return (uint32_t)(calm ? span / 2 + random % (span / 2 + 1) : random % (span + 1));
}

static uint32_t
random32(void)
{
	uint32_t r;

	rand_bytes(&r, sizeof r);
	return r;
}

static void
wait_for(struct uplink *u, uint32_t ms)
{
	size_t n = strlen(u->why);

	timer_set(&u->links->fabric->wheel, &u->timer, u->links->fabric->now, ms);
	u->url = u->elsewhere ? u->elsewhere - 1 : (u->url + 1) % u->url_count;
	u->elsewhere = 0;
	snprintf(u->why + n, sizeof u->why - n, "; next dial in %u.%us", ms / 1000, ms % 1000 / 100);
}

void
uplink_wait(struct uplink *u)
{
	uint32_t ms;

	u->failures++;
	ms = uplink_wait_ms(u, false, random32());
	if (u->come_back_ms && u->url_count > 1) {	/* to another one by then */
		ms = random32() % (u->come_back_ms + 1);
		u->come_back_ms = 0;
	} else if (u->come_back_ms && u->failures == 1) {
		ms = u->come_back_ms;	/* to itself when it says so */
	}
	wait_for(u, ms);
}

void
uplink_wait_long(struct uplink *u)
{
	u->refusals++;
	wait_for(u, uplink_wait_ms(u, true, random32()));
}

void
uplink_wait_short(struct uplink *u)
{
	wait_for(u, random32() % (u->links->set.backoff_ms + 1));
}

void
uplink_report_up(struct uplink *u)
{
	u->why[0] = '\0';
	u->refusals = u->come_back_ms = 0;
	u->elsewhere = 0;
	u->again = false;
}

static void
let_go(struct uplink *u)
{
	timer_drop(&u->links->fabric->wheel, &u->timer);
	dial_close(u->dial);
	conn_close(u->conn);
	u->dial = NULL;
	u->conn = NULL;
}

void
uplink_give_up(struct uplink *u)
{
	if (u->conn)
		snprintf(u->why, sizeof u->why, "no answer to the WebSocket handshake in time");
	let_go(u);
	uplink_wait(u);
}

void
uplink_stand_by(struct uplink *u)
{
	let_go(u);
	if (is_served(u)) {
		u->failures = u->refusals = u->come_back_ms = 0;
		snprintf(u->why, sizeof u->why, "linked by a connection that the other side opened");
		return;
	}
	/* it is about to come up, or is dead and the other side does not know */
	u->failures++;
	snprintf(u->why, sizeof u->why, "the other side keeps another connection");
	wait_for(u, uplink_wait_ms(u, false, random32()));
}

static void
remember_node(struct uplink *u)
{
	if (u->link && u->link->port.node.n)
		str_c(u->link->port.node, u->node, sizeof u->node);
}

void
uplink_hang_up(struct uplink *u)
{
	struct link *theirs = u->node[0] ? links_find(u->links, str(u->node), u->link) : NULL;

	let_go(u);
	u->drains = false;
	if (theirs)
		link_close(theirs, E_busy, "the link is paused by hand at the other side");
	remember_node(u);
	if (u->link) {	/* it may be resumed before this one is down */
		u->link->owner = NULL;
		link_close(u->link, E_NONE, "paused");
		u->link = NULL;
	}
	snprintf(u->why, sizeof u->why, "paused by hand");
}

void
uplink_stop(struct uplink *u)
{
	let_go(u);
	list_del(&u->place);
	if (u->link) {
		u->link->owner = NULL;
		link_goodbye(u->link);
		u->link = NULL;
	}
}

void
uplink_start(struct uplink *u)
{
	uplink_step(u, ON_UPLINK_START);
}

static void
lost(struct uplink *u, const char *why)
{
	snprintf(u->why, sizeof u->why, "%.180s", why);
	uplink_step(u, ON_UPLINK_LOST);
}

static void
on_up(void *owner, const struct hello *w)
{
	struct uplink *u = owner;

	str_c(w->node, u->node, sizeof u->node);
	uplink_step(u, ON_UPLINK_WELCOME);
	if (u->welcomed)
		u->welcomed(u->owner, w);
}

/* Only what the other side decided about us waits long; accidents do not. */
static bool
is_refusal(enum error error)
{
	return error == E_denied || error == E_unauthenticated || error == E_scope ||
	    error == E_cluster_isolated || error == E_unsupported || error == E_node_id_in_use;
}

static bool
was_steady(const struct uplink *u)
{
	const struct links *ls = u->links;

	return u->state == UPLINK_UP && mono_us_since(u->since, ls->fabric->now) / 1000 >= ls->set.steady_ms;
}

/* Only a hub of our own list is believed: our credential is for those. */
static void
on_goodbye(void *owner, uint32_t come_back_ms, struct str elsewhere)
{
	struct uplink *u = owner;
	uint32_t least = u->links->set.backoff_ms;

	/* who sends us away each time sets no pace of its own; upgrades do so once or twice */
	u->sent_away = was_steady(u) ? 0 : u->sent_away < SENT_AWAY_MAX ? u->sent_away + 1 : SENT_AWAY_MAX;
	u->come_back_ms = u->sent_away == SENT_AWAY_MAX && come_back_ms && come_back_ms < least ?
	    least : come_back_ms;
	if (come_back_ms)	/* else it may leave at once each time */
		u->failures = 0;
	for (size_t i = 0; i < u->url_count; i++)
		if (i != u->url && str_is(elsewhere, u->urls[i]))
			u->elsewhere = i + 1;
}

static void
on_down(void *owner, enum error error, const char *why)
{
	struct uplink *u = owner;

	if (was_steady(u))
		u->failures = 0;
	remember_node(u);
	u->link = NULL;
	snprintf(u->why, sizeof u->why, "%.180s", why);
	if (is_refusal(error) && u->refused)
		u->refused(u->owner, u->why);
	uplink_step(u, u->node[0] && (error == E_conflict || (u->peer && uplink_linked(u))) ?
	    ON_UPLINK_RIVAL : is_refusal(error) ? ON_UPLINK_REFUSAL : ON_UPLINK_LOST);
}

static struct str
said_cluster(void *owner)
{
	const struct uplink *u = owner;
	struct url url;
	struct err e = { .status = 0 };

	url_parse(str(u->urls[u->url]), &url, &e);
	return url.cluster;
}

static void
greet(struct uplink *u, struct conn *c, bool ws)
{
	static const struct link_owner link_owner = { on_up, on_goodbye, on_down, said_cluster };
	struct err e = { .status = 0 };

	u->link = link_dial(u->links, c, u->address, u->peer ? PORT_PEER : PORT_UPLINK, &link_owner, u, &e);
	if (!u->link) {
		lost(u, e.text);
		return;
	}
	/* a hub's uplink is its way to all that it does not know: it does not stand by */
	u->link->again = u->again || (!u->peer && u->links->fabric->role == ROLE_HUB);
	uplink_step(u, ON_UPLINK_OPENED);
	if (ws && link_start_ws(u->link, false, &e) == -1)
		link_close(u->link, E_overloaded, e.text);
	else if (link_hello(u->link) == -1)
		link_close(u->link, E_overloaded, "cannot say HELLO");
}

/* --- ws and wss: the HTTP upgrade comes first --- */

static size_t
on_http(void *owner, struct str in)
{
	struct uplink *u = owner;
	struct conn *c = u->conn;
	struct http_head head;
	const char *why = "";
	char text[160];
	size_t used;

	switch (http_response_parse(in, &head, &used, &why)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		break;
	case PARSE_OK:
		if (wshake_verify(&head, u->nonce, "fedx.v1", &why) == 0) {
			u->conn = NULL;
			greet(u, c, true);
			return used;
		}
	}
	snprintf(text, sizeof text, "the other side does not speak WebSocket with fedx.v1: %s", why);
	u->conn = NULL;
	conn_close(c);
	lost(u, text);
	return 0;
}

static void
on_http_lost(void *owner, const struct err *why)
{
	struct uplink *u = owner;

	conn_close(u->conn);
	u->conn = NULL;
	lost(u, why->text);
}

static void
upgrade(struct uplink *u, struct conn *c, const struct url *url)
{
	static const struct conn_owner http_owner = { on_http, NULL, on_http_lost };
	struct buf b;
	struct str path = url->path.n ? url->path : STR("/");

	buf_init(&b, 4096);
	rand_bytes(u->nonce, sizeof u->nonce);
	if (wshake_request(&b, url->host, path, "fedx.v1", u->nonce) == -1 ||
	    conn_put(c, buf_view(&b)) == -1) {
		conn_close(c);
		lost(u, "the URL is too long for a WebSocket request");
	} else {
		u->conn = c;
		conn_own(c, &http_owner, u);
		timer_set(&u->links->fabric->wheel, &u->timer, u->links->fabric->now,
		    u->links->set.handshake_ms);
	}
	buf_free(&b);
}

static void
on_dialled(void *owner, struct conn *c, const char *peer, const struct err *why)
{
	struct uplink *u = owner;
	struct url url;
	struct err e = { .status = 0 };

	u->dial = NULL;
	u->links->fabric->now = net_time(u->links->net);
	if (!c && why->status == EXIT_DENIED) {	/* by a proxy: a password that is wrong stays wrong */
		snprintf(u->why, sizeof u->why, "%.180s", why->text);
		uplink_step(u, ON_UPLINK_REFUSAL);
		return;
	}
	if (!c) {
		lost(u, why->text);
		return;
	}
	snprintf(u->address, sizeof u->address, "%s", peer);
	url_parse(str(u->urls[u->url]), &url, &e);
	if (url.scheme == SCHEME_WS || url.scheme == SCHEME_WSS)
		upgrade(u, c, &url);
	else
		greet(u, c, false);
}

void
uplink_dial(struct uplink *u)
{
	struct url url;
	struct err e = { .status = 0 };

	let_go(u);
	if (url_parse(str(u->urls[u->url]), &url, &e) == 0) {
		if ((u->links->token[0] || u->links->key.n) && !url.tls && url.scheme != SCHEME_UNIX &&
		    !host_is_loopback(url.host) && !u->insecure)
			err_set(&e, "a %s without TLS: use fedxs:// or wss://, or --insecure",
			    u->links->key.n ? "key does not prove whose bytes come" : "token is not shown");
		else
			u->dial = dial_open(u->links->net, &url, u->tls,
			    u->links->set.handshake_ms, on_dialled, u, &e);
	}
	if (!u->dial) {	/* as if it had failed, but not inside the step that dials */
		snprintf(u->why, sizeof u->why, "%.180s", e.text);
		timer_set(&u->links->fabric->wheel, &u->timer, u->links->fabric->now, 1);
	}
}
