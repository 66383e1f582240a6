/*
 * fabric.h - the exchange itself: envelopes go in by a port and come out by
 * others.  Plain data and functions, no socket; time is passed in, so every
 * question of routing can be a unit test.
 *
 *	request.c	REQUEST, REPLY and CANCEL: in by a port, out by another
 *	resolve.c	where a request goes
 *	balance.c	which of the instances of a service
 *	park.c		requests that wait for a free instance
 *	gate*.c		policy: what waits for an answer, and what then
 *	flight.c	the ends of a conversation, and what its opener is told
 *	stream.c	PART and CREDIT: windows, pipes, taking turns
 *	publish.c	PUBLISH: events, to all who want them
 *	subscribe.c	SUBSCRIBE, UNSUBSCRIBE
 *	connected.c	ATTACH, ANNOUNCE, WITHDRAW, DIGEST: who reaches what
 *	export.c	what others are told of it
 *	rib.c route_*.c	routes between hubs (rib.h)
 *	fabric.c	ports coming and going, the front door
 */
#ifndef FEDX_FABRIC_H
#define FEDX_FABRIC_H

#include "fabric/cluster.h"
#include "fabric/fib.h"
#include "fabric/gate.h"
#include "fabric/inflight.h"
#include "fabric/port.h"
#include "fabric/rib.h"
#include "fabric/wheel.h"
#include "wire/meta.h"

struct fabric_limits {
	uint32_t request_ms, request_max_ms;	/* default and longest deadline */
	uint32_t in_flight;			/* a port */
	uint32_t services, endpoints, patterns;	/* a port */
	uint32_t waiting;			/* parked requests a name */
	size_t waiting_bytes;			/* of those, a name */
	size_t buffers;				/* all pipes and parked requests */
};
extern const struct fabric_limits fabric_usual;	/* what it begins with */

#define FABRIC_COUNTERS(X)						\
	X(requests,	"requests that came in")			\
	X(oneway,	"messages without an answer that came in")	\
	X(answers,	"answers passed to their caller")		\
	X(answer_errors, "answers passed that were a service's or another node's error") \
	X(events,	"events on paths that came in")			\
	X(events_sent,	"events passed on, to each receiver")		\
	X(events_refused, "events refused as malformed, not allowed or too many") \
	X(events_lost,	"events not passed to a receiver whose queue was full") \
	X(events_stray,	"events of another hub that came twice or by no route") \
	X(parts,	"parts of bodies passed")			\
	X(cancels,	"requests given up by their caller")		\
	X(parked,	"requests that had to wait for a free instance") \
	X(not_delivered, "requests ended here as not delivered")	\
	X(may_have_run,	"requests ended here that may have run")	\
	X(routes_looped, "routes told to us that go through us, or no further") \
	X(stray,	"answers to requests that are over or never were") \
	X(late_parts,	"parts of conversations that are over")		\
	X(events_dropped, "events not told to a watcher that was too slow") \
	X(malformed,	"messages from ports that broke the protocol")	\
	X(shed,		"conversations ended because all buffers were full")

struct fabric_counters {
#define X(name, help) uint64_t name;
	FABRIC_COUNTERS(X)
#undef X
	uint64_t errors[E_COUNT];	/* each error that this node answered, by number */
};

struct fabric;
struct fabric_ops {
	void (*event)(struct fabric *, const char *what, const struct port *, struct str name);
		/* "attached", "withdrawn", "conflict"..., for watchers and the log */
};

struct fabric {
	const struct fabric_ops *ops;
	char node[256], cluster[256];
	char tags[256];			/* words on our own route */
	uint8_t role;
	const struct federation *federation;	/* of the settings; NULL: strict isolation */
	struct limiters cluster_rates;	/* links and requests of foreign clusters */
	struct str path_tlv;		/* our id as a META_path TLV, ready to append */
	struct str leave_tlv;		/* the same and our cluster as a META_cluster TLV */
	uint8_t path_bytes[2 * (TLV_HEAD + 255)];
	struct mono now;		/* of this turn; the owner sets it */
	struct wheel wheel;
	struct fib fib;
	struct inflight flights;
	struct gate gate;
	struct list ports;
	struct port *self;		/* this node's own services */
	struct port *uplink;		/* NULL: none is up */
	bool has_uplink;		/* one is configured */
	bool draining;			/* new requests are refused */
	struct map subscriptions;	/* subscribe.c: by port and id */
	struct map exported;		/* rib.own by family, name, version */
	bool export_gap;		/* the set that is being told has lost a name */
	struct rib rib;
	size_t buffered;		/* bytes in pipes and parked requests */
	uint64_t event;			/* number of the one that is being passed on */
	uint64_t event_epoch, event_count;	/* of those that entered the fabric here: publish.c */
	struct buf meta;		/* scratch: a client's meta, cleaned */
	struct buf out;			/* scratch: encoding */
	struct fabric_limits limits;
	struct fabric_counters count;
};

