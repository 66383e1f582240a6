/* options.h - the command line of fedx-hub and fedx-leaf. */
#ifndef FEDX_OPTIONS_H
#define FEDX_OPTIONS_H

#include "node/settings.h"

int options_parse(struct settings *, int argc, char **argv);
	/* -1: go on; else the exit status to end with (help, version, usage error:
	 * two lines on stderr, 64) */

#endif
