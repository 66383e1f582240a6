/*
 * storm.c - what policy costs when it has much to decide: new flows without
 * end, and a reload while many flows live.  Echo service and callers in one
 * process, native clients of a bus socket.
 *
 *	storm upcalls SOCKET CLIENTS IN_FLIGHT SECONDS
 *	storm reload SOCKET CLIENTS FLOWS RATE SECONDS
 *
 * upcalls: each request is for another method, so that policy is asked about
 * it.  One link may ask a limited number of times a second: have many clients.
 *
 * reload: CLIENTS make FLOWS flows and stay; then RATE requests a second go
 * on random ones of them, open loop, and their latency counts from when they
 * were due.  After SECONDS fedx is asked to reload (change policy.lua before);
 * it prints before, during (from the reload to SECONDS after its end), after.
 */
#include <inttypes.h>
#include <poll.h>
#include <sys/select.h>

#include "client.h"

enum { CLIENTS_MAX = 200, SLOTS = 1 << 16, SAMPLES = 1 << 20, FILL_AT_ONCE = 16, FIRST = 1000 };

static struct client service, callers[CLIENTS_MAX], admin;
static unsigned count;
static uint64_t answered, failed;
static char why[200];

static void
send_to(struct client *c, uint64_t id, uint64_t method)
{
	char subject[64];
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_BYTES, .hops = HOPS_DEFAULT, .id = id,
	    .payload = STR("0123456789abcdef") };

	snprintf(subject, sizeof subject, "storm/m%" PRIu64, method);
	e.subject = str(subject);
	envelope_put(&c->out, &e, STR(""));
}

static bool
note_answer(const struct envelope *e)
{
	if (e->kind != KIND_REPLY)
		return false;
	answered++;
	if (e->flags & FLAG_ERROR && failed++ == 0)
		str_c(str_head(e->payload, e->payload.n < 190 ? e->payload.n : 190), why, sizeof why);
	return true;
}

static bool
ready(int fd, fd_set *of)
{
	return FD_ISSET(fd, of);
}

/* Waits until something came, `us` at most, and echoes what came for the service. */
static void
wait_some(fd_set *in, uint64_t us)
{
	struct timespec t = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };
	struct envelope e;
	int most = service.fd > admin.fd ? service.fd : admin.fd;

	FD_ZERO(in);
	FD_SET(service.fd, in);
	FD_SET(admin.fd, in);
	for (unsigned i = 0; i < count; i++) {
		FD_SET(callers[i].fd, in);
		most = callers[i].fd > most ? callers[i].fd : most;
	}
	if (pselect(most + 1, in, NULL, NULL, &t, NULL) <= 0)
		FD_ZERO(in);
	if (!ready(service.fd, in))
		return;
	if (!client_read(&service))
		client_lost();
	while (client_next(&service, &e))
		client_echo(&service, &e);
	client_flush(&service);
}

static void
begin(const char *path, unsigned clients)
{
	struct envelope e;

	client_open(&service, path);
	client_attach(&service, "storm");
	client_open(&admin, path);
	for (count = 0; count < clients; count++)
		client_open(&callers[count], path);
	/* its name is known once it can be called */
	for (bool known = false; !known; answered = failed = 0) {
		fd_set in;

		send_to(&admin, 1, 0);
		client_flush(&admin);
		for (bool answer = false; !answer; ) {
			wait_some(&in, 100000);
			if (!ready(admin.fd, &in))
				continue;
			if (!client_read(&admin))
				client_lost();
			while (client_next(&admin, &e))
				if (note_answer(&e)) {
					answer = true;
					known = !(e.flags & FLAG_ERROR);
				}
		}
	}
}

/* Each caller has `each` under way, of new methods, until `until`, or all of `most` are made. */
static void
make_new(unsigned each, uint64_t most, struct mono until)
{
	uint64_t method = FIRST, ended = 0;
	struct envelope e;
	fd_set in;

	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 1; j <= each && method < FIRST + most; j++)
			send_to(&callers[i], j, method++);
		client_flush(&callers[i]);
	}
	while (ended < most && mono_now().us < until.us) {
		wait_some(&in, 100000);
		for (unsigned i = 0; i < count; i++) {
			if (!ready(callers[i].fd, &in))
				continue;
			if (!client_read(&callers[i]))
				client_lost();
			while (client_next(&callers[i], &e)) {
				if (!note_answer(&e))
					continue;
				ended++;
				if (method < FIRST + most)
					send_to(&callers[i], e.id, method++);
			}
			client_flush(&callers[i]);
		}
	}
}

