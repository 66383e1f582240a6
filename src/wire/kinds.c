/* kinds.c - the list of kinds.h, expanded. */
#include "wire/kinds.h"

struct row { const char *name; unsigned by; };

static const struct row rows[256] = {
#define X(name, number, conversation, by) [number] = { #name, by },
	KINDS(X)
#undef X
};

const char *
kind_name(uint8_t kind)
{
	static const char *const unknown[] = {
		"UNKNOWN_LINK", "UNKNOWN_OPEN", "UNKNOWN_FOLLOW", "UNKNOWN_ONEWAY"
	};

	return rows[kind].name ? rows[kind].name : unknown[kind_class(kind)];
}

unsigned
kind_by(uint8_t kind)
{
	if (rows[kind].name)
		return rows[kind].by;
	return kind_class(kind) == CLASS_LINK ? 0 : BY_LINK;
}
