/* doctor_reach.c - from a name to a stream of bytes: DNS, TCP, proxy, TLS, certificate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/doctor.h"

enum { PORT_PLAIN = 7341, PORT_TLS = 7342, EXIT_HOST = 68 };

static uint16_t
port_of(const struct url *u)
{
	return u->port ? u->port : u->tls ? PORT_TLS : PORT_PLAIN;
}

/* --- dns --- */

static void
on_resolved(void *owner, const struct addr *addrs, size_t n, const struct err *why)
{
	struct doctor *d = owner;

	if (why)
		d->why = *why;
	memcpy(d->addrs + d->addr_count, addrs, n * sizeof *addrs);
	d->addr_count += n;
	d->done = true;
}

static void
on_targets(void *owner, const struct target *targets, size_t n, const struct err *why)
{
	struct doctor *d = owner;

	if (why)
		d->why = *why;
	memcpy(d->targets, targets, n * sizeof *targets);
	d->target_count = n;
	d->done = true;
}

/* Adds its addresses; unneeded says why that took no look-up, if so; -1: d->why. */
static int
find(struct doctor *d, const char *host, uint16_t port, const char **unneeded)
{
	struct addr *to = d->addrs + d->addr_count;
	size_t before = d->addr_count;
	struct lookup *q;

	*unneeded = NULL;
	if (addr_numeric(str(host), port, to) == 0) {
		d->addr_count++;
		*unneeded = "not needed: an address";
		return 0;
	}
	if (host_is_loopback(str(host))) {
		(void)addr_numeric(STR("127.0.0.1"), port, to);
		(void)addr_numeric(STR("::1"), port, to + 1);
		d->addr_count += 2;
		*unneeded = "not needed: this host";
		return 0;
	}
	if ((q = lookup_open(d->net, host, port, on_resolved, d, &d->why)) == NULL)
		return -1;
	if (!doctor_wait(d)) {
		lookup_close(q);
		return err_set(&d->why, "cannot resolve '%.100s': the name server does not answer "
		    "within %u ms", host, d->ms);
	}
	return d->addr_count > before ? 0 : -1;
}

/* The hosts of the SRV records. */
static int
find_targets(struct doctor *d)
{
	struct lookup *q = lookup_open_srv(d->net, d->url.host, d->url.tls, on_targets, d, &d->why);

	if (!q)
		return -1;
	if (!doctor_wait(d)) {
		lookup_close(q);
		return err_set(&d->why, "cannot ask for the SRV record '%s._tcp.%.100s': the name "
		    "server does not answer within %u ms", d->url.tls ? "_fedxs" : "_fedx", d->host,
		    d->ms);
	}
	return d->target_count ? 0 : -1;
}

/* Their addresses. */
static int
find_addresses(struct doctor *d)
{
	struct err first = { .status = 0 };
	const char *unneeded;

	for (size_t i = 0; i < d->target_count; i++)
		if (find(d, d->targets[i].host, d->targets[i].port, &unneeded) == -1 && !first.text[0])
			first = d->why;
	if (first.text[0])
		d->why = first;
	return d->addr_count ? 0 : -1;
}

enum finding
doctor_dns(struct doctor *d)
{
	char text[ADDR_TEXT], all[SEEN_MAX] = "";
	const char *unneeded = NULL;
	struct err e = { .status = 0 };
	int r;

	if (d->url.scheme == SCHEME_UNIX) {
		if (addr_unix(d->url.path, &d->addrs[0], &e) == -1)
			return doctor_fail(d, EXIT_USAGE, e.text, NULL);
		d->addr_count = 1;
		return doctor_saw(d, FOUND_SKIP, "not needed: a path");
	}
	r = d->url.srv ? find_targets(d) : 0;
	if (r == 0 && d->proxy.host[0])
		r = find(d, d->proxy.host, d->proxy.port, &unneeded);
	else if (r == 0)
		r = d->url.srv ? find_addresses(d) : find(d, d->host, port_of(&d->url), &unneeded);
	if (r == -1)
		return doctor_fail(d, EXIT_HOST, d->why.text, strchr(d->why.text, ';') ? NULL :
		    "check the name in the URL, /etc/hosts and the name servers in /etc/resolv.conf");
	if (unneeded)
		return doctor_saw(d, FOUND_SKIP, "%s", unneeded);
	for (size_t i = 0, at = 0; i < d->addr_count && at < sizeof all; i++) {
		addr_text(&d->addrs[i], text);
		at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "", text);
	}
	return doctor_saw(d, FOUND_OK, "%s%s", d->proxy.host[0] ? "the proxy: " : "", all);
}

