/* proxyhead.c - a PROXY header means the same however it is split, and its address is one. */
#include <stdlib.h>

#include "wire/proxyhead.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };
	struct proxyhead h, part;
	const char *why = NULL;
	size_t used = 0, used_part = 0;
	enum parse all = proxyhead_parse(in, &h, &used, &why), some;

	MUST(all != PARSE_BAD || why);
	for (size_t at = 0; at < n && at < 64; at++) {
		some = proxyhead_parse(str_head(in, at), &part, &used_part, &why);
		MUST(some == PARSE_MORE || some == all);
		MUST(all != PARSE_OK || (some == PARSE_OK) == (at >= used));
	}
	if (all != PARSE_OK)
		return 0;
	MUST(used && used <= n && used <= PROXYHEAD_MAX && memchr(h.host, '\0', sizeof h.host));
	MUST(strspn(h.host, "0123456789abcdef:.") == strlen(h.host));
	return 0;
}
