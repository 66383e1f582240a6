/*
 * fib.h - names and who reaches them: the forwarding table of one node.
 *
 * A name (family and text) has claims, one for each port and version that
 * reaches it.  Endpoints are exclusive, services shared and balanced; a path is
 * exclusive unless policy shares it.
 */
#ifndef FEDX_FIB_H
#define FEDX_FIB_H

#include "base/clock.h"
#include "base/map.h"
#include "fabric/interest.h"
#include "fabric/port.h"
#include "fabric/rib.h"
#include "wire/announce.h"
#include "wire/ask.h"

/* A name and a claim of it are most of what a route costs (t/bench/routes.c): no
 * pointer that a length can say, no padding before the text. */

/* What the balance hook said of a service: gate_balance.c. */
struct balancing {
	uint8_t strategy, field;	/* enum strategy; STICKY: by this enum ask_field */
	bool asked;			/* the question is under way */
	uint32_t epoch;			/* of the policy that said so; 0: not known */
	struct mono until;		/* then it is asked again */
};

struct fib;
struct name {
	struct list claims;
	struct list patterns;		/* fib.patterns, for names with a wildcard */
	struct list waiting;		/* flights parked until an instance is free */
	size_t waiting_bytes;
	struct balancing balancing;
	uint32_t count, waiting_count;
	uint32_t local;			/* of the claims: not behind a link */
	bool dispatching;
	uint8_t family;
	uint8_t n;			/* of the text, without the NUL */
	char key[];			/* family byte, then the text */
};

struct claim {
	struct list of_name, of_port, of_via;
	struct via *via;		/* learnt from a hub, of via->origin; NULL: connected */
	struct name *name;
	struct port *port;
	uint64_t digest;		/* announcement_digest() */
	uint64_t served, failed;
	struct mono answered;		/* the last time */
	uint32_t weight, max_concurrency, in_flight;
	uint32_t epoch;			/* of the policy that allowed it */
	uint32_t number;		/* of this fib, never used again: for a pick */
	uint32_t latency_us;		/* of its answers, lately; 0: not known */
	uint16_t version_n, methods_n, tags_n, path_n;	/* of text[], in this order */
	uint8_t hops;
	bool stale;			/* until the END of a full set */
	bool said_shared, shared;	/* of a path: by who announced it; that or by policy */
	char text[];
};

static inline struct str
claim_version(const struct claim *c)
{
	return (struct str){ c->text, c->version_n };
}

static inline struct str
claim_methods(const struct claim *c)
{
	return (struct str){ c->text + c->version_n, c->methods_n };
}

static inline struct str
claim_tags(const struct claim *c)
{
	return (struct str){ c->text + c->version_n + c->methods_n, c->tags_n };
}

static inline struct str
claim_path(const struct claim *c)
{
	return (struct str){ c->text + c->version_n + c->methods_n + c->tags_n, c->path_n };
}

enum balance { BALANCE_LEAST_INFLIGHT, BALANCE_ROUND_ROBIN };

struct fib {
	struct map names;		/* by key */
	struct list patterns;		/* endpoint names with a wildcard, longest domain first */
	struct interest interest, paths;	/* names of family INTEREST and of family PATH */
	uint32_t claimed[FAMILY_COUNT];	/* claims by family */
	enum balance balance;
	uint32_t last_claim;
	uint64_t random;		/* state of a generator; good enough to balance */
};

void fib_init(struct fib *);
void fib_free(struct fib *);		/* with all names and claims */
struct str name_text(const struct name *);
struct name *fib_name(struct fib *, enum family, struct str);	/* NULL: nobody claims it */
struct claim *fib_claim(struct fib *, struct port *, enum family, struct str name, struct str version);
	/* this port's own, not a learnt one, or NULL */
struct claim *fib_learnt(struct fib *, struct via *, enum family, struct str name,
    struct str version);		/* NULL: none */
uint32_t fib_versions(const struct name *, const struct via *);	/* so many that this one tells */
struct claim *fib_add(struct fib *, struct port *, struct via *, const struct announcement *);
	/* a new claim; via NULL: connected; the caller has looked for conflicts; NULL: no memory */
struct name *fib_del(struct fib *, struct claim *);
	/* the name if others still claim it or flights wait for it; NULL: the name is gone too */
void fib_drop_name(struct fib *, struct name *);	/* no claims and nobody waits */
struct claim *fib_endpoint(struct fib *, struct str address);
	/* exact first, then the longest pattern that covers it; connected
	 * before learnt, and of those the best route */
struct claim *fib_path(struct fib *, struct str path);
	/* of the patterns that cover it the first by pattern_path_order() that
	 * may be used, and of its claims as of an endpoint's; a path_plain() */
bool fib_holds(struct fib *, struct str endpoint);	/* is it attached here, or to a leaf of ours? */
struct claim *name_best(const struct name *);	/* of an exclusive one; NULL: none may be used */
bool claim_serves(const struct claim *);
	/* connected; or learnt by a route that serves, or by one whose better ones lack the name */
bool claim_has_room(const struct claim *);

/* The instance to use; why none is in *why. */
enum chosen { CHOSEN_ONE, CHOSEN_FULL, CHOSEN_NO_NAME, CHOSEN_NO_METHOD, CHOSEN_NO_VERSION };
struct ask {
	struct str service, method, constraint;
	struct name *path;		/* instead of a service: one of those that share it */
	const struct port *not_to;
	bool onward;			/* a hub passed it on: to the nearest, so that it comes nearer with each */
	bool by_strategy;		/* else fib.balance */
	uint8_t strategy;
	struct str sticky;		/* STICKY: the value that the instance goes with */
	uint32_t instance;		/* PICK: its number; not there or full: fib.balance */
	struct mono now;		/* LATENCY */
};
enum chosen fib_choose(struct fib *, const struct ask *, struct claim **, struct name **);
	/* local instances before those behind a link; FULL: all local ones are
	 * at max_concurrency and no link is left: wait at *name */

/* balance.c: the best so far, of the local instances or of the others. */
struct leader { struct claim *claim, *other; uint64_t sum, score; bool picked; };
void balance_consider(struct fib *, const struct ask *, struct leader *, struct claim *);
	/* each candidate once */
struct claim *balance_best(const struct ask *, const struct leader *);
bool balance_wants_all(const struct ask *);	/* a few in turn are not enough */
void balance_answered(struct claim *, struct mono sent, struct mono now, bool error);

#endif
