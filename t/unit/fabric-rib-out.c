/* fabric-rib-out.c - routes: what each neighbour is told and what never, and names that two hold (mpreg 5, checks 25 to 37). */
#include "ribport.h"

static void
split_horizon(void)
{
	struct announcement a, moved = usual;

	begin_with(3);
	says(&n1, "o n2 n1");
	ok(fake_hears_nothing(&n1), "nothing of it to its next hop");
	ok(fake_hears_nothing(&n2), "nor to a node in its path");
	ok(told(&n3, KIND_ANNOUNCE, "o", &a) && fake_hears_nothing(&n3), "25: the third hears it");
	is_int(a.hops, HOPS_DEFAULT - 3, "25: with a hop for each node that it passed");
	ok(a.path.n == 4 * TLV_HEAD + 1 + 2 + 2 + 4 && a.epoch == 1, "25: and ourselves behind the path");
	services(&n1, "o", 0, 2);
	ok(fake_hears_nothing(&n1) && fake_hears_nothing(&n2), "no names either");
	ok(told(&n3, KIND_ANNOUNCE, "s0", &a) && str_is(a.origin, "o") && a.path.n == 0, "the third hears who holds one");
	fake_forget(&n3);
	says(&n3, "o n3");
	ok(next_is("o", &n3) && told(&n3, KIND_WITHDRAW, "o", &a) && a.moved, "it moves to the third: taken back there, and why");
	ok(told(&n1, KIND_ANNOUNCE, "o", &a), "and told to the first");
	forget_all();
	moved.moved = 1;
	unsays_as(&n3, "o", moved);
	ok(next_is("o", &n1) && told(&n1, KIND_WITHDRAW, "o", &a), "and back again");
	ok(told(&n3, KIND_ANNOUNCE, "o", &a) && a.partial && messages(&n3) == 3, "with its names, and once more without a mark");
	names(&n2, KIND_ANNOUNCE, FAMILY_SERVICE, "n2", "s");
	forget_all();
	says(&n3, "o n3");
	forget_all();
	services(&n1, "o", 7, 8);
	ok(fake_hears_nothing(&n2) && fake_hears_nothing(&n3), "names of a way that is not the best stay here");
	end();
}

/* The same names by another way are one message to who listens. */
static void
moving(void)
{
	struct announcement a;
	unsigned told_others = 0;

	begin_with(3);
	says(&n1, "o n1");
	services(&n1, "o", 0, 1000);
	says(&n2, "o x n2");
	services(&n2, "o", 0, 1000);
	forget_all();
	unsays(&n1, "o");
	ok(told(&n3, KIND_ANNOUNCE, "o", &a) && fake_hears_nothing(&n3), "1000 names move: the third hears one message");
	ok(told(&n2, KIND_WITHDRAW, "o", &a) && fake_hears_nothing(&n2), "its next hop hears one");
	ok(messages(&n1) == 1002, "who was it hears all");
	ok(next_is("o", &n2) && holds("s999"), "and they are there");
	names(&n2, KIND_WITHDRAW, FAMILY_SERVICE, "o", "s7");
	forget_all();
	fake_wait(&f, 3000);
	says(&n1, "o n1");
	services(&n1, "o", 0, 8);
	forget_all();
	fake_down(&n1);
	ok(told(&n3, KIND_WITHDRAW, "n1", &a) && told(&n3, KIND_ANNOUNCE, "s8", &a), "names that were missing are told");
	for (int i = 9; i < 1000; i++)
		told_others += fake_hears(&n3, KIND_ANNOUNCE);
	ok(told_others == 991 && told(&n3, KIND_ANNOUNCE, "o", &a) && !a.partial, "then the route");
	ok(told(&n3, KIND_WITHDRAW, "s7", &a) && fake_hears_nothing(&n3) && holds("s8") && !holds("s7"),
	    "then one that is not there any more is taken back");
	fake_down(&n2);
	ok(told(&n3, KIND_WITHDRAW, "n2", &a) + told(&n3, KIND_WITHDRAW, "o", &a) == 2 && fake_hears_nothing(&n3),
	    "29: a link is cut: a message a route");
	end();
}

