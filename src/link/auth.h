/*
 * auth.h - who may join: bearer tokens, from a file of lines
 *
 *	role node-or-pattern cluster sha256:HEX [expires]
 *
 * with `#` comments.  A pattern is "*" or "*.domain".  The file holds hashes,
 * so it is no secret, but who can write it can join: it must not be writable
 * by others.  Expires is RFC 3339 UTC ("2027-01-31T00:00:00Z").
 */
#ifndef FEDX_AUTH_H
#define FEDX_AUTH_H

#include "base/clock.h"
#include "base/err.h"
#include "base/errors.h"
#include "base/str.h"
#include "wire/hello.h"

struct auth;
struct auth *auth_open(const char *path, struct err *);
	/* NULL: *e names file and line and what is wrong there */
void auth_close(struct auth *);
size_t auth_count(const struct auth *);

struct grant {
	uint8_t role;			/* enum role that the credential is for */
	bool exact;			/* it names exactly one node */
	uint8_t hash[32];		/* of the token, as in the file */
	char cluster[256];
};
enum error auth_check(const struct auth *, struct str token, uint8_t role,
    struct str node, struct wall now, struct grant *, const char **why);
	/* E_NONE: granted.  Every line is compared, in time that does not
	 * depend on the token.  *why: static, names no secret */
enum error auth_check_again(const struct auth *, const uint8_t hash[32], uint8_t role,
    struct str node, struct wall now, struct grant *, const char **why);
	/* the same for a token that was granted once, by its hash */
int auth_read_token(const char *path, char token[TOKEN_MAX + 1], struct err *);
	/* the one line of a leaf's --token-file, which others must not read */

#endif
