/* ping.c - fedx-probe ping: is it there, and how far away? */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/outlet.h"
#include "probe/ping.h"
#include "probe/table.h"
#include "wire/json.h"

enum { EVERY_MS = 1000, COUNT_MAX = 1000000 };

int
ping_wait(const struct probe *p, struct target *t, struct err *e)
{
	if (p->opt[OPT_TIMEOUT] && opt_ms(p->opt[OPT_TIMEOUT], &t->wait_ms) == -1) {
		err_set(e, "\"%s\" is not a time in seconds", p->opt[OPT_TIMEOUT]);
		return err_exit(e, EXIT_USAGE);
	}
	return 0;
}

static int
ask(struct bus *b, const struct target *t, struct str to, const char *subject,
    struct buf *meta, struct buf *answer, struct err *e)
{
	struct envelope q = {
		.kind = KIND_REQUEST, .type = TYPE_TEXT, .hops = HOPS_DEFAULT,
		.flags = (uint16_t)(FLAG_IDEMPOTENT | t->flags),
		.deadline_ms = t->wait_ms, .to = to, .subject = str(subject)
	};

	return bus_ask(b, &q, t->wait_ms, meta, answer, e);
}

int
ping_once(struct bus *b, struct target *t, struct buf *meta, struct buf *answer, struct err *e)
{
	struct str none = { NULL, 0 };
	char service[NAME_MAX_BYTES + 2];
	int n, r;

	if (!t->name)
		return ask(b, t, none, "fedx/ping", meta, answer, e);
	if (!t->is_service) {
		r = ask(b, t, str(t->name), "fedx/ping", meta, answer, e);
		if (r == 0 || e->status != EXIT_NO || address_family(str(t->name)) != FAMILY_NODE)
			return r;
		if (meta)	/* the refusal had a way too */
			buf_eat(meta, buf_len(meta));
	}
	n = snprintf(service, sizeof service, "%s/", t->name);
	if (n < 0 || (size_t)n >= sizeof service) {
		err_set(e, "a name has at most %d bytes", NAME_MAX_BYTES);
		return err_exit(e, EXIT_USAGE);
	}
	r = ask(b, t, none, service, meta, answer, e);
	t->is_service = r == 0;
	if (r == -1 && e->status == EXIT_NO)
		err_at(e, "neither a node nor a service");
	return r;
}

/* the node's answer, with what we measured, as one flat object */
static int
result(struct buf *line, struct str answer, unsigned seq, uint64_t us)
{
	static const char *const pass_on[] = { "node", "version", "service", "instances" };
	struct json_fault fault;

	if (json_check(answer, 64, &fault) == -1)
		return -1;
	buf_fmt(line, "{\"v\":1,\"seq\":%u,\"rtt_us\":%llu", seq, (unsigned long long)us);
	for (size_t i = 0; i < sizeof pass_on / sizeof *pass_on; i++) {
		struct str v = json_member(str_trim(answer), pass_on[i]);

		if (v.n)
			buf_fmt(line, ",\"%s\":%.*s", pass_on[i], STR_FMT(v));
	}
	return buf_fmt(line, "}");
}

static int
show(const struct probe *p, unsigned seq, struct str line, struct outlet *out, struct err *e)
{
	static const struct column columns[] = {
		{ "seq", "seq", true }, { "node", "node", false }, { "version", "version", false },
		{ "service", "service", false }, { "instances", "instances", true },
		{ "rtt_us", "rtt_us", true }
	};
	bool aligned = isatty(STDOUT_FILENO);
	struct table t;
	int r;

	if (p->opt[OPT_JSON]) {
		if (outlet_put(out, line, e) == -1 || outlet_put(out, STR("\n"), e) == -1)
			return -1;
		return outlet_flush(out, e);
	}
	table_open(&t, columns, sizeof columns / sizeof *columns);
	if ((r = table_add(&t, line, e)) == 0 &&
	    (r = table_print(&t, aligned ? TABLE_ALIGNED : TABLE_TABS,
	    seq == 1 && !p->opt[OPT_BARE], has_colour(STDOUT_FILENO), &out->waiting)) == 0)
		r = outlet_flush(out, e);
	table_close(&t);
	return r;
}

static int
ping_and_show(struct probe *p, struct bus *b, struct target *t, unsigned seq,
    struct outlet *out, struct err *e)
{
	struct buf answer, line;
	struct mono began = mono_now();
	int r;

	buf_init(&answer, BUS_PAYLOAD_MAX);
	buf_init(&line, BUS_PAYLOAD_MAX);
	if ((r = ping_once(b, t, NULL, &answer, e)) == 0) {
		if (result(&line, buf_view(&answer), seq, mono_us_since(began, mono_now())) == -1) {
			err_set(e, "the answer to the ping is no JSON");
			r = err_exit(e, EXIT_PEER);
		} else {
			r = show(p, seq, buf_view(&line), out, e);
		}
	}
	buf_free(&answer);
	buf_free(&line);
	return r;
}

int
ping_run(struct probe *p)
{
	struct target t = { .name = p->operands ? p->operand[0] : NULL };
	struct err e = { .text = "" };
	struct outlet out;
	struct bus b = { .fd = -1 };
	unsigned count;
	int status = 0;

	outlet_open(&out);
	if (opt_number(p, OPT_COUNT, 1, COUNT_MAX, 1, &count, &e) == -1 ||
	    ping_wait(p, &t, &e) == -1 || probe_dial(p, &b, &e) == -1) {
		status = probe_fail(p, &e);
		count = 0;
	}
	for (unsigned seq = 1; seq <= count; seq++) {
		if (ping_and_show(p, &b, &t, seq, &out, &e) == -1) {
			int s = probe_fail(p, &e);

			status = status ? status : s;
			if (b.gone)
				break;
		}
		if (seq < count)
			poll(NULL, 0, EVERY_MS);
	}
	bus_close(&b);
	outlet_close(&out);
	return status;
}
