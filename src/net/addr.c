/* addr.c - see addr.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "net/addr.h"

int
addr_numeric(struct str host, uint16_t port, struct addr *a)
{
	struct sockaddr_in *v4 = (void *)&a->at;
	struct sockaddr_in6 *v6 = (void *)&a->at;
	char text[INET6_ADDRSTRLEN];

	memset(a, 0, sizeof *a);
	if (str_c(host, text, sizeof text))
		return -1;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		a->len = sizeof *v4;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		a->len = sizeof *v6;
		return 0;
	}
	return -1;
}

int
addr_unix(struct str path, struct addr *a, struct err *e)
{
	struct sockaddr_un *un = (void *)&a->at;

	memset(a, 0, sizeof *a);
	if (path.n == 0 || str_c(path, un->sun_path, sizeof un->sun_path))
		return err_set(e, "the socket path '%.*s' is empty, holds a NUL or is longer "
		    "than %zu bytes; choose a shorter directory",
		    (int)(path.n < 100 ? path.n : 100), path.n ? path.p : "",
		    sizeof un->sun_path - 1);
	un->sun_family = AF_UNIX;
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
	return 0;
}

void
addr_set(struct addr *a, const struct sockaddr *sa, socklen_t len)
{
	memset(a, 0, sizeof *a);
	a->len = len < (socklen_t)sizeof a->at ? len : (socklen_t)sizeof a->at;
	memcpy(&a->at, sa, a->len);
}

void
addr_text(const struct addr *a, char to[ADDR_TEXT])
{
	const struct sockaddr_in *v4 = (const void *)&a->at;
	const struct sockaddr_in6 *v6 = (const void *)&a->at;
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->at.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(to, ADDR_TEXT, "%s:%u", host, ntohs(v4->sin_port));
	} else if (a->at.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
		snprintf(to, ADDR_TEXT, "%s:%u", host, ntohs(v6->sin6_port));
	} else if (a->at.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(to, ADDR_TEXT, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else
		snprintf(to, ADDR_TEXT, "unix");
}

uint16_t
addr_port(const struct addr *a)
{
	const struct sockaddr_in *v4 = (const void *)&a->at;
	const struct sockaddr_in6 *v6 = (const void *)&a->at;

	return ntohs(a->at.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
}

bool
addr_is_loopback(const struct addr *a)
{
	const struct sockaddr_in *v4 = (const void *)&a->at;
	const struct sockaddr_in6 *v6 = (const void *)&a->at;

	if (a->at.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return a->at.ss_family == AF_INET6 && (IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127));
}
