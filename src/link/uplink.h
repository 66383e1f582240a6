/*
 * uplink.h - a connection that we keep dialling: a list of hubs, a table of
 * states without a terminal one, backoff with full jitter.
 *
 * One to a peer (another hub) stands by while that node is linked by a
 * connection that it opened itself: rival.c.
 *
 *	fsm.c	what it does next (the table)
 *	dial.c	how it is done
 */
#ifndef FEDX_UPLINK_H
#define FEDX_UPLINK_H

#include "link/link.h"

#define UPLINK_STATES(X) X(NONE) X(DIALLING) X(GREETING) X(UP) X(BACKOFF) X(REFUSED) X(PAUSED) X(STANDBY)
enum uplink_state {
#define X(name) UPLINK_##name,
	UPLINK_STATES(X)
#undef X
	UPLINK_STATE_COUNT
};

#define UPLINK_EVENTS(X) X(START) X(OPENED) X(WELCOME) X(LOST) X(REFUSAL) X(TIMEOUT) X(PAUSE) X(RETRY) X(RIVAL)
enum uplink_event {
#define X(name) ON_UPLINK_##name,
	UPLINK_EVENTS(X)
#undef X
	UPLINK_EVENT_COUNT
};

enum { UPLINK_URLS = 16 };

struct uplink {
	struct links *links;
	struct tls_ctx *tls;			/* for the URLs that want it; borrowed */
	const char *urls[UPLINK_URLS];		/* borrowed; tried in turn */
	size_t url_count, url;			/* url: the one in use */
	size_t elsewhere;			/* 1 + the one that it was told to dial next; 0: none */
	bool insecure;				/* may show a token without TLS off this host */
	bool peer;				/* dialled with --peer, not with --uplink */
	bool again;				/* the other side has a link to us that is dead */
	bool drains;				/* paused as soon as its link has nothing to do */
	struct list place;			/* links.uplinks */
	char node[256];				/* whom it reached last; "": nobody yet */
	enum uplink_state state;
	struct dial *dial;
	struct conn *conn;			/* in the hands of the HTTP upgrade */
	struct link *link;
	struct timer timer;
	struct mono since;			/* in this state */
	uint32_t failures;			/* since it was last up for long */
	uint32_t refusals;
	uint32_t sent_away;			/* by GOODBYE, in a row, each time before it was steady; SENT_AWAY_MAX at most */
	uint32_t come_back_ms;			/* asked for by the one hub, which has left; 0: none did */
	uint8_t nonce[16];			/* of the WebSocket handshake */
	char why[240];				/* of the last loss or refusal */
	char address[264];			/* of the other side, or its name behind a proxy */
	void (*welcomed)(void *owner, const struct hello *);	/* may be NULL */
	void (*refused)(void *owner, const char *why);		/* likewise */
	void *owner;
};

void uplink_init(struct uplink *, struct links *);
void uplink_start(struct uplink *);
void uplink_stop(struct uplink *);	/* for good: at the end of the program */
void uplink_step(struct uplink *, enum uplink_event);	/* the only one to change state */
void uplink_retry(struct uplink *);	/* dials now, if it may and need */
void uplink_drain(struct uplink *);	/* nothing new by its link; pauses when that is idle */
struct link *uplink_linked(const struct uplink *);
	/* the link with its node, whoever opened it; NULL: none is up */
void uplinks_turn(struct links *);	/* each turn: who has drained is paused */
void uplinks_lost(struct links *, struct str node);	/* who stood by for this link dials, in 0 .. link.backoff */
bool uplinks_paused(struct links *, struct str node);	/* is the one to this node? */
const char *uplink_state_name(enum uplink_state);
const char *uplink_event_name(enum uplink_event);
uint32_t uplink_wait_ms(const struct uplink *, bool refused, uint32_t random);
	/* full jitter: 0 .. min(max, base doubled each time), scaled by random; who refused
	 * or left is given half of that at least, and who left no less than it asked for */

/* dial.c, called by the table */
void uplink_dial(struct uplink *);
void uplink_give_up(struct uplink *);
void uplink_wait(struct uplink *);
void uplink_wait_long(struct uplink *);
void uplink_wait_short(struct uplink *);
void uplink_stand_by(struct uplink *);
void uplink_report_up(struct uplink *);
void uplink_hang_up(struct uplink *);

#endif
