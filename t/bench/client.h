/*
 * client.h - a native client of a bus socket, for the load generators: dial,
 * attach a service, read what came, write what is to go.
 */
#ifndef FEDX_BENCH_CLIENT_H
#define FEDX_BENCH_CLIENT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/announce.h"
#include "wire/envelope.h"

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
client_open(struct client *c, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	buf_init(&c->in, CLIENT_MAX);
	buf_init(&c->out, CLIENT_MAX);
	if (str_c(str(path), un.sun_path, sizeof un.sun_path) == -1 ||
	    connect(c->fd, (struct sockaddr *)&un, sizeof un) == -1) {
		fprintf(stderr, "load: cannot connect to %s: %s\n", path, strerror(errno));
		exit(69);
	}
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
