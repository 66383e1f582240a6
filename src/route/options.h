/* options.h - the command line of fedx-route. */
#ifndef FEDX_ROUTE_OPTIONS_H
#define FEDX_ROUTE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum command { COMMAND_RUN, COMMAND_CHECK, COMMAND_SETTINGS, COMMAND_TEST };

struct options {
	enum command command;
	const char *argument;		/* settings FILE, test DIR (NULL: confdir) */
	const char *rundir, *confdir, *pidfile, *user;
	const char *in_force;		/* digest, in hex, of what the node has in force; NULL: it does not know */
	bool daemon, autostarted;
	uint32_t check_ms;		/* route.check: how long a load may take */
	uint32_t linger_ms;		/* route.linger: an autostarted one, without a data plane */
	uint32_t log_level, log_format, log_to;	/* to 1: syslog */
};

void options_init(struct options *);
int options_read(struct options *, int argc, char **argv);
	/* -1: go on; else the exit status to end with (help, version, usage error:
	 * two lines on stderr, 64).  May be read twice: a settings file between */
int options_lines(struct options *, struct str lines, struct err *);
	/* of `fedx-route settings`: takes route.* and log.*; -1: *e with the place */

#endif
