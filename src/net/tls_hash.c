/* tls_hash.c - see sha256.h. */
#include "net/sha256.h"
#include "net/tls_in.h"

void
sha256(struct str in, uint8_t out[32])
{
	br_sha256_context sha;

	br_sha256_init(&sha);
	br_sha256_update(&sha, in.p, in.n);
	br_sha256_out(&sha, out);
}

void
hmac_sha256(struct str key, struct str message, uint8_t out[32])
{
	br_hmac_key_context kc;
	br_hmac_context c;

	br_hmac_key_init(&kc, &br_sha256_vtable, key.p, key.n);
	br_hmac_init(&c, &kc, 0);
	br_hmac_update(&c, message.p, message.n);
	br_hmac_out(&c, out);
	tls_wipe(&kc, sizeof kc);
	tls_wipe(&c, sizeof c);
}

bool
hash_equal(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;
	unsigned differ = 0;

	while (n--)
		differ |= (unsigned)(*p++ ^ *q++);
	return differ == 0;
}
