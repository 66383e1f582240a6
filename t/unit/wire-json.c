/* wire-json.c - the scanner takes what RFC 8259 takes and nothing else; slices and quotes agree. */
#include "tap.h"
#include "wire/json.h"
#include "wire/utf8.h"

#define T(literal) (literal), sizeof(literal) - 1

static const struct { const char *what, *p; size_t n; } takes[] = {
	{ "an empty object",			T("{}") },
	{ "an empty array",			T("[]") },
	{ "null alone",				T("null") },
	{ "true alone",				T("true") },
	{ "false alone",			T("false") },
	{ "a string alone",			T("\"a\"") },
	{ "an empty string",			T("\"\"") },
	{ "zero",				T("0") },
	{ "minus zero",				T("-0") },
	{ "an integer",				T("1234567890") },
	{ "a negative integer",			T("-17") },
	{ "a fraction",				T("0.5") },
	{ "a fraction of zeros",		T("1.000") },
	{ "an exponent",			T("1e5") },
	{ "a capital exponent",			T("1E5") },
	{ "an exponent with plus",		T("1e+5") },
	{ "an exponent with minus",		T("1e-5") },
	{ "an exponent with leading zeros",	T("1e005") },
	{ "zero with an exponent",		T("0e0") },
	{ "everything a number can have",	T("-12.50E-03") },
	{ "a number beyond any double",		T("1e99999") },
	{ "a hundred digits",			T("1000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000") },
	{ "blanks around",			T(" \t\r\n1 \t\r\n") },
	{ "blanks inside an array",		T("[ 1 ,\t2\r\n, 3 ]") },
	{ "blanks inside an object",		T("{ \"a\" : 1 , \"b\"\n:\t2 }") },
	{ "blanks in empty containers",		T("[ { } , [\n] ]") },
	{ "mixed elements",			T("[1,\"a\",null,true,false,{},[]]") },
	{ "nested objects",			T("{\"a\":{\"b\":{\"c\":[{}]}}}") },
	{ "the same name in different objects",	T("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}") },
	{ "the same name before and after",	T("[{\"a\":1,\"b\":2},{\"b\":1,\"a\":2}]") },
	{ "names that differ in case",		T("{\"a\":1,\"A\":2}") },
	{ "a name that begins another",		T("{\"ab\":1,\"a\":2,\"abc\":3,\"\":4}") },
	{ "names that are one in other forms",	T("{\"\\u00e9\":1,\"e\\u0301\":2}") },
	{ "every short escape",			T("\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t\"") },
	{ "an escaped letter",			T("\"\\u0041\"") },
	{ "hex digits in both cases",		T("\"\\uabCD\\uEF01\"") },
	{ "an escaped NUL",			T("\"\\u0000\"") },
	{ "a surrogate pair",			T("\"\\ud83d\\ude00\"") },
	{ "the first surrogate pair",		T("\"\\uD800\\uDC00\"") },
	{ "the last surrogate pair",		T("\"\\uDBFF\\uDFFF\"") },
	{ "escapes next to the surrogates",	T("\"\\uD7FF\\uE000\"") },
	{ "an escaped U+FFFF",			T("\"\\uFFFF\"") },
	{ "two bytes of UTF-8",			T("\"\xc3\xa9\"") },
	{ "three bytes of UTF-8",		T("\"\xe2\x82\xac\"") },
	{ "four bytes of UTF-8",		T("\"\xf0\x9f\x98\x80\"") },
	{ "the last code point",		T("\"\xf4\x8f\xbf\xbf\"") },
	{ "U+2028, that JavaScript dislikes",	T("\"\xe2\x80\xa8\"") },
	{ "DEL, which is no control here",	T("\"\x7f\"") },
	{ "a slash without escape",		T("\"a/b\"") },
	{ "brackets inside a string",		T("[\"]}[{,:\"]") },
	{ "an empty name",			T("{\"\":0}") },
	{ "a name that is an escape",		T("{\"\\n\":0}") },
	{ "a name after its escaped neighbour",	T("{\"\\u0061\":1,\"b\":2}") },
	{ "a long string",			T("\"the quick brown fox jumps over the lazy dog, twice over\"") },
};

