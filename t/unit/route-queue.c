/* route-queue.c - questions wait in turn: none is lost, none waits for another peer's thousand. */
#include <stdlib.h>

#include "route/queue.h"
#include "tap.h"
#include "wire/kinds.h"

static int
put(struct queue *q, uint32_t peer, bool background, uint64_t id)
{
	struct waiting head = { .kind = KIND_ASK, .id = id };

	return queue_put(q, peer, background, &head, STR("body"));
}

static uint64_t
take(struct queue *q)
{
	struct waiting *w = queue_take(q);
	uint64_t id = w ? w->id : 0;

	if (w && (w->n != 4 || memcmp(w->body, "body", 4) != 0))
		id = UINT64_MAX;
	free(w);
	return id;
}

static void
test_turns(void)
{
	struct queue q;
	uint64_t order[6];

	queue_init(&q);
	is_int((long long)take(&q), 0, "an empty one has nothing");
	for (uint64_t i = 1; i <= 4; i++)
		put(&q, 1, false, 10 + i);
	put(&q, 2, false, 21);
	put(&q, 3, false, 31);
	for (size_t i = 0; i < 6; i++)
		order[i] = take(&q);
	ok(order[0] == 11 && order[1] == 21 && order[2] == 31, "each peer has its turn");
	ok(order[3] == 12 && order[4] == 13 && order[5] == 14, "the questions of one are in order");
	queue_free(&q);
}

static void
test_background(void)
{
	struct queue q;
	int at = 0, urgent = 0;

	queue_init(&q);
	put(&q, 1, true, 1);
	for (uint64_t i = 0; i < 20; i++)
		put(&q, 1, false, 100 + i);
	for (int i = 1; i <= 21 && !at; i++)
		at = take(&q) == 1 ? i : 0;
	ok(at > 1 && at <= 8, "the background waits, but not for ever (%d)", at);
	put(&q, 1, true, 2);
	while (take(&q) != 2)
		urgent++;
	ok(urgent > 5, "what somebody waits for comes first (%d)", urgent);
	while (take(&q))
		;
	put(&q, 1, true, 3);
	is_int((long long)take(&q), 3, "alone it is taken at once");
	queue_free(&q);
}

static void
test_bounds(void)
{
	struct queue q;
	uint32_t peer = 1;
	int put_of_one = 0;

	queue_init(&q);
	while (put(&q, 7, false, 1) == 0)
		put_of_one++;
	is_int(put_of_one, QUEUE_OF_PEER, "one peer has so many");
	is_int(put(&q, 8, false, 2), 0, "another has its own");
	for (; !queue_is_full(&q); peer++)
		for (int i = 0; i < QUEUE_OF_PEER && !queue_is_full(&q); i++)
			put(&q, 100 + peer, false, 3);
	is_int(q.count, QUEUE_MAX, "all have so many");
	ok(!queue_has_room(&q), "then reading stops");
	while (!queue_has_room(&q))
		take(&q);
	ok(q.count > 0 && q.count < QUEUE_MAX, "and goes on while some wait: %u", (unsigned)q.count);
	queue_free(&q);
	ok(q.count == 0 && q.bytes == 0, "all is given back");
}

/* Whatever is put and taken: each comes out once, those of one peer and lane in order. */
static void
test_property(void)
{
	uint64_t seed = tap_seed(), last[5][2] = { { 0 } }, next = 1, out = 0;
	bool in_order = true;
	struct queue q;

	queue_init(&q);
	for (int i = 0; i < 20000 || q.count; i++) {
		uint64_t r = tap_rand(&seed);
		struct waiting *w;

		if (i < 20000 && r % 2) {
			uint32_t peer = (uint32_t)(r >> 8) % 5, lane = r >> 16 & 1;

			if (put(&q, peer, lane, next << 8 | peer << 1 | lane) == 0)
				next++;
		} else if ((w = queue_take(&q)) != NULL) {
			uint64_t *was = &last[w->id >> 1 & 0x7f][w->id & 1];

			in_order = in_order && w->id >> 8 > *was;
			*was = w->id >> 8;
			out++;
			free(w);
		}
	}
	is_int((long long)out, (long long)next - 1, "all that went in came out");
	ok(in_order, "in the order of their peer");
	is_int((long long)q.bytes, 0, "and the count of bytes is right");
	queue_free(&q);
}

int
main(void)
{
	test_turns();
	test_background();
	test_bounds();
	test_property();
	return done();
}