static int
upcalls(unsigned each, unsigned seconds)
{
	struct mono start = mono_now();
	uint64_t us;

	make_new(each, UINT32_MAX, mono_add_ms(start, (uint64_t)seconds * 1000));
	us = mono_us_since(start, mono_now());
	printf("{\"v\":1,\"bench\":\"upcalls\",\"clients\":%u,\"in_flight\":%u,\"upcalls_s\":%.0f,\"failed\":%" PRIu64
	    "}\n", count, count * each, (double)answered * 1e6 / (double)us, failed);
	if (failed)
		fprintf(stderr, "storm: %s\n", why);
	return failed ? 1 : 0;
}

static struct { uint64_t due, method; } sent[SLOTS];
static uint32_t samples[3][SAMPLES], taken[3];

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
print_phase(const char *name, int phase)
{
	uint32_t n = taken[phase], *s = samples[phase];

	qsort(s, n, sizeof *s, by_value);
	if (n)
		printf(",\"%s_p50_us\":%u,\"%s_p999_us\":%u,\"%s_max_us\":%u", name, s[n / 2], name,
		    s[(uint64_t)n * 999 / 1000], name, s[n - 1]);
}

static int
reload(uint64_t flows, uint64_t rate, unsigned seconds)
{
	uint64_t phase_us = (uint64_t)seconds * 1000000, filled, start, next = 0, asked = 0, settled = 0, now, seed = 1;
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .hops = HOPS_DEFAULT, .id = 1,
	    .subject = STR("fedx/reload") };
	fd_set in;

	make_new(FILL_AT_ONCE, flows, (struct mono){ UINT64_MAX });
	filled = failed;
	failed = 0;
	for (start = mono_now().us; (now = mono_now().us) < (settled ? settled + 2 * phase_us : UINT64_MAX); ) {
		struct client *c = &callers[next % count];

		if (!asked && now > start + phase_us) {
			envelope_put(&admin.out, &e, STR(""));
			client_flush(&admin);
			asked = now;
		}
		if (now >= start + next * 1000000 / rate) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			sent[next % SLOTS].due = start + next * 1000000 / rate;
			send_to(c, next % SLOTS + 1, FIRST + (seed >> 33) % flows);
			client_flush(c);
			next++;
			continue;
		}
		wait_some(&in, start + next * 1000000 / rate - now);
		for (unsigned i = 0; i < count; i++) {
			struct envelope a;

			if (!ready(callers[i].fd, &in))
				continue;
			if (!client_read(&callers[i]))
				client_lost();
			now = mono_now().us;
			while (client_next(&callers[i], &a)) {
				uint64_t due = sent[(a.id - 1) % SLOTS].due;
				int phase = !asked || due < asked ? 0 : !settled || due < settled + phase_us ? 1 : 2;

				if (note_answer(&a) && taken[phase] < SAMPLES)
					samples[phase][taken[phase]++] = (uint32_t)(now - due);
			}
		}
		if (ready(admin.fd, &in)) {
			struct envelope a;

			if (!client_read(&admin))
				client_lost();
			while (client_next(&admin, &a))
				if (a.kind == KIND_REPLY && a.flags & FLAG_ERROR) {
					fprintf(stderr, "storm: %.*s\n", (int)a.payload.n, a.payload.p);
					return 1;
				} else if (a.flags & FLAG_LAST) {
					settled = mono_now().us;
				}
		}
	}
	printf("{\"v\":1,\"bench\":\"reload\",\"flows\":%" PRIu64 ",\"rate\":%" PRIu64 ",\"settled_ms\":%.1f", flows,
	    rate, (double)(settled - asked) / 1000);
	print_phase("before", 0);
	print_phase("during", 1);
	print_phase("after", 2);
	printf(",\"failed\":%" PRIu64 "}\n", filled + failed);
	if (filled + failed)
		fprintf(stderr, "storm: %s\n", why);
	return filled + failed ? 1 : 0;
}

int
main(int argc, char **argv)
{
	uint64_t n[4] = { 0 };
	bool good = argc >= 4;

	for (int i = 3; i < argc && i < 7; i++)
		good = good && str_u64(str(argv[i]), 1000000, &n[i - 3]) == 0 && n[i - 3] > 0;
	good = good && n[0] <= CLIENTS_MAX;
	if (good && argc == 6 && strcmp(argv[1], "upcalls") == 0) {
		begin(argv[2], (unsigned)n[0]);
		return upcalls((unsigned)n[1], (unsigned)n[2]);
	}
	if (good && argc == 7 && strcmp(argv[1], "reload") == 0) {
		begin(argv[2], (unsigned)n[0]);
		return reload(n[1], n[2], (unsigned)n[3]);
	}
	fprintf(stderr, "usage: storm upcalls SOCKET CLIENTS IN_FLIGHT SECONDS | "
	    "storm reload SOCKET CLIENTS FLOWS RATE SECONDS\n");
	return 64;
}
