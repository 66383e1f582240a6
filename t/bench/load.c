/*
 * load.c - a load generator in C: an echo service and a caller, both native
 * clients of a bus socket or of a port, batched and pipelined.
 *
 *	load serve SOCKET SERVICE		(until the node goes)
 *	load call SOCKET SERVICE IN_FLIGHT BYTES SECONDS
 *	load call SOCKET SERVICE @RATE BYTES SECONDS
 *	load publish SOCKET OTHER-SOCKET SUBSCRIBERS BYTES SECONDS
 *
 * SOCKET is a path or a port of this host.  call with IN_FLIGHT is a closed
 * loop, with @RATE an open one: so many requests a second.
 *
 * publish sends events to the first node, and hears them at so many clients of
 * the other; what is under way is bounded, as it would be by a script that
 * waits for `published`.
 *
 * call prints one line: requests a second, p50, p95, p99, p99.9 in microseconds.
 */
#include "caller.h"
#include "publisher.h"

static void
serve(const char *path, const char *service)
{
	struct envelope e;
	struct client c;

	client_open(&c, path);
	client_attach(&c, service);
	while (client_read(&c)) {
		while (client_next(&c, &e))
			client_echo(&c, &e);
		client_flush(&c);
	}
	exit(0);
}

static struct envelope request;

static void
ask(struct client *c, unsigned id)
{
	request.id = id;
	envelope_put(&c->out, &request, STR(""));
}

static bool
next_answer(struct client *c, unsigned *id, bool *failed)
{
	struct envelope e;

	if (!client_next(c, &e))
		return false;
	*id = e.kind == KIND_REPLY ? (unsigned)e.id : 0;
	*failed = (e.flags & FLAG_ERROR) != 0;
	return true;
}

static int
call(const char *at, const char *service, const struct load *load)
{
	static const struct protocol native = { ask, next_answer };
	struct client c;
	char *payload = calloc(1, load->bytes + 1), subject[256];

	if (!payload)
		return 70;
	snprintf(subject, sizeof subject, "%s/echo", service);
	memset(payload, 'x', load->bytes);
	request = (struct envelope){ .kind = KIND_REQUEST, .type = TYPE_BYTES, .hops = HOPS_DEFAULT,
	    .subject = str(subject), .payload = { payload, load->bytes } };
	client_open(&c, at);
	return calls_run(&c, &native, load);
}

/* Events that were heard, by all together, for as long as ms. */
static uint64_t
hear(struct client *c, struct pollfd *fds, unsigned count, int ms)
{
	struct envelope e;
	uint64_t heard = 0;

	if (poll(fds, count, ms) <= 0)
		return 0;
	for (unsigned i = 0; i < count; i++) {
		if (!fds[i].revents)
			continue;
		if (!client_read(&c[i]))
			client_lost();
		while (client_next(&c[i], &e))
			heard += e.kind == KIND_PUBLISH;
	}
	return heard;
}

static int
publish(const char *path, const char *other, unsigned count, size_t bytes, unsigned seconds)
{
	struct client self, *c = calloc(count, sizeof *c);
	struct pollfd *fds = calloc(count, sizeof *fds);
	char *payload = calloc(1, bytes + 1);
	struct envelope e = { .kind = KIND_SUBSCRIBE, .hops = 1, .id = 1, .subject = STR("/bench/*") };
	struct buf event;

	if (!c || !fds || !payload)
		return 70;
	memset(payload, 'x', bytes);
	for (unsigned i = 0; i < count; i++) {
		client_open(&c[i], other);
		fds[i] = (struct pollfd){ .fd = c[i].fd, .events = POLLIN };
		envelope_put(&c[i].out, &e, STR(""));
		client_flush(&c[i]);
	}
	client_open(&self, path);
	e = (struct envelope){ .kind = KIND_PUBLISH, .hops = 1, .subject = STR("/bench/event"),
	    .payload = { payload, bytes } };
	buf_init(&event, CLIENT_MAX);
	envelope_put(&event, &e, STR(""));
	return publisher_run(&(struct publisher){ &self, buf_view(&event), bytes, c, fds, count, count, 1000, hear },
	    seconds);
}

int
main(int argc, char **argv)
{
	struct load load;
	uint64_t count, bytes, seconds;

	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		serve(argv[2], argv[3]);
	if (argc == 7 && strcmp(argv[1], "call") == 0 && load_read(&load, argv + 4))
		return call(argv[2], argv[3], &load);
	if (argc == 7 && strcmp(argv[1], "publish") == 0 &&
	    str_u64(str(argv[4]), SUBSCRIBERS_MAX, &count) == 0 && count > 0 &&
	    str_u64(str(argv[5]), PART_MAX, &bytes) == 0 &&
	    str_u64(str(argv[6]), 3600, &seconds) == 0 && seconds > 0)
		return publish(argv[2], argv[3], (unsigned)count, (size_t)bytes, (unsigned)seconds);
	fprintf(stderr, "usage: load serve SOCKET SERVICE | load call SOCKET SERVICE IN_FLIGHT|@RATE BYTES SECONDS | "
	    "load publish SOCKET OTHER-SOCKET SUBSCRIBERS BYTES SECONDS\n");
	return 64;
}
