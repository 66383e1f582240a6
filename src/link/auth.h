/*
 * auth.h - who may join: tokens, certificates and shared keys, from files of lines
 * (auth_line.h).
 *
 * The file of tokens holds hashes, so it is no secret, but who can write it
 * can join: it must not be writable by others.  That of keys is a secret: it
 * must not be readable either.
 */
#ifndef FEDX_AUTH_H
#define FEDX_AUTH_H

#include "base/clock.h"
#include "base/errors.h"
#include "wire/auth_line.h"
#include "wire/challenge.h"
#include "wire/hello.h"

struct roster;
struct auth_files {
	const char *tokens, *keys;		/* NULL: there is none */
	const struct roster *roster;		/* likewise; must outlive the auth */
};

struct auth;
struct tls_peer;
struct auth *auth_open(const struct auth_files *, struct err *);
	/* NULL: *e names file and line and what is wrong there */
void auth_close(struct auth *);		/* wipes the keys */
size_t auth_count(const struct auth *, bool keys);	/* lines of that file; NULL: 0 */
bool auth_asks_certificates(const struct auth *);	/* a line wants one */
bool auth_asks_ca(const struct auth *);			/* a line takes a CA's word */

struct grant {
	uint8_t role;			/* enum role that the credential is for */
	bool exact;			/* it names exactly one node */
	char cluster[256];
	struct str scopes;		/* words scope=PATTERN; empty: any; as long as the auth */
};
enum error auth_check(const struct auth *, const struct credential *, const struct tls_peer *,
    uint8_t role, struct str node, struct wall now, struct grant *, const char **why);
	/* E_NONE: granted, by the token or key that was shown, or by the
	 * certificate, which may be NULL.  Every line is compared, in time that
	 * does not depend on the secret.  *why: static, names no secret */
void auth_find_key(const struct auth *, struct str id, struct shared_key *, struct credential *);
	/* the key with this id, of KEY_ID bytes.  None: another that nobody
	 * has, in the same time, and the credential is of CREDENTIAL_NONE; auth
	 * may be NULL */

int auth_file_mode(const char *path, bool secret, struct err *);	/* -1: others may write it, or read a secret */
int auth_scopes_check(struct str scopes, struct err *);	/* -1: one is no pattern */
void token_credential(struct str token, struct credential *);	/* "": CREDENTIAL_NONE */

/* What a node itself shows to whom it dials: the one line of a file, which others must not read. */
struct own_key { struct shared_key key; uint8_t role; char node[256], cluster[256]; };	/* node: may be a pattern */
int auth_read_token(const char *path, char token[TOKEN_MAX + 1], struct err *);
int auth_read_key(const char *path, struct own_key *, struct err *);

#endif