static const struct { const char *what, *p; size_t n, at; } refuses[] = {
	{ "nothing",				T(""), 0 },
	{ "blanks alone",			T("  "), 2 },
	{ "a byte order mark",			T("\xef\xbb\xbf{}"), 0 },
	{ "an object without end",		T("{"), 1 },
	{ "an array without end",		T("["), 1 },
	{ "an array that ends after its comma",	T("[1,"), 3 },
	{ "an array that ends after its value",	T("[1"), 2 },
	{ "a string without end",		T("\"abc"), 4 },
	{ "a string that ends in a backslash",	T("\"abc\\"), 4 },
	{ "a string that ends in an escaped quote",	T("\"abc\\\""), 6 },
	{ "an object that ends after a name",	T("{\"a\""), 4 },
	{ "an object that ends after a colon",	T("{\"a\":"), 5 },
	{ "an object that ends after a value",	T("{\"a\":1"), 6 },
	{ "an object that ends after a comma",	T("{\"a\":1,"), 7 },
	{ "a comma before the brace",		T("{\"a\":1,}"), 7 },
	{ "a comma before the bracket",		T("[1,]"), 3 },
	{ "a comma at the start",		T("[,1]"), 1 },
	{ "two commas",				T("[1,,2]"), 3 },
	{ "no comma",				T("[1 2]"), 3 },
	{ "no comma between members",		T("{\"a\":1 \"b\":2}"), 7 },
	{ "two colons",				T("{\"a\"::1}"), 5 },
	{ "an equals sign",			T("{\"a\"=1}"), 4 },
	{ "a comma for a colon",		T("{\"a\",1}"), 4 },
	{ "a colon in an array",		T("[\"a\":1]"), 4 },
	{ "an element in an object",		T("{1}"), 1 },
	{ "a name without quotes",		T("{a:1}"), 1 },
	{ "a name in single quotes",		T("{'a':1}"), 1 },
	{ "a number as a name",			T("{1:1}"), 1 },
	{ "null as a name",			T("{null:1}"), 1 },
	{ "an array closed by a brace",		T("[1}"), 2 },
	{ "an object closed by a bracket",	T("{\"a\":1]"), 6 },
	{ "a bracket too many",			T("[]]"), 2 },
	{ "a brace too many",			T("{}}"), 2 },
	{ "a closing bracket alone",		T("]"), 0 },
	{ "two values",				T("1 2"), 2 },
	{ "two objects",			T("{}{}"), 2 },
	{ "a comma behind",			T("{},"), 2 },
	{ "a NUL behind",			T("{}\0"), 2 },
	{ "a NUL for a value",			T("\0"), 0 },
	{ "a comment",				T("[1/*x*/]"), 2 },
	{ "a line comment",			T("//x\n1"), 0 },
	{ "True",				T("True"), 0 },
	{ "a word cut short",			T("tru"), 0 },
	{ "a word with more behind",		T("trueish"), 4 },
	{ "nul",				T("[nul]"), 1 },
	{ "NaN",				T("NaN"), 0 },
	{ "Infinity",				T("Infinity"), 0 },
	{ "minus Infinity",			T("-Infinity"), 1 },
	{ "undefined",				T("undefined"), 0 },
	{ "a string in single quotes",		T("'a'"), 0 },
	{ "a plus sign",			T("+1"), 0 },
	{ "a minus alone",			T("-"), 1 },
	{ "two minus",				T("--1"), 1 },
	{ "a leading zero",			T("01"), 0 },
	{ "a leading zero below zero",		T("-01"), 1 },
	{ "two zeros",				T("00"), 0 },
	{ "a point at the start",		T(".5"), 0 },
	{ "a point after minus",		T("-.5"), 1 },
	{ "a point at the end",			T("1."), 2 },
	{ "a point before the exponent",	T("1.e5"), 2 },
	{ "two points",				T("1.2.3"), 3 },
	{ "an exponent without digits",		T("1e"), 2 },
	{ "an exponent of a sign",		T("1e+"), 3 },
	{ "an exponent with a point",		T("1e1.5"), 3 },
	{ "hexadecimal",			T("0x10"), 1 },
	{ "a digit group",			T("1_000"), 1 },
	{ "a blank in a number",		T("1 0"), 2 },
	{ "a minus and a blank",		T("- 1"), 1 },
	{ "a digit of another script",		T("\xef\xbc\x91"), 0 },
	{ "a vertical tab as a blank",		T("\v1"), 0 },
	{ "a no-break space as a blank",	T("\xc2\xa0" "1"), 0 },
	{ "a raw newline in a string",		T("\"a\nb\""), 2 },
	{ "a raw tab in a string",		T("\"a\tb\""), 2 },
	{ "a raw NUL in a string",		T("\"a\0b\""), 2 },
	{ "a raw 0x1f in a string",		T("\"\x1f\""), 1 },
	{ "a raw control after eight letters",	T("\"abcdefgh\x01\""), 9 },
	{ "a raw control in a long string",	T("\"a string of over sixteen letters\x1f and more letters\""), 33 },
	{ "a wrong escape in a long string",	T("\"a string of over sixteen letters\\x and more letters\""), 33 },
	{ "bad UTF-8 in a long string",		T("\"a string of over sixteen letters\xff and more letters\""), 33 },
	{ "a quote in a long string",		T("\"a string of over sixteen letters\" and more letters\""), 35 },
	{ "a high surrogate before U+E000",	T("\"\\ud83d\\ue000\""), 1 },
	{ "a high surrogate before U+DBFF",	T("\"\\ud83d\\udbff\""), 1 },
	{ "an unknown escape",			T("\"\\x41\""), 1 },
	{ "an escaped apostrophe",		T("\"\\'\""), 1 },
	{ "an escaped NUL byte",		T("\"\\\0\""), 1 },
	{ "an escaped newline",			T("\"\\\n\""), 1 },
	{ "a capital U escape",			T("\"\\U0041\""), 1 },
	{ "three hex digits",			T("\"\\u041\""), 1 },
	{ "no hex digits",			T("\"\\u\""), 1 },
	{ "a hex escape that is not",		T("\"\\u00g0\""), 1 },
	{ "a hex escape with a sign",		T("\"\\u+041\""), 1 },
	{ "a high surrogate alone",		T("\"\\ud83d\""), 1 },
	{ "a high surrogate before a letter",	T("\"\\ud83dA\""), 1 },
	{ "a high surrogate before an escape",	T("\"\\ud83d\\n\""), 1 },
	{ "a high surrogate before U+0041",	T("\"\\ud83d\\u0041\""), 1 },
	{ "two high surrogates",		T("\"\\ud83d\\ud83d\""), 1 },
	{ "a low surrogate alone",		T("\"\\ude00\""), 1 },
	{ "surrogates the wrong way round",	T("\"\\ude00\\ud83d\""), 1 },
	{ "a surrogate pair cut short",		T("\"\\ud83d\\ude0\""), 1 },
	{ "a tail of UTF-8 alone",		T("\"\x80\""), 1 },
	{ "a head of UTF-8 alone",		T("\"\xc3\""), 1 },
	{ "an overlong slash",			T("\"\xc0\xaf\""), 1 },
	{ "an overlong slash of three bytes",	T("\"\xe0\x80\xaf\""), 1 },
	{ "a surrogate in UTF-8",		T("\"\xed\xa0\x80\""), 1 },
	{ "a code point over U+10FFFF",		T("\"\xf4\x90\x80\x80\""), 1 },
	{ "a byte that UTF-8 has not",		T("\"\xff\""), 1 },
	{ "Latin-1",				T("\"caf\xe9\""), 4 },
	{ "bad UTF-8 in a name",		T("{\"\xff\":1}"), 2 },
	{ "UTF-16",				T("{\0\"\0a\0\"\0"), 1 },
	{ "a name twice",			T("{\"a\":1,\"a\":2}"), 7 },
	{ "a name twice, with one between",	T("{\"a\":1,\"b\":1,\"a\":1}"), 13 },
	{ "a name twice, once escaped",		T("{\"a\":1,\"\\u0061\":2}"), 7 },
	{ "a name twice, escaped first",	T("{\"\\u0061\":1,\"a\":2}"), 12 },
	{ "a name twice, escaped two ways",	T("{\"\\n\":1,\"\\u000A\":2}"), 8 },
	{ "an empty name twice",		T("{\"\":1,\"\":2}"), 6 },
	{ "a name twice, the pair and its UTF-8",	T("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}"), 10 },
	{ "a name twice deep inside",		T("[{\"x\":[{\"a\":1,\"a\":2}]}]"), 14 },
	{ "a name twice after an inner object",	T("{\"a\":{\"b\":1},\"a\":2}"), 13 },
};

