/* tls_ctx.c - settings into a context: what we show, and whom we trust. */
#include <stdlib.h>

#include "net/tls_in.h"

enum { RSA_MAX = 512 };	/* bytes of the longest modulus that BearSSL takes */

void
tls_wipe(void *p, size_t n)
{
	volatile unsigned char *at = p;

	while (n--)
		*at++ = 0;
}

static bool
ec_fits(const br_ec_private_key *key, const br_ec_public_key *shown)
{
	unsigned char q[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key ours;

	return br_ec_compute_pub(br_ec_get_default(), &ours, q, key) != 0
	    && ours.curve == shown->curve && ours.qlen == shown->qlen
	    && !memcmp(ours.q, shown->q, ours.qlen);
}

static bool
rsa_fits(const br_rsa_private_key *key, const br_rsa_public_key *shown)
{
	br_rsa_compute_modulus modulus = br_rsa_compute_modulus_get_default();
	unsigned char ours[RSA_MAX];
	const unsigned char *n = shown->n;
	size_t len = shown->nlen;

	while (len && !*n)
		n++, len--;
	return modulus(NULL, key) == len && len <= sizeof ours
	    && modulus(ours, key) == len && !memcmp(ours, n, len);
}

/* The first certificate must decode and be for our key; its end and uses are noted. */
static int
check_fit(struct tls_ctx *ctx, const struct tls_settings *s, struct err *e)
{
	const br_ec_private_key *ec = br_skey_decoder_get_ec(&ctx->key);
	const br_rsa_private_key *rsa = br_skey_decoder_get_rsa(&ctx->key);
	br_x509_decoder_context dec;
	const br_x509_pkey *shown;
	struct x509 read;
	bool fits;

	br_x509_decoder_init(&dec, NULL, NULL);
	br_x509_decoder_push(&dec, ctx->chain.certs[0].data, ctx->chain.certs[0].data_len);
	shown = br_x509_decoder_get_pkey(&dec);
	if (!shown)
		return err_set(e, "the certificate '%s' cannot be used: %s", s->cert,
		    tls_sentence(br_x509_decoder_last_error(&dec)));
	if (shown->key_type == BR_KEYTYPE_EC)
		fits = ec && ec_fits(ec, &shown->key.ec);
	else
		fits = rsa && rsa_fits(rsa, &shown->key.rsa);
	if (!fits)
		return err_set(e, "the key '%s' does not fit the first certificate in '%s'; "
		    "the server's own certificate must come first", s->key, s->cert);
	if (x509_read((struct str){ (const char *)ctx->chain.certs[0].data,
	    ctx->chain.certs[0].data_len }, &read) == -1)
		return err_set(e, "the certificate '%s' cannot be used: %s", s->cert,
		    tls_sentence(WHY_UNREADABLE));
	ctx->uses = read.uses;
	ctx->expires.s = ((int64_t)dec.notafter_days - DAYS_TO_1970) * 86400
	    + dec.notafter_seconds;
	return 0;
}

static int
load_own(struct tls_ctx *ctx, const struct tls_settings *s, struct err *e)
{
	if (!s->cert && !s->key)
		return 0;
	if (!s->cert || !s->key)
		return err_set(e, "a certificate and its key go together; give --tls-%s",
		    s->cert ? "key" : "cert");
	if (tls_pem_chain(s->cert, &ctx->chain, e) == -1
	    || tls_pem_key(s->key, &ctx->key, e) == -1)
		return -1;
	return check_fit(ctx, s, e);
}

static int
add_pin(struct tls_ctx *ctx, struct str word, struct err *e)
{
	struct str hash = str_starts(word, STR("key:")) ? str_skip(word, 4) : word;
	struct tls_pin *pin = &ctx->pins[ctx->pin_count];

	if (ctx->pin_count == TLS_PINS)
		return err_set(e, "more than %d pins", TLS_PINS);
	if (!str_starts(hash, STR("sha256:"))
	    || str_hex(str_skip(hash, 7), pin->hash, TLS_HASH) == -1)
		return err_set(e, "'%.*s' is no hash of a certificate or key; want sha256: or "
		    "key:sha256: and 64 hex digits", word.n > 90 ? 90 : (int)word.n, word.p);
	pin->key = hash.n != word.n;
	ctx->pin_count++;
	return 0;
}

static int
add_pins(struct tls_ctx *ctx, struct str words, struct err *e)
{
	struct str word;

	for (bool more = true; more; ) {
		more = str_split(str_trim(words), ' ', &word, &words);
		if (add_pin(ctx, word, e) == -1)
			return -1;
	}
	return 0;
}

static int
load_trust(struct tls_ctx *ctx, const struct tls_settings *s, struct err *e)
{
	if (s->pin) {
		ctx->trust = TRUST_PIN;
		if (add_pins(ctx, str(s->pin), e) == -1)
			return -1;
	} else if (s->insecure && !s->ca) {
		ctx->trust = TRUST_ANYONE;
	}
	ctx->ask_client = s->ask_client;
	if (s->ca)
		return tls_pem_anchors(s->ca, &ctx->anchors, e);
	if (ctx->trust == TRUST_CA && !ctx->chain.n)
		return err_set(e, "TLS needs to know whom to trust; give --tls-ca with "
		    "the CA of the hub");
	return 0;
}

static void
add(br_sha256_context *sha, const void *p, size_t n)
{
	uint32_t length = (uint32_t)n;

	br_sha256_update(sha, &length, sizeof length);
	if (n)
		br_sha256_update(sha, p, n);
}

/* Who we are and whom we trust: with any change no old session is resumed. */
static void
note_generation(struct tls_ctx *ctx)
{
	br_sha256_context sha;

	br_sha256_init(&sha);
	for (size_t i = 0; i < ctx->chain.n; i++)
		add(&sha, ctx->chain.certs[i].data, ctx->chain.certs[i].data_len);
	for (size_t i = 0; i < ctx->anchors.n; i++) {
		const br_x509_trust_anchor *a = &ctx->anchors.all[i];

		add(&sha, a->dn.data, a->dn.len);
		if (a->pkey.key_type == BR_KEYTYPE_EC)
			add(&sha, a->pkey.key.ec.q, a->pkey.key.ec.qlen);
		else
			add(&sha, a->pkey.key.rsa.n, a->pkey.key.rsa.nlen);
	}
	for (size_t i = 0; i < ctx->pin_count; i++) {
		add(&sha, ctx->pins[i].key ? "key" : "cert", 3);
		add(&sha, ctx->pins[i].hash, TLS_HASH);
	}
	add(&sha, ctx->ask_client ? "ask" : ctx->trust == TRUST_ANYONE ? "any" : "not", 3);
	br_sha256_out(&sha, ctx->generation);
}

struct tls_ctx *
tls_ctx_open(const struct tls_settings *s, struct err *e)
{
	struct tls_ctx *ctx = calloc(1, sizeof *ctx);

	if (!ctx) {
		err_memory(e, "TLS");
		return NULL;
	}
	ctx->holders = 1;
	err_exit(e, TLS_BAD_CONFIG);
	if (load_own(ctx, s, e) == -1 || load_trust(ctx, s, e) == -1) {
		tls_ctx_close(ctx);
		return NULL;
	}
	ctx->sessions = s->sessions;
	note_generation(ctx);
	err_exit(e, 0);
	return ctx;
}

struct tls_ctx *
tls_ctx_keep(struct tls_ctx *ctx)
{
	ctx->holders++;
	return ctx;
}

void
tls_ctx_close(struct tls_ctx *ctx)
{
	if (!ctx || --ctx->holders)
		return;
	tls_chain_free(&ctx->chain);
	tls_anchors_free(&ctx->anchors);
	tls_wipe(ctx, sizeof *ctx);
	free(ctx);
}

struct wall
tls_ctx_expires(const struct tls_ctx *ctx)
{
	return ctx->expires;
}

bool
tls_ctx_serves(const struct tls_ctx *ctx)
{
	return ctx->chain.n && ctx->uses & X509_SERVER;
}

bool
tls_ctx_visits(const struct tls_ctx *ctx)
{
	return ctx->chain.n && ctx->uses & X509_CLIENT;
}
