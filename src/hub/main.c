/* main.c - fedx-hub: accepts links and clients, may itself have a parent. */
#include "node/start.h"
#include "wire/hello.h"

int
main(int argc, char **argv)
{
	return node_start(ROLE_HUB, argc, argv);
}