static void
test_table(void)
{
	struct json_fault fault;

	for (size_t i = 0; i < sizeof takes / sizeof *takes; i++)
		ok(json_check((struct str){ takes[i].p, takes[i].n }, 64, &fault) == 0,
		    "takes %s", takes[i].what);
	for (size_t i = 0; i < sizeof refuses / sizeof *refuses; i++) {
		fault = (struct json_fault){ 0 };
		ok(json_check((struct str){ refuses[i].p, refuses[i].n }, 64, &fault) == -1 &&
		    fault.at == refuses[i].at && fault.why, "refuses %s", refuses[i].what);
		if (fault.at != refuses[i].at)
			printf("#   at %zu, want %zu: %s\n", fault.at, refuses[i].at, fault.why);
	}
}

static void
fill(struct buf *b, const char *text, size_t times)
{
	while (times--)
		buf_str(b, str(text));
}

static void
test_depth(void)
{
	struct json_fault fault;
	struct buf b;

	ok(json_check(STR("[[[]]]"), 3, &fault) == 0, "as deep as allowed");
	ok(json_check(STR("[[[]]]"), 2, &fault) == -1 && fault.at == 2, "one deeper, told at the bracket");
	ok(json_check(STR("[[1],[1],{\"a\":1}]"), 2, &fault) == 0, "what was closed does not count");
	ok(json_check(STR("7"), 0, &fault) == 0, "a number has no depth");
	ok(json_check(STR("[]"), 0, &fault) == -1, "an array has");
	buf_init(&b, 1 << 20);
	fill(&b, "[", 100000);
	ok(json_check(buf_view(&b), UINT32_MAX, &fault) == -1 && fault.at == 256,
	    "no depth overruns the stack, whatever the caller allows");
	buf_free(&b);
}

