/* proof.c - see proof.h. */
#include "base/buf.h"
#include "net/proof.h"
#include "net/sha256.h"
#include "net/tls.h"

enum { FACTS_MAX = 1024 };	/* a label, three hashes, two ids of 253 bytes */

static void
hmac_of(struct str key, const char *label, const struct proof_facts *f, struct str fresh, uint8_t to[PROOF_HASH])
{
	uint8_t room[FACTS_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	buf_put(&b, label, strlen(label) + 1);
	buf_put(&b, f->certificate, sizeof f->certificate);
	buf_put(&b, f->hello, sizeof f->hello);
	buf_str(&b, f->nonce);
	buf_str(&b, f->node);
	buf_put(&b, "", 1);
	buf_str(&b, f->cluster);
	if (fresh.n)
		buf_put(&b, "", 1);
	buf_str(&b, fresh);
	hmac_sha256(key, buf_view(&b), to);
}

void
proof_make(struct str key, enum prover who, const struct proof_facts *f, uint8_t proof[PROOF_HASH])
{
	static const char *const labels[] = {
		[PROVER_DIALLED] = "fedx/1 proof of who is dialled",
		[PROVER_DIALLER] = "fedx/1 proof of who dials",
		[PROVER_JOINER] = "fedx/1 proof of who joins",
	};

	hmac_of(key, labels[who], f, who == PROVER_JOINER ? f->fresh : STR(""), proof);
}

void
proof_mask(struct str key, const struct proof_facts *f, uint8_t fresh[PROOF_HASH])
{
	uint8_t mask[PROOF_HASH];

	hmac_of(key, "fedx/1 mask of a fresh key", f, STR(""), mask);
	for (size_t i = 0; i < sizeof mask; i++)
		fresh[i] ^= mask[i];
	tls_wipe(mask, sizeof mask);
}

void
proof_code_key(struct str seed, struct str node, uint8_t key[PROOF_HASH])
{
	static const char label[] = "fedx/1 key of a code";
	uint8_t room[FACTS_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	buf_put(&b, label, sizeof label);
	buf_str(&b, node);
	hmac_sha256(seed, buf_view(&b), key);
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
