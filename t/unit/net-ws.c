/* net-ws.c - WebSocket messages: what is delivered, what is answered, for every split. */
#include "net/ws.h"
#include "tap.h"

/* The conn that ws writes to: bytes in a buffer, as in conn.h. */
struct conn { struct buf out; };

uint8_t *
conn_room(struct conn *c, size_t n)
{
	return buf_room(&c->out, n);
}

void
conn_made(struct conn *c, size_t n)
{
	buf_made(&c->out, n);
}

enum { MAX = 1000, FIN = 0x80, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

struct session {
	struct conn conn;
	struct ws *ws;
	struct buf log;
	enum { ACT_NOTHING, ACT_FREE, ACT_CLOSE } act;	/* in message() */
};

static void
on_message(void *owner, bool text, struct str m)
{
	struct session *s = owner;

	if (m.n > 40)
		buf_fmt(&s->log, "%c(%zu) ", text ? 'T' : 'B', m.n);
	else
		buf_fmt(&s->log, "%c'%.*s' ", text ? 'T' : 'B', STR_FMT(m));
	if (s->act == ACT_CLOSE) {
		ws_close(s->ws, 1001, STR("bye"));
	} else if (s->act == ACT_FREE) {
		ws_free(s->ws);
		s->ws = NULL;
	}
}

static void
on_closed(void *owner, unsigned code, struct str reason)
{
	struct session *s = owner;

	(void)reason;
	buf_fmt(&s->log, "closed %u ", code);
	ws_free(s->ws);
	s->ws = NULL;
}

static const struct ws_owner owner = { on_message, on_closed };

static void
frame(struct buf *b, unsigned head, bool masked, struct str payload)
{
	static const uint8_t key[4] = { 0x37, 0xfa, 0x21, 0x3d };
	uint8_t h[4] = { (uint8_t)head, (uint8_t)(masked ? 0x80 : 0) };
	size_t n = 2;

	if (payload.n < 126) {
		h[1] |= (uint8_t)payload.n;
	} else {
		h[1] |= 126;
		h[2] = (uint8_t)(payload.n >> 8);
		h[3] = (uint8_t)payload.n;
		n = 4;
	}
	buf_put(b, h, n);
	if (masked)
		buf_put(b, key, 4);
	for (size_t i = 0; i < payload.n; i++) {
		uint8_t c = (uint8_t)payload.p[i] ^ (masked ? key[i % 4] : 0);

		buf_put(b, &c, 1);
	}
}

/* What went out, as text: our frames are short and whole. */
static void
read_output(struct session *s, bool masked, struct buf *to)
{
	struct str out = buf_view(&s->conn.out);

	while (out.n >= 2) {
		const uint8_t *p = (const uint8_t *)out.p;
		size_t n = p[1] & 0x7f, head = masked ? 6 : 2;
		char body[126];

		if (n >= 126 || out.n < head + n || (p[1] >> 7) != masked) {
			buf_fmt(to, "bad frame ");
			return;
		}
		for (size_t i = 0; i < n; i++)
			body[i] = (char)(p[head + i] ^ (masked ? p[2 + i % 4] : 0));
		if (p[0] == (FIN | CLOSE) && n == 0)
			buf_fmt(to, "close ");
		else if (p[0] == (FIN | CLOSE))
			buf_fmt(to, "close %d ", (uint8_t)body[0] << 8 | (uint8_t)body[1]);
		else
			buf_fmt(to, "%x'%.*s' ", p[0], (int)n, body);
		out = str_skip(out, head + n);
	}
}

/* Gives it in pieces of up to `chunk` bytes; the log is what came of it, then what was sent. */
static void
deliver(struct session *s, bool server, struct str in, size_t chunk, uint64_t *rand,
    struct buf *result)
{
	struct err e;

