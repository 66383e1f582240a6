/* base-map.c - a map finds what was put, and does what an array of pairs would do. */
#include "base/map.h"
#include "base/rand.h"
#include "tap.h"

/* From a reading of the paper that also gives its published SipHash-2-4 value. */
static const struct { size_t n; uint64_t hash; } vectors[] = {
	{ 0, 0xabac0158050fc4dc }, { 1, 0xc9f49bf37d57ca93 }, { 7, 0xd3927d989bb11140 },
	{ 8, 0x369095118d299a8e }, { 9, 0x25a48eb36c063de4 }, { 15, 0xd320d86d2a519956 },
	{ 16, 0xcc4fdd1a7d908b66 }, { 63, 0x9d199062b7bbb3a8 },
};

static void
hashes(void)
{
	uint8_t bytes[64], key[16];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	memcpy(key, bytes, sizeof key);
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		ok(siphash13(key, (struct str){ (const char *)bytes, vectors[i].n }) == vectors[i].hash,
		    "SipHash-1-3 of %zu bytes", vectors[i].n);
	ok(map_hash(STR("a")) == map_hash(STR("a")), "the process hash is the same each time");
	ok(map_hash(STR("a")) != map_hash(STR("b")), "and differs by key");
	memset(key, 0, sizeof key);
	ok(map_hash(STR("a")) != siphash13(key, STR("a")), "its key is not zero");
}

static void
basics(void)
{
	struct map m = { NULL, 0, 0, 0 };
	char one[] = "one", again[] = "one", v1 = 0, v2 = 0;
	size_t at = 0;

	ok(map_get(&m, STR("one")) == NULL, "nothing is in an empty map");
	ok(map_del(&m, STR("one")) == NULL, "nothing to take out of it");
	ok(map_next(&m, &at) == NULL, "nothing to walk over");
	is_int(map_put(&m, str(one), &v1), 0, "put");
	ok(map_get(&m, STR("one")) == &v1, "get");
	ok(map_get(&m, STR("one\0")) == NULL && map_get(&m, STR("on")) == NULL,
	    "a key is all its bytes");
	is_int(map_put(&m, str(again), &v2), 0, "put again");
	is_int(m.used, 1, "replaces");
	memset(one, 'x', 3);
	ok(map_get(&m, STR("one")) == &v2, "the value, and the borrowed key with it");
	is_int(map_put(&m, (struct str){ NULL, 0 }, &v1), 0, "the empty key is a key");
	ok(map_get(&m, STR("")) == &v1, "and is found");
	ok(map_del(&m, STR("one")) == &v2 && map_get(&m, STR("one")) == NULL, "deleted is gone");
	map_free(&m);
	ok(m.used == 0 && map_get(&m, STR("")) == NULL, "a freed map is an empty one");
	is_int(map_put(&m, STR("k"), &v1), 0, "and usable");
	map_free(&m);
}

enum { KEYS = 400 };
static struct { char key[8]; uint32_t value; bool in; } model[KEYS];

static bool
walk_agrees(const struct map *m)
{
	static unsigned char seen[KEYS];
	size_t at = 0, count = 0, dead = 0;
	uint32_t *v;

	memset(seen, 0, sizeof seen);
	while ((v = map_next(m, &at)) != NULL) {
		if (!model[*v].in || seen[*v]++)
			return false;
		count++;
	}
	for (size_t i = 0; i < m->cap; i++)
		dead += !m->slots[i].value && m->slots[i].hash;
	return count == m->used && dead == m->dead;	/* else it fills up unseen */
}

/* Phases that fill and phases that drain, so that it grows, dies off, shrinks. */
static void
against_model(void)
{
	struct map m = { NULL, 0, 0, 0 };
	uint64_t seed = tap_seed();
	size_t used = 0, largest = 0, at;
	bool held = true;
	uint32_t *v;

	for (uint32_t i = 0; i < KEYS; i++) {
		snprintf(model[i].key, sizeof model[i].key, "k%u", i);
		model[i].value = i;
	}
	for (int step = 0; step < 60000 && held; step++) {
		size_t i = (size_t)(tap_rand(&seed) % KEYS);
		struct str key = str(model[i].key);
		bool fill = step / 3000 % 2 == 0;

		held = map_get(&m, key) == (model[i].in ? &model[i].value : NULL);
		if (tap_rand(&seed) % 4 < (fill ? 3u : 1u)) {
			held = held && map_put(&m, key, &model[i].value) == 0;
			used += !model[i].in;
			model[i].in = true;
		} else {
			held = held && map_del(&m, key) == (model[i].in ? &model[i].value : NULL);
			used -= model[i].in;
			model[i].in = false;
		}
		held = held && m.used == used && m.used + m.dead < m.cap + (m.cap == 0);
		if (step % 97 == 0)
			held = held && walk_agrees(&m);
		largest = m.cap > largest ? m.cap : largest;
	}
	ok(held, "60000 random steps agree with an array");
	ok(largest <= 4 * KEYS, "the dead are dropped: %zu slots at most for %d keys", largest, KEYS);
	at = 0;
	while ((v = map_next(&m, &at)) != NULL) {
		held = held && map_del(&m, str(model[*v].key)) == v;
		model[*v].in = false;
	}
	ok(held && m.used == 0 && walk_agrees(&m), "a walk may delete what it was given");
	for (uint32_t i = 0; i < KEYS; i++)
		held = held && map_get(&m, str(model[i].key)) == NULL;
	ok(held, "and then nothing is there");
	map_free(&m);
}

static void
random_numbers(void)
{
	unsigned seen[7] = { 0 };
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	bool below = true, each = true;

	rand_bytes(a, sizeof a);
	rand_bytes(b, sizeof b);
	ok(memcmp(a, b, sizeof a) != 0, "random bytes differ");
	rand_bytes(a, 0);
	for (int i = 0; i < 2000; i++) {
		uint32_t v = rand_below(7);

		below = below && v < 7;
		if (v < 7)
			seen[v]++;
	}
	for (int i = 0; i < 7; i++)
		each = each && seen[i] > 100;
	ok(below, "below the bound");
	ok(each, "and every number below it comes");
	is_int(rand_below(1), 0, "below one there is only zero");
}

int
main(void)
{
	hashes();
	basics();
	against_model();
	random_numbers();
	return done();
}
