/*
 * dial.c - one attempt to connect: SRV records, target after target: name,
 * address after address, TLS.  By a proxy the name is the proxy's, and CONNECT
 * comes before TLS: what then fails would fail at its other addresses too.
 *
 * Every step ends in an event of the loop, so done() is never called from
 * inside dial_open().  Of several failures the first is reported, except that
 * TLS with a wrong certificate at one address says more than a refusal.
 *
 * DNS is not trusted: the certificate is for what the url has, wherever the
 * SRV records lead (RFC 6125).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/conn.h"
#include "net/inside.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "net/tunnel.h"

enum {
	PORT_PLAIN = 7341, PORT_TLS = 7342,
	ADDRESS_MS = 5000,	/* one address at most, while others are left */
	EXIT_NOHOST = 68, EXIT_UNREACHED = 69, EXIT_PROTOCOL = 76
};

enum { WHERE = TUNNEL_TO + 256 + ADDR_TEXT + 32 };	/* of what names the other side */

enum dial_state { DIAL_NONE, DIAL_ASKING, DIAL_RESOLVING, DIAL_NEXT, DIAL_CONNECTING, DIAL_TUNNELLING,
	DIAL_SECURING };

struct dial {
	struct net *net;
	enum dial_state state;
	struct tls_ctx *tls_ctx;	/* NULL: plain; kept, so that it may be replaced meanwhile */
	dialled_fn *done;
	void *owner;
	ev_io io;			/* CONNECTING */
	ev_timer timer;			/* when the state has lasted long enough */
	struct mono until;
	struct mono target_until;	/* of this target: its part of that */
	uint64_t wait_ms;		/* of timer */
	struct lookup *lookup;		/* ASKING, RESOLVING */
	struct conn *conn;		/* TUNNELLING, SECURING */
	struct addr addrs[LOOKUP_ADDRS];
	size_t n, at;			/* at: the one that is tried */
	struct target targets[SRV_TARGETS];
	size_t target_count, target;	/* 0 without SRV; target: the one that is tried */
	struct proxy proxy;		/* host "": none is between */
	struct tunnel tunnel;
	char to[TUNNEL_TO];		/* what the proxy is asked for */
	bool through;			/* the proxy has let us through */
	struct err e;			/* of what failed so far */
	bool named;			/* host is a name: messages add the address */
	char host[256];			/* or the path of a unix socket */
	char name[256];			/* of the certificate: as the url has it */
};

static void dial_next(struct dial *);
static void dial_target(struct dial *);

void
dial_close(struct dial *d)
{
	if (!d)
		return;
	ev_timer_stop(d->net->loop, &d->timer);
	if (d->state == DIAL_CONNECTING) {
		ev_io_stop(d->net->loop, &d->io);
		close(d->io.fd);
	}
	lookup_close(d->lookup);
	conn_close(d->conn);
	tls_ctx_close(d->tls_ctx);
	memset(&d->proxy, 0, sizeof d->proxy);
	free(d);
}

static void
dial_failed(struct dial *d)
{
	dialled_fn *tell = d->done;
	void *owner = d->owner;
	struct err e = d->e;

	dial_close(d);
	tell(owner, NULL, NULL, &e);
}

static void
dial_done(struct dial *d, struct conn *c)
{
	dialled_fn *tell = d->done;
	void *owner = d->owner;
	char peer[TUNNEL_TO];

	if (d->through)
		snprintf(peer, sizeof peer, "%s", d->to);
	else
		addr_text(&d->addrs[d->at], peer);
	d->conn = NULL;
	d->state = DIAL_NONE;
	dial_close(d);
	tell(owner, c, peer, NULL);
}

/*
 * "hub.example.net at 192.0.2.1:7342", "192.0.2.1:7342", "/run/x.sock",
 * "the proxy gate.example.net at 192.0.2.1:3128", "hub.example.net:7342 by the proxy ..."
 */
