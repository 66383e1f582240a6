/* net-sha256.c - the digests of FIPS 180-4's examples, the HMACs of RFC 4231. */
#include "net/sha256.h"
#include "tap.h"

static const struct { const char *text, *hex; } cases[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

/* RFC 4231, cases 1 and 2, and the empty message. */
static const struct { const char *key; size_t key_n; const char *text, *hex; } macs[] = {
	{ "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20, "Hi There",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "Jefe", 4, "what do ya want for nothing?",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "", 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
};

static void
hmacs(void)
{
	static char long_key[131];
	uint8_t got[32], want[32];

	for (size_t i = 0; i < sizeof macs / sizeof *macs; i++) {
		str_hex(str(macs[i].hex), want, sizeof want);
		hmac_sha256((struct str){ macs[i].key, macs[i].key_n }, str(macs[i].text), got);
		ok(hash_equal(got, want, sizeof got), "the HMAC of '%s'", macs[i].text);
	}
	memset(long_key, 0xaa, sizeof long_key);
	str_hex(STR("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"), want, sizeof want);
	hmac_sha256((struct str){ long_key, sizeof long_key },
	    STR("Test Using Larger Than Block-Size Key - Hash Key First"), got);
	ok(hash_equal(got, want, sizeof got), "a key longer than a block");
	want[31] ^= 1;
	ok(!hash_equal(got, want, sizeof got) && hash_equal(got, want, 31), "the last bit differs, and no other");
}

int
main(void)
{
	uint8_t got[32], want[32];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		str_hex(str(cases[i].hex), want, sizeof want);
		sha256(str(cases[i].text), got);
		ok(memcmp(got, want, sizeof got) == 0, "the digest of '%s'", cases[i].text);
	}
	hmacs();
	return done();
}
