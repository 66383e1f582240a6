/*
 * ask.h - what a data plane and its fedx-route say to each other: the bodies
 * of PEER, ASK, POLICY, RULE, VERDICT, RELOAD and ACTION, as TLVs.
 *
 *	data plane			fedx-route
 *	PEER... ANNOUNCE... END	->		the full set, on each connect
 *				<-	RULE... POLICY END
 *	ASK(n)			->		only after that END
 *				<-	VERDICT(n), in any order
 *	PEER, PEER_GONE, ANNOUNCE, WITHDRAW, EVENT, RELOAD(n)	->
 *				<-	RULE... POLICY, RELOADED(n) behind them, ACTION
 *
 * All of it is on one connection, in order: a VERDICT behind a POLICY is of
 * that policy.  ANNOUNCE and WITHDRAW have the body of announce.h and in
 * their id a number that grows with each; a VERDICT says up to which it has
 * seen, so that an answer from before a change is known as one.  Their `from`
 * is the number of the peer whose claim it is, in decimal; empty: nobody's.
 * An EVENT has its hook's name without "on." as subject, and a JSON object.
 */
#ifndef FEDX_ASK_H
#define FEDX_ASK_H

#include "base/buf.h"
#include "base/err.h"
#include "wire/announce.h"

/*
 * What a message is, as far as policy may know: every field is text, empty
 * when absent.  Derived ones (to_domain ...) are cut out of others by
 * field_get() of src/fabric/fields.h.  peer_* is who handed it to us.
 */
#define ASK_FIELDS(X)							\
	X(kind)		/* "request" */					\
	X(type)		/* of the payload: "text" */			\
	X(from) X(from_domain) X(to) X(to_domain)			\
	X(subject) X(service) X(method) X(path1) X(path2) X(path3)	\
	X(origin)	/* the node where it entered the fabric */	\
	X(version)	/* constraint on the service's instances */	\
	X(idempotent) X(oneway)	/* "yes" or "" */			\
	X(peer)		/* "client", "guest", "leaf", "hub" or "uplink" */	\
	X(peer_node) X(peer_cluster) X(peer_address)	/* without the port */ \
	X(peer_from)	/* the first endpoint of a client */		\
	X(peer_tags)	/* words that `admit` gave it */		\
	X(peer_admin)	/* "yes" or "" */

enum ask_field {
#define X(name) FIELD_##name,
	ASK_FIELDS(X)
#undef X
	FIELD_COUNT
};
const char *field_name(unsigned);		/* "to_domain"; unknown: "unknown" */
unsigned field_named(struct str);		/* FIELD_COUNT: no such field */

enum hook { HOOK_ROUTE, HOOK_ADMIT, HOOK_SCOPE, HOOK_BALANCE, HOOK_IMPORT, HOOK_EXPORT,
	HOOK_LINK, HOOK_SERVICE, HOOK_EVENT, HOOK_COUNT };
const char *hook_name(unsigned);		/* "route", "on.link" */

/* A neighbour: body of PEER.  PEER_GONE has its number in the envelope's id. */
struct peer_facts {
	uint32_t number;		/* ours for it, never used again; 0: none */
	uint8_t role;			/* enum role of it */
	uint8_t uplink, admin, guest;	/* 1: yes */
	struct str node, cluster, address, from, tags;
};

/* Body of ASK. */
struct question {
	uint8_t hook;			/* enum hook */
	uint8_t how;			/* ASK_ bits */
	uint32_t peer;			/* number of who handed it to us */
	uint8_t kind, type;
	uint8_t idempotent, oneway;	/* 1: yes */
	struct str from, to, subject, origin, version;
	/* scope: may the peer do `action` with this name? */
	struct str action;		/* "attach" (a client's) or "announce" (a node's) */
	uint8_t family;			/* enum family of subject */
	struct str instances;		/* balance: run of TLVs, see struct instance */
	/* import, export: the route to the node `subject`, words; the next node first */
	struct str path, clusters, tags;	/* path: empty: the own one */
};
enum {
	ASK_BACKGROUND = 1,		/* nobody waits for it: after a reload, or an audit */
	ASK_EXPLAIN = 2			/* the answer says why, for an admin; it is not kept */
};

struct instance {			/* one TLV INSTANCE in question.instances */
	uint32_t number;		/* for the pick */
	uint8_t local;
	uint32_t weight, in_flight, latency_us;
	struct str node, version, tags;
};

enum answer {
	ANSWER_NONE,			/* the hook had no opinion: the default holds */
	ANSWER_ALLOW,
	ANSWER_DENY,
	ANSWER_STRATEGY,		/* balance: by name */
	ANSWER_PICK,			/* balance: this instance, asked anew for each request */
	ANSWER_COUNT
};
const char *answer_name(unsigned);		/* "default" for NONE, "allow"; unknown: "unknown" */

enum test_op { TEST_IS, TEST_UNDER, TEST_STARTS, TEST_COUNT };
struct test {				/* TLV TEST: a question about a field, and its answer then */
	uint8_t field, op, result;
	struct str what;
};
const char *op_name(unsigned);			/* "starts" */

enum strategy { STRATEGY_LEAST_INFLIGHT, STRATEGY_ROUND_ROBIN, STRATEGY_RANDOM, STRATEGY_WEIGHTED,
	STRATEGY_LATENCY, STRATEGY_STICKY, STRATEGY_PICK, STRATEGY_COUNT };
const char *strategy_name(unsigned);
unsigned strategy_named(struct str);		/* STRATEGY_COUNT: none */

