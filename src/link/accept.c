/*
 * accept.c - from first bytes to a link: TLS, HTTP, WebSocket, native
 * envelopes, JSON lines, on one port; behind TLS the same again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "link/accept.h"
#include "net/peer.h"
#include "net/sniff.h"
#include "net/tls.h"
#include "wire/proxyhead.h"
#include "wire/wshake.h"

struct door {
	struct doors *doors;
	struct list place;
	struct conn *conn;
	struct timer timer;
	const struct entrance *in;	/* NULL: the bus */
	bool admin;
	bool trusted;			/* what it says of where it comes from is believed */
	bool shielded;			/* TLS has ended at a proxy that is trusted */
	bool introduced;		/* a PROXY header has come */
	bool counted;			/* it has a place in the crowd */
	char peer[ADDR_TEXT];		/* of who is behind the proxies, as far as is known */
};

enum { CLOSE_MS = 2000, RESPONSE_MAX = 4 << 20, TLS_BROKEN = 76 };

static void
door_free(struct door *d)
{
	timer_drop(&d->doors->links->fabric->wheel, &d->timer);
	list_del(&d->place);
	d->doors->stranger_count -= d->in != NULL;
	if (d->counted)
		crowd_leave(&d->doors->links->crowd, d->peer);
	conn_close(d->conn);
	free(d);
}

static void
turn_away(struct door *d, const char *why)
{
	/* the reason first: lines repeat by it, whatever port the next one comes from */
	log_event(LOG_LEVEL_INFO, "turned_away", "why", why, "peer", d->peer, NULL);
	d->doors->links->fabric->count.malformed++;
	door_free(d);
}

static void
on_timer(struct wheel *w, struct timer *t)
{
	(void)w;
	turn_away(list_of(t, struct door, timer), "it said nothing that we understand in time");
}

static void
on_lost(void *owner, const struct err *why)
{
	struct door *d = owner;

	if (why->status == TLS_BROKEN) {
		turn_away(d, why->text);
		return;
	}
	log_event(LOG_LEVEL_DEBUG, "door_lost", "peer", d->peer, "why", why->text, NULL);
	door_free(d);
}

/* A place for its address, once that is known; false: there is none, it has gone. */
static bool
take_place(struct door *d)
{
	struct links *ls = d->doors->links;

	if (!d->counted && crowd_enter(&ls->crowd, d->peer,
	    d->in ? ls->set.per_address : ls->set.bus_clients) == -1) {
		log_event(LOG_LEVEL_WARNING, "crowded", "why", d->in ?
		    "this address holds link.per_address connections" :
		    "the bus holds link.bus_clients connections", "peer", d->peer, NULL);
		ls->fabric->count.errors[E_overloaded]++;
		door_free(d);
		return false;
	}
	d->counted = true;
	return true;
}

/* TLS, and none is spoken yet. */
static bool
wants_tls(const struct door *d)
{
	if (!d->in || conn_tls(d->conn))
		return false;
	return d->in->tls == ENTRANCE_EITHER ? d->doors->tls != NULL :
	    d->in->tls == ENTRANCE_ON || (d->in->tls == ENTRANCE_PROXY && !d->shielded);
}

/* What a proxy that we trust says.  Its own host is not ours. */
static void
comes_from(struct door *d, const char *peer)
{
	if (peer_is_loopback(peer) && !peer_is_loopback(d->peer))
		return;
	snprintf(d->peer, sizeof d->peer, "%s", peer);
	d->trusted = entrance_trusts(d->in, peer);
}

/* The conn goes over to a link; what was read and not used comes again there. */
static struct link *
enter(struct door *d, const struct dialect *dialect)
{
	struct conn *c = d->conn;
	struct err e = { .status = 0 };
	struct link *l;

	d->conn = NULL;
	l = link_accept(d->doors->links, c, d->peer, dialect, d->in != NULL, d->admin, &e);
	if (!l)
		log_event(LOG_LEVEL_ERROR, "link_failed", "why", e.text, "peer", d->peer, NULL);
	if (l && d->in) {
		l->shielded = d->shielded;
		l->must_prove = d->in->auth != ENTRANCE_LISTED;
		l->may_be_guest = d->in->auth == ENTRANCE_GUESTS &&
		    (d->in->dialects & (dialect ? ENTRANCE_LINES : ENTRANCE_FEDX));
	}
	d->counted = d->counted && !l;	/* the link has its place now */
	door_free(d);
	return l;
}

