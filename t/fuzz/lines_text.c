/*
 * lines_text.c - a text in parts: no byte is lost or moved, and where the text
 * is one, so is each piece of it that goes on.
 *
 * The first 8 bytes say how long the parts are, in turn; the rest is the text.
 */
#include <stdlib.h>

#include "dialect/lines_text.h"
#include "wire/utf8.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

enum { LENGTHS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
goes_on(struct str piece, bool valid, struct str *left)
{
	MUST(piece.n <= left->n && (piece.n == 0 || memcmp(piece.p, left->p, piece.n) == 0));
	MUST(!valid || utf8_valid(piece));
	*left = str_skip(*left, piece.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text, rest, left;
	struct halves halves = { .list = NULL };
	struct half h;
	bool valid;

	if (n < LENGTHS)
		return 0;
	text = rest = left = (struct str){ (const char *)data + LENGTHS, n - LENGTHS };
	valid = utf8_valid(text);
	for (size_t i = 0; rest.n; i++) {
		size_t most = data[i % LENGTHS] % 7 + 1u, tail;
		struct str part = str_head(rest, rest.n < most ? rest.n : most);

		rest = str_skip(rest, part.n);
		if (half_take(&halves, 1, false, &h)) {
			if (!text_joined(&h, &part)) {
				MUST(part.n == 0 && half_keep(&halves, 1, false, (struct str){ h.bytes, h.n }) == 0);
				continue;
			}
			goes_on((struct str){ h.bytes, h.n }, valid, &left);
		}
		tail = utf8_cut(part);
		MUST(tail <= 3 && tail <= part.n);
		if (tail)
			MUST(half_keep(&halves, 1, false, str_skip(part, part.n - tail)) == 0);
		goes_on(str_head(part, part.n - tail), valid, &left);
	}
	if (half_take(&halves, 1, false, &h))
		goes_on((struct str){ h.bytes, h.n }, false, &left);
	MUST(left.n == 0 && !half_take(&halves, 1, false, &h));
	halves_free(&halves);
	return 0;
}
