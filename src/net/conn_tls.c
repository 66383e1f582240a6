/*
 * conn_tls.c - a conn over TLS: the engine of tls.h between socket and owner.
 *
 * The engine holds one record each way.  What it does not take yet waits in
 * shield.raw, and reading with it; what it decrypts goes to input() at once.
 */
#include <stdlib.h>

#include "net/conn_in.h"

enum {
	RECORDS_A_TURN = 32,	/* half a megabyte, then the others */
	PAUSE_MS = 1000,	/* who spoke after so long ... */
	BURST_TURNS = 4		/* ... and this little will be silent again: it holds no buffers */
};

static void
conn_tls_over(struct conn *c)
{
	struct err e = { .status = EXIT_UNREACHED };

	if (tls_error(c->shield->tls, &e) == 0) {
		c->eof = true;
		conn_lose_text(c, EXIT_UNREACHED, "closed by the other side");
		return;
	}
	e.status = EXIT_PROTOCOL;
	conn_lose(c, &e);
}

bool
conn_send_records(struct conn *c)
{
	struct tls *tls = c->shield->tls;
	struct str cipher;

	while ((cipher = tls_cipher(tls)).n) {
		tls_cipher_eat(tls, conn_send(c, cipher));
		if (c->blocked || c->broken)
			return false;
	}
	return true;
}

/* At the end of what a turn does: a ping and its answer leave nothing behind. */
static void
conn_rest(struct conn *c)
{
	struct shield *s = c->shield;
	struct mono now = net_time(c->net);

	if (!s->open)
		return;		/* the turns of a handshake are no sign of more */
	if (s->active.us != now.us) {
		if (mono_us_since(s->active, now) / 1000 >= PAUSE_MS)
			s->burst = 0;
		if (s->burst <= BURST_TURNS)
			s->burst++;
		s->active = now;
	}
	if (s->burst <= BURST_TURNS)
		tls_rest(s->tls);
}

/* Feeds the engine and hands out what it decrypts; how much it took. */
static size_t
conn_decrypt(struct conn *c, struct str cipher)
{
	struct shield *s = c->shield;
	struct str in = cipher, plain;
	size_t took;

	for (;;) {
		took = in.n ? tls_feed(s->tls, in) : 0;
		in = took ? str_skip(in, took) : in;
		plain = tls_plain(s->tls);
		if (plain.n) {
			size_t used = 0;

			c->got += plain.n;
			if (buf_len(&c->in) == 0 && conn_can_give(c))
				used = conn_give(c, plain);
			if (c->closed || c->lost)
				return cipher.n;
			conn_keep(c, &c->in, str_skip(plain, used));
			tls_plain_eat(s->tls, plain.n);
		} else if (took == 0)
			break;	/* it may want to speak first: the flush wakes us */
		if (c->lost || c->closed)
			return cipher.n;
	}
	return cipher.n - in.n;
}

static void
conn_handshake_seen(struct conn *c)
{
	struct shield *s = c->shield;
	void (*opened)(void *) = s->opened;

	if (s->open || tls_state(s->tls) != TLS_OPEN)
		return;
	s->open = true;
	s->opened = NULL;
	if (opened)
		opened(c->owner);
}

void
conn_take_cipher(struct conn *c, struct str fresh)
{
	struct shield *s = c->shield;
	size_t took;

	if (buf_len(&s->raw)) {
		conn_keep(c, &s->raw, fresh);
		if (c->lost)
			return;
		took = conn_decrypt(c, buf_view(&s->raw));
		if (c->closed || c->lost)
			return;
		buf_eat(&s->raw, took);
		spare_give(c->net, &s->raw);
	} else {
		took = conn_decrypt(c, fresh);
		if (c->closed || c->lost)
			return;
		conn_keep(c, &s->raw, str_skip(fresh, took));
	}
	conn_handshake_seen(c);
	if (c->closed || c->lost)
		return;
	conn_give_kept(c);
	if (c->closed || c->lost)
		return;
	conn_touch(c);		/* answers of the handshake, output that waited for it */
	if (tls_state(s->tls) == TLS_CLOSED && (conn_can_give(c) || c->finishing)) {
		conn_send_records(c);	/* the alert that says why */
		conn_tls_over(c);
	} else {
		conn_rest(c);
	}
}

void
conn_write_tls(struct conn *c)
{
	struct tls *tls = c->shield->tls;
	size_t n;

	for (int i = 0; i < RECORDS_A_TURN && conn_send_records(c); i++) {
		if (!conn_is_secret(c) || buf_len(&c->out) == 0)
			break;
		n = tls_write(tls, buf_view(&c->out));
		buf_eat(&c->out, n);
		if (buf_len(&c->out) == 0) {
			tls_flush(tls);
			if (c->finishing)
				tls_end(tls);
		}
		if (n == 0)
			return;
	}
	if (!c->blocked && !c->broken && (tls_cipher(tls).n ||
	    (buf_len(&c->out) && tls_state(tls) == TLS_OPEN)))
		conn_touch(c);
	/* the engine may take more now; a handshake may end with what was sent */
	if ((buf_len(&c->shield->raw) && !c->blocked) ||
	    (!c->shield->open && conn_is_secret(c)))
		conn_wake(c);
	else
		conn_rest(c);
}

/* Takes tls.  Output from before must be gone: it was meant to be readable. */
static int
conn_start_tls(struct conn *c, struct tls *tls, struct err *e)
{
	struct shield *s = NULL;

	if (!tls)
		return -1;
	if (!c->shield && !c->lost && !c->closed)
		conn_write_plain(c);
	if (c->shield || c->lost || c->closed || buf_len(&c->out))
		err_set(e, "TLS cannot start: %s", c->shield ? "it has started already" :
		    buf_len(&c->out) ? "output still waits" : "the connection is lost");
	else if ((s = calloc(1, sizeof *s)) == NULL)
		err_memory(e, "a TLS session");
	if (!s) {
		tls_free(tls);
		return -1;
	}
	s->tls = tls;
	buf_init(&s->raw, c->in.max);
	if (!c->in_input && buf_len(&c->in)) {
		struct buf none = s->raw;

		s->raw = c->in;
		c->in = none;
	}
	c->shield = s;
	conn_wake(c);
	conn_touch(c);
	return 0;
}

int
conn_start_tls_server(struct conn *c, struct tls_ctx *ctx, struct err *e)
{
	return conn_start_tls(c, tls_server(ctx, e), e);
}

int
conn_start_tls_client(struct conn *c, struct tls_ctx *ctx, const char *name, struct err *e)
{
	return conn_start_tls(c, tls_client(ctx, name, e), e);
}

void
conn_when_open(struct conn *c, void (*opened)(void *owner))
{
	c->shield->opened = opened;
}

struct tls *
conn_tls(const struct conn *c)
{
	return c->shield ? c->shield->tls : NULL;
}
