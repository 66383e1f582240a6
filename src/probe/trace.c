/* trace.c - fedx-probe trace: every node on the way, and the time each took. */
#include <unistd.h>

#include "probe/lines.h"
#include "probe/outlet.h"
#include "probe/ping.h"
#include "probe/table.h"
#include "probe/trace.h"
#include "wire/hello.h"
#include "wire/json.h"

enum { HOPS_MAX = 255, ROLE_AND_TIME = 5 };

int
hop_get(struct str value, struct hop *h)
{
	if (value.n <= ROLE_AND_TIME ||
	    tlv_u32((struct str){ value.p + 1, 4 }, &h->us) == -1)
		return -1;
	h->role = (uint8_t)value.p[0];
	h->node = str_skip(value, ROLE_AND_TIME);
	return 0;
}

/* near end first */
static size_t
hops_of(struct str meta, struct hop hops[HOPS_MAX])
{
	size_t n = 0;
	struct tlv t;

	while (n < HOPS_MAX && tlv_next(&meta, &t) == PARSE_OK)
		if (t.type == META_hop && hop_get(t.value, &hops[n]) == 0)
			n++;
	for (size_t i = 0; i < n / 2; i++) {
		struct hop swap = hops[i];

		hops[i] = hops[n - 1 - i];
		hops[n - 1 - i] = swap;
	}
	return n;
}

int
hops_json(struct str meta, struct buf *to)
{
	struct hop hops[HOPS_MAX];
	size_t n = hops_of(meta, hops);

	for (size_t i = 0; i < n; i++) {
		/* what the next node did not need, the link to it did */
		uint32_t beyond = i + 1 < n ? hops[i + 1].us : 0;
		uint32_t link = i + 1 < n && hops[i].us > beyond ? hops[i].us - beyond : 0;

		if (buf_fmt(to, "{\"v\":1,\"hop\":%zu,\"node\":", i + 1) == -1 ||
		    json_quote(to, hops[i].node) == -1 ||
		    buf_fmt(to, ",\"role\":\"%s\",\"us\":%lu", role_name(hops[i].role),
		    (unsigned long)hops[i].us) == -1)
			return -1;
		if (i + 1 < n && buf_fmt(to, ",\"to_next_us\":%lu", (unsigned long)link) == -1)
			return -1;
		if (buf_str(to, STR("}\n")) == -1)
			return -1;
	}
	return 0;
}

void
hops_warn(const struct probe *p, struct str meta)
{
	struct hop hops[HOPS_MAX];
	size_t n = hops_of(meta, hops);
	struct buf line;

	buf_init(&line, sizeof ((struct err *)NULL)->text);
	for (size_t i = 0; i < n; i++)
		buf_fmt(&line, "%s%.*s %lu us", i ? " > " : "", STR_FMT(hops[i].node),
		    (unsigned long)hops[i].us);
	say_warning(p, "way: %.*s", STR_FMT(buf_view(&line)));
	buf_free(&line);
}

static int
show(const struct probe *p, struct str lines, struct err *e)
{
	static const struct column columns[] = {
		{ "hop", "hop", true }, { "node", "node", false }, { "role", "role", false },
		{ "us", "us", true }, { "to_next_us", "to_next_us", true }
	};
	bool aligned = isatty(STDOUT_FILENO);
	struct outlet out;
	struct table t;
	struct str line;
	size_t used;
	int r = 0;

	outlet_open(&out);
	table_open(&t, columns, sizeof columns / sizeof *columns);
	if (p->opt[OPT_JSON]) {
		r = outlet_put(&out, lines, e);
	} else {
		while (r == 0 && line_next(lines, true, &line, &used)) {
			r = table_add(&t, line, e);
			lines = str_skip(lines, used);
		}
		if (r == 0)
			r = table_print(&t, aligned ? TABLE_ALIGNED : TABLE_TABS,
			    !p->opt[OPT_BARE], has_colour(STDOUT_FILENO), &out.waiting);
	}
	if (r == 0)
		r = outlet_flush(&out, e);
	table_close(&t);
	outlet_close(&out);
	return r;
}

int
trace_run(struct probe *p)
{
	struct target t = { .name = p->operand[0], .flags = FLAG_TRACE };
	struct err e = { .text = "" };
	struct bus b = { .fd = -1 };
	struct buf meta, answer, lines;
	int r = -1;

	buf_init(&meta, ENVELOPE_META_MAX);
	buf_init(&answer, BUS_PAYLOAD_MAX);
	buf_init(&lines, BUS_PAYLOAD_MAX);
	if (ping_wait(p, &t, &e) == 0 && probe_dial(p, &b, &e) == 0 &&
	    ping_once(&b, &t, &meta, &answer, &e) == 0) {
		if (hops_json(buf_view(&meta), &lines) == -1 || buf_len(&lines) == 0) {
			err_set(&e, "the answer came, but without its way");
			err_exit(&e, EXIT_PEER);
		} else {
			r = show(p, buf_view(&lines), &e);
		}
	}
	bus_close(&b);
	buf_free(&meta);
	buf_free(&answer);
	buf_free(&lines);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}
