/* main.c - fedx-probe: looks, asks, sends, serves; the table of its verbs. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "probe/keygen.h"
#include "probe/probe.h"

const struct verb_row verbs[VERB_COUNT] = {
	[VERB_NONE] =	{ "", "", 0, 0, NULL },
	[VERB_PING] =	{ "ping", "[-c N] [-t SECONDS] [NODE | SERVICE | ENDPOINT | PATH]", 0, 1, ping_run },
	[VERB_CALL] =	{ "call", "[options] SERVICE | ENDPOINT | PATH METHOD [TEXT | -]", 2, 3, call_run },
	[VERB_SERVE] =	{ "serve", "[options] SERVICE | ENDPOINT | PATTERN -- COMMAND...", 1, 1, serve_run },
	[VERB_PUB] =	{ "pub", "[-0] [-J] PATH [TEXT | -]", 1, 2, pub_run },
	[VERB_SUB] =	{ "sub", "[-n N] PATTERN...", 1, OPERANDS_MAX, sub_run },
	[VERB_LINKS] =	{ "links", "", 0, 0, show_run },
	[VERB_PEERS] =	{ "peers", "", 0, 0, show_run },
	[VERB_LINK] =	{ "link", "pause | resume | retry | drain NODE | URL", 2, 2, link_run },
	[VERB_ROUTES] =	{ "routes", "[NAME | NODE]", 0, 1, show_run },
	[VERB_SERVICES] = { "services", "", 0, 0, show_run },
	[VERB_ENDPOINTS] = { "endpoints", "", 0, 0, show_run },
	[VERB_PATHS] =	{ "paths", "", 0, 0, show_run },
	[VERB_TRACE] =	{ "trace", "[-t SECONDS] NODE | SERVICE | ENDPOINT | PATH", 1, 1, trace_run },
	[VERB_WATCH] =	{ "watch", "", 0, 0, watch_run },
	[VERB_TOP] =	{ "top", "", 0, 0, watch_run },
	[VERB_DRAIN] =	{ "drain", "", 0, 0, show_run },
	[VERB_UPGRADE] = { "upgrade", "", 0, 0, show_run },
	[VERB_INVITE] =	{ "invite", "[--scope PATTERN ...] [--expires 1h] [--url URL] NODE", 1, 1, invite_run },
	[VERB_REVOKE] =	{ "revoke", "NODE", 1, 1, revoke_run },
	[VERB_MEMBERS] = { "members", "", 0, 0, show_run },
	[VERB_KEYGEN] =	{ "keygen", "hub NAME | leaf NAME | token NODE | key NODE", 0, 0, NULL },
	[VERB_EXPLAIN] = { "explain", "[--method M] [--as PEER] FROM TO | --decision ID", 2, 2, explain_run },
	[VERB_FLOWS] =	{ "flows", "", 0, 0, policy_run },
	[VERB_POLICY] =	{ "policy", "", 0, 0, policy_run },
	[VERB_RULES] =	{ "rules", "", 0, 0, policy_run },
	[VERB_RELOAD] =	{ "reload", "[--check | --confirm SECONDS]", 0, 0, reload_run },
	[VERB_CONFIRM] = { "confirm", "", 0, 0, reload_run },
	[VERB_UNDO] =	{ "undo", "", 0, 0, reload_run },
	[VERB_DOCTOR] =	{ "doctor", "[options] URL", 1, 1, doctor_run },
	[VERB_VERSION] = { "version", "", 0, 0, version_run },
};

static const char help[] =
"usage: fedx-probe [-r DIR] [-j] [-H] [-q] VERB ...\n"
"  ping [-c N] [NODE|SERVICE|ENDPOINT] is it there, how far away\n"
"  call SERVICE|PATH METHOD [TEXT | -] ask it; -: each line of stdin\n"
"       -J JSON lines  -0 stdin is one payload  -P N in flight  -t SECONDS\n"
"  serve SERVICE|PATH -- COMMAND...    answer: -P N at a time  --coprocess\n"
"  pub PATH [TEXT | -]                 an event; -: each line of stdin is one\n"
"  sub PATTERN...                      events; * is one segment, ** any number\n"
"  links | services | endpoints | paths what the node knows\n"
"  peers | routes [NAME | NODE]        hubs it is linked with; ways to others\n"
"  link WHAT NODE | URL                pause, resume, retry or drain a link\n"
"  trace NODE | SERVICE | ENDPOINT     every node on the way\n"
"  watch | top | drain | upgrade       events; counters; end or replace the node\n"
"  explain FROM TO | --decision ID     which rule decides, which way it goes\n"
"  policy | rules | flows              the policy in force; what it decided\n"
"  reload | confirm | undo             test and take the policy; keep; undo\n"
"  doctor URL                          try a link to a hub, step by step\n"
"  invite NODE | revoke NODE | members a code to join by; its end; who came\n"
"  keygen hub NAME | leaf NAME | token NODE | key NODE\n"
"  version                             ours, the node's; fedx-probe(1) has all\n"
"options: -r DIR the node's run directory (else $FEDX_RUN, then\n"
"  $XDG_RUNTIME_DIR/fedx, then the system's)  -j JSON lines  -H no header\n"
"  -q no progress, no warnings  -V version  -h help\n"
"exit: 0 yes, 1 no, 2 the service failed, 64 usage, 65 input, 66 no file,\n"
"  69 no node, 75 try again, 76 protocol, 77 denied, 78 refused; fedx-probe(1)\n";

static int
usage(const struct probe *p, const struct err *e)
{
	const struct verb_row *v = &verbs[p->verb];

	say_error(p, e);
	if (!p->opt[OPT_JSON])
		fprintf(stderr, "usage: fedx-probe [-r DIR] [-j] [-H] [-q] %s %s%s\n",
		    p->verb ? v->name : "VERB", p->verb ? v->usage : "...",
		    p->verb ? "" : " (fedx-probe -h lists the verbs)");
	return EXIT_USAGE;
}

static int
print(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
		perror("fedx-probe: standard output");
		return EXIT_WRITE;
	}
	return EXIT_YES;
}

static enum verb
verb_named(const char *name, struct err *e)
{
	size_t best = 3;
	const char *near = NULL;

	for (int v = VERB_NONE + 1; v < VERB_COUNT; v++) {
		size_t d = str_distance(str(name), str(verbs[v].name));

		if (d == 0)
			return (enum verb)v;
		if (d < best) {
			best = d;
			near = verbs[v].name;
		}
	}
	if (near)
		err_set(e, "unknown verb \"%s\"; did you mean %s?", name, near);
	else
		err_set(e, "unknown verb \"%s\"", name);
	return VERB_NONE;
}

/*
 * A pipe or socket of ours must not become anybody's standard output; and who
 * closed it wants to hear that it could not be written.
 */
static void
occupy_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
main(int argc, char **argv)
{
	struct probe p = { .verb = VERB_NONE };
	struct err e = { .text = "" };
	int at = 1;

	occupy_standard();
	if (opts_parse(&p, argc, argv, &at, &e) == -1)
		return usage(&p, &e);
	if (p.opt[OPT_HELP])
		return print(help);
	if (p.opt[OPT_VERSION_ONLY])
		return print("fedx-probe ") || print(probe_version()) || print("\n");
	if (at == argc) {
		err_set(&e, "no verb");
		err_exit(&e, EXIT_USAGE);
		return usage(&p, &e);
	}
	if ((p.verb = verb_named(argv[at], &e)) == VERB_NONE) {
		err_exit(&e, EXIT_USAGE);
		return usage(&p, &e);
	}
	if (p.verb == VERB_KEYGEN)
		return keygen_main(argc - at, argv + at);
	at++;
	if (opts_parse(&p, argc, argv, &at, &e) == -1)
		return usage(&p, &e);
	if (p.opt[OPT_HELP])
		return print(help);
	return verbs[p.verb].run(&p);
}
