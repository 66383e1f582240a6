/* child.h - a command with pipes to it, in a process group of its own. */
#ifndef FEDX_CHILD_H
#define FEDX_CHILD_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct child { pid_t pid; int in, out, err; };	/* pid 0: none; -1: no descriptor */

int child_find(const char *command, struct err *);
	/* is it there and executable, by PATH? -1: status 66 */
int child_start(struct child *, char **command, char **environment, bool own_stderr,
    struct err *);
	/* pipes are ours, non-blocking; own_stderr: a pipe, else err is -1 and
	 * it shares ours */
void child_signal(const struct child *, int sig);	/* the whole group */
void child_close(int *fd);
void child_end(struct child *);		/* closes what is open, forgets pid */
const char *child_fate(int wait_status, char to[64]);	/* "exited with status 3" */

struct child_words { struct str service, method, caller, origin, path; };
char **child_environment(const struct child_words *);
	/* ours with FEDX_SERVICE, FEDX_METHOD, FEDX_CALLER, FEDX_ORIGIN, FEDX_PATH in place;
	 * one malloc, free() it; NULL: no memory, or a word holds a NUL */

#endif
