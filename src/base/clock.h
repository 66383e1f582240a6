/*
 * clock.h - two clocks as two types, so that they cannot be mixed.
 *
 * struct mono: never steps; for deadlines and intervals.
 * struct wall: what people call the time; for certificates and logs only.
 */
#ifndef FEDX_CLOCK_H
#define FEDX_CLOCK_H

#include <stdint.h>

struct mono { uint64_t us; };		/* microseconds since some start */
struct wall { int64_t s; uint32_t ns; };	/* since 1970-01-01T00:00:00Z */

struct mono mono_now(void);
struct wall wall_now(void);
void wall_text(struct wall, char to[32]);	/* RFC 3339 UTC, milliseconds */

static inline struct mono
mono_add_ms(struct mono t, uint64_t ms)
{
	return (struct mono){ t.us + ms * 1000 };
}

static inline uint64_t
mono_ms_until(struct mono now, struct mono then)	/* 0 once it is past */
{
	return then.us > now.us ? (then.us - now.us + 999) / 1000 : 0;
}

static inline uint64_t
mono_us_since(struct mono then, struct mono now)
{
	return now.us > then.us ? now.us - then.us : 0;
}

#endif
