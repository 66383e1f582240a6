/*
 * ask.c - the bodies between a data plane and fedx-route: the first byte says
 * which; what is believed is within its bounds and survives the wire.
 */
#include <stdlib.h>

#include "base/errors.h"
#include "wire/ask.h"
#include "wire/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

union body {
	struct peer_facts peer;
	struct question question;
	struct verdict verdict;
	struct policy_mark policy_mark;
	struct rule_mark rule_mark;
	struct reload reload;
	struct reloaded reloaded;
	struct action action;
};

static void
must(bool held)
{
	if (!held)
		abort();
}

#define BODIES(X) X(peer) X(question) X(verdict) X(policy_mark) X(rule_mark) X(reload) X(reloaded) X(action)
#define X(name)									\
	static int get_##name(struct str in, union body *to, struct err *e)	\
	{ return name##_get(in, &to->name, e); }				\
	static int put_##name(struct buf *b, const union body *from)		\
	{ return name##_put(b, &from->name); }
BODIES(X)
#undef X

static const struct {
	int (*get)(struct str, union body *, struct err *);
	int (*put)(struct buf *, const union body *);
} bodies[] = {
#define X(name) { get_##name, put_##name },
	BODIES(X)
#undef X
};
enum { QUESTION = 1, VERDICT = 2 };

static void
verdict_holds(const struct verdict *v)
{
	struct str run, s;
	struct test t;
	uint8_t family;
	unsigned n = 0;

	must(v->answer <= ANSWER_PICK && v->error < E_COUNT && v->read < (uint32_t)1 << FIELD_COUNT);
	must(v->limit_field <= FIELD_COUNT && v->strategy < STRATEGY_COUNT && v->sticky_field <= FIELD_COUNT);
	must(v->shared <= 1 && v->preference >= -PREFERENCE_MAX && v->preference <= PREFERENCE_MAX);
	must(v->to.n <= ENVELOPE_NAMES_MAX && v->subject.n <= ENVELOPE_NAMES_MAX);
	for (run = v->tests; test_next(&run, &t); n++)
		must(t.field < FIELD_COUNT && t.op < TEST_COUNT && t.result <= 1);
	must(run.n == 0 && n <= TESTS_MAX);
	for (run = v->lookups, n = 0; lookup_next(&run, &family, &s); n++)
		must(family < FAMILY_COUNT);
	must(run.n == 0 && n <= LOOKUPS_MAX);
	for (run = v->scopes, n = 0; scope_next(&run, &s); n++)
		must(s.n > 0 && s.n <= NAME_MAX_BYTES);
	must(run.n == 0 && n <= SCOPES_MAX);
}

static void
question_holds(const struct question *q)
{
	struct str run = q->instances;
	struct instance i;
	struct buf b;

	must(q->hook < HOOK_COUNT && q->family < FAMILY_COUNT && q->from.n <= ENVELOPE_NAMES_MAX);
	must(q->path.n <= LIST_MAX_BYTES && q->clusters.n <= LIST_MAX_BYTES && q->tags.n <= LIST_MAX_BYTES);
	buf_init(&b, 1 << 17);
	while (instance_next(&run, &i)) {
		must(i.local <= 1 && i.node.n <= NAME_MAX_BYTES);
		must(instance_put(&b, &i) == 0);
	}
	must(run.n == 0);
	for (run = buf_view(&b); instance_next(&run, &i); )
		;
	must(run.n == 0);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { "", 0 };
	struct buf once, twice;
	union body body, again;
	size_t at;

	if (n == 0)
		return 0;
	at = *p % (sizeof bodies / sizeof *bodies);
	if (bodies[at].get((struct str){ (const char *)p + 1, n - 1 }, &body, &e) == -1) {
		must(e.text[0] != '\0');
		return 0;
	}
	if (at == QUESTION)
		question_holds(&body.question);
	if (at == VERDICT)
		verdict_holds(&body.verdict);
	buf_init(&once, n + 200);
	buf_init(&twice, n + 200);
	must(bodies[at].put(&once, &body) == 0);
	must(bodies[at].get(buf_view(&once), &again, &e) == 0);
	must(bodies[at].put(&twice, &again) == 0 && str_eq(buf_view(&once), buf_view(&twice)));
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
