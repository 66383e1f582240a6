/* envelope.c - any bytes: no split changes the answer, and what parses is written back the same. */
#include <stdlib.h>

#include "wire/envelope.h"
#include "wire/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool held)
{
	if (!held)
		abort();
}

static void
check_written(const struct envelope *e, struct str bytes)
{
	uint8_t *to = malloc(bytes.n);	/* exact: a byte too many is seen */

	must(to != NULL && envelope_size(e) == bytes.n);
	must(envelope_write(to, e, (struct str){ NULL, 0 }) == to + bytes.n);
	must(str_eq((struct str){ (const char *)to, bytes.n }, bytes));
	free(to);
	must(kind_name(e->kind) != NULL && type_name(e->type) != NULL);
	must(!(kind_by(e->kind) & BY_NEW) || kind_class(e->kind) == CLASS_LINK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	enum { MAX = 2048 };
	struct str in = { (const char *)p, n };
	struct envelope e, part;
	struct meta_facts facts;
	size_t used = 0, ignored;
	const char *why = NULL;
	enum parse whole = envelope_parse(in, MAX, &e, &used, &why);

	must(whole != PARSE_BAD || why != NULL);
	for (size_t cut = 0; cut < n; cut += cut < 64 ? 1 : 13) {
		enum parse r = envelope_parse(str_head(in, cut), MAX, &part, &ignored, &why);

		if (whole == PARSE_OK)
			must(r == (cut < used ? PARSE_MORE : PARSE_OK));
		else if (whole == PARSE_MORE)
			must(r == PARSE_MORE);
		else	/* decided by the header, and never taken back */
			must(r != PARSE_OK && (r == PARSE_BAD || cut < ENVELOPE_HEAD));
	}
	if (whole == PARSE_OK) {
		must(used <= n && e.payload.n <= MAX);
		check_written(&e, str_head(in, used));
		meta_look(e.meta, e.origin, &facts);
	}
	return 0;
}
