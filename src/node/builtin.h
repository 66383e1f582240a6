/*
 * builtin.h - the service "fedx" of each node, and the answer for "SERVICE/",
 * which asks only whether the service is there.
 *
 *	builtin.c		answers as streams of JSON lines
 *	builtin_methods.c	which method does what, and who may ask it
 *	builtin_lists.c		links, services, endpoints, totals
 *	builtin_peers.c		hubs: whom it dials, who dialled it
 *	builtin_routes.c	hubs beyond hubs, and the ways to them
 *	builtin_invites.c	who is invited and who has joined
 *	builtin_policy.c	flows, rules, policy
 *	explain.c		why a message goes or does not go
 */
#ifndef FEDX_BUILTIN_H
#define FEDX_BUILTIN_H

#include "node/node.h"

enum { LIST_MAX = 64 << 20, BEHIND_MAX = 1 << 20 };

struct reply {
	struct list place;
	uint64_t id;
	struct buf bytes;
	uint32_t window;
	uint64_t dropped;
	bool begun, endless, top;
	bool later;			/* nothing of it goes before builtin_end() */
	bool busy;			/* it speaks; who reads grants credit at once */
	bool over;			/* freed at the end of what goes on */
};

struct builtin {
	struct port port;
	struct node *node;
	struct list answers;
	uint32_t watchers, endless;	/* answers: to watch; to watch and top */
	uint32_t depth;			/* of loops over answers and of what they say */
	bool unswept;
	struct timer second;		/* for top */
};

/* builtin.c */
struct reply *answer_open(struct builtin *, uint64_t id);	/* NULL: no memory */
void answer_end(struct builtin *, struct reply *);		/* it may be freed by it */
void answer_pump(struct builtin *, struct reply *);		/* what may go now goes; with its last byte it ends */
void answer_refuse(struct builtin *, struct reply *, enum error, const char *why);
void answer_watch(struct builtin *, struct reply *, bool top);	/* endless from now on */

/* builtin_methods.c */
void builtin_request(struct builtin *, const struct envelope *);

/* builtin_lists.c */
void put_identity(struct node *, struct buf *);		/* without the closing brace */
void put_version(struct node *, struct buf *);
void put_links(struct node *, struct buf *);
void put_claims(struct node *, enum family, struct buf *);
void put_top(struct node *, struct buf *);		/* one line, without its end */
int put_presence(struct node *, struct str service, struct buf *);	/* -1: it is not there */

/* builtin_peers.c */
void put_peers(struct node *, struct buf *);
const char *uplink_word(const struct uplink *);		/* its state */
enum error link_act(struct node *, struct str payload, struct buf *, struct err *);
	/* by hand: {"name":NODE or URL,"do":"pause"}; E_NONE: how it is now, as lines */

/* builtin_invites.c: E_NONE: what has become of it, as lines; else *e */
enum error roster_invite_by(struct node *, struct str payload, struct buf *, struct err *);
enum error roster_revoke_by(struct node *, struct str payload, struct buf *, struct err *);
void put_roster(struct node *, struct buf *);

/* builtin_routes.c */
enum error put_routes(struct node *, struct str payload, struct buf *, struct err *);
	/* empty: all; {"name":NAME}: the candidates for it */
const char *via_word(const struct via *);			/* best, equal, other, held, withdrawn */
void via_why(const struct via *, struct mono now, char *, size_t);	/* it is not used; "": it is */
void put_path(struct buf *, struct str path);			/* member path */

/* builtin_policy.c */
void put_flows(struct node *, struct buf *);
void put_rules(struct node *, struct buf *);
void put_policy(struct node *, struct buf *);
void put_rule(struct node *, uint32_t rule, struct buf *);
	/* members rule, file, line of one of ours; 0: rule "default" */
int put_decision(struct node *, struct str id, struct buf *);	/* -1: it is not known any more */
void put_denied(struct node *, const struct decision *, struct buf *);	/* members, without braces */

/* explain.c */
enum error explain_begin(struct builtin *, struct reply *, const struct envelope *, struct port *by, struct err *);
	/* E_NONE: the answer ends by itself, later */

#endif
