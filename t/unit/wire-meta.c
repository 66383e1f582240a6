/*
 * wire-meta.c - TLVs: what was put is found, what is torn is refused, and what
 * is foreign is kept, left out or refused as its bits say.
 */
#include "tap.h"
#include "wire/meta.h"

static struct buf b = { .max = 65536 * 2 };

static void
start(void)
{
	buf_eat(&b, buf_len(&b));
}

static void
walking(void)
{
	static const char wire[] = "\x40\x02\x00\x02" "c1" "\x40\x03\x00\x00" "\x41\x23\x00\x04\xde\xad\xbe\xef";
	struct str in;
	struct tlv t;
	uint32_t v;
	uint8_t be[8];
	static char large[65536];

	start();
	tlv_put(&b, META_call, str("c1"));
	tlv_put(&b, META_key, str(""));
	tlv_put_u32(&b, 0x4123, 0xdeadbeef);
	ok(str_eq(buf_view(&b), (struct str){ wire, sizeof wire - 1 }), "types and lengths are big-endian");
	in = buf_view(&b);
	ok(tlv_next(&in, &t) == PARSE_OK && t.type == META_call && str_is(t.value, "c1"), "the first");
	ok(tlv_next(&in, &t) == PARSE_OK && t.type == META_key && t.value.n == 0, "an empty one");
	ok(tlv_next(&in, &t) == PARSE_OK && tlv_u32(t.value, &v) == 0 && v == 0xdeadbeef, "a number");
	ok(tlv_next(&in, &t) == PARSE_MORE, "then no more");
	is_int(tlv_u32(str("abc"), &v), -1, "three bytes are no such number");
	for (size_t n = 1; n < 6; n++) {
		in = str_head(buf_view(&b), n);
		ok(tlv_next(&in, &t) == PARSE_BAD, "torn after %zu bytes", n);
	}
	start();
	ok(tlv_put(&b, 1, (struct str){ large, 65535 }) == 0 && buf_len(&b) == 65539, "the longest value");
	is_int(tlv_put(&b, 1, (struct str){ large, 65536 }), -1, "one byte more has no length");
	is_int(buf_len(&b), 65539, "and changes nothing");
	be_put_u64(be, 0x0102030405060708);
	ok(be[0] == 1 && be[7] == 8 && be_u64(be) == 0x0102030405060708, "64 bits, big-endian");
}

static void
finding(void)
{
	start();
	tlv_put(&b, META_path, str("a"));
	tlv_put(&b, META_call, str("c"));
	tlv_put(&b, META_path, str("b"));
	is_str(meta_find(buf_view(&b), META_path), "a", "the first of its type is found");
	is_str(meta_find(buf_view(&b), META_call), "c", "behind others, too");
	ok(meta_find(buf_view(&b), META_auth).p == NULL, "what is not there is NULL");
	ok(meta_find((struct str){ NULL, 0 }, META_call).p == NULL, "also in no meta");
	is_str(meta_find(str_head(buf_view(&b), 9), META_call), "", "what is torn is not found");
}

