/* net-proof.c - a proof holds for its key, its end, and each of the facts, and for nothing else. */
#include "net/proof.h"
#include "net/sha256.h"
#include "tap.h"

enum { KEY = 32, PROOF = PROOF_HASH };

static char key_bytes[KEY], nonce[PROOF_HASH];
static const struct str key = { key_bytes, KEY };

static struct proof_facts
facts(void)
{
	return (struct proof_facts){ .certificate = { 1 }, .hello = { 2 },
	    .nonce = { nonce, sizeof nonce }, .node = STR("hub.test"), .cluster = STR("lab") };
}

static bool
holds(struct str k, enum prover who, const struct proof_facts *f, const uint8_t *proof)
{
	return proof_holds(k, who, f, (struct str){ (const char *)proof, PROOF });
}

/* The message as proof.h has it, put together another way. */
static void
as_documented(void)
{
	struct proof_facts f = facts();
	char text[512] = "fedx/1 proof of who is dialled";
	size_t n = strlen(text) + 1;
	uint8_t want[PROOF], got[PROOF];

	memcpy(text + n, f.certificate, 32), n += 32;
	memcpy(text + n, f.hello, 32), n += 32;
	memcpy(text + n, nonce, 32), n += 32;
	memcpy(text + n, "hub.test\0lab", 12), n += 12;
	hmac_sha256(key, (struct str){ text, n }, want);
	proof_make(key, PROVER_DIALLED, &f, got);
	ok(memcmp(want, got, PROOF) == 0, "the HMAC of what proof.h says");
}

static void
of_nothing_else(void)
{
	struct proof_facts f = facts(), g;
	char other_bytes[KEY] = "";
	struct str other = { other_bytes, KEY };
	uint8_t proof[PROOF];
	int held = 0;

	proof_make(key, PROVER_DIALLER, &f, proof);
	ok(holds(key, PROVER_DIALLER, &f, proof), "it holds");
	ok(!holds(key, PROVER_DIALLED, &f, proof), "not for the other end");
	ok(!proof_holds(key, PROVER_DIALLER, &f, (struct str){ (const char *)proof, PROOF - 1 }), "nor a byte less");
	memcpy(other_bytes, key_bytes, KEY);
	other_bytes[31] ^= 1;
	ok(!holds(other, PROVER_DIALLER, &f, proof), "nor for another key");
	g = f, g.certificate[0] ^= 1;
	ok(!holds(key, PROVER_DIALLER, &g, proof), "nor for another certificate");
	g = f, g.hello[31] ^= 1;
	ok(!holds(key, PROVER_DIALLER, &g, proof), "nor for another HELLO");
	nonce[7] ^= 1;
	ok(!holds(key, PROVER_DIALLER, &f, proof), "nor for another nonce");
	nonce[7] ^= 1;
	g = f, g.node = STR("hub.tes"), g.cluster = STR("tlab");
	ok(!holds(key, PROVER_DIALLER, &g, proof), "nor if the ids are cut elsewhere");
	for (int bit = 0; bit < 8 * PROOF; bit++) {
		proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
		held += holds(key, PROVER_DIALLER, &f, proof);
		proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	is_int(held, 0, "nor with one bit changed, wherever");
}

/* Who joins: its fresh key is under a mask of this exchange alone, and under its proof. */
static void
joining(void)
{
	static const char fresh_key[PROOF + 1] = "thirty two bytes that are random";
	uint8_t masked[PROOF], other[PROOF], proof[PROOF];
	struct proof_facts f = facts(), g = facts();

	memcpy(masked, fresh_key, PROOF);
	proof_mask(key, &f, masked);
	ok(memcmp(masked, fresh_key, PROOF) != 0, "the key is masked");
	memcpy(other, fresh_key, PROOF);
	g.certificate[0] ^= 1;
	proof_mask(key, &g, other);
	ok(memcmp(masked, other, PROOF) != 0, "otherwise to who shows another certificate");
	proof_make(key, PROVER_DIALLER, &f, proof);
	for (int i = 0; i < PROOF; i++)
		other[i] = (uint8_t)(masked[i] ^ fresh_key[i]);
	ok(memcmp(other, proof, PROOF) != 0, "and not by what is sent beside it");
	f.fresh = (struct str){ (const char *)masked, PROOF };
	proof_make(key, PROVER_JOINER, &f, proof);
	ok(holds(key, PROVER_JOINER, &f, proof) && !holds(key, PROVER_DIALLER, &f, proof), "its proof is one of who joins");
	masked[31] ^= 1;
	ok(!holds(key, PROVER_JOINER, &f, proof), "for this fresh key");
	masked[31] ^= 1;
	proof_mask(key, &f, masked);
	ok(memcmp(masked, fresh_key, PROOF) == 0, "who has the code takes the mask off");

	proof_code_key(STR("seed of 16 bytes"), STR("a.lab"), masked);
	proof_code_key(STR("seed of 16 bytes"), STR("b.lab"), other);
	ok(memcmp(masked, other, PROOF) != 0, "a code is for one name");
}

int
main(void)
{
	for (int i = 0; i < KEY; i++)
		key_bytes[i] = (char)(i * 3 + 1), nonce[i] = (char)(100 - i);
	as_documented();
	of_nothing_else();
	joining();
	return done();
}
