/*
 * auth_line.h - one line of a file that says who may join
 *
 *	role node-or-pattern cluster credential [expires] [scope=PATTERN ...]
 *
 * with a `#` comment behind it.  A credential is, in the file of tokens, one of
 *
 *	sha256:HEX		the bearer token of that hash
 *	cert			a certificate that a CA of tls.client_ca vouches for, and
 *				that has the node id as a dNSName of its subjectAltName
 *	cert:sha256:HEX		that certificate, whoever signed it
 *	key:sha256:HEX		any certificate with that public key
 *
 * and in the file of shared keys
 *
 *	key:HEX			a key of 32 to 64 bytes
 *
 * A pattern of nodes is "*" or "*.domain"; expires is RFC 3339 UTC
 * ("2027-01-31T00:00:00Z").  Who has a scope may claim, ask for, publish and
 * subscribe to what it covers, and to nothing else; without one, to anything.
 */
#ifndef FEDX_AUTH_LINE_H
#define FEDX_AUTH_LINE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { HASH = 32, KEY_MIN = 32, KEY_MAX = 64 };	/* bytes */
enum { AUTH_SCOPES_MAX = 16, AUTH_SCOPE_MAX = 255 };	/* of a line; bytes of one */

struct shared_key { uint8_t bytes[KEY_MAX]; size_t n; };	/* a secret; n 0: none */

static inline struct str
key_view(const struct shared_key *k)
{
	return (struct str){ (const char *)k->bytes, k->n };
}

enum credential_kind {
	CREDENTIAL_NONE, CREDENTIAL_TOKEN, CREDENTIAL_KEY,
	CREDENTIAL_CA, CREDENTIAL_CERTIFICATE, CREDENTIAL_PUBLIC_KEY,	/* of lines, and not of links */
	CREDENTIAL_CODE,		/* of an invitation: it is redeemed, and lets nobody in by itself */
	CREDENTIAL_USER			/* over the bus, by our own user: no line is asked for */
};
struct credential {			/* what somebody has shown, not the secret itself */
	enum credential_kind kind;
	uint8_t hash[HASH];		/* SHA-256 of the token, of the key's bytes, ... */
};

struct auth_line {
	struct credential is;
	struct shared_key key;			/* of CREDENTIAL_KEY */
	uint8_t role;
	struct str node, cluster;	/* into the text */
	int64_t expires;		/* seconds since 1970; 0: never */
	struct str scopes;		/* words scope=PATTERN, into the text; whether each is a
					 * pattern is for fabric/pattern.h to say */
};

int auth_line_parse(struct str text, bool keys, struct auth_line *, struct err *);
	/* keys: of a file of shared keys, without their hash; 1: nothing but a comment; -1: *e, which never repeats a secret */
int auth_key_put(struct buf *, const struct auth_line *);
	/* of CREDENTIAL_KEY, as such a line, with its LF; -1: full */
bool auth_scope_next(struct str *scopes, struct str *pattern);	/* takes one off; false: no more */
int auth_hash_parse(struct str word, uint8_t hash[HASH]);	/* "sha256:HEX"; -1: it is none */
bool node_pattern_is_exact(struct str);		/* it names one node */
bool node_pattern_covers(struct str pattern, struct str node);

#endif
