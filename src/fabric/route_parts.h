/* route_parts.h - what route_out.c offers route_set.c; rib.h is for the others. */
#ifndef FEDX_ROUTE_PARTS_H
#define FEDX_ROUTE_PARTS_H

#include "fabric/fabric.h"

bool route_may_tell(struct fabric *, struct port *, struct origin *);
struct announcement route_claim(const struct claim *);	/* as it is told on; views */
int told_say(struct fabric *, struct told *, uint8_t kind, const struct announcement *);
	/* -1: no room; the port has a gap then, and what was to be announced comes again */
struct list *told_names(struct fabric *, const struct origin *);
	/* all that it holds: struct exported of ourselves, else struct claim */
int told_route(struct fabric *, struct told *);		/* -1: as told_say() */
bool told_is_partial(struct fabric *, const struct told *);	/* are there names that it is still to be told? */
void told_claim(struct fabric *, struct told *, const struct claim *, bool there);
void told_all(struct fabric *, struct port *, struct origin *);	/* the route now, the names as there is room */
void told_end(struct fabric *, struct told *);		/* withdraws the route and forgets it */
void told_sending(struct told *, struct list *next);	/* from here on; NULL: all names are told */
void told_close(struct fabric *, struct told *);

#endif
