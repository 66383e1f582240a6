/*
 * policy.h - one loaded policy: a frozen Lua state, its hooks and rules, and
 * the questions put to it.  It knows neither sockets nor who asks.
 *
 *	bundle.c	the files, each read once
 *	sandbox.c	a Lua state that can hurt nobody
 *	strings.c	find, match, gmatch, gsub with a bound on their steps
 *	ask.c		a question in, a verdict out
 *	lua_msg.c	msg and peer: they note what is read
 *	lua_env.c	the clock, chance, names: they note it too
 *	lua_route.c	a way to a node
 *	lua_fedx.c	the module `fedx`: verdicts, lists, patterns
 *	config.c	settings files
 *	try.c		policy tests
 */
#ifndef FEDX_POLICY_H
#define FEDX_POLICY_H

#include "base/clock.h"
#include "policy/bundle.h"
#include "policy/sandbox.h"
#include "wire/ask.h"

struct rule {
	uint8_t hook;
	uint32_t line;
	const char *file, *name;	/* name: "" if it has none */
};

/* What `env` answers from; whoever asks fills it in. */
struct policy_world {
	struct wall now;		/* of this question */
	uint64_t seen;			/* the last change of names that `names` knows of */
	void *names;
	bool (*known)(void *names, enum family, struct str name);
	void (*instances)(void *names, struct str service, void (*each)(void *, const struct instance *), void *);
	uint64_t (*chance)(void);	/* random bits */
};

struct policy;
struct policy *policy_load(struct bundle *, struct err *);
	/* policy.lua of the bundle (which it borrows; NULL policy.lua: a policy
	 * without hooks).  NULL: *e has file, line, and what is wrong */
void policy_free(struct policy *);
uint32_t policy_hooks(const struct policy *);	/* bit for each enum hook that is defined */
size_t policy_rules(const struct policy *);	/* known so far; rules 1 .. n */
const struct rule *policy_rule(const struct policy *, size_t number);
	/* each place that returned a verdict so far; new ones get new numbers */

int policy_ask(struct policy *, const struct question *, const struct peer_facts *,
    const struct policy_world *, struct buf *verdict, struct err *);
	/* appends the body of a VERDICT.  -1: the hook failed (error, budget,
	 * nonsense): *e has file and line, the body says DENY policy_error */

/* on.link, on.service, on.event: `facts` is a JSON object; appends what
 * action_next() takes apart */
int policy_react(struct policy *, enum hook, struct str facts, const struct policy_world *,
    struct buf *actions, struct err *);

int policy_test(struct bundle *, struct buf *tap, struct err *);
	/* runs the files of test/ each in a fresh state; TAP into *tap; 0: all passed;
	 * 1: some did not; -1: could not be run */

/* config.c: fedx.lua, or any settings file: appends lines "KEY=VALUE\tFILE:LINE\n";
 * -1: *e has file and line, and nothing was appended */
int config_read(struct str name, struct str text, struct buf *lines, struct err *);

#endif
