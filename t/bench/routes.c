/*
 * routes.c - 100 000 routes in one hub: what it costs to learn, keep, tell, move and change them.
 *
 *	routes [NAMES [ROUNDS]]		(100000, 5)
 *
 * One process, no socket: a hub with neighbours that are queues.  `near` and
 * `other` both reach the origins; `far` hears of them from us.  One JSON line
 * a case on stdout, times the median of the rounds.  Bytes are those that
 * malloc has given out, with its own; null where it cannot be asked.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef HAVE_MALLINFO2
#include <malloc.h>
#endif

#include "fabric/fabric.h"
#include "wire/hello.h"

enum { ROUNDS_MAX = 31, CHANGES = 20000, FLIPS = 20, SAID_MAX = 256 };
enum figure { LOAD_MS, BYTES, OTHER_BYTES, SEND_MS, SENT, MOVE_MS, MOVE_SENT, DROP_MS, CHANGE_US, FLIP_US, FIGURES };

static const char *const figures[FIGURES] = { [LOAD_MS] = "load_ms", [BYTES] = "bytes_route",
	[OTHER_BYTES] = "bytes_second_way", [SEND_MS] = "send_ms", [SENT] = "sent", [MOVE_MS] = "move_ms",
	[MOVE_SENT] = "move_sent", [DROP_MS] = "drop_ms", [CHANGE_US] = "change_us", [FLIP_US] = "flip_us" };

struct neighbour {
	struct port port;
	struct buf queue;
	uint64_t sent;			/* messages to it */
};

static struct fabric hub;
static struct neighbour near, other, far;
static unsigned names, origins;
static double took[FIGURES][ROUNDS_MAX];

static int
neighbour_send(struct port *p, const struct envelope *e, struct str more)
{
	struct neighbour *n = list_of(p, struct neighbour, port);

	n->sent++;
	return envelope_put(&n->queue, e, more);
}

static uint64_t neighbour_mark(struct port *p) { (void)p; return 1; }
static bool neighbour_gone(struct port *p, uint64_t mark) { (void)p, (void)mark; return true; }
static size_t neighbour_queued(struct port *p) { return buf_len(&list_of(p, struct neighbour, port)->queue); }
static void neighbour_close(struct port *p, enum error error, const char *why) { (void)p, (void)error, (void)why; }

static void
must(bool yes, const char *what)
{
	if (yes)
		return;
	fprintf(stderr, "routes: %s\n", what);
	exit(1);
}

static void
drain(struct neighbour *n)
{
	while (buf_len(&n->queue)) {
		buf_eat(&n->queue, buf_len(&n->queue));
		if (n->port.up)
			fabric_pump(&hub, &n->port);
	}
}

static void
neighbour_open(struct neighbour *n, const char *node)
{
	static const struct port_ops ops = { neighbour_send, neighbour_mark, neighbour_gone, neighbour_queued,
	    neighbour_close };

	if (!n->queue.max)
		buf_init(&n->queue, 64u << 20);
	port_init(&n->port, &ops, PORT_PEER);
	n->port.node = str(node);
	n->port.cluster = str("net");
	n->port.role = ROLE_HUB;
	n->sent = 0;
	must(fabric_port_up(&hub, &n->port) == 0, "a neighbour did not come up");
	drain(n);
}

static void
neighbour_lost(struct neighbour *n)
{
	fabric_port_down(&hub, &n->port, E_link_down);
	buf_eat(&n->queue, buf_len(&n->queue));
}

static size_t
bytes_used(void)
{
#ifdef HAVE_MALLINFO2
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
#else
	return 0;
#endif
}

static double
ms_since(struct mono start)
{
	return (double)mono_us_since(start, mono_now()) / 1000;
}

/* --- what neighbours say --- */

static void
put(struct buf *to, uint8_t kind, const struct announcement *a)
{
	uint8_t room[SAID_MAX * 4];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct envelope e = { .kind = kind };

	must(announcement_put(&body, a) == 0, "an announcement is too long");
	e.payload = buf_view(&body);
	must(envelope_put(to, &e, STR("")) == 0, "out of room");
}

static void
put_route(struct buf *to, const char *from, unsigned origin, uint32_t latency_us, uint64_t epoch)
{
	char name[32];
	uint8_t path[2 * (TLV_HEAD + 32)], *end;

	snprintf(name, sizeof name, "hub-%03u", origin);
	end = tlv_write(path, META_path, str(name));
	end = tlv_write(end, META_path, str(from));
	put(to, KIND_ANNOUNCE, &(struct announcement){ .family = FAMILY_NODE, .name = str(name), .weight = 100,
	    .hops = HOPS_DEFAULT, .path = { (char *)path, (size_t)(end - path) }, .epoch = epoch, .lifetime_ms = 600000,
	    .latency_us = latency_us, .reliability_ppm = 1000000 });
}

static void
put_name(struct buf *to, uint8_t kind, unsigned i, uint32_t weight)
{
	char name[32], origin[32];

	snprintf(name, sizeof name, "sensor.%06u", i);
	snprintf(origin, sizeof origin, "hub-%03u", i % origins);
	put(to, kind, &(struct announcement){ .family = FAMILY_SERVICE, .name = str(name), .version = STR("1.2.0"),
	    .weight = weight, .hops = HOPS_DEFAULT, .origin = str(origin) });
}

static void
hears(struct neighbour *from, struct buf *said)
{
	struct envelope e;
	const char *why;
	size_t used;

	while (envelope_parse(buf_view(said), UINT32_MAX, &e, &used, &why) == PARSE_OK) {
		fabric_receive(&hub, &from->port, &e);
		buf_eat(said, used);
		if (buf_len(&far.queue) > PORT_LOW)
			drain(&far);
	}
	drain(&near);
	drain(&other);
	drain(&far);
}

