/*
 * explain.h - an answer to "why does it go, or not": what explain.c and
 * explain_way.c share.
 */
#ifndef FEDX_EXPLAIN_H
#define FEDX_EXPLAIN_H

#include "node/builtin.h"

enum { EXPLAIN_TEXT = 512 };

struct explanation {
	struct list place;		/* node.explanations */
	struct builtin *builtin;
	struct timer due;
	uint64_t answer;		/* whose stream it is */
	uint64_t question;		/* to fedx-route; 0: none is under way */
	uint64_t hop;			/* to the next node; 0: none */
	uint32_t peer_number;		/* of who would hand the message in */
	uint8_t kind;
	char from[EXPLAIN_TEXT], to[EXPLAIN_TEXT], subject[EXPLAIN_TEXT], as[EXPLAIN_TEXT], origin[256];
	struct buf line;
};

static inline struct node *
explain_node(const struct explanation *x)
{
	return x->builtin->node;
}

/* explain.c */
struct port *explain_peer(const struct explanation *);	/* who would hand it in; NULL: it has gone meanwhile */
struct buf *explain_step(struct explanation *, const char *what);	/* a line begins; its members follow */
void explain_say(struct explanation *);				/* it goes out */
void explain_end(struct explanation *, const char *result, const char *why);	/* the last line; frees */
void explain_over(struct explanation *);			/* frees, when the next node has said it */

/* explain_way.c */
void explain_way(struct explanation *, struct str via);
	/* the rest of it: policy lets it pass */

#endif
