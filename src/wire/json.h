/*
 * json.h - the strict scanner of the message path: members as slices of the
 * input, nothing copied, nothing allocated (RFC 8259).
 *
 * json_check() refuses everything malformed: bad UTF-8, unpaired surrogates,
 * duplicate names in one object (compared after unescaping), leading zeros,
 * raw control bytes, nesting over depth, trailing bytes, over 4096 names in an
 * object together with those around it.  The other functions want a value that
 * was checked (json_check() is json.c, they are json_walk.c and json_letters.c).
 */
#ifndef FEDX_JSON_H
#define FEDX_JSON_H

#include "base/buf.h"

enum json_type { JSON_BAD, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_fault { size_t at; const char *why; };	/* byte offset; static sentence */
int json_check(struct str text, unsigned max_depth, struct json_fault *);
	/* one whole value with blanks around; a depth over 256 means 256; takes
	 * 33 KiB of stack; -1: fault filled */
enum json_type json_type(struct str value);	/* by its first byte */
struct str json_member(struct str object, const char *name);
	/* the raw value; {NULL,0}: not there, or not an object */
bool json_next_member(struct str *rest, struct str *name, struct str *value);
	/* start with *rest = the object; name is raw, with its quotes; false: no more */
bool json_next_element(struct str *rest, struct str *value);
int json_text(struct str string, struct buf *);
	/* unescaped UTF-8 appended; -1: not a string, or full */
bool json_text_plain(struct str string, struct str *);
	/* a view without the quotes if nothing in it is escaped, else false */
int json_u64(struct str number, uint64_t max, uint64_t *);	/* -1: not such an integer */
int json_bool(struct str value, bool *);
int json_quote(struct buf *, struct str);
	/* as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD; -1: full */

#endif
