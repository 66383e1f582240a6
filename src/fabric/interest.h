/*
 * interest.h - who wants an event: the patterns of all subscriptions as a
 * trie of segments, and the ones that cover a path.
 *
 * A pattern is a path of segments, where * is one segment and ** any number
 * of them, also none.  All work for one event is one walk: each node of the
 * trie is visited at most once, whatever the patterns are, since a visit
 * carries the set of all positions in the path that its prefix can end at (a
 * word of 64 bits, hence PATH_SEGMENTS_MAX).  Nothing is allocated by it.
 */
#ifndef FEDX_INTEREST_H
#define FEDX_INTEREST_H

#include "base/map.h"

struct name;
struct segment;
struct interest {
	struct map all;			/* struct segment by its parent's number and its text */
	struct segment *root;		/* NULL: nobody wants anything; not in all */
	uint64_t last;			/* number given out */
	uint64_t visits;		/* of nodes of the trie: what matching cost */
};

void interest_free(struct interest *);	/* not the names */
int interest_add(struct interest *, struct name *);
	/* a pattern that announcement_check() let pass; -1: no memory, unchanged */
void interest_del(struct interest *, struct name *);
struct interested {
	struct name *name;		/* that covers the path */
	struct interested *also;	/* the next one, or NULL */
};
struct interested *interest_match(struct interest *, struct str path);
	/* all of them, in no order; until the next call of any of these */
bool path_plain(struct str path);	/* a path, without a wildcard: an event may have it */

#endif
