/* call.c - fedx-probe call: standard input through a service, as a filter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe/calls.h"
#include "probe/input.h"
#include "probe/lines.h"
#include "probe/outlet.h"
#include "probe/probe.h"
#include "probe/trace.h"
#include "wire/json.h"
#include "wire/utf8.h"

enum {
	LINE_MAX_BYTES = 8 * 1024 * 1024,
	STREAM_HIGH = 256 * 1024,	/* of -0: read no further ahead */
	PROGRESS_MS = 200,
	PATIENCE_MS = 2000,		/* more than -t, then it is the node that hangs */
	PARALLEL = 16
};

enum source { FROM_WORD, FROM_LINES, FROM_WHOLE };

struct call {
	const struct probe *p;
	enum source source;
	bool checked, progress, input_ended;
	int status;			/* of the first failure */
	unsigned timeout_ms;
	struct bus bus;
	struct calls calls;
	struct outlet out;
	struct buf input, meta, subject;
	struct envelope request;
	struct mono shown;
};

static void
failed(struct call *c, const struct err *e)
{
	int status;

	if (c->progress)
		fputs("\r\033[K", stderr);
	status = say_error(c->p, e);
	if (c->status == 0)
		c->status = status;
}

static struct slot *
begin(struct call *c)
{
	struct slot *s = calls_begin(&c->calls);

	if (s && c->timeout_ms)
		s->until = mono_add_ms(mono_now(), c->timeout_ms + PATIENCE_MS);
	return s;
}

static int
check_json(struct call *c, struct str text, uint64_t line, struct err *e)
{
	struct json_fault fault;

	if (!c->checked || json_check(text, 64, &fault) == 0)
		return 0;
	err_set(e, "not one JSON value: %s (byte %zu)", fault.why, fault.at + 1);
	if (line)
		err_at(e, "line %llu", (unsigned long long)line);
	return err_exit(e, EXIT_DATA);
}

static uint8_t
type_of(const struct call *c, struct str text)
{
	if (c->checked)
		return TYPE_JSON;
	return utf8_valid(text) ? TYPE_TEXT : TYPE_BYTES;
}

static int
fill(struct slot *s, struct str text, bool whole, struct err *e)
{
	s->whole = whole;
	if (buf_str(&s->body, text) == 0)
		return 0;
	err_set(e, "no memory for the request");
	return err_exit(e, EXIT_SOFT);
}

static bool
can_begin(const struct call *c)
{
	return c->calls.open < c->calls.parallel && buf_len(&c->bus.out) < BUS_OUT_HIGH &&
	    buf_len(&c->out.waiting) < OUTLET_HIGH;
}

/* lines that are there become calls */
static int
take_lines(struct call *c, bool ended, struct err *e)
{
	struct str line;
	struct slot *s;
	size_t used;

	while (can_begin(c) && line_next(buf_view(&c->input), ended, &line, &used)) {
		if (check_json(c, line, c->calls.begun + 1, e) == -1)
			return -1;
		if ((s = begin(c)) == NULL)
			return 0;
		s->type = type_of(c, line);
		if (fill(s, line, true, e) == -1)
			return -1;
		buf_eat(&c->input, used);
	}
	if (buf_len(&c->input) >= LINE_MAX_BYTES &&
	    !line_next(buf_view(&c->input), ended, &line, &used)) {
		err_set(e, "line %llu is over %d bytes; -0 sends standard input as one payload",
		    (unsigned long long)c->calls.begun + 1, LINE_MAX_BYTES);
		return err_exit(e, EXIT_DATA);
	}
	return 0;
}

static bool
wants_input(const struct call *c)
{
	struct str line;
	size_t used;

	if (c->input_ended)
		return false;
	if (c->source == FROM_WHOLE)
		return c->calls.begun == 0 || (c->calls.open &&
		    buf_len(&c->calls.slots[1 % c->calls.count].body) < STREAM_HIGH);
	return can_begin(c) && !line_next(buf_view(&c->input), false, &line, &used);
}

static int
read_input(struct call *c, struct err *e)
{
	if (input_read(&c->input, &c->input_ended, e) == -1)
		return -1;
	if (c->source == FROM_WHOLE) {
		struct slot *s = c->calls.begun ? &c->calls.slots[1 % c->calls.count] : begin(c);

		s->type = TYPE_BYTES;
		if (s->state == SLOT_OPEN && fill(s, buf_view(&c->input), c->input_ended, e) == -1)
			return -1;
		buf_eat(&c->input, buf_len(&c->input));
	}
	return 0;
}

