/*
 * note.h - what one run of a hook has read: its verdict holds for every
 * message that agrees in just that.
 */
#ifndef FEDX_POLICY_NOTE_H
#define FEDX_POLICY_NOTE_H

#include "wire/ask.h"

enum { NOTE_TEXT = 255 };	/* longer texts are not noted as tests: the field is */

struct notes {
	uint32_t read;		/* bit for each field that was read, or is to count as read */
	uint32_t keep_ms;
	uint8_t test_count, lookup_count;
	struct noted_test { uint8_t field, op, result, n; char what[NOTE_TEXT]; } tests[TESTS_MAX];
	struct noted_lookup { uint8_t family, n; char name[NOTE_TEXT]; } lookups[LOOKUPS_MAX];
};

void notes_start(struct notes *);
void note_read(struct notes *, enum ask_field);
void note_test(struct notes *, enum ask_field, enum test_op, struct str what, bool result);
	/* over TESTS_MAX, or a long text: the field itself is noted */
void note_lookup(struct notes *, enum family, struct str name);
	/* over LOOKUPS_MAX: the verdict is not kept */
void note_keep(struct notes *, uint32_t at_most_ms);
int notes_put(const struct notes *, struct verdict *, struct buf *runs);
	/* read, keep_ms, tests and lookups; the runs are appended to *runs, and
	 * the verdict looks at them there; -1: full */

#endif
