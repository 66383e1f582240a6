/*
 * auth.h - who may join: a file of lines
 *
 *	role node-or-pattern cluster credential [expires]
 *
 * with `#` comments.  A pattern is "*" or "*.domain".  A credential is one of
 *
 *	sha256:HEX		the bearer token of that hash
 *	cert			a certificate that a CA of tls.client_ca vouches for, and
 *				that has the node id as a dNSName of its subjectAltName
 *	cert:sha256:HEX		that certificate, whoever signed it
 *	key:sha256:HEX		any certificate with that public key
 *
 * The file holds hashes, so it is no secret, but who can write it can join: it
 * must not be writable by others.  Expires is RFC 3339 UTC
 * ("2027-01-31T00:00:00Z").
 */
#ifndef FEDX_AUTH_H
#define FEDX_AUTH_H

#include "base/clock.h"
#include "base/err.h"
#include "base/errors.h"
#include "base/str.h"
#include "wire/hello.h"

struct auth;
struct tls_peer;
struct auth *auth_open(const char *path, struct err *);
	/* NULL: *e names file and line and what is wrong there */
void auth_close(struct auth *);
size_t auth_count(const struct auth *);
bool auth_asks_certificates(const struct auth *);	/* a line wants one */
bool auth_asks_ca(const struct auth *);			/* a line takes a CA's word */

struct grant {
	uint8_t role;			/* enum role that the credential is for */
	bool exact;			/* it names exactly one node */
	uint8_t hash[32];		/* of the token that was shown; zeros: none */
	char cluster[256];
};
enum error auth_check(const struct auth *, struct str token, const struct tls_peer *, uint8_t role,
    struct str node, struct wall now, struct grant *, const char **why);
	/* E_NONE: granted, by the token or the certificate, which may be NULL.
	 * Every line is compared, in time that does not depend on the token.
	 * *why: names no secret; static */
enum error auth_check_again(const struct auth *, const uint8_t hash[32], const struct tls_peer *,
    uint8_t role, struct str node, struct wall now, struct grant *, const char **why);
	/* the same for a token that was shown once, by its hash (zeros: none) */
int auth_read_token(const char *path, char token[TOKEN_MAX + 1], struct err *);
	/* the one line of a leaf's --token-file, which others must not read */

#endif