static void
changes(void)
{
	struct announcement a;

	begin();
	says(&n1, "o n1");
	forget_all();
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	ok(told(&n2, KIND_ANNOUNCE, "s", &a), "a name is told");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	ok(fake_hears_nothing(&n2), "the same again is not");
	say(&n1, KIND_ANNOUNCE, &(struct announcement){ .family = FAMILY_SERVICE, .hops = 16, .weight = 7,
	    .origin = STR("o"), .name = STR("s") });
	ok(told(&n2, KIND_ANNOUNCE, "s", &a) && a.weight == 7, "another weight is");
	names(&n1, KIND_WITHDRAW, FAMILY_SERVICE, "o", "s");
	ok(told(&n2, KIND_WITHDRAW, "s", &a) && str_is(a.origin, "o") && fake_hears_nothing(&n2), "its end is");
	fake_attach(&client, FAMILY_SERVICE, "own", "", "", 0);
	ok(told(&n1, KIND_ANNOUNCE, "own", &a) && str_is(a.origin, "here") && told(&n2, KIND_ANNOUNCE, "own", &a),
	    "our own go to both, as ours");
	fake_wait(&f, 201000);
	ok(told(&n1, KIND_ANNOUNCE, "here", &a) && fake_hears_nothing(&n1), "a refresh is our route alone, whatever hangs on it");
	names(&n1, KIND_ANNOUNCE, FAMILY_INTEREST, "o", "/a/**");
	fake_forget(&n2);
	names(&n1, KIND_ANNOUNCE, FAMILY_PATH, "o", "/a/b");
	ok(told(&n2, KIND_ANNOUNCE, "/a/b", &a), "37: each family is passed on");
	end();
}

/* A way whose names have not come is not taken while there is another. */
static void
make_before_break(void)
{
	struct announcement a, partial = usual;

	partial.partial = 1;
	begin_with(3);
	says(&n1, "o x n1");
	services(&n1, "o", 0, 100);
	forget_all();
	says_as(&n2, "o n2", partial);
	ok(next_is("o", &n1) && fake_hears_nothing(&n3), "a better way without its names is not taken");
	services(&n2, "o", 0, 100);
	ok(next_is("o", &n1) && fake_hears_nothing(&n3), "nor while they come");
	says(&n2, "o n2");
	ok(next_is("o", &n2) && told(&n3, KIND_ANNOUNCE, "o", &a) && fake_hears_nothing(&n3),
	    "with them it is: one message to who listens");
	says_as(&n2, "o n2", partial);
	ok(next_is("o", &n1) && told(&n3, KIND_ANNOUNCE, "o", &a) && fake_hears_nothing(&n3), "partial again: back");
	unsays(&n1, "o");
	ok(next_is("o", &n2) && told(&n3, KIND_ANNOUNCE, "o", &a) && a.partial, "the only one is used as it is, and told so");
	says(&n2, "o n2");
	ok(told(&n3, KIND_ANNOUNCE, "o", &a) && !a.partial && fake_hears_nothing(&n3), "until it is whole");
	route_again(&n2.port);
	forget_all();
	says_as(&n2, "o n2", partial);
	ok(!rib_origin(&f, STR("o"))->best->partial, "what we asked for again was whole, and is till the END");
	fake_open(&f, &n4, PORT_PEER, "n4");
	while (fake_next(&n4) && n4.e.kind == KIND_ANNOUNCE)
		if (announcement_get(n4.e.payload, &a, &(struct err){ .status = 0 }) == 0 && str_is(a.name, "o") && a.partial)
			break;
	ok(a.partial, "a new neighbour hears first that names follow");
	end();
}

static void
said_with(struct fake *k, uint64_t epoch, uint32_t latency_us)
{
	struct announcement a = usual;

	a.epoch = epoch;
	a.latency_us = latency_us;
	says_as(k, "o n1", a);
}

/* What changes of a route but its path is told ten times a second at most. */
static void
pacing(void)
{
	struct announcement a;

	begin();
	says(&n1, "o n1");
	forget_all();
	for (uint32_t i = 1; i <= 1000; i++)
		said_with(&n1, i, i);
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && a.latency_us == 1 && fake_hears_nothing(&n2), "of 1000 changes the first at once");
	fake_wait(&f, 90);
	ok(fake_hears_nothing(&n2), "then none for a while");
	fake_wait(&f, 40);
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && a.latency_us == 1000 && a.epoch == 1000 && fake_hears_nothing(&n2), "then the last");
	fake_wait(&f, 1000);
	ok(fake_hears_nothing(&n2), "and no more");
	said_with(&n1, 1001, 5);
	said_with(&n1, 1002, 6);
	forget_all();
	unsays_as(&n1, "o", (struct announcement){ .family = FAMILY_NODE, .epoch = 1002, .hops = 1, .moved = 1 });
	ok(told(&n2, KIND_WITHDRAW, "o", &a), "a withdrawal is not delayed");
	says_as(&n1, "o n1", (struct announcement){ .hops = 16, .epoch = 1003, .lifetime_ms = 600000 });
	ok(told(&n2, KIND_ANNOUNCE, "o", &a), "nor a first announcement");
	said_with(&n1, 1004, 7);
	said_with(&n1, 1005, 8);
	forget_all();
	says_as(&n1, "o x n1", (struct announcement){ .hops = 16, .epoch = 1006, .lifetime_ms = 600000 });
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && fake_hears_nothing(&n2), "nor another path, which ends the wait");
	fake_wait(&f, 200);
	ok(fake_hears_nothing(&n2), "it was the last");
	end();
}

