/*
 * tls.h - TLS as a machine without I/O: four windows on bytes, and who the
 * other side is.  The only files that know BearSSL are those named tls*.
 *
 * TLS 1.2 only; ECDHE with AEAD only; no renegotiation; AES-GCM first where
 * the processor has it, else ChaCha20-Poly1305.
 */
#ifndef FEDX_TLS_H
#define FEDX_TLS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

struct tls_ctx;		/* keys, certificates, anchors: shared, counted */
struct tls;		/* one connection's engine */

enum { TLS_HASH = 32 };	/* SHA-256 of a certificate in DER */

struct tls_settings {
	const char *cert, *key;		/* PEM files; server: both needed */
	const char *ca;			/* PEM file of anchors; client: needed unless pin or insecure */
	const char *pin;		/* "sha256:<64 hex>": hash of the server's certificate; may be NULL */
	bool insecure;			/* client: take any certificate, unless pin or ca say which */
	bool ask_client;		/* server: ask for a client certificate; none is
					 * fine, one that is not under `ca` ends the session */
};

struct tls_ctx *tls_ctx_open(const struct tls_settings *, struct err *);
	/* reads the files; NULL says which and why (a key that others may read
	 * is refused; a key that does not fit the certificate too); a client
	 * may have cert and key as well, to show when it is asked */
struct tls_ctx *tls_ctx_keep(struct tls_ctx *);	/* one more holder */
void tls_ctx_close(struct tls_ctx *);		/* one holder less; wipes the key at the last */
struct wall tls_ctx_expires(const struct tls_ctx *);	/* end of our certificate; s 0: none */

struct tls *tls_server(struct tls_ctx *, struct err *);
struct tls *tls_client(struct tls_ctx *, const char *name, struct err *);
	/* name: as in the certificate; an IP address is matched as text against
	 * dNSName and CN too, since BearSSL does not read iPAddress; ALPN
	 * "fedx/1" is offered by the client, chosen by the server when offered */
void tls_free(struct tls *);			/* wipes; NULL is fine */

enum tls_state { TLS_HANDSHAKE, TLS_OPEN, TLS_CLOSED };
enum tls_state tls_state(const struct tls *);
	/* CLOSED: *tls_error says why, an orderly end included */
int tls_error(const struct tls *, struct err *);	/* 0: orderly end; -1: *e */
size_t tls_feed(struct tls *, struct str cipher);	/* how many bytes it took; may be 0 until plain is eaten or cipher sent */
struct str tls_plain(struct tls *);		/* decrypted, waiting; until the next call */
void tls_plain_eat(struct tls *, size_t);
size_t tls_write(struct tls *, struct str plain);	/* how many bytes it took; fills records */
void tls_flush(struct tls *);			/* end the open record */
struct str tls_cipher(struct tls *);		/* records to send; until the next call */
void tls_cipher_eat(struct tls *, size_t);
void tls_end(struct tls *);			/* queue close_notify */
bool tls_peer_hash(const struct tls *, uint8_t hash[TLS_HASH]);	/* false: none shown */
bool tls_peer_verified(const struct tls *);
	/* a CA or a pin vouches for the certificate that it has shown */
const char *tls_alpn(const struct tls *);	/* "" when none */
const char *tls_cipher_name(const struct tls *);	/* for the link list */

#endif
