/*
 * rib.h - routes between hubs, in two layers: a path-vector of nodes, and the
 * names that each node holds.
 *
 * An origin is a hub that we know of; a via is how one neighbour reaches it
 * (Adj-RIB-In: path, metric, lifetime).  Names learnt of an origin are claims
 * in the forwarding table (fib.h) that point to the via they came with: a
 * path that moves or ends is one message, however many names hang on it.
 *
 * What goes out: our own names (ours and those of our leaves, summed) under
 * our own id, and those of another origin as its best via has them.  Nothing
 * of an origin is told to the neighbour that is our next hop to it, nor to
 * who is in the path.  So a neighbour that tells us of O does not reach O
 * through us.
 *
 * Make before break: a route is said to be partial as long as names behind it
 * are to come, and a whole one is not left for it.
 *
 *	rib.c		origins and vias: choosing, hold-down, expiry
 *	route_in.c	what a neighbour says: checks, then the tables
 *	route_out.c	what each neighbour is told of a change
 *	route_set.c	full sets and digests
 *	export.c	our own names, as sums
 */
#ifndef FEDX_RIB_H
#define FEDX_RIB_H

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "fabric/port.h"
#include "fabric/wheel.h"
#include "wire/announce.h"

struct fabric;
struct claim;
struct exported;

enum { EVENT_RUNS_PAST = 4 };
enum { LATENCY_STEP_US = 5000, LATENCY_MAX_US = 3600u * 1000000 / 4 };

struct metric {		/* sums and minima along the path (mpreg.md 5.1); 0: not known */
	uint32_t latency_us, cost_milli, reliability_ppm, bandwidth_mbps;
};

struct numbered {	/* events of one node */
	uint64_t epoch, count;		/* the last one that was taken */
	struct { uint64_t epoch; struct mono until; } past[EVENT_RUNS_PAST];
		/* its runs before that one, whose events come too late */
	unsigned turns;
};

struct origin {
	struct list all;		/* rib.origins */
	struct list vias, tolds, tellings;
	struct via *best;		/* NULL: none may be used now */
	uint32_t via_count;
	struct numbered events[2];	/* publish.c: of the node of the own cluster; of another's with this id */
	struct str node;		/* text[] */
	char text[];
};

struct via {
	struct list of_origin, of_port;
	struct list claims;		/* names of the origin as this neighbour tells them: claim.of_via */
	struct origin *origin;
	struct port *port;
	struct str path;		/* TLVs META_path, origin first, the neighbour last; malloc'ed */
	struct str clusters;		/* TLVs META_cluster, the origin's first; behind the path */
	struct str tags;		/* words, as the neighbour tells them; behind the clusters */
	char *given;			/* those of the import hook instead, malloc'ed; NULL: none */
	struct ruling import;
	struct metric metric;		/* with the link to the neighbour */
	int64_t score;			/* route_score(): less is better */
	uint64_t epoch;			/* of the origin's announcement */
	uint64_t digest;		/* route_digest() as it came; 0: it was withdrawn, only its flaps are remembered */
	uint64_t names_digest;		/* xor over its claims */
	uint32_t names, length;		/* claims; nodes in the path */
	int32_t preference;		/* of the import hook; 0 */
	struct mono expires, held_until, damped_until, flapped;	/* flapped: the last time */
	uint32_t flaps;
	bool stale;			/* until the END of a full set */
	bool foreign;			/* its origin is of another cluster */
	bool held;			/* hold-down: not used */
	bool damped;			/* used if all others are, too */
	bool partial;			/* its names are on their way: used if all others are, too */
	uint8_t hops;
	struct timer timer;		/* expires, may be used again, or is forgotten */
};

/* What a neighbour has been told of one origin. */
struct told {
	struct list of_port, of_origin;
	struct port *port;
	struct origin *origin;
	uint64_t digest, epoch;		/* of the route that it was told */
	uint64_t shape;			/* of that route without its metric: what is never told late */
	struct list *next;		/* the names are on their way: the next one; NULL: all are told */
	bool due;			/* so is the route, before them */
	bool sent;			/* all names were, and none was lost on the way to the queue */
	bool partial;			/* so was the route said to be */
	struct pace metric;		/* of telling a change of nothing else */
};

/* What the export hook says of telling this neighbour of this origin. */
struct telling {
	struct list of_port, of_origin;
	struct port *port;
	struct origin *origin;
	struct ruling export;
	uint64_t digest;		/* of the route that it was asked about */
};

