/* sniff.c - the answer comes with the eighth byte at the latest, and more bytes never change it. */
#include <stdlib.h>

#include "net/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum sniffed was = SNIFF_MORE, now;

	for (size_t i = 0; i <= n && i <= 16; i++) {
		now = sniff((struct str){ (const char *)data, i });
		if ((was != SNIFF_MORE && now != was) || (i >= 8 && now == SNIFF_MORE) || now > SNIFF_UNKNOWN)
			abort();
		was = now;
	}
	return 0;
}
