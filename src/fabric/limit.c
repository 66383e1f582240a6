/* limit.c - see limit.h. */
#include <stdlib.h>

#include "fabric/limit.h"

enum { TOKEN = 1000000000, LOOK = 16 };	/* parts of a token: a thousandth a second is one in a microsecond */

struct limiter {
	struct list idle;
	struct limiters *of;
	uint64_t id[2];		/* keyed hashes of name and value: as good as both, and short */
	uint32_t uses, rate_milli, burst;
	uint64_t parts;		/* what is left, in parts of a token */
	struct mono filled, released;
};

static struct str
id_view(const uint64_t id[2])
{
	return (struct str){ (const char *)id, 2 * sizeof *id };
}

static void
fill(struct limiter *l, struct mono now)
{
	uint64_t full = (uint64_t)l->burst * TOKEN, us = mono_us_since(l->filled, now);

	if (now.us > l->filled.us)
		l->filled = now;
	if (l->rate_milli && us > (full - l->parts) / l->rate_milli)
		l->parts = full;
	else
		l->parts += us * l->rate_milli;
}

static void
limiter_free(struct limiter *l)
{
	map_del(&l->of->by_name, id_view(l->id));
	list_del(&l->idle);
	l->of->count--;
	free(l);
}

/*
 * Those that nobody wanted for LINGER_MS go, a few at a time.  When all
 * places are taken, so does one that is full again: a fresh one is no more.
 */
static void
make_room(struct limiters *ls, struct mono now)
{
	unsigned looked = 0;

	list_each_safe(n, &ls->idle) {
		struct limiter *l = list_of(n, struct limiter, idle);
		bool crowded = ls->count >= LIMITERS_MAX;

		if (looked++ == LOOK)
			return;
		if (mono_us_since(l->released, now) < (uint64_t)LINGER_MS * 1000) {
			if (!crowded)
				return;
			fill(l, now);
			if (l->parts < (uint64_t)l->burst * TOKEN)
				continue;
		}
		limiter_free(l);
	}
}

static struct limiter *
limiter_new(struct limiters *ls, const uint64_t id[2], struct mono now)
{
	struct limiter *l;

	if (ls->count >= LIMITERS_MAX || (l = malloc(sizeof *l)) == NULL)
		return NULL;
	*l = (struct limiter){ .of = ls, .id = { id[0], id[1] }, .filled = now };
	list_init(&l->idle);
	if (map_put(&ls->by_name, id_view(l->id), l) == -1) {
		free(l);
		return NULL;
	}
	ls->count++;
	return l;
}

struct limiter *
limiter_use(struct limiters *ls, struct str name, struct str value, uint32_t rate_milli, uint32_t burst,
    struct mono now)
{
	const uint64_t id[2] = { map_hash(name), map_hash(value) };
	struct limiter *l;
	bool fresh;

	if (!ls->idle.next)
		list_init(&ls->idle);
	if (burst == 0)
		burst = rate_milli < 1000 ? 1 : rate_milli / 1000;
	l = map_get(&ls->by_name, id_view(id));
	fresh = l == NULL;
	if (fresh) {
		make_room(ls, now);
		if ((l = limiter_new(ls, id, now)) == NULL)
			return NULL;
	}
	list_del(&l->idle);
	fill(l, now);		/* up to now by the rate of before */
	l->rate_milli = rate_milli;
	l->burst = burst;
	if (fresh || l->parts > (uint64_t)burst * TOKEN)
		l->parts = (uint64_t)burst * TOKEN;
	l->uses++;
	return l;
}

void
limiter_release(struct limiters *ls, struct limiter *l, struct mono now)
{
	if (!l || --l->uses)
		return;
	l->released = now;
	list_add(&ls->idle, &l->idle);
	make_room(ls, now);
}

bool
limiter_take(struct limiter *l, struct mono now)
{
	fill(l, now);
	if (l->parts < TOKEN) {
		l->of->refused++;
		return false;
	}
	l->parts -= TOKEN;
	return true;
}

void
limiters_free(struct limiters *ls)
{
	struct limiter *l;
	size_t at = 0;

	while ((l = map_next(&ls->by_name, &at)))
		free(l);
	map_free(&ls->by_name);
	*ls = (struct limiters){ .count = 0 };
}
