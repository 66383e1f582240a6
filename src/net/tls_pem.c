/* tls_pem.c - PEM files into certificate chains, private keys and trust anchors. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/tls_in.h"

enum { PEM_FILE_MAX = 1 << 20 };

struct bytes { unsigned char *p; size_t n, cap; };

/* One PEM file being read: the object under way, and who wants it. */
struct pem {
	const char *path;
	struct bytes der;
	int (*object)(void *to, const char *kind, struct pem *, struct err *);
		/* answers -1 with *e to stop */
	void *to;
	unsigned seen;		/* objects that were of use */
};

static int
check_file(int fd, const char *path, bool secret, size_t *size, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(e, "cannot read '%s'", path);
	err_exit(e, TLS_BAD_CONFIG);
	if (!S_ISREG(st.st_mode))
		return err_set(e, "cannot read '%s': it is not a regular file", path);
	if (st.st_size > PEM_FILE_MAX)
		return err_set(e, "'%s' is too large for a PEM file", path);
	if (secret && st.st_mode & (S_IRWXO | S_IWGRP)) {
		err_exit(e, TLS_NO_PERMISSION);
		return err_set(e, "the key '%s' is open to others (mode %04o); "
		    "run: chmod 600 '%s'", path, (unsigned)(st.st_mode & 07777), path);
	}
	*size = (size_t)st.st_size;
	return 0;
}

/* The file's text and one newline more: BearSSL wants the last line ended. */
static int
read_file(const char *path, bool secret, struct bytes *text, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n = 1;

	if (fd == -1) {
		err_exit(e, errno == EACCES ? TLS_NO_PERMISSION : TLS_NO_FILE);
		return err_sys(e, "cannot read '%s'", path);
	}
	if (check_file(fd, path, secret, &size, e) == -1)
		goto fail;
	*text = (struct bytes){ malloc(size + 1), 0, size };
	if (!text->p) {
		err_memory(e, path);
		goto fail;
	}
	while (text->n < size && n != 0) {
		n = read(fd, text->p + text->n, size - text->n);
		if (n == -1 && errno != EINTR) {
			err_sys(e, "cannot read '%s'", path);
			goto fail;
		}
		if (n > 0)
			text->n += (size_t)n;
	}
	text->p[text->n++] = '\n';
	close(fd);
	return 0;
fail:
	close(fd);
	return -1;
}

static void
take_der(void *to, const void *part, size_t n)
{
	struct bytes *der = to;

	if (n > der->cap - der->n)	/* cannot be: DER is shorter than its base64 */
		return;
	memcpy(der->p + der->n, part, n);
	der->n += n;
}

static int
walk(struct pem *pem, struct bytes text, struct err *e)
{
	const unsigned char *at = text.p;
	br_pem_decoder_context dec;
	char kind[128] = "";

	br_pem_decoder_init(&dec);
	while (text.n) {
		size_t used = br_pem_decoder_push(&dec, at, text.n);

		at += used;
		text.n -= used;
		switch (br_pem_decoder_event(&dec)) {
		case BR_PEM_BEGIN_OBJ:
			strcpy(kind, br_pem_decoder_name(&dec));	/* both have 128 bytes */
			pem->der.n = 0;
			br_pem_decoder_setdest(&dec, take_der, &pem->der);
			break;
		case BR_PEM_END_OBJ:
			if (pem->object(pem->to, kind, pem, e) == -1)
				return -1;
			*kind = '\0';
			break;
		case BR_PEM_ERROR:
			return err_set(e, "'%s' is damaged: the part '%s' is not base64%s",
			    pem->path, kind, strstr(kind, "KEY") ? " (or it is encrypted: "
			    "decrypt it with openssl pkey)" : "");
		default:
			break;
		}
	}
	if (*kind)
		return err_set(e, "'%s' ends in the middle of the part '%s'", pem->path, kind);
	return 0;
}

static int
each_object(struct pem *pem, bool secret, struct err *e)
{
	struct bytes text = { NULL, 0, 0 };
	int r = -1;

	err_exit(e, 0);
	if (read_file(pem->path, secret, &text, e) == -1)
		goto out;
	err_exit(e, TLS_BAD_CONFIG);
	pem->der = (struct bytes){ malloc(text.n), 0, text.n };
	if (!pem->der.p) {
		err_memory(e, pem->path);
		goto out;
	}
	r = walk(pem, text, e);
out:
	if (pem->der.p)
		tls_wipe(pem->der.p, pem->der.cap);
	if (text.p)
		tls_wipe(text.p, text.cap);
	free(pem->der.p);
	free(text.p);
	return r;
}

static bool
is_certificate(const char *kind)
{
	return !strcmp(kind, "CERTIFICATE") || !strcmp(kind, "X509 CERTIFICATE");
}

static unsigned char *
copy(const unsigned char *p, size_t n)
{
	unsigned char *to = malloc(n ? n : 1);

	if (to && n)
		memcpy(to, p, n);
	return to;
}

static int
add_certificate(void *to, const char *kind, struct pem *pem, struct err *e)
{
	struct tls_chain *chain = to;
	br_x509_certificate *more;

	if (!is_certificate(kind))
		return 0;
	more = realloc(chain->certs, (chain->n + 1) * sizeof *more);
	if (!more)
		return err_memory(e, pem->path);
	chain->certs = more;
	more += chain->n;
	*more = (br_x509_certificate){ copy(pem->der.p, pem->der.n), pem->der.n };
	if (!more->data)
		return err_memory(e, pem->path);
	chain->n++;
	pem->seen++;
	return 0;
}