struct rib_limits {
	uint32_t routes;		/* a neighbour: routes and names */
	uint32_t lifetime_ms;		/* of our own route; said again after a third of it */
	uint32_t hold_ms;		/* hold-down */
	uint32_t flaps, flap_ms;	/* damping: so many within this time, and for this time */
};
extern const struct rib_limits rib_usual;	/* what it begins with */

struct rib {
	struct map by_node;		/* struct origin */
	struct list origins;		/* self is the first */
	struct origin *self;
	struct list own;		/* struct exported: our own names */
	uint64_t own_digest;
	uint32_t own_count, vias, neighbours;
	uint64_t epoch;			/* of our own route */
	struct timer refresh;
	struct rib_limits limits;
};

/* rib.c */
int rib_init(struct fabric *);
void rib_free(struct fabric *);
bool is_hub_neighbour(const struct fabric *, const struct port *);
	/* it speaks the routing protocol with us */
struct origin *rib_origin(const struct fabric *, struct str node);
	/* NULL: no route was ever heard */
struct origin *rib_open(struct fabric *, struct str node);	/* NULL: no memory, or too many */
bool rib_heard(const struct fabric *, const struct port *, struct str node);
	/* has this neighbour a route to it that it told us?  Then its own next hop is not us */
struct via *rib_way(const struct fabric *, struct str node);	/* the best one to it; NULL: none */
int64_t route_score(const struct metric *, uint32_t length);
	/* mpreg.md 5.3 with the default weights, in microseconds */
void route_latency(struct fabric *, struct port *, uint32_t one_way_us);
	/* measured anew: part of each metric over this link, in steps of 5 ms,
	 * and another one only when it has moved by more than one, so that what
	 * trembles moves no route */
int via_order(const struct via *, const struct via *);
	/* less than 0: the first is better; our cluster, its own link, then by
	 * preference, score, length, latency, reliability; 0: equal, traffic
	 * may use both */
int via_rank(const struct via *, const struct via *);
	/* via_order() among those that are whole and steady; before those that
	 * are damped, and these before those whose names have not all come */
bool via_is_taken(const struct via *);
	/* it is there, policy lets it be used, and it is not another cluster's to a node of ours */
bool via_waits(const struct via *);	/* for policy to say so */
struct str via_tags(const struct via *);
bool via_serves(const struct via *);	/* best of its origin, or equal to it */
struct via *via_find(const struct origin *, const struct port *);	/* also a withdrawn one */
struct via *via_open(struct fabric *, struct origin *, struct port *);
void via_settled(struct fabric *, struct via *);	/* what is known of it is new: is it held, and until when */
void via_lost(struct fabric *, struct via *, bool flap);
	/* withdrawn or expired: its names go; flap: counted against it */
void via_close(struct fabric *, struct via *);	/* the port goes */
void route_choose(struct fabric *, struct origin *, bool said_again);
	/* the best via, and who must hear of it; said_again: its attributes are new */
bool path_has(struct str path, struct str node);

/* route_in.c */
void route_said(struct fabric *, struct port *, const struct envelope *);
	/* ANNOUNCE, WITHDRAW, END, DIGEST of a hub */
void route_recheck(struct fabric *, struct port *);	/* drops what would not be taken now */
void route_again(struct port *);	/* asks it for all again */

/* route_out.c */
void route_up(struct fabric *, struct port *);		/* the full set begins */
void route_all(struct fabric *, struct port *);		/* the full set again */
void route_asked(struct fabric *, struct port *, const struct envelope *);
	/* it knows something else: the full set, of which some may have been
	 * lost; of a leaf, its names */
timer_fn route_set_later;		/* of route_port.sets */
void route_renew(struct fabric *);
	/* what may cross borders is another matter now: what may not goes on
	 * both sides, and all that may is said again */
void route_tell_one(struct fabric *, struct port *, struct origin *);
	/* whether it may be told of it is another matter now */
void route_drain(struct fabric *, struct port *, bool);
	/* sets port.draining: both sides find other ways, if there are any */
void route_down(struct fabric *, struct port *);	/* before its claims go */
void route_pump(struct fabric *, struct port *);	/* its queue has room */
void route_tell(struct fabric *, struct origin *, struct via *was);
	/* the best via was another one, or has new attributes; was: still there, with its names */
void route_name(struct fabric *, struct claim *, bool there);
	/* a learnt name came, changed or goes now */
void route_skip(struct claim *);	/* it goes, and is not to be sent any more */
void route_own(struct fabric *, struct exported *, const struct announcement *, bool there);
	/* one of ours did */
void route_digests(struct fabric *);	/* to all hub neighbours */

#endif