/* `count` names, name number `again` (if under count) also at the very end. */
static int
many_names(size_t count, size_t again, struct json_fault *fault)
{
	struct buf b;
	int got;

	buf_init(&b, 1 << 20);
	fill(&b, "{", 1);
	for (size_t i = 0; i < count; i++)	/* in no order at all */
		buf_fmt(&b, "%s\"n%zu\":%zu", i ? "," : "", i * 7919 % 100003, i);
	if (again < count)
		buf_fmt(&b, ",\"\\u006e%zu\":0", again * 7919 % 100003);
	fill(&b, "}", 1);
	got = json_check(buf_view(&b), 64, fault);
	buf_free(&b);
	return got;
}

static void
test_many_names(void)
{
	struct json_fault fault;
	struct buf b;
	bool all = true;

	for (size_t n = 1; n <= 40; n++)
		for (size_t again = 0; again <= n; again++)
			all = all && many_names(n, again, &fault) == (again == n ? 0 : -1);
	ok(all, "any one of 1 to 40 names twice is found, wherever it stands");
	ok(many_names(4096, 4096, &fault) == 0, "4096 different names are taken");
	ok(many_names(100, 3, &fault) == -1 && fault.at > 900, "a twin among many is told at its second place");
	ok(many_names(4095, 0, &fault) == -1 && strstr(fault.why, "twice"), "the first of 4095 again is found");
	ok(many_names(4095, 4094, &fault) == -1 && strstr(fault.why, "twice"), "the last of 4095 again is found");
	ok(many_names(4097, 4097, &fault) == -1 && strstr(fault.why, "4096"), "4097 names are refused");
	buf_init(&b, 1 << 20);
	fill(&b, "[0", 1);
	fill(&b, ",{\"a\":1,\"b\":2}", 9000);
	fill(&b, "]", 1);
	ok(json_check(buf_view(&b), 64, &fault) == 0, "names of closed objects do not count");
	buf_free(&b);
}

