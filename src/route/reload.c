/*
 * reload.c - check, apply, confirm, undo: a policy takes the place of another
 * only when it has loaded and its tests have passed, and can go back.
 *
 *	asked -> a child tries it (check.c) -> its bytes are loaded here ->
 *	in force: all data planes are told -> who asked gets the report
 *
 * What was in force before stays loaded: for an undo, and for a confirm that
 * never comes.  While that is awaited, only another load with a confirm takes
 * the place of the one that waits; what it falls back to remains the same.
 */
#include <stdio.h>

#include "base/log.h"
#include "route/good.h"
#include "route/report.h"
#include "route/route.h"
#include "wire/kinds.h"

static const char *const whats[] = {
	[RELOAD_CHECK] = "check", [RELOAD_APPLY] = "apply", [RELOAD_CONFIRM] = "confirm", [RELOAD_UNDO] = "undo",
};

/* --- what the log and who asked are told --- */

static void
log_policy(const struct route *r, const char *event, enum log_level level, const char *from, const char *why)
{
	char generation[16], hooks[128], digest[65], confirm[16];
	uint32_t left = reload_left_ms(r);

	snprintf(generation, sizeof generation, "%u", (unsigned)r->generation);
	snprintf(confirm, sizeof confirm, "%u", (unsigned)left);
	hooks_text(r->now->hooks, hooks);
	digest_text(r->now->digest, digest);
	log_event(level, event, "generation", generation, "hooks", hooks,
	    "digest", r->now->policy ? digest : NULL, "from", from, "why", why,
	    "confirm_ms", left ? confirm : NULL, NULL);
}

void
reload_refused(const struct err *why, const char *next)
{
	struct str file = { NULL, 0 };
	char name[120], number[16];
	uint32_t line = 0;
	const char *rest;

	place_of(why->text, &file, &line, &rest);
	str_c(file, name, sizeof name);
	snprintf(number, sizeof number, "%u", (unsigned)line);
	log_event(LOG_LEVEL_ERROR, "policy_refused", "file", file.n ? name : NULL,
	    "line", file.n ? number : NULL, "why", rest, "next", next, NULL);
}

static void
log_not_kept(const struct err *e)
{
	log_event(LOG_LEVEL_WARNING, "not_kept", "why", e->text,
	    "next", "a new start takes policy.lua as it is then", NULL);
}

static void
tell(struct route *r, struct plane *p, uint64_t id, bool done, const struct buf *report)
{
	struct reloaded m = { .done = done, .generation = r->generation, .report = buf_view(report) };

	if (!p || p->dead)
		return;
	r->out.head = r->out.tail = 0;
	if (reloaded_put(&r->out, &m) == 0)
		plane_say(p, KIND_RELOADED, 0, id, buf_view(&r->out));
}

static void
refuse(struct route *r, const struct reload_job *job, const struct trial *t, const struct err *why)
{
	struct report about = { .what = whats[job->what], .generation = r->generation, .old = r->now, .trial = t };
	struct buf lines;

	buf_init(&lines, REPORT_MAX);
	report_refused(&lines, &about, why);
	tell(r, job->plane, job->id, false, &lines);
	buf_free(&lines);
}

static void
report(struct route *r, const struct reload_job *job, struct report *about)
{
	struct buf lines;

	about->what = whats[job->what];
	about->generation = r->generation;
	about->confirm_ms = reload_left_ms(r);
	buf_init(&lines, REPORT_MAX);
	report_done(&lines, about);
	tell(r, job->plane, job->id, true, &lines);
	buf_free(&lines);
}

/* --- what is in force --- */

uint32_t
reload_left_ms(const struct route *r)
{
	ev_tstamp left;

	if (!r->pending)
		return 0;
	left = ev_timer_remaining(r->loop, (ev_timer *)(uintptr_t)&r->confirm);
	return left > 0.001 ? (uint32_t)(left * 1000.) : 1;
}

static void
keep_as_good(struct route *r)
{
	struct err e = { .status = 0 };

	if (r->now->failed)
		return;
	if (good_write(&r->run, r->now, &e) == -1)
		log_not_kept(&e);
}

static void
in_force(struct route *r, struct loaded *l)
{
	r->now = l;
	r->generation++;
	server_tell(r);
}

