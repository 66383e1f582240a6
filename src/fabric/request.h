/*
 * request.h - what the files about requests share: where one goes, how it
 * waits, how it ends.
 */
#ifndef FEDX_REQUEST_H
#define FEDX_REQUEST_H

#include "fabric/fabric.h"

/* Where a request goes; or why it goes nowhere. */
struct target {
	struct port *port;	/* NULL and error E_NONE: wait at name */
	struct claim *claim;
	struct name *name;
	bool pick;		/* policy picks the instance of name: gate_pick() */
	enum error error;
	char why[240];
};

/* resolve.c */
void request_resolve(struct fabric *, struct port *from, const struct envelope *,
    struct str constraint, const struct gate_way *, struct target *);

/* request.c */
bool request_enters(struct fabric *, struct port *, struct envelope *, struct str *constraint);
	/* a request or an event comes in: false: it was refused; who it is from
	 * is true and its meta clean after it */
void request_refuse(struct fabric *, struct port *, const struct envelope *, enum error,
    const char *why);
	/* one that opened no flight */
void request_begin(struct fabric *, struct flight *, const struct envelope *);
	/* what its flight knows of it, with its deadline */
int request_send(struct fabric *, struct port *to, struct envelope *);
	/* one hop on; -1: its queue is full */
void request_start(struct fabric *, struct flight *, const struct target *, struct envelope *);
	/* sends it and hears the answerer from now on; or ends it */

#define FROM_IS_LOST "the sender does not hold the address in `from` any more"
bool request_holds_from(struct fabric *, struct port *, const struct envelope *);
	/* asked as a message comes, and again when it has waited */
void request_resume(struct fabric *, struct flight *, const struct gate_way *);
	/* what a flight has saved goes on, from the gate */

/* park.c */
void request_park(struct fabric *, struct flight *, struct name *, const struct envelope *);
	/* NULL: what it has saved already */
void flight_resume(struct fabric *, struct flight *, const struct target *);
	/* the saved request, then the parts that came behind it */
void park_part(struct fabric *, struct flight *, const struct envelope *);
	/* a parked request takes its parts along */
void flight_unpark(struct fabric *, struct flight *);

/* flight.c */
void flight_set_deadline(struct fabric *, struct flight *, uint32_t ms);
void flight_answered(struct fabric *, struct flight *, bool error);
	/* the last of the answer has passed */
void flight_cancel(struct fabric *, struct flight *);
	/* its opener gave it up or is gone: CANCEL to the answerer, nothing to the opener */

#endif
