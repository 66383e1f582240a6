/*
 * settings_file.h - settings from fedx.lua, under those of the command line.
 *
 * The file is Lua, so it is read by a child, `fedx-route settings FILE`,
 * which says lines KEY=VALUE<tab>FILE:LINE.  Keys of fedx-route itself
 * (route.*) are for it alone.
 */
#ifndef FEDX_SETTINGS_FILE_H
#define FEDX_SETTINGS_FILE_H

#include "base/buf.h"
#include "node/settings.h"

struct arguments { int argc; char **argv; };

int settings_file(const struct settings *, char to[512], struct err *);
	/* where fedx.lua is; 1: there is one, 0: there is none; -1: no such
	 * directory although it was asked for */
int settings_build(struct settings *, uint8_t role, struct str text, struct arguments, struct err *);
	/* defaults, then the lines of text (copied), then the command line;
	 * checked; -1: *e with file and line, nothing to free */
int settings_readable(const struct settings *, struct err *);
	/* after we have become another user: what a reload reads again */
int settings_load(struct settings *, struct arguments, struct err *);
	/* at the start: waits for the child; *settings has the options, and
	 * becomes all of it */

#endif
