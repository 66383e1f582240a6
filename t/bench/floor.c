/*
 * floor.c - a relay that does nothing but relay, as the floor under what any
 * broker can cost: whole envelopes from one side to the other, one read and
 * one write for each wake-up and connection; no routing, no policy, no TLS.
 *
 *	floor LISTEN [DIAL]
 *
 * Each is the path of a socket or a port of this host.  The far side is DIAL,
 * else the first that connects, and stays; the near one is who connected last.
 */
#include <poll.h>

#include "base/fd.h"
#include "client.h"

enum { BACKLOG = 16 };

struct side { struct client c; bool open; };

static int
listen_at(const char *at)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	uint64_t port;
	bool tcp = str_u64(str(at), 65535, &port) == 0;
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0), on = 1;

	if (tcp)
		in.sin_port = htons((uint16_t)port);
	else if (str_c(str(at), un.sun_path, sizeof un.sun_path) == -1)
		exit(64);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
	    bind(fd, tcp ? (struct sockaddr *)&in : (struct sockaddr *)&un, tcp ? sizeof in : sizeof un) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		fprintf(stderr, "floor: cannot listen on %s: %s\n", at, strerror(errno));
		exit(73);
	}
	return fd;
}

static void
side_open(struct side *s, int fd)
{
	int on = 1;

	s->c.fd = fd;
	buf_init(&s->c.in, CLIENT_MAX);
	buf_init(&s->c.out, CLIENT_MAX);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);	/* not of a UNIX socket: no matter */
	if (fd_prepare(fd) == -1)
		client_lost();
	s->open = true;
}

static void
side_close(struct side *s)
{
	close(s->c.fd);
	buf_free(&s->c.in);
	buf_free(&s->c.out);
	s->open = false;
}

/* What it says goes into what the other is to be told; false: it has gone. */
static bool
relay(struct side *from, struct side *to)
{
	uint8_t *room = buf_room(&from->c.in, CLIENT_READ);
	ssize_t n = room ? read(from->c.fd, room, CLIENT_READ) : -1;
	struct str all;
	struct envelope e;

	if (n <= 0)
		return n == -1 && errno == EAGAIN;
	buf_made(&from->c.in, (size_t)n);
	all = buf_view(&from->c.in);
	while (client_next(&from->c, &e))
		;
	if (to->open)
		buf_str(&to->c.out, str_head(all, all.n - buf_len(&from->c.in)));
	return true;
}

static bool
side_flush(struct side *s)
{
	struct str v = buf_view(&s->c.out);
	ssize_t n = v.n ? write(s->c.fd, v.p, v.n) : 0;

	if (n > 0)
		buf_eat(&s->c.out, (size_t)n);
	return n != -1 || errno == EAGAIN;
}

int
main(int argc, char **argv)
{
	struct side side[2] = { { .open = false } }, *far = &side[0], *near = &side[1];
	int door;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: floor LISTEN [DIAL]\n");
		return 64;
	}
	door = listen_at(argv[1]);
	if (argc == 3) {
		uint64_t port;

		if (str_u64(str(argv[2]), 65535, &port) == -1)
			return 64;
		client_dial(&far->c, (uint16_t)port);
		side_open(far, far->c.fd);
	}
	fprintf(stderr, "floor: listens\n");	/* and has dialled */
	for (;;) {
		struct pollfd fds[3] = { { .fd = door, .events = POLLIN } };

		for (int i = 0; i < 2; i++)
			fds[i + 1] = (struct pollfd){ .fd = side[i].open ? side[i].c.fd : -1,
			    .events = buf_len(&side[i].c.out) ? POLLIN | POLLOUT : POLLIN };
		if (poll(fds, 3, -1) == -1)
			return 71;
		if (fds[0].revents) {
			if (far->open && near->open)
				side_close(near);
			side_open(far->open ? near : far, accept(door, NULL, NULL));
			continue;
		}
		for (int i = 0; i < 2; i++)
			if (fds[i + 1].revents && !relay(&side[i], &side[!i]))
				side_close(&side[i]);
		for (int i = 0; i < 2; i++)
			if (side[i].open && !side_flush(&side[i]))
				side_close(&side[i]);
		if (argc == 3 && !far->open)
			return 0;
	}
}