static void
respond(struct door *d, struct str response)
{
	struct conn *c = d->conn;

	d->conn = NULL;
	conn_put(c, response);
	conn_finish(c, CLOSE_MS);
	door_free(d);
}

static void
respond_error(struct door *d, unsigned status, const char *why)
{
	char text[400];

	snprintf(text, sizeof text, "HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n%s\r\n%s\n", status,
	    status == 403 ? "Forbidden" : status == 426 ? "Upgrade Required" : status == 405 ? "Method Not Allowed" :
	    "Bad Request", strlen(why) + 1,
	    status == 426 ? "Sec-WebSocket-Version: 13\r\n" : "", why);
	respond(d, str(text));
}

static size_t
upgrade(struct door *d, const struct http_head *head, size_t used)
{
	struct wshake_ask ask;
	const struct dialect *dialect = &dialect_lines;
	const char *why, *protocol = "fedx.lines";
	unsigned status = wshake_check(head, &ask, &why);
	struct err e = { .status = 0 };
	struct link *l;
	struct buf b;

	if (status) {
		respond_error(d, status, why);
		return 0;
	}
	/* without tokens any web page that its user opens could reach us */
	if (!d->doors->links->auth && d->in && d->in->auth != ENTRANCE_GUESTS &&
	    http_field(head, "Origin").n) {
		respond_error(d, 403, "a browser needs a token here, and this node asks for none: "
		    "start it with --token-file");
		return 0;
	}
	if (wshake_offers(ask.protocols, "fedx.v1")) {
		dialect = NULL;
		protocol = "fedx.v1";
	} else if (!wshake_offers(ask.protocols, "fedx.lines")) {
		respond_error(d, 400, "no subprotocol that is spoken here: fedx.v1, fedx.lines");
		return 0;
	}
	buf_init(&b, 1024);
	if (wshake_accept(&b, ask.key, protocol) == -1 || conn_put(d->conn, buf_view(&b)) == -1) {
		buf_free(&b);
		turn_away(d, "no memory");
		return 0;
	}
	buf_free(&b);
	if ((l = enter(d, dialect)) != NULL && link_start_ws(l, true, &e) == -1)
		link_close(l, E_overloaded, e.text);
	return used;
}

static size_t
on_http(struct door *d, struct str in)
{
	char peer[ADDR_TEXT];
	struct http_head head;
	const char *why;
	struct buf b;
	size_t used;

	switch (http_request_parse(in, &head, &used, &why)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		respond_error(d, 400, why);
		return 0;
	case PARSE_OK:
		break;
	}
	if (wants_tls(d)) {
		respond_error(d, 400, d->in->tls == ENTRANCE_PROXY ?
		    "this port is for the proxies of its trust_proxy" :
		    "this port speaks TLS: use https:// or wss://");
		return 0;
	}
	if (d->trusted && entrance_forwarded(d->in, &head, peer))
		comes_from(d, peer);
	if (!take_place(d))
		return 0;
	if (wshake_is_upgrade(&head))
		return upgrade(d, &head, used);
	buf_init(&b, RESPONSE_MAX);
	if (d->doors->http(d->doors->owner, &head, &b) == -1)
		respond_error(d, 400, "no memory for the response");
	else
		respond(d, buf_view(&b));
	buf_free(&b);
	return 0;
}

static size_t
on_tls(struct door *d)
{
	struct err e = { .status = 0 };

	if (d->in && (d->in->tls == ENTRANCE_OFF || d->in->tls == ENTRANCE_PROXY))
		turn_away(d, "it speaks TLS and this port does not (tls=off, tls=proxy)");
	else if (!d->doors->tls || conn_tls(d->conn) || !d->in)
		turn_away(d, "it speaks TLS and this port has no certificate (--tls-cert, --tls-key)");
	else if (conn_start_tls_server(d->conn, d->doors->tls, &e) == -1)
		turn_away(d, e.text);
	return 0;
}

