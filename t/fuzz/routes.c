/*
 * routes.c - a neighbour that lies, beside two honest ones: what is true
 * stays true, what is kept is bounded, and nothing is passed on that an
 * honest hub would refuse.
 */
#include "fakeport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUTES = 24, HOUR = 3600 * 1000 };

static struct fabric f, witness;	/* the witness is n1: it hears what n1 is told */
static struct fake self, client, n1, n2, liar, heard;
static struct str input;
static uint64_t epoch;

static void
must(bool held, const char *what)
{
	if (!held) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

static unsigned
byte(void)
{
	unsigned b = input.n ? (uint8_t)input.p[0] : 0;

	input = str_skip(input, input.n > 0);
	return b;
}

static struct str
node(void)
{
	static const char *const nodes[] = { "liar", "n1", "n2", "here", "far", "o", "p", "q" };
	static char other[16];
	unsigned b = byte();

	if (b < 128)
		return str(nodes[b % 8]);
	snprintf(other, sizeof other, "x%u", b);
	return str(other);
}

static void
say(struct fake *k, uint8_t kind, const struct announcement *a)
{
	static uint8_t room[1 << 16];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	if (announcement_put(&b, a) == 0)
		fake_say(k, (struct envelope){ .kind = kind, .hops = 1, .payload = buf_view(&b) });
}

static void
honest_routes(struct fake *k, const char *own)
{
	uint8_t path[32], *to = path;
	struct announcement a = { .family = FAMILY_NODE, .name = str(own), .hops = HOPS_DEFAULT, .weight = 100,
	    .epoch = ++epoch, .lifetime_ms = HOUR };

	to = tlv_write(path, META_path, str(own));
	a.path = (struct str){ (const char *)path, (size_t)(to - path) };
	say(k, KIND_ANNOUNCE, &a);
	to = tlv_write(tlv_write(path, META_path, STR("far")), META_path, str(own));
	a.path = (struct str){ (const char *)path, (size_t)(to - path) };
	a.name = STR("far");
	say(k, KIND_ANNOUNCE, &a);
	a = (struct announcement){ .family = FAMILY_SERVICE, .name = STR("honest"), .hops = HOPS_DEFAULT, .weight = 100,
	    .origin = STR("far") };
	say(k, KIND_ANNOUNCE, &a);
}

static void
lies_route(uint8_t kind)
{
	static uint8_t path[32 * 20], clusters[32 * 20];
	uint8_t *to = path;
	unsigned flags = byte();
	struct announcement a = { .family = FAMILY_NODE, .weight = 100, .name = node(), .epoch = byte(),
	    .lifetime_ms = byte() * 1000, .hops = HOPS_DEFAULT };

	to = tlv_write(to, META_path, a.name);
	for (unsigned n = flags % 18; n; n--)
		to = tlv_write(to, META_path, node());
	if (flags & 32 && !str_is(a.name, "liar"))
		to = tlv_write(to, META_path, STR("liar"));
	a.path = (struct str){ (const char *)path, (size_t)(to - path) };
	to = clusters;
	for (unsigned n = flags & 64 ? byte() % 20 : 0; n; n--)
		to = tlv_write(to, META_cluster, STR("net"));
	a.clusters = (struct str){ (const char *)clusters, (size_t)(to - clusters) };
	if (flags & 128) {
		a.hops = (uint8_t)byte();
		a.latency_us = byte() << 24;
		a.bandwidth_mbps = byte() << 24;
		a.cost_milli = byte() << 24;
		a.reliability_ppm = byte() << 12;
		a.moved = byte() & 1;
		a.partial = a.cost_milli >> 24 & 1;
	}
	say(&liar, kind, &a);
}

static void
lies_name(uint8_t kind)
{
	static const struct { enum family family; const char *name; } names[] = { { FAMILY_SERVICE, "honest" },
		{ FAMILY_SERVICE, "s" }, { FAMILY_ENDPOINT, "x@a.net" }, { FAMILY_ENDPOINT, "*.net" },
		{ FAMILY_NODE, "n1" }, { FAMILY_NODE, "leaf" }, { FAMILY_PATH, "/a/b" }, { FAMILY_INTEREST, "/a/**" } };
	unsigned which = byte();
	char other[16];
	struct announcement a = { .family = (uint8_t)names[which % 8].family, .name = str(names[which % 8].name),
	    .hops = HOPS_DEFAULT, .weight = 1 + which, .origin = node() };

	if (which > 128) {
		snprintf(other, sizeof other, "s%u", which);
		a.family = FAMILY_SERVICE;
		a.name = str(other);
	}
	say(&liar, kind, &a);
}

static void
lies_raw(uint8_t kind)
{
	size_t n = byte();
	struct str body = str_head(input, n < input.n ? n : input.n);

	input = str_skip(input, body.n);
	fake_say(&liar, (struct envelope){ .kind = kind, .hops = 1, .payload = body });
}

static void
liar_up(void)
{
	if (liar.port.up) {
		fake_free(&liar);
		liar = (struct fake){ .f = NULL };
		return;
	}
	fake_open(&f, &liar, PORT_PEER, "liar");
	liar.max = 64 * 1024;
	liar.reserve = 1024;
}

/* An honest hub takes all that n1 is told. */
static void
tell_witness(void)
{
	while (fake_next(&n1))
		if (kind_class(n1.e.kind) == CLASS_LINK && n1.e.kind != KIND_ERROR)
			fabric_receive(&witness, &heard.port, &n1.e);
	while (fake_next(&heard))
		must(heard.e.kind != KIND_ERROR && !(heard.e.kind == KIND_DIGEST && heard.e.flags & FLAG_ERROR),
		    "an honest hub refuses what it is told, or heard something else");
	fake_forget(&n2);
	fake_forget(&client);
	if (liar.port.up && !liar.slow)
		fake_forget(&liar);
}

static void
check(void)
{
	const struct origin *far = rib_origin(&f, STR("far"));
	struct via *v = far ? via_find(far, &n1.port) : NULL;
	uint32_t kept = liar.port.up ? liar.port.routes->via_count : 0;

	must(rib_way(&f, STR("n1"))->port == &n1.port && rib_way(&f, STR("n2"))->port == &n2.port,
	    "a neighbour is reached by its own link");
	must(v && v->digest && fib_learnt(&f.fib, v, FAMILY_SERVICE, STR("honest"), STR("")),
	    "what an honest hub said is there");
	must(!rib_way(&f, STR("here")), "there is no route to ourselves");
	for (int i = 0; liar.port.up && i < FAMILY_COUNT; i++)
		kept += liar.port.claimed[i];
	must(!liar.port.up || kept <= ROUTES, "what a neighbour makes us keep is bounded");
	must(f.rib.vias <= 4 + ROUTES && f.rib.by_node.used < 300, "so are all of them");
	must(liar.waiting <= liar.max + liar.reserve, "and what waits for it");
	must(!n1.closed && !n2.closed, "honest links stay");
}

static void
one(void)
{
	unsigned what = byte() % 16;

	if (what == 11) {
		fake_wait(&f, byte() * 100);
		honest_routes(&n1, "n1");
		honest_routes(&n2, "n2");
	} else if (what == 12) {
		liar_up();
	} else if (what == 13) {
		fabric_digest(&f);
	}
	if (!liar.port.up)
		return;
	if (what < 4) {
		lies_route(KIND_ANNOUNCE);
	} else if (what == 4) {
		lies_route(KIND_WITHDRAW);
	} else if (what < 8) {
		lies_name(what < 7 ? KIND_ANNOUNCE : KIND_WITHDRAW);
	} else if (what == 8) {
		lies_raw(byte() % 4 ? KIND_ANNOUNCE : KIND_WITHDRAW);
	} else if (what == 9) {
		uint8_t b[4] = { 0, 0, 0, (uint8_t)byte() };

		fake_say(&liar, (struct envelope){ .kind = KIND_END, .hops = 1,
		    .payload = { (const char *)b, b[3] & 8 ? 0 : sizeof b } });
	} else if (what == 10) {
		uint8_t b[16] = { 0, 0, 0, (uint8_t)byte(), (uint8_t)byte() };

		uint16_t flags = byte() & 1 ? FLAG_ERROR : 0;

		fake_say(&liar, (struct envelope){ .kind = KIND_DIGEST, .flags = flags, .hops = 1,
		    .payload = { (const char *)b, flags ? sizeof b : 12 } });
	} else if (what == 14) {
		liar.slow = !liar.slow;
		fake_read(&liar, liar.waiting);
	} else if (what == 15) {
		fake_read(&liar, byte() * 64);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fabric_ops ops = { NULL };
	struct fake *all[] = { &self, &client, &n1, &n2, &liar };

	input = (struct str){ (const char *)data, size };
	epoch = 1000;
	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000000 }, &ops);
	fabric_init(&witness, STR("n1"), STR("net"), ROLE_HUB, f.now, &ops);
	f.rib.limits.routes = ROUTES;
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &client, PORT_CLIENT, "client");
	fake_open(&f, &n1, PORT_PEER, "n1");
	fake_open(&f, &n2, PORT_PEER, "n2");
	fake_open(&witness, &heard, PORT_PEER, "here");
	fake_forget(&heard);
	fake_attach(&client, FAMILY_SERVICE, "own", "", "", 0);
	honest_routes(&n1, "n1");
	honest_routes(&n2, "n2");
	liar_up();
	while (input.n) {
		one();
		tell_witness();
		check();
	}
	fabric_digest(&f);
	tell_witness();
	for (int i = 4; i >= 0; i--)
		if (all[i]->port.up)
			fake_free(all[i]);
	must(f.rib.vias == 0 && f.fib.names.used == 0 && f.wheel.count == 0, "nothing outlives its port");
	liar = (struct fake){ .f = NULL };
	fake_free(&heard);
	fabric_free(&f);
	fabric_free(&witness);
	return 0;
}
