/*
 * ribport.h - a hub "here" with fake hubs around it, one of which says
 * whatever the test wants to hear refused.
 *
 *	begin();
 *	says(&n1, "o n1");			a route to o, epoch 1, 600 s
 *	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
 *	ok(next_is("o", &n1), "it is used");
 */
#ifndef FEDX_RIBPORT_H
#define FEDX_RIBPORT_H

#include "fakeport.h"

static struct fabric f;
static struct fake self, client, n1, n2, n3, n4;
static char last_event[64], last_name[256];
static unsigned expired, mismatches;

static void
on_event(struct fabric *fabric, const char *what, const struct port *p, struct str name)
{
	(void)fabric, (void)p;
	snprintf(last_event, sizeof last_event, "%s", what);
	snprintf(last_name, sizeof last_name, "%.*s", STR_FMT(name));
	expired += strcmp(what, "route_expired") == 0;
	mismatches += strcmp(what, "digest_mismatch") == 0;
}

static const struct announcement usual = { .family = FAMILY_NODE, .hops = HOPS_DEFAULT, .weight = 100,
	.epoch = 1, .lifetime_ms = 600000 };

static inline void
say(struct fake *k, uint8_t kind, const struct announcement *a)
{
	static uint8_t room[1 << 16];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	announcement_put(&b, a);
	fake_say(k, (struct envelope){ .kind = kind, .hops = 1, .payload = buf_view(&b) });
}

/* A route by a path in words; its first is the origin, unless a names another. */
static inline void
says_as(struct fake *k, const char *path, struct announcement a)
{
	static uint8_t room[8192];
	uint8_t *end = room;
	struct str rest = str(path), one;

	for (bool more = rest.n > 0; more; ) {
		more = str_split(rest, ' ', &one, &rest);
		if (a.name.n == 0)
			a.name = one;
		end = tlv_write(end, META_path, one);
	}
	a.path = (struct str){ (const char *)room, (size_t)(end - room) };
	say(k, KIND_ANNOUNCE, &a);
}

static inline void
says(struct fake *k, const char *path)
{
	says_as(k, path, usual);
}

static inline void
unsays_as(struct fake *k, const char *origin, struct announcement a)
{
	a.name = str(origin);
	say(k, KIND_WITHDRAW, &a);
}

static inline void
unsays(struct fake *k, const char *origin)
{
	unsays_as(k, origin, usual);
}

static inline void
names(struct fake *k, uint8_t kind, enum family family, const char *origin, const char *name)
{
	say(k, kind, &(struct announcement){ .family = (uint8_t)family, .hops = HOPS_DEFAULT, .weight = 100,
	    .origin = str(origin), .name = str(name) });
}

static inline void
services(struct fake *k, const char *origin, int from, int to)
{
	char name[16];

	for (int i = from; i < to; i++) {
		snprintf(name, sizeof name, "s%d", i);
		names(k, KIND_ANNOUNCE, FAMILY_SERVICE, origin, name);
	}
}

static inline void
ends(struct fake *k)
{
	fake_say(k, (struct envelope){ .kind = KIND_END, .hops = 1 });
}

static inline void
digest_is(struct fake *k, uint16_t flags, uint32_t count, uint64_t digest)
{
	uint8_t b[12] = { (uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count };

	be_put_u64(b + 4, digest);
	fake_say(k, (struct envelope){ .kind = KIND_DIGEST, .flags = flags, .hops = 1,
	    .payload = { (const char *)b, sizeof b } });
}

static inline void
peer(struct fake *k, const char *node)	/* it comes up and has said its own route */
{
	fake_open(&f, k, PORT_PEER, node);
	says(k, node);
	fake_forget(k);
}

static inline void
forget_all(void)
{
	struct fake *all[] = { &client, &n1, &n2, &n3, &n4 };

	for (int i = 0; i < 5; i++)
		if (all[i]->port.up)
			fake_forget(all[i]);
}

static inline void
begin_with(int peers)
{
	static const struct fabric_ops ops = { on_event };
	struct fake *all[] = { &n1, &n2, &n3, &n4 };
	const char *nodes[] = { "n1", "n2", "n3", "n4" };

	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000000 }, &ops);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &client, PORT_CLIENT, "client");
	for (int i = 0; i < peers; i++)
		peer(all[i], nodes[i]);
	forget_all();
	last_event[0] = '\0';
	expired = mismatches = 0;
}

static inline void
begin(void)
{
	begin_with(2);
}

static inline void
end(void)
{
	struct fake *all[] = { &self, &client, &n1, &n2, &n3, &n4 };

	for (int i = 0; i < 6; i++) {
		if (all[i]->f)
			fake_free(all[i]);
		*all[i] = (struct fake){ .f = NULL };
	}
	if (f.rib.vias || f.fib.names.used || f.rib.own_count || f.rib.own_digest || f.rib.neighbours ||
	    f.wheel.count)
		ok(false, "nothing outlives its port: %u routes, %u names, %u own, %u timers", f.rib.vias,
		    (unsigned)f.fib.names.used, f.rib.own_count, (unsigned)f.wheel.count);
	fabric_free(&f);
}

/* --- what came of it --- */

static inline bool
next_is(const char *node, const struct fake *k)
{
	const struct via *v = rib_way(&f, str(node));

	return k ? v && v->port == &k->port : !v;
}

static inline bool
refused(struct fake *k, enum error error, const char *text)
{
	char all[512] = "";
	unsigned got = 0;
	enum fate how;

	if (!fake_hears(k, KIND_ERROR) || meta_error_get(k->e.meta, &got, &how) == -1)
		return false;
	str_c(k->e.payload, all, sizeof all);
	if (got != (unsigned)error || !strstr(all, text))
		printf("#   heard %s: %s\n", error_row(got)->name, all);
	return got == (unsigned)error && strstr(all, text);
}

/* The next thing that k is told, as an announcement. */
static inline bool
told(struct fake *k, uint8_t kind, const char *name, struct announcement *a)
{
	struct err e;

	if (!fake_next(k) || k->e.kind != kind || announcement_get(k->e.payload, a, &e) == -1) {
		printf("#   heard %s\n", kind_name(k->e.kind));
		return false;
	}
	if (!str_is(a->name, name))
		printf("#   heard %s of %.*s\n", kind_name(kind), STR_FMT(a->name));
	return str_is(a->name, name);
}

static inline unsigned
messages(struct fake *k)
{
	unsigned n = 0;

	while (fake_next(k))
		n++;
	return n;
}

static inline bool
holds(const char *service)
{
	return fib_name(&f.fib, FAMILY_SERVICE, str(service)) != NULL;
}

#endif
