/*
 * ask_runs.c - runs of anything: what is read is within its bounds, written
 * again it is read the same, and what cannot be read stays where it is.
 */
#include <stdlib.h>

#include "wire/ask.h"
#include "wire/envelope.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct str
written(struct buf *b, int put)
{
	MUST(put == 0);
	return buf_view(b);
}

static void
tests(struct str run, struct buf *b)
{
	struct test t, again;

	for (struct str was = run; test_next(&run, &t); was = run) {
		struct str copy;

		MUST(run.n < was.n && t.field < FIELD_COUNT && t.op < TEST_COUNT);
		b->head = b->tail = 0;
		copy = written(b, test_put(b, &t));
		MUST(test_next(&copy, &again) && copy.n == 0 && again.field == t.field && again.op == t.op &&
		    again.result == t.result && str_eq(again.what, t.what));
	}
}

static void
lookups(struct str run, struct buf *b)
{
	uint8_t family, family_again;
	struct str name, again;

	for (struct str was = run; lookup_next(&run, &family, &name); was = run) {
		struct str copy;

		MUST(run.n < was.n && family < FAMILY_COUNT && name.n <= ENVELOPE_NAMES_MAX);
		b->head = b->tail = 0;
		copy = written(b, lookup_put(b, (enum family)family, name));
		MUST(lookup_next(&copy, &family_again, &again) && copy.n == 0 && family_again == family &&
		    str_eq(again, name));
	}
}

static void
scopes(struct str run, struct buf *b)
{
	struct str pattern, again;

	for (struct str was = run; scope_next(&run, &pattern); was = run) {
		struct str copy;

		MUST(run.n < was.n && pattern.n && pattern.n <= NAME_MAX_BYTES);
		b->head = b->tail = 0;
		copy = written(b, scope_put(b, pattern));
		MUST(scope_next(&copy, &again) && copy.n == 0 && str_eq(again, pattern));
	}
}

static void
instances(struct str run, struct buf *b)
{
	struct instance i, again;

	for (struct str was = run; instance_next(&run, &i); was = run) {
		struct str copy;

		MUST(run.n < was.n && i.local <= 1 && i.node.n <= NAME_MAX_BYTES && i.version.n <= NAME_MAX_BYTES);
		b->head = b->tail = 0;
		copy = written(b, instance_put(b, &i));
		MUST(instance_next(&copy, &again) && copy.n == 0 && again.number == i.number && again.local == i.local &&
		    again.weight == i.weight && again.in_flight == i.in_flight && again.latency_us == i.latency_us &&
		    str_eq(again.node, i.node) && str_eq(again.version, i.version) && str_eq(again.tags, i.tags));
	}
}

static void
actions(struct str run)
{
	struct str body;

	for (struct str was = run; action_next(&run, &body); was = run)
		MUST(run.n < was.n && body.p + body.n == run.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str run = { (const char *)data, n };
	struct buf b;

	buf_init(&b, 1 << 18);
	tests(run, &b);
	lookups(run, &b);
	scopes(run, &b);
	instances(run, &b);
	actions(run);
	buf_free(&b);
	return 0;
}
