/*
 * wire-envelope.c - decode(encode(x)) = x, however the bytes arrive, and a
 * header that breaks a rule is refused before its body is waited for.
 */
#include "tap.h"
#include "wire/envelope.h"

enum { MAX_PAYLOAD = 2000 };

static bool
same(const struct envelope *a, const struct envelope *b)
{
	return a->kind == b->kind && a->type == b->type && a->hops == b->hops &&
	    a->flags == b->flags && a->deadline_ms == b->deadline_ms && a->id == b->id &&
	    str_eq(a->origin, b->origin) && str_eq(a->from, b->from) && str_eq(a->to, b->to) &&
	    str_eq(a->subject, b->subject) && str_eq(a->meta, b->meta) &&
	    str_eq(a->payload, b->payload);
}

static struct str
some(uint64_t *seed, size_t max)
{
	static char bytes[8192];

	if (bytes[0] == 0)
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)(1 + tap_rand(seed) % 255);
	if (tap_rand(seed) % 3 == 0)
		max = 0;
	return (struct str){ bytes + tap_rand(seed) % 4000, (size_t)(tap_rand(seed) % (max + 1)) };
}

static struct envelope
any_envelope(uint64_t *seed)
{
	return (struct envelope){
		.kind = (uint8_t)tap_rand(seed), .type = (uint8_t)tap_rand(seed),
		.hops = (uint8_t)tap_rand(seed), .flags = (uint16_t)tap_rand(seed),
		.deadline_ms = (uint32_t)tap_rand(seed), .id = tap_rand(seed),
		.origin = some(seed, 255), .from = some(seed, 300), .to = some(seed, 300),
		.subject = some(seed, 300), .meta = some(seed, 500),
		.payload = some(seed, MAX_PAYLOAD),
	};
}

static void
round_trips(void)
{
	uint64_t seed = tap_seed();
	bool equal = true, canonical = true, split = true, exact = true;
	struct buf b, again;
	const char *why = "";

	buf_init(&b, 65536);
	buf_init(&again, 65536);
	for (int i = 0; i < 3000; i++) {
		struct envelope e = any_envelope(&seed), got = { .kind = 0 };
		struct str whole;
		size_t used = 0, cut;

		equal = equal && envelope_put(&b, &e, (struct str){ NULL, 0 }) == 0;
		whole = buf_view(&b);
		exact = exact && whole.n == envelope_size(&e);
		equal = equal && envelope_parse(whole, MAX_PAYLOAD, &got, &used, &why) == PARSE_OK &&
		    used == whole.n && same(&e, &got);
		canonical = canonical && envelope_put(&again, &got, (struct str){ NULL, 0 }) == 0 &&
		    str_eq(buf_view(&again), whole);
		cut = (size_t)(tap_rand(&seed) % whole.n);
		split = split && envelope_parse(str_head(whole, cut), MAX_PAYLOAD, &got, &used, &why) == PARSE_MORE;
		buf_eat(&b, buf_len(&b));
		buf_eat(&again, buf_len(&again));
	}
	ok(equal, "what was encoded is decoded");
	ok(exact, "envelope_size() is the size");
	ok(canonical, "what was decoded is encoded to the same bytes");
	ok(split, "a part of an envelope asks for more");
	buf_free(&b);
	buf_free(&again);
}

/* Byte by byte, as the slowest peer would send two of them. */
static void
every_split(void)
{
	struct envelope e = {
		.kind = KIND_REQUEST, .type = TYPE_TEXT, .hops = 16, .id = 7, .origin = str("o"),
		.from = str("f@o"), .to = str("svc"), .subject = str("m"), .meta = str("....."),
		.payload = str("hello"),
	}, got;
	const char *why = "";
	bool more = true, sum = true;
	struct buf b;
	size_t used, first;

	buf_init(&b, 1000);
	envelope_put(&b, &e, (struct str){ NULL, 0 });
	first = buf_len(&b);
	e.payload = str("second");
	envelope_put(&b, &e, (struct str){ NULL, 0 });
	for (size_t n = 0; n < first; n++) {
		char *exact = n ? malloc(n) : NULL;	/* so that a sanitizer sees one byte too far */

		if (n && exact)
			memcpy(exact, buf_view(&b).p, n);
		more = more && envelope_parse((struct str){ exact, n }, 100, &got, &used, &why) == PARSE_MORE;
		free(exact);
	}
	ok(more, "every split of an envelope asks for more");
	for (size_t n = first; n <= buf_len(&b); n++)
		sum = sum && envelope_parse(str_head(buf_view(&b), n), 100, &got, &used, &why) == PARSE_OK &&
		    used == first && str_is(got.payload, "hello");
	ok(sum, "whatever is behind it does not change it");
	buf_eat(&b, first);
	ok(envelope_parse(buf_view(&b), 100, &got, &used, &why) == PARSE_OK && same(&got, &e),
	    "and is the next one");
	buf_free(&b);
}

