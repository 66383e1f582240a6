/*
 * tap.h - Test Anything Protocol for C tests, run by prove.
 *
 *	ok(pattern_match(p, a), "%s covers %s", p, a);
 *	is_str(view, "text", "the view holds it");
 *	return done();
 */
#ifndef FEDX_TAP_H
#define FEDX_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static int tap_count, tap_failed;

static inline bool __attribute__((format(printf, 4, 5)))
tap_ok(bool held, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", held ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!held) {
		tap_failed++;
		printf("#   failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return held;
}

static inline bool
tap_is_str(struct str got, const char *want, const char *file, int line, const char *what)
{
	bool same = str_is(got, want);

	tap_ok(same, file, line, "%s", what);
	if (!same)
		printf("#   got '%.*s', want '%s'\n", STR_FMT(got), want);
	return same;
}

static inline bool
tap_is_int(long long got, long long want, const char *file, int line, const char *what)
{
	tap_ok(got == want, file, line, "%s", what);
	if (got != want)
		printf("#   got %lld, want %lld\n", got, want);
	return got == want;
}

#define ok(held, ...) tap_ok((held), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, what) tap_is_str((got), (want), __FILE__, __LINE__, (what))
#define is_int(got, want, what) tap_is_int((long long)(got), (long long)(want), __FILE__, __LINE__, (what))

static inline void
skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

static inline uint64_t
tap_seed(void)	/* FEDX_SEED repeats a run; property tests print what they use */
{
	const char *s = getenv("FEDX_SEED");
	uint64_t seed = s ? strtoull(s, NULL, 10) : 20261121;

	printf("# FEDX_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

static inline uint64_t
tap_rand(uint64_t *state)	/* splitmix64 */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline int
done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
