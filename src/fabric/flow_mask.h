/*
 * flow_mask.h - what flow.c and flow_mask.c share: one look at a message, and
 * the masks it is looked at through.
 */
#ifndef FEDX_FLOW_MASK_H
#define FEDX_FLOW_MASK_H

#include "fabric/flow.h"

struct mask {
	uint64_t tests;			/* bit for each of flows.tests */
	uint64_t seed;
	uint64_t hits;			/* of late: halved at each sort */
	uint32_t read, flows;
	uint8_t count, fields[FIELD_COUNT];	/* the bits of read, as a list */
};

struct flow_test { struct test test; uint32_t uses; char text[]; };

/* Each field is cut out and hashed once, each test is made once, when first wanted. */
struct look {
	const struct flows *of;
	const struct subject *subject;
	uint32_t have;			/* bits: value[] and hash[] are there */
	uint64_t tested, held;
	struct str value[FIELD_COUNT];
	uint64_t hash[FIELD_COUNT];
};

static inline void
look_init(struct look *l, const struct flows *of, const struct subject *s)
{
	l->of = of;
	l->subject = s;
	l->have = 0;
	l->tested = l->held = 0;
}

uint64_t look_hash(struct look *, const struct mask *);
bool look_matches(struct look *, const struct mask *, const char *values);
size_t look_size(struct look *, const struct mask *);	/* bytes of its values */
void look_write(struct look *, const struct mask *, char *values);
struct mask *mask_open(struct flows *, struct look *, uint32_t read, struct str tests);
	/* the same one for the same set, or a new one without flows; NULL: no
	 * room, or a test does not hold as the run says */
void mask_close(struct flows *, struct mask *);	/* only if it has no flows */
void masks_sort(struct flows *);

#endif
