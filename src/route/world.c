/* world.c - see world.h. */
#include <stdlib.h>

#include "base/rand.h"
#include "route/world.h"
#include "wire/meta.h"

struct peer {
	struct peer_facts facts;	/* views into text[] */
	struct list claims;
	char key[4], text[];
};

struct known { struct list claims; size_t n; char key[]; };	/* family byte, then the name */

struct claimed {
	struct list of_name, of_peer;
	struct known *name;
	uint32_t peer, weight;
	struct str version, tags, node;	/* into text[] */
	char text[];
};

void
world_init(struct world *w)
{
	*w = (struct world){ .seen = 0 };
}

/* --- peers --- */

static struct str
key_of(uint32_t number, char to[4])
{
	memcpy(to, &number, 4);
	return (struct str){ to, 4 };
}

static struct peer *
find_peer(const struct world *w, uint32_t number)
{
	char key[4];

	return map_get(&w->peers, key_of(number, key));
}

int
world_peer(struct world *w, const struct peer_facts *f)
{
	struct peer *old = find_peer(w, f->number), *p;
	char *at;

	if (!old && w->peer_count == PEERS_MAX)
		return -1;
	p = malloc(sizeof *p + f->node.n + f->cluster.n + f->address.n + f->from.n + f->tags.n);
	if (!p)
		return -1;
	p->facts = *f;
	at = p->text;
	p->facts.node = str_place(&at, f->node);
	p->facts.cluster = str_place(&at, f->cluster);
	p->facts.address = str_place(&at, f->address);
	p->facts.from = str_place(&at, f->from);
	p->facts.tags = str_place(&at, f->tags);
	key_of(f->number, p->key);
	list_init(&p->claims);
	if (map_put(&w->peers, (struct str){ p->key, sizeof p->key }, p) == -1) {
		free(p);
		return -1;
	}
	w->peer_count += !old;
	if (old) {
		while (!list_empty(&old->claims)) {
			struct list *n = old->claims.next;

			list_del(n);
			list_add(&p->claims, n);
		}
		free(old);
	}
	return 0;
}

const struct peer_facts *
world_facts(struct world *w, uint32_t number)
{
	static const struct peer_facts nobody;
	struct peer *p;

	if (number == 0)
		return &nobody;
	return (p = find_peer(w, number)) != NULL ? &p->facts : NULL;
}

/* --- names --- */

static struct str
name_key(enum family family, struct str name, char to[NAME_MAX_BYTES + 1])
{
	if (name.n > NAME_MAX_BYTES)
		name.n = NAME_MAX_BYTES;	/* no such name is announced */
	to[0] = (char)family;
	if (name.n)
		memcpy(to + 1, name.p, name.n);
	return (struct str){ to, name.n + 1 };
}

static struct known *
find_name(const struct world *w, enum family family, struct str name)
{
	char key[NAME_MAX_BYTES + 1];

	return name.n > NAME_MAX_BYTES ? NULL : map_get(&w->names, name_key(family, name, key));
}

static struct known *
make_name(struct world *w, const struct announcement *a)
{
	struct known *k = malloc(sizeof *k + a->name.n + 1);

	if (!k)
		return NULL;
	k->n = name_key(a->family, a->name, k->key).n;
	list_init(&k->claims);
	if (map_put(&w->names, (struct str){ k->key, k->n }, k) == -1) {
		free(k);
		return NULL;
	}
	return k;
}

static void
name_unused(struct world *w, struct known *k)
{
	if (!list_empty(&k->claims))
		return;
	map_del(&w->names, (struct str){ k->key, k->n });
	free(k);
}

static void
drop(struct world *w, struct claimed *c)
{
	list_del(&c->of_name);
	list_del(&c->of_peer);
	w->claim_count--;
	name_unused(w, c->name);
	free(c);
}

static struct claimed *
find_claim(struct known *k, uint32_t peer, struct str version)
{
	list_each(n, &k->claims) {
		struct claimed *c = list_of(n, struct claimed, of_name);

		if (c->peer == peer && str_eq(c->version, version))
			return c;
	}
	return NULL;
}

