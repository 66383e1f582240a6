/* utf8.h - is this well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
#ifndef FEDX_UTF8_H
#define FEDX_UTF8_H

#include "base/str.h"

bool utf8_valid(struct str);
size_t utf8_step(struct str);
	/* bytes of the well-formed character at the head (1-4); 0: none there */

#endif
