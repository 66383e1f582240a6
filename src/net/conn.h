/*
 * conn.h - one connected stream, plain or TLS: bytes in by wake-up, bytes out
 * once a turn.
 *
 * A conn owns its descriptor and, once upgraded, its TLS session.  Its owner
 * is told of input, of room and of loss, and closes it.  Buffers exist only
 * while something waits in them.
 */
#ifndef FEDX_CONN_H
#define FEDX_CONN_H

#include "base/buf.h"
#include "net/net.h"

struct conn;
struct tls;
struct tls_ctx;

struct conn_owner {
	size_t (*input)(void *owner, struct str in);
		/* what has arrived and was not consumed yet; answers how many
		 * bytes it consumed; the rest is kept and comes again with more.
		 * May close the conn (the answer is then ignored) or start TLS
		 * (what it did not consume is then ciphertext). */
	void (*drained)(void *owner);
		/* output fell below CONN_LOW after it had been above; may be NULL */
	void (*lost)(void *owner, const struct err *why);
		/* end of file, reset, TLS failure: no more input or output; the
		 * owner must still conn_close() it, now or later */
};

enum {
	CONN_LOW = 128 * 1024,		/* bytes of output under which drained() is called */
	CONN_IN_MAX = 1 << 21		/* unconsumed input at most; over it: lost() */
};

struct conn *conn_open(struct net *, int fd, struct err *);
	/* takes fd, also on failure; sets TCP_NODELAY where it can */
void conn_own(struct conn *, const struct conn_owner *, void *owner);
	/* from now on these are called; input that waits is delivered next turn */
void conn_close(struct conn *);
	/* at once, without flushing; safe inside its callbacks; NULL is fine */
void conn_finish(struct conn *, uint32_t linger_ms);
	/* lets go of its owner, flushes what is queued (TLS: with close_notify),
	 * then closes; at the latest after linger_ms.  What still comes by TCP
	 * is read and thrown away, or it would cost the other side our end */
int conn_put(struct conn *, struct str);	/* copies; -1: no memory or over the max */
uint8_t *conn_room(struct conn *, size_t n);	/* to encode in place; NULL as above */
void conn_made(struct conn *, size_t n);	/* n bytes of that room are filled */
void conn_set_max(struct conn *, size_t max_output);	/* default 4 MiB */
size_t conn_queued(const struct conn *);	/* plaintext bytes not yet given to TLS or kernel */
uint64_t conn_got_total(const struct conn *);	/* plaintext bytes ever received */
uint64_t conn_put_total(const struct conn *);	/* plaintext bytes ever put */
uint64_t conn_gone_total(const struct conn *);
	/* of those, how many left our queue: a message whose last byte has not
	 * left cannot have been received */
struct mono conn_heard(const struct conn *);	/* when a byte last arrived */
void conn_pause(struct conn *, bool);		/* stop or resume reading */
int conn_start_tls_server(struct conn *, struct tls_ctx *, struct err *);
int conn_start_tls_client(struct conn *, struct tls_ctx *, const char *name, struct err *);
	/* name: the certificate must carry it; input() and drained() wait until
	 * the handshake is done; a failure comes through lost(); -1 also when
	 * output from before does not fit into the socket */
struct tls *conn_tls(const struct conn *);	/* NULL: plain */
int conn_fd(const struct conn *);		/* for peer credentials; borrowed */

#endif
