/* note.c - see note.h. */
#include "policy/note.h"

void
notes_start(struct notes *n)
{
	n->read = 0;
	n->keep_ms = FOREVER;
	n->test_count = n->lookup_count = 0;
}

void
note_read(struct notes *n, enum ask_field field)
{
	n->read |= UINT32_C(1) << field;
}

void
note_test(struct notes *n, enum ask_field field, enum test_op op, struct str what, bool result)
{
	struct noted_test *t;

	if (n->read & UINT32_C(1) << field)
		return;
	for (t = n->tests; t < n->tests + n->test_count; t++)
		if (t->field == field && t->op == op && str_eq((struct str){ t->what, t->n }, what))
			return;
	if (n->test_count == TESTS_MAX || what.n > NOTE_TEXT) {
		note_read(n, field);
		return;
	}
	t->field = (uint8_t)field;
	t->op = (uint8_t)op;
	t->result = result;
	t->n = (uint8_t)what.n;
	if (what.n > 0)
		memcpy(t->what, what.p, what.n);
	n->test_count++;
}

void
note_lookup(struct notes *n, enum family family, struct str name)
{
	struct noted_lookup *l;

	for (l = n->lookups; l < n->lookups + n->lookup_count; l++)
		if (l->family == family && str_eq((struct str){ l->name, l->n }, name))
			return;
	if (n->lookup_count == LOOKUPS_MAX || name.n > NOTE_TEXT) {
		n->keep_ms = 0;
		return;
	}
	l->family = (uint8_t)family;
	l->n = (uint8_t)name.n;
	if (name.n > 0)
		memcpy(l->name, name.p, name.n);
	n->lookup_count++;
}

void
note_keep(struct notes *n, uint32_t at_most_ms)
{
	if (at_most_ms < n->keep_ms)
		n->keep_ms = at_most_ms;
}

int
notes_put(const struct notes *n, struct verdict *v, struct buf *runs)
{
	size_t start = buf_len(runs), tests;

	v->read = n->read;
	v->keep_ms = n->keep_ms;
	for (const struct noted_test *t = n->tests; t < n->tests + n->test_count; t++) {
		struct test one = { t->field, t->op, t->result, { t->what, t->n } };

		/* a test before the field itself was read says nothing more */
		if ((n->read & UINT32_C(1) << t->field) == 0 && test_put(runs, &one) == -1)
			return -1;
	}
	tests = buf_len(runs) - start;
	for (const struct noted_lookup *l = n->lookups; l < n->lookups + n->lookup_count; l++)
		if (lookup_put(runs, (enum family)l->family, (struct str){ l->name, l->n }) == -1)
			return -1;
	v->tests = str_head(str_skip(buf_view(runs), start), tests);
	v->lookups = str_skip(buf_view(runs), start + tests);
	return 0;
}
