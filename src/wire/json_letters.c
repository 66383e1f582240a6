/* json_letters.c - escapes read and written: a string becomes text, text a string. */
#include "wire/json.h"
#include "wire/json_letters.h"
#include "wire/utf8.h"

#define EIGHT 1, 1, 1, 1, 1, 1, 1, 1
const bool json_plain[256] = {
	[0x20] = 1, 1, 0, 1, 1, 1, 1, 1, EIGHT, EIGHT, EIGHT,	/* not the quote */
	[0x40] = EIGHT, EIGHT, EIGHT, 1, 1, 1, 1, 0, 1, 1, 1,	/* not the backslash */
	[0x60] = EIGHT, EIGHT, EIGHT, EIGHT
};
#undef EIGHT

static long
hex4(const char *p, const char *end)	/* -1: not four hex digits */
{
	long v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i], letter = (c | 0x20) - 'a';

		if (c - '0' > 9 && letter > 5)
			return -1;
		v = v << 4 | (long)(c - '0' <= 9 ? c - '0' : letter + 10);
	}
	return v;
}

static size_t
utf8_put(uint8_t *to, unsigned long c)
{
	if (c < 0x80) {
		to[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (uint8_t)(0xc0 | c >> 6);
		to[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (uint8_t)(0xe0 | c >> 12);
		to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		to[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (uint8_t)(0xf0 | c >> 18);
	to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	to[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

const char *
json_unescape(const char *p, const char *end, uint8_t out[4], size_t *n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known;
	long c, low;

	if (end - p < 2)
		return NULL;
	if (p[1] != 'u') {
		if (p[1] == '\0' || (known = strchr(from, p[1])) == NULL)
			return NULL;
		out[0] = (uint8_t)to[known - from];
		*n = 1;
		return p + 2;
	}
	if ((c = hex4(p + 2, end)) == -1 || (c >= 0xdc00 && c <= 0xdfff))
		return NULL;
	p += 6;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
			return NULL;
		low = hex4(p + 2, end);
		if (low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	*n = utf8_put(out, (unsigned long)c);
	return p;
}

int
letters_next(struct letters *l)
{
	if (l->at < l->n)
		return l->out[l->at++];
	if (l->p == l->end)
		return LETTERS_END;
	if (*l->p != '\\')
		return (unsigned char)*l->p++;
	if ((l->p = json_unescape(l->p, l->end, l->out, &l->n)) == NULL) {
		l->p = l->end;
		l->at = l->n = 0;
		return LETTERS_BAD;
	}
	l->at = 1;
	return l->out[0];
}

static bool
inside(struct str string, struct str *text)	/* without the quotes */
{
	if (string.n < 2 || string.p[0] != '"' || string.p[string.n - 1] != '"')
		return false;
	*text = (struct str){ string.p + 1, string.n - 2 };
	return true;
}

bool
json_text_plain(struct str string, struct str *text)
{
	struct str t;

	if (!inside(string, &t) || memchr(t.p, '\\', t.n))
		return false;
	*text = t;
	return true;
}

int
json_text(struct str string, struct buf *b)
{
	struct letters l;
	struct str t;
	uint8_t *to;
	size_t n = 0;
	int c;

	if (!inside(string, &t))
		return -1;
	if (memchr(t.p, '\\', t.n) == NULL)
		return buf_str(b, t);
	for (l = letters(t.p, t.n); (c = letters_next(&l)) >= 0; n++)
		;
	if (c == LETTERS_BAD || (to = buf_room(b, n)) == NULL)
		return -1;
	for (l = letters(t.p, t.n); (c = letters_next(&l)) >= 0;)
		*to++ = (uint8_t)c;
	buf_made(b, n);
	return 0;
}

/* What the head of s becomes inside quotes: its length; *eaten bytes of s are
 * used up. */
static size_t
quote_one(struct str s, uint8_t out[6], size_t *eaten)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)s.p[0];
	const char *known = c ? strchr(from, c) : NULL;

	if ((*eaten = utf8_step(s)) == 0) {
		*eaten = 1;
		return utf8_put(out, 0xfffd);
	}
	if (known) {
		out[0] = '\\';
		out[1] = (uint8_t)to[known - from];
		return 2;
	}
	if (c < ' ') {
		memcpy(out, "\\u00", 4);
		out[4] = (uint8_t)hex[c >> 4];
		out[5] = (uint8_t)hex[c & 15];
		return 6;
	}
	memcpy(out, s.p, *eaten);
	return *eaten;
}

static size_t
quote_all(struct str s, uint8_t *to)	/* to NULL: only its length */
{
	uint8_t one[6];
	size_t n = 0, eaten, made;

	while (s.n) {
		eaten = (size_t)(skip_plain(s.p, s.p + s.n) - s.p);
		if (to && eaten)
			memcpy(to + n, s.p, eaten);
		n += eaten;
		s = str_skip(s, eaten);
		if (s.n == 0)
			break;
		made = quote_one(s, one, &eaten);
		if (to)
			memcpy(to + n, one, made);
		n += made;
		s = str_skip(s, eaten);
	}
	return n;
}

int
json_quote(struct buf *b, struct str s)
{
	size_t n = quote_all(s, NULL);
	uint8_t *to = buf_room(b, n + 2);

	if (to == NULL)
		return -1;
	to[0] = '"';
	quote_all(s, to + 1);
	to[n + 1] = '"';
	buf_made(b, n + 2);
	return 0;
}
