/*
 * control.h - the connection to the fedx-route of this node: dialled, watched,
 * dialled again; and fedx-route itself, started if none is there.
 *
 *	control.c		its states, the dial, the watch, the child
 *	control_talk.c		what is said on it, and what is heard
 *	route_child.c		the child itself
 *
 * Who listens at RUNDIR/route.sock is believed only if the kernel says that
 * it has our uid.  What it says is checked like what a stranger says, and
 * must be of a kind that fedx-route may say.
 */
#ifndef FEDX_CONTROL_H
#define FEDX_CONTROL_H

#include <ev.h>

#include "base/buf.h"
#include "fabric/wheel.h"
#include "net/conn.h"
#include "node/decided.h"
#include "wire/ask.h"
#include "wire/envelope.h"

struct node;

enum {
	CONTROL_OUT_MAX = 64 << 20,	/* bytes that may wait for it */
	CONTROL_IN_MAX = 1 << 20,	/* payload of one of its envelopes */
	CONTROL_DIAL_MS = 2000,
	CONTROL_START_MS = 10000,	/* from fork to a socket that answers */
	CONTROL_LOAD_MS = TRIAL_MS_MAX + 10000,	/* from our END to its own */
	CONTROL_DEAD_MS = 2000,		/* without a byte, or without a verdict */
	CONTROL_RELOAD_MS = TRIAL_MS_MAX + 10000,	/* for the answer to a RELOAD */
	CONTROL_PING_MS = 500,
	CONTROL_BACKOFF_MS = 100, CONTROL_BACKOFF_MAX_MS = 5000,
	CONTROL_LOOK_MS = 5000		/* how often we look whether one was started by hand */
};

enum control_state {
	CONTROL_NONE,		/* none is expected: look now and then */
	CONTROL_BACKOFF,	/* dial again when the timer fires */
	CONTROL_DIALLING,
	CONTROL_LOADING,	/* our full set is told; its END has not come */
	CONTROL_UP
};

struct control {
	struct node *node;
	enum control_state state;
	struct dial *dial;
	struct conn *conn;
	struct timer timer;
	uint32_t backoff_ms;
	struct mono since;		/* in this state */
	struct mono pinged;		/* .us 0: every ping is answered */
	struct mono asked;		/* since then a verdict is due; .us 0: none is */
	uint64_t asks, verdicts;	/* on this connection */
	ev_child child;
	struct mono started, not_before;	/* the child: since when, and when another may be */
	uint32_t child_backoff_ms;
	pid_t pid;			/* of the one that we started; 0: none runs */
	bool stopping;
	bool broken;			/* nothing more is said; lost at the end of the turn */
	struct buf body;		/* scratch: one body */
	char socket[128];		/* RUNDIR/route.sock */
	char why[240];			/* of the last loss */
	char break_why[80];
	struct rulebook rules;
	struct decisions decisions;
	struct policy_mark mark;	/* in force; its texts are below */
	char digest[32], mark_why[240];
	bool marked;			/* there is one */
	bool idle;			/* it was looked, and none was expected */
	bool found;			/* then policy.lua was there: nobody has asked for it */
	uint64_t own;			/* the last question of ours, not of the gate */
};

void control_open(struct control *, struct node *);	/* starts at once, if a policy is expected */
void control_stop(struct control *);	/* for good: ends the child that we started */
void control_close(struct control *);	/* ends the child that we started */
bool control_expected(const struct node *);	/* confdir has a policy.lua, or there is a route.sock */
void control_look(struct control *);	/* what is expected may have changed */
void control_no_policy(char digest[32]);	/* that of no policy at all */
void control_lost(struct control *, const char *why);	/* closes, then dials again */
void control_break(struct control *, const char *why);
	/* the same, but a little later: for who is called by the gate */
void control_stuck(struct control *, const char *why);
	/* it does not answer: lost, and ours is ended, so that another can be started */
const char *control_state_name(const struct control *);

/* control_talk.c */
void control_greet(struct control *);	/* the full set, and END */
size_t control_input(void *control, struct str in);
int control_say(struct control *, uint8_t kind, uint64_t id, struct str body);
	/* -1: it is not there, or does not read: lost then */
void control_event(struct control *, enum hook, struct str json);	/* if policy has that hook */
int control_ask(struct control *, struct question *, uint64_t *number);
	/* a question of ours; explained() gets the answer; -1: nobody to ask */
int control_reload(struct control *, enum reload_what, uint32_t confirm_ms, uint64_t id);
	/* renew_answered() gets the answer */

#endif
