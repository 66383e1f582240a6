/*
 * link.h - one conversation with one other end: a node (leaf or hub) or a
 * client, from the first byte of ours to the last.
 *
 * A link owns its conn and is a port of the fabric while it is up.  It is
 * closed in two steps: anyone may ask for it at any time, links_reap() does
 * it at the end of the turn, so that nothing vanishes under a caller.
 */
#ifndef FEDX_LINK_H
#define FEDX_LINK_H

#include "dialect/dialect.h"
#include "fabric/fabric.h"
#include "link/auth.h"
#include "link/blocked.h"
#include "link/crowd.h"
#include "link/meet.h"
#include "net/conn.h"
#include "net/ws.h"

struct link;

struct link_settings {
	uint32_t ping_ms, dead_ms;		/* idle ping; dead without a byte */
	uint32_t handshake_ms;
	uint32_t handshakes;			/* in progress at most, oldest goes */
	uint32_t per_address, bus_clients;	/* connections at most; loopback is not counted */
	uint32_t backoff_ms, backoff_max_ms;	/* full jitter up to these */
	uint32_t steady_ms;			/* up this long: backoff starts anew */
	uint32_t refused_ms, refused_max_ms;	/* slow schedule after a refusal */
	uint32_t come_back_ms;			/* what our GOODBYE asks for, of the first who hears it; */
	uint32_t come_back_rate;		/* so many come a second */
	const char *elsewhere;			/* URL of a hub for the time between; NULL: none */
	size_t queue;				/* bytes that may wait on a link */
	size_t payload;				/* of one envelope */
};
extern const struct link_settings links_usual;	/* what they begin with */

/* What all links of a node share; the node fills it in. */
struct links {
	struct net *net;
	struct fabric *fabric;
	const struct auth *auth;		/* NULL: none is asked (loopback, --insecure) */
	struct tls_ctx *server, *client;	/* whose word counts now; borrowed; may be NULL */
	const struct blocked *blocked;		/* NULL: nothing is */
	struct link_settings set;
	uint64_t instance;			/* of this program's run */
	char agent[64];				/* "fedx-hub 0.1.0" */
	char token[TOKEN_MAX + 1];		/* what we show to an uplink; "": none */
	struct shared_key key;				/* or prove to have; n 0: none */
	struct shared_key fresh;		/* the key is of a code, and this one is to take its place; n 0: it is not */
	struct roster *roster;			/* who was invited; NULL: nobody is */
	char cluster[256];			/* that a leaf asks for; "": whichever */
	struct list all, dying;
	struct list hubs;			/* up, and no leaf or client */
	struct crowd crowd;			/* who came in, by where from */
	struct list greeting;			/* came over the network, no HELLO yet; oldest first */
	uint32_t greeting_count;
	uint32_t sent_away;			/* who heard our GOODBYE */
	struct list uplinks;			/* uplink.h */
	struct meetings meetings;		/* with other clusters */
	struct buf scratch;			/* encoding for WebSocket */
	uint64_t count[ROLE_COUNT];		/* links up, by role of the other end */
	void (*event)(struct links *, const char *what, const struct link *, const char *why);
};

/* What becomes of another connection to the same node: rival.c. */
enum rival { RIVAL_NONE, RIVAL_STAYS, RIVAL_GOES };

enum link_state {
	LINK_GREETING,
	LINK_ADMITTING,			/* it has proven who it is; policy is being asked */
	LINK_UP, LINK_DYING
};

/* Told to who opened the link: an uplink, or nobody (NULL). */
struct link_owner {
	void (*up)(void *owner, const struct hello *welcome);
	void (*goodbye)(void *owner, uint32_t come_back_ms, struct str elsewhere);
		/* the other side goes away: when it asks us to return, and which URL
		 * it names for the time between; down() comes next */
	void (*down)(void *owner, enum error, const char *why);
		/* once, also if it never was up; the link is freed after it */
	struct str (*cluster)(void *owner);
		/* that the URL says the hub is of; empty: it says none */
};

struct session { const struct dialect *dialect; struct timer timer; struct link *link; void *mem; };

