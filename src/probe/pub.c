/* pub.c - fedx-probe pub: a word, standard input or each line of it as an event. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "probe/input.h"
#include "probe/lines.h"
#include "probe/probe.h"
#include "wire/json.h"
#include "wire/utf8.h"

enum { UNTOLD_MAX = 512 };

struct pub {
	const struct probe *p;
	struct bus bus;
	struct buf input;
	bool lines, ended;		/* each line is one; there is no more of it */
	int status;			/* of the first failure */
	uint64_t first, sent, told;	/* id of the first; how many; of those, answered */
};

static int
too_large(struct err *e)
{
	err_set(e, "an event has %d bytes at most", BUS_PAYLOAD_MAX);
	return err_exit(e, EXIT_DATA);
}

static int
event_send(struct pub *b, struct str payload, struct err *e)
{
	struct envelope ev = { .kind = KIND_PUBLISH, .hops = HOPS_DEFAULT,
	    .subject = str(b->p->operand[0]), .payload = payload };
	struct json_fault fault;
	int r = 0;

	ev.type = b->p->opt[OPT_CHECK] ? TYPE_JSON : utf8_valid(payload) ? TYPE_TEXT : TYPE_BYTES;
	if (b->p->opt[OPT_CHECK] && json_check(payload, 64, &fault) == -1)
		r = err_set(e, "not one JSON value: %s (byte %zu)", fault.why, fault.at + 1);
	else if (payload.n > BUS_PAYLOAD_MAX)
		r = too_large(e);
	if (r == -1) {
		if (b->lines)
			err_at(e, "line %llu", (unsigned long long)b->sent + 1);
		return err_exit(e, EXIT_DATA);
	}
	ev.id = bus_id(&b->bus);
	if (bus_send(&b->bus, &ev) == -1) {
		err_set(e, "the queue to the node is full");
		return err_exit(e, EXIT_SOFT);
	}
	if (b->sent++ == 0)
		b->first = ev.id;
	return 0;
}

/* The node says of each whether it went on; not whether anybody wanted it. */
static int
take_bus(struct pub *b, struct err *e)
{
	struct envelope in;
	struct err why = { .text = "" };
	int r;

	while ((r = bus_next(&b->bus, &in, e)) == 1) {
		if (in.id == 0 && in.kind == KIND_ERROR) {
			bus_error(&in, e);
			return -1;
		}
		if (in.id < b->first || in.id - b->first >= b->sent)
			continue;
		b->told++;
		if (!(in.flags & FLAG_ERROR))
			continue;
		bus_error(&in, &why);
		if (b->lines)
			err_at(&why, "line %llu", (unsigned long long)(in.id - b->first + 1));
		say_error(b->p, &why);
		if (b->status == 0)
			b->status = why.status;
	}
	return r;
}

static bool
may_send(const struct pub *b)
{
	return b->sent - b->told < UNTOLD_MAX && buf_len(&b->bus.out) < BUS_OUT_HIGH;
}

static int
take_input(struct pub *b, struct err *e)
{
	struct str line;
	size_t used;

	while (b->lines && may_send(b) && line_next(buf_view(&b->input), b->ended, &line, &used)) {
		if (event_send(b, line, e) == -1)
			return -1;
		buf_eat(&b->input, used);
	}
	if (!b->lines && b->ended && b->sent == 0)
		return event_send(b, buf_view(&b->input), e);
	if (buf_len(&b->input) > BUS_PAYLOAD_MAX && (!b->lines ||
	    !line_next(buf_view(&b->input), false, &line, &used)))
		return too_large(e);
	return 0;
}

static int
read_input(struct pub *b, struct err *e)
{
	return input_read(&b->input, &b->ended, e);
}

static bool
wants_input(const struct pub *b)
{
	struct str line;
	size_t used;

	return !b->ended && may_send(b) &&
	    (!b->lines || !line_next(buf_view(&b->input), false, &line, &used));
}

static int
run(struct pub *b, struct err *e)
{
	struct err first = { .text = "" };

	for (;;) {
		/* what was sent before a bad line is still waited for */
		if (first.status == 0 && take_input(b, &first) == -1)
			b->ended = true;
		if (b->ended && b->told == b->sent && (first.status || !b->lines || !buf_len(&b->input)))
			break;
		struct pollfd p[2] = {
			{ .fd = b->bus.fd, .events = bus_events(&b->bus) },
			{ .fd = wants_input(b) ? STDIN_FILENO : -1, .events = POLLIN }
		};

		if (poll(p, 2, -1) == -1 && errno != EINTR)
			return err_sys(e, "poll");
		bus_turn(&b->bus, p[0].revents);
		if (take_bus(b, e) == -1 || (p[1].revents && read_input(b, e) == -1))
			return -1;
	}
	if (first.status == 0)
		return 0;
	*e = first;
	return -1;
}

int
pub_run(struct probe *p)
{
	bool dash = p->operands == 2 && strcmp(p->operand[1], "-") == 0;
	bool whole = p->opt[OPT_WHOLE] != NULL;
	struct announcement a = { .family = FAMILY_PATH, .name = str(p->operand[0]) };
	struct pub b = { .p = p, .bus = { .fd = -1 }, .lines = dash && !whole, .ended = !dash && !whole };
	struct err e = { .text = "" };
	int r = 0;

	buf_init(&b.input, BUS_PAYLOAD_MAX + 2 * READ_STEP);
	if (announcement_check(&a, &e) == -1 || memchr(a.name.p, '*', a.name.n)) {
		err_set(&e, "\"%s\" is no path for an event; want one like /a/b, without wildcards", p->operand[0]);
		r = err_exit(&e, EXIT_USAGE);
	}
	if (r == 0 && whole && p->operands == 2 && !dash) {
		err_set(&e, "-0 sends standard input as one event: no text beside it");
		r = err_exit(&e, EXIT_USAGE);
	}
	if (r == 0 && b.ended && p->operands == 2 && buf_str(&b.input, str(p->operand[1])) == -1)
		r = strlen(p->operand[1]) > BUS_PAYLOAD_MAX ? too_large(&e) : err_memory(&e, "the event");
	if (r == 0 && (r = probe_dial(p, &b.bus, &e)) == 0)
		r = run(&b, &e);
	bus_close(&b.bus);
	buf_free(&b.input);
	return r == -1 ? say_error(p, &e) : b.status;
}
