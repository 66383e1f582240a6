/*
 * inner.h - a client that lives in the node itself: it asks for a step of an
 * explanation at the next node ("fedx@NODE"), and does what rules want
 * ("rule:NAME").  It attaches nothing.
 */
#ifndef FEDX_INNER_H
#define FEDX_INNER_H

#include "fabric/fabric.h"
#include "wire/ask.h"

struct node;

typedef void inner_fn(void *owner, struct str bytes, bool last, bool error);
	/* a piece of the answer, or what went wrong; last: nothing follows */

struct inner {
	struct port port;
	struct fabric *fabric;
	struct list asked;
	uint64_t last;
	char from[256];
};

int inner_open(struct inner *, struct fabric *, const char *from, bool admin);
void inner_close(struct inner *);
uint64_t inner_ask(struct inner *, struct envelope *, inner_fn *, void *owner);
	/* a REQUEST with its names, payload, type and deadline; 0: no memory, and
	 * nothing is told.  The answer may come from within */
void inner_forget(struct inner *, uint64_t);	/* its answer is not wanted any more */
void inner_action(struct inner *, const struct action *);	/* and its failure is logged */

#endif
