/*
 * nats.c - what load.c does, for a server of the NATS protocol: requests, and
 * events from one publisher at many subscribers; batched, bounded, counted.
 *
 *	nats serve PORT SERVICE
 *	nats call PORT SERVICE IN_FLIGHT|@RATE BYTES SECONDS
 *	nats publish PORT OTHER-PORT SUBSCRIBERS BYTES SECONDS
 *
 * They print the lines that load prints.
 */
#include "caller.h"
#include "publisher.h"

enum { PATIENCE_MS = 10000 };	/* it lets a publisher stall for a second at a time */

struct message { struct str subject, reply, payload; };	/* views until the next read */

static void
dial(struct client *c, uint16_t port)
{
	client_dial(c, port);
	buf_str(&c->out, STR("CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"));
}

/* What the server says; -1: not all of it is there; 1: a message of a subscription. */
static int
next(struct client *c, struct message *m)
{
	struct str v = buf_view(&c->in), line, word[5];
	const char *end = v.n ? memchr(v.p, '\n', v.n) : NULL;
	uint64_t bytes;
	int words = 0;

	if (!end)
		return -1;
	line = str_trim(str_head(v, (size_t)(end - v.p)));
	v = str_skip(v, (size_t)(end - v.p) + 1);
	if (str_starts(line, STR("MSG "))) {
		for (struct str rest = line; words < 5 && rest.n; words++)
			word[words] = str_word(&rest);
		if (words < 4 || str_u64(word[words - 1], CLIENT_MAX, &bytes) == -1)
			client_lost();
		if (v.n < bytes + 2)
			return -1;
		*m = (struct message){ word[1], words == 5 ? word[3] : STR(""), str_head(v, (size_t)bytes) };
		buf_eat(&c->in, (size_t)(v.p - buf_view(&c->in).p) + (size_t)bytes + 2);
		return 1;
	}
	if (str_starts(line, STR("-ERR")))
		fprintf(stderr, "nats: the server says %.*s\n", STR_FMT(line));
	if (str_starts(line, STR("PING")))
		buf_str(&c->out, STR("PONG\r\n"));
	buf_eat(&c->in, (size_t)(v.p - buf_view(&c->in).p));
	return 0;
}

/* --- requests --- */

static void
serve(uint16_t port, const char *name)
{
	struct client c;
	struct message m;

	dial(&c, port);
	buf_fmt(&c.out, "SUB %s 1\r\n", name);
	client_flush(&c);
	while (client_read(&c)) {
		for (int got; (got = next(&c, &m)) != -1; )
			if (got == 1) {
				buf_fmt(&c.out, "PUB %.*s %zu\r\n", STR_FMT(m.reply), m.payload.n);
				buf_str(&c.out, m.payload);
				buf_str(&c.out, STR("\r\n"));
			}
		client_flush(&c);
	}
	exit(0);
}

static const char *service;
static struct str body;			/* with the end of line behind it */

static void
ask(struct client *c, unsigned id)
{
	buf_fmt(&c->out, "PUB %s _INBOX.load.%u %zu\r\n", service, id, body.n - 2);
	buf_str(&c->out, body);
}

static bool
next_answer(struct client *c, unsigned *id, bool *failed)
{
	struct message m;
	uint64_t n = 0;
	int got = next(c, &m);

	*failed = false;
	if (got == 1 && (m.subject.n <= 12 || str_u64(str_skip(m.subject, 12), CALLS_MAX, &n) == -1))
		n = 0;
	*id = (unsigned)n;
	return got != -1;
}

static int
call(uint16_t port, const struct load *load)
{
	static const struct protocol nats = { ask, next_answer };
	char *payload = malloc(load->bytes + 2);
	struct client c;

	if (!payload)
		return 70;
	memset(payload, 'x', load->bytes);
	memcpy(payload + load->bytes, "\r\n", 2);
	body = (struct str){ payload, load->bytes + 2 };
	dial(&c, port);
	buf_str(&c.out, STR("SUB _INBOX.load.* 1\r\n"));
	return calls_run(&c, &nats, load);
}

/* --- events --- */

/* Events that were heard, by all together; 0: none for ms, whatever else came. */
static uint64_t
hear(struct client *c, struct pollfd *fds, unsigned count, int ms)
{
	struct message m;
	uint64_t heard = 0;

	while (heard == 0 && poll(fds, count, ms) > 0)
		for (unsigned i = 0; i < count; i++) {
			if (!fds[i].revents)
				continue;
			if (!client_read(&c[i]))
				client_lost();
			for (int got; (got = next(&c[i], &m)) != -1; )
				heard += got == 1;
			client_flush(&c[i]);
		}
	return heard;
}

static int
publish(uint16_t port, uint16_t other, unsigned count, size_t bytes, unsigned seconds)
{
	struct client *c = calloc(count + 1, sizeof *c), *self = c + count;	/* the server speaks to it, too */
	struct pollfd *fds = calloc(count + 1, sizeof *fds);
	char *message = calloc(1, bytes + 64);
	struct str event;

	if (!c || !fds || !message)
		return 70;
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
	dial(self, port);
	fds[count] = (struct pollfd){ .fd = self->fd, .events = POLLIN };
	return publisher_run(&(struct publisher){ self, event, bytes, c, fds, count, count + 1, PATIENCE_MS, hear },
	    seconds);
}

int
main(int argc, char **argv)
{
	uint64_t port = 0, other, count, bytes, seconds;
	struct load load;
	bool good = argc >= 3 && str_u64(str(argv[2]), 65535, &port) == 0;

	if (good && argc == 4 && strcmp(argv[1], "serve") == 0)
		serve((uint16_t)port, argv[3]);
	if (good && argc == 7 && strcmp(argv[1], "call") == 0 && load_read(&load, argv + 4)) {
		service = argv[3];
		return call((uint16_t)port, &load);
	}
	if (good && argc == 7 && strcmp(argv[1], "publish") == 0 && str_u64(str(argv[3]), 65535, &other) == 0 &&
	    str_u64(str(argv[4]), SUBSCRIBERS_MAX, &count) == 0 && count > 0 &&
	    str_u64(str(argv[5]), PART_MAX, &bytes) == 0 &&
	    str_u64(str(argv[6]), 3600, &seconds) == 0 && seconds > 0)
		return publish((uint16_t)port, (uint16_t)other, (unsigned)count, (size_t)bytes, (unsigned)seconds);
	fprintf(stderr, "usage: nats serve PORT SERVICE | nats call PORT SERVICE IN_FLIGHT|@RATE BYTES SECONDS | "
	    "nats publish PORT OTHER-PORT SUBSCRIBERS BYTES SECONDS\n");
	return 64;
}
