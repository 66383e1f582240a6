/*
 * answer.c - a question from the queue, a verdict out; an event, actions out.
 *
 * One question of each data plane in turn, for a few milliseconds; then the
 * loop reads and writes.  A data plane that does not read its verdicts gets
 * no more of them until it does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "route/report.h"
#include "route/route.h"
#include "wire/envelope.h"

enum {
	SLICE_US = 4000,
	BEHIND = 1 << 20,	/* bytes that a data plane has not read */
	HANGS_S = 5,		/* a hook that has not returned: the end of us */
	FAILED_KEEP_MS = 1000,
	PLACES = 64,		/* of which failures are counted */
	PAUSE_MS = 1000		/* a line a second for each of them */
};

/* --- failures, a line a second each --- */

static struct failure { uint64_t hash; struct mono said; uint32_t held; } failures[PLACES];

static void
log_failure(const char *hook, const struct err *why)
{
	struct mono now = mono_now();
	struct failure *f;
	struct str file = { NULL, 0 };
	uint32_t line = 0;
	const char *rest;
	char name[120], number[16], held[16];
	uint64_t hash;

	if (place_of(why->text, &file, &line, &rest))
		hash = map_hash(file) * 31 + line;
	else
		hash = map_hash(str(hook));
	f = &failures[hash % PLACES];
	if (f->hash == hash && f->said.us && mono_us_since(f->said, now) < PAUSE_MS * 1000) {
		f->held++;
		return;
	}
	snprintf(held, sizeof held, "%u", (unsigned)(f->hash == hash ? f->held : 0));
	*f = (struct failure){ .hash = hash, .said = now };
	str_c(file, name, sizeof name);
	snprintf(number, sizeof number, "%u", (unsigned)line);
	log_event(LOG_LEVEL_ERROR, "hook_failed", "hook", hook, "file", file.n ? name : NULL,
	    "line", file.n ? number : NULL, "why", rest, "held", strcmp(held, "0") ? held : NULL,
	    "next", "what it was asked is denied", NULL);
}

/* --- questions --- */

static void
deny(struct route *r, enum error error, uint32_t keep_ms, const char *reason)
{
	struct verdict v = { .answer = ANSWER_DENY, .error = error, .keep_ms = keep_ms,
	    .limit_field = FIELD_COUNT, .sticky_field = FIELD_COUNT, .reason = str(reason) };

	r->body.head = r->body.tail = 0;
	(void)verdict_put(&r->body, &v);
}

static void
no_opinion(struct route *r, uint64_t seen)
{
	struct verdict v = { .answer = ANSWER_NONE, .keep_ms = FOREVER, .seen = seen,
	    .limit_field = FIELD_COUNT, .sticky_field = FIELD_COUNT };

	(void)verdict_put(&r->body, &v);
}

static void
answer(struct plane *p, const struct waiting *w)
{
	struct route *r = p->route;
	struct err e = { .status = 0 };
	const struct peer_facts *who;
	struct policy_world world;
	struct question q;

	r->count.questions++;
	r->body.head = r->body.tail = 0;
	(void)question_get((struct str){ w->body, w->n }, &q, &e);	/* it was checked when it came */
	who = world_facts(&p->world, q.peer);
	if (!who) {
		deny(r, E_policy_unavailable, 0, "who asked this is gone");
	} else if (r->now->failed) {
		deny(r, E_policy_error, FAILED_KEEP_MS, r->now->why);
	} else if (!r->now->policy) {
		no_opinion(r, p->world.seen);
	} else {
		world_ask(&p->world, &world);
		if (policy_ask(r->now->policy, &q, who, &world, &r->body, &e) == -1) {
			r->count.failed++;
			log_failure(hook_name(q.hook), &e);
			if (buf_len(&r->body) == 0)
				deny(r, E_policy_error, FAILED_KEEP_MS, "the policy failed");
		}
		plane_rules(p);
	}
	plane_say(p, KIND_VERDICT, 0, w->id, buf_view(&r->body));
}

/* --- events --- */

static void
react(struct plane *p, const struct waiting *w)
{
	struct route *r = p->route;
	struct err e = { .status = 0 };
	struct policy_world world;
	struct str run, one;

	if (!r->now->policy || !(r->now->hooks & 1u << w->hook))
		return;
	r->count.events++;
	r->body.head = r->body.tail = 0;
	world_ask(&p->world, &world);
	if (policy_react(r->now->policy, (enum hook)w->hook, (struct str){ w->body, w->n }, &world,
	    &r->body, &e) == -1) {
		r->count.failed++;
		log_failure(hook_name(w->hook), &e);
		return;
	}
	for (run = buf_view(&r->body); action_next(&run, &one); r->count.actions++)
		plane_say(p, KIND_ACTION, 0, 0, one);
}

/* --- a slice of the loop --- */

static bool
answer_one(struct plane *p)
{
	struct waiting *w;

	if (p->dead || !p->told || conn_queued(p->conn) > BEHIND ||
	    (w = queue_take(&p->queue)) == NULL)
		return false;
	if (w->kind == KIND_ASK)
		answer(p, w);
	else
		react(p, w);
	free(w);
	plane_flow(p);
	return true;
}

bool
answer_some(struct route *r)
{
	struct mono start = mono_now();
	bool any = true, begun = false;

	while (any) {
		any = false;
		list_each(n, &r->planes) {
			struct plane *p = list_of(n, struct plane, place);

			if (p->queue.count && !begun) {
				begun = true;
				alarm(HANGS_S);
			}
			any = answer_one(p) || any;
		}
		if (any && mono_us_since(start, mono_now()) > SLICE_US)
			break;
	}
	if (begun)
		alarm(0);
	return any;
}
