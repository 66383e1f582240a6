/*
 * join.h - a leaf that joins a hub by a code, and one that has.
 *
 *	joined.new	the key that it has made, before anybody hears of it
 *	joined		the same file, once the hub has welcomed it
 *
 * in the folder of the configuration, or where joined_file says.
 *
 * It holds the URL as well, so that from then on the leaf needs nothing else;
 * and which code it came by, so that the command that has made it goes on with
 * it wherever it was interrupted.
 */
#ifndef FEDX_JOIN_H
#define FEDX_JOIN_H

#include "link/auth.h"
#include "node/settings.h"
#include "wire/join_code.h"

struct joining {
	bool redeems;			/* the code is to be redeemed still */
	struct join_code code;		/* then */
	char path[600];			/* of joined */
	char node[256], url[CODE_URL_MAX + 1];
};

int join_settings(struct settings *, struct err *);
	/* a leaf's: sets joining, by --join or by what is there, and the uplink if
	 * nobody has said which; -1: *e with a status */
int join_keys(const struct settings *, struct own_key *, struct shared_key *fresh, struct err *);
	/* what it proves to have; fresh, if it redeems: made and kept before that */
int join_stdin(const struct settings *);
	/* for a process in the place of this one, if join is "-": a descriptor from
	 * which the code comes if it is wanted still; -1: errno */
int join_done(struct joining *, struct err *);	/* the hub has the fresh key: it is kept for good */
void join_catch_up(struct joining *, struct own_key *, struct shared_key *fresh);
	/* all of a while ago: if it has joined since, what it has now; may be NULL */

#endif
