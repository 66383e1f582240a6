/* tls.c - see tls.h: a session on BearSSL's engine, from its first byte to the last. */
#include "config.h"

#include <stdio.h>
#include <sys/mman.h>

#include "net/clienthello.h"
#include "net/sha256.h"
#include "net/tls_in.h"

enum { RECORD_HEAD = 5 };

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
tls_shown(const struct tls *t)
{
	/* BearSSL takes the chain from its context once it is asked for it */
	return t->client && t->open && t->engine->chain != NULL;
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
