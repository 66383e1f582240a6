/* members.c - see members.h. */
#include <inttypes.h>

#include "node/members.h"
#include "wire/json.h"

void
put_member(struct buf *o, const char *name, struct str value)
{
	buf_fmt(o, ",\"%s\":", name);
	json_quote(o, value);
}

void
put_number(struct buf *o, const char *name, uint64_t value)
{
	buf_fmt(o, ",\"%s\":%" PRIu64, name, value);
}

void
put_words(struct buf *o, const char *name, struct str list)
{
	struct str one;

	buf_fmt(o, ",\"%s\":[", name);
	for (bool more = list.n > 0, first = true; more; first = false) {
		more = str_split(list, ' ', &one, &list);
		if (!first)
			buf_str(o, STR(","));
		json_quote(o, one);
	}
	buf_str(o, STR("]"));
}
