/* proxy.c - see proxy.h. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/fd.h"
#include "net/network.h"
#include "net/proxy.h"

enum { PORT_HTTP = 80, EXIT_CONFIG = 78, AUTHORITY_MAX = 320 };

/* --- its URL --- */

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %XX decoded, into a C string; -1: too long, or holds what no header may. */
static int
login_decode(struct str in, char to[PROXY_LOGIN_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c == '%') {
			if (in.n - i < 3 || hex_value(in.p[i + 1]) == -1 || hex_value(in.p[i + 2]) == -1)
				return -1;
			c = (unsigned char)(hex_value(in.p[i + 1]) << 4 | hex_value(in.p[i + 2]));
			i += 2;
		}
		if (c < ' ' || c == 127 || n == PROXY_LOGIN_MAX)
			return -1;
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return strchr(to, ':') ? 0 : -1;
}

/* What stands before the last @ and behind it: a password may hold an @. */
static bool
authority_cut(struct str url, struct str *login, struct str *place)
{
	size_t at;

	if (url.n >= 7 && strncasecmp(url.p, "http://", 7) == 0)
		url = str_skip(url, 7);
	for (at = url.n; at && url.p[at - 1] != '@'; at--)
		;
	*login = str_head(url, at ? at - 1 : 0);
	*place = str_skip(url, at);
	return at > 0;
}

bool
proxy_url_has_login(struct str url)
{
	struct str login, place;

	return authority_cut(url, &login, &place);
}

static bool
has_port(struct str place)
{
	const char *bracket = place.n ? memchr(place.p, ']', place.n) : NULL;
	struct str rest = bracket ? str_skip(place, (size_t)(bracket - place.p)) : place;

	return rest.n && memchr(rest.p, ':', rest.n);
}

int
proxy_parse(struct proxy *p, struct str url, struct err *e)
{
	struct str login, place, host;
	char text[AUTHORITY_MAX];

	p->login[0] = p->host[0] = '\0';
	if (authority_cut(url, &login, &place) && login_decode(login, p->login) == -1)
		return err_set(e, "want USER:PASSWORD before the @, with %%XX for bytes that are no "
		    "letters, and %d bytes at most", PROXY_LOGIN_MAX);
	if (str_ends(place, STR("/")))
		place.n--;
	for (size_t i = 0; i + 2 < place.n; i++)
		if (memcmp(place.p + i, "://", 3) == 0)
			return err_set(e, "'%.*s' is no HTTP proxy: write http://HOST:PORT",
			    place.n < 60 ? (int)place.n : 60, place.p);
	snprintf(text, sizeof text, has_port(place) ? "%.*s" : "%.*s:80",
	    place.n < 300 ? (int)place.n : 300, place.n ? place.p : "");
	if (hostport_parse(str(text), &host, &p->port, e) == -1)
		return -1;
	if (host.n == 0 || p->port == 0)
		return err_set(e, "'%s' is no address of a proxy: write http://HOST:PORT", text);
	return str_c(host, p->host, sizeof p->host);
}

/* --- for whom --- */

/* "example.net" and ".example.net" are that domain and all below it. */
static bool
name_covers(struct str domain, struct str host)
{
	struct str tail;

	while (domain.n && domain.p[0] == '.')
		domain = str_skip(domain, 1);
	if (domain.n == 0 || host.n < domain.n)
		return false;
	tail = str_skip(host, host.n - domain.n);
	return strncasecmp(tail.p, domain.p, domain.n) == 0 &&
	    (host.n == domain.n || tail.p[-1] == '.');
}

static bool
is_excepted(const struct proxy *p, struct str host)
{
	struct network n;
	struct addr a;
	bool numeric = addr_numeric(host, 0, &a) == 0;
	const char *at = p->except;

	while (*at) {
		struct str one = { at, strcspn(at, ", \t") };

		if (str_is(one, "*") || (numeric ?
		    network_parse(one, &n) == 0 && network_has(&n, &a) : name_covers(one, host)))
			return true;
		at += one.n + strspn(at + one.n, ", \t");
	}
	return false;
}

bool
proxy_serves(const struct proxy *p, const struct url *u)
{
	struct str host = u->host;

	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	return p->host[0] && u->scheme != SCHEME_UNIX && !host_is_loopback(host) && !is_excepted(p, host);
}

/* --- where it is written --- */

static const char *
first_of(const char *a, const char *b, const char *c)
{
	return a && *a ? a : b && *b ? b : c && *c ? c : NULL;
}

int
proxy_find(struct proxy *p, const struct proxy_settings *s, struct err *e)
{
	const char *except = first_of(s->except, getenv("no_proxy"), getenv("NO_PROXY"));
	const char *url = first_of(s->url, getenv("https_proxy"), getenv("HTTPS_PROXY"));
	const char *from = s->url ? "proxy" : s->file ? s->file : "https_proxy in the environment";
	char line[PROXY_LOGIN_MAX * 3 + AUTHORITY_MAX];
	int r;

	*p = (struct proxy){ .port = 0 };
	if (except && str_c(str(except), p->except, sizeof p->except) == -1)
		return err_exit(e, EXIT_CONFIG), err_set(e, "no_proxy is longer than %d bytes", PROXY_EXCEPT_MAX);
	if (s->file && fd_read_secret(s->file, line, sizeof line, e) == -1)
		return -1;
	if (!s->file && !url)
		return 0;
	r = proxy_parse(p, s->file ? str(line) : str(url), e);
	if (s->file)
		memset(line, 0, sizeof line);
	if (r == -1) {
		err_at(e, "%.100s", from);
		p->host[0] = '\0';
		return err_exit(e, EXIT_CONFIG);
	}
	return 0;
}
