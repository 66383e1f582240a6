/* fabric-connected.c - who reaches what: claims, conflicts, and what the uplink is told. */
#include "fabric/rib.h"
#include "wire/fields.h"
#include "fakeport.h"

static struct fabric f;
static struct fake self, a, b, leaf, site, up;
static char last_event[64], last_name[256];

static void
on_event(struct fabric *fabric, const char *what, const struct port *p, struct str name)
{
	(void)fabric, (void)p;
	snprintf(last_event, sizeof last_event, "%s", what);
	snprintf(last_name, sizeof last_name, "%.*s", STR_FMT(name));
}

static const struct fabric_ops ops = { on_event };

static void
begin(void)
{
	fabric_init(&f, STR("here"), STR("net"), ROLE_LEAF, (struct mono){ 5000000 }, &ops);
	f.has_uplink = true;
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &a, PORT_CLIENT, "client-a");
	fake_open(&f, &b, PORT_CLIENT, "client-b");
	fake_open(&f, &leaf, PORT_CHILD, "leaf");
	fake_open(&f, &site, PORT_CHILD, "site");
	site.port.role = ROLE_HUB;
}

static void
end(void)
{
	fake_free(&a);
	fake_free(&b);
	fake_free(&leaf);
	fake_free(&site);
	fake_free(&self);
	ok(f.fib.names.used == 0 && f.fib.claimed[FAMILY_SERVICE] == 0 &&
	    f.fib.claimed[FAMILY_ENDPOINT] == 0 && f.fib.claimed[FAMILY_NODE] == 0,
	    "no claim outlives its port");
	ok(f.rib.own_digest == 0 && f.rib.own_count == 0, "and the uplink was told of each end");
	fake_free(&up);
	fabric_free(&f);
}

static bool
hears_text(struct fake *k, uint8_t kind, const char *text)
{
	char all[512] = "";

	if (!fake_next(k) || k->e.kind != kind)
		return false;
	str_c(k->e.payload, all, sizeof all);
	if (!strstr(all, text))
		printf("#   heard '%s'\n", all);
	return strstr(all, text) != NULL;
}

/* The next announcement that the uplink hears. */
static bool
hears_announce(uint8_t kind, const char *name, struct announcement *n)
{
	struct err e = { .status = 0 };

	return fake_next(&up) && up.e.kind == kind && announcement_get(up.e.payload, n, &e) == 0 &&
	    str_is(n->name, name);
}

static void
attaching(void)
{
	begin();
	fake_attach(&a, FAMILY_SERVICE, "s", "1.0", "", 0);
	ok(fake_hears(&a, KIND_DONE) && a.e.id == 77 && (a.e.flags & FLAG_LAST), "an ATTACH is confirmed");
	is_str(str(last_event), "attached", "and told");
	fake_attach(&a, FAMILY_SERVICE, "s", "1.0", "m", 5);
	ok(fake_hears(&a, KIND_DONE), "again");
	is_int(a.port.claimed[FAMILY_SERVICE], 1, "replaces it");
	is_int(fib_claim(&f.fib, &a.port, FAMILY_SERVICE, STR("s"), STR("1.0"))->max_concurrency, 5,
	    "with the new terms");
	fake_attach(&b, FAMILY_SERVICE, "s", "1.0", "", 0);
	ok(fake_hears(&b, KIND_DONE), "a service may have many instances");
	fake_attach(&a, FAMILY_ENDPOINT, "x@d", "", "", 0);
	fake_attach(&a, FAMILY_ENDPOINT, "y@d", "", "", 0);
	fake_forget(&a);
	is_str(a.port.from, "x@d", "a client speaks for its first endpoint");
	fake_attach(&b, FAMILY_ENDPOINT, "x@d", "", "", 0);
	ok(hears_text(&b, KIND_ERROR, "endpoint 'x@d' is already held by 'client-a'"), "an endpoint has one");
	is_str(str(last_event), "conflict", "a conflict is told");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_ENDPOINT, "x@d", "", 0);
	ok(hears_text(&leaf, KIND_ERROR, "already held by 'client-a'"), "also toward a link");
	fake_attach(&a, FAMILY_NODE, "n", "", "", 0);
	ok(hears_text(&a, KIND_ERROR, "cannot be claimed here"), "a client is no node");
	fake_attach(&a, FAMILY_SERVICE, "fedx", "", "", 0);
	ok(hears_text(&a, KIND_ERROR, "reserved"), "the node's own service is reserved");
	fake_say(&a, (struct envelope){ .kind = KIND_ATTACH, .id = 78, .payload = STR("\x80") });
	ok(fake_hears(&a, KIND_ERROR) && a.e.id == 78, "a malformed claim is refused under its id");
	f.limits.services = 3;
	fake_attach(&a, FAMILY_SERVICE, "s2", "", "", 0);
	fake_attach(&a, FAMILY_SERVICE, "s3", "", "", 0);
	fake_forget(&a);
	fake_attach(&a, FAMILY_SERVICE, "s4", "", "", 0);
	ok(hears_text(&a, KIND_ERROR, "may hold 3 claims of family service"), "a limit is named");
	fake_attach(&a, FAMILY_SERVICE, "s3", "", "m", 0);
	ok(fake_hears(&a, KIND_DONE), "what is held may change at the limit");
	f.draining = true;
	fake_attach(&b, FAMILY_SERVICE, "s9", "", "", 0);
	ok(hears_text(&b, KIND_ERROR, "draining"), "a node that drains takes no more");
	f.draining = false;
	end();
}

