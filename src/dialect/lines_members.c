/* lines_members.c - see lines_members.h. */
#include "dialect/lines_members.h"
#include "wire/hello.h"

const struct lines_type_row lines_types[LINES_TYPE_COUNT] = {
	[LINES_NONE] = { "none", 0, 0 },
#define X(word, by, need) [LINES_##word] = { #word, by, need },
	LINES_TYPES(X)
#undef X
};

#define AT(field) offsetof(struct lines_message, field)

const struct member lines_members[] = {
	{ "type",	AS_TYPE,	0,		0, 0 },
	{ "id",		AS_ID,		0,		0, 0 },
	{ "service",	AS_NAME,	AT(service),	1, LINES_NAME_MAX },
	{ "endpoint",	AS_NAME,	AT(endpoint),	1, LINES_NAME_MAX },
	{ "node",	AS_NAME,	AT(node),	1, LINES_NAME_MAX },
	{ "method",	AS_NAME,	AT(method),	1, LINES_NAME_MAX },
	{ "version",	AS_NAME,	AT(version),	0, LINES_NAME_MAX },
	{ "path",	AS_NAME,	AT(path),	1, LINES_NAME_MAX },
	{ "pattern",	AS_NAME,	AT(pattern),	1, LINES_NAME_MAX },
	{ "methods",	AS_WORDS,	AT(methods),	0, 4096 },
	{ "tags",	AS_WORDS,	AT(tags),	0, 4096 },
	{ "weight",	AS_U32,		AT(weight),	1, 65535 },
	{ "max_concurrency", AS_U32,	AT(max_concurrency), 0, 1 << 20 },
	{ "from",	AS_NAME,	AT(from),	0, LINES_NAME_MAX },
	{ "origin",	AS_NAME,	AT(origin),	0, LINES_NAME_MAX },
	{ "key",	AS_NAME,	AT(key),	0, LINES_NAME_MAX },
	{ "content",	AS_NAME,	AT(content),	0, LINES_NAME_MAX },
	{ "traceparent", AS_NAME,	AT(traceparent), 0, LINES_NAME_MAX },
	{ "timeout_ms",	AS_U32,		AT(timeout_ms),	1, LINES_TIMEOUT_MAX },
	{ "idempotent",	AS_BOOL,	AT(idempotent),	0, 0 },
	{ "token",	AS_NAME,	AT(bearer),	1, TOKEN_MAX },
	{ "cluster",	AS_NAME,	AT(cluster),	0, LINES_NAME_MAX },
	{ "for",	AS_NAME,	AT(of),		1, LINES_NAME_MAX },
	{ "bytes",	AS_U32,		AT(bytes),	1, UINT32_MAX },
	{ "payload",	AS_TEXT,	0,		0, 0 },
	{ "json",	AS_JSON,	0,		0, 0 },
	{ "base64",	AS_BASE64,	0,		0, 0 },
	{ "payload_type", AS_PAYLOAD_TYPE, 0,		0, 0 },
	{ "error",	AS_ERROR,	0,		0, 0 },
	{ "more",	AS_BOOL,	AT(more),	0, 0 }
};
const size_t lines_member_count = sizeof lines_members / sizeof *lines_members;

const char *
lines_word(enum lines_type t)
{
	return lines_types[t].word;
}

unsigned
lines_said_by(enum lines_type t)
{
	return lines_types[t].by;
}

void *
lines_field(const struct lines_message *m, const struct member *row)
{
	return (char *)(uintptr_t)m + row->at;
}
