/*
 * inflight.h - conversations under way: (link out, id out) -> (link in, id in).
 *
 * Ids are labels, swapped at each node.  The id that we give out holds the
 * slot and its generation, so an answer finds its flight without a search
 * and a late one finds none.  What the opener sends (PART, CREDIT, CANCEL)
 * is found by (port, its id) in a hash table.
 */
#ifndef FEDX_INFLIGHT_H
#define FEDX_INFLIGHT_H

#include "fabric/fib.h"
#include "fabric/port.h"
#include "fabric/wheel.h"

enum { WINDOW = 256 * 1024, WINDOW_MAX = 16 * 1024 * 1024 };

/*
 * One direction of a streamed body.  What waits for a slow receiver is bytes,
 * not parts: small parts are joined, so the window bounds the memory.
 */
struct pipe {
	struct list ready;		/* in port.ready of the receiver */
	struct flight *flight;
	struct buf bytes;
	struct buf tail;		/* an encoded envelope that ends it (an error) */
	uint8_t type;
};
struct stream {
	uint32_t window;		/* payload bytes that the sender may still send */
	uint32_t owed;			/* passed to an auto_credit receiver, not granted yet */
	bool ended;			/* its last byte has come */
	struct pipe *pipe;		/* NULL: nothing waits */
};

struct flight {
	struct port *in, *out;		/* who asked; who answers, NULL while parked */
	uint64_t in_id, id;		/* theirs; ours toward out */
	struct list in_place, out_place;	/* port.opened; port.serving */
	struct timer deadline;
	struct claim *claim;		/* the instance, NULL once it is withdrawn */
	uint64_t sent_mark;		/* of out: end of the request's first envelope */
	struct mono since, sent, until;	/* opened; sent on; its deadline */
	struct stream onward, back;	/* body of the request; of the answer */
	bool traced;
	bool answering;			/* a part of the answer has passed */
	bool ended;			/* nothing more will come; open only to drain a pipe */
	/* parked: */
	struct name *waits_for;
	struct list wait_place;
	struct buf saved;		/* the encoded request, and parts behind it */
	/* at the gate; in_id may be 0 then, for a message without an answer: */
	uint8_t at_gate;		/* enum at_gate */
	bool asked_again;
	bool event;			/* no request: its end is an event's */
	uint32_t held;			/* bytes of the request, as counted at the port */
	uint64_t asked, pair;		/* number of its question, 0: none; hash of to and subject */
	struct list gate_place;		/* gate_waits.requests */
	uint32_t epoch;			/* of the policy that let it in */
	struct buf question;		/* what it was asked; the memory stays with the slot */
};

enum at_gate { AT_NOTHING, AT_ROUTE, AT_PICK };

struct inflight {
	struct flight **blocks;		/* of BLOCK flights each, never given back before the end */
	uint32_t block_count;
	uint32_t free_head;		/* index + 1; 0: none */
	uint32_t count;			/* open */
	struct index_slot { struct port *port; uint64_t in_id; struct flight *flight; } *slots;
	uint32_t cap, dead;
	uint64_t key;			/* random: ids come from strangers */
};

void inflight_init(struct inflight *);
void inflight_free(struct inflight *);
struct flight *inflight_open(struct inflight *, struct port *in, uint64_t in_id);
	/* on in->opened and in the index; NULL: no memory; a 0 in_id is not indexed */
void inflight_close(struct inflight *, struct flight *);
	/* off all lists; its id means nothing from now on */
struct flight *inflight_at(const struct inflight *, uint32_t slot);
	/* 0 .. all slots there are: open flights only; NULL: none is in it */
uint32_t inflight_slots(const struct inflight *);
void inflight_serve(struct flight *, struct port *out);
struct flight *inflight_by_id(struct inflight *, uint64_t id);	/* NULL: over, or never was */
struct flight *inflight_by_opener(struct inflight *, struct port *in, uint64_t in_id);

#endif
