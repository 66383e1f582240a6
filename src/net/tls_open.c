/*
 * tls_open.c - a session before its first byte: suites, buffers, what it
 * shows and whom it asks; and its end.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/rand.h"
#include "net/tls_in.h"

enum { SUITES = 6 };

/* The second is for who ends TLS before a hub: some take nobody whose protocols they know none of. */
static const char *alpn_names[] = { "fedx/1", "http/1.1" };

static const struct suite { uint16_t number; bool ecdsa, aes; const char *name; } suites[] = {
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true, true,
	    "ECDHE-ECDSA-AES128-GCM-SHA256" },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, false, true,
	    "ECDHE-RSA-AES128-GCM-SHA256" },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true, true,
	    "ECDHE-ECDSA-AES256-GCM-SHA384" },
	{ BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, false, true,
	    "ECDHE-RSA-AES256-GCM-SHA384" },
	{ BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true, false,
	    "ECDHE-ECDSA-CHACHA20-POLY1305" },
	{ BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, false, false,
	    "ECDHE-RSA-CHACHA20-POLY1305" },
};

/*
 * What each engine begins with.  Made once: BearSSL asks the processor what it
 * has, and in a virtual machine each question costs as much as a resumed
 * handshake spends on a key.
 */
struct start { bool made, aes_is_fast; br_ssl_engine_context engine; };