static void
dial_where(const struct dial *d, char to[WHERE])
{
	char addr[ADDR_TEXT];

	addr_text(&d->addrs[d->at], addr);
	if (d->proxy.host[0])
		snprintf(to, WHERE, "%.100s%sthe proxy %.60s%s%s", d->through ? d->to : "",
		    d->through ? " by " : "", d->named ? d->host : addr, d->named ? " at " : "",
		    d->named ? addr : "");
	else if (d->addrs[d->at].at.ss_family == AF_UNIX)
		snprintf(to, WHERE, "%s", d->host);
	else if (d->named)
		snprintf(to, WHERE, "%.100s at %s", d->host, addr);
	else
		snprintf(to, WHERE, "%s", addr);
}

static void
dial_set_timer(struct dial *d, uint64_t ms)
{
	d->wait_ms = ms;
	ev_timer_stop(d->net->loop, &d->timer);
	ev_now_update(d->net->loop);	/* it may be long since the turn began */
	ev_timer_set(&d->timer, (double)ms / 1000., 0.);
	ev_timer_start(d->net->loop, &d->timer);
}

/* A fair part of what is left, for this address. */
static uint64_t
dial_share(const struct dial *d)
{
	uint64_t rest = mono_ms_until(mono_now(), d->target_until), left = d->n - d->at;

	if (left <= 1 || d->through)
		return rest;
	return rest / left < ADDRESS_MS ? rest / left : ADDRESS_MS;
}

static void
dial_note(struct dial *d, const struct err *why)
{
	if (!d->e.status || (d->e.status != EXIT_PROTOCOL && why->status == EXIT_PROTOCOL))
		d->e = *why;
}

/* None of its addresses, or it has none; d->e has been noted. */
static void
dial_target_failed(struct dial *d)
{
	if (++d->target < d->target_count)
		dial_target(d);
	else
		dial_failed(d);
}

static void
dial_address_failed(struct dial *d, const struct err *why)
{
	dial_note(d, why);
	if (d->state >= DIAL_TUNNELLING && d->proxy.host[0]) {
		dial_target_failed(d);
		return;
	}
	d->at++;
	dial_next(d);
}

static void
dial_connect_failed(struct dial *d, int error)
{
	char where[WHERE];
	struct err e;

	dial_where(d, where);
	errno = error;
	err_sys(&e, "cannot connect to %s", where);
	err_exit(&e, EXIT_UNREACHED);
	dial_address_failed(d, &e);
}

static void
dial_tls_failed(struct dial *d, struct err *why)
{
	char where[WHERE];

	conn_close(d->conn);
	d->conn = NULL;
	dial_where(d, where);
	if (d->target_count)
		err_at(why, "no TLS with %s as %.100s", where, d->name);
	else
		err_at(why, "no TLS with %s", where);
	err_exit(why, EXIT_PROTOCOL);
	dial_address_failed(d, why);
}

static size_t
on_early_input(void *owner, struct str in)	/* it waits for the real owner */
{
	(void)owner, (void)in;
	return 0;
}

static void
on_tls_lost(void *owner, const struct err *why)
{
	struct err e = *why;

	dial_tls_failed(owner, &e);
}

static void
on_tls_open(void *owner)
{
	struct dial *d = owner;

	conn_own(d->conn, NULL, NULL);
	dial_done(d, d->conn);
}

static void
dial_secure(struct dial *d)
{
	static const struct conn_owner securing = { on_early_input, NULL, on_tls_lost };
	struct err e = { .status = EXIT_UNREACHED };

	d->state = DIAL_SECURING;
	if (!d->tls_ctx) {
		dial_done(d, d->conn);
		return;
	}
	conn_own(d->conn, &securing, d);
	if (conn_start_tls_client(d->conn, d->tls_ctx, d->name, &e)) {
		dial_tls_failed(d, &e);
		return;
	}
	conn_when_open(d->conn, on_tls_open);
	dial_set_timer(d, dial_share(d));
}

static void
on_tunnel(void *owner, struct err *why)
{
	struct dial *d = owner;

	if (!why) {
		d->through = true;
		dial_secure(d);
		return;
	}
	conn_close(d->conn);
	d->conn = NULL;
	err_at(why, "cannot connect to %.100s", d->to);
	dial_address_failed(d, why);
}

