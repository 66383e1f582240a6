/*
 * tls_store.c - the sessions of tls_sessions.c in a file, for the time of a restart.
 *
 * Who reads a session's secret can read what went over it, and can go on in
 * the place of who shook hands.  So the file is encrypted (ChaCha20-Poly1305)
 * by a key that comes from a secret that the node has anyway: its private key,
 * else its token.  Who has that can be the node; who has the file alone, from
 * a backup or a disk, has nothing.
 *
 *	"fedxtls1"  nonce (12)  encrypted sessions  tag (16)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/rand.h"
#include "net/tls_in.h"

enum { MAGIC = 8, NONCE = 12, HEAD = MAGIC + NONCE, TAG = 16, STORE_MAX = 32 << 20 };

static const char magic[MAGIC + 1] = "fedxtls1";

bool
tls_store_key(const struct tls_ctx *ctx, struct str token, uint8_t key[TLS_STORE_KEY])
{
	const br_ec_private_key *ec = ctx ? br_skey_decoder_get_ec(&ctx->key) : NULL;
	const br_rsa_private_key *rsa = ctx ? br_skey_decoder_get_rsa(&ctx->key) : NULL;
	static const char label[] = "fedx tls sessions 1";
	br_hkdf_context hc;

	if (!ec && !rsa && !token.n)
		return false;
	br_hkdf_init(&hc, &br_sha256_vtable, BR_HKDF_NO_SALT, 0);
	if (ec) {
		br_hkdf_inject(&hc, ec->x, ec->xlen);
	} else if (rsa) {
		br_hkdf_inject(&hc, rsa->p, rsa->plen);
		br_hkdf_inject(&hc, rsa->q, rsa->qlen);
	} else {
		br_hkdf_inject(&hc, token.p, token.n);
	}
	br_hkdf_flip(&hc);
	br_hkdf_produce(&hc, label, sizeof label - 1, key, TLS_STORE_KEY);
	tls_wipe(&hc, sizeof hc);
	return true;
}

static void
crypt_store(const uint8_t key[TLS_STORE_KEY], const uint8_t *head, uint8_t *data, size_t n,
    uint8_t tag[TAG], int encrypt)
{
	br_poly1305_ctmul_run(key, head + MAGIC, data, n, head, HEAD, tag, br_chacha20_ct_run, encrypt);
}

/* A file that is there is replaced as a whole, or not at all. */
static int
replace(const char *path, struct str content, struct err *e)
{
	char fresh[1024];
	int fd, r;

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return err_set(e, "the path '%.100s...' is too long", path);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(e, "cannot write '%s'", fresh);
	r = fd_write_all(fd, content);
	if (close(fd) == -1 || r == -1 || rename(fresh, path) == -1) {
		err_sys(e, "cannot write '%s'", path);
		unlink(fresh);
		return -1;
	}
	return 0;
}

int
tls_sessions_write(const struct tls_sessions *all, const char *path,
    const uint8_t key[TLS_STORE_KEY], struct err *e)
{
	uint8_t head[HEAD], tag[TAG];
	struct buf b;
	int r = -1;

	memcpy(head, magic, MAGIC);
	rand_bytes(head + MAGIC, NONCE);
	buf_init(&b, STORE_MAX);
	if (buf_put(&b, head, HEAD) == -1 || sessions_put(all, &b) == -1) {
		err_set(e, "cannot write '%s': there are too many sessions", path);
	} else {
		crypt_store(key, head, b.p + b.head + HEAD, buf_len(&b) - HEAD, tag, 1);
		if (buf_put(&b, tag, TAG) == -1)
			err_set(e, "cannot write '%s': there are too many sessions", path);
		else
			r = replace(path, buf_view(&b), e);
	}
	buf_free(&b);
	return r;
}

static int
open_store(const char *path, const uint8_t key[TLS_STORE_KEY], struct buf *b, struct err *e)
{
	uint8_t tag[TAG], *p;
	size_t n;

	if (fd_read_file(path, STORE_MAX, b, e) == -1)
		return -1;
	n = buf_len(b);
	p = b->p + b->head;
	if (n < HEAD + TAG || memcmp(p, magic, MAGIC))
		return err_set(e, "'%s' holds no sessions", path);
	crypt_store(key, p, p + HEAD, n - HEAD - TAG, tag, 0);
	for (size_t i = 0; i < TAG; i++)
		if (tag[i] != p[n - TAG + i])
			return err_set(e, "'%s' is damaged, or of another key", path);
	return 0;
}

int
tls_sessions_read(struct tls_sessions *all, const char *path, const uint8_t key[TLS_STORE_KEY],
    struct err *e)
{
	struct tls_session s;
	struct str rest;
	struct buf b;
	int r = -1;

	buf_init(&b, STORE_MAX);
	if (open_store(path, key, &b, e) == 0) {
		rest = str_skip(str_head(buf_view(&b), buf_len(&b) - TAG), HEAD);
		while (rest.n && session_get(&rest, &s) == 0)
			sessions_add(all, &s);
		r = rest.n ? err_set(e, "'%s' is of another version of fedx", path) : 0;
	}
	if (b.p)
		tls_wipe(b.p, b.cap);
	buf_free(&b);
	return r;
}