static void
test_walk(void)
{
	struct str o = STR(" { \"a\" : 1, \"b\\u0063\":[ 1 , \"]\" ,{\"x\":{}}, [] ] ,\"s\":\"\\\"}\" , \"\":null} ");
	struct str rest, name, value;
	uint64_t u;
	bool truth;
	char all[64] = "";

	is_str(json_member(o, "a"), "1", "a member, without the blanks");
	is_str(json_member(o, "bc"), "[ 1 , \"]\" ,{\"x\":{}}, [] ]", "a member with an escaped name");
	is_str(json_member(o, "s"), "\"\\\"}\"", "a string with a quote and a brace in it");
	is_str(json_member(o, ""), "null", "the empty name");
	ok(json_member(o, "x").p == NULL, "not the member of a member");
	ok(json_member(o, "b\\u0063").p == NULL, "the raw form is not the name");
	ok(json_member(STR("[\"a\",1]"), "a").p == NULL, "an array has no members");
	ok(json_member(STR("\"a\""), "a").p == NULL, "a string has no members");
	rest = json_member(o, "bc");
	for (size_t i = 0; json_next_element(&rest, &value); i++)
		snprintf(all + strlen(all), sizeof all - strlen(all), "<%.*s>", STR_FMT(value));
	is_str(str(all), "<1><\"]\"><{\"x\":{}}><[]>", "elements one after the other");
	ok(!json_next_element(&rest, &value), "and then no more");
	rest = o;
	ok(json_next_member(&rest, &name, &value) && json_next_member(&rest, &name, &value), "members too");
	is_str(name, "\"b\\u0063\"", "the name raw, with quotes");
	rest = STR("{ }");
	ok(!json_next_member(&rest, &name, &value), "none in an empty object");
	ok(json_type(STR(" {}")) == JSON_OBJECT && json_type(STR("[]")) == JSON_ARRAY &&
	    json_type(STR("\"\"")) == JSON_STRING && json_type(STR("-1")) == JSON_NUMBER &&
	    json_type(STR("0")) == JSON_NUMBER && json_type(STR("true")) == JSON_BOOL &&
	    json_type(STR("false")) == JSON_BOOL && json_type(STR("null")) == JSON_NULL, "types");
	ok(json_type(STR("")) == JSON_BAD && json_type(STR("}")) == JSON_BAD &&
	    json_type((struct str){ NULL, 0 }) == JSON_BAD, "no type");
	ok(json_u64(STR("18446744073709551615"), UINT64_MAX, &u) == 0 && u == UINT64_MAX, "the largest integer");
	ok(json_u64(STR("18446744073709551616"), UINT64_MAX, &u) == -1, "one more is none");
	ok(json_u64(STR("256"), 255, &u) == -1 && json_u64(STR("255"), 255, &u) == 0, "max holds");
	ok(json_u64(STR("-1"), 255, &u) == -1 && json_u64(STR("1.0"), 255, &u) == -1 &&
	    json_u64(STR("1e2"), 255, &u) == -1 && json_u64(STR("\"1\""), 255, &u) == -1 &&
	    json_u64((struct str){ NULL, 0 }, 255, &u) == -1, "what is no plain integer");
	ok(json_bool(STR("true"), &truth) == 0 && truth && json_bool(STR("false"), &truth) == 0 && !truth,
	    "both truths");
	ok(json_bool(STR("1"), &truth) == -1 && json_bool(STR("\"true\""), &truth) == -1, "no other");
}