	s->ws = ws_open(&s->conn, server, MAX, &owner, s, &e);
	buf_init(&s->conn.out, 4096);
	buf_init(&s->log, 4096);
	while (s->ws && in.n) {
		size_t n = rand ? 1 + (size_t)tap_rand(rand) % chunk : chunk;

		if (n > in.n)
			n = in.n;
		if (ws_input(s->ws, str_head(in, n)) != n)
			buf_fmt(&s->log, "not consumed ");
		in = str_skip(in, n);
	}
	buf_str(result, buf_view(&s->log));
	buf_fmt(result, "> ");
	read_output(s, !server, result);
	ws_free(s->ws);
	buf_free(&s->log);
	buf_free(&s->conn.out);
}

#define F(head, text) { (head), { (text), sizeof(text) - 1 } }
static char long_text[MAX + 1], long_reason[130];
static const struct test {
	const char *what;
	struct { unsigned head; struct str payload; } frames[6];
	const char *want;
} tests[] = {
	{ "a text", { F(FIN | TEXT, "hello") }, "T'hello' > " },
	{ "an empty text", { F(FIN | TEXT, "") }, "T'' > " },
	{ "bytes", { F(FIN | BINARY, "\xff\x01") }, "B'\xff\x01' > " },
	{ "two messages", { F(FIN | TEXT, "a"), F(FIN | BINARY, "b") }, "T'a' B'b' > " },
	{ "three fragments", { F(TEXT, "he"), F(0, "l"), F(FIN, "lo") }, "T'hello' > " },
	{ "empty fragments", { F(TEXT, ""), F(0, ""), F(FIN, "") }, "T'' > " },
	{ "a character over two fragments", { F(TEXT, "\xe2\x82"), F(FIN, "\xac") },
	  "T'\xe2\x82\xac' > " },
	{ "a ping", { F(FIN | PING, "p") }, "> 8a'p' " },
	{ "a pong alone", { F(FIN | PONG, "p") }, "> " },
	{ "a ping between fragments", { F(TEXT, "a"), F(FIN | PING, "p"), F(FIN, "b") },
	  "T'ab' > 8a'p' " },
	{ "an orderly close", { F(FIN | CLOSE, "\x03\xe8" "bye") }, "closed 1000 > close 1000 " },
	{ "a close without code", { F(FIN | CLOSE, "") }, "closed 1005 > close " },
	{ "a close of one octet", { F(FIN | CLOSE, "\x03") }, "closed 1002 > close 1002 " },
	{ "a close inside a message", { F(TEXT, "a"), F(FIN | CLOSE, "\x03\xe9") },
	  "closed 1001 > close 1001 " },
	{ "code 999", { F(FIN | CLOSE, "\x03\xe7") }, "closed 1002 > close 1002 " },
	{ "code 1004", { F(FIN | CLOSE, "\x03\xec") }, "closed 1002 > close 1002 " },
	{ "code 1005", { F(FIN | CLOSE, "\x03\xed") }, "closed 1002 > close 1002 " },
	{ "code 1006", { F(FIN | CLOSE, "\x03\xee") }, "closed 1002 > close 1002 " },
	{ "code 1015", { F(FIN | CLOSE, "\x03\xf7") }, "closed 1002 > close 1002 " },
	{ "code 1100", { F(FIN | CLOSE, "\x04\x4c") }, "closed 1002 > close 1002 " },
	{ "code 2999", { F(FIN | CLOSE, "\x0b\xb7") }, "closed 1002 > close 1002 " },
	{ "code 3000", { F(FIN | CLOSE, "\x0b\xb8") }, "closed 3000 > close 3000 " },
	{ "code 4999", { F(FIN | CLOSE, "\x13\x87") }, "closed 4999 > close 4999 " },
	{ "code 5000", { F(FIN | CLOSE, "\x13\x88") }, "closed 1002 > close 1002 " },
	{ "a reason that is not UTF-8", { F(FIN | CLOSE, "\x03\xe8" "a\xff") },
	  "closed 1007 > close 1007 " },
	{ "a reason cut in a character", { F(FIN | CLOSE, "\x03\xe8" "a\xe2\x82") },
	  "closed 1007 > close 1007 " },
	{ "a reserved bit", { F(FIN | 0x40 | TEXT, "a") }, "closed 1002 > close 1002 " },
	{ "opcode 3", { F(FIN | 3, "a") }, "closed 1002 > close 1002 " },
	{ "opcode 11", { F(FIN | 11, "a") }, "closed 1002 > close 1002 " },
	{ "a fragmented ping", { F(PING, "a") }, "closed 1002 > close 1002 " },
	{ "a continuation of nothing", { F(FIN, "a") }, "closed 1002 > close 1002 " },
	{ "a message inside another", { F(TEXT, "a"), F(FIN | TEXT, "b") },
	  "closed 1002 > close 1002 " },
	{ "a continuation behind the end", { F(TEXT, "a"), F(FIN, "b"), F(FIN, "c") },
	  "T'ab' closed 1002 > close 1002 " },
	{ "a lone continuation byte", { F(FIN | TEXT, "a\x80") }, "closed 1007 > close 1007 " },
	{ "an overlong slash", { F(FIN | TEXT, "\xc0\xaf") }, "closed 1007 > close 1007 " },
	{ "an overlong three", { F(FIN | TEXT, "\xe0\x9f\xbf") }, "closed 1007 > close 1007 " },
	{ "an overlong four", { F(FIN | TEXT, "\xf0\x8f\xbf\xbf") }, "closed 1007 > close 1007 " },
	{ "a surrogate", { F(FIN | TEXT, "\xed\xa0\x80") }, "closed 1007 > close 1007 " },
	{ "over U+10FFFF", { F(FIN | TEXT, "\xf4\x90\x80\x80") }, "closed 1007 > close 1007 " },
	{ "U+10FFFF", { F(FIN | TEXT, "\xf4\x8f\xbf\xbf") }, "T'\xf4\x8f\xbf\xbf' > " },
	{ "a character cut by the end", { F(FIN | TEXT, "\xe2\x82") }, "closed 1007 > close 1007 " },
	{ "bad text is told before its end", { F(TEXT, "\xff") }, "closed 1007 > close 1007 " },
	{ "the longest message", { { FIN | BINARY, { long_text, MAX } } }, "B(1000) > " },
	{ "one byte more", { { FIN | BINARY, { long_text, MAX + 1 } } },
	  "closed 1009 > close 1009 " },
	{ "one byte more in fragments",
	  { { BINARY, { long_text, MAX } }, { FIN, { long_text, 1 } } },
	  "closed 1009 > close 1009 " },
	{ "a message after the close", { F(FIN | CLOSE, ""), F(FIN | TEXT, "a") },
	  "closed 1005 > close " },
};

static void
every_split(bool server, uint64_t *rand)
{
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		const struct test *t = &tests[i];
		struct buf in, got;
		bool same = true;

		buf_init(&in, 1 << 16);
		buf_init(&got, 1 << 12);
		for (size_t f = 0; f < 6 && t->frames[f].payload.p; f++)
			frame(&in, t->frames[f].head, server, t->frames[f].payload);
		for (int split = 0; split < 8 && same; split++) {
			struct session s = { .act = ACT_NOTHING };

			buf_eat(&got, buf_len(&got));
			deliver(&s, server, buf_view(&in), split == 0 ? 1 << 16 : split == 1 ? 1 : 40,
			    split > 1 ? rand : NULL, &got);
			same = str_is(buf_view(&got), t->want);
		}
		ok(same, "%s, at a %s", t->what, server ? "server" : "client");
		if (!same)
			printf("#   got \"%.*s\"\n", STR_FMT(buf_view(&got)));
		buf_free(&in);
		buf_free(&got);
	}
}

