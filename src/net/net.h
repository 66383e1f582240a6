/*
 * net.h - what all connections of a process share: the loop, one read
 * buffer, the list of those with something to write, the resolver.
 *
 * Bytes are read by wake-up (one read of up to 64 KiB per readable socket)
 * and written once a turn of the loop, just before it waits (ev_prepare).
 */
#ifndef FEDX_NET_H
#define FEDX_NET_H

#include <ev.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/str.h"

struct net;

struct net *net_open(struct ev_loop *, struct err *);	/* NULL: *e says why */
void net_close(struct net *);	/* after every conn, listener and dial of it */
struct ev_loop *net_loop(struct net *);
struct mono net_time(struct net *);	/* of this turn: one clock read a turn */
bool net_lingers(const struct net *);	/* is something still to be written for who has been closed? */
void net_each_turn(struct net *, void (*turn)(void *owner), void *owner);
	/* called at the end of each turn, when all input has been delivered: once
	 * before the net writes and once after; what it puts on a conn still goes */
struct ares_channeldata;
struct net_counters {
	uint64_t reads, writes, bytes_in, bytes_out, accepted, accept_paused;
};
const struct net_counters *net_counters(struct net *);
int net_set_dns(struct net *, const char *servers, struct err *);
	/* "192.0.2.53,[2001:db8::53]:5353" instead of the system's name servers;
	 * -1: malformed, or a look-up is under way */

struct proxy;
void net_set_proxy(struct net *, const struct proxy *);
	/* dials from now on go by it, where it serves; borrowed; NULL: none */

/* Addresses: where something listens or connects. */
enum scheme { SCHEME_NONE, SCHEME_FEDX, SCHEME_FEDXS, SCHEME_WS, SCHEME_WSS, SCHEME_UNIX };
struct url {
	enum scheme scheme;
	bool tls;
	bool srv;		/* host is a domain: its SRV records name hosts and ports */
	struct str host;	/* without brackets; views into the text */
	uint16_t port;		/* 0: not given; the default is 7341 (fedx ws), 7342 (fedxs wss) */
	struct str path;	/* "/..." of ws, wss (default "/"); the socket's path of unix */
	struct str cluster;	/* that the hub there is of; empty: not said */
};
int url_parse(struct str, struct url *, struct err *);
	/* "fedxs://hub.example.net:7342", "fedxs+srv://example.net",
	 * "unix:/run/x.sock", "wss://h/p", "fedxs://h#cluster"; -1 says what is wrong and names the
	 * schemes; a domain with +srv is never this host or an address */
int hostport_parse(struct str, struct str *host, uint16_t *port, struct err *);
	/* "127.0.0.1:0", "[::1]:80", ":80" (all addresses), "host:port" */
bool host_is_loopback(struct str);	/* 127.0.0.0/8, ::1, "localhost" */
struct str peer_host(const char *peer);	/* "198.51.100.7" of "198.51.100.7:4711", "::1" of "[::1]:80"; "unix" */
bool peer_is_loopback(const char *peer);

/* Listeners.  accepted() gets a prepared descriptor and owns it. */
struct listener;
typedef void accepted_fn(void *owner, int fd, const char *peer);
	/* peer: "198.51.100.7:4711" or "unix", valid for the call */
struct listener *listen_tcp(struct net *, struct str hostport, accepted_fn *,
    void *owner, struct err *);
	/* backlog 4096; numeric addresses and localhost only need no resolver;
	 * NULL: *e ("cannot listen on 127.0.0.1:80: permission denied") */
struct listener *listen_unix(struct net *, const char *path, unsigned mode,
    accepted_fn *, void *owner, struct err *);
	/* a stale socket file of a dead process is replaced, a live one is not */
const char *listener_name(const struct listener *);
	/* "127.0.0.1:41234", with the port that the system picked */
int listener_fd(const struct listener *);
void listener_leave(struct listener *);	/* a unix path stays: it is of another process now */
void listener_close(struct listener *);	/* unlinks a unix path; NULL is fine */
	/* at the descriptor limit a listener pauses for 100 ms instead of
	 * spinning, and counts it (accept_paused) */

/* One attempt to connect: SRV, resolve, connect, proxy, TLS.  No blocking call anywhere. */
struct conn;
struct dial;
struct tls_ctx;
typedef void dialled_fn(void *owner, struct conn *, const char *peer, const struct err *);
	/* exactly once, never inside dial_open(): a conn (yours, without an
	 * owner until conn_own) and err NULL, or NULL and why; the dial is gone;
	 * peer: its address, or "hub.example.net:7342" if a proxy stands between */
struct dial *dial_open(struct net *, const struct url *, struct tls_ctx *,
    uint32_t timeout_ms, dialled_fn *, void *owner, struct err *);
	/* copies url and proxy; tls_ctx is needed iff url->tls, and is kept;
	 * tries each address of each target in turn; whatever the SRV records
	 * say, the certificate must be for the host of the url; NULL: *e (no
	 * memory, no tls_ctx) */
void dial_close(struct dial *);	/* gives up; done() is not called; NULL is fine */

#endif
