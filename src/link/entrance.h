/*
 * entrance.h - what one listener asks of who comes in: TLS, a credential, and
 * whose word it takes for where they come from.
 *
 *	0.0.0.0:8443,tls=proxy,trust_proxy=192.0.2.7,trust_proxy=10.0.0.0/8,auth=guests
 */
#ifndef FEDX_ENTRANCE_H
#define FEDX_ENTRANCE_H

#include "net/net.h"
#include "net/network.h"
#include "wire/httphead.h"

enum entrance_tls {
	ENTRANCE_EITHER,	/* not said: TLS if there is a certificate */
	ENTRANCE_ON, ENTRANCE_OFF,
	ENTRANCE_PROXY		/* it has ended at a proxy that is trusted */
};
enum entrance_auth {
	ENTRANCE_LISTED,	/* not said: a credential if there is a list of them */
	ENTRANCE_REQUIRED,
	ENTRANCE_GUESTS		/* a client without one is a guest */
};
enum { ENTRANCE_FEDX = 1, ENTRANCE_LINES = 2, ENTRANCE_TRUSTED = 16 };

struct entrance {
	uint8_t tls, auth;
	uint8_t dialects;	/* of guests: bits */
	size_t trusted_count;
	struct network trusted[ENTRANCE_TRUSTED];
};

int entrance_parse(struct str, struct entrance *, struct str *hostport, struct err *);
bool entrance_trusts(const struct entrance *, const char *peer);
	/* peer: "198.51.100.7:4711" */
bool entrance_forwarded(const struct entrance *, const struct http_head *, char to[ADDR_TEXT]);
	/* who asked a trusted peer, by X-Forwarded-For: the last address that is
	 * not of a trusted proxy, as "198.51.100.7:0"; false: it says none */

#endif