static void
show_progress(struct call *c, bool last)
{
	struct mono now;

	if (!c->progress)
		return;
	now = mono_now();
	if (!last && mono_us_since(c->shown, now) < PROGRESS_MS * 1000)
		return;
	c->shown = now;
	if (last)
		fputs("\r\033[K", stderr);
	else
		fprintf(stderr, "\r%llu sent, %llu answered, %llu failed\033[K",
		    (unsigned long long)c->calls.begun, (unsigned long long)c->calls.answered,
		    (unsigned long long)c->calls.failed);
	fflush(stderr);
}

static void
report(struct call *c, struct slot *s)
{
	if (c->source == FROM_LINES)
		err_at(&s->why, "line %llu", (unsigned long long)s->line);
	failed(c, &s->why);
}

/* prints what may be printed now */
static int
emit(struct call *c, struct err *e)
{
	struct slot *s;

	while (buf_len(&c->out.waiting) < OUTLET_HIGH &&
	    (s = calls_ready(&c->calls, c->input_ended)) != NULL) {
		size_t n = buf_len(&s->answer);
		bool ended = s->state != SLOT_OPEN;

		if (outlet_put(&c->out, buf_view(&s->answer), e) == -1)
			return -1;
		calls_printed(&c->calls, &c->bus, s, n);
		if (!ended)
			continue;
		if (s->state == SLOT_FAILED)
			report(c, s);
		/* also behind half an answer, so that the next begins a line */
		if ((s->state == SLOT_ANSWERED || s->last) && c->source != FROM_WHOLE &&
		    s->last != '\n' && outlet_put(&c->out, STR("\n"), e) == -1)
			return -1;
		if (s->hops)
			hops_warn(c->p, (struct str){ s->hop, s->hops });
		calls_end(&c->calls, s);
	}
	return 0;
}

static int
take_bus(struct call *c, struct err *e)
{
	struct envelope in;
	int r;

	while ((r = bus_next(&c->bus, &in, e)) == 1)
		if (calls_take(&c->calls, &c->bus, &in, e) == -1)
			return -1;
	if (r == 0)
		return 0;
	if (e->status == EXIT_PEER)
		return -1;
	if (!c->calls.open && (!c->input_ended || buf_len(&c->input)))
		failed(c, e);		/* nothing in flight says it for us */
	calls_lost(&c->calls, e);
	c->input_ended = true;
	buf_eat(&c->input, buf_len(&c->input));
	return 0;
}

static int
turn(struct call *c, struct err *e)
{
	struct pollfd p[3] = {
		{ .fd = c->bus.gone ? -1 : c->bus.fd, .events = bus_events(&c->bus) },
		outlet_poll(&c->out),
		{ .fd = wants_input(c) ? STDIN_FILENO : -1, .events = POLLIN }
	};
	int wait = c->progress || c->timeout_ms ? PROGRESS_MS : -1;

	if (c->bus.gone && !buf_len(&c->out.waiting))
		wait = 0;
	if (poll(p, 3, wait) == -1 && errno != EINTR)
		return err_sys(e, "poll");
	bus_turn(&c->bus, p[0].revents);
	if (take_bus(c, e) == -1 || outlet_turn(&c->out, p[1].revents, e) == -1)
		return -1;
	if (p[2].revents && read_input(c, e) == -1)
		return -1;
	if (c->timeout_ms)
		calls_expire(&c->calls, &c->bus, mono_now());
	return 0;
}

static bool
is_over(const struct call *c)
{
	return c->input_ended && c->calls.used == 0 && buf_len(&c->input) == 0;
}

static int
run(struct call *c, struct err *e)
{
	c->shown = mono_now();	/* what is over at once needs no progress */
	while (!is_over(c)) {
		if (c->source == FROM_LINES && take_lines(c, c->input_ended, e) == -1) {
			/* what is in flight may still end well */
			failed(c, e);
			c->input_ended = true;
			buf_eat(&c->input, buf_len(&c->input));
		}
		if (calls_say(&c->calls, &c->bus, &c->request) == -1) {
			err_set(e, "the queue to the node is full");
			return err_exit(e, EXIT_SOFT);
		}
		if (is_over(c))
			break;
		if (turn(c, e) == -1 || emit(c, e) == -1)
			return -1;
		show_progress(c, false);
		/* an answer may come before the end of what is sent: head -1 */
		if (c->source == FROM_WHOLE && c->calls.begun && !c->calls.open)
			c->input_ended = true;
	}
	show_progress(c, true);
	return outlet_flush(&c->out, e);
}

