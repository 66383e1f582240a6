/*
 * command_line.h - getopt by hand: short and long names from one table, `--`
 * ends options, words may stand between them.  Of all daemons.
 */
#ifndef FEDX_COMMAND_LINE_H
#define FEDX_COMMAND_LINE_H

#include <stddef.h>

struct cl_option {
	char letter;			/* 0: it has none */
	const char *name;
	int what;
	const char *value, *help;	/* value NULL: it takes none */
};

enum { CL_WORDS = 3 };			/* more are not remembered */

struct command_line {
	const char *program;
	const struct cl_option *options;
	size_t count;
	int (*apply)(void *owner, int what, const char *value);
		/* -1: go on; else the status to end with */
	void *owner;
	const char *words[CL_WORDS];	/* what is no option */
	int word_count;
};

int command_line_read(struct command_line *, int argc, char **argv);
	/* -1: go on; else the exit status to end with */
void command_line_help(const struct command_line *);	/* a row an option */
int command_line_usage(const char *program, const char *what, const char *which);
	/* two lines on stderr; 64; which may be NULL */

#endif
