/* proof.c - see proof.h. */
#include "base/buf.h"
#include "net/proof.h"
#include "net/sha256.h"
#include "net/tls.h"

enum { FACTS_MAX = 1024 };	/* a label, three hashes, two ids of 253 bytes */

void
proof_make(struct str key, enum prover who, const struct proof_facts *f, uint8_t proof[PROOF_HASH])
{
	static const char *const labels[] = {
		[PROVER_DIALLED] = "fedx/1 proof of who is dialled",
		[PROVER_DIALLER] = "fedx/1 proof of who dials",
	};
	uint8_t room[FACTS_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	buf_put(&b, labels[who], strlen(labels[who]) + 1);
	buf_put(&b, f->certificate, sizeof f->certificate);
	buf_put(&b, f->hello, sizeof f->hello);
	buf_str(&b, f->nonce);
	buf_str(&b, f->node);
	buf_put(&b, "", 1);
	buf_str(&b, f->cluster);
	hmac_sha256(key, buf_view(&b), proof);
}

bool
proof_holds(struct str key, enum prover who, const struct proof_facts *f, struct str proof)
{
	uint8_t right[PROOF_HASH];
	bool holds;

	proof_make(key, who, f, right);
	holds = proof.n == sizeof right && hash_equal(right, proof.p, sizeof right);
	tls_wipe(right, sizeof right);
	return holds;
}
