/* wire-announce.c - announcements survive the wire, and hostile ones are refused with a reason. */
#include "tap.h"
#include "wire/announce.h"
#include "wire/envelope.h"
#include "wire/meta.h"

static const struct { const char *what; enum family family; const char *name; bool valid; } names[] = {
	{ "a service",				FAMILY_SERVICE, "shop_service", true },
	{ "with all that is allowed",		FAMILY_SERVICE, "Shop-2.eu:a_b", true },
	{ "no name",				FAMILY_SERVICE, "", false },
	{ "a slash in a service",		FAMILY_SERVICE, "shop/x", false },
	{ "a blank in a service",		FAMILY_SERVICE, "shop x", false },
	{ "an at in a service",			FAMILY_SERVICE, "shop@x", false },
	{ "a star in a service",		FAMILY_SERVICE, "shop*", false },
	{ "a newline in a service",		FAMILY_SERVICE, "shop\n", false },
	{ "UTF-8 in a service",			FAMILY_SERVICE, "gr\xc3\xbc", false },
	{ "our own service",			FAMILY_SERVICE, "fedx", false },
	{ "below our own service",		FAMILY_SERVICE, "fedx/links", false },
	{ "almost our own",			FAMILY_SERVICE, "fedx2", true },
	{ "an endpoint",			FAMILY_ENDPOINT, "claude-code@home.example.net", true },
	{ "all of a domain",			FAMILY_ENDPOINT, "*@home.example.net", true },
	{ "a domain and below",			FAMILY_ENDPOINT, "*.example.net", true },
	{ "a local of odd bytes",		FAMILY_ENDPOINT, "a/b:c!@home", true },
	{ "no at",				FAMILY_ENDPOINT, "home", false },
	{ "two ats",				FAMILY_ENDPOINT, "a@b@c", false },
	{ "no local",				FAMILY_ENDPOINT, "@home", false },
	{ "no domain",				FAMILY_ENDPOINT, "a@", false },
	{ "an empty label",			FAMILY_ENDPOINT, "a@b..c", false },
	{ "a dot at the end",			FAMILY_ENDPOINT, "a@b.", false },
	{ "a blank",				FAMILY_ENDPOINT, "a b@c", false },
	{ "an escape",				FAMILY_ENDPOINT, "a\x1b@c", false },
	{ "a star among letters",		FAMILY_ENDPOINT, "a*@c", false },
	{ "a star in the domain",		FAMILY_ENDPOINT, "a@*.c", false },
	{ "a path for an endpoint",		FAMILY_ENDPOINT, "/a@home", false },
	{ "everything everywhere",		FAMILY_ENDPOINT, "*", false },
	{ "everything below nothing",		FAMILY_ENDPOINT, "*.", false },
	{ "a node",				FAMILY_NODE, "site-a.example.net", true },
	{ "a node in capitals",			FAMILY_NODE, "Site-A", false },
	{ "a pattern of nodes",			FAMILY_NODE, "*.example.net", false },
	{ "a path",				FAMILY_PATH, "/site-a/lights/1", true },
	{ "a pattern of paths",			FAMILY_PATH, "/site-a/*/**", true },
	{ "the root alone",			FAMILY_PATH, "/", false },
	{ "a relative path",			FAMILY_PATH, "a/b", false },
	{ "an empty segment",			FAMILY_PATH, "/a//b", false },
	{ "a slash at the end",			FAMILY_PATH, "/a/", false },
	{ "a star in a segment",		FAMILY_PATH, "/a*b", false },
	{ "an unknown family",			FAMILY_COUNT, "x", false },
};

static const struct { const char *version; bool valid; } versions[] = {
	{ "", true }, { "1", true }, { "1.2.0", true }, { "1.2.3.4", true }, { "1.2.0-rc.1", true },
	{ "10.20-a-b", true }, { "1.2.3.4.5", false }, { "1..2", false }, { ".1", false }, { "1.", false },
	{ "1.2-", false }, { "-rc", false }, { "v1", false }, { "1.2 ", false }, { "1.x", false },
	{ "1-a b", false }, { "1234567890", false },
};

static const struct { const char *words; bool valid; } lists[] = {
	{ "", true }, { "get", true }, { "get put a=b", true }, { " get", false }, { "get ", false },
	{ "a  b", false }, { "a\tb", false }, { "a\nb", false }, { "\xc3\xbc", false }, { " ", false },
};

