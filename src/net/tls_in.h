/*
 * tls_in.h - what the tls*.c files share; nobody else includes it, nor
 * <bearssl.h>.
 *
 *	tls_pem.c	PEM files into chains, keys and anchors
 *	tls_ctx.c	settings into a context that many sessions share
 *	tls_x509.c	who the other side is: the CA's word, a pin, or anyone
 *	tls_peer.c	what it has shown, kept for as long as the session
 *	tls_session.c	a handshake that need not be done again, as bytes
 *	tls_sessions.c	all of them
 *	tls_store.c	all of them in a file
 *	tls_resume.c	between them and BearSSL
 *	tls_text.c	error numbers, BearSSL's and our own, as sentences and alerts
 *	tls_open.c	one session before its first byte, and its end
 *	tls.c		... what it does between
 */
#ifndef FEDX_TLS_IN_H
#define FEDX_TLS_IN_H

#include <bearssl.h>

#include "net/tls.h"
#include "net/tls_session.h"
#include "net/x509.h"

/* Exit statuses of CONVENTIONS that loading and handshakes end with. */
enum { TLS_NO_FILE = 66, TLS_FAILED = 76, TLS_NO_PERMISSION = 77, TLS_BAD_CONFIG = 78 };

enum { DAYS_TO_1970 = 719528 };	/* BearSSL counts from the year 0 */

enum { TLS_CHAIN_CERTS = 8, TLS_CHAIN_BYTES = 16 * 1024, TLS_PINS = 8 };

/* Why a certificate is not taken, where BearSSL has no number for it. */
enum {
	WHY_NO_CLIENT_CA = 1000, WHY_UNKNOWN_CLIENT_CA, WHY_NOT_FOR_SERVERS, WHY_NOT_FOR_CLIENTS,
	WHY_OTHER_NAME, WHY_UNREADABLE, WHY_LONG_CHAIN, WHY_NOT_PINNED, WHY_NOT_YET, WHY_NO_MEMORY
};

enum tls_trust {
	TRUST_CA, TRUST_PIN, TRUST_ANYONE,
	TRUST_NOTED	/* a client's: what the CA says is noted, and nobody refused for it */
};

struct tls_pin { bool key; uint8_t hash[TLS_HASH]; };	/* of the key, else of the certificate */

struct tls_chain { br_x509_certificate *certs; size_t n; };
struct tls_anchors { br_x509_trust_anchor *all; size_t n; };

struct tls_ctx {
	unsigned holders;
	enum tls_trust trust;
	bool ask_client;
	struct tls_pin pins[TLS_PINS];
	size_t pin_count;
	struct tls_chain chain;		/* n 0: we show no certificate */
	struct tls_anchors anchors;
	br_skey_decoder_context key;	/* holds the private key's bytes itself */
	struct wall expires;
	unsigned uses;			/* of our own certificate: X509_SERVER, X509_CLIENT */
	struct tls_sessions *sessions;	/* NULL: each handshake is a full one */
	uint8_t generation[TLS_HASH];	/* of all that a session's identities hang on */
};

/* A verifier for BearSSL; lives from the start to the end of a handshake. */
struct tls_x509 {
	const br_x509_class *vtable;	/* first: BearSSL casts to it and back */
	const struct tls_ctx *ctx;
	enum tls_trust trust;
	const char *name;		/* NULL: a client's certificate, any name */
	unsigned shown;			/* certificates begun in this chain */
	int broken;			/* why the chain cannot even be kept; 0: it can */
	int why;			/* nobody vouches for it; 0: somebody does */
	bool holds;			/* its key decodes: the handshake proves who holds it */
	struct tls_peer *peer;		/* of what has come so far; NULL: nothing */
	br_x509_decoder_context first;	/* key and dates of the first certificate */
	br_x509_minimal_context minimal;
};

enum { TLS_NAME_MAX = 255, TLS_ALERT = 7 };

/* One connection's engine. */
struct tls {
	union {
		br_ssl_client_context client;
		br_ssl_server_context server;
	} as;
	br_ssl_engine_context *engine;	/* inside `as` */
	struct tls_ctx *ctx;
	struct tls_x509 *x509;		/* NULL once the handshake is over */
	char name[TLS_NAME_MAX + 1];
	bool client;			/* our side of it */
	bool open;			/* was open, perhaps is closed by now */
	bool fed;			/* something came from the other side */
	bool resumed;			/* offered and, once open, accepted */
	int refused;			/* why we end it after the handshake; 0: we do not */
	uint8_t alert[TLS_ALERT];	/* a record that BearSSL does not write */
	uint8_t alert_n, alert_sent;
	struct tls_peer *peer;		/* NULL: it has shown nothing; of the old session, while resumed */
	const br_ssl_session_cache_class *cache;	/* server: BearSSL casts to it and back */
	bool pending;			/* written, and not yet a record */
	uint8_t *io;			/* records: those that come, then those that go, each from a page on */
	size_t in_size, io_size;
};

int tls_pem_chain(const char *path, struct tls_chain *, struct err *);
int tls_pem_key(const char *path, br_skey_decoder_context *, struct err *);
int tls_pem_anchors(const char *path, struct tls_anchors *, struct err *);
void tls_chain_free(struct tls_chain *);
void tls_anchors_free(struct tls_anchors *);

void tls_x509_init(struct tls_x509 *, const struct tls_ctx *, enum tls_trust,
    const char *name);
	/* ctx and name must outlive it */
struct tls_peer *tls_x509_done(struct tls_x509 *);
	/* what was shown, if it proved its key: the caller's to free; NULL: none */
void tls_x509_free(struct tls_x509 *);

struct tls_peer *tls_peer_of(const struct tls_session *, const struct tls_ctx *);
	/* of its chain; NULL: it has none, or no memory */
struct tls_peer *tls_peer_grow(struct tls_peer *, size_t n);
	/* room for n bytes more; takes it, also on failure; NULL: no memory */
int tls_peer_read(struct tls_peer *, struct x509 *first);
	/* notes the hashes of the first certificate; -1: it cannot be read */
void tls_peer_judge(struct tls_peer *, const struct tls_ctx *, enum tls_trust, const char *name);
	/* anew, by the chain that was kept and the time that it is */

bool tls_resume_offer(struct tls *);	/* client: is there a session with that server? */
void tls_resume_accept(struct tls *);	/* server: it may ask for one; before its first bytes are fed */
struct tls_peer *tls_resume_peer(struct tls *);	/* the handshake is over: who it is; keeps a client's session */
void tls_resume_end(struct tls *);	/* it is closed: a session that led to nothing is forgotten */

void sessions_add(struct tls_sessions *, const struct tls_session *);
	/* copies; in place of the one of that id or name; no memory: it is not there */
const struct tls_session *sessions_find(struct tls_sessions *, bool client, struct str key,
    const uint8_t generation[SESSION_HASH]);
	/* key: a server's id, a client's name; until the next call; NULL: none
	 * that is of that generation and has time left */
void sessions_forget(struct tls_sessions *, bool client, struct str key);
int sessions_put(const struct tls_sessions *, struct buf *);	/* -1: full */

const char *tls_sentence(int bearssl_error);
	/* what went wrong and what to do; never NULL */
int tls_alert_for(int why);		/* to tell the other side what is wrong with its certificate */
const char *tls_alert_sentence(int alert);	/* why they ended it; never NULL */
const char *tls_sent_sentence(int alert);	/* why BearSSL made us end it; never NULL */

#endif
