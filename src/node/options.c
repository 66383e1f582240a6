/* options.c - the command line of fedx-hub and fedx-leaf. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/command_line.h"
#include "node/options.h"

enum option { LISTEN, UPLINK, JOIN, PEER, ID, CLUSTER, RUNDIR, CONFDIR, TOKEN_FILE, PSK_FILE, ROSTER_FILE, TLS_CERT,
	TLS_KEY, TLS_CA, INSECURE, NO_AUTOSTART, SET, CHECK, DAEMON, PIDFILE, USER, VERSION, HELP };

static const struct cl_option rows[] = {
	{ 'l', "listen",     LISTEN,	"HOST:PORT", "accept links and clients there (repeatable)" },
	{ 'u', "uplink",     UPLINK,	"URL",  "dial this hub (repeatable: the next one when one fails)" },
	{ 0,   "join",	     JOIN,	"CODE", "leaf: join by this one-time code (-: it comes by stdin, @F: from F)" },
	{ 0,   "peer",	     PEER,	"URL",  "hub: dial that hub as an equal, and stay linked (repeatable)" },
	{ 'i', "id",         ID,	"NODE", "this node's id" },
	{ 'C', "cluster",    CLUSTER,	"NAME", "its cluster" },
	{ 'r', "rundir",     RUNDIR,	"DIR",  "run directory: sockets, lock" },
	{ 'c', "confdir",    CONFDIR,	"DIR",  "configuration directory: fedx.lua, policy.lua" },
	{ 0,   "token-file", TOKEN_FILE, "F",   "hub: who may join; leaf: the token to show" },
	{ 0,   "psk-file",   PSK_FILE,	"F",    "the same, by shared keys that are proven and not shown" },
	{ 0,   "roster-file", ROSTER_FILE, "F", "hub: whom fedx-probe invite has invited; it writes it itself" },
	{ 0,   "tls-cert",   TLS_CERT,	"F",    "certificate chain (PEM)" },
	{ 0,   "tls-key",    TLS_KEY,	"F",    "its key (PEM, mode 0600)" },
	{ 0,   "tls-ca",     TLS_CA,	"F",    "who signs the hub's certificate (PEM)" },
	{ 0,   "insecure",   INSECURE,	NULL,   "open without TLS, tokens or keys: for demonstrations" },
	{ 0,   "no-autostart", NO_AUTOSTART, NULL, "start no fedx-route: there is one, or will be" },
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
usage(const struct settings *s, const char *what, const char *which)
{
	return command_line_usage(program(s), what, which);
}

static int
add(struct settings *s, const char **list, size_t *count, size_t max, unsigned bit, const char *value)
{
	if (s->from_file & bit)		/* the command line has a list of its own */
		*count = 0;
	s->from_file &= ~bit;
	if (*count == max)
		return -1;
	list[(*count)++] = value;
	return 0;
}

static int
apply(void *owner, int what, const char *v)
{
	struct settings *s = owner;
	struct err e = { .status = 0 };

	switch ((enum option)what) {
	case LISTEN:
		return add(s, s->listen, &s->listen_count, LISTEN_MAX, LIST_LISTEN, v) == -1 ?
		    usage(s, "more than 16 --listen", NULL) : -1;
	case UPLINK:
		return add(s, s->uplink, &s->uplink_count, LISTEN_MAX, LIST_UPLINK, v) == -1 ?
		    usage(s, "more than 16 --uplink", NULL) : -1;
	case PEER:
		return add(s, s->peers, &s->peer_count, PEERS_MAX, LIST_PEERS, v) == -1 ?
		    usage(s, "more than 64 --peer", NULL) : -1;
	case JOIN:	 s->join = v; return -1;
	case ID:	 s->id = v; return -1;
	case CLUSTER:	 s->cluster = v; return -1;
	case RUNDIR:	 s->rundir = v; return -1;
	case CONFDIR:	 s->confdir = v; return -1;
	case TOKEN_FILE: s->token_file = v; return -1;
	case PSK_FILE:	 s->psk_file = v; return -1;
	case ROSTER_FILE: s->roster_file = v; return -1;
	case TLS_CERT:	 s->tls_cert = v; return -1;
	case TLS_KEY:	 s->tls_key = v; return -1;
	case TLS_CA:	 s->tls_ca = v; return -1;
	case INSECURE:	 s->insecure = true; return -1;
	case NO_AUTOSTART: s->autostart = false; return -1;
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
		printf("usage: %s %s [option...]\n\n", program(s), s->role == ROLE_HUB ?
		    "-l HOST:PORT" : "-u URL");
		command_line_help(&(struct command_line){ .options = rows,
		    .count = sizeof rows / sizeof *rows });
		return 0;
	}
	return -1;
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
	struct command_line c = { .program = program(s), .options = rows,
	    .count = sizeof rows / sizeof *rows, .apply = apply, .owner = s };
	int status;

	s->program = argv[0];
	if ((status = command_line_read(&c, argc, argv)) != -1)
		return status;
	if (c.word_count)
		return usage(s, "unexpected argument", c.words[0]);
	from_environment(s);
	return -1;
}
