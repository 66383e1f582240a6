/*
 * renewal.h - a reload as one transaction: settings, tokens, certificates and
 * policy, all of them or none; confirmed, or taken back.
 *
 *	settings file (a child reads it) -> credentials -> fedx-route tries
 *	the policy -> all of it is taken -> the old policy's answers are gone
 *
 * One at a time.  Who asked gets JSON lines; the last one says "done".
 */
#ifndef FEDX_RENEWAL_H
#define FEDX_RENEWAL_H

#include <ev.h>

#include "base/buf.h"
#include "fabric/wheel.h"
#include "node/credentials.h"
#include "node/settings_file.h"
#include "wire/ask.h"

struct node;

enum renewal_step { RENEWAL_NONE, RENEWAL_READING, RENEWAL_STARTING, RENEWAL_ASKING, RENEWAL_SETTLING };

struct renewal {
	struct node *node;
	struct arguments arguments;
	enum renewal_step step;
	enum reload_what what;
	uint32_t confirm_ms;
	uint64_t answer;		/* who waits for the report; 0: a signal */
	bool again;			/* SIGHUP came meanwhile */
	bool later;			/* nothing is wrong with it: it may be taken another time */
	struct mono since;
	struct timer timer;
	/* READING */
	pid_t pid;
	int out;
	bool eof, ended;
	int status;
	ev_io io;
	ev_child child;
	struct buf text;
	/* what is to be taken */
	struct settings *set;		/* NULL: none */
	struct credentials credentials;
	struct buf report;
	uint64_t id;			/* of the RELOAD */
	uint32_t generation;		/* that it brings */
	struct { uint32_t checked, closed; uint64_t cut; } links;
	struct buf changed, restart;	/* words: keys */
	char was[32];			/* digest of the policy in force when it was asked */
	bool lost;			/* fedx-route was, once: it is asked again */
	/* what to go back to */
	struct settings *boot;		/* of the start; borrowed */
	struct kept {
		bool there;
		bool policy;		/* fedx-route has one, too */
		char digest[32];	/* of that one */
		struct settings *set;
		struct credentials credentials;
	} old;
	char is[32];			/* digest of the policy that the last one has left */
	bool ours;			/* nobody else has put another in force since */
	bool pending;			/* it goes back unless it is confirmed in time */
	bool policy_pending;		/* and so does fedx-route, by its own clock */
	bool confirming;		/* fedx-route was told to keep it; its answer has not come */
	struct mono until;
	struct timer confirm;
};

void renew_open(struct renewal *, struct node *, struct arguments);
void renew_close(struct renewal *);
int renew_begin(struct node *, enum reload_what, uint32_t confirm_ms, uint64_t answer);
	/* -1: another one is under way */
void renew_signal(struct node *);		/* SIGHUP */
bool renew_busy(const struct node *);

/* renewal_read.c, and what it calls */
void renewal_read(struct renewal *);
void renewal_stop(struct renewal *);		/* reading, if it does */
void renewal_text(struct renewal *, struct str text);	/* that is what the file says */
void renewal_wait(struct renewal *, enum renewal_step, uint64_t ms);
void renewal_finish(struct renewal *, bool done, const char *why);

void renewal_put_off(struct renewal *, const char *why);	/* nothing is wrong with it */
void renewal_ask(struct renewal *);		/* fedx-route, if there should be one */
void renewal_done(struct renewal *);		/* fedx-route has done its part, or has none */
void renewal_use(struct node *);		/* other settings and credentials */
void renewal_links(struct renewal *);		/* who may stay? */
void renewal_set_free(struct renewal *, struct settings *);

/* renewal_undo.c */
void renewal_undo_open(struct renewal *);
void renewal_keep(struct renewal *, struct settings *, struct credentials);
	/* takes both: what was in force before, to go back to */
void renewal_forget(struct renewal *);
void renewal_confirmed(struct renewal *);
void renewal_go_back(struct renewal *);		/* the node's own part */
void renewal_confirm_or_undo(struct renewal *);	/* it was asked for */
void renewal_hold(struct renewal *);		/* the clock stands still while fedx-route is asked */
void renewal_resume(struct renewal *);		/* one has ended: what has become of what waits? */
void renewal_policy(struct renewal *);		/* a POLICY has come that no renewal waits for */

/* control_talk.c calls these */
void renew_answered(struct node *, uint64_t id, const struct reloaded *);
void renew_policy(struct node *);		/* a POLICY has come */
void renew_lost(struct node *);			/* fedx-route is gone */
bool renew_waits(const struct node *);		/* for fedx-route, which tries a policy */

#endif
