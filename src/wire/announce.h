/*
 * announce.h - a name that can be reached: the body of ANNOUNCE, WITHDRAW,
 * ATTACH and DETACH, as TLVs.
 *
 * A claim is identified by (family, name, version).  Lists (methods, tags)
 * are words with single spaces between.
 */
#ifndef FEDX_ANNOUNCE_H
#define FEDX_ANNOUNCE_H

#include "base/buf.h"
#include "base/err.h"

enum family { FAMILY_NODE, FAMILY_ENDPOINT, FAMILY_SERVICE, FAMILY_PATH,
	FAMILY_INTEREST,	/* events that somebody wants: a path, or a pattern of paths */
	FAMILY_COUNT };

enum { NAME_MAX_BYTES = 255, LIST_MAX_BYTES = 4096, CONCURRENCY_MAX = 1 << 20 };

struct announcement {
	uint8_t family;
	uint8_t hops;			/* nodes it may still pass; 16 at first */
	struct str name;
	struct str version;		/* services: "1.2.0", or empty */
	struct str methods, tags;	/* words; empty: any, none */
	uint32_t weight;		/* 1 .. 65535; 0 on the wire means 100 */
	uint32_t max_concurrency;	/* 0: no bound */
	struct str path;		/* TLVs META_path, origin first */
};

int announcement_put(struct buf *, const struct announcement *);	/* -1: full */
int announcement_get(struct str body, struct announcement *, struct err *);
	/* views into body, checked: -1 says what is wrong with it */
int announcement_check(const struct announcement *, struct err *);
	/* are name, version and lists well formed? (bus clients build it from JSON) */
const char *family_name(uint8_t);		/* "service"; unknown: "unknown" */
uint64_t announcement_digest(const struct announcement *);
	/* FNV-1a 64 over family, name, version, methods, tags, weight and
	 * max_concurrency; a set's digest is the xor over its members */

#endif