static void
checks(void)
{
	static char bytes[LIST_MAX_BYTES + 2];
	struct announcement a;
	struct err e;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		e.text[0] = '\0';
		a = (struct announcement){ .family = (uint8_t)names[i].family, .name = str(names[i].name) };
		ok((announcement_check(&a, &e) == 0) == names[i].valid && (names[i].valid || e.text[0]),
		    "name: %s", names[i].what);
	}
	a = (struct announcement){ .family = FAMILY_SERVICE, .name = str("s") };
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		a.version = str(versions[i].version);
		ok((announcement_check(&a, &e) == 0) == versions[i].valid, "version '%s'", versions[i].version);
	}
	a.version = str("");
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		a.methods = str(lists[i].words);
		a.tags = str("");
		ok((announcement_check(&a, &e) == 0) == lists[i].valid, "methods, case %zu", i);
		a.tags = a.methods;
		a.methods = str("");
		ok((announcement_check(&a, &e) == 0) == lists[i].valid, "tags, case %zu", i);
	}
	memset(bytes, 'm', sizeof bytes);
	a.tags = (struct str){ bytes, LIST_MAX_BYTES };
	is_int(announcement_check(&a, &e), 0, "a list of 4096 bytes");
	a.tags.n++;
	is_int(announcement_check(&a, &e), -1, "one of 4097");
	a.tags.n = 0;
	a.name = (struct str){ bytes, NAME_MAX_BYTES };
	is_int(announcement_check(&a, &e), 0, "a name of 255 bytes");
	a.name.n++;
	is_int(announcement_check(&a, &e), -1, "one of 256");
	a.name = str("s");
	a.weight = 65536;
	is_int(announcement_check(&a, &e), -1, "a weight over 65535");
	a.weight = 65535;
	a.max_concurrency = CONCURRENCY_MAX + 1;
	is_int(announcement_check(&a, &e), -1, "a concurrency over its bound");
	a = (struct announcement){ .family = FAMILY_ENDPOINT, .name = str("a@b"), .version = str("1") };
	is_int(announcement_check(&a, &e), -1, "an endpoint has no version");
	a = (struct announcement){ .family = FAMILY_ENDPOINT, .name = str("a@b"), .shared = 1 };
	ok(announcement_check(&a, &e) == -1 && strstr(e.text, "only a path"), "nor is it shared by policy");
	memset(bytes, 'a', 128);
	memcpy(bytes + 128, "@b", 2);
	a = (struct announcement){ .family = FAMILY_ENDPOINT, .name = { bytes, 130 } };
	is_int(announcement_check(&a, &e), 0, "a local of 128 bytes");
	memset(bytes, 'a', 129);
	memcpy(bytes + 129, "@b", 2);
	a.name.n = 131;
	is_int(announcement_check(&a, &e), -1, "one of 129");
}

static bool
same(const struct announcement *a, const struct announcement *b)
{
	return a->family == b->family && a->hops == b->hops && str_eq(a->name, b->name) &&
	    str_eq(a->version, b->version) && str_eq(a->methods, b->methods) &&
	    str_eq(a->tags, b->tags) && a->weight == b->weight &&
	    a->max_concurrency == b->max_concurrency && str_eq(a->path, b->path) &&
	    str_eq(a->origin, b->origin) && str_eq(a->clusters, b->clusters) && a->epoch == b->epoch &&
	    a->lifetime_ms == b->lifetime_ms && a->latency_us == b->latency_us && a->cost_milli == b->cost_milli &&
	    a->reliability_ppm == b->reliability_ppm && a->bandwidth_mbps == b->bandwidth_mbps && a->moved == b->moved &&
	    a->partial == b->partial;
}

