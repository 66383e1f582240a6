/* flow.c - see flow.h: finding a flow, keeping one, and which one goes. */
#include <assert.h>
#include <stdlib.h>

#include "base/rand.h"
#include "fabric/flow_mask.h"

enum {
	SORT_EVERY = 4096,	/* look-ups */
	SECOND_CHANCES = 64,	/* before one goes that is in use: no sweep is long */
	SWEEP = 4,		/* old flows that go at each install */
	GROUP = 8,		/* tags that are looked at together */
	AHEAD = 4,		/* masks whose tags are fetched together */
	LINE = 64		/* bytes of a line of the cache, as a rule */
};

#ifdef __GNUC__
#define fetch(p) __builtin_prefetch(p)
#else
#define fetch(p) ((void)(p))
#endif

#define CHANGED_COUNT (sizeof((struct flows *)0)->changed / sizeof *((struct flows *)0)->changed)

int
flows_init(struct flows *fl, uint32_t max)
{
	*fl = (struct flows){ .max = max, .cap = GROUP };
	list_init(&fl->all);
	list_init(&fl->limiters.idle);
	rand_bytes(fl->key, sizeof fl->key);
	while (fl->cap / 2 < max)	/* in full at once: to grow would stall somebody */
		fl->cap *= 2;
	fl->slots = calloc(fl->cap, sizeof *fl->slots);
	fl->tags = calloc(fl->cap + GROUP, 1);
	if (fl->slots && fl->tags)
		return 0;
	flows_free(fl);
	return -1;
}

void
flows_free(struct flows *fl)
{
	list_each_safe(n, &fl->all)
		flow_drop(fl, list_of(n, struct flow, all));
	limiters_free(&fl->limiters);
	free(fl->slots);
	free(fl->tags);
	fl->slots = NULL;
	fl->tags = NULL;
}

/* --- the table: linear probing; what is taken out leaves no mark --- */

static uint8_t
tag_of(uint64_t hash)
{
	return (uint8_t)(hash >> 57 | 0x80);
}

static void
tag_set(struct flows *fl, uint32_t at, uint8_t tag)
{
	fl->tags[at] = tag;
	if (at < GROUP)
		fl->tags[fl->cap + at] = tag;
}

/* GROUP tags, the first one lowest. */
static inline uint64_t
tags_at(const struct flows *fl, uint32_t at)
{
	const uint8_t *t = fl->tags + at;

	return (uint64_t)t[0] | (uint64_t)t[1] << 8 | (uint64_t)t[2] << 16 | (uint64_t)t[3] << 24 |
	    (uint64_t)t[4] << 32 | (uint64_t)t[5] << 40 | (uint64_t)t[6] << 48 | (uint64_t)t[7] << 56;
}

static void
slot_put(struct flows *fl, struct flow *f)
{
	uint32_t at = (uint32_t)f->hash & (fl->cap - 1);

	while (fl->tags[at])
		at = (at + 1) & (fl->cap - 1);
	tag_set(fl, at, tag_of(f->hash));
	fl->slots[at] = f;
}

static void
slot_del(struct flows *fl, const struct flow *f)
{
	uint32_t mask = fl->cap - 1, hole = (uint32_t)f->hash & mask, at;

	while (fl->slots[hole] != f)
		hole = (hole + 1) & mask;
	/* who could not have its place because of this one moves up */
	for (at = (hole + 1) & mask; fl->tags[at]; at = (at + 1) & mask) {
		uint32_t home = (uint32_t)fl->slots[at]->hash & mask;

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			tag_set(fl, hole, fl->tags[at]);
			fl->slots[hole] = fl->slots[at];
			hole = at;
		}
	}
	tag_set(fl, hole, 0);
	fl->slots[hole] = NULL;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Top bits of those that have this tag and lie before the first empty one; now
 * and then of another one behind them.  An empty one has no top bit. */