/* --- queues --- */

static uint64_t
set_digest(struct fake *k, uint32_t *count)	/* all that it was told, as a receiver adds it up */
{
	struct announcement a;
	struct err e;
	uint64_t digest = 0;

	for (*count = 0; fake_next(k) && k->e.kind == KIND_ANNOUNCE; ) {
		announcement_get(k->e.payload, &a, &e);
		if (a.partial)	/* it comes again when it is whole */
			continue;
		++*count;
		digest ^= a.family == FAMILY_NODE && !a.origin.n ? route_digest(&a) : announcement_digest(&a);
	}
	return digest;
}

static bool
digest_says(const struct fake *k, uint32_t count, uint64_t digest)
{
	const uint8_t *b = (const uint8_t *)k->e.payload.p;

	return k->e.kind == KIND_DIGEST && k->e.payload.n == 12 && b[2] == (uint8_t)(count >> 8) &&
	    b[3] == (uint8_t)count && be_u64(b + 4) == digest;
}

static void
slow_peer(struct fake *k, const char *node, size_t max)
{
	*k = (struct fake){ .f = &f, .max = max, .slow = true };
	port_init(&k->port, &fake_ops, PORT_PEER);
	buf_init(&k->said, 256u << 20);
	buf_init(&k->heard, 2u << 20);
	k->port.node = str(node);
	fabric_port_up(&f, &k->port);
}

static void
slow_neighbour(void)
{
	size_t most = 0;
	uint32_t count;
	uint64_t digest;

	begin();
	says(&n1, "o n1");
	services(&n1, "o", 0, 9990);
	slow_peer(&n3, "n3", 256 * 1024);
	ok(n3.waiting > 0 && n3.waiting < n3.max && n3.port.routes->sending, "a slow neighbour is told what its queue takes");
	for (int i = 0; i < 100000 && n3.waiting; i++) {
		most = n3.waiting > most ? n3.waiting : most;
		fake_read(&n3, 5000);
	}
	ok(most <= PORT_LOW + 64 * 1024, "never much over the mark: %u bytes", (unsigned)most);
	digest = set_digest(&n3, &count);
	is_int(count, 9990 + 4, "each name and route once");
	ok(n3.e.kind == KIND_END && fake_next(&n3) && digest_says(&n3, count, digest), "then END, then a digest of just that");
	end();
}

/* A queue that is over before it is over the mark. */
static void
short_queue(void)
{
	uint32_t count;
	uint64_t digest;

	begin();
	says(&n1, "o n1");
	services(&n1, "o", 0, 3000);
	slow_peer(&n3, "n3", 64 * 1024);
	for (int i = 0; i < 100000 && n3.waiting; i++)
		fake_read(&n3, 5000);
	digest = set_digest(&n3, &count);
	is_int(count, 3000 + 4, "a queue under the mark: all the same");
	ok(n3.e.kind == KIND_END && fake_next(&n3) && digest_says(&n3, count, digest), "nothing is lost and said again");
	end();
}

/* More routes than the queue takes, and changes meanwhile. */
static void
many_routes(void)
{
	struct announcement a = usual;
	char path[48];
	uint32_t count;
	uint64_t digest, own;

	begin();
	for (int i = 0; i < 4000; i++) {
		snprintf(path, sizeof path, "a-hub-with-a-long-name-%d n1", i);
		says(&n1, path);
	}
	forget_all();
	slow_peer(&n3, "n3", 160 * 1024);
	ok(told(&n3, KIND_ANNOUNCE, "here", &a), "first ourselves");
	own = route_digest(&a);
	says(&n1, "last n1");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "last", "s");
	ok(n3.waiting < n3.max, "the queue is full before all routes are said");
	for (int i = 0; i < 100000 && n3.waiting; i++)
		fake_read(&n3, 5000);
	digest = set_digest(&n3, &count);
	is_int(count, 4000 + 1 + 2 + 1, "each once");
	ok(n3.e.kind == KIND_END && fake_next(&n3) && digest_says(&n3, count + 1, digest ^ own), "then END");
	end();
}

