/*
 * tls_peer.c - the certificate that the other side has shown: kept with its
 * chain, so that what a reload has changed can be asked of it again.
 */
#include <stdlib.h>

#include "net/sha256.h"
#include "net/tls_in.h"

struct tls_peer *
tls_peer_grow(struct tls_peer *peer, size_t n)
{
	size_t has = peer ? peer->n : 0;
	struct tls_peer *grown = realloc(peer, sizeof *peer + has + n);

	if (!grown)
		free(peer);
	else if (!has)
		*grown = (struct tls_peer){ .why = "" };
	return grown;
}

int
tls_peer_read(struct tls_peer *peer, struct x509 *first)
{
	struct str der = x509_first((struct str){ (const char *)peer->chain, peer->n });

	if (x509_read(der, first) == -1)
		return -1;
	sha256(der, peer->cert);
	sha256(first->key, peer->key);
	return 0;
}

void
tls_peer_judge(struct tls_peer *peer, const struct tls_ctx *ctx, enum tls_trust trust,
    const char *name)
{
	struct tls_x509 *x = malloc(sizeof *x);
	struct str rest = { (const char *)peer->chain, peer->n }, one;

	peer->vouched = false;
	peer->why = tls_sentence(WHY_NO_MEMORY);
	if (!x)
		return;
	tls_x509_init(x, ctx, trust, name);
	x->vtable->start_chain(&x->vtable, NULL);
	for (; (one = x509_first(rest)).n; rest = str_skip(rest, one.n)) {
		x->vtable->start_cert(&x->vtable, (uint32_t)one.n);
		x->vtable->append(&x->vtable, (const unsigned char *)one.p, one.n);
		x->vtable->end_cert(&x->vtable);
	}
	x->vtable->end_chain(&x->vtable);
	peer->vouched = x->why == 0 && x->trust != TRUST_ANYONE;
	peer->why = peer->vouched ? "" : tls_sentence(x->why);
	tls_x509_free(x);
}

struct tls_peer *
tls_peer_of(const struct tls_session *s, const struct tls_ctx *ctx)
{
	struct tls_peer *peer = s->chain.n ? tls_peer_grow(NULL, s->chain.n) : NULL;
	struct x509 first;

	if (!peer)
		return NULL;
	memcpy(peer->chain, s->chain.p, s->chain.n);
	peer->n = s->chain.n;
	if (tls_peer_read(peer, &first) == -1) {
		free(peer);
		return NULL;
	}
	peer->vouched = s->vouched;
	peer->expires = s->chain_expires;
	if (!s->vouched)	/* why not? */
		tls_peer_judge(peer, ctx, s->client ? ctx->trust : TRUST_NOTED, NULL);
	return peer;
}

bool
tls_peer_names(const struct tls_peer *peer, struct str node)
{
	struct x509 first;

	return x509_read(x509_first((struct str){ (const char *)peer->chain, peer->n }), &first) == 0
	    && x509_names_node(&first, node);
}
