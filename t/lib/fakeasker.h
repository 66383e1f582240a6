/*
 * fakeasker.h - who answers the questions of a gate in a test: what is asked
 * is kept, encoded, until the test answers.
 *
 *	asker_open(&f, &asker);
 *	asker_policy(&f, 1, HOOKS(ROUTE));
 *	...
 *	asker_allow(&f, &asker, 1 << FIELD_to_domain);	the oldest question
 */
#ifndef FEDX_FAKEASKER_H
#define FEDX_FAKEASKER_H

#include "fabric/fabric.h"
#include "tap.h"

enum { ASKER_KEEPS = 8192 };
#define HOOKS(name) (1u << HOOK_##name)

struct asker {
	struct { uint64_t number; struct buf body; } asked[ASKER_KEEPS];
	unsigned first, count;		/* not answered yet: a ring */
	uint64_t asks, denials, differs, names, peers, gone;
	bool away;			/* nobody to ask */
	struct question q;		/* views into asked[first].body */
	enum error error;		/* of the last denial */
	uint32_t rule;
	uint64_t decision;
	struct port *admitted;
	enum error admitted_with;
};

static inline int
asker_ask(void *owner, uint64_t number, const struct question *q)
{
	struct asker *a = owner;
	unsigned at = (a->first + a->count) % ASKER_KEEPS;

	a->asks++;
	if (a->away || a->count == ASKER_KEEPS)
		return -1;
	a->asked[at].number = number;
	a->asked[at].body.max = 1 << 16;
	a->asked[at].body.head = a->asked[at].body.tail = 0;
	question_put(&a->asked[at].body, q);
	a->count++;
	return 0;
}

static inline void
asker_denied(void *owner, const struct port *p, const struct question *q, uint32_t rule,
    enum error error, struct str reason, uint64_t decision)
{
	struct asker *a = owner;

	(void)p, (void)q, (void)reason;
	a->denials++;
	a->error = error;
	a->rule = rule;
	a->decision = decision;
}

static inline void
asker_differs(void *owner, const struct flow *fl, const struct verdict *v)
{
	(void)fl, (void)v;
	((struct asker *)owner)->differs++;
}

static inline void
asker_name(void *owner, bool there, const struct announcement *n, uint32_t peer, uint64_t number)
{
	(void)there, (void)n, (void)peer, (void)number;
	((struct asker *)owner)->names++;
}

static inline void
asker_peer(void *owner, const struct peer_facts *facts)
{
	(void)facts;
	((struct asker *)owner)->peers++;
}

static inline void
asker_gone(void *owner, uint32_t number)
{
	(void)number;
	((struct asker *)owner)->gone++;
}

static inline void
asker_admitted(void *owner, struct port *p, enum error error, const char *why)
{
	struct asker *a = owner;

	(void)why;
	a->admitted = p;
	a->admitted_with = error;
}

static inline void
asker_open(struct fabric *f, struct asker *a)
{
	static const struct gate_ops ops = { asker_ask, asker_peer, asker_gone, asker_name,
	    asker_differs, asker_admitted, asker_denied };

	for (unsigned i = 0; i < ASKER_KEEPS; i++)
		buf_free(&a->asked[i].body);
	*a = (struct asker){ .first = 0 };
	if (gate_init(&f->gate, &ops, a) == -1)
		exit(1);
}

static inline void
asker_close(struct asker *a)
{
	for (unsigned i = 0; i < ASKER_KEEPS; i++)
		buf_free(&a->asked[i].body);
}

static inline void
asker_mark(struct fabric *f, unsigned digest, uint32_t hooks, bool failed, uint64_t instance)
{
	static uint32_t generation;
	char bytes[32] = { (char)digest };

	gate_policy(f, &(struct policy_mark){ .generation = ++generation, .instance = instance,
	    .digest = { bytes, sizeof bytes }, .hooks = hooks, .failed = failed });
}

static inline void
asker_policy(struct fabric *f, unsigned digest, uint32_t hooks)
{
	asker_mark(f, digest, hooks, false, 7);
}

/* The oldest question, in a->q; false: there is none. */
static inline bool
asker_next(struct asker *a)
{
	struct err err;

	return a->count && question_get(buf_view(&a->asked[a->first].body), &a->q, &err) == 0;
}

static inline uint64_t
asker_take(struct asker *a)
{
	uint64_t number = a->asked[a->first].number;

	if (!a->count)
		return 0;
	a->first = (a->first + 1) % ASKER_KEEPS;
	a->count--;
	return number;
}

static inline void
asker_back(struct asker *a, unsigned n)	/* only the one of n answers ago, after all */
{
	a->first = (a->first + ASKER_KEEPS - n) % ASKER_KEEPS;
	a->count = 1;
}

static inline void
asker_say(struct fabric *f, struct asker *a, struct verdict v)
{
	if (v.limit.n == 0)
		v.limit_field = FIELD_COUNT;
	gate_verdict(f, asker_take(a), &v);
}

static inline void
asker_allow(struct fabric *f, struct asker *a, uint32_t read)
{
	asker_say(f, a, (struct verdict){ .answer = ANSWER_ALLOW, .read = read, .keep_ms = FOREVER,
	    .seen = f->gate.changes });
}

static inline void
asker_deny(struct fabric *f, struct asker *a, uint32_t read)
{
	asker_say(f, a, (struct verdict){ .answer = ANSWER_DENY, .read = read, .keep_ms = FOREVER,
	    .rule = 4, .reason = STR("not you"), .seen = f->gate.changes });
}

#endif