int
tls_pem_chain(const char *path, struct tls_chain *chain, struct err *e)
{
	struct pem pem = { .path = path, .object = add_certificate, .to = chain };

	if (each_object(&pem, false, e) == -1)
		return -1;
	if (!pem.seen)
		return err_set(e, "'%s' holds no certificate in PEM form", path);
	return 0;
}

void
tls_chain_free(struct tls_chain *chain)
{
	while (chain->n)
		free(chain->certs[--chain->n].data);
	free(chain->certs);
	chain->certs = NULL;
}

static int
take_key(void *to, const char *kind, struct pem *pem, struct err *e)
{
	br_skey_decoder_context *key = to;

	if (!strcmp(kind, "ENCRYPTED PRIVATE KEY"))
		return err_set(e, "the key '%s' is encrypted and nobody is there to type "
		    "a passphrase; decrypt it with openssl pkey", pem->path);
	if (strcmp(kind, "PRIVATE KEY") && strcmp(kind, "EC PRIVATE KEY")
	    && strcmp(kind, "RSA PRIVATE KEY"))
		return 0;	/* EC PARAMETERS, a certificate in the same file */
	if (pem->seen++)
		return err_set(e, "'%s' holds more than one key", pem->path);
	br_skey_decoder_init(key);
	br_skey_decoder_push(key, pem->der.p, pem->der.n);
	if (br_skey_decoder_last_error(key))
		return err_set(e, "the key '%s' cannot be used; want EC P-256 or P-384, or RSA",
		    pem->path);
	return 0;
}

int
tls_pem_key(const char *path, br_skey_decoder_context *key, struct err *e)
{
	struct pem pem = { .path = path, .object = take_key, .to = key };

	if (each_object(&pem, true, e) == -1)
		return -1;
	if (!pem.seen)
		return err_set(e, "'%s' holds no private key in PEM form", path);
	return 0;
}

static void
anchor_free(br_x509_trust_anchor *a)
{
	free(a->dn.data);
	if (a->pkey.key_type == BR_KEYTYPE_EC) {
		free(a->pkey.key.ec.q);
	} else {
		free(a->pkey.key.rsa.n);
		free(a->pkey.key.rsa.e);
	}
}

static int
anchor_init(br_x509_trust_anchor *a, br_x509_decoder_context *dec, struct bytes dn)
{
	const br_x509_pkey *key = br_x509_decoder_get_pkey(dec);
	bool whole;

	*a = (br_x509_trust_anchor){
		.dn = { copy(dn.p, dn.n), dn.n },
		.flags = br_x509_decoder_isCA(dec) ? BR_X509_TA_CA : 0,
		.pkey = *key,
	};
	if (key->key_type == BR_KEYTYPE_EC) {
		a->pkey.key.ec.q = copy(key->key.ec.q, key->key.ec.qlen);
		whole = a->pkey.key.ec.q != NULL;
	} else {
		a->pkey.key.rsa.n = copy(key->key.rsa.n, key->key.rsa.nlen);
		a->pkey.key.rsa.e = copy(key->key.rsa.e, key->key.rsa.elen);
		whole = a->pkey.key.rsa.n && a->pkey.key.rsa.e;
	}
	if (whole && a->dn.data)
		return 0;
	anchor_free(a);
	return -1;
}

static int
add_anchor(void *to, const char *kind, struct pem *pem, struct err *e)
{
	struct tls_anchors *anchors = to;
	br_x509_decoder_context dec;
	br_x509_trust_anchor *more;
	struct bytes dn;

	if (!is_certificate(kind))
		return 0;
	dn = (struct bytes){ malloc(pem->der.n + 1), 0, pem->der.n };
	if (!dn.p)
		return err_memory(e, pem->path);
	br_x509_decoder_init(&dec, take_der, &dn);
	br_x509_decoder_push(&dec, pem->der.p, pem->der.n);
	if (br_x509_decoder_last_error(&dec)) {	/* a bundle may hold an exotic one */
		free(dn.p);
		return 0;
	}
	more = realloc(anchors->all, (anchors->n + 1) * sizeof *more);
	if (more)
		anchors->all = more;
	if (!more || anchor_init(more + anchors->n, &dec, dn) == -1) {
		free(dn.p);
		return err_memory(e, pem->path);
	}
	anchors->n++;
	pem->seen++;
	free(dn.p);
	return 0;
}

int
tls_pem_anchors(const char *path, struct tls_anchors *anchors, struct err *e)
{
	struct pem pem = { .path = path, .object = add_anchor, .to = anchors };

	if (each_object(&pem, false, e) == -1)
		return -1;
	if (!pem.seen)
		return err_set(e, "'%s' holds no CA certificate that can be used "
		    "(PEM; RSA, or EC P-256, P-384)", path);
	return 0;
}

void
tls_anchors_free(struct tls_anchors *anchors)
{
	while (anchors->n)
		anchor_free(&anchors->all[--anchors->n]);
	free(anchors->all);
	anchors->all = NULL;
}
