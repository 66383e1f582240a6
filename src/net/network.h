/* network.h - "10.0.0.0/8", "2001:db8::/32", or one address. */
#ifndef FEDX_NETWORK_H
#define FEDX_NETWORK_H

#include "net/addr.h"

struct network { uint8_t family, bits, base[16]; };	/* family: 4 or 6 */

int network_parse(struct str, struct network *);	/* -1: it is none */
bool network_has(const struct network *, const struct addr *);
	/* an IPv4 address mapped into IPv6 is what it is */

#endif
