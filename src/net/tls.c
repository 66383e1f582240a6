/* tls.c - see tls.h: one TLS session on BearSSL's engine. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/rand.h"
#include "net/clienthello.h"
#include "net/sha256.h"
#include "net/tls_in.h"

enum { SUITES = 6, RECORD_HEAD = 5 };

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

static bool
aes_is_fast(void)
{
	return (br_aes_x86ni_ctr_get_vtable() && br_ghash_pclmul_get())
	    || (br_aes_pwr8_ctr_get_vtable() && br_ghash_pwr8_get());
}

/* A client takes both kinds of certificate, a server offers what its key can sign. */
static void
set_suites(br_ssl_engine_context *engine, bool ecdsa, bool rsa)
{
	uint16_t list[SUITES];
	size_t n = 0;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < SUITES; i++)
			if (suites[i].aes == (aes_is_fast() == (round == 0))
			    && (suites[i].ecdsa ? ecdsa : rsa))
				list[n++] = suites[i].number;
	br_ssl_engine_set_suites(engine, list, n);
}

static void
set_engine(struct tls *t, bool ecdsa, bool rsa)
{
	br_ssl_engine_context *engine = t->engine;
	uint8_t seed[32];

	br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
	set_suites(engine, ecdsa, rsa);
	br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_ec(engine);
	br_ssl_engine_set_default_ecdsa(engine);
	br_ssl_engine_set_default_rsavrfy(engine);
	br_ssl_engine_set_default_aes_gcm(engine);
	br_ssl_engine_set_default_chapol(engine);
	br_ssl_engine_set_protocol_names(engine, alpn_names,
	    sizeof alpn_names / sizeof *alpn_names);
	br_ssl_engine_add_flags(engine, BR_OPT_NO_RENEGOTIATION);
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
		err_set(e, "no memory for a TLS session");
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

/* BearSSL falls silent when it refuses a certificate: nothing is encrypted yet, so we may speak. */
static void
say_refused(struct tls *t)
{
	const struct tls_x509 *x = t->x509;

	if (!x || x->trust == TRUST_NOTED || !x->why || t->alert_n)
		return;
	memcpy(t->alert, (uint8_t[TLS_ALERT]){ 21, 3, 3, 0, 2, 2, (uint8_t)tls_alert_for(x->why) }, TLS_ALERT);
	t->alert_n = TLS_ALERT;
}

/* After every step of the engine: is the handshake over, and who is it? */
static void
note(struct tls *t)
{
	struct tls_x509 *x = t->x509;

	if (t->open)
		return;
	if (!(br_ssl_engine_current_state(t->engine) & (BR_SSL_SENDAPP | BR_SSL_RECVAPP))) {
		say_refused(t);
		return;
	}
	t->open = true;
	if (x && x->shown && !x->holds)
		t->refused = x->why;
	t->peer = tls_resume_peer(t);
	/* no renegotiation, so nobody is verified again */
	br_ssl_engine_set_x509(t->engine, NULL);
	t->x509 = NULL;
	tls_x509_free(x);
}

enum tls_state
tls_state(const struct tls *t)
{
	if (t->refused || br_ssl_engine_current_state(t->engine) == BR_SSL_CLOSED)
		return TLS_CLOSED;
	return t->open ? TLS_OPEN : TLS_HANDSHAKE;
}

static int
pin_error(const struct tls_peer *peer, struct err *e)
{
	char hex[2 * TLS_HASH + 1];

	for (size_t i = 0; i < TLS_HASH; i++)
		snprintf(hex + 2 * i, 3, "%02x", peer->cert[i]);
	return err_set(e, "the certificate is not the pinned one: it is sha256:%s; "
	    "if that is right, pin it", hex);
}

int
tls_error(const struct tls *t, struct err *e)
{
	const struct tls_x509 *x = t->x509;
	int why = t->refused ? t->refused : br_ssl_engine_last_error(t->engine);

	if (tls_state(t) != TLS_CLOSED || why == 0)
		return 0;
	if (x && x->trust != TRUST_NOTED && x->why)
		why = x->why;
	err_exit(e, TLS_FAILED);
	if (why == WHY_OTHER_NAME)
		return err_set(e, "the certificate is for another name than '%.80s'; use a name "
		    "that it carries or make one for this name", t->name);
	if (why == WHY_NOT_PINNED)
		return pin_error(x->peer, e);
	if (why >= WHY_NO_CLIENT_CA || why < BR_ERR_RECV_FATAL_ALERT)
		return err_set(e, "%s", tls_sentence(why));
	if (why >= BR_ERR_SEND_FATAL_ALERT)
		return err_set(e, "%s", tls_sent_sentence(why - BR_ERR_SEND_FATAL_ALERT));
	return err_set(e, "the other side ended TLS with alert %d: %s",
	    why - BR_ERR_RECV_FATAL_ALERT, tls_alert_sentence(why - BR_ERR_RECV_FATAL_ALERT));
}

/*
 * The first bytes of the other side.  One of our nodes may resume, and its
 * order of suites holds, since it may lack what makes AES fast; for all others
 * ours does.
 */
static void
look_first(struct tls *t, struct str cipher)
{
	if (t->fed || !cipher.n)
		return;
	t->fed = true;
	if (t->client)
		return;
	if (clienthello_is_ours(cipher))
		tls_resume_accept(t);
	else
		br_ssl_engine_add_flags(t->engine, BR_OPT_ENFORCE_SERVER_PREFERENCES);
}

size_t
tls_feed(struct tls *t, struct str cipher)
{
	size_t fed = 0, room;
	unsigned char *to;

	look_first(t, cipher);
	while (fed < cipher.n && !t->refused
	    && (to = br_ssl_engine_recvrec_buf(t->engine, &room)) != NULL) {
		if (room > cipher.n - fed)
			room = cipher.n - fed;
		memcpy(to, cipher.p + fed, room);
		br_ssl_engine_recvrec_ack(t->engine, room);
		fed += room;
		note(t);
	}
	return fed;
}

struct str
tls_plain(struct tls *t)
{
	struct str plain = { NULL, 0 };

	if (!t->refused)
		plain.p = (const char *)br_ssl_engine_recvapp_buf(t->engine, &plain.n);
	return plain.p ? plain : (struct str){ NULL, 0 };
}

void
tls_plain_eat(struct tls *t, size_t n)
{
	if (n)
		br_ssl_engine_recvapp_ack(t->engine, n);
}

size_t
tls_write(struct tls *t, struct str plain)
{
	size_t taken = 0, room;
	unsigned char *to;

	while (taken < plain.n && !t->refused
	    && (to = br_ssl_engine_sendapp_buf(t->engine, &room)) != NULL) {
		if (room > plain.n - taken)
			room = plain.n - taken;
		memcpy(to, plain.p + taken, room);
		br_ssl_engine_sendapp_ack(t->engine, room);
		taken += room;
		t->pending = true;
	}
	return taken;
}

void
tls_flush(struct tls *t)
{
	br_ssl_engine_flush(t->engine, 0);
	t->pending = false;
}

/* Nothing is in the buffers: no part of a record that came, nothing that is to go. */
static bool
is_at_rest(const struct tls *t)
{
	size_t n;

	return t->open && !t->refused && !t->pending && !br_ssl_engine_recvapp_buf(t->engine, &n)
	    && !br_ssl_engine_sendrec_buf(t->engine, &n)
	    && br_ssl_engine_recvrec_buf(t->engine, &n) == t->io && n == RECORD_HEAD;
}

void
tls_rest(struct tls *t)
{
#ifdef HAVE_MADVISE
	if (is_at_rest(t))
		madvise(t->io, t->io_size, MADV_DONTNEED);
#else
	(void)is_at_rest(t);
#endif
}

struct str
tls_cipher(struct tls *t)
{
	struct str cipher = { (const char *)t->alert + t->alert_sent,
	    (size_t)(t->alert_n - t->alert_sent) };

	if (cipher.n)
		return cipher;
	cipher.p = (const char *)br_ssl_engine_sendrec_buf(t->engine, &cipher.n);
	return cipher.p ? cipher : (struct str){ NULL, 0 };
}

void
tls_cipher_eat(struct tls *t, size_t n)
{
	if (t->alert_sent < t->alert_n)
		t->alert_sent += (uint8_t)n;
	else if (n)
		br_ssl_engine_sendrec_ack(t->engine, n);
	note(t);
}

void
tls_end(struct tls *t)
{
	br_ssl_engine_close(t->engine);
}

const struct tls_peer *
tls_peer(const struct tls *t)
{
	return t->open && !t->refused ? t->peer : NULL;
}

bool
tls_peer_hash(const struct tls *t, uint8_t hash[TLS_HASH])
{
	const struct tls_peer *peer = tls_peer(t);

	if (peer)
		memcpy(hash, peer->cert, TLS_HASH);
	return peer != NULL;
}

bool
tls_own_hash(const struct tls *t, uint8_t hash[TLS_HASH])
{
	const struct tls_chain *chain = &t->ctx->chain;

	if (chain->n)
		sha256((struct str){ (const char *)chain->certs[0].data, chain->certs[0].data_len }, hash);
	return chain->n != 0;
}

bool
tls_resumed(const struct tls *t)
{
	return t->open && t->resumed;
}

bool
tls_is_of(const struct tls *t, const struct tls_ctx *ctx)
{
	return t->ctx == ctx;
}

int
tls_review(struct tls *t, struct tls_ctx *now, struct err *e)
{
	bool anyone = t->client && now && now->trust == TRUST_ANYONE;

	if (t->peer && now)
		tls_peer_judge(t->peer, now, t->client ? now->trust : TRUST_NOTED, t->name);
	else if (t->peer)
		t->peer->vouched = false;
	if (!t->client || anyone || (t->peer && t->peer->vouched))
		return 0;
	return err_set(e, "the certificate that was shown would be refused now: %s",
	    t->peer && now ? t->peer->why : "TLS is not set up any more");
}

const char *
tls_alpn(const struct tls *t)
{
	const char *name = br_ssl_engine_get_selected_protocol(t->engine);

	return name ? name : "";
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
