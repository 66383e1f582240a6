/* auth_line.c - any bytes as a line of who may join: what is believed is within its bounds, and no secret is repeated. */
#include <stdlib.h>

#include "wire/auth_line.h"
#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool held)
{
	if (!held)
		abort();
}

static void
check_scopes(const struct auth_line *l)
{
	struct str rest = l->scopes, pattern;
	int count = 0;

	for (; auth_scope_next(&rest, &pattern); count++)
		must(pattern.n > 0 && pattern.n <= AUTH_SCOPE_MAX && !memchr(pattern.p, ' ', pattern.n));
	must(count <= AUTH_SCOPES_MAX && (l->role != ROLE_HUB || !count) && !count == !l->scopes.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str text = { (const char *)p, n };

	for (int keys = 0; keys < 2; keys++) {
		struct auth_line l;
		struct err e = { "", 0 };
		int r = auth_line_parse(text, keys, &l, &e);

		if (r == -1)
			must(e.text[0] != '\0');
		if (r != 0)
			continue;
		must(l.role > ROLE_NONE && l.role < ROLE_COUNT && (l.is.kind == CREDENTIAL_KEY) == keys);
		must(node_id_valid(l.cluster) && l.node.n);
		must(node_pattern_is_exact(l.node) == node_id_valid(l.node));
		must(!node_pattern_is_exact(l.node) || node_pattern_covers(l.node, l.node));
		check_scopes(&l);
		must(l.key.n == 0 ? !keys : l.key.n >= KEY_MIN && l.key.n <= KEY_MAX);
	}
	return 0;
}
