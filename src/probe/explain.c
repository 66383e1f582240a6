/*
 * explain.c - fedx-probe explain: why a request goes, or does not go, where
 * it should; nothing is sent there.
 */
#include <unistd.h>

#include "probe/outlet.h"
#include "probe/show.h"
#include "probe/words.h"
#include "wire/json.h"

enum { EXPLAIN_MS = 20 * 1000, EXPLAIN_MAX = 1024 * 1024 };

static int
usage(struct err *e)
{
	return err_exit(e, EXIT_USAGE);
}

static void
put(struct buf *to, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_fmt(to, "%s\"%s\":", buf_len(to) ? "," : "{", name);
	json_quote(to, value);
}

/* as_node: a word without an '@' and without a '/' is a node, and asked as ping asks one */
static int
question(const struct probe *p, bool as_node, struct buf *to, struct err *e)
{
	struct str from = str(p->operand[0]), goal = str(p->operand[1]), method = str(p->opt[OPT_METHOD]), behind;
	bool named = address_family(goal) != FAMILY_NODE, from_endpoint = address_family(from) == FAMILY_ENDPOINT;
	struct buf subject;

	buf_init(&subject, ENVELOPE_NAMES_MAX);
	if (named)
		buf_str(&subject, method);
	else if (as_node)
		buf_fmt(&subject, "fedx/%.*s", STR_FMT(method.n ? method : STR("ping")));
	else if (!str_split(goal, '/', &(struct str){ NULL, 0 }, &behind))
		buf_fmt(&subject, "%.*s/%.*s", STR_FMT(goal), STR_FMT(method));
	else if (method.n && behind.n)
		err_set(e, "\"%s\" has a method already", p->operand[1]);
	else
		buf_fmt(&subject, "%.*s%.*s", STR_FMT(goal), STR_FMT(method));
	put(to, "from", from_endpoint ? from : STR(""));
	put(to, "as", p->opt[OPT_AS] ? str(p->opt[OPT_AS]) : from_endpoint || str_is(from, "-") ? STR("") : from);
	put(to, "to", named || as_node ? goal : STR(""));
	put(to, "subject", buf_view(&subject));
	put(to, "kind", str(p->opt[OPT_KIND]));
	buf_str(to, STR("}"));
	buf_free(&subject);
	return e->text[0] ? usage(e) : 0;
}

static int
check(const struct probe *p, struct err *e)
{
	if (p->opt[OPT_DECISION] && p->operands)
		err_set(e, "with --decision there is no FROM and no TO");
	else if (p->opt[OPT_KIND] && strcmp(p->opt[OPT_KIND], "request") != 0)
		err_set(e, "--kind: only a request can be explained, not \"%s\"", p->opt[OPT_KIND]);
	else if (!p->opt[OPT_DECISION] && (!p->operand[0][0] || !p->operand[1][0]))
		err_set(e, "FROM and TO are not empty");
	else
		return 0;
	return usage(e);
}

/* --- the answer --- */

static int
each(struct str lines, int (*on)(struct str, struct buf *), struct buf *to, struct outcome *o, struct err *e)
{
	struct str line;
	int r;

	while ((r = show_next(&lines, &line, e)) > 0) {
		if (o)
			words_outcome(o, line);
		if (on && on(line, to) < 0)
			return err_set(e, "the explanation is too long to show; try -j");
	}
	return r;
}

static int
ask(struct probe *p, bool as_node, struct buf *answer, struct outcome *o, struct err *e)
{
	struct buf body;
	int r = 0;

	*o = (struct outcome){ .end = OUTCOME_NONE };
	buf_init(&body, EXPLAIN_MAX);
	if (p->opt[OPT_DECISION]) {
		put(&body, "decision", str(p->opt[OPT_DECISION]));
		buf_str(&body, STR("}"));
	} else {
		r = question(p, as_node, &body, e);
	}
	if (r == 0)
		r = probe_ask(p, "fedx/explain", buf_view(&body), EXPLAIN_MS, answer, e);
	buf_free(&body);
	return r == 0 ? each(buf_view(answer), NULL, NULL, o, e) : -1;
}

/* Is it a node, when it is no service? */
static int
ask_both(struct probe *p, struct buf *answer, struct outcome *o, struct err *e)
{
	struct err why = { .text = "" };
	struct outcome as_node;
	struct buf other;
	int r;

	if ((r = ask(p, false, answer, o, e)) == -1 || p->opt[OPT_DECISION] || o->end == OUTCOME_GOES ||
	    strpbrk(p->operand[1], "@/"))
		return r;
	buf_init(&other, EXPLAIN_MAX);
	if (ask(p, true, &other, &as_node, &why) == 0 && (as_node.end == OUTCOME_GOES ||
	    (o->status == EXIT_NO && as_node.status != EXIT_NO))) {
		struct buf swap = *answer;

		*answer = other;
		other = swap;
		*o = as_node;
	}
	buf_free(&other);
	return 0;
}

static int
show(const struct probe *p, struct str lines, struct err *e)
{
	static const struct column columns[] = {
		{ "node", "node", false }, { "step", "step", false }, { "verdict", "verdict", false },
		{ "name", "name", false }, { "rule", "rule", false }, { "place", "place", false },
		{ "why", "why", false }, { "read", "read", false }
	}, decision[] = {
		{ "time", "time", false }, { "decision", "decision", false }, { "error", "error", false },
		{ "hook", "hook", false }, { "rule", "rule", false }, { "file", "file", false },
		{ "line", "line", true }, { "reason", "reason", false }, { "peer", "peer", false },
		{ "from", "from", false }, { "to", "to", false }, { "subject", "subject", false }
	};
	bool sentences = isatty(STDOUT_FILENO) && !p->opt[OPT_JSON], one = p->opt[OPT_DECISION] != NULL;
	struct outlet out;
	struct buf flat;
	int r = 0;

	outlet_open(&out);
	buf_init(&flat, LIST_MAX);
	if (sentences) {
		if ((r = each(lines, one ? words_decision : words_step, &out.waiting, NULL, e)) == 0)
			r = outlet_flush(&out, e);
	} else if (one || p->opt[OPT_JSON]) {
		r = show_lines(p, decision, sizeof decision / sizeof *decision, lines, e);
	} else if ((r = each(lines, words_cells, &flat, NULL, e)) == 0) {
		r = show_lines(p, columns, sizeof columns / sizeof *columns, buf_view(&flat), e);
	}
	buf_free(&flat);
	outlet_close(&out);
	return r;
}

int
explain_run(struct probe *p)
{
	struct err e = { .text = "" };
	struct outcome o;
	struct buf answer;
	int r;

	buf_init(&answer, EXPLAIN_MAX);
	if ((r = check(p, &e)) == 0 && (r = ask_both(p, &answer, &o, &e)) == 0 &&
	    (r = show(p, buf_view(&answer), &e)) == 0 && !p->opt[OPT_DECISION] && o.end != OUTCOME_GOES) {
		err_set(&e, "%s", o.end == OUTCOME_NO ? o.text : "the explanation has no end");
		r = err_exit(&e, o.end == OUTCOME_NO ? o.status : EXIT_PEER);
	}
	buf_free(&answer);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}
