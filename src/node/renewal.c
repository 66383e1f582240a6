/* renewal.c - see renewal.h. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "node/join.h"
#include "node/members.h"
#include "node/node.h"
#include "node/route_child.h"
#include "node/supervisor.h"
#include "wire/json.h"

enum { SETTLE_MS = 20, SETTLED_MS = 5000, REPORT_MAX = 256 * 1024, WORDS_MAX = 8192 };

static const char *const whats[] = {
	[RELOAD_CHECK] = "check", [RELOAD_APPLY] = "apply", [RELOAD_CONFIRM] = "confirm", [RELOAD_UNDO] = "undo",
};

void
renewal_wait(struct renewal *r, enum renewal_step step, uint64_t ms)
{
	struct fabric *f = &r->node->fabric;

	if (r->step != step)
		r->since = f->now;
	r->step = step;
	timer_set(&f->wheel, &r->timer, f->now, ms);
}

static uint64_t
ms_in(const struct renewal *r)
{
	return mono_us_since(r->since, r->node->fabric.now) / 1000;
}

void
renewal_set_free(struct renewal *r, struct settings *s)
{
	if (!s || s == r->boot)
		return;
	settings_free(s);
	free(s);
}

/* --- its end --- */

static void
over(struct renewal *r)
{
	bool again = r->again;

	r->later = r->lost = false;
	timer_drop(&r->node->fabric.wheel, &r->timer);
	renewal_stop(r);
	renewal_set_free(r, r->set);
	credentials_close(&r->credentials);
	r->set = NULL;
	r->step = RENEWAL_NONE;
	r->again = false;
	buf_free(&r->text);
	buf_free(&r->report);
	buf_free(&r->changed);
	buf_free(&r->restart);
	if (again)
		renew_signal(r->node);
}

static void
last_line(struct renewal *r, bool done, const char *why)
{
	const struct credentials *c = &r->node->credentials;
	struct buf *o = &r->report;

	buf_fmt(o, "{\"v\":1,\"event\":\"reload\",\"what\":\"%s\",\"done\":%s", whats[r->what],
	    done ? "true" : "false");
	if (why && *why) {
		buf_str(o, STR(",\"why\":"));
		json_quote(o, str(why));
	}
	if (!done)
		buf_fmt(o, ",\"retry\":%s", r->later ? "true" : "false");
	if (done && r->what != RELOAD_CHECK) {
		buf_fmt(o, ",\"tokens\":%zu,\"keys\":%zu,\"blocked\":%zu,\"certificate\":%s,\"links_checked\":%u,\"links_closed\":%u,"
		    "\"cut\":%" PRIu64, auth_count(c->auth, false), auth_count(c->auth, true),
		    blocked_count(c->blocked), c->server ? "true" : "false", r->links.checked, r->links.closed,
		    r->node->fabric.gate.count.cut - r->links.cut);
	}
	if (done) {
		put_words(o, "settings", buf_view(&r->changed));
		put_words(o, "restart", buf_view(&r->restart));
	}
	if (done && r->pending)
		buf_fmt(o, ",\"confirm_s\":%u", r->confirm_ms / 1000);
	buf_str(o, STR("}\n"));
}

