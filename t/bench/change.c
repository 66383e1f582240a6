/*
 * change.c - routes that change under traffic, by a client of a bus socket.
 *
 *	change heal SOCKET SERVICE PID
 *		asks all the time, kills the process, and says how long some
 *		request still failed, or all waited
 *	change churn SOCKET RATE SECONDS
 *		attaches and detaches services, so many a second in all
 *
 * One JSON line on stdout.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "client.h"

enum { IN_FLIGHT = 8, BEFORE_MS = 300, AFTER_MS = 700, SERVICES = 200 };

static void
send_request(struct client *c, uint64_t id, struct str subject)
{
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_BYTES, .hops = HOPS_DEFAULT, .id = id,
	    .subject = subject };

	envelope_put(&c->out, &e, STR(""));
}

static bool
is_readable(struct client *c, int ms)
{
	struct pollfd p = { c->fd, POLLIN, 0 };

	return poll(&p, 1, ms) > 0;
}

struct heal { uint64_t answered, failed, before, first_us, last_failed_us; };

/* An answer at so many microseconds after the loss; sent_us: when it was asked, -1 before. */
static void
heal_answer(struct heal *h, const struct envelope *e, int64_t us, int64_t sent_us)
{
	if (us < 0) {
		h->before += !(e->flags & FLAG_ERROR);
	} else if (e->flags & FLAG_ERROR) {
		h->failed++;
		h->last_failed_us = (uint64_t)us;
	} else {
		h->answered++;
		if (!h->first_us && sent_us >= 0)
			h->first_us = (uint64_t)us;
	}
}

static int
heal(const char *path, const char *service, pid_t pid)
{
	struct client c;
	struct envelope e;
	struct heal h = { .answered = 0 };
	struct mono start, lost = { 0 };
	int64_t sent[IN_FLIGHT], us;
	char subject[256];
	uint64_t next = 0, at_us;

	client_open(&c, path);
	snprintf(subject, sizeof subject, "%s/echo", service);
	for (int i = 0; i < IN_FLIGHT; i++, next++) {
		sent[i] = -1;
		send_request(&c, next + 1, str(subject));
	}
	client_flush(&c);
	start = mono_now();
	while ((at_us = mono_us_since(start, mono_now())) < (BEFORE_MS + AFTER_MS) * 1000) {
		if (!lost.us && at_us >= BEFORE_MS * 1000) {
			lost = mono_now();
			if (kill(pid, SIGKILL) == -1) {
				fprintf(stderr, "change: cannot kill %ld: %s\n", (long)pid, strerror(errno));
				return 1;
			}
		}
		if (!is_readable(&c, 1))
			continue;
		if (!client_read(&c))
			client_lost();
		us = lost.us ? (int64_t)mono_us_since(lost, mono_now()) : -1;
		while (client_next(&c, &e)) {
			if (e.kind != KIND_REPLY)
				continue;
			heal_answer(&h, &e, us, sent[(e.id - 1) % IN_FLIGHT]);
			sent[(e.id - 1) % IN_FLIGHT] = us;
			send_request(&c, e.id + IN_FLIGHT, str(subject));
		}
		client_flush(&c);
	}
	if (!h.before || !h.first_us) {
		fprintf(stderr, "change: %s was not answered %s\n", service, h.before ? "any more" : "at all");
		return 1;
	}
	printf("{\"v\":1,\"healed_us\":%" PRIu64 ",\"first_us\":%" PRIu64 ",\"failed\":%" PRIu64 ","
	    "\"answered\":%" PRIu64 "}\n", h.last_failed_us > h.first_us ? h.last_failed_us : h.first_us,
	    h.first_us, h.failed, h.answered);
	return 0;
}

static void
put_change(struct client *c, uint64_t number)
{
	char name[32];
	uint8_t room[128];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct announcement a = { .family = FAMILY_SERVICE, .name = { name, 0 }, .weight = 100, .hops = HOPS_DEFAULT };
	struct envelope e = { .id = number + 1, .hops = 1,
	    .kind = number / SERVICES % 2 ? KIND_DETACH : KIND_ATTACH };

	a.name.n = (size_t)snprintf(name, sizeof name, "churn.%03u", (unsigned)(number % SERVICES));
	announcement_put(&body, &a);
	e.payload = buf_view(&body);
	envelope_put(&c->out, &e, STR(""));
}

static int
churn(const char *path, uint64_t rate, uint64_t seconds)
{
	static const struct timespec turn = { 0, 1000000 };
	struct client c;
	struct envelope e;
	struct mono start = mono_now();
	uint64_t done = 0, failed = 0, us;

	client_open(&c, path);
	while ((us = mono_us_since(start, mono_now())) < seconds * 1000000) {
		for (; done < us * rate / 1000000; done++)
			put_change(&c, done);
		client_flush(&c);
		nanosleep(&turn, NULL);
		while (is_readable(&c, 0)) {
			if (!client_read(&c))
				client_lost();
			while (client_next(&c, &e))
				failed += (e.flags & FLAG_ERROR) != 0;
		}
	}
	printf("{\"v\":1,\"changes\":%" PRIu64 ",\"failed\":%" PRIu64 "}\n", done, failed);
	return failed ? 1 : 0;
}

int
main(int argc, char **argv)
{
	uint64_t a, b;

	if (argc == 5 && strcmp(argv[1], "heal") == 0 && str_u64(str(argv[4]), INT32_MAX, &a) == 0 && a > 1)
		return heal(argv[2], argv[3], (pid_t)a);
	if (argc == 5 && strcmp(argv[1], "churn") == 0 && str_u64(str(argv[3]), 1000000, &a) == 0 &&
	    str_u64(str(argv[4]), 3600, &b) == 0)
		return churn(argv[2], a, b);
	fprintf(stderr, "usage: change heal SOCKET SERVICE PID | change churn SOCKET RATE SECONDS\n");
	return 64;
}
