/*
 * node.h - the one data plane: what fedx-hub and fedx-leaf are made of.
 *
 *	settings.c options.c	what was asked for
 *	rundir.c daemon.c	a place and a process to be in
 *	credentials.c		tokens, keys and certificates, also again
 *	builtin.c		the service "fedx": what a node tells of itself
 *	monitor.c		/healthz /readyz /metrics
 *	node.c			putting it together; the loop; signals
 */
#ifndef FEDX_NODE_H
#define FEDX_NODE_H

#include "link/accept.h"
#include "link/uplink.h"
#include "node/rundir.h"
#include "node/settings.h"

struct builtin;

struct credentials {			/* what a reload loads anew */
	struct auth *auth;		/* hub: who may join; NULL: nobody is asked */
	struct tls_ctx *server, *client;	/* NULL: no TLS there */
	char token[TOKEN_MAX + 1];	/* what we show to an uplink; "": none */
};

struct node {
	struct settings *set;
	struct ev_loop *loop;
	struct net *net;
	struct fabric fabric;
	struct links links;
	struct doors doors;
	struct uplink uplink;
	struct builtin *builtin;
	struct credentials credentials;
	struct listener *listeners[LISTEN_MAX], *bus;
	struct rundir run;
	struct mono started;
	bool whole;			/* all of its parts are there to be closed */
	bool ready, draining, stopping;
	ev_check check;			/* the start of a turn */
	ev_timer tick;			/* the wheel's next turn */
	ev_signal signals[6];
	struct timer digest, drain;
};

int node_check(struct settings *);	/* prints them, after looking at the files they name; exit status */
int node_run(struct settings *);	/* until it is told to stop; the exit status */
void node_drain(struct node *);		/* as SIGTERM does */
void node_event(struct node *, const char *what, const char *subject, const char *peer,
    const char *why);			/* to the log and to those who watch */

/* credentials.c */
int credentials_open(struct credentials *, const struct settings *, struct err *);
	/* all, or -1 and nothing, *e with a status */
void credentials_close(struct credentials *);	/* connections keep the TLS context they use */

/* builtin.c */
struct builtin *builtin_open(struct node *, struct err *);
void builtin_close(struct builtin *);
void builtin_event(struct builtin *, struct str json_line);	/* to watchers */
bool builtin_watched(const struct builtin *);
uint32_t builtin_endless(const struct builtin *);	/* answers that go on until they are cancelled */

/* monitor.c */
int monitor_respond(void *node, const struct http_head *, struct buf *);

#endif
