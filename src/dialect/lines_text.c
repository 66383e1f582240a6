/* lines_text.c - the ends of text parts, kept until the rest of the character comes. */
#include <stdlib.h>

#include "dialect/lines_text.h"
#include "wire/utf8.h"

bool
text_joined(struct half *h, struct str *text)
{
	size_t want = utf8_length((unsigned char)h->bytes[0]);

	while (h->n < want && text->n && ((unsigned char)text->p[0] & 0xc0) == 0x80) {
		h->bytes[h->n++] = text->p[0];
		*text = str_skip(*text, 1);
	}
	return h->n == want || text->n;
}

int
half_keep(struct halves *t, uint64_t id, bool onward, struct str bytes)
{
	struct half *list;
	uint32_t cap = t->cap ? 2 * t->cap : 4;

	if (t->count == t->cap) {
		if (cap > HALVES_MAX || (list = realloc(t->list, cap * sizeof *list)) == NULL)
			return -1;
		t->list = list;
		t->cap = cap;
	}
	t->list[t->count] = (struct half){ id, onward, (uint8_t)bytes.n, { 0 } };
	memcpy(t->list[t->count++].bytes, bytes.p, bytes.n);
	return 0;
}

bool
half_take(struct halves *t, uint64_t id, bool onward, struct half *to)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (t->list[i].id == id && t->list[i].onward == onward) {
			*to = t->list[i];
			t->list[i] = t->list[--t->count];
			return true;
		}
	return false;
}

void
halves_free(struct halves *t)
{
	free(t->list);
	*t = (struct halves){ .list = NULL };
}
