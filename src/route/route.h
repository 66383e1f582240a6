/*
 * route.h - what fedx-route holds, and which file does what.
 *
 *	options.c	the command line
 *	command.c	settings, test, -t: what it does without a socket
 *	load.c		files into a policy: tried in a child first, the very same bytes
 *	good.c		what is kept on disk: the last good policy, and what was undone
 *	world.c		peers and names that one data plane has told of
 *	queue.c		questions that wait, each peer in its turn
 *	answer.c	a question from the queue, a verdict out
 *	server.c	route.sock: data planes come, speak and go
 *	first.c		which policy a start takes
 *	reload.c	check, apply, confirm, undo
 *	report.c	what a reload did, for who asked for it
 *	idle.c		nobody is there any more: an autostarted one ends
 */
#ifndef FEDX_ROUTE_H
#define FEDX_ROUTE_H

#include "base/list.h"
#include "net/conn.h"
#include "node/rundir.h"
#include "route/load.h"
#include "route/options.h"
#include "route/queue.h"
#include "route/world.h"

enum { PLANES_MAX = 16 };

struct plane {			/* one data plane, one connection */
	struct list place;
	struct route *route;
	struct conn *conn;
	struct world world;
	struct queue queue;
	uint32_t number;	/* for the log */
	uint32_t rules_told;	/* of the policy in force */
	bool whole;		/* its END has come */
	bool told;		/* our END has gone */
	bool full;		/* too much waits: it is not read */
	bool dead;		/* freed at the end of the turn */
};

struct reload_job {		/* what is to happen with the policy that is being tried */
	bool first;		/* at the start */
	uint8_t what;		/* enum reload_what */
	uint32_t confirm_ms;
	struct plane *plane;	/* who asked; NULL: nobody, or it has gone */
	uint64_t id;
};

#define ROUTE_COUNTERS(X)						\
	X(questions,	"questions answered")				\
	X(failed,	"questions whose hook failed")			\
	X(refused,	"questions refused, because too many waited")	\
	X(events,	"events told to rules")				\
	X(actions,	"actions that rules wanted")			\
	X(loads,	"policies loaded")				\
	X(refusals,	"policies refused")

struct route {
	const struct options *set;
	struct rundir run;
	struct ev_loop *loop;
	struct net *net;
	struct listener *listener;
	struct list planes;
	uint32_t plane_count, last_plane;
	struct buf out, body;		/* one message under way */
	uint64_t instance;		/* random, of this run */
	uint32_t generation;
	struct loaded *now;		/* in force; NULL: the first load is under way */
	struct loaded *before;		/* to go back to; NULL: nothing */
	bool pending;			/* now is undone unless it is confirmed in time */
	struct check *check;		/* a child tries a policy */
	struct reload_job job;		/* for then */
	bool again;			/* another SIGHUP came meanwhile */
	ev_timer confirm, idle;
	ev_idle more;			/* questions wait: do not sleep */
	ev_signal signals[6];
	struct {
#define X(name, help) uint64_t name;
		ROUTE_COUNTERS(X)
#undef X
	} count;
};

/* server.c */
int server_open(struct route *, struct err *);
void server_close(struct route *);
void plane_say(struct plane *, uint8_t kind, uint16_t flags, uint64_t id, struct str payload);
	/* who does not read is dropped; safe for a dead one */
void plane_drop(struct plane *, const char *why);
void plane_flow(struct plane *);	/* stops or goes on reading, by what waits */
void plane_rules(struct plane *);	/* tells the rules that it does not know yet */
void server_tell(struct route *);	/* the policy in force to all that are whole */
void server_reap(struct route *);	/* frees the dead */

/* answer.c */
bool answer_some(struct route *);	/* for a few milliseconds; true: more wait */

/* first.c */
bool first_none(const struct route *);	/* the node has no policy in force: there is nothing to try */
struct loaded *first_choose(struct route *, struct trial *, const char **from);
	/* what policy.lua is, or why it is another; NULL: no memory */

/* reload.c */
void reload_start(struct route *);	/* the first load */
void reload_ask(struct route *, struct plane *, uint64_t id, const struct reload *);
void reload_signal(struct route *);
void reload_refused(const struct err *why, const char *next);	/* a line in the log, with file and line */
void reload_forget(struct plane *);	/* it goes: nobody waits for the answer */
void reload_close(struct route *);
uint32_t reload_left_ms(const struct route *);	/* until the policy in force is undone; 0: it stays */

/* idle.c */
void idle_open(struct route *);
void idle_look(struct route *);		/* a data plane came, or went */

int route_run(const struct options *);	/* main.c's; the exit status */

#endif
