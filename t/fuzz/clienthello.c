/* clienthello.c - any bytes, fed cut short: only a whole record is ours. */
#include <stdlib.h>

#include "net/clienthello.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = { (const char *)p, n };

	if (!clienthello_is_ours(in))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (clienthello_is_ours(str_head(in, i)))
			abort();
	return 0;
}
