/* wire-join-code.c - a one-time code survives being pasted, and no slip of the hand passes; what a leaf keeps of it. */
#include "tap.h"
#include "wire/hello.h"
#include "wire/join_code.h"

static const struct join_code sample = { .seed = "0123456789abcde", .node = "kitchen.site",
	.cluster = "site", .url = "fedxs://hub.example.net:7342" };

static void
text_of(const struct join_code *c, char to[CODE_TEXT_MAX + 1])
{
	struct buf b = { .p = (uint8_t *)to, .cap = CODE_TEXT_MAX, .max = CODE_TEXT_MAX };

	ok(join_code_put(&b, c) == 0, "a code is made");
	to[buf_len(&b)] = '\0';
}

static bool
is_sample(const char *text)
{
	struct join_code c;
	struct err e = { .status = 0 };

	return join_code_parse(str(text), &c, &e) == 0 && memcmp(c.seed, sample.seed, CODE_SEED) == 0 &&
	    !strcmp(c.node, sample.node) && !strcmp(c.cluster, sample.cluster) && !strcmp(c.url, sample.url);
}

static void
as_it_is_typed(void)
{
	char text[CODE_TEXT_MAX + 1], other[CODE_TEXT_MAX + 40];
	size_t n;

	text_of(&sample, text);
	ok(is_sample(text), "it says what was put into it");
	ok(strspn(text + 6, "0123456789abcdefghjkmnpqrstvwxyz") == strlen(text + 6), "letters that are not taken for others");
	for (n = 0; text[n]; n++)
		other[n] = (char)(text[n] >= 'a' && text[n] <= 'z' ? text[n] - 'a' + 'A' : text[n]);
	other[n] = '\0';
	ok(is_sample(other), "capitals are the same");
	for (n = 0; text[n]; n++)
		other[n] = n < 6 ? text[n] : text[n] == '1' ? 'l' : text[n] == '0' ? 'O' : text[n];
	ok(is_sample(other), "l is 1 and O is 0");
	snprintf(other, sizeof other, " %.20s\n  %.10s %s\r\n", text, text + 20, text + 30);
	ok(is_sample(other), "blanks within are left out");
}

static void
slips(void)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	char text[CODE_TEXT_MAX + 1], other[CODE_TEXT_MAX + 2];
	struct join_code c;
	struct err e = { .status = 0 };
	size_t n, passed = 0, tried = 0;

	text_of(&sample, text);
	n = strlen(text);
	for (size_t i = 6; i < n; i++)
		for (size_t d = 0; d < 32; d++) {
			strcpy(other, text);
			other[i] = digits[d];
			if (other[i] == text[i])
				continue;
			tried++;
			passed += join_code_parse(str(other), &c, &e) == 0;
		}
	ok(tried > 2000 && passed == 0, "no other letter in any place passes (%zu tried)", tried);
	for (size_t i = 6; i + 1 < n; i++) {
		strcpy(other, text);
		other[i] = text[i + 1], other[i + 1] = text[i];
		passed += text[i] != text[i + 1] && join_code_parse(str(other), &c, &e) == 0;
	}
	is_int((long)passed, 0, "nor two of them swapped");
	for (size_t i = 0; i < n; i++)
		passed += join_code_parse(str_head(str(text), i), &c, &e) == 0;
	is_int((long)passed, 0, "nor a part of it");
	snprintf(other, sizeof other, "%s0", text);
	ok(join_code_parse(str(other), &c, &e) == -1 && strstr(e.text, "not whole"), "nor more than it: %s", e.text);
	ok(e.status == 65 && !strstr(e.text, text + 6), "which does not repeat it");
	ok(join_code_parse(STR("fedx2-0000"), &c, &e) == -1 && strstr(e.text, "begin with fedx1-"), "another kind: %s", e.text);
	ok(join_code_parse(STR(""), &c, &e) == -1 && join_code_parse(STR("fedx1-"), &c, &e) == -1, "nothing");
	ok(join_code_parse(STR("fedx1-u000"), &c, &e) == -1, "a letter that none has");
}

static void
longest(void)
{
	static struct join_code c = { .seed = { 0 } }, again;
	char text[CODE_TEXT_MAX + 1];
	struct err e = { .status = 0 };

	memset(c.seed, 0xff, sizeof c.seed);
	memset(c.node, 'n', 253);
	memset(c.cluster, 'c', 253);
	memset(c.url, 'u', CODE_URL_MAX);
	text_of(&c, text);
	ok(join_code_parse(str(text), &again, &e) == 0 && !memcmp(&c, &again, sizeof c), "the longest names fit");
	for (const char *at = "\t\n \x7f\xc3"; *at; at++) {
		c.url[9] = *at;
		text_of(&c, text);
		ok(join_code_parse(str(text), &again, &e) == -1, "no byte %02x in a URL: it would be a word in a file", (unsigned char)*at);
	}
	c.url[9] = 'u';
	c.node[0] = 'N';
	text_of(&c, text);
	is_int(join_code_parse(str(text), &again, &e), -1, "a node that is no node id does not");
}

static void
kept(void)
{
	static const char line[] = "joined 000102030405060708090a0b0c0d0e0f fedxs://h:1 leaf a.lab lab "
	    "key:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
	static const struct { const char *what, *line; } bad[] = {
		{ "another word", "join 000102030405060708090a0b0c0d0e0f fedxs://h:1 leaf a lab key:00" },
		{ "a short id", "joined 0001 fedxs://h:1 leaf a lab key:00" },
		{ "no URL", "joined 000102030405060708090a0b0c0d0e0f" },
		{ "no key", "joined 000102030405060708090a0b0c0d0e0f fedxs://h:1" },
		{ "a hash", "joined 000102030405060708090a0b0c0d0e0f fedxs://h:1 leaf a lab sha256:00" },
	};
	struct joined j;
	struct err e = { .status = 0 };
	struct buf b;

	ok(joined_parse(str_trim(STR(line)), &j, &e) == 0 && j.code[15] == 15 && str_is(j.url, "fedxs://h:1") &&
	    j.who.role == ROLE_LEAF && j.who.key.n == 32 && j.who.key.bytes[1] == 0x11, "what a leaf keeps %s", e.text);
	buf_init(&b, 4096);
	ok(joined_put(&b, &j) == 0 && str_eq(buf_view(&b), STR(line)), "is written as it is read");
	buf_free(&b);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){ .status = 0 };
		ok(joined_parse(str(bad[i].line), &j, &e) == -1 && *e.text, "%s: %s", bad[i].what, e.text);
	}
}

int
main(void)
{
	as_it_is_typed();
	slips();
	longest();
	kept();
	return done();
}
