/*
 * node.h - the one data plane: what fedx-hub and fedx-leaf are made of.
 *
 *	settings*.c options.c	what was asked for
 *	rundir.c daemon.c	a place and a process to be in
 *	credentials.c		tokens, keys and certificates
 *	control*.c decided.c	fedx-route, and what it has decided
 *	renewal.c		a reload of all of that, as one
 *	builtin*.c explain.c	the service "fedx": what a node tells of itself
 *	inner.c			the node as a client of itself
 *	monitor.c		/healthz /readyz /metrics
 *	listeners.c		where it listens, and who comes in
 *	upgrade.c succeed.c	another process in the place of this one
 *	drain.c			the end that lets everybody finish
 *	node.c			putting it together; the loop; signals
 */
#ifndef FEDX_NODE_H
#define FEDX_NODE_H

#include "link/accept.h"
#include "link/uplink.h"
#include "node/control.h"
#include "node/credentials.h"
#include "node/inner.h"
#include "node/keep_sessions.h"
#include "node/renewal.h"
#include "node/rundir.h"
#include "node/settings.h"
#include "node/upgrade.h"

/* Where links and clients come in. */
struct entry { struct node *node; struct listener *at; struct entrance entrance; };

struct builtin;
struct explanation;

struct node {
	struct settings *set;
	struct ev_loop *loop;
	struct net *net;
	struct fabric fabric;
	struct links links;
	struct doors doors;
	struct uplink uplink, peers[PEERS_MAX];	/* as many as the settings say */
	struct builtin *builtin;
	struct credentials credentials;
	struct roster *roster;		/* hub: who was invited; NULL: nobody is */
	struct keep_sessions tls_sessions;
	struct control control;
	struct renewal renewal;
	struct inner inner, rules;	/* who asks as "fedx@NODE"; who does what rules want */
	struct list explanations;
	struct entry entries[LISTEN_MAX];
	struct listener *bus;
	struct rundir run;
	struct mono started;
	bool whole;			/* all of its parts are there to be closed */
	bool ready, draining, stopping;
	int status;			/* to end with */
	bool at_once;			/* told a second time while the last bytes go */
	ev_check check;			/* the start of a turn */
	ev_timer tick;			/* the wheel's next turn */
	ev_signal signals[6];
	struct timer digest, drain, look;
	struct arguments arguments;	/* of main: what is started in our place has the same */
	struct upgrade upgrade;
};

int node_check(struct settings *);	/* prints them, after looking at the files they name; exit status */
int node_run(struct settings *, struct arguments);	/* until it is told to stop; the exit status */
void node_on_fabric(struct fabric *, const char *what, const struct port *, struct str name);
void node_on_link(struct links *, const char *what, const struct link *, const char *why);
	/* events.c, for fabric_ops and links */
void node_event(struct node *, const char *what, const char *subject, const char *peer,
    const char *why);			/* to the log and to those who watch */

int node_take_place(struct node *, struct err *);	/* the run directory and the pid file; -1: another has it */
void node_use_credentials(struct node *);	/* who dials or is accepted from now on meets them */
void node_denied(struct node *, const struct decision *);	/* to those who watch */
int control_gate(struct node *, struct err *);		/* control_talk.c: the gate asks through it */
void explained(struct node *, uint64_t number, const struct verdict *);	/* explain.c: an answer */
void explain_lost(struct node *);		/* explain.c: there will be none */

/* listeners.c */
int listeners_open(struct node *, struct err *);	/* bus and ports, bound or inherited */
void listeners_say(const struct node *);	/* the log line `ready` */
void listeners_close(struct node *);		/* ports; the bus goes on */

/* drain.c */
void node_drain(struct node *);		/* as SIGTERM does; again: nothing more */
void drain_begin(struct node *);	/* the same without a word to the supervisor: another is in our place */
void drain_finish(struct node *);	/* waits for nobody any more; leaves the loop */
void drain_renewed(struct node *);	/* while it drains: settings are new */
void drain_look(struct node *);		/* while it drains: the start of a turn, before anything is heard */
void drain_turn(struct node *);		/* ... and its end */
void drain_flush(struct node *);	/* after the loop: what is still to be written goes out */
void drain_stop_uplinks(struct node *);

/* builtin.c */
struct builtin *builtin_open(struct node *, struct err *);
void builtin_close(struct builtin *);
void builtin_say(struct builtin *, uint64_t answer, struct str lines);	/* who has gone: no harm */
void builtin_end(struct builtin *, uint64_t answer);
void builtin_refuse(struct builtin *, uint64_t answer, enum error, const char *why);	/* instead of an end */
void builtin_event(struct builtin *, struct str json_line);	/* to watchers */
bool builtin_watched(const struct builtin *);
uint32_t builtin_endless(const struct builtin *);	/* answers that go on until they are cancelled */

/* monitor.c */
int monitor_respond(void *node, const struct http_head *, struct buf *);

#endif
