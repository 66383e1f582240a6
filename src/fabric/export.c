/*
 * export.c - our own names: what is attached here and to our leaves, as the
 * uplink of a leaf and the neighbours of a hub are told.
 *
 * Several instances of one service here are one announcement there: the sum
 * of what they can take.  A digest of all that was told follows after link-up
 * and each minute, so that a difference is found.
 */
#include <stdlib.h>

#include "fabric/fabric.h"
#include "wire/fields.h"
#include "wire/hello.h"

enum { LIST_WORDS = LIST_MAX_BYTES, DIGEST_SIZE = 12, ASK_SIZE = DIGEST_SIZE + 4 };

/* The sum of all connected claims of one name and version; false: none is left. */
struct sum { struct announcement a; char methods[LIST_WORDS], tags[LIST_WORDS]; bool any_method; };

static void
add_words(struct str *list, char *to, struct str words)
{
	struct str one;

	for (bool more = words.n > 0; more; ) {
		more = str_split(words, ' ', &one, &words);
		if (words_have(*list, one) || list->n + one.n + 1 > LIST_WORDS)
			continue;
		if (list->n)
			to[list->n++] = ' ';
		memcpy(to + list->n, one.p, one.n);
		list->n += one.n;
	}
}

static bool
add_up(struct fabric *f, const struct name *name, struct str version, struct sum *sum)
{
	uint32_t weight = 0, most = 0, count = 0;
	bool unbounded = false;

	sum->a = (struct announcement){ .family = name->family, .name = name_text(name),
	    .version = version, .methods = { sum->methods, 0 }, .tags = { sum->tags, 0 },
	    .hops = HOPS_DEFAULT, .origin = f->role == ROLE_HUB ? str(f->node) : STR("") };
	sum->any_method = false;
	list_each(n, &name->claims) {
		const struct claim *c = list_of(n, struct claim, of_name);

		if (c->via || c->port == f->uplink || c->port == f->self || c->hops < 2 ||
		    !str_eq(claim_version(c), version) || words_have(claim_tags(c), STR("private")))
			continue;
		count++;
		weight = weight + c->weight > UINT16_MAX ? UINT16_MAX : weight + c->weight;
		most = most + c->max_concurrency > CONCURRENCY_MAX ? CONCURRENCY_MAX :
		    most + c->max_concurrency;
		unbounded = unbounded || c->max_concurrency == 0;
		sum->any_method = sum->any_method || claim_methods(c).n == 0;
		sum->a.shared = sum->a.shared || c->shared;
		add_words(&sum->a.methods, sum->methods, claim_methods(c));
		add_words(&sum->a.tags, sum->tags, claim_tags(c));
	}
	/* one that wants an event and many are the same to others */
	sum->a.weight = name->family == FAMILY_INTEREST ? 0 : weight;
	sum->a.max_concurrency = unbounded ? 0 : most;
	if (sum->any_method)
		sum->a.methods.n = 0;
	return count > 0;
}

static struct exported *
exported_open(struct fabric *f, struct str key)
{
	struct exported *x = calloc(1, sizeof *x + key.n);

	if (!x)
		return NULL;
	x->n = key.n;
	memcpy(x->key, key.p, key.n);
	if (map_put(&f->exported, (struct str){ x->key, x->n }, x) == -1) {
		free(x);
		return NULL;
	}
	list_add(&f->rib.own, &x->of_own);
	f->rib.own_count++;
	return x;
}

static void
exported_drop(struct fabric *f, struct exported *x)
{
	map_del(&f->exported, (struct str){ x->key, x->n });
	list_del(&x->of_own);
	f->rib.own_count--;
	f->rib.own_digest ^= x->digest;
	free(x);
}

static bool
is_wanted(const struct fabric *f)
{
	return f->uplink || f->rib.neighbours;
}

/* The uplink of a leaf hears a path; hubs hear of the origin and have its route. */
static void
tell_uplink(struct fabric *f, uint8_t kind, struct announcement a)
{
	a.path = f->path_tlv;
	f->out.head = f->out.tail = 0;
	/* a full queue leaves a difference that the next digest finds */
	if (announcement_put(&f->out, &a) == -1 ||
	    port_say(f->uplink, kind, 0, 0, buf_view(&f->out)) == -1)
		f->export_gap = true;
}

static void
tell(struct fabric *f, struct exported *x, const struct announcement *a, bool there)
{
	if (f->uplink && !is_hub_neighbour(f, f->uplink))
		tell_uplink(f, there ? KIND_ANNOUNCE : KIND_WITHDRAW, *a);
	route_own(f, x, a, there);
}

