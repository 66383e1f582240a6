/*
 * border.h - what crosses between clusters once two of their hubs are linked:
 * each route, name and message is asked about again, by its own cluster and
 * not by who hands it over (mpreg.md 2.5), so that there is no second door.
 *
 * A route carries the clusters that it passed, its origin's first; a message
 * those that it has left.  cluster.h decides; this file says what to ask.
 */
#ifndef FEDX_BORDER_H
#define FEDX_BORDER_H

#include "fabric/request.h"

bool border_is_foreign(const struct fabric *, const struct port *);	/* a hub of another cluster */
bool border_is_ours(const struct fabric *, struct str cluster);		/* empty: so it is */

bool border_is_abroad(const struct fabric *, struct str clusters);	/* a run that begins elsewhere */

/* Coming in. */
enum error border_takes_route(const struct fabric *, const struct port *, const struct announcement *, struct err *);
bool border_takes_name(const struct fabric *, const struct via *, const struct announcement *);
enum error border_takes_message(struct fabric *, const struct port *, const struct envelope *, struct err *);
	/* a REQUEST or PUBLISH from a link: its source, rate and function */

/* Going out. */
bool border_tells_route(const struct fabric *, const struct port *to, const struct via *);
bool border_tells_name(const struct fabric *, const struct port *to, enum family, struct str name);
enum error border_passes(const struct fabric *, const struct envelope *, const struct port *to, struct err *);
	/* a message to this neighbour: transit, and whether the function is open there */
struct str border_mark(const struct fabric *, const struct port *to);
	/* what a node adds to the meta of a message that it hands to this
	 * neighbour: its id, and its cluster when the message leaves it */

#endif