static void
await_confirm(struct route *r, const struct loaded *next, uint32_t confirm_ms)
{
	struct err e = { .status = 0 };
	const struct loaded *back = r->pending ? r->before : r->now;

	/* on disk first: a start after a crash must not take what nobody confirmed */
	if (undone_write(&r->run, next, !back->policy && !back->failed, &e) == -1)
		log_not_kept(&e);
	r->pending = true;
	ev_timer_stop(r->loop, &r->confirm);
	ev_timer_set(&r->confirm, confirm_ms / 1000., 0.);
	ev_timer_start(r->loop, &r->confirm);
}

static void
take(struct route *r, struct loaded *l, uint32_t confirm_ms)
{
	bool was_pending = r->pending;
	struct loaded *old = r->now;

	if (confirm_ms)
		await_confirm(r, l, confirm_ms);
	in_force(r, l);
	if (was_pending) {
		loaded_close(old);
	} else {
		loaded_close(r->before);
		r->before = old;
	}
	if (!confirm_ms) {
		undone_clear(&r->run);
		keep_as_good(r);
	}
}

static void
go_back(struct route *r, const char *why)
{
	struct loaded *old = r->now;
	struct err e = { .status = 0 };

	if (undone_write(&r->run, old, !r->before->policy && !r->before->failed, &e) == -1)
		log_not_kept(&e);
	ev_timer_stop(r->loop, &r->confirm);
	r->pending = false;
	in_force(r, r->before);
	r->before = NULL;
	keep_as_good(r);
	log_policy(r, "policy_undone", LOG_LEVEL_WARNING, NULL, why);
	loaded_close(old);
}

static void
on_confirm_over(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	go_back(w->data, "nobody has confirmed it in time");
}

/* --- a try has ended --- */

static void
take_first(struct route *r, struct loaded *l, const char *from)
{
	if (!l) {
		log_event(LOG_LEVEL_ERROR, "stopped", "why", "out of memory", NULL);
		ev_break(r->loop, EVBREAK_ALL);
		return;
	}
	if (l->failed)
		r->count.refusals++;
	else
		r->count.loads++;
	in_force(r, l);
	if (from && str_is(str(from), "policy.lua"))
		keep_as_good(r);
	log_policy(r, l->failed ? "policy_failed" : "policy_loaded",
	    l->failed ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, from, l->failed ? l->why : NULL);
}

