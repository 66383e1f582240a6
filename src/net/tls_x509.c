/*
 * tls_x509.c - who the other side is: a verifier for BearSSL that notes the
 * hash of the first certificate, then takes the CA's word (BearSSL's own
 * verifier), compares a pin, or lets anyone pass.
 *
 * Also where nobody vouches, the handshake proves that the other side holds
 * the key of the certificate it shows.
 */
#include "net/tls_in.h"

enum { RSA_LEAST = 2048 / 8 };

static struct tls_x509 *
self(const br_x509_class **at)
{
	return (struct tls_x509 *)(void *)at;
}

static void
start_chain(const br_x509_class **at, const char *sni)
{
	struct tls_x509 *x = self(at);

	(void)sni;	/* is not sent for an address; the name to check is ours */
	x->shown = 0;
	x->trusted = false;
	x->why = 0;
	if (x->trust == TRUST_CA)
		x->minimal.vtable->start_chain(&x->minimal.vtable, x->name);
}

static void
start_cert(const br_x509_class **at, uint32_t length)
{
	struct tls_x509 *x = self(at);

	if (x->shown++ == 0) {
		br_sha256_init(&x->sha);
		br_x509_decoder_init(&x->first, NULL, NULL);
	}
	if (x->trust == TRUST_CA)
		x->minimal.vtable->start_cert(&x->minimal.vtable, length);
}

static void
append(const br_x509_class **at, const unsigned char *part, size_t n)
{
	struct tls_x509 *x = self(at);

	if (x->shown == 1) {
		br_sha256_update(&x->sha, part, n);
		if (x->trust != TRUST_CA)
			br_x509_decoder_push(&x->first, part, n);
	}
	if (x->trust == TRUST_CA)
		x->minimal.vtable->append(&x->minimal.vtable, part, n);
}

static void
end_cert(const br_x509_class **at)
{
	struct tls_x509 *x = self(at);

	if (x->shown == 1)
		br_sha256_out(&x->sha, x->hash);
	if (x->trust == TRUST_CA)
		x->minimal.vtable->end_cert(&x->minimal.vtable);
}

static int
judge(struct tls_x509 *x)
{
	if (!x->shown)
		return BR_ERR_X509_EMPTY_CHAIN;
	if (x->trust == TRUST_CA)
		return (int)x->minimal.vtable->end_chain(&x->minimal.vtable);
	if (br_x509_decoder_last_error(&x->first))
		return br_x509_decoder_last_error(&x->first);
	if (x->trust == TRUST_PIN && memcmp(x->hash, x->ctx->pin, TLS_HASH))
		return BR_ERR_X509_NOT_TRUSTED;
	return 0;
}

static unsigned
end_chain(const br_x509_class **at)
{
	struct tls_x509 *x = self(at);

	x->why = judge(x);
	x->trusted = x->why == 0;
	return (unsigned)x->why;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *at, unsigned *usages)
{
	const struct tls_x509 *x = (const struct tls_x509 *)(const void *)at;

	if (x->trust == TRUST_CA)
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
