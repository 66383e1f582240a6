/* wire-hello.c - a hello says who is there, and a hostile one is refused without repeating its secret. */
#include "tap.h"
#include "wire/hello.h"
#include "wire/meta.h"

static const struct hello example = {
	.node = { "site-a.example.net", 18 }, .cluster = { "home", 4 }, .role = ROLE_LEAF,
	.version_min = 1, .version_max = 1, .capabilities = { "parts trace", 11 },
	.instance = 0x0102030405060708, .token = { "s3cret-word", 11 }, .agent = { "fedx-leaf 0.1.0", 15 },
};

static bool
same(const struct hello *a, const struct hello *b)
{
	return str_eq(a->node, b->node) && str_eq(a->cluster, b->cluster) && a->role == b->role &&
	    a->version_min == b->version_min && a->version_max == b->version_max &&
	    str_eq(a->capabilities, b->capabilities) && a->instance == b->instance &&
	    str_eq(a->token, b->token) && str_eq(a->agent, b->agent) && a->again == b->again &&
	    a->linked == b->linked && a->instead == b->instead;
}

static void
ids(void)
{
	static const struct { const char *id; bool valid; } cases[] = {
		{ "a", true }, { "site-a.example.net", true }, { "hub_1", true }, { "127.0.0.1", true },
		{ "", false }, { ".a", false }, { "a.", false }, { "a..b", false }, { ".", false },
		{ "A", false }, { "a b", false }, { "a/b", false }, { "a@b", false }, { "*", false },
		{ "gr\xc3\xbc", false }, { "a\n", false },
	};
	char longest[254];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(node_id_valid(str(cases[i].id)) == cases[i].valid, "node id, case %zu", i);
	memset(longest, 'a', sizeof longest);
	ok(node_id_valid((struct str){ longest, 253 }), "253 bytes are a node id");
	ok(!node_id_valid((struct str){ longest, 254 }), "254 are not");
	ok(!node_id_valid(STR("a\0b")), "nor is one with a NUL");
}

static void
round_trips(void)
{
	static const char *const words[] = { "", "a", "b.c-d_e", "x1" };
	uint64_t seed = tap_seed();
	struct err e = { "", 0 };
	bool equal = true, canonical = true, torn = true;
	struct buf b, again;

	buf_init(&b, 10000);
	buf_init(&again, 10000);
	for (int i = 0; i < 2000; i++) {
		struct hello h = {
			.node = str(words[tap_rand(&seed) % 4]), .cluster = str(words[tap_rand(&seed) % 4]),
			.role = (uint8_t)(1 + tap_rand(&seed) % (ROLE_COUNT - 1)),
			.version_min = (uint8_t)(1 + tap_rand(&seed) % 100),
			.version_max = (uint8_t)(101 + tap_rand(&seed) % 100),
			.capabilities = str(words[tap_rand(&seed) % 4]),
			.instance = tap_rand(&seed) % 2 ? tap_rand(&seed) : 0,
			.token = str(words[tap_rand(&seed) % 4]), .agent = str(words[tap_rand(&seed) % 4]),
			.again = tap_rand(&seed) % 2, .linked = tap_rand(&seed) % 2, .instead = tap_rand(&seed) % 2,
		}, got;
		size_t cut;

		equal = equal && hello_put(&b, &h) == 0 && hello_get(buf_view(&b), &got, &e) == 0 && same(&h, &got);
		canonical = canonical && hello_put(&again, &got) == 0 && str_eq(buf_view(&b), buf_view(&again));
		cut = (size_t)(tap_rand(&seed) % 15);	/* before role and versions are there */
		torn = torn && hello_get(str_head(buf_view(&b), cut), &got, &e) == -1;
		buf_eat(&b, buf_len(&b));
		buf_eat(&again, buf_len(&again));
	}
	ok(equal, "what was put is what is got");
	ok(canonical, "what was got is put as the same bytes");
	ok(torn, "a torn hello is refused");
	buf_free(&b);
	buf_free(&again);
}

