/*
 * jobs.c - a process a request: its standard input is the body as it comes,
 * its standard output the answer as it goes, its exit status the verdict.
 *
 * Credit is the throttle in both directions: bytes are granted once the
 * process has taken them, and its output is not read while the caller does
 * not, so that it blocks in write(2) as it would in any pipe.
 *
 * For the node a request is over when it is cancelled, but its process may
 * take a while to die.  As many may die as may run; beyond that a request
 * waits for one of them to be gone.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe/serve.h"
#include "wire/utf8.h"

enum { IN, OUT, ERR };		/* of a process, in polled[] */

enum {
	LAST_WORDS = 256 * 1024,	/* of standard error, read at the end */
	IN_MAX = BUS_PAYLOAD_MAX + BUS_WINDOW + BUS_CREDIT_STEP,
	HOLD_MS = 10	/* a short answer shall be one message: wait for its end so long */
};

enum job_state {
	JOB_FREE,
	JOB_WAITING,		/* for a process: too many are dying */
	JOB_RUNNING,		/* somebody waits for the answer */
	JOB_DYING		/* nobody does */
};

struct job {
	enum job_state state;
	struct bus_talk talk;
	struct mono came;
	char **environment;	/* until the process starts */
	struct child child;
	int polled[FDS_EACH];	/* where its descriptors stand in the list, -1: not there */
	bool exited, in_whole;
	int wait_status;
	struct buf in, out;
	size_t unpaid;		/* bytes of in that cost no credit */
	struct mono hold, kill;	/* 0: not set */
	char said[160];		/* the last line on its standard error */
	size_t said_n;
	bool said_ended;	/* the next byte begins a new line */
};

static struct job *
jobs_of(const struct serve *s)
{
	return s->mind;
}

static int
jobs_open(struct serve *s, struct err *e)
{
	struct job *jobs = calloc(s->slots, sizeof *jobs);

	if (!jobs)
		return err_set(e, "no memory for %u requests at a time", s->concurrency);
	for (unsigned i = 0; i < s->slots; i++) {
		buf_init(&jobs[i].in, IN_MAX);
		buf_init(&jobs[i].out, 2 * PART_MAX);
		jobs[i].child = (struct child){ .in = -1, .out = -1, .err = -1 };
	}
	s->mind = jobs;
	return 0;
}

static void
job_free(struct job *j)
{
	child_end(&j->child);
	buf_free(&j->in);
	buf_free(&j->out);
	free(j->environment);
	j->environment = NULL;
	j->state = JOB_FREE;
}

/* nobody waits for it any more */
static void
job_stop(struct job *j)
{
	j->state = JOB_DYING;
	child_close(&j->child.in);
	child_close(&j->child.out);
	if (j->exited || j->child.pid <= 0) {
		job_free(j);
		return;
	}
	child_signal(&j->child, SIGCONT);
	child_signal(&j->child, SIGTERM);
	j->kill = mono_add_ms(mono_now(), KILL_AFTER_MS);
}

static void
jobs_close(struct serve *s)
{
	for (unsigned i = 0; i < s->slots; i++) {
		child_signal(&jobs_of(s)[i].child, SIGKILL);
		job_free(&jobs_of(s)[i]);
	}
	free(s->mind);
}

static void
job_start(struct serve *s, struct job *j)
{
	struct err e;

	if (child_start(&j->child, s->p->command, j->environment, true, &e) == -1) {
		serve_refuse(s, j->talk.id, E_overloaded, e.text);
		job_free(j);
		return;
	}
	free(j->environment);
	j->environment = NULL;
	j->state = JOB_RUNNING;
	if (j->in_whole && buf_len(&j->in) == 0)
		child_close(&j->child.in);
}

/* the oldest first, as long as there may be one more process */
static void
jobs_start(struct serve *s)
{
	for (;;) {
		struct job *oldest = NULL;
		size_t processes = 0;

		for (unsigned i = 0; i < s->slots; i++) {
			struct job *j = &jobs_of(s)[i];

			processes += j->state == JOB_RUNNING || j->state == JOB_DYING;
			if (j->state == JOB_WAITING && (!oldest || j->came.us < oldest->came.us))
				oldest = j;
		}
		if (!oldest || processes >= 2 * (size_t)s->concurrency)
			return;
		job_start(s, oldest);
	}
}

