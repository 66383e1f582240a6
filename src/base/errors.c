/* errors.c - the table of errors.h, expanded. */
#include <string.h>

#include "base/errors.h"

static const struct error_row rows[E_COUNT] = {
	[E_NONE] = { "none", 200, 0, 0, false, "no error" },
#define X(name, number, http, rpc, exit, retry, sentence) \
	[number] = { #name, http, rpc, exit, retry, sentence },
	ERRORS(X)
#undef X
};

const struct error_row *
error_row(unsigned number)
{
	static const struct error_row unknown = {
		"unknown", 500, -32000, 70, false, "an error that this version does not know"
	};

	return number < E_COUNT ? &rows[number] : &unknown;
}

unsigned
error_named(const char *name, unsigned long len)
{
	for (unsigned i = 1; i < E_COUNT; i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return i;
	return E_NONE;
}

const char *
fate_name(enum fate f)
{
	return f == FATE_NOT_DELIVERED ? "not_delivered" : "may_have_run";
}