/* --- tcp --- */

static void
on_dialled(void *owner, struct conn *c, const char *peer, const struct err *why)
{
	struct doctor *d = owner;

	(void)peer;
	d->conn = c;
	if (!c)
		d->why = *why;
	d->done = true;
}

void
doctor_hang_up(struct doctor *d)
{
	ws_free(d->ws);
	conn_close(d->conn);
	d->ws = NULL;
	d->conn = NULL;
	d->hear = NULL;
	d->lost = d->securing = false;
}

static void
on_tunnel(void *owner, struct err *why)
{
	struct doctor *d = owner;

	if (why)
		d->why = *why;
	d->lost = why != NULL;
	d->done = true;
}

static int
get_through(struct doctor *d)
{
	if (tunnel_begin(&d->tunnel, d->conn, &d->proxy, d->to, on_tunnel, d, &d->why) == -1)
		return -1;
	if (!doctor_wait(d)) {
		conn_own(d->conn, NULL, NULL);
		err_set(&d->why, "the proxy %.100s:%u does not answer CONNECT within %u ms", d->proxy.host,
		    d->proxy.port, d->ms);
		return err_exit(&d->why, EXIT_LATER);
	}
	return d->lost ? -1 : 0;
}

int
doctor_dial(struct doctor *d, const struct addr *a)
{
	char text[ADDR_TEXT];
	struct url u = d->url;
	struct dial *dial;

	doctor_hang_up(d);
	u.tls = u.srv = false;	/* steps of their own */
	addr_text(a, text);
	if (u.scheme != SCHEME_UNIX && hostport_parse(str(text), &u.host, &u.port, &d->why) == -1)
		return -1;
	if ((dial = dial_open(d->net, &u, NULL, d->ms, on_dialled, d, &d->why)) == NULL)
		return -1;
	if (!doctor_wait(d)) {
		dial_close(dial);
		err_set(&d->why, "cannot connect to %s: %s", text, strerror(ETIMEDOUT));
	}
	if (d->conn && d->to[0])
		return get_through(d);
	return d->conn ? 0 : -1;
}

static const char *
tcp_advice(const struct doctor *d)
{
	static const struct { int error; const char *path, *address; } rows[] = {
		{ ECONNREFUSED, "no node listens on that socket any more: start it",
		    "nothing listens there: start the hub, or correct host and port of the URL" },
		{ ETIMEDOUT, "the node does not accept connections: is it stopped?",
		    "no answer at all: is the host on, and does no firewall drop the packets?" },
		{ ENOENT, "there is no such socket: start the node, or correct the path", "" },
		{ EACCES, "only the owner of the node may use its socket",
		    "the system does not allow it: look at its firewall" },
		{ ENETUNREACH, "", "this host has no route to that network: is it online?" },
		{ EHOSTUNREACH, "", "no route leads to that host: is it on, and this one online?" },
	};

	if (d->proxy.host[0])
		return "that is the proxy: correct its host and port, or name the hub's host in no_proxy";
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strstr(d->why.text, strerror(rows[i].error)))
			return d->url.scheme == SCHEME_UNIX ? rows[i].path : rows[i].address;
	return "look at the network between here and there";
}

