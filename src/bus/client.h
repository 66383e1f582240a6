/*
 * client.h - a small client of a node's bus socket, for a program that waits
 * in poll(2).
 *
 *	bus_dial(&b, rundir, &e);
 *	bus_ask(&b, &request, 0, NULL, &answer, &e);
 *	bus_close(&b);
 *
 * or, with conversations side by side: poll for bus_events(), hand the result
 * to bus_turn(), then take what came with bus_next() until it gives 0.
 */
#ifndef FEDX_BUS_CLIENT_H
#define FEDX_BUS_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "wire/announce.h"
#include "wire/envelope.h"
#include "wire/meta.h"

enum {
	BUS_PAYLOAD_MAX = 1024 * 1024,	/* of one envelope */
	BUS_WINDOW = 256 * 1024,	/* PART bytes each way before any CREDIT */
	BUS_CREDIT_STEP = 64 * 1024,	/* CREDIT is given in steps of this */
	BUS_OUT_HIGH = 1024 * 1024,	/* above this, bodies wait */
	BUS_OUT_MAX = 8 * 1024 * 1024
};

struct bus {
	int fd;				/* -1: closed */
	struct buf in, out;
	size_t taken;			/* bytes at the head of in that bus_next() gave out */
	uint64_t last_id;
	bool gone;
	struct err why;			/* once gone */
};

/* One conversation at our end: what we may still send, what we owe. */
struct bus_talk {
	uint64_t id;
	bool opener;			/* we asked; else we answer */
	bool spoken;			/* our REQUEST or REPLY is out: PARTs follow */
	bool ended;			/* our last byte is out */
	uint32_t window;		/* PART bytes that we may still send */
	uint32_t owed;			/* PART bytes read and not yet granted again */
};

int bus_dial(struct bus *, const char *rundir, struct err *);
	/* -1: status 69 (77: not ours to use), and the bus is closed */
void bus_adopt(struct bus *, int fd);	/* takes a connected, non-blocking socket */
void bus_close(struct bus *);
short bus_events(const struct bus *);	/* for poll */
void bus_turn(struct bus *, short revents);
	/* writes and reads what the socket gives; losing it is told by bus_next() */
int bus_next(struct bus *, struct envelope *, struct err *);
	/* 1: one, views valid until the next call of bus_next or bus_turn;
	 * 0: nothing more now; -1: the connection is gone, *e says why.
	 * Answers PING, skips what only nodes need. */
int bus_send(struct bus *, const struct envelope *);	/* -1: the queue is full */
uint64_t bus_id(struct bus *);		/* a fresh id for a request or ATTACH */

void bus_talk_open(struct bus_talk *, uint64_t id, bool opener);
int bus_say(struct bus *, struct bus_talk *, const struct envelope *first,
    struct buf *body, bool whole);
	/* sends of body what window and queue allow, in `first` (kind, type,
	 * names, meta) and then in PARTs, and eats it; whole: nothing will be
	 * added, so its last byte ends our side; -1: the queue is full */
int bus_fail(struct bus *, struct bus_talk *, unsigned error, enum fate, struct str text);
	/* answers with an error, also in mid-stream; ends our side */
int bus_cancel(struct bus *, const struct bus_talk *);	/* the opener gives up */
int bus_heard(struct bus *, struct bus_talk *, size_t n);
	/* n PART bytes were consumed: grants credit for them, in steps */
void bus_credit(struct bus_talk *, const struct envelope *);	/* a CREDIT came */

int bus_attach(struct bus *, const struct announcement *, bool detach, uint64_t *id);
	/* sends ATTACH or DETACH; DONE or ERROR with this id will answer */
int bus_ask(struct bus *, const struct envelope *request, unsigned wait_ms,
    struct buf *meta, struct buf *answer, struct err *);
	/* one request, waiting for its whole answer; id is set here; wait_ms 0:
	 * 65 s, a little more than a node waits; meta may be NULL; -1: *e has
	 * the sentence and the exit status */

unsigned bus_error(const struct envelope *, struct err *);
	/* what an envelope with FLAG_ERROR says: number, sentence, status */
void bus_error_say(unsigned error, enum fate, struct str text, struct err *);
	/* "no_route: nobody announces this name (not delivered)" */
size_t bus_text(struct str, char *to, size_t size);
	/* a C string fit for a terminal: control bytes and broken UTF-8 become
	 * '?', what does not fit is cut; its length */

#endif