static void
detach(struct fake *k, enum family family, const char *name, const char *version)
{
	uint8_t room[512];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };

	announcement_put(&body, &(struct announcement){ .family = (uint8_t)family, .name = str(name),
	    .version = str(version), .weight = 1, .hops = 1 });
	fake_say(k, (struct envelope){ .kind = KIND_DETACH, .id = 79, .payload = buf_view(&body) });
}

static void
detaching(void)
{
	begin();
	fake_attach(&a, FAMILY_SERVICE, "s", "1", "", 1);
	fake_attach(&a, FAMILY_ENDPOINT, "x@d", "", "", 0);
	fake_forget(&a);
	detach(&a, FAMILY_SERVICE, "s", "");
	ok(hears_text(&a, KIND_ERROR, "holds no service 's'"), "another version is another claim");
	detach(&b, FAMILY_SERVICE, "s", "1");
	ok(hears_text(&b, KIND_ERROR, "holds no service 's'"), "another's is not yours");
	fake_ask(&b, 1, "s/run");
	fake_ask(&b, 2, "s/run");
	fake_attach(&a, FAMILY_SERVICE, "s", "1", "m run", 1);
	ok(fake_hears(&a, KIND_REQUEST), "one is served");
	detach(&a, FAMILY_SERVICE, "s", "1");
	fake_forget(&up);
	ok(fake_hears_error(&b, 2, E_link_down, FATE_NOT_DELIVERED), "who waits is told");
	fake_reply(&a, a.e.id, 0, "");
	ok(fake_hears(&a, KIND_DONE) && fake_hears(&a, KIND_DONE), "both are confirmed");
	detach(&a, FAMILY_ENDPOINT, "x@d", "");
	ok(a.port.from.n == 0, "it speaks for no endpoint any more");
	ok(fake_hears(&a, KIND_DONE), "and no less alive");
	fake_attach(&b, FAMILY_ENDPOINT, "x@d", "", "", 0);
	fake_forget(&b);
	is_str(b.port.from, "x@d", "which another may have now");
	end();
}

static void
in_flight_over_detach(void)
{
	uint64_t id;

	begin();
	fake_attach(&a, FAMILY_SERVICE, "s", "", "", 0);
	fake_forget(&a);
	fake_ask(&b, 1, "s/run");
	fake_hears(&a, KIND_REQUEST);
	id = a.e.id;
	detach(&a, FAMILY_SERVICE, "s", "");
	fake_reply(&a, id, 0, "late but right");
	ok(fake_hears(&b, KIND_REPLY) && !(b.e.flags & FLAG_ERROR), "a service may leave and still answer");
	end();
}