static struct str
first_node(struct str path)
{
	struct tlv t;

	while (tlv_next(&path, &t) == PARSE_OK)
		if (t.type == META_path)
			return t.value;
	return (struct str){ NULL, 0 };
}

static struct claimed *
make_claim(uint32_t peer, const struct announcement *a)
{
	struct str node = first_node(a->path);
	struct claimed *c = malloc(sizeof *c + a->version.n + a->tags.n + node.n);
	char *at;

	if (!c)
		return NULL;
	at = c->text;
	c->peer = peer;
	c->weight = a->weight;
	c->version = str_place(&at, a->version);
	c->tags = str_place(&at, a->tags);
	c->node = str_place(&at, node);
	list_init(&c->of_peer);
	return c;
}

int
world_claim(struct world *w, uint32_t number, const struct announcement *a, uint64_t change)
{
	struct known *k = find_name(w, a->family, a->name);
	struct claimed *old = k ? find_claim(k, number, a->version) : NULL, *c;
	struct peer *p = find_peer(w, number);

	if (change > w->seen)
		w->seen = change;
	if ((!old && w->claim_count == CLAIMS_MAX) || (c = make_claim(number, a)) == NULL)
		return -1;
	if (!k && (k = make_name(w, a)) == NULL) {
		free(c);
		return -1;
	}
	c->name = k;
	list_add(&k->claims, &c->of_name);
	if (p)
		list_add(&p->claims, &c->of_peer);
	w->claim_count++;
	if (old)
		drop(w, old);
	return 0;
}

void
world_withdraw(struct world *w, uint32_t number, const struct announcement *a, uint64_t change)
{
	struct known *k = find_name(w, a->family, a->name);
	struct claimed *c = k ? find_claim(k, number, a->version) : NULL;

	if (change > w->seen)
		w->seen = change;
	if (c)
		drop(w, c);
}

void
world_peer_gone(struct world *w, uint32_t number)
{
	struct peer *p = find_peer(w, number);

	if (!p)
		return;
	while (!list_empty(&p->claims))
		drop(w, list_of(p->claims.next, struct claimed, of_peer));
	map_del(&w->peers, (struct str){ p->key, sizeof p->key });
	w->peer_count--;
	free(p);
}

void
world_free(struct world *w)
{
	struct known *k;
	struct peer *p;

	for (size_t at = 0; (k = map_next(&w->names, &at)) != NULL; ) {
		while (!list_empty(&k->claims)) {
			struct claimed *c = list_of(k->claims.next, struct claimed, of_name);

			list_del(&c->of_name);
			list_del(&c->of_peer);
			free(c);
		}
		free(k);
	}
	for (size_t at = 0; (p = map_next(&w->peers, &at)) != NULL; )
		free(p);
	map_free(&w->names);
	map_free(&w->peers);
	world_init(w);
}

/* --- for env --- */

static bool
known(void *names, enum family family, struct str name)
{
	return find_name(names, family, name) != NULL;
}

static void
instances(void *names, struct str service, void (*each)(void *, const struct instance *), void *to)
{
	struct known *k = find_name(names, FAMILY_SERVICE, service);
	uint32_t number = 1;

	if (!k)
		return;
	list_each(n, &k->claims) {
		struct claimed *c = list_of(n, struct claimed, of_name);
		struct instance i = { .number = number, .local = c->node.n == 0,
		    .weight = c->weight, .node = c->node, .version = c->version, .tags = c->tags };

		each(to, &i);
		number++;
	}
}

static uint64_t
chance(void)
{
	uint64_t bits;

	rand_bytes(&bits, sizeof bits);
	return bits;
}

void
world_ask(struct world *w, struct policy_world *p)
{
	*p = (struct policy_world){ .now = wall_now(), .seen = w->seen, .names = w,
	    .known = known, .instances = instances, .chance = chance };
}
