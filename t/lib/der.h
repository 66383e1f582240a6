/* der.h - certificates made by hand, element by element; all of it is under 128 bytes. */
#ifndef FEDX_DER_H
#define FEDX_DER_H

#include <stdarg.h>
#include <stdlib.h>

#include "base/str.h"

#define SAN STR("\x55\x1d\x11")
#define EKU STR("\x55\x1d\x25")
#define CLIENT_AUTH STR("\x2b\x06\x01\x05\x05\x07\x03\x02")

/* An element of n parts; stays valid. */
static inline struct str
der(unsigned tag, int n, ...)
{
	static char room[1 << 16];
	static size_t used;
	char *at = room + used;
	size_t length = 0;
	va_list parts;

	va_start(parts, n);
	while (n-- > 0) {
		struct str part = va_arg(parts, struct str);

		if (used + 2 + length + part.n > sizeof room || length + part.n > 127)
			abort();
		if (part.n)
			memcpy(at + 2 + length, part.p, part.n);
		length += part.n;
	}
	va_end(parts);
	at[0] = (char)tag;
	at[1] = (char)length;
	used += 2 + length;
	return (struct str){ at, 2 + length };
}

static inline struct str
der_extension(struct str oid, struct str value)
{
	return der(0x30, 2, der(0x06, 1, oid), der(0x04, 1, value));
}

/* Of the key 05 00; its extensions, "" for none. */
static inline struct str
der_certificate(struct str extensions)
{
	struct str none = der(0x30, 0), version = der(0xa0, 1, der(0x02, 1, STR("\x02")));
	struct str key = der(0x30, 1, der(0x05, 0)), serial = der(0x02, 1, STR("\x05"));
	struct str last = extensions.n ? der(0xa3, 1, der(0x30, 1, extensions)) : STR("");
	struct str body = der(0x30, 8, version, serial, none, none, none, none, key, last);

	return der(0x30, 3, body, none, der(0x03, 1, STR("\x00")));
}

#endif
