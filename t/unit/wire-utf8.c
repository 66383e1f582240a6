/* wire-utf8.c - exactly the scalar values have a form, and each has one. */
#include "tap.h"
#include "wire/utf8.h"

static const struct { const char *what, *p; bool valid; } cases[] = {
	{ "nothing",				"", true },
	{ "ASCII",				"plain text, longer than eight bytes", true },
	{ "the last of one byte",		"\x7f", true },
	{ "the first of two bytes",		"\xc2\x80", true },
	{ "the last of two bytes",		"\xdf\xbf", true },
	{ "the first of three bytes",		"\xe0\xa0\x80", true },
	{ "the last before the surrogates",	"\xed\x9f\xbf", true },
	{ "the first after the surrogates",	"\xee\x80\x80", true },
	{ "U+FFFF",				"\xef\xbf\xbf", true },
	{ "the first of four bytes",		"\xf0\x90\x80\x80", true },
	{ "the last of all",			"\xf4\x8f\xbf\xbf", true },
	{ "text of all lengths",		"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", true },
	{ "a tail alone",			"\x80", false },
	{ "the last tail alone",		"\xbf", false },
	{ "an overlong NUL",			"\xc0\x80", false },
	{ "an overlong DEL",			"\xc1\xbf", false },
	{ "an overlong form of three bytes",	"\xe0\x9f\xbf", false },
	{ "an overlong form of four bytes",	"\xf0\x8f\xbf\xbf", false },
	{ "the first surrogate",		"\xed\xa0\x80", false },
	{ "the last surrogate",			"\xed\xbf\xbf", false },
	{ "a surrogate pair",			"\xed\xa0\xbd\xed\xb8\x80", false },
	{ "one over U+10FFFF",			"\xf4\x90\x80\x80", false },
	{ "a head over all",			"\xf5\x80\x80\x80", false },
	{ "five bytes",				"\xf8\x88\x80\x80\x80", false },
	{ "six bytes",				"\xfc\x84\x80\x80\x80\x80", false },
	{ "0xfe",				"\xfe", false },
	{ "0xff",				"\xff", false },
	{ "two bytes cut short",		"\xc3", false },
	{ "three bytes cut short",		"\xe2\x82", false },
	{ "four bytes cut short",		"\xf0\x9f\x98", false },
	{ "a head before a letter",		"\xc3" "a", false },
	{ "three bytes with a letter inside",	"\xe2" "a\x80", false },
	{ "three bytes with a letter at the end",	"\xe2\x82" "a", false },
	{ "four bytes with a letter at the end",	"\xf0\x9f\x98" "a", false },
	{ "a tail too many",			"\xc3\xa9\x80", false },
	{ "a bad byte after eight good ones",	"12345678\xff", false },
	{ "a bad byte as the eighth",		"1234567\xff" "12345678", false },
	{ "Latin-1",				"caf\xe9 au lait", false },
};

static size_t
encode(uint32_t c, char to[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char head[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(head[n] | c);
	return n;
}

/* a character of each length, cut behind each byte */
static void
heads(void)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };
	bool right = true;

	for (size_t max = 0; max < sizeof want / sizeof *want; max++)
		right = right && utf8_head(str(text), max).n == want[max];
	ok(right, "a head ends between two characters, and is as long as it may be");
	is_int(utf8_head(STR("\xbf\xbf\xbf\xbf\xbf"), 4).n, 4, "what is no text is cut where it is too long");
}

int
main(void)
{
	uint64_t seed = tap_seed();
	bool right = true, agree = true;
	size_t pairs = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(utf8_valid(str(cases[i].p)) == cases[i].valid, "%s", cases[i].what);
	for (uint32_t c = 0; c <= 0x10ffff + 16; c++) {
		char text[4];
		size_t n = encode(c, text);
		bool scalar = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

		right = right && utf8_step((struct str){ text, n }) == (scalar ? n : 0);
		if (n > 1)
			right = right && utf8_step((struct str){ text, n - 1 }) == 0;
	}
	ok(right, "every scalar value is one step in its one form, and nothing else is");
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			char text[2] = { (char)a, (char)b };

			pairs += utf8_valid((struct str){ text, 2 });
		}
	is_int(pairs, 128 * 128 + 1920, "pairs of bytes: two ASCII, or one of the 1920");
	for (int i = 0; i < 20000; i++) {
		char text[12];
		size_t n = (size_t)tap_rand(&seed) % sizeof text, at = 0, step = 1;

		for (size_t j = 0; j < n; j++)
			text[j] = (char)(tap_rand(&seed) % 4 ? tap_rand(&seed) : 0x80 | tap_rand(&seed) % 64);
		while (at < n && step) {
			step = utf8_step((struct str){ text + at, n - at });
			at += step;
		}
		agree = agree && utf8_valid((struct str){ text, n }) == (at == n);
	}
	ok(agree, "valid is what steps can walk through");
	heads();
	return done();
}