enum finding
doctor_tcp(struct doctor *d)
{
	char text[ADDR_TEXT];
	struct err first = { .status = 0 };

	for (d->addr = 0; d->addr < d->addr_count; d->addr++) {
		if (doctor_dial(d, &d->addrs[d->addr]) == 0) {
			addr_text(&d->addrs[d->addr], text);
			return doctor_saw(d, FOUND_OK, "%s%s", d->proxy.host[0] ? "the proxy: " : "",
			    d->url.scheme == SCHEME_UNIX ? d->host : text);
		}
		if (first.text[0] == '\0')
			first = d->why;
	}
	d->why = first;
	return doctor_fail(d, EXIT_NODE, first.text, tcp_advice(d));
}

/* --- proxy --- */

static enum finding
no_way_through(struct doctor *d)
{
	const char *advice = strstr(d->why.text, ": ");	/* that of httpconnect.c */
	int status = d->why.status == EXIT_DENIED || d->why.status == EXIT_PEER ? d->why.status :
	    d->late ? EXIT_LATER : EXIT_NODE;

	if (d->late)
		advice = ": is that host and port the proxy's, and can it reach the hub?";
	return doctor_fail(d, status, d->why.text, advice ? advice + 2 : "look at the log of the proxy");
}

/* The hub, or hub after hub of the SRV records: who is behind a proxy is found by it. */
enum finding
doctor_proxy(struct doctor *d)
{
	struct err first;
	size_t at = 0;
	int r;

	if (!d->proxy.host[0])
		return doctor_saw(d, FOUND_SKIP, "none");
	do {
		if (d->target_count)
			tunnel_to(str(d->targets[at].host), d->targets[at].port, d->to);
		else
			tunnel_to(d->url.host, port_of(&d->url), d->to);
		r = at == 0 ? get_through(d) : doctor_dial(d, &d->addrs[d->addr]);
		if (r == -1 && at == 0)
			first = d->why;
	} while (r == -1 && ++at < d->target_count);
	if (r == 0)
		return doctor_saw(d, FOUND_OK, "%s:%u lets us through to %s", d->proxy.host, d->proxy.port, d->to);
	d->why = first;
	return no_way_through(d);
}

/* --- tls --- */

static size_t
on_input(void *owner, struct str in)
{
	struct doctor *d = owner;

	return d->hear ? d->hear(d, in) : 0;
}

static void
on_lost(void *owner, const struct err *why)
{
	struct doctor *d = owner;

	d->why = *why;
	d->lost = d->done = true;
}

static void
on_turn(void *owner)
{
	struct doctor *d = owner;

	if (d->securing && tls_state(conn_tls(d->conn)) == TLS_OPEN) {
		d->securing = false;
		d->done = true;
		ev_break(d->loop, EVBREAK_ONE);	/* it is about to wait */
	}
}

int
doctor_secure(struct doctor *d, struct tls_ctx *ctx)
{
	static const struct conn_owner owner = { on_input, NULL, on_lost };
	bool in_time;

	d->late = false;
	conn_own(d->conn, &owner, d);
	if (!ctx)
		return 0;
	if (conn_start_tls_client(d->conn, ctx, d->host, &d->why) == -1)
		return -1;
	net_each_turn(d->net, on_turn, d);
	d->securing = true;
	in_time = doctor_wait(d);
	d->securing = false;
	if (!in_time)
		err_set(&d->why, "no answer to our TLS greeting within %u ms", d->ms);
	return in_time && !d->lost ? 0 : -1;
}

static enum finding
no_tls(struct doctor *d)
{
	struct err why = d->why;

	if (d->late)
		return doctor_fail(d, EXIT_LATER, why.text, "it connects but says nothing: is the "
		    "program there stopped, or is it another one?");
	if (doctor_dial(d, &d->addrs[d->addr]) == 0 && doctor_secure(d, NULL) == 0 &&
	    doctor_greet(d, false) == 0)
		return doctor_fail(d, EXIT_PEER, why.text, "fedx without TLS is spoken there: give the "
		    "hub --tls-cert and --tls-key, or use fedx:// or ws://");
	return doctor_fail(d, EXIT_PEER, why.text, strchr(why.text, ';') ? NULL :
	    "is that the TLS port of a fedx hub?");
}

