/* fabric-wheel.c - a timer fires once, never early and at most a tick late. */
#include "fabric/wheel.h"
#include "tap.h"

enum { TIMERS = 200, OPS = 40000 };

static struct wheel w;
static struct mono now;

static struct model {
	struct timer timer;
	bool set;
	uint64_t due_us;		/* what was asked for */
	uint64_t renew_ms;		/* 0: once */
	bool drops_next;		/* firing drops its neighbour */
} all[TIMERS];
static unsigned early, unset_fired, fired;

static void
on_fire(struct wheel *wheel, struct timer *t)
{
	struct model *m = list_of(t, struct model, timer), *next = &all[(m - all + 1) % TIMERS];

	early += now.us < m->due_us;
	unset_fired += !m->set || timer_is_set(t);
	fired++;
	m->set = false;
	if (m->renew_ms) {
		m->set = true;
		m->due_us = mono_add_ms(now, m->renew_ms).us;
		timer_set(wheel, t, now, m->renew_ms);
	}
	if (m->drops_next) {
		timer_drop(wheel, &next->timer);
		next->set = false;
	}
}

/* Which timers should have fired by now, with a tick of grace? */
static unsigned
late(void)
{
	unsigned n = 0;

	for (int i = 0; i < TIMERS; i++)
		n += all[i].set && all[i].due_us + WHEEL_TICK_MS * 1000 <= now.us;
	return n;
}

static uint64_t
set_count(void)
{
	uint64_t n = 0;

	for (int i = 0; i < TIMERS; i++)
		n += all[i].set;
	return n;
}

static void
random_ops(uint64_t *seed)
{
	static const uint64_t spans[] = { 1, 16, 17, 100, 5000, 16384, 20000, 600000, 86400000 };
	unsigned lates = 0, counts = 0, sleeps = 0, asleep = 0;

	for (int i = 0; i < TIMERS; i++)
		timer_init(&all[i].timer, on_fire);
	for (int op = 0; op < OPS; op++) {
		struct model *m = &all[tap_rand(seed) % TIMERS];
		uint64_t span = spans[tap_rand(seed) % (sizeof spans / sizeof *spans)], ms, next;

		switch (tap_rand(seed) % 8) {
		case 0: case 1: case 2: case 3:
			ms = tap_rand(seed) % (span + 1);
			m->set = true;
			m->due_us = mono_add_ms(now, ms).us;
			m->renew_ms = tap_rand(seed) % 16 == 0 ? 1 + tap_rand(seed) % 40 : 0;
			m->drops_next = tap_rand(seed) % 16 == 0;
			timer_set(&w, &m->timer, now, ms);
			break;
		case 4:
			m->set = false;
			timer_drop(&w, &m->timer);
			break;
		case 5:		/* as the loop does: sleep as long as it is told */
			next = wheel_next_ms(&w, now);
			if (next != UINT64_MAX && next > 0) {
				struct mono was = now;

				/* nothing may have been due before the last moment of sleep */
				now = mono_add_ms(was, next - 1);
				asleep += late();
				sleeps++;
				now = mono_add_ms(was, next);
			}
			wheel_turn(&w, now);
			break;
		default:
			now.us += tap_rand(seed) % (span * 1000 + 1);
			wheel_turn(&w, now);
			break;
		}
		lates += late() && w.tick == now.us / 1000 / WHEEL_TICK_MS;
		counts += set_count() != w.count;
	}
	ok(fired > 1000, "many timers fired: %u", fired);
	is_int(early, 0, "none early");
	is_int(lates, 0, "none over a tick late");
	is_int(unset_fired, 0, "none that was not set, each only once");
	is_int(counts, 0, "and the count is what is set");
	ok(sleeps > 100, "the loop slept %u times", sleeps);
	is_int(asleep, 0, "and overslept nothing");
}

static unsigned ordered;

static void
on_order(struct wheel *wheel, struct timer *t)
{
	(void)wheel, (void)t;
	ordered++;
}

int
main(void)
{
	uint64_t seed = tap_seed();
	struct timer t;

	now.us = 987654321;
	wheel_init(&w, now);
	ok(wheel_next_ms(&w, now) == UINT64_MAX, "an empty wheel wants no turn");
	timer_init(&t, on_order);
	timer_drop(&w, &t);
	ok(!timer_is_set(&t), "dropping what is not set is no harm");
	timer_set(&w, &t, now, 50);
	timer_set(&w, &t, now, 5000);
	is_int((long long)w.count, 1, "setting again moves it");
	now = mono_add_ms(now, 4999);
	wheel_turn(&w, now);
	is_int(ordered, 0, "so it does not fire at the first time");
	now = mono_add_ms(now, 1 + WHEEL_TICK_MS);
	wheel_turn(&w, now);
	is_int(ordered, 1, "but at the second");
	timer_set(&w, &t, now, 1000);
	now = mono_add_ms(now, (uint64_t)WHEEL_TICK_MS * WHEEL_SLOTS * 3 + 7);
	wheel_turn(&w, now);
	is_int(ordered, 2, "a jump of time past all slots fires it once");
	timer_set(&w, &t, now, (uint64_t)WHEEL_TICK_MS * WHEEL_SLOTS * 5);
	for (int i = 0; i < 4; i++) {
		now = mono_add_ms(now, (uint64_t)WHEEL_TICK_MS * WHEEL_SLOTS);
		wheel_turn(&w, now);
	}
	is_int(ordered, 2, "one that is rounds away waits for its round");
	wheel_turn(&w, (struct mono){ now.us - 1000000 });
	is_int(ordered, 2, "a turn with an older time does nothing");
	timer_drop(&w, &t);
	random_ops(&seed);
	return done();
}
