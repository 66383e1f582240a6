/*
 * x509.h - what BearSSL does not say of a certificate: all its names, what it
 * may be used for, its public key as bytes.
 *
 * Pure: it reads what somebody else has verified, or is to verify.
 */
#ifndef FEDX_X509_H
#define FEDX_X509_H

#include <stdbool.h>

#include "base/str.h"

enum { X509_SERVER = 1, X509_CLIENT = 2 };	/* extendedKeyUsage, as bits */

struct x509 {			/* views into the certificate */
	struct str key;		/* SubjectPublicKeyInfo, as DER */
	struct str names;	/* the elements of subjectAltName; empty: there is none */
	unsigned uses;		/* both bits if nothing limits it */
};

int x509_read(struct str der, struct x509 *);
	/* -1: no DER, more than one certificate, an extension twice */
bool x509_names_node(const struct x509 *, struct str node);
	/* one of its dNSNames is exactly that; a wildcard names no node, the
	 * subject's CN neither */
bool x509_names_host(const struct x509 *, struct str host);
	/* a dNSName is that in any case, or covers its first label with "*.";
	 * an address: an iPAddress is that, or a dNSName spells it so */
struct str x509_first(struct str chain);
	/* of several certificates, one behind another; empty: that is no DER */

#endif
