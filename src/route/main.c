/* main.c - fedx-route: asks policy, for the data plane of its run directory. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/supervisor.h"
#include "route/command.h"
#include "route/route.h"

/* What fedx.lua says, and over it what the command line says.  A file that is
 * wrong is no reason to leave a node without its policy: the data plane refuses it. */
static void
with_settings(struct options *o, int argc, char **argv)
{
	struct err e = { .status = 0 };
	struct options from_file;
	struct buf lines;
	char path[512];

	if (snprintf(path, sizeof path, "%s/fedx.lua", o->confdir) >= (int)sizeof path)
		return;
	options_init(&from_file);
	if (settings_read(path, &lines, &e) == 0 &&
	    options_lines(&from_file, buf_view(&lines), &e) == 0) {
		(void)options_read(&from_file, argc, argv);
		*o = from_file;
	} else if (e.status != 66) {
		fprintf(stderr, "fedx-route: %s; going on without it\n", e.text);
	}
	buf_free(&lines);
}

/* Not installed: fedx's own Lua lies beside the program, as in the source tree. */
static void
find_lua(const char *argv0)
{
	char self[PATH_MAX], lua[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (getenv("FEDX_LUA") || access(DATADIR "/fedx/lua/fedx", R_OK) == 0)
		return;
	if (n > 0)
		self[n] = '\0';
	else if (snprintf(self, sizeof self, "%s", argv0) >= (int)sizeof self)
		return;
	if ((slash = strrchr(self, '/')) == NULL)
		return;
	snprintf(lua, sizeof lua, "%.*s/../lua", (int)(slash - self), self);
	if (access(lua, R_OK) == 0)
		setenv("FEDX_LUA", lua, 1);
}

int
main(int argc, char **argv)
{
	struct options o;
	int status;

	supervisor_open();
	find_lua(argv[0]);
	options_init(&o);
	if ((status = options_read(&o, argc, argv)) != -1)
		return status;
	switch (o.command) {
	case COMMAND_SETTINGS:
		return command_settings(o.argument);
	case COMMAND_TEST:
		return command_test(o.argument ? o.argument : o.confdir);
	case COMMAND_CHECK:
		return command_check(&o);
	case COMMAND_RUN:
		break;
	}
	with_settings(&o, argc, argv);
	return route_run(&o);
}
