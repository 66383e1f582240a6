/*
 * serve.h - fedx-probe serve: the part that knows the node (serve.c), and the
 * two ways to answer: a process a request (jobs.c), or one process for all
 * (coprocess.c).
 */
#ifndef FEDX_SERVE_H
#define FEDX_SERVE_H

#include <poll.h>

#include "base/clock.h"
#include "probe/child.h"
#include "probe/probe.h"

enum { CONCURRENCY_LIMIT = 1024, FDS_EACH = 3, KILL_AFTER_MS = 2000 };

struct serve {
	const struct probe *p;
	struct str name;
	unsigned concurrency;		/* what the node was told */
	unsigned slots;			/* thrice that: as many may run, wait, and be dying */
	bool draining;
	struct bus bus;			/* may be gone: what is sent then is dropped */
	void *mind;			/* of the answerer */
};

/* All may be called at any time between open and close. */
struct answerer {
	int (*open)(struct serve *, struct err *);
	void (*request)(struct serve *, const struct envelope *);
	void (*follow)(struct serve *, const struct envelope *);
		/* PART, CREDIT or CANCEL of a request that came before */
	void (*lost)(struct serve *);	/* the node is gone: nobody waits any more */
	size_t (*poll)(struct serve *, struct pollfd *);
		/* fills in up to FDS_EACH * slots; how many */
	int (*turn)(struct serve *, const struct pollfd *, struct mono now);
		/* what poll said; how many ms it can wait, -1: for ever */
	void (*reaped)(struct serve *, pid_t, int wait_status);
		/* the pid is still a zombie: its group is not somebody else's yet */
	size_t (*busy)(const struct serve *);	/* requests not ended */
	void (*close)(struct serve *);		/* kills what is left */
};
extern const struct answerer jobs_answerer, coprocess_answerer;

void serve_refuse(struct serve *, uint64_t id, unsigned error, const char *text);
	/* answers a request that was not given to anybody: not delivered */
struct str serve_method(const struct serve *, const struct envelope *);	/* of a REQUEST */
struct str serve_path(const struct envelope *);		/* that it goes to, or empty */

static inline int
sooner(int a, int b)		/* of two waits, -1 is for ever */
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

#endif
