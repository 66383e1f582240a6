/* fib.c - the forwarding table: adding, finding, choosing. */
#include <stdlib.h>

#include "base/rand.h"
#include "fabric/fib.h"
#include "fabric/pattern.h"
#include "fabric/version.h"

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

struct claim *
fib_claim(struct fib *f, struct port *port, enum family family, struct str text,
    struct str version)
{
	struct name *name = fib_name(f, family, text);

	if (!name)
		return NULL;
	list_each(n, &name->claims) {
		struct claim *c = list_of(n, struct claim, of_name);

		if (c->port == port && str_eq(c->version, version))
			return c;
	}
	return NULL;
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

static struct name *
name_open(struct fib *f, enum family family, struct str text)
{
	struct name *name = malloc(sizeof *name + text.n + 2);

	if (!name)
		return NULL;
	*name = (struct name){ .family = (uint8_t)family, .n = text.n };
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
	if (family == FAMILY_ENDPOINT && pattern_is_wild(text))
		pattern_add(f, name);
	return name;
}

void
fib_drop_name(struct fib *f, struct name *name)
{
	map_del(&f->names, (struct str){ name->key, name->n + 1 });
	list_del(&name->patterns);
	free(name);
}

static struct str
keep(char **at, struct str s)
{
	struct str kept = { *at, s.n };

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return kept;
}

struct claim *
fib_add(struct fib *f, struct port *port, const struct announcement *a)
{
	struct name *name = fib_name(f, a->family, a->name);
	struct claim *c = malloc(sizeof *c + a->version.n + a->methods.n + a->tags.n + a->path.n + 1);
	char *at;

	if (!c || (!name && (name = name_open(f, a->family, a->name)) == NULL)) {
		free(c);
		return NULL;
	}
	*c = (struct claim){ .name = name, .port = port, .weight = a->weight,
	    .max_concurrency = a->max_concurrency, .hops = a->hops,
	    .digest = announcement_digest(a), .number = ++f->last_claim };
	at = c->text;
	c->version = keep(&at, a->version);
	c->methods = keep(&at, a->methods);
	c->tags = keep(&at, a->tags);
	c->path = keep(&at, a->path);
	list_add(&name->claims, &c->of_name);
	list_add(&port->claims, &c->of_port);
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

static struct claim *
first_claim(struct name *name)
{
	return name && !list_empty(&name->claims) ?
	    list_of(name->claims.next, struct claim, of_name) : NULL;
}

struct claim *
fib_endpoint(struct fib *f, struct str address)
{
	struct claim *c = first_claim(fib_name(f, FAMILY_ENDPOINT, address));

	if (c)
		return c;
	list_each(n, &f->patterns) {
		struct name *name = list_of(n, struct name, patterns);

		if (name->count && pattern_covers(name_text(name), address))
			return first_claim(name);
	}
	return NULL;
}

bool
claim_has_room(const struct claim *c)
{
	return c->max_concurrency == 0 || c->in_flight < c->max_concurrency;
}

bool
words_have(struct str words, struct str word)
{
	struct str one;

	for (bool more = words.n > 0; more; ) {
		more = str_split(words, ' ', &one, &words);
		if (str_eq(one, word))
			return true;
	}
	return false;
}

struct best { struct leader local, remote; bool seen, has_method; };

static void
consider(struct fib *f, const struct ask *ask, struct claim *c, struct best *best)
{
	if (c->port == ask->not_to)
		return;
	best->seen = true;
	if (c->methods.n && ask->method.n && !words_have(c->methods, ask->method))
		return;
	best->has_method = true;
	if (!version_fits(c->version, ask->constraint))
		return;
	balance_consider(f, ask, port_is_link(c->port) ? &best->remote : &best->local, c);
}

enum chosen
fib_choose(struct fib *f, const struct ask *ask, struct claim **chosen, struct name **name)
{
	struct best best = { .seen = false };
	struct name *who = *name = fib_name(f, FAMILY_SERVICE, ask->service);
	struct list *at;
	uint32_t locals = 0;
	bool all = balance_wants_all(ask);

	*chosen = NULL;
	if (!who || who->count == 0)
		return CHOSEN_NO_NAME;
	at = who->claims.next;
	for (uint32_t i = 0; i < who->count; i++, at = at->next) {
		struct claim *c = list_of(at, struct claim, of_name);

		/* of very many a few in turn are enough to balance well */
		if (i >= LOOK_AT && !all && ((best.local.claim && claim_has_room(best.local.claim)) ||
		    (best.remote.claim && locals == who->local)))
			break;
		locals += !port_is_link(c->port);
		consider(f, ask, c, &best);
	}
	if (best.remote.picked)
		*chosen = best.remote.claim;
	else if (best.local.claim && claim_has_room(best.local.claim))
		*chosen = balance_best(ask, &best.local);
	else if (best.remote.claim)
		*chosen = balance_best(ask, &best.remote);
	else if (best.local.claim)
		return CHOSEN_FULL;
	if (*chosen) {	/* to the end of the line, so that a tie is a turn */
		list_del(&(*chosen)->of_name);
		list_add(&who->claims, &(*chosen)->of_name);
		return CHOSEN_ONE;
	}
	return !best.seen ? CHOSEN_NO_NAME :
	    !best.has_method ? CHOSEN_NO_METHOD : CHOSEN_NO_VERSION;
}