static void
looking(void)
{
	struct meta_facts f;

	meta_look((struct str){ NULL, 0 }, str("me"), &f);
	ok(!f.malformed && !f.critical && !f.strip && !f.looped && f.passed == 0, "no meta, no facts");

	start();
	tlv_put(&b, META_path, str("a"));
	tlv_put(&b, META_auth, str("first"));
	tlv_put(&b, META_path, str("b"));
	tlv_put(&b, META_auth, str("second"));
	tlv_put(&b, META_version, str(">=1"));
	meta_look(buf_view(&b), str("me"), &f);
	ok(f.passed == 2 && str_is(f.first, "a") && str_is(f.last, "b"), "the path is counted, with both ends");
	is_str(f.auth, "first", "the handoff is the one that meta_find() finds");
	is_str(f.version, ">=1", "the version constraint");
	ok(!f.critical && f.strip && !f.looped, "all of it is known; the handoff is to be left out");
	meta_look(buf_view(&b), str("b"), &f);
	ok(f.looped, "our own id in the path is a loop");
	meta_look(buf_view(&b), str("bb"), &f);
	ok(!f.looped, "a longer id is not");
	meta_look(str_head(buf_view(&b), buf_len(&b) - 1), str("me"), &f);
	ok(f.malformed, "torn meta is malformed");

	start();
	tlv_put(&b, 0x4777, str("x"));
	meta_look(buf_view(&b), str("me"), &f);
	ok(!f.critical && !f.strip, "unknown, to be passed on: nothing to do");
	tlv_put(&b, 0x0777, str("x"));
	meta_look(buf_view(&b), str("me"), &f);
	ok(!f.critical && f.strip, "unknown, not to be passed on: to be left out");
	tlv_put(&b, 0xc777, str("x"));
	meta_look(buf_view(&b), str("me"), &f);
	ok(f.critical && f.unknown == 0xc777, "unknown and critical: refused, by its number");
}

static void
copying(void)
{
	static const uint16_t types[] = {
		META_path, META_call, 0x0777, META_hop, 0x4777, META_auth, META_cluster, META_traceparent
	};
	struct buf to, tight;
	struct meta_facts f;

	start();
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		tlv_put(&b, types[i], str("v"));
	buf_init(&to, 1000);
	is_int(meta_copy(&to, buf_view(&b), false), 0, "copied from a link");
	is_int(buf_len(&to), 6 * 5, "without what is not to be passed on");
	meta_look(buf_view(&to), str("me"), &f);
	ok(!f.strip && f.passed == 1 && f.auth.p == NULL, "the path stays, the handoff does not");
	buf_free(&to);
	is_int(meta_copy(&to, buf_view(&b), true), 0, "copied from a client");
	meta_look(buf_view(&to), str("me"), &f);
	ok(f.passed == 0 && f.auth.p == NULL && !meta_find(buf_view(&to), META_hop).p &&
	    !meta_find(buf_view(&to), META_cluster).p, "which claims neither path nor hops nor handoff nor cluster");
	ok(meta_find(buf_view(&to), META_call).n == 1 && buf_len(&to) == 3 * 5, "the rest stays");
	buf_init(&tight, 12);
	is_int(meta_copy(&tight, buf_view(&b), false), -1, "a full buffer is said");
	buf_free(&tight);
	buf_free(&to);
}

static void
errors(void)
{
	uint8_t tlv[7];
	struct str meta = { (const char *)tlv, sizeof tlv };
	enum fate fate;
	unsigned n;

	meta_error(tlv, E_timeout, FATE_NOT_DELIVERED);
	ok(meta_error_get(meta, &n, &fate) == 0 && n == E_timeout && fate == FATE_NOT_DELIVERED,
	    "an error and its fate come back");
	meta_error(tlv, 4711, FATE_MAY_HAVE_RUN);
	ok(meta_error_get(meta, &n, &fate) == 0 && n == 4711 && fate == FATE_MAY_HAVE_RUN,
	    "also a number that only a newer peer knows");
	tlv[6] = 99;
	ok(meta_error_get(meta, &n, &fate) == 0 && fate == FATE_MAY_HAVE_RUN, "an unknown fate may have run");
	ok(meta_error_get((struct str){ NULL, 0 }, &n, &fate) == -1 && n == E_service_failed &&
	    fate == FATE_MAY_HAVE_RUN, "no error TLV: the service failed, and may have run");
	tlv[3] = 2;
	ok(meta_error_get(str_head(meta, 6), &n, &fate) == -1 && fate == FATE_MAY_HAVE_RUN,
	    "a short one never says not delivered");
}

int
main(void)
{
	walking();
	finding();
	looking();
	copying();
	errors();
	buf_free(&b);
	return done();
}
