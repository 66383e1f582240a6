/* start.c - see start.h. */
#include <stdio.h>

#include "net/inherit.h"
#include "node/node.h"
#include "node/options.h"
#include "node/settings_file.h"
#include "node/start.h"
#include "node/supervisor.h"

int
node_start(uint8_t role, int argc, char **argv)
{
	const char *program = role == ROLE_HUB ? "fedx-hub" : "fedx-leaf";
	struct arguments a = { argc, argv };
	struct settings s;
	struct err e = { .status = 0 };
	int status;

	supervisor_open();
	succeed_open();
	settings_init(&s, role);
	if ((status = options_parse(&s, argc, argv)) != -1)
		return status;
	if (inherit_open(&e) == -1 || settings_load(&s, a, &e) == -1) {
		fprintf(stderr, "%s: %s\n", program, e.text);
		succeed_failed(e.text);
		return e.status ? e.status : 78;
	}
	status = s.check ? node_check(&s) : node_run(&s, a);
	settings_free(&s);
	return status;
}