/* Names as long as can be; a queue like that of a link. */
static void
long_names(void)
{
	static char methods[LIST_MAX_BYTES + 1];
	char name[16];
	uint32_t count;
	uint64_t digest;

	begin();
	memset(methods, 'm', 4000);
	says(&n1, "o n1");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "s%d", i);
		say(&n1, KIND_ANNOUNCE, &(struct announcement){ .family = FAMILY_SERVICE, .hops = 16, .weight = 1,
		    .origin = STR("o"), .name = str(name), .methods = str(methods), .tags = str(methods) });
	}
	slow_peer(&n3, "n3", 1 << 20);
	for (int i = 0; i < 100000 && n3.waiting; i++)
		fake_read(&n3, 50000);
	digest = set_digest(&n3, &count);
	is_int(count, 1000 + 4, "names of 8 kB are all told, too");
	ok(n3.e.kind == KIND_END && fake_next(&n3) && digest_says(&n3, count, digest), "with nothing lost on the way");
	end();
}

static void
gap(void)
{
	struct announcement a;

	begin();
	says(&n1, "o n1");
	forget_all();
	n2.slow = true;
	n2.reserve = 0;
	n2.waiting = n2.max;
	services(&n1, "o", 0, 1);
	n2.waiting = 0;
	services(&n1, "o", 1, 2);
	ok(told(&n2, KIND_ANNOUNCE, "s1", &a) && fake_hears_nothing(&n2), "a full queue loses a change");
	fake_read(&n2, 1 << 20);
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && a.partial && told(&n2, KIND_ANNOUNCE, "s0", &a) &&
	    told(&n2, KIND_ANNOUNCE, "s1", &a) && told(&n2, KIND_ANNOUNCE, "o", &a) && !a.partial,
	    "as soon as it has room it is told again, with what belongs to it");
	ok(fake_hears(&n2, KIND_DIGEST) && fake_hears_nothing(&n2), "and a digest tells of all");
	digest_is(&n2, FLAG_ERROR, 0, 0);
	is_int(messages(&n2), 2 + 2 + 2 + 2, "who asks hears all, END and the digest");
	for (int i = 0; i < 1000; i++)
		digest_is(&n2, FLAG_ERROR, 0, 0);
	ok(fake_hears_nothing(&n2), "who asks all the time is not answered all the time");
	fake_wait(&f, 1100);
	is_int(messages(&n2), 2 + 2 + 2 + 2, "but once more, when it has had its time");
	n2.waiting = n2.max;
	unsays(&n1, "o");
	n2.waiting = 0;
	fake_read(&n2, 1 << 20);
	ok(fake_hears(&n2, KIND_DIGEST) && n2.e.payload.p[3] == 2, "a lost withdrawal the same way");
	end();
}

/* --- exclusive names --- */

static bool
endpoint_is(const char *address, const struct fake *k)
{
	const struct claim *c = fib_endpoint(&f.fib, str(address));

	return c && c->port == &k->port;
}

static void
conflicts(void)
{
	struct announcement a;
	struct fake leaf;

	begin();
	says(&n1, "o n1");
	names(&n1, KIND_ANNOUNCE, FAMILY_ENDPOINT, "o", "x@a.net");
	forget_all();
	fake_attach(&client, FAMILY_ENDPOINT, "x@a.net", "", "", 0);
	ok(refused(&client, E_route_conflict, "'o'"), "an endpoint that is held elsewhere: who holds it is named");
	ok(endpoint_is("x@a.net", &n1), "and keeps it");
	fake_attach(&client, FAMILY_ENDPOINT, "*@a.net", "", "", 0);
	ok(fake_hears(&client, KIND_DONE), "a pattern around it is no conflict");
	ok(endpoint_is("x@a.net", &n1) && endpoint_is("y@a.net", &client), "37: the longer one wins");
	fake_open(&f, &leaf, PORT_CHILD, "leaf");
	fake_forget(&leaf);
	forget_all();
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_ENDPOINT, "x@a.net", "", 0);
	ok(fake_hears_nothing(&leaf) && endpoint_is("x@a.net", &leaf), "what is attached to a leaf of ours is there");
	ok(told(&n2, KIND_ANNOUNCE, "x@a.net", &a) && str_is(a.origin, "here"), "and told");
	fake_free(&leaf);
	ok(endpoint_is("x@a.net", &n1), "when the leaf goes the other is used again");
	names(&n1, KIND_WITHDRAW, FAMILY_ENDPOINT, "o", "x@a.net");
	ok(endpoint_is("x@a.net", &client), "without it the pattern");
	names(&n1, KIND_ANNOUNCE, FAMILY_ENDPOINT, "o", "*.net");
	names(&n2, KIND_ANNOUNCE, FAMILY_ENDPOINT, "n2", "*@b.net");
	ok(endpoint_is("x@b.net", &n2) && endpoint_is("x@c.net", &n1), "37: a pattern within another's claim, both learnt");
	names(&n2, KIND_ANNOUNCE, FAMILY_ENDPOINT, "n2", "*.net");
	ok(endpoint_is("x@c.net", &n2), "of two that say the same: the shorter way");
	unsays(&n1, "o");
	ok(endpoint_is("x@c.net", &n2), "whoever goes");
	names(&n1, KIND_ANNOUNCE, FAMILY_ENDPOINT, "n1", "x@d.net");
	ok(fib_holds(&f.fib, STR("*@a.net")) && !fib_holds(&f.fib, STR("x@d.net")), "what is learnt is not held here");
	end();
}

