/*
 * dial_address.c - one address of a host: connected, by CONNECT through a
 * proxy, in TLS.  By a proxy what fails after its address was reached would
 * fail at its other addresses too.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/dial_in.h"
#include "net/tls.h"

enum {
	ADDRESS_MS = 5000,	/* one address at most, while others are left */
	WHERE = TUNNEL_TO + 256 + ADDR_TEXT + 32	/* of what names the other side */
};

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
	err_exit(&e, DIAL_UNREACHED);
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
	err_exit(why, DIAL_PROTOCOL);
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
	struct err e = { .status = DIAL_UNREACHED };

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
	struct err e = { .status = DIAL_UNREACHED };

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

void
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

void
dial_address_late(struct dial *d)
{
	struct err e = { .status = DIAL_UNREACHED };

	if (d->state == DIAL_CONNECTING) {
		ev_io_stop(d->net->loop, &d->io);
		close(d->io.fd);
		d->state = DIAL_NEXT;
		dial_connect_failed(d, ETIMEDOUT);
	} else if (d->state == DIAL_TUNNELLING) {
		err_set(&e, "the proxy %.100s:%u does not answer CONNECT within %u ms", d->proxy.host,
		    d->proxy.port, (unsigned)d->wait_ms);
		on_tunnel(d, &e);
	} else {
		err_set(&e, "the handshake does not end; is there TLS at that port?");
		dial_tls_failed(d, &e);
	}
}

void
dial_address_init(struct dial *d)
{
	ev_io_init(&d->io, on_connected, -1, EV_WRITE);
	d->io.data = d;
}
