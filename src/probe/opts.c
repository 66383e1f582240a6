/* opts.c - which options each verb takes, and the reading of them. */
#include <stdio.h>

#include "probe/probe.h"

#define V(name) (1u << VERB_##name)
#define EVERY (~0u)

/* An option that stands in two rows has two spellings. */
static const struct row {
	char letter;
	const char *name, *value;	/* value NULL: a flag */
	enum opt opt;
	unsigned verbs;
} rows[] = {
	{ 'r', "rundir",	"DIR",	OPT_RUNDIR,	EVERY },
	{ 'j', "json",		NULL,	OPT_JSON,	EVERY },
	{ 'H', "no-header",	NULL,	OPT_BARE,	EVERY },
	{ 'q', "quiet",		NULL,	OPT_QUIET,	EVERY },
	{ 'h', "help",		NULL,	OPT_HELP,	EVERY },
	{ 'V', "version",	NULL,	OPT_VERSION_ONLY, V(NONE) },
	{ 'c', "count",		"N",	OPT_COUNT,	V(PING) },
	{ 't', "timeout",	"SECONDS", OPT_TIMEOUT,	V(PING) | V(CALL) | V(TRACE) | V(DOCTOR) },
	{ 'n', "count",		"N",	OPT_COUNT,	V(SUB) },
	{ 'J', "check-json",	NULL,	OPT_CHECK,	V(CALL) | V(PUB) },
	{ '0', "whole",		NULL,	OPT_WHOLE,	V(CALL) | V(PUB) },
	{ 'P', "parallel",	"N",	OPT_PARALLEL,	V(CALL) | V(SERVE) },
	{ 0,   "concurrency",	"N",	OPT_PARALLEL,	V(SERVE) },
	{ 0,   "unordered",	NULL,	OPT_UNORDERED,	V(CALL) },
	{ 0,   "idempotent",	NULL,	OPT_IDEMPOTENT,	V(CALL) },
	{ 0,   "trace",		NULL,	OPT_TRACE,	V(CALL) },
	{ 0,   "version",	"V",	OPT_VERSION,	V(CALL) | V(SERVE) },
	{ 0,   "coprocess",	NULL,	OPT_COPROCESS,	V(SERVE) },
	{ 0,   "methods",	"WORDS", OPT_METHODS,	V(SERVE) },
	{ 0,   "tags",		"WORDS", OPT_TAGS,	V(SERVE) },
	{ 0,   "weight",	"N",	OPT_WEIGHT,	V(SERVE) },
	{ 'm', "method",	"NAME",	OPT_METHOD,	V(EXPLAIN) },
	{ 0,   "kind",		"KIND",	OPT_KIND,	V(EXPLAIN) },
	{ 0,   "as",		"PEER",	OPT_AS,		V(EXPLAIN) },
	{ 0,   "as",		"NODE",	OPT_AS,		V(DOCTOR) },
	{ 0,   "role",		"ROLE",	OPT_ROLE,	V(DOCTOR) },
	{ 'C', "cluster",	"CLUSTER", OPT_CLUSTER,	V(DOCTOR) },
	{ 0,   "token-file",	"FILE",	OPT_TOKEN_FILE,	V(DOCTOR) },
	{ 0,   "psk-file",	"FILE",	OPT_PSK_FILE,	V(DOCTOR) },
	{ 0,   "tls-ca",	"FILE",	OPT_TLS_CA,	V(DOCTOR) },
	{ 0,   "tls-cert",	"FILE",	OPT_TLS_CERT,	V(DOCTOR) },
	{ 0,   "tls-key",	"FILE",	OPT_TLS_KEY,	V(DOCTOR) },
	{ 0,   "proxy",		"URL",	OPT_PROXY,	V(DOCTOR) },
	{ 0,   "proxy-file",	"FILE",	OPT_PROXY_FILE,	V(DOCTOR) },
	{ 0,   "insecure",	NULL,	OPT_INSECURE,	V(DOCTOR) },
	{ 0,   "expires",	"DURATION", OPT_EXPIRES, V(INVITE) },
	{ 0,   "scope",		"PATTERN", OPT_SCOPE,	V(INVITE) },
	{ 0,   "url",		"URL",	OPT_URL,	V(INVITE) },
	{ 0,   "decision",	"ID",	OPT_DECISION,	V(EXPLAIN) },
	{ 0,   "confirm",	"SECONDS", OPT_CONFIRM,	V(RELOAD) },
	{ 0,   "check",		NULL,	OPT_DRY,	V(RELOAD) },
};

enum { ROWS = sizeof rows / sizeof *rows };

static int
usage(struct err *e)
{
	return err_exit(e, EXIT_USAGE);
}

static const struct row *
row_named(enum verb verb, struct str name)
{
	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].verbs >> verb & 1) && str_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static const struct row *
row_letter(enum verb verb, char letter)
{
	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].verbs >> verb & 1) && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static int
unknown_long(enum verb verb, struct str name, struct err *e)
{
	const struct row *near = NULL;
	size_t best = 3;

	for (size_t i = 0; i < ROWS; i++) {
		size_t d = str_distance(name, str(rows[i].name));

		if ((rows[i].verbs >> verb & 1) && d < best) {
			best = d;
			near = &rows[i];
		}
	}
	if (near)
		err_set(e, "unknown option \"--%.*s\"; did you mean --%s?", STR_FMT(name), near->name);
	else
		err_set(e, "unknown option \"--%.*s\"", STR_FMT(name));
	return usage(e);
}