static void
exporting(void)
{
	struct announcement n;
	struct meta_facts facts;

	begin();
	fake_attach(&a, FAMILY_SERVICE, "s", "1", "get", 2);
	fake_open(&f, &up, PORT_UPLINK, "up");
	{
		unsigned names = 0;
		bool digest = false;

		while (fake_next(&up) && up.e.kind == KIND_ANNOUNCE)
			names++;
		ok(names == 3 && up.e.kind == KIND_END, "the uplink is told all: two nodes, a service");
		digest = fake_hears(&up, KIND_DIGEST) && up.e.payload.n == 12;
		ok(digest && be_u64((const uint8_t *)up.e.payload.p + 4) == f.rib.own_digest &&
		    up.e.payload.p[3] == 3, "then the digest of it");
	}
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "s", "1", 3);
	ok(hears_announce(KIND_ANNOUNCE, "s", &n) && n.max_concurrency == 5 && n.weight == 200,
	    "two instances are the sum of what they can take");
	ok(n.methods.n == 0, "and any method if one takes any");
	is_int(n.hops, HOPS_DEFAULT, "with all hops: it is ours");
	meta_look(n.path, STR("none"), &facts);
	ok(str_is(facts.last, "here"), "our id is the last of its path");
	fake_attach(&b, FAMILY_SERVICE, "s", "1", "put get", 0);
	ok(hears_announce(KIND_ANNOUNCE, "s", &n) && n.max_concurrency == 0, "one without bound has none");
	fake_announce(&leaf, KIND_WITHDRAW, FAMILY_SERVICE, "s", "1", 0);
	ok(hears_announce(KIND_ANNOUNCE, "s", &n) && words_have(n.methods, STR("get")) &&
	    words_have(n.methods, STR("put")) && n.methods.n == 7, "methods are joined");
	fake_attach(&b, FAMILY_SERVICE, "s", "1", "put get", 0);
	ok(fake_hears_nothing(&up), "what does not change is not told");
	fake_attach(&b, FAMILY_SERVICE, "s", "2", "", 0);
	ok(hears_announce(KIND_ANNOUNCE, "s", &n) && str_is(n.version, "2"), "a version is told for itself");
	fake_down(&b);
	ok(fake_next(&up) && fake_next(&up), "a loss is told in the same turn");
	fake_down(&a);
	ok(hears_announce(KIND_WITHDRAW, "s", &n) && str_is(n.version, "1"), "the last takes the name along");
	fake_forget(&up);
	fake_announce(&site, KIND_ANNOUNCE, FAMILY_NODE, "far", "", 0);
	ok(hears_announce(KIND_ANNOUNCE, "far", &n), "a node below a hub is told");
	meta_look(n.path, STR("none"), &facts);
	ok(facts.passed == 1 && str_is(facts.last, "here"), "as ours");
	fabric_digest(&f);
	ok(fake_hears(&up, KIND_DIGEST) && be_u64((const uint8_t *)up.e.payload.p + 4) ==
	    f.rib.own_digest, "the digest goes up when asked for");
	fake_say(&up, (struct envelope){ .kind = KIND_DIGEST, .flags = FLAG_ERROR, .payload = { "0123456789ab\0\0\1\2", 16 } });
	{
		unsigned names = 0;

		while (fake_next(&up) && up.e.kind == KIND_ANNOUNCE)
			names++;
		ok(names == 3 && up.e.kind == KIND_END, "who knows something else is told all again: %u", names);
		ok(str_eq(up.e.payload, (struct str){ "\0\0\1\2", 4 }), "END has the number of who asked");
	}
	fake_say(&up, (struct envelope){ .kind = KIND_ANNOUNCE });
	is_int(f.count.malformed, 1, "an uplink announces nothing to us");
	end();
}

static void
split_horizon(void)
{
	uint8_t room[512], path[128], *at;
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct announcement n = { .family = FAMILY_SERVICE, .name = STR("s"), .weight = 1,
	    .hops = HOPS_DEFAULT };

	begin();
	fake_open(&f, &up, PORT_UPLINK, "up");
	fake_forget(&up);
	at = tlv_write(path, META_path, STR("up"));
	at = tlv_write(at, META_path, STR("site"));
	n.path = (struct str){ (char *)path, (size_t)(at - path) };
	announcement_put(&body, &n);
	fake_say(&site, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = buf_view(&body) });
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("s")) != NULL, "what passed the uplink is known");
	fake_forget(&up);

	body.tail = 0;
	n.name = STR("t");
	at = tlv_write(path, META_path, STR("here"));
	at = tlv_write(at, META_path, STR("site"));
	n.path.n = (size_t)(at - path);
	announcement_put(&body, &n);
	fake_say(&site, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = buf_view(&body) });
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("t")) && fake_hears_nothing(&site),
	    "what passed us is dropped, quietly");

	body.tail = 0;
	at = tlv_write(path, META_path, STR("site"));
	n.path.n = (size_t)(at - path);
	n.hops = 0;
	announcement_put(&body, &n);
	fake_say(&site, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = buf_view(&body) });
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("t")), "so is what has no hop left");
	body.tail = 0;
	n.hops = 1;
	announcement_put(&body, &n);
	fake_say(&site, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = buf_view(&body) });
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("t")) && fake_hears_nothing(&up),
	    "with one hop it is for us, and goes no further");
	end();
}