static bool
path_is(const char *path, const struct fake *k)
{
	const struct claim *c = fib_path(&f.fib, str(path));

	return c && c->port == &k->port;
}

static void
paths(void)
{
	struct announcement a;
	struct fake leaf;

	begin();
	says(&n1, "o n1");
	names(&n1, KIND_ANNOUNCE, FAMILY_PATH, "o", "/a/*");
	forget_all();
	fake_attach(&client, FAMILY_PATH, "/a/*", "", "", 0);
	ok(refused(&client, E_route_conflict, "'o'"), "a path that is held elsewhere: who holds it is named");
	fake_attach(&client, FAMILY_PATH, "/a/**", "", "", 0);
	ok(fake_hears(&client, KIND_DONE), "a pattern around it is no conflict");
	ok(told(&n2, KIND_ANNOUNCE, "/a/**", &a) && str_is(a.origin, "here") && !a.shared, "it is told");
	ok(path_is("/a/x", &n1) && path_is("/a/x/y", &client), "the more specific one wins, wherever it is");
	fake_open(&f, &leaf, PORT_CHILD, "leaf");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_PATH, "/a/*", "", 0);
	ok(path_is("/a/x", &leaf), "of two that claim the same, who is connected");
	fake_free(&leaf);
	ok(path_is("/a/x", &n1), "when it goes the other");
	names(&n2, KIND_ANNOUNCE, FAMILY_PATH, "n2", "/a/*");
	ok(path_is("/a/x", &n2), "of two hubs the nearer");
	unsays(&n2, "n2");
	ok(path_is("/a/x", &n1), "else the other");
	names(&n1, KIND_WITHDRAW, FAMILY_PATH, "o", "/a/*");
	ok(path_is("/a/x", &client), "without it the pattern around");
	forget_all();
	say(&n1, KIND_ANNOUNCE, &(struct announcement){ .family = FAMILY_PATH, .hops = HOPS_DEFAULT, .weight = 100,
	    .origin = STR("o"), .name = STR("/pool"), .shared = 1 });
	ok(told(&n2, KIND_ANNOUNCE, "/pool", &a) && a.shared && str_is(a.origin, "o"), "that one is shared is passed on");
	fake_attach(&client, FAMILY_PATH, "/pool", "", "", 0);
	ok(refused(&client, E_route_conflict, "'o'"), "who does not share it cannot have it");
	end();
}

static void
leaf_ids(void)
{
	struct fake leaf;

	begin();
	says(&n1, "o n1");
	names(&n1, KIND_ANNOUNCE, FAMILY_NODE, "o", "leaf");
	forget_all();
	ok(fake_open(&f, &leaf, PORT_CHILD, "leaf") == 0, "a leaf comes while its old hub is still believed to have it");
	fake_forget(&leaf);
	forget_all();
	fake_ask_at(&client, 1, "leaf", "s/m");
	ok(fake_hears(&leaf, KIND_REQUEST) && fake_hears_nothing(&n1), "and is asked here");
	fake_free(&leaf);
	forget_all();
	fake_ask_at(&client, 2, "leaf", "s/m");
	ok(fake_hears(&n1, KIND_REQUEST), "when it goes again it is asked there");
	end();
}

int
main(void)
{
	split_horizon();
	moving();
	changes();
	make_before_break();
	pacing();
	slow_neighbour();
	short_queue();
	many_routes();
	long_names();
	gap();
	conflicts();
	paths();
	leaf_ids();
	return done();
}
