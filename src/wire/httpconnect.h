/*
 * httpconnect.h - HTTP CONNECT (RFC 9110 section 9.3.6), pure: what a proxy is
 * asked, and what its answer means to who wanted to get through.
 */
#ifndef FEDX_HTTPCONNECT_H
#define FEDX_HTTPCONNECT_H

#include "base/buf.h"
#include "base/err.h"
#include "wire/httphead.h"

int httpconnect_request(struct buf *, struct str to, struct str login);
	/* to: "host:port"; login: "user:password", or empty; -1: full */
enum parse httpconnect_answer(struct str in, bool with_login, size_t *used, struct err *why);
	/* OK: the tunnel begins behind *used; BAD: a sentence that follows "the
	 * proxy", and an exit status: 77 it refuses, 69 it cannot get there, 76 it is none */

#endif
