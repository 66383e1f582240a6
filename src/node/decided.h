/*
 * decided.h - which line decided: the rules that fedx-route has told of, and
 * the last denials, for who wants to know why.
 *
 * fedx-route numbers its rules anew with each policy and each start.  Here a
 * rule has one number for as long as it stands where it stands, so that a
 * flow of before still says the right line.
 */
#ifndef FEDX_DECIDED_H
#define FEDX_DECIDED_H

#include "base/clock.h"
#include "base/errors.h"
#include "base/map.h"
#include "wire/ask.h"

enum { RULES_MAX = 16384, DECISIONS_MAX = 1024, DECISION_TEXT = 512 };

struct rule_place {
	uint32_t number;		/* ours, from 1 */
	uint32_t generation;		/* that told of it last */
	uint8_t hook;
	uint32_t line;
	uint64_t verdicts;		/* that named it */
	const char *file, *name;	/* into key */
	size_t n;
	char key[];			/* hook, line, file NUL name NUL */
};

struct rule_numbers { uint32_t generation, count, cap; uint32_t *ours; };	/* by theirs, from 1 */

struct rulebook {
	struct rule_place **places;	/* by our number - 1; NULL: free */
	uint32_t count, cap;
	struct map by_key;
	struct rule_numbers now, next;	/* of the policy in force; of the one that is told */
};

struct decision {
	uint64_t number;		/* 0: none here */
	struct wall when;
	uint8_t hook, error;
	uint32_t rule;
	const char *reason, *peer, *from, *to, *subject;	/* into text, cut */
	char text[DECISION_TEXT];
};
struct decisions { struct decision *ring; size_t at; };	/* DECISIONS_MAX of them; at: the next one's place, and on */

void rulebook_free(struct rulebook *);
void rulebook_forget_numbers(struct rulebook *);	/* another fedx-route comes, with numbers of its own */
int rulebook_told(struct rulebook *, const struct rule_mark *);	/* -1: too many, or no memory */
void rulebook_policy(struct rulebook *, uint32_t generation);	/* it is in force from now on */
uint32_t rulebook_ours(const struct rulebook *, uint32_t theirs);	/* 0: the default, or never told */
struct rule_place *rulebook_place(const struct rulebook *, uint32_t ours);	/* NULL: none */

void decisions_free(struct decisions *);
void decisions_add(struct decisions *, uint64_t number, struct str peer, const struct question *,
    uint32_t rule, enum error, struct str reason);
const struct decision *decisions_last(const struct decisions *);	/* NULL: none yet */

#endif
