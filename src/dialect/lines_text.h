/*
 * lines_text.h - text that travels in parts stays text: a character that was
 * cut between two parts waits here for its other half.
 */
#ifndef FEDX_LINES_TEXT_H
#define FEDX_LINES_TEXT_H

#include "base/str.h"

enum { HALVES_MAX = 1024 };	/* over it a cut character simply goes on as bytes */

struct half { uint64_t id; bool onward; uint8_t n; char bytes[4]; };	/* by conversation and direction */
struct halves { struct half *list; uint32_t count, cap; };

bool text_joined(struct half *, struct str *text);
	/* moves what the character still lacks from the head of *text; true:
	 * it is whole, or cannot become a character any more */
int half_keep(struct halves *, uint64_t id, bool onward, struct str bytes);	/* -1: full */
bool half_take(struct halves *, uint64_t id, bool onward, struct half *);
	/* and forgets it; false: there is none */
void halves_free(struct halves *);

#endif
