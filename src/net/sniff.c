/* sniff.c - each protocol of the port begins with bytes that no other begins with. */
#include "net/sniff.h"

enum {
	TLS_HANDSHAKE = 0x16,
	NATIVE_MAGIC = 0xF3,		/* ENVELOPE_MAGIC; net does not include wire */
	METHOD_MAX = 7			/* OPTIONS, CONNECT */
};

static enum sniffed
sniff_tls(const unsigned char *p, size_t n)	/* type, major 3, minor 0 to 4 */
{
	if ((n > 1 && p[1] != 3) || (n > 2 && p[2] > 4))
		return SNIFF_UNKNOWN;
	return n > 2 ? SNIFF_TLS : SNIFF_MORE;
}

/* A length of 2 to 16 MiB, big-endian, then an object.  16 MiB itself is the
 * only length with anything in its first byte. */
static enum sniffed
sniff_mesh(const unsigned char *p, size_t n)
{
	size_t known = n < 4 ? n : 4;
	unsigned long length = 0;

	for (size_t i = 0; i < known; i++)
		length |= (unsigned long)p[i] << (24 - 8 * i);
	if (length > 0x1000000 || (known == 4 && length < 2))
		return SNIFF_UNKNOWN;
	if (n < 5)
		return SNIFF_MORE;
	return memchr("{ \t\r\n", p[4], 5) ? SNIFF_MESH : SNIFF_UNKNOWN;
}

/* PROXY header: version 1 is a line, version 2 begins with what no other does. */
static enum sniffed
sniff_proxy(struct str first)
{
	static const struct str begins[] = { { "PROXY ", 6 }, { "\r\n\r\n\0", 5 } };

	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
		size_t n = first.n < begins[i].n ? first.n : begins[i].n;

		if (str_eq(str_head(first, n), str_head(begins[i], n)))
			return n == begins[i].n ? SNIFF_PROXY : SNIFF_MORE;
	}
	return SNIFF_UNKNOWN;
}

/* Any method that looks like one: the HTTP side knows how to refuse it. */
static enum sniffed
sniff_http(const unsigned char *p, size_t n)
{
	size_t i = 0;

	while (i < n && i < METHOD_MAX && p[i] >= 'A' && p[i] <= 'Z')
		i++;
	if (i == n)
		return SNIFF_MORE;
	return p[i] == ' ' ? SNIFF_HTTP : SNIFF_UNKNOWN;
}

enum sniffed
sniff(struct str first)
{
	const unsigned char *p = (const unsigned char *)first.p;
	enum sniffed proxy;

	if (first.n == 0)
		return SNIFF_MORE;
	if ((proxy = sniff_proxy(first)) != SNIFF_UNKNOWN)
		return proxy;
	if (p[0] == NATIVE_MAGIC)
		return SNIFF_NATIVE;
	if (p[0] == '{')
		return SNIFF_LINES;
	if (p[0] == TLS_HANDSHAKE)
		return sniff_tls(p, first.n);
	if (p[0] <= 1)
		return sniff_mesh(p, first.n);
	if (p[0] >= 'A' && p[0] <= 'Z')
		return sniff_http(p, first.n);
	return SNIFF_UNKNOWN;
}

const char *
sniffed_name(enum sniffed s)
{
	static const char *const names[] = {
		[SNIFF_MORE] = "too few bytes", [SNIFF_PROXY] = "proxy header", [SNIFF_TLS] = "tls",
		[SNIFF_HTTP] = "http", [SNIFF_NATIVE] = "native",
		[SNIFF_MESH] = "mesh", [SNIFF_LINES] = "json lines",
		[SNIFF_UNKNOWN] = "unknown"
	};

	return (unsigned)s <= SNIFF_UNKNOWN ? names[s] : "unknown";
}
