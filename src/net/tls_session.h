/*
 * tls_session.h - one handshake that need not be done in full again, and how
 * many of them are written down: in net/ alone.
 *
 * Pure: sizes are checked, and nothing is believed that the generation does
 * not confirm.
 */
#ifndef FEDX_TLS_SESSION_H
#define FEDX_TLS_SESSION_H

#include "base/buf.h"

enum { SESSION_ID = 32, SESSION_MASTER = 48, SESSION_HASH = 32, SESSION_CHAIN_MAX = 16 * 1024 };

struct tls_session {
	bool client;			/* our side of it */
	struct str id;			/* up to SESSION_ID bytes; a server's: all of them */
	struct str name;		/* client: of the server; else empty */
	uint16_t suite;
	uint8_t master[SESSION_MASTER];
	uint8_t generation[SESSION_HASH];	/* of the certificate, CAs and pins that it began with */
	int64_t expires;		/* seconds since 1970 */
	bool vouched;			/* for the chain */
	int64_t chain_expires;
	struct str chain;		/* what the other side has shown; may be empty */
};

int session_put(struct buf *, const struct tls_session *);	/* -1: full */
int session_get(struct str *in, struct tls_session *);
	/* views into it; eats it from *in; -1: that is none, and *in is as it was */

#endif