static void
liars(void)
{
	uint8_t room[512], path[128], *at;
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct announcement n = { .family = FAMILY_SERVICE, .name = STR("s"), .weight = 1,
	    .hops = HOPS_DEFAULT };

	begin();
	fake_open(&f, &up, PORT_UPLINK, "up");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "good", "", 0);
	announcement_put(&body, &n);
	fake_say(&leaf, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = buf_view(&body) });
	ok(hears_text(&leaf, KIND_ERROR, "does not end at its sender"), "no path");
	fake_say(&leaf, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = STR("\x80\x01\x00") });
	ok(fake_hears(&leaf, KIND_ERROR), "no announcement at all");
	is_str(str(last_event), "announcement_refused", "a refusal is told");
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("good")) && !leaf.closed, "costs nothing else");
	at = tlv_write(path, META_path, STR("else"));
	at = tlv_write(at, META_path, STR("leaf"));
	n.path = (struct str){ (char *)path, (size_t)(at - path) };
	body.tail = 0;
	announcement_put(&body, &n);
	fake_say(&leaf, (struct envelope){ .kind = KIND_ANNOUNCE, .payload = buf_view(&body) });
	ok(hears_text(&leaf, KIND_ERROR, "a leaf announces only"), "a leaf has nobody behind it");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_NODE, "else", "", 0);
	ok(hears_text(&leaf, KIND_ERROR, "a leaf announces only"), "and no nodes");
	fake_announce(&site, KIND_ANNOUNCE, FAMILY_NODE, "leaf", "", 0);
	ok(hears_text(&site, KIND_ERROR, "already held by 'leaf'"), "a hub cannot take a neighbour's id");
	fake_announce(&site, KIND_ANNOUNCE, FAMILY_NODE, "here", "", 0);
	ok(fake_hears(&site, KIND_ERROR), "nor ours");
	fake_announce(&site, KIND_ANNOUNCE, FAMILY_NODE, "up", "", 0);
	ok(fake_hears(&site, KIND_ERROR), "nor that of who is above");
	fake_announce(&site, KIND_ANNOUNCE, FAMILY_NODE, "site", "", 0);
	ok(fake_hears(&site, KIND_ERROR), "nor announce what its credential says");
	fake_announce(&site, KIND_WITHDRAW, FAMILY_NODE, "site", "", 0);
	ok(fib_name(&f.fib, FAMILY_NODE, STR("site")) != NULL, "nor take it back");
	fake_say(&a, (struct envelope){ .kind = KIND_ANNOUNCE, .id = 3, .payload = buf_view(&body) });
	ok(fake_hears(&a, KIND_ERROR) && !fib_name(&f.fib, FAMILY_SERVICE, STR("s")),
	    "a client announces nothing");
	end();
}

static void
node_ids(void)
{
	static struct fake twin;

	begin();
	ok(fake_open(&f, &twin, PORT_CHILD, "leaf") == -1 && !twin.port.up, "a node id is taken");
	ok(fake_open(&f, &twin, PORT_CHILD, "here") == -1, "as ours is");
	fake_announce(&site, KIND_ANNOUNCE, FAMILY_NODE, "far", "", 0);
	ok(fake_open(&f, &twin, PORT_CHILD, "far") == -1, "and one behind a neighbour");
	fake_down(&leaf);
	ok(fake_open(&f, &twin, PORT_CHILD, "leaf") == 0, "it is free when its link is gone");
	fake_free(&twin);
	end();
}

/* A digest has no key: a hub can make up an announcement that has the sum of a proven name. */
static void
made_up_digest(void)
{
	struct via via = { .port = &site.port };
	struct claim *c;

	begin();
	list_init(&via.claims);
	c = fib_add(&f.fib, &site.port, &via, &(struct announcement){ .family = FAMILY_NODE, .name = STR("leaf-7") });
	site.port.digest ^= c->digest;
	c->digest = 0;
	ok(!fabric_leaf(&f, STR("leaf-7")), "what a hub announces is proven by no digest");
	ok(fabric_leaf(&f, STR("leaf")) == &leaf.port, "... the name of a neighbour is, by its link");
	fib_del(&f.fib, c);
	end();
}

static void
digest(struct fake *k, uint32_t count, uint64_t sum)
{
	uint8_t body[12] = { 0, 0, 0, (uint8_t)count };

	be_put_u64(body + 4, sum);
	fake_say(k, (struct envelope){ .kind = KIND_DIGEST, .payload = { (char *)body, sizeof body } });
}

