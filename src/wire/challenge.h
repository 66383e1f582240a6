/*
 * challenge.h - the bodies of CHALLENGE and PROVE: both ends of a link have
 * the same key, and neither shows it (net/proof.h has what the proofs are).
 *
 *	HELLO		key_id, nonce		who dials
 *	CHALLENGE	node, cluster, nonce, proof	who is dialled
 *	PROVE		proof			who dials
 *	WELCOME
 *
 * Who joins by a code sends in PROVE a fresh key for the time to come, masked.
 */
#ifndef FEDX_CHALLENGE_H
#define FEDX_CHALLENGE_H

#include "base/buf.h"
#include "base/err.h"

enum { KEY_ID = 16, NONCE = 32, PROOF = 32, FRESH_KEY = 32 };	/* bytes; a key's id: the first of its SHA-256 */
enum { CHALLENGE_MAX = 1024 };

struct challenge {
	struct str node, cluster, nonce;	/* PROVE: empty */
	struct str proof;
	struct str fresh;			/* PROVE, of who joins; else empty */
};

int challenge_put(struct buf *, const struct challenge *);	/* -1: full */
int challenge_get(struct str body, uint8_t kind, struct challenge *, struct err *);
	/* kind: KIND_CHALLENGE or KIND_PROVE; views into body; -1: *e */

#endif
