/*
 * tls_x509.c - who the other side is: a verifier for BearSSL that keeps the
 * chain it is shown, then takes the CA's word (BearSSL's own verifier),
 * compares pins, lets anyone pass, or notes what there is to know of a client.
 *
 * BearSSL reads neither extendedKeyUsage nor iPAddress and falls back to the
 * subject's CN, so uses and names are checked here (x509.h).  Also where
 * nobody vouches, the handshake proves that the other side holds the key of
 * the certificate it shows.
 */
#include <stdlib.h>

#include "net/tls_in.h"

enum { RSA_LEAST = 2048 / 8 };

static struct tls_x509 *
self(const br_x509_class **at)
{
	return (struct tls_x509 *)(void *)at;
}

static bool
asks_ca(const struct tls_x509 *x)
{
	return x->trust == TRUST_CA || x->trust == TRUST_NOTED;
}

static void
start_chain(const br_x509_class **at, const char *sni)
{
	struct tls_x509 *x = self(at);

	(void)sni;	/* is not sent for an address; the name to check is ours */
	x->shown = 0;
	x->broken = x->why = 0;
	x->holds = false;
	if (asks_ca(x))
		x->minimal.vtable->start_chain(&x->minimal.vtable, NULL);
}

static void
start_cert(const br_x509_class **at, uint32_t length)
{
	struct tls_x509 *x = self(at);

	if (x->shown++ == 0)
		br_x509_decoder_init(&x->first, NULL, NULL);
	if (!x->broken && (x->shown > TLS_CHAIN_CERTS || length > TLS_CHAIN_BYTES
	    || (x->peer && x->peer->n + length > TLS_CHAIN_BYTES)))
		x->broken = WHY_LONG_CHAIN;
	if (!x->broken && (x->peer = tls_peer_grow(x->peer, length)) == NULL)
		x->broken = WHY_NO_MEMORY;
	if (asks_ca(x))
		x->minimal.vtable->start_cert(&x->minimal.vtable, length);
}

static void
append(const br_x509_class **at, const unsigned char *part, size_t n)
{
	struct tls_x509 *x = self(at);

	if (!x->broken) {
		memcpy(x->peer->chain + x->peer->n, part, n);
		x->peer->n += n;
	}
	if (x->shown == 1)
		br_x509_decoder_push(&x->first, part, n);
	if (asks_ca(x))
		x->minimal.vtable->append(&x->minimal.vtable, part, n);
}

static void
end_cert(const br_x509_class **at)
{
	struct tls_x509 *x = self(at);

	if (asks_ca(x))
		x->minimal.vtable->end_cert(&x->minimal.vtable);
}

static bool
is_pinned(const struct tls_x509 *x)
{
	for (size_t i = 0; i < x->ctx->pin_count; i++) {
		const struct tls_pin *pin = &x->ctx->pins[i];

		if (!memcmp(pin->hash, pin->key ? x->peer->key : x->peer->cert, TLS_HASH))
			return true;
	}
	return false;
}

/* BearSSL has one number for both ends of the time that it is valid in. */
static int
before_or_after(const struct tls_x509 *x)
{
	int64_t now = wall_now().s, from = ((int64_t)x->first.notbefore_days - DAYS_TO_1970) * 86400
	    + x->first.notbefore_seconds;

	return now < from ? WHY_NOT_YET : BR_ERR_X509_EXPIRED;
}

/* What the CA says of the chain, and we of its first certificate. */
static int
judge_by_ca(struct tls_x509 *x, const struct x509 *first)
{
	int why;

	if (x->trust == TRUST_NOTED && !x->ctx->anchors.n)
		return WHY_NO_CLIENT_CA;
	why = (int)x->minimal.vtable->end_chain(&x->minimal.vtable);
	if (why == BR_ERR_X509_EXPIRED)
		return before_or_after(x);
	if (why == BR_ERR_X509_NOT_TRUSTED && x->trust == TRUST_NOTED)
		return WHY_UNKNOWN_CLIENT_CA;
	if (why)
		return why;
	if (x->trust == TRUST_NOTED)
		return first->uses & X509_CLIENT ? 0 : WHY_NOT_FOR_CLIENTS;
	if (!(first->uses & X509_SERVER))
		return WHY_NOT_FOR_SERVERS;
	return x509_names_host(first, str(x->name)) ? 0 : WHY_OTHER_NAME;
}

static int
judge(struct tls_x509 *x)
{
	struct x509 first;

	if (!x->shown)
		return BR_ERR_X509_EMPTY_CHAIN;
	if (x->broken)
		return x->broken;
	if (br_x509_decoder_last_error(&x->first))
		return br_x509_decoder_last_error(&x->first);
	if (tls_peer_read(x->peer, &first) == -1)
		return WHY_UNREADABLE;
	x->holds = true;
	x->peer->expires = ((int64_t)x->first.notafter_days - DAYS_TO_1970) * 86400
	    + x->first.notafter_seconds;
	if (asks_ca(x))
		return judge_by_ca(x, &first);
	return x->trust == TRUST_PIN && !is_pinned(x) ? WHY_NOT_PINNED : 0;
}

static unsigned
end_chain(const br_x509_class **at)
{
	struct tls_x509 *x = self(at);

	x->why = judge(x);
	if (x->peer) {
		x->peer->vouched = x->why == 0 && x->trust != TRUST_ANYONE;
		x->peer->why = x->peer->vouched ? "" : tls_sentence(x->why);
	}
	return x->holds && x->trust == TRUST_NOTED ? 0 : (unsigned)x->why;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *at, unsigned *usages)
{
	const struct tls_x509 *x = (const struct tls_x509 *)(const void *)at;

	if (asks_ca(x) && x->why == 0)
		return x->minimal.vtable->get_pkey(&x->minimal.vtable, usages);
	if (usages)
		*usages = BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX;
	return &x->first.pkey;
}

static const br_x509_class verifier = {
	sizeof(struct tls_x509), start_chain, start_cert, append, end_cert, end_chain, get_pkey
};

void
tls_x509_init(struct tls_x509 *x, const struct tls_ctx *ctx, enum tls_trust trust,
    const char *name)
{
	static const br_hash_class *const hashes[] = {
		&br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable
	};
	static const int ids[] = { br_sha256_ID, br_sha384_ID, br_sha512_ID };
	struct wall now = wall_now();

	memset(x, 0, sizeof *x);
	x->vtable = &verifier;
	x->ctx = ctx;
	x->trust = trust;
	x->name = name;
	br_x509_minimal_init(&x->minimal, &br_sha256_vtable, ctx->anchors.all, ctx->anchors.n);
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		br_x509_minimal_set_hash(&x->minimal, ids[i], hashes[i]);
	br_x509_minimal_set_rsa(&x->minimal, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(&x->minimal, br_ec_get_default(),
	    br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_minrsa(&x->minimal, RSA_LEAST);
	br_x509_minimal_set_time(&x->minimal, (uint32_t)(now.s / 86400 + DAYS_TO_1970),
	    (uint32_t)(now.s % 86400));
}

struct tls_peer *
tls_x509_done(struct tls_x509 *x)
{
	struct tls_peer *peer = x->holds ? x->peer : NULL;

	if (peer)
		x->peer = NULL;
	return peer;
}

void
tls_x509_free(struct tls_x509 *x)
{
	if (x)
		free(x->peer);
	free(x);
}