static uint64_t
candidates(uint64_t tags, uint8_t tag)
{
	uint64_t differ = tags ^ EACH(tag), empty = ~tags & EACH(0x80);
	uint64_t same = (differ - EACH(1)) & ~differ & EACH(0x80);

	return same & ((empty & (0 - empty)) - 1);
}

static uint32_t
lowest(uint64_t top_bits)	/* which of the GROUP */
{
	return (uint32_t)(((top_bits & (0 - top_bits)) >> 7) * UINT64_C(0x0001020304050607) >> 56);
}

/* left: the candidates of the group that begins at `at` */
static inline struct flow *
group_find(const struct flows *fl, struct look *l, const struct mask *m, uint64_t hash, uint32_t at, uint64_t left)
{
	for (; left; left &= left - 1) {
		struct flow *f = fl->slots[(at + lowest(left)) & (fl->cap - 1)];

		fetch(f->near);
		if (f->hash == hash && f->mask == m && look_matches(l, m, f->far ? f->text : f->near))
			return f;
	}
	return NULL;
}

/* tags: of its first group, which mostly says that it is not there. */
static inline struct flow *
slot_find(const struct flows *fl, struct look *l, const struct mask *m, uint64_t hash, uint64_t tags)
{
	uint32_t at = (uint32_t)hash & (fl->cap - 1);

	for (;;) {
		uint64_t left = candidates(tags, tag_of(hash));
		struct flow *f = left ? group_find(fl, l, m, hash, at, left) : NULL;

		if (f || ~tags & EACH(0x80))
			return f;
		at = (at + GROUP) & (fl->cap - 1);
		tags = tags_at(fl, at);
	}
}

/* --- finding --- */

static bool
is_over(const struct flows *fl, const struct flow *f, struct mono now)
{
	if (f->generation != fl->generation && !(fl->old_good && f->generation == fl->last))
		return true;
	if (!f->forever && now.us >= f->until.us)
		return true;
	if (f->bucket_count && fl->wild > f->seen)
		return true;
	for (unsigned i = 0; i < f->bucket_count; i++)
		if (fl->changed[f->buckets[i]] > f->seen)
			return true;
	return false;
}

static struct flow *
found(struct flows *fl, struct flow *f)
{
	if (!f) {
		fl->misses++;
		return NULL;
	}
	fl->hits++;
	f->mask->hits++;
	f->hits++;
	f->used = true;
	return f;
}

struct flow *
flow_find(struct flows *fl, struct subject *s, struct mono now)
{
	struct flow *old = NULL, *over = NULL, *now_good = NULL;
	struct look l;

	fl->now = now;
	if (++fl->since_sort >= SORT_EVERY) {
		fl->since_sort = 0;
		masks_sort(fl);
	}
	look_init(&l, fl, s);
	for (uint32_t i = 0, n; i < fl->mask_count && !now_good; i += n) {
		uint64_t hash[AHEAD], tags[AHEAD];

		/* the first one mostly has it; the others are waited for together */
		n = i == 0 ? 1 : fl->mask_count - i < AHEAD ? fl->mask_count - i : AHEAD;
		for (uint32_t j = 0; j < n; j++) {
			hash[j] = look_hash(&l, fl->masks[i + j]);
			fetch(&fl->slots[(uint32_t)hash[j] & (fl->cap - 1)]);
			tags[j] = tags_at(fl, (uint32_t)hash[j] & (fl->cap - 1));
		}
		for (uint32_t j = 0; j < n && !now_good; j++) {
			struct flow *f = slot_find(fl, &l, fl->masks[i + j], hash[j], tags[j]);

			if (!f)
				continue;
			if (is_over(fl, f, now))
				over = f;
			else if (f->generation == fl->generation)
				now_good = f;
			else if (!old)
				old = f;
		}
	}
	if (over)		/* one a look-up; not earlier: its mask may go with it */
		flow_drop(fl, over);
	return found(fl, now_good ? now_good : old);
}

