/* base64.c - bytes come back; a text that is taken is the one that would be written. */
#include <stdlib.h>

#include "wire/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };
	struct buf a, b;

	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	if (base64_put(&a, in) == -1 || base64_get(&b, buf_view(&a)) == -1 || !str_eq(buf_view(&b), in))
		abort();
	buf_free(&a);
	buf_free(&b);
	if (base64_get(&b, in) == 0) {
		if (base64_put(&a, buf_view(&b)) == -1 || !str_eq(buf_view(&a), in))
			abort();
	} else if (buf_len(&b) != 0)
		abort();
	buf_free(&a);
	buf_free(&b);
	return 0;
}