/* A certificate that we do not like is no failure of TLS: the second try says which it was. */
enum finding
doctor_tls(struct doctor *d)
{
	if (!d->url.tls) {
		if (doctor_secure(d, NULL) == -1)
			return doctor_fail(d, EXIT_SOFT, d->why.text, "try again");
		return doctor_saw(d, FOUND_SKIP, "not asked for: fedxs:// and wss:// have it");
	}
	if (!d->tls)
		err_set(&d->untrusted, "nobody has said by whom it must be signed; "
		    "give --tls-ca the CA of the hub, or --insecure for a demonstration");
	else if (doctor_secure(d, d->tls) == -1)
		d->untrusted = d->why;
	if (d->untrusted.text[0]) {
		if (d->late)
			return no_tls(d);
		if (d->tls && doctor_dial(d, &d->addrs[d->addr]) == -1)
			return doctor_fail(d, EXIT_NODE, d->why.text, "it went away: try again");
		if (doctor_secure(d, d->anyone) == -1)
			return no_tls(d);
	}
	return doctor_saw(d, FOUND_OK, "TLS 1.2, %s", tls_cipher_name(conn_tls(d->conn)));
}

enum finding
doctor_alpn(struct doctor *d)
{
	const char *name;

	if (!d->url.tls)
		return doctor_saw(d, FOUND_SKIP, "no TLS");
	name = tls_alpn(conn_tls(d->conn));
	if (*name)
		return doctor_saw(d, FOUND_OK, "%s", name);
	return doctor_saw(d, FOUND_OK, "none chosen: not a fedx hub, or something is in front of it");
}

enum finding
doctor_certificate(struct doctor *d)
{
	uint8_t hash[TLS_HASH];
	char hex[2 * TLS_HASH + 1] = "", wrong[SEEN_MAX];
	const char *semicolon = strchr(d->untrusted.text, ';');
	size_t n = semicolon ? (size_t)(semicolon - d->untrusted.text) : strlen(d->untrusted.text);

	if (!d->url.tls)
		return doctor_saw(d, FOUND_SKIP, "no TLS");
	if (tls_peer_hash(conn_tls(d->conn), hash))
		for (size_t i = 0; i < TLS_HASH; i++)
			snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	if (d->untrusted.text[0] == '\0')
		return doctor_saw(d, FOUND_OK, "%s, sha256:%s", d->p->opt[OPT_TLS_CA] ?
		    "signed by the given CA, valid, and for this name" : "not checked", hex);
	snprintf(wrong, sizeof wrong, "%.*s (it is sha256:%s)", (int)n, d->untrusted.text, hex);
	return doctor_fail(d, d->tls ? EXIT_PEER : EXIT_REFUSED, wrong,
	    semicolon ? semicolon + 2 : "make a new one with fedx-probe keygen");
}

/* What we have shown, if the hub has asked for it. */
enum finding
doctor_client_cert(struct doctor *d)
{
	char text[32], wrong[SEEN_MAX];

	if (!d->p->opt[OPT_TLS_CERT])
		return doctor_saw(d, FOUND_SKIP, "none given");
	if (!d->url.tls)
		return doctor_saw(d, FOUND_SKIP, "no TLS");
	if (d->tls == d->anyone)
		return doctor_saw(d, FOUND_SKIP, "not shown: that takes --tls-ca");
	wall_text(tls_ctx_expires(d->tls), text);
	if (tls_ctx_expires(d->tls).s <= wall_now().s) {
		snprintf(wrong, sizeof wrong, "our certificate has expired, %s", text);
		return doctor_fail(d, EXIT_REFUSED, wrong, "renew it, or correct the clock of this host");
	}
	d->shown = tls_shown(conn_tls(d->conn));
	if (!d->shown)
		return doctor_saw(d, FOUND_SKIP, "not asked for: the hub has no tls.client_ca, and no line "
		    "for a certificate");
	return doctor_saw(d, FOUND_OK, "shown, valid until %s", text);
}
