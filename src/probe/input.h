/* input.h - standard input, a step at a time. */
#ifndef FEDX_INPUT_H
#define FEDX_INPUT_H

#include "base/buf.h"
#include "base/err.h"

enum { READ_STEP = 64 * 1024 };

int input_read(struct buf *, bool *ended, struct err *);
	/* at most READ_STEP more bytes; nothing is there yet: 0 as well; -1: status 70 or 74 */

#endif
