/* start.h - main of fedx-hub and fedx-leaf, which differ in their role alone. */
#ifndef FEDX_START_H
#define FEDX_START_H

#include <stdint.h>

int node_start(uint8_t role, int argc, char **argv);	/* the exit status */

#endif
