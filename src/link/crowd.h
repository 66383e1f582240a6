/*
 * crowd.h - how many connections one place holds: a source address, or the
 * bus.  Loopback addresses are not counted: behind them is this host.
 */
#ifndef FEDX_CROWD_H
#define FEDX_CROWD_H

#include "base/map.h"

struct crowd { struct map places; };

int crowd_enter(struct crowd *, const char *peer, uint32_t most);
	/* peer as from a listener ("198.51.100.7:4711", "unix"); -1: that place
	 * holds `most` already, or no memory */
void crowd_leave(struct crowd *, const char *peer);	/* who never entered: no harm */
void crowd_free(struct crowd *);

#endif
