/* fabric-rib.c - routes that a hub is told: what is believed, and for how long (mpreg 5, checks 26 to 34). */
#include "ribport.h"

static void
paths(void)
{
	begin();
	says(&n1, "o x here n1");
	ok(next_is("o", NULL) && fake_hears_nothing(&n1), "27: our own id in the path: not for us, and no error");
	says(&n1, "o n1");
	ok(next_is("o", &n1), "a route is taken");
	says(&n1, "o here n1");
	ok(next_is("o", NULL), "it goes through us now: it is gone");
	forget_all();
	says_as(&n1, "x n1", (struct announcement){ .name = STR("o"), .hops = 16, .epoch = 1, .lifetime_ms = 9000 });
	ok(refused(&n1, E_malformed, "does not lead to it"), "a path that starts elsewhere");
	says_as(&n1, "", (struct announcement){ .name = STR("o"), .hops = 16, .epoch = 1, .lifetime_ms = 9000 });
	ok(refused(&n1, E_malformed, "does not lead to it"), "no path");
	says(&n1, "o x");
	ok(refused(&n1, E_malformed, "does not end at its sender"), "a path that ends elsewhere");
	says(&n1, "o n2");
	ok(refused(&n1, E_malformed, "does not end at its sender"), "a path that ends at another neighbour");
	says(&n1, "o x y x n1");
	ok(refused(&n1, E_malformed, "passes a node twice"), "a node twice");
	says(&n1, "n1 x n1");
	ok(refused(&n1, E_malformed, "passes a node twice"), "its own id as origin of a longer path");
	ok(f.count.malformed == 6, "each counted");
	says(&n1, "here n1");
	ok(fake_hears_nothing(&n1) && list_empty(&f.rib.self->vias), "a route to ourselves is none");
	says(&n1, "o b c d e f g h i j k l m n p n1");
	ok(next_is("o", &n1), "16 nodes");
	says(&n1, "q b c d e f g h i j k l m n p r n1");
	ok(refused(&n1, E_malformed, "longer than 16") && next_is("q", NULL), "17 nodes");
	fake_say(&n1, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = STR("rubbish") });
	ok(fake_hears(&n1, KIND_ERROR) && next_is("o", &n1) && next_is("n1", &n1), "rubbish costs itself alone");
	says(&n2, "o n2");
	ok(next_is("o", &n2) && !n1.closed, "and neither the link nor another");
	end();
}

static void
clusters(void)
{
	struct announcement a = usual;
	uint8_t room[4096], *to = room;

	begin();
	for (int i = 0; i < 3; i++)
		to = tlv_write(to, META_cluster, STR("net"));
	a.clusters = (struct str){ (const char *)room, (size_t)(to - room) };
	says_as(&n1, "o n1", a);
	ok(refused(&n1, E_malformed, "more clusters than nodes"), "what is kept of a route is bounded by its path");
	a.clusters.n -= TLV_HEAD + 3;
	says_as(&n1, "o n1", a);
	ok(next_is("o", &n1), "a cluster a node is taken");
	end();
}

static void
hop_counts(void)
{
	struct announcement a = usual;

	begin();
	a.hops = 1;
	says_as(&n1, "o n1", a);
	ok(next_is("o", &n1) && fake_hears_nothing(&n2), "26: hops 1: for us, and no further");
	a.hops = 0;
	says_as(&n1, "o n1", a);
	ok(next_is("o", NULL) && fake_hears_nothing(&n1), "26: hops 0: not for us");
	a.hops = 2;
	says_as(&n1, "o n1", a);
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && a.hops == 1, "26: 2 are 1 for the next");
	a = usual;
	a.hops = 255;
	says_as(&n1, "p b c d e f g h i j k l m n q n1", a);
	ok(next_is("p", &n1) && fake_hears_nothing(&n2), "a path of 16 goes no further, whatever its hops say");
	end();
}

