/*
 * sniff.h - which protocol do the first bytes of a connection speak?
 *
 * Pure.  DESIGN section 9: PROXY header, TLS record, HTTP, native envelope, length-prefixed
 * JSON (mesh), JSON line.
 */
#ifndef FEDX_SNIFF_H
#define FEDX_SNIFF_H

#include "base/str.h"

enum sniffed {
	SNIFF_MORE,		/* not enough bytes to tell (at most 8 are needed) */
	SNIFF_PROXY, SNIFF_TLS, SNIFF_HTTP, SNIFF_NATIVE, SNIFF_MESH, SNIFF_LINES,
	SNIFF_UNKNOWN
};

enum sniffed sniff(struct str first);
const char *sniffed_name(enum sniffed);

#endif
