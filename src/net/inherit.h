/*
 * inherit.h - listening sockets that somebody else has bound for us: a
 * supervisor, by LISTEN_FDS (systemd's protocol), or the process whose place
 * we take, by the same.
 */
#ifndef FEDX_INHERIT_H
#define FEDX_INHERIT_H

#include "base/err.h"
#include "base/str.h"

enum { INHERIT_MAX = 64, INHERIT_FIRST = 3 };
#define INHERIT_OURS "fedx"	/* in LISTEN_FDNAMES: bound by a node, whose place we take */

int inherit_open(struct err *);
	/* takes LISTEN_* out of the environment, and the descriptors away from
	 * children; nothing if they are meant for another process; -1: one is no
	 * listening stream socket */
size_t inherit_tcp_names(const char **names, size_t max);
	/* "192.0.2.1:80", valid for good */
int inherit_tcp(struct str hostport);
	/* the one that listens at what hostport means, port 0: at any port there;
	 * yours; -1: none is left */
int inherit_unix(const char *path, bool *ours);
	/* ours: its path is to be unlinked at the end */
int inherit_close(struct err *);
	/* closes those that nobody took; -1: there were some, and *e names one */

#endif