/* The layout of DESIGN section 4, byte for byte. */
static void
layout(void)
{
	static const char wire[] =
	    "\xf3\x01\x40\x02" "\x00\x81" "\x10" "\x01" "\x00\x02\x00\x03\x00\x04\x00\x07"
	    "\x00\x00\x00\x06" "\x00\x00\x03\xe8" "\x01\x02\x03\x04\x05\x06\x07\x08"
	    "o" "ff" "ttt" "ssss" "mmmmmMM" "{pay}.";
	struct envelope e = {
		.kind = KIND_REQUEST, .type = TYPE_JSON, .hops = 16, .flags = FLAG_TRACE | FLAG_ONWARD,
		.deadline_ms = 1000, .id = 0x0102030405060708, .origin = str("o"), .from = str("ff"),
		.to = str("ttt"), .subject = str("ssss"), .meta = str("mmmmm"), .payload = str("{pay}."),
	};
	struct buf b;

	buf_init(&b, 1000);
	is_int(envelope_put(&b, &e, str("MM")), 0, "with more meta behind the meta");
	ok(str_eq(buf_view(&b), (struct str){ wire, sizeof wire - 1 }), "the bytes on the wire");
	buf_free(&b);
}

static void
refusals(void)
{
	static const struct { const char *what; size_t at; const char *bytes; size_t n; size_t head; const char *why; } cases[] = {
		{ "a wrong magic byte",		0, "\xf4", 1, 1, "magic" },
		{ "HTTP",			0, "GET /", 5, 5, "magic" },
		{ "version 0",			1, "\0", 1, 2, "version" },
		{ "version 2",			1, "\2", 1, 2, "version" },
		{ "a from of 4097 bytes",	8, "\x10\x01", 2, ENVELOPE_HEAD, "4096" },
		{ "a to of 65535 bytes",	10, "\xff\xff", 2, ENVELOPE_HEAD, "4096" },
		{ "a subject of 4097 bytes",	12, "\x10\x01", 2, ENVELOPE_HEAD, "4096" },
		{ "a meta of 16385 bytes",	14, "\x40\x01", 2, ENVELOPE_HEAD, "16384" },
		{ "a payload over the limit",	16, "\0\0\0\x65", 4, ENVELOPE_HEAD, "limit" },
		{ "a payload of 4 GiB",		16, "\xff\xff\xff\xff", 4, ENVELOPE_HEAD, "limit" },
	};
	struct envelope e = { .kind = KIND_PING }, got;
	uint8_t head[ENVELOPE_HEAD];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *why = NULL;
		size_t used;

		envelope_write(head, &e, (struct str){ NULL, 0 });
		memcpy(head + cases[i].at, cases[i].bytes, cases[i].n);
		ok(envelope_parse((struct str){ (const char *)head, cases[i].head }, 100, &got, &used,
		    &why) == PARSE_BAD && why && strstr(why, cases[i].why), "refused from its header: %s",
		    cases[i].what);
	}
	envelope_write(head, &e, (struct str){ NULL, 0 });
	memcpy(head + 16, "\0\0\0\x64", 4);
	ok(envelope_parse((struct str){ (const char *)head, sizeof head }, 100, &got, &(size_t){ 0 },
	    &(const char *){ NULL }) == PARSE_MORE, "a payload of the limit is waited for");
}

static void
too_long(void)
{
	static char bytes[ENVELOPE_META_MAX + 1];
	struct str name = { bytes, ENVELOPE_NAMES_MAX + 1 };
	struct envelope e[] = {
		{ .origin = { bytes, 256 } }, { .from = name }, { .to = name }, { .subject = name },
		{ .meta = { bytes, ENVELOPE_META_MAX + 1 } },
	};
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < sizeof e / sizeof *e; i++)
		ok(envelope_put(&b, &e[i], (struct str){ NULL, 0 }) == -1 && buf_len(&b) == 0,
		    "field %zu of those with a bound is not cut but refused", i);
	e[4].meta.n = ENVELOPE_META_MAX;
	is_int(envelope_put(&b, &e[4], str("x")), -1, "more meta counts as meta");
	is_int(envelope_put(&b, &e[4], str("")), 0, "the longest meta");
	buf_free(&b);
	buf_init(&b, ENVELOPE_HEAD);
	e[0].origin.n = 1;
	is_int(envelope_put(&b, &e[0], str("")), -1, "a full buffer is said");
	is_int(buf_len(&b), 0, "and holds no half envelope");
	buf_free(&b);
	is_str(str(type_name(TYPE_JSON)), "json", "payload types have names");
	is_str(str(type_name(200)), "bytes", "an unknown one is bytes");
}

int
main(void)
{
	round_trips();
	every_split();
	layout();
	refusals();
	too_long();
	return done();
}