static void
lifetimes(void)
{
	struct announcement a = usual, got;

	begin();
	a.lifetime_ms = 0;
	says_as(&n1, "o n1", a);
	ok(refused(&n1, E_malformed, "lifetime") && next_is("o", NULL), "no lifetime");
	a.lifetime_ms = UINT32_MAX;
	says_as(&n1, "o n1", a);
	ok(told(&n2, KIND_ANNOUNCE, "o", &got) && got.lifetime_ms == 3599000, "a huge one is an hour, and a second less");
	a.lifetime_ms = 10000;
	a.epoch = 2;
	says_as(&n1, "o n1", a);
	ok(told(&n2, KIND_ANNOUNCE, "o", &got) && got.lifetime_ms == 9000 && got.epoch == 2, "a relay takes a second off");
	fake_wait(&f, 4000);
	fake_open(&f, &n3, PORT_PEER, "n3");
	ok(told(&n3, KIND_ANNOUNCE, "here", &got) && got.lifetime_ms == 600000, "our own is whole");
	do
		told(&n3, KIND_ANNOUNCE, "o", &got);
	while (n3.e.kind == KIND_ANNOUNCE && !str_is(got.name, "o"));
	ok(str_is(got.name, "o") && got.lifetime_ms == 5000, "and passes on what is left");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	forget_all();
	a.epoch = 3;
	says_as(&n1, "o n1", a);
	forget_all();
	fake_wait(&f, 9000);
	ok(next_is("o", &n1) && holds("s") && expired == 0, "said again it lives on, with its names");
	fake_wait(&f, 1500);
	ok(next_is("o", NULL) && !holds("s") && expired == 1, "mpreg 21: not said again it ends, though the link is up");
	ok(told(&n2, KIND_WITHDRAW, "o", &got) && !got.moved && fake_hears_nothing(&n2), "which one message tells");
	fake_wait(&f, 3600 * 1000);
	ok(next_is("n1", &n1), "a neighbour itself lives as long as its link");
	end();
}

static void
epochs(void)
{
	struct announcement a = usual, got;

	begin();
	a.epoch = 10;
	says_as(&n1, "o n1", a);
	a.epoch = 9;
	unsays_as(&n1, "o", a);
	ok(next_is("o", &n1), "31: an older withdrawal does nothing");
	forget_all();
	says_as(&n1, "o x n1", a);
	ok(next_is("o", &n1) && rib_origin(&f, STR("o"))->best->length == 2 && fake_hears_nothing(&n2) &&
	    fake_hears_nothing(&n1), "31: nor does an older announcement");
	a.epoch = 5;
	says_as(&n2, "o x y n2", a);
	unsays_as(&n2, "o", a);
	ok(next_is("o", &n1), "31: an epoch is of what one neighbour said");
	a.epoch = 1000;
	says_as(&n1, "o x n1", a);
	ok(rib_origin(&f, STR("o"))->best->length == 3, "32: after a restart the first is taken at once");
	unsays_as(&n1, "o", a);
	ok(next_is("o", NULL), "a withdrawal of that epoch counts");
	end();

	begin_with(3);		/* the next best way has heard less */
	a.epoch = 10;
	says_as(&n1, "o n1", a);
	a.epoch = 9;
	says_as(&n2, "o x n2", a);
	forget_all();
	unsays_as(&n1, "o", (struct announcement){ .family = FAMILY_NODE, .epoch = 10, .hops = 1 });
	ok(told(&n3, KIND_ANNOUNCE, "o", &got) && got.epoch >= 10, "a relay's epochs never go back for who listens");
	end();
}

static void
names_of_others(void)
{
	begin();
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	ok(refused(&n1, E_scope, "no route") && !holds("s"), "a name of whom it has no route to");
	says(&n2, "o n2");
	forget_all();
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	ok(refused(&n1, E_scope, "no route") && !holds("s"), "though another has one");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "here", "s");
	ok(fake_hears_nothing(&n1) && !holds("s"), "a name of ours is not learnt");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "", "s");
	ok(refused(&n1, E_malformed, "who holds") && !holds("s"), "a name of nobody");
	names(&n2, KIND_WITHDRAW, FAMILY_SERVICE, "o", "s");
	names(&n2, KIND_WITHDRAW, FAMILY_SERVICE, "nobody", "s");
	unsays(&n2, "nobody");
	ok(fake_hears_nothing(&n2), "to withdraw what is not there is no error");
	names(&n1, KIND_ANNOUNCE, FAMILY_NODE, "n1", "n2");
	names(&n1, KIND_ANNOUNCE, FAMILY_NODE, "n1", "leaf");
	forget_all();
	fake_ask_at(&client, 1, "n2", "s/m");
	ok(fake_hears(&n2, KIND_REQUEST) && fake_hears_nothing(&n1), "a hub's id said to be a leaf's goes by its route");
	fake_ask_at(&client, 2, "leaf", "s/m");
	ok(fake_hears(&n1, KIND_REQUEST), "a leaf's goes to its hub");
	end();
}

