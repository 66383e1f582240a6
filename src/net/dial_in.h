/*
 * dial_in.h - the inside of a dial, for dial.c and dial_address.c alone.
 */
#ifndef FEDX_DIAL_IN_H
#define FEDX_DIAL_IN_H

#include "net/conn.h"
#include "net/inside.h"
#include "net/resolve.h"
#include "net/tunnel.h"

enum { DIAL_NO_HOST = 68, DIAL_UNREACHED = 69, DIAL_PROTOCOL = 76 };	/* exit statuses */

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

/* dial.c: a host, of a target of SRV records or of the url */
void dial_note(struct dial *, const struct err *);	/* an address, or the look-up, failed */
void dial_target_failed(struct dial *);		/* so did all of them: on to the next target */
void dial_done(struct dial *, struct conn *);	/* there we are */
void dial_set_timer(struct dial *, uint64_t ms);

/* dial_address.c: one of its addresses */
void dial_address_init(struct dial *);
void dial_next(struct dial *);			/* the one at d->at, if there is one */
void dial_address_late(struct dial *);		/* CONNECTING, TUNNELLING or SECURING has lasted long enough */

#endif
