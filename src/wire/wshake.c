/* wshake.c - from a GET to a WebSocket, both sides, and the SHA-1 that this takes. */
#include "wire/base64.h"
#include "wire/wshake.h"

enum { KEY_TEXT = 24, ACCEPT_TEXT = 28 };	/* base64 of 16 and of 20 bytes */

static uint32_t
rol(uint32_t v, unsigned by)
{
	return v << by | v >> (32 - by);
}

static void
sha1_block(uint32_t h[5], const uint8_t *p)	/* FIPS 180-4 section 6.1.2 */
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f, next;

	for (size_t i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (size_t i = 16; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (size_t i = 0; i < 80; i++) {
		if (i < 20)
			f = ((b & c) | (~b & d)) + 0x5a827999u;
		else if (i < 40)
			f = (b ^ c ^ d) + 0x6ed9eba1u;
		else if (i < 60)
			f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
		else
			f = (b ^ c ^ d) + 0xca62c1d6u;
		next = rol(a, 5) + f + e + w[i];
		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void
sha1(struct str in, uint8_t out[20])
{
	uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u };
	uint64_t bits = (uint64_t)in.n * 8;
	uint8_t last[128] = { 0 };
	size_t size;

	for (; in.n >= 64; in = str_skip(in, 64))
		sha1_block(h, (const uint8_t *)in.p);
	if (in.n)
		memcpy(last, in.p, in.n);
	last[in.n] = 0x80;
	size = in.n < 56 ? 64 : 128;
	for (size_t i = 0; i < 8; i++)
		last[size - 1 - i] = (uint8_t)(bits >> 8 * i);
	for (size_t at = 0; at < size; at += 64)
		sha1_block(h, last + at);
	for (size_t i = 0; i < 20; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* The bufs below stand on arrays that are large enough: nothing is allocated. */

/* Sec-WebSocket-Accept for a key of KEY_TEXT characters. */
static void
accept_text(const char *key, char to[ACCEPT_TEXT])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[KEY_TEXT + sizeof guid - 1];
	uint8_t hash[20], room[64];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	memcpy(text, key, KEY_TEXT);
	memcpy(text + KEY_TEXT, guid, sizeof guid - 1);
	sha1((struct str){ text, sizeof text }, hash);
	base64_put(&b, (struct str){ (const char *)hash, sizeof hash });
	memcpy(to, room, ACCEPT_TEXT);
}

static void
key_text(const uint8_t nonce[16], char to[KEY_TEXT])
{
	uint8_t room[KEY_TEXT];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	base64_put(&b, (struct str){ (const char *)nonce, 16 });
	memcpy(to, room, KEY_TEXT);
}

static bool
is_key(struct str key)	/* base64 of 16 bytes */
{
	uint8_t room[18];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	return key.n == KEY_TEXT && base64_get(&b, key) == 0 && buf_len(&b) == 16;
}

/* The next word of a comma list; an empty one or one with a blank in it is a
 * word too, so that the caller sees it.  false: no more. */
static bool
next_word(struct str *list, struct str *word)
{
	if (list->p == NULL)
		return false;
	str_split(*list, ',', word, list);
	*word = str_trim(*word);
	return true;
}

static bool
is_list_of_names(struct str list)	/* at most 32 tokens, none empty, none twice */
{
	struct str rest = list, word, before, other;
	size_t count = 0;

	while (next_word(&rest, &word)) {
		if (word.n == 0 || ++count > 32)
			return false;
		for (size_t i = 0; i < word.n; i++)
			if (word.p[i] <= ' ' || word.p[i] >= 0x7f ||
			    strchr("()<>@;:\\\"/[]?={}", word.p[i]))
				return false;
		for (before = list; next_word(&before, &other) && other.p != word.p;)
			if (str_eq(other, word))
				return false;
	}
	return true;
}

bool
wshake_offers(struct str protocols, const char *name)
{
	struct str word;

	while (next_word(&protocols, &word))
		if (word.n && str_is(word, name))
			return true;
	return false;
}

bool
wshake_is_upgrade(const struct http_head *h)
{
	return http_fields_have(h, "upgrade", "websocket") ||
	    http_field_count(h, "sec-websocket-key") > 0;
}

/* RFC 6455 section 4.1: the target may be an absolute http URI as well. */
static bool
take_path(struct str target, struct str *path)
{
	struct str rest = target;

	if (memchr(target.p, '#', target.n))
		return false;
	if (str_starts(target, STR("http://")))
		rest = str_skip(target, 7);
	else if (str_starts(target, STR("https://")))
		rest = str_skip(target, 8);
	if (rest.p != target.p) {
		while (rest.n && rest.p[0] != '/' && rest.p[0] != '?')
			rest = str_skip(rest, 1);
		if (rest.n == 0)
			rest = STR("/");
	}
	*path = rest;
	return rest.p[0] == '/';
}

static unsigned
refuse(unsigned status, const char **why, const char *sentence)
{
	*why = sentence;
	return status;
}

unsigned
wshake_check(const struct http_head *h, struct wshake_ask *ask, const char **why)
{
	struct str version = http_field(h, "sec-websocket-version");

	if (!str_is(h->method, "GET"))
		return refuse(405, why, "a WebSocket begins with GET");
	if (h->minor == 0)
		return refuse(400, why, "a WebSocket wants HTTP/1.1");
	if (h->chunked || h->content_length)
		return refuse(400, why, "a WebSocket request has no body");
	if (!http_fields_have(h, "upgrade", "websocket"))
		return refuse(426, why, "the Upgrade field does not say \"websocket\"");
	if (!http_fields_have(h, "connection", "upgrade"))
		return refuse(400, why, "the Connection field does not say \"Upgrade\"");
	if (http_field_count(h, "sec-websocket-version") != 1)
		return refuse(400, why, "want one Sec-WebSocket-Version field");
	if (!str_is(version, "13"))
		return refuse(426, why, "unknown Sec-WebSocket-Version: want 13");
	if (http_field_count(h, "sec-websocket-key") != 1)
		return refuse(400, why, "want one Sec-WebSocket-Key field");
	ask->key = http_field(h, "sec-websocket-key");
	if (!is_key(ask->key))
		return refuse(400, why, "the Sec-WebSocket-Key is not base64 of 16 bytes");
	/* the list may legally be spread over fields, which no client does; a
	 * view cannot join them, and ignoring the second would surprise */
	if (http_field_count(h, "sec-websocket-protocol") > 1)
		return refuse(400, why, "more than one Sec-WebSocket-Protocol field: send one list");
	ask->protocols = http_field(h, "sec-websocket-protocol");
	if (!is_list_of_names(ask->protocols))
		return refuse(400, why, "the Sec-WebSocket-Protocol is not a list of at most 32 different names");
	if (!take_path(h->target, &ask->path))
		return refuse(400, why, "the request target is not a path");
	ask->host = http_field(h, "host");
	if (ask->host.n == 0)
		return refuse(400, why, "the Host field is empty");
	return 0;
}

int
wshake_accept(struct buf *b, struct str key, const char *protocol)
{
	char accept[ACCEPT_TEXT];

	if (key.n != KEY_TEXT)
		return -1;
	accept_text(key.p, accept);
	return buf_fmt(b, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %.*s\r\n%s%s%s\r\n", ACCEPT_TEXT, accept,
	    protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
	    protocol ? "\r\n" : "");
}

static bool
is_visible(struct str s)	/* nothing that could begin another field */
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return true;
}

int
wshake_request(struct buf *b, struct str host, struct str path,
    const char *protocol, const uint8_t nonce[16])
{
	char key[KEY_TEXT];

	if (!is_visible(host) || !is_visible(path) || host.n > 1024 || path.n > 8192)
		return -1;
	if (path.n == 0)
		path = STR("/");
	key_text(nonce, key);
	return buf_fmt(b, "GET %.*s HTTP/1.1\r\nHost: %.*s\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %.*s\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
	    STR_FMT(path), STR_FMT(host), KEY_TEXT, key,
	    protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
	    protocol ? "\r\n" : "");
}

static int
unfit(const char **why, const char *sentence)
{
	*why = sentence;
	return -1;
}

int
wshake_verify(const struct http_head *h, const uint8_t nonce[16],
    const char *protocol, const char **why)
{
	struct str selected = http_field(h, "sec-websocket-protocol");
	char key[KEY_TEXT], accept[ACCEPT_TEXT];

	if (h->status != 101)
		return unfit(why, "the answer is not 101 Switching Protocols");
	if (!http_fields_have(h, "upgrade", "websocket"))
		return unfit(why, "the answer upgrades to something other than websocket");
	if (!http_fields_have(h, "connection", "upgrade"))
		return unfit(why, "the answer lacks Connection: Upgrade");
	key_text(nonce, key);
	accept_text(key, accept);
	if (http_field_count(h, "sec-websocket-accept") != 1 ||
	    !str_eq(http_field(h, "sec-websocket-accept"), (struct str){ accept, ACCEPT_TEXT }))
		return unfit(why, "the Sec-WebSocket-Accept does not fit our key");
	if (http_field_count(h, "sec-websocket-extensions") > 0)
		return unfit(why, "the answer has an extension that we did not offer");
	if (http_field_count(h, "sec-websocket-protocol") > 1)
		return unfit(why, "the answer selects more than one subprotocol");
	if (protocol == NULL && selected.n)
		return unfit(why, "the answer selects a subprotocol that we did not offer");
	if (protocol != NULL && !str_is(selected, protocol))
		return unfit(why, "the server does not speak our subprotocol");
	return 0;
}