bool
exported_get(struct fabric *f, const struct exported *x, struct announcement *a)
{
	static struct sum sum;
	struct str key = { x->key + 1, x->n - 1 }, text, version;
	struct name *name;

	str_split(key, '\0', &text, &version);
	if ((name = fib_name(&f->fib, (enum family)x->key[0], text)) == NULL || !add_up(f, name, version, &sum))
		return false;
	*a = sum.a;
	return true;
}

/* Something about (family, name, version) has changed: does it matter elsewhere? */
void
export_changed(struct fabric *f, enum family family, struct str text, struct str version)
{
	static struct sum sum;
	char key[2 + 2 * NAME_MAX_BYTES];
	struct name *name = fib_name(&f->fib, family, text);
	struct str k = { key, 0 };
	struct exported *x;
	uint64_t digest;

	if (!is_wanted(f) || text.n > NAME_MAX_BYTES || version.n > NAME_MAX_BYTES)
		return;
	key[k.n++] = (char)family;
	memcpy(key + k.n, text.p, text.n);
	k.n += text.n;
	key[k.n++] = '\0';
	if (version.n)
		memcpy(key + k.n, version.p, version.n);
	k.n += version.n;
	x = map_get(&f->exported, k);
	if (!name || !add_up(f, name, version, &sum)) {
		if (!x)
			return;
		tell(f, x, &(struct announcement){ .family = (uint8_t)family, .name = text, .version = version,
		    .weight = 1, .hops = 1, .origin = f->role == ROLE_HUB ? str(f->node) : STR("") }, false);
		exported_drop(f, x);
		return;
	}
	digest = announcement_digest(&sum.a);
	if ((x && x->digest == digest) || (!x && (x = exported_open(f, k)) == NULL))
		return;
	f->rib.own_digest ^= x->digest ^ digest;
	x->digest = digest;
	tell(f, x, &sum.a, true);
}

/* END would make the other side forget what it did not hear. */
static void
end(struct fabric *f)
{
	if (f->uplink && !is_hub_neighbour(f, f->uplink) && !f->export_gap)
		export_end(f->uplink);
}

void
export_open(struct fabric *f)
{
	struct name *name;
	size_t at = 0;

	f->export_gap = false;
	while ((name = map_next(&f->fib.names, &at)) != NULL)
		list_each(n, &name->claims) {
			const struct claim *c = list_of(n, struct claim, of_name);

			if (!c->via)
				export_changed(f, name->family, name_text(name), claim_version(c));
		}
	end(f);
}

void
export_all(struct fabric *f)
{
	struct announcement a;

	f->export_gap = false;
	list_each(n, &f->rib.own)
		if (exported_get(f, list_of(n, struct exported, of_own), &a))
			tell_uplink(f, KIND_ANNOUNCE, a);
	end(f);
}

void
export_forget(struct fabric *f)
{
	if (!is_wanted(f))
		list_each_safe(n, &f->rib.own)
			exported_drop(f, list_of(n, struct exported, of_own));
}

static void
put_u32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t
get_u32(const char *from)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | (uint8_t)from[i];
	return v;
}

static void
say_digest(struct port *p, uint16_t flags, uint32_t count, uint64_t digest, uint32_t number)
{
	uint8_t body[ASK_SIZE];

	put_u32(body, count);
	be_put_u64(body + 4, digest);
	put_u32(body + DIGEST_SIZE, number);
	port_say(p, KIND_DIGEST, flags, 0, (struct str){ (const char *)body, flags & FLAG_ERROR ? ASK_SIZE : DIGEST_SIZE });
}

void
export_digest(struct port *p, uint32_t count, uint64_t digest)
{
	say_digest(p, 0, count, digest, 0);
}

void
export_ask(struct port *p, uint32_t count, uint64_t digest)
{
	say_digest(p, FLAG_ERROR, count, digest, ++p->routes->set_asked);
}

uint32_t
export_asked(const struct envelope *e)
{
	return e->payload.n == ASK_SIZE ? get_u32(e->payload.p + DIGEST_SIZE) : 0;
}

void
export_end(struct port *p)
{
	uint8_t body[4];

	put_u32(body, p->routes->set);
	port_say(p, KIND_END, 0, 0, (struct str){ (const char *)body, sizeof body });
}

bool
export_ended(const struct port *p, const struct envelope *e)
{
	/* who does not count its sets sends one at a time */
	return e->payload.n == 0 ||
	    (p->routes && e->payload.n == 4 && get_u32(e->payload.p) == p->routes->set_asked);
}

void
fabric_digest(struct fabric *f)
{
	if (f->uplink && !is_hub_neighbour(f, f->uplink))
		export_digest(f->uplink, f->rib.own_count, f->rib.own_digest);
	route_digests(f);
}
