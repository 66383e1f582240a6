/*
 * flow.h - decide once, forward many: the verdicts of policy that are known,
 * by what the hook had read.
 *
 * A mask is what one run of a hook read: a set of fields and tests.  A flow
 * is a mask, the values that it found, and the verdict.  A message is looked
 * up once a mask (at most MASKS_MAX), each a hash and a compare: Open
 * vSwitch calls it a megaflow.  Of what strangers can fill, everything is
 * bounded: flows in all and their bytes, flows of one port, masks, tests.
 *
 * A limit that is set apart by a field makes that field part of the mask:
 * one flow has one bucket.
 */
#ifndef FEDX_FLOW_H
#define FEDX_FLOW_H

#include "base/clock.h"
#include "base/list.h"
#include "fabric/fields.h"
#include "fabric/limit.h"
#include "fabric/port.h"

enum { FLOWS_MAX = 65536, MASKS_MAX = 32, TEST_POOL = 64, PORT_SHARE = 8,
	FLOW_BYTES = 4096 };		/* texts of one flow; a longer one is not kept */

struct mask;
enum { FLOW_NEAR = 32 };
struct flow {
	/* first what a look-up reads: one line of the cache, and the next one */
	struct mask *mask;
	uint64_t hash, hits;
	uint64_t seen;			/* verdict.seen */
	struct mono until;		/* see forever */
	uint32_t generation;
	uint32_t rule;
	uint16_t buckets[LOOKUPS_MAX];	/* of flows.changed */
	uint16_t error;
	uint8_t answer;
	uint8_t bucket_count;
	bool used, forever;		/* used since the hand passed */
	bool far;			/* its values are in text[], not in near[] */
	bool plain;			/* no reason, via, to or subject */
	struct limiter *limiter;	/* NULL: none */
	char near[FLOW_NEAR];
	/* the verdict, views into text[] */
	struct str reason, via, to, subject;
	struct str values;		/* of the mask's fields, each u16 length and bytes, then test bits */
	struct str question;		/* an encoded ASK body: to ask again after a reload */
	struct flow **watch;		/* of who keeps a pointer to it: made NULL when it goes; or NULL */
	struct list all, of_port;	/* CLOCK order; of the port that asked, or of nobody */
	uint32_t *port_count;		/* of that port; NULL: nobody's */
	struct mono born;
	char text[];
};

struct flows {
	struct list all;		/* struct flow.all; the hand of CLOCK is its head.
					 * Flows of earlier generations come first */
	struct list *walk;		/* of gate_reload.c, toward the head: stays behind a flow that goes */
	uint32_t count, max;
	struct mask *masks[MASKS_MAX];	/* most hit first, more or less */
	uint32_t mask_count;
	uint32_t generation;		/* of the policy in force; never used twice */
	bool old_good;			/* flows of the generation before still answer: a reload is under way */
	uint64_t changed[4096];		/* number of the last change of a name, by its hash */
	uint64_t dropped;		/* flows that went: a pointer from before may be one */
	uint64_t hits, misses, evicted, unkept;	/* counters; unkept: no mask, test or byte left for it */
	struct limiters limiters;
	/* the rest is flow.c's own */
	struct flow **slots;		/* a power of two, at most half full */
	uint8_t *tags;			/* a byte of the hash for each slot, 0: empty; small, so it stays in
					 * the cache; the first ones once more behind the last */
	uint32_t cap;
	uint32_t last;			/* the generation before */
	uint64_t wild;			/* number of the last change of a pattern: it may cover any name */
	struct flow_test *tests[TEST_POOL];
	uint64_t key[4];		/* random */
	uint32_t since_sort;
	struct mono now;		/* of the last call that said it */
};

int flows_init(struct flows *, uint32_t max);	/* -1: no memory; max 0: keeps none */
void flows_free(struct flows *);
struct flow *flow_find(struct flows *, struct subject *, struct mono now);
	/* NULL: not known, or not any more.  A flow of the present generation
	 * before one of the last; no allocation.  Frees flows that are over:
	 * one that was found before may be among them */
struct flow *flow_again(struct flows *, struct flow *, struct mono now);
	/* the same for one that flow_find() gave, with no flow dropped since; NULL: look it up */
struct flow *flow_install(struct flows *, struct list *of_port, uint32_t *of_port_count,
    struct subject *, const struct verdict *, struct str question, struct mono now);
	/* of_port: port.flows; over max / PORT_SHARE one of this port's own
	 * goes.  A flow with the same mask and values is replaced.  NULL: it may
	 * not be kept (keep_ms 0, masks or pool full, a look-up that changed
	 * since or is a pattern, a test that does not hold as it says, too many
	 * limiters, no memory): use it once */
void flow_drop(struct flows *, struct flow *);
void flows_port_down(struct flows *, struct list *of_port);	/* they stay, as nobody's */
void flows_name_changed(struct flows *, enum family, struct str name, uint64_t number);
void flows_policy(struct flows *, uint32_t generation, bool old_good);
	/* from now on; old_good false: no flow of before answers any more, and
	 * each install frees some.  The same generation again, with old_good
	 * false, ends the reload */
uint32_t flows_drop_old(struct flows *, uint32_t at_most);
	/* frees those of earlier generations; how many went: 0, all are gone */

#endif
