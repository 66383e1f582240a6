/* inflight.c - a slab of flights with generations, and an index by opener. */
#include <stdlib.h>

#include "base/rand.h"
#include "fabric/inflight.h"

enum { BLOCK = 64 };

/*
 * id: generation in the high half, slot + 1 in the low one.  A free flight
 * keeps its id with `in` NULL and the next free slot in in_id; opening it
 * again bumps the generation.
 */
static struct flight *
flight_at(const struct inflight *t, uint32_t slot)
{
	return &t->blocks[slot / BLOCK][slot % BLOCK];
}

static uint32_t
slot_of(const struct flight *f)
{
	return (uint32_t)f->id - 1;
}

void
inflight_init(struct inflight *t)
{
	*t = (struct inflight){ .count = 0 };
	rand_bytes(&t->key, sizeof t->key);
	t->key |= 1;
}

void
inflight_free(struct inflight *t)
{
	for (uint32_t i = 0; i < t->block_count; i++) {
		for (uint32_t j = 0; j < BLOCK; j++)
			buf_free(&t->blocks[i][j].question);
		free(t->blocks[i]);
	}
	free(t->blocks);
	free(t->slots);
	*t = (struct inflight){ .count = 0 };
}

static int
grow_block(struct inflight *t)
{
	struct flight **blocks, *block;
	uint32_t n = t->block_count, generation;

	if ((blocks = realloc(t->blocks, (n + 1) * sizeof *blocks)) == NULL)
		return -1;
	t->blocks = blocks;
	if ((block = calloc(BLOCK, sizeof *block)) == NULL)
		return -1;
	blocks[t->block_count++] = block;
	for (uint32_t i = BLOCK; i-- > 0; ) {
		/* start anywhere, so that ids of a former life are not ours */
		rand_bytes(&generation, sizeof generation);
		block[i].id = (uint64_t)generation << 32 | (n * BLOCK + i + 1);
		block[i].in_id = t->free_head;
		t->free_head = n * BLOCK + i + 1;
	}
	return 0;
}

static uint32_t
hash(const struct inflight *t, const struct port *port, uint64_t in_id)
{
	uint64_t h = (in_id ^ (uint64_t)(uintptr_t)port * 0x9e3779b97f4a7c15u ^ t->key) * t->key;

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(h >> 32);
}

static struct index_slot *
index_find(const struct inflight *t, const struct port *port, uint64_t in_id)
{
	struct index_slot *s;

	for (uint32_t i = hash(t, port, in_id); t->cap; i++) {
		s = &t->slots[i & (t->cap - 1)];
		if (!s->port)
			return NULL;
		if (s->in_id == in_id && s->port == port && s->flight)
			return s;
	}
	return NULL;
}

static void
index_add(struct inflight *t, struct flight *f)
{
	struct index_slot *s;

	for (uint32_t i = hash(t, f->in, f->in_id); ; i++) {
		s = &t->slots[i & (t->cap - 1)];
		if (!s->flight)
			break;
	}
	if (s->port)
		t->dead--;
	*s = (struct index_slot){ f->in, f->in_id, f };
}

/* keep a third free; a slot that is dead has a port and no flight */
static int
index_grow(struct inflight *t)
{
	struct index_slot *old = t->slots;
	uint32_t old_cap = t->cap, cap = old_cap ? old_cap : 256;

	if ((t->count + t->dead + 1) * 3 < old_cap * 2)
		return 0;
	while ((t->count + 1) * 3 >= cap)
		cap *= 2;
	if ((t->slots = calloc(cap, sizeof *t->slots)) == NULL) {
		t->slots = old;
		return -1;
	}
	t->cap = cap;
	t->dead = 0;
	for (uint32_t i = 0; i < old_cap; i++)
		if (old[i].flight)
			index_add(t, old[i].flight);
	free(old);
	return 0;
}

static void
index_del(struct inflight *t, const struct flight *f)
{
	struct index_slot *s = index_find(t, f->in, f->in_id), *next;

	if (!s)
		return;
	next = &t->slots[(size_t)(s - t->slots + 1) & (t->cap - 1)];
	s->flight = NULL;
	if (next->port)
		t->dead++;	/* the probe of another may pass here */
	else
		s->port = NULL;
}

struct flight *
inflight_open(struct inflight *t, struct port *in, uint64_t in_id)
{
	struct flight *f;
	struct buf question;
	uint64_t id;

	if (index_grow(t) == -1 || (t->free_head == 0 && grow_block(t) == -1))
		return NULL;
	f = flight_at(t, t->free_head - 1);
	t->free_head = (uint32_t)f->in_id;
	id = f->id + ((uint64_t)1 << 32);
	question = f->question;
	question.head = question.tail = 0;
	*f = (struct flight){ .in = in, .in_id = in_id, .id = id, .question = question };
	list_init(&f->out_place);
	list_init(&f->wait_place);
	list_init(&f->gate_place);
	list_add(&in->opened, &f->in_place);
	in->opened_count++;
	f->onward.window = f->back.window = WINDOW;
	t->count++;
	if (in_id)
		index_add(t, f);
	return f;
}

void
inflight_close(struct inflight *t, struct flight *f)
{
	uint64_t id = f->id;

	if (f->in_id)
		index_del(t, f);
	list_del(&f->in_place);
	f->in->opened_count--;
	if (f->out) {
		list_del(&f->out_place);
		f->out->serving_count--;
	}
	f->in = f->out = NULL;
	f->id = id;
	f->in_id = t->free_head;
	t->free_head = slot_of(f) + 1;
	t->count--;
}

struct flight *
inflight_at(const struct inflight *t, uint32_t slot)
{
	struct flight *f = flight_at(t, slot);

	return f->in ? f : NULL;
}

uint32_t
inflight_slots(const struct inflight *t)
{
	return t->block_count * BLOCK;
}

void
inflight_serve(struct flight *f, struct port *out)
{
	f->out = out;
	list_add(&out->serving, &f->out_place);
	out->serving_count++;
}

struct flight *
inflight_by_id(struct inflight *t, uint64_t id)
{
	uint32_t slot = (uint32_t)id;
	struct flight *f;

	if (slot == 0 || slot > t->block_count * BLOCK)
		return NULL;
	f = flight_at(t, slot - 1);
	return f->id == id && f->in ? f : NULL;
}

struct flight *
inflight_by_opener(struct inflight *t, struct port *in, uint64_t in_id)
{
	struct index_slot *s = index_find(t, in, in_id);

	return s ? s->flight : NULL;
}
