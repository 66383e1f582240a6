/*
 * rundir.h - the run directory: ours alone, one data plane and one fedx-route in it.
 *
 * 0700, or 0750 with a group; owned by us; no symbolic link.  It holds
 * node.lock and node.sock, route.lock and route.sock.
 */
#ifndef FEDX_RUNDIR_H
#define FEDX_RUNDIR_H

#include <sys/types.h>

#include "base/err.h"

struct rundir {
	char path[108];			/* so that PATH/route.sock fits a socket address */
	char socket[128];		/* PATH/node.sock, or PATH/route.sock */
	char lock_path[128];		/* PATH/node.lock, or PATH/route.lock */
	int lock;			/* -1: not held */
	unsigned mode;			/* of the socket: 0600, or 0660 with a group */
};

int rundir_open(struct rundir *, const char *path, uid_t owner, struct err *);
	/* path NULL: $FEDX_RUN, $XDG_RUNTIME_DIR/fedx, the compiled-in one; makes
	 * it (one level), checks it (ours, or of `owner`, whom we become), locks it; -1: *e, status 73 or 78 (in use: the
	 * pid is named) */
int rundir_find(struct rundir *, const char *path, uid_t owner, struct err *);
	/* the same without the lock, which another node still holds */
int rundir_lock(struct rundir *, struct err *);
void rundir_unlock(struct rundir *);	/* for a successor: the file stays */
int rundir_open_route(struct rundir *, const char *path, uid_t owner, struct err *);
	/* the same for fedx-route: its own lock and socket */
void rundir_close(struct rundir *);

#endif
