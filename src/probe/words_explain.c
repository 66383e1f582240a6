/* words_explain.c - see words.h: the steps of an explanation, and what they come to. */
#include <stdio.h>

#include "base/errors.h"
#include "probe/probe.h"
#include "probe/words.h"
#include "wire/json.h"

static bool
is(const struct word *w, const char *text)
{
	return strcmp(w->c, text) == 0;
}

/* "mail/send"; "bob@home, method send" */
static void
goal_text(struct str step, struct buf *to)
{
	struct word at = word(step, "to"), subject = word(step, "subject");

	if (!at.c[0])
		buf_str(to, str(subject.c));
	else if (!subject.c[0] || is(&subject, "/"))
		buf_str(to, str(at.c));
	else
		buf_fmt(to, "%s, %s", at.c, subject.c);
}

static void
origin_text(struct str step, struct buf *to)
{
	struct word from = word(step, "from"), peer = word(step, "peer");

	buf_fmt(to, "from %s, handed in by %s", from.c[0] ? from.c : "nobody in particular",
	    is(&peer, "client") ? "a client" : peer.c);
}

/* "rule closed, policy.lua:12"; "the default" */
static void
rule_text(struct str step, struct buf *to)
{
	struct word rule = word(step, "rule");

	if (!json_member(step, "file").n) {
		buf_str(to, STR("the default"));
		return;
	}
	if (rule.c[0])
		buf_fmt(to, "rule %s, ", rule.c);
	words_place(step, to);
}

/* "service origin, to under *@home.net: no" */
static void
read_text(struct str step, struct buf *to)
{
	struct word fields = word(step, "read");

	buf_str(to, str(fields.c));
	words_tests(step, fields.c[0] ? ", " : "", to);
}

/* What it made of the message: "via m, to x@y" */
static void
change_text(struct str step, struct buf *to)
{
	static const char *const names[] = { "via", "to", "subject", "limit" };
	const char *gap = "";

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (json_member(step, names[i]).n) {
			buf_fmt(to, "%s%s %s", gap, names[i], word(step, names[i]).c);
			gap = ", ";
		}
}

/* --- cells --- */

static int
cell(struct buf *to, const char *name, void (*text)(struct str, struct buf *), struct str step)
{
	struct buf b;
	int r;

	buf_init(&b, 8 * WORD_MAX);
	text(step, &b);
	r = buf_fmt(to, ",\"%s\":", name) | json_quote(to, buf_view(&b));
	buf_free(&b);
	return r;
}

static int
cell_word(struct buf *to, const char *name, struct word w)
{
	return buf_fmt(to, ",\"%s\":", name) | json_quote(to, str(w.c));
}

static void
place_text(struct str step, struct buf *to)
{
	words_place(step, to);
}

int
words_cells(struct str step, struct buf *to)
{
	struct word what = word(step, "step"), chosen = word(step, "chosen"), why = word(step, "why");
	int r = buf_str(to, STR("{\"v\":1")) | cell_word(to, "node", word(step, "node")) |
	    cell_word(to, "step", what);

	if (is(&what, "question")) {
		r |= cell(to, "name", goal_text, step) | cell(to, "why", origin_text, step);
	} else if (is(&what, "policy")) {
		r |= cell_word(to, "verdict", word(step, "verdict")) | cell(to, "name", change_text, step) |
		    cell_word(to, "rule", word(step, "rule")) | cell(to, "place", place_text, step) |
		    cell_word(to, "why", why.c[0] ? why : word(step, "reason")) | cell(to, "read", read_text, step);
	} else if (is(&what, "instance")) {
		r |= cell_word(to, "verdict", is(&chosen, "true") ? (struct word){ "chosen" } : (struct word){ "lost" }) |
		    cell_word(to, "name", word(step, "link")) | cell_word(to, "why", why);
	} else if (is(&what, "link")) {
		r |= cell_word(to, "verdict", word(step, "state")) | cell_word(to, "name", word(step, "name")) |
		    cell_word(to, "why", why);
	} else if (is(&what, "route")) {
		r |= cell_word(to, "verdict", word(step, json_member(step, "error").n ? "error" : "goes")) |
		    cell_word(to, "name", word(step, "next")) | cell_word(to, "why", why);
	} else {
		r |= cell_word(to, "verdict", word(step, "result")) | cell_word(to, "why", why);
	}
	return r | buf_str(to, STR("}\n"));
}

/* --- sentences --- */

/* With its beginning, if there is anything to say. */
static void
clause(struct buf *to, const char *begin, void (*text)(struct str, struct buf *), struct str step)
{
	struct buf b;

	buf_init(&b, 8 * WORD_MAX);
	text(step, &b);
	if (buf_len(&b)) {
		buf_str(to, str(begin));
		buf_str(to, buf_view(&b));
	}
	buf_free(&b);
}

