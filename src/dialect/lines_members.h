/*
 * lines_members.h - what a line may be and hold, as two tables by which it is
 * read and written; for the files of JSON lines alone.
 */
#ifndef FEDX_LINES_MEMBERS_H
#define FEDX_LINES_MEMBERS_H

#include "dialect/lines_wire.h"

enum need { NEED_ID = 1, NEED_NAME = 2, NEED_TARGET = 4, NEED_METHOD = 8, NEED_PATH = 16,
	NEED_PATTERN = 32, NEED_NEW_ID = 64 };

/* What it is called, who says it, and what it cannot do without. */
struct lines_type_row { const char *word; unsigned by, need; };
extern const struct lines_type_row lines_types[LINES_TYPE_COUNT];

enum how {
	AS_TYPE, AS_ID, AS_NAME, AS_WORDS, AS_U32, AS_BOOL,
	AS_TEXT, AS_JSON, AS_BASE64, AS_PAYLOAD_TYPE,	/* the payload */
	AS_ERROR
};

struct member {
	const char *name;
	enum how how;
	size_t at;
	uint32_t min, max;	/* of a number, or of a text's bytes */
};

extern const struct member lines_members[];	/* in the order of printing */
extern const size_t lines_member_count;

void *lines_field(const struct lines_message *, const struct member *);

#endif