struct flow *
flow_again(struct flows *fl, struct flow *f, struct mono now)
{
	fl->now = now;
	return f->generation == fl->generation && !is_over(fl, f, now) ? found(fl, f) : NULL;
}

/* --- dropping --- */

static void
leave_all(struct flows *fl, struct flow *f)
{
	if (fl->walk == &f->all)
		fl->walk = f->all.next;
	list_del(&f->all);
}

void
flow_drop(struct flows *fl, struct flow *f)
{
	fl->dropped++;
	slot_del(fl, f);
	leave_all(fl, f);
	if (f->watch)
		*f->watch = NULL;
	list_del(&f->of_port);
	if (f->port_count)
		--*f->port_count;
	limiter_release(&fl->limiters, f->limiter, fl->now);
	f->mask->flows--;
	mask_close(fl, f->mask);
	fl->count--;
	free(f);
}

/* The hand of CLOCK passes who was used since it came by, for once. */
static bool
spare(const struct flows *fl, struct flow *f, unsigned *passed)
{
	if (!f->used || f->generation != fl->generation || ++*passed > SECOND_CHANCES)
		return false;
	f->used = false;
	return true;
}

static void
evict(struct flows *fl)
{
	unsigned passed = 0;

	while (!list_empty(&fl->all)) {
		struct flow *f = list_of(fl->all.next, struct flow, all);

		if (!spare(fl, f, &passed)) {
			fl->evicted++;
			flow_drop(fl, f);
			return;
		}
		leave_all(fl, f);
		list_add(&fl->all, &f->all);
	}
}

static void
evict_of_port(struct flows *fl, struct list *of_port)
{
	unsigned passed = 0;

	while (!list_empty(of_port)) {
		struct flow *f = list_of(of_port->next, struct flow, of_port);

		if (!spare(fl, f, &passed)) {
			fl->evicted++;
			flow_drop(fl, f);
			return;
		}
		list_del(&f->of_port);
		list_add(of_port, &f->of_port);
	}
}

void
flows_port_down(struct flows *fl, struct list *of_port)
{
	(void)fl;
	list_each_safe(n, of_port) {
		struct flow *f = list_of(n, struct flow, of_port);

		list_del(&f->of_port);
		--*f->port_count;
		f->port_count = NULL;
		f->used = false;	/* nobody's: first to go */
	}
}

/* --- what makes flows end --- */

static uint16_t
bucket_of(uint8_t family, struct str name)
{
	return (uint16_t)((map_hash(name) + family * 0x9e37u) % CHANGED_COUNT);
}

static bool
has_star(struct str name)
{
	return name.n && memchr(name.p, '*', name.n);
}

void
flows_name_changed(struct flows *fl, enum family family, struct str name, uint64_t number)
{
	uint64_t *at = has_star(name) ? &fl->wild : &fl->changed[bucket_of((uint8_t)family, name)];

	if (number > *at)
		*at = number;
}

void
flows_policy(struct flows *fl, uint32_t generation, bool old_good)
{
	if (generation != fl->generation)
		fl->last = fl->generation;
	fl->generation = generation;
	fl->old_good = old_good;
}

uint32_t
flows_drop_old(struct flows *fl, uint32_t at_most)
{
	uint32_t n;

	for (n = 0; n < at_most && !list_empty(&fl->all); n++) {
		struct flow *f = list_of(fl->all.next, struct flow, all);

		if (f->generation == fl->generation)
			break;
		flow_drop(fl, f);
	}
	return n;
}

/* --- keeping --- */

/* false: what it looked up has changed since, or cannot be watched */
static bool
lookups_hold(const struct flows *fl, const struct verdict *v, struct flow *f)
{
	struct str run = v->lookups, name;
	uint8_t family;

	while (lookup_next(&run, &family, &name)) {
		uint16_t at = bucket_of(family, name);

		if (f->bucket_count == LOOKUPS_MAX || has_star(name) ||
		    fl->changed[at] > v->seen || fl->wild > v->seen)
			return false;
		f->buckets[f->bucket_count++] = at;
	}
	return run.n == 0;
}

