/* wire-proxyhead.c - for whom a load balancer has connected, by both versions of its header. */
#include "tap.h"
#include "wire/proxyhead.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc6\x33\x64\x07\x0a\0\0\x01\x12\x67\x01\xbb"	/* 198.51.100.7:4711 to 10.0.0.1:443 */
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x12\x67\x01\xbb"
#define B(literal) { (literal), sizeof(literal) - 1 }

static const struct { const char *what; struct str in; enum parse is; size_t used; const char *host; unsigned port; } cases[] = {
	{ "v1, IPv4", B("PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\n"), PARSE_OK, 43, "198.51.100.7", 4711 },
	{ "v1, IPv6", B("PROXY TCP6 2001:DB8::7 ::1 4711 443\r\nGET"), PARSE_OK, 37, "2001:db8::7", 4711 },
	{ "v1, unknown", B("PROXY UNKNOWN\r\n"), PARSE_OK, 15, "", 0 },
	{ "v1, unknown with more", B("PROXY UNKNOWN ffff::1 x\r\n"), PARSE_OK, 25, "", 0 },
	{ "v1, half", B("PROXY TCP4 198.5"), PARSE_MORE, 0, "", 0 },
	{ "v1, a letter", B("P"), PARSE_MORE, 0, "", 0 },
	{ "v1, another word", B("POST /"), PARSE_BAD, 0, "", 0 },
	{ "v1, a bare LF", B("PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, no port", B("PROXY TCP4 198.51.100.7 10.0.0.1 4711\r\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, too much", B("PROXY TCP4 198.51.100.7 10.0.0.1 4711 443 5\r\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, two blanks", B("PROXY TCP4  198.51.100.7 10.0.0.1 4711 443\r\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, a name", B("PROXY TCP4 client.example 10.0.0.1 4711 443\r\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, the other family", B("PROXY TCP4 ::1 ::1 4711 443\r\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, a port too high", B("PROXY TCP4 198.51.100.7 10.0.0.1 65536 443\r\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, UDP", B("PROXY UDP4 198.51.100.7 10.0.0.1 1 2\r\n"), PARSE_BAD, 0, "", 0 },
	{ "v1, endless", B("PROXY UNKNOWN 0123456789012345678901234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345"), PARSE_BAD, 0, "", 0 },
	{ "v2, IPv4", B(SIG "\x21\x11\0\x0c" V4 "x"), PARSE_OK, 28, "198.51.100.7", 4711 },
	{ "v2, IPv6", B(SIG "\x21\x21\0\x24" V6), PARSE_OK, 52, "2001:db8::7", 4711 },
	{ "v2, with TLVs", B(SIG "\x21\x11\0\x10" V4 "\x04\0\x01\0"), PARSE_OK, 32, "198.51.100.7", 4711 },
	{ "v2, local", B(SIG "\x20\0\0\0"), PARSE_OK, 16, "", 0 },
	{ "v2, local with addresses", B(SIG "\x20\x11\0\x0c" V4), PARSE_OK, 28, "", 0 },
	{ "v2, a UNIX socket", B(SIG "\x21\x31\0\x01x"), PARSE_OK, 17, "", 0 },
	{ "v2, half a signature", B("\r\n\r\n\0\r"), PARSE_MORE, 0, "", 0 },
	{ "v2, half a head", B(SIG "\x21\x11"), PARSE_MORE, 0, "", 0 },
	{ "v2, half its addresses", B(SIG "\x21\x11\0\x0c\xc6"), PARSE_MORE, 0, "", 0 },
	{ "v2, another signature", B("\r\n\r\n\0\r\nQUIX"), PARSE_BAD, 0, "", 0 },
	{ "v2, version 3", B(SIG "\x31\x11\0\x0c" V4), PARSE_BAD, 0, "", 0 },
	{ "v2, an unknown command", B(SIG "\x22\x11\0\x0c" V4), PARSE_BAD, 0, "", 0 },
	{ "v2, too short for IPv4", B(SIG "\x21\x11\0\x0b" V4), PARSE_BAD, 0, "", 0 },
	{ "v2, too short for IPv6", B(SIG "\x21\x21\0\x0c" V4), PARSE_BAD, 0, "", 0 },
	{ "v2, too long", B(SIG "\x21\x11\xff\xff"), PARSE_BAD, 0, "", 0 },
	{ "nothing", { "", 0 }, PARSE_MORE, 0, "", 0 },
	{ "something else", B("x"), PARSE_BAD, 0, "", 0 },
};

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct proxyhead h;
		const char *why = NULL;
		size_t used = 0;
		bool more = true;

		ok(proxyhead_parse(cases[i].in, &h, &used, &why) == cases[i].is, "%s", cases[i].what);
		if (cases[i].is == PARSE_BAD)
			ok(why != NULL, "... and why: %s", why ? why : "");
		if (cases[i].is != PARSE_OK)
			continue;
		ok(used == cases[i].used && strcmp(h.host, cases[i].host) == 0 && h.port == cases[i].port,
		    "... '%s' %u, %zu bytes", h.host, h.port, used);
		for (size_t n = 0; n < cases[i].used; n++)
			more = more && proxyhead_parse(str_head(cases[i].in, n), &h, &used, &why) == PARSE_MORE;
		ok(more, "... and every part of it is waited for");
	}
	return done();
}