void
renewal_finish(struct renewal *r, bool done, const char *why)
{
	struct node *n = r->node;
	char tokens[24], keys[24], blocked[24], settings[400], restart[400];

	snprintf(tokens, sizeof tokens, "%zu", auth_count(n->credentials.auth, false));
	snprintf(keys, sizeof keys, "%zu", auth_count(n->credentials.auth, true));
	snprintf(blocked, sizeof blocked, "%zu", blocked_count(n->credentials.blocked));
	str_c(str_head(buf_view(&r->changed), buf_len(&r->changed) < 399 ? buf_len(&r->changed) : 399),
	    settings, sizeof settings);
	str_c(str_head(buf_view(&r->restart), buf_len(&r->restart) < 399 ? buf_len(&r->restart) : 399),
	    restart, sizeof restart);
	if (r->what != RELOAD_CHECK && !n->draining)
		supervisor_say("READY=1\nSTATUS=%s%.200s", done ? "reloaded" : "the reload failed: ", done ? "" : why);
	if (r->what == RELOAD_CHECK)
		;
	else if (done)
		log_event(LOG_LEVEL_INFO, "reloaded", "what", r->what == RELOAD_APPLY ? NULL : whats[r->what],
		    "tokens", tokens, "keys", keys, "blocked", blocked, "settings", *settings ? settings : NULL,
		    "restart_for", *restart ? restart : NULL, NULL);
	else
		log_event(LOG_LEVEL_ERROR, "reload_failed", "why", why,
		    "next", "policy, tokens, keys and certificates from before stay in force", NULL);
	last_line(r, done, why);
	if (r->answer) {
		builtin_say(n->builtin, r->answer, buf_view(&r->report));
		builtin_end(n->builtin, r->answer);
	}
	renewal_resume(r);
	over(r);
}

void
renewal_put_off(struct renewal *r, const char *why)
{
	r->later = true;
	renewal_finish(r, false, why);
}

/* --- all of it is good: it is taken --- */

void
renewal_use(struct node *n)
{
	struct settings *s = n->set;

	join_catch_up(s->joining, &n->credentials.own, &n->credentials.fresh);
	n->fabric.limits = s->limits;
	n->fabric.rib.limits = s->routes;
	n->fabric.federation = &s->federation;
	fabric_set_tags(&n->fabric, str(s->announce_tags));
	n->fabric.fib.balance = s->balance;
	n->fabric.gate.limits = s->policy;
	n->links.set = s->link;
	log_open(s->role == ROLE_HUB ? "fedx-hub" : "fedx-leaf", (enum log_format)s->log_format,
	    (enum log_level)s->log_level, s->daemon);
	node_use_credentials(n);
	succeed_reloaded();
	if (n->draining)
		drain_renewed(n);
}

/* What waits for another reason than that somebody has paused it. */
static void
retry(struct uplink *u)
{
	if (u->state != UPLINK_PAUSED && !u->drains)
		uplink_retry(u);
}

void
renewal_links(struct renewal *r)
{
	struct node *n = r->node;

	r->links.closed = links_check_grants(&n->links, &r->links.checked);
	r->links.closed += links_check_clusters(&n->links);
	if (n->draining)	/* nobody is told, or dialled, any more */
		return;
	route_renew(&n->fabric);	/* after that: who goes is told nothing more */
	list_each(at, &n->links.uplinks)
		retry(list_of(at, struct uplink, place));
}

static void
settle(struct renewal *r)
{
	renewal_links(r);
	renewal_wait(r, RENEWAL_SETTLING, 0);
}

static void
take(struct renewal *r)
{
	struct node *n = r->node;
	struct settings *old_set = n->set;
	struct credentials old = n->credentials;

	settings_adopt(r->set, old_set, r->boot, &r->changed, &r->restart);
	n->set = r->set;
	n->credentials = r->credentials;
	r->set = NULL;
	r->credentials = (struct credentials){ .auth = NULL };
	renewal_use(n);
	renewal_keep(r, old_set, old);
	settle(r);
}

/* --- fedx-route --- */

/* Settings and credentials are good; does fedx-route take the policy? */
void
renewal_ask(struct renewal *r)
{
	struct node *n = r->node;
	struct control *c = &n->control;
	bool wanted = !c->stopping && (c->conn || control_expected(n) || n->fabric.gate.hooks);

	if (!r->lost)
		memcpy(r->was, c->digest, sizeof r->was);
	if (c->state == CONTROL_UP) {
		r->id++;
		r->generation = 0;
		renewal_wait(r, RENEWAL_ASKING, CONTROL_RELOAD_MS);
		renewal_hold(r);
		control_reload(c, r->what, r->confirm_ms, r->id);
	} else if (wanted && r->what == RELOAD_CHECK) {
		renewal_put_off(r, "fedx-route is not there to try the policy");
	} else if (wanted) {
		renewal_wait(r, RENEWAL_STARTING, CONTROL_START_MS);
		control_look(c);
	} else {
		renewal_done(r);
	}
}