enum { TRIAL_MS_MAX = 50000 };	/* of a policy in a process of its own; who asked waits for longer */
enum { TESTS_MAX = 8, LOOKUPS_MAX = 4, SCOPES_MAX = 64, PREFERENCE_MAX = 1000 };
#define FOREVER UINT32_MAX

/* Body of VERDICT.  What the hook read is `read` and `tests`: the verdict is
 * good for every message that agrees in just that. */
struct verdict {
	uint8_t answer;			/* enum answer */
	uint32_t error;			/* enum error of a denial; 0: denied */
	uint32_t rule;			/* number of a RULE; 0: the default */
	uint32_t keep_ms;		/* FOREVER; 0: for this one message only */
	uint32_t read;			/* bit for each enum ask_field */
	uint64_t seen;			/* the last ANNOUNCE or WITHDRAW before it was asked */
	struct str reason;		/* for a person; of a denial */
	struct str via;			/* node to go by, if not empty */
	struct str to, subject;		/* to put in, if not empty */
	struct str tests;		/* run of TLVs TEST, at most TESTS_MAX */
	struct str lookups;		/* run of TLVs LOOKUP: family byte, name; at most LOOKUPS_MAX */
	/* limit: so many a second, so many at once, each `limit_field` apart; also of admit */
	struct str limit;		/* its name; empty: none */
	uint32_t limit_rate, limit_burst;	/* rate in thousandths a second */
	uint8_t limit_field;		/* FIELD_COUNT: all together */
	uint8_t strategy, sticky_field;	/* STRATEGY: enum strategy; STICKY: the field */
	uint32_t instance;		/* PICK */
	/* admit: what the peer may have; 0 and empty: as settings say */
	uint32_t max_in_flight, max_services, max_endpoints;
	struct str scopes;		/* run of TLVs SCOPE: patterns that it may claim */
	struct str tags;		/* words; of import: instead of those of the route */
	uint8_t shared;			/* scope: 1: others may hold the same path */
	int32_t preference;		/* import: -1000 .. 1000, the higher the better */
	struct str explanation;		/* EXPLAIN: JSON lines, a line a step */
};

/* Body of POLICY: what holds from here on. */
struct policy_mark {
	uint32_t generation;		/* grows within an instance of fedx-route */
	uint64_t instance;		/* random, of this run of fedx-route */
	struct str digest;		/* SHA-256 over all that was loaded, 32 bytes */
	uint32_t hooks;			/* bit for each enum hook that is defined */
	uint32_t rules;			/* RULEs that came before it */
	uint32_t confirm_ms;		/* 0; else it is undone then unless confirmed */
	uint8_t failed;			/* 1: nothing could be loaded: everything that has a hook denies */
	struct str why;			/* then */
};

struct rule_mark {			/* body of RULE */
	uint32_t generation, number;
	uint8_t hook;
	uint32_t line;
	struct str file, name;		/* "policy.lua"; "no-guests", or empty */
};

enum reload_what { RELOAD_CHECK, RELOAD_APPLY, RELOAD_CONFIRM, RELOAD_UNDO };
struct reload {				/* body of RELOAD */
	uint8_t what;			/* enum reload_what */
	uint32_t confirm_ms;		/* APPLY: undo after this unless confirmed; 0: no */
};
struct reloaded {			/* body of RELOADED */
	uint8_t done;			/* 1: as asked */
	uint32_t generation;
	struct str report;		/* JSON lines: tests, what changed; or what is wrong, file and line */
};

struct action {				/* body of ACTION */
	struct str rule;		/* its name, for `from`: "rule:NAME" */
	struct str to, subject, payload;	/* a one-way or answered REQUEST */
	uint8_t type;			/* enum payload_type */
	struct str log;			/* instead: one line for the log */
};

/* Each: put gives -1 when the buffer is full; get gives views into the body,
 * checked (bounds, enums, runs of TLVs), or -1 and what is wrong. */
int peer_put(struct buf *, const struct peer_facts *);
int peer_get(struct str body, struct peer_facts *, struct err *);
int question_put(struct buf *, const struct question *);
int question_get(struct str body, struct question *, struct err *);
int verdict_put(struct buf *, const struct verdict *);
int verdict_get(struct str body, struct verdict *, struct err *);
int policy_mark_put(struct buf *, const struct policy_mark *);
int policy_mark_get(struct str body, struct policy_mark *, struct err *);
int rule_mark_put(struct buf *, const struct rule_mark *);
int rule_mark_get(struct str body, struct rule_mark *, struct err *);
int reload_put(struct buf *, const struct reload *);
int reload_get(struct str body, struct reload *, struct err *);
int reloaded_put(struct buf *, const struct reloaded *);
int reloaded_get(struct str body, struct reloaded *, struct err *);
int action_put(struct buf *, const struct action *);
int action_get(struct str body, struct action *, struct err *);

/* The runs within: put one; next takes one off the head of *run, 0 at its end. */
int test_put(struct buf *, const struct test *);
bool test_next(struct str *run, struct test *);
int lookup_put(struct buf *, enum family, struct str name);
bool lookup_next(struct str *run, uint8_t *family, struct str *name);
int scope_put(struct buf *, struct str pattern);
bool scope_next(struct str *run, struct str *pattern);
int instance_put(struct buf *, const struct instance *);
bool instance_next(struct str *run, struct instance *);

/* What on.* answers: bodies of ACTION, each behind its length in four bytes. */
int action_add(struct buf *run, const struct action *);		/* -1: full; unchanged */
bool action_next(struct str *run, struct str *body);

#endif
