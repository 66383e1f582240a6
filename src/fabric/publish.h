/*
 * publish.h - events on paths: who wants them (subscribe.c), and how they get
 * there (publish.c).  Nothing is kept: who is not there misses it.
 */
#ifndef FEDX_PUBLISH_H
#define FEDX_PUBLISH_H

#include "fabric/fabric.h"

/* publish.c */
void publish(struct fabric *, struct port *, const struct envelope *);
void publish_resume(struct fabric *, struct flight *, struct envelope *);
	/* it waited for policy, and may go on: ends the flight */

/* subscribe.c */
void subscribe_open(struct fabric *, struct port *, const struct envelope *);
	/* answers ACK, or REPLY with an error */
void subscribe_close(struct fabric *, struct port *, uint64_t id, bool answer);
	/* behind what waits for policy; answer: DONE or ERROR */
void subscribe_now(struct fabric *, struct port *, const struct envelope *);
	/* SUBSCRIBE, UNSUBSCRIBE: its turn has come; connected_now() calls it */
bool subscribe_has(const struct fabric *, const struct port *, uint64_t id);	/* is it one of its subscriptions? */
bool subscribe_cut(struct fabric *, struct port *, struct str pattern, enum error, const char *why);
	/* policy does not allow it any more: ends its subscriptions to it, and
	 * tells; the claim is the caller's to drop; false: it has none */
void subscribe_forget(struct fabric *, struct port *);	/* its claims are gone */

#endif