static int
take_value(struct probe *p, const struct row *r, const char *value, struct err *e)
{
	p->opt[r->opt] = value;
	if (r->opt != OPT_SCOPE)
		return 0;
	if (p->scopes == SCOPES_MAX) {
		err_set(e, "more than %d --scope", SCOPES_MAX);
		return usage(e);
	}
	p->scope[p->scopes++] = value;
	return 0;
}

static int
take_long(struct probe *p, int argc, char **argv, int *at, struct err *e)
{
	struct str name, value;
	bool given = str_split(str(argv[*at] + 2), '=', &name, &value);
	const struct row *r = row_named(p->verb, name);

	if (!r)
		return unknown_long(p->verb, name, e);
	if (!r->value && given) {
		err_set(e, "option --%s takes no value", r->name);
		return usage(e);
	}
	if (r->value && !given && *at + 1 >= argc) {
		err_set(e, "option --%s wants a value: %s", r->name, r->value);
		return usage(e);
	}
	return take_value(p, r, !r->value ? "" : given ? value.p : argv[++*at], e);
}

static int
take_letters(struct probe *p, int argc, char **argv, int *at, struct err *e)
{
	for (const char *c = argv[*at] + 1; *c; c++) {
		const struct row *r = row_letter(p->verb, *c);

		if (!r) {
			err_set(e, "unknown option \"-%c\"", *c);
			return usage(e);
		}
		if (!r->value) {
			p->opt[r->opt] = "";
			continue;
		}
		if (!c[1] && *at + 1 >= argc) {
			err_set(e, "option -%c wants a value: %s", *c, r->value);
			return usage(e);
		}
		p->opt[r->opt] = c[1] ? c + 1 : argv[++*at];
		return 0;
	}
	return 0;
}

static int
take_operand(struct probe *p, char *word, struct err *e)
{
	if (p->operands == verbs[p->verb].max || p->operands == OPERANDS_MAX) {
		err_set(e, "%s: \"%s\" is one word too many", verbs[p->verb].name, word);
		return usage(e);
	}
	p->operand[p->operands++] = word;
	return 0;
}

int
opts_parse(struct probe *p, int argc, char **argv, int *at, struct err *e)
{
	bool only_words = false;

	for (; *at < argc; (*at)++) {
		char *word = argv[*at];

		if (!only_words && strcmp(word, "--") == 0) {
			if (p->verb == VERB_SERVE) {
				p->command = argv + *at + 1;
				break;
			}
			only_words = true;
		} else if (!only_words && strncmp(word, "--", 2) == 0) {
			if (take_long(p, argc, argv, at, e) == -1)
				return -1;
		} else if (!only_words && word[0] == '-' && word[1]) {
			if (take_letters(p, argc, argv, at, e) == -1)
				return -1;
		} else if (p->verb == VERB_NONE) {
			return 0;
		} else if (take_operand(p, word, e) == -1) {
			return -1;
		}
	}
	if (p->opt[OPT_HELP] || p->verb == VERB_NONE)
		return 0;
	if (p->operands < verbs[p->verb].min && !p->opt[OPT_DECISION]) {
		err_set(e, "%s wants more words", verbs[p->verb].name);
		return usage(e);
	}
	if (p->verb == VERB_SERVE && (!p->command || !p->command[0])) {
		err_set(e, "serve wants a command behind \"--\"");
		return usage(e);
	}
	return 0;
}

int
opt_number(const struct probe *p, enum opt opt, unsigned min, unsigned max,
    unsigned fallback, unsigned *to, struct err *e)
{
	uint64_t n;

	*to = fallback;
	if (!p->opt[opt])
		return 0;
	if (str_u64(str(p->opt[opt]), max, &n) == -1 || n < min) {
		err_set(e, "\"%s\" is not a number from %u to %u", p->opt[opt], min, max);
		return usage(e);
	}
	*to = (unsigned)n;
	return 0;
}

int
opt_ms(const char *seconds, unsigned *ms)
{
	struct str whole, part;
	uint64_t n = 0, f = 0;

	if (str_split(str(seconds), '.', &whole, &part)) {
		if (part.n == 0 || part.n > 3 || str_u64(part, 999, &f) == -1)
			return -1;
		for (size_t i = part.n; i < 3; i++)
			f *= 10;
	}
	if (str_u64(whole, 86400, &n) == -1 || n * 1000 + f == 0)
		return -1;
	*ms = (unsigned)(n * 1000 + f);
	return 0;
}

int
opt_seconds(const char *duration, uint64_t most, uint64_t *seconds, struct err *e)
{
	static const struct { char letter; uint32_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 }
	};
	struct str d = str(duration);
	uint64_t n;

	*seconds = 0;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (d.n && d.p[d.n - 1] == units[i].letter && str_u64(str_head(d, d.n - 1), most, &n) == 0)
			*seconds = n * units[i].seconds;
	if (*seconds && *seconds <= most)
		return 0;
	err_set(e, "'%.40s' is no duration; want a number and s, m, h, d or w, like 90d, of at most %llu days",
	    duration, (unsigned long long)most / 86400);
	return usage(e);
}
