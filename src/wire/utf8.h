/* utf8.h - is this well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms), and where may it be cut? */
#ifndef FEDX_UTF8_H
#define FEDX_UTF8_H

#include "base/str.h"

bool utf8_valid(struct str);
size_t utf8_step(struct str);
	/* bytes of the well-formed character at the head (1-4); 0: none there */
size_t utf8_length(unsigned char first);
	/* of the character that begins with this byte (2-4); 0: no lead of several */
size_t utf8_cut(struct str text);
	/* bytes at its end (0-3) that only begin a character */
struct str utf8_head(struct str text, size_t max);
	/* all, or the first max bytes without a character that is cut */

#endif
