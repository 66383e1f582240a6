/* json.c - what the scanner takes is the sum of its slices; what it has not seen leads nowhere. */
#include <stdlib.h>

#include "wire/json.h"
#include "wire/utf8.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
walk(struct str value, bool checked, unsigned depth)
{
	struct str rest = value, name, item, text;
	struct json_fault fault;
	struct buf b, again;
	uint64_t u;
	bool truth;

	if (checked)
		MUST(json_type(value) != JSON_BAD && json_check(value, 64, &fault) == 0);
	buf_init(&b, 1 << 20);
	buf_init(&again, 1 << 20);
	if (json_text(value, &b) == 0 && checked) {
		MUST(utf8_valid(buf_view(&b)));
		MUST(json_quote(&again, buf_view(&b)) == 0);
		MUST(json_check(buf_view(&again), 0, &fault) == 0);
		if (json_text_plain(value, &text))
			MUST(str_eq(text, buf_view(&b)));
	} else if (checked)
		MUST(json_type(value) != JSON_STRING);
	buf_free(&b);
	buf_free(&again);
	json_u64(value, UINT64_MAX, &u);
	json_bool(value, &truth);
	if (depth == 64)
		return;
	while (json_next_element(&rest, &item)) {
		MUST(item.p >= value.p && item.p + item.n <= value.p + value.n && item.n > 0);
		walk(item, checked, depth + 1);
	}
	rest = value;
	while (json_next_member(&rest, &name, &item)) {
		MUST(name.p >= value.p && name.p + name.n <= item.p && name.n >= 2);
		MUST(item.p + item.n <= value.p + value.n && item.n > 0);
		if (checked) {
			char c[64];

			MUST(json_check(name, 0, &fault) == 0);
			buf_init(&b, 1 << 20);
			/* no name is there twice, so that the first of a name is this one */
			if (json_text(name, &b) == 0 && str_c(buf_view(&b), c, sizeof c) == 0)
				MUST(json_member(value, c).p == item.p);
			buf_free(&b);
		}
		walk(item, checked, depth + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };
	struct json_fault fault = { 0, NULL };
	struct buf b;
	bool good = json_check(in, 64, &fault) == 0;

	if (good) {
		MUST(utf8_valid(in));
		walk(str_trim(in), true, 0);
	} else {
		MUST(fault.why != NULL && fault.at <= n);
		if (n < 256)	/* a wrong text can be walked in more ways than a right one */
			walk(in, false, 60);
	}
	json_member(in, "a");
	buf_init(&b, 8 << 20);
	if (n)
		MUST(json_quote(&b, in) == 0 && json_check(buf_view(&b), 0, &fault) == 0);
	buf_free(&b);
	return 0;
}
