/*
 * outlet.h - standard output that never makes the program wait: bytes queue,
 * and go out as the reader takes them.
 */
#ifndef FEDX_OUTLET_H
#define FEDX_OUTLET_H

#include <poll.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	OUTLET_HIGH = 256 * 1024,	/* above this, put no more */
	READER_GONE = -1		/* a status that is no exit status, and needs no sentence */
};

struct outlet {
	struct buf waiting;
	bool is_file;		/* takes everything at once */
};

void outlet_open(struct outlet *);
void outlet_close(struct outlet *);
int outlet_put(struct outlet *, struct str, struct err *);	/* -1: no memory */
struct pollfd outlet_poll(const struct outlet *);
	/* also with nothing to write: a reader that goes is an event */
int outlet_turn(struct outlet *, short revents, struct err *);
	/* -1: status 74 and a sentence, or READER_GONE */
int outlet_flush(struct outlet *, struct err *);	/* waits */

#endif
