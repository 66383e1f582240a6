/*
 * dial.c - one attempt to connect: SRV records, target after target, each a
 * name, address after address.  By a proxy the name is the proxy's.
 *
 * Every step ends in an event of the loop, so done() is never called from
 * inside dial_open().  Of several failures the first is reported, except that
 * TLS with a wrong certificate at one address says more than a refusal.
 *
 * DNS is not trusted: the certificate is for what the url has, wherever the
 * SRV records lead (RFC 6125).
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/dial_in.h"
#include "net/tls.h"

enum { PORT_PLAIN = 7341, PORT_TLS = 7342 };

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
	tls_wipe(&d->proxy, sizeof d->proxy);
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

void
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

void
dial_set_timer(struct dial *d, uint64_t ms)
{
	d->wait_ms = ms;
	ev_timer_stop(d->net->loop, &d->timer);
	ev_now_update(d->net->loop);	/* it may be long since the turn began */
	ev_timer_set(&d->timer, (double)ms / 1000., 0.);
	ev_timer_start(d->net->loop, &d->timer);
}

void
dial_note(struct dial *d, const struct err *why)
{
	if (!d->e.status || (d->e.status != DIAL_PROTOCOL && why->status == DIAL_PROTOCOL))
		d->e = *why;
}

/* None of its addresses, or it has none; d->e has been noted. */
void
dial_target_failed(struct dial *d)
{
	if (++d->target < d->target_count)
		dial_target(d);
	else
		dial_failed(d);
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
	struct err e = { .status = DIAL_NO_HOST };

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
	struct err e = { .status = DIAL_UNREACHED };

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
		err_exit(&d->e, DIAL_NO_HOST);
		dial_failed(d);
		break;
	case DIAL_RESOLVING:
		lookup_close(d->lookup);
		d->lookup = NULL;
		err_set(&e, "cannot resolve '%.100s': the name server does not answer "
		    "within %u ms", d->host, (unsigned)d->wait_ms);
		err_exit(&e, DIAL_NO_HOST);
		dial_note(d, &e);
		dial_target_failed(d);
		break;
	case DIAL_CONNECTING:
	case DIAL_TUNNELLING:
	case DIAL_SECURING:
		dial_address_late(d);
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
	dial_address_init(d);
	ev_timer_init(&d->timer, on_dial_timer, 0., 0.);
	d->timer.data = d;
	if (dial_begin(d, u, e)) {
		dial_close(d);
		return NULL;
	}
	d->tls_ctx = u->tls ? tls_ctx_keep(tls_ctx) : NULL;
	d->state = !d->lookup ? DIAL_NEXT : u->srv ? DIAL_ASKING : DIAL_RESOLVING;
	dial_set_timer(d, d->lookup ? timeout_ms : 0);
	return d;
}
