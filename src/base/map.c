/* map.c - linear probing over a power of two of slots; hashes nobody can guess. */
#include <assert.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/rand.h"

enum { CAP_FIRST = 16 };

/* A slot without a value is empty, or, where it has a hash, dead: the entry
 * is gone, but the search for others must go on behind it. */
enum { HASH_EMPTY = 0, HASH_DEAD = 1 };

static inline uint64_t
rotl(uint64_t v, int by)
{
	return v << by | v >> (64 - by);
}

static inline uint64_t
le64(const uint8_t *p)		/* written out: compilers make one load of it */
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	    (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

uint64_t
siphash13(const uint8_t key[16], struct str in)
{
	uint64_t k0 = le64(key), k1 = le64(key + 8), last = (uint64_t)in.n << 56;
	uint64_t v[4] = {
		k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u
	};
	const uint8_t *p = (const uint8_t *)in.p;
	size_t i, whole = in.n - in.n % 8;

	for (i = 0; i < whole; i += 8)
		sip_word(v, le64(p + i));
	if (i < in.n && whole)	/* the last 8 bytes, without those that were taken */
		last |= le64(p + in.n - 8) >> (8 * (8 - in.n % 8));
	else
		for (; i < in.n; i++)
			last |= (uint64_t)p[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
map_hash(struct str key)
{
	static uint8_t secret[16];
	static bool made;

	if (!made) {
		rand_bytes(secret, sizeof secret);
		made = true;
	}
	return siphash13(secret, key);
}

static uint32_t
half(uint64_t hash)
{
	return (uint32_t)hash;
}

static struct str
key_of(const struct map_slot *s)
{
	return (struct str){ s->key, s->n };
}

static bool
is_empty(const struct map_slot *s)
{
	return s->value == NULL && s->hash == HASH_EMPTY;
}

static struct map_slot *
slot_find(const struct map *m, struct str key, uint32_t hash)
{
	size_t mask = m->cap - 1;

	if (m->cap == 0)
		return NULL;
	for (size_t i = (size_t)hash & mask; !is_empty(&m->slots[i]); i = (i + 1) & mask) {
		struct map_slot *s = &m->slots[i];

		if (s->value && s->hash == hash && str_eq(key_of(s), key))
			return s;
	}
	return NULL;
}

/* The first slot that a new entry may take. */
static struct map_slot *
slot_free(const struct map *m, uint32_t hash)
{
	size_t mask = m->cap - 1, i = (size_t)hash & mask;

	while (m->slots[i].value)
		i = (i + 1) & mask;
	return &m->slots[i];
}

/* To twice what is in it: this grows, shrinks, or only drops the dead. */
static int
resize(struct map *m)
{
	struct map to = { .cap = CAP_FIRST, .used = m->used };

	while (to.cap / 2 < m->used + 1)
		to.cap *= 2;
	if ((to.slots = calloc(to.cap, sizeof *to.slots)) == NULL)
		return -1;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].value)
			*slot_free(&to, m->slots[i].hash) = m->slots[i];
	free(m->slots);
	*m = to;
	return 0;
}

void
map_free(struct map *m)
{
	free(m->slots);
	*m = (struct map){ NULL, 0, 0, 0 };
}

void *
map_get(const struct map *m, struct str key)
{
	const struct map_slot *s = m->used ? slot_find(m, key, half(map_hash(key))) : NULL;

	return s ? s->value : NULL;
}

int
map_put(struct map *m, struct str key, void *value)
{
	uint32_t hash = half(map_hash(key));
	struct map_slot *s = slot_find(m, key, hash);

	assert(value && key.n <= UINT32_MAX);
	if (s) {
		s->key = key.p;
		s->value = value;
		return 0;
	}
	if (m->used + m->dead + 1 > m->cap - m->cap / 4 && resize(m) == -1)
		return -1;
	s = slot_free(m, hash);
	m->dead -= s->hash == HASH_DEAD;
	m->used++;
	*s = (struct map_slot){ hash, (uint32_t)key.n, key.p, value };
	return 0;
}

void *
map_del(struct map *m, struct str key)
{
	struct map_slot *s = m->used ? slot_find(m, key, half(map_hash(key))) : NULL;
	size_t mask = m->cap - 1, i;
	void *value;

	if (!s)
		return NULL;
	value = s->value;
	*s = (struct map_slot){ .hash = HASH_DEAD };
	m->used--;
	m->dead++;
	/* nothing is found behind the end of a run, so its dead need not stay */
	i = (size_t)(s - m->slots);
	if (is_empty(&m->slots[(i + 1) & mask])) {
		for (; !m->slots[i].value && m->slots[i].hash == HASH_DEAD; i = (i - 1) & mask) {
			m->slots[i].hash = HASH_EMPTY;
			m->dead--;
		}
	}
	return value;
}

void *
map_next(const struct map *m, size_t *at)
{
	while (*at < m->cap) {
		void *value = m->slots[(*at)++].value;

		if (value)
			return value;
	}
	return NULL;
}
