/* net-proxy.c - which proxy, with what login, and for which hosts. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/proxy.h"
#include "tap.h"

static struct proxy p;
static struct err e;

static const struct { const char *url, *host; uint16_t port; const char *login; } good[] = {
	{ "http://gate.example.net:3128", "gate.example.net", 3128, "" },
	{ "http://gate.example.net:3128/", "gate.example.net", 3128, "" },
	{ "HTTP://gate", "gate", 80, "" },
	{ "gate:8080", "gate", 8080, "" },
	{ "http://192.0.2.1:1", "192.0.2.1", 1, "" },
	{ "http://[2001:db8::1]:3128", "2001:db8::1", 3128, "" },
	{ "http://[2001:db8::1]", "2001:db8::1", 80, "" },
	{ "http://me:secret@gate:3128", "gate", 3128, "me:secret" },
	{ "http://me:@gate:3128", "gate", 3128, "me:" },
	{ "http://me:s%40c%3Aret%25@gate:3128", "gate", 3128, "me:s@c:ret%" },
	{ "http://me:s@cret@gate:3128", "gate", 3128, "me:s@cret" },
	{ "me%20too:a:b@gate:1", "gate", 1, "me too:a:b" },
};

static const struct { const char *url, *why; } bad[] = {
	{ "", "no address of a proxy" }, { "http://", "no address of a proxy" }, { "http://:3128", "no address" },
	{ "http://gate:0", "no address" }, { "http://gate:65536", "not a port" }, { "http://gate:x", "not a port" },
	{ "socks5://gate:1080", "no HTTP proxy: write http://" }, { "https://gate", "no HTTP proxy" },
	{ "http://ga te:1", "not a host name" }, { "http://gate:1/path", "port" }, { "http://[::1:1", "bracket" },
	{ "http://me@gate:1", "want USER:PASSWORD" }, { "http://me:x%0d%0aX@gate:1", "want USER:PASSWORD" },
	{ "http://me:%4@gate:1", "want USER:PASSWORD" }, { "http://me:%zz@gate:1", "want USER:PASSWORD" },
	{ "http://me:%00@gate:1", "want USER:PASSWORD" },
};

static const struct { const char *what, *except, *url; bool serves; } hosts[] = {
	{ "a host",			"", "fedxs://hub.example.net", true },
	{ "by WebSocket",		"", "wss://hub.example.net/x", true },
	{ "an address",			"", "fedx://192.0.2.1", true },
	{ "a domain with SRV records",	"", "fedxs+srv://example.net", true },
	{ "this host",			"", "fedx://localhost", false },
	{ "this host, with a dot",	"", "fedx://localhost.", false },
	{ "this host, by address",	"", "fedx://127.3.2.1", false },
	{ "this host, by IPv6",		"", "wss://[::1]", false },
	{ "a socket",			"", "unix:/run/x", false },
	{ "all are excepted",		"*", "fedxs://hub.example.net", false },
	{ "the host",			"hub.example.net", "fedxs://hub.example.net", false },
	{ "the host in other letters",	"HUB.example.NET", "fedxs://hub.Example.net", false },
	{ "its domain",			"example.net", "fedxs://hub.example.net", false },
	{ "its domain with a dot",	".example.net", "fedxs://hub.example.net", false },
	{ "the domain itself",		".example.net", "fedxs://example.net", false },
	{ "a host with a dot behind",	"example.net", "fedxs://hub.example.net.", false },
	{ "half a label",		"ample.net", "fedxs://hub.example.net", true },
	{ "a longer name",		"my.hub.example.net", "fedxs://hub.example.net", true },
	{ "one of several",		"a.test, b.test,example.net", "fedxs://hub.example.net", false },
	{ "blanks between",		" a.test example.net ", "fedxs://hub.example.net", false },
	{ "none of several",		"a.test,,b.test", "fedxs://hub.example.net", true },
	{ "a lone dot",			".", "fedxs://hub.example.net", true },
	{ "an address",			"192.0.2.1", "fedx://192.0.2.1", false },
	{ "another address",		"192.0.2.2", "fedx://192.0.2.1", true },
	{ "the tail of an address",	"2.1", "fedx://192.0.2.1", true },
	{ "a network",			"192.0.2.0/24", "fedx://192.0.2.1", false },
	{ "an odd network",		"192.0.2.128/26", "fedx://192.0.2.190", false },
	{ "beside an odd network",	"192.0.2.128/26", "fedx://192.0.2.192", true },
	{ "every network",		"0.0.0.0/0", "fedx://192.0.2.1", false },
	{ "a network of IPv6",		"2001:db8::/32", "fedx://[2001:db8:1::7]", false },
	{ "another family",		"2001:db8::/32", "fedx://192.0.2.1", true },
	{ "a network that is none",	"192.0.2.0/33", "fedx://192.0.2.1", true },
};

static void
test_environment(void)
{
	struct proxy_settings none = { .url = NULL }, some = { "http://other:1", NULL, "a.test" };

	unsetenv("https_proxy"), unsetenv("HTTPS_PROXY"), unsetenv("no_proxy"), unsetenv("NO_PROXY");
	ok(proxy_find(&p, &none, &e) == 0 && !p.host[0], "no proxy");
	setenv("HTTPS_PROXY", "http://me:secret@upper:1", 1);
	setenv("NO_PROXY", "upper.test", 1);
	ok(proxy_find(&p, &none, &e) == 0 && strcmp(p.host, "upper") == 0 && strcmp(p.login, "me:secret") == 0 &&
	    strcmp(p.except, "upper.test") == 0, "that of the environment");
	setenv("https_proxy", "http://lower:1", 1);
	setenv("no_proxy", "lower.test", 1);
	ok(proxy_find(&p, &none, &e) == 0 && strcmp(p.host, "lower") == 0 && strcmp(p.except, "lower.test") == 0,
	    "small letters come first");
	ok(proxy_find(&p, &some, &e) == 0 && strcmp(p.host, "other") == 0 && !p.login[0] &&
	    strcmp(p.except, "a.test") == 0, "settings come before both");
	setenv("https_proxy", "http://me:secret@[x", 1);
	ok(proxy_find(&p, &none, &e) == -1 && strstr(e.text, "https_proxy in the environment") &&
	    !strstr(e.text, "secret") && e.status == 78, "what is wrong there is said without the password: %s", e.text);
	unsetenv("https_proxy"), unsetenv("HTTPS_PROXY"), unsetenv("no_proxy"), unsetenv("NO_PROXY");
}

static bool
put(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(path, mode))
		abort();
	return true;
}

static void
test_file(void)
{
	char dir[] = "/tmp/fedx-proxy-XXXXXX", path[64];
	struct proxy_settings s = { .file = path };

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof path, "%s/p", dir);
	ok(proxy_find(&p, &s, &e) == -1 && e.status == 66, "no file: %s", e.text);
	ok(put(path, "http://me:secret@gate:3128\n", 0600) && proxy_find(&p, &s, &e) == 0 &&
	    strcmp(p.login, "me:secret") == 0 && p.port == 3128, "a file");
	ok(put(path, "http://me:secret@gate:3128\n", 0604) && proxy_find(&p, &s, &e) == -1 &&
	    strstr(e.text, "may be read by others"), "one that others may read: %s", e.text);
	ok(put(path, "http://a:b@c:1\nhttp://a:b@d:1\n", 0600) && proxy_find(&p, &s, &e) == -1 &&
	    strstr(e.text, "one line"), "two lines: %s", e.text);
	ok(put(path, "\n", 0600) && proxy_find(&p, &s, &e) == -1 && strstr(e.text, "one line"), "an empty file");
	ok(put(path, "http://me:secret@\n", 0600) && proxy_find(&p, &s, &e) == -1 && strstr(e.text, path) &&
	    !strstr(e.text, "secret"), "no host: %s", e.text);
	unlink(path);
	rmdir(dir);
}

int
main(void)
{
	struct url u;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		memset(&p, 0, sizeof p);
		ok(proxy_parse(&p, str(good[i].url), &e) == 0 && strcmp(p.host, good[i].host) == 0 &&
		    p.port == good[i].port && strcmp(p.login, good[i].login) == 0, "%s %u %s", p.host, p.port, p.login);
		ok(proxy_url_has_login(str(good[i].url)) == (strchr(good[i].url, '@') != NULL), "... its login is seen");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(proxy_parse(&p, str(bad[i].url), &e) == -1 && strstr(e.text, bad[i].why) && !strstr(e.text, "me:"),
		    "'%s' is refused: %s", bad[i].url, e.text);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		p = (struct proxy){ .host = "gate", .port = 1 };
		strcpy(p.except, hosts[i].except);
		ok(url_parse(str(hosts[i].url), &u, &e) == 0 && proxy_serves(&p, &u) == hosts[i].serves,
		    "%s: %s, except '%s'", hosts[i].what, hosts[i].url, hosts[i].except);
	}
	p.host[0] = '\0';
	ok(url_parse(STR("fedx://h"), &u, &e) == 0 && !proxy_serves(&p, &u), "no proxy serves nobody");
	test_environment();
	test_file();
	return done();
}
