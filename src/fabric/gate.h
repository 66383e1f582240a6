/*
 * gate.h - policy at the door: what comes in is asked about, waits for the
 * answer, and goes on, changed or refused, in the order in which it came.
 *
 * The gate knows nothing of fedx-route: it hands questions to `ops`, and is
 * told verdicts.  No answer denies (DESIGN section 7).
 *
 * fedx's own service at this node, asked by an admin on the bus, passes
 * without a question: who may read the policy file can always look, and undo.
 * So do a node's own questions ("fedx@NODE" asks for fedx/explain) that come
 * straight from that node, if it is of the own cluster.
 */
#ifndef FEDX_GATE_H
#define FEDX_GATE_H

#include "fabric/flow.h"
#include "fabric/inflight.h"
#include "fabric/wheel.h"

struct fabric;
struct envelope;

enum {
	ASKS_MAX = 4096,		/* questions under way */
	ASKS_A_SECOND = 1000,		/* a link; over it `overloaded` */
	WAIT_MAX = 64,			/* messages of one port that wait */
	WAIT_BYTES = 256 * 1024,	/* and their bytes; one alone may be larger */
	NAMES_WAIT = 8192,		/* messages of one port about names that wait */
	NAMES_BYTES = 4 * 1024 * 1024,
	NAMES_ASKED = 32,		/* of those, questions at once */
	RULINGS_ASKED = 64,		/* questions of one port about routes */
	PEER_CHAINS = 1024,		/* a power of two */
	REASKS = 64,			/* questions at once after a reload */
	REASK_MS = 2000			/* then flows of the policy before are gone */
};

struct gate_limits {
	uint32_t wait_ms;		/* for a verdict; then policy_unavailable (1 s) */
	uint32_t pick_ms;		/* for a pick; then the C strategy (50 ms) */
	uint32_t flows;			/* FLOWS_MAX */
	uint32_t audit;			/* one hit in so many is asked again (1000); 0: none */
};

struct gate_ops {
	int (*ask)(void *owner, uint64_t number, const struct question *);
		/* -1: there is nobody to ask now; gate_policy() follows when there
		 * is; never answers within this call; numbers have no bit 63 */
	void (*peer)(void *owner, const struct peer_facts *);	/* a neighbour is there, or changed */
	void (*peer_gone)(void *owner, uint32_t number);
	void (*name)(void *owner, bool there, const struct announcement *, uint32_t peer, uint64_t number);
	void (*differs)(void *owner, const struct flow *, const struct verdict *);
		/* an audit found that the same question got another answer */
	void (*admitted)(void *owner, struct port *, enum error, const char *why);
		/* after gate_admit() said DONE: it may come up now (E_NONE), or not */
	void (*denied)(void *owner, const struct port *, const struct question *,
	    uint32_t rule, enum error, struct str reason, uint64_t decision);
		/* for watchers: decision is what the stranger was told */
};

#define GATE_COUNTERS(X)						\
	X(asks,		"questions sent to fedx-route")			\
	X(background,	"questions that nobody waited for")		\
	X(allowed,	"messages that policy allowed")			\
	X(denied,	"messages that policy denied")			\
	X(waited,	"messages that waited for a verdict")		\
	X(unanswered,	"questions without an answer in time")		\
	X(too_many,	"messages refused because their link asked too much") \
	X(limited,	"messages over a rate of policy")		\
	X(old_verdicts,	"answers of an earlier policy, asked again")	\
	X(audits,	"hits that were asked again")			\
	X(differences,	"audits that got another answer")		\
	X(cut,		"conversations ended by a new policy")	\
	X(not_taken,	"routes that policy does not take")	\
	X(not_told,	"routes that policy tells to some neighbour not")

