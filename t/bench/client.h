/*
 * client.h - a client for the load generators: dial a bus socket, or a port
 * as a client of its own protocol; attach a service, read what came, write what is to go.
 */
#ifndef FEDX_BENCH_CLIENT_H
#define FEDX_BENCH_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/announce.h"
#include "wire/envelope.h"
#include "wire/hello.h"

enum { CLIENT_READ = 256 * 1024, CLIENT_MAX = 64 << 20 };

struct client {
	int fd;
	struct buf in, out;
};

static inline void
client_lost(void)
{
	fprintf(stderr, "load: lost the node\n");
	exit(69);
}

static inline void
client_begin(struct client *c, int family, const void *to, socklen_t n, const char *where)
{
	c->fd = socket(family, SOCK_STREAM, 0);
	buf_init(&c->in, CLIENT_MAX);
	buf_init(&c->out, CLIENT_MAX);
	if (c->fd != -1 && connect(c->fd, to, n) == 0)
		return;
	fprintf(stderr, "load: cannot connect to %s: %s\n", where, strerror(errno));
	exit(69);
}

static inline void
client_dial(struct client *c, uint16_t port)	/* of this host */
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	char where[16];
	int on = 1;

	snprintf(where, sizeof where, "port %u", port);
	client_begin(c, AF_INET, &in, sizeof in, where);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* A path of a bus socket, or a port, where we say who we are. */
static inline void
client_open(struct client *c, const char *at)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct hello h = { .role = ROLE_CLIENT, .version_min = 1, .version_max = 1, .agent = STR("load") };
	struct envelope e = { .kind = KIND_HELLO, .hops = 1 };
	struct buf body = { .max = HELLO_MAX };
	uint64_t port;

	if (str_u64(str(at), 65535, &port) == 0) {
		client_dial(c, (uint16_t)port);
		hello_put(&body, &h);
		e.payload = buf_view(&body);
		envelope_put(&c->out, &e, STR(""));
		buf_free(&body);
		return;
	}
	if (str_c(str(at), un.sun_path, sizeof un.sun_path) == -1)
		un.sun_path[0] = '\0';
	client_begin(c, AF_UNIX, &un, sizeof un, at);
}

static inline void
client_flush(struct client *c)
{
	while (buf_len(&c->out)) {
		struct str v = buf_view(&c->out);
		ssize_t n = write(c->fd, v.p, v.n);

		if (n <= 0)
			client_lost();
		buf_eat(&c->out, (size_t)n);
	}
}

/* One read; false: the node has closed. */
static inline bool
client_read(struct client *c)
{
	uint8_t *to = buf_room(&c->in, CLIENT_READ);
	ssize_t n = to ? read(c->fd, to, CLIENT_READ) : -1;

	if (n < 0)
		client_lost();
	buf_made(&c->in, (size_t)n);
	return n > 0;
}

/* The next whole envelope; valid until client_read(). */
static inline bool
client_next(struct client *c, struct envelope *e)
{
	const char *why;
	size_t used;

	if (envelope_parse(buf_view(&c->in), 1 << 20, e, &used, &why) != PARSE_OK)
		return false;
	buf_eat(&c->in, used);
	return true;
}

static inline void
client_attach(struct client *c, const char *service)
{
	struct announcement a = { .family = FAMILY_SERVICE, .name = str(service), .weight = 100,
	    .hops = HOPS_DEFAULT };
	struct envelope e = { .kind = KIND_ATTACH, .id = 1, .hops = 1 };
	struct buf body;

	buf_init(&body, 4096);
	announcement_put(&body, &a);
	e.payload = buf_view(&body);
	envelope_put(&c->out, &e, STR(""));
	buf_free(&body);
	client_flush(c);
}

static inline void
client_echo(struct client *c, const struct envelope *e)
{
	struct envelope r = { .kind = KIND_REPLY, .type = e->type, .hops = HOPS_DEFAULT,
	    .flags = FLAG_LAST, .id = e->id, .payload = e->payload };

	if (e->kind == KIND_REQUEST && e->id)
		envelope_put(&c->out, &r, STR(""));
}

#endif
