/* url.c - where something listens or connects, from what a person wrote. */
#include <strings.h>

#include "net/addr.h"
#include "net/inside.h"

static const struct { const char *name; enum scheme scheme; bool tls, srv; } schemes[] = {
	{ "fedx",	SCHEME_FEDX,	false,	false },
	{ "fedxs",	SCHEME_FEDXS,	true,	false },
	{ "fedx+srv",	SCHEME_FEDX,	false,	true },
	{ "fedxs+srv",	SCHEME_FEDXS,	true,	true },
	{ "ws",		SCHEME_WS,	false,	false },
	{ "wss",	SCHEME_WSS,	true,	false },
	{ "unix",	SCHEME_UNIX,	false,	false },
};

enum { SHOWN = 80, HOST_MAX = 253, QUERY_MAX = 12 };	/* of a wrong value in a message; DNS; "_fedxs._tcp." */

/* The wrong value for "%.*s": the sentence must have room for the advice. */
static int
shown(struct str s)
{
	return (int)(s.n < SHOWN ? s.n : SHOWN);
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool
host_is_name(struct str h)
{
	if (h.n == 0 || h.n > HOST_MAX || h.p[0] == '.' || h.p[0] == '-')
		return false;
	for (size_t i = 0; i < h.n; i++)
		if (!is_name_char(h.p[i]) || (h.p[i] == '.' && i && h.p[i - 1] == '.'))
			return false;
	return true;
}

/* "host", "host:port", "[v6]", "[v6]:port", ":port"; has_port says which. */
static int
authority_split(struct str in, struct str *host, struct str *port, bool *has_port,
    struct err *e)
{
	struct addr a;
	struct str rest;

	if (!str_starts(in, STR("["))) {
		*has_port = str_split(in, ':', host, port);
		if (*has_port && port->n && memchr(port->p, ':', port->n))
			return err_set(e, "'%.*s' has more than one colon; write an IPv6 "
			    "address in brackets, like [::1]:7341", shown(in), in.p);
		return 0;
	}
	if (!str_split(str_skip(in, 1), ']', host, &rest) || (rest.n && rest.p[0] != ':'))
		return err_set(e, "'%.*s' has an unfinished bracket; write [::1]:7341",
		    shown(in), in.p);
	if (addr_numeric(*host, 0, &a) || a.at.ss_family != AF_INET6)
		return err_set(e, "'%.*s' is not an IPv6 address", shown(*host), host->p);
	*has_port = rest.n > 0;
	*port = rest.n ? str_skip(rest, 1) : rest;
	return 0;
}

static int
port_parse(struct str text, uint64_t least, uint16_t *port, struct err *e)
{
	uint64_t v;

	if (text.n > 5 || str_u64(text, 65535, &v) || v < least)
		return err_set(e, "'%.*s' is not a port; use %u to 65535",
		    shown(text), text.n ? text.p : "", (unsigned)least);
	*port = (uint16_t)v;
	return 0;
}

static int
host_check(struct str host, struct err *e)
{
	if (host.n && memchr(host.p, ':', host.n))	/* came out of brackets */
		return 0;
	if (!host_is_name(host))
		return err_set(e, "'%.*s' is not a host name or address",
		    shown(host), host.n ? host.p : "");
	return 0;
}

/* Goes into a request line: nothing that could end it or hide in it. */
static bool
is_request_path(struct str p)
{
	for (size_t i = 0; i < p.n; i++)
		if (p.p[i] <= ' ' || p.p[i] >= 127)
			return false;
	return true;
}

static int
unix_parse(struct str path, struct url *u, struct err *e)
{
	struct addr a;

	if (str_starts(path, STR("///")))	/* unix:///run/x.sock is common too */
		path = str_skip(path, 2);
	u->path = path;
	return addr_unix(path, &a, e);
}

/* A domain that may have SRV records: they name the ports, and an address has none. */
static int
domain_check(struct str host, bool has_port, struct err *e)
{
	struct addr a;

	if (has_port)
		return err_set(e, "a port does not belong into a URL with +srv: the SRV records of "
		    "'%.*s' have it", shown(host), host.p);
	if (host_is_loopback(host) || addr_numeric(host, 0, &a) == 0)
		return err_set(e, "'%.*s' has no SRV records; write a domain, or leave +srv out",
		    shown(host), host.p);
	if (host.n > HOST_MAX - QUERY_MAX)
		return err_set(e, "'%.*s...' is too long for a name with SRV records",
		    shown(host), host.p);
	return 0;
}

static int
net_parse(struct str in, struct url *u, struct err *e)
{
	size_t end = 0;
	struct str rest;
	bool has_port, ws = u->scheme == SCHEME_WS || u->scheme == SCHEME_WSS;
	struct str authority, port;

	if (str_split(in, '#', &rest, &u->cluster) && !u->cluster.n)
		return err_set(e, "there is no cluster behind the #; write it, or leave the # out");
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	authority = str_head(rest, end);
	u->path = str_skip(rest, end);
	if (authority.n && memchr(authority.p, '@', authority.n))
		return err_set(e, "a user name or password does not belong into a URL");
	if (authority_split(authority, &u->host, &port, &has_port, e) ||
	    host_check(u->host, e))
		return -1;
	if (u->srv && str_ends(u->host, STR(".")))	/* is meant anyway, and no certificate has it */
		u->host.n--;
	if (u->srv && domain_check(u->host, has_port, e))
		return -1;
	if (has_port && port_parse(port, 1, &u->port, e))
		return -1;
	if (ws && u->path.n == 0)
		u->path = STR("/");
	else if (ws && (u->path.p[0] != '/' || !is_request_path(u->path)))
		return err_set(e, "'%.*s' is not a path; write /, letters, digits, "
		    "and %%XX for all else", shown(u->path), u->path.p);
	else if (!ws && u->path.n && !str_is(u->path, "/"))
		return err_set(e, "'%.*s': only ws and wss URLs have a path",
		    shown(u->path), u->path.p);
	else if (!ws)
		u->path = (struct str){ NULL, 0 };
	return 0;
}

int
url_parse(struct str in, struct url *u, struct err *e)
{
	struct str name, rest;
	bool colon = str_split(in, ':', &name, &rest);

	memset(u, 0, sizeof *u);
	for (size_t i = 0; colon && i < sizeof schemes / sizeof *schemes; i++) {
		if (name.n != strlen(schemes[i].name) ||
		    strncasecmp(name.p, schemes[i].name, name.n) != 0)
			continue;
		u->scheme = schemes[i].scheme;
		u->tls = schemes[i].tls;
		u->srv = schemes[i].srv;
		if (u->scheme == SCHEME_UNIX)
			return unix_parse(rest, u, e);
		if (!str_starts(rest, STR("//")))
			break;
		return net_parse(str_skip(rest, 2), u, e);
	}
	return err_set(e, "'%.*s' is not a URL of fedx; write fedx://HOST[:PORT], "
	    "fedxs://HOST[:PORT], fedxs+srv://DOMAIN, ws://HOST[:PORT]/PATH, wss://... or unix:PATH",
	    shown(in), in.n ? in.p : "");
}

int
hostport_parse(struct str in, struct str *host, uint16_t *port, struct err *e)
{
	struct str text;
	bool has_port;

	if (authority_split(in, host, &text, &has_port, e))
		return -1;
	if (!has_port)
		return err_set(e, "'%.*s' has no port; write HOST:PORT, or :PORT for all "
		    "addresses", shown(in), in.n ? in.p : "");
	if (host->n && host_check(*host, e))
		return -1;
	return port_parse(text, 0, port, e);
}

bool
host_is_loopback(struct str host)
{
	struct addr a;

	if (host.n == 9 && strncasecmp(host.p, "localhost", 9) == 0)
		return true;
	return addr_numeric(host, 0, &a) == 0 && addr_is_loopback(&a);
}

struct str
peer_host(const char *peer)
{
	const char *colon = strrchr(peer, ':');
	struct str s = colon ? str_head(str(peer), (size_t)(colon - peer)) : str(peer);

	return s.n > 1 && s.p[0] == '[' ? (struct str){ s.p + 1, s.n - 2 } : s;
}

bool
peer_is_loopback(const char *peer)
{
	return host_is_loopback(peer_host(peer));
}
