/*
 * routesim.h - hubs in one process, joined by links that deliver in whatever
 * order a test likes; each hub has one client that serves and asks.
 *
 * After all is quiet the routes must be those of a plain search of the graph:
 * shortest, over the neighbour with the smallest id, and nothing else.
 */
#ifndef FEDX_ROUTESIM_H
#define FEDX_ROUTESIM_H

#include <stdio.h>

#include "fabric/fabric.h"
#include "tap.h"
#include "wire/hello.h"

enum { HUBS_MAX = 8, HUB_NAMES = 4, HUB_LEAVES = 2, FAR = 99 };

struct hub;
struct hub_end {
	struct port port;
	struct hub *hub;
	struct hub_end *other;		/* NULL: the client, the hub itself or a leaf */
	struct buf queue;
	void (*hears)(struct hub_end *, const struct envelope *);	/* of a leaf; NULL: the hub counts */
};

struct hub {
	struct fabric f;
	struct hub_end self, client, links[HUBS_MAX];
	char name[16];
	const char *cluster;		/* set between hubs_open() and the first link; "net" */
	bool serves[HUB_NAMES];		/* "s0".. "s3" */
	uint8_t heard[256];		/* how often, of each event, by the one byte of its payload */
	unsigned order;			/* events that came before one of the same origin with a smaller number */
	uint8_t last[HUBS_MAX];		/* of each origin */
	unsigned executed, answered, failed;
	enum error error;		/* of the last answer that was one */
	char why[300];
	uint64_t next_id;
};

static struct hubs {
	struct hub hub[HUBS_MAX];
	int count;
	bool linked[HUBS_MAX][HUBS_MAX];
	struct mono now;
	uint64_t seed, delivered, bytes;	/* bytes: on links between hubs */
	unsigned refusals;		/* ERROR on links */
	bool refuse;			/* they are expected */
	struct hub_end *leaf[HUB_LEAVES];	/* NULL: none */
	unsigned narrow;		/* links: a byte counts as so many more */
	size_t room;			/* links: bytes that a queue of theirs takes; 0: no bound */
	void (*watch)(void);		/* after each message */
} hubs;

static inline unsigned
hubs_pick(unsigned below)
{
	return (unsigned)(tap_rand(&hubs.seed) % below);
}

static inline int
hub_send(struct port *p, const struct envelope *e, struct str more)
{
	struct hub_end *end = list_of(p, struct hub_end, port);

	if (p->kind == PORT_SELF && e->kind != KIND_REQUEST)
		return 0;
	if (end->other && hubs.room && buf_len(&end->queue) + envelope_size(e) > hubs.room)
		return -1;
	hubs.bytes += end->other ? envelope_size(e) : 0;
	return envelope_put(&end->queue, e, more);
}

static inline uint64_t hub_mark(struct port *p) { (void)p; return 1; }
static inline bool hub_gone(struct port *p, uint64_t mark) { (void)p, (void)mark; return true; }
static inline size_t hub_queued(struct port *p) { return buf_len(&list_of(p, struct hub_end, port)->queue) * (1 + hubs.narrow); }
static inline void hub_close(struct port *p, enum error error, const char *why) { (void)p, (void)error, (void)why; }

static inline void
hub_open(struct hub *h, struct hub_end *end, enum port_kind kind, const char *node)
{
	static const struct port_ops ops = { hub_send, hub_mark, hub_gone, hub_queued, hub_close };
	struct buf queue = end->queue;

	*end = (struct hub_end){ .hub = h, .other = end->other, .queue = queue, .hears = end->hears };
	end->queue.head = end->queue.tail = 0;
	end->queue.max = 64u << 20;
	port_init(&end->port, &ops, kind);
	end->port.node = str(node);
	end->port.cluster = str(end->other ? end->other->hub->cluster : h->cluster);
	end->port.role = kind == PORT_PEER ? ROLE_HUB : ROLE_CLIENT;
	if (fabric_port_up(&h->f, &end->port) == -1)
		ok(false, "a port of %s comes up", h->name);
}

