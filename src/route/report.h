/*
 * report.h - what a reload did or why it did not, as JSON lines: for
 * `fedx-probe reload`, and the places in a policy for the log.
 */
#ifndef FEDX_ROUTE_REPORT_H
#define FEDX_ROUTE_REPORT_H

#include "route/load.h"

enum { REPORT_MAX = 60000 };	/* a field of RELOADED holds 65535 bytes */

struct report {			/* what it is about */
	const char *what;	/* "check", "apply", "confirm", "undo" */
	uint32_t generation;	/* that is in force now */
	uint32_t confirm_ms;
	const struct loaded *old, *new;	/* old NULL: none before; new: the policy that was tried or taken */
	const struct trial *trial;	/* its tests; NULL: none were run */
	bool applied;
};

void report_done(struct buf *, const struct report *);
	/* one line on the policy, then one for each hook and rule that came or went */
void report_refused(struct buf *, const struct report *, const struct err *why);
	/* one line with file and line, then one for each test that failed */

struct tests { uint32_t passed, failed; };
struct tests tests_of(struct str tap);
bool place_of(const char *text, struct str *file, uint32_t *line, const char **rest);
	/* "policy.lua:12: what": its parts; false: no such beginning, *rest is all */
void digest_text(const uint8_t digest[32], char to[65]);
void hooks_text(uint32_t hooks, char to[128]);	/* "route,admit"; "none" */

#endif
