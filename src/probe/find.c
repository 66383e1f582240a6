/* find.c - which node is meant: the first run directory where one answers; a question to it. */
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "probe/probe.h"

static int
try_one(struct probe *p, struct bus *b, const char *what, const char *dir,
    const char *below, struct buf *tried, struct err *e)
{
	struct err why = { .text = "" };
	int n = snprintf(p->rundir, sizeof p->rundir, "%s%s", dir, below);

	if (n < 0 || (size_t)n >= sizeof p->rundir) {
		err_set(&why, "%s is too long", what);
		err_exit(&why, EXIT_NODE);
	} else if (bus_dial(b, p->rundir, &why) == 0) {
		return 0;
	}
	/* a node that is there but refuses us says more than one that is not */
	if (e->status != EXIT_DENIED)
		err_exit(e, why.status);
	buf_fmt(tried, "%s%s (%s)", buf_len(tried) ? "; " : "", why.text, what);
	return -1;
}

int
probe_dial(struct probe *p, struct bus *b, struct err *e)
{
	const char *run = getenv("FEDX_RUN"), *xdg = getenv("XDG_RUNTIME_DIR");
	struct buf tried;
	int r = -1;

	e->status = 0;
	buf_init(&tried, 4096);
	/* who names a directory means that node, and no other */
	if (p->opt[OPT_RUNDIR]) {
		r = try_one(p, b, "-r", p->opt[OPT_RUNDIR], "", &tried, e);
	} else {
		if (run && *run)
			r = try_one(p, b, "$FEDX_RUN", run, "", &tried, e);
		if (r == -1 && xdg && *xdg)
			r = try_one(p, b, "$XDG_RUNTIME_DIR", xdg, "/fedx", &tried, e);
		if (r == -1)
			r = try_one(p, b, "the default", RUNSTATEDIR, "/fedx", &tried, e);
	}
	if (r == -1)
		err_set(e, "no node: %.*s%s", STR_FMT(buf_view(&tried)), e->status == EXIT_DENIED ? "" :
		    "; start one, or name its run directory with -r");
	buf_free(&tried);
	return r;
}

int
probe_ask(struct probe *p, const char *subject, struct str payload, unsigned wait_ms,
    struct buf *answer, struct err *e)
{
	struct envelope q = {
		.kind = KIND_REQUEST, .type = payload.n ? TYPE_JSON : TYPE_TEXT, .hops = HOPS_DEFAULT,
		.deadline_ms = wait_ms, .subject = str(subject), .payload = payload
	};
	struct bus b;
	int r;

	if (probe_dial(p, &b, e) == -1)
		return -1;
	r = bus_ask(&b, &q, wait_ms, NULL, answer, e);
	bus_close(&b);
	return r;
}