static inline void
hubs_start(struct hub *h)
{
	static const struct fabric_ops ops = { NULL };

	fabric_init(&h->f, str(h->name), str(h->cluster), ROLE_HUB, hubs.now, &ops);
	h->f.rib.epoch = hubs.now.us * 1000;
	hub_open(h, &h->self, PORT_SELF, h->name);
	hub_open(h, &h->client, PORT_CLIENT, "client");
}

static inline void
hubs_open(int count, uint64_t seed)
{
	hubs.count = count;
	hubs.seed = seed;
	hubs.now = (struct mono){ 1000000000 };
	memset(hubs.linked, 0, sizeof hubs.linked);
	for (int i = 0; i < count; i++) {
		struct hub *h = &hubs.hub[i];

		snprintf(h->name, sizeof h->name, "h%d", i);
		memset(h->serves, 0, sizeof h->serves);
		h->executed = h->answered = h->failed = 0;
		for (int j = 0; j < count; j++)
			h->links[j].other = &hubs.hub[j].links[i], h->links[j].hub = h;
		h->cluster = "net";
		hubs_start(h);
	}
}

/* The other end of what was in its queue is lost with it. */
static inline void
hubs_cut(int i, int j)
{
	if (!hubs.linked[i][j])
		return;
	hubs.linked[i][j] = hubs.linked[j][i] = false;
	fabric_port_down(&hubs.hub[i].f, &hubs.hub[i].links[j].port, E_link_down);
	fabric_port_down(&hubs.hub[j].f, &hubs.hub[j].links[i].port, E_link_down);
	hubs.hub[i].links[j].queue.head = hubs.hub[i].links[j].queue.tail = 0;
	hubs.hub[j].links[i].queue.head = hubs.hub[j].links[i].queue.tail = 0;
}

static inline void
hubs_link(int i, int j)
{
	if (i == j || hubs.linked[i][j])
		return;
	hubs.linked[i][j] = hubs.linked[j][i] = true;
	hub_open(&hubs.hub[i], &hubs.hub[i].links[j], PORT_PEER, hubs.hub[j].name);
	hub_open(&hubs.hub[j], &hubs.hub[j].links[i], PORT_PEER, hubs.hub[i].name);
}

static inline void
hubs_stop(struct hub *h)
{
	for (int j = 0; j < hubs.count; j++)
		hubs_cut((int)(h - hubs.hub), j);
	fabric_port_down(&h->f, &h->client.port, E_link_down);
	fabric_port_down(&h->f, &h->self.port, E_link_down);
	fabric_free(&h->f);
}

static inline void
hubs_close(void)
{
	for (int i = 0; i < hubs.count; i++) {
		struct hub *h = &hubs.hub[i];

		hubs_stop(h);
		buf_free(&h->client.queue);
		buf_free(&h->self.queue);
		for (int j = 0; j < hubs.count; j++)
			buf_free(&h->links[j].queue);
		h->client.queue = h->self.queue = (struct buf){ .p = NULL };
		memset(h->links, 0, sizeof h->links);
	}
}

static inline void
hub_says(struct hub *h, struct envelope e)
{
	fabric_receive(&h->f, &h->client.port, &e);
}

static inline void
hub_holds(struct hub *h, const char *name, bool there)
{
	uint8_t room[256];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	announcement_put(&b, &(struct announcement){ .family = FAMILY_SERVICE, .name = str(name), .weight = 100,
	    .hops = HOPS_DEFAULT });
	hub_says(h, (struct envelope){ .kind = there ? KIND_ATTACH : KIND_DETACH, .id = 1, .payload = buf_view(&b) });
}

static inline void
hub_serve(struct hub *h, int which, bool there)
{
	char name[16];

	if (h->serves[which] == there)
		return;
	h->serves[which] = there;
	snprintf(name, sizeof name, "s%d", which);
	hub_holds(h, name, there);
}

static inline void
hub_ask_at(struct hub *h, const char *to, const char *subject)
{
	hub_says(h, (struct envelope){ .kind = KIND_REQUEST, .id = ++h->next_id + 100, .to = str(to),
	    .subject = str(subject) });
}

static inline void
hub_ask(struct hub *h, const char *subject)
{
	hub_ask_at(h, "", subject);
}