static void
raw(const char *what, bool server, struct str in, const char *want)
{
	struct session s = { .act = ACT_NOTHING };
	struct buf got;

	buf_init(&got, 4096);
	deliver(&s, server, in, 1, NULL, &got);
	is_str(buf_view(&got), want, what);
	buf_free(&got);
}

static void
ping_flood(void)
{
	struct session s = { .act = ACT_NOTHING };
	struct buf in, got;
	char text[16];

	buf_init(&in, 1 << 20);
	buf_init(&got, 4096);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%d", i);
		frame(&in, FIN | PING, true, str(text));
	}
	deliver(&s, true, buf_view(&in), 1 << 20, NULL, &got);
	is_str(buf_view(&got), "> 8a'4999' ", "of many pings at once the newest is answered");
	buf_free(&in);
	buf_free(&got);
}

static void
inside_callbacks(void)
{
	static const struct { const char *what, *want; int act; } cases[] = {
		{ "freed in message(), nothing follows", "T'a' > ", ACT_FREE },
		{ "closed in message(), nothing is delivered, the answer is told",
		  "T'a' closed 1000 > close 1001 ", ACT_CLOSE },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct session s = { .act = ACT_NOTHING };
		struct buf in, got;

		s.act = cases[i].act == ACT_FREE ? ACT_FREE : ACT_CLOSE;
		buf_init(&in, 4096);
		buf_init(&got, 4096);
		frame(&in, FIN | PING, true, STR("p"));
		frame(&in, FIN | TEXT, true, STR("a"));
		frame(&in, FIN | TEXT, true, STR("b"));
		frame(&in, FIN | CLOSE, true, STR("\x03\xe8"));
		deliver(&s, true, buf_view(&in), 4096, NULL, &got);
		is_str(buf_view(&got), cases[i].want, cases[i].what);
		buf_free(&in);
		buf_free(&got);
	}
}