static void
jobs_request(struct serve *s, const struct envelope *in)
{
	struct child_words words = { s->name, serve_method(s, in), in->from, in->origin, serve_path(in) };
	struct job *j = NULL;
	char **environment;

	for (unsigned i = 0; !j && i < s->slots; i++)
		if (jobs_of(s)[i].state == JOB_FREE)
			j = &jobs_of(s)[i];
	if (!j) {
		serve_refuse(s, in->id, E_busy, "all processes of this service are busy");
		return;
	}
	if ((environment = child_environment(&words)) == NULL) {
		serve_refuse(s, in->id, E_malformed, "the method or caller holds a zero byte");
		return;
	}
	*j = (struct job){
		.state = JOB_WAITING, .came = mono_now(), .environment = environment,
		.child = { .in = -1, .out = -1, .err = -1 }, .polled = { -1, -1, -1 },
		.in = j->in, .out = j->out, .unpaid = in->payload.n,
		.in_whole = !(in->flags & FLAG_MORE)
	};
	bus_talk_open(&j->talk, in->id, false);
	if (buf_str(&j->in, in->payload) == -1) {
		serve_refuse(s, in->id, E_overloaded, "no memory for the request");
		job_free(j);
		return;
	}
	jobs_start(s);
}

static void
job_fail(struct serve *s, struct job *j, const char *text)
{
	bus_fail(&s->bus, &j->talk, E_service_failed, FATE_MAY_HAVE_RUN, str(text));
	job_stop(j);
}

static void
take_part(struct serve *s, struct job *j, const struct envelope *in)
{
	j->in_whole = !(in->flags & FLAG_MORE);
	if (j->state == JOB_RUNNING && j->child.in == -1)	/* it closed its input: the rest is for nobody */
		bus_heard(&s->bus, &j->talk, in->payload.n);
	else if (buf_str(&j->in, in->payload) == -1)
		job_fail(s, j, "the caller sent more than it was granted");
	else if (j->in_whole && buf_len(&j->in) == 0)
		child_close(&j->child.in);
}

static void
jobs_follow(struct serve *s, const struct envelope *in)
{
	for (unsigned i = 0; i < s->slots; i++) {
		struct job *j = &jobs_of(s)[i];

		if ((j->state != JOB_RUNNING && j->state != JOB_WAITING) || j->talk.id != in->id)
			continue;
		if (in->kind == KIND_CREDIT)
			bus_credit(&j->talk, in);
		else if (in->kind == KIND_PART)
			take_part(s, j, in);
		else if (in->kind == KIND_CANCEL)
			job_stop(j);
		return;
	}
}

static void
jobs_lost(struct serve *s)
{
	for (unsigned i = 0; i < s->slots; i++)
		if (jobs_of(s)[i].state == JOB_RUNNING || jobs_of(s)[i].state == JOB_WAITING)
			job_stop(&jobs_of(s)[i]);
}

/* only what is open: poll(2) takes no more entries than there may be descriptors */
static size_t
jobs_poll(struct serve *s, struct pollfd *to)
{
	size_t n = 0;

	for (unsigned i = 0; i < s->slots; i++) {
		struct job *j = &jobs_of(s)[i];
		const struct pollfd of[FDS_EACH] = {
			[IN] = { .fd = buf_len(&j->in) ? j->child.in : -1, .events = POLLOUT },
			[OUT] = { .fd = buf_len(&j->out) < PART_MAX ? j->child.out : -1, .events = POLLIN },
			[ERR] = { .fd = j->child.err, .events = POLLIN }
		};

		for (int k = 0; k < FDS_EACH; k++) {
			j->polled[k] = of[k].fd == -1 ? -1 : (int)n;
			if (of[k].fd != -1)
				to[n++] = of[k];
		}
	}
	return n;
}

static void
feed(struct serve *s, struct job *j)
{
	struct str v = buf_view(&j->in);
	ssize_t n = write(j->child.in, v.p, v.n);
	size_t unpaid;

	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n == -1) {		/* it does not want the rest, as head(1) does not */
		child_close(&j->child.in);
		n = (ssize_t)v.n;
	}
	unpaid = (size_t)n < j->unpaid ? (size_t)n : j->unpaid;
	j->unpaid -= unpaid;
	bus_heard(&s->bus, &j->talk, (size_t)n - unpaid);
	buf_eat(&j->in, (size_t)n);
	if (j->in_whole && buf_len(&j->in) == 0)
		child_close(&j->child.in);
}

