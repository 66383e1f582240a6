/*
 * gate_parts.h - what the files of the gate share; gate.h is for the others.
 */
#ifndef FEDX_GATE_PARTS_H
#define FEDX_GATE_PARTS_H

#include "fabric/request.h"

/* gate_ask.c: questions under way. */
enum asked_for { FOR_REQUEST, FOR_NAME, FOR_ADMIT, FOR_BALANCE, FOR_PICK, FOR_ROUTE, FOR_AUDIT,
	FOR_FLOW, FOR_FLIGHT, FOR_CLAIM, FOR_PEER };

struct asked {
	uint64_t number;		/* the key */
	uint8_t what;			/* enum asked_for */
	uint32_t epoch;			/* of the policy when it was asked */
	uint64_t flight;		/* REQUEST, PICK, FLIGHT: its id; PEER: its number */
	struct port *port;		/* NAME, ADMIT, ROUTE */
	struct ruling *ruling;		/* ROUTE */
	struct flow *flow;		/* AUDIT, FLOW: watched; NULL once it is gone */
	struct timer due;		/* for some: given up then */
	size_t n;
	char body[];			/* AUDIT, FLOW, CLAIM: the question; BALANCE, PICK: the name */
};
uint64_t gate_ask(struct fabric *, enum asked_for, const struct question *, struct str body,
    uint32_t due_ms, struct asked **);
	/* its number; 0: nobody can be asked now, or no more questions; due_ms 0: no timer */
void gate_unask(struct fabric *, uint64_t number);	/* its answer is not wanted any more */
void gate_unask_all(struct fabric *);
void gate_unask_flows(struct fabric *);		/* FOR_FLOW */
void asked_watch(struct asked *, struct flow *);

/* The own user of this node, on its bus: policy is not asked, but for whether a path of it is shared. */
static inline bool
gate_is_admin(const struct port *p)
{
	return p->kind == PORT_CLIENT && p->admin;
}

/* gate.c: what is decided */
struct decision {	/* of a flow or of a verdict, views into that */
	uint8_t answer;
	enum error error;
	uint32_t rule;
	uint32_t epoch;		/* of the policy that decided it */
	struct str reason, via, to, subject;
};
struct decision decision_of(const struct verdict *);
struct verdict gate_checked(const struct verdict *);	/* as it may be kept */
bool gate_closed(const struct gate *, enum hook);	/* must it be asked? */
bool gate_is_node(const struct fabric *, const struct port *, const struct envelope *);
	/* a node of the own cluster, beyond this link, speaks for itself */
bool gate_asks(const struct fabric *, const struct port *, const struct envelope *);
struct question gate_question(const struct port *, const struct envelope *, struct str constraint);
enum error gate_flow(struct fabric *, struct flow *, struct decision *);
	/* what a flow says of a message: E_NONE: it may go on; d->reason says why not */
enum error gate_answer(struct fabric *, struct port *, struct subject *, struct str body,
    const struct verdict *, struct decision *);
	/* the same of a verdict, which is kept if it may be */
void gate_denial(struct fabric *, const struct port *, const struct question *,
    const struct decision *, char text[400]);
	/* counts and tells it; text is what the one who asked may read */
bool gate_facts(const struct port *, struct peer_facts *);
struct gate_waits *gate_waits_open(struct port *);	/* its own from now on; NULL: no memory */
void gate_waits_rest(struct port *);	/* gives it back if nothing waits in it */
struct port *gate_peer(struct fabric *, uint32_t number);	/* NULL: it is gone */
int gate_question_get(struct str body, struct question *);	/* of an ASK, or as a flight keeps it; views; -1: it is neither */

/* gate_memo.c */
struct flow *gate_flow_of(struct fabric *, struct port *, const struct question *);
	/* as flow_find(), of a message that this port handed in */
void gate_memo_forget(struct gate_port *);	/* what is known of the port has changed */

/* gate_wait.c: requests that wait */
enum gate_result gate_hold(struct fabric *, struct port *, const struct envelope *,
    const struct question *, uint64_t pair);
bool gate_pair_waits(const struct port *, uint64_t pair);
uint64_t gate_pair(const struct envelope *);
void gate_serve(struct fabric *, struct port *);
	/* asks about what waits and was not asked, lets go on what is decided */
int gate_wait_pick(struct fabric *, struct flight *, const struct envelope *);
	/* -1: more than may wait do */
void gate_request_answer(struct fabric *, struct asked *, const struct verdict *);

/* gate_balance.c */
void gate_balance_answer(struct fabric *, struct asked *, const struct verdict *);
void gate_pick_answer(struct fabric *, struct asked *, const struct verdict *);

