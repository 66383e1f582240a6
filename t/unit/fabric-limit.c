/* fabric-limit.c - never more than burst + rate * time, and no fresh bucket for who comes back. */
#include "fabric/limit.h"
#include "tap.h"

static struct mono
at_ms(uint64_t ms)
{
	return (struct mono){ 5000000 + ms * 1000 };
}

static unsigned
takes(struct limiter *l, unsigned tries, struct mono now)
{
	unsigned n = 0;

	while (tries--)
		n += limiter_take(l, now);
	return n;
}

static void
rates(void)
{
	struct limiters ls = { .count = 0 };
	struct limiter *l = limiter_use(&ls, str("slow"), str("a@b"), 2000, 5, at_ms(0));

	is_int(takes(l, 20, at_ms(0)), 5, "a burst passes, and no more");
	is_int((long long)ls.refused, 15, "what was refused is counted");
	is_int(takes(l, 20, at_ms(499)), 0, "before a token has grown nothing passes");
	is_int(takes(l, 20, at_ms(500)), 1, "then one");
	is_int(takes(l, 20, at_ms(2500)), 4, "two a second");
	is_int(takes(l, 20, at_ms(3600000)), 5, "an hour of silence is one burst");
	is_int(takes(l, 20, at_ms(3599000)), 0, "time that goes backward gives nothing");
	is_int(takes(l, 20, at_ms(3600500)), 1, "nor when it is made up for");
	limiter_release(&ls, l, at_ms(0));

	l = limiter_use(&ls, str("daily"), str(""), 1, 1, at_ms(0));
	is_int(takes(l, 2, at_ms(0)), 1, "one in a thousand seconds");
	is_int(takes(l, 2, at_ms(999999)), 0, "not a millisecond early");
	is_int(takes(l, 2, at_ms(1000000)), 1, "and not late");
	limiter_release(&ls, l, at_ms(0));

	l = limiter_use(&ls, str("never"), str(""), 0, 2, at_ms(0));
	is_int(takes(l, 9, at_ms(0)) + takes(l, 9, at_ms(1u << 31)), 2, "rate 0: the burst, and that was it");
	limiter_release(&ls, l, at_ms(0));
	l = limiter_use(&ls, str("default"), str(""), 7000, 0, at_ms(0));
	is_int(takes(l, 99, at_ms(0)), 7, "no burst said: a second's worth");
	limiter_release(&ls, l, at_ms(0));
	l = limiter_use(&ls, str("most"), str(""), UINT32_MAX, UINT32_MAX, at_ms(0));
	is_int(takes(l, 9, at_ms(0)), 9, "the largest numbers do not overflow");
	is_int(takes(l, 9, (struct mono){ UINT64_MAX }), 9, "not even at the end of time");
	limiter_release(&ls, l, at_ms(0));
	limiters_free(&ls);
}

static void
sharing(void)
{
	struct limiters ls = { .count = 0 };
	struct limiter *a = limiter_use(&ls, str("n"), str("a"), 1000, 3, at_ms(0));
	struct limiter *again = limiter_use(&ls, str("n"), str("a"), 1000, 3, at_ms(0));
	struct limiter *b = limiter_use(&ls, str("n"), str("b"), 1000, 3, at_ms(0));
	struct limiter *other = limiter_use(&ls, str("m"), str("a"), 1000, 3, at_ms(0));

	ok(a == again, "the same name and value is the same bucket");
	ok(a != b && a != other && b != other, "another value or name is another");
	is_int(ls.count, 3, "three in all");
	is_int(takes(a, 9, at_ms(0)), 3, "the one is empty");
	is_int(takes(b, 9, at_ms(0)), 3, "the other was not");
	limiter_release(&ls, a, at_ms(0));
	limiter_release(&ls, again, at_ms(0));
	again = limiter_use(&ls, str("n"), str("a"), 1000, 3, at_ms(10));
	is_int(takes(again, 9, at_ms(10)), 0, "who comes back at once gets no fresh bucket");
	limiter_release(&ls, again, at_ms(10));
	again = limiter_use(&ls, str("n"), str("a"), 1000, 9, at_ms(LINGER_MS));
	is_int(takes(again, 99, at_ms(LINGER_MS)), 3, "a larger burst is not given at once");
	is_int(takes(again, 99, at_ms(LINGER_MS + 60000)), 9, "it grows");
	limiter_release(&ls, again, at_ms(LINGER_MS + 60000));
	again = limiter_use(&ls, str("n"), str("a"), 1000, 2, at_ms(2 * LINGER_MS + 60000 - 1));
	is_int(takes(again, 99, at_ms(2 * LINGER_MS + 60000 - 1)), 2, "a smaller one holds at once");
	limiter_release(&ls, again, at_ms(3 * LINGER_MS));
	limiter_release(&ls, b, at_ms(3 * LINGER_MS));
	limiter_release(&ls, other, at_ms(3 * LINGER_MS));
	is_int(ls.count, 3, "what nobody refers to lingers");
	again = limiter_use(&ls, str("new"), str(""), 1000, 1, at_ms(4 * LINGER_MS));
	is_int(ls.count, 1, "and goes when its time is over");
	limiter_release(&ls, again, at_ms(4 * LINGER_MS));
	limiter_release(&ls, NULL, at_ms(0));
	limiters_free(&ls);
}

