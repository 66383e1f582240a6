/*
 * words.h - what a node says of its policy, as sentences for people and as
 * flat objects for table.h; pure.  Each takes one object of JSON that was
 * checked; what came from strangers is made fit for a terminal.
 */
#ifndef FEDX_WORDS_H
#define FEDX_WORDS_H

#include "base/buf.h"
#include "base/err.h"

enum { WORD_MAX = 512 };
struct word { char c[WORD_MAX]; };

/* words.c */
struct word word(struct str object, const char *member);
	/* "" if it is not there; an array: with blanks between; cut to fit */
int words_place(struct str object, struct buf *);	/* "policy.lua:12"; nothing if it has none */
void words_tests(struct str object, const char *gap, struct buf *);
	/* "to under *@home.net: no, ..."; gap before the first */
int words_flow(struct str object, struct buf *);	/* -1 of these: full */
int words_policy(struct str object, struct buf *);	/* an object {name, value} a line */
int words_rule(struct str object, struct buf *);

/* words_explain.c */
int words_cells(struct str step, struct buf *);		/* flat: node step verdict name rule place why read */
int words_step(struct str step, struct buf *);		/* a line */
int words_decision(struct str object, struct buf *);	/* a line */
struct outcome {			/* of an explanation; zero before its first line */
	enum { OUTCOME_NONE, OUTCOME_GOES, OUTCOME_NO } end;
	int status;			/* exit status */
	char text[sizeof ((struct err *)NULL)->text];	/* of OUTCOME_NO */
	char denial[sizeof ((struct err *)NULL)->text];	/* the last one so far */
	char error[64];
};
void words_outcome(struct outcome *, struct str step);	/* line by line */

/* words_reload.c */
int words_report(struct str object, struct buf *);	/* lines, or none */
struct refusal { bool over, done, later; struct err why; bool placed; };
	/* placed: why begins with FILE:LINE:; later: it is not the policy that is wrong */
void words_refusal(struct refusal *, struct str object);	/* line by line */

#endif
