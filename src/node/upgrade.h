/*
 * upgrade.h - another process in the place of this one, without a moment in
 * which nobody listens.
 *
 *	who goes (upgrade.c)			who comes (succeed.c)
 *	starts it with its listening sockets
 *						opens all that may fail
 *				  <- "ready"
 *	gives up lock and pid file
 *	"go" ->					takes them
 *				  <- "taken"
 *	listens no more; drains			accepts
 *	its uplinks are gone: "free" ->		dials its own
 *	has them, too			  <- "reload": new settings, keys and lists
 *	ends
 *
 * Until "taken" the old one goes on as if nothing had happened, whatever
 * becomes of the new one.
 */
#ifndef FEDX_UPGRADE_H
#define FEDX_UPGRADE_H

#include <sys/types.h>

#include <ev.h>

#include "base/err.h"
#include "fabric/wheel.h"

struct node;

enum upgrade_step { UPGRADE_NONE, UPGRADE_STARTING, UPGRADE_HANDING, UPGRADE_DONE };

struct upgrade {
	struct node *node;
	enum upgrade_step step;
	pid_t pid;			/* of the new one */
	int channel;			/* -1: none */
	ev_io io;
	ev_child child;
	struct timer timer;
	uint64_t answer;		/* who asked */
	char said[300];			/* a line of the new one, as far as it came */
	size_t said_n;
	bool freed;			/* the new one may dial, and knows it */
};

void upgrade_open(struct upgrade *, struct node *);
int upgrade_begin(struct upgrade *, uint64_t answer, struct err *);
	/* answers later; -1: not now */
void upgrade_uplinks_gone(struct upgrade *);	/* the new one may dial */
void upgrade_close(struct upgrade *);

/* succeed.c */
void succeed_open(void);		/* before any child: takes what it was given out of the environment */
bool succeed_waits(void);		/* another process is in our place still */
int succeed_ask(struct err *);		/* all is well: may we? waits; -1: no */
void succeed_taken(void);		/* we have its lock and pid file */
void succeed_failed(const char *why);	/* if it waits, it is told */
void succeed_reloaded(void);		/* who drains behind us has to read it all, too */
void succeed_when_free(struct ev_loop *, void (*free)(void *owner), void *owner);
	/* once, when its uplinks are gone; at once if there is none */

#endif