struct gate {
	const struct gate_ops *ops;
	void *owner;
	struct gate_limits limits;	/* defaults from gate_init(); set others before the first policy */
	struct flows flows;
	uint32_t hooks;			/* bit for each enum hook that is defined */
	bool expected;			/* there is a policy, also if we know nothing of it yet */
	bool known;			/* a POLICY has come */
	bool failed;			/* nothing could be loaded: everything that has a hook is denied */
	bool reachable;			/* there is somebody to ask */
	uint64_t instance;		/* of the fedx-route whose verdicts these are */
	uint32_t generation;
	uint8_t digest[32];
	uint64_t changes;		/* number of the last change of a name */
	struct {
#define X(name, help) uint64_t name;
		GATE_COUNTERS(X)
#undef X
	} count;
	/* the rest is the gate's own */
	uint32_t epoch;			/* grows with each policy that differs; flows.generation */
	uint16_t run;			/* random: makes decisions of another run of this node other ones */
	struct map asks;		/* struct asked by number */
	uint32_t in_background;		/* of those, what a reload asks */
	struct list admitting;		/* gate_waits.admitting */
	struct buf question;		/* scratch: the question about the message at hand */
	uint64_t last_ask, last_decision;
	uint32_t last_peer;
	struct port *peers[PEER_CHAINS];	/* those that are up, by their number */
	struct said *deciding;		/* its turn has come: gate_names.c */
	uint8_t reload;			/* enum reload_stage */
	bool reloading;			/* in gate_reload_go() */
	size_t reload_at;		/* how far it is in that stage */
	uint32_t renewing;		/* rulings of the policy before */
	bool reload_more;		/* names: one was asked about in this pass, so there is another */
	struct mono reload_until;	/* then flows of before are gone */
	struct timer revalidate;
};

int gate_init(struct gate *, const struct gate_ops *, void *owner);
	/* after fabric_init(), which leaves a gate that is open; -1: no memory */
void gate_free(struct gate *);		/* also of a gate that is open */
void gate_decision_text(uint64_t decision, char to[32]);	/* "4f2a-17" */

/* What fedx-route says; the caller has decoded and checked it. */
void gate_verdict(struct fabric *, uint64_t number, const struct verdict *);
void gate_policy(struct fabric *, const struct policy_mark *);
	/* same digest as before: verdicts stay; else they are asked again in the
	 * background, and conversations under way with them */
void gate_connected(struct fabric *);	/* tells all peers and names, for a new fedx-route */
void gate_lost(struct fabric *);	/* the connection is gone: what waits is asked again */
bool gate_settled(const struct fabric *);
	/* after a reload: no flow and no conversation of the old policy is left */

const struct gate_grant *gate_grant_of(const struct port *);	/* never NULL */
void gate_port_init(struct gate_port *);	/* gate_port.h: a port's own state; port_init() does it */
void gate_port_up(struct fabric *, struct port *);
void gate_port_down(struct fabric *, struct port *);	/* its waiting messages are answered */

/* request.c asks this before it looks for a target. */
enum gate_result {
	GATE_PASS,	/* go on with the envelope, as changed; it holds views into a flow */
	GATE_DONE	/* it waits, or was refused and answered: nothing more to do */
};
struct gate_way {		/* PASS: how it is to go */
	struct str via;		/* by this node, if not empty */
	bool picked;		/* balance has been asked about it */
	uint32_t instance;	/* its answer; 0: the C strategy */
	bool asked;		/* the question is in gate.question, for its flight to keep */
	uint32_t epoch;		/* of the policy that let it in: an old flow may have */
};
enum gate_result gate_request(struct fabric *, struct port *, struct envelope *, struct str constraint,
    struct gate_way *);

/* May this port claim this name?  connected.c asks. */
enum gate_result gate_claim(struct fabric *, struct port *, const struct envelope *,
    const struct announcement *, const char *action);
	/* DONE: it waits, or was refused and told so; what the port says after
	 * it about names waits behind it */

bool gate_may_ask(const struct port *, uint8_t kind, struct str to, struct str subject);
	/* by its scopes, may it send such a message to that? */
const char *gate_scope_denial(const struct port *);	/* why not; static */

int gate_confine(struct fabric *, struct port *, struct str scopes);
	/* copies those of its credential, words scope=PATTERN (wire/auth_line.h), which
	 * admit can only narrow; empty: any.  A port that is up loses what is outside
	 * at once.  -1: no memory, unchanged */

/* May this port come up?  src/link asks, and has filled in what it knows of it. */
enum gate_result gate_admit(struct fabric *, struct port *);
	/* PASS: it may; DONE: it waits, ops->admitted tells, never within this
	 * call; or there is no memory for that, and it is closed.  No hook:
	 * PASS.  A port that ends before it came up wants gate_port_down(). */

#endif