/* What one end sends is what the other end gets. */
static void
round_trip(bool server, uint64_t *rand)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 127, 4096, 65535, 65536, 200000 };
	static char text[200000];
	struct session from = { .act = ACT_NOTHING }, to = { .act = ACT_NOTHING };
	struct err e;
	bool good = true;

	memset(text, 'x', sizeof text);
	buf_init(&from.conn.out, 1 << 20);
	buf_init(&to.conn.out, 4096);
	buf_init(&to.log, 4096);
	from.ws = ws_open(&from.conn, server, MAX, &owner, &from, &e);
	to.ws = ws_open(&to.conn, !server, sizeof text, &owner, &to, &e);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes && good; i++) {
		char want[64];
		struct str out;

		good = ws_send(from.ws, false, (struct str){ text, sizes[i] }) == 0;
		for (out = buf_view(&from.conn.out); out.n;) {
			size_t n = 1 + (size_t)tap_rand(rand) % 9000;

			n = n < out.n ? n : out.n;
			ws_input(to.ws, str_head(out, n));
			out = str_skip(out, n);
		}
		buf_eat(&from.conn.out, buf_len(&from.conn.out));
		if (sizes[i] > 40)
			snprintf(want, sizeof want, "B(%zu) ", sizes[i]);
		else
			snprintf(want, sizeof want, "B'%.*s' ", (int)sizes[i], text);
		good = good && str_is(buf_view(&to.log), want);
		buf_eat(&to.log, buf_len(&to.log));
	}
	ok(good, "every form of length, from the %s", server ? "server" : "client");
	from.conn.out.max = 100;
	ok(ws_send(from.ws, false, (struct str){ text, 200 }) == -1
	    && buf_len(&from.conn.out) == 0, "a full conn is told, and gets no half frame");
	ok(ws_ping(from.ws) == 0 && buf_len(&from.conn.out) == (server ? 2u : 6u), "a ping");
	ws_close(from.ws, 1000, STR("done"));
	ws_close(from.ws, 1001, STR("twice"));
	ok(buf_len(&from.conn.out) == (server ? 2u + 8 : 6u + 12), "one Close");
	is_int(ws_send(from.ws, true, STR("late")), -1, "nothing behind a Close");
	ws_free(from.ws);
	ws_free(to.ws);
	buf_free(&from.conn.out);
	buf_free(&to.conn.out);
	buf_free(&to.log);
}

/* The reason of a Close is UTF-8 (RFC 6455 5.5.1): no character is cut, nor one that is whole. */
static void
reasons(void)
{
	static const struct { const char *what, *said; size_t n; } cases[] = {
		{ "a reason that ends in a long character is whole", "fin \xe2\x82\xac", 7 },
		{ "one that is too long ends before the character that has no room", long_reason, 122 },
	};

	memset(long_reason, 'x', 122);
	memcpy(long_reason + 122, "\xe2\x82\xac", 4);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct session s = { .act = ACT_NOTHING };
		struct err e;

		buf_init(&s.conn.out, 4096);
		s.ws = ws_open(&s.conn, true, MAX, &owner, &s, &e);
		ws_close(s.ws, 1000, str(cases[i].said));
		ok(str_eq(str_skip(buf_view(&s.conn.out), 4), str_head(str(cases[i].said), cases[i].n)), "%s",
		    cases[i].what);
		ws_free(s.ws);
		buf_free(&s.conn.out);
	}
}

int
main(void)
{
	uint64_t rand = tap_seed();

	memset(long_text, 'x', sizeof long_text);
	every_split(true, &rand);
	every_split(false, &rand);
	raw("an unmasked frame at a server", true, STR("\x81\x01" "a"), "closed 1002 > close 1002 ");
	raw("a masked frame at a client", false, STR("\x81\x81" "1111a"),
	    "closed 1002 > close 1002 ");
	raw("a ping of 126 bytes", false, STR("\x89\x7e"), "closed 1002 > close 1002 ");
	raw("a length of 2^63", false, STR("\x82\x7f\x80\0\0\0\0\0\0\0x"),
	    "closed 1002 > close 1002 ");
	raw("a length of 2^40 is not waited for", false, STR("\x82\x7f\0\0\1\0\0\0\0\0x"),
	    "closed 1009 > close 1009 ");
	raw("half a frame", false, STR("\x82\x03" "ab"), "> ");
	ping_flood();
	reasons();
	inside_callbacks();
	round_trip(true, &rand);
	round_trip(false, &rand);
	return done();
}