static const struct { const char *what, *json, *text; } texts[] = {
	{ "plain",		"\"abc\"",			"abc" },
	{ "empty",		"\"\"",				"" },
	{ "short escapes",	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",	"\"\\/\b\f\n\r\t" },
	{ "one byte",		"\"\\u0041\\u007f\"",		"A\x7f" },
	{ "two bytes",		"\"\\u0080\\u07ff\"",		"\xc2\x80\xdf\xbf" },
	{ "three bytes",	"\"\\u0800\\uffff\"",		"\xe0\xa0\x80\xef\xbf\xbf" },
	{ "four bytes",		"\"\\ud800\\udc00\\udbff\\udfff\"",	"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
	{ "mixed",		"\"a\\nb\xc3\xa9\"",		"a\nb\xc3\xa9" },
};

static void
test_text(void)
{
	struct str view;
	struct buf b;

	buf_init(&b, 64);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ok(json_text(str(texts[i].json), &b) == 0 &&
		    str_is(buf_view(&b), texts[i].text), "text: %s", texts[i].what);
		buf_eat(&b, buf_len(&b));
	}
	ok(json_text(STR("\"\\u0000\""), &b) == 0 && buf_len(&b) == 1 && b.p[b.head] == 0, "text: a NUL");
	ok(json_text(STR("12"), &b) == -1 && json_text(STR("\""), &b) == -1 &&
	    json_text(STR("\"\\ud800\""), &b) == -1 && json_text((struct str){ NULL, 0 }, &b) == -1,
	    "what is no string gives no text");
	ok(json_text_plain(STR("\"abc\""), &view) && str_is(view, "abc"), "a plain string is a view");
	ok(!json_text_plain(STR("\"a\\nb\""), &view) && !json_text_plain(STR("1"), &view), "another is not");
	buf_free(&b);
	buf_init(&b, 3);
	ok(json_text(STR("\"\\u0041\\u0042\\u0043\""), &b) == 0, "the bound is that of the text, not of its escapes");
	ok(json_text(STR("\"\\n\""), &b) == -1 && buf_len(&b) == 3, "a full buffer is left alone");
	buf_free(&b);
}

static void
test_quote(void)
{
	struct buf b;

	buf_init(&b, 64);
	json_quote(&b, STR("a\"b\\c\n\x01\x1f\x7f/"));
	is_str(buf_view(&b), "\"a\\\"b\\\\c\\n\\u0001\\u001f\x7f/\"", "quotes what must be");
	buf_eat(&b, buf_len(&b));
	json_quote(&b, STR("\xff" "a\xc3\xed\xa0\x80\xc3\xa9"));
	is_str(buf_view(&b), "\"\xef\xbf\xbd" "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\"",
	    "bytes that are not UTF-8 are replaced");
	buf_eat(&b, buf_len(&b));
	json_quote(&b, (struct str){ NULL, 0 });
	is_str(buf_view(&b), "\"\"", "nothing is an empty string");
	buf_free(&b);
	buf_init(&b, 5);
	ok(json_quote(&b, STR("\n\n")) == -1 && buf_len(&b) == 0, "a full buffer is left alone");
	ok(json_quote(&b, STR("\n1")) == 0 && buf_len(&b) == 5, "what just fits does");
	buf_free(&b);
}

/* A random value, written canonically; what it must be as pieces is checked
 * by putting it together again from its slices. */
static void
random_string(uint64_t *seed, struct buf *b)
{
	char bytes[24];
	size_t n = (size_t)tap_rand(seed) % sizeof bytes;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(tap_rand(seed) % 3 ? 'a' + tap_rand(seed) % 4 : tap_rand(seed));
	json_quote(b, (struct str){ bytes, n });
}

