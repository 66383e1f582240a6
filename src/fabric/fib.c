/* fib.c - the forwarding table: adding, finding, choosing. */
#include <assert.h>
#include <stdlib.h>

#include "base/rand.h"
#include "fabric/fib.h"
#include "fabric/pattern.h"
#include "fabric/version.h"
#include "wire/fields.h"

enum { KEY_MAX = 1 + NAME_MAX_BYTES, LOOK_AT = 16 };

static struct str
key_of(char to[KEY_MAX], enum family family, struct str text)
{
	if (text.n > NAME_MAX_BYTES)
		return (struct str){ NULL, 0 };
	to[0] = (char)family;
	if (text.n)
		memcpy(to + 1, text.p, text.n);
	return (struct str){ to, text.n + 1 };
}

void
fib_init(struct fib *f)
{
	*f = (struct fib){ .balance = BALANCE_LEAST_INFLIGHT };
	rand_bytes(&f->random, sizeof f->random);
	f->random |= 1;
	list_init(&f->patterns);
}

void
fib_free(struct fib *f)
{
	struct name *name;
	size_t at = 0;

	while ((name = map_next(&f->names, &at)) != NULL) {
		list_each_safe(n, &name->claims)
			free(list_of(n, struct claim, of_name));
		free(name);
	}
	map_free(&f->names);
	interest_free(&f->interest);
	interest_free(&f->paths);
	fib_init(f);
}

struct str
name_text(const struct name *name)
{
	return (struct str){ name->key + 1, name->n };
}

struct name *
fib_name(struct fib *f, enum family family, struct str text)
{
	char key[KEY_MAX];
	struct str k = key_of(key, family, text);

	return k.n ? map_get(&f->names, k) : NULL;
}

/* Of the claims of a name and those of a neighbour, whichever list ends first. */
static struct claim *
find(struct name *name, struct list *theirs, size_t of_theirs, const struct port *port, const struct via *via,
    struct str version)
{
	struct list *m = theirs->next;

	list_each(n, &name->claims) {
		struct claim *c = list_of(n, struct claim, of_name), *t;

		if (c->port == port && c->via == via && str_eq(claim_version(c), version))
			return c;
		if (m == theirs)
			return NULL;
		t = (struct claim *)(void *)((char *)m - of_theirs);
		if (t->name == name && t->via == via && str_eq(claim_version(t), version))
			return t;
		m = m->next;
	}
	return NULL;
}

struct claim *
fib_claim(struct fib *f, struct port *port, enum family family, struct str text, struct str version)
{
	struct name *name = fib_name(f, family, text);

	return name ? find(name, &port->claims, offsetof(struct claim, of_port), port, NULL, version) : NULL;
}

struct claim *
fib_learnt(struct fib *f, struct via *via, enum family family, struct str text, struct str version)
{
	struct name *name = fib_name(f, family, text);

	return name ? find(name, &via->claims, offsetof(struct claim, of_via), via->port, via, version) : NULL;
}

uint32_t
fib_versions(const struct name *name, const struct via *via)
{
	uint32_t count = 0;

	list_each(n, &name->claims)
		count += list_of(n, struct claim, of_name)->via == via;
	return count;
}

/* the longest domain first, and of equals the narrower *@D before *.D, so
 * that the first one to cover an address wins */
static bool
narrower(const struct name *a, const struct name *b)
{
	return a->n != b->n ? a->n > b->n : a->key[2] == '@' && b->key[2] != '@';
}

static void
pattern_add(struct fib *f, struct name *name)
{
	struct list *before = &f->patterns;

	list_each(n, &f->patterns)
		if (narrower(name, list_of(n, struct name, patterns))) {
			before = n;
			break;
		}
	list_add(before, &name->patterns);
}

/* The text begins in what would be padding: there are many of these. */
static size_t
room(size_t with_text, size_t whole)
{
	return with_text > whole ? with_text : whole;
}

static struct interest *
trie_of(struct fib *f, enum family family)
{
	return family == FAMILY_INTEREST ? &f->interest : family == FAMILY_PATH ? &f->paths : NULL;
}

