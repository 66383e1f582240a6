/*
 * bundle_dir.h - what a directory hands to a bundle: regular files that only
 * we and root can change, from below it.  Nothing here waits.
 */
#ifndef FEDX_BUNDLE_DIR_H
#define FEDX_BUNDLE_DIR_H

#include "policy/bundle.h"

enum { FILES_MAX = 1000, NAME_BYTES = 200 };

bool file_name_good(struct str);
	/* words joined by slashes, none of which begins with a dot */
bool file_name_is_lua(struct str);		/* "x.lua", in no folder */
char *dir_open(const char *path, struct err *);
	/* its real path, owned; NULL: *e says why it will not do */
int dir_read(const char *directory, struct str name, size_t most, struct buf *to, struct err *);
	/* 1: *to, which it initialises, holds the file; 0: there is none; -1 */
int dir_list(const char *directory, struct str below, struct buf *names, struct err *);
	/* as bundle_list() */

#endif
