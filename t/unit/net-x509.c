/* net-x509.c - names, uses and key of a certificate made by hand, and ways in which it can be malformed. */
#include "der.h"
#include "net/x509.h"
#include "tap.h"

static bool
reads(struct str cert)
{
	struct x509 c;

	return x509_read(cert, &c) == 0;
}

static bool
reads_extensions(struct str extensions)
{
	return reads(der_certificate(extensions));
}

static struct str
names(struct str name)
{
	return der_extension(SAN, der(0x30, 1, der(0x82, 1, name)));
}

static void
malformed(struct str good)
{
	struct str san = names(STR("hub.test")), empty = der(0x30, 0);
	struct str eku = der_extension(EKU, der(0x30, 1, der(0x06, 1, CLIENT_AUTH)));
	char bytes[128];
	int read = 0;

	ok(!reads(STR("")) && !reads(STR("\x30")) && !reads(STR("\x30\x00")), "nothing, a byte, an empty element");
	for (size_t n = 0; n < good.n; n++)
		read += reads(str_head(good, n));
	is_int(read, 0, "no beginning of one is one");
	memcpy(bytes, good.p, good.n);
	bytes[good.n] = 0;
	ok(!reads((struct str){ bytes, good.n + 1 }), "nor one with a byte behind it");
	bytes[0] = 0x31;
	ok(!reads((struct str){ bytes, good.n }), "nor one of another tag");
	bytes[0] = 0x30;
	memmove(bytes + 2, bytes + 1, good.n - 1);
	bytes[1] = (char)0x81;
	ok(!reads((struct str){ bytes, good.n + 1 }), "nor one whose length has a byte too many");
	bytes[1] = (char)0x80;
	ok(!reads((struct str){ bytes, good.n + 1 }), "nor one of indefinite length");
	ok(!reads_extensions(der(0x30, 2, san, san)) && !reads_extensions(STR("\x30\x00\x05")),
	    "extensions in one list too many, and half of one");
	ok(reads(der_certificate(san)), "a name");
	ok(!reads_extensions((struct str){ bytes, 3 }), "no extension");
	memcpy(bytes, san.p, san.n);
	memcpy(bytes + san.n, san.p, san.n);
	ok(!reads_extensions((struct str){ bytes, 2 * san.n }), "the names twice");
	memcpy(bytes, eku.p, eku.n);
	memcpy(bytes + eku.n, eku.p, eku.n);
	ok(!reads_extensions((struct str){ bytes, 2 * eku.n }), "the uses twice");
	memcpy(bytes + eku.n, san.p, san.n);
	ok(reads_extensions((struct str){ bytes, eku.n + san.n }), "one of each");
	ok(!reads_extensions(der_extension(SAN, empty)), "an empty list of names");
	ok(!reads_extensions(der_extension(EKU, empty)), "an empty list of uses");
	ok(!reads_extensions(der_extension(SAN, STR("\x30\x03\x82\x02x"))), "a name that ends behind its list");
	ok(!reads_extensions(der_extension(SAN, STR("\x30\x03\x82\x01x\x05"))), "something behind the list");
	ok(!reads_extensions(der_extension(EKU, der(0x30, 1, der(0x05, 0)))), "a use that is no OID");
}

int
main(void)
{
	struct str good = der_certificate(names(STR("hub.test"))), chain;
	char two[256];
	struct x509 c;

	ok(reads(good) && reads(der_certificate(STR(""))), "a certificate with a name, and one without extensions");
	x509_read(good, &c);
	ok(str_eq(c.key, STR("\x30\x02\x05\x00")), "the key, with its head");
	ok(c.uses == (X509_SERVER | X509_CLIENT), "nothing limits its uses");
	ok(x509_names_node(&c, STR("hub.test")) && !x509_names_node(&c, STR("hub.tes"))
	    && !x509_names_node(&c, STR("HUB.test")) && !x509_names_node(&c, STR("")), "exactly that node");
	ok(x509_names_host(&c, STR("Hub.Test")) && !x509_names_host(&c, STR("")), "a host in any case");
	x509_read(der_certificate(der_extension(EKU, der(0x30, 1, der(0x06, 1, CLIENT_AUTH)))), &c);
	ok(c.uses == X509_CLIENT && !x509_names_node(&c, STR("hub.test")), "a use, and no name");
	x509_read(der_certificate(names(STR(""))), &c);
	ok(!x509_names_node(&c, STR("")) && !x509_names_host(&c, STR("")), "an empty name names nobody");
	x509_read(der_certificate(names(STR("*"))), &c);
	ok(!x509_names_node(&c, STR("*")) && !x509_names_host(&c, STR("a.b.c")), "a star names nobody");
	x509_read(der_certificate(names(STR("*.b.c"))), &c);
	ok(x509_names_host(&c, STR("a.b.c")) && !x509_names_host(&c, STR("x.a.b.c"))
	    && !x509_names_host(&c, STR("b.c")) && !x509_names_host(&c, STR(".b.c")), "a wildcard is one label");
	malformed(good);
	memcpy(two, good.p, good.n);
	memcpy(two + good.n, good.p, good.n);
	chain = (struct str){ two, 2 * good.n };
	is_int((long)x509_first(chain).n, (long)good.n, "the first of two ends where it ends");
	ok(!reads(chain), "two are not one");
	is_int((long)x509_first(STR("\x30\x05")).n, 0, "half a one is none");
	return done();
}
