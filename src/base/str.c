/* str.c - views: comparing, splitting, becoming numbers and C strings. */
#include "base/str.h"

static char
lower(char c)	/* whatever the locale */
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
str_same(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool
str_split(struct str in, char at, struct str *before, struct str *after)
{
	const char *p = in.n ? memchr(in.p, at, in.n) : NULL;

	if (!p) {
		*before = in;
		*after = (struct str){ NULL, 0 };
		return false;
	}
	*before = (struct str){ in.p, (size_t)(p - in.p) };
	*after = str_skip(in, before->n + 1);
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

int
str_c(struct str s, char *to, size_t size)
{
	if (s.n >= size || (s.n && memchr(s.p, 0, s.n))) {
		if (size)
			*to = '\0';
		return -1;
	}
	if (s.n)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return 0;
}

int
str_u64(struct str s, uint64_t max, uint64_t *to)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9 || d > max || v > (max - d) / 10)
			return -1;
		v = v * 10 + d;
	}
	*to = v;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
str_hex(struct str s, uint8_t *to, size_t n)
{
	if (s.n != 2 * n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(s.p[2 * i]), lo = hex_digit(s.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		to[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

struct str
str_word(struct str *rest)
{
	struct str word;

	*rest = str_trim(*rest);
	str_split(*rest, ' ', &word, rest);
	return word;
}

size_t
str_distance(struct str a, struct str b)
{
	size_t row[33], was, next;

	if (a.n > 32 || b.n > 32)
		return 99;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		was = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			next = was + (a.p[i - 1] != b.p[j - 1]);
			was = row[j];
			if (row[j] + 1 < next)
				next = row[j] + 1;
			if (row[j - 1] + 1 < next)
				next = row[j - 1] + 1;
			row[j] = next;
		}
	}
	return row[b.n];
}