static int
address(struct call *c, struct err *e)
{
	const struct probe *p = c->p;
	struct str service = str(p->operand[0]), method = str(p->operand[1]);
	enum family family = address_family(service);

	if (service.n == 0 || service.n > NAME_MAX_BYTES || method.n == 0 ||
	    method.n > NAME_MAX_BYTES) {
		err_set(e, "a service and its method have 1 to %d bytes each", NAME_MAX_BYTES);
		return err_exit(e, EXIT_USAGE);
	}
	if (family == FAMILY_ENDPOINT || family == FAMILY_PATH)
		c->request.to = service;
	else if (buf_str(&c->subject, service) == -1 || buf_put(&c->subject, "/", 1) == -1)
		return err_set(e, "no memory");
	if (buf_str(&c->subject, method) == -1)
		return err_set(e, "no memory");
	if (p->opt[OPT_VERSION] && tlv_put(&c->meta, META_version, str(p->opt[OPT_VERSION])) == -1) {
		err_set(e, "the version constraint is too long");
		return err_exit(e, EXIT_USAGE);
	}
	c->request.kind = KIND_REQUEST;
	c->request.hops = HOPS_DEFAULT;
	c->request.subject = buf_view(&c->subject);
	c->request.meta = buf_view(&c->meta);
	c->request.deadline_ms = c->timeout_ms;
	c->request.flags = (uint16_t)((p->opt[OPT_IDEMPOTENT] ? FLAG_IDEMPOTENT : 0) |
	    (p->opt[OPT_TRACE] ? FLAG_TRACE : 0));
	return 0;
}

/* the options and words, before anything is sent */
static int
prepare(struct call *c, unsigned *parallel, struct err *e)
{
	const struct probe *p = c->p;
	bool dash = p->operands == 3 && strcmp(p->operand[2], "-") == 0;

	c->checked = p->opt[OPT_CHECK] != NULL;
	c->source = p->opt[OPT_WHOLE] ? FROM_WHOLE : dash ? FROM_LINES : FROM_WORD;
	if (c->source == FROM_WHOLE && ((p->operands == 3 && !dash) || c->checked)) {
		err_set(e, "-0 sends standard input as it is: no text and no -J beside it");
		return err_exit(e, EXIT_USAGE);
	}
	if (opt_number(p, OPT_PARALLEL, 1, PARALLEL_MAX, PARALLEL, parallel, e) == -1)
		return -1;
	if (c->source != FROM_LINES)
		*parallel = 1;
	if (p->opt[OPT_TIMEOUT] && opt_ms(p->opt[OPT_TIMEOUT], &c->timeout_ms) == -1) {
		err_set(e, "\"%s\" is not a time in seconds", p->opt[OPT_TIMEOUT]);
		return err_exit(e, EXIT_USAGE);
	}
	if (address(c, e) == -1)
		return -1;
	c->progress = c->source == FROM_LINES && !p->opt[OPT_QUIET] && !p->opt[OPT_JSON] &&
	    isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
	return c->source == FROM_WORD && p->operands == 3 ?
	    check_json(c, str(p->operand[2]), 0, e) : 0;
}

static int
begin_word(struct call *c, struct err *e)
{
	struct str text = str(c->p->operands == 3 ? c->p->operand[2] : "");
	struct slot *s = begin(c);

	s->type = type_of(c, text);
	c->input_ended = true;
	return fill(s, text, true, e);
}

int
call_run(struct probe *p)
{
	struct call c = { .p = p, .bus = { .fd = -1 } };
	struct err e = { .text = "" };
	unsigned parallel;
	int r;

	buf_init(&c.input, LINE_MAX_BYTES + READ_STEP);
	buf_init(&c.meta, ENVELOPE_META_MAX);
	buf_init(&c.subject, ENVELOPE_NAMES_MAX);
	outlet_open(&c.out);
	if ((r = prepare(&c, &parallel, &e)) == 0 && (r = probe_dial(p, &c.bus, &e)) == 0) {
		if (calls_open(&c.calls, parallel,
		    c.source == FROM_LINES && p->opt[OPT_UNORDERED]) == -1)
			r = err_set(&e, "no memory for %u calls", parallel);
		else if (c.source != FROM_WORD || (r = begin_word(&c, &e)) == 0)
			r = run(&c, &e);
		calls_close(&c.calls);
	}
	bus_close(&c.bus);
	outlet_close(&c.out);
	buf_free(&c.input);
	buf_free(&c.meta);
	buf_free(&c.subject);
	return r == -1 ? probe_fail(p, &e) : c.status;
}
