/*
 * inside.h - what the files of net/ share among themselves; nobody else
 * includes it.
 */
#ifndef FEDX_NET_INSIDE_H
#define FEDX_NET_INSIDE_H

#include "base/buf.h"
#include "net/addr.h"
#include "net/net.h"

enum {
	NET_IN = 64 * 1024,		/* one read at most */
	NET_IN_FRONT = 16 * 1024,	/* before it: what was left over is joined here */
	NET_SPARE_EACH = 128 * 1024,	/* a spare buffer above this is freed */
	NET_SPARE_ALL = 8 * 1024 * 1024	/* spare buffers together */
};

struct resolver;
struct spare;
struct net {
	struct ev_loop *loop;
	ev_prepare prepare;		/* the end of a turn: deliver, then write */
	ev_check check;			/* its start: the clock is stale */
	ev_idle idle;			/* on while the next turn has work already */
	struct mono now;		/* 0: not read in this turn yet */
	void (*turn)(void *owner);	/* of the program, at the end of a turn; may be NULL */
	void *turn_owner;
	struct list ready;		/* conns with input that waits */
	struct list dirty;		/* conns with output to send */
	struct list lingering;		/* conns that only flush and then go, ... */
	ev_timer linger;		/* ... and when the first of them may have to; on while there are any */
	struct spare *spares;
	size_t spare_bytes;
	struct resolver *resolver;	/* NULL until the first name */
	const struct proxy *proxy;	/* of dials; NULL: none */
	struct net_counters count;
	uint8_t in[NET_IN_FRONT + NET_IN];
};

/* Buffers are taken when bytes must wait and given back once empty, so that
 * an idle conn holds none and a busy one does not allocate. */
void spare_take(struct net *, struct buf *, size_t n);	/* room for n more, if it has none and we have */
void spare_give(struct net *, struct buf *);	/* if it is empty */

bool host_is_name(struct str);	/* letters, digits, - and _ with dots between; what logs may show */

int listen_where(struct str hostport, struct addr *, bool *all, struct err *);
	/* what a listener's address means; all: ":80", any of IPv4 and IPv6 */

struct conn;
void conns_deliver(struct net *);	/* input() of those in `ready` */
void conns_flush(struct net *);		/* one write for each in `dirty` */
void conns_drop_lingering(struct net *);
void conns_linger(struct ev_loop *, ev_timer *, int revents);	/* of net.linger */
void conn_when_open(struct conn *, void (*opened)(void *owner));
	/* once, when the TLS handshake is done; set after conn_start_tls_* */
size_t conn_size(void);			/* of struct conn, for a test that bounds it */

#endif
