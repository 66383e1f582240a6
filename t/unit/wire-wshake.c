/* wire-wshake.c - good handshakes fit together; each bad one gets its status. */
#include "tap.h"
#include "wire/wshake.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UP "Upgrade: websocket\r\n"
#define CONN "Connection: Upgrade\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define HEAD "GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"

static const struct { const char *what, *head; } good[] = {
	{ "the one of RFC 6455 section 1.3", HEAD UP CONN KEY "Origin: http://example.com\r\n"
	    "Sec-WebSocket-Protocol: chat, superchat\r\n" V13 },
	{ "no subprotocol",		HEAD UP CONN KEY V13 },
	{ "keep-alive beside Upgrade",	HEAD UP "Connection: keep-alive, Upgrade\r\n" KEY V13 },
	{ "two Connection fields",	HEAD UP "Connection: keep-alive\r\n" CONN KEY V13 },
	{ "other cases",		HEAD "UPGRADE: WebSocket\r\nconnection: UPGRADE\r\n" KEY V13 },
	{ "an extension that we ignore",	HEAD UP CONN KEY V13 "Sec-WebSocket-Extensions: permessage-deflate\r\n" },
	{ "an empty body",		HEAD UP CONN KEY V13 "Content-Length: 0\r\n" },
	{ "an absolute target",		"GET http://server.example.com/chat HTTP/1.1\r\n"
	    "Host: server.example.com\r\n" UP CONN KEY V13 },
};