static double
full_set(struct neighbour *from, const char *node, uint32_t latency_us)
{
	struct buf said;
	struct mono start;
	double ms;

	buf_init(&said, 256u << 20);
	for (unsigned i = 0; i < origins; i++)
		put_route(&said, node, i, latency_us, 1);
	for (unsigned i = 0; i < names; i++)
		put_name(&said, KIND_ANNOUNCE, i, 100);
	put(&said, KIND_END, &(struct announcement){ .family = FAMILY_NODE, .name = STR("x"), .weight = 1 });
	start = mono_now();
	hears(from, &said);
	ms = ms_since(start);
	buf_free(&said);
	return ms;
}

/* --- cases --- */

/* One name in three ways: with another weight, gone, there again. */
static double
change(uint64_t *seed)
{
	struct buf said;
	struct mono start;
	uint64_t us;

	buf_init(&said, 64u << 20);
	for (unsigned i = 0; i < CHANGES / 3; i++) {
		unsigned name = (unsigned)((*seed = *seed * 6364136223846793005u + 1442695040888963407u) >> 33) % names;

		put_name(&said, KIND_ANNOUNCE, name, 50);
		put_name(&said, KIND_WITHDRAW, name, 100);
		put_name(&said, KIND_ANNOUNCE, name, 100);
	}
	start = mono_now();
	hears(&near, &said);
	us = mono_us_since(start, mono_now());
	buf_free(&said);
	return (double)us / (CHANGES / 3 * 3);
}

/* The route to one origin gets better and worse: near, other, near... */
static double
flip(uint64_t *epoch)
{
	struct buf said;
	struct mono start;
	uint64_t us;

	buf_init(&said, 1 << 20);
	for (unsigned i = 0; i < FLIPS; i++)
		put_route(&said, "near", 0, i % 2 ? 1000 : 9000, ++*epoch);
	start = mono_now();
	hears(&near, &said);
	us = mono_us_since(start, mono_now());
	buf_free(&said);
	return (double)us / FLIPS;
}

static void
one_round(unsigned round)
{
	static const struct fabric_ops ops = { NULL };
	uint64_t seed = round + 1, epoch = 1;
	size_t before, loaded, both;
	struct mono start;

	must(fabric_init(&hub, STR("hub-here"), STR("net"), ROLE_HUB, mono_now(), &ops) == 0, "no hub");
	hub.rib.limits.routes = UINT32_MAX;
	neighbour_open(&near, "near");
	neighbour_open(&other, "other");
	before = bytes_used();
	took[LOAD_MS][round] = full_set(&near, "near", 1000);
	loaded = bytes_used();
	took[BYTES][round] = (double)(loaded - before) / names;
	must(hub.fib.claimed[FAMILY_SERVICE] == names, "not all names were taken");
	full_set(&other, "other", 5000);
	both = bytes_used();
	took[OTHER_BYTES][round] = (double)(both - loaded) / names;

	start = mono_now();
	neighbour_open(&far, "far");
	took[SEND_MS][round] = ms_since(start);
	took[SENT][round] = (double)far.sent;
	took[CHANGE_US][round] = change(&seed);
	took[FLIP_US][round] = flip(&epoch);


	other.sent = far.sent = 0;
	start = mono_now();
	neighbour_lost(&near);
	drain(&other);
	drain(&far);
	took[MOVE_MS][round] = ms_since(start);
	took[MOVE_SENT][round] = (double)(other.sent + far.sent);
	must(hub.fib.claimed[FAMILY_SERVICE] == names, "the other way lost names");
	must(other.sent + far.sent == 2 * origins, "a move is not one message a neighbour and origin");
	start = mono_now();
	neighbour_lost(&other);
	took[DROP_MS][round] = ms_since(start);
	must(hub.fib.names.used == 0, "names are left");
	neighbour_lost(&far);
	fabric_free(&hub);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print_figures(unsigned rounds)
{
	printf("{\"v\":1,\"bench\":\"routes\",\"names\":%u,\"origins\":%u", names, origins);
	for (int i = 0; i < FIGURES; i++) {
		double *of = took[i], median;

		qsort(of, rounds, sizeof *of, by_value);
		median = of[rounds / 2];
		if ((i == BYTES || i == OTHER_BYTES) && median == 0)
			printf(",\"%s\":null", figures[i]);
		else
			printf(",\"%s\":%.*f", figures[i], i == CHANGE_US ? 2 : i == SENT || i == MOVE_SENT ? 0 : 1, median);
	}
	/* 1000 changes a second: milliseconds of a second */
	printf(",\"changes_cpu\":\"%.2f%%\"}\n", took[CHANGE_US][rounds / 2] / 10);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static const unsigned origin_counts[] = { 1, 100 };
	uint64_t count = 100000, rounds = 5;

	if (argc > 3 || (argc > 1 && str_u64(str(argv[1]), 1000000, &count) == -1) ||
	    (argc > 2 && str_u64(str(argv[2]), ROUNDS_MAX, &rounds) == -1) || count < 100 || rounds == 0) {
		fprintf(stderr, "usage: routes [NAMES [ROUNDS]]\n");
		return 64;
	}
	names = (unsigned)count;
	for (size_t i = 0; i < sizeof origin_counts / sizeof *origin_counts; i++) {
		origins = origin_counts[i];
		for (unsigned round = 0; round < rounds; round++)
			one_round(round);
		print_figures((unsigned)rounds);
	}
	return 0;
}
