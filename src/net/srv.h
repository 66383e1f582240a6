/*
 * srv.h - in which order the targets of SRV records are tried (RFC 2782).
 */
#ifndef FEDX_SRV_H
#define FEDX_SRV_H

#include <stddef.h>
#include <stdint.h>

struct srv {
	const char *host;
	uint16_t port, priority, weight;
};

size_t srv_order(struct srv *, size_t n, size_t most, uint32_t (*below)(uint32_t bound));
	/* the first `most` of the order come first, the rest follows as it may;
	 * how many that are; below: a random number in 0 .. bound-1 */

#endif
