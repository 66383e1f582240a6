/*
 * blocked.h - tokens, keys and certificates that are refused whatever else
 * lets them in: a file of lines
 *
 *	sha256:HEX	# why
 *
 * of the hash of the token, of the key's bytes, of the certificate in DER, of
 * its public key.
 */
#ifndef FEDX_BLOCKED_H
#define FEDX_BLOCKED_H

#include "wire/auth_line.h"

struct blocked;
struct blocked *blocked_open(const char *path, struct err *);
	/* NULL: *e names file and line and what is wrong there; a file without a line is fine */
void blocked_close(struct blocked *);
size_t blocked_count(const struct blocked *);			/* NULL: 0 */
bool blocked_has(const struct blocked *, const uint8_t hash[HASH]);	/* NULL: false */

#endif