static void
limits(void)
{
	struct announcement got;

	begin();
	f.rib.limits.routes = 4;
	says(&n1, "o n1");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "n1", "a");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "n1", "b");
	forget_all();
	says(&n1, "p n1");
	ok(refused(&n1, E_overloaded, "may have 4 routes and names"), "a route too many");
	ok(!rib_origin(&f, STR("p")), "leaves no trace");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "n1", "c");
	ok(refused(&n1, E_overloaded, "may have 4 routes and names"), "a name too many");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "n1", "b");
	says_as(&n1, "o x n1", usual);
	ok(fake_hears_nothing(&n1), "what is there may change");
	forget_all();
	says(&n2, "p n2");
	names(&n2, KIND_ANNOUNCE, FAMILY_SERVICE, "p", "c");
	ok(fake_hears_nothing(&n2) && next_is("p", &n2) && holds("c"), "a neighbour has its own limit");
	names(&n1, KIND_WITHDRAW, FAMILY_SERVICE, "n1", "b");
	forget_all();
	says(&n1, "q n1");
	ok(next_is("q", &n1) && told(&n2, KIND_ANNOUNCE, "q", &got), "one less, and there is room for another");
	end();

	begin();
	says(&n1, "o n1");
	for (int i = 0; i < 65; i++) {
		char version[16];

		snprintf(version, sizeof version, "%d", i);
		say(&n1, KIND_ANNOUNCE, &(struct announcement){ .family = FAMILY_SERVICE, .hops = HOPS_DEFAULT, .weight = 100,
		    .origin = STR("o"), .name = STR("s"), .version = str(version) });
		if (i == 63)
			ok(!fake_hears(&n1, KIND_ERROR), "64 versions of a name");
	}
	ok(refused(&n1, E_overloaded, "'s' has 64 versions at 'o'"), "one more is refused");
	is_int(fib_name(&f.fib, FAMILY_SERVICE, STR("s"))->count, 64, "and is not there");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "n1", "s");
	ok(fake_hears_nothing(&n1), "another hub has its own limit");
	end();

	begin();
	f.rib.limits.routes = 50;
	for (int i = 0; i < 1000; i++) {
		char path[32];

		snprintf(path, sizeof path, "x%d n1", i);
		says(&n1, path);
		snprintf(path, sizeof path, "x%d", i);
		unsays(&n1, path);
	}
	ok(f.rib.vias <= 51 && f.rib.by_node.used <= 60, "routes that come and go are bounded as well: %u", f.rib.vias);
	fake_wait(&f, 61000);
	ok(f.rib.vias == 2, "and forgotten");
	end();
}

static void
hold_down(void)
{
	struct announcement moved = usual;

	begin();
	f.rib.limits.hold_ms = 5000;
	says(&n1, "o n1");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	fake_wait(&f, 1000);
	unsays(&n1, "o");
	ok(next_is("o", NULL) && !holds("s"), "33: withdrawn at 1 s");
	fake_wait(&f, 2000);
	forget_all();
	says(&n1, "o n1");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	ok(next_is("o", NULL) && fake_hears_nothing(&n2), "33: said again at 3 s: held");
	says(&n2, "o x n2");
	ok(next_is("o", &n2), "33: another is taken meanwhile");
	unsays(&n2, "o");
	fake_wait(&f, 2900);
	ok(next_is("o", NULL), "33: still at 5.9 s");
	forget_all();
	fake_wait(&f, 1100);
	ok(next_is("o", &n1), "33: used at 7 s");
	ok(messages(&n2) == 3, "33: and told, with its name, and that this is all");
	moved.moved = 1;
	unsays_as(&n1, "o", moved);
	ok(next_is("o", NULL), "one that moved is gone");
	fake_wait(&f, 61000);
	says(&n1, "o n1");
	for (int i = 0; i < 20; i++) {
		unsays_as(&n1, "o", moved);
		says(&n1, "o n1");
	}
	ok(next_is("o", &n1), "and is no flap, however often");
	for (int i = 0; i < 20; i++) {
		unsays(&n1, "n1");
		says(&n1, "n1");
	}
	ok(next_is("n1", &n1), "34: never for a neighbour itself");
	end();
}

