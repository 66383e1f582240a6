/* net-srv.c - targets of SRV records are tried by priority, and of equal ones by weight (RFC 2782). */
#include "net/srv.h"
#include "tap.h"

static uint64_t seed;
static uint32_t chances[8], bounds[8];
static size_t asked;

static uint32_t
given(uint32_t bound)
{
	bounds[asked % 8] = bound;
	return chances[asked++ % 8];
}

static uint32_t
any(uint32_t bound)
{
	return (uint32_t)(tap_rand(&seed) % bound);
}

enum { A, B, C, D };
static const char *const hosts[] = { "a", "b", "c", "d" };

static const struct {
	const char *what;
	struct srv in[4];
	size_t n;
	uint32_t chances[4];
	const char *order;
	uint32_t first_bound;
} cases[] = {
	{ "priority goes before weight",
	    { { "a", 1, 20, 9 }, { "b", 1, 0, 1 }, { "c", 1, 10, 5 } }, 3, { 0 }, "bca", 2 },
	{ "the running sum meets the chance: the first",
	    { { "a", 1, 5, 10 }, { "b", 1, 5, 20 }, { "c", 1, 5, 30 } }, 3, { 10, 20 }, "abc", 61 },
	{ "... one more: the second",
	    { { "a", 1, 5, 10 }, { "b", 1, 5, 20 }, { "c", 1, 5, 30 } }, 3, { 11, 0 }, "bac", 61 },
	{ "... the whole sum: the last",
	    { { "a", 1, 5, 10 }, { "b", 1, 5, 20 }, { "c", 1, 5, 30 } }, 3, { 60, 20, 10 }, "cba", 61 },
	{ "weight 0 comes with chance 0, wherever it stands",
	    { { "a", 1, 5, 10 }, { "b", 1, 5, 0 } }, 2, { 0 }, "ba", 11 },
	{ "... and only with it", { { "b", 1, 5, 0 }, { "a", 1, 5, 10 } }, 2, { 1 }, "ab", 11 },
	{ "no weights: each by an equal chance",
	    { { "a", 1, 5, 0 }, { "b", 1, 5, 0 }, { "c", 1, 5, 0 } }, 3, { 2, 1 }, "cab", 3 },
	{ "the highest numbers", { { "a", 65535, 65535, 65535 }, { "b", 1, 65535, 65535 } }, 2,
	    { 131070 }, "ba", 131071 },
	{ "one", { { "a", 1, 0, 0 } }, 1, { 0 }, "a", 1 },
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct srv s[4];
		char order[5] = "";

		memcpy(s, cases[i].in, sizeof s);
		memcpy(chances, cases[i].chances, sizeof cases[i].chances);
		asked = 0;
		(void)srv_order(s, cases[i].n, 4, given);
		for (size_t k = 0; k < cases[i].n; k++)
			order[k] = s[k].host[0];
		ok(strcmp(order, cases[i].order) == 0 && bounds[0] == cases[i].first_bound,
		    "%s: %s (of %u)", cases[i].what, order, (unsigned)bounds[0]);
	}
	is_int((long long)srv_order(NULL, 0, 16, given), 0, "none");
}

/* Of 40 targets the best 16 are kept, in order, each once. */
static void
test_bound(void)
{
	struct srv s[40];
	bool held = true, seen[40] = { false };

	for (int round = 0; round < 200 && held; round++) {
		memset(seen, 0, sizeof seen);
		for (uint16_t i = 0; i < 40; i++)
			s[i] = (struct srv){ "x", i, (uint16_t)(i * 7 % 40 / 4), (uint16_t)any(4) };
		held &= srv_order(s, 40, 16, any) == 16;
		for (size_t i = 0; i < 40; i++) {
			held &= !seen[s[i].port] && (i > 15 || s[i].priority == i / 4);
			seen[s[i].port] = true;
		}
	}
	ok(held, "of 40 the best 16 come first, by priority, and none is lost");
}

/* Each comes first as often as its weight says. */
static void
test_shares(void)
{
	enum { ROUNDS = 20000 };
	static const uint16_t weights[] = { 0, 10, 30, 60 };
	unsigned first[4] = { 0 };

	for (int round = 0; round < ROUNDS; round++) {
		struct srv s[4];

		for (uint16_t i = 0; i < 4; i++)
			s[i] = (struct srv){ hosts[i], i, 1, weights[i] };
		(void)srv_order(s, 4, 4, any);
		first[s[0].port]++;
	}
	ok(first[A] > 0 && first[A] < ROUNDS / 25, "weight 0 is rarely first: %u", first[A]);
	ok(first[B] > ROUNDS * 8 / 100 && first[B] < ROUNDS * 12 / 100, "10 of 100: %u", first[B]);
	ok(first[C] > ROUNDS * 27 / 100 && first[C] < ROUNDS * 33 / 100, "30 of 100: %u", first[C]);
	ok(first[D] > ROUNDS * 56 / 100 && first[D] < ROUNDS * 64 / 100, "60 of 100: %u", first[D]);
}

int
main(void)
{
	seed = tap_seed();
	test_cases();
	test_bound();
	test_shares();
	return done();
}