static size_t on_input(void *, struct str);

static size_t
on_proxy_header(struct door *d, struct str in)
{
	char peer[ADDR_TEXT];
	struct proxyhead h;
	struct addr a;
	const char *why;
	size_t used;

	if (!d->trusted || d->introduced || conn_tls(d->conn)) {
		turn_away(d, "it sends a PROXY header, and is no proxy of trust_proxy");
		return 0;
	}
	switch (proxyhead_parse(in, &h, &used, &why)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		turn_away(d, why);
		return 0;
	case PARSE_OK:
		break;
	}
	d->introduced = true;
	if (addr_numeric(str(h.host), h.port, &a) == 0) {
		addr_text(&a, peer);
		comes_from(d, peer);
	}
	if (!d->trusted && !take_place(d))
		return 0;
	return in.n > used ? used + on_input(d, str_skip(in, used)) : used;
}

static size_t
on_input(void *owner, struct str in)
{
	struct door *d = owner;
	enum sniffed what = sniff(in);

	d->doors->links->fabric->now = net_time(d->doors->links->net);
	switch (what) {
	case SNIFF_MORE:
		return 0;
	case SNIFF_PROXY:
		return on_proxy_header(d, in);
	case SNIFF_TLS:
		return on_tls(d);
	case SNIFF_HTTP:
		return on_http(d, in);
	case SNIFF_NATIVE:
	case SNIFF_LINES:
		if (wants_tls(d))
			turn_away(d, d->in->tls == ENTRANCE_PROXY ? "this port is for the proxies of its "
			    "trust_proxy" : "this port wants TLS: use fedxs:// or wss://");
		else if (take_place(d))
			enter(d, what == SNIFF_LINES ? &dialect_lines : NULL);
		return 0;
	case SNIFF_MESH:
	case SNIFF_UNKNOWN:
		break;
	}
	turn_away(d, "its first bytes are of no protocol that is spoken here");
	return 0;
}

void
doors_init(struct doors *ds, struct links *ls)
{
	*ds = (struct doors){ .links = ls };
	list_init(&ds->strangers);
	list_init(&ds->local);
}

void
doors_close(struct doors *ds)
{
	while (!list_empty(&ds->strangers))
		door_free(list_of(ds->strangers.next, struct door, place));
	while (!list_empty(&ds->local))
		door_free(list_of(ds->local.next, struct door, place));
}

void
door_open(struct doors *ds, int fd, const char *peer, const struct entrance *in)
{
	static const struct conn_owner owner = { on_input, NULL, on_lost };
	struct door *d = calloc(1, sizeof *d);
	struct err e = { .status = 0 };
	struct links *ls = ds->links;
	struct fabric *f = ls->fabric;

	f->now = net_time(ls->net);
	if (!d || (d->conn = conn_open(ls->net, fd, &e)) == NULL) {
		log_event(LOG_LEVEL_ERROR, "accept_failed", "why", d ? e.text : "no memory", "peer", peer, NULL);
		if (!d)
			close(fd);
		free(d);
		return;
	}
	d->doors = ds;
	d->in = in;
	d->admin = !in && peer_is_admin(fd);
	d->trusted = in && entrance_trusts(in, peer);
	d->shielded = d->trusted && in->tls == ENTRANCE_PROXY;
	snprintf(d->peer, sizeof d->peer, "%s", peer);
	list_add(in ? &ds->strangers : &ds->local, &d->place);
	ds->stranger_count += in != NULL;
	timer_init(&d->timer, on_timer);
	if (!d->trusted && !take_place(d))
		return;
	if (in)		/* who got into the run directory may take its time */
		timer_set(&f->wheel, &d->timer, f->now, ls->set.handshake_ms);
	conn_own(d->conn, &owner, d);
	if (ds->stranger_count > ls->set.handshakes)
		turn_away(list_of(ds->strangers.next, struct door, place),
		    "too many handshakes are in progress and this one is the oldest");
}
