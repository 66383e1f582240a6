/* link.c - bytes to envelopes and back, keepalive, and an orderly end. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "link/greet.h"
#include "link/uplink.h"

enum {
	RESERVE = 256 * 1024,		/* of the queue, for what must be said when it is full */
	STRANGER_IN = 16 * 1024,	/* who has not said HELLO: a line or WebSocket message, */
	STRANGER_OUT = 64 * 1024	/* and what waits for it */
};

static size_t
extra_max(const struct link *l)
{
	return l->network && l->state < LINK_UP ? STRANGER_OUT : l->links->set.queue + RESERVE;
}

static size_t
message_max(const struct link *l)
{
	if (l->network && l->state < LINK_UP)
		return STRANGER_IN;
	return l->session ? l->session->dialect->max_message :
	    l->links->set.payload + ENVELOPE_HEAD + 3 * ENVELOPE_NAMES_MAX + ENVELOPE_META_MAX + 255;
}

void
link_greeted(struct link *l)
{
	if (!l->stranger)
		return;
	l->stranger = false;
	list_del(&l->stage);
	l->links->greeting_count--;
	conn_set_max(l->conn, extra_max(l));
	if (l->ws)
		ws_set_max(l->ws, message_max(l));
}

const struct link_settings links_usual = { .ping_ms = 10000, .dead_ms = 30000,
    .handshake_ms = 10000, .handshakes = 1024, .per_address = 256, .bus_clients = 256, .backoff_ms = 500,
    .backoff_max_ms = 30000, .steady_ms = 10000, .refused_ms = 60000,
    .refused_max_ms = 900000, .come_back_ms = 1000, .come_back_rate = 4000,
    .queue = 4u << 20, .payload = 1u << 20 };

void
links_init(struct links *ls, struct net *net, struct fabric *f)
{
	*ls = (struct links){ .net = net, .fabric = f };
	list_init(&ls->all);
	list_init(&ls->dying);
	list_init(&ls->hubs);
	list_init(&ls->greeting);
	list_init(&ls->uplinks);
	buf_init(&ls->scratch, 8u << 20);
	ls->set = links_usual;
}

void
link_close(struct link *l, enum error error, const char *why)
{
	if (l->state == LINK_DYING)
		return;
	if (!l->told && (l->network || l->dialled || error != E_NONE)) {
		l->told = true;
		port_error(l->links->fabric, &l->port, 0, KIND_ERROR, error == E_NONE ?
		    E_link_down : error, FATE_NOT_DELIVERED, str(why));
		if (l->state == LINK_DYING)	/* a session had no room for it */
			return;
	}
	l->state = LINK_DYING;
	l->port.closing = true;
	link_greeted(l);
	l->error = (uint8_t)error;
	if ((l->why = malloc(strlen(why) + 1)) != NULL)
		strcpy(l->why, why);
	list_del(&l->stage);
	list_add(&l->links->dying, &l->stage);
}

/* --- out --- */

static bool
may_use_reserve(const struct envelope *e)
{
	return kind_class(e->kind) == CLASS_LINK || (e->flags & FLAG_ERROR) ||
	    e->kind == KIND_CANCEL || e->kind == KIND_CREDIT;
}

static int
send_op(struct port *p, const struct envelope *e, struct str more_meta)
{
	struct link *l = list_of(p, struct link, port);
	size_t size = envelope_size(e) + more_meta.n;
	uint8_t *to;

	if (l->state == LINK_DYING || (l->port.draining && kind_class(e->kind) == CLASS_OPEN))
		return -1;
	if (conn_queued(l->conn) + size > l->links->set.queue && !may_use_reserve(e))
		return -1;
	if (l->session)
		return session_event(l, &(struct event){ .kind = ON_ENVELOPE, .env = e });
	if (l->ws) {
		struct buf *b = &l->links->scratch;

		b->head = b->tail = 0;
		return envelope_put(b, e, more_meta) == -1 ||
		    ws_send(l->ws, false, buf_view(b)) == -1 ? -1 : 0;
	}
	if ((to = conn_room(l->conn, size)) == NULL)
		return -1;
	envelope_write(to, e, more_meta);
	conn_made(l->conn, size);
	return 0;
}

static uint64_t
mark_op(struct port *p)
{
	return conn_put_total(list_of(p, struct link, port)->conn);
}

static bool
gone_op(struct port *p, uint64_t mark)
{
	struct link *l = list_of(p, struct link, port);

	return !l->untaken && (l->flushes || conn_gone_total(l->conn) >= mark);
}

static size_t
queued_op(struct port *p)
{
	return conn_queued(list_of(p, struct link, port)->conn);
}

static void
close_op(struct port *p, enum error error, const char *why)
{
	link_close(list_of(p, struct link, port), error, why);
}

static const struct port_ops ops = { send_op, mark_op, gone_op, queued_op, close_op };

