/* lie_key.c - see lie_key.h. */
#include "base/rand.h"
#include "lie_key.h"
#include "net/sha256.h"
#include "wire/kinds.h"

static bool
key_from(struct str hex, struct shared_key *k)
{
	k->n = hex.n / 2;
	return hex.n <= 2 * KEY_MAX && str_hex(hex, k->bytes, k->n) == 0;
}

bool
lie_key_word(struct lie_key *l, struct str name, struct str v)
{
	if (str_is(name, "key"))
		return key_from(v, &l->key);
	if (str_is(name, "certificate"))
		return str_hex(v, l->certificate, HASH) == 0;
	if (str_is(name, "fresh")) {
		l->by = PROVER_JOINER;
		return str_hex(v, l->fresh, FRESH_KEY) == 0;
	}
	if (str_is(name, "node"))
		return str_c(v, l->node, sizeof l->node) == 0;
	if (str_is(name, "cluster"))
		return str_c(v, l->cluster, sizeof l->cluster) == 0;
	if (!str_is(name, "by"))
		return false;
	l->by = str_is(v, "dialled") ? PROVER_DIALLED : PROVER_DIALLER;
	return true;
}

void
lie_key_hello(struct lie_key *l, const struct lie_key *of, struct hello *h)
{
	uint8_t hash[HASH];

	if (!l->key.n)
		return;
	sha256(key_view(&l->key), hash);
	memcpy(l->id, hash, KEY_ID);
	if (of)
		memcpy(l->said, of->said, NONCE);
	else
		rand_bytes(l->said, NONCE);
	h->key_id = (struct str){ (const char *)l->id, KEY_ID };
	h->nonce = (struct str){ (const char *)l->said, NONCE };
	l->by = PROVER_DIALLER;
}

void
lie_key_saw(struct lie_key *l, const struct envelope *e)
{
	struct challenge c;
	struct err err;

	if (e->kind == KIND_HELLO)
		sha256(e->payload, l->hello);
	if (e->kind != KIND_CHALLENGE || challenge_get(e->payload, e->kind, &c, &err) == -1)
		return;
	memcpy(l->nonce, c.nonce.p, NONCE);
	str_c(c.node, l->node, sizeof l->node);
	str_c(c.cluster, l->cluster, sizeof l->cluster);
}

static struct proof_facts
facts_of(const struct lie_key *l)
{
	struct proof_facts f = { .nonce = { (const char *)l->nonce, NONCE }, .node = str(l->node),
	    .cluster = str(l->cluster) };

	memcpy(f.certificate, l->certificate, HASH);
	memcpy(f.hello, l->hello, HASH);
	return f;
}

int
lie_key_put(const struct lie_key *l, const struct lie_key *of, uint8_t kind, struct buf *b)
{
	struct proof_facts f = facts_of(of);
	uint8_t proof[PROOF], masked[FRESH_KEY];
	struct challenge c = { .proof = { (const char *)proof, PROOF } };

	memcpy(f.certificate, l->certificate, HASH);
	if (l->by == PROVER_JOINER) {
		memcpy(masked, l->fresh, FRESH_KEY);
		proof_mask(key_view(&l->key), &f, masked);
		f.fresh = c.fresh = (struct str){ (const char *)masked, FRESH_KEY };
	}
	proof_make(key_view(&l->key), l->by, &f, proof);
	if (kind == KIND_CHALLENGE)
		c.nonce = f.nonce, c.node = f.node, c.cluster = f.cluster;
	return challenge_put(b, &c);
}

bool
lie_key_holds(const struct lie_key *l, const struct envelope *e, struct str hex)
{
	struct proof_facts f = facts_of(l);
	struct shared_key k;
	struct challenge c;
	struct err err;

	return key_from(hex, &k) && challenge_get(e->payload, e->kind, &c, &err) == 0 &&
	    proof_holds(key_view(&k), e->kind == KIND_CHALLENGE ? PROVER_DIALLED : PROVER_DIALLER, &f, c.proof);
}
