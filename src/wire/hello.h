/*
 * hello.h - the bodies of HELLO and WELCOME: who is there.
 *
 * Both are TLVs.  What a HELLO says of node and cluster is a wish until the
 * credential proves it (DESIGN section 9).
 */
#ifndef FEDX_HELLO_H
#define FEDX_HELLO_H

#include "base/buf.h"
#include "base/err.h"

enum role { ROLE_NONE, ROLE_LEAF, ROLE_HUB, ROLE_CLIENT, ROLE_COUNT };

struct hello {
	struct str node, cluster;	/* empty in HELLO: "whichever I am", "... I belong to" */
	uint8_t role;
	uint8_t version_min, version_max;	/* of this protocol; we speak 1..1 */
	struct str capabilities;	/* words */
	uint64_t instance;		/* random, new at each start of the program */
	struct str token;		/* HELLO only; a secret: never log a hello */
	struct str agent;		/* "fedx-leaf 0.1.0", for people */
	uint8_t again;			/* HELLO: a link that you still have is dead; 0 or 1 */
	uint8_t linked;			/* WELCOME: we have a link that stays, and this one ends */
	uint8_t instead;		/* WELCOME: this one has taken the place of another */
	struct str key_id, nonce;	/* HELLO: a shared key will be proven (challenge.h); or both empty */
};

enum { TOKEN_MAX = 512, HELLO_MAX = 4096 };	/* bytes; a HELLO over HELLO_MAX is refused */

int hello_put(struct buf *, const struct hello *);		/* -1: full */
int hello_get(struct str body, struct hello *, struct err *);	/* views into body */
bool node_id_valid(struct str);
	/* DNS-like: labels of letters, digits, - and _, with dots between; up
	 * to 253 bytes, no empty label; lower case */
const char *role_name(uint8_t);		/* "leaf"; unknown: "unknown" */

#endif