static void
random_value(uint64_t *seed, struct buf *b, unsigned depth)
{
	size_t n = (size_t)tap_rand(seed) % 24;

	switch (tap_rand(seed) % (depth ? 7 : 5)) {
	case 0: buf_str(b, STR("null")); break;
	case 1: buf_str(b, STR("true")); break;
	case 2: buf_fmt(b, "-%u.5e-7", (unsigned)(tap_rand(seed) % 1000)); break;
	case 3: buf_fmt(b, "%llu", (unsigned long long)tap_rand(seed)); break;
	case 4: random_string(seed, b); break;
	case 5:
		buf_str(b, STR("["));
		for (size_t i = 0; i < n / 4; i++) {
			buf_str(b, i ? STR(",") : STR(""));
			random_value(seed, b, depth - 1);
		}
		buf_str(b, STR("]"));
		break;
	default:
		buf_str(b, STR("{"));
		for (size_t i = 0; i < n; i++) {
			buf_fmt(b, "%s\"%c%s%zu\":", i ? "," : "", (char)('a' + tap_rand(seed) % 26),
			    tap_rand(seed) % 2 ? "\\t" : "\xc3\xa9", i);
			random_value(seed, b, i ? 0 : depth - 1);
		}
		buf_str(b, STR("}"));
	}
}

static void
splice(struct str value, struct buf *b)
{
	struct str rest = value, name, item;
	const char *comma = "";

	if (json_type(value) == JSON_OBJECT) {
		buf_str(b, STR("{"));
		for (; json_next_member(&rest, &name, &item); comma = ",") {
			buf_fmt(b, "%s%.*s:", comma, STR_FMT(name));
			splice(item, b);
		}
		buf_str(b, STR("}"));
	} else if (json_type(value) == JSON_ARRAY) {
		buf_str(b, STR("["));
		for (; json_next_element(&rest, &item); comma = ",") {
			buf_str(b, str(comma));
			splice(item, b);
		}
		buf_str(b, STR("]"));
	} else
		buf_str(b, value);
}

static void
test_round_trips(uint64_t *seed)
{
	struct json_fault fault;
	struct buf a, b;
	bool same = true, cut = true, text = true;

	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 500; i++) {
		buf_eat(&a, buf_len(&a));
		buf_eat(&b, buf_len(&b));
		random_value(seed, &a, 4);
		same = same && json_check(buf_view(&a), 4, &fault) == 0;
		splice(buf_view(&a), &b);
		same = same && str_eq(buf_view(&a), buf_view(&b));
		if (strchr("{[\"", buf_view(&a).p[0]))	/* a number cut short is one too */
			cut = cut && json_check(str_head(buf_view(&a),
			    (size_t)tap_rand(seed) % buf_len(&a)), 4, &fault) == -1;
	}
	ok(same, "500 random values pass and are the sum of their slices");
	ok(cut, "no proper beginning of a container or a string is a value");
	for (int i = 0; i < 500; i++) {
		char bytes[40];
		size_t n = 0;

		while (n < 30)	/* any well-formed text */
			if (tap_rand(seed) % 4)
				bytes[n++] = (char)(tap_rand(seed) % 128);
			else
				n += (size_t)snprintf(bytes + n, 8, "%s",
				    tap_rand(seed) % 2 ? "\xf0\x9f\x98\x80" : "\xe2\x82\xac");
		buf_eat(&a, buf_len(&a));
		buf_eat(&b, buf_len(&b));
		json_quote(&a, (struct str){ bytes, n });
		text = text && json_check(buf_view(&a), 0, &fault) == 0 &&
		    json_text(buf_view(&a), &b) == 0 && str_eq(buf_view(&b), (struct str){ bytes, n });
	}
	ok(text, "500 random texts survive quote, check, text");
	buf_free(&a);
	buf_free(&b);
}

int
main(void)
{
	uint64_t seed = tap_seed();

	test_table();
	test_depth();
	test_many_names();
	test_walk();
	test_text();
	test_quote();
	test_round_trips(&seed);
	return done();
}
