/*
 * load.h - a policy, from files to something that answers.
 *
 * A trial reads the files, loads them and runs their tests; a child does it,
 * so that what hangs or dies is not us.  What it read comes back, and those
 * very bytes are loaded here: whatever happened to the files meanwhile.
 */
#ifndef FEDX_ROUTE_LOAD_H
#define FEDX_ROUTE_LOAD_H

#include <ev.h>

#include "policy/policy.h"

enum { LOAD_BYTES = BUNDLE_MAX + (8 << 20), TAP_BYTES = 1 << 20 };

struct trial {
	bool fine;		/* it loads, and its tests pass */
	bool absent;		/* there is no policy.lua, or not even the directory */
	struct err why;		/* not fine: with file and line */
	struct buf tap;		/* of its tests */
	struct buf bytes;	/* the bundle; fine and not absent */
};

void trial_init(struct trial *);
void trial_free(struct trial *);
void trial_run(struct trial *, const char *confdir);	/* here and now */
int trial_put(struct buf *, const struct trial *);
int trial_get(struct trial *, struct str);	/* into an initialised one; -1: malformed, or no memory */

/* A trial in a child. */
struct check;
typedef void tried_fn(void *owner, struct trial *);	/* the check is gone; the trial is yours to read */
struct check *check_open(struct ev_loop *, const char *confdir, uint32_t bound_ms, tried_fn *,
    void *owner, struct err *);	/* the loop is the default one; NULL: *e */
void check_close(struct check *);	/* kills it; NULL is fine */

/* What is in force: a policy, none, or the failure to load any. */
struct loaded {
	struct policy *policy;	/* NULL: none, or failed */
	uint8_t digest[32];
	uint32_t hooks;		/* bit for each enum hook; failed: all */
	bool failed;
	char why[240];		/* failed */
	struct buf rules;	/* known after the load: lines HOOK, FILE:LINE, NAME, by tabs */
	struct buf bytes;
	struct bundle *bundle;
};

struct loaded *loaded_open(struct buf *bytes, struct err *);	/* takes the bytes, also on failure; NULL: *e */
struct loaded *loaded_none(void);
struct loaded *loaded_failed(const char *why);
void loaded_close(struct loaded *);	/* NULL is fine */

#endif
