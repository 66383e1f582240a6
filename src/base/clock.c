/* clock.c - see clock.h. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

struct mono
mono_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){ (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 };
}

struct wall
wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (struct wall){ t.tv_sec, (uint32_t)t.tv_nsec };
}

void
wall_text(struct wall w, char to[32])
{
	time_t s = (time_t)w.s;
	struct tm tm = { .tm_mday = 1 };	/* stays so for a year no int can hold */
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(to, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(to + n, 32 - n, ".%03uZ", (unsigned)(w.ns / 1000000));
}