static bool
same_policy(const struct loaded *a, const struct loaded *b)
{
	return !a->failed && !b->failed && memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

static void
refuse_policy(struct route *r, const struct reload_job *job, const struct trial *t, const struct err *why)
{
	r->count.refusals++;
	if (job->what == RELOAD_APPLY)
		reload_refused(why, "the policy from before stays in force");
	refuse(r, job, t, why);
}

/* Told before the old one goes: the report compares them. */
static void
put_in_force(struct route *r, const struct reload_job *job, struct trial *t, struct loaded *l)
{
	struct report about = { .what = whats[job->what], .generation = r->generation + 1,
	    .confirm_ms = job->confirm_ms, .old = r->now, .new = l, .trial = t, .applied = true };
	struct buf lines;

	buf_init(&lines, REPORT_MAX);
	report_done(&lines, &about);
	r->count.loads++;
	take(r, l, job->confirm_ms);
	log_policy(r, "policy_loaded", LOG_LEVEL_INFO, "policy.lua", NULL);
	tell(r, job->plane, job->id, true, &lines);
	buf_free(&lines);
}

static void
apply_tried(struct route *r, const struct reload_job *job, struct trial *t)
{
	struct err e = t->why;
	struct loaded *l;

	if (t->fine && t->absent && (r->now->policy || r->now->failed)) {
		t->fine = false;
		err_set(&e, "there is no policy.lua in %.120s; to allow everything, make it an empty file",
		    r->set->confdir);
	}
	l = !t->fine ? NULL : t->absent ? loaded_none() : loaded_open(&t->bytes, &e);
	if (!l) {
		refuse_policy(r, job, t, &e);
	} else if (job->what == RELOAD_CHECK || (same_policy(r->now, l) && !r->pending)) {
		if (job->what == RELOAD_APPLY)
			undone_clear(&r->run);
		report(r, job, &(struct report){ .old = r->now, .new = l, .trial = t });
		loaded_close(l);
	} else {
		put_in_force(r, job, t, l);
	}
}

static void begin(struct route *, const struct reload_job *);

static void
on_tried(void *owner, struct trial *t)
{
	struct route *r = owner;
	struct reload_job job = r->job;
	struct loaded *first;
	const char *from;

	r->check = NULL;
	r->job.plane = NULL;
	if (job.first) {
		first = first_choose(r, t, &from);
		take_first(r, first, from);
	} else {
		apply_tried(r, &job, t);
	}
	if (r->again) {
		r->again = false;
		reload_signal(r);
	}
}

/* --- asked --- */

static void
begin(struct route *r, const struct reload_job *job)
{
	struct err e = { .status = 0 };
	struct trial t;

	r->job = *job;
	r->check = check_open(r->loop, r->set->confdir, r->set->check_ms, on_tried, r, &e);
	if (r->check)
		return;
	trial_init(&t);
	t.why = e;
	on_tried(r, &t);
}

static int
may_begin(const struct route *r, const struct reload_job *job, struct err *e)
{
	if (r->check)
		return err_set(e, r->job.first ? "the policy of the start is still being tried" :
		    "a reload is under way: ask again when it is through");
	if (r->pending && job->what == RELOAD_APPLY && !job->confirm_ms)
		return err_set(e, "the policy of generation %u waits %u s more to be confirmed: confirm "
		    "or undo it first, or load with a confirm", (unsigned)r->generation,
		    (unsigned)(reload_left_ms(r) / 1000));
	return 0;
}

static int
confirm(struct route *r, const struct reload_job *job, struct err *e)
{
	struct report about = { .old = r->now, .new = r->now };

	if (!r->pending)
		return err_set(e, "there is nothing to confirm: the policy in force stays, or was undone");
	ev_timer_stop(r->loop, &r->confirm);
	r->pending = false;
	keep_as_good(r);
	undone_clear(&r->run);
	log_policy(r, "policy_confirmed", LOG_LEVEL_INFO, NULL, NULL);
	server_tell(r);		/* the same policy, which has no bound any more */
	report(r, job, &about);
	return 0;
}

/* Told before what is undone goes: the report compares them. */
static int
undo(struct route *r, const struct reload_job *job, struct err *e)
{
	struct report about = { .what = whats[job->what], .generation = r->generation + 1,
	    .old = r->now, .new = r->before, .applied = true };
	struct buf lines;

	if (!r->before)
		return err_set(e, "there is no policy to go back to: none was in force before this one");
	buf_init(&lines, REPORT_MAX);
	report_done(&lines, &about);
	go_back(r, "it was asked for");
	tell(r, job->plane, job->id, true, &lines);
	buf_free(&lines);
	return 0;
}

void
reload_ask(struct route *r, struct plane *p, uint64_t id, const struct reload *what)
{
	struct reload_job job = { .what = what->what, .confirm_ms = what->what == RELOAD_APPLY ?
	    what->confirm_ms : 0, .plane = p, .id = id };
	struct err e = { .status = 0 };
	int done = 0;

	if (!r->now)
		done = err_set(&e, "the policy of the start is still being tried");
	else if (job.what == RELOAD_CONFIRM)
		done = confirm(r, &job, &e);
	else if (job.what == RELOAD_UNDO)
		done = undo(r, &job, &e);
	else if ((done = may_begin(r, &job, &e)) == 0)
		begin(r, &job);
	if (done == -1)
		refuse(r, &job, NULL, &e);
}

void
reload_signal(struct route *r)
{
	struct reload_job job = { .what = RELOAD_APPLY };
	struct err e = { .status = 0 };

	if (r->check)
		r->again = true;	/* what changed meanwhile is not missed */
	else if (may_begin(r, &job, &e) == -1)
		log_event(LOG_LEVEL_WARNING, "reload_refused", "why", e.text, NULL);
	else
		begin(r, &job);
}

void
reload_start(struct route *r)
{
	ev_timer_init(&r->confirm, on_confirm_over, 0., 0.);
	r->confirm.data = r;
	if (first_none(r))
		take_first(r, loaded_none(), NULL);
	else
		begin(r, &(struct reload_job){ .first = true, .what = RELOAD_APPLY });
}

void
reload_forget(struct plane *p)
{
	if (p->route->job.plane == p)
		p->route->job.plane = NULL;
}

void
reload_close(struct route *r)
{
	check_close(r->check);
	ev_timer_stop(r->loop, &r->confirm);
	loaded_close(r->before);
	loaded_close(r->now);
	r->check = NULL;
	r->now = r->before = NULL;
}