static void
damping(void)
{
	struct announcement a = usual;
	const struct via *v;

	begin();
	f.rib.limits.hold_ms = 0;
	f.rib.limits.flaps = 2;
	f.rib.limits.flap_ms = 10000;
	says(&n1, "o n1");
	unsays(&n1, "o");
	says(&n1, "o n1");
	ok(next_is("o", &n1), "34: once is no damping");
	unsays(&n1, "o");
	ok(next_is("o", NULL), "34: gone it is gone");
	says(&n1, "o n1");
	v = rib_origin(&f, STR("o"))->best;
	ok(next_is("o", &n1) && v->damped && via_serves(v), "34: twice is, but it is the only one: used all the same");
	says(&n2, "o x y n2");
	ok(next_is("o", &n2) && v->damped && !via_serves(v), "34: another neighbour is taken meanwhile, whatever its score");
	unsays(&n2, "o");
	ok(next_is("o", &n1), "34: as long as it is there");
	fake_wait(&f, 1);
	says(&n2, "o x y n2");
	ok(next_is("o", &n2), "34: and again");
	fake_wait(&f, 9000);
	ok(next_is("o", &n2), "34: not yet");
	unsays(&n1, "o");
	says(&n1, "o n1");
	fake_wait(&f, 9000);
	ok(next_is("o", &n2), "34: each more makes it longer");
	fake_wait(&f, 1100);
	ok(next_is("o", &n1), "34: after 10 quiet seconds it is used");
	fake_wait(&f, 10000);
	unsays(&n1, "o");
	says(&n1, "o n1");
	ok(next_is("o", &n1), "34: and what was is forgotten");

	unsays(&n1, "o");
	a.lifetime_ms = 3000;
	says_as(&n1, "o n1", a);
	ok(next_is("o", &n2), "damped again");
	fake_wait(&f, 100);
	fake_wait(&f, 3500);
	ok(expired == 1, "a route that is not used expires as any other");
	end();

	begin();		/* both: held first, which bounds what others hear, then damped */
	f.rib.limits.hold_ms = 2000;
	f.rib.limits.flaps = 1;
	f.rib.limits.flap_ms = 10000;
	says(&n1, "o n1");
	unsays(&n1, "o");
	says(&n1, "o n1");
	fake_wait(&f, 1900);
	ok(next_is("o", NULL), "hold-down holds also the only one");
	fake_wait(&f, 200);
	ok(next_is("o", &n1) && rib_origin(&f, STR("o"))->best->damped, "damping does not");
	fake_wait(&f, 8000);
	ok(next_is("o", &n1) && !rib_origin(&f, STR("o"))->best->damped, "and ends");
	end();
}

static void
flapping(void)
{
	uint64_t timers;

	begin_with(3);
	says(&n3, "far n3");
	services(&n3, "far", 0, 3);
	forget_all();
	timers = f.wheel.count;
	for (int i = 0; i < 1000; i++) {
		says(&n1, "o n1");
		services(&n1, "o", 10, 12);
		fake_wait(&f, 5);
		unsays(&n1, "o");
		fake_wait(&f, 5);
	}
	ok(f.rib.vias == 5 && f.wheel.count <= timers + 1, "a neighbour that flaps is remembered once");
	ok(next_is("far", &n3) && holds("s0") && !holds("s10"), "others are untouched");
	ok(messages(&n2) < 20, "34: and hear little of it");
	end();
}

