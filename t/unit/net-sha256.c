/* net-sha256.c - the digests of FIPS 180-4's examples. */
#include "net/sha256.h"
#include "tap.h"

static const struct { const char *text, *hex; } cases[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

int
main(void)
{
	uint8_t got[32], want[32];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		str_hex(str(cases[i].hex), want, sizeof want);
		sha256(str(cases[i].text), got);
		ok(memcmp(got, want, sizeof got) == 0, "the digest of '%s'", cases[i].text);
	}
	return done();
}
