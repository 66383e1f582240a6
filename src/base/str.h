/*
 * str.h - a view of bytes: a pointer and a length, passed by value.
 *
 * A view is never freed, need not end in NUL, and lives as long as what it
 * looks at.  Bytes become C strings only at the edge, through str_c().
 */
#ifndef FEDX_STR_H
#define FEDX_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str { const char *p; size_t n; };

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_FMT(s) (int)(s).n, (s).p	/* for "%.*s"; the view is under 2 GiB */

static inline struct str
str(const char *s)			/* as long as s; NULL is empty */
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_is(struct str a, const char *s)
{
	return str_eq(a, str(s));
}

static inline bool
str_starts(struct str a, struct str with)
{
	return a.n >= with.n && (with.n == 0 || memcmp(a.p, with.p, with.n) == 0);
}

static inline bool
str_ends(struct str a, struct str with)
{
	return a.n >= with.n &&
	    (with.n == 0 || memcmp(a.p + a.n - with.n, with.p, with.n) == 0);
}

static inline struct str
str_skip(struct str a, size_t n)	/* without the first n bytes; n <= a.n */
{
	return (struct str){ n ? a.p + n : a.p, a.n - n };	/* NULL + 0 is not C */
}

static inline struct str
str_head(struct str a, size_t n)	/* the first n bytes; n <= a.n */
{
	return (struct str){ a.p, n };
}

static inline struct str
str_place(char **to, struct str s)	/* copies it to *to, which moves behind it: the copy */
{
	struct str copy = { *to, s.n };

	if (s.n > 0)
		memcpy(*to, s.p, s.n);
	*to += s.n;
	return copy;
}

bool str_same(struct str, struct str);	/* equal but for the case of ASCII letters */
int str_cmp(struct str, struct str);
	/* bytes as unsigned, shorter first; the same on every platform */
bool str_split(struct str in, char at, struct str *before, struct str *after);
	/* at the first `at`; false: not there, *before is all, *after is empty */
struct str str_word(struct str *rest);	/* takes the next one off, of those with spaces between; empty: none */
struct str str_trim(struct str);
	/* without blanks, tabs, CR and LF at both ends */
int str_c(struct str, char *to, size_t size);
	/* a C string in `to`; -1: too long, or holds a NUL; *to is "" then */
int str_u64(struct str, uint64_t max, uint64_t *);
	/* decimal digits only, no sign, no blanks; -1: not a number, or over max */
int str_hex(struct str, uint8_t *to, size_t n);
	/* exactly 2n hex digits into n bytes; -1: anything else */
size_t str_distance(struct str a, struct str b);
	/* edits between two short words, for "did you mean"; over 32 bytes: 99 */

#endif
