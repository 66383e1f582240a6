/*
 * keep.h - small files that must not be lost: whole, ours alone, and there
 * after a power cut once the call has said so.
 */
#ifndef FEDX_KEEP_H
#define FEDX_KEEP_H

#include "base/err.h"
#include "base/str.h"

int keep_file(const char *path, struct str content, struct err *);
	/* mode 0600; in the place of one that is there; -1: that is as it was, but
	 * for an error behind the very end; status 73 or 74 */
int keep_rename(const char *from, const char *to, struct err *);	/* in one folder; likewise */

#endif
