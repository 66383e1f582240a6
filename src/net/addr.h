/*
 * addr.h - socket addresses from numbers as text, and back: no resolver here.
 */
#ifndef FEDX_ADDR_H
#define FEDX_ADDR_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

enum { ADDR_TEXT = 128 };	/* holds any "[v6]:port", and "unix" */

struct addr { struct sockaddr_storage at; socklen_t len; };

int addr_numeric(struct str host, uint16_t port, struct addr *);
	/* "192.0.2.1", "2001:db8::1"; -1: not a numeric address */
int addr_unix(struct str path, struct addr *, struct err *);
void addr_set(struct addr *, const struct sockaddr *, socklen_t);
	/* longer than any address: cut */
void addr_text(const struct addr *, char to[ADDR_TEXT]);
	/* "192.0.2.1:80", "[2001:db8::1]:80", "unix"; an IPv4 address mapped into
	 * IPv6 is shown as what it is */
uint16_t addr_port(const struct addr *);	/* of IPv4 or IPv6 */
bool addr_is_loopback(const struct addr *);

#endif
