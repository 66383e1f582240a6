/* net-sniff.c - the first bytes tell the protocol, at the latest with the eighth. */
#include "net/sniff.h"
#include "tap.h"

#define T(literal) { (literal), sizeof(literal) - 1 }

static const struct { const char *what; struct str first; enum sniffed is; } cases[] = {
	{ "a ClientHello of TLS 1.0 form",	T("\x16\x03\x01\x02\x00\x01"), SNIFF_TLS },
	{ "a ClientHello of TLS 1.2 form",	T("\x16\x03\x03"), SNIFF_TLS },
	{ "a record of an unknown TLS",		T("\x16\x02\x00"), SNIFF_UNKNOWN },
	{ "a record of TLS 3.9",		T("\x16\x03\x09"), SNIFF_UNKNOWN },
	{ "a TLS alert",			T("\x15\x03\x03\x00\x02"), SNIFF_UNKNOWN },
	{ "GET",				T("GET / HTTP/1.1"), SNIFF_HTTP },
	{ "the shortest that can be HTTP",	T("G "), SNIFF_HTTP },
	{ "OPTIONS, with its eighth byte",	T("OPTIONS "), SNIFF_HTTP },
	{ "a method for HTTP to refuse",	T("BREW /"), SNIFF_HTTP },
	{ "the preface of HTTP/2, for HTTP to refuse",	T("PRI * HTTP/2.0"), SNIFF_HTTP },
	{ "eight letters",			T("PROPFIND /"), SNIFF_UNKNOWN },
	{ "a method in small letters",		T("get /"), SNIFF_UNKNOWN },
	{ "SSH",				T("SSH-2.0-"), SNIFF_UNKNOWN },
	{ "a blank first",			T(" GET /"), SNIFF_UNKNOWN },
	{ "an envelope",			T("\xf3\x01\x00"), SNIFF_NATIVE },
	{ "an envelope of another version",	T("\xf3\x07"), SNIFF_NATIVE },
	{ "a JSON line",			T("{\"op\":1}"), SNIFF_LINES },
	{ "a JSON array",			T("[1]"), SNIFF_UNKNOWN },
	{ "a mesh frame",			T("\0\0\0\x10{\"ty"), SNIFF_MESH },
	{ "a mesh frame with a blank first",	T("\0\0\0\x10 {\"ty"), SNIFF_MESH },
	{ "a mesh frame of 16 MiB",		T("\x01\0\0\0{"), SNIFF_MESH },
	{ "a mesh frame of one byte more",	T("\x01\0\0\x01{"), SNIFF_UNKNOWN },
	{ "a mesh frame of no object",		T("\0\0\0\x10["), SNIFF_UNKNOWN },
	{ "a mesh frame of one byte",		T("\0\0\0\x01{"), SNIFF_UNKNOWN },
	{ "four zeros",				T("\0\0\0\0"), SNIFF_UNKNOWN },
	{ "ones",				T("\x01\x01"), SNIFF_UNKNOWN },
	{ "0xff",				T("\xff\xff\xff\xff"), SNIFF_UNKNOWN },
	{ "SOCKS",				T("\x05\x01\x00"), SNIFF_UNKNOWN },
	{ "an empty line",			T("\r\nG"), SNIFF_UNKNOWN },
	{ "two of them",			T("\r\n\r\nG"), SNIFF_UNKNOWN },
	{ "PROXY, version 1",			T("PROXY TCP4 "), SNIFF_PROXY },
	{ "PROXY, version 2",			T("\r\n\r\n\0\r\nQUIT\n"), SNIFF_PROXY },
	{ "half of version 2",			T("\r\n\r\n"), SNIFF_MORE },
	{ "another method with P",		T("PROXYX /"), SNIFF_HTTP },
	{ "nothing",				T(""), SNIFF_MORE },
};

int
main(void)
{
	uint64_t seed = tap_seed();
	bool told = true, stays = true;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str first = cases[i].first;
		bool split = true;
		size_t n = 0;

		ok(sniff(first) == cases[i].is, "%s: %s", cases[i].what, sniffed_name(cases[i].is));
		while (n < first.n && sniff(str_head(first, n)) == SNIFF_MORE)
			n++;
		for (size_t j = n; j <= first.n; j++)
			split = split && sniff(str_head(first, j)) == cases[i].is;
		ok(split, "%s: the same however it is split", cases[i].what);
	}
	ok(sniff((struct str){ NULL, 0 }) == SNIFF_MORE, "no bytes at all");
	for (int i = 0; i < 50000; i++) {
		char first[9];
		enum sniffed was = SNIFF_MORE;

		for (size_t j = 0; j < sizeof first; j++)	/* often near what is known */
			first[j] = tap_rand(&seed) % 2 ? (char)tap_rand(&seed) :
			    "\x16\x03\0\x01{GET \xf3"[tap_rand(&seed) % 10];
		for (size_t n = 0; n <= sizeof first; n++) {
			enum sniffed now = sniff((struct str){ first, n });

			stays = stays && (was == SNIFF_MORE || now == was);
			was = now;
			told = told && (n < 8 || now != SNIFF_MORE);
		}
	}
	ok(told, "eight bytes always tell");
	ok(stays, "more bytes never change the answer");
	return done();
}
