/*
 * export.c - what the uplink is told of the names that are reached here.
 *
 * Several instances of one service below us are one announcement above: the
 * sum of what they can take.  A digest of all that was told goes up after
 * link-up and each minute, so that a difference is found.
 */
#include <stdlib.h>

#include "fabric/fabric.h"

enum { LIST_WORDS = LIST_MAX_BYTES };

struct exported { uint64_t digest; uint64_t round; size_t n; char key[]; };

/* The sum of all claims that the uplink may be told of; false: none is left. */
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
path_has(struct str path, struct str node)
{
	struct tlv t;

	while (tlv_next(&path, &t) == PARSE_OK)
		if (t.type == META_path && str_eq(t.value, node))
			return true;
	return false;
}

static bool
add_up(struct fabric *f, const struct name *name, struct str version, struct sum *sum)
{
	uint32_t weight = 0, most = 0, count = 0;
	bool unbounded = false;

	sum->a = (struct announcement){ .family = name->family, .name = name_text(name),
	    .version = version, .methods = { sum->methods, 0 }, .tags = { sum->tags, 0 } };
	sum->any_method = false;
	list_each(n, &name->claims) {
		const struct claim *c = list_of(n, struct claim, of_name);

		if (c->port == f->uplink || c->port == f->self || c->hops < 2 ||
		    !str_eq(c->version, version) || path_has(c->path, f->uplink->node))
			continue;
		count++;
		weight = weight + c->weight > UINT16_MAX ? UINT16_MAX : weight + c->weight;
		most = most + c->max_concurrency > CONCURRENCY_MAX ? CONCURRENCY_MAX :
		    most + c->max_concurrency;
		unbounded = unbounded || c->max_concurrency == 0;
		sum->any_method = sum->any_method || c->methods.n == 0;
		add_words(&sum->a.methods, sum->methods, c->methods);
		add_words(&sum->a.tags, sum->tags, c->tags);
		if (c->hops > sum->a.hops + 1) {
			sum->a.hops = (uint8_t)(c->hops - 1);
			sum->a.path = c->path;
		}
	}
	sum->a.weight = weight;
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
	f->exported_count++;
	return x;
}

static void
exported_drop(struct fabric *f, struct exported *x)
{
	map_del(&f->exported, (struct str){ x->key, x->n });
	f->exported_count--;
	f->exported_digest ^= x->digest;
	free(x);
}

static void
tell(struct fabric *f, uint8_t kind, const struct announcement *a)
{
	f->out.head = f->out.tail = 0;
	/* a full queue leaves a difference that the next digest finds */
	if (announcement_put(&f->out, a) == -1 ||
	    port_say(f->uplink, kind, 0, 0, buf_view(&f->out)) == -1)
		f->export_gap = true;
}

/* Something about (family, name, version) has changed: does the uplink care? */
static void
changed(struct fabric *f, enum family family, struct str text, struct str version, bool again)
{
	static struct sum sum;
	char key[2 + 2 * NAME_MAX_BYTES];
	uint8_t path[ENVELOPE_META_MAX];
	struct name *name = fib_name(&f->fib, family, text);
	struct str k = { key, 0 };
	struct exported *x;
	uint64_t digest;

	if (!f->uplink || text.n > NAME_MAX_BYTES || version.n > NAME_MAX_BYTES)
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
		tell(f, KIND_WITHDRAW, &(struct announcement){ .family = (uint8_t)family,
		    .name = text, .version = version, .weight = 1, .hops = 1 });
		exported_drop(f, x);
		return;
	}
	digest = announcement_digest(&sum.a);
	if (x && (again ? x->round == f->export_round : x->digest == digest))
		return;
	if (!x && (x = exported_open(f, k)) == NULL)
		return;
	x->round = f->export_round;
	f->exported_digest ^= x->digest ^ digest;
	x->digest = digest;
	if (sum.a.path.n + f->path_tlv.n <= sizeof path) {
		if (sum.a.path.n)
			memcpy(path, sum.a.path.p, sum.a.path.n);
		memcpy(path + sum.a.path.n, f->path_tlv.p, f->path_tlv.n);
		sum.a.path = (struct str){ (const char *)path, sum.a.path.n + f->path_tlv.n };
		tell(f, KIND_ANNOUNCE, &sum.a);
	}
}

void
export_changed(struct fabric *f, enum family family, struct str text, struct str version)
{
	changed(f, family, text, version, false);
}

void
export_all(struct fabric *f)
{
	struct name *name;
	size_t at = 0;

	f->export_round++;
	f->export_gap = false;
	while ((name = map_next(&f->fib.names, &at)) != NULL)
		list_each(n, &name->claims)
			changed(f, name->family, name_text(name),
			    list_of(n, struct claim, of_name)->version, true);
	/* END would make the other side forget what it did not hear */
	if (!f->export_gap)
		port_say(f->uplink, KIND_END, 0, 0, STR(""));
}

void
export_forget(struct fabric *f)
{
	struct exported *x;
	size_t at = 0;

	while ((x = map_next(&f->exported, &at)) != NULL)
		exported_drop(f, x);
	f->exported_digest = 0;
}

void
export_digest(struct port *p, uint16_t flags, uint32_t count, uint64_t digest)
{
	uint8_t body[12] = { (uint8_t)(count >> 24), (uint8_t)(count >> 16),
	    (uint8_t)(count >> 8), (uint8_t)count };

	be_put_u64(body + 4, digest);
	port_say(p, KIND_DIGEST, flags, 0, (struct str){ (const char *)body, sizeof body });
}

void
fabric_digest(struct fabric *f)
{
	if (f->uplink)
		export_digest(f->uplink, 0, f->exported_count, f->exported_digest);
}
