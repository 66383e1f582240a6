/* httpconnect.c - an answer means the same however it is split, and a refusal is one line for a log. */
#include <stdlib.h>

#include "wire/httpconnect.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };
	struct err why = { .status = 0 }, other = { .status = 0 };
	size_t used = 0, used_part = 0, at = n ? data[n - 1] % n : 0;
	enum parse all = httpconnect_answer(in, true, &used, &why), part;

	MUST(httpconnect_answer(in, false, &used, &other) == all);
	part = httpconnect_answer(str_head(in, at), true, &used_part, &other);
	MUST(part == PARSE_MORE || part == all);
	if (all == PARSE_OK)
		MUST(used <= n && used >= 4 && used <= HTTP_HEAD_MAX && (part == PARSE_OK) == (at >= used));
	if (all != PARSE_BAD)
		return 0;
	MUST(why.status == 69 || why.status == 76 || why.status == 77);
	for (const char *p = why.text; *p; p++)
		MUST(*p >= ' ' && *p < 127);
	return 0;
}