static void
full_sets(void)
{
	begin();
	says(&n1, "o n1");
	says(&n1, "p n1");
	services(&n1, "o", 0, 4);
	forget_all();
	digest_is(&n1, 0, 7, n1.port.digest);
	ok(fake_hears_nothing(&n1), "digests agree: nothing to say");
	digest_is(&n1, 0, 9, 99);
	ok(fake_hears(&n1, KIND_DIGEST) && (n1.e.flags & FLAG_ERROR) && mismatches == 1, "a mismatch asks for all");
	says(&n1, "n1");
	says(&n1, "o n1");
	services(&n1, "o", 0, 2);
	services(&n1, "o", 5, 6);
	ok(holds("s3") && holds("s5") && next_is("p", &n1), "until the END what was is used");
	digest_is(&n1, 0, 9, 99);
	ok(fake_hears_nothing(&n1), "a digest of before it is no reason to ask twice");
	fake_wait(&f, 1100);
	ok(fake_hears(&n1, KIND_DIGEST) && (n1.e.flags & FLAG_ERROR), "but if all of it never comes it is asked for again");
	says(&n1, "n1");
	says(&n1, "o n1");
	services(&n1, "o", 0, 2);
	services(&n1, "o", 5, 6);
	ends(&n1);
	ok(holds("s0") && holds("s5") && !holds("s3") && next_is("p", NULL) && next_is("o", &n1) &&
	    next_is("n1", &n1), "END drops what was not said again");
	forget_all();
	digest_is(&n1, 0, 9, 99);
	ok(fake_hears_nothing(&n1), "the same difference after all of it: not asked for at once");
	fake_wait(&f, 1100);
	digest_is(&n1, 0, 9, 99);
	ok(fake_hears(&n1, KIND_DIGEST), "but when it stays: something may have been lost");
	ends(&n1);
	says(&n1, "n1");
	says(&n1, "o n1");
	forget_all();
	for (int i = 0; i < 400; i++) {
		fake_wait(&f, 1100);
		digest_is(&n1, 0, 9, 99);
		ends(&n1);
		says(&n1, "n1");
	}
	ok(messages(&n1) < 30, "and more and more seldom");
	fake_wait(&f, 1100);
	digest_is(&n1, 0, 9, 98);
	ok(fake_hears(&n1, KIND_DIGEST), "another one is");
	ends(&n1);
	says(&n1, "n1");
	digest_is(&n1, 0, 1, n1.port.digest);
	ok(fake_hears_nothing(&n1), "they agree");
	fake_wait(&f, 1100);
	digest_is(&n1, 0, 9, 98);
	ok(fake_hears(&n1, KIND_DIGEST), "then an old difference is a new one");
	for (unsigned i = 0; i < 1000; i++) {
		digest_is(&n1, 0, 9, 100 + i);
		ends(&n1);
		says(&n1, "n1");
	}
	ok(fake_hears_nothing(&n1), "a thousand different ones at once are not asked about");
	fake_wait(&f, 1100);
	ok(messages(&n1) == 1, "only once, when they had their time");
	fake_say(&n1, (struct envelope){ .kind = KIND_DIGEST, .payload = STR("short") });
	ok(f.count.malformed == 1, "a digest is 12 bytes");
	end();

	begin();		/* in a full set an epoch may be lower: by another way it has heard less */
	says_as(&n1, "o n1", (struct announcement){ .hops = 16, .epoch = 10, .lifetime_ms = 600000 });
	services(&n1, "o", 0, 1);
	digest_is(&n1, 0, 9, 99);
	says(&n1, "n1");
	says(&n1, "o x n1");
	services(&n1, "o", 0, 1);
	ends(&n1);
	ok(next_is("o", &n1) && holds("s0") && rib_origin(&f, STR("o"))->best->length == 3,
	    "what it says when asked for all is what it has");
	end();
}

static void
answers(struct fake *k, uint32_t number)
{
	const char body[4] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8), (char)number };

	fake_say(k, (struct envelope){ .kind = KIND_END, .hops = 1, .payload = { body, sizeof body } });
}

