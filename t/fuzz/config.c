/* config.c - any settings file ends, as well-formed lines or as an error with a reason. */
#include <stdlib.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(bool held)
{
	if (!held)
		abort();
}

/* "KEY=VALUE\tx.lua:LINE" */
static void
check_line(struct str line)
{
	struct str key, rest, value, place;
	uint64_t number;

	check(str_split(line, '=', &key, &rest) && key.n > 0);
	for (size_t i = 0; i < key.n; i++)
		check(key.p[i] == '.' || key.p[i] == '_' || (key.p[i] >= '0' && key.p[i] <= '9') ||
		    ((key.p[i] | 0x20) >= 'a' && (key.p[i] | 0x20) <= 'z'));
	check(str_split(rest, '\t', &value, &place));
	for (size_t i = 0; i < value.n; i++)
		check((unsigned char)value.p[i] >= ' ');
	check(str_starts(place, STR("x.lua:")));
	check(str_u64(str_skip(place, 6), 1u << 30, &number) == 0 && number > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str text = { (const char *)p, n }, rest, line;
	struct err e = { .text = "" };
	struct buf lines;

	buf_init(&lines, 64 << 10);
	if (config_read(STR("x.lua"), text, &lines, &e) == -1)
		check(e.text[0] != '\0' && buf_len(&lines) == 0);
	for (rest = buf_view(&lines); rest.n;) {
		check(str_split(rest, '\n', &line, &rest));
		check_line(line);
	}
	buf_free(&lines);
	return 0;
}
