/*
 * keygen.h - fedx-probe keygen: a CA, certificates, tokens and shared keys for
 * hubs and leaves.  The certificates come from the openssl command.
 */
#ifndef FEDX_KEYGEN_H
#define FEDX_KEYGEN_H

#include "base/err.h"
#include "base/str.h"

enum {	/* CONVENTIONS section 3 */
	KEYGEN_USAGE = 64, KEYGEN_NO_OPENSSL = 69, KEYGEN_FAILED = 70, KEYGEN_CANNOT = 73
};

enum { KEYGEN_NAMES = 16, KEYGEN_PATH = 1024, KEYGEN_DAYS_MAX = 36500 };

struct keygen {
	const char *name;		/* of the hub, the leaf, the node */
	const char *dir;
	const char *ip[KEYGEN_NAMES], *dns[KEYGEN_NAMES];	/* that the certificate carries too */
	size_t ips, dnses;
	unsigned days;
	const char *role, *cluster, *expires;	/* of a token or key */
	bool shared;			/* a key, not a token */
};

int keygen_main(int argc, char **argv);
	/* argv[0] is the verb; the exit status, after saying why on stderr */

/* One step each; -1: *e says why, with the exit status. */
int keygen_certificate(const struct keygen *, const char *what, struct err *);
	/* what: "hub" or "leaf", DIR/what.pem and DIR/what.key; makes the CA
	 * DIR/ca.pem, DIR/ca.key where there is none */
int keygen_secret(const struct keygen *, struct err *);
int keygen_path(const struct keygen *, const char *leaf, const char *suffix,
    char to[KEYGEN_PATH], struct err *);
int keygen_create(const char *path, unsigned mode, struct err *);
	/* a descriptor on a new file; what is there already stays */

#endif
