/* inherit.c - see inherit.h. */
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/inherit.h"
#include "net/inside.h"

enum { EXIT_CONFIG = 78 };

static struct inherited {
	int fd;			/* -1: taken */
	bool ours;
	struct addr at;
	char text[ADDR_TEXT];
} inherited[INHERIT_MAX];
static size_t inherited_count;

static int
inspect(struct inherited *i, struct err *e)
{
	int on = 0, type = 0;
	socklen_t len = sizeof on, type_len = sizeof type;
	const struct sockaddr_un *un = (const void *)&i->at.at;

	i->at.len = sizeof i->at.at;
	if (getsockopt(i->fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == -1 || type != SOCK_STREAM ||
	    getsockopt(i->fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == -1 || !on ||
	    getsockname(i->fd, (struct sockaddr *)&i->at.at, &i->at.len) == -1)
		return err_set(e, "descriptor %d was handed over (LISTEN_FDS) and is no listening stream "
		    "socket", i->fd);
	if (fd_prepare(i->fd) == -1)
		return err_sys(e, "cannot use descriptor %d", i->fd);
	if (i->at.at.ss_family == AF_UNIX)
		snprintf(i->text, sizeof i->text, "%.*s", ADDR_TEXT - 1, un->sun_path);
	else
		addr_text(&i->at, i->text);
	return 0;
}

/* -1: there is no such variable; else its number, which is over any bound if it is none. */
static long
number_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	long n;

	if (!text)
		return -1;
	n = strtol(text, &end, 10);
	return *text && !*end && n >= 0 ? n : LONG_MAX;
}

static int
take(long count, struct err *e)
{
	const char *text = getenv("LISTEN_FDNAMES");
	struct str name, names = text ? str(text) : STR("");

	if (count > INHERIT_MAX)
		return err_set(e, "LISTEN_FDS cannot be '%.20s': want a number, %d at most",
		    getenv("LISTEN_FDS"), INHERIT_MAX);
	for (long n = 0; n < count; n++) {
		struct inherited *i = &inherited[inherited_count++];

		str_split(names, ':', &name, &names);
		*i = (struct inherited){ .fd = INHERIT_FIRST + (int)n, .ours = str_is(name, INHERIT_OURS) };
		if (inspect(i, e) == -1)
			return -1;
	}
	return 0;
}

int
inherit_open(struct err *e)
{
	long count = number_of("LISTEN_FDS");
	int r = 0;

	if (count != -1 && number_of("LISTEN_PID") == (long)getpid())
		r = take(count, e);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return r == -1 ? err_exit(e, EXIT_CONFIG) : 0;
}

size_t
inherit_tcp_names(const char **names, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < inherited_count && n < max; i++)
		if (inherited[i].at.at.ss_family != AF_UNIX)
			names[n++] = inherited[i].text;
	return n;
}

static bool
is_all(const struct addr *a)
{
	const struct sockaddr_in *v4 = (const void *)&a->at;
	const struct sockaddr_in6 *v6 = (const void *)&a->at;

	return a->at.ss_family == AF_INET ? v4->sin_addr.s_addr == htonl(INADDR_ANY) :
	    IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static bool
same_host(const struct addr *a, const struct addr *b)
{
	const struct sockaddr_in *a4 = (const void *)&a->at, *b4 = (const void *)&b->at;
	const struct sockaddr_in6 *a6 = (const void *)&a->at, *b6 = (const void *)&b->at;

	if (a->at.ss_family != b->at.ss_family)
		return false;
	return a->at.ss_family == AF_INET ? a4->sin_addr.s_addr == b4->sin_addr.s_addr :
	    IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr);
}

static int
give(struct inherited *i)
{
	int fd = i->fd;

	i->fd = -1;
	return fd;
}

int
inherit_tcp(struct str hostport)
{
	struct err e = { .status = 0 };
	struct addr want;
	bool all;

	if (inherited_count == 0 || listen_where(hostport, &want, &all, &e) == -1)
		return -1;
	for (size_t n = 0; n < inherited_count; n++) {
		struct inherited *i = &inherited[n];

		if (i->fd != -1 && i->at.at.ss_family != AF_UNIX &&
		    (all ? is_all(&i->at) : same_host(&i->at, &want)) &&
		    (addr_port(&want) == 0 || addr_port(&want) == addr_port(&i->at)))
			return give(i);
	}
	return -1;
}

int
inherit_unix(const char *path, bool *ours)
{
	for (size_t n = 0; n < inherited_count; n++) {
		struct inherited *i = &inherited[n];

		if (i->fd == -1 || i->at.at.ss_family != AF_UNIX || strcmp(i->text, path) != 0)
			continue;
		*ours = i->ours;
		return give(i);
	}
	return -1;
}

int
inherit_close(struct err *e)
{
	int r = 0;

	for (size_t n = 0; n < inherited_count; n++) {
		if (inherited[n].fd == -1)
			continue;
		r = err_set(e, "descriptor %d was handed over (LISTEN_FDS) and listens on %.100s, which is "
		    "none of our addresses: add it with --listen, or take it out of the socket unit",
		    inherited[n].fd, inherited[n].text);
		close(give(&inherited[n]));
	}
	return r == -1 ? err_exit(e, EXIT_CONFIG) : 0;
}
