/*
 * loop.h - the event loop of a process, with memory and descriptors that it can count on.
 *
 * libev ends the process when it gets no memory for its tables, or no
 * descriptor for its signals.  So it has a reserve from the start, which lets
 * each of its tables grow once more up to the descriptor limit, and what it
 * opens is tried before.
 */
#ifndef FEDX_LOOP_H
#define FEDX_LOOP_H

#include <ev.h>

#include "base/err.h"

struct ev_loop *loop_open(struct err *);
	/* the one of a process; NULL: *e says why, with an exit status */
void *loop_alloc(void *p, long size);
	/* for libev: memory of the system, else of the reserve; size 0 frees */

#endif