static void
digests(void)
{
	char last;

	begin();
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "s", "", 0);
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "t", "", 0);
	digest(&leaf, 2, leaf.port.digest);
	ok(fake_hears_nothing(&leaf), "equal digests: nothing to say");
	digest(&leaf, 1, leaf.port.digest);
	ok(fake_hears(&leaf, KIND_DIGEST) && (leaf.e.flags & FLAG_ERROR), "another count: all again");
	digest(&leaf, 2, leaf.port.digest + 1);
	digest(&leaf, 2, leaf.port.digest + 2);
	ok(fake_hears_nothing(&leaf), "who differs all the time is not asked all the time");
	fake_wait(&f, 1100);
	ok(fake_hears(&leaf, KIND_DIGEST) && (leaf.e.flags & FLAG_ERROR) && fake_hears_nothing(&leaf),
	    "another sum: all again, a second later");
	is_str(str(last_event), "digest_mismatch", "and an event");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "s", "", 0);
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "u", "", 0);
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("t")) != NULL, "until the END the old set serves");
	fake_say(&leaf, (struct envelope){ .kind = KIND_END });
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("t")), "what was not said again is gone");
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("s")) && fib_name(&f.fib, FAMILY_SERVICE, STR("u")) &&
	    fib_name(&f.fib, FAMILY_NODE, STR("leaf")), "the rest is there, and its own id");
	digest(&leaf, 2, leaf.port.digest);
	ok(fake_hears_nothing(&leaf), "and equal again");
	fake_wait(&f, 1100);
	digest(&leaf, 9, 9);
	ok(fake_hears(&leaf, KIND_DIGEST) && leaf.e.payload.n == 16, "each time we ask for all has a number");
	last = leaf.e.payload.p[15];
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "s", "", 0);
	fake_say(&leaf, (struct envelope){ .kind = KIND_END, .payload = { (const char[4]){ 0, 0, 0, (char)(last - 1) }, 4 } });
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("u")) != NULL, "an END that was under way is not that of this set");
	fake_say(&leaf, (struct envelope){ .kind = KIND_END, .payload = { (const char[4]){ 0, 0, 0, last }, 4 } });
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("u")) && fib_name(&f.fib, FAMILY_SERVICE, STR("s")), "its own is");
	fake_say(&leaf, (struct envelope){ .kind = KIND_DIGEST, .payload = STR("short") });
	digest(&a, 0, 0);
	ok(f.count.malformed == 2 && fake_hears_nothing(&a), "a digest is 12 bytes from a link");
	end();
}

/* Two fabrics: what one exports is what the other has, whatever was lost between. */
static void
both_ends_agree(void)
{
	struct fabric above;
	struct fake below;
	uint64_t seed = tap_seed();
	unsigned repaired = 0;

	begin();
	fake_open(&f, &up, PORT_UPLINK, "above");
	fabric_init(&above, STR("above"), STR("net"), ROLE_HUB, f.now, &ops);
	fake_open(&above, &below, PORT_CHILD, "here");
	below.port.role = ROLE_HUB;
	for (int i = 0; i < 3000; i++) {
		struct fake *who = tap_rand(&seed) % 2 ? &a : &b;
		char name[16];

		snprintf(name, sizeof name, "s%u", (unsigned)(tap_rand(&seed) % 12));
		if (tap_rand(&seed) % 2)
			fake_attach(who, FAMILY_SERVICE, name, tap_rand(&seed) % 2 ? "1" : "",
			    tap_rand(&seed) % 2 ? "m" : "", (uint32_t)(tap_rand(&seed) % 3));
		else
			detach(who, FAMILY_SERVICE, name, tap_rand(&seed) % 2 ? "1" : "");
		fake_forget(who);
		while (fake_next(&up))
			if (tap_rand(&seed) % 50)
				fabric_receive(&above, &below.port, &up.e);
		if (i % 50 == 49) {
			fake_wait(&f, 1100);
			fake_wait(&above, 1100);
			fabric_digest(&f);
			while (fake_next(&up))
				fabric_receive(&above, &below.port, &up.e);
			while (fake_next(&below)) {
				repaired++;
				fabric_receive(&f, &up.port, &below.e);
			}
			while (fake_next(&up))
				fabric_receive(&above, &below.port, &up.e);
			if (below.port.digest != f.rib.own_digest) {
				ok(false, "step %d: the two ends know the same", i);
				break;
			}
		}
	}
	ok(repaired > 5, "what was lost on the way was sent again %u times", repaired);
	ok(below.port.digest == f.rib.own_digest && below.port.claimed[FAMILY_SERVICE] +
	    below.port.claimed[FAMILY_NODE] == f.rib.own_count + 1, "and both ends know the same");
	fake_free(&below);
	fabric_free(&above);
	end();
}

int
main(void)
{
	attaching();
	detaching();
	in_flight_over_detach();
	exporting();
	split_horizon();
	liars();
	node_ids();
	made_up_digest();
	digests();
	both_ends_agree();
	return done();
}
