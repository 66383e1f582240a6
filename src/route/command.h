/* command.h - what fedx-route does without a socket: for a shell, and for a data plane's child. */
#ifndef FEDX_ROUTE_COMMAND_H
#define FEDX_ROUTE_COMMAND_H

#include "base/buf.h"
#include "route/options.h"

int command_settings(const char *file);		/* each: the exit status */
int command_test(const char *directory);
int command_check(const struct options *);
int settings_read(const char *file, struct buf *lines, struct err *);
	/* "KEY=VALUE\tFILE:LINE" lines into an empty buf; -1: *e, its status 66 or 78 */

#endif
