/*
 * daemon.h - being a daemon: background, pid file, another user.
 */
#ifndef FEDX_DAEMON_H
#define FEDX_DAEMON_H

#include <sys/types.h>

#include "base/err.h"

int daemon_fork(struct err *);
	/* into the background, before any event loop exists; the parent waits
	 * for daemon_ready() and exits 0, or with our status if we die first */
void daemon_ready(void);		/* lets that parent go */
int daemon_pidfile(const char *path, struct err *);	/* locked; -1: in use or unwritable */
void daemon_pidfile_leave(void);	/* for a successor: the file stays */
void daemon_pidfile_remove(void);
int daemon_uid(const char *name, uid_t *, struct err *);
int daemon_user(const char *name, const char *const *files, struct err *);
	/* for good: groups, gid, uid; the files (until NULL), and the pid file,
	 * become that user's */

#endif
