/*
 * fanout.c - how late events come at many subscribers, and whether some that do
 * not read make that worse.
 *
 *	fanout SOCKET SUBSCRIBERS SLOW BYTES RATE SECONDS
 *
 * RATE events a second, open loop, each with the time at which it was due;
 * SUBSCRIBERS read them, SLOW more have subscribed and never read.  Prints the
 * latency of all deliveries to those who read, and how many of them are missing.
 */
#include <poll.h>

#include "caller.h"
#include "wire/meta.h"

enum { READERS_MAX = 1000, SILENT_MAX = 100, STAMP = 8 };

static struct client readers[READERS_MAX], silent[SILENT_MAX], publisher;
static struct pollfd fds[READERS_MAX];
static unsigned count;
static uint32_t samples[CALL_SAMPLES];
static uint64_t heard;

static void
subscriber_open(struct client *c, const char *at)
{
	struct envelope e = { .kind = KIND_SUBSCRIBE, .hops = 1, .id = 1, .subject = STR("/fanout") };

	client_open(c, at);
	envelope_put(&c->out, &e, STR(""));
	client_flush(c);
	for (bool there = false; !there; )	/* its DONE */
		if (client_next(c, &e))
			there = e.id == 1;
		else if (!client_read(c))
			client_lost();
}

static void
say_event(struct str payload, struct mono due)
{
	struct envelope e = { .kind = KIND_PUBLISH, .hops = 1, .subject = STR("/fanout"), .payload = payload };

	be_put_u64((uint8_t *)(uintptr_t)payload.p, due.us);
	envelope_put(&publisher.out, &e, STR(""));
	client_flush(&publisher);
}

static void
hear(int ms)
{
	struct envelope e;

	if (poll(fds, count, ms) <= 0)
		return;
	for (unsigned i = 0; i < count; i++) {
		struct mono now;

		if (!fds[i].revents)
			continue;
		if (!client_read(&readers[i]))
			client_lost();
		now = mono_now();
		while (client_next(&readers[i], &e))
			if (e.kind == KIND_PUBLISH && e.payload.n >= STAMP)
				samples[heard++ % CALL_SAMPLES] = (uint32_t)mono_us_since(
				    (struct mono){ be_u64((const uint8_t *)e.payload.p) }, now);
	}
}

static void
run(struct str payload, uint64_t rate, uint64_t seconds)
{
	struct mono start = mono_now(), due = start;
	uint64_t all = rate * seconds, before;

	for (uint64_t said = 0; said < all; ) {
		if (due.us > mono_now().us) {
			hear((int)mono_ms_until(mono_now(), due));
			continue;
		}
		say_event(payload, due);
		due.us = start.us + ++said * 1000000 / rate;
		hear(0);
	}
	do {
		before = heard;
		hear(1000);
	} while (heard < all * count && heard > before);
}

int
main(int argc, char **argv)
{
	uint64_t n[5] = { 0 }, kept;
	bool good = argc == 7;
	char *payload;

	for (int i = 0; good && i < 5; i++)
		good = str_u64(str(argv[i + 2]), 1000000, &n[i]) == 0;
	if (!good || n[0] == 0 || n[0] > READERS_MAX || n[1] > SILENT_MAX || n[2] < STAMP || n[2] > PART_MAX ||
	    n[3] == 0 || n[4] == 0) {
		fprintf(stderr, "usage: fanout SOCKET SUBSCRIBERS SLOW BYTES RATE SECONDS\n");
		return 64;
	}
	if ((payload = calloc(1, n[2])) == NULL)
		return 70;
	for (count = 0; count < n[0]; count++) {
		subscriber_open(&readers[count], argv[1]);
		fds[count] = (struct pollfd){ .fd = readers[count].fd, .events = POLLIN };
	}
	for (unsigned i = 0; i < n[1]; i++)
		subscriber_open(&silent[i], argv[1]);
	client_open(&publisher, argv[1]);
	run((struct str){ payload, n[2] }, n[3], n[4]);
	kept = heard < CALL_SAMPLES ? heard : CALL_SAMPLES;
	if (kept == 0)
		return 1;
	qsort(samples, kept, sizeof *samples, calls_by_value);
	printf("{\"v\":1,\"bench\":\"fanout\",\"subscribers\":%u,\"slow\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"rate\":%" PRIu64
	    ",\"p50_us\":%u,\"p99_us\":%u,\"p999_us\":%u,\"lost\":%" PRIu64 "}\n", count, n[1], n[2], n[3],
	    samples[kept / 2], samples[kept * 99 / 100], samples[kept * 999 / 1000], n[3] * n[4] * count - heard);
	return 0;
}