/* --- in --- */

static size_t
take_envelopes(struct link *l, struct str in)
{
	struct envelope e;
	const char *why;
	size_t used = 0, n;

	while (l->state != LINK_DYING && used < in.n) {
		switch (envelope_parse(str_skip(in, used), l->state < LINK_UP ? STRANGER_IN :
		    l->links->set.payload, &e, &n, &why)) {
		case PARSE_MORE:
			return used;
		case PARSE_BAD:
			l->links->fabric->count.malformed++;
			link_close(l, strstr(why, "over") ? E_too_large : E_malformed, why);
			return in.n;
		case PARSE_OK:
			used += n;
			link_hear(l, &e);
		}
	}
	return used;
}

static size_t
take_lines(struct link *l, struct str in)
{
	struct str line, rest = in;

	while (l->state != LINK_DYING && str_split(rest, '\n', &line, &rest)) {
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n && session_event(l, &(struct event){ .kind = ON_MESSAGE,
		    .bytes = line }) == -1)
			link_close(l, E_malformed, "the session ended");
	}
	if (l->state == LINK_DYING)
		return in.n;
	if (line.n > message_max(l)) {
		link_close(l, E_too_large, "a line is over the limit");
		return in.n;
	}
	return in.n - line.n;
}

size_t
link_input(struct link *l, struct str in)
{
	if (l->state == LINK_DYING)
		return in.n;
	if (l->ws)
		return ws_input(l->ws, in);
	return l->session ? take_lines(l, in) : take_envelopes(l, in);
}

static size_t
on_input(void *owner, struct str in)
{
	struct link *l = owner;

	l->links->fabric->now = net_time(l->links->net);
	return link_input(l, in);
}

static void
on_drained(void *owner)
{
	struct link *l = owner;

	if (l->state == LINK_UP)
		fabric_pump(l->links->fabric, &l->port);
}

static void
on_lost(void *owner, const struct err *why)
{
	struct link *l = owner;

	l->told = l->lost = true;
	link_close(l, E_link_down, why->text);
}

static void
on_ws_message(void *owner, bool text, struct str bytes)
{
	struct link *l = owner;

	(void)text;
	if (l->state == LINK_DYING)
		return;
	if (l->session) {
		if (session_event(l, &(struct event){ .kind = ON_MESSAGE, .bytes = bytes }) == -1)
			link_close(l, E_malformed, "the session ended");
	} else if (take_envelopes(l, bytes) != bytes.n) {
		link_close(l, E_malformed, "a WebSocket message holds part of an envelope");
	}
}

static void
on_ws_closed(void *owner, unsigned code, struct str reason)
{
	struct link *l = owner;
	char why[160];

	snprintf(why, sizeof why, "WebSocket closed with code %u %.*s", code,
	    reason.n > 100 ? 100 : (int)reason.n, reason.p ? reason.p : "");
	l->told = true;
	link_close(l, E_link_down, why);
}

int
link_start_ws(struct link *l, bool server, struct err *e)
{
	static const struct ws_owner ws_owner = { on_ws_message, on_ws_closed };

	l->ws = ws_open(l->conn, server, message_max(l), &ws_owner, l, e);
	return l->ws ? 0 : -1;
}

/* --- beginning and end --- */

static void
on_timer(struct wheel *w, struct timer *t)
{
	struct link *l = list_of(t, struct link, timer);
	struct links *ls = l->links;
	uint64_t idle_ms = mono_us_since(conn_heard(l->conn), ls->fabric->now) / 1000;
	uint64_t next = ls->set.ping_ms;

	if (l->state == LINK_GREETING || l->state == LINK_ADMITTING) {
		link_close(l, E_timeout, "the handshake took too long");
		return;
	}
	if (l->state != LINK_UP)
		return;
	if (idle_ms >= ls->set.dead_ms) {
		l->lost = true;
		link_close(l, E_link_down, "half-open: not a byte arrived in the time allowed");
		return;
	}
	/* who only listens must be heard, too: what asks it waits behind all that it is sent */
	if (idle_ms + WHEEL_TICK_MS >= ls->set.ping_ms || conn_put_total(l->conn) == l->said)
		link_ping(l);
	else
		next = ls->set.ping_ms - idle_ms;
	l->said = conn_put_total(l->conn);
	timer_set(w, t, ls->fabric->now, next);
}

void
link_watch(struct link *l)
{
	struct fabric *f = l->links->fabric;

	/* a UNIX socket tells when its other end goes */
	if (l->network || l->dialled)
		timer_set(&f->wheel, &l->timer, f->now, l->links->set.ping_ms);
	else
		timer_drop(&f->wheel, &l->timer);
}

