/* url.c - a URL that is taken can be printed and read again as the same. */
#include <stdio.h>
#include <stdlib.h>

#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const names[] = { "", "fedx", "fedxs", "ws", "wss", "unix" };

static bool
same(const struct url *a, const struct url *b)
{
	return a->scheme == b->scheme && a->tls == b->tls && a->srv == b->srv && a->port == b->port &&
	    str_eq(a->host, b->host) && str_eq(a->path, b->path);
}

static void
check(bool held)
{
	if (!held)
		abort();
}

static void
check_reprint(const struct url *u)
{
	char text[70000], port[8] = "";
	struct url again;
	struct err e;
	bool v6 = u->host.n && memchr(u->host.p, ':', u->host.n);
	int n;

	if (u->host.n + u->path.n > sizeof text - 64)
		return;
	if (u->port)
		snprintf(port, sizeof port, ":%u", u->port);
	n = u->scheme == SCHEME_UNIX ?
	    snprintf(text, sizeof text, "unix:%.*s", STR_FMT(u->path)) :
	    snprintf(text, sizeof text, "%s%s://%s%.*s%s%s%.*s", names[u->scheme],
	    u->srv ? "+srv" : "", v6 ? "[" : "",
	    STR_FMT(u->host), v6 ? "]" : "", port, (int)u->path.n, u->path.n ? u->path.p : "");
	/* unix:///x was cut to /x; a path that still has three slashes is cut again */
	if (u->scheme == SCHEME_UNIX && str_starts(u->path, STR("///")))
		return;
	check(url_parse((struct str){ text, (size_t)n }, &again, &e) == 0);
	check(same(u, &again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = { (const char *)p, n }, host;
	struct err e;
	struct url u;
	uint16_t port;

	e.text[0] = '\0';
	if (url_parse(in, &u, &e) == 0) {
		check(u.scheme != SCHEME_NONE);
		check((u.host.n > 0) == (u.scheme != SCHEME_UNIX));
		check(u.tls == (u.scheme == SCHEME_FEDXS || u.scheme == SCHEME_WSS));
		check(!u.host.n || (u.host.p >= in.p && u.host.p + u.host.n <= in.p + in.n));
		for (size_t i = 0; i < u.path.n; i++)
			check(u.scheme == SCHEME_UNIX ? u.path.p[i] != 0 :
			    u.path.p[i] > ' ' && u.path.p[i] < 127);
		check(!u.srv || (!u.port && !host_is_loopback(u.host) &&
		    (u.scheme == SCHEME_FEDX || u.scheme == SCHEME_FEDXS)));
		check_reprint(&u);
	} else
		check(e.text[0] != '\0');
	e.text[0] = '\0';
	if (hostport_parse(in, &host, &port, &e) == 0)
		check(host.n == 0 || (host.p >= in.p && host.p + host.n <= in.p + in.n));
	else
		check(e.text[0] != '\0');
	(void)host_is_loopback(in);
	return 0;
}