static void
crowd(void)
{
	struct limiters ls = { .count = 0 };
	static struct limiter *all[LIMITERS_MAX];
	bool made = true;
	struct limiter *l;

	for (uint32_t i = 0; i < LIMITERS_MAX; i++) {
		all[i] = limiter_use(&ls, str("n"), (struct str){ (const char *)&i, sizeof i }, 1000, 1, at_ms(0));
		made = made && all[i] != NULL;
	}
	ok(made, "as many as there may be");
	ok(limiter_use(&ls, str("n"), str("one more"), 1000, 1, at_ms(0)) == NULL, "one more is refused");
	limiter_take(all[0], at_ms(0));
	limiter_release(&ls, all[0], at_ms(0));
	is_int(ls.count, LIMITERS_MAX, "one that is not full keeps its place");
	ok(limiter_use(&ls, str("n"), str("one more"), 1000, 1, at_ms(1)) == NULL, "and is not forgotten for another");
	l = limiter_use(&ls, str("n"), str("one more"), 1000, 1, at_ms(1001));
	ok(l != NULL, "once it is full again, it gives way");
	is_int(ls.count, LIMITERS_MAX, "and no more than that");
	limiters_free(&ls);
	is_int(ls.count, 0, "all are gone");
}

static void
property(void)
{
	uint64_t seed = tap_seed();
	bool held = true, generous = true;

	for (int run = 0; run < 300; run++) {
		struct limiters ls = { .count = 0 };
		uint32_t rate = (uint32_t)(tap_rand(&seed) % 5000000), burst = (uint32_t)(1 + tap_rand(&seed) % 50);
		struct limiter *l = limiter_use(&ls, str("n"), str(""), rate, burst, at_ms(0));
		uint64_t us = at_ms(0).us, taken = 0;
		bool hungry = run % 2;

		for (int i = 0; i < 2000; i++) {
			double most;

			us += tap_rand(&seed) % (tap_rand(&seed) % 50 ? 2000 : 200000);
			do {
				if (!limiter_take(l, (struct mono){ us }))
					break;
				taken++;
			} while (hungry);
			if (tap_rand(&seed) % 20 == 0) {
				limiter_release(&ls, l, (struct mono){ us });
				l = limiter_use(&ls, str("n"), str(""), rate, burst, (struct mono){ us });
			}
			most = burst + (double)rate * (double)(us - at_ms(0).us) / 1e9;
			held = held && (double)taken <= most + 1e-6;
			if (hungry && i == 1999 && (double)taken < burst)
				generous = false;
		}
		limiter_release(&ls, l, (struct mono){ us });
		limiters_free(&ls);
	}
	ok(held, "never more than burst + rate * time");
	ok(generous, "who asks without end gets the burst at least");
}

/* Who asks without end at a steady pace gets all that the rate allows. */
static void
exact(void)
{
	struct limiters ls = { .count = 0 };
	struct limiter *l = limiter_use(&ls, str("n"), str(""), 12345, 2, at_ms(0));
	unsigned taken = 0;

	for (uint64_t ms = 0; ms < 1000000; ms++)
		taken += limiter_take(l, at_ms(ms));
	ok(taken >= 12345 && taken <= 12347, "12.345 a second for 1000 s: %u", taken);
	limiter_release(&ls, l, at_ms(1000000));
	limiters_free(&ls);
}

int
main(void)
{
	rates();
	sharing();
	crowd();
	property();
	exact();
	return done();
}