static void
round_trips(void)
{
	uint64_t seed = tap_seed();
	struct buf path, clusters, b, again;
	struct announcement got;
	struct err e = { "", 0 };
	bool equal = true, canonical = true;

	buf_init(&path, 1000);
	buf_init(&clusters, 1000);
	buf_init(&b, 20000);
	buf_init(&again, 20000);
	tlv_put(&clusters, META_cluster, str("alpha"));
	tlv_put(&clusters, META_cluster, str("beta"));
	tlv_put(&path, META_path, str("site-a"));
	tlv_put(&path, META_path, str("hub.example.net"));
	for (int i = 0; i < 3000; i++) {
		size_t n = (size_t)(tap_rand(&seed) % (sizeof names / sizeof *names));
		struct announcement a = {
			.family = (uint8_t)names[n].family, .hops = (uint8_t)tap_rand(&seed),
			.name = str(names[n].name), .weight = (uint32_t)(1 + tap_rand(&seed) % 65535),
			.max_concurrency = (uint32_t)(tap_rand(&seed) % (CONCURRENCY_MAX + 1)),
			.methods = str(tap_rand(&seed) % 2 ? "get put" : ""),
			.tags = str(tap_rand(&seed) % 2 ? "eu" : ""),
		};

		a.version = str(names[n].family == FAMILY_SERVICE ? "1.2.0" : "");
		if (tap_rand(&seed) % 2)
			a.path = buf_view(&path);
		if (tap_rand(&seed) % 2)
			a.clusters = buf_view(&clusters);
		if (tap_rand(&seed) % 2)
			a.origin = str("hub.example.net");
		a.shared = a.family == FAMILY_PATH && tap_rand(&seed) % 2;
		if (tap_rand(&seed) % 2) {
			a.epoch = tap_rand(&seed);
			a.lifetime_ms = (uint32_t)tap_rand(&seed);
			a.latency_us = (uint32_t)tap_rand(&seed);
			a.cost_milli = (uint32_t)tap_rand(&seed);
			a.reliability_ppm = (uint32_t)tap_rand(&seed);
			a.bandwidth_mbps = (uint32_t)tap_rand(&seed);
			a.moved = tap_rand(&seed) % 2;
			a.partial = tap_rand(&seed) % 2;
		}
		equal = equal && announcement_put(&b, &a) == 0;
		if (announcement_get(buf_view(&b), &got, &e) == -1) {
			equal = equal && !names[n].valid;
		} else {
			equal = equal && names[n].valid && same(&a, &got);
			canonical = canonical && announcement_put(&again, &got) == 0 &&
			    str_eq(buf_view(&b), buf_view(&again));
			equal = equal && announcement_digest(&a) == announcement_digest(&got) &&
			    route_digest(&a) == route_digest(&got);
		}
		buf_eat(&b, buf_len(&b));
		buf_eat(&again, buf_len(&again));
	}
	ok(equal, "what was put is what is got, and what is invalid is not got");
	ok(canonical, "what was got is put as the same bytes");
	buf_free(&path);
	buf_free(&clusters);
	buf_free(&b);
	buf_free(&again);
}

/* Each case is put behind a good announcement. */
static void
hostile(void)
{
	static const struct { const char *what; uint16_t type; struct str value; const char *why; } cases[] = {
		{ "an unknown field that is not critical", 0x0777, { "x", 1 }, NULL },
		{ "one that would be passed on",	0x4777, { "x", 1 }, NULL },
		{ "a node in the path",			META_path, { "site-a", 6 }, NULL },
		{ "an unknown critical field",		0x8777, { "x", 1 }, "critical" },
		{ "a second name",			0x8002, { "t", 1 }, "twice" },
		{ "a weight of two bytes",		0x0007, { "ab", 2 }, "length" },
		{ "hops of no byte",			0x0004, { "", 0 }, "length" },
		{ "a weight too large",			0x0007, { "\0\1\0\0", 4 }, "weight" },
		{ "methods with a newline",		0x0005, { "a\nb", 3 }, "methods" },
		{ "a path through no node",		META_path, { "No Node", 7 }, "path" },
		{ "a cluster that was passed",		META_cluster, { "alpha", 5 }, NULL },
		{ "one without a name",			META_cluster, { "", 0 }, "cluster" },
		{ "a hub that holds it",		0x8009, { "hub", 3 }, NULL },
		{ "one that is no node",		0x8009, { "No Node", 7 }, "origin" },
		{ "an epoch of four bytes",		0x000a, { "abcd", 4 }, "length" },
		{ "a lifetime of two bytes",		0x000b, { "ab", 2 }, "length" },
		{ "a latency of eight",			0x000c, { "abcdefgh", 8 }, "length" },
	};
	static const uint8_t family = FAMILY_SERVICE;
	struct announcement a;
	struct err e = { "", 0 };
	struct buf b;

	buf_init(&b, 20000);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int r;

		tlv_put(&b, 0x8001, (struct str){ (const char *)&family, 1 });
		tlv_put(&b, 0x8002, str("s"));
		tlv_put(&b, cases[i].type, cases[i].value);
		r = announcement_get(buf_view(&b), &a, &e);
		ok(cases[i].why ? r == -1 && strstr(e.text, cases[i].why) : r == 0, "%s is %s: %s", cases[i].what,
		    cases[i].why ? "refused" : "fine", r == -1 ? e.text : "");
		if (r == 0)
			ok(a.hops == 16 && a.weight == 100 && a.max_concurrency == 0 && str_is(a.name, "s"),
			    "what is not said has its default");
		buf_eat(&b, buf_len(&b));
	}
	tlv_put(&b, META_path, str("a"));
	tlv_put(&b, 0x8001, (struct str){ (const char *)&family, 1 });
	tlv_put(&b, 0x8002, str("s"));
	tlv_put(&b, META_path, str("b"));
	is_int(announcement_get(buf_view(&b), &a, &e), -1, "a path in pieces is refused");
	is_int(announcement_get(str_head(buf_view(&b), 8), &a, &e), -1, "one cut in the middle of a field, too");
	is_int(announcement_get((struct str){ NULL, 0 }, &a, &e), -1, "and nothing at all");
	buf_eat(&b, buf_len(&b));
	tlv_put(&b, 0x8001, (struct str){ (const char *)&family, 1 });
	tlv_put(&b, 0x8002, str("s"));
	for (int i = 0; i < ENVELOPE_META_MAX / (TLV_HEAD + 16) + 1; i++)
		tlv_put(&b, META_path, str("a-node-id-of-16b"));
	ok(announcement_get(buf_view(&b), &a, &e) == -1 && strstr(e.text, "the path is over 16384 bytes"),
	    "a path without end is refused: %s", e.text);
	buf_free(&b);
	buf_init(&b, 10);
	a = (struct announcement){ .family = FAMILY_SERVICE, .name = str("shop") };
	buf_put(&b, "x", 1);
	is_int(announcement_put(&b, &a), -1, "a full buffer is said");
	is_str(buf_view(&b), "x", "and left as it was");
	buf_free(&b);
}

