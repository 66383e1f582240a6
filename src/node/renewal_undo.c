/*
 * renewal_undo.c - what the last reload goes back to: by hand, or by the clock
 * unless it is confirmed in time; policy and all else together.
 *
 * fedx-route has a clock of its own for its part, and on disk what nobody has
 * confirmed yet.  When it was lost, what it has then tells which way it went.
 */
#include "config.h"

#include <string.h>

#include "base/log.h"
#include "node/node.h"

/* --- it is kept --- */

void
renewal_confirmed(struct renewal *r)
{
	timer_drop(&r->node->fabric.wheel, &r->confirm);
	r->pending = r->policy_pending = r->confirming = false;
}

void
renewal_forget(struct renewal *r)
{
	renewal_confirmed(r);
	credentials_close(&r->old.credentials);
	renewal_set_free(r, r->old.set);
	r->old = (struct kept){ .there = false };
}

void
renewal_keep(struct renewal *r, struct settings *set, struct credentials credentials)
{
	struct fabric *f = &r->node->fabric;
	const struct control *c = &r->node->control;
	bool policy = memcmp(r->was, c->digest, sizeof r->was) != 0;

	if (r->pending) {	/* what it goes back to remains the same */
		credentials_close(&credentials);
		renewal_set_free(r, set);
		r->old.policy = r->old.policy || policy;
	} else {
		renewal_forget(r);
		r->old = (struct kept){ .there = true, .policy = policy, .set = set, .credentials = credentials };
		memcpy(r->old.digest, r->was, sizeof r->was);
	}
	memcpy(r->is, c->digest, sizeof r->is);
	r->ours = true;
	if (!r->confirm_ms)
		return;
	r->pending = true;
	r->policy_pending = c->state == CONTROL_UP && c->mark.confirm_ms;
	r->until = mono_add_ms(f->now, r->confirm_ms);
	timer_set(&f->wheel, &r->confirm, f->now, r->confirm_ms);
}

/* --- it goes back --- */

void
renewal_go_back(struct renewal *r)
{
	struct node *n = r->node;
	struct settings *newer = n->set;

	if (!r->old.there)
		return;
	renewal_confirmed(r);
	credentials_close(&n->credentials);
	n->credentials = r->old.credentials;
	n->set = r->old.set;
	memcpy(r->is, r->old.digest, sizeof r->is);
	r->old = (struct kept){ .there = false };
	renewal_set_free(r, newer);
	renewal_use(n);
	renewal_links(r);
	log_event(LOG_LEVEL_WARNING, "reload_undone", "next",
	    "policy, tokens, keys and certificates from before are in force again", NULL);
}

static void
on_unconfirmed(struct wheel *w, struct timer *t)
{
	struct renewal *r = list_of(t, struct renewal, confirm);
	struct control *c = &r->node->control;

	(void)w;
	if (c->state == CONTROL_UP && r->policy_pending && c->mark.confirm_ms)
		control_reload(c, RELOAD_UNDO, 0, 0);
	renewal_go_back(r);
}

/* --- what fedx-route does with its part --- */

void
renewal_hold(struct renewal *r)
{
	if (r->what != RELOAD_CONFIRM && r->what != RELOAD_UNDO)
		return;
	timer_drop(&r->node->fabric.wheel, &r->confirm);
	r->confirming = r->what == RELOAD_CONFIRM;
}

/* It has settled it by itself: by its clock, or before it was lost. */
static void
look(struct renewal *r)
{
	const struct control *c = &r->node->control;

	if (!r->policy_pending || c->state != CONTROL_UP || c->mark.confirm_ms)
		return;
	if (r->confirming && memcmp(c->digest, r->is, sizeof r->is) == 0)
		renewal_confirmed(r);
	else
		renewal_go_back(r);
}

void
renewal_resume(struct renewal *r)
{
	struct fabric *f = &r->node->fabric;

	look(r);
	if (r->pending && !r->confirming)
		timer_set(&f->wheel, &r->confirm, f->now, mono_ms_until(f->now, r->until));
}

void
renewal_policy(struct renewal *r)
{
	look(r);
	if (r->pending || memcmp(r->node->control.digest, r->is, sizeof r->is) == 0)
		return;
	r->ours = false;	/* its own SIGHUP, or another one was started by hand */
	renewal_forget(r);
}

/* --- it was asked for --- */

static void
confirm(struct renewal *r)
{
	const struct control *c = &r->node->control;
	bool up = c->state == CONTROL_UP;

	if (r->policy_pending && !up)
		renewal_put_off(r, "fedx-route is not there to confirm the policy");
	else if (up && c->mark.confirm_ms)
		renewal_ask(r);
	else if (r->pending)
		renewal_done(r);
	else
		renewal_finish(r, false, "there is nothing to confirm: what is in force stays, or was undone");
}

static void
undo(struct renewal *r)
{
	bool up = r->node->control.state == CONTROL_UP, policy = r->old.there ? r->old.policy : !r->ours;

	if (up && policy)
		renewal_ask(r);
	else if (!r->old.there)
		renewal_finish(r, false, "there is nothing to go back to");
	else if (policy)
		renewal_put_off(r, "fedx-route is not there to take the policy back");
	else
		renewal_done(r);
}

void
renewal_confirm_or_undo(struct renewal *r)
{
	if (r->what == RELOAD_CONFIRM)
		confirm(r);
	else
		undo(r);
}

void
renewal_undo_open(struct renewal *r)
{
	timer_init(&r->confirm, on_unconfirmed);
}
