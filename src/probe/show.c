/* show.c - fedx-probe links, peers, routes, services, endpoints, paths, version, drain, upgrade: what the node says. */
#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "probe/lines.h"
#include "probe/outlet.h"
#include "probe/show.h"
#include "wire/json.h"

enum { COLUMN_LIST = 16, UPGRADE_WAIT_MS = 40000 };

static const struct list {
	enum verb verb;
	const char *subject;
	struct column columns[COLUMN_LIST];
} lists[] = {
	{ VERB_LINKS, "fedx/links", {
		{ "name", "name", false }, { "kind", "kind", false },
		{ "state", "state", false }, { "address", "address", false },
		{ "cluster", "cluster", false }, { "since_s", "since_s", true },
		{ "in_flight", "in_flight", true }, { "services", "services", true },
		{ "endpoints", "endpoints", true }, { "queued", "queued", true },
		{ "bytes_in", "bytes_in", true }, { "bytes_out", "bytes_out", true },
		{ "rtt_us", "rtt_us", true }, { "tls", "tls", false }, { "why", "why", false } } },
	{ VERB_PEERS, "fedx/peers", {
		{ "node", "node", false }, { "cluster", "cluster", false }, { "url", "url", false },
		{ "state", "state", false }, { "dialled", "dialled", false },
		{ "since_s", "since_s", true }, { "rtt_us", "rtt_us", true }, { "why", "why", false } } },
	{ VERB_ROUTES, "fedx/routes", {
		{ "name", "name", false }, { "version", "version", false },
		{ "origin", "origin", false }, { "next", "next", false },
		{ "state", "state", false }, { "path", "path", false },
		{ "clusters", "clusters", false }, { "tags", "tags", false }, { "preference", "preference", true },
		{ "score", "score", true }, { "names", "names", true },
		{ "expires_s", "expires_s", true }, { "why", "why", false } } },
	{ VERB_SERVICES, "fedx/services", {
		{ "service", "service", false }, { "version", "version", false },
		{ "node", "node", false }, { "link", "link", false },
		{ "methods", "methods", false }, { "tags", "tags", false },
		{ "weight", "weight", true }, { "max_concurrency", "max_concurrency", true },
		{ "in_flight", "in_flight", true }, { "waiting", "waiting", true } } },
	{ VERB_ENDPOINTS, "fedx/endpoints", {
		{ "endpoint", "endpoint", false }, { "node", "node", false },
		{ "link", "link", false } } },
	{ VERB_PATHS, "fedx/paths", {
		{ "path", "path", false }, { "node", "node", false },
		{ "link", "link", false }, { "shared", "shared", false } } },
	{ VERB_MEMBERS, "fedx/members", {
		{ "node", "node", false }, { "state", "state", false }, { "expires", "expires", false },
		{ "scopes", "scopes", false } } },
	{ VERB_VERSION, "fedx/version", {
		{ "program", "program", false }, { "node", "node", false },
		{ "version", "version", false } } },
	{ VERB_DRAIN, "fedx/drain", { { "draining", "draining", false } } },
	{ VERB_UPGRADE, "fedx/upgrade", { { "upgraded", "upgraded", false }, { "pid", "pid", true } } }
};

static const struct list *
list_of_verb(enum verb verb)
{
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (lists[i].verb == verb)
			return &lists[i];
	return NULL;
}

static int
rows(struct table *t, struct str lines, struct err *e)
{
	struct str line;
	size_t used;

	for (; line_next(lines, true, &line, &used); lines = str_skip(lines, used))
		if (str_trim(line).n && table_add(t, line, e) == -1)
			return err_exit(e, EXIT_PEER);
	return 0;
}

int
show_next(struct str *lines, struct str *object, struct err *e)
{
	enum { JSON_DEPTH = 64 };
	struct json_fault fault;
	size_t used;

	if (!line_next(*lines, true, object, &used))
		return 0;
	*lines = str_skip(*lines, used);
	*object = str_trim(*object);
	if (json_check(*object, JSON_DEPTH, &fault) == 0 && json_type(*object) == JSON_OBJECT)
		return 1;
	err_set(e, "the node sent a line that is no JSON object");
	return err_exit(e, EXIT_PEER);
}

int
show_lines(const struct probe *p, const struct column *columns, size_t count, struct str lines, struct err *e)
{
	bool aligned = isatty(STDOUT_FILENO);
	struct outlet out;
	struct table t;
	int r;

	outlet_open(&out);
	table_open(&t, columns, count);
	if (p->opt[OPT_JSON]) {
		if ((r = outlet_put(&out, lines, e)) == 0 && lines.n && lines.p[lines.n - 1] != '\n')
			r = outlet_put(&out, STR("\n"), e);
	} else if ((r = rows(&t, lines, e)) == 0 && (aligned ? t.rows : 1)) {
		r = table_print(&t, aligned ? TABLE_ALIGNED : TABLE_TABS, !p->opt[OPT_BARE],
		    has_colour(STDOUT_FILENO), &out.waiting);
	}
	if (r == 0)
		r = outlet_flush(&out, e);
	table_close(&t);
	outlet_close(&out);
	return r;
}

static int
print(const struct probe *p, const struct list *l, struct str lines, struct err *e)
{
	size_t count = 0;

	while (count < COLUMN_LIST && l->columns[count].field)
		count++;
	return show_lines(p, l->columns, count, lines, e);
}

int
show_run(struct probe *p)
{
	const struct list *l = list_of_verb(p->verb);
	struct err e = { .text = "" };
	struct buf ask, answer;
	uint32_t wait_ms = p->verb == VERB_UPGRADE ? UPGRADE_WAIT_MS : WAIT_MS;
	int r;

	buf_init(&ask, LIST_MAX);
	buf_init(&answer, LIST_MAX);
	if (p->operands) {
		buf_str(&ask, STR("{\"name\":"));
		json_quote(&ask, str(p->operand[0]));
		buf_str(&ask, STR("}"));
	}
	if ((r = probe_ask(p, l->subject, buf_view(&ask), wait_ms, &answer, &e)) == 0)
		r = print(p, l, buf_view(&answer), &e);
	buf_free(&ask);
	buf_free(&answer);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}

const char *
probe_version(void)
{
	return FEDX_VERSION;
}

/* our own, and the node's when there is one */
int
version_run(struct probe *p)
{
	struct err e = { .text = "" };
	struct buf lines;
	int r;

	buf_init(&lines, LIST_MAX);
	buf_fmt(&lines, "{\"v\":1,\"program\":\"fedx-probe\",\"version\":\"%s\"}\n", probe_version());
	if (probe_ask(p, "fedx/version", STR(""), WAIT_MS, &lines, &e) == -1 && e.status != EXIT_NODE)
		say_warning(p, "%s", e.text);
	r = print(p, list_of_verb(VERB_VERSION), buf_view(&lines), &e);
	buf_free(&lines);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}
