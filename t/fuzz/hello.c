/* hello.c - any bytes as a hello: what is believed is well formed and survives the wire. */
#include <stdlib.h>

#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool held)
{
	if (!held)
		abort();
}

static void
printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		must(s.p[i] >= ' ' && s.p[i] <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct hello h, again;
	struct err e = { "", 0 };
	struct buf b;

	if (hello_get((struct str){ (const char *)p, n }, &h, &e) == -1) {
		must(e.text[0] != '\0');
		return 0;
	}
	must(n <= HELLO_MAX && h.token.n <= TOKEN_MAX);
	must(h.node.n == 0 || node_id_valid(h.node));
	must(h.cluster.n == 0 || node_id_valid(h.cluster));
	must(h.role > ROLE_NONE && h.role < ROLE_COUNT);
	must(h.version_min >= 1 && h.version_min <= h.version_max);
	printable(h.capabilities);
	printable(h.token);
	printable(h.agent);

	buf_init(&b, HELLO_MAX);
	must(hello_put(&b, &h) == 0 && buf_len(&b) <= n);
	must(hello_get(buf_view(&b), &again, &e) == 0);
	must(str_eq(h.node, again.node) && str_eq(h.cluster, again.cluster) && h.role == again.role &&
	    h.version_min == again.version_min && h.version_max == again.version_max &&
	    h.instance == again.instance && str_eq(h.token, again.token) &&
	    str_eq(h.key_id, again.key_id) && str_eq(h.nonce, again.nonce) &&
	    str_eq(h.agent, again.agent) && str_eq(h.capabilities, again.capabilities));
	buf_free(&b);
	return 0;
}
