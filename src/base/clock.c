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

/* Of the Gregorian calendar, whose years are counted from March here: the leap day is the last. */
struct date { int64_t year; unsigned month, day; };

static struct date
date_of(int64_t days)	/* since 1970-01-01 */
{
	enum { CYCLE = 146097, CENTURY = 36524, FOUR = 1461, TO_MARCH_OF_YEAR_0 = 719468 };
	int64_t since = days + TO_MARCH_OF_YEAR_0, cycle = (since < 0 ? since - CYCLE + 1 : since) / CYCLE;
	unsigned left = (unsigned)(since - cycle * CYCLE);	/* of 400 years */
	unsigned year = (left - left / (FOUR - 1) + left / CENTURY - left / (CYCLE - 1)) / 365;
	unsigned day = left - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * day + 2) / 153;	/* five months are 153 days, from March and from August */

	return (struct date){ cycle * 400 + year + (month > 9), month < 10 ? month + 3 : month - 9,
	    day - (153 * month + 2) / 5 + 1 };
}

void
wall_text(struct wall w, char to[32])
{
	enum { DAY = 86400 };
	int64_t days = (w.s < 0 ? w.s - DAY + 1 : w.s) / DAY;
	unsigned s = (unsigned)(w.s - days * DAY);
	struct date d = date_of(days);	/* not by gmtime(): its time_t may end in 2038 */

	snprintf(to, 32, "%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ", (long long)d.year, d.month, d.day,
	    s / 3600, s / 60 % 60, s % 60, (unsigned)(w.ns / 1000000));
}
