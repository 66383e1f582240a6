/* base64.c - RFC 4648 section 4, both ways; one text for each row of bytes. */
#include "wire/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_put(struct buf *b, struct str in)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t groups = in.n / 3 + (in.n % 3 != 0), left = in.n;
	uint8_t *to;

	if (in.n == 0)
		return 0;
	if (groups > SIZE_MAX / 4 || (to = buf_room(b, 4 * groups)) == NULL)
		return -1;
	for (; left; p += 3, to += 4) {
		uint32_t v = (uint32_t)p[0] << 16;

		if (left > 1)
			v |= (uint32_t)p[1] << 8;
		if (left > 2)
			v |= p[2];
		to[0] = (uint8_t)letters[v >> 18];
		to[1] = (uint8_t)letters[v >> 12 & 63];
		to[2] = left > 1 ? (uint8_t)letters[v >> 6 & 63] : '=';
		to[3] = left > 2 ? (uint8_t)letters[v & 63] : '=';
		if (left < 3)
			break;
		left -= 3;
	}
	buf_made(b, 4 * groups);
	return 0;
}

static int
letter_value(char c)	/* -1: no letter of the alphabet */
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_get(struct buf *b, struct str in)
{
	size_t pad = 0, size, made = 0;
	uint8_t *to;

	if (in.n == 0)
		return 0;
	if (in.n % 4 != 0)
		return -1;
	if (in.p[in.n - 1] == '=')
		pad = in.p[in.n - 2] == '=' ? 2 : 1;
	size = in.n / 4 * 3 - pad;
	if ((to = buf_room(b, size)) == NULL)
		return -1;
	for (size_t i = 0; i < in.n; i += 4) {
		size_t want = i + 4 == in.n ? 4 - pad : 4;
		uint32_t v = 0;

		for (size_t j = 0; j < 4; j++) {
			int x = j < want ? letter_value(in.p[i + j]) : 0;

			if (x < 0)
				return -1;	/* what is in the room is not yet part of b */
			v = v << 6 | (uint32_t)x;
		}
		/* one byte string has one text: what the padding cuts off is zero */
		if ((want == 2 && (v & 0xffff)) || (want == 3 && (v & 0xff)))
			return -1;
		for (size_t j = 0; j + 1 < want; j++)
			to[made++] = (uint8_t)(v >> (16 - 8 * j));
	}
	buf_made(b, size);
	return 0;
}
