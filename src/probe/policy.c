/* policy.c - fedx-probe flows, policy, rules: what policy has decided at the node. */
#include "probe/show.h"
#include "probe/words.h"

enum { CELLS_HIGH = 9 };

static const struct list {
	enum verb verb;
	const char *subject;
	int (*cells)(struct str object, struct buf *);
	struct column columns[CELLS_HIGH];
	size_t count;
} lists[] = {
	{ VERB_FLOWS, "fedx/flows", words_flow, {
		{ "when", "when", false }, { "verdict", "verdict", false }, { "rule", "rule", false },
		{ "place", "place", false }, { "hits", "hits", true }, { "age_s", "age_s", true },
		{ "left_s", "left_s", true }, { "via", "via", false }, { "reason", "reason", false } }, 9 },
	{ VERB_RULES, "fedx/rules", words_rule, {
		{ "number", "number", true }, { "hook", "hook", false }, { "rule", "rule", false },
		{ "place", "place", false }, { "verdicts", "verdicts", true }, { "hits", "hits", true } }, 6 },
	{ VERB_POLICY, "fedx/policy", words_policy, {
		{ "name", "name", false }, { "value", "value", false } }, 2 },
};

static const struct list *
list_of_verb(enum verb verb)
{
	size_t i = 0;

	while (lists[i].verb != verb)
		i++;
	return &lists[i];
}

static int
cells(const struct list *l, struct str lines, struct buf *to, struct err *e)
{
	struct str line;
	int r;

	while ((r = show_next(&lines, &line, e)) > 0) {
		if (l->cells(line, to) < 0)
			return err_set(e, "the list is too long to show; try -j");
	}
	return r;
}

int
policy_run(struct probe *p)
{
	const struct list *l = list_of_verb(p->verb);
	struct err e = { .text = "" };
	struct buf answer, flat;
	int r;

	buf_init(&answer, LIST_MAX);
	buf_init(&flat, LIST_MAX);
	if ((r = probe_ask(p, l->subject, STR(""), WAIT_MS, &answer, &e)) == 0 && !p->opt[OPT_JSON])
		r = cells(l, buf_view(&answer), &flat, &e);
	if (r == 0)
		r = show_lines(p, l->columns, l->count, buf_view(p->opt[OPT_JSON] ? &answer : &flat), &e);
	buf_free(&answer);
	buf_free(&flat);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}
