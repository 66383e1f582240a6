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

enum { NAME_MAX_BYTES = 255, LIST_MAX_BYTES = 4096, CONCURRENCY_MAX = 1 << 20,
	PATH_SEGMENTS_MAX = 63 };

struct announcement {
	uint8_t family;
	uint8_t hops;			/* nodes it may still pass; 16 at first */
	struct str name;
	struct str version;		/* services: "1.2.0", or empty */
	struct str methods, tags;	/* words; empty: any, none */
	uint32_t weight;		/* 1 .. 65535; 0 on the wire means 100 */
	uint32_t max_concurrency;	/* 0: no bound */
	struct str path;		/* TLVs META_path, origin first */
	/* between hubs (fabric/rib.h); a name has an origin, a route to a node a path and the rest */
	struct str origin;		/* the hub that holds the name */
	struct str clusters;		/* TLVs META_cluster, the origin's first */
	uint64_t epoch;			/* of the origin: higher is later */
	uint32_t lifetime_ms;		/* until the origin must have said it again */
	uint32_t latency_us, cost_milli, reliability_ppm, bandwidth_mbps;	/* so far; 0: not known */
	uint8_t moved;			/* of a withdrawal: it now goes through the receiver */
	uint8_t partial;		/* of a route: there are names behind it that were not told yet */
	uint8_t shared;			/* of a path: policy lets several hold it */
};

int announcement_put(struct buf *, const struct announcement *);	/* -1: full */
int announcement_get(struct str body, struct announcement *, struct err *);
	/* views into body, checked: -1 says what is wrong with it */
int announcement_check(const struct announcement *, struct err *);
	/* are name, version and lists well formed? (bus clients build it from JSON) */
uint64_t route_digest(const struct announcement *);
	/* of a route to a node: name, path, clusters, metric, tags and whether it
	 * is partial, not when it was said */
enum family address_family(struct str to);
	/* of what a request goes to: "/a/b", "a@b", "node"; empty: its subject has a service */
const char *family_name(uint8_t);		/* "service"; unknown: "unknown" */
uint64_t announcement_digest(const struct announcement *);
	/* FNV-1a 64 over family, name, version, methods, tags, weight and
	 * max_concurrency, and origin and shared if it has them; a set's digest
	 * is the xor over its members */

#endif
