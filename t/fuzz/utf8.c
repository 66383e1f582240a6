/* utf8.c - valid is what steps can walk through; a step is a scalar value in its one form. */
#include <stdlib.h>

#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
is_shortest(const uint8_t *p, size_t n)	/* decoded the plain way, and measured again */
{
	static const uint8_t head[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = p[0] & head[n];

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) &&
	    n == (c < 0x80 ? 1u : c < 0x800 ? 2u : c < 0x10000 ? 3u : 4u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t at = 0, step = 1;

	while (at < n && step) {
		step = utf8_step((struct str){ (const char *)data + at, n - at });
		if (step > 4 || step > n - at || (step && !is_shortest(data + at, step)))
			abort();
		at += step;
	}
	if (utf8_valid((struct str){ (const char *)data, n }) != (at == n))
		abort();
	return 0;
}
