/* sha256.h - SHA-256 of a view; BearSSL does the work (tls.c). */
#ifndef FEDX_SHA256_H
#define FEDX_SHA256_H

#include "base/str.h"

void sha256(struct str, uint8_t out[32]);

#endif
