/* route-world.c - what one data plane has told of is known, and forgotten when it is taken back. */
#include "route/world.h"
#include "tap.h"
#include "wire/hello.h"
#include "wire/meta.h"

static struct world w;

static int
claim(uint32_t peer, const char *name, const char *version, uint64_t change)
{
	struct announcement a = { .family = FAMILY_SERVICE, .name = str(name), .version = str(version), .weight = 7 };

	return world_claim(&w, peer, &a, change);
}

static void
withdraw(uint32_t peer, const char *name, const char *version, uint64_t change)
{
	struct announcement a = { .family = FAMILY_SERVICE, .name = str(name), .version = str(version) };

	world_withdraw(&w, peer, &a, change);
}

static void
peer(uint32_t number, const char *node)
{
	struct peer_facts f = { .number = number, .role = ROLE_LEAF, .node = str(node), .address = STR("192.0.2.1"),
	    .tags = STR("a b") };

	ok(world_peer(&w, &f) == 0, "peer %u is %s", (unsigned)number, node);
}

static bool
knows(const char *name)
{
	struct policy_world p;

	world_ask(&w, &p);
	return p.known(p.names, FAMILY_SERVICE, str(name));
}

static void
count_one(void *to, const struct instance *i)
{
	struct { int count; uint32_t weights; struct str node; } *sum = to;

	sum->count++;
	sum->weights += i->weight;
	sum->node = i->node;
}

static int
count(const char *name)
{
	struct { int count; uint32_t weights; struct str node; } sum = { 0, 0, { NULL, 0 } };
	struct policy_world p;

	world_ask(&w, &p);
	p.instances(p.names, str(name), count_one, &sum);
	return sum.weights == 7 * (uint32_t)sum.count ? sum.count : -1;
}

static void
test_peers(void)
{
	const struct peer_facts *f;

	world_init(&w);
	peer(1, "site-a");
	f = world_facts(&w, 1);
	ok(f && f->role == ROLE_LEAF, "it is known");
	is_str(f->tags, "a b", "with what was told");
	peer(1, "site-b");
	is_str(world_facts(&w, 1)->node, "site-b", "a change holds");
	ok(world_facts(&w, 2) == NULL, "another is not known");
	ok(world_facts(&w, 0) && world_facts(&w, 0)->number == 0, "nobody has no facts");
	world_peer_gone(&w, 1);
	world_peer_gone(&w, 1);
	ok(world_facts(&w, 1) == NULL, "it is forgotten");
	is_int(w.peer_count, 0, "none is left");
	world_free(&w);
}

static void
test_names(void)
{
	char path[64];
	struct buf b;
	struct announcement a = { .family = FAMILY_ENDPOINT, .name = STR("shop"), .hops = 9 };
	struct policy_world p;

	world_init(&w);
	peer(1, "site-a");
	peer(2, "site-b");
	ok(!knows("shop"), "nothing is known");
	claim(1, "shop", "", 1);
	claim(1, "shop", "1.0.0", 2);
	claim(2, "shop", "", 3);
	claim(2, "shop", "", 4);
	claim(9, "shop", "", 5);
	ok(knows("shop"), "a name is");
	is_int(count("shop"), 4, "each peer and version is one instance, also of a peer that is not known");
	is_int((long long)w.seen, 5, "the last change is remembered");
	world_claim(&w, 1, &a, 6);
	is_int(count("shop"), 4, "an endpoint of that name is something else");
	withdraw(2, "shop", "2.0.0", 7);
	is_int(count("shop"), 4, "what is not there is not taken away");
	withdraw(2, "shop", "", 8);
	is_int(count("shop"), 3, "what is, is");
	peer(1, "site-c");
	world_peer_gone(&w, 1);
	is_int(count("shop"), 1, "who goes takes its names along");
	withdraw(9, "shop", "", 9);
	ok(!knows("shop"), "the last one takes the name");
	is_int(w.claim_count, 0, "none is left");
	is_int((long long)w.names.used, 0, "nor a name");

	buf_init(&b, sizeof path);
	tlv_put(&b, META_path, STR("far"));
	a = (struct announcement){ .family = FAMILY_SERVICE, .name = STR("s"), .weight = 7, .path = buf_view(&b) };
	world_claim(&w, 2, &a, 10);
	world_ask(&w, &p);
	{
		struct { int count; uint32_t weights; struct str node; } sum = { 0, 0, { NULL, 0 } };

		p.instances(p.names, STR("s"), count_one, &sum);
		is_str(sum.node, "far", "an instance is at the first node of its path");
	}
	is_int((long long)p.seen, 10, "and env says up to when");
	buf_free(&b);
	world_free(&w);
}

/* The same as a table of counts, whatever comes. */
static void
test_property(void)
{
	static int there[6][4][2];
	uint64_t seed = tap_seed();
	char name[2] = { 0 };
	bool same = true;

	world_init(&w);
	for (uint32_t i = 0; i < 5; i++) {
		struct peer_facts f = { .number = i + 1, .role = ROLE_HUB };

		world_peer(&w, &f);
	}
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t r = tap_rand(&seed);
		uint32_t p = 1 + (uint32_t)(r >> 8) % 5, n = (uint32_t)(r >> 16) % 4, v = r >> 24 & 1;
		int want = 0;

		name[0] = (char)('a' + n);
		if (r % 16 == 0) {
			struct peer_facts f = { .number = p, .role = ROLE_HUB };

			world_peer_gone(&w, p);
			world_peer(&w, &f);
			memset(there[p], 0, sizeof there[p]);
		} else if (r % 2) {
			claim(p, name, v ? "1.0.0" : "", i);
			there[p][n][v] = 1;
		} else {
			withdraw(p, name, v ? "1.0.0" : "", i);
			there[p][n][v] = 0;
		}
		for (int at = 1; at < 6; at++)
			want += there[at][n][0] + there[at][n][1];
		same = same && count(name) == want && knows(name) == (want > 0);
	}
	ok(same, "5000 changes: what is known is what was told");
	world_free(&w);
}

int
main(void)
{
	test_peers();
	test_names();
	test_property();
	return done();
}
