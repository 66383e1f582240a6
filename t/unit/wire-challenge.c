/* wire-challenge.c - CHALLENGE and PROVE: what is put is got, and what is not whole is refused. */
#include "tap.h"
#include "wire/challenge.h"
#include "wire/kinds.h"
#include "wire/meta.h"

#define THIRTYTWO "0123456789abcdef0123456789abcdef"

static const struct challenge whole = {
	.node = { "hub.test", 8 }, .cluster = { "lab", 3 }, .nonce = { THIRTYTWO, 32 }, .proof = { THIRTYTWO, 32 },
};

static void
round_trip(void)
{
	struct challenge got;
	struct err e;
	struct buf b;

	buf_init(&b, CHALLENGE_MAX);
	ok(challenge_put(&b, &whole) == 0 && challenge_get(buf_view(&b), KIND_CHALLENGE, &got, &e) == 0,
	    "a challenge");
	ok(str_eq(got.node, whole.node) && str_eq(got.cluster, whole.cluster) && str_eq(got.nonce, whole.nonce) &&
	    str_eq(got.proof, whole.proof), "is what it was");
	ok(challenge_get(buf_view(&b), KIND_PROVE, &got, &e) == -1 && strstr(e.text, "says nothing else"),
	    "and no answer to one: %s", e.text);
	for (size_t n = 0; n < buf_len(&b); n++)
		if (challenge_get(str_head(buf_view(&b), n), KIND_CHALLENGE, &got, &e) == 0)
			ok(false, "its first %zu bytes are none", n);
	buf_free(&b);
	ok(challenge_put(&b, &(struct challenge){ .proof = whole.proof }) == 0 &&
	    challenge_get(buf_view(&b), KIND_PROVE, &got, &e) == 0 && str_eq(got.proof, whole.proof), "a proof");
	ok(challenge_get(buf_view(&b), KIND_CHALLENGE, &got, &e) == -1 && strstr(e.text, "want a node id"),
	    "and no challenge: %s", e.text);
	buf_free(&b);
	ok(challenge_put(&b, &(struct challenge){ .proof = whole.proof, .fresh = { THIRTYTWO, 32 } }) == 0 &&
	    challenge_get(buf_view(&b), KIND_PROVE, &got, &e) == 0 && str_is(got.fresh, THIRTYTWO), "a fresh key along with it");
	buf_free(&b);
	ok(challenge_put(&b, &(struct challenge){ .proof = whole.proof, .fresh = { THIRTYTWO, 31 } }) == 0 &&
	    challenge_get(buf_view(&b), KIND_PROVE, &got, &e) == -1, "of 32 bytes: %s", e.text);
	buf_free(&b);
	b.max = 40;
	ok(challenge_put(&b, &whole) == -1 && buf_len(&b) == 0, "no room: nothing is put");
	buf_free(&b);
}

static void
refusals(void)
{
	static const struct { const char *what; uint16_t type; struct str value; const char *why; } cases[] = {
		{ "a second proof", 0x8004, { THIRTYTWO, 32 }, "twice" },
		{ "a second node", 0x8001, { "n", 1 }, "twice" },
		{ "a fresh key", 0x8005, { THIRTYTWO, 32 }, "comes in PROVE" },
		{ "what must be known", 0x80ff, { "", 0 }, "unknown critical field 0x80ff" },
	};
	struct challenge got, wrong;
	struct err e;
	struct buf b;

	buf_init(&b, CHALLENGE_MAX);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		b.head = b.tail = 0;
		challenge_put(&b, &whole);
		tlv_put(&b, cases[i].type, cases[i].value);
		ok(challenge_get(buf_view(&b), KIND_CHALLENGE, &got, &e) == -1 && strstr(e.text, cases[i].why),
		    "%s: %s", cases[i].what, e.text);
	}
	b.head = b.tail = 0;
	challenge_put(&b, &whole);
	tlv_put(&b, 0x00ff, STR("later"));
	ok(challenge_get(buf_view(&b), KIND_CHALLENGE, &got, &e) == 0, "what need not be known is passed over");
	for (int i = 0; i < 4; i++) {
		wrong = whole;
		*(i == 0 ? &wrong.node : i == 1 ? &wrong.cluster : i == 2 ? &wrong.nonce : &wrong.proof) = STR("A");
		b.head = b.tail = 0;
		challenge_put(&b, &wrong);
		ok(challenge_get(buf_view(&b), KIND_CHALLENGE, &got, &e) == -1, "field %d: %s", i, e.text);
	}
	buf_free(&b);
}

int
main(void)
{
	round_trip();
	refusals();
	return done();
}
