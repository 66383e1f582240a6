/* fates_call.c - a caller that writes down what it sent and each end that it was told. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rand.h"
#include "fates.h"

struct ask {
	struct bus_talk talk;
	char id[FATES_ID_MAX];
	struct buf body;		/* what of it is not sent yet */
	size_t size, heard;		/* of its body; of the answer */
	bool over, right;		/* right: as far as it came */
	struct mono overdue;
};

struct caller {
	struct bus bus;
	struct ask *asks;		/* by bus id - 1, of this connection */
	size_t asked, room, open;
	int log;
	unsigned count, in_flight, timeout, pace, body_every, idempotent_every, bytes;
	unsigned sent;
	const char *service, *range;
	uint32_t run;			/* random: ids of several runs differ */
	struct mono next;
	bool stuck;
};

static volatile int stop;

static void
on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void
end(struct caller *c, struct ask *a, const char *how, const char *error, struct str why)
{
	/* a second end is written down too: the judge must see it */
	fates_log(c->log, "%s %s%s%s%s%.*s", how, a->id, *error ? " " : "", error, why.n ? " " : "",
	    (int)(why.n < 128 ? why.n : 128), why.n ? why.p : "");
	if (!a->over)
		c->open--;
	a->over = true;
	buf_free(&a->body);
}

static void
say(struct caller *c, struct ask *a, unsigned number)
{
	static uint8_t meta[TLV_HEAD + 64];
	char subject[128];
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .deadline_ms = c->timeout };

	snprintf(subject, sizeof subject, "%s/run", c->service);
	e.subject = str(subject);
	if (c->range)
		e.meta = (struct str){ (const char *)meta, (size_t)(tlv_write(meta, META_version,
		    str_head(str(c->range), strlen(c->range) < 64 ? strlen(c->range) : 64)) - meta) };
	if (c->idempotent_every && number % c->idempotent_every == 0)
		e.flags |= FLAG_IDEMPOTENT;
	bus_say(&c->bus, &a->talk, &e, &a->body, true);
}

static void
ask_one(struct caller *c)
{
	struct ask *a;
	unsigned number = ++c->sent;
	bool twice = c->idempotent_every && number % c->idempotent_every == 0;

	if (c->asked == c->room) {
		c->room = c->room ? 2 * c->room : 1024;
		if ((c->asks = realloc(c->asks, c->room * sizeof *c->asks)) == NULL)
			abort();
	}
	a = &c->asks[c->asked++];
	*a = (struct ask){ .overdue = mono_add_ms(mono_now(), 4ull * c->timeout + 20000) };
	snprintf(a->id, sizeof a->id, "%08x-%u", (unsigned)c->run, number);
	bus_talk_open(&a->talk, bus_id(&c->bus), true);
	buf_init(&a->body, 1u << 20);
	buf_fmt(&a->body, "%s\n", a->id);
	if (c->body_every && number % c->body_every == 0 && fates_number(&a->body, FATES_BODY) == -1)
		abort();
	a->size = buf_len(&a->body);
	c->open++;
	fates_log(c->log, "sent %s%s", a->id, twice ? " idempotent" : "");
	say(c, a, number);
}

static void
heard(struct caller *c, struct ask *a, const struct envelope *e)
{
	struct str line, rest;
	char want[FATES_ID_MAX + 32];

	if (e->kind == KIND_REPLY) {
		str_split(e->payload, '\n', &line, &rest);
		snprintf(want, sizeof want, "%s %zu", a->id, a->size);
		a->right = str_is(line, want) && fates_in_order(rest, 0);
		a->heard = rest.n;
	} else {
		a->right = a->right && fates_in_order(e->payload, a->heard);
		a->heard += e->payload.n;
		bus_heard(&c->bus, &a->talk, e->payload.n);
	}
	if (!(e->flags & FLAG_MORE))
		end(c, a, a->right && a->heard == c->bytes ? "answer" : "wrong_answer", "", STR(""));
}

static void
on_envelope(struct caller *c, const struct envelope *e)
{
	struct ask *a = e->id && e->id <= c->asked ? &c->asks[e->id - 1] : NULL;
	unsigned error;
	enum fate fate;

	if (!a) {
		fates_log(c->log, "wrong_answer to-nothing");
	} else if (e->kind == KIND_CREDIT) {
		bus_credit(&a->talk, e);
	} else if (e->flags & FLAG_ERROR) {
		meta_error_get(e->meta, &error, &fate);
		end(c, a, fate_name(fate), error_row(error)->name, e->payload);
	} else if (e->kind == KIND_REPLY || e->kind == KIND_PART) {
		heard(c, a, e);
	}
}

/* Our own node is gone: what was handed to it may have run. */
static void
reconnect(struct caller *c, const char *rundir)
{
	for (size_t i = 0; i < c->asked; i++)
		if (!c->asks[i].over)
			end(c, &c->asks[i], "may_have_run", "bus_lost", STR(""));
	c->asked = 0;
	fates_dial(&c->bus, rundir, &stop);
	if (stop && c->bus.fd == -1)
		c->count = c->sent;
}

static int
go_on(struct caller *c)
{
	struct mono now = mono_now();
	int wait = 200;

	for (size_t i = 0; i < c->asked; i++) {
		struct ask *a = &c->asks[i];

		if (a->over)
			continue;
		if (!a->talk.ended)
			say(c, a, 1);
		if (a->overdue.us < now.us) {
			fprintf(stderr, "fates: %s never ended\n", a->id);
			c->stuck = true;
		}
	}
	while (!stop && c->open < c->in_flight && (!c->count || c->sent < c->count)) {
		uint64_t ms = mono_ms_until(now, c->next);

		if (ms)
			return ms < (uint64_t)wait ? (int)ms : wait;
		ask_one(c);
		c->next = mono_add_ms(now, c->pace);
	}
	return wait;
}

int
fates_call(int argc, char **argv)
{
	struct caller c = { .bus = { .fd = -1 }, .timeout = 3000 };
	struct fates_option options[] = {
		{ "--timeout", &c.timeout, NULL }, { "--pace", &c.pace, NULL },
		{ "--body-every", &c.body_every, NULL }, { "--bytes", &c.bytes, NULL },
		{ "--idempotent-every", &c.idempotent_every, NULL },
		{ "--version", NULL, &c.range },
	};
	struct envelope e;
	struct err why;

	if (fates_options(options, sizeof options / sizeof *options, argc, argv) != 5)
		return 64;
	c.service = argv[1];
	c.count = (unsigned)strtoul(argv[2], NULL, 10);
	c.in_flight = (unsigned)strtoul(argv[3], NULL, 10);
	c.log = fates_open_log(argv[4]);
	rand_bytes(&c.run, sizeof c.run);
	signal(SIGTERM, on_term);
	fates_dial(&c.bus, argv[0], &stop);
	while (!c.stuck && (c.open || (!stop && (!c.count || c.sent < c.count)))) {
		int wait = go_on(&c), r;
		struct pollfd p = { .fd = c.bus.fd, .events = bus_events(&c.bus) };

		if (poll(&p, 1, wait) == -1 && errno != EINTR)
			abort();
		bus_turn(&c.bus, p.revents);
		while ((r = bus_next(&c.bus, &e, &why)) == 1)
			on_envelope(&c, &e);
		if (r == -1)
			reconnect(&c, argv[0]);
	}
	for (size_t i = 0; i < c.asked; i++)
		buf_free(&c.asks[i].body);
	free(c.asks);
	bus_close(&c.bus);
	return c.stuck;
}
