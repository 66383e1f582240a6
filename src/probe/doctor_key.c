/* doctor_key.c - what is shown or proven: the file of a shared key, and the proofs of it. */
#include "base/fd.h"
#include "base/rand.h"
#include "net/proof.h"
#include "net/sha256.h"
#include "probe/doctor.h"
#include "wire/envelope.h"

enum { KEY_LINE_MAX = 4096 };

int
doctor_read_key(struct doctor *d, const char *path, struct err *e)
{
	char text[KEY_LINE_MAX];
	struct auth_line l = { .role = ROLE_NONE };
	int r = fd_read_secret(path, text, sizeof text, e);

	if (r == 0 && (r = auth_line_parse(str(text), true, &l, e)) != 0)
		r = r == 1 ? err_set(e, "%s must hold one line, the key", path) : err_at(e, "%s", path);
	d->proving.key = l.key;
	tls_wipe(&l.key, sizeof l.key);
	tls_wipe(text, sizeof text);
	return r == 0 ? 0 : err_exit(e, e->status ? e->status : EXIT_REFUSED);
}

void
doctor_key_hello(struct doctor *d, struct hello *h)
{
	struct proving *p = &d->proving;

	sha256(key_view(&p->key), p->hash);
	rand_bytes(p->nonce, sizeof p->nonce);
	h->key_id = (struct str){ (const char *)p->hash, KEY_ID };
	h->nonce = (struct str){ (const char *)p->nonce, NONCE };
}

/* CHALLENGE came: a proof of ours is in p->proof, if theirs holds. */
void
doctor_key_challenged(struct doctor *d, struct str body)
{
	struct proving *p = &d->proving;
	struct proof_facts f = { .node = STR("") };
	const struct tls *t = conn_tls(d->conn);
	struct challenge c;
	struct err e;

	p->known = false;
	memcpy(f.hello, p->hello, sizeof f.hello);
	if (challenge_get(body, KIND_CHALLENGE, &c, &e) == -1 || (t && !tls_peer_hash(t, f.certificate)))
		return;
	f.nonce = c.nonce;
	f.node = c.node;
	f.cluster = c.cluster;
	p->known = proof_holds(key_view(&p->key), PROVER_DIALLED, &f, c.proof);
	if (p->known)
		proof_make(key_view(&p->key), PROVER_DIALLER, &f, p->proof);
}