static const struct start *
start_of_engines(void)
{
	static struct start s;

	if (s.made)
		return &s;
	s.aes_is_fast = (br_aes_x86ni_ctr_get_vtable() && br_ghash_pclmul_get())
	    || (br_aes_pwr8_ctr_get_vtable() && br_ghash_pwr8_get());
	br_ssl_engine_set_versions(&s.engine, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_hash(&s.engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(&s.engine, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(&s.engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(&s.engine, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(&s.engine, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_ec(&s.engine);
	br_ssl_engine_set_default_ecdsa(&s.engine);
	br_ssl_engine_set_default_rsavrfy(&s.engine);
	br_ssl_engine_set_default_aes_gcm(&s.engine);
	br_ssl_engine_set_default_chapol(&s.engine);
	br_ssl_engine_set_protocol_names(&s.engine, alpn_names,
	    sizeof alpn_names / sizeof *alpn_names);
	br_ssl_engine_add_flags(&s.engine, BR_OPT_NO_RENEGOTIATION);
	s.made = true;
	return &s;
}

/* A client takes both kinds of certificate, a server offers what its key can sign. */
static void
set_suites(br_ssl_engine_context *engine, bool ecdsa, bool rsa)
{
	bool aes_first = start_of_engines()->aes_is_fast;
	uint16_t list[SUITES];
	size_t n = 0;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < SUITES; i++)
			if (suites[i].aes == (aes_first == (round == 0))
			    && (suites[i].ecdsa ? ecdsa : rsa))
				list[n++] = suites[i].number;
	br_ssl_engine_set_suites(engine, list, n);
}

const char *
tls_cipher_name(const struct tls *t)
{
	br_ssl_session_parameters session;
	const char *name = "";

	br_ssl_engine_get_session_parameters(t->engine, &session);
	for (size_t i = 0; i < SUITES; i++)
		if (suites[i].number == session.cipher_suite)
			name = suites[i].name;
	tls_wipe(&session, sizeof session);
	return name;
}

static void
set_engine(struct tls *t, bool ecdsa, bool rsa)
{
	br_ssl_engine_context *engine = t->engine;
	uint8_t seed[32];

	*engine = start_of_engines()->engine;
	set_suites(engine, ecdsa, rsa);
	br_ssl_engine_set_buffers_bidi(engine, t->io, BR_SSL_BUFSIZE_INPUT, t->io + t->in_size,
	    BR_SSL_BUFSIZE_OUTPUT);
	rand_bytes(seed, sizeof seed);
	br_ssl_engine_inject_entropy(engine, seed, sizeof seed);
	tls_wipe(seed, sizeof seed);
}

/* Buffers of whole pages, which an idle session can give back. */
static int
open_buffers(struct tls *t)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *io;

	t->in_size = (BR_SSL_BUFSIZE_INPUT + page - 1) / page * page;
	t->io_size = t->in_size + (BR_SSL_BUFSIZE_OUTPUT + page - 1) / page * page;
	if (posix_memalign(&io, page, t->io_size))
		return -1;
	t->io = io;		/* not zeroed: untouched pages cost nothing */
	return 0;
}

static struct tls *
session_open(struct tls_ctx *ctx, bool verifies, struct err *e)
{
	struct tls *t = calloc(1, sizeof *t);

	if (!t || open_buffers(t) == -1 || (verifies && !(t->x509 = malloc(sizeof *t->x509)))) {
		if (t)
			free(t->io);
		free(t);
		err_memory(e, "a TLS session");
		return NULL;
	}
	t->ctx = tls_ctx_keep(ctx);
	return t;
}

/* BearSSL asks for a certificate if it has a CA to name; this one has no name. */
static const br_x500_name any_ca = { (unsigned char *)(uintptr_t)"\x30\x00", 2 };

static void
ask_client(struct tls *t)
{
	struct tls_ctx *ctx = t->ctx;

	tls_x509_init(t->x509, ctx, TRUST_NOTED, NULL);
	br_ssl_engine_set_x509(t->engine, &t->x509->vtable);
	if (ctx->anchors.n)
		br_ssl_server_set_trust_anchor_names_alt(&t->as.server, ctx->anchors.all,
		    ctx->anchors.n);
	else
		br_ssl_server_set_trust_anchor_names(&t->as.server, &any_ca, 1);
	br_ssl_engine_add_flags(t->engine, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
}

static int
set_own_server(struct tls *t)
{
	struct tls_ctx *ctx = t->ctx;
	const br_ec_private_key *ec = br_skey_decoder_get_ec(&ctx->key);

	set_engine(t, ec != NULL, ec == NULL);
	if (ec)
		br_ssl_server_set_single_ec(&t->as.server, ctx->chain.certs, ctx->chain.n, ec,
		    BR_KEYTYPE_SIGN, 0, br_ssl_engine_get_ec(t->engine),
		    br_ecdsa_sign_asn1_get_default());
	else
		br_ssl_server_set_single_rsa(&t->as.server, ctx->chain.certs, ctx->chain.n,
		    br_skey_decoder_get_rsa(&ctx->key), BR_KEYTYPE_SIGN,
		    br_rsa_private_get_default(), br_rsa_pkcs1_sign_get_default());
	if (ctx->ask_client)
		ask_client(t);
	return br_ssl_server_reset(&t->as.server) ? 0 : -1;
}

struct tls *
tls_server(struct tls_ctx *ctx, struct err *e)
{
	struct tls *t;

	if (!ctx->chain.n) {
		err_exit(e, TLS_BAD_CONFIG);
		err_set(e, "a TLS server needs a certificate; give --tls-cert and --tls-key");
		return NULL;
	}
	t = session_open(ctx, ctx->ask_client, e);
	if (!t)
		return NULL;
	br_ssl_server_zero(&t->as.server);
	t->engine = &t->as.server.eng;
	if (set_own_server(t) == -1) {
		tls_error(t, e);
		tls_free(t);
		return NULL;
	}
	return t;
}

static bool
is_address(const char *name)
{
	return strchr(name, ':') || !name[strspn(name, "0123456789.")];
}

static int
set_own_client(struct tls *t)
{
	struct tls_ctx *ctx = t->ctx;

	set_engine(t, true, true);
	tls_x509_init(t->x509, ctx, ctx->trust, t->name);
	br_ssl_engine_set_x509(t->engine, &t->x509->vtable);
	if (ctx->chain.n && br_skey_decoder_get_ec(&ctx->key))
		br_ssl_client_set_single_ec(&t->as.client, ctx->chain.certs, ctx->chain.n,
		    br_skey_decoder_get_ec(&ctx->key), BR_KEYTYPE_SIGN, 0,
		    br_ssl_engine_get_ec(t->engine), br_ecdsa_sign_asn1_get_default());
	else if (ctx->chain.n)
		br_ssl_client_set_single_rsa(&t->as.client, ctx->chain.certs, ctx->chain.n,
		    br_skey_decoder_get_rsa(&ctx->key), br_rsa_pkcs1_sign_get_default());
	/* an address is no name that may be asked for (RFC 6066 section 3) */
	return br_ssl_client_reset(&t->as.client, is_address(t->name) ? NULL : t->name,
	    tls_resume_offer(t)) ? 0 : -1;
}

struct tls *
tls_client(struct tls_ctx *ctx, const char *name, struct err *e)
{
	size_t n = name ? strlen(name) : 0;
	struct tls *t;

	if (ctx->trust == TRUST_CA && !ctx->anchors.n) {
		err_exit(e, TLS_BAD_CONFIG);
		err_set(e, "TLS needs to know whom to trust; give --tls-ca with the CA of the hub");
		return NULL;
	}
	if (n > TLS_NAME_MAX || (!n && ctx->trust == TRUST_CA)) {
		err_exit(e, TLS_BAD_CONFIG);
		err_set(e, "no server name to check the certificate against (1 to %d bytes)",
		    TLS_NAME_MAX);
		return NULL;
	}
	t = session_open(ctx, true, e);
	if (!t)
		return NULL;
	t->client = true;
	if (n)
		memcpy(t->name, name, n);
	br_ssl_client_zero(&t->as.client);
	t->engine = &t->as.client.eng;
	if (set_own_client(t) == -1) {
		tls_error(t, e);
		tls_free(t);
		return NULL;
	}
	return t;
}

void
tls_free(struct tls *t)
{
	struct tls_ctx *ctx;

	if (!t)
		return;
	ctx = t->ctx;
	tls_resume_end(t);
	tls_x509_free(t->x509);
	free(t->peer);
	tls_wipe(t->io, t->io_size);
	free(t->io);
	tls_wipe(t, sizeof *t);
	free(t);
	tls_ctx_close(ctx);
}
