/*
 * limit.h - rates as token buckets, counted in C for each message: policy
 * says which limit, a flow keeps a reference to the bucket.
 *
 * A bucket is (name, value of the field that sets them apart).  It lives while
 * a flow or a port refers to it, and LINGER_MS longer, so that a flow that is
 * evicted and asked for again gives nobody a fresh bucket.
 */
#ifndef FEDX_LIMIT_H
#define FEDX_LIMIT_H

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"

enum { LIMITERS_MAX = 65536, LINGER_MS = 60000 };

struct limiter;
struct limiters {		/* zeroed: none */
	struct map by_name;
	struct list idle;	/* without a reference, longest first */
	uint32_t count;
	uint64_t refused;	/* counter: takes that were over a rate */
};

struct limiter *limiter_use(struct limiters *, struct str name, struct str value,
    uint32_t rate_milli, uint32_t burst, struct mono now);
	/* a reference; the same bucket for the same name and value, with the
	 * newest rate; a new one is full.  burst 0: what passes in a second, at
	 * least 1.  NULL: too many, or no memory: deny then */
void limiter_release(struct limiters *, struct limiter *, struct mono now);	/* NULL: nothing */
bool limiter_take(struct limiter *, struct mono now);	/* false: over its rate now */
void limiters_free(struct limiters *);	/* also those that are still referred to */

#endif