/* At the start of a line of the cache. */
static struct flow *
flow_memory(size_t size)
{
	void *p;

	return posix_memalign(&p, LINE, size) == 0 ? p : NULL;
}

/* All but its place. */
static struct flow *
flow_new(struct flows *fl, struct look *l, struct mask *m, const struct verdict *v, struct str question,
    struct mono now)
{
	size_t values = look_size(l, m);
	size_t texts = v->reason.n + v->via.n + v->to.n + v->subject.n;
	size_t size = values + texts + question.n;
	struct flow *f;
	char *p;

	if (size > FLOW_BYTES || (f = flow_memory(sizeof *f + size)) == NULL)
		return NULL;
	*f = (struct flow){ .mask = m, .hash = look_hash(l, m), .seen = v->seen,
	    .until = mono_add_ms(now, v->keep_ms), .generation = fl->generation,
	    .forever = v->keep_ms == FOREVER, .answer = v->answer, .error = (uint16_t)v->error,
	    .rule = v->rule, .born = now, .far = values > FLOW_NEAR, .plain = texts == 0 };
	list_init(&f->all);
	list_init(&f->of_port);
	if (!lookups_hold(fl, v, f))
		goto fail;
	if (v->limit.n) {
		struct str value = v->limit_field < FIELD_COUNT ? l->value[v->limit_field] : STR("");

		f->limiter = limiter_use(&fl->limiters, v->limit, value, v->limit_rate, v->limit_burst, now);
		if (!f->limiter)
			goto fail;
	}
	p = f->text;
	f->values = (struct str){ f->far ? f->text : f->near, values };
	look_write(l, m, f->far ? f->text : f->near);
	if (f->far)
		p += values;
	f->reason = str_place(&p, v->reason);
	f->via = str_place(&p, v->via);
	f->to = str_place(&p, v->to);
	f->subject = str_place(&p, v->subject);
	f->question = str_place(&p, question);
	return f;
fail:
	free(f);
	return NULL;
}

struct flow *
flow_install(struct flows *fl, struct list *of_port, uint32_t *of_port_count, struct subject *s,
    const struct verdict *v, struct str question, struct mono now)
{
	uint32_t share = fl->max / PORT_SHARE ? fl->max / PORT_SHARE : 1, read = v->read;
	struct flow *f, *before;
	struct mask *m;
	struct look l;

	fl->now = now;
	if (v->keep_ms == 0 || fl->max == 0)
		return NULL;
	if (!fl->old_good)
		flows_drop_old(fl, SWEEP);
	if (v->limit.n && v->limit_field < FIELD_COUNT)
		read |= (uint32_t)1 << v->limit_field;
	look_init(&l, fl, s);
	if ((m = mask_open(fl, &l, read, v->tests)) == NULL ||
	    (f = flow_new(fl, &l, m, v, question, now)) == NULL) {
		if (m)
			mask_close(fl, m);
		fl->unkept++;
		return NULL;
	}
	m->flows++;		/* before any other goes, and the mask with it */
	if ((before = slot_find(fl, &l, m, f->hash, tags_at(fl, (uint32_t)f->hash & (fl->cap - 1)))))
		flow_drop(fl, before);
	if (of_port && *of_port_count >= share)
		evict_of_port(fl, of_port);
	if (fl->count >= fl->max)
		evict(fl);
	slot_put(fl, f);
	list_add(&fl->all, &f->all);
	if (of_port) {
		list_add(of_port, &f->of_port);
		f->port_count = of_port_count;
		++*of_port_count;
	}
	fl->count++;
	assert(fl->count <= fl->max);
	return f;
}
