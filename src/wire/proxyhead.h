/*
 * proxyhead.h - the PROXY header, version 1 and 2, by which a load balancer
 * says for whom it has connected.  Pure.
 */
#ifndef FEDX_PROXYHEAD_H
#define FEDX_PROXYHEAD_H

#include "base/str.h"
#include "wire/parse.h"

enum { PROXYHEAD_HOST = 46, PROXYHEAD_MAX = 2048 };	/* any address as text; a header, with its TLVs */

struct proxyhead {
	char host[PROXYHEAD_HOST];	/* numeric; "": it speaks for itself (LOCAL, UNKNOWN) */
	uint16_t port;
};

enum parse proxyhead_parse(struct str in, struct proxyhead *, size_t *used, const char **why);

#endif
