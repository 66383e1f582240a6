/*
 * fd.h - descriptors that do not leak into children and do not block.
 */
#ifndef FEDX_FD_H
#define FEDX_FD_H

#include "base/buf.h"
#include "base/err.h"

void fd_cloexec_others(void);	/* every one but stdin, stdout and stderr */
int fd_prepare(int fd);			/* close-on-exec and non-blocking; -1: errno */
int fd_cloexec(int fd);
int fd_read_file(const char *path, size_t max, struct buf *, struct err *);
	/* the whole regular file into an empty buf, max included; -1 says why
	 * (exit status 66 when it is missing); a FIFO, device or directory is
	 * refused without waiting */
int fd_read_secret(const char *path, char *to, size_t size, struct err *);
	/* the one line of a file that others may not read, as a C string; -1 says
	 * why, without the line */
int fd_write_all(int fd, struct str);	/* of a blocking descriptor; -1: errno */
unsigned long fd_limit_raise(void);
	/* the soft descriptor limit to the hard one; returns what now holds */

#endif
