/*
 * tls_sessions.c - handshakes that need not be done in full again: the oldest
 * goes when there are too many.
 */
#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "net/tls_in.h"

enum { SESSIONS_MAX = 16384 };

struct kept {
	struct list age;
	struct tls_session s;		/* its views lead into text */
	char text[];
};

struct tls_sessions {
	struct map servers, clients;	/* by session id; by the server's name */
	struct list age;		/* oldest first */
	size_t count;
	uint64_t news;
};

struct tls_sessions *
tls_sessions_open(void)
{
	struct tls_sessions *all = calloc(1, sizeof *all);

	if (all)
		list_init(&all->age);
	return all;
}

static struct map *
map_of(struct tls_sessions *all, bool client)
{
	return client ? &all->clients : &all->servers;
}

static void
forget(struct tls_sessions *all, struct kept *k)
{
	map_del(map_of(all, k->s.client), k->s.client ? k->s.name : k->s.id);
	list_del(&k->age);
	all->count--;
	tls_wipe(&k->s, sizeof k->s);
	free(k);
}

void
tls_sessions_close(struct tls_sessions *all)
{
	if (!all)
		return;
	while (!list_empty(&all->age))
		forget(all, list_of(all->age.next, struct kept, age));
	map_free(&all->servers);
	map_free(&all->clients);
	free(all);
}

uint64_t
tls_sessions_news(const struct tls_sessions *all)
{
	return all->news;
}

void
sessions_add(struct tls_sessions *all, const struct tls_session *s)
{
	struct kept *k = malloc(sizeof *k + s->id.n + s->name.n + s->chain.n);
	char *text;

	if (!k)
		return;
	text = k->text;
	k->s = *s;
	k->s.id = str_place(&text, s->id);
	k->s.name = str_place(&text, s->name);
	k->s.chain = str_place(&text, s->chain);
	sessions_forget(all, s->client, s->client ? s->name : s->id);
	if (map_put(map_of(all, s->client), s->client ? k->s.name : k->s.id, k) == -1) {
		tls_wipe(&k->s, sizeof k->s);
		free(k);
		return;
	}
	list_add(&all->age, &k->age);
	all->news++;
	if (++all->count > SESSIONS_MAX)
		forget(all, list_of(all->age.next, struct kept, age));
}

void
sessions_forget(struct tls_sessions *all, bool client, struct str key)
{
	struct kept *k = map_get(map_of(all, client), key);

	if (k)
		forget(all, k);
}

const struct tls_session *
sessions_find(struct tls_sessions *all, bool client, struct str key,
    const uint8_t generation[SESSION_HASH])
{
	struct kept *k = map_get(map_of(all, client), key);

	if (k && (wall_now().s >= k->s.expires || memcmp(k->s.generation, generation, SESSION_HASH))) {
		forget(all, k);
		k = NULL;
	}
	return k ? &k->s : NULL;
}

int
sessions_put(const struct tls_sessions *all, struct buf *to)
{
	int64_t now = wall_now().s;

	list_each(n, &all->age) {
		const struct kept *k = list_of(n, struct kept, age);

		if (k->s.expires > now && session_put(to, &k->s) == -1)
			return -1;
	}
	return 0;
}
