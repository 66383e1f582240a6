/* watch.c - fedx-probe watch and top: a stream of the node, until somebody has seen enough. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "probe/lines.h"
#include "probe/outlet.h"
#include "probe/probe.h"
#include "wire/json.h"

enum { LINE_MAX_BYTES = 1024 * 1024, JSON_DEPTH = 64 };

struct watch {
	const struct probe *p;
	bool on_screen, headed;
	struct bus bus;
	struct bus_talk talk;
	struct buf lines, cell;
	struct outlet out;
};

static struct str
cell(struct watch *w, struct str value, char to[1024])
{
	buf_eat(&w->cell, buf_len(&w->cell));
	if (json_type(value) == JSON_STRING)
		json_text(value, &w->cell);
	else
		buf_str(&w->cell, str_trim(value));
	return (struct str){ to, bus_text(buf_view(&w->cell), to, 1024) };
}

/* "time event name=value ...": what every event has, then what this one has */
static int
event_text(struct watch *w, struct str object, struct buf *to)
{
	const char *gap = w->on_screen ? " " : "\t";
	struct str rest = object, name, value;
	char a[1024], b[1024];
	int r;

	r = buf_fmt(to, "%s%s%s", cell(w, json_member(object, "time"), a).p, gap,
	    cell(w, json_member(object, "event"), b).p);
	while (r == 0 && json_next_member(&rest, &name, &value)) {
		struct str n = cell(w, name, a);

		if (!str_is(n, "v") && !str_is(n, "time") && !str_is(n, "event"))
			r = buf_fmt(to, "%s%s=%s", gap, n.p, cell(w, value, b).p);
	}
	return r == 0 ? buf_put(to, "\n", 1) : -1;
}

static int
counters_screen(struct watch *w, struct str object, struct buf *to)
{
	struct str rest = object, name, value;
	char a[1024], b[1024];
	int r = buf_str(to, STR("\033[H\033[J"));

	while (r == 0 && json_next_member(&rest, &name, &value)) {
		cell(w, name, a);
		cell(w, value, b);
		if (strcmp(a, "v") != 0)
			r = buf_fmt(to, "%-32s %16s\n", a, b);
	}
	return r;
}

static int
counters_row(struct watch *w, struct str object, bool names, struct buf *to)
{
	struct str rest = object, name, value;
	char a[1024];
	const char *gap = "";
	int r = 0;

	while (r == 0 && json_next_member(&rest, &name, &value)) {
		if (str_is(cell(w, name, a), "v"))
			continue;
		if (!names)
			cell(w, value, a);
		r = buf_fmt(to, "%s%s", gap, a);
		gap = "\t";
	}
	return r == 0 ? buf_put(to, "\n", 1) : -1;
}

static int
line_show(struct watch *w, struct str line, struct err *e)
{
	struct buf *to = &w->out.waiting;
	struct json_fault fault;
	struct str object = str_trim(line);
	int r = 0;

	if (object.n == 0)
		return 0;
	if (json_check(object, JSON_DEPTH, &fault) == -1 || json_type(object) != JSON_OBJECT) {
		err_set(e, "the node sent a line that is no JSON object");
		return err_exit(e, EXIT_PEER);
	}
	if (w->p->opt[OPT_JSON])
		r = buf_str(to, object) == 0 ? buf_put(to, "\n", 1) : -1;
	else if (w->p->verb == VERB_WATCH)
		r = event_text(w, object, to);
	else if (w->on_screen)
		r = counters_screen(w, object, to);
	else if (!w->headed && !w->p->opt[OPT_BARE])
		r = counters_row(w, object, true, to);
	if (r == 0 && !w->p->opt[OPT_JSON] && w->p->verb == VERB_TOP && !w->on_screen)
		r = counters_row(w, object, false, to);
	w->headed = true;
	return r == 0 ? 0 : err_set(e, "too much output is waiting");
}

/* Lines wait unread while our reader is slow: the node then conflates or ends us. */
static int
lines_show(struct watch *w, struct err *e)
{
	struct str line;
	size_t used;

	while (buf_len(&w->out.waiting) < OUTLET_HIGH &&
	    line_next(buf_view(&w->lines), false, &line, &used)) {
		if (line_show(w, line, e) == -1)
			return -1;
		buf_eat(&w->lines, used);
		bus_heard(&w->bus, &w->talk, used);
	}
	return 0;
}

/* What has come goes out, as its reader takes it. */
static int
show_rest(struct watch *w, struct err *e)
{
	do {
		if (outlet_flush(&w->out, e) == -1 || lines_show(w, e) == -1)
			return -1;
	} while (buf_len(&w->out.waiting));
	return 0;
}

/* 1: the stream has ended */
static int
take_bus(struct watch *w, struct err *e)
{
	struct envelope in;
	int r;

	while ((r = bus_next(&w->bus, &in, e)) == 1) {
		if (in.id != w->talk.id || (in.kind != KIND_REPLY && in.kind != KIND_PART))
			continue;
		if (in.flags & FLAG_ERROR) {
			bus_error(&in, e);
			return -1;
		}
		if (buf_str(&w->lines, in.payload) == -1) {
			err_set(e, "the node sent a line over %d bytes", LINE_MAX_BYTES);
			return err_exit(e, EXIT_PEER);
		}
		if (!(in.flags & FLAG_MORE))
			return 1;
	}
	return r;
}

static int
run(struct watch *w, struct err *e)
{
	struct envelope q = {
		.kind = KIND_REQUEST, .type = TYPE_TEXT, .hops = HOPS_DEFAULT,
		.subject = w->p->verb == VERB_TOP ? STR("fedx/top") : STR("fedx/watch")
	};
	int r;

	bus_talk_open(&w->talk, q.id = bus_id(&w->bus), true);
	bus_send(&w->bus, &q);
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = w->bus.fd, .events = bus_events(&w->bus) }, outlet_poll(&w->out)
		};

		if (poll(p, 2, -1) == -1 && errno != EINTR)
			return err_sys(e, "poll");
		bus_turn(&w->bus, p[0].revents);
		r = take_bus(w, e);
		if (r == 1)
			return show_rest(w, e);
		if (r == -1) {
			show_rest(w, &(struct err){ .text = "" });
			return -1;
		}
		if (lines_show(w, e) == -1 || outlet_turn(&w->out, p[1].revents, e) == -1)
			return -1;
	}
}

int
watch_run(struct probe *p)
{
	struct watch w = { .p = p, .on_screen = isatty(STDOUT_FILENO), .bus = { .fd = -1 } };
	struct err e = { .text = "" };
	int r;

	/* `watch | head -1` has got what it asked for */
	signal(SIGPIPE, SIG_IGN);
	buf_init(&w.lines, LINE_MAX_BYTES + BUS_WINDOW);
	buf_init(&w.cell, LINE_MAX_BYTES);
	outlet_open(&w.out);
	if ((r = probe_dial(p, &w.bus, &e)) == 0)
		r = run(&w, &e);
	bus_close(&w.bus);
	buf_free(&w.lines);
	buf_free(&w.cell);
	outlet_close(&w.out);
	if (r == -1 && e.status != READER_GONE)
		return probe_fail(p, &e);
	return EXIT_YES;
}
