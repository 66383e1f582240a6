/*
 * json_letters.h - inside of src/wire/json*.c: what the bytes of a JSON text
 * mean, below values and members.
 */
#ifndef FEDX_JSON_LETTERS_H
#define FEDX_JSON_LETTERS_H

#include "base/str.h"

static inline const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

extern const bool json_plain[256];	/* ASCII that means itself inside a string */

/* Over such bytes: one at a time through a short string, then eight at a time
 * while none of the eight is a quote, a backslash, a control byte or over 0x7f. */
static inline const char *
skip_plain(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	const char *near = end - p > 16 ? p + 16 : end;
	uint64_t v, quote, back;

	while (p < near && json_plain[(unsigned char)*p])
		p++;
	if (p < near)
		return p;
	while (end - p >= 8) {
		memcpy(&v, p, 8);
		quote = v ^ ones * '"';
		back = v ^ ones * '\\';
		if ((v | (v - ones * ' ') | ((quote - ones) & ~quote) |
		    ((back - ones) & ~back)) & tops)
			break;
		p += 8;
	}
	while (p < end && json_plain[(unsigned char)*p])
		p++;
	return p;
}

const char *json_unescape(const char *p, const char *end, uint8_t out[4], size_t *n);
	/* p is at a backslash; the end of the escape, with its 1 to 4 bytes in
	 * out; NULL: no such escape, or half of a surrogate pair */

/* The bytes that the inside of a string stands for, one at a time. */
struct letters { const char *p, *end; uint8_t out[4]; size_t at, n; };
enum { LETTERS_END = -1, LETTERS_BAD = -2 };

static inline struct letters
letters(const char *p, size_t n)
{
	return (struct letters){ .p = p, .end = p + n };
}

int letters_next(struct letters *);

#endif
