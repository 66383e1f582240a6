/*
 * caller.h - a caller of any protocol, for the load generators: closed loop
 * (each answer is followed by the next request) or open (requests are due at a
 * rate, whatever comes back, and their latency counts from when they were due).
 */
#ifndef FEDX_BENCH_CALLER_H
#define FEDX_BENCH_CALLER_H

#include <inttypes.h>
#include <sys/select.h>
#include <sys/time.h>

#include "client.h"

enum { CALLS_MAX = 65535, CALL_SAMPLES = 1 << 20,
	CALLS_AT_ONCE = 256 };	/* that are late: answers are read between them */

struct load {
	unsigned in_flight;		/* closed loop */
	uint64_t rate;			/* a second: open loop; 0: closed */
	uint64_t bytes, seconds;
};

struct protocol {
	void (*ask)(struct client *, unsigned id);		/* puts one request; id: 1 .. CALLS_MAX */
	bool (*next)(struct client *, unsigned *id, bool *failed);
		/* the next message, if all of it is there; id 0: it is no answer */
};

struct calls {
	struct client *client;
	const struct protocol *protocol;
	const struct load *load;
	struct mono since[CALLS_MAX + 1];	/* 0: not under way */
	uint32_t samples[CALL_SAMPLES];
	uint64_t answered, failed;
};

/* "IN_FLIGHT" or "@RATE", BYTES, SECONDS; false: they are none. */
static inline bool
load_read(struct load *l, char **argv)
{
	uint64_t n = 0;
	bool open = argv[0][0] == '@', good;

	*l = (struct load){ .rate = 0 };
	good = open ? str_u64(str(argv[0] + 1), 100000000, &l->rate) == 0 && l->rate > 0 :
	    str_u64(str(argv[0]), CALLS_MAX, &n) == 0 && n > 0;
	l->in_flight = (unsigned)n;
	return good && str_u64(str(argv[1]), PART_MAX, &l->bytes) == 0 &&
	    str_u64(str(argv[2]), 3600, &l->seconds) == 0 && l->seconds > 0;
}

static inline void
calls_take(struct calls *c)
{
	unsigned id;
	bool failed;

	while (c->protocol->next(c->client, &id, &failed)) {
		struct mono now;

		if (id == 0 || id > CALLS_MAX || !c->since[id].us)
			continue;
		now = mono_now();
		c->failed += failed;
		c->samples[c->answered++ % CALL_SAMPLES] = (uint32_t)mono_us_since(c->since[id], now);
		c->since[id] = c->load->rate ? (struct mono){ 0 } : now;
		if (!c->load->rate)
			c->protocol->ask(c->client, id);
	}
}

static inline void
calls_closed(struct calls *c, struct mono end)
{
	for (unsigned id = 1; id <= c->load->in_flight; id++) {
		c->since[id] = mono_now();
		c->protocol->ask(c->client, id);
	}
	client_flush(c->client);
	while (mono_now().us < end.us) {
		if (!client_read(c->client))
			client_lost();
		calls_take(c);
		client_flush(c->client);
	}
}

/* Until something can be read, or then. */
static inline bool
calls_wait(const struct calls *c, struct mono until)
{
	uint64_t us = mono_us_since(mono_now(), until);
	struct timespec t = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };
	fd_set in;

	FD_ZERO(&in);
	FD_SET(c->client->fd, &in);
	return pselect(c->client->fd + 1, &in, NULL, NULL, &t, NULL) > 0;
}

static inline void
calls_open(struct calls *c, struct mono start, struct mono end)
{
	uint64_t made = 0, all = c->load->rate * c->load->seconds;
	struct mono due = start;

	while (made < all || c->answered < made) {
		for (unsigned n = 0; n < CALLS_AT_ONCE && made < all && due.us <= mono_now().us; n++, made++) {
			unsigned id = (unsigned)(made % CALLS_MAX) + 1;

			if (c->since[id].us) {
				fprintf(stderr, "load: %d calls are not answered\n", CALLS_MAX);
				exit(75);
			}
			c->since[id] = due;
			c->protocol->ask(c->client, id);
			due.us = start.us + (made + 1) * 1000000 / c->load->rate;
		}
		client_flush(c->client);
		if (made == all && mono_now().us > end.us + 10000000)
			client_lost();
		if (!calls_wait(c, made < all ? due : (struct mono){ end.us + 11000000 }))
			continue;
		if (!client_read(c->client))
			client_lost();
		calls_take(c);
	}
}

static inline int
calls_by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Prints one line: requests a second, latencies in microseconds. */
static inline int
calls_run(struct client *client, const struct protocol *p, const struct load *load)
{
	struct calls *c = calloc(1, sizeof *c);
	struct mono start = mono_now(), end = mono_add_ms(start, load->seconds * 1000);
	struct timeval patience = { (time_t)load->seconds + 1, 0 };
	uint64_t n;

	/* a broker may lose the first ones: who waits for them waits for ever */
	if (!c || setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == -1)
		return 70;
	c->client = client;
	c->protocol = p;
	c->load = load;
	if (load->rate)
		calls_open(c, start, end);
	else
		calls_closed(c, end);
	end = mono_now();
	n = c->answered < CALL_SAMPLES ? c->answered : CALL_SAMPLES;
	qsort(c->samples, n, sizeof *c->samples, calls_by_value);
	printf("{\"v\":1,\"in_flight\":%u,\"rate\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"req_s\":%.0f,\"p50_us\":%u,"
	    "\"p95_us\":%u,\"p99_us\":%u,\"p999_us\":%u,\"failed\":%" PRIu64 "}\n", load->in_flight, load->rate,
	    load->bytes, (double)c->answered * 1e6 / (double)mono_us_since(start, end), c->samples[n / 2],
	    c->samples[n * 95 / 100], c->samples[n * 99 / 100], c->samples[n * 999 / 1000], c->failed);
	return c->failed || !n ? 1 : 0;
}

#endif
