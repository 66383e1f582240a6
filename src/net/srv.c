/* srv.c - the order of RFC 2782: lower priority first, of equal ones by weight and chance. */
#include "net/srv.h"

/* Is `s` what this walk is after? Weight 0 comes first, so that chance may fall on it. */
static int
is_on(const struct srv *s, uint16_t priority, int walk)
{
	return s->priority == priority && (s->weight != 0) == walk;
}

static size_t
srv_pick(const struct srv *s, size_t n, uint32_t (*below)(uint32_t bound))
{
	uint16_t priority = UINT16_MAX;
	uint32_t sum = 0, passed = 0, count = 0, chance;

	for (size_t i = 0; i < n; i++)
		if (s[i].priority < priority)
			priority = s[i].priority;
	for (size_t i = 0; i < n; i++)
		if (s[i].priority == priority) {
			sum += s[i].weight;
			count++;
		}
	/* no weights at all: the RFC leaves the order to us, and load is spread */
	chance = below(sum ? sum + 1 : count);
	for (int walk = 0; walk < 2; walk++)
		for (size_t i = 0; i < n; i++) {
			if (!is_on(&s[i], priority, walk))
				continue;
			passed += sum ? s[i].weight : 1;
			if (sum ? passed >= chance : passed > chance)
				return i;
		}
	return 0;
}

size_t
srv_order(struct srv *s, size_t n, size_t most, uint32_t (*below)(uint32_t bound))
{
	if (most > n)
		most = n;
	for (size_t i = 0; i < most; i++) {
		size_t at = i + srv_pick(s + i, n - i, below);
		struct srv next = s[at];

		s[at] = s[i];
		s[i] = next;
	}
	return most;
}
