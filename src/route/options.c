/* options.c - see options.h. */
#include "config.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "node/command_line.h"
#include "route/options.h"
#include "wire/ask.h"

enum option { RUNDIR, CONFDIR, SET, AUTOSTARTED, IN_FORCE, CHECK, DAEMON, PIDFILE, USER, VERSION, HELP };

static const struct cl_option rows[] = {
	{ 'r', "rundir",     RUNDIR,	"DIR",  "run directory: socket, lock, the last good policy" },
	{ 'c', "confdir",    CONFDIR,	"DIR",  "configuration directory: policy.lua, test/" },
	{ 0,   "set",        SET,	"K=V",  "change a setting (repeatable)" },
	{ 0,   "autostarted", AUTOSTARTED, NULL, "end when no data plane is there any more" },
	{ 0,   "in-force",   IN_FORCE,	"HEX",  "the node has this policy: another waits for a reload" },
	{ 't', "check",      CHECK,	NULL,   "load the policy, run its tests, say what it has, and end" },
	{ 'd', "daemon",     DAEMON,	NULL,   "go to the background, log to syslog" },
	{ 'p', "pidfile",    PIDFILE,	"F",    "write the process id there" },
	{ 'U', "user",       USER,	"NAME", "once the socket is there, become this user" },
	{ 'V', "version",    VERSION,	NULL,   "print version and build" },
	{ 'h', "help",       HELP,	NULL,   "this text" },
};

static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const formats[] = { "logfmt", "json", NULL };
static const char *const outlets[] = { "stderr", "syslog", NULL };

static const struct key {
	const char *name;
	size_t at;
	const char *const *words;	/* NULL: a time */
	uint32_t least, most;
	const char *want;
} keys[] = {
	{ "route.check",  offsetof(struct options, check_ms),	NULL, 100, TRIAL_MS_MAX, "a time from 100ms to 50s" },
	{ "route.linger", offsetof(struct options, linger_ms),	NULL, 0, 86400000, "a time up to 24h" },
	{ "log.level",	  offsetof(struct options, log_level),	levels, 0, 0, "error, warning, info or debug" },
	{ "log.format",	  offsetof(struct options, log_format),	formats, 0, 0, "logfmt or json" },
	{ "log.to",	  offsetof(struct options, log_to),	outlets, 0, 0, "stderr or syslog" },
};

void
options_init(struct options *o)
{
	const char *conf = getenv("FEDX_CONF");

	*o = (struct options){ .command = COMMAND_RUN,
	    .confdir = conf && *conf ? conf : SYSCONFDIR "/fedx", .check_ms = 30000, .linger_ms = 5000, .log_level = LOG_LEVEL_INFO, .log_format = LOG_LOGFMT };
}

static int
help(void)
{
	printf("usage: fedx-route [option...]\n"
	    "       fedx-route settings FILE\n"
	    "       fedx-route test [DIR]\n\n");
	command_line_help(&(struct command_line){ .options = rows,
	    .count = sizeof rows / sizeof *rows });
	return 0;
}

static int
usage(const char *what, const char *which)
{
	return command_line_usage("fedx-route", what, which);
}

static int
parse_word(struct str v, const char *const *words, uint32_t *to)
{
	for (*to = 0; words[*to]; ++*to)
		if (str_is(v, words[*to]))
			return 0;
	return -1;
}

/* "500ms", "5s", "2m", "1h"; a bare number is seconds */
static int
parse_ms(struct str v, const struct key *k, uint32_t *to)
{
	static const struct { const char *unit; uint32_t ms; } units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	};
	uint64_t n, ms = 1000;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (str_ends(v, str(units[i].unit))) {
			v.n -= strlen(units[i].unit);
			ms = units[i].ms;
			break;
		}
	if (str_u64(v, UINT32_MAX, &n) == -1 || n * ms < k->least || n * ms > k->most)
		return -1;
	*to = (uint32_t)(n * ms);
	return 0;
}

