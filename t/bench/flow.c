/*
 * flow.c - what it costs to find a flow: nanoseconds a look-up, by flows and masks.
 *
 *	flow [MILLISECONDS]		(a case; 200)
 *
 * One JSON line a case on stdout, the median over batches of look-ups.
 * Messages come in random order; the flows lie evenly among the masks, so that
 * half of the masks are tried in vain.  `none` is a look-up that finds
 * nothing: all masks tried.  `memory` is one bare read that depends on the one
 * before it, over as many places as there are flows: what no table can beat
 * that is too large for the cache.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fabric/flow.h"
#include "wire/hello.h"

enum { MESSAGES = FLOWS_MAX, READS = 8, BATCH = 512, SAMPLES = 1 << 16, MEMORY_READS = 1 << 18 };

static struct question questions[MESSAGES];
static char names[MESSAGES][3][32];

static const struct peer_facts peer = { .number = 1, .role = ROLE_LEAF, .node = { "site-a", 6 },
    .cluster = { "home", 4 }, .address = { "192.0.2.1:7000", 14 }, .tags = { "guest", 5 } };

static uint64_t
next(uint64_t *state)		/* splitmix64 */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static struct str
text(char to[32], const char *before, unsigned n, const char *behind)
{
	snprintf(to, 32, "%s%u%s", before, n, behind);
	return str(to);
}

/* Masks as policies have them: some fields, and a test that tells them apart. */
static uint32_t
reads(unsigned mask)
{
	static const uint32_t sets[READS] = {
		1u << FIELD_to,
		1u << FIELD_to | 1u << FIELD_service,
		1u << FIELD_to | 1u << FIELD_peer_node,
		1u << FIELD_to | 1u << FIELD_from_domain,
		1u << FIELD_to | 1u << FIELD_service | 1u << FIELD_peer_cluster,
		1u << FIELD_to | 1u << FIELD_kind,
		1u << FIELD_to | 1u << FIELD_from,
		1u << FIELD_to | 1u << FIELD_service | 1u << FIELD_method,
	};

	return sets[mask % READS];
}

static void
fill(struct flows *fl, unsigned flows, unsigned masks, struct mono now)
{
	struct buf tests;

	buf_init(&tests, 1000);
	for (unsigned i = 0; i < flows; i++) {
		struct subject s = { &questions[i], &peer };
		unsigned mask = i % masks;
		struct verdict v = { .answer = ANSWER_ALLOW, .keep_ms = FOREVER, .read = reads(mask) };
		char pattern[32];

		if (mask >= READS) {
			struct test t = { FIELD_subject, TEST_STARTS, 0, text(pattern, "none", mask / READS, "") };

			buf_eat(&tests, buf_len(&tests));
			test_put(&tests, &t);
			v.tests = buf_view(&tests);
		}
		if (!flow_install(fl, NULL, NULL, &s, &v, STR(""), now)) {
			fprintf(stderr, "flow: a flow was not kept\n");
			exit(1);
		}
	}
	buf_free(&tests);
}

/* Messages lie in the cache when they are looked up: they were just parsed. */
static void
arrive(struct question *to, char text_of[3][32], const struct question *from, bool known)
{
	*to = *from;
	memcpy(text_of[0], from->from.p, from->from.n);
	memcpy(text_of[1], from->to.p, from->to.n);
	memcpy(text_of[2], from->subject.p, from->subject.n);
	to->from.p = text_of[0];
	to->to.p = text_of[1];
	to->subject.p = text_of[2];
	if (!known)
		text_of[1][0] = '?';
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds a look-up: the median of the batches, so that who else runs here counts less. */
static double
measure(struct flows *fl, unsigned flows, bool hit, unsigned ms, struct mono now)
{
	static struct question q[BATCH];
	static char texts[BATCH][3][32];
	static uint32_t took[SAMPLES];
	uint64_t seed = 1, us = 0;
	unsigned n = 0;

	while (n < SAMPLES && us < (uint64_t)ms * 1000) {
		struct mono start;
		unsigned found = 0;

		for (unsigned i = 0; i < BATCH; i++)
			arrive(&q[i], texts[i], &questions[next(&seed) % flows], hit);
		start = mono_now();
		for (unsigned i = 0; i < BATCH; i++) {
			struct subject s = { &q[i], &peer };

			found += flow_find(fl, &s, now) != NULL;
		}
		took[n] = (uint32_t)mono_us_since(start, mono_now());
		us += took[n++];
		if (found != (hit ? BATCH : 0)) {
			fprintf(stderr, "flow: a look-up was wrong\n");
			exit(1);
		}
	}
	qsort(took, n, sizeof *took, by_value);
	return took[n / 2] * 1000.0 / BATCH;
}

static double
memory(unsigned places)
{
	struct place { struct place *next; char rest[248]; } *all = calloc(places, sizeof *all), *p = all;
	uint64_t seed = 1, us;
	struct mono start;

	if (!all)
		return 0;
	for (unsigned i = 0; i < places; i++)	/* one circle: Sattolo's */
		all[i].next = &all[i];
	for (unsigned i = places - 1; i > 0; i--) {
		unsigned j = (unsigned)(next(&seed) % i);
		struct place *was = all[i].next;

		all[i].next = all[j].next;
		all[j].next = was;
	}
	start = mono_now();
	for (unsigned i = 0; i < MEMORY_READS; i++)
		p = p->next;
	us = mono_us_since(start, mono_now());
	if (!p)		/* so that the reads are not left out */
		exit(1);
	free(all);
	return (double)us * 1000 / MEMORY_READS;
}

int
main(int argc, char **argv)
{
	static const unsigned flows[] = { 10, 1000, FLOWS_MAX }, masks[] = { 1, 8, 32 };
	unsigned ms = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;
	struct mono now = mono_now();

	for (unsigned i = 0; i < MESSAGES; i++)
		questions[i] = (struct question){ .hook = HOOK_ROUTE, .kind = KIND_REQUEST,
		    .from = text(names[i][0], "caller", i, "@site-a"), .to = text(names[i][1], "lamp", i, "@oslo.net"),
		    .subject = text(names[i][2], "light", i % 100, "/set"), .origin = STR("site-a") };
	for (size_t f = 0; f < sizeof flows / sizeof *flows; f++) {
		for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
			static struct flows fl;
			unsigned used = masks[m] < flows[f] ? masks[m] : flows[f];

			if (flows_init(&fl, FLOWS_MAX) == -1)
				return 71;
			fill(&fl, flows[f], used, now);
			printf("{\"v\":1,\"bench\":\"flow\",\"flows\":%u,\"masks\":%u,\"hit_ns\":%.1f,", flows[f],
			    (unsigned)fl.mask_count, measure(&fl, flows[f], true, ms, now));
			printf("\"none_ns\":%.1f,\"memory_ns\":%.1f}\n", measure(&fl, flows[f], false, ms, now),
			    memory(flows[f]));
			fflush(stdout);
			flows_free(&fl);
		}
	}
	return 0;
}
