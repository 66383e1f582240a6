/* wire-base64.c - each byte string has one text, and no other text is taken. */
#include "tap.h"
#include "wire/base64.h"

static const struct { const char *what, *bytes, *text; } pairs[] = {	/* RFC 4648 section 10 */
	{ "nothing", "", "" },
	{ "f", "f", "Zg==" },
	{ "fo", "fo", "Zm8=" },
	{ "foo", "foo", "Zm9v" },
	{ "foob", "foob", "Zm9vYg==" },
	{ "fooba", "fooba", "Zm9vYmE=" },
	{ "foobar", "foobar", "Zm9vYmFy" },
	{ "the last two letters", "\xfb\xff\xfe", "+//+" },
};

static const struct { const char *what, *text; } refused[] = {
	{ "one letter",			"Z" },
	{ "two letters without padding",	"Zg" },
	{ "three letters without padding",	"Zm8" },
	{ "half of the padding",	"Zg=" },
	{ "padding alone",		"====" },
	{ "three signs of padding",	"Z===" },
	{ "padding too much",		"Zm9v====" },
	{ "padding in the middle",	"Zg==Zm9v" },
	{ "padding before a letter",	"Zg=v" },
	{ "stray bits before two",	"Zh==" },
	{ "stray bits before one",	"Zm9=" },
	{ "a newline",			"Zm9v\nZm9" },
	{ "a newline at the end",	"Zm9v\n" },
	{ "a blank",			"Zm 9" },
	{ "the alphabet of URLs",	"-__-" },
	{ "a letter over 0x7f",		"Zm9\xff" },
	{ "a sign next to the letters",	"Zm9@" },
	{ "another one",		"Zm9[" },
};

int
main(void)
{
	uint64_t seed = tap_seed();
	bool round = true, one = true;
	struct buf a, b;

	buf_init(&a, 4096);
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		buf_eat(&a, buf_len(&a));
		buf_eat(&b, buf_len(&b));
		ok(base64_put(&a, str(pairs[i].bytes)) == 0, "takes %s", pairs[i].what);
		is_str(buf_view(&a), pairs[i].text, "writes it");
		ok(base64_get(&b, str(pairs[i].text)) == 0, "takes its text");
		is_str(buf_view(&b), pairs[i].bytes, "reads it");
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		buf_eat(&b, buf_len(&b));
		buf_str(&b, STR("before"));
		ok(base64_get(&b, str(refused[i].text)) == -1 && str_is(buf_view(&b), "before"),
		    "refuses %s, and leaves the buffer alone", refused[i].what);
	}
	for (int i = 0; i < 3000; i++) {
		char bytes[70], text[8];
		size_t n = (size_t)tap_rand(&seed) % sizeof bytes, letters = (size_t)tap_rand(&seed) % 9;

		for (size_t j = 0; j < n; j++)
			bytes[j] = (char)tap_rand(&seed);
		buf_eat(&a, buf_len(&a));
		buf_eat(&b, buf_len(&b));
		round = round && base64_put(&a, (struct str){ bytes, n }) == 0 &&
		    buf_len(&a) == (n + 2) / 3 * 4 && base64_get(&b, buf_view(&a)) == 0 &&
		    str_eq(buf_view(&b), (struct str){ bytes, n });
		for (size_t j = 0; j < letters; j++)
			text[j] = "AQgwBCDz/+=="[tap_rand(&seed) % 12];
		buf_eat(&a, buf_len(&a));
		buf_eat(&b, buf_len(&b));
		if (base64_get(&b, (struct str){ text, letters }) == 0)
			one = one && base64_put(&a, buf_view(&b)) == 0 &&
			    str_eq(buf_view(&a), (struct str){ text, letters });
	}
	ok(round, "3000 random byte strings come back");
	ok(one, "a text that is taken is the one that would be written");
	buf_free(&a);
	buf_free(&b);
	buf_init(&a, 7);
	ok(base64_put(&a, STR("1234")) == -1 && buf_len(&a) == 0, "a full buffer is left alone by put");
	ok(base64_get(&a, STR("Zm9vYmFyZm8=")) == -1 && buf_len(&a) == 0, "and by get");
	buf_free(&a);
	return done();
}
