/*
 * matcher.h - Lua 5.4's patterns, each step of the search taken from the budget.
 *
 * t/unit/policy-strings.c compares them with Lua's own, also in what is
 * refused, and how.
 */
#ifndef FEDX_MATCHER_H
#define FEDX_MATCHER_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

enum {
	CAPTURES_MAX = 32,
	CAPTURE_OPEN = -1, CAPTURE_POSITION = -2	/* lengths of captures that have none */
};

struct matcher {
	lua_State *L;
	const char *start, *end;	/* of the subject */
	const char *stop;		/* of the pattern; a NUL is there, as in every Lua string */
	int depth, captures;
	size_t steps;			/* that are not charged yet */
	struct { const char *at; ptrdiff_t n; } capture[CAPTURES_MAX];
};

const char *match_from(struct matcher *, const char *s, const char *p);
	/* where a match of p that begins at s ends; NULL: there is none; raises */
void match_step(struct matcher *, size_t);
	/* counts steps, and charges them now and then */

#endif
