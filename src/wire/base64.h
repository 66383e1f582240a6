/* base64.h - RFC 4648 section 4, with padding, strictly: no blanks, no stray bits. */
#ifndef FEDX_BASE64_H
#define FEDX_BASE64_H

#include "base/buf.h"

int base64_put(struct buf *, struct str bytes);		/* encode; -1: full */
int base64_get(struct buf *, struct str text);		/* decode; -1: malformed or full; unchanged */

#endif
