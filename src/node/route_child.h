/*
 * route_child.h - fedx-route as a child of ours: to serve a node, or to read
 * a settings file and end.
 */
#ifndef FEDX_ROUTE_CHILD_H
#define FEDX_ROUTE_CHILD_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum { SETTINGS_MS = 10000, SETTINGS_TEXT_MAX = 1 << 20 };

const char *route_program(const char *argv0, char to[512]);
	/* fedx-route beside our own program, else in sbindir; neither: its bare
	 * name, which is then looked for in PATH */
pid_t route_spawn(const char *program, const char *const argv[], int out, struct err *);
	/* out: where its stdout and stderr go, -1: it has our stderr.  It has no
	 * other descriptor of ours, and a session of its own; -1: *e */
pid_t route_settings(const char *argv0, const char *file, int *out, struct err *);
	/* starts `fedx-route settings FILE`; *out is non-blocking, yours to close */
int route_settings_wait(pid_t, int out, struct buf *text, struct err *);
	/* until it ends, for SETTINGS_MS at most; closes out; -1: *e has its
	 * last line, or what else went wrong */
int route_settings_over(int status, struct str text, struct err *);
	/* what waitpid() said, and all that it wrote; 0: text is the settings */

#endif
