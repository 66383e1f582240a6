/*
 * roster.h - whom a hub has invited and who has joined: one file, which the
 * hub writes itself (roster_line.h), all of it anew for each change.
 *
 *	invited --redeemed with a fresh key--> redeemed, and that key is fresh
 *	fresh --it dials by itself--> member, and the code is spent
 *	any --revoked--> spent, revoked
 *
 * What has been answered is in the file: an answer that is lost may be asked
 * for again with the same fresh key, until that key has been proven.  A file that
 * somebody else has changed (the node before an upgrade, or a restored backup)
 * is read again before it is used.
 */
#ifndef FEDX_ROSTER_H
#define FEDX_ROSTER_H

#include "base/clock.h"
#include "base/errors.h"
#include "wire/roster_line.h"

enum { ROSTER_MAX = 4096, ROSTER_KEEP_S = 30 * 86400 };
	/* lines; for how long it is known why a code or key is good for nothing */

struct roster;
struct roster *roster_open(const char *path, struct err *);
	/* none there: nobody yet; NULL: *e names file and line, status 78 */
void roster_close(struct roster *);		/* wipes the keys */
const char *roster_path(const struct roster *);
int roster_renew(struct roster *, struct err *);
	/* 1: the file was another one, and is read; 0: it is the same; -1: it is
	 * bad, and what was known stays known; *e as above */
bool roster_refresh(struct roster *);		/* likewise; a bad one, once until it changes: to the log, and false */

const struct roster_line *roster_at(const struct roster *, size_t i);	/* NULL: no more; until the next change */
const struct roster_line *roster_find(const struct roster *, const struct credential *);
	/* the line of this code or key; NULL: none.  roster may be NULL */

/*
 * E_NONE and it is in the file; else *e says what to do, and nothing has changed, but
 * for an error behind the very end (keep.h): that is seen when the file is read again,
 * and done for good by asking again.  Views are copied.
 */
enum error roster_invite(struct roster *, const struct auth_line *, struct wall now, struct err *);
	/* exact node, key of the code, expires */
enum error roster_redeem(struct roster *, const struct credential *code, const struct shared_key *fresh,
    struct wall now, struct err *);
	/* what is said goes to who has proven to have the code */
enum error roster_revoke(struct roster *, struct str node, struct wall now, struct err *);
	/* who has been revoked already is so: E_NONE */
void roster_proven(struct roster *, const struct credential *, struct wall now);
	/* by itself: its code is spent; not a fresh one: nothing */

#endif