int fabric_init(struct fabric *, struct str node, struct str cluster, uint8_t role,
    struct mono now, const struct fabric_ops *);
	/* -1: an id is too long */
void fabric_set_cluster(struct fabric *, struct str cluster);	/* a leaf learns it from its hub */
void fabric_set_tags(struct fabric *, struct str words);	/* others hear of them by route_renew() */
void fabric_free(struct fabric *);	/* all ports are down */

void port_init(struct port *, const struct port_ops *, enum port_kind);
struct route_port *port_routes(struct port *);	/* from now on it has one; NULL: no memory */
int fabric_port_up(struct fabric *, struct port *);
	/* node links: -1 when its node id is taken, or no memory; the uplink gets our full set */
void fabric_port_down(struct fabric *, struct port *, enum error why);
	/* what was in flight on it is answered now; then the port may be freed */
void fabric_receive(struct fabric *, struct port *, const struct envelope *);
	/* what a port said; views are valid for the call */
void fabric_pump(struct fabric *, struct port *);
	/* its queue has room: parts that wait go on, in turn */
int port_say(struct port *, uint8_t kind, uint16_t flags, uint64_t id, struct str payload);
	/* what concerns this link only; -1: its queue is full */
void fabric_digest(struct fabric *);
	/* tell the uplink and the hubs what they should know by now: each minute */

/* request.c */
void request_open(struct fabric *, struct port *, const struct envelope *);
void request_answer(struct fabric *, struct port *, const struct envelope *);
void request_cancel(struct fabric *, struct port *, const struct envelope *);

/* park.c */
void name_dispatch(struct fabric *, struct name *);
	/* an instance may be free: parked requests go on; a name that nobody
	 * claims and nobody waits at is gone after it */

/* flight.c */
int port_error(struct fabric *, struct port *, uint64_t id, uint8_t kind, enum error,
    enum fate, struct str text);
	/* an envelope of that kind (REPLY or ERROR) with an error TLV */
void flight_fail(struct fabric *, struct flight *, enum error, enum fate, const char *text);
	/* tells the opener and ends it */
void flight_break(struct fabric *, struct flight *, enum error, const char *text);
	/* both sides: CANCEL to the answerer, the error to the opener */
void flight_end(struct fabric *, struct flight *);
	/* nothing more will be said in it; pipes toward the opener drain first */

/* stream.c */
void stream_part(struct fabric *, struct port *, const struct envelope *);
void stream_credit(struct fabric *, struct port *, const struct envelope *);
int stream_pass(struct fabric *, struct flight *, struct stream *, const struct envelope *,
    struct str more_meta);
	/* to the stream's receiver, behind what waits; -1: the queue is full */
int stream_grant(struct flight *, struct stream *, uint32_t n);
	/* tells its sender that it may send n bytes more */
void stream_drop(struct fabric *, struct stream *);	/* forget what waits */

/* connected.c */
void connected_now(struct fabric *, struct port *, const struct envelope *);
	/* what a port says of names; its turn has come: gate_names.c */
void connected_again(struct fabric *, struct port *);	/* asks a node for all its names again */
void connected_ask(struct fabric *, struct port *);	/* the same, but once in a while: its digest says so */
timer_fn connected_ask_later;				/* of route_port.asks */
enum error connected_claim(struct fabric *, struct port *, const struct announcement *, struct err *);
	/* it may, as far as policy goes */
void connected_drop(struct fabric *, struct claim *);	/* as if withdrawn */
struct claim *connected_replace(struct fabric *, struct claim *, const struct announcement *);
	/* same port, name and version again: new words, the same flights; NULL: no memory */
int connected_node(struct fabric *, struct port *);	/* claims its node id; -1: taken */
struct port *fabric_leaf(struct fabric *, struct str node);	/* that is linked with us; NULL: none */
void connected_forget(struct fabric *, struct port *);	/* all its claims */

/* export.c */
struct exported {	/* one of our own names, as others are told */
	struct list of_own;		/* rib.own */
	uint64_t digest;
	size_t n;
	char key[];			/* family byte, name, NUL, version */
};
bool exported_get(struct fabric *, const struct exported *, struct announcement *);
	/* views that live until the next call of an export function */
void export_open(struct fabric *);	/* the first who wants to know is there: the uplink of a leaf hears all, then END */
void export_changed(struct fabric *, enum family, struct str name, struct str version);
	/* tell the others if it matters there */
void export_all(struct fabric *);		/* the full set to the uplink of a leaf, then END */
void export_forget(struct fabric *);		/* if nobody wants to know any more */
void export_digest(struct port *, uint32_t count, uint64_t digest);
void export_ask(struct port *, uint32_t count, uint64_t digest);
	/* for a full set, by a DIGEST of what is known; what is stale stays until the END that answers it */
uint32_t export_asked(const struct envelope *);	/* the other side did: its number */
void export_end(struct port *);
bool export_ended(const struct port *, const struct envelope *);
	/* is this END of the set that was asked for last, not of one that was under way? */

#endif
