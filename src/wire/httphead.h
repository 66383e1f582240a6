/*
 * httphead.h - one HTTP/1.1 request or response head (RFC 9112), strictly.
 *
 * Refused: a head over 16 KiB or 64 fields, a field name with a space before
 * the colon, obs-fold, NUL, bare CR or LF inside a value, two different
 * Content-Length, Content-Length with Transfer-Encoding, no Host in 1.1.
 */
#ifndef FEDX_HTTPHEAD_H
#define FEDX_HTTPHEAD_H

#include "base/str.h"
#include "wire/parse.h"

enum { HTTP_HEAD_MAX = 16384, HTTP_FIELDS_MAX = 64 };

struct http_field { struct str name, value; };
struct http_head {
	struct str method, target;	/* request */
	unsigned status;		/* response */
	unsigned minor;			/* HTTP/1.minor */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t count;
	uint64_t content_length;	/* 0 when not given */
	bool has_length, chunked, close;	/* close: after this message */
};

enum parse http_request_parse(struct str in, struct http_head *, size_t *used, const char **why);
enum parse http_response_parse(struct str in, struct http_head *, size_t *used, const char **why);
	/* *used: head with its empty line; BAD: *why is a static sentence */
struct str http_field(const struct http_head *, const char *name);
	/* first of that name, case ignored; {NULL,0}: none */
bool http_name_is(struct str, const char *name);	/* case ignored */
size_t http_field_count(const struct http_head *, const char *name);
bool http_has_token(struct str value, const char *token);
	/* in a comma list, case ignored ("keep-alive, Upgrade") */
bool http_fields_have(const struct http_head *, const char *name, const char *token);
	/* the same in any field of that name */

#endif
