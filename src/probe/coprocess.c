/*
 * coprocess.c - one process for all requests, a JSON object a line:
 *
 *	{"id":7,"method":"count","caller":"...","origin":"...","payload":"text"}
 *	{"id":7,"payload":"12"}		or	{"id":7,"error":"no such word"}
 *
 * A text is a string, a JSON payload stands as it is, anything else is
 * "base64".  A line that is none of this ends the process: whatever it was
 * doing cannot be told from its answers any more.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/lines.h"
#include "probe/serve.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/utf8.h"

enum {
	BODY_MAX = 1024 * 1024,
	LINE_MAX_BYTES = 8 * 1024 * 1024,	/* a body with every byte escaped */
	READ_STEP = 64 * 1024,
	JSON_DEPTH = 64,
	BACKOFF_MS = 100, BACKOFF_MAX_MS = 5000,
	MUTE_MS = 500,		/* from the end of its input or output to its exit */
	PAUSE_MS = 20,
	STEADY_MS = 10000	/* up for so long: the next backoff starts anew */
};

enum task_state {
	TASK_FREE,
	TASK_GATHERING,		/* the body is not whole yet */
	TASK_ASKED,		/* the process has it */
	TASK_ANSWERING		/* its answer waits for credit */
};

struct task {
	enum task_state state;
	uint64_t number;	/* our id on the pipe */
	uint8_t type;
	struct bus_talk talk;
	struct buf head, body;	/* head: the members before the payload */
};

struct coprocess {
	struct child child;
	struct buf in, out;	/* lines to it, lines from it */
	struct mono started, again, kill;
	unsigned backoff_ms;
	uint64_t last;
	struct task *tasks;
	struct buf scratch;
};

static int
start(struct serve *s, struct err *e)
{
	struct coprocess *c = s->mind;
	struct child_words words = { .service = s->name };
	char **environment = child_environment(&words);
	int r;

	if (!environment)
		return err_set(e, "no memory for the environment");
	r = child_start(&c->child, s->p->command, environment, false, e);
	free(environment);
	c->started = mono_now();
	c->kill.us = c->again.us = 0;
	buf_free(&c->in);
	buf_free(&c->out);
	return r;
}

static int
coprocess_open(struct serve *s, struct err *e)
{
	struct coprocess *c = calloc(1, sizeof *c);

	if (!c || (c->tasks = calloc(s->slots, sizeof *c->tasks)) == NULL) {
		free(c);
		return err_set(e, "no memory for %u requests at a time", s->concurrency);
	}
	s->mind = c;
	c->backoff_ms = BACKOFF_MS;
	c->child = (struct child){ .in = -1, .out = -1, .err = -1 };
	buf_init(&c->in, 2 * LINE_MAX_BYTES);
	buf_init(&c->out, LINE_MAX_BYTES + READ_STEP);
	buf_init(&c->scratch, LINE_MAX_BYTES);
	for (unsigned i = 0; i < s->slots; i++) {
		buf_init(&c->tasks[i].head, 64 * 1024);
		buf_init(&c->tasks[i].body, LINE_MAX_BYTES);
	}
	return start(s, e);
}

static void
task_free(struct task *t)
{
	t->state = TASK_FREE;
	buf_free(&t->head);
	buf_free(&t->body);
}

static void
task_fail(struct serve *s, struct task *t, unsigned error, enum fate fate, const char *text)
{
	bus_fail(&s->bus, &t->talk, error, fate, str(text));
	task_free(t);
}

/* the process cannot be trusted, or is gone: its requests end, it starts anew */
static void
give_up(struct serve *s, const char *text)
{
	struct coprocess *c = s->mind;
	struct mono now = mono_now();

	for (unsigned i = 0; i < s->slots; i++)
		if (c->tasks[i].state == TASK_ASKED)
			task_fail(s, &c->tasks[i], E_service_failed, FATE_MAY_HAVE_RUN, text);
	if (s->draining)
		return;
	if (mono_us_since(c->started, now) > STEADY_MS * 1000)
		c->backoff_ms = BACKOFF_MS;
	say_warning(s->p, "%s: \"%s\" %s; starting it again in %u ms", s->p->operand[0],
	    s->p->command[0], text, c->backoff_ms);
	c->again = mono_add_ms(now, c->backoff_ms);
	c->backoff_ms = 2 * c->backoff_ms < BACKOFF_MAX_MS ? 2 * c->backoff_ms : BACKOFF_MAX_MS;
}

