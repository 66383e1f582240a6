/* flow_mask.c - masks and the pool of their tests, and a message as seen through them. */
#include <stdlib.h>

#include "fabric/flow_mask.h"

static uint64_t
bit(unsigned at)
{
	return (uint64_t)1 << at;
}

/* What goes in is a keyed hash, or bits that the key hides. */
static uint64_t
mix(const struct flows *fl, uint64_t h, uint64_t v)
{
	h = (h ^ v) * (fl->key[2] | 1);
	return h ^ h >> 32;
}

static void
see(struct look *l, unsigned field)
{
	if (l->have & bit(field))
		return;
	l->value[field] = field_get(l->subject, (enum ask_field)field);
	l->hash[field] = siphash13((const uint8_t *)l->of->key, l->value[field]);
	l->have |= (uint32_t)bit(field);
}

static bool
holds(const struct look *l, const struct test *t)
{
	return test_holds((enum test_op)t->op, field_get(l->subject, (enum ask_field)t->field), t->what);
}

/* The bits of the tests that hold, of those wanted. */
static uint64_t
see_tests(struct look *l, uint64_t wanted)
{
	uint64_t missing = wanted & ~l->tested;

	for (unsigned i = 0; missing; i++, missing >>= 1) {
		if (!(missing & 1))
			continue;
		l->tested |= bit(i);
		if (holds(l, &l->of->tests[i]->test))
			l->held |= bit(i);
	}
	return l->held & wanted;
}

uint64_t
look_hash(struct look *l, const struct mask *m)
{
	uint64_t h = m->seed;

	for (unsigned i = 0; i < m->count; i++) {
		see(l, m->fields[i]);
		h = mix(l->of, h, l->hash[m->fields[i]]);
	}
	return m->tests ? mix(l->of, h, see_tests(l, m->tests)) : h;
}

bool
look_matches(struct look *l, const struct mask *m, const char *p)
{
	uint64_t held;
	uint16_t n;

	for (unsigned i = 0; i < m->count; i++) {
		struct str v = l->value[m->fields[i]];

		memcpy(&n, p, sizeof n);
		if (v.n != n || (n && memcmp(v.p, p + sizeof n, n) != 0))
			return false;
		p += sizeof n + n;
	}
	if (!m->tests)
		return true;
	memcpy(&held, p, sizeof held);
	return held == see_tests(l, m->tests);
}

size_t
look_size(struct look *l, const struct mask *m)
{
	size_t size = m->tests ? sizeof(uint64_t) : 0;

	for (unsigned i = 0; i < m->count; i++) {
		see(l, m->fields[i]);
		if (l->value[m->fields[i]].n > UINT16_MAX)
			return SIZE_MAX / 2;	/* over any bound */
		size += sizeof(uint16_t) + l->value[m->fields[i]].n;
	}
	return size;
}

void
look_write(struct look *l, const struct mask *m, char *p)
{
	uint64_t held;

	for (unsigned i = 0; i < m->count; i++) {
		struct str v = l->value[m->fields[i]];
		uint16_t n = (uint16_t)v.n;

		memcpy(p, &n, sizeof n);
		if (v.n)
			memcpy(p + sizeof n, v.p, v.n);
		p += sizeof n + v.n;
	}
	if (m->tests) {
		held = see_tests(l, m->tests);
		memcpy(p, &held, sizeof held);
	}
}

static bool
test_same(const struct test *a, const struct test *b)
{
	return a->field == b->field && a->op == b->op && str_eq(a->what, b->what);
}

/* Its place in the pool, with one more use; TEST_POOL: none free. */
static unsigned
test_use(struct flows *fl, const struct test *t)
{
	unsigned free_at = TEST_POOL;
	struct flow_test *new;

	for (unsigned i = 0; i < TEST_POOL; i++) {
		if (fl->tests[i] && test_same(&fl->tests[i]->test, t)) {
			fl->tests[i]->uses++;
			return i;
		}
		if (!fl->tests[i] && free_at == TEST_POOL)
			free_at = i;
	}
	if (free_at == TEST_POOL || (new = malloc(sizeof *new + t->what.n)) == NULL)
		return TEST_POOL;
	new->test = *t;
	new->test.what.p = new->text;
	new->uses = 1;
	if (t->what.n)
		memcpy(new->text, t->what.p, t->what.n);
	fl->tests[free_at] = new;
	return free_at;
}

static void
tests_release(struct flows *fl, uint64_t tests)
{
	for (unsigned i = 0; i < TEST_POOL; i++) {
		if (!(tests & bit(i)) || --fl->tests[i]->uses)
			continue;
		free(fl->tests[i]);
		fl->tests[i] = NULL;
	}
}

/* A run of tests as bits, each with one use; -1: no room, or another result. */
static int
tests_use(struct flows *fl, const struct look *l, struct str run, uint64_t *tests)
{
	struct test t;

	for (*tests = 0; test_next(&run, &t); ) {
		unsigned at = test_use(fl, &t);

		if (at < TEST_POOL && (*tests & bit(at)))
			fl->tests[at]->uses--;	/* said twice */
		else if (at < TEST_POOL)
			*tests |= bit(at);
		if (at == TEST_POOL || holds(l, &t) != t.result) {
			tests_release(fl, *tests);
			return -1;
		}
	}
	return 0;
}

static struct mask *
mask_new(struct flows *fl, uint32_t read, uint64_t tests)
{
	struct mask *m;

	if (fl->mask_count == MASKS_MAX || (m = malloc(sizeof *m)) == NULL)
		return NULL;
	*m = (struct mask){ .read = read, .tests = tests };
	m->seed = mix(fl, mix(fl, fl->key[3], read), tests);
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (read & bit(f))
			m->fields[m->count++] = (uint8_t)f;
	fl->masks[fl->mask_count++] = m;
	return m;
}

struct mask *
mask_open(struct flows *fl, struct look *l, uint32_t read, struct str run)
{
	struct mask *m = NULL;
	uint64_t tests;

	if (tests_use(fl, l, run, &tests) == -1)
		return NULL;
	for (uint32_t i = 0; i < fl->mask_count && !m; i++)
		if (fl->masks[i]->read == read && fl->masks[i]->tests == tests)
			m = fl->masks[i];
	if (m) {		/* it has its own uses */
		tests_release(fl, tests);
		return m;
	}
	if ((m = mask_new(fl, read, tests)) == NULL)
		tests_release(fl, tests);
	return m;
}

void
mask_close(struct flows *fl, struct mask *m)
{
	uint32_t at = 0;

	if (m->flows)
		return;
	while (fl->masks[at] != m)
		at++;
	fl->mask_count--;
	memmove(&fl->masks[at], &fl->masks[at + 1], (fl->mask_count - at) * sizeof *fl->masks);
	tests_release(fl, m->tests);
	free(m);
}

void
masks_sort(struct flows *fl)
{
	for (uint32_t i = 0; i < fl->mask_count; i++) {
		struct mask *m = fl->masks[i];
		uint32_t at;

		m->hits /= 2;
		for (at = i; at > 0 && fl->masks[at - 1]->hits < m->hits; at--)
			fl->masks[at] = fl->masks[at - 1];
		fl->masks[at] = m;
	}
}