static const struct { const char *what, *head; unsigned status; } bad[] = {
	{ "POST",			"POST /chat HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13, 405 },
	{ "HEAD",			"HEAD /chat HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13, 405 },
	{ "get in small letters",	"get /chat HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13, 405 },
	{ "CONNECT",			"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13, 405 },
	{ "HTTP/1.0",			"GET /chat HTTP/1.0\r\nHost: h\r\n" UP CONN KEY V13, 400 },
	{ "an empty Host",		"GET /chat HTTP/1.1\r\nHost:\r\n" UP CONN KEY V13, 400 },
	{ "a body",			HEAD UP CONN KEY V13 "Content-Length: 4\r\n", 400 },
	{ "a chunked body",		HEAD UP CONN KEY V13 "Transfer-Encoding: chunked\r\n", 400 },
	{ "no Upgrade",			HEAD CONN KEY V13, 426 },
	{ "an empty Upgrade",		HEAD "Upgrade:\r\n" CONN KEY V13, 426 },
	{ "Upgrade to something else",	HEAD "Upgrade: h2c\r\n" CONN KEY V13, 426 },
	{ "Upgrade to something longer",	HEAD "Upgrade: websockets\r\n" CONN KEY V13, 426 },
	{ "no Connection",		HEAD UP KEY V13, 400 },
	{ "Connection: close",		HEAD UP "Connection: close\r\n" KEY V13, 400 },
	{ "Connection: keep-alive",	HEAD UP "Connection: keep-alive\r\n" KEY V13, 400 },
	{ "Connection: Upgrades",	HEAD UP "Connection: Upgrades\r\n" KEY V13, 400 },
	{ "no version",			HEAD UP CONN KEY, 400 },
	{ "two versions",		HEAD UP CONN KEY V13 V13, 400 },
	{ "an empty version",		HEAD UP CONN KEY "Sec-WebSocket-Version:\r\n", 426 },
	{ "version 8",			HEAD UP CONN KEY "Sec-WebSocket-Version: 8\r\n", 426 },
	{ "version 013",		HEAD UP CONN KEY "Sec-WebSocket-Version: 013\r\n", 426 },
	{ "a list of versions",		HEAD UP CONN KEY "Sec-WebSocket-Version: 13, 8\r\n", 426 },
	{ "no key",			HEAD UP CONN V13, 400 },
	{ "two keys",			HEAD UP CONN KEY KEY V13, 400 },
	{ "an empty key",		HEAD UP CONN "Sec-WebSocket-Key:\r\n" V13, 400 },
	{ "a key of 15 bytes",		HEAD UP CONN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" V13, 400 },
	{ "a key of 17 bytes",		HEAD UP CONN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWE=\r\n" V13, 400 },
	{ "a key without padding",	HEAD UP CONN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n" V13, 400 },
	{ "a key with stray bits",	HEAD UP CONN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n" V13, 400 },
	{ "a key that is not base64",	HEAD UP CONN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n" V13, 400 },
	{ "an empty list of protocols",	HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol:\r\n", 400 },
	{ "an empty protocol",		HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol: a,,b\r\n", 400 },
	{ "a comma at the end",		HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol: a,\r\n", 400 },
	{ "a protocol with a blank",	HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol: a b\r\n", 400 },
	{ "a protocol with a slash",	HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol: a/b\r\n", 400 },
	{ "a protocol twice",		HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol: a, b, a\r\n", 400 },
	{ "two lists of protocols",	HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n", 400 },
	{ "33 protocols",		HEAD UP CONN KEY V13 "Sec-WebSocket-Protocol: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,"
	    "15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33\r\n", 400 },
	{ "a fragment",			"GET /chat#x HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13, 400 },
	{ "an asterisk",		"GET * HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13, 400 },
	{ "a target of another scheme",	"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13, 400 },
};

static struct http_head head;
static struct wshake_ask ask;
static const char *why;

static bool
request(const char *lines)	/* and the empty line that ends them */
{
	static char text[4096];
	size_t used;

	snprintf(text, sizeof text, "%s\r\n", lines);
	return http_request_parse(str(text), &head, &used, &why) == PARSE_OK;
}

static bool
response(const char *lines)
{
	static char text[4096];
	size_t used;

	snprintf(text, sizeof text, "%s\r\n", lines);
	return http_response_parse(str(text), &head, &used, &why) == PARSE_OK;
}

static void
test_requests(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ok(request(good[i].head) && wshake_is_upgrade(&head), "a head: %s", good[i].what);
		is_int(wshake_check(&head, &ask, &why), 0, "and a good request");
		is_str(ask.key, "dGhlIHNhbXBsZSBub25jZQ==", "with the key");
		is_str(ask.path, "/chat", "the path");
		is_str(ask.host, "server.example.com", "and the host");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		unsigned status;

		ok(request(bad[i].head), "a head: %s", bad[i].what);
		why = NULL;
		status = wshake_check(&head, &ask, &why);
		ok(status == bad[i].status && why, "%u for it", bad[i].status);
		if (status != bad[i].status)
			printf("#   got %u: %s\n", status, why ? why : "no reason");
	}
	request(HEAD);
	ok(!wshake_is_upgrade(&head), "a plain GET asks for no upgrade");
	request(HEAD "Upgrade: h2c\r\n" CONN);
	ok(!wshake_is_upgrade(&head), "nor does one for another protocol");
	request(HEAD KEY);
	ok(wshake_is_upgrade(&head), "a key without Upgrade does, so that it is told what is wrong");
	request("GET http://h HTTP/1.1\r\nHost: h\r\n" UP CONN KEY V13);
	ok(wshake_check(&head, &ask, &why) == 0 && str_is(ask.path, "/"), "no path in a URI is /");
	request(good[0].head);
	wshake_check(&head, &ask, &why);
	ok(wshake_offers(ask.protocols, "chat") && wshake_offers(ask.protocols, "superchat"), "both are offered");
	ok(!wshake_offers(ask.protocols, "super") && !wshake_offers(ask.protocols, "Chat") &&
	    !wshake_offers(ask.protocols, "chat, superchat") && !wshake_offers(ask.protocols, "") &&
	    !wshake_offers((struct str){ NULL, 0 }, "chat"), "others are not");
}

#define ANSWER "HTTP/1.1 101 Switching Protocols\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static const struct { const char *what, *head, *protocol; bool fits; } answers[] = {
	{ "the one of the RFC",		ANSWER UP CONN ACCEPT, NULL, true },
	{ "other cases",		ANSWER "upgrade: WebSocket\r\nconnection: upgrade\r\n" ACCEPT, NULL, true },
	{ "our protocol",		ANSWER UP CONN ACCEPT "Sec-WebSocket-Protocol: fedx.v1\r\n", "fedx.v1", true },
	{ "200",			"HTTP/1.1 200 OK\r\n" UP CONN ACCEPT, NULL, false },
	{ "401",			"HTTP/1.1 401 No\r\n", NULL, false },
	{ "no Upgrade",			ANSWER CONN ACCEPT, NULL, false },
	{ "another Upgrade",		ANSWER "Upgrade: h2c\r\n" CONN ACCEPT, NULL, false },
	{ "no Connection",		ANSWER UP ACCEPT, NULL, false },
	{ "no Accept",			ANSWER UP CONN, NULL, false },
	{ "two Accepts",		ANSWER UP CONN ACCEPT ACCEPT, NULL, false },
	{ "an Accept in other letters",	ANSWER UP CONN "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", NULL, false },
	{ "our key as Accept",		ANSWER UP CONN "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n", NULL, false },
	{ "an extension",		ANSWER UP CONN ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n", NULL, false },
	{ "a protocol, not asked",	ANSWER UP CONN ACCEPT "Sec-WebSocket-Protocol: x\r\n", NULL, false },
	{ "no protocol, though asked",	ANSWER UP CONN ACCEPT, "fedx.v1", false },
	{ "another protocol",		ANSWER UP CONN ACCEPT "Sec-WebSocket-Protocol: x\r\n", "fedx.v1", false },
	{ "our protocol in other letters",	ANSWER UP CONN ACCEPT "Sec-WebSocket-Protocol: FEDX.v1\r\n", "fedx.v1", false },
	{ "our protocol twice",		ANSWER UP CONN ACCEPT "Sec-WebSocket-Protocol: fedx.v1\r\n"
	    "Sec-WebSocket-Protocol: fedx.v1\r\n", "fedx.v1", false },
};

static void
test_answers(void)
{
	static const uint8_t nonce[16] = "the sample nonce";
	struct buf b;

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		ok(response(answers[i].head), "a head: %s", answers[i].what);
		why = NULL;
		ok(wshake_verify(&head, nonce, answers[i].protocol, &why) == (answers[i].fits ? 0 : -1) &&
		    !why == answers[i].fits, "%s", answers[i].fits ? "fits" : "does not fit, and it says why");
	}
	buf_init(&b, 1024);
	wshake_accept(&b, STR("dGhlIHNhbXBsZSBub25jZQ=="), NULL);
	is_str(buf_view(&b), ANSWER UP CONN ACCEPT "\r\n", "the answer of RFC 6455 section 1.3");
	buf_eat(&b, buf_len(&b));
	wshake_accept(&b, STR("dGhlIHNhbXBsZSBub25jZQ=="), "chat");
	is_str(buf_view(&b), ANSWER UP CONN ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n", "with a protocol");
	buf_eat(&b, buf_len(&b));
	ok(wshake_accept(&b, STR("short"), NULL) == -1 && buf_len(&b) == 0, "no answer to what is no key");
	ok(wshake_request(&b, STR("h\r\nEvil: 1"), STR("/"), NULL, nonce) == -1 &&
	    wshake_request(&b, STR("h"), STR("/ HTTP/1.1\r\nEvil: 1"), NULL, nonce) == -1 &&
	    buf_len(&b) == 0, "no field can be smuggled into a request");
	buf_free(&b);
	buf_init(&b, 64);
	ok(wshake_request(&b, STR("h"), STR("/"), NULL, nonce) == -1 && buf_len(&b) == 0 &&
	    wshake_accept(&b, STR("dGhlIHNhbXBsZSBub25jZQ=="), NULL) == -1 && buf_len(&b) == 0,
	    "a full buffer is left alone");
	buf_free(&b);
}

static void
test_both_sides(uint64_t *seed)
{
	struct buf b, c;
	bool fit = true, other = true;

	buf_init(&b, 4096);
	buf_init(&c, 4096);
	for (int i = 0; i < 500; i++) {
		const char *protocol = i % 2 ? "fedx.lines" : NULL;
		uint8_t nonce[16];
		size_t used;

		for (size_t j = 0; j < sizeof nonce; j++)
			nonce[j] = (uint8_t)tap_rand(seed);
		buf_eat(&b, buf_len(&b));
		buf_eat(&c, buf_len(&c));
		fit = fit && wshake_request(&b, STR("[::1]:80"), i % 3 ? STR("/a?b=c") : STR(""), protocol, nonce) == 0 &&
		    http_request_parse(buf_view(&b), &head, &used, &why) == PARSE_OK && used == buf_len(&b) &&
		    wshake_check(&head, &ask, &why) == 0 && str_is(ask.host, "[::1]:80") &&
		    str_is(ask.path, i % 3 ? "/a?b=c" : "/") &&
		    (!protocol || wshake_offers(ask.protocols, protocol)) &&
		    wshake_accept(&c, ask.key, protocol) == 0 &&
		    http_response_parse(buf_view(&c), &head, &used, &why) == PARSE_OK && used == buf_len(&c) &&
		    wshake_verify(&head, nonce, protocol, &why) == 0;
		nonce[tap_rand(seed) % 16] ^= 1;
		other = other && wshake_verify(&head, nonce, protocol, &why) == -1;
	}
	ok(fit, "500 random requests, answers and verdicts agree");
	ok(other, "and no answer fits another key");
	buf_free(&b);
	buf_free(&c);
}

static void
is_sha1(struct str in, const char *hex, const char *what)
{
	uint8_t got[20], want[20];

	sha1(in, got);
	ok(str_hex(str(hex), want, 20) == 0 && memcmp(got, want, 20) == 0, "%s", what);
}

static void
test_sha1(void)
{
	static char a[1000];

	memset(a, 'a', sizeof a);
	is_sha1(STR(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709", "SHA-1 of nothing");
	is_sha1(STR("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d", "SHA-1 of abc");
	is_sha1(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
	    "84983e441c3bd26ebaae4aa1f95129e5e54670f1", "SHA-1 of 56 bytes");
	is_sha1((struct str){ a, 55 }, "c1c8bbdc22796e28c0e15163d20899b65621d65a", "SHA-1 of 55 bytes");
	is_sha1((struct str){ a, 64 }, "0098ba824b5c16427bd7a1122a5a442a25ec644d", "SHA-1 of 64 bytes");
	is_sha1((struct str){ a, 1000 }, "291e9a6c66994949b57ba5e650361e98fc36b1ba", "SHA-1 of 1000 bytes");
}

int
main(void)
{
	uint64_t seed = tap_seed();

	test_requests();
	test_answers();
	test_both_sides(&seed);
	test_sha1();
	return done();
}
