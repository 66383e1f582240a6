/* fabric.c - a script for a few nodes, their links and programs: no promise is broken. */
#include <stdlib.h>

#include "fabricsim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *broken = sim_run(data, size);

	if (broken) {
		fprintf(stderr, "%s\n", broken);
		abort();
	}
	return 0;
}