static struct name *
name_open(struct fib *f, enum family family, struct str text)
{
	struct name *name = malloc(room(offsetof(struct name, key) + text.n + 2, sizeof *name));
	struct interest *trie = trie_of(f, family);

	if (!name)
		return NULL;
	*name = (struct name){ .family = (uint8_t)family, .n = (uint8_t)text.n };
	list_init(&name->claims);
	list_init(&name->patterns);
	list_init(&name->waiting);
	name->key[0] = (char)family;
	memcpy(name->key + 1, text.p, text.n);
	name->key[1 + text.n] = '\0';
	if (map_put(&f->names, (struct str){ name->key, text.n + 1 }, name) == -1) {
		free(name);
		return NULL;
	}
	if (trie && interest_add(trie, name) == -1) {
		map_del(&f->names, (struct str){ name->key, text.n + 1 });
		free(name);
		return NULL;
	}
	if (family == FAMILY_ENDPOINT && pattern_is_wild(text))
		pattern_add(f, name);
	return name;
}

void
fib_drop_name(struct fib *f, struct name *name)
{
	struct interest *trie = trie_of(f, (enum family)name->family);

	map_del(&f->names, (struct str){ name->key, name->n + 1 });
	list_del(&name->patterns);
	if (trie)
		interest_del(trie, name);
	free(name);
}

static uint16_t
keep(char **at, struct str s)
{
	str_place(at, s);
	assert(s.n <= UINT16_MAX);	/* announcement_get() saw to it */
	return (uint16_t)s.n;
}

struct claim *
fib_add(struct fib *f, struct port *port, struct via *via, const struct announcement *a)
{
	struct name *name = fib_name(f, a->family, a->name);
	struct claim *c = malloc(room(offsetof(struct claim, text) + a->version.n + a->methods.n + a->tags.n + a->path.n,
	    sizeof *c));
	char *at;

	if (!c || (!name && (name = name_open(f, a->family, a->name)) == NULL)) {
		free(c);
		return NULL;
	}
	*c = (struct claim){ .name = name, .port = port, .via = via, .weight = a->weight,
	    .max_concurrency = a->max_concurrency, .hops = a->hops,
	    .said_shared = a->shared, .digest = announcement_digest(a), .number = ++f->last_claim };
	at = c->text;
	c->version_n = keep(&at, a->version);
	c->methods_n = keep(&at, a->methods);
	c->tags_n = keep(&at, a->tags);
	c->path_n = keep(&at, a->path);
	list_add(&name->claims, &c->of_name);
	list_add(&port->claims, &c->of_port);
	list_init(&c->of_via);
	if (via) {
		list_add(&via->claims, &c->of_via);
		via->names++;
		via->names_digest ^= c->digest;
	}
	name->count++;
	name->local += !port_is_link(port);
	port->digest ^= c->digest;
	f->claimed[a->family]++;
	port->claimed[a->family]++;
	return c;
}

struct name *
fib_del(struct fib *f, struct claim *c)
{
	struct name *name = c->name;
	struct port *port = c->port;

	list_del(&c->of_name);
	list_del(&c->of_port);
	if (c->via) {
		list_del(&c->of_via);
		c->via->names--;
		c->via->names_digest ^= c->digest;
	}
	name->count--;
	name->local -= !port_is_link(port);
	port->digest ^= c->digest;
	f->claimed[name->family]--;
	port->claimed[name->family]--;
	free(c);
	if (name->count || name->waiting_count || name->dispatching)
		return name;
	fib_drop_name(f, name);
	return NULL;
}

bool
claim_serves(const struct claim *c)
{
	const struct origin *o;

	if (!c->via || via_serves(c->via))
		return true;
	if ((o = c->via->origin)->best == NULL)
		return false;
	list_each(n, &c->name->claims) {
		const struct claim *other = list_of(n, struct claim, of_name);

		if (other->via && other->via->origin == o && other != c && str_eq(claim_version(other), claim_version(c)) &&
		    (via_serves(other->via) || (via_is_taken(other->via) && !other->via->held &&
		    via_rank(other->via, c->via) < 0)))
			return false;
	}
	return via_is_taken(c->via) && !c->via->held;
}

struct claim *
name_best(const struct name *name)
{
	struct claim *best = NULL;

	if (!name)
		return NULL;
	list_each(n, &name->claims) {
		struct claim *c = list_of(n, struct claim, of_name);
		int order;

		if (!c->via)
			return c;
		if (!c->via->origin->best || !claim_serves(c))
			continue;
		order = best ? via_order(c->via, best->via) : -1;
		if (order < 0 || (order == 0 && str_cmp(c->via->origin->node, best->via->origin->node) < 0))
			best = c;
	}
	return best;
}