static void
digests(void)
{
	struct announcement a = { .family = FAMILY_SERVICE, .name = str("ab"), .version = str("1") }, c = a;
	uint64_t d = announcement_digest(&a), e;

	c.hops = 3;
	c.path = str("...");
	ok(announcement_digest(&c) == d, "a digest does not depend on the way it came");
	c.weight = 100;
	ok(announcement_digest(&c) == d, "a weight that is not said is 100");
	c.weight = 101;
	ok(announcement_digest(&c) != d, "another weight is another digest");
	c = a;
	c.tags = str("x");
	ok(announcement_digest(&c) != d, "so are other tags");
	c.methods = c.tags;
	c.tags = str("");
	ok(announcement_digest(&c) != d, "and other methods");
	c = a;
	c.name = str("a");
	c.version = str("b1");
	ok(announcement_digest(&c) != d, "fields do not run into one another");
	c = (struct announcement){ .family = FAMILY_PATH, .name = str("/a") };
	e = announcement_digest(&c);
	c.shared = 1;
	ok(announcement_digest(&c) != e, "a path that is shared");
	c = a;
	c.family = FAMILY_NODE;
	ok(announcement_digest(&c) != d, "another family");
	c = a;
	c.max_concurrency = 1;
	ok(announcement_digest(&c) != d, "another concurrency");
	c = a;
	c.origin = str("hub");
	ok(announcement_digest(&c) != d, "another hub");
	c = a = (struct announcement){ .family = FAMILY_NODE, .name = str("o"), .path = str("x") };
	d = route_digest(&a);
	c.epoch = 7;
	c.lifetime_ms = 1000;
	c.hops = 3;
	c.moved = 1;
	ok(route_digest(&c) == d, "a digest of a route does not depend on when it was said");
	c.latency_us = 1;
	ok(route_digest(&c) != d, "but on its metric");
	c = a;
	c.clusters = str("x");
	c.path = str("");
	ok(route_digest(&c) != d, "on its path, and on the clusters");
	is_str(str(family_name(FAMILY_ENDPOINT)), "endpoint", "families have names");
	ok(address_family(STR("")) == FAMILY_SERVICE && address_family(STR("a@b")) == FAMILY_ENDPOINT &&
	    address_family(STR("/a@b")) == FAMILY_PATH && address_family(STR("b")) == FAMILY_NODE,
	    "an address tells its family");
	is_str(str(family_name(77)), "unknown", "unknown ones, too");
}

int
main(void)
{
	checks();
	round_trips();
	hostile();
	digests();
	return done();
}