static inline void
client_hears(struct hub_end *end, const struct envelope *e)
{
	struct hub *h = end->hub;

	if (e->kind == KIND_PUBLISH && e->payload.n == 1) {
		uint8_t event = (uint8_t)e->payload.p[0], *last = &h->last[e->origin.p[1] - '0'];

		h->heard[event]++;
		h->order += event < *last;
		*last = event;
	} else if (e->kind == KIND_REQUEST) {
		h->executed++;
		fabric_receive(&h->f, &end->port, &(struct envelope){ .kind = KIND_REPLY, .id = e->id });
	} else if (e->kind == KIND_REPLY) {
		if (e->flags & FLAG_ERROR) {
			unsigned error;
			enum fate fate;

			meta_error_get(e->meta, &error, &fate);
			h->error = (enum error)error;
			snprintf(h->why, sizeof h->why, "%.*s", STR_FMT(e->payload));
			h->failed++;
		} else
			h->answered++;
	}
}

/* One envelope of one queue; false: it is empty. */
static inline bool
hubs_deliver(struct hub_end *end)
{
	static uint8_t copy[1 << 20];
	struct envelope e;
	const char *why;
	size_t used;

	if (!end->port.up || envelope_parse(buf_view(&end->queue), UINT32_MAX, &e, &used, &why) != PARSE_OK)
		return false;
	memcpy(copy, end->queue.p + end->queue.head, used);
	buf_eat(&end->queue, used);
	envelope_parse((struct str){ (char *)copy, used }, UINT32_MAX, &e, &used, &why);
	hubs.delivered++;
	if (end->other && e.kind == KIND_ERROR)
		hubs.refusals++;
	if (end->other && e.kind == KIND_ERROR && !hubs.refuse)
		ok(false, "%s refuses: %.*s", end->hub->name, STR_FMT(e.payload));
	if (!end->other)
		(end->hears ? end->hears : client_hears)(end, &e);
	else
		fabric_receive(&end->other->hub->f, &end->other->port, &e);
	fabric_pump(&end->hub->f, &end->port);
	if (hubs.watch)
		hubs.watch();
	return true;
}

static inline bool
hubs_deliver_some(void)
{
	int n = hubs.count, ends = n * (n + 2), first = (int)hubs_pick((unsigned)ends);

	for (int i = 0; i < HUB_LEAVES; i++)
		if (hubs.leaf[i] && hubs_deliver(hubs.leaf[i]))
			return true;
	for (int k = 0; k < ends; k++) {
		int at = (first + k) % ends, i = at / (n + 2), j = at % (n + 2);
		struct hub *h = &hubs.hub[i];

		if (hubs_deliver(j == n ? &h->client : j > n ? &h->self : &h->links[j]))
			return true;
	}
	return false;
}

static inline void
hubs_settle(void)
{
	unsigned limit = 2000000;

	while (limit-- && hubs_deliver_some())
		;
	if (limit == UINT32_MAX)
		ok(false, "it comes to rest");
}

static inline void
hubs_tick(uint32_t ms)		/* whatever is on its way */
{
	hubs.now.us += (uint64_t)ms * 1000;
	for (int i = 0; i < hubs.count; i++) {
		hubs.hub[i].f.now = hubs.now;
		wheel_turn(&hubs.hub[i].f.wheel, hubs.now);
	}
}

static inline void
hubs_wait(uint32_t ms)
{
	for (uint32_t done = 0; done < ms; done += 500) {
		hubs_tick(500);
		hubs_settle();
	}
}

/* --- what it should be --- */

static inline void
hubs_distances(int d[HUBS_MAX][HUBS_MAX])
{
	for (int i = 0; i < hubs.count; i++)
		for (int j = 0; j < hubs.count; j++)
			d[i][j] = i == j ? 0 : hubs.linked[i][j] ? 1 : FAR;
	for (int k = 0; k < hubs.count; k++)
		for (int i = 0; i < hubs.count; i++)
			for (int j = 0; j < hubs.count; j++)
				if (d[i][k] + d[k][j] < d[i][j])
					d[i][j] = d[i][k] + d[k][j];
}

