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
	struct list open;		/* oldest first */
	uint32_t count;
	int (*http)(void *owner, const struct http_head *, struct buf *response);
		/* a plain request: the whole response, head included; -1: no memory */
	void *owner;
};

void doors_init(struct doors *, struct links *);
void doors_close(struct doors *);		/* all that stand in a door */
void door_open(struct doors *, int fd, const char *peer, const struct entrance *);
	/* takes fd; the entrance outlives the door, NULL: the bus; over the limit the oldest that has not proven itself goes */

#endif
