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
	const char *ca;			/* PEM file of anchors; client: needed unless pin or insecure;
					 * server: of those who show a certificate; may be NULL */
	const char *pin;		/* "sha256:HEX" of the server's certificate, "key:sha256:HEX" of
					 * its public key; up to 8, with blanks between; may be NULL */
	bool insecure;			/* client: take any certificate, unless pin or ca say which */
	struct tls_sessions *sessions;	/* must outlive the context; NULL: none is resumed */
	bool ask_client;		/* server: ask for a client certificate; whatever comes
					 * is noted, and nobody refused for it */
};

/* The certificate that the other side has shown, and proven to hold the key of. */
struct tls_peer {
	uint8_t cert[TLS_HASH];		/* SHA-256 of it in DER */
	uint8_t key[TLS_HASH];		/* SHA-256 of its SubjectPublicKeyInfo */
	bool vouched;			/* a CA or a pin vouches for it: it may be what it says */
	const char *why;		/* why nobody does; static; "" */
	int64_t expires;		/* its certificate does, seconds since 1970 */
	size_t n;			/* bytes of the chain, its own certificate first, in DER */
	uint8_t chain[];
};
bool tls_peer_names(const struct tls_peer *, struct str node);
	/* a dNSName of its subjectAltName is exactly that */

struct tls_ctx *tls_ctx_open(const struct tls_settings *, struct err *);
	/* reads the files; NULL says which and why (a key that others may read
	 * is refused; a key that does not fit the certificate too); a client
	 * may have cert and key as well, to show when it is asked */
struct tls_ctx *tls_ctx_keep(struct tls_ctx *);	/* one more holder */
void tls_ctx_close(struct tls_ctx *);		/* one holder less; wipes the key at the last */
struct wall tls_ctx_expires(const struct tls_ctx *);	/* end of our certificate; s 0: none */
bool tls_ctx_serves(const struct tls_ctx *);	/* our certificate is good for servers */
bool tls_ctx_visits(const struct tls_ctx *);	/* for clients (extendedKeyUsage) */

/*
 * Handshakes that need not be done in full again, of both sides: one for a
 * node, used by all its contexts.  A session holds for an hour, or until a
 * certificate, CA or pin of its context changes; who is the other side in it
 * is who it was.  A server resumes those of clients that offer fedx/1 alone.
 */
enum { TLS_STORE_KEY = 32 };
struct tls_sessions *tls_sessions_open(void);		/* NULL: no memory */
void tls_sessions_close(struct tls_sessions *);		/* wipes; after all contexts; NULL is fine */
uint64_t tls_sessions_news(const struct tls_sessions *);	/* another number: there are new ones */
bool tls_store_key(const struct tls_ctx *, struct str token, uint8_t key[TLS_STORE_KEY]);
	/* from our private key, else from the token; ctx may be NULL; false: there is neither */
int tls_sessions_write(const struct tls_sessions *, const char *path,
    const uint8_t key[TLS_STORE_KEY], struct err *);
	/* encrypted, 0600, as a whole or not at all */
int tls_sessions_read(struct tls_sessions *, const char *path, const uint8_t key[TLS_STORE_KEY],
    struct err *);	/* -1: *e says why none were taken, 66 if there is no file */

struct tls *tls_server(struct tls_ctx *, struct err *);
struct tls *tls_client(struct tls_ctx *, const char *name, struct err *);
	/* name: one of subjectAltName, an IP address as iPAddress or dNSName; the
	 * CN is none; ALPN "fedx/1" and "http/1.1" are offered by the client,
	 * chosen by the server when offered */
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
void tls_rest(struct tls *);			/* nothing will happen for a while: gives memory back */
void tls_end(struct tls *);			/* queue close_notify */
const struct tls_peer *tls_peer(const struct tls *);	/* once open; NULL: none shown */
bool tls_peer_hash(const struct tls *, uint8_t hash[TLS_HASH]);	/* of that; false: none shown */
bool tls_own_hash(const struct tls *, uint8_t hash[TLS_HASH]);	/* of the one that we show; false: none */
bool tls_shown(const struct tls *);			/* a client's, once open: our certificate was asked for, and shown */
bool tls_resumed(const struct tls *);			/* once open: it went on from an older one */
int tls_review(struct tls *, struct tls_ctx *now, struct err *);
	/* what this context, and the time, say of it today: noted in tls_peer();
	 * -1: it is a server's, and would be refused; now NULL: nobody vouches */
bool tls_is_of(const struct tls *, const struct tls_ctx *);	/* it began in that context */
const char *tls_alpn(const struct tls *);	/* "" when none */
const char *tls_cipher_name(const struct tls *);	/* for the link list */
void tls_wipe(void *, size_t);		/* zeroes what the compiler thinks is dead */

#endif
