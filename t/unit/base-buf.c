/* base-buf.c - a buffer holds what was put and never more than its max. */
#include "base/buf.h"
#include "tap.h"

static void
bounds(void)
{
	struct buf b;

	buf_init(&b, 4);
	is_int(buf_len(&b), 0, "a new buffer is empty");
	ok(b.p == NULL, "and holds no memory");
	is_int(buf_put(&b, "abc", 3), 0, "three of four");
	is_int(buf_put(&b, "de", 2), -1, "five of four");
	is_str(buf_view(&b), "abc", "what does not fit changes nothing");
	is_int(buf_put(&b, "d", 1), 0, "exactly full");
	is_int(buf_put(&b, "", 0), 0, "nothing always fits");
	ok(buf_room(&b, 1) == NULL, "no room in a full buffer");
	ok(buf_room(&b, SIZE_MAX) == NULL, "a huge length does not wrap");
	buf_eat(&b, 2);
	is_str(buf_view(&b), "cd", "eaten at the head");
	is_int(buf_put(&b, "ef", 2), 0, "what was eaten is room again");
	is_str(buf_view(&b), "cdef", "in order");
	is_int(buf_fmt(&b, "%d", 1), -1, "a format that does not fit");
	is_str(buf_view(&b), "cdef", "changes nothing either");
	buf_cut(&b, 3);
	is_str(buf_view(&b), "cde", "cut to what it was before");
	is_int(buf_put(&b, "f", 1), 0, "with room for another end");
	buf_rest(&b);
	ok(b.p != NULL, "a rest keeps what is not empty");
	buf_eat(&b, 4);
	buf_rest(&b);
	ok(b.p == NULL && b.max == 4, "a rest of an empty one gives the memory back");
	is_int(buf_str(&b, str("x")), 0, "and it can be used again");
	buf_free(&b);
	buf_set_max(&b, SIZE_MAX);
	ok(b.max == BUF_MAX && buf_room(&b, SIZE_MAX) == NULL, "there is a bound for all of them");
	buf_set_max(&b, 4);
	buf_free(&b);
	ok(buf_len(&b) == 0 && b.max == 4, "freed twice it is empty, its max kept");
}

static void
room(void)
{
	struct buf b;
	uint8_t *p;

	buf_init(&b, 100);
	p = buf_room(&b, 0);
	ok(p != NULL, "no bytes of room is still a place, also in an empty buffer");
	p = buf_room(&b, 10);
	memcpy(p, "0123456789", 10);
	is_int(buf_len(&b), 0, "room is not yet content");
	buf_made(&b, 4);
	is_str(buf_view(&b), "0123", "only what was made is");
	is_int(buf_fmt(&b, "%s-%u", "x", 7u), 0, "formatted behind it");
	is_str(buf_view(&b), "0123x-7", "both are there");
	buf_free(&b);
}

/* Against a plain array: any sequence of puts and eats keeps bytes in order. */
static void
model(void)
{
	enum { MAX = 1500 };
	static uint8_t want[MAX];
	uint64_t seed = tap_seed();
	size_t n = 0, largest = 0;
	uint8_t bytes[300];
	bool held = true;
	struct buf b;

	buf_init(&b, MAX);
	for (int i = 0; i < 20000 && held; i++) {
		size_t k = (size_t)(tap_rand(&seed) % sizeof bytes);

		if (tap_rand(&seed) % 2) {
			for (size_t j = 0; j < k; j++)
				bytes[j] = (uint8_t)tap_rand(&seed);
			held = buf_put(&b, bytes, k) == (n + k > MAX ? -1 : 0);
			if (n + k <= MAX) {
				memcpy(want + n, bytes, k);
				n += k;
			}
		} else {
			k = k < n ? k : n;
			buf_eat(&b, k);
			memmove(want, want + k, n - k);
			n -= k;
		}
		largest = b.cap > largest ? b.cap : largest;
		held = held && str_eq(buf_view(&b), (struct str){ (const char *)want, n });
	}
	ok(held, "20000 puts and eats keep every byte in order");
	ok(largest <= 4 * MAX, "and the memory stays near the max (%zu)", largest);
	buf_free(&b);
}

int
main(void)
{
	bounds();
	room();
	model();
	return done();
}
