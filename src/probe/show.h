/* show.h - JSON lines of the node on standard output. */
#ifndef FEDX_SHOW_H
#define FEDX_SHOW_H

#include "probe/probe.h"
#include "probe/table.h"

enum { LIST_MAX = 64 * 1024 * 1024, WAIT_MS = 30 * 1000 };

int show_lines(const struct probe *, const struct column *, size_t count, struct str lines, struct err *);
	/* a table on a terminal, else tab-separated; with -j as they are */
int show_next(struct str *lines, struct str *object, struct err *);
	/* takes one line off, a JSON object; 0: no more; -1: it is none, status 76 */

#endif