static void
dial_connected(struct dial *d, int fd)
{
	struct err e = { .status = EXIT_UNREACHED };

	if ((d->conn = conn_open(d->net, fd, &e)) == NULL) {
		dial_address_failed(d, &e);
	} else if (!d->proxy.host[0]) {
		dial_secure(d);
	} else {
		d->state = DIAL_TUNNELLING;
		if (tunnel_begin(&d->tunnel, d->conn, &d->proxy, d->to, on_tunnel, d, &e) == -1)
			on_tunnel(d, &e);
		else	/* it resolves and connects now, which is all that is left to do */
			dial_set_timer(d, mono_ms_until(mono_now(), d->target_until));
	}
}

static void
on_connected(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dial *d = w->data;
	int fd = w->fd, error = 0;
	socklen_t len = sizeof error;

	(void)revents;
	ev_io_stop(loop, w);
	d->state = DIAL_NEXT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		close(fd);
		dial_connect_failed(d, error);
	} else
		dial_connected(d, fd);
}

static void
dial_next(struct dial *d)
{
	const struct addr *a;
	int fd, error;

	d->state = DIAL_NEXT;
	if (d->at == d->n) {
		dial_target_failed(d);
		return;
	}
	a = &d->addrs[d->at];
	fd = socket(a->at.ss_family, SOCK_STREAM, 0);
	if (fd == -1 || fd_prepare(fd) ||
	    (connect(fd, (const struct sockaddr *)&a->at, a->len) &&
	    errno != EINPROGRESS && errno != EINTR)) {
		error = errno;
		if (fd != -1)
			close(fd);
		dial_connect_failed(d, error);
		return;
	}
	/* at once or not, the descriptor becomes writable */
	ev_io_set(&d->io, fd, EV_WRITE);
	ev_io_start(d->net->loop, &d->io);
	d->state = DIAL_CONNECTING;
	dial_set_timer(d, dial_share(d));
}

static void
on_resolved(void *owner, const struct addr *addrs, size_t n, const struct err *why)
{
	struct dial *d = owner;

	d->lookup = NULL;
	if (why) {
		dial_note(d, why);
		dial_target_failed(d);
		return;
	}
	memcpy(d->addrs, addrs, n * sizeof *addrs);
	d->n = n;
	dial_next(d);
}

/* Its addresses, or a look-up of them; by a proxy, the proxy's. */
static int
dial_host(struct dial *d, struct str host, uint16_t port, struct err *e)
{
	d->n = d->at = 0;
	d->named = d->through = false;
	if (d->proxy.host[0]) {
		tunnel_to(host, port, d->to);
		host = str(d->proxy.host);
		port = d->proxy.port;
	}
	(void)str_c(host, d->host, sizeof d->host);	/* fits: dial_open() and the resolver see to it */
	if (addr_numeric(host, port, &d->addrs[0]) == 0) {
		d->n = 1;
		return 0;
	}
	d->named = true;
	if (host_is_loopback(host)) {
		(void)addr_numeric(STR("127.0.0.1"), port, &d->addrs[0]);
		(void)addr_numeric(STR("::1"), port, &d->addrs[1]);
		d->n = 2;
		return 0;
	}
	d->lookup = lookup_open(d->net, d->host, port, on_resolved, d, e);
	return d->lookup ? 0 : -1;
}

static void
dial_target(struct dial *d)
{
	const struct target *t = &d->targets[d->target];
	struct mono now = mono_now();
	uint64_t rest = mono_ms_until(now, d->until);
	struct err e = { .status = EXIT_NOHOST };

	d->state = DIAL_NEXT;
	d->target_until = mono_add_ms(now, rest / (d->target_count - d->target));
	if (dial_host(d, str(t->host), t->port, &e) == -1) {
		dial_note(d, &e);
		dial_target_failed(d);
	} else if (d->lookup) {
		d->state = DIAL_RESOLVING;
		dial_set_timer(d, mono_ms_until(now, d->target_until));
	} else
		dial_next(d);
}

