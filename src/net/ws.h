/*
 * ws.h - WebSocket messages over a conn, framed by wslay; the handshake is in
 * wire/wshake.h.
 *
 * A ws borrows the conn: its owner feeds it what input() brought.  Pings are
 * answered (the newest only), a Close is answered and ends it, a Close with a
 * payload of one byte is a protocol error (wslay lets it pass).
 */
#ifndef FEDX_WS_H
#define FEDX_WS_H

#include "net/conn.h"

struct ws;
struct ws_owner {
	void (*message)(void *owner, bool text, struct str);	/* whole; valid for the call; may close the ws */
	void (*closed)(void *owner, unsigned code, struct str reason);
		/* by the peer or by an error in its bytes; our Close is queued on
		 * the conn already: conn_finish() it; at most once */
};

struct ws *ws_open(struct conn *, bool server, size_t max_message,
    const struct ws_owner *, void *owner, struct err *);
void ws_free(struct ws *);		/* not the conn; safe inside its callbacks; NULL is fine */
void ws_set_max(struct ws *, size_t max_message);	/* from the next frame on */
size_t ws_input(struct ws *, struct str in);	/* consumes all it is given */
int ws_send(struct ws *, bool text, struct str);	/* -1: conn's output is full */
int ws_ping(struct ws *);
void ws_close(struct ws *, unsigned code, struct str reason);	/* queues a Close; idempotent */

#endif
