/* proxyhead.c - see proxyhead.h; the format is haproxy's doc/proxy-protocol.txt. */
#include <arpa/inet.h>

#include "wire/proxyhead.h"

enum { LINE_MAX_V1 = 107, HEAD_V2 = 16, TCP4 = 0x11, TCP6 = 0x21, BLOCK4 = 12, BLOCK6 = 36 };

static const char signature[12] = { '\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n' };

static enum parse
bad(const char **why, const char *sentence)
{
	*why = sentence;
	return PARSE_BAD;
}

/* "TCP4 192.0.2.1 192.0.2.2 4711 443", or "UNKNOWN" and whatever follows */
static enum parse
line_parse(struct str line, struct proxyhead *h, const char **why)
{
	struct str word[5], rest = line;
	uint8_t address[16];
	uint64_t port, to;
	char text[PROXYHEAD_HOST];
	int family;

	str_split(rest, ' ', &word[0], &rest);
	if (str_is(word[0], "UNKNOWN"))
		return PARSE_OK;
	for (size_t i = 1; i < 5; i++)
		str_split(rest, ' ', &word[i], &rest);
	family = str_is(word[0], "TCP4") ? AF_INET : str_is(word[0], "TCP6") ? AF_INET6 : -1;
	if (family == -1 || rest.n)
		return bad(why, "the PROXY line is not TCP4 or TCP6 with two addresses and two ports");
	if (str_c(word[2], text, sizeof text) == -1 || inet_pton(family, text, address) != 1 ||
	    str_c(word[1], text, sizeof text) == -1 || inet_pton(family, text, address) != 1)
		return bad(why, "an address in the PROXY line is none");
	if (str_u64(word[3], 65535, &port) == -1 || str_u64(word[4], 65535, &to) == -1)
		return bad(why, "a port in the PROXY line is none");
	inet_ntop(family, address, h->host, sizeof h->host);
	h->port = (uint16_t)port;
	return PARSE_OK;
}

static enum parse
parse_v1(struct str in, struct proxyhead *h, size_t *used, const char **why)
{
	size_t n = in.n < LINE_MAX_V1 ? in.n : LINE_MAX_V1;
	const char *lf = memchr(in.p, '\n', n);
	size_t end;

	if (!str_starts(in, str_head(STR("PROXY "), in.n < 6 ? in.n : 6)))
		return bad(why, "no PROXY header");
	if (!lf)
		return n == LINE_MAX_V1 ? bad(why, "the PROXY line is over 107 bytes") : PARSE_MORE;
	end = (size_t)(lf - in.p);
	if (end < 7 || in.p[end - 1] != '\r')
		return bad(why, "the PROXY line ends without CR LF");
	*used = end + 1;
	return line_parse(str_skip(str_head(in, end - 1), 6), h, why);
}

static enum parse
parse_v2(struct str in, struct proxyhead *h, size_t *used, const char **why)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t len;

	if (!str_starts(in, (struct str){ signature, in.n < sizeof signature ? in.n : sizeof signature }))
		return bad(why, "no PROXY header");
	if (in.n < HEAD_V2)
		return PARSE_MORE;
	if (p[12] != 0x20 && p[12] != 0x21)
		return bad(why, "the PROXY header is not version 2, or has an unknown command");
	len = (size_t)p[14] << 8 | p[15];
	if (len > PROXYHEAD_MAX - HEAD_V2)
		return bad(why, "the PROXY header is over 2048 bytes");
	if ((p[13] == TCP4 && len < BLOCK4) || (p[13] == TCP6 && len < BLOCK6))
		return bad(why, "the PROXY header is too short for its addresses");
	if (in.n - HEAD_V2 < len)
		return PARSE_MORE;
	*used = HEAD_V2 + len;
	p += HEAD_V2;
	if (in.p[12] == 0x20)		/* LOCAL: a look whether we are there */
		return PARSE_OK;
	if (in.p[13] == TCP4) {
		inet_ntop(AF_INET, p, h->host, sizeof h->host);
		h->port = (uint16_t)(p[8] << 8 | p[9]);
	} else if (in.p[13] == TCP6) {
		inet_ntop(AF_INET6, p, h->host, sizeof h->host);
		h->port = (uint16_t)(p[32] << 8 | p[33]);
	}
	return PARSE_OK;
}

enum parse
proxyhead_parse(struct str in, struct proxyhead *h, size_t *used, const char **why)
{
	*h = (struct proxyhead){ .port = 0 };
	if (in.n == 0)
		return PARSE_MORE;
	return in.p[0] == signature[0] ? parse_v2(in, h, used, why) : parse_v1(in, h, used, why);
}
