/*
 * load.c - a load generator in C: an echo service and a caller, both native
 * clients of a bus socket, batched and pipelined, closed loop.
 *
 *	load serve SOCKET SERVICE		(until the node goes)
 *	load call SOCKET SERVICE IN_FLIGHT BYTES SECONDS
 *
 * call prints one line: requests a second, p50, p99, p99.9 in microseconds.
 */
#include <inttypes.h>

#include "client.h"

enum { SAMPLES = 1 << 20 };

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

static struct mono sent[1 << 16];
static uint32_t *samples;
static uint64_t answered, failed;
static struct envelope request;

static void
answer(struct client *c, const struct envelope *e)
{
	struct mono now;

	if (e->kind != KIND_REPLY)
		return;
	now = mono_now();
	failed += (e->flags & FLAG_ERROR) != 0;
	samples[answered++ % SAMPLES] = (uint32_t)mono_us_since(sent[e->id & 0xffff], now);
	sent[e->id & 0xffff] = now;
	request.id = e->id;
	envelope_put(&c->out, &request, STR(""));
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
	struct client c;
	struct envelope e;
	char *payload = calloc(1, bytes + 1), subject[256];
	struct mono start, end;
	uint64_t n;

	samples = calloc(SAMPLES, sizeof *samples);
	client_open(&c, path);
	snprintf(subject, sizeof subject, "%s/echo", service);
	memset(payload, 'x', bytes);
	request = (struct envelope){ .kind = KIND_REQUEST, .type = TYPE_BYTES, .hops = HOPS_DEFAULT,
	    .subject = str(subject), .payload = { payload, bytes } };
	start = mono_now();
	for (unsigned i = 1; i <= in_flight; i++) {
		request.id = i;
		sent[i] = start;
		envelope_put(&c.out, &request, STR(""));
	}
	client_flush(&c);
	do {
		if (!client_read(&c))
			client_lost();
		while (client_next(&c, &e))
			answer(&c, &e);
		client_flush(&c);
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
