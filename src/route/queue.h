/*
 * queue.h - questions that wait, each peer in its turn: one that asks a
 * thousand things does not make the others wait for them.
 *
 * Two lanes: what somebody waits for, and what is asked in the background;
 * of eight, one is taken from the background.
 */
#ifndef FEDX_ROUTE_QUEUE_H
#define FEDX_ROUTE_QUEUE_H

#include "base/list.h"
#include "base/map.h"

enum { QUEUE_OF_PEER = 512, QUEUE_MAX = 8192, QUEUE_BYTES = 16 << 20 };

struct waiting {
	struct list place;
	uint64_t id;
	uint8_t kind;		/* KIND_ASK or KIND_EVENT */
	uint8_t hook;		/* of an event */
	size_t n;
	char body[];
};

struct lane { struct map by_number; struct list askers; uint32_t count; };

struct queue {
	struct lane urgent, background;
	uint32_t count, turn;
	size_t bytes;
};

void queue_init(struct queue *);
void queue_free(struct queue *);
int queue_put(struct queue *, uint32_t peer, bool background, const struct waiting *head, struct str body);
	/* copies; -1: too many of this peer wait, or no memory */
struct waiting *queue_take(struct queue *);	/* yours to free(); NULL: none */
bool queue_is_full(const struct queue *);	/* stop reading */
bool queue_has_room(const struct queue *);	/* go on */

#endif
