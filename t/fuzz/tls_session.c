/* tls_session.c - a session that can be read is written as the same bytes. */
#include <stdlib.h>

#include "net/tls_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = { (const char *)p, n }, rest = in;
	struct tls_session s;
	struct buf b;

	buf_init(&b, n + 1);
	while (rest.n && session_get(&rest, &s) == 0)
		if (session_put(&b, &s) == -1)
			abort();
	if (!str_eq(buf_view(&b), str_head(in, buf_len(&b))) || (rest.n == 0 && buf_len(&b) != n))
		abort();
	buf_free(&b);
	return 0;
}