static int
unknown(struct str name, struct err *e)
{
	const char *near = keys[0].name;

	for (size_t i = 1; i < sizeof keys / sizeof *keys; i++)
		if (str_distance(name, str(keys[i].name)) < str_distance(name, str(near)))
			near = keys[i].name;
	return err_set(e, "unknown setting '%.*s'; did you mean '%s'?",
	    name.n > 60 ? 60 : (int)name.n, name.p, near);
}

static int
set(struct options *o, struct str name, struct str v, struct err *e)
{
	const struct key *k = NULL;
	uint32_t u = 0;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (str_is(name, keys[i].name))
			k = &keys[i];
	if (!k)
		return unknown(name, e);
	if ((k->words ? parse_word(v, k->words, &u) : parse_ms(v, k, &u)) == -1)
		return err_set(e, "%s cannot be '%.*s': want %s", k->name, v.n > 60 ? 60 : (int)v.n,
		    v.p, k->want);
	memcpy((char *)o + k->at, &u, sizeof u);
	return 0;
}

static int
set_option(struct options *o, const char *assignment)
{
	struct err e = { .status = 0 };
	struct str name, v;

	if (!str_split(str(assignment), '=', &name, &v))
		return usage("want KEY=VALUE, not", assignment);
	if (set(o, name, v, &e) == 0)
		return -1;
	fprintf(stderr, "fedx-route: %s\n", e.text);
	return 78;
}

int
options_lines(struct options *o, struct str lines, struct err *e)
{
	struct str line, name, v, where;

	for (bool more = lines.n > 0; more; ) {
		more = str_split(lines, '\n', &line, &lines);
		/* the others are the data plane's, who checks them */
		if (!str_starts(line, STR("route.")) && !str_starts(line, STR("log.")))
			continue;
		str_split(line, '=', &name, &v);
		str_split(v, '\t', &v, &where);
		if (set(o, name, v, e) == -1)
			return err_at(e, "%.*s", where.n > 100 ? 100 : (int)where.n, where.p);
	}
	return 0;
}

static int
apply(void *owner, int what, const char *v)
{
	struct options *o = owner;

	switch ((enum option)what) {
	case RUNDIR:	  o->rundir = v; return -1;
	case CONFDIR:	  o->confdir = v; return -1;
	case AUTOSTARTED: o->autostarted = true; return -1;
	case IN_FORCE:	  o->in_force = v; return -1;
	case CHECK:	  o->command = COMMAND_CHECK; return -1;
	case DAEMON:	  o->daemon = true; o->log_to = 1; return -1;
	case PIDFILE:	  o->pidfile = v; return -1;
	case USER:	  o->user = v; return -1;
	case SET:	  return set_option(o, v);
	case VERSION:
		printf("fedx-route %s\nprotocol 1\nbuild: %s\nlibev %d.%d\nLua 5.4\n", FEDX_VERSION,
		    FEDX_OPTIONS, ev_version_major(), ev_version_minor());
		return 0;
	case HELP:
		return help();
	}
	return -1;
}

static int
read_command(struct options *o, const char *const *words, int count)
{
	if (count == 0)
		return -1;
	if (o->command != COMMAND_RUN)
		return usage("unexpected argument", words[0]);
	if (strcmp(words[0], "settings") == 0)
		o->command = COMMAND_SETTINGS;
	else if (strcmp(words[0], "test") == 0)
		o->command = COMMAND_TEST;
	else
		return usage("unknown command", words[0]);
	if (o->command == COMMAND_SETTINGS && count < 2)
		return usage("settings wants a FILE", NULL);
	if (count > 2)
		return usage("unexpected argument", words[2]);
	o->argument = count > 1 ? words[1] : NULL;
	return -1;
}

int
options_read(struct options *o, int argc, char **argv)
{
	struct command_line c = { .program = "fedx-route", .options = rows,
	    .count = sizeof rows / sizeof *rows, .apply = apply, .owner = o };
	int status = command_line_read(&c, argc, argv);

	return status != -1 ? status : read_command(o, c.words, c.word_count);
}
