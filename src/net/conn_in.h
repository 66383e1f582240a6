/*
 * conn_in.h - the inside of a conn, for conn.c, conn_io.c and conn_tls.c alone.
 */
#ifndef FEDX_CONN_IN_H
#define FEDX_CONN_IN_H

#include "net/conn.h"
#include "net/inside.h"
#include "net/tls.h"

enum { EXIT_UNREACHED = 69, EXIT_PROTOCOL = 76 };

/* What only an upgraded conn needs. */
struct shield {
	struct tls *tls;
	struct buf raw;		/* ciphertext that the engine does not take yet */
	void (*opened)(void *owner);
	struct mono active;	/* the last turn in which something came or went */
	uint8_t burst;		/* such turns since there was a while without, as far as counted */
	bool open;		/* the handshake was seen to be done */
};

struct conn {
	struct net *net;
	ev_io io;
	const struct conn_owner *does;
	void *owner;
	struct list ready;	/* in net's ready or lingering */
	struct list dirty;	/* in net's dirty */
	struct buf in;		/* plaintext that the owner has not consumed */
	struct buf out;		/* plaintext not yet given to TLS or kernel */
	struct shield *shield;
	uint64_t put, got;
	struct mono heard;
	struct mono until;	/* finishing: it is closed then */
	int broken;		/* errno of the write that failed */
	uint16_t depth;		/* ways in from the loop, see above */
	uint8_t armed;		/* events that the watcher waits for */
	bool paused : 1;
	bool high : 1;		/* output was over CONN_LOW: drained() is due */
	bool blocked : 1;	/* the kernel is full: wait for EV_WRITE */
	bool in_input : 1;	/* input() runs: what it leaves is still outside */
	bool lost : 1;
	bool eof : 1;		/* the peer ended its side in order */
	bool finishing : 1;
	bool local : 1;		/* finishing, and a UNIX socket: nobody reads it any more */
	bool shut : 1;		/* we ended ours */
	bool closed : 1;
};

/* conn.c */
void conn_enter(struct conn *);		/* around every way in from the loop: */
void conn_leave(struct conn *);		/* what was closed meanwhile is freed here */
void conn_watch(struct conn *, int events);
void conn_touch(struct conn *);		/* it has something to send this turn */
void conn_wake(struct conn *);		/* it has something to deliver this turn */
bool conn_can_give(const struct conn *);	/* its owner may be called */
bool conn_is_secret(const struct conn *);	/* TLS is past its handshake */
void conn_lose(struct conn *, const struct err *why);
void conn_lose_sys(struct conn *, int error);
void conn_lose_text(struct conn *, int status, const char *text);
	/* callers see to it that the owner may be told, or do not mind */

/* conn_io.c */
void conn_on_io(struct ev_loop *, ev_io *, int revents);
size_t conn_give(struct conn *, struct str all);
	/* to input(); answers how much of it is done with; may have closed it */
void conn_keep(struct conn *, struct buf *, struct str rest);
void conn_give_kept(struct conn *);	/* what waits in c->in */
size_t conn_send(struct conn *, struct str);	/* how much the kernel took */
void conn_write_plain(struct conn *);

/* conn_tls.c */
void conn_take_cipher(struct conn *, struct str fresh);
	/* from the shared buffer; empty: from where it was kept */
void conn_write_tls(struct conn *);
bool conn_send_records(struct conn *);
	/* all that wait in the engine; false: the kernel takes no more */

#endif
