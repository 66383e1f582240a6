/*
 * balance.c - which of the instances of a service: the strategies.
 *
 * Candidates come by one at a time, local ones and others apart, so nothing
 * is collected.  One with room is before one without; among equals:
 *
 *	least_inflight	the fewest requests under way for its weight
 *	round_robin	the first; who was chosen goes to the end of the line
 *	random		any
 *	weighted	any, as often as its weight says
 *	latency		of any two the one that answered faster lately
 *	sticky		the one that a value of the message goes with: the
 *			highest hash over both, so that only the values of an
 *			instance that left go elsewhere (rendezvous hashing)
 *	pick		the one that policy named
 */
#include "fabric/fib.h"
#include "wire/meta.h"

enum {
	FORGET_US = 8000000,	/* an instance that was slow is tried again: half in this time */
	SMOOTH = 8		/* a new answer counts for an eighth */
};

static bool
lighter(const struct claim *a, const struct claim *b)
{
	return (uint64_t)a->in_flight * b->weight < (uint64_t)b->in_flight * a->weight;
}

/* xorshift64*: below `bound`, near enough to even */
static uint64_t
dice(struct fib *f, uint64_t bound)
{
	f->random ^= f->random >> 12;
	f->random ^= f->random << 25;
	f->random ^= f->random >> 27;
	return (f->random * 0x2545f4914f6cdd1du >> 32) * bound >> 32;
}

static uint64_t
affinity(const struct claim *c, struct str value)
{
	static const uint8_t key[16];	/* fixed: every node and every run agrees */
	struct str who = c->port->from.n ? c->port->from : c->port->node;
	uint8_t both[16];

	be_put_u64(both, siphash13(key, value));
	be_put_u64(both + 8, siphash13(key, who) ^ siphash13(key, claim_version(c)) * 31);
	return siphash13(key, (struct str){ (const char *)both, sizeof both });
}

/* What it may take to answer: the latest answers, more if it has much to do. */
static uint64_t
cost(const struct claim *c, struct mono now)
{
	uint64_t age = mono_us_since(c->answered, now) / FORGET_US;

	return (uint64_t)(age > 31 ? 0 : c->latency_us >> age) * (c->in_flight + 1u);
}

bool
balance_wants_all(const struct ask *ask)
{
	return ask->by_strategy && (ask->strategy == STRATEGY_WEIGHTED ||
	    ask->strategy == STRATEGY_STICKY || ask->strategy == STRATEGY_PICK);
}

static bool
takes(struct fib *f, const struct ask *ask, unsigned strategy, struct leader *l, struct claim *c)
{
	uint64_t score;

	switch (strategy) {
	case STRATEGY_LEAST_INFLIGHT:
		return lighter(c, l->claim);
	case STRATEGY_RANDOM:
		return dice(f, ++l->sum) == 0;
	case STRATEGY_WEIGHTED:
		l->sum += c->weight;
		return dice(f, l->sum) < c->weight;
	case STRATEGY_STICKY:
		score = affinity(c, ask->sticky);
		if (score <= l->score)
			return false;
		l->score = score;
		return true;
	case STRATEGY_LATENCY:	/* each pair is as likely as any other */
		l->sum++;
		if (!l->other)
			l->other = c;
		else if (dice(f, l->sum) < 2)
			*(dice(f, 2) ? &l->claim : &l->other) = c;
		return false;
	default:
		return false;	/* the first */
	}
}

void
balance_consider(struct fib *f, const struct ask *ask, struct leader *l, struct claim *c)
{
	unsigned strategy = ask->by_strategy ? ask->strategy : (unsigned)f->balance;
	bool room = claim_has_room(c);

	if (l->picked)
		return;
	if (strategy == STRATEGY_PICK) {
		strategy = (unsigned)f->balance;
		l->picked = room && c->number == ask->instance;
	}
	if (l->picked || !l->claim || (room && !claim_has_room(l->claim))) {
		*l = (struct leader){ .claim = c, .picked = l->picked,
		    .sum = strategy == STRATEGY_WEIGHTED ? c->weight : 1,
		    .score = strategy == STRATEGY_STICKY ? affinity(c, ask->sticky) : 0 };
	} else if (room == claim_has_room(l->claim) && takes(f, ask, strategy, l, c)) {
		l->claim = c;
	}
}

struct claim *
balance_best(const struct ask *ask, const struct leader *l)
{
	uint64_t a, b;

	if (!l->other)
		return l->claim;
	a = cost(l->claim, ask->now);
	b = cost(l->other, ask->now);
	return b < a || (a == b && lighter(l->other, l->claim)) ? l->other : l->claim;
}

void
balance_answered(struct claim *c, struct mono sent, struct mono now, bool error)
{
	uint64_t us = mono_us_since(sent, now);
	uint32_t took = us > UINT32_MAX ? UINT32_MAX : us ? (uint32_t)us : 1;
	bool known = c->latency_us && mono_us_since(c->answered, now) < 8u * FORGET_US;

	if (error && known && took < c->latency_us)
		return;		/* failing fast is not being fast */
	c->latency_us = !known ? took : took > c->latency_us ?
	    c->latency_us + (took - c->latency_us + SMOOTH - 1) / SMOOTH :
	    c->latency_us - (c->latency_us - took) / SMOOTH;
	c->answered = now;
}
