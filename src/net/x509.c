/* x509.c - see x509.h: a reader for as much DER as a certificate needs. */
#include <arpa/inet.h>

#include "net/x509.h"

enum {	/* tags: universal, then context-specific */
	BOOLEAN = 0x01, INTEGER = 0x02, BIT_STRING = 0x03, OCTET_STRING = 0x04, OID = 0x06,
	SEQUENCE = 0x30,
	VERSION = 0xa0, ISSUER_ID = 0x81, SUBJECT_ID = 0x82, EXTENSIONS = 0xa3,
	DNS_NAME = 0x82, IP_ADDRESS = 0x87,
	HIGH_TAG = 0x1f
};

static const char san[] = "\x55\x1d\x11", eku[] = "\x55\x1d\x25", any_use[] = "\x55\x1d\x25\x00",
	server_use[] = "\x2b\x06\x01\x05\x05\x07\x03\x01",
	client_use[] = "\x2b\x06\x01\x05\x05\x07\x03\x02";

/* The shortest form of a length, up to 16 MiB; how many bytes it took, 0: it is none. */
static size_t
length_read(struct str in, size_t *length)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t more;

	*length = 0;
	if (in.n == 0)
		return 0;
	if (p[0] < 0x80) {
		*length = p[0];
		return 1;
	}
	more = p[0] & 0x7fu;
	if (more == 0 || more > 3 || in.n < 1 + more || p[1] == 0)
		return 0;
	for (size_t i = 1; i <= more; i++)
		*length = *length << 8 | p[i];
	return *length < 0x80 ? 0 : 1 + more;
}

/* The next element; its head may be of use too. */
static bool
next(struct str *in, uint8_t *tag, struct str *body)
{
	size_t length, used;

	if (in->n < 2 || ((uint8_t)in->p[0] & HIGH_TAG) == HIGH_TAG)
		return false;
	*tag = (uint8_t)in->p[0];
	used = length_read(str_skip(*in, 1), &length);
	if (used == 0 || length > in->n - 1 - used)
		return false;
	*body = str_head(str_skip(*in, 1 + used), length);
	*in = str_skip(*in, 1 + used + length);
	return true;
}

static bool
take(struct str *in, uint8_t wanted, struct str *body)
{
	uint8_t tag;

	return next(in, &tag, body) && tag == wanted;
}

static bool
is_next(struct str in, uint8_t tag)
{
	return in.n && (uint8_t)in.p[0] == tag;
}

static bool
read_names(struct str value, struct str *names)
{
	struct str rest, body;
	uint8_t tag;

	if (!take(&value, SEQUENCE, names) || value.n || names->n == 0)
		return false;
	for (rest = *names; rest.n; )
		if (!next(&rest, &tag, &body))
			return false;
	return true;
}

static bool
read_uses(struct str value, unsigned *uses)
{
	struct str list, oid;

	*uses = 0;
	if (!take(&value, SEQUENCE, &list) || value.n || list.n == 0)
		return false;
	while (list.n) {
		if (!take(&list, OID, &oid))
			return false;
		if (str_eq(oid, STR(any_use)))
			*uses |= X509_SERVER | X509_CLIENT;
		else if (str_eq(oid, STR(server_use)))
			*uses |= X509_SERVER;
		else if (str_eq(oid, STR(client_use)))
			*uses |= X509_CLIENT;
	}
	return true;
}

static bool
read_extension(struct str in, struct x509 *c, bool *limited)
{
	struct str oid, critical, value;

	if (!take(&in, OID, &oid) || (is_next(in, BOOLEAN) && !take(&in, BOOLEAN, &critical))
	    || !take(&in, OCTET_STRING, &value) || in.n)
		return false;
	if (str_eq(oid, STR(san)))
		return c->names.n == 0 && read_names(value, &c->names);
	if (!str_eq(oid, STR(eku)))
		return true;
	if (*limited)
		return false;
	*limited = true;
	return read_uses(value, &c->uses);
}

