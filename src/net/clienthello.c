/* clienthello.c - see clienthello.h; RFC 5246 section 7.4.1.2, RFC 7301. */
#include "net/clienthello.h"

enum { HANDSHAKE = 22, CLIENT_HELLO = 1, ALPN = 16, RANDOM = 2 + 32, EXTENSIONS_MAX = 32 };

/* A vector: its length in so many bytes, then that many. */
static bool
take(struct str *in, size_t bytes, struct str *body)
{
	size_t n = 0;

	if (in->n < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | (uint8_t)in->p[i];
	if (n > in->n - bytes)
		return false;
	*body = str_head(str_skip(*in, bytes), n);
	*in = str_skip(*in, bytes + n);
	return true;
}

static bool
offers_fedx(struct str value)
{
	struct str list, name;
	bool offers = false;

	if (!take(&value, 2, &list) || value.n)
		return false;
	while (list.n) {
		if (!take(&list, 1, &name) || name.n == 0)
			return false;
		offers |= str_is(name, "fedx/1");
	}
	return offers;
}

static bool
extensions_are_ours(struct str list)
{
	uint16_t seen[EXTENSIONS_MAX];
	size_t n = 0;
	bool offers = false;

	while (list.n) {
		struct str value;
		uint16_t kind;

		if (list.n < 2 || n == EXTENSIONS_MAX)
			return false;
		kind = (uint16_t)((uint8_t)list.p[0] << 8 | (uint8_t)list.p[1]);
		list = str_skip(list, 2);
		if (!take(&list, 2, &value))
			return false;
		for (size_t i = 0; i < n; i++)
			if (seen[i] == kind)
				return false;
		seen[n++] = kind;
		if (kind == ALPN && !(offers = offers_fedx(value)))
			return false;
	}
	return offers;
}

bool
clienthello_is_ours(struct str record)
{
	struct str in, hello, skipped, extensions;

	if (record.n < 3 || record.p[0] != HANDSHAKE)
		return false;
	record = str_skip(record, 3);
	if (!take(&record, 2, &in) || record.n || in.n < 1 || in.p[0] != CLIENT_HELLO)
		return false;
	in = str_skip(in, 1);
	if (!take(&in, 3, &hello) || in.n || hello.n < RANDOM)
		return false;
	hello = str_skip(hello, RANDOM);
	return take(&hello, 1, &skipped)	/* session id */
	    && take(&hello, 2, &skipped)	/* suites */
	    && take(&hello, 1, &skipped)	/* compression */
	    && take(&hello, 2, &extensions) && hello.n == 0 && extensions_are_ours(extensions);
}
