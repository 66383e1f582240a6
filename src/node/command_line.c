/* command_line.c - see command_line.h. */
#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"
#include "node/command_line.h"

void
command_line_help(const struct command_line *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct cl_option *o = &c->options[i];
		char left[40];

		if (o->letter)
			snprintf(left, sizeof left, "-%c, --%s", o->letter, o->name);
		else
			snprintf(left, sizeof left, "    --%s", o->name);
		if (o->value)
			snprintf(left + strlen(left), sizeof left - strlen(left), " %s", o->value);
		printf("  %-25s %s\n", left, o->help);
	}
}

int
command_line_usage(const char *program, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s%s%s\n", program, what, which ? " " : "", which ? which : "");
	fprintf(stderr, "Try '%s --help'.\n", program);
	return 64;
}

static const struct cl_option *
find(const struct command_line *c, struct str name, char letter)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct cl_option *o = &c->options[i];

		if (name.n ? str_is(name, o->name) : o->letter && o->letter == letter)
			return o;
	}
	return NULL;
}

/* "-tr DIR" is -t and -r DIR; *i moves on over a value that stands alone. */
static int
letters(struct command_line *c, char **argv, int *i)
{
	const char *whole = argv[*i];
	int status;

	for (const char *at = whole + 1; *at; at++) {
		const struct cl_option *o = find(c, STR(""), *at);
		const char *value = NULL;

		if (!o)
			return command_line_usage(c->program, "unknown option", whole);
		if (o->value && (value = at[1] ? at + 1 : argv[++*i]) == NULL)
			return command_line_usage(c->program, "this option wants a value:", whole);
		if ((status = c->apply(c->owner, o->what, value)) != -1 || value)
			return status;
	}
	return -1;
}

static int
long_name(struct command_line *c, char **argv, int *i)
{
	const char *whole = argv[*i], *value = NULL;
	const struct cl_option *o;
	struct str name, rest;

	if (str_split(str(whole + 2), '=', &name, &rest))
		value = rest.p;
	if ((o = find(c, name, 0)) == NULL)
		return command_line_usage(c->program, "unknown option", whole);
	if (value && !o->value)
		return command_line_usage(c->program, "this option takes no value:", whole);
	if (o->value && !value && (value = argv[++*i]) == NULL)
		return command_line_usage(c->program, "this option wants a value:", whole);
	return c->apply(c->owner, o->what, value);
}

int
command_line_read(struct command_line *c, int argc, char **argv)
{
	bool only_words = false;
	int status;

	c->word_count = 0;
	for (int i = 1; i < argc; i++) {
		if (only_words || argv[i][0] != '-' || !argv[i][1]) {
			if (c->word_count < CL_WORDS)
				c->words[c->word_count++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if ((status = argv[i][1] == '-' ? long_name(c, argv, &i) :
		    letters(c, argv, &i)) != -1) {
			return status;
		}
	}
	return -1;
}
