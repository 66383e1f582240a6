/* lines.h - a stream of bytes, one line at a time; pure. */
#ifndef FEDX_PROBE_LINES_H
#define FEDX_PROBE_LINES_H

#include "base/str.h"

static inline bool
line_next(struct str in, bool ended, struct str *line, size_t *used)
	/* the first line of in, without its newline; *used: with it; ended:
	 * what is left without a newline is a line too; false: none yet */
{
	const char *nl = in.n ? memchr(in.p, '\n', in.n) : NULL;

	if (!nl && (!ended || in.n == 0))
		return false;
	line->p = in.p;
	line->n = nl ? (size_t)(nl - in.p) : in.n;
	*used = line->n + (nl != NULL);
	return true;
}

#endif
