/* tls_session.c - see tls_session.h. */
#include "net/tls_session.h"

enum { CLIENT = 1, VOUCHED = 2, FIXED = 1 + 2 + SESSION_MASTER + SESSION_HASH + 8 + 8 };

static void
put_number(uint8_t *to, uint64_t v, size_t n)
{
	while (n--) {
		to[n] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t
get_number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static int
put_text(struct buf *b, struct str s)
{
	uint8_t length[2];

	put_number(length, s.n, sizeof length);
	return buf_put(b, length, sizeof length) == -1 || buf_str(b, s) == -1 ? -1 : 0;
}

static int
get_text(struct str *in, size_t most, struct str *to)
{
	size_t n;

	if (in->n < 2)
		return -1;
	n = (size_t)get_number((const uint8_t *)in->p, 2);
	if (n > most || n > in->n - 2)
		return -1;
	*to = str_head(str_skip(*in, 2), n);
	*in = str_skip(*in, 2 + n);
	return 0;
}

int
session_put(struct buf *b, const struct tls_session *s)
{
	uint8_t fixed[FIXED], *at = fixed;

	*at++ = (uint8_t)((s->client ? CLIENT : 0) | (s->vouched ? VOUCHED : 0));
	put_number(at, s->suite, 2);
	memcpy(at += 2, s->master, SESSION_MASTER);
	memcpy(at += SESSION_MASTER, s->generation, SESSION_HASH);
	put_number(at += SESSION_HASH, (uint64_t)s->expires, 8);
	put_number(at + 8, (uint64_t)s->chain_expires, 8);
	if (buf_put(b, fixed, sizeof fixed) == -1 || put_text(b, s->id) == -1
	    || put_text(b, s->name) == -1)
		return -1;
	return put_text(b, s->chain);
}

int
session_get(struct str *in, struct tls_session *s)
{
	struct str rest = *in;
	const uint8_t *at = (const uint8_t *)rest.p;

	if (rest.n < FIXED || *at & ~(CLIENT | VOUCHED))
		return -1;
	s->client = *at & CLIENT;
	s->vouched = *at++ & VOUCHED;
	s->suite = (uint16_t)get_number(at, 2);
	memcpy(s->master, at += 2, SESSION_MASTER);
	memcpy(s->generation, at += SESSION_MASTER, SESSION_HASH);
	s->expires = (int64_t)get_number(at += SESSION_HASH, 8);
	s->chain_expires = (int64_t)get_number(at + 8, 8);
	rest = str_skip(rest, FIXED);
	if (get_text(&rest, SESSION_ID, &s->id) == -1 || get_text(&rest, 255, &s->name) == -1
	    || get_text(&rest, SESSION_CHAIN_MAX, &s->chain) == -1)
		return -1;
	if (s->client ? !s->id.n || !s->name.n : s->id.n != SESSION_ID || s->name.n)
		return -1;
	*in = rest;
	return 0;
}
