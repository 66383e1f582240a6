/* link.c - fedx-probe link: a connection that the node dials is paused, resumed or drained by hand. */
#include "probe/show.h"
#include "wire/json.h"

static const struct column columns[] = {
	{ "node", "node", false }, { "url", "url", false }, { "state", "state", false },
	{ "why", "why", false }
};

static int
check(const char *word, struct err *e)
{
	static const char *const words[] = { "pause", "resume", "retry", "drain" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(word, words[i]) == 0)
			return 0;
	err_set(e, "link: \"%s\" is none of pause, resume, retry, drain", word);
	return err_exit(e, EXIT_USAGE);
}

int
link_run(struct probe *p)
{
	struct err e = { .text = "" };
	struct buf ask, answer;
	int r;

	buf_init(&ask, 64 * 1024);
	buf_init(&answer, LIST_MAX);
	buf_fmt(&ask, "{\"do\":\"%s\",\"name\":", p->operand[0]);
	json_quote(&ask, str(p->operand[1]));
	buf_str(&ask, STR("}"));
	if ((r = check(p->operand[0], &e)) == 0 &&
	    (r = probe_ask(p, "fedx/link", buf_view(&ask), WAIT_MS, &answer, &e)) == 0)
		r = show_lines(p, columns, sizeof columns / sizeof *columns, buf_view(&answer), &e);
	buf_free(&ask);
	buf_free(&answer);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}