static void
on_targets(void *owner, const struct target *targets, size_t n, const struct err *why)
{
	struct dial *d = owner;

	d->lookup = NULL;
	if (why) {
		d->e = *why;
		dial_failed(d);
		return;
	}
	memcpy(d->targets, targets, n * sizeof *targets);
	d->target_count = n;
	dial_target(d);
}

static void
on_dial_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dial *d = w->data;
	struct err e = { .status = EXIT_UNREACHED };

	(void)loop, (void)revents;
	switch (d->state) {
	case DIAL_NONE:
		break;
	case DIAL_NEXT:
		dial_next(d);
		break;
	case DIAL_ASKING:
		err_set(&d->e, "cannot ask for the SRV record '%s._tcp.%.100s': the name server does "
		    "not answer within %u ms", d->tls_ctx ? "_fedxs" : "_fedx", d->name,
		    (unsigned)d->wait_ms);
		err_exit(&d->e, EXIT_NOHOST);
		dial_failed(d);
		break;
	case DIAL_RESOLVING:
		lookup_close(d->lookup);
		d->lookup = NULL;
		err_set(&e, "cannot resolve '%.100s': the name server does not answer "
		    "within %u ms", d->host, (unsigned)d->wait_ms);
		err_exit(&e, EXIT_NOHOST);
		dial_note(d, &e);
		dial_target_failed(d);
		break;
	case DIAL_CONNECTING:
		ev_io_stop(loop, &d->io);
		close(d->io.fd);
		d->state = DIAL_NEXT;
		dial_connect_failed(d, ETIMEDOUT);
		break;
	case DIAL_TUNNELLING:
		err_set(&e, "the proxy %.100s:%u does not answer CONNECT within %u ms", d->proxy.host,
		    d->proxy.port, (unsigned)d->wait_ms);
		err_exit(&e, EXIT_UNREACHED);
		on_tunnel(d, &e);
		break;
	case DIAL_SECURING:
		err_set(&e, "the handshake does not end; is there TLS at that port?");
		dial_tls_failed(d, &e);
		break;
	}
}

static int
dial_begin(struct dial *d, const struct url *u, struct err *e)
{
	uint16_t port = u->port ? u->port : u->tls ? PORT_TLS : PORT_PLAIN;
	struct str name = u->scheme == SCHEME_UNIX ? u->path : u->host;

	if (str_c(name, d->name, sizeof d->name))
		return err_set(e, "the host name or path is too long");
	if (d->net->proxy && proxy_serves(d->net->proxy, u))
		d->proxy = *d->net->proxy;
	if (u->srv) {
		d->lookup = lookup_open_srv(d->net, u->host, u->tls, on_targets, d, e);
		return d->lookup ? 0 : -1;
	}
	if (u->scheme != SCHEME_UNIX)
		return dial_host(d, u->host, port, e);
	memcpy(d->host, d->name, sizeof d->host);
	d->n = 1;
	return addr_unix(u->path, &d->addrs[0], e);
}

struct dial *
dial_open(struct net *net, const struct url *u, struct tls_ctx *tls_ctx,
    uint32_t timeout_ms, dialled_fn *done, void *owner, struct err *e)
{
	struct dial *d;

	if (u->tls && !tls_ctx) {
		err_set(e, "TLS is not set up: a CA file or the pin of a certificate is needed");
		return NULL;
	}
	if ((d = calloc(1, sizeof *d)) == NULL) {
		err_memory(e, "a connection");
		return NULL;
	}
	d->net = net;
	d->done = done;
	d->owner = owner;
	d->until = d->target_until = mono_add_ms(mono_now(), timeout_ms);
	ev_io_init(&d->io, on_connected, -1, EV_WRITE);
	ev_timer_init(&d->timer, on_dial_timer, 0., 0.);
	d->io.data = d->timer.data = d;
	if (dial_begin(d, u, e)) {
		free(d);
		return NULL;
	}
	d->tls_ctx = u->tls ? tls_ctx_keep(tls_ctx) : NULL;
	d->state = !d->lookup ? DIAL_NEXT : u->srv ? DIAL_ASKING : DIAL_RESOLVING;
	dial_set_timer(d, d->lookup ? timeout_ms : 0);
	return d;
}
