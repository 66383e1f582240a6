/*
 * nats.c - what load.c does with `publish`, for a server of the NATS protocol:
 * events from one publisher, at many subscribers, batched, bounded, counted.
 *
 *	nats PORT OTHER-PORT SUBSCRIBERS BYTES SECONDS
 *
 * It prints the line that `load publish` prints.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "client.h"

enum { SUBSCRIBERS_MAX = 4096, AHEAD_BYTES = 1 << 20, AHEAD_ALL = 64 << 20,
	PATIENCE_MS = 10000 };	/* it lets a publisher stall for a second at a time */

static void
dial(struct client *c, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	buf_init(&c->in, CLIENT_MAX);
	buf_init(&c->out, CLIENT_MAX);
	if (connect(c->fd, (struct sockaddr *)&in, sizeof in) == -1) {
		fprintf(stderr, "nats: cannot connect to port %u: %s\n", port, strerror(errno));
		exit(69);
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	buf_str(&c->out, STR("CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"));
}

/* One message of the server; -1: not all of it is there; 1: it was an event. */
static int
next(struct client *c)
{
	struct str v = buf_view(&c->in);
	const char *end = v.n ? memchr(v.p, '\n', v.n) : NULL;
	size_t line, bytes = 0, scale = 1;

	if (!end)
		return -1;
	line = (size_t)(end - v.p) + 1;
	if (str_starts(v, STR("MSG "))) {
		for (const char *p = end - 2; p > v.p && *p >= '0' && *p <= '9'; p--, scale *= 10)
			bytes += (size_t)(*p - '0') * scale;
		if (v.n < line + bytes + 2)
			return -1;
		buf_eat(&c->in, line + bytes + 2);
		return 1;
	}
	if (str_starts(v, STR("-ERR")))
		fprintf(stderr, "nats: the server says %.*s", (int)line, v.p);
	if (str_starts(v, STR("PING")))
		buf_str(&c->out, STR("PONG\r\n"));
	buf_eat(&c->in, line);
	return 0;
}

/* Events that were heard, by all together; 0: none for ms, whatever else came. */
static uint64_t
hear(struct client *c, struct pollfd *fds, unsigned count, int ms)
{
	uint64_t heard = 0;

	while (heard == 0 && poll(fds, count, ms) > 0)
		for (unsigned i = 0; i < count; i++) {
			if (!fds[i].revents)
				continue;
			if (!client_read(&c[i]))
				client_lost();
			for (int got; (got = next(&c[i])) != -1; )
				heard += got == 1;
			client_flush(&c[i]);
		}
	return heard;
}

static int
publish(uint16_t port, uint16_t other, unsigned count, size_t bytes, unsigned seconds)
{
	struct client *c = calloc(count + 1, sizeof *c), *p = c + count;	/* the last one publishes */
	struct pollfd *fds = calloc(count + 1, sizeof *fds);
	char *message = calloc(1, bytes + 64);
	uint64_t said = 0, heard = 0, was, each = AHEAD_ALL / count, ahead;
	struct mono start, end;
	struct str event;

	if (!c || !fds || !message)
		return 70;
	ahead = (each < AHEAD_BYTES ? each : AHEAD_BYTES) / (bytes + 64) + 1;
	event = (struct str){ message, (size_t)snprintf(message, 64, "PUB bench.event %zu\r\n", bytes) };
	memset(message + event.n, 'x', bytes);
	memcpy(message + event.n + bytes, "\r\n", 2);
	event.n += bytes + 2;
	for (unsigned i = 0; i < count; i++) {
		dial(&c[i], other);
		fds[i] = (struct pollfd){ .fd = c[i].fd, .events = POLLIN };
		buf_str(&c[i].out, STR("SUB bench.* 1\r\n"));
		client_flush(&c[i]);
	}
	dial(p, port);
	fds[count] = (struct pollfd){ .fd = p->fd, .events = POLLIN };
	/* until all of them hear one */
	for (unsigned tries = 0; tries < 100 && heard < count; tries++) {
		heard = 0;
		buf_str(&p->out, event);
		client_flush(p);
		do
			heard += was = hear(c, fds, count + 1, 100);
		while (was);
	}
	if (heard < count)
		client_lost();
	heard = 0;
	start = end = mono_now();
	for (uint64_t us = (uint64_t)seconds * 1000000; ; end = mono_now()) {
		bool over = mono_us_since(start, end) >= us;

		while (!over && said - heard / count < ahead) {
			for (int i = 0; i < 64; i++, said++)
				buf_str(&p->out, event);
			client_flush(p);
		}
		heard += was = hear(c, fds, count + 1, PATIENCE_MS);
		if (was == 0 || (over && heard == said * count))
			break;
	}
	printf("{\"v\":1,\"subscribers\":%u,\"bytes\":%zu,\"events_s\":%.0f,\"deliveries_s\":%.0f,"
	    "\"lost\":%" PRIu64 "}\n", count, bytes, (double)said * 1e6 / (double)mono_us_since(start, end),
	    (double)heard * 1e6 / (double)mono_us_since(start, end), said * count - heard);
	return heard ? 0 : 1;
}

int
main(int argc, char **argv)
{
	uint64_t port, other, count, bytes, seconds;

	if (argc == 6 && str_u64(str(argv[1]), 65535, &port) == 0 && str_u64(str(argv[2]), 65535, &other) == 0 &&
	    str_u64(str(argv[3]), SUBSCRIBERS_MAX, &count) == 0 && count > 0 &&
	    str_u64(str(argv[4]), PART_MAX, &bytes) == 0 &&
	    str_u64(str(argv[5]), 3600, &seconds) == 0 && seconds > 0)
		return publish((uint16_t)port, (uint16_t)other, (unsigned)count, (size_t)bytes, (unsigned)seconds);
	fprintf(stderr, "usage: nats PORT OTHER-PORT SUBSCRIBERS BYTES SECONDS\n");
	return 64;
}
