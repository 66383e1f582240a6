/*
 * roster_line.h - one line of the file in which a hub keeps whom it has
 * invited: a state, then a line of a file of shared keys (auth_line.h).
 */
#ifndef FEDX_ROSTER_LINE_H
#define FEDX_ROSTER_LINE_H

#include "base/buf.h"
#include "wire/auth_line.h"

#define ROSTER_STATES(X)	\
	X(invited)	/* a code that nobody has redeemed; like the next two, with its expiry */ \
	X(redeemed)	/* a code that may come again, with the same fresh key only */ \
	X(spent)	/* a code that is good for nothing, kept to say so */ \
	X(fresh)	/* the key that came with a code, and was not shown by itself yet */ \
	X(member)	/* a key that was */ \
	X(revoked)	/* a key that is good for nothing, since its expiry; kept to say so */

enum roster_state {
#define X(name) ROSTER_##name,
	ROSTER_STATES(X)
#undef X
	ROSTER_STATE_COUNT
};

struct roster_line { uint8_t state; struct auth_line who; };	/* who: an exact node, by key:HEX */

const char *roster_state_name(uint8_t);
int roster_line_put(struct buf *, const struct roster_line *);	/* with its LF; -1: full */
int roster_line_parse(struct str text, struct roster_line *, struct err *);
	/* views into text, without the hash of the key; 1: nothing but a comment; -1: *e */

#endif
