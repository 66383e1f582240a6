/* x509.c - whatever is read stays within the certificate, and a chain is cut where its first ends. */
#include <stdlib.h>

#include "net/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(bool held)
{
	if (!held)
		abort();
}

static bool
within(struct str part, struct str all)
{
	return part.n == 0 || (part.p >= all.p && part.n <= all.n
	    && (size_t)(part.p - all.p) <= all.n - part.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = { (const char *)p, n }, first = x509_first(in);
	struct x509 c, again;

	check(first.n <= n && (first.n == 0 || first.p == in.p));
	if (x509_read(in, &c) == 0) {
		check(first.n == n);		/* all of it is one certificate */
		check(within(c.key, in) && within(c.names, in) && c.key.n >= 2);
		check(!x509_names_node(&c, STR("")) && !x509_names_host(&c, STR("")));
		check(!x509_names_node(&c, STR("*")));
		if (x509_names_node(&c, STR("hub.test")))
			check(x509_names_host(&c, STR("HUB.test")));
		x509_names_host(&c, STR("127.0.0.1"));
		x509_names_host(&c, STR("::1"));
		x509_names_host(&c, STR("a.b.example.net"));
	}
	if (first.n && first.n < n)
		check(x509_read(in, &again) == -1);
	return 0;
}
