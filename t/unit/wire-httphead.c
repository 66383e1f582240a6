/* wire-httphead.c - one reading of an HTTP head, or none; the same however it is split. */
#include "tap.h"
#include "base/buf.h"
#include "wire/httphead.h"

#define T(literal) { (literal), sizeof(literal) - 1 }
#define GET "GET / HTTP/1.1\r\nHost: h\r\n"

static const struct { const char *what; struct str head; } taken[] = {
	{ "the smallest of 1.1",	T("GET / HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "the smallest of 1.0",	T("GET / HTTP/1.0\r\n\r\n") },
	{ "a later 1.x",		T("GET / HTTP/1.9\r\nHost: h\r\n\r\n") },
	{ "one empty line before",	T("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "an absolute target",		T("GET http://h/x?y=%20 HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "an asterisk",		T("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "an authority",		T("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n") },
	{ "a method of our own",	T("X-!#$%&'*+.^_`|~9 / HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "an empty Host",		T("GET / HTTP/1.1\r\nHost:\r\n\r\n") },
	{ "an IPv6 Host",		T("GET / HTTP/1.1\r\nHost: [::1]:7342\r\n\r\n") },
	{ "a field without blank",	T(GET "A:b\r\n\r\n") },
	{ "an empty field",		T(GET "A:\r\nB: \t \r\n\r\n") },
	{ "colons in a value",		T(GET "A: b:c:d\r\n\r\n") },
	{ "a tab and Latin-1 in a value",	T(GET "A: b\tc\xe9\r\n\r\n") },
	{ "the same length twice",	T(GET "Content-Length: 7\r\nContent-Length: 7\r\n\r\n") },
	{ "a body behind",		T(GET "Content-Length: 4\r\n\r\nbody") },
	{ "a second request behind",	T(GET "\r\n" GET "\r\n") },
};

static const struct { const char *what; struct str head; const char *why; } refused[] = {
	{ "bare LF",			T("GET / HTTP/1.1\nHost: h\n\n"), "CR LF" },
	{ "bare LF after the last field",	T(GET "\n"), "CR LF" },
	{ "bare LF in a value",		T(GET "A: b\nC: d\r\n\r\n"), "CR LF" },
	{ "bare CR in a value",		T(GET "A: b\rC: d\r\n\r\n"), "control" },
	{ "CR before CR LF",		T(GET "A: b\r\r\n\r\n"), "control" },
	{ "NUL in a value",		T(GET "A: b\0c\r\n\r\n"), "control" },
	{ "DEL in a value",		T(GET "A: b\x7f\r\n\r\n"), "control" },
	{ "an escape in a value",	T(GET "A: \x1b[2J\r\n\r\n"), "control" },
	{ "a blank before the colon",	T(GET "A : b\r\n\r\n"), "name" },
	{ "a tab before the colon",	T(GET "A\t: b\r\n\r\n"), "name" },
	{ "a blank in a name",		T(GET "A B: c\r\n\r\n"), "name" },
	{ "an empty name",		T(GET ": b\r\n\r\n"), "name" },
	{ "NUL in a name",		T(GET "A\0: b\r\n\r\n"), "name" },
	{ "a letter over 0x7f in a name",	T(GET "\xc3\xa9: b\r\n\r\n"), "name" },
	{ "no colon",			T(GET "Abc\r\n\r\n"), "colon" },
	{ "a folded field",		T(GET "A: b\r\n c\r\n\r\n"), "folded" },
	{ "a field folded by a tab",	T(GET "A: b\r\n\tc\r\n\r\n"), "folded" },
	{ "a first field after a blank",	T("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), "folded" },
	{ "two empty lines before",	T("\r\n\r\n" GET "\r\n"), "empty line" },
	{ "no version",			T("GET /\r\nHost: h\r\n\r\n"), "request line" },
	{ "a method alone",		T("GET\r\nHost: h\r\n\r\n"), "request line" },
	{ "no method",			T(" / HTTP/1.1\r\nHost: h\r\n\r\n"), "method" },
	{ "a method with a colon",	T("G:T / HTTP/1.1\r\nHost: h\r\n\r\n"), "method" },
	{ "two blanks after the method",	T("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), "target" },
	{ "two blanks before the version",	T("GET /  HTTP/1.1\r\nHost: h\r\n\r\n"), "version" },
	{ "a blank behind the version",	T("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), "version" },
	{ "a tab in the target",	T("GET /\tx HTTP/1.1\r\nHost: h\r\n\r\n"), "percent" },
	{ "a NUL in the target",	T("GET /\0x HTTP/1.1\r\nHost: h\r\n\r\n"), "percent" },
	{ "UTF-8 in the target",	T("GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n"), "percent" },
	{ "HTTP/2",			T("PRI * HTTP/2.0\r\n\r\n"), "version" },
	{ "HTTP/0.9",			T("GET / HTTP/0.9\r\n\r\n"), "version" },
	{ "HTTP/1.10",			T("GET / HTTP/1.10\r\nHost: h\r\n\r\n"), "version" },
	{ "http/1.1",			T("GET / http/1.1\r\nHost: h\r\n\r\n"), "version" },
	{ "no Host",			T("GET / HTTP/1.1\r\nA: b\r\n\r\n"), "Host" },
	{ "two Hosts",			T(GET "Host: h\r\n\r\n"), "Host" },
	{ "two hosts in one",		T("GET / HTTP/1.1\r\nHost: h, i\r\n\r\n"), "Host" },
	{ "a Host with a path",		T("GET / HTTP/1.1\r\nHost: h/x\r\n\r\n"), "Host" },
	{ "a Host with a user",		T("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"), "Host" },
	{ "two lengths",		T(GET "Content-Length: 7\r\nContent-Length: 8\r\n\r\n"), "two different" },
	{ "two lengths in one",		T(GET "Content-Length: 7, 7\r\n\r\n"), "number" },
	{ "an empty length",		T(GET "Content-Length:\r\n\r\n"), "number" },
	{ "a signed length",		T(GET "Content-Length: +7\r\n\r\n"), "number" },
	{ "a negative length",		T(GET "Content-Length: -7\r\n\r\n"), "number" },
	{ "a length in hexadecimal",	T(GET "Content-Length: 0x7\r\n\r\n"), "number" },
	{ "a length over 63 bits",	T(GET "Content-Length: 9223372036854775808\r\n\r\n"), "number" },
	{ "a length over 64 bits",	T(GET "Content-Length: 18446744073709551623\r\n\r\n"), "number" },
	{ "length and chunks",		T(GET "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n"), "both" },
	{ "chunks and length",		T(GET "Transfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n"), "both" },
	{ "an unknown coding",		T(GET "Transfer-Encoding: gzip\r\n\r\n"), "Transfer" },
	{ "two codings",		T(GET "Transfer-Encoding: gzip, chunked\r\n\r\n"), "Transfer" },
	{ "chunks twice",		T(GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), "Transfer" },
	{ "almost chunked",		T(GET "Transfer-Encoding: xchunked\r\n\r\n"), "Transfer" },
	{ "chunks in 1.0",		T("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), "1.0" },
	{ "a TLS record",		T("\x16\x03\x01\x02\x00\n"), "CR LF" },
};

static struct http_head head;
static const char *why;

static void
test_tables(void)
{
	size_t used;

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		ok(http_request_parse(taken[i].head, &head, &used, &why) == PARSE_OK,
		    "takes %s", taken[i].what);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		why = "";
		ok(http_request_parse(refused[i].head, &head, &used, &why) == PARSE_BAD &&
		    strstr(why, refused[i].why), "refuses %s", refused[i].what);
		if (!strstr(why, refused[i].why))
			printf("#   because %s\n", why);
	}
}

static void
test_fields(void)
{
	size_t used;
	struct str in = STR("POST /a?b HTTP/1.1\r\nhOST: example.net:81\r\nX-Y: \t two words \t\r\n"
	    "Connection: foo\r\nConnection:keep-alive , UPGRADE\r\nx-y: second\r\nContent-Length: 5\r\n\r\nbodyGET");

	ok(http_request_parse(in, &head, &used, &why) == PARSE_OK, "a request");
	is_int(used, in.n - 7, "used: up to its body");
	is_str(head.method, "POST", "its method");
	is_str(head.target, "/a?b", "its target");
	is_int(head.minor, 1, "its version");
	is_int(head.count, 6, "its fields");
	is_str(http_field(&head, "Host"), "example.net:81", "a field, whatever its case");
	is_str(http_field(&head, "X-Y"), "two words", "the first of a name, without blanks around");
	is_int(http_field_count(&head, "x-Y"), 2, "how often a name is there");
	ok(http_field(&head, "X").p == NULL, "a name that only begins like one is not there");
	ok(head.has_length && head.content_length == 5 && !head.chunked && !head.close, "its framing");
	ok(http_fields_have(&head, "connection", "upgrade"), "a word of the second field of a name");
	ok(!http_fields_have(&head, "connection", "up"), "no part of a word");
	ok(http_has_token(STR("a,b ,\tC"), "c") && http_has_token(STR("close"), "CLOSE") &&
	    !http_has_token(STR("a b"), "b") && !http_has_token(STR(""), "a"), "words of a list");

	http_request_parse(STR(GET "Transfer-Encoding: Chunked\r\n\r\n"), &head, &used, &why);
	ok(head.chunked && !head.has_length && head.content_length == 0, "chunks; nothing is left of the request before");
	http_request_parse(STR(GET "Connection: a, Close\r\n\r\n"), &head, &used, &why);
	ok(head.close, "Connection: close");
	http_request_parse(STR("GET / HTTP/1.0\r\n\r\n"), &head, &used, &why);
	ok(head.close, "1.0 closes");
	http_request_parse(STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), &head, &used, &why);
	ok(!head.close, "unless it keeps alive");
	is_int(http_request_parse(STR(GET "Connection: close, keep-alive\r\n\r\n"), &head, &used, &why),
	    PARSE_OK, "close and keep-alive");
	ok(head.close, "close wins");
}

static void
test_responses(void)
{
	size_t used;

	ok(http_response_parse(STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), &head,
	    &used, &why) == PARSE_OK && head.status == 101 && head.minor == 1, "a response");
	is_int(used, 48, "all of it");
	ok(http_response_parse(STR("HTTP/1.1 200 \r\n\r\n"), &head, &used, &why) == PARSE_OK, "an empty reason");
	ok(http_response_parse(STR("HTTP/1.1 200\r\n\r\n"), &head, &used, &why) == PARSE_OK, "no reason");
	ok(http_response_parse(STR("HTTP/1.0 503 No\r\n\r\n"), &head, &used, &why) == PARSE_OK &&
	    head.status == 503 && head.close, "one of 1.0, without Host");
	ok(http_response_parse(STR("HTTP/1.1 99 x\r\n\r\n"), &head, &used, &why) == PARSE_BAD &&
	    http_response_parse(STR("HTTP/1.1 099 x\r\n\r\n"), &head, &used, &why) == PARSE_BAD &&
	    http_response_parse(STR("HTTP/1.1 600 x\r\n\r\n"), &head, &used, &why) == PARSE_BAD &&
	    http_response_parse(STR("HTTP/1.1 1010 x\r\n\r\n"), &head, &used, &why) == PARSE_BAD &&
	    http_response_parse(STR("HTTP/1.1  200 x\r\n\r\n"), &head, &used, &why) == PARSE_BAD,
	    "no status");
	ok(http_response_parse(STR("HTTP/2.0 200 x\r\n\r\n"), &head, &used, &why) == PARSE_BAD &&
	    http_response_parse(STR("ICY 200 OK\r\n\r\n"), &head, &used, &why) == PARSE_BAD &&
	    http_response_parse(STR(GET "\r\n"), &head, &used, &why) == PARSE_BAD, "no HTTP/1 response");
	ok(http_response_parse(STR("HTTP/1.1 200 a\x1b" "b\r\n\r\n"), &head, &used, &why) == PARSE_BAD,
	    "a reason with an escape in it");
	ok(http_response_parse(STR("\r\n\r\n"), &head, &used, &why) == PARSE_BAD, "an empty head");
}

static void
fill_to(struct buf *b, size_t n)	/* one field, so that the head has n bytes */
{
	buf_eat(b, buf_len(b));
	buf_str(b, STR(GET "A: "));
	while (buf_len(b) < n - 4)
		buf_str(b, STR("x"));
	buf_str(b, STR("\r\n\r\n"));
}

static void
test_bounds(void)
{
	struct buf b;
	size_t used;

	buf_init(&b, 1 << 20);
	fill_to(&b, HTTP_HEAD_MAX);
	ok(http_request_parse(buf_view(&b), &head, &used, &why) == PARSE_OK && used == HTTP_HEAD_MAX,
	    "a head of 16384 bytes");
	fill_to(&b, HTTP_HEAD_MAX + 1);
	is_int(http_request_parse(buf_view(&b), &head, &used, &why), PARSE_BAD, "one byte more is refused");
	is_int(http_request_parse(str_head(buf_view(&b), HTTP_HEAD_MAX - 1), &head, &used, &why),
	    PARSE_MORE, "not before it is known");
	is_int(http_request_parse(str_head(buf_view(&b), HTTP_HEAD_MAX), &head, &used, &why),
	    PARSE_BAD, "and not only at its end");
	for (size_t n = HTTP_FIELDS_MAX; n <= HTTP_FIELDS_MAX + 1; n++) {
		buf_eat(&b, buf_len(&b));
		buf_str(&b, STR(GET));
		for (size_t i = 1; i < n; i++)
			buf_fmt(&b, "A%zu: b\r\n", i);
		buf_str(&b, STR("\r\n"));
		is_int(http_request_parse(buf_view(&b), &head, &used, &why),
		    n == HTTP_FIELDS_MAX ? PARSE_OK : PARSE_BAD, "64 fields, not 65");
	}
	buf_free(&b);
}

static void
test_splits(void)
{
	size_t used;
	bool more, bad_stays = true;

	is_int(http_request_parse((struct str){ NULL, 0 }, &head, &used, &why), PARSE_MORE, "nothing yet");
	is_int(http_response_parse((struct str){ NULL, 0 }, &head, &used, &why), PARSE_MORE, "nothing yet");
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		http_request_parse(taken[i].head, &head, &used, &why);
		more = true;
		for (size_t n = 0, end = used; n <= taken[i].head.n; n++) {
			char *copy = malloc(n + 1);	/* its end is watched by the sanitizer */

			memcpy(copy, taken[i].head.p, n);
			more = more && http_request_parse((struct str){ copy, n }, &head, &used, &why) ==
			    (n < end ? PARSE_MORE : PARSE_OK) && (n < end || used == end);
			free(copy);
		}
		ok(more, "%s: MORE at each byte until the last", taken[i].what);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		enum parse was = PARSE_MORE;

		for (size_t n = 0; n <= refused[i].head.n; n++) {
			enum parse now = http_request_parse(str_head(refused[i].head, n), &head, &used, &why);

			bad_stays = bad_stays && now != PARSE_OK && (was == PARSE_MORE || now == was);
			was = now;
		}
	}
	ok(bad_stays, "what is refused is never taken in part, and stays refused");
}

int
main(void)
{
	test_tables();
	test_fields();
	test_responses();
	test_bounds();
	test_splits();
	return done();
}
