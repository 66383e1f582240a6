/*
 * wheel.h - deadlines by the thousand: a hashed wheel of coarse ticks.
 *
 * Adding and removing is a few pointer writes, so each request and each link
 * can have one.  A timer fires up to one tick late, never early.  Time is
 * passed in; who turns the wheel asks wheel_next_ms() how long to sleep.
 */
#ifndef FEDX_WHEEL_H
#define FEDX_WHEEL_H

#include "base/clock.h"
#include "base/list.h"

enum { WHEEL_TICK_MS = 16, WHEEL_SLOTS = 1024 };

struct wheel;
struct timer;
typedef void timer_fn(struct wheel *, struct timer *);
	/* may set or drop any timer, this one too */

struct timer {
	struct list place;
	uint64_t due;		/* tick; 0: not set */
	timer_fn *fire;
};
struct wheel {
	struct list slots[WHEEL_SLOTS];
	uint64_t tick;		/* all timers due by this one have fired */
	uint64_t soonest;	/* no timer is due before this tick */
	uint64_t count;
};

void wheel_init(struct wheel *, struct mono now);
void timer_init(struct timer *, timer_fn *);
void timer_set(struct wheel *, struct timer *, struct mono now, uint64_t ms);
	/* again: moves it */
void timer_drop(struct wheel *, struct timer *);	/* not set: no harm */
void wheel_turn(struct wheel *, struct mono now);	/* fires what is due */
uint64_t wheel_next_ms(struct wheel *, struct mono now);
	/* until the next one may be due; UINT64_MAX: none is set */

/* What may be done once in a while: the first time at once, the last time when the while is over. */
struct pace {
	struct mono next;	/* not again before then */
	struct timer later;	/* it is to be done then */
};
bool pace_now(struct wheel *, struct pace *, struct mono now, uint64_t ms);
	/* true: now, and not again for so long; false: its timer will fire, and
	 * is to ask this again */

static inline bool
timer_is_set(const struct timer *t)
{
	return t->due != 0;
}

#endif
