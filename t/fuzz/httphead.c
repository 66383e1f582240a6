/* httphead.c - a head means the same however it is split, and its views stay inside it. */
#include <stdlib.h>

#include "wire/httphead.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

typedef enum parse parse_fn(struct str, struct http_head *, size_t *, const char **);

static void
inside(struct str in, struct str view)
{
	MUST(view.n == 0 || (view.p >= in.p && view.p + view.n <= in.p + in.n));
	for (size_t i = 0; i < view.n; i++)
		MUST(view.p[i] != '\0' && view.p[i] != '\r' && view.p[i] != '\n');
}

static void
try(parse_fn *parse, struct str in)
{
	static struct http_head h, part;
	const char *why = NULL;
	size_t used = 0, used_part;
	enum parse all = parse(in, &h, &used, &why);

	if (all == PARSE_BAD)
		MUST(why != NULL);
	if (all == PARSE_OK) {
		MUST(used <= in.n && used <= HTTP_HEAD_MAX + 2 && h.count <= HTTP_FIELDS_MAX);
		MUST(used >= 4 && memcmp(in.p + used - 4, "\r\n\r\n", 4) == 0);
		MUST(!(h.chunked && h.has_length));
		inside(str_head(in, used), h.method);
		inside(str_head(in, used), h.target);
		for (size_t i = 0; i < h.count; i++) {
			inside(str_head(in, used), h.fields[i].name);
			inside(str_head(in, used), h.fields[i].value);
			MUST(h.fields[i].name.n > 0);
		}
	}
	/* at one place that the input itself picks, and just before the end */
	for (size_t n = in.n ? (unsigned char)in.p[in.n - 1] % in.n : 0, i = 0; i < 2; i++) {
		enum parse some = parse(str_head(in, n), &part, &used_part, &why);

		MUST(some == PARSE_MORE || some == all);
		if (all == PARSE_OK) {
			MUST((some == PARSE_OK) == (n >= used));
			MUST(some != PARSE_OK || used_part == used);
		}
		n = all == PARSE_OK ? used - 1 : in.n / 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };

	try(http_request_parse, in);
	try(http_response_parse, in);
	return 0;
}
