/*
 * tls_resume.c - sessions that go on, between BearSSL and tls_sessions.c.
 *
 * BearSSL checks no certificate when it resumes, so who the other side is
 * comes with the session, which counts only for the generation that it began
 * in.  Nor does it check ALPN: a client that resumes and offers another
 * protocol than ours makes it read behind its list of names.  So a server
 * resumes only what its own look at the ClientHello finds to be ours.
 */
#include <stddef.h>
#include <stdlib.h>

#include "net/tls_in.h"

enum { SESSION_LIFE_S = 3600 };

static void
keep(struct tls *t, const br_ssl_session_parameters *p)
{
	const struct tls_peer *peer = t->x509 && t->x509->holds ? t->x509->peer : NULL;
	struct tls_session s = { .client = t->client, .suite = p->cipher_suite,
	    .id = { (const char *)p->session_id, p->session_id_len },
	    .expires = wall_now().s + SESSION_LIFE_S };

	if (t->client)
		s.name = str(t->name);
	if (peer) {
		s.vouched = peer->vouched;
		s.chain = (struct str){ (const char *)peer->chain, peer->n };
		s.chain_expires = peer->expires;
		if (peer->expires < s.expires)
			s.expires = peer->expires;
	}
	memcpy(s.master, p->master_secret, sizeof s.master);
	memcpy(s.generation, t->ctx->generation, sizeof s.generation);
	sessions_add(t->ctx->sessions, &s);
	tls_wipe(&s, sizeof s);
}

/* If it can be gone on with: its secrets for BearSSL, and who the other side is. */
static bool
take(struct tls *t, const struct tls_session *s, br_ssl_session_parameters *p)
{
	struct tls_peer *peer;

	if (!s)
		return false;
	peer = tls_peer_of(s, t->ctx);
	if (s->chain.n && !peer)
		return false;
	p->session_id_len = (unsigned char)s->id.n;
	memcpy(p->session_id, s->id.p, s->id.n);
	p->version = BR_TLS12;
	p->cipher_suite = s->suite;
	memcpy(p->master_secret, s->master, sizeof s->master);
	free(t->peer);
	t->peer = peer;
	t->resumed = true;
	return true;
}

/* --- server: BearSSL asks --- */

static struct tls *
self(const br_ssl_session_cache_class **at)
{
	return (struct tls *)(void *)((char *)(void *)at - offsetof(struct tls, cache));
}

static void
on_save(const br_ssl_session_cache_class **at, br_ssl_server_context *server,
    const br_ssl_session_parameters *p)
{
	struct tls *t = self(at);

	(void)server;
	t->resumed = false;	/* what was found was not gone on with */
	if (!t->x509 || !t->x509->shown || t->x509->holds)
		keep(t, p);
}

static int
on_load(const br_ssl_session_cache_class **at, br_ssl_server_context *server,
    br_ssl_session_parameters *p)
{
	struct tls *t = self(at);
	struct str id = { (const char *)p->session_id, p->session_id_len };

	(void)server;
	return take(t, sessions_find(t->ctx->sessions, false, id, t->ctx->generation), p);
}

static const br_ssl_session_cache_class hooks = { sizeof(void *), on_save, on_load };

void
tls_resume_accept(struct tls *t)
{
	if (!t->ctx->sessions)
		return;
	t->cache = &hooks;
	br_ssl_server_set_cache(&t->as.server, &t->cache);
}

/* --- client: we offer --- */

bool
tls_resume_offer(struct tls *t)
{
	br_ssl_session_parameters p;
	bool offers;

	if (!t->ctx->sessions || !*t->name)
		return false;
	offers = take(t, sessions_find(t->ctx->sessions, true, str(t->name), t->ctx->generation), &p);
	if (offers)
		br_ssl_engine_set_session_parameters(t->engine, &p);
	tls_wipe(&p, sizeof p);
	return offers;
}

static void
keep_own(struct tls *t)
{
	br_ssl_session_parameters p;

	br_ssl_engine_get_session_parameters(t->engine, &p);
	if (p.session_id_len)
		keep(t, &p);
	tls_wipe(&p, sizeof p);
}

/* --- both --- */

struct tls_peer *
tls_resume_peer(struct tls *t)
{
	if (t->client && t->resumed && t->x509->shown)
		t->resumed = false;
	if (t->resumed)
		return t->peer;
	free(t->peer);
	t->peer = NULL;
	if (t->client && t->ctx->sessions && *t->name)
		keep_own(t);
	return t->x509 ? tls_x509_done(t->x509) : NULL;
}

void
tls_resume_end(struct tls *t)
{
	if (t->client && t->resumed && !t->open && t->fed)
		sessions_forget(t->ctx->sessions, true, str(t->name));
}