void
renewal_done(struct renewal *r)
{
	switch (r->what) {
	case RELOAD_CHECK:	/* what it would change */
		settings_adopt(r->set, r->node->set, r->boot, &r->changed, &r->restart);
		renewal_finish(r, true, NULL);
		break;
	case RELOAD_APPLY:
		take(r);
		break;
	case RELOAD_CONFIRM:
		renewal_confirmed(r);
		renewal_finish(r, true, NULL);
		break;
	case RELOAD_UNDO:
		if (r->old.there) {
			settings_changed(r->old.set, r->node->set, &r->changed);
			renewal_go_back(r);
		} else {
			renewal_links(r);
		}
		renewal_wait(r, RENEWAL_SETTLING, 0);
	}
}

/* What was asked for may have been done before it was lost. */
static void
found_again(struct renewal *r)
{
	const struct control *c = &r->node->control;
	bool changed = memcmp(c->digest, r->was, sizeof r->was) != 0;

	if (r->what == RELOAD_CONFIRM && !c->mark.confirm_ms && changed)
		renewal_finish(r, false, "fedx-route was lost meanwhile, and what nobody had confirmed is undone");
	else if (r->what == RELOAD_CONFIRM ? !c->mark.confirm_ms : r->what == RELOAD_UNDO && changed)
		renewal_done(r);
	else
		renewal_ask(r);
}

/* The first line of its report has it: "policy.lua:12: ..." */
static void
why_of(struct str report, char to[240])
{
	struct str line, rest, file, why, number;
	struct json_fault fault;

	str_split(report, '\n', &line, &rest);
	snprintf(to, 240, "fedx-route refused it");
	if (json_check(line, 16, &fault) == -1 || !json_text_plain(json_member(line, "why"), &why))
		return;
	number = json_member(line, "line");
	if (json_text_plain(json_member(line, "file"), &file))
		snprintf(to, 240, "%.*s:%.*s: %.*s", file.n > 60 ? 60 : (int)file.n, file.p,
		    number.n > 10 ? 10 : (int)number.n, number.n ? number.p : "",
		    why.n > 150 ? 150 : (int)why.n, why.p);
	else
		snprintf(to, 240, "%.*s", why.n > 230 ? 230 : (int)why.n, why.p);
}

void
renew_answered(struct node *n, uint64_t id, const struct reloaded *done)
{
	struct renewal *r = &n->renewal;
	char why[240];

	if (r->step != RENEWAL_ASKING || id != r->id)
		return;
	buf_str(&r->report, done->report);
	if (!done->done) {
		why_of(done->report, why);
		r->confirming = false;
		renewal_finish(r, false, why);
		return;
	}
	/* its POLICY may be on its way behind this */
	r->generation = done->generation;
	if (r->what == RELOAD_CHECK || n->control.mark.generation >= r->generation)
		renewal_done(r);
	else
		timer_set(&n->fabric.wheel, &r->timer, n->fabric.now, CONTROL_DEAD_MS);
}

void
renew_policy(struct node *n)
{
	struct renewal *r = &n->renewal;

	if (r->step == RENEWAL_STARTING) {
		found_again(r);
	} else if (r->step == RENEWAL_ASKING) {
		if (r->generation && n->control.mark.generation >= r->generation)
			renewal_done(r);
	} else {
		renewal_policy(r);
	}
}

/* Another one will say how far it has come. */
void
renew_lost(struct node *n)
{
	struct renewal *r = &n->renewal;

	if (r->step != RENEWAL_ASKING)
		return;
	if (r->what == RELOAD_CHECK || r->lost) {
		renewal_finish(r, false, "fedx-route was lost meanwhile");
		return;
	}
	r->lost = true;
	renewal_wait(r, RENEWAL_STARTING, CONTROL_START_MS);
}

bool
renew_waits(const struct node *n)
{
	return n->renewal.step == RENEWAL_ASKING;
}

/* --- the settings file --- */

