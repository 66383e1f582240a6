/*
 * proof.h - what two ends prove to each other that have the same key:
 *
 *	HMAC-SHA-256(key, label NUL certificate hello nonce node NUL cluster)
 *
 * label is another one for each end, so that nobody's proof can be sent back.
 * certificate is the SHA-256 of the one that the dialled end shows in TLS, 32
 * zeros without TLS: who stands between with another one has nothing to pass
 * on.  hello is the SHA-256 of the body of HELLO, which holds id, cluster,
 * role, nonce and the rest of what the dialling end says; nonce, node and
 * cluster are those of CHALLENGE.  Both nonces are new each time, so an old
 * proof is of no use.
 *
 * Who joins by a code has a key made of it, and sends along a fresh one, under
 * a mask that only who has the code can make, for this one time: such an HMAC,
 * too.  Its proof has NUL and the masked key at the end.
 */
#ifndef FEDX_PROOF_H
#define FEDX_PROOF_H

#include "base/str.h"

enum { PROOF_HASH = 32 };	/* bytes: of a proof, and of each hash in it */

enum prover { PROVER_DIALLED, PROVER_DIALLER, PROVER_JOINER };

struct proof_facts {
	uint8_t certificate[PROOF_HASH], hello[PROOF_HASH];
	struct str nonce, node, cluster;
	struct str fresh;			/* of who joins: the fresh key, masked */
};

void proof_make(struct str key, enum prover, const struct proof_facts *, uint8_t proof[PROOF_HASH]);
bool proof_holds(struct str key, enum prover, const struct proof_facts *, struct str proof);
	/* in a time that does not depend on how wrong it is */

void proof_mask(struct str key, const struct proof_facts *, uint8_t fresh[PROOF_HASH]);
	/* puts the mask on, and takes it off */
void proof_code_key(struct str seed, struct str node, uint8_t key[PROOF_HASH]);
	/* of a code: wire/join_code.h */

#endif
