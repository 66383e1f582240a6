/*
 * good.h - what fedx-route keeps in the run directory, so that a start never
 * takes a policy that is worse than the last one.
 *
 *	policy.good	the bundle that was in force last, and confirmed
 *	policy.undone	the digest of one that is not to be taken by a start:
 *			it was undone, or nobody has confirmed it
 */
#ifndef FEDX_ROUTE_GOOD_H
#define FEDX_ROUTE_GOOD_H

#include "node/rundir.h"
#include "route/load.h"

int good_write(const struct rundir *, const struct loaded *, struct err *);
	/* a loaded without a policy: takes the file away */
struct loaded *good_read(const struct rundir *, struct err *);
	/* NULL: there is none (*e is empty), or *e says what is wrong with it */
int undone_write(const struct rundir *, const struct loaded *, bool to_none, struct err *);
	/* to_none: what it went back to was no policy at all */
bool undone_is(const struct rundir *, const char *digest, bool *to_none);
	/* digest: in hex; true: *to_none as it was written */
void undone_clear(const struct rundir *);

#endif