static struct link *
link_new(struct links *ls, struct conn *c, const char *peer, enum port_kind kind, struct err *e)
{
	static const struct conn_owner conn_owner = { on_input, on_drained, on_lost };
	struct link *l = calloc(1, sizeof *l);

	if (l)
		port_init(&l->port, &ops, kind);
	if (!l || link_name(l, STR(""), STR(""), peer) == -1) {
		free(l);
		conn_close(c);
		err_memory(e, "another link");
		return NULL;
	}
	l->links = ls;
	l->conn = c;
	l->since = ls->fabric->now = net_time(ls->net);
	list_init(&l->stage);
	list_add(&ls->all, &l->place);
	timer_init(&l->timer, on_timer);
	timer_set(&ls->fabric->wheel, &l->timer, ls->fabric->now, ls->set.handshake_ms);
	conn_set_max(c, extra_max(l));
	conn_own(c, &conn_owner, l);
	return l;
}

struct link *
link_accept(struct links *ls, struct conn *c, const char *peer, const struct dialect *d,
    bool network, bool admin, struct err *e)
{
	struct link *l = link_new(ls, c, peer, PORT_CLIENT, e);

	if (!l)
		return NULL;
	l->network = network;
	l->port.admin = admin;
	if (d && session_open(l, d) == -1) {
		l->told = true;
		link_close(l, E_overloaded, "no memory for a session");
	}
	if (l->state == LINK_DYING)
		return l;
	if (!network) {
		link_join(l);
		return l;
	}
	conn_set_max(c, extra_max(l));
	l->stranger = true;
	list_add(&ls->greeting, &l->stage);
	if (++ls->greeting_count > ls->set.handshakes)
		link_close(list_of(ls->greeting.next, struct link, stage), E_overloaded,
		    "too many handshakes are in progress and this one is the oldest");
	return l;
}

struct link *
link_dial(struct links *ls, struct conn *c, const char *peer, enum port_kind kind,
    const struct link_owner *owner, void *owner_data, struct err *e)
{
	struct link *l = link_new(ls, c, peer, kind, e);

	if (!l)
		return NULL;
	l->dialled = true;
	l->owner = owner;
	l->owner_data = owner_data;
	return l;
}

/*
 * What leaves the queue after the link is down may run, so it must not have
 * been reported as not delivered: either nothing leaves it, or all counts as
 * gone.  A client that only asked may have shut its side and still read.
 */
static bool
is_flushed(const struct link *l)
{
	if (l->untaken)
		return false;
	return !l->lost || (l->port.kind == PORT_CLIENT && l->port.serving_count == 0);
}

void
link_free(struct link *l, uint32_t linger_ms)
{
	struct links *ls = l->links;
	bool was_up = l->port.up;

	l->flushes = linger_ms && is_flushed(l);
	if (l->port.up) {
		ls->count[l->port.role]--;
		fabric_port_down(ls->fabric, &l->port, E_link_down);
	} else {	/* policy may be asked about it */
		gate_port_down(ls->fabric, &l->port);
	}
	/* of two connections to one node the one that never was up is no news */
	if (ls->event && (was_up || (l->error != E_conflict && !l->turned_away)))
		ls->event(ls, "link_down", l, l->why ? l->why : "");
	if (l->owner)
		l->owner->down(l->owner_data, (enum error)l->error, l->why ? l->why : "");
	if (!l->dialled)
		crowd_leave(&ls->crowd, link_peer(l));
	timer_drop(&ls->fabric->wheel, &l->timer);
	prove_free(l);
	session_free(l);
	if (l->ws)
		ws_close(l->ws, l->error == E_NONE || l->error == E_shutting_down ? 1001 : 1008,
		    str(l->why));
	ws_free(l->ws);
	if (l->flushes)
		conn_finish(l->conn, linger_ms);
	else
		conn_close(l->conn);
	list_del(&l->place);
	list_del(&l->stage);
	if (was_up)
		uplinks_lost(ls, l->port.node);
	link_drop_held(l->held);
	free(l->text);
	free(l->why);
	free(l);
}

void
links_reap(struct links *ls)
{
	while (!list_empty(&ls->dying))
		link_free(list_of(ls->dying.next, struct link, stage), LINK_LINGER_MS);
}

void
links_free(struct links *ls)
{
	while (!list_empty(&ls->all))
		link_free(list_of(ls->all.next, struct link, place), 0);
	buf_free(&ls->scratch);
	crowd_free(&ls->crowd);
}

bool
link_is_idle(const struct link *l)
{
	return l->state == LINK_UP && l->port.opened_count + l->port.serving_count == 0;
}

const char *
link_state_name(const struct link *l)
{
	static const char *const names[] = { "greeting", "admitting", "up", "closing" };

	return names[l->state];
}

const char *
link_kind_name(const struct link *l)
{
	if (l->port.kind == PORT_UPLINK)
		return "uplink";
	return l->port.kind == PORT_CHILD || l->port.kind == PORT_PEER ? role_name(l->port.role) : "client";
}
