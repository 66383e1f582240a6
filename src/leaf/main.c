/* main.c - fedx-leaf: dials out to one hub of a list, hosts what is local. */
#include "node/start.h"
#include "wire/hello.h"

int
main(int argc, char **argv)
{
	return node_start(ROLE_LEAF, argc, argv);
}
