/*
 * load.c - a load generator in C: an echo service and a caller, both native
 * clients of a bus socket, batched and pipelined, closed loop.
 *
 *	load serve SOCKET SERVICE		(until the node goes)
 *	load call SOCKET SERVICE IN_FLIGHT BYTES SECONDS
 *
 * call prints one line: requests a second, p50, p99, p99.9 in microseconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/announce.h"
#include "wire/envelope.h"

enum { READ = 256 * 1024, SAMPLES = 1 << 20 };

static int
dial(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (str_c(str(path), un.sun_path, sizeof un.sun_path) == -1 ||
	    connect(fd, (struct sockaddr *)&un, sizeof un) == -1) {
		fprintf(stderr, "load: cannot connect to %s: %s\n", path, strerror(errno));
		exit(69);
	}
	return fd;
}

static void
flush(int fd, struct buf *out)
{
	while (buf_len(out)) {
		struct str v = buf_view(out);
		ssize_t n = write(fd, v.p, v.n);

		if (n <= 0) {
			fprintf(stderr, "load: lost the node\n");
			exit(69);
		}
		buf_eat(out, (size_t)n);
	}
}

/* One read; each whole envelope goes to on(); then one write. */
static void
turn(int fd, struct buf *in, struct buf *out, void (*on)(const struct envelope *, struct buf *out))
{
	struct envelope e;
	const char *why;
	size_t used;
	uint8_t *to = buf_room(in, READ);
	ssize_t n = read(fd, to, READ);

	if (n <= 0) {
		fprintf(stderr, "load: lost the node\n");
		exit(n == 0 ? 0 : 69);
	}
	buf_made(in, (size_t)n);
	while (envelope_parse(buf_view(in), 1 << 20, &e, &used, &why) == PARSE_OK) {
		on(&e, out);
		buf_eat(in, used);
	}
	flush(fd, out);
}

static void
echo(const struct envelope *e, struct buf *out)
{
	struct envelope r = { .kind = KIND_REPLY, .type = e->type, .hops = HOPS_DEFAULT,
	    .flags = FLAG_LAST, .id = e->id, .payload = e->payload };

	if (e->kind == KIND_REQUEST)
		envelope_put(out, &r, STR(""));
}

static void
serve(const char *path, const char *service)
{
	struct announcement a = { .family = FAMILY_SERVICE, .name = str(service), .weight = 100,
	    .hops = HOPS_DEFAULT };
	struct envelope e = { .kind = KIND_ATTACH, .id = 1, .hops = 1 };
	struct buf body, in, out;
	int fd = dial(path);

	buf_init(&body, 4096);
	buf_init(&in, 64u << 20);
	buf_init(&out, 64u << 20);
	announcement_put(&body, &a);
	e.payload = buf_view(&body);
	envelope_put(&out, &e, STR(""));
	flush(fd, &out);
	for (;;)
		turn(fd, &in, &out, echo);
}

static struct mono sent[1 << 16];
static uint32_t *samples;
static uint64_t answered, failed;
static struct envelope request;

static void
answer(const struct envelope *e, struct buf *out)
{
	struct mono now;

	if (e->kind != KIND_REPLY)
		return;
	now = mono_now();
	failed += (e->flags & FLAG_ERROR) != 0;
	samples[answered++ % SAMPLES] = (uint32_t)mono_us_since(sent[e->id & 0xffff], now);
	sent[e->id & 0xffff] = now;
	request.id = e->id;
	envelope_put(out, &request, STR(""));
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int
call(const char *path, const char *service, unsigned in_flight, size_t bytes, unsigned seconds)
{
	struct buf in, out;
	char *payload = calloc(1, bytes + 1), subject[256];
	struct mono start, end;
	uint64_t n;
	int fd = dial(path);

	samples = calloc(SAMPLES, sizeof *samples);
	buf_init(&in, 64u << 20);
	buf_init(&out, 64u << 20);
	snprintf(subject, sizeof subject, "%s/echo", service);
	memset(payload, 'x', bytes);
	request = (struct envelope){ .kind = KIND_REQUEST, .type = TYPE_BYTES, .hops = HOPS_DEFAULT,
	    .subject = str(subject), .payload = { payload, bytes } };
	start = mono_now();
	for (unsigned i = 1; i <= in_flight; i++) {
		request.id = i;
		sent[i] = start;
		envelope_put(&out, &request, STR(""));
	}
	flush(fd, &out);
	do {
		turn(fd, &in, &out, answer);
		end = mono_now();
	} while (mono_us_since(start, end) < (uint64_t)seconds * 1000000);
	n = answered < SAMPLES ? answered : SAMPLES;
	qsort(samples, n, sizeof *samples, by_value);
	printf("{\"v\":1,\"in_flight\":%u,\"bytes\":%zu,\"req_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,"
	    "\"p999_us\":%u,\"failed\":%" PRIu64 "}\n", in_flight, bytes,
	    (double)answered * 1e6 / (double)mono_us_since(start, end),
	    samples[n / 2], samples[n * 99 / 100], samples[n * 999 / 1000], failed);
	return failed ? 1 : 0;
}

int
main(int argc, char **argv)
{
	uint64_t in_flight, bytes, seconds;

	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		serve(argv[2], argv[3]);
	if (argc == 7 && strcmp(argv[1], "call") == 0 &&
	    str_u64(str(argv[4]), 65535, &in_flight) == 0 && in_flight > 0 &&
	    str_u64(str(argv[5]), PART_MAX, &bytes) == 0 &&
	    str_u64(str(argv[6]), 3600, &seconds) == 0 && seconds > 0)
		return call(argv[2], argv[3], (unsigned)in_flight, (size_t)bytes, (unsigned)seconds);
	fprintf(stderr, "usage: load serve SOCKET SERVICE | "
	    "load call SOCKET SERVICE IN_FLIGHT BYTES SECONDS\n");
	return 64;
}