static void
say_policy(struct str step, struct buf *to)
{
	struct word verdict = word(step, "verdict"), why = word(step, "why"), reason = word(step, "reason"),
	    error = word(step, "error");

	buf_fmt(to, "policy: %s, by ", is(&verdict, "default") ? "no opinion" : verdict.c);
	rule_text(step, to);
	if (error.c[0] && !is(&error, "denied"))
		buf_fmt(to, ", as %s", error.c);
	clause(to, ", ", change_text, step);
	if (reason.c[0] || why.c[0])
		buf_fmt(to, ": %s", reason.c[0] ? reason.c : why.c);
	clause(to, "; it read ", read_text, step);
}

static void
say_route(struct str step, struct buf *to)
{
	struct word goes = word(step, "goes"), next = word(step, "next"), error = word(step, "error");

	if (error.c[0])
		buf_fmt(to, "route: none, %s", error.c);
	else if (is(&goes, "waits"))
		buf_str(to, STR("route: it waits for an instance"));
	else if (is(&goes, "node"))
		buf_str(to, STR("route: to the node itself"));
	else if (is(&goes, "client"))
		buf_fmt(to, "route: to %s, attached here", next.c[0] ? next.c : "a client");
	else
		buf_fmt(to, "route: to %s, by %s", next.c, is(&goes, "uplink") ? "the uplink" : "its link");
}

int
words_step(struct str step, struct buf *to)
{
	struct word what = word(step, "step"), why = word(step, "why"), chosen = word(step, "chosen");

	buf_fmt(to, "%s: ", word(step, "node").c);
	if (is(&what, "question")) {
		buf_str(to, STR("request for "));
		goal_text(step, to);
		buf_str(to, STR(", "));
		origin_text(step, to);
	} else if (is(&what, "policy")) {
		say_policy(step, to);
		why.c[0] = '\0';
	} else if (is(&what, "instance")) {
		struct word link = word(step, "link"), origin = word(step, "origin");

		if (origin.c[0] && strcmp(origin.c, link.c) != 0)
			buf_fmt(to, "instance of %s by %s: %s", origin.c, link.c,
			    is(&chosen, "true") ? "chosen" : "not chosen");
		else
			buf_fmt(to, "instance %s%s: %s", is(&link, "client") ? "attached here" : "at ",
		    is(&link, "client") ? "" : link.c, is(&chosen, "true") ? "chosen" : "not chosen");
	} else if (is(&what, "route")) {
		say_route(step, to);
	} else if (is(&what, "link")) {
		buf_fmt(to, "link %s: %s", word(step, "name").c, word(step, "state").c);
	} else if (is(&what, "end")) {
		buf_fmt(to, "end: %s", word(step, "result").c);
	} else {
		buf_fmt(to, "%s", what.c);
	}
	return why.c[0] ? buf_fmt(to, ": %s\n", why.c) : buf_str(to, STR("\n"));
}

int
words_decision(struct str object, struct buf *to)
{
	struct word reason = word(object, "reason"), hook = word(object, "hook");

	buf_fmt(to, "%s %s: %s, by ", word(object, "time").c, word(object, "decision").c, word(object, "error").c);
	rule_text(object, to);
	buf_fmt(to, " (%s)%s%s; ", hook.c, reason.c[0] ? ": " : "", reason.c);
	goal_text(object, to);
	buf_str(to, STR(", "));
	origin_text(object, to);
	return buf_str(to, STR("\n"));
}

/* --- what it comes to --- */

static void
denied(struct outcome *o, struct str step)
{
	struct word reason = word(step, "reason"), error = word(step, "error");
	struct buf b;

	buf_init(&b, 8 * WORD_MAX);
	buf_fmt(&b, "%s: ", error.c);
	rule_text(step, &b);
	buf_fmt(&b, " at %s%s%s", word(step, "node").c, reason.c[0] ? ": " : "", reason.c);
	snprintf(o->denial, sizeof o->denial, "%.*s", STR_FMT(buf_view(&b)));
	buf_free(&b);
}

void
words_outcome(struct outcome *o, struct str step)
{
	struct word what = word(step, "step"), verdict = word(step, "verdict"), result = word(step, "result"),
	    why = word(step, "why"), node = word(step, "node");

	if (is(&what, "policy") && is(&verdict, "deny")) {
		denied(o, step);
	} else if (is(&what, "route")) {
		snprintf(o->error, sizeof o->error, "%.60s", word(step, "error").c);
	} else if (is(&what, "end")) {
		o->end = OUTCOME_NO;
		if (is(&result, "delivered") || is(&result, "waits")) {
			o->end = OUTCOME_GOES;
			o->status = EXIT_YES;
		} else if (is(&result, "denied")) {
			o->status = EXIT_DENIED;
			memcpy(o->text, o->denial, sizeof o->text);
		} else if (is(&result, "no_route")) {
			o->status = error_row(error_named(o->error, strlen(o->error)))->exit;
			snprintf(o->text, sizeof o->text, "%.60s at %.60s: %.100s", o->error, node.c, why.c);
		} else {
			o->status = EXIT_LATER;
			snprintf(o->text, sizeof o->text, "not known at %.60s: %.150s", node.c, why.c);
		}
	}
}
