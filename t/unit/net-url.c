/* net-url.c - what a person writes for a place becomes that place, or advice. */
#include "net/net.h"
#include "tap.h"

static const struct {
	const char *what, *text;
	enum scheme scheme;
	bool tls;
	const char *host;
	uint16_t port;
	const char *path;
} good[] = {
	{ "a host alone", "fedx://hub", SCHEME_FEDX, false, "hub", 0, "" },
	{ "host and port", "fedxs://hub.example.net:7342", SCHEME_FEDXS, true, "hub.example.net", 7342, "" },
	{ "a closing slash", "fedx://hub:1/", SCHEME_FEDX, false, "hub", 1, "" },
	{ "ws without a path", "ws://h", SCHEME_WS, false, "h", 0, "/" },
	{ "wss with path and query", "wss://h:65535/a/b?c=d", SCHEME_WSS, true, "h", 65535, "/a/b?c=d" },
	{ "IPv4", "fedx://192.0.2.1:80", SCHEME_FEDX, false, "192.0.2.1", 80, "" },
	{ "IPv6 without a port", "fedx://[2001:db8::1]", SCHEME_FEDX, false, "2001:db8::1", 0, "" },
	{ "IPv6 with a port", "wss://[::1]:80/x", SCHEME_WSS, true, "::1", 80, "/x" },
	{ "a scheme in capitals", "FEDX://hub", SCHEME_FEDX, false, "hub", 0, "" },
	{ "SRV records", "fedx+srv://example.net", SCHEME_FEDX, false, "example.net", 0, "" },
	{ "SRV records and TLS", "fedxs+srv://example.net/", SCHEME_FEDXS, true, "example.net", 0, "" },
	{ "SRV records, in capitals", "FEDXS+SRV://example.net", SCHEME_FEDXS, true, "example.net", 0, "" },
	{ "SRV records, a closing dot", "fedx+srv://example.net.", SCHEME_FEDX, false, "example.net", 0, "" },
	{ "unix, and a # of its path", "unix:/run/x#1", SCHEME_UNIX, false, "", 0, "/run/x#1" },
	{ "unix", "unix:/run/x.sock", SCHEME_UNIX, false, "", 0, "/run/x.sock" },
	{ "unix with three slashes", "unix:///run/x.sock", SCHEME_UNIX, false, "", 0, "/run/x.sock" },
	{ "unix, relative", "unix:x.sock", SCHEME_UNIX, false, "", 0, "x.sock" },
};

static const struct { const char *text, *host, *path, *cluster; } clusters[] = {
	{ "fedxs://hub.example.net:7342#beta", "hub.example.net", "", "beta" },
	{ "fedxs://hub.example.net/#beta", "hub.example.net", "", "beta" },
	{ "fedxs+srv://example.net#b", "example.net", "", "b" },
	{ "wss://h/a/b?c#be.ta", "h", "/a/b?c", "be.ta" },
	{ "wss://h#a#b", "h", "/", "a#b" },
};

static const struct { const char *what, *text, *says; } bad[] = {
	{ "nothing", "", "fedx://HOST" },
	{ "no scheme", "hub:7341", "fedx://HOST" },
	{ "a foreign scheme", "http://hub", "unix:PATH" },
	{ "no slashes", "fedx:hub", "fedx://HOST" },
	{ "no host", "fedx://", "host name" },
	{ "no host but a port", "fedx://:80", "host name" },
	{ "port 0", "fedx://h:0", "1 to 65535" },
	{ "port 65536", "fedx://h:65536", "1 to 65535" },
	{ "an empty port", "fedx://h:", "1 to 65535" },
	{ "a port with a sign", "fedx://h:+1", "1 to 65535" },
	{ "IPv6 without brackets", "fedx://::1", "brackets" },
	{ "an open bracket", "fedx://[::1", "bracket" },
	{ "text after the bracket", "fedx://[::1]x", "bracket" },
	{ "a name in brackets", "fedx://[hub]", "IPv6" },
	{ "a path where none belongs", "fedxs://h/x", "path" },
	{ "a password", "fedx://me:secret@h", "password" },
	{ "an empty cluster", "ws://h/#", "cluster" },
	{ "a query without a path", "ws://h?x", "path" },
	{ "a line end in the path", "ws://h/x\r\nHost: y", "path" },
	{ "a blank in the host", "fedx://a b", "host name" },
	{ "an empty label", "fedx://a..b", "host name" },
	{ "a host like an option", "fedx://-x", "host name" },
	{ "a port with SRV records", "fedx+srv://example.net:7341", "port" },
	{ "a wrong port with SRV records", "fedxs+srv://example.net:x", "port" },
	{ "an address with SRV records", "fedx+srv://192.0.2.1", "leave +srv out" },
	{ "an IPv6 address with SRV records", "fedx+srv://[2001:db8::1]", "leave +srv out" },
	{ "this host with SRV records", "fedx+srv://localhost", "leave +srv out" },
	{ "... with a closing dot", "fedx+srv://LocalHost.", "leave +srv out" },
	{ "a path with SRV records", "fedxs+srv://example.net/x", "path" },
	{ "no domain", "fedx+srv://", "host name" },
	{ "nothing but a dot", "fedx+srv://.", "host name" },
	{ "no such addition", "fedx+mx://example.net", "+srv" },
	{ "nor for WebSocket", "wss+srv://example.net", "+srv" },
	{ "unix without a path", "unix:", "empty" },
};

