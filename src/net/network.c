/* network.c - see network.h. */
#include <netinet/in.h>

#include "net/network.h"

/* 4 or 6, and its bytes in order. */
static uint8_t
address_bytes(const struct addr *a, uint8_t to[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct sockaddr_in *v4 = (const void *)&a->at;
	const struct sockaddr_in6 *v6 = (const void *)&a->at;

	memset(to, 0, 16);
	if (a->at.ss_family == AF_INET) {
		memcpy(to, &v4->sin_addr, 4);
		return 4;
	}
	if (a->at.ss_family != AF_INET6)
		return 0;
	memcpy(to, &v6->sin6_addr, 16);
	if (memcmp(to, mapped, sizeof mapped) != 0)
		return 6;
	memmove(to, to + 12, 4);
	return 4;
}

int
network_parse(struct str s, struct network *n)
{
	struct str base, bits;
	bool cut = str_split(s, '/', &base, &bits);
	struct addr a;
	uint64_t len;

	if (addr_numeric(base, 0, &a) == -1)
		return -1;
	n->family = address_bytes(&a, n->base);
	len = n->family == 4 ? 32 : 128;
	if (cut && str_u64(bits, len, &len) == -1)
		return -1;
	n->bits = (uint8_t)len;
	return 0;
}

bool
network_has(const struct network *n, const struct addr *a)
{
	uint8_t of_a[16];

	if (address_bytes(a, of_a) != n->family || memcmp(of_a, n->base, n->bits / 8) != 0)
		return false;
	return n->bits % 8 == 0 || (of_a[n->bits / 8] ^ n->base[n->bits / 8]) >> (8 - n->bits % 8) == 0;
}
