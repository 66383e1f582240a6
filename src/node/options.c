/* options.c - getopt by hand: short and long names from one table, `--` ends options. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/options.h"

enum option { LISTEN, UPLINK, ID, CLUSTER, RUNDIR, CONFDIR, TOKEN_FILE, TLS_CERT, TLS_KEY,
	TLS_CA, INSECURE, SET, CHECK, DAEMON, PIDFILE, USER, VERSION, HELP };

static const struct row { char letter; const char *name; enum option what; const char *value, *help; } rows[] = {
	{ 'l', "listen",     LISTEN,	"HOST:PORT", "accept links and clients there (repeatable)" },
	{ 'u', "uplink",     UPLINK,	"URL",  "dial this hub (repeatable: the next one when one fails)" },
	{ 'i', "id",         ID,	"NODE", "this node's id" },
	{ 'C', "cluster",    CLUSTER,	"NAME", "its cluster" },
	{ 'r', "rundir",     RUNDIR,	"DIR",  "run directory: sockets, lock" },
	{ 'c', "confdir",    CONFDIR,	"DIR",  "configuration directory" },
	{ 0,   "token-file", TOKEN_FILE, "F",   "hub: who may join; leaf: the token to show" },
	{ 0,   "tls-cert",   TLS_CERT,	"F",    "certificate chain (PEM)" },
	{ 0,   "tls-key",    TLS_KEY,	"F",    "its key (PEM, mode 0600)" },
	{ 0,   "tls-ca",     TLS_CA,	"F",    "who signs the hub's certificate (PEM)" },
	{ 0,   "insecure",   INSECURE,	NULL,   "open without TLS or tokens: for demonstrations" },
	{ 0,   "set",        SET,	"K=V",  "change a setting (repeatable)" },
	{ 't', "check",      CHECK,	NULL,   "check settings, print them, and end" },
	{ 'd', "daemon",     DAEMON,	NULL,   "go to the background, log to syslog" },
	{ 'p', "pidfile",    PIDFILE,	"F",    "write the process id there" },
	{ 'U', "user",       USER,	"NAME", "after binding, become this user" },
	{ 'V', "version",    VERSION,	NULL,   "print version and build" },
	{ 'h', "help",       HELP,	NULL,   "this text" },
};

static const char *
program(const struct settings *s)
{
	return s->role == ROLE_HUB ? "fedx-hub" : "fedx-leaf";
}

static int
help(const struct settings *s)
{
	printf("usage: %s %s [option...]\n\n", program(s), s->role == ROLE_HUB ?
	    "-l HOST:PORT" : "-u URL");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char left[40];

		if (rows[i].letter)
			snprintf(left, sizeof left, "-%c, --%s", rows[i].letter, rows[i].name);
		else
			snprintf(left, sizeof left, "    --%s", rows[i].name);
		if (rows[i].value)
			snprintf(left + strlen(left), sizeof left - strlen(left), " %s", rows[i].value);
		printf("  %-25s %s\n", left, rows[i].help);
	}
	return 0;
}

static int
usage(const struct settings *s, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s%s%s\n", program(s), what, which ? " " : "", which ? which : "");
	fprintf(stderr, "Try '%s --help'.\n", program(s));
	return 64;
}

static int
add(const char **list, size_t *count, const char *value)
{
	if (*count == LISTEN_MAX)
		return -1;
	list[(*count)++] = value;
	return 0;
}

static int
apply(struct settings *s, enum option what, const char *v)
{
	struct err e = { .status = 0 };

	switch (what) {
	case LISTEN:
		return add(s->listen, &s->listen_count, v) == -1 ?
		    usage(s, "more than 16 --listen", NULL) : -1;
	case UPLINK:
		return add(s->uplink, &s->uplink_count, v) == -1 ?
		    usage(s, "more than 16 --uplink", NULL) : -1;
	case ID:	 s->id = v; return -1;
	case CLUSTER:	 s->cluster = v; return -1;
	case RUNDIR:	 s->rundir = v; return -1;
	case CONFDIR:	 s->confdir = v; return -1;
	case TOKEN_FILE: s->token_file = v; return -1;
	case TLS_CERT:	 s->tls_cert = v; return -1;
	case TLS_KEY:	 s->tls_key = v; return -1;
	case TLS_CA:	 s->tls_ca = v; return -1;
	case INSECURE:	 s->insecure = true; return -1;
	case CHECK:	 s->check = true; return -1;
	case DAEMON:	 s->daemon = true; return -1;
	case PIDFILE:	 s->pidfile = v; return -1;
	case USER:	 s->user = v; return -1;
	case SET:
		if (settings_set(s, v, &e) == 0)
			return -1;
		if (e.status == 64)
			return usage(s, e.text, NULL);
		fprintf(stderr, "%s: %s\n", program(s), e.text);
		return e.status;
	case VERSION:
		printf("%s %s\nprotocol 1\nbuild: %s\nlibev %d.%d\n", program(s), FEDX_VERSION,
		    FEDX_OPTIONS, ev_version_major(), ev_version_minor());
		return 0;
	case HELP:
		return help(s);
	}
	return -1;
}

static const struct row *
find(struct str name, char letter)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (name.n ? str_is(name, rows[i].name) : rows[i].letter && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

/* A path and an address, never a secret; an option wins. */
static void
from_environment(struct settings *s)
{
	const char *hub = getenv("FEDX_HUB"), *token = getenv("FEDX_TOKEN_FILE");

	if (s->role == ROLE_LEAF && s->uplink_count == 0 && hub && *hub)
		s->uplink[s->uplink_count++] = hub;
	if (!s->token_file && token && *token)
		s->token_file = token;
}

int
options_parse(struct settings *s, int argc, char **argv)
{
	int i, status;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *arg = argv[i], *value = NULL;
		struct str name = { NULL, 0 }, rest;
		const struct row *row;

		if (strcmp(arg, "--") == 0) {
			i++;
			break;
		}
		if (arg[1] == '-') {
			if (str_split(str(arg + 2), '=', &name, &rest))
				value = rest.p;
			if ((row = find(name, 0)) == NULL)
				return usage(s, "unknown option", arg);
			if (value && !row->value)
				return usage(s, "this option takes no value:", arg);
		} else {
	letters:
			if ((row = find(name, arg[1])) == NULL)
				return usage(s, "unknown option", argv[i]);
			if (arg[2] && row->value)
				value = arg + 2;
		}
		if (row->value && !value && (value = argv[++i]) == NULL)
			return usage(s, "this option wants a value:", arg);
		if ((status = apply(s, row->what, value)) != -1)
			return status;
		if (arg[1] != '-' && !row->value && arg[2]) {
			arg++;
			goto letters;
		}
	}
	if (i < argc)
		return usage(s, "unexpected argument", argv[i]);
	from_environment(s);
	return -1;
}
