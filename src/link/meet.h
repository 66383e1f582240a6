/*
 * meet.h - hubs of two clusters meet: what federation decides of a link, said
 * to both ends.
 */
#ifndef FEDX_MEET_H
#define FEDX_MEET_H

#include "base/errors.h"
#include "fabric/cluster.h"

enum { MEETINGS_GONE = 64, MEETINGS_TOLD = 128 };

struct meetings {	/* all by keyed hashes; the oldest place is used again */
	struct { uint64_t node, instance; struct mono at; } gone[MEETINGS_GONE];
	struct { uint64_t what; struct mono at; uint32_t more; } told[MEETINGS_TOLD];
	unsigned gone_next;
};

struct link;
bool link_meets(struct link *, struct str node, struct str cluster, bool keys, enum error,
    const char *why);
	/* we accept its cluster; else it is refused.  keys: our own cluster must
	 * be proven; error and why: what its credential lacks, E_NONE: nothing */
void link_met(struct link *);			/* both ends have accepted: to the log */
bool link_is_foreign(const struct link *);
void link_departs(struct link *);		/* it said GOODBYE */
bool link_refused_there(struct link *, enum error, struct str text);
	/* closes it if that is the far side's word on clusters; false: it is not */
void link_unadmitted(struct link *, const char *kind);	/* it said that before HELLO */

#endif
