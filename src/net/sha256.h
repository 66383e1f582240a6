/* sha256.h - SHA-256 and HMAC-SHA-256 of views; BearSSL does the work (tls_hash.c). */
#ifndef FEDX_SHA256_H
#define FEDX_SHA256_H

#include "base/str.h"

void sha256(struct str, uint8_t out[32]);
void hmac_sha256(struct str key, struct str message, uint8_t out[32]);
bool hash_equal(const void *, const void *, size_t n);	/* in a time that depends on n alone */

#endif
