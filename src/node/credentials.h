/*
 * credentials.h - tokens, keys and certificates: what a node shows and whom
 * it lets in; and the proxy by which it dials, which may want a password.
 */
#ifndef FEDX_CREDENTIALS_H
#define FEDX_CREDENTIALS_H

#include "link/auth.h"
#include "link/blocked.h"
#include "net/proxy.h"
#include "node/settings.h"

struct tls_ctx;
struct tls_sessions;

struct credentials {			/* what a reload loads anew */
	struct auth *auth;		/* hub: who may join; NULL: nobody is asked */
	struct blocked *blocked;	/* who may not, whatever else; NULL: no list */
	struct tls_ctx *server, *client;	/* NULL: no TLS there */
	bool visits;			/* our certificate is good for clients too */
	char token[TOKEN_MAX + 1];	/* what we show to an uplink; "": none */
	struct proxy proxy;
	struct own_key own;		/* or prove to have; its key.n 0: none */
	struct shared_key fresh;	/* to take its place, which is of a code; n 0: it is not */
};

int credentials_open(struct credentials *, const struct settings *, struct tls_sessions *,
    struct roster *, struct err *);
	/* sessions, roster: may be NULL, else must outlive what is opened; all, or -1 and nothing, *e with a status */
int credentials_node(const struct settings *, char node[256], struct err *);
	/* whom our own key names, before anything else is open; "": it names nobody, or there is none */
void credentials_close(struct credentials *);	/* wipes the keys; connections keep the TLS context they use */

#endif