static bool
read_extensions(struct str in, struct x509 *c)
{
	struct str list, one;
	bool limited = false;

	if (!take(&in, SEQUENCE, &list) || in.n)
		return false;
	while (list.n)
		if (!take(&list, SEQUENCE, &one) || !read_extension(one, c, &limited))
			return false;
	return true;
}

/* From its start to the end of the element that was taken last. */
static struct str
whole(const char *from, struct str body)
{
	return (struct str){ from, (size_t)(body.p + body.n - from) };
}

static bool
read_body(struct str in, struct x509 *c)
{
	struct str skipped, extensions;
	const char *key;

	if ((is_next(in, VERSION) && !take(&in, VERSION, &skipped))
	    || !take(&in, INTEGER, &skipped)	/* serial number */
	    || !take(&in, SEQUENCE, &skipped)	/* algorithm of the signature */
	    || !take(&in, SEQUENCE, &skipped)	/* issuer */
	    || !take(&in, SEQUENCE, &skipped)	/* validity */
	    || !take(&in, SEQUENCE, &skipped))	/* subject */
		return false;
	key = in.p;
	if (!take(&in, SEQUENCE, &skipped))
		return false;
	c->key = whole(key, skipped);
	if ((is_next(in, ISSUER_ID) && !take(&in, ISSUER_ID, &skipped))
	    || (is_next(in, SUBJECT_ID) && !take(&in, SUBJECT_ID, &skipped)))
		return false;
	if (in.n == 0)
		return true;
	return take(&in, EXTENSIONS, &extensions) && in.n == 0 && read_extensions(extensions, c);
}

int
x509_read(struct str der, struct x509 *c)
{
	struct str all, body, algorithm, signature;

	*c = (struct x509){ .uses = X509_SERVER | X509_CLIENT };
	if (!take(&der, SEQUENCE, &all) || der.n || !take(&all, SEQUENCE, &body)
	    || !take(&all, SEQUENCE, &algorithm) || !take(&all, BIT_STRING, &signature) || all.n)
		return -1;
	return read_body(body, c) ? 0 : -1;
}

struct str
x509_first(struct str chain)
{
	struct str body, rest = chain;

	return take(&rest, SEQUENCE, &body) ? whole(chain.p, body) : str_head(chain, 0);
}

/* "*.example.net" covers "hub.example.net", and "*.net" nothing. */
static bool
covers(struct str name, struct str host)
{
	struct str label, rest;

	if (str_same(name, host))
		return true;
	return str_starts(name, STR("*.")) && str_split(host, '.', &label, &rest) && label.n
	    && memchr(rest.p, '.', rest.n) && str_same(str_skip(name, 2), rest);
}

/* The bytes of an address as text; how many, 0: it is none. */
static size_t
address_bytes(struct str host, char to[sizeof(struct in6_addr)])
{
	char text[INET6_ADDRSTRLEN];

	if (str_c(host, text, sizeof text) == -1)
		return 0;
	return inet_pton(AF_INET, text, to) == 1 ? sizeof(struct in_addr) :
	    inet_pton(AF_INET6, text, to) == 1 ? sizeof(struct in6_addr) : 0;
}

bool
x509_names_host(const struct x509 *c, struct str host)
{
	char bytes[sizeof(struct in6_addr)];
	size_t n = address_bytes(host, bytes);
	struct str rest = c->names, name;
	uint8_t tag;

	while (host.n && next(&rest, &tag, &name))
		if ((tag == DNS_NAME && (n ? str_same(name, host) : covers(name, host)))
		    || (n && tag == IP_ADDRESS && str_eq(name, (struct str){ bytes, n })))
			return true;
	return false;
}

bool
x509_names_node(const struct x509 *c, struct str node)
{
	struct str rest = c->names, name;
	uint8_t tag;

	while (node.n && !memchr(node.p, '*', node.n) && next(&rest, &tag, &name))
		if (tag == DNS_NAME && str_eq(name, node))
			return true;
	return false;
}
