/*
 * prove.c - see prove.h.
 *
 * Who is dialled speaks first of its key, and to anyone: what it says is a
 * proof of a key that the asker must have already to make anything of it, and
 * one of a key that nobody has if it does not know the one that is asked for.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/rand.h"
#include "link/greet.h"
#include "link/roster.h"
#include "net/proof.h"
#include "net/sha256.h"
#include "net/tls.h"
#include "wire/challenge.h"

struct proving {
	struct shared_key key;
	struct credential is;		/* dialled: CREDENTIAL_NONE if the key is not known */
	uint8_t nonce[NONCE];		/* ours */
	struct proof_facts facts;
	bool done;			/* who dials: the other side has proven itself */
	size_t hello_n;
	uint8_t hello[];		/* dialled: the body, for when it is proven */
};

static struct proving *
proving_open(struct link *l, size_t hello_n)
{
	struct proving *p = calloc(1, sizeof *p + hello_n);

	prove_free(l);
	l->proving = p;
	if (!p)
		return NULL;
	p->hello_n = hello_n;
	rand_bytes(p->nonce, sizeof p->nonce);
	return p;
}

void
prove_free(struct link *l)
{
	if (l->proving)
		tls_wipe(l->proving, sizeof *l->proving);
	free(l->proving);
	l->proving = NULL;
}

static struct str
bytes(const uint8_t *p, size_t n)
{
	return (struct str){ (const char *)p, n };
}

/* Of the side that was dialled, as this side sees it; zeros: there is no TLS. */
static void
see_certificate(const struct link *l, uint8_t hash[HASH])
{
	const struct tls *t = conn_tls(l->conn);

	memset(hash, 0, HASH);
	if (t && !(l->dialled ? tls_peer_hash(t, hash) : tls_own_hash(t, hash)))
		rand_bytes(hash, HASH);		/* so that nothing can be proven */
}

