/*
 * greet.h - HELLO, WELCOME and the other kinds that concern one link only.
 */
#ifndef FEDX_GREET_H
#define FEDX_GREET_H

#include "link/link.h"
#include "link/prove.h"

void link_hear(struct link *, const struct envelope *);	/* hear.c: one envelope came in */
int link_say(struct link *, uint8_t kind, uint64_t id, struct str payload);	/* -1: its queue is full */
void greet_hello(struct link *, const struct envelope *);	/* greet.c, called by hear.c */
void greet_proven(struct link *, struct str hello, const struct credential *);
	/* with that body, by a key that it has proven to have */
void greet_bus_hello(struct link *, const struct envelope *);
void greet_welcome_back(struct link *);
int session_open(struct link *, const struct dialect *);	/* session.c; -1: no memory, or it wants none */
int session_event(struct link *, struct event *);		/* -1: it ended */
void session_free(struct link *);
void link_up(struct link *);		/* it has proven itself: a port of the fabric from now on */
void link_welcome(struct link *);	/* up, and whom it tells */
void link_refuse(struct link *, enum error, const char *theirs, const char *ours);
	/* closes; what the other side is told, and what our log says */
bool link_outlives(struct link *);
	/* it may come up: no other connection to its node is up any more; else it
	 * is closed, or is to be (rival RIVAL_STAYS) */
void link_give_way(struct link *old, enum error, const char *why);	/* frees it, and no other */
enum { LINK_LINGER_MS = 2000 };
void link_free(struct link *, uint32_t linger_ms);
	/* now, not at the end of the turn: its place is wanted; what it is to
	 * say still goes, for so long */
void link_join(struct link *);		/* admit.c: it would be up if policy had no say: asks it */
void link_hold(struct link *, const struct envelope *);	/* admit.c: until policy has answered */
void link_drop_held(struct buf *);	/* link.held; NULL is fine */
int link_hello(struct link *);		/* we dialled: say who we are */
void link_tell_closing(struct link *, enum error, const char *why);	/* of a session */
void link_ping(struct link *);
const struct tls_peer *link_certificate(const struct link *);	/* judge.c: that it has shown; NULL: none */
bool link_is_blocked(const struct link *);	/* that, or its credential */
enum error link_check_credential(struct link *, uint8_t role, struct str node, struct grant *,
    const char **why);
	/* is it let in by what it has shown, as things are now? */
int link_review(struct link *, struct err *);
	/* its TLS began before a reload: what is said of its certificate now;
	 * -1: we would not believe it any more */
void link_watch(struct link *);		/* from handshake to keepalive */
void link_greeted(struct link *);	/* not a stranger any more: not counted, may use more memory */
int link_name(struct link *, struct str node, struct str cluster, const char *peer);
	/* copies; peer NULL keeps it; -1: no memory, unchanged */

#endif
