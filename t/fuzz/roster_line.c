/* roster_line.c - any bytes as a line of who was invited: what is believed is one node with a key, and is written as it was read. */
#include <stdlib.h>

#include "wire/hello.h"
#include "wire/roster_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool held)
{
	if (!held)
		abort();
}

static bool
same_scopes(struct str a, struct str b)
{
	struct str x, y;

	while (auth_scope_next(&a, &x))
		if (!auth_scope_next(&b, &y) || !str_eq(x, y))
			return false;
	return !auth_scope_next(&b, &y);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct roster_line l, again;
	struct err e = { "", 0 };
	struct buf b;
	int r = roster_line_parse((struct str){ (const char *)p, n }, &l, &e);

	must(r != -1 || e.text[0] != '\0');
	if (r != 0)
		return 0;
	must(l.state < ROSTER_STATE_COUNT && node_id_valid(l.who.node) && node_id_valid(l.who.cluster));
	must(l.who.key.n >= KEY_MIN && l.who.key.n <= KEY_MAX && l.who.expires >= 0);
	buf_init(&b, 1 << 16);
	must(roster_line_put(&b, &l) == 0 && roster_line_parse(str_trim(buf_view(&b)), &again, &e) == 0);
	must(again.state == l.state && again.who.role == l.who.role && str_eq(again.who.node, l.who.node) &&
	    str_eq(again.who.cluster, l.who.cluster) && again.who.expires == l.who.expires &&
	    str_eq(key_view(&again.who.key), key_view(&l.who.key)) && same_scopes(l.who.scopes, again.who.scopes));
	buf_free(&b);
	return 0;
}
