/* queue.c - see queue.h. */
#include <stdlib.h>

#include "route/queue.h"

enum { BACKGROUND_EACH = 8 };

struct asker {
	struct list place, questions;
	uint32_t count;
	char key[4];
};

static struct str
key_of(uint32_t peer, char to[4])
{
	memcpy(to, &peer, 4);
	return (struct str){ to, 4 };
}

static void
lane_init(struct lane *l)
{
	*l = (struct lane){ .count = 0 };
	list_init(&l->askers);
}

void
queue_init(struct queue *q)
{
	*q = (struct queue){ .count = 0 };
	lane_init(&q->urgent);
	lane_init(&q->background);
}

static struct asker *
asker_of(struct lane *l, uint32_t peer)
{
	char key[4];
	struct asker *a = map_get(&l->by_number, key_of(peer, key));

	if (a || (a = calloc(1, sizeof *a)) == NULL)
		return a;
	memcpy(a->key, key, sizeof key);
	if (map_put(&l->by_number, (struct str){ a->key, sizeof a->key }, a) == -1) {
		free(a);
		return NULL;
	}
	list_init(&a->questions);
	list_add(&l->askers, &a->place);
	return a;
}

static void
asker_gone(struct lane *l, struct asker *a)
{
	map_del(&l->by_number, (struct str){ a->key, sizeof a->key });
	list_del(&a->place);
	free(a);
}

int
queue_put(struct queue *q, uint32_t peer, bool background, const struct waiting *head, struct str body)
{
	struct lane *l = background ? &q->background : &q->urgent;
	struct asker *a = asker_of(l, peer);
	struct waiting *w;

	if (!a || a->count >= QUEUE_OF_PEER)
		return -1;
	if ((w = malloc(sizeof *w + body.n)) == NULL) {
		if (a->count == 0)
			asker_gone(l, a);
		return -1;
	}
	*w = *head;
	w->n = body.n;
	if (body.n)
		memcpy(w->body, body.p, body.n);
	list_add(&a->questions, &w->place);
	a->count++;
	l->count++;
	q->count++;
	q->bytes += sizeof *w + body.n;
	return 0;
}

struct waiting *
queue_take(struct queue *q)
{
	bool turn = ++q->turn % BACKGROUND_EACH == 0;
	struct lane *l = q->urgent.count && (!turn || !q->background.count) ?
	    &q->urgent : &q->background;
	struct waiting *w;
	struct asker *a;

	if (l->count == 0)
		return NULL;
	a = list_of(l->askers.next, struct asker, place);
	w = list_of(a->questions.next, struct waiting, place);
	list_del(&w->place);
	list_del(&a->place);
	list_add(&l->askers, &a->place);	/* the next turn is another's */
	l->count--;
	q->count--;
	q->bytes -= sizeof *w + w->n;
	if (--a->count == 0)
		asker_gone(l, a);
	return w;
}

void
queue_free(struct queue *q)
{
	struct waiting *w;

	while ((w = queue_take(q)) != NULL)
		free(w);
	map_free(&q->urgent.by_number);
	map_free(&q->background.by_number);
	queue_init(q);
}

bool
queue_is_full(const struct queue *q)
{
	return q->count >= QUEUE_MAX || q->bytes >= QUEUE_BYTES;
}

bool
queue_has_room(const struct queue *q)
{
	return q->count < QUEUE_MAX / 2 && q->bytes < QUEUE_BYTES / 2;
}