static int
say(struct link *l, uint8_t kind, const struct challenge *c)
{
	uint8_t room[CHALLENGE_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	return challenge_put(&b, c) == -1 ? -1 : link_say(l, kind, 0, buf_view(&b));
}

/* --- who dials --- */

int
prove_hello(struct link *l, struct hello *h)
{
	struct proving *p = proving_open(l, 0);
	uint8_t room[HELLO_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	if (!p)
		return -1;
	p->key = l->links->key;
	sha256(key_view(&p->key), p->is.hash);
	h->key_id = bytes(p->is.hash, KEY_ID);
	h->nonce = bytes(p->nonce, NONCE);
	if (hello_put(&b, h) == -1)
		return -1;
	sha256(buf_view(&b), p->facts.hello);
	return link_say(l, KIND_HELLO, 0, buf_view(&b));
}

/* What our key is worth for; a fresh key goes along if that is of a code. */
static int
say_proof(struct link *l, struct proving *p)
{
	const struct shared_key *fresh = &l->links->fresh;
	uint8_t proof[PROOF], masked[FRESH_KEY];
	struct challenge c = { .proof.n = 0 };
	int r;

	if (fresh->n) {
		memcpy(masked, fresh->bytes, FRESH_KEY);
		proof_mask(key_view(&p->key), &p->facts, masked);
		p->facts.fresh = c.fresh = bytes(masked, FRESH_KEY);
	}
	proof_make(key_view(&p->key), fresh->n ? PROVER_JOINER : PROVER_DIALLER, &p->facts, proof);
	c.proof = bytes(proof, PROOF);
	r = say(l, KIND_PROVE, &c);
	p->facts.fresh = STR("");
	return r;
}

static void
on_challenge(struct link *l, const struct challenge *c)
{
	struct proving *p = l->proving;

	p->facts.nonce = c->nonce;
	p->facts.node = c->node;
	p->facts.cluster = c->cluster;
	see_certificate(l, p->facts.certificate);
	if (!proof_holds(key_view(&p->key), PROVER_DIALLED, &p->facts, c->proof)) {
		link_close(l, E_unauthenticated, l->links->fresh.n ? "the hub cannot prove that the code is its own: "
		    "it is another hub, has forgotten the code, or somebody is between us and it" :
		    "the hub cannot prove that it has our key: it does not know "
		    "the key, it is another hub, or somebody is between us and it");
		return;
	}
	if (link_name(l, c->node, c->cluster, NULL) == -1) {
		link_close(l, E_overloaded, "no memory");
		return;
	}
	p->done = true;
	if (l->links->fresh.n && !conn_tls(l->conn))
		link_close(l, E_denied, "a code is redeemed over TLS alone: use fedxs:// or wss://");
	else if (say_proof(l, p) == -1)
		link_close(l, E_overloaded, "no memory");
}

bool
prove_welcomed(struct link *l, const struct hello *w)
{
	const struct proving *p = l->proving;

	if (!p)
		return true;
	if (!p->done) {
		link_close(l, E_unauthenticated, "the hub welcomed us without proving that it has our key: "
		    "give it --psk-file with the line of this key, or dial the right hub");
		return false;
	}
	if (!str_eq(w->node, l->port.node) || !str_is(w->cluster, link_cluster(l))) {
		link_close(l, E_unauthenticated, "the hub has welcomed us by another id than it has proven");
		return false;
	}
	l->vouched = true;
	prove_free(l);
	return true;
}

/* --- who is dialled --- */

void
prove_challenge(struct link *l, struct str body, const struct hello *h)
{
	const struct fabric *f = l->links->fabric;
	struct proving *p = l->proving ? NULL : proving_open(l, body.n);
	uint8_t proof[PROOF];

	if (!p) {
		link_close(l, l->proving ? E_malformed : E_overloaded, l->proving ? "HELLO came twice" :
		    "no memory");
		return;
	}
	memcpy(p->hello, body.p, body.n);
	sha256(body, p->facts.hello);
	if (l->links->roster)
		roster_refresh(l->links->roster);
	auth_find_key(l->links->auth, h->key_id, &p->key, &p->is);
	see_certificate(l, p->facts.certificate);
	p->facts.nonce = bytes(p->nonce, NONCE);
	p->facts.node = str(f->node);
	p->facts.cluster = str(f->cluster);
	proof_make(key_view(&p->key), PROVER_DIALLED, &p->facts, proof);
	if (say(l, KIND_CHALLENGE, &(struct challenge){ .node = p->facts.node, .cluster = p->facts.cluster,
	    .nonce = p->facts.nonce, .proof = bytes(proof, PROOF) }) == -1)
		link_close(l, E_overloaded, "no memory");
}

/* It has the code: from now on it is who it says by the key that it has made. */
static int
redeem(struct link *l, struct proving *p)
{
	struct err e = { .status = 0 };
	struct shared_key fresh = { .n = FRESH_KEY };
	enum error error = E_unauthenticated;

	if (!conn_tls(l->conn) || !p->facts.fresh.n) {
		err_set(&e, conn_tls(l->conn) ? "a code is no key: it is redeemed by fedx-leaf --join" :
		    "a code is redeemed over TLS alone, as far as this hub: use fedxs:// or wss://");
	} else {
		memcpy(fresh.bytes, p->facts.fresh.p, FRESH_KEY);
		proof_mask(key_view(&p->key), &p->facts, fresh.bytes);
		error = roster_redeem(l->links->roster, &p->is, &fresh, wall_now(), &e);
	}
	if (error == E_NONE)
		log_event(LOG_LEVEL_INFO, "redeemed", "peer", link_peer(l), "next", "it is let in by a key of its own", NULL);
	else
		link_refuse(l, error, error == E_busy ? "the hub cannot keep the new key now, and the code stays "
		    "good: try again" : e.text, e.text);
	p->is.kind = CREDENTIAL_KEY;
	sha256(key_view(&fresh), p->is.hash);
	tls_wipe(&fresh, sizeof fresh);
	return error == E_NONE ? 0 : -1;
}

static void
on_prove(struct link *l, const struct challenge *c)
{
	struct proving *p = l->proving;
	bool code = p->is.kind == CREDENTIAL_CODE, holds;

	p->facts.fresh = c->fresh;
	holds = proof_holds(key_view(&p->key), c->fresh.n ? PROVER_JOINER : PROVER_DIALLER, &p->facts, c->proof);

	if (!holds || p->is.kind == CREDENTIAL_NONE) {
		link_refuse(l, E_unauthenticated, "the key is not known to this hub, or its proof is wrong",
		    p->is.kind == CREDENTIAL_NONE ? "the key is not known to this hub" :
		    "the proof of a key that is known is wrong: somebody uses its id, or repeats an old proof");
		return;
	}
	if (c->fresh.n && !code) {
		link_close(l, E_malformed, "a fresh key came with a key that is no code");
		return;
	}
	if (code && redeem(l, p) == -1)
		return;
	if (!code && l->links->roster)
		roster_proven(l->links->roster, &p->is, wall_now());
	l->proving = NULL;
	greet_proven(l, bytes(p->hello, p->hello_n), &p->is);
	tls_wipe(&p->key, sizeof p->key);
	free(p);
}

void
prove_given_up(struct link *l)
{
	l->told = true;
	link_refuse(l, E_unauthenticated, "", l->proving->is.kind == CREDENTIAL_NONE ?
	    "the key is not known to this hub" :
	    "who dials by a key that is known does not believe that we are the hub that it is for");
}

void
prove_hear(struct link *l, const struct envelope *e)
{
	struct challenge c;
	struct err err = { .status = 0 };

	if (!l->proving || l->proving->done || l->dialled != (e->kind == KIND_CHALLENGE))
		link_close(l, E_malformed, "a proof came that was not asked for");
	else if (challenge_get(e->payload, e->kind, &c, &err) == -1)
		link_close(l, E_malformed, err.text);
	else if (e->kind == KIND_CHALLENGE)
		on_challenge(l, &c);
	else
		on_prove(l, &c);
}
