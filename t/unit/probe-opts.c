/* probe-opts.c - words on the command line become options, operands and a command. */
#include "probe/probe.h"
#include "tap.h"

const struct verb_row verbs[VERB_COUNT] = {
	[VERB_NONE] = { "", "", 0, 0, NULL },
	[VERB_CALL] = { "call", "", 2, 3, NULL },
	[VERB_SERVE] = { "serve", "", 1, 1, NULL },
	[VERB_EXPLAIN] = { "explain", "", 2, 2, NULL },
};

static struct probe p;
static struct err e;
static int at;

static int
parse(enum verb verb, int argc, const char *const words[])
{
	static char *argv[16];	/* serve keeps a view of its command */

	memcpy(argv, words, (size_t)argc * sizeof *argv);
	argv[argc] = NULL;
	p = (struct probe){ .verb = verb };
	e = (struct err){ .text = "" };
	at = 0;
	return opts_parse(&p, argc, argv, &at, &e);
}

#define PARSE(verb, ...) \
	parse((verb), sizeof (const char *[]){ __VA_ARGS__ } / sizeof (char *), \
	    (const char *const[]){ __VA_ARGS__ })

int
main(void)
{
	unsigned n;

	is_int(PARSE(VERB_NONE, "-jr", "dir", "links", "-x"), 0, "options in front of the verb");
	is_int(at, 2, "stop at the verb");
	ok(p.opt[OPT_JSON] && str_is(str(p.opt[OPT_RUNDIR]), "dir"), "flags and values in one word");
	is_int(PARSE(VERB_CALL, "wc", "count", "-", "-P4", "--timeout=2.5"), 0, "options behind the words");
	is_int(p.operands, 3, "a dash is a word");
	is_str(str(p.opt[OPT_TIMEOUT]), "2.5", "a value behind =");
	is_int(opt_number(&p, OPT_PARALLEL, 1, 1024, 16, &n, &e), 0, "a number");
	is_int(n, 4, "is read");
	is_int(PARSE(VERB_CALL, "s", "m", "--", "-t"), 0, "after -- all are words");
	is_str(str(p.operand[2]), "-t", "also those with a dash");
	is_int(PARSE(VERB_CALL, "s", "m", "-P", "0"), 0, "zero in flight");
	is_int(opt_number(&p, OPT_PARALLEL, 1, 1024, 16, &n, &e), -1, "is out of bounds");
	is_int(e.status, 64, "which is status 64");
	is_int(PARSE(VERB_SERVE, "-P", "2", "wc", "--", "wc", "-l"), 0, "a command");
	ok(str_is(str(p.command[0]), "wc") && str_is(str(p.command[1]), "-l"), "keeps its own options");
	is_int(PARSE(VERB_SERVE, "wc"), -1, "serve without a command");
	is_int(PARSE(VERB_SERVE, "wc", "--"), -1, "serve with an empty one");
	is_int(PARSE(VERB_CALL, "s"), -1, "too few words");
	is_int(PARSE(VERB_CALL, "s", "m", "t", "u"), -1, "too many words");
	is_int(PARSE(VERB_CALL, "s", "m", "-P"), -1, "no value");
	is_int(PARSE(VERB_CALL, "s", "m", "--unordered=yes"), -1, "a value for a flag");
	is_int(PARSE(VERB_CALL, "s", "m", "--unorderd"), -1, "a misspelt option");
	ok(strstr(e.text, "did you mean --unordered") != NULL, "gets a proposal: %s", e.text);
	is_int(PARSE(VERB_CALL, "s", "m", "--coprocess"), -1, "an option of another verb");
	is_int(PARSE(VERB_EXPLAIN, "a", "--as", "leaf", "b", "-m", "m"), 0, "explain: from, to and options");
	is_int(PARSE(VERB_EXPLAIN, "a"), -1, "... without where to");
	is_int(PARSE(VERB_EXPLAIN, "--decision=4f-1"), 0, "... a decision needs neither");
	ok(opt_ms("2", &n) == 0 && n == 2000, "seconds");
	ok(opt_ms("0.25", &n) == 0 && n == 250, "parts of them");
	ok(opt_ms("0", &n) == -1 && opt_ms("1,5", &n) == -1 && opt_ms("1.", &n) == -1 &&
	    opt_ms("-1", &n) == -1 && opt_ms("1e3", &n) == -1, "anything else is none");
	return done();
}
