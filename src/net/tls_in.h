/*
 * tls_in.h - what the tls*.c files share; nobody else includes it, nor
 * <bearssl.h>.
 *
 *	tls_pem.c	PEM files into chains, keys and anchors
 *	tls_ctx.c	settings into a context that many sessions share
 *	tls_x509.c	who the other side is: the CA's word, a pin, or anyone
 *	tls_text.c	BearSSL's error numbers as sentences
 *	tls.c		one session
 */
#ifndef FEDX_TLS_IN_H
#define FEDX_TLS_IN_H

#include <bearssl.h>

#include "net/tls.h"

/* Exit statuses of CONVENTIONS that loading and handshakes end with. */
enum { TLS_NO_FILE = 66, TLS_FAILED = 76, TLS_NO_PERMISSION = 77, TLS_BAD_CONFIG = 78 };

enum { DAYS_TO_1970 = 719528 };	/* BearSSL counts from the year 0 */

enum tls_trust { TRUST_CA, TRUST_PIN, TRUST_ANYONE };

struct tls_chain { br_x509_certificate *certs; size_t n; };
struct tls_anchors { br_x509_trust_anchor *all; size_t n; };

struct tls_ctx {
	unsigned holders;
	enum tls_trust trust;
	bool ask_client;
	uint8_t pin[TLS_HASH];
	struct tls_chain chain;		/* n 0: we show no certificate */
	struct tls_anchors anchors;
	br_skey_decoder_context key;	/* holds the private key's bytes itself */
	struct wall expires;
};

/* A verifier for BearSSL; lives from the start to the end of a handshake. */
struct tls_x509 {
	const br_x509_class *vtable;	/* first: BearSSL casts to it and back */
	const struct tls_ctx *ctx;
	enum tls_trust trust;
	const char *name;		/* NULL: a client's certificate, any name */
	unsigned shown;			/* certificates begun in this chain */
	bool trusted;			/* the whole chain was accepted */
	int why;			/* BearSSL's number, if it was not */
	br_sha256_context sha;
	uint8_t hash[TLS_HASH];		/* of the first certificate */
	br_x509_decoder_context first;	/* its key, when no CA vouches */
	br_x509_minimal_context minimal;
};

int tls_pem_chain(const char *path, struct tls_chain *, struct err *);
int tls_pem_key(const char *path, br_skey_decoder_context *, struct err *);
int tls_pem_anchors(const char *path, struct tls_anchors *, struct err *);
void tls_chain_free(struct tls_chain *);
void tls_anchors_free(struct tls_anchors *);

void tls_x509_init(struct tls_x509 *, const struct tls_ctx *, enum tls_trust,
    const char *name);
	/* ctx and name must outlive it */

const char *tls_sentence(int bearssl_error);
	/* what went wrong and what to do; never NULL */
const char *tls_alert_sentence(int alert);	/* why they ended it; never NULL */
const char *tls_sent_sentence(int alert);	/* why BearSSL made us end it; never NULL */

void tls_wipe(void *, size_t);		/* zeroes what the compiler thinks is dead */

#endif
