/*
 * wshake.h - the opening handshake of WebSocket (RFC 6455 section 4), pure:
 * heads in, heads out.
 */
#ifndef FEDX_WSHAKE_H
#define FEDX_WSHAKE_H

#include "base/buf.h"
#include "wire/httphead.h"

struct wshake_ask { struct str key, protocols, path, host; };

bool wshake_is_upgrade(const struct http_head *);	/* asks for websocket at all? */
unsigned wshake_check(const struct http_head *, struct wshake_ask *, const char **why);
	/* 0: a good request; else the HTTP status to refuse it with (400, 405,
	 * 426) and why */
bool wshake_offers(struct str protocols, const char *name);
int wshake_accept(struct buf *, struct str key, const char *protocol);
	/* the 101 response; protocol NULL: none selected; -1: full */
int wshake_request(struct buf *, struct str host, struct str path,
    const char *protocol, const uint8_t nonce[16]);	/* the client's GET */
int wshake_verify(const struct http_head *response, const uint8_t nonce[16],
    const char *protocol, const char **why);	/* -1: not a fitting 101 */
void sha1(struct str in, uint8_t out[20]);	/* only for Sec-WebSocket-Accept */

#endif
