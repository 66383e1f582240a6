/* join_code.c - see join_code.h. */
#include <stdio.h>

#include "wire/hello.h"
#include "wire/join_code.h"

enum { CRC = 4, RAW_MAX = CODE_SEED + 254 + 254 + CODE_URL_MAX + 1 + CRC, EXIT_DATA = 65 };

static const char prefix[] = "fedx1-";
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* CRC-32 as of zip and Ethernet: for slips of the hand, not for enemies. */
static uint32_t
crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

bool
join_url_valid(struct str url)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~')
			return false;
	return url.n > 0 && url.n <= CODE_URL_MAX;
}

static void
crc_bytes(const uint8_t *p, size_t n, uint8_t to[CRC])
{
	uint32_t crc = crc32(p, n);

	for (int i = 0; i < CRC; i++)
		to[i] = (uint8_t)(crc >> (24 - 8 * i));
}

int
join_code_put(struct buf *to, const struct join_code *c)
{
	uint8_t room[RAW_MAX], crc[CRC];
	struct buf raw = { .p = room, .cap = sizeof room, .max = sizeof room };
	size_t was = buf_len(to);
	uint32_t bits = 0;
	unsigned held = 0;
	int r = buf_str(to, str(prefix));

	buf_put(&raw, c->seed, CODE_SEED);
	buf_put(&raw, c->node, strlen(c->node) + 1);
	buf_put(&raw, c->cluster, strlen(c->cluster) + 1);
	buf_put(&raw, c->url, strlen(c->url) + 1);
	crc_bytes(room, buf_len(&raw), crc);
	buf_put(&raw, crc, CRC);
	for (size_t i = 0; i < buf_len(&raw) && r == 0; i++)
		for (bits = bits << 8 | room[i], held += 8; held >= 5 && r == 0; held -= 5)
			r = buf_put(to, &digits[bits >> (held - 5) & 31], 1);
	if (held && r == 0)
		r = buf_put(to, &digits[bits << (5 - held) & 31], 1);
	if (r == -1)
		buf_cut(to, was);
	return r;
}

static int
digit(char c)
{
	const char *at;

	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	if (c == 'o')
		c = '0';
	if (c == 'i' || c == 'l')
		c = '1';
	return c && (at = strchr(digits, c)) != NULL ? (int)(at - digits) : -1;
}

/* Its bytes; -1: not of these letters, or more than a code has. */
static int
decode(struct str text, struct buf *raw)
{
	uint32_t bits = 0;
	unsigned held = 0;
	uint8_t byte;
	int d;

	for (size_t i = 0; i < text.n; i++) {
		if (strchr(" \t\r\n", text.p[i]) && text.p[i])
			continue;
		if ((d = digit(text.p[i])) == -1)
			return -1;
		bits = bits << 5 | (uint32_t)d;
		if ((held += 5) < 8)
			continue;
		byte = (uint8_t)(bits >> (held -= 8));
		if (buf_put(raw, &byte, 1) == -1)
			return -1;
	}
	return held >= 5 || (bits & ((1u << held) - 1)) ? -1 : 0;
}

/* Up to its NUL. */
static int
text_field(struct str *rest, char *to, size_t size)
{
	struct str field;

	return str_split(*rest, '\0', &field, rest) ? str_c(field, to, size) : -1;
}

static int
no_code(struct err *e, const char *what)
{
	err_exit(e, EXIT_DATA);
	return err_set(e, "%s", what);
}

int
join_code_parse(struct str text, struct join_code *c, struct err *e)
{
	uint8_t room[RAW_MAX], crc[CRC];
	struct buf raw = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct str rest;
	int r = 0;

	*c = (struct join_code){ .url = "" };
	text = str_trim(text);
	for (size_t i = 0; i < sizeof prefix - 1; i++)
		if (text.n < sizeof prefix - 1 || (text.p[i] | (i < 4 ? 0x20 : 0)) != prefix[i])
			return no_code(e, "this is no code that fedx-probe invite has made: those begin with fedx1-");
	if (decode(str_skip(text, sizeof prefix - 1), &raw) == -1 || buf_len(&raw) < CODE_SEED + 3 + CRC)
		r = -1;
	rest = buf_view(&raw);
	if (r == 0) {
		crc_bytes(room, rest.n - CRC, crc);
		r = memcmp(crc, rest.p + rest.n - CRC, CRC) ? -1 : 0;
	}
	if (r == 0) {
		memcpy(c->seed, room, CODE_SEED);
		rest = str_skip(str_head(rest, rest.n - CRC), CODE_SEED);
		if (text_field(&rest, c->node, sizeof c->node) == -1 ||
		    text_field(&rest, c->cluster, sizeof c->cluster) == -1 ||
		    text_field(&rest, c->url, sizeof c->url) == -1 || rest.n || !join_url_valid(str(c->url)) ||
		    !node_id_valid(str(c->node)) || !node_id_valid(str(c->cluster)))
			r = -1;
	}
	return r == 0 ? 0 : no_code(e, "the code is not whole, or has a slip in it: copy it again, all of it");
}

/* --- what a leaf keeps of it --- */

int
joined_put(struct buf *b, const struct joined *j)
{
	size_t was = buf_len(b);
	int r = buf_str(b, STR("joined "));

	for (size_t i = 0; i < KEY_ID && r == 0; i++)
		r = buf_fmt(b, "%02x", j->code[i]);
	if (r == -1 || buf_str(b, STR(" ")) == -1 || buf_str(b, j->url) == -1 || buf_str(b, STR(" ")) == -1 ||
	    auth_key_put(b, &j->who) == -1) {
		buf_cut(b, was);
		return -1;
	}
	return 0;
}

int
joined_parse(struct str line, struct joined *j, struct err *e)
{
	struct str word, rest = str_trim(line);

	word = str_word(&rest);
	if (!str_is(word, "joined") || str_hex(str_word(&rest), j->code, KEY_ID) == -1)
		return err_set(e, "want a line that fedx-leaf --join has written");
	j->url = str_word(&rest);
	if (j->url.n == 0 || j->url.n > CODE_URL_MAX)
		return err_set(e, "want the URL of a hub, of at most %d bytes", CODE_URL_MAX);
	return auth_line_parse(rest, true, &j->who, e) == 0 ? 0 : *e->text ? -1 : err_set(e, "want a key");
}