static void
refusals(void)
{
	static char bytes[2000];
	struct hello cases[16], got;
	const char *what[16];
	struct err e;
	struct buf b;
	size_t n = 0;

	memset(bytes, 'x', sizeof bytes);
#define CASE(name, field, ...)							\
	(what[n] = (name), cases[n] = example, cases[n].field = __VA_ARGS__, n++)
	CASE("a node in capitals", node, str("Site-A"));
	CASE("a node with an escape", node, str("a\x1b[2J"));
	CASE("a cluster with a blank", cluster, str("my home"));
	CASE("no role", role, ROLE_NONE);
	CASE("an unknown role", role, ROLE_COUNT);
	CASE("version 0", version_min, 0);
	CASE("versions upside down", version_min, 2);
	CASE("capabilities with two blanks", capabilities, str("a  b"));
	CASE("capabilities without end", capabilities, (struct str){ bytes, 1025 });
	CASE("a token of two words", token, str("s3cret word"));
	CASE("a token with a newline", token, str("s3cret-word\n"));
	CASE("a token too long", token, (struct str){ bytes, TOKEN_MAX + 1 });
	CASE("an agent with an escape", agent, str("\x1b]0;x\a"));
	CASE("an agent too long", agent, (struct str){ bytes, 129 });
#undef CASE
	buf_init(&b, 10000);
	for (size_t i = 0; i < n; i++) {
		e = (struct err){ "", 0 };
		ok(hello_put(&b, &cases[i]) == 0 && hello_get(buf_view(&b), &got, &e) == -1 && e.text[0],
		    "refused: %s", what[i]);
		ok(!strstr(e.text, "s3cret"), "and the token is not in the reason");
		buf_eat(&b, buf_len(&b));
	}
	cases[0] = example;
	cases[0].token = (struct str){ bytes, TOKEN_MAX };
	ok(hello_put(&b, &cases[0]) == 0 && hello_get(buf_view(&b), &got, &e) == 0, "the longest token is fine");
	buf_free(&b);
}

static void
hostile(void)
{
	static char large[HELLO_MAX];
	struct hello got, h = example;
	struct err e;
	struct buf b;
	size_t n;

	buf_init(&b, 20000);
	hello_put(&b, &example);
	n = buf_len(&b);
	tlv_put(&b, 0x0777, str("from the future"));
	ok(hello_get(buf_view(&b), &got, &e) == 0 && same(&got, &example), "an unknown field is passed over");
	tlv_put(&b, 0x8777, str("x"));
	ok(hello_get(buf_view(&b), &got, &e) == -1 && strstr(e.text, "0x8777"), "a critical one is refused by name");
	buf_eat(&b, buf_len(&b));
	hello_put(&b, &example);
	tlv_put(&b, 0x8001, str("site-b"));
	ok(hello_get(buf_view(&b), &got, &e) == -1 && strstr(e.text, "twice"), "nobody is two nodes");
	buf_eat(&b, buf_len(&b));
	tlv_put(&b, 0x0007, str("1234567"));
	ok(hello_get(buf_view(&b), &got, &e) == -1 && strstr(e.text, "instance"), "a number of seven bytes");
	buf_eat(&b, buf_len(&b));
	ok(hello_get((struct str){ NULL, 0 }, &got, &e) == -1, "nothing is no hello");
	hello_put(&b, &example);
	tlv_put(&b, 0x0777, (struct str){ large, HELLO_MAX - n - TLV_HEAD });
	is_int(hello_get(buf_view(&b), &got, &e), 0, "a hello of 4096 bytes");
	buf_eat(&b, buf_len(&b));
	hello_put(&b, &example);
	tlv_put(&b, 0x0777, (struct str){ large, HELLO_MAX - n - TLV_HEAD + 1 });
	is_int(hello_get(buf_view(&b), &got, &e), -1, "a byte more is refused");
	buf_eat(&b, buf_len(&b));
	h.agent = (struct str){ large, HELLO_MAX };
	buf_put(&b, "x", 1);
	is_int(hello_put(&b, &h), -1, "nor do we send one");
	is_str(buf_view(&b), "x", "the buffer is left as it was");
	buf_free(&b);
	buf_init(&b, 20);
	is_int(hello_put(&b, &example), -1, "a full buffer is said");
	is_int(buf_len(&b), 0, "and holds no half hello");
	buf_free(&b);
	is_str(str(role_name(ROLE_HUB)), "hub", "roles have names");
	is_str(str(role_name(ROLE_NONE)), "unknown", "no role is unknown");
	is_str(str(role_name(200)), "unknown", "so is any other number");
}

int
main(void)
{
	ids();
	round_trips();
	refusals();
	hostile();
	return done();
}
