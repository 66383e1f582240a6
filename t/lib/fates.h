/*
 * fates.h - what the parts of the helper program `fates` share: logs of ids.
 *
 * A caller's log has a line for each request that it sent and one for each
 * end that it was told; a service's log one for each request that it began:
 *
 *	sent ID | sent ID idempotent		ran ID
 *	answer ID
 *	not_delivered ID ERROR
 *	may_have_run ID ERROR
 *	wrong_answer ID				disorder ID
 *
 * Long bodies number their own bytes, so that both ends see whether all of
 * them come, and in order.
 */
#ifndef FATES_H
#define FATES_H

#include "base/err.h"
#include "bus/client.h"

enum { FATES_ID_MAX = 64, FATES_BODY = 200 * 1024 };

int fates_serve(int argc, char **argv);
int fates_call(int argc, char **argv);
int fates_judge(int argc, char **argv);

struct fates_option { const char *name; unsigned *number; const char **text; };
int fates_options(struct fates_option *, size_t count, int argc, char **argv);
	/* takes "--name VALUE" from the end of the arguments; the count of those
	 * before; -1: told on stderr */
void fates_log(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
	/* one line with one write, so that a kill leaves whole lines */
int fates_open_log(const char *path);	/* appends; exits when it cannot */
int fates_number(struct buf *, size_t n);	/* appends so many bytes; -1: no memory */
bool fates_in_order(struct str, size_t at);
	/* is this what fates_number() has appended, from its byte `at` on? */
void fates_dial(struct bus *, const char *rundir, volatile const int *stop);
	/* until the node is there, or *stop */

#endif
