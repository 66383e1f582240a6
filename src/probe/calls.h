/*
 * calls.h - the calls that are in flight, and the order in which their
 * answers are printed.  Knows the bus, but no descriptor: a unit test plays
 * the node.
 *
 * In order: an answer waits until those before it are out, and at most
 * 4 x parallel calls are begun and not yet printed.  Unordered: an answer goes
 * out when it is whole.  A long answer is printed as it comes once it is its
 * turn, and credit is given only for what was printed, so that the rest waits
 * at its sender.
 */
#ifndef FEDX_CALLS_H
#define FEDX_CALLS_H

#include "base/clock.h"
#include "bus/client.h"

enum { PARALLEL_MAX = 1024 };

enum slot_state { SLOT_FREE, SLOT_OPEN, SLOT_ANSWERED, SLOT_FAILED };

struct slot {
	enum slot_state state;
	struct bus_talk talk;
	uint64_t line;
	struct buf body, answer;
	size_t unpaid;			/* bytes of answer that cost no credit */
	bool whole;			/* body is: nothing will be added */
	uint8_t type;
	char last;			/* byte printed; 0: none yet */
	struct mono until;		/* our patience with a node that is silent; 0: none */
	struct err why;
	unsigned hops;			/* bytes of it in use */
	char hop[1024];			/* META_hop TLVs of the answer, with trace */
};

struct calls {
	struct slot *slots;
	size_t count, parallel;
	size_t open;			/* in flight */
	size_t used;			/* not free */
	uint64_t begun;			/* lines so far */
	uint64_t next;			/* in order: the line to print next */
	uint64_t answered, failed;
	struct slot *holder;		/* unordered: a long answer has the output */
	bool unordered;
};

int calls_open(struct calls *, size_t parallel, bool unordered);	/* -1: no memory */
void calls_close(struct calls *);
struct slot *calls_begin(struct calls *);	/* NULL: not now */
int calls_say(struct calls *, struct bus *, const struct envelope *request);
	/* sends what waits of all bodies; -1: the queue to the node is full */
int calls_take(struct calls *, struct bus *, const struct envelope *, struct err *);
	/* an envelope from the node; -1: it broke the protocol */
void calls_expire(struct calls *, struct bus *, struct mono now);
void calls_lost(struct calls *, const struct err *);	/* the node is gone: all open ones fail */
struct slot *calls_ready(struct calls *, bool input_ended);
	/* one with something to print or to report, or NULL */
void calls_printed(struct calls *, struct bus *, struct slot *, size_t n);
	/* n bytes of its answer are out */
void calls_end(struct calls *, struct slot *);	/* it is reported: free again */

#endif
