/* main.c - fedx-leaf: dials out to one hub of a list, hosts what is local. */
#include <stdio.h>

#include "node/node.h"
#include "node/options.h"

int
main(int argc, char **argv)
{
	struct settings s;
	struct err e = { .status = 0 };
	int status;

	settings_init(&s, ROLE_LEAF);
	if ((status = options_parse(&s, argc, argv)) != -1)
		return status;
	if (settings_check(&s, &e) == -1) {
		fprintf(stderr, "fedx-leaf: %s\n", e.text);
		return e.status;
	}
	return s.check ? node_check(&s) : node_run(&s);
}
