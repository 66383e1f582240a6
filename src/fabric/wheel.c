/* wheel.c - see wheel.h. */
#include "fabric/wheel.h"

static uint64_t
tick_of(struct mono t)
{
	return t.us / 1000 / WHEEL_TICK_MS;
}

void
wheel_init(struct wheel *w, struct mono now)
{
	for (int i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slots[i]);
	w->tick = tick_of(now);
	w->soonest = UINT64_MAX;
	w->count = 0;
}

void
timer_init(struct timer *t, timer_fn *fire)
{
	list_init(&t->place);
	t->due = 0;
	t->fire = fire;
}

void
timer_drop(struct wheel *w, struct timer *t)
{
	if (t->due == 0)
		return;
	list_del(&t->place);
	t->due = 0;
	w->count--;
}

void
timer_set(struct wheel *w, struct timer *t, struct mono now, uint64_t ms)
{
	uint64_t due = tick_of(mono_add_ms(now, ms)) + 1;

	timer_drop(w, t);
	if (due <= w->tick)
		due = w->tick + 1;
	t->due = due;
	list_add(&w->slots[due % WHEEL_SLOTS], &t->place);
	if (due < w->soonest)
		w->soonest = due;
	w->count++;
}

static void
turn_slot(struct wheel *w, struct list *slot, uint64_t now)
{
	struct list due;
	struct timer *t;

	/* first aside, since what fires may set timers into this very slot */
	list_init(&due);
	list_each_safe(n, slot) {
		t = list_of(n, struct timer, place);
		if (t->due <= now) {
			list_del(n);
			list_add(&due, n);
		}
	}
	while (!list_empty(&due)) {
		t = list_of(due.next, struct timer, place);
		timer_drop(w, t);
		t->fire(w, t);
	}
}

void
wheel_turn(struct wheel *w, struct mono now)
{
	uint64_t to = tick_of(now), from = w->tick + 1;

	if (to <= w->tick)
		return;
	if (to - w->tick > WHEEL_SLOTS)
		from = to - WHEEL_SLOTS + 1;
	if (w->soonest > to) {	/* nothing can be due: only note the time */
		w->tick = to;
		return;
	}
	w->tick = to;
	w->soonest = to + 1;
	for (uint64_t t = from; t <= to; t++)
		turn_slot(w, &w->slots[t % WHEEL_SLOTS], to);
}

uint64_t
wheel_next_ms(struct wheel *w, struct mono now)
{
	uint64_t t, ms;

	if (w->count == 0) {
		w->soonest = UINT64_MAX;
		return UINT64_MAX;
	}
	t = w->soonest > w->tick ? w->soonest : w->tick + 1;
	for (uint64_t end = t + WHEEL_SLOTS; t < end; t++)
		if (!list_empty(&w->slots[t % WHEEL_SLOTS]))
			break;
	w->soonest = t;
	ms = t * WHEEL_TICK_MS;
	return ms > now.us / 1000 ? ms - now.us / 1000 : 0;
}

bool
pace_now(struct wheel *w, struct pace *p, struct mono now, uint64_t ms)
{
	if (now.us >= p->next.us) {
		timer_drop(w, &p->later);
		p->next = mono_add_ms(now, ms);
		return true;
	}
	if (!timer_is_set(&p->later))
		timer_set(w, &p->later, now, mono_ms_until(now, p->next));
	return false;
}