/* gate_names.c */
void gate_names_serve(struct fabric *, struct port *);
timer_fn gate_names_due;			/* of gate_waits.names_due */
void gate_names_free(struct fabric *, struct port *);
void gate_names_answer(struct fabric *, struct asked *, const struct verdict *);
void gate_names_again(struct gate_waits *);		/* nothing of it is asked any more */
void gate_names_renew(struct fabric *);		/* what the policy before allowed, and is not done yet, is asked anew */
bool gate_within(const struct port *, struct str name);	/* is it within the scopes of its credential? */
bool gate_granted(const struct port *, struct str name);	/* and within those of admit? */
bool gate_publishes(const struct port *, struct str path);	/* may it, by its scopes? */
bool gate_names_wait(struct fabric *, struct port *, const struct envelope *);
	/* true: it waits, behind others */
bool gate_shares(const struct fabric *);
	/* may others hold the path whose claim is decided now? */
struct question gate_scope_question(const struct port *, uint8_t kind, const struct announcement *);

/* gate_claims.c: what is claimed already */
bool gate_claim_is_proven(const struct claim *);	/* the name of a neighbour, by its link */
bool gate_claim_asks(const struct fabric *, const struct claim *);
struct question gate_claim_question(const struct claim *);
void gate_claim_drop(struct fabric *, struct claim *, const struct question *, const struct decision *);
	/* it is refused now; its port is told */
void gate_claim_judge(struct fabric *, struct claim *, const struct question *, const struct verdict *);
	/* what a new policy says of it */
void gate_claims_narrow(struct fabric *, struct port *);	/* all that is outside its scopes now */

/* gate_peer.c */
void gate_admit_answer(struct fabric *, struct asked *, const struct verdict *);
void gate_admit_ask(struct fabric *);	/* all that wait */
void gate_admit_forget(struct fabric *, struct gate_port *);	/* what it was granted */
void gate_admit_again(struct fabric *, struct port *, const struct verdict *);
	/* what a new policy says of one that is there */

/* gate_routes.c: the hooks import and export */
void gate_ruling_init(struct ruling *, enum hook);
void gate_import(struct fabric *, struct via *);	/* it is new, or leads another way now */
void gate_import_drop(struct fabric *, struct via *);	/* it is not there any more */
bool gate_export(struct fabric *, struct port *, struct origin *);
	/* may it be told of that, as far as policy goes?  Asks, if that is to be asked */
bool gate_tells(const struct fabric *, const struct port *, const struct origin *);
	/* the same without asking */
void gate_tellings_close(struct fabric *, struct list *, bool of_origin);
	/* of this origin, or of this port */
void gate_routes_answer(struct fabric *, struct asked *, const struct verdict *);
void gate_routes_serve(struct fabric *, struct port *);	/* asks what is to be asked */
void gate_routes_renew(struct fabric *);	/* another policy: all are asked again */

/* gate_reload.c */
void gate_reload_answer(struct fabric *, struct asked *, const struct verdict *);
void gate_reload_go(struct fabric *);
void gate_reload_again(struct fabric *, enum asked_for);
	/* PEER, FLIGHT: one goes on by a policy before; they are looked at once more */
void gate_flights_narrow(struct fabric *, struct port *);	/* cuts what it has asked outside its scopes now */

/* gate_audit.c */
void gate_audit(struct fabric *, const struct question *, struct flow *);	/* asks about it, if it is of this policy */
void gate_audit_answer(struct fabric *, struct asked *, const struct verdict *);

/* flight.c, request.c, resolve.c call these: */
void gate_leave(struct fabric *, struct flight *);
	/* it ends, or goes on: gate_serve() then looks at what waits behind it */
void gate_late(struct fabric *, struct flight *);	/* its deadline at the gate has passed */
bool gate_strategy(struct fabric *, const struct port *, const struct envelope *, struct str constraint,
    struct name *, struct ask *);
	/* fills in the strategy of this service; true: it is to be asked about each request */
void gate_pick(struct fabric *, struct flight *, struct name *, const struct envelope *);
	/* asks, and it waits for the answer: the request, or what the flight has saved */
void gate_name(struct fabric *, const struct port *, bool there, const struct announcement *);
	/* connected.c: a claim came, changed or went */
void gate_peer_changed(struct fabric *, struct port *);

static inline struct fabric *
fabric_of_wheel(struct wheel *w)
{
	return (struct fabric *)(void *)((char *)w - offsetof(struct fabric, wheel));
}

#endif
