/* lines_wire.c - what is parsed and printed parses to the same again, and is one line of JSON. */
#include <stdlib.h>

#include "dialect/lines_wire.h"
#include "wire/json.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };
	struct buf scratch, again, first, second;
	struct lines_message m, same;
	struct lines_fault f;
	struct json_fault where;

	buf_init(&scratch, LINES_IN_MAX);
	buf_init(&again, LINES_OUT_MAX);
	buf_init(&first, LINES_OUT_MAX);
	buf_init(&second, LINES_OUT_MAX);
	if (lines_parse(in, &scratch, &m, &f) == -1) {
		MUST(f.error != E_NONE && f.why.text[0]);
		MUST(!lines_recognise(in));
	} else {
		MUST(lines_print(&first, &m) == 0);
		MUST(json_check(buf_view(&first), LINES_DEPTH, &where) == 0);
		MUST(memchr(first.p + first.head, '\n', buf_len(&first)) == NULL);
		MUST(lines_parse(buf_view(&first), &again, &same, &f) == 0);
		MUST(m.type == same.type && m.id == same.id && m.more == same.more);
		MUST(m.payload_type == same.payload_type || m.payload.n == 0);
		MUST(m.payload_type == TYPE_JSON || str_eq(m.payload, same.payload));
		MUST(str_eq(m.service, same.service) && str_eq(m.method, same.method));
		MUST(lines_print(&second, &same) == 0);
		MUST(str_eq(buf_view(&first), buf_view(&second)));
	}
	buf_free(&scratch);
	buf_free(&again);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
