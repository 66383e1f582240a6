/*
 * proxy.h - by which HTTP proxy we dial, and for which hosts.
 *
 * The loopback addresses of this host are never dialled by it: what would
 * answer there is the proxy's own host.  A socket path never is.
 */
#ifndef FEDX_PROXY_H
#define FEDX_PROXY_H

#include "base/err.h"
#include "net/net.h"

enum { PROXY_LOGIN_MAX = 511, PROXY_EXCEPT_MAX = 2047 };

struct proxy {
	char host[256];				/* "": there is none */
	uint16_t port;
	char login[PROXY_LOGIN_MAX + 1];	/* "user:password"; "": none; a secret */
	char except[PROXY_EXCEPT_MAX + 1];	/* hosts that are dialled without it */
};

struct proxy_settings {
	const char *url, *file, *except;	/* NULL: not given */
};

int proxy_find(struct proxy *, const struct proxy_settings *, struct err *);
	/* the URL; or that in the file; or that of https_proxy or HTTPS_PROXY;
	 * except, or no_proxy, or NO_PROXY; -1: *e, never with user or password */
int proxy_parse(struct proxy *, struct str url, struct err *);
	/* "http://[USER:PASSWORD@]HOST[:PORT]" (80) or "HOST:PORT"; %XX in user
	 * and password; except is left as it is */
bool proxy_url_has_login(struct str url);
bool proxy_serves(const struct proxy *, const struct url *);
	/* except: names (with all below them), addresses, networks ("10.0.0.0/8"),
	 * with commas or blanks between; "*": all */

#endif
