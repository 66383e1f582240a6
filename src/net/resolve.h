/*
 * resolve.h - host names to addresses by c-ares, in the loop.
 *
 * Only for names: numbers, "localhost" and paths need no look-up.
 */
#ifndef FEDX_RESOLVE_H
#define FEDX_RESOLVE_H

#include "net/addr.h"
#include "net/net.h"

enum {
	LOOKUP_ADDRS = 8,	/* of a name that has more the first are taken */
	SRV_TARGETS = 16	/* of a domain that has more the first in order are taken */
};

struct target { char host[256]; uint16_t port; };	/* of an SRV record */

struct resolver;	/* one per net, opened with the first look-up */
struct lookup;

typedef void resolved_fn(void *owner, const struct addr *, size_t n, const struct err *);
	/* exactly once, never inside lookup_open(): n > 0 and err NULL, or why;
	 * in the order to try; the lookup is gone */
struct lookup *lookup_open(struct net *, const char *host, uint16_t port, resolved_fn *,
    void *owner, struct err *);
	/* copies host; NULL: *e */
typedef void targeted_fn(void *owner, const struct target *, size_t n, const struct err *);
	/* as resolved_fn */
struct lookup *lookup_open_srv(struct net *, struct str domain, bool tls, targeted_fn *,
    void *owner, struct err *);
	/* the SRV records _fedx._tcp.DOMAIN, or _fedxs._tcp.DOMAIN for TLS */
void lookup_close(struct lookup *);	/* resolved() is not called; NULL is fine */
void resolver_close(struct resolver *);	/* NULL is fine */

#endif
