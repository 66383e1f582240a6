/*
 * accept.h - the door: a connection that nobody knows yet, until its first
 * bytes say what it speaks.
 */
#ifndef FEDX_ACCEPT_H
#define FEDX_ACCEPT_H

#include "link/entrance.h"
#include "link/link.h"
#include "wire/httphead.h"

struct doors {
	struct links *links;
	struct tls_ctx *tls;		/* NULL: no TLS here */
	struct list strangers;		/* from the network; oldest first */
	uint32_t stranger_count;
	struct list local;		/* on the bus: link.bus_clients bounds them */
	int (*http)(void *owner, const struct http_head *, struct buf *response);
		/* a plain request: the whole response, head included; -1: no memory */
	void *owner;
};

void doors_init(struct doors *, struct links *);
void doors_close(struct doors *);		/* all that stand in a door */
void door_open(struct doors *, int fd, const char *peer, const struct entrance *);
	/* takes fd; the entrance outlives the door, NULL: the bus; over the limit the oldest stranger goes */

#endif