struct link {
	struct port port;
	struct links *links;
	struct list place;			/* links.all */
	struct list stage;			/* links.greeting, .hubs or .dying, in turn */
	struct conn *conn;
	struct ws *ws;				/* NULL: bare stream */
	struct session *session;		/* NULL: native envelopes */
	const struct link_owner *owner;
	void *owner_data;
	uint64_t said;				/* bytes, when the timer was set */
	struct timer timer;			/* handshake, then keepalive */
	struct mono since;
	uint64_t instance;			/* of the other end */
	uint32_t rtt_us;
	uint8_t state, error;
	uint8_t rival;				/* enum rival */
	bool network : 1;			/* came over the network: must prove itself */
	bool shielded : 1;			/* its TLS has ended at a proxy of ours */
	bool must_prove : 1;			/* as its listener has it: without a list nobody comes in */
	bool may_be_guest : 1;			/* if it is a client and shows no credential */
	bool stranger : 1;			/* it came over the network, and its HELLO is yet to be believed */
	bool dialled : 1;			/* we opened it */
	bool told : 1;				/* the other side knows why it ends */
	bool lost : 1;				/* nobody is there to be told */
	bool untaken : 1;			/* its GOODBYE says that what it has not answered it has not taken */
	bool flushes : 1;			/* closing: what is queued goes out still */
	bool exact : 1;				/* its credential names exactly this node */
	bool foreign : 1;			/* of another cluster, which we have accepted */
	bool proven : 1;			/* a credential says that it is of its cluster */
	bool turned_away : 1;			/* before it was up, and the log has it */
	bool greets : 1;			/* welcomed by us, and has yet to welcome us: of a foreign cluster */
	bool again : 1;				/* who dialled it knows that another one is dead */
	bool vouched : 1;			/* who was dialled has proven to have our key */
	struct credential credential;		/* of who dialled */
	struct proving *proving;		/* prove.h; NULL but between HELLO and WELCOME */
	struct buf *held;			/* envelopes that came while policy was asked; NULL: none */
	char *text;				/* of port.node, .cluster and .address, each with a NUL */
	char *why;				/* why it dies */
};

static inline const char *
link_cluster(const struct link *l)
{
	return l->port.cluster.p;
}

static inline const char *
link_peer(const struct link *l)		/* the address at the other end, as the log has it */
{
	return l->port.address.p;
}

struct link *link_accept(struct links *, struct conn *, const char *peer,
    const struct dialect *, bool network, bool admin, struct err *);
	/* takes the conn, also on failure; dialect NULL: native; on the network
	 * it must say HELLO first, on the bus it is up at once */
struct link *link_dial(struct links *, struct conn *, const char *peer, enum port_kind,
    const struct link_owner *, void *owner, struct err *);
	/* says HELLO, waits for WELCOME */
int link_start_ws(struct link *, bool server, struct err *);	/* frames from now on */
size_t link_input(struct link *, struct str);	/* for who read before it was a link */
void link_close(struct link *, enum error, const char *why);
	/* soon; the other side is told; again: the first reason stays */
void link_goodbye(struct link *);	/* tells it when and where to come back, then closes */
bool link_is_idle(const struct link *);	/* up, and nothing in flight by it either way */
const char *link_state_name(const struct link *);
const char *link_kind_name(const struct link *);	/* uplink, leaf, hub, client, self */
struct link *links_find(struct links *, struct str node, const struct link *but);
	/* the one to that node that is up; NULL: none */
void links_init(struct links *, struct net *, struct fabric *);
uint32_t links_check_grants(struct links *, uint32_t *checked);
	/* auth, server or client have changed: close whom they let in no more, and
	 * whom we would not believe any more; how many that are */
uint32_t links_check_grant(struct links *, struct str node);	/* the same, of those to that node alone */
uint32_t links_check_clusters(struct links *);
	/* so has federation */
void link_admitted(struct link *, enum error, const char *why);
	/* what policy said, for gate_ops.admitted; E_NONE: it comes up */
void links_reap(struct links *);	/* close what is dying; at the end of each turn */
void links_free(struct links *);	/* closes all at once */

#endif
