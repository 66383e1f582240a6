/* decided.c - see decided.h. */
#include <stdlib.h>

#include "node/decided.h"

void
rulebook_free(struct rulebook *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		free(r->places[i]);
	free(r->places);
	free(r->now.ours);
	free(r->next.ours);
	map_free(&r->by_key);
	*r = (struct rulebook){ .count = 0 };
}

void
rulebook_forget_numbers(struct rulebook *r)
{
	r->now.count = r->next.count = 0;
	r->now.generation = r->next.generation = 0;
}

/* When all numbers are given away: those that no policy of now has. */
static void
sweep(struct rulebook *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		struct rule_place *p = r->places[i];

		if (!p || p->generation == r->now.generation || p->generation == r->next.generation)
			continue;
		map_del(&r->by_key, (struct str){ p->key, p->n });
		free(p);
		r->places[i] = NULL;
	}
}

static uint32_t
free_place(struct rulebook *r)
{
	struct rule_place **grown;
	uint32_t cap = r->cap ? 2 * r->cap : 64;

	if (r->count == RULES_MAX) {
		sweep(r);
		for (uint32_t i = 0; i < r->count; i++)
			if (!r->places[i])
				return i + 1;
		return 0;
	}
	if (r->count == r->cap) {
		if ((grown = realloc(r->places, cap * sizeof *grown)) == NULL)
			return 0;
		r->places = grown;
		r->cap = cap;
	}
	r->places[r->count++] = NULL;
	return r->count;
}

static size_t
key_of(const struct rule_mark *m, char *to)
{
	char *at = to;

	*at++ = (char)m->hook;
	memcpy(at, &m->line, sizeof m->line);
	at += sizeof m->line;
	str_place(&at, m->file);
	*at++ = '\0';
	str_place(&at, m->name);
	*at++ = '\0';
	return (size_t)(at - to);
}

static struct rule_place *
place_of(struct rulebook *r, const struct rule_mark *m)
{
	size_t n = 1 + sizeof m->line + m->file.n + 1 + m->name.n + 1;
	struct rule_place *p = malloc(sizeof *p + n), *known;

	if (!p)
		return NULL;
	*p = (struct rule_place){ .hook = m->hook, .line = m->line, .generation = m->generation, .n = n };
	key_of(m, p->key);
	p->file = p->key + 1 + sizeof m->line;
	p->name = p->file + m->file.n + 1;
	if ((known = map_get(&r->by_key, (struct str){ p->key, n })) != NULL) {
		known->generation = m->generation;
		free(p);
		return known;
	}
	if ((p->number = free_place(r)) == 0 ||
	    map_put(&r->by_key, (struct str){ p->key, n }, p) == -1) {
		free(p);
		return NULL;
	}
	r->places[p->number - 1] = p;
	return p;
}

static int
number(struct rule_numbers *n, uint32_t theirs, uint32_t ours)
{
	uint32_t cap = n->cap ? n->cap : 64, *grown;

	while (cap < theirs)
		cap *= 2;
	if (cap > n->cap) {
		if ((grown = realloc(n->ours, cap * sizeof *grown)) == NULL)
			return -1;
		n->ours = grown;
		n->cap = cap;
	}
	while (n->count < theirs)
		n->ours[n->count++] = 0;
	n->ours[theirs - 1] = ours;
	return 0;
}

int
rulebook_told(struct rulebook *r, const struct rule_mark *m)
{
	struct rule_numbers *to = m->generation == r->now.generation ? &r->now : &r->next;
	struct rule_place *p;

	if (m->number == 0 || m->number > RULES_MAX)
		return -1;
	if (to->generation != m->generation) {
		to->generation = m->generation;
		to->count = 0;
	}
	if ((p = place_of(r, m)) == NULL)
		return -1;
	return number(to, m->number, p->number);
}

void
rulebook_policy(struct rulebook *r, uint32_t generation)
{
	struct rule_numbers before = r->now;

	if (generation == r->now.generation)
		return;
	r->now = r->next;
	r->next = before;
	r->next.count = 0;
	r->next.generation = 0;
	if (r->now.generation != generation) {	/* it has no rules */
		r->now.generation = generation;
		r->now.count = 0;
	}
}

uint32_t
rulebook_ours(const struct rulebook *r, uint32_t theirs)
{
	return theirs && theirs <= r->now.count ? r->now.ours[theirs - 1] : 0;
}

struct rule_place *
rulebook_place(const struct rulebook *r, uint32_t ours)
{
	return ours && ours <= r->count ? r->places[ours - 1] : NULL;
}

/* --- denials --- */

void
decisions_free(struct decisions *d)
{
	free(d->ring);
	*d = (struct decisions){ .ring = NULL };
}

/* Each gets the same part of the text. */
static const char *
keep(struct decision *d, size_t *at, struct str s)
{
	enum { PART = DECISION_TEXT / 5 };
	char *to = d->text + *at;
	size_t n = s.n < PART ? s.n : PART - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = '\0';
	*at += n + 1;
	return to;
}

void
decisions_add(struct decisions *ds, uint64_t n, struct str peer, const struct question *q,
    uint32_t rule, enum error error, struct str reason)
{
	struct decision *d;
	size_t at = 0;

	if (!ds->ring && (ds->ring = calloc(DECISIONS_MAX, sizeof *ds->ring)) == NULL)
		return;
	d = &ds->ring[ds->at++ % DECISIONS_MAX];
	d->number = n;
	d->when = wall_now();
	d->hook = q->hook;
	d->error = (uint8_t)error;
	d->rule = rule;
	d->reason = keep(d, &at, reason);
	d->peer = keep(d, &at, peer);
	d->from = keep(d, &at, q->from);
	d->to = keep(d, &at, q->to);
	d->subject = keep(d, &at, q->subject);
}

const struct decision *
decisions_last(const struct decisions *ds)
{
	return ds->at ? &ds->ring[(ds->at - 1) % DECISIONS_MAX] : NULL;
}
