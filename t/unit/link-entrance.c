/* link-entrance.c - what a listener asks for, and from which address a proxy's request has come. */
#include "link/entrance.h"
#include "tap.h"

static struct entrance en;
static struct str hostport;
static struct err e;

static bool
takes(const char *text)
{
	return entrance_parse(str(text), &en, &hostport, &e) == 0;
}

static const struct { const char *text, *why; } bad[] = {
	{ "h:1,tls", "no NAME=VALUE" }, { "h:1,", "no NAME=VALUE" }, { "h:1,tls=yes", "want on, off or proxy" },
	{ "h:1,tls=", "tls cannot be ''" }, { "h:1,auth=no", "want required or guests" }, { "h:1,x=y", "unknown option 'x'" },
	{ "h:1,tls=proxy", "wants trust_proxy" }, { "h:1,trust_proxy=h", "want an address" },
	{ "h:1,trust_proxy=10.0.0.0/33", "want an address" }, { "h:1,guests.dialects=lines", "wants auth=guests" },
	{ "h:1,auth=guests,guests.dialects=x", "want fedx or lines" },
};

static const struct { const char *what, *fields, *is; } forwarded[] = {
	{ "one", "X-Forwarded-For: 198.51.100.7\r\n", "198.51.100.7:0" },
	{ "the last one", "X-Forwarded-For: 1.2.3.4, 198.51.100.7\r\n", "198.51.100.7:0" },
	{ "before our own proxies", "x-forwarded-for: 1.2.3.4, 198.51.100.7,10.1.2.3 , 192.0.2.7\r\n", "198.51.100.7:0" },
	{ "over several fields", "X-Forwarded-For: 198.51.100.7\r\nX-Other: y\r\nX-Forwarded-For: 10.1.2.3\r\n", "198.51.100.7:0" },
	{ "none but our own", "X-Forwarded-For: 10.0.0.9, 10.1.2.3\r\n", "10.0.0.9:0" },
	{ "IPv6", "X-Forwarded-For: 2001:db8::7\r\n", "[2001:db8::7]:0" },
	{ "behind what is none", "X-Forwarded-For: 198.51.100.7, unknown, 10.1.2.3\r\n", "10.1.2.3:0" },
	{ "none at all", "X-Forwarded-For: unknown\r\n", "" },
	{ "an empty one", "X-Forwarded-For:\r\n", "" },
	{ "no such field", "Forwarded: for=198.51.100.7\r\n", "" },
};

int
main(void)
{
	ok(takes("[::1]:80") && str_is(hostport, "[::1]:80") && en.tls == ENTRANCE_EITHER && en.auth == ENTRANCE_LISTED &&
	    !en.trusted_count, "only an address");
	ok(takes("h:1,tls=on") && en.tls == ENTRANCE_ON && str_is(hostport, "h:1"), "tls");
	ok(takes("h:1,tls=off,auth=required") && en.tls == ENTRANCE_OFF && en.auth == ENTRANCE_REQUIRED, "tls and auth");
	ok(takes("h:1,auth=guests") && en.auth == ENTRANCE_GUESTS && en.dialects == (ENTRANCE_FEDX | ENTRANCE_LINES),
	    "guests, by every dialect");
	ok(takes("h:1,auth=guests,guests.dialects=lines") && en.dialects == ENTRANCE_LINES, "guests, by one");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!takes(bad[i].text) && strstr(e.text, bad[i].why), "%s: %s", bad[i].text, e.text);

	ok(takes("h:1,tls=proxy,trust_proxy=10.0.0.0/8,trust_proxy=192.0.2.7,trust_proxy=2001:db8:1::/48") &&
	    en.tls == ENTRANCE_PROXY && en.trusted_count == 3, "three trusted");
	ok(entrance_trusts(&en, "10.255.0.1:4711") && entrance_trusts(&en, "192.0.2.7:1") &&
	    entrance_trusts(&en, "[2001:db8:1:2::3]:1"), "each is");
	ok(!entrance_trusts(&en, "11.0.0.1:4711") && !entrance_trusts(&en, "192.0.2.8:1") &&
	    !entrance_trusts(&en, "[2001:db8:2::3]:1") && !entrance_trusts(&en, "unix"), "others are not");
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
		static struct http_head h;
		char text[300], to[ADDR_TEXT] = "";
		const char *why;
		size_t used;

		snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", forwarded[i].fields);
		ok(http_request_parse(str(text), &h, &used, &why) == PARSE_OK &&
		    entrance_forwarded(&en, &h, to) == (forwarded[i].is[0] != '\0') && strcmp(to, forwarded[i].is) == 0,
		    "forwarded, %s: '%s'", forwarded[i].what, to);
	}
	return done();
}