struct claim *
fib_endpoint(struct fib *f, struct str address)
{
	struct claim *c = name_best(fib_name(f, FAMILY_ENDPOINT, address));

	if (c)
		return c;
	list_each(n, &f->patterns) {
		struct name *name = list_of(n, struct name, patterns);

		if (name->count && pattern_covers(name_text(name), address) && (c = name_best(name)) != NULL)
			return c;
	}
	return NULL;
}

struct claim *
fib_path(struct fib *f, struct str path)
{
	struct claim *best = NULL, *c;

	for (struct interested *at = interest_match(&f->paths, path); at; at = at->also)
		if ((!best || pattern_path_order(name_text(at->name), name_text(best->name)) < 0) &&
		    (c = name_best(at->name)) != NULL)
			best = c;
	return best;
}

bool
fib_holds(struct fib *f, struct str endpoint)
{
	struct name *name = fib_name(f, FAMILY_ENDPOINT, endpoint);

	if (name)
		list_each(n, &name->claims)
			if (!list_of(n, struct claim, of_name)->via)
				return true;
	return false;
}

bool
claim_has_room(const struct claim *c)
{
	return c->max_concurrency == 0 || c->in_flight < c->max_concurrency;
}

/* Attached here; of the own cluster; of others: a later one only serves if none before it does. */
struct tier { struct leader lead; uint32_t length; };
struct best { struct tier local, ours, foreign; bool seen, has_method; };

/* Nodes to it; false: others are nearer. */
static bool
is_near(const struct claim *c, struct tier *t)
{
	uint32_t length = c->via ? c->via->length : 0;

	if (t->lead.claim && length > t->length)
		return false;
	if (!t->lead.claim || length < t->length)
		t->lead = (struct leader){ .claim = NULL };
	t->length = length;
	return true;
}

static void
consider(struct fib *f, const struct ask *ask, struct claim *c, struct best *best)
{
	struct tier *t = !port_is_link(c->port) ? &best->local : c->via && c->via->foreign ? &best->foreign :
	    &best->ours;

	if (c->port == ask->not_to || !claim_serves(c) || (ask->path && !c->shared))
		return;
	best->seen = true;
	if (claim_methods(c).n && ask->method.n && !words_have(claim_methods(c), ask->method))
		return;
	best->has_method = true;
	if (!version_fits(claim_version(c), ask->constraint))
		return;
	if (t == &best->local || !ask->onward || is_near(c, t))
		balance_consider(f, ask, &t->lead, c);
}

enum chosen
fib_choose(struct fib *f, const struct ask *ask, struct claim **chosen, struct name **name)
{
	struct best best = { .seen = false };
	struct name *who = *name = ask->path ? ask->path : fib_name(f, FAMILY_SERVICE, ask->service);
	struct list *at;
	uint32_t locals = 0;
	bool all = balance_wants_all(ask) || ask->onward;

	*chosen = NULL;
	if (!who || who->count == 0)
		return CHOSEN_NO_NAME;
	at = who->claims.next;
	for (uint32_t i = 0; i < who->count; i++, at = at->next) {
		struct claim *c = list_of(at, struct claim, of_name);

		/* of very many a few in turn are enough to balance well */
		if (i >= LOOK_AT && !all && ((best.local.lead.claim && claim_has_room(best.local.lead.claim)) ||
		    (best.ours.lead.claim && locals == who->local)))
			break;
		locals += !port_is_link(c->port);
		consider(f, ask, c, &best);
	}
	if (best.ours.lead.picked || best.foreign.lead.picked)
		*chosen = best.ours.lead.picked ? best.ours.lead.claim : best.foreign.lead.claim;
	else if (best.local.lead.claim && claim_has_room(best.local.lead.claim))
		*chosen = balance_best(ask, &best.local.lead);
	else if (best.ours.lead.claim)
		*chosen = balance_best(ask, &best.ours.lead);
	else if (best.local.lead.claim)
		return CHOSEN_FULL;
	else if (best.foreign.lead.claim)
		*chosen = balance_best(ask, &best.foreign.lead);
	if (*chosen) {	/* to the end of the line, so that a tie is a turn */
		list_del(&(*chosen)->of_name);
		list_add(&who->claims, &(*chosen)->of_name);
		return CHOSEN_ONE;
	}
	return !best.seen ? CHOSEN_NO_NAME :
	    !best.has_method ? CHOSEN_NO_METHOD : CHOSEN_NO_VERSION;
}