static const struct { const char *text, *host; int port; } places[] = {
	{ "127.0.0.1:0", "127.0.0.1", 0 }, { "[::1]:80", "::1", 80 }, { ":80", "", 80 },
	{ "hub:7341", "hub", 7341 }, { "127.0.0.1", NULL, 0 }, { "", NULL, 0 },
	{ "::1:80", NULL, 0 }, { "h:", NULL, 0 }, { "h:x", NULL, 0 }, { "[::1]", NULL, 0 },
	{ "h:70000", NULL, 0 }, { "h h:1", NULL, 0 },
};

static const struct { const char *host; bool is; } loops[] = {
	{ "127.0.0.1", true }, { "127.255.3.4", true }, { "::1", true }, { "localhost", true },
	{ "LocalHost", true }, { "::ffff:127.0.0.1", true }, { "128.0.0.1", false },
	{ "localhost.example.net", false }, { "127.0.0.1.example.net", false }, { "127", false },
	{ "::", false }, { "0.0.0.0", false }, { "", false }, { "::2", false },
};

int
main(void)
{
	char long_path[200] = "unix:/", domain[280] = "fedx+srv://";
	struct err e;
	struct url u;
	struct str host;
	uint16_t port;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ok(url_parse(str(good[i].text), &u, &e) == 0 && u.scheme == good[i].scheme &&
		    u.tls == good[i].tls && u.port == good[i].port &&
		    u.srv == (strchr(good[i].text, '+') != NULL) && str_is(u.host, good[i].host) && str_is(u.path, good[i].path) && !u.cluster.n,
		    "%s: %s", good[i].what, good[i].text);
	}
	for (size_t i = 0; i < sizeof clusters / sizeof *clusters; i++)
		ok(url_parse(str(clusters[i].text), &u, &e) == 0 && str_is(u.host, clusters[i].host) &&
		    str_is(u.path, clusters[i].path) && str_is(u.cluster, clusters[i].cluster),
		    "a cluster: %s", clusters[i].text);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e.text[0] = '\0';
		ok(url_parse(str(bad[i].text), &u, &e) == -1 && strstr(e.text, bad[i].says),
		    "refused with advice: %s (%s)", bad[i].what, strpbrk(e.text, "\r\n") ? "" : e.text);
	}
	memset(long_path + 6, 'x', 190);
	ok(url_parse(str(long_path), &u, &e) == -1 && strstr(e.text, "shorter"),
	    "a path that no socket address holds is refused");
	for (size_t i = 0; i < 241; i++)
		domain[11 + i] = i % 60 == 59 ? '.' : 'x';
	ok(url_parse(str(domain), &u, &e) == 0, "a domain with room for the name of its SRV records");
	domain[11 + 241] = 'x';
	ok(url_parse(str(domain), &u, &e) == -1 && strstr(e.text, "too long"), "one without: %s", e.text);
	ok(url_parse((struct str){ "unix:/a\0b", 9 }, &u, &e) == -1, "a NUL in a path is refused");
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		int got = hostport_parse(str(places[i].text), &host, &port, &e);

		ok(places[i].host ? got == 0 && str_is(host, places[i].host) && port == places[i].port
		    : got == -1, "'%s' is %sa place to listen", places[i].text,
		    places[i].host ? "" : "not ");
	}
	for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
		ok(host_is_loopback(str(loops[i].host)) == loops[i].is, "'%s' is %sloopback",
		    loops[i].host, loops[i].is ? "" : "not ");
	return done();
}
