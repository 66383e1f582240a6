/* lines_ids.c - a growing array with a hole for each number to come. */
#include <stdlib.h>

#include "dialect/lines_ids.h"

static int
grow(struct lines_ids *t)	/* numbers that differ modulo cap differ modulo 2 cap */
{
	uint32_t cap = t->cap ? 2 * t->cap : 8;
	struct lines_open *slots;

	if (cap > LINES_OPEN_MAX || (slots = calloc(cap, sizeof *slots)) == NULL)
		return -1;
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].used)
			slots[t->slots[i].number % cap] = t->slots[i];
	free(t->slots);
	t->slots = slots;
	t->cap = cap;
	return 0;
}

uint64_t
lines_ids_open(struct lines_ids *t, uint64_t id)
{
	if (id == 0)
		return ++t->last;
	if (t->count == t->cap && grow(t) == -1)
		return 0;
	do {
		t->last++;
	} while (t->slots[t->last % t->cap].used);
	t->slots[t->last % t->cap] = (struct lines_open){ t->last, id, true, false };
	t->count++;
	return t->last;
}

struct lines_open *
lines_ids_numbered(const struct lines_ids *t, uint64_t number)
{
	struct lines_open *o = t->cap ? &t->slots[number % t->cap] : NULL;

	return o && o->used && o->number == number ? o : NULL;
}

struct lines_open *
lines_ids_of(const struct lines_ids *t, uint64_t id)
{
	/* at most 1024, and only for a body in parts, a credit or a cancel */
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].used && t->slots[i].id == id)
			return &t->slots[i];
	return NULL;
}

void
lines_ids_close(struct lines_ids *t, struct lines_open *o)
{
	o->used = false;
	t->count--;
}

void
lines_ids_free(struct lines_ids *t)
{
	free(t->slots);
	*t = (struct lines_ids){ .last = t->last };
}
