/* base-str.c - views compare, split and become numbers without reading past their end. */
#include "base/str.h"
#include "tap.h"

static void
numbers(void)
{
	static const struct { const char *what, *text; uint64_t max; int want; uint64_t v; } cases[] = {
		{ "zero",			"0", 9, 0, 0 },
		{ "the bound itself",		"65535", 65535, 0, 65535 },
		{ "one over the bound",		"65536", 65535, -1, 0 },
		{ "a digit over a small bound",	"9", 5, -1, 0 },
		{ "the largest",		"18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "one over the largest",	"18446744073709551616", UINT64_MAX, -1, 0 },
		{ "twenty nines",		"99999999999999999999", UINT64_MAX, -1, 0 },
		{ "nothing",			"", 9, -1, 0 },
		{ "a sign",			"+1", 9, -1, 0 },
		{ "a blank",			" 1", 9, -1, 0 },
		{ "a letter behind",		"1k", 9, -1, 0 },
		{ "leading zeros",		"007", 9, 0, 7 },
		{ "only zero allowed",		"1", 0, -1, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t v = 0;
		int r = str_u64(str(cases[i].text), cases[i].max, &v);

		ok(r == cases[i].want && v == cases[i].v, "a number: %s", cases[i].what);
	}
}

static void
pieces(void)
{
	struct str before, after;
	uint8_t bytes[2];
	char c[4];

	ok(str_split(str("a=b=c"), '=', &before, &after), "a split finds the mark");
	is_str(before, "a", "before the first mark");
	is_str(after, "b=c", "after the first mark");
	ok(!str_split(str("abc"), '=', &before, &after), "no mark, no split");
	is_str(before, "abc", "then all is before");
	is_int(after.n, 0, "and nothing after");
	ok(str_split(str("="), '=', &before, &after) && before.n == 0 && after.n == 0,
	    "a mark alone splits nothing from nothing");
	ok(!str_split((struct str){ NULL, 0 }, '=', &before, &after), "the empty view splits not");
	is_str(str_trim(str(" \t a b\r\n")), "a b", "blanks go at both ends only");
	is_str(str_trim(str(" \n")), "", "all blank is empty");

	is_int(str_c(str("abc"), c, sizeof c), 0, "three bytes fit into four");
	ok(strcmp(c, "abc") == 0, "as a C string");
	is_int(str_c(str("abcd"), c, sizeof c), -1, "four do not");
	ok(c[0] == '\0', "and leave an empty string");
	is_int(str_c(STR("a\0b"), c, sizeof c), -1, "a NUL inside is refused");

	ok(str_hex(str("0aFf"), bytes, 2) == 0 && bytes[0] == 0x0a && bytes[1] == 0xff,
	    "hex digits of either case");
	is_int(str_hex(str("0aF"), bytes, 2), -1, "too few hex digits");
	is_int(str_hex(str("0aF00"), bytes, 2), -1, "too many hex digits");
	is_int(str_hex(str("0ag0"), bytes, 2), -1, "not a hex digit");
}

static void
order(void)
{
	ok(str_cmp(str("a"), str("b")) < 0, "a before b");
	ok(str_cmp(str("b"), str("a")) > 0, "b after a");
	ok(str_cmp(str("a"), str("aa")) < 0, "the shorter first");
	ok(str_cmp(str("\x80"), str("z")) > 0, "bytes are unsigned");
	is_int(str_cmp((struct str){ NULL, 0 }, str("")), 0, "NULL is the empty view");
	ok(str_eq((struct str){ NULL, 0 }, str("")), "also when asked for equality");
	ok(str_same(str("Hub.Example-1"), str("hUB.eXAMPLE-1")) && str_same((struct str){ NULL, 0 }, str("")),
	    "the same but for case");
	ok(!str_same(str("ab"), str("abc")) && !str_same(str("@["), str("`{")) && !str_same(str("\xc0"), str("\xe0")),
	    "and of letters only, of ASCII");
	ok(str_starts(str("/a/b"), str("/a")) && !str_starts(str("/"), str("/a")), "starts with");
	ok(str_ends(str("x.net"), str(".net")) && !str_ends(str("net"), str(".net")), "ends with");
	is_int(str_skip((struct str){ NULL, 0 }, 0).n, 0, "nothing can be skipped in nothing");
	{
		char room[] = "......", *at = room;
		struct str a = str_place(&at, str("ab")), none = str_place(&at, (struct str){ NULL, 0 }), c = str_place(&at, str("c"));

		ok(a.p == room && str_is(a, "ab") && none.n == 0 && str_is(c, "c") && at == room + 3 &&
		    strcmp(room, "abc...") == 0, "texts are placed one behind the other");
	}
	{
		struct str rest = STR("  a  bc ");

		ok(str_is(str_word(&rest), "a") && str_is(str_word(&rest), "bc") && str_word(&rest).n == 0 &&
		    str_word(&rest).n == 0, "words, however many spaces are around them");
	}
	is_int(str_distance(str("lisen"), str("listen")), 1, "one letter forgotten");
	is_int(str_distance(str("kitten"), str("sitting")), 3, "the textbook's distance");
	is_int(str_distance(str(""), str("abc")), 3, "from nothing: each letter");
	is_int(str_distance(str("same"), str("same")), 0, "no distance to itself");
	is_int(str_distance(str("0123456789012345678901234567890123"), str("a")), 99,
	    "long words are far apart");
}

/* Splitting at a mark and joining again gives the same bytes. */
static void
splits_join(void)
{
	uint64_t seed = tap_seed();
	bool held = true;

	for (int i = 0; i < 2000 && held; i++) {
		char text[12];
		struct str in = { text, (size_t)(tap_rand(&seed) % sizeof text) }, a, b;

		for (size_t j = 0; j < in.n; j++)
			text[j] = (char)('a' + tap_rand(&seed) % 3);
		held = str_split(in, 'a', &a, &b)
		    ? a.n + 1 + b.n == in.n && in.p[a.n] == 'a' && !memchr(a.p, 'a', a.n)
		    : str_eq(a, in) && (in.n == 0 || !memchr(in.p, 'a', in.n));
	}
	ok(held, "a split loses nothing");
}

int
main(void)
{
	numbers();
	pieces();
	order();
	splits_join();
	return done();
}
