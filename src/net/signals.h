/*
 * signals.h - signals reach the loop, also while the system cannot watch the
 * descriptor that wakes it.
 *
 * libev has a pipe of its own for that, which it gives up when it cannot be
 * watched, and ends the process at the next signal.  So each signal is caught
 * here, and libev is only told that it came.
 */
#ifndef FEDX_SIGNALS_H
#define FEDX_SIGNALS_H

#include <ev.h>

#include "base/err.h"

int signals_open(struct err *);		/* before the loop is made: two descriptors */
void signals_watch(struct ev_loop *);	/* of the loop of children, once */
void signals_look(struct ev_loop *);	/* now and then: nothing may have woken it */
void signals_start(struct ev_loop *, ev_signal *);	/* instead of ev_signal_start() */

#endif
