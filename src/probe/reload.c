/* reload.c - fedx-probe reload, confirm, undo: a policy takes the place of another, or does not. */
#include <stdio.h>

#include "probe/outlet.h"
#include "probe/show.h"
#include "probe/words.h"

enum {
	RELOAD_MS = 90 * 1000,		/* a policy's tests may take their time */
	REPORT_MAX = 1024 * 1024, CONFIRM_MAX_S = 86400
};

static int
ask(struct probe *p, struct buf *answer, struct err *e)
{
	const char *subject = p->verb == VERB_CONFIRM ? "fedx/confirm" : p->verb == VERB_UNDO ? "fedx/undo" :
	    p->opt[OPT_DRY] ? "fedx/check" : "fedx/reload";
	struct str none = { NULL, 0 };
	unsigned seconds;
	char body[64];

	if (opt_number(p, OPT_CONFIRM, 1, CONFIRM_MAX_S, 0, &seconds, e) == -1)
		return -1;
	if (seconds && p->opt[OPT_DRY]) {
		err_set(e, "--check takes nothing that could be confirmed");
		return err_exit(e, EXIT_USAGE);
	}
	snprintf(body, sizeof body, "{\"confirm_s\":%u}", seconds);
	return probe_ask(p, subject, seconds ? str(body) : none, RELOAD_MS, answer, e);
}

static int
read_report(struct str lines, struct buf *text, struct refusal *no, struct err *e)
{
	struct str line;
	int r;

	while ((r = show_next(&lines, &line, e)) > 0) {
		words_refusal(no, line);
		words_report(line, text);
	}
	if (r == -1 || no->over)
		return r;
	err_set(e, "the report has no end");
	return err_exit(e, EXIT_PEER);
}

static int
print(struct str text, struct err *e)
{
	struct outlet out;
	int r;

	outlet_open(&out);
	if ((r = outlet_put(&out, text, e)) == 0)
		r = outlet_flush(&out, e);
	outlet_close(&out);
	return r;
}

/* As a compiler says it: editors find the line. */
static int
refused(const struct probe *p, struct refusal *no, struct str failures)
{
	no->why.status = no->later ? EXIT_LATER : p->verb == VERB_RELOAD ? EXIT_REFUSED : EXIT_NO;
	if (p->opt[OPT_JSON])
		return say_error(p, &no->why);
	if (failures.n)
		fwrite(failures.p, 1, failures.n, stderr);
	if (!no->placed)
		return say_error(p, &no->why);
	fprintf(stderr, "%s\n", no->why.text);
	return no->why.status;
}

int
reload_run(struct probe *p)
{
	struct refusal no = { .over = false };
	struct err e = { .text = "" };
	struct buf answer, text;
	int r;

	buf_init(&answer, REPORT_MAX);
	buf_init(&text, REPORT_MAX);
	if ((r = ask(p, &answer, &e)) == 0 && (r = read_report(buf_view(&answer), &text, &no, &e)) == 0 &&
	    (no.done || p->opt[OPT_JSON]))
		r = print(buf_view(p->opt[OPT_JSON] ? &answer : &text), &e);
	r = r == -1 ? probe_fail(p, &e) : no.done ? EXIT_YES : refused(p, &no, buf_view(&text));
	buf_free(&answer);
	buf_free(&text);
	return r;
}