void
renewal_text(struct renewal *r, struct str text)
{
	struct err e = { .status = 0 };
	struct settings *s = malloc(sizeof *s);

	if (!s) {
		renewal_finish(r, false, "no memory");
		return;
	}
	if (settings_build(s, r->boot->role, text, r->arguments, &e) == -1) {
		free(s);
		renewal_finish(r, false, e.text);
		return;
	}
	r->set = s;
	if (credentials_open(&r->credentials, s, r->node->tls_sessions.all, r->node->roster, &e) == -1) {
		renewal_finish(r, false, e.text);
		return;
	}
	renewal_ask(r);
}

/* --- asked for --- */

/* What it would still do is not to come later, by itself. */
static void
unanswered(struct renewal *r)
{
	bool check = r->what == RELOAD_CHECK;

	renewal_put_off(r, "fedx-route does not answer");
	if (!check)
		control_stuck(&r->node->control, "it does not answer a reload");
}

static void
settled(struct renewal *r)
{
	bool undone = r->what == RELOAD_APPLY && r->confirm_ms && !r->pending;

	renewal_finish(r, !undone, undone ? "it was undone again: nobody has confirmed it in time, or "
	    "fedx-route was lost" : NULL);
}

static void
on_timer(struct wheel *w, struct timer *t)
{
	struct renewal *r = list_of(t, struct renewal, timer);

	(void)w;
	switch (r->step) {
	case RENEWAL_NONE:
		break;
	case RENEWAL_READING:
		renewal_finish(r, false, "the settings were not read within 10 s: is there a loop?");
		break;
	case RENEWAL_STARTING:
		renewal_put_off(r, "fedx-route does not start");
		break;
	case RENEWAL_ASKING:
		unanswered(r);
		break;
	case RENEWAL_SETTLING:
		if (gate_settled(&r->node->fabric) || ms_in(r) >= SETTLED_MS)
			settled(r);
		else
			renewal_wait(r, RENEWAL_SETTLING, SETTLE_MS);
	}
}

int
renew_begin(struct node *n, enum reload_what what, uint32_t confirm_ms, uint64_t answer)
{
	struct renewal *r = &n->renewal;

	if (r->step != RENEWAL_NONE)
		return -1;
	r->what = what;
	r->confirm_ms = confirm_ms;
	r->answer = answer;
	r->links.checked = r->links.closed = 0;
	r->links.cut = n->fabric.gate.count.cut;
	if (what != RELOAD_CHECK && !n->draining)	/* who drains is not whom it watches */
		supervisor_reloading();
	renewal_wait(r, RENEWAL_READING, SETTINGS_MS);
	if (what == RELOAD_APPLY && r->pending && !confirm_ms)
		renewal_finish(r, false, "the last reload waits to be confirmed: confirm or undo it first");
	else if (what == RELOAD_CONFIRM || what == RELOAD_UNDO)
		renewal_confirm_or_undo(r);
	else
		renewal_read(r);
	return 0;
}

void
renew_signal(struct node *n)
{
	if (renew_begin(n, RELOAD_APPLY, 0, 0) == -1)
		n->renewal.again = true;	/* what changed meanwhile is not missed */
}

bool
renew_busy(const struct node *n)
{
	return n->renewal.step != RENEWAL_NONE;
}

void
renew_open(struct renewal *r, struct node *n, struct arguments a)
{
	*r = (struct renewal){ .node = n, .arguments = a, .out = -1, .boot = n->set };
	timer_init(&r->timer, on_timer);
	renewal_undo_open(r);
	buf_init(&r->text, SETTINGS_TEXT_MAX);
	buf_init(&r->report, REPORT_MAX);
	buf_init(&r->changed, WORDS_MAX);
	buf_init(&r->restart, WORDS_MAX);
}

void
renew_close(struct renewal *r)
{
	if (!r->node)
		return;
	r->again = false;
	if (r->step != RENEWAL_NONE) {
		r->answer = 0;
		over(r);
	}
	renewal_forget(r);
	r->node->fabric.federation = &r->boot->federation;
	renewal_set_free(r, r->node->set);
	r->node->set = r->boot;
}
