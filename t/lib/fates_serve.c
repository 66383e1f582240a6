/* fates_serve.c - a service that writes down each id before it answers. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "fates.h"

struct job {
	struct bus_talk talk;
	char id[FATES_ID_MAX];
	size_t heard;			/* bytes of its body, the line of the id too */
	size_t numbered;		/* of those, the ones behind that line */
	struct buf answer;
	struct mono due;
	bool whole;			/* its body is here */
	struct job *next;
};

struct server {
	struct bus bus;
	struct job *jobs;		/* oldest first */
	int log;
	unsigned delay, bytes, die_after, concurrency, ran;
	const char *service, *version;
};

static volatile int stop;

static void
on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void
forget(struct job **at)
{
	struct job *j = *at;

	*at = j->next;
	buf_free(&j->answer);
	free(j);
}

static struct job **
find(struct server *s, uint64_t id)
{
	struct job **at = &s->jobs;

	while (*at && (*at)->talk.id != id)
		at = &(*at)->next;
	return at;
}

static void
body_came(struct server *s, struct job *j, const struct envelope *e, struct str numbered)
{
	if (!fates_in_order(numbered, j->numbered))
		fates_log(s->log, "disorder %s", j->id);
	j->numbered += numbered.n;
	j->heard += e->payload.n;
	j->whole = !(e->flags & FLAG_MORE);
	if (j->whole)
		j->due = mono_add_ms(mono_now(), s->delay);
}

static void
begin(struct server *s, const struct envelope *e)
{
	struct job **end = &s->jobs, *j;
	struct str id, rest;

	str_split(e->payload, '\n', &id, &rest);
	while (*end)
		end = &(*end)->next;
	if ((j = calloc(1, sizeof *j)) == NULL || str_c(id, j->id, sizeof j->id) == -1)
		abort();
	fates_log(s->log, "ran %s", j->id);
	if (++s->ran == s->die_after)
		_exit(0);
	bus_talk_open(&j->talk, e->id, false);
	buf_init(&j->answer, 64u << 20);
	*end = j;
	body_came(s, j, e, rest);
}

static void
on_envelope(struct server *s, const struct envelope *e)
{
	struct job **at = find(s, e->id);

	if (e->kind == KIND_REQUEST)
		begin(s, e);
	else if (!*at || e->kind == KIND_DONE)
		return;
	else if (e->kind == KIND_PART) {
		body_came(s, *at, e, e->payload);
		bus_heard(&s->bus, &(*at)->talk, e->payload.n);
	} else if (e->kind == KIND_CREDIT)
		bus_credit(&(*at)->talk, e);
	else if (e->kind == KIND_CANCEL)
		forget(at);
}

/* "ID BYTES-HEARD", then as many bytes as were asked for. */
static void
answer(struct server *s, struct job *j)
{
	static const struct envelope reply = { .kind = KIND_REPLY, .type = TYPE_TEXT };
	if (!j->talk.spoken && buf_len(&j->answer) == 0) {
		buf_fmt(&j->answer, "%s %zu\n", j->id, j->heard);
		fates_number(&j->answer, s->bytes);
	}
	bus_say(&s->bus, &j->talk, &reply, &j->answer, true);
}

static int
answer_due(struct server *s)
{
	struct mono now = mono_now();
	int wait = 1000;

	for (struct job **at = &s->jobs; *at; ) {
		struct job *j = *at;
		uint64_t ms = mono_ms_until(now, j->due);

		if (j->whole && ms == 0)
			answer(s, j);
		else if (j->whole && ms < (uint64_t)wait)
			wait = (int)ms;
		if (j->talk.ended)
			forget(at);
		else
			at = &j->next;
	}
	return wait;
}

static void
attach(struct server *s, const char *rundir)
{
	struct announcement a = { .family = FAMILY_SERVICE, .name = str(s->service),
	    .version = str(s->version), .weight = 100, .hops = HOPS_DEFAULT,
	    .max_concurrency = s->concurrency };
	uint64_t id;

	while (s->jobs)		/* nobody is there to be answered */
		forget(&s->jobs);
	fates_dial(&s->bus, rundir, &stop);
	if (!stop && bus_attach(&s->bus, &a, false, &id) == -1)
		abort();
}

int
fates_serve(int argc, char **argv)
{
	struct server s = { .bus = { .fd = -1 }, .version = "" };
	struct fates_option options[] = {
		{ "--delay", &s.delay, NULL }, { "--bytes", &s.bytes, NULL },
		{ "--die-after", &s.die_after, NULL }, { "--concurrency", &s.concurrency, NULL },
		{ "--version", NULL, &s.version },
	};
	struct envelope e;
	struct err why;

	if (fates_options(options, sizeof options / sizeof *options, argc, argv) != 3)
		return 64;
	s.service = argv[1];
	s.log = fates_open_log(argv[2]);
	signal(SIGTERM, on_term);
	attach(&s, argv[0]);
	while (!stop) {
		int wait = answer_due(&s), r;
		struct pollfd p = { .fd = s.bus.fd, .events = bus_events(&s.bus) };

		if (poll(&p, 1, wait) == -1 && errno != EINTR)
			abort();
		bus_turn(&s.bus, p.revents);
		while ((r = bus_next(&s.bus, &e, &why)) == 1)
			on_envelope(&s, &e);
		if (r == -1)
			attach(&s, argv[0]);
	}
	while (s.jobs)
		forget(&s.jobs);
	bus_close(&s.bus);
	return 0;
}
