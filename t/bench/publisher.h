/*
 * publisher.h - events from one client to many of any protocol, for the load
 * generators: as many as go through, while what is under way is bounded.
 */
#ifndef FEDX_BENCH_PUBLISHER_H
#define FEDX_BENCH_PUBLISHER_H

#include <inttypes.h>
#include <poll.h>

#include "client.h"

enum { SUBSCRIBERS_MAX = 4096, AHEAD_BYTES = 1 << 20, AHEAD_ALL = 64 << 20,
	AT_ONCE = 64 };		/* events in one write */

struct publisher {
	struct client *self;
	struct str event;		/* as it is said */
	size_t bytes;			/* of its payload */
	struct client *c;		/* who are listened to: the subscribers first */
	struct pollfd *fds;		/* of these */
	unsigned subscribers, listened;
	int patience_ms;		/* so long without an event: what is under way is lost */
	uint64_t (*hear)(struct client *, struct pollfd *, unsigned count, int ms);
		/* events that all of them heard; 0: none for ms */
};

static inline uint64_t
publisher_hear(const struct publisher *p, int ms)
{
	return p->hear(p->c, p->fds, p->listened, ms);
}

/* Until all of them hear one. */
static inline void
publisher_try(const struct publisher *p)
{
	uint64_t heard = 0, was;

	for (unsigned tries = 0; tries < 100 && heard < p->subscribers; tries++) {
		heard = 0;
		buf_str(&p->self->out, p->event);
		client_flush(p->self);
		do
			heard += was = publisher_hear(p, 100);
		while (was);
	}
	if (heard < p->subscribers)
		client_lost();
}

/* Prints one line: events and deliveries a second.  The exit status. */
static inline int
publisher_run(const struct publisher *p, unsigned seconds)
{
	unsigned count = p->subscribers;
	uint64_t said = 0, heard = 0, was, each = AHEAD_ALL / count, us;
	uint64_t ahead = (each < AHEAD_BYTES ? each : AHEAD_BYTES) / (p->bytes + 64) + 1;
	struct mono start, end;

	publisher_try(p);
	start = end = mono_now();
	for (us = (uint64_t)seconds * 1000000; ; end = mono_now()) {
		bool over = mono_us_since(start, end) >= us;

		while (!over && said - heard / count < ahead) {
			for (int i = 0; i < AT_ONCE; i++, said++)
				buf_str(&p->self->out, p->event);
			client_flush(p->self);
		}
		heard += was = publisher_hear(p, p->patience_ms);
		if (was == 0 || (over && heard == said * count))
			break;
	}
	us = mono_us_since(start, end);
	printf("{\"v\":1,\"subscribers\":%u,\"bytes\":%zu,\"events_s\":%.0f,\"deliveries_s\":%.0f,"
	    "\"lost\":%" PRIu64 "}\n", count, p->bytes, (double)said * 1e6 / (double)us,
	    (double)heard * 1e6 / (double)us, said * count - heard);
	return heard ? 0 : 1;
}

#endif
