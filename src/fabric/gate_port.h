/* gate_port.h - what policy keeps about one port; part of struct port. */
#ifndef FEDX_GATE_PORT_H
#define FEDX_GATE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/str.h"
#include "fabric/wheel.h"

struct limiter;
struct port;

/* Of a route and a neighbour: may it be taken, or told?  gate_routes.c */
enum ruling_state { RULING_NONE, RULING_PENDING, RULING_ALLOWED, RULING_DENIED };
struct ruling {
	struct list place;		/* route_port.rulings: it is to be asked */
	struct timer again;		/* it is asked again then */
	uint64_t asked;			/* the question under way; 0: none */
	uint32_t rule;			/* of a denial */
	uint8_t hook;			/* HOOK_IMPORT or HOOK_EXPORT */
	uint8_t state;			/* NONE: there is no hook, as if allowed */
	uint8_t fails;			/* no answer, or none that helps, in a row */
	bool renewing;			/* what it says is of the policy before */
	char *why;			/* of a denial, malloc'ed; or NULL */
};

/* What of a port waits for policy; there while something does. */
struct gate_waits {
	struct port *port;
	struct list requests;		/* in order: flight.gate_place */
	uint32_t count;
	size_t bytes;
	bool serving;			/* they are being looked at */
	struct list names;		/* what it said of names, in order */
	uint32_t names_count, names_asked;
	size_t names_bytes;
	bool names_serving;
	struct timer names_due;		/* of the first one */
	struct list admitting;		/* gate.admitting */
	uint64_t admit_asked;		/* number of that question; 0: not asked */
	struct timer admit_due;
};

/* What admit has granted a port. */
struct gate_grant {
	struct limiter *limiter;	/* NULL: none */
	uint32_t max_in_flight, max_services, max_endpoints;	/* 0: no other than settings */
	struct str scopes, tags;	/* views into text; scopes: a run of TLVs SCOPE; empty: any, none */
	char text[];
};

struct gate_port {
	uint32_t number;		/* peer_facts.number; 0: not told */
	uint32_t epoch;			/* of the policy that admitted it */
	struct port *next_peer;		/* in gate.peers, while it is up */
	struct gate_memo *memo;		/* gate_memo.c; NULL: none yet */
	struct gate_waits *waits;	/* NULL: nothing does */
	struct gate_grant *grant;	/* NULL: nothing in particular */
	struct list flows;		/* that its messages made */
	uint32_t flow_count;
	uint32_t asked, asked_at_s;	/* for ASKS_A_SECOND */
	bool names_lost;		/* some were refused or dropped, ask for all again */
	char *bounds;			/* of its credential, malloc'ed: words scope=PATTERN; NULL: any */
	size_t bounds_len;
};

#endif
