/* wire-httpconnect.c - what a proxy is asked, and each kind of answer as a sentence for a person. */
#include "tap.h"
#include "wire/httpconnect.h"

#define OK "HTTP/1.1 200 Connection established\r\n"

static const struct {
	const char *what, *answer;
	bool login;
	enum parse is;
	int status;
	const char *why;
} cases[] = {
	{ "it lets through",		OK "\r\n", false, PARSE_OK, 0, "" },
	{ "HTTP/1.0",			"HTTP/1.0 200 OK\r\n\r\n", false, PARSE_OK, 0, "" },
	{ "another 2xx",		"HTTP/1.1 204 X\r\nVia: 1.1 gate\r\n\r\n", false, PARSE_OK, 0, "" },
	{ "a length that has no meaning", OK "Content-Length: 40\r\n\r\n", false, PARSE_OK, 0, "" },
	{ "nothing yet",		"", false, PARSE_MORE, 0, "" },
	{ "half a word",		"HTT", false, PARSE_MORE, 0, "" },
	{ "half a head",		OK "Via: 1.1 g", false, PARSE_MORE, 0, "" },
	{ "no login",			"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", false,
	    PARSE_BAD, 77, "wants user and password (status 407)" },
	{ "no login, and it does not say which", "HTTP/1.1 407 No\r\n\r\n", false, PARSE_BAD, 77, "wants user and password" },
	{ "a wrong login",		"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", true,
	    PARSE_BAD, 77, "does not accept user and password" },
	{ "a login that we have not",	"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n",
	    false, PARSE_BAD, 77, "wants another proof" },
	{ "one of several, a field each", "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nPROXY-AUTHENTICATE: basic\r\n\r\n",
	    false, PARSE_BAD, 77, "wants user and password" },
	{ "one of several, in a field",	"HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"y\", Basic realm=\"x\"\r\n\r\n",
	    false, PARSE_BAD, 77, "wants user and password" },
	{ "it forbids",			"HTTP/1.1 403 Filtered\r\n\r\n", true, PARSE_BAD, 77, "does not let us through (status 403)" },
	{ "it cannot",			"HTTP/1.1 502 Bad Gateway\r\n\r\n", false, PARSE_BAD, 69, "cannot get there (status 502)" },
	{ "it is too slow",		"HTTP/1.1 504 Timeout\r\n\r\n", false, PARSE_BAD, 69, "cannot get there (status 504)" },
	{ "no proxy",			"HTTP/1.1 405 Not Allowed\r\nAllow: GET\r\n\r\n", false, PARSE_BAD, 77, "refuses CONNECT with status 405" },
	{ "it sends us on",		"HTTP/1.1 302 F\r\nLocation: http://portal/\r\n\r\n", false, PARSE_BAD, 77, "status 302" },
	{ "an interim answer",		"HTTP/1.1 100 Continue\r\n\r\n", false, PARSE_BAD, 77, "status 100" },
	{ "something else",		"SSH-2.0-x\r\n", false, PARSE_BAD, 76, "does not answer like an HTTP proxy" },
	{ "something else, at once",	"S", false, PARSE_BAD, 76, "does not answer like" },
	{ "HTTP/2",			"HTTP/2 200\r\n\r\n", false, PARSE_BAD, 76, "does not answer like" },
	{ "a bare LF",			"HTTP/1.1 200 OK\n\n", false, PARSE_BAD, 76, "without CR LF" },
	{ "no status",			"HTTP/1.1 yes\r\n\r\n", false, PARSE_BAD, 76, "not a number" },
};

static void
test_request(void)
{
	uint8_t room[200];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	is_int(httpconnect_request(&b, STR("hub.example.net:7342"), STR("")), 0, "a request");
	ok(str_is(buf_view(&b), "CONNECT hub.example.net:7342 HTTP/1.1\r\nHost: hub.example.net:7342\r\n\r\n"), "as RFC 9110 has it");
	b.tail = 0;
	is_int(httpconnect_request(&b, STR("[2001:db8::1]:80"), STR("Aladdin:open sesame")), 0, "a request with a login");
	ok(str_ends(buf_view(&b), STR("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n")), "as RFC 7617 has it");
	b.tail = 0;
	b.max = b.cap = 100;
	is_int(httpconnect_request(&b, STR("hub.example.net:7342"), STR("Aladdin:open sesame")), -1, "no room");
}

static void
test_long(void)
{
	static char text[HTTP_HEAD_MAX + 100];
	struct err why = { .status = 0 };
	size_t used, n = (size_t)snprintf(text, sizeof text, OK "X: ");

	memset(text + n, 'x', sizeof text - n);
	is_int(httpconnect_answer((struct str){ text, HTTP_HEAD_MAX - 1 }, false, &used, &why), PARSE_MORE, "a long head is waited for");
	is_int(httpconnect_answer((struct str){ text, HTTP_HEAD_MAX }, false, &used, &why), PARSE_BAD, "an endless one is not");
	ok(strstr(why.text, "over 16384 bytes") != NULL, "and it says so: %s", why.text);
}

int
main(void)
{
	struct err why;
	size_t used;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str in = str(cases[i].answer);

		why = (struct err){ .text = "" };
		used = 0;
		ok(httpconnect_answer(in, cases[i].login, &used, &why) == cases[i].is, "%s", cases[i].what);
		if (cases[i].is == PARSE_BAD)
			ok(why.status == cases[i].status && strstr(why.text, cases[i].why), "... %d: %s", why.status, why.text);
		else if (cases[i].is == PARSE_OK)
			is_int(used, in.n, "... all of it is used");
	}
	is_int(httpconnect_answer(STR(OK "\r\n{\"type\""), false, &used, &why), PARSE_OK, "what comes behind it");
	is_int(used, sizeof OK + 1, "is not used");
	test_request();
	test_long();
	return done();
}
