/* sub.c - fedx-probe sub: events as they come, a line each, until somebody has seen enough. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "probe/outlet.h"
#include "probe/probe.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/utf8.h"

enum { JSON_DEPTH = 64, COUNT_MAX = 1000000000 };

struct sub {
	const struct probe *p;
	struct bus bus;
	struct outlet out;
	struct buf text;
	uint64_t first;			/* id of the first pattern */
	unsigned left;			/* of -n; 0: for ever */
	bool enough;
};

/* Without what would end the line, or what a terminal obeys; -j has all of it. */
static int
event_text(struct sub *s, const struct envelope *in)
{
	char path[NAME_MAX_BYTES + 1], *to;
	size_t n = in->payload.n + 1;

	bus_text(in->subject, path, sizeof path);
	buf_eat(&s->text, buf_len(&s->text));
	if ((to = (char *)buf_room(&s->text, n)) == NULL)
		return -1;
	buf_made(&s->text, bus_text(in->payload, to, n));
	return buf_fmt(&s->out.waiting, "%s\t", path) == -1 ||
	    buf_str(&s->out.waiting, buf_view(&s->text)) == -1 ||
	    buf_put(&s->out.waiting, "\n", 1) == -1 ? -1 : 0;
}

static int
put_text(struct buf *to, const char *name, struct str value)
{
	if (value.n == 0)
		return 0;
	return buf_fmt(to, ",\"%s\":", name) == -1 ? -1 : json_quote(to, value);
}

/* A line end in JSON can only be a blank. */
static int
put_json(struct buf *to, struct str value)
{
	size_t before = buf_len(to);
	uint8_t *at;

	if (buf_str(to, value) == -1)
		return -1;
	at = to->p + to->head + before;
	for (size_t i = 0; i < value.n; i++)
		if (at[i] == '\n' || at[i] == '\r')
			at[i] = ' ';
	return 0;
}

static int
put_payload(struct buf *to, const struct envelope *in)
{
	struct json_fault fault;

	if (in->type == TYPE_JSON && json_check(in->payload, JSON_DEPTH, &fault) == 0)
		return buf_str(to, STR(",\"json\":")) == -1 ? -1 : put_json(to, str_trim(in->payload));
	if (in->payload.n == 0 || (in->type <= TYPE_JSON && utf8_valid(in->payload)))
		return buf_str(to, STR(",\"payload\":")) == -1 ? -1 : json_quote(to, in->payload);
	return buf_str(to, STR(",\"base64\":\"")) == -1 || base64_put(to, in->payload) == -1 ? -1 :
	    buf_put(to, "\"", 1);
}

static int
event_json(struct sub *s, const struct envelope *in)
{
	struct buf *to = &s->out.waiting;

	if (buf_str(to, STR("{\"v\":1")) == -1 || put_text(to, "path", in->subject) == -1 ||
	    put_text(to, "from", in->from) == -1 || put_text(to, "origin", in->origin) == -1 ||
	    put_text(to, "content", meta_find(in->meta, META_content)) == -1 ||
	    put_payload(to, in) == -1)
		return -1;
	return buf_str(to, STR("}\n"));
}

/* 1: there is more, but our reader is slow */
static int
take_bus(struct sub *s, struct err *e)
{
	struct envelope in;
	int r = 1;

	while (!s->enough && buf_len(&s->out.waiting) < OUTLET_HIGH &&
	    (r = bus_next(&s->bus, &in, e)) == 1) {
		if (in.flags & FLAG_ERROR) {
			bus_error(&in, e);
			if (in.id)
				err_at(e, "%s", s->p->operand[(in.id - s->first) % OPERANDS_MAX]);
			return -1;
		}
		if (in.kind != KIND_PUBLISH)
			continue;
		if ((s->p->opt[OPT_JSON] ? event_json(s, &in) : event_text(s, &in)) == -1) {
			err_set(e, "no memory for an event");
			return err_exit(e, EXIT_SOFT);
		}
		s->enough = s->left && --s->left == 0;
	}
	return r;
}

static int
subscribe(struct sub *s, struct err *e)
{
	for (int i = 0; i < s->p->operands; i++) {
		struct envelope q = { .kind = KIND_SUBSCRIBE, .hops = 1, .id = bus_id(&s->bus),
		    .subject = str(s->p->operand[i]) };

		if (i == 0)
			s->first = q.id;
		if (bus_send(&s->bus, &q) == -1)
			return err_set(e, "the queue to the node is full");
	}
	return 0;
}

static int
check(const struct probe *p, struct err *e)
{
	for (int i = 0; i < p->operands; i++)
		if (announcement_check(&(struct announcement){ .family = FAMILY_INTEREST,
		    .name = str(p->operand[i]) }, e) == -1)
			return err_exit(e, EXIT_USAGE);
	return 0;
}

static int
run(struct sub *s, struct err *e)
{
	int r = 0;

	if (subscribe(s, e) == -1)
		return -1;
	for (;;) {
		bool full = buf_len(&s->out.waiting) >= OUTLET_HIGH;
		struct pollfd p[2] = {
			{ .fd = full ? -1 : s->bus.fd, .events = bus_events(&s->bus) },
			outlet_poll(&s->out)
		};

		if (poll(p, 2, r == 1 && !full ? 0 : -1) == -1 && errno != EINTR)
			return err_sys(e, "poll");
		if (!full)	/* else events wait at the node, which drops what is too much */
			bus_turn(&s->bus, p[0].revents);
		r = take_bus(s, e);
		if (r == -1) {	/* what came before goes out, as its reader takes it */
			outlet_flush(&s->out, &(struct err){ .text = "" });
			return -1;
		}
		if (outlet_turn(&s->out, p[1].revents, e) == -1)
			return -1;
		if (s->enough)
			return outlet_flush(&s->out, e);
	}
}

int
sub_run(struct probe *p)
{
	struct sub s = { .p = p, .bus = { .fd = -1 } };
	struct err e = { .text = "" };
	int r;

	/* `sub | head -1` has got what it asked for */
	signal(SIGPIPE, SIG_IGN);
	buf_init(&s.text, BUS_PAYLOAD_MAX + 1);
	outlet_open(&s.out);
	if ((r = opt_number(p, OPT_COUNT, 1, COUNT_MAX, 0, &s.left, &e)) == 0 &&
	    (r = check(p, &e)) == 0 && (r = probe_dial(p, &s.bus, &e)) == 0)
		r = run(&s, &e);
	bus_close(&s.bus);
	buf_free(&s.text);
	outlet_close(&s.out);
	if (r == -1 && e.status != READER_GONE)
		return probe_fail(p, &e);
	return EXIT_YES;
}