static void
drink(struct job *j, struct mono now)
{
	uint8_t *to = buf_room(&j->out, PART_MAX);
	ssize_t n;

	if (!to)
		return;
	n = read(j->child.out, to, PART_MAX);
	if (n > 0) {
		if (!j->talk.spoken && !j->hold.us)
			j->hold = mono_add_ms(now, HOLD_MS);
		buf_made(&j->out, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
		child_close(&j->child.out);
	}
}

static void
keep_last_line(struct job *j, const char *p, size_t n)
{
	for (; n--; p++) {
		if (j->said_ended && *p != '\n')
			j->said_n = 0;
		j->said_ended = *p == '\n';
		if (!j->said_ended && j->said_n < sizeof j->said)
			j->said[j->said_n++] = *p;
	}
}

/* how many bytes; 0: no more now */
static size_t
overhear(struct job *j)
{
	char text[4096];
	ssize_t n = read(j->child.err, text, sizeof text), put;

	if (n > 0) {
		keep_last_line(j, text, (size_t)n);
		put = write(STDERR_FILENO, text, (size_t)n);
		(void)put;		/* our own may be gone: nobody to tell */
		return (size_t)n;
	}
	if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		child_close(&j->child.err);
	return 0;
}

/* it has exited; what it left behind may hold the pipe open and go on */
static void
overhear_rest(struct job *j)
{
	size_t n, sum = 0;

	while (j->child.err != -1 && sum < LAST_WORDS && (n = overhear(j)) > 0)
		sum += n;
}

/* what may be sent now; the job is free again when all is */
static void
answer(struct serve *s, struct job *j, struct mono now)
{
	struct envelope first = { .kind = KIND_REPLY, .type = TYPE_BYTES, .hops = HOPS_DEFAULT };
	bool over = j->exited && j->child.out == -1, well = j->wait_status == 0;
	bool held = !j->talk.spoken && buf_len(&j->out) < PART_MAX && now.us < j->hold.us;
	char fate[64], said[sizeof j->said + 1], text[sizeof fate + sizeof said + 4];

	if (over)
		overhear_rest(j);
	if (over && well && !j->talk.spoken && utf8_valid(buf_view(&j->out)))
		first.type = TYPE_TEXT;
	if (over || (buf_len(&j->out) && !held))
		if (buf_len(&j->out) || well)
			bus_say(&s->bus, &j->talk, &first, &j->out, over && well);
	if (!over || buf_len(&j->out))
		return;
	if (well && j->talk.ended) {
		job_free(j);
	} else if (!well) {
		bus_text((struct str){ j->said, j->said_n }, said, sizeof said);
		snprintf(text, sizeof text, "%s%s%s", child_fate(j->wait_status, fate),
		    said[0] ? ": " : "", said);
		job_fail(s, j, text);
	}
}

static bool
has_come(const struct job *j, int which, const struct pollfd *p)
{
	return j->polled[which] != -1 && p[j->polled[which]].revents;
}

static int
job_turn(struct serve *s, struct job *j, const struct pollfd *p, struct mono now)
{
	if (has_come(j, IN, p) && j->child.in != -1)
		feed(s, j);
	if (has_come(j, OUT, p) && j->child.out != -1)
		drink(j, now);
	if (has_come(j, ERR, p) && j->child.err != -1)
		overhear(j);
	if (j->state == JOB_RUNNING)
		answer(s, j, now);
	if (j->state == JOB_DYING && j->kill.us && now.us >= j->kill.us) {
		child_signal(&j->child, SIGKILL);
		j->kill.us = 0;
	}
	if (j->state == JOB_DYING && j->kill.us)
		return (int)mono_ms_until(now, j->kill);
	if (j->state == JOB_RUNNING && j->hold.us > now.us && !j->talk.spoken)
		return (int)mono_ms_until(now, j->hold);
	return -1;
}

static int
jobs_turn(struct serve *s, const struct pollfd *p, struct mono now)
{
	int wait = -1;

	for (unsigned i = 0; i < s->slots; i++)
		if (jobs_of(s)[i].state != JOB_FREE)
			wait = sooner(wait, job_turn(s, &jobs_of(s)[i], p, now));
	jobs_start(s);
	return wait;
}

static void
jobs_reaped(struct serve *s, pid_t pid, int wait_status)
{
	for (unsigned i = 0; i < s->slots; i++) {
		struct job *j = &jobs_of(s)[i];

		if (j->state == JOB_FREE || j->child.pid != pid)
			continue;
		if (j->state == JOB_DYING)
			child_signal(&j->child, SIGKILL);	/* what it left behind */
		j->exited = true;
		j->wait_status = wait_status;
		j->child.pid = 0;
		if (j->state == JOB_DYING) {
			overhear_rest(j);
			job_free(j);
		}
	}
}

static size_t
jobs_busy(const struct serve *s)
{
	size_t n = 0;

	for (unsigned i = 0; i < s->slots; i++)
		n += jobs_of(s)[i].state == JOB_RUNNING || jobs_of(s)[i].state == JOB_WAITING;
	return n;
}

const struct answerer jobs_answerer = {
	jobs_open, jobs_request, jobs_follow, jobs_lost, jobs_poll, jobs_turn,
	jobs_reaped, jobs_busy, jobs_close
};
