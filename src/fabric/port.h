/*
 * port.h - what the fabric knows of a neighbour: a link to a node, a client,
 * or this node's own services.  The other half (sockets, dialects, states)
 * is src/link; it embeds a port and hands in the operations.
 *
 * No operation may free the port: who wants to close marks it and closes
 * later, outside the fabric, with fabric_port_down() first.
 */
#ifndef FEDX_PORT_H
#define FEDX_PORT_H

#include "base/errors.h"
#include "base/list.h"
#include "fabric/gate_port.h"
#include "fabric/wheel.h"
#include "wire/announce.h"
#include "wire/envelope.h"

enum port_kind {
	PORT_CLIENT,	/* a local program: bus socket, LAN port, WebSocket */
	PORT_CHILD,	/* a leaf that dialled us: its names are behind it */
	PORT_PEER,	/* a hub: it dialled us, or we dialled it with --peer */
	PORT_UPLINK,	/* the hub that we dialled with -u: our unknowns go there */
	PORT_SELF	/* the services of this node itself */
};

struct route_port {	/* what route_in.c and route_out.c keep of a hub; of others, once they are asked */
	struct port *port;
	struct list vias, tolds, tellings;
	struct list rulings;		/* to be asked, in order: gate_routes.c */
	uint32_t rulings_asked;
	uint32_t count;			/* routes that are there; names are claims */
	uint32_t sending;		/* tolds with names to send */
	bool end_due, gap;		/* END follows; something was lost: compare digests */
	uint32_t via_count;		/* routes that are there or only remembered */
	uint32_t latency_us;		/* of the link, in steps: route_latency() */
	bool asking;			/* for all again; until its END */
	uint32_t set_asked, set;	/* numbers of full sets: that we asked for last; that it did */
	uint32_t set_next;		/* the one that it is told when it is time: */
	struct pace sets, asks;		/* of telling it all again; of asking it to */
	uint32_t asked_count;		/* of the digest that made us ask for all again: */
	uint64_t asked_digest;		/* seldom for the same, if all of it came: */
	uint32_t heard_again, ask_after;	/* so many digests that say so; after so many */
};

struct port;
struct port_ops {
	int (*send)(struct port *, const struct envelope *, struct str more_meta);
		/* copies; -1: its queue is over the mark, or it is closing; nothing was queued.
		 * Errors, CANCEL, CREDIT and link kinds may use a reserve. */
	uint64_t (*mark)(struct port *);	/* bytes ever queued */
	bool (*gone)(struct port *, uint64_t mark);
		/* may the peer have received the byte at mark? */
	size_t (*queued)(struct port *);	/* bytes that wait to be written */
	void (*close)(struct port *, enum error, const char *why);
		/* soon, not now; why is copied */
};

struct port {
	const struct port_ops *ops;
	enum port_kind kind;
	bool admin;			/* our uid, or root, on the bus */
	bool guest;			/* a client without a credential: only what policy grants */
	bool auto_credit;		/* it cannot grant credit itself */
	bool up;			/* between fabric_port_up and _down */
	bool draining;			/* nothing new goes by it or comes by it */
	bool closing;			/* it takes nothing more, and is down before long: that ends its flights */
	uint8_t role;			/* enum role of a node */
	struct str node;		/* its node id, or a client's name; the link's memory */
	struct str cluster;		/* of a node; the link's memory */
	struct str address;		/* that it comes from; the link's memory */
	struct list all;		/* fabric.ports */
	struct list opened, serving;	/* flights that it asked for; that it answers */
	struct list claims;		/* names that it reaches */
	struct list ready;		/* pipes with parts for it, in turn */
	uint32_t opened_count, serving_count;
	uint32_t claimed[FAMILY_COUNT];	/* claims by family */
	size_t piped;			/* bytes in those pipes */
	uint64_t digest;		/* xor over its claims */
	struct list subscriptions;	/* subscribe.c */
	uint32_t subscription_count;
	uint64_t event;			/* the last one that it was given: fabric.event */
	struct str from;		/* a client's first endpoint, or {NULL,0} */
	struct gate_port gate;
	struct route_port *routes;	/* NULL: it says nothing of routes */
};

enum { PORT_LOW = 128 * 1024 };	/* parts wait in pipes while more than this is queued */

static inline bool
port_is_link(const struct port *p)
{
	return p->kind == PORT_CHILD || p->kind == PORT_PEER || p->kind == PORT_UPLINK;
}

#endif
