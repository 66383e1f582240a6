/* utf8.c - well-formed UTF-8: the table of RFC 3629 section 4, as code. */
#include "wire/utf8.h"

static bool
is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t
utf8_step(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;	/* a tail without a head, an overlong head, or over U+10FFFF */
	if (p[0] < 0xe0)
		return s.n >= 2 && is_tail(p[1]) ? 2 : 0;
	if (p[0] < 0xf0) {
		if (s.n < 3 || !is_tail(p[1]) || !is_tail(p[2]))
			return 0;
		if (p[0] == 0xe0 && p[1] < 0xa0)
			return 0;	/* overlong */
		if (p[0] == 0xed && p[1] > 0x9f)
			return 0;	/* a surrogate */
		return 3;
	}
	if (s.n < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3]))
		return 0;
	if (p[0] == 0xf0 && p[1] < 0x90)
		return 0;	/* overlong */
	if (p[0] == 0xf4 && p[1] > 0x8f)
		return 0;	/* over U+10FFFF */
	return 4;
}

bool
utf8_valid(struct str s)
{
	uint64_t eight;
	size_t n;

	while (s.n) {
		/* most text is ASCII: no high bit in eight bytes at once */
		if (s.n >= sizeof eight) {
			memcpy(&eight, s.p, sizeof eight);
			if ((eight & 0x8080808080808080u) == 0) {
				s = str_skip(s, sizeof eight);
				continue;
			}
		}
		if ((n = utf8_step(s)) == 0)
			return false;
		s = str_skip(s, n);
	}
	return true;
}

size_t
utf8_length(unsigned char c)
{
	return c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

size_t
utf8_cut(struct str text)
{
	for (size_t i = 1; i <= 3 && i <= text.n; i++) {
		unsigned char c = (unsigned char)text.p[text.n - i];

		if (!is_tail(c))
			return utf8_length(c) > i ? i : 0;
	}
	return 0;
}

struct str
utf8_head(struct str text, size_t max)
{
	if (text.n <= max)
		return text;
	text.n = max;
	text.n -= utf8_cut(text);
	return text;
}
