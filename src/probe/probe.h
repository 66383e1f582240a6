/*
 * probe.h - what every verb of fedx-probe gets, and how it speaks to people.
 */
#ifndef FEDX_PROBE_H
#define FEDX_PROBE_H

#include "base/err.h"
#include "bus/client.h"

enum {	/* CONVENTIONS section 3 */
	EXIT_YES = 0, EXIT_NO = 1, EXIT_SERVICE = 2, EXIT_USAGE = 64, EXIT_DATA = 65,
	EXIT_INPUT = 66, EXIT_NODE = 69, EXIT_SOFT = 70, EXIT_WRITE = 74, EXIT_LATER = 75,
	EXIT_PEER = 76, EXIT_DENIED = 77, EXIT_REFUSED = 78
};

enum verb {
	VERB_NONE, VERB_PING, VERB_CALL, VERB_SERVE, VERB_LINKS, VERB_SERVICES,
	VERB_ENDPOINTS, VERB_TRACE, VERB_WATCH, VERB_TOP, VERB_DRAIN, VERB_UPGRADE, VERB_KEYGEN,
	VERB_VERSION, VERB_EXPLAIN, VERB_FLOWS, VERB_POLICY, VERB_RULES, VERB_RELOAD,
	VERB_CONFIRM, VERB_UNDO, VERB_PEERS, VERB_ROUTES, VERB_LINK, VERB_DOCTOR, VERB_PUB,
	VERB_SUB, VERB_PATHS, VERB_INVITE, VERB_REVOKE, VERB_MEMBERS, VERB_COUNT
};

enum opt {
	OPT_RUNDIR, OPT_JSON, OPT_BARE, OPT_QUIET, OPT_HELP, OPT_VERSION_ONLY,
	OPT_COUNT, OPT_PARALLEL, OPT_TIMEOUT, OPT_CHECK, OPT_WHOLE, OPT_UNORDERED,
	OPT_IDEMPOTENT, OPT_VERSION, OPT_TRACE, OPT_COPROCESS, OPT_METHODS, OPT_TAGS,
	OPT_WEIGHT, OPT_METHOD, OPT_KIND, OPT_AS, OPT_DECISION, OPT_CONFIRM, OPT_DRY,
	OPT_TOKEN_FILE, OPT_PSK_FILE, OPT_TLS_CA, OPT_TLS_CERT, OPT_TLS_KEY, OPT_PROXY,
	OPT_PROXY_FILE, OPT_INSECURE, OPT_CLUSTER, OPT_ROLE, OPT_EXPIRES, OPT_SCOPE, OPT_URL,
	OPTS
};

enum { OPERANDS_MAX = 8, RUNDIR_MAX = 1024, SCOPES_MAX = 16 };

struct probe {
	enum verb verb;
	const char *opt[OPTS];		/* NULL: not given; "" for a flag */
	const char *scope[SCOPES_MAX];	/* each of OPT_SCOPE */
	int scopes;
	char *operand[OPERANDS_MAX];
	int operands;
	char **command;			/* behind "--", for serve; ends in NULL */
	char rundir[RUNDIR_MAX];	/* of the node that was found */
};

struct verb_row {
	const char *name, *usage;
	int min, max;			/* operands */
	int (*run)(struct probe *);	/* the exit status */
};
extern const struct verb_row verbs[VERB_COUNT];

/* opts.c: pure */
int opts_parse(struct probe *, int argc, char **argv, int *at, struct err *);
	/* the options in front of a verb (verb VERB_NONE: stops there) or of one
	 * verb (all of argv); *at moves on; -1: status 64 */
int opt_number(const struct probe *, enum opt, unsigned min, unsigned max,
    unsigned fallback, unsigned *to, struct err *);
int opt_seconds(const char *duration, uint64_t most, uint64_t *seconds, struct err *);
	/* "90s", "1h", "30d" */
int opt_ms(const char *seconds, unsigned *ms);	/* "2", "0.25"; -1: not that */

/* find.c */
int probe_dial(struct probe *, struct bus *, struct err *);
	/* the first run directory with a live node; -1: all that was tried */
int probe_ask(struct probe *, const char *subject, struct str payload, unsigned wait_ms,
    struct buf *answer, struct err *);
	/* one question to its service "fedx"; a payload is JSON */

/* say.c */
int say_error(const struct probe *, const struct err *);
	/* one line on stderr, one JSON object with -j; returns the status */
void say_warning(const struct probe *, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));	/* -q: nothing */
bool has_colour(int fd);
int probe_fail(const struct probe *, const struct err *);
	/* the end of a verb: say_error(), or, when the reader of our output is
	 * gone (outlet.h), the death of any filter: by SIGPIPE */

/* the verbs */
int ping_run(struct probe *);
int call_run(struct probe *);
int serve_run(struct probe *);
int show_run(struct probe *);		/* links, peers, services, endpoints, paths, members, drain */
int invite_run(struct probe *);
int revoke_run(struct probe *);
int link_run(struct probe *);
int trace_run(struct probe *);
int watch_run(struct probe *);		/* watch, top */
int pub_run(struct probe *);
int sub_run(struct probe *);
int version_run(struct probe *);
int explain_run(struct probe *);
int policy_run(struct probe *);		/* flows, policy, rules */
int reload_run(struct probe *);		/* reload, confirm, undo */
int doctor_run(struct probe *);
const char *probe_version(void);

#endif