static void
kill_it(struct serve *s, const char *text)
{
	struct coprocess *c = s->mind;

	child_signal(&c->child, SIGKILL);
	child_close(&c->child.in);
	child_close(&c->child.out);
	give_up(s, text);
}

/* inside a string no newline is legal JSON, and outside it is a blank */
static int
put_json(struct buf *to, struct str json)
{
	size_t at = buf_len(to);

	if (buf_str(to, json) == -1)
		return -1;
	for (uint8_t *p = to->p + to->head + at; json.n--; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	return 0;
}

static int
put_payload(struct buf *to, uint8_t type, struct str body)
{
	struct json_fault fault;
	int r;

	if (type == TYPE_JSON && json_check(body, JSON_DEPTH, &fault) == 0)
		return buf_str(to, STR(",\"payload\":")) == -1 ? -1 : put_json(to, body);
	if (type != TYPE_MSGPACK && type != TYPE_CLASP && utf8_valid(body))
		return buf_str(to, STR(",\"payload\":")) == -1 ? -1 : json_quote(to, body);
	r = buf_str(to, STR(",\"base64\":\""));
	if (r == 0 && (r = base64_put(to, body)) == 0)
		r = buf_str(to, STR("\""));
	return r;
}

static void
hand_over(struct serve *s, struct task *t)
{
	struct coprocess *c = s->mind;
	struct buf *line = &c->scratch;

	buf_eat(line, buf_len(line));
	if (c->child.in == -1) {
		task_fail(s, t, E_busy, FATE_NOT_DELIVERED, "the service is being started again");
		return;
	}
	if (buf_str(line, buf_view(&t->head)) == -1 ||
	    put_payload(line, t->type, buf_view(&t->body)) == -1 ||
	    buf_str(line, STR("}\n")) == -1 || buf_str(&c->in, buf_view(line)) == -1) {
		task_fail(s, t, E_overloaded, FATE_NOT_DELIVERED, "the service does not read its requests");
		return;
	}
	t->state = TASK_ASKED;
	buf_free(&t->body);
}

static void
coprocess_request(struct serve *s, const struct envelope *in)
{
	struct coprocess *c = s->mind;
	struct str path = serve_path(in);
	struct task *t = NULL;

	for (unsigned i = 0; !t && i < s->slots; i++)
		if (c->tasks[i].state == TASK_FREE)
			t = &c->tasks[i];
	if (!t) {
		serve_refuse(s, in->id, E_busy, "this service has too many requests");
		return;
	}
	t->number = ++c->last;
	t->type = in->type;
	bus_talk_open(&t->talk, in->id, false);
	if (buf_fmt(&t->head, "{\"v\":1,\"id\":%llu,\"method\":", (unsigned long long)t->number) == -1 ||
	    json_quote(&t->head, serve_method(s, in)) == -1 ||
	    buf_str(&t->head, STR(",\"caller\":")) == -1 || json_quote(&t->head, in->from) == -1 ||
	    buf_str(&t->head, STR(",\"origin\":")) == -1 || json_quote(&t->head, in->origin) == -1 ||
	    (path.n && (buf_str(&t->head, STR(",\"path\":")) == -1 || json_quote(&t->head, path) == -1)) ||
	    buf_str(&t->body, in->payload) == -1) {
		task_fail(s, t, E_overloaded, FATE_NOT_DELIVERED, "no memory for the request");
		return;
	}
	t->state = TASK_GATHERING;
	if (!(in->flags & FLAG_MORE))
		hand_over(s, t);
}

static void
coprocess_follow(struct serve *s, const struct envelope *in)
{
	struct coprocess *c = s->mind;
	struct task *t = NULL;

	for (unsigned i = 0; i < s->slots; i++)
		if (c->tasks[i].state != TASK_FREE && c->tasks[i].talk.id == in->id)
			t = &c->tasks[i];
	if (!t)
		return;
	if (in->kind == KIND_CREDIT) {
		bus_credit(&t->talk, in);
	} else if (in->kind == KIND_CANCEL) {
		task_free(t);		/* its answer will find nobody */
	} else if (in->kind == KIND_PART && t->state == TASK_GATHERING) {
		bus_heard(&s->bus, &t->talk, in->payload.n);
		if (buf_len(&t->body) + in->payload.n > BODY_MAX || buf_str(&t->body, in->payload) == -1)
			task_fail(s, t, E_too_large, FATE_NOT_DELIVERED,
			    "a coprocess takes bodies of up to 1048576 bytes");
		else if (!(in->flags & FLAG_MORE))
			hand_over(s, t);
	}
}

static void
coprocess_lost(struct serve *s)
{
	struct coprocess *c = s->mind;

	for (unsigned i = 0; i < s->slots; i++)
		task_free(&c->tasks[i]);
}

static size_t
coprocess_poll(struct serve *s, struct pollfd *to)
{
	const struct coprocess *c = s->mind;

	to[0] = (struct pollfd){ .fd = buf_len(&c->in) ? c->child.in : -1, .events = POLLOUT };
	to[1] = (struct pollfd){ .fd = c->child.out, .events = POLLIN };
	return 2;
}

static struct task *
task_numbered(struct serve *s, uint64_t number)
{
	struct coprocess *c = s->mind;

	for (unsigned i = 0; i < s->slots; i++)
		if (c->tasks[i].state == TASK_ASKED && c->tasks[i].number == number)
			return &c->tasks[i];
	return NULL;
}

/* the sentence that is wrong with it, or NULL */
static const char *
take_line(struct serve *s, struct str line)
{
	struct coprocess *c = s->mind;
	struct json_fault fault;
	struct str payload, error, coded;
	struct task *t;
	uint64_t number;

	line = str_trim(line);
	if (json_check(line, JSON_DEPTH, &fault) == -1 || json_type(line) != JSON_OBJECT)
		return "printed a line that is no JSON object";
	if (json_u64(json_member(line, "id"), UINT64_MAX, &number) == -1 || number > c->last)
		return "printed an answer without the id of a request";
	payload = json_member(line, "payload");
	error = json_member(line, "error");
	coded = json_member(line, "base64");
	if ((payload.n != 0) + (error.n != 0) + (coded.n != 0) != 1)
		return "printed an answer without one of payload, base64 and error";
	if ((t = task_numbered(s, number)) == NULL)
		return NULL;		/* it was given up */
	buf_eat(&c->scratch, buf_len(&c->scratch));
	if (error.n) {
		if (json_type(error) != JSON_STRING || json_text(error, &c->scratch) == -1)
			buf_str(&c->scratch, error);
		bus_fail(&s->bus, &t->talk, E_service_failed, FATE_MAY_HAVE_RUN,
		    str_head(buf_view(&c->scratch),
		    buf_len(&c->scratch) < PART_MAX ? buf_len(&c->scratch) : PART_MAX));
		task_free(t);
		return NULL;
	}
	if (coded.n) {
		t->type = TYPE_BYTES;
		if (json_text(coded, &c->scratch) == -1 ||
		    base64_get(&t->body, buf_view(&c->scratch)) == -1)
			return "printed a base64 that is none";
	} else if (json_type(payload) == JSON_STRING) {
		t->type = TYPE_TEXT;
		json_text(payload, &t->body);
	} else {
		t->type = TYPE_JSON;
		buf_str(&t->body, payload);
	}
	t->state = TASK_ANSWERING;
	return NULL;
}

static void
take_lines(struct serve *s)
{
	struct coprocess *c = s->mind;
	const char *wrong = NULL;
	struct str line;
	size_t used;

	while (!wrong && line_next(buf_view(&c->out), false, &line, &used)) {
		wrong = take_line(s, line);
		buf_eat(&c->out, used);
	}
	if (!wrong && buf_len(&c->out) >= LINE_MAX_BYTES)
		wrong = "printed a line over 8 MiB";
	if (wrong)
		kill_it(s, wrong);
}

static void
read_lines(struct serve *s)
{
	struct coprocess *c = s->mind;
	uint8_t *to = buf_room(&c->out, READ_STEP);
	ssize_t n = to ? read(c->child.out, to, READ_STEP) : 0;

	if (n > 0) {
		buf_made(&c->out, (size_t)n);
		take_lines(s);
	} else if (n == 0) {
		/* it can answer no more; how it ended is the better sentence */
		child_close(&c->child.out);
		c->kill = mono_add_ms(mono_now(), MUTE_MS);
	}
}

static void
write_lines(struct coprocess *c)
{
	struct str v = buf_view(&c->in);
	ssize_t n = write(c->child.in, v.p, v.n);

	if (n >= 0) {
		buf_eat(&c->in, (size_t)n);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		/* it can be asked no more; how it ended is the better sentence */
		child_close(&c->child.in);
		c->kill = mono_add_ms(mono_now(), MUTE_MS);
	}
}

static int
coprocess_turn(struct serve *s, const struct pollfd *p, struct mono now)
{
	struct coprocess *c = s->mind;
	struct err e = { .text = "" };

	if (p[0].revents && c->child.in != -1)
		write_lines(c);
	if (p[1].revents && c->child.out != -1)
		read_lines(s);
	if (c->again.us && c->again.us <= now.us && c->child.pid <= 0 && start(s, &e) == -1)
		give_up(s, "cannot be started");
	if (c->kill.us && c->kill.us <= now.us && c->child.pid > 0) {
		c->kill.us = 0;
		kill_it(s, c->child.out == -1 ? "closed its standard output" :
		    "closed its standard input");
	}
	for (unsigned i = 0; i < s->slots; i++) {
		struct task *t = &c->tasks[i];
		struct envelope first = { .kind = KIND_REPLY, .type = t->type, .hops = HOPS_DEFAULT };

		if (t->state != TASK_ANSWERING)
			continue;
		bus_say(&s->bus, &t->talk, &first, &t->body, true);
		if (t->talk.ended)
			task_free(t);
	}
	if (c->child.pid > 0)
		return c->kill.us ? (int)mono_ms_until(now, c->kill) : -1;
	return c->again.us ? (int)mono_ms_until(now, c->again) : -1;
}

static void
coprocess_reaped(struct serve *s, pid_t pid, int wait_status)
{
	struct coprocess *c = s->mind;
	char fate[64];

	if (pid != c->child.pid)
		return;
	if (c->child.out != -1)		/* its last answers count */
		for (size_t had = SIZE_MAX; c->child.out != -1 && had != buf_len(&c->out);) {
			had = buf_len(&c->out);
			read_lines(s);
		}
	child_signal(&c->child, SIGKILL);	/* what it left behind */
	child_end(&c->child);
	if (!c->again.us)
		give_up(s, child_fate(wait_status, fate));
}

static size_t
coprocess_busy(const struct serve *s)
{
	const struct coprocess *c = s->mind;
	size_t n = 0;

	for (unsigned i = 0; i < s->slots; i++)
		n += c->tasks[i].state != TASK_FREE;
	return n;
}

/* waits for it, but not long */
static void
end_it(struct coprocess *c)
{
	struct mono until = mono_add_ms(mono_now(), KILL_AFTER_MS);
	siginfo_t info = { .si_pid = 0 };
	uint64_t left;

	child_signal(&c->child, SIGCONT);
	child_signal(&c->child, SIGTERM);
	child_close(&c->child.in);
	/* SIGCHLD ends the pause */
	while (c->child.pid > 0 && (left = mono_ms_until(mono_now(), until)) > 0 &&
	    waitid(P_PID, (id_t)c->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0)
		poll(NULL, 0, left < PAUSE_MS ? (int)left : PAUSE_MS);
	child_signal(&c->child, SIGKILL);
	child_end(&c->child);
}

static void
coprocess_close(struct serve *s)
{
	struct coprocess *c = s->mind;

	end_it(c);
	for (unsigned i = 0; i < s->slots; i++)
		task_free(&c->tasks[i]);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->scratch);
	free(c->tasks);
	free(c);
}

const struct answerer coprocess_answerer = {
	coprocess_open, coprocess_request, coprocess_follow, coprocess_lost, coprocess_poll,
	coprocess_turn, coprocess_reaped, coprocess_busy, coprocess_close
};