/* We ask for all while a set is under way. */
static void
ends_of_others(void)
{
	begin();
	says(&n1, "o n1");
	services(&n1, "o", 0, 4);
	forget_all();
	route_renew(&f);
	do
		fake_next(&n1);
	while (!(n1.e.flags & FLAG_ERROR) && n1.e.kind != KIND_NONE);
	ok(n1.e.kind == KIND_DIGEST && n1.e.payload.n == 16 && n1.e.payload.p[15] == 1, "who asks for all numbers it");
	services(&n1, "o", 0, 2);
	answers(&n1, 0);
	ok(holds("s3") && next_is("o", &n1), "an END that was under way ends nothing");
	digest_is(&n1, 0, 9, 99);
	says(&n1, "n1");
	says(&n1, "o n1");
	services(&n1, "o", 0, 3);
	answers(&n1, 1);
	ok(holds("s3"), "nor does that of a set before the last one");
	answers(&n1, 2);
	ok(!holds("s3") && holds("s2") && next_is("o", &n1), "its own END does");
	fake_say(&n1, (struct envelope){ .kind = KIND_END, .hops = 1, .payload = STR("12345") });
	ok(holds("s2"), "one that is none does nothing");
	end();
}

/* Its link vouches for it. */
static void
refreshes_are_lost(void)
{
	struct announcement a;
	struct err err;
	unsigned said = 0;

	begin();
	fake_wait(&f, 590 * 1000);
	forget_all();
	fake_open(&f, &n3, PORT_PEER, "n3");
	while (fake_next(&n3) && (announcement_get(n3.e.payload, &a, &err) == -1 || !str_is(a.name, "n1")))
		continue;
	is_int(a.lifetime_ms, 200000, "a neighbour that says nothing is told on for a third of a lifetime");
	forget_all();
	fake_wait(&f, 101 * 1000);
	ok(told(&n3, KIND_ANNOUNCE, "n1", &a) && a.lifetime_ms == 200000 && a.epoch == 1, "and again before that is over");
	forget_all();
	for (int i = 0; i < 20; i++) {
		fake_wait(&f, 90 * 1000);
		says_as(&n1, "n1", (struct announcement){ .hops = 16, .epoch = 2 + (uint64_t)i, .lifetime_ms = 600000 });
	}
	while (fake_next(&n3))
		said += announcement_get(n3.e.payload, &a, &err) == 0 && str_is(a.name, "n1");
	is_int(said, 20, "one that says so itself is told as often as it does");
	end();
}

/* An event of the hub n1, of the run of it that has this epoch: does the client get it? */
static bool
event_comes(uint64_t epoch, uint64_t count)
{
	uint8_t value[18], meta[2 * TLV_HEAD + 20], *end = be_put_u64(be_put_u64(value, epoch), count);

	memcpy(end, "n1", 2);
	end = tlv_write(tlv_write(meta, META_path, STR("n1")), META_revision,
	    (struct str){ (const char *)value, sizeof value });
	fake_forget(&client);
	fake_say(&n1, (struct envelope){ .kind = KIND_PUBLISH, .hops = 1, .subject = STR("/x"), .origin = STR("n1"),
	    .meta = { (const char *)meta, (size_t)(end - meta) } });
	return fake_hears(&client, KIND_PUBLISH);
}

static void
runs(void)
{
	begin();
	fake_say(&client, (struct envelope){ .kind = KIND_SUBSCRIBE, .hops = 1, .id = 1, .subject = STR("/x") });
	ok(event_comes(50, 1) && event_comes(50, 2), "events come");
	ok(!event_comes(50, 2) && !event_comes(50, 1), "none twice, none late");
	ok(event_comes(60, 1) && !event_comes(50, 3), "another run of their hub: what is of the one before is late");
	ok(event_comes(40, 1) && event_comes(40, 2), "one that began earlier, for its clock was set back, is a new run, too");
	ok(!event_comes(60, 2) && !event_comes(50, 4) && !event_comes(40, 2), "those before it are over");
	fake_wait(&f, 61000);
	ok(event_comes(40, 3) && event_comes(60, 2), "though not for ever, lest one that came late has cut off the true one");
	end();
}

int
main(void)
{
	paths();
	clusters();
	hop_counts();
	lifetimes();
	epochs();
	names_of_others();
	limits();
	hold_down();
	damping();
	flapping();
	full_sets();
	ends_of_others();
	refreshes_are_lost();
	runs();
	return done();
}