/* The next hop of i to j, as a number; -1: none. */
static inline int
hubs_next(int i, int j)
{
	const struct via *v = rib_way(&hubs.hub[i].f, str(hubs.hub[j].name));

	for (int k = 0; v && k < hubs.count; k++)
		if (v->port == &hubs.hub[i].links[k].port)
			return k;
	return -1;
}

static inline unsigned
hubs_usable(int i, int which)	/* the hubs that hold s<which>, as i may use them: bits */
{
	char text[16];
	struct name *name;
	unsigned bits = 0;

	snprintf(text, sizeof text, "s%d", which);
	if ((name = fib_name(&hubs.hub[i].f.fib, FAMILY_SERVICE, str(text))) != NULL)
		list_each(n, &name->claims) {
			const struct claim *c = list_of(n, struct claim, of_name);

			if (!c->via)
				bits |= 1u << i;
			else if (via_serves(c->via))
				bits |= 1u << (c->via->origin->node.p[1] - '0');
		}
	return bits;
}

/* NULL, or what is wrong: at any time when nothing is on its way. */
static inline const char *
hubs_sound(void)
{
	static char text[120];
	int d[HUBS_MAX][HUBS_MAX];

	hubs_distances(d);
	for (int i = 0; i < hubs.count; i++)
		for (int j = 0; j < hubs.count; j++) {
			int at = i, steps = 0, next;

			if (i == j || (next = hubs_next(i, j)) == -1)
				continue;
			snprintf(text, sizeof text, "h%d to h%d: a stale route", i, j);
			if (d[i][j] == FAR)
				return text;
			while (at != j && next != -1 && ++steps <= HUBS_MAX) {
				at = next;
				next = at == j ? -1 : hubs_next(at, j);
			}
			snprintf(text, sizeof text, "h%d to h%d: a %s", i, j, steps > HUBS_MAX ? "loop" : "black hole");
			if (at != j)
				return text;
		}
	return NULL;
}

/* Once no hold-down or damping is left: exactly the shortest. */
static inline const char *
hubs_right(void)
{
	static char text[160];
	int d[HUBS_MAX][HUBS_MAX];

	hubs_distances(d);
	for (int i = 0; i < hubs.count; i++)
		for (int j = 0; j < hubs.count; j++) {
			int want = -1, got = hubs_next(i, j);

			for (int k = 0; i != j && k < hubs.count && want == -1; k++)
				if (hubs.linked[i][k] && d[i][j] < FAR && d[k][j] == d[i][j] - 1)
					want = k;
			snprintf(text, sizeof text, "h%d to h%d: the next hop is h%d, not h%d", i, j, got, want);
			if (got != want)
				return text;
		}
	for (int i = 0; i < hubs.count; i++)
		for (int s = 0; s < HUB_NAMES; s++) {
			unsigned want = 0, got = hubs_usable(i, s);

			for (int j = 0; j < hubs.count; j++)
				if (d[i][j] < FAR && hubs.hub[j].serves[s])
					want |= 1u << j;
			snprintf(text, sizeof text, "h%d reaches s%d at %x, not %x", i, s, got, want);
			if (got != want)
				return text;
		}
	return NULL;
}

/* Both ends of each link know the same: digests agree. */
static inline const char *
hubs_agree(void)
{
	for (int i = 0; i < hubs.count; i++)
		route_digests(&hubs.hub[i].f);
	for (int i = 0; i < hubs.count; i++)
		for (int j = 0; j < hubs.count; j++)
			while (hubs.linked[i][j] && buf_len(&hubs.hub[i].links[j].queue)) {
				hubs_deliver(&hubs.hub[i].links[j]);
				if (buf_len(&hubs.hub[j].links[i].queue)) {
					struct envelope e;
					const char *why;
					size_t used;

					envelope_parse(buf_view(&hubs.hub[j].links[i].queue), UINT32_MAX, &e, &used, &why);
					if (e.kind == KIND_DIGEST && (e.flags & FLAG_ERROR))
						return "the two ends of a link know different sets";
				}
			}
	return NULL;
}

#endif
