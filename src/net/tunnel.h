/*
 * tunnel.h - a conn to an HTTP proxy becomes one to a host behind it.
 *
 * It has no clock and no memory of its own: who began it owns the conn, and
 * gives up by taking it away (conn_own, conn_close).
 */
#ifndef FEDX_TUNNEL_H
#define FEDX_TUNNEL_H

#include "net/conn.h"
#include "net/proxy.h"

enum { TUNNEL_TO = 264 };	/* holds any "host:port", and "[v6]:port" */

struct tunnel {
	struct conn *conn;
	const struct proxy *proxy;
	void (*done)(void *owner, struct err *why);
	void *owner;
};

int tunnel_begin(struct tunnel *, struct conn *, const struct proxy *, const char *to,
    void (*done)(void *owner, struct err *why), void *owner, struct err *);
	/* says CONNECT; the proxy must outlive it; done() once, from the loop:
	 * why NULL, and the conn has no owner and may start TLS now; or why, a
	 * sentence that begins with "the proxy"; -1: *e */
void tunnel_to(struct str host, uint16_t port, char to[TUNNEL_TO]);

#endif
