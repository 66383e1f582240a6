/* ping.h - one question to a node, or to the node where a service is attached. */
#ifndef FEDX_PING_H
#define FEDX_PING_H

#include "probe/probe.h"

struct target {
	const char *name;	/* NULL: the node that we are connected to */
	bool is_service;	/* found out by the first question */
	unsigned wait_ms;	/* 0: as long as the node waits */
	uint16_t flags;		/* FLAG_TRACE */
};

int ping_once(struct bus *, struct target *, struct buf *meta, struct buf *answer, struct err *);
	/* answer: the JSON of the node; meta may be NULL */
int ping_wait(const struct probe *, struct target *, struct err *);	/* -t */

#endif
