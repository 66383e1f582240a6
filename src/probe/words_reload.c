/* words_reload.c - see words.h: what a reload did, or why it did not. */
#include <stdio.h>

#include "probe/words.h"
#include "wire/json.h"

static bool
is_true(struct str object, const char *name)
{
	bool yes = false;

	return json_bool(json_member(object, name), &yes) == 0 && yes;
}

static bool
says(struct str object, const char *name, const char *text)
{
	return strcmp(word(object, name).c, text) == 0;
}

static int
say_policy(struct str o, struct buf *to)
{
	struct word hooks = word(o, "hooks"), tests = word(o, "tests");
	bool same = strcmp(word(o, "digest").c, word(o, "before").c) == 0;
	const char *now = is_true(o, "changed") ? "in force" : "unchanged";

	if (says(o, "what", "check"))
		now = same ? "good, and in force already" : "good, not taken";
	else if (says(o, "what", "confirm"))
		now = "kept";
	buf_fmt(to, "policy: %s, generation %s", now, word(o, "generation").c);
	if (hooks.c[0])
		buf_fmt(to, ", hooks %s", hooks.c);
	if (tests.c[0] && strcmp(tests.c, "0") != 0)
		buf_fmt(to, ", %s tests passed", tests.c);
	return buf_str(to, STR("\n"));
}

/* "hook_added", "rule_removed" ... */
static int
say_change(struct str o, struct str event, struct buf *to)
{
	struct word rule = word(o, "rule");

	buf_fmt(to, "%c ", str_ends(event, STR("_added")) ? '+' : '-');
	if (str_starts(event, STR("hook_")))
		return buf_fmt(to, "hook %s\n", word(o, "hook").c);
	buf_fmt(to, "rule %s%s", rule.c, rule.c[0] ? " " : "");
	words_place(o, to);
	return buf_fmt(to, " (%s)\n", word(o, "hook").c);
}

static int
say_end(struct str o, struct buf *to)
{
	struct word what = word(o, "what"), settings = word(o, "settings"), restart = word(o, "restart"),
	    confirm = word(o, "confirm_s"), closed = word(o, "links_closed"), cut = word(o, "cut");

	if (settings.c[0])
		buf_fmt(to, "settings: %s\n", settings.c);
	if (restart.c[0])
		buf_fmt(to, "after a restart: %s\n", restart.c);
	if (closed.c[0])
		buf_fmt(to, "links: %s checked, %s closed, %s conversations cut\n",
		    word(o, "links_checked").c, closed.c, cut.c);
	if (strcmp(what.c, "apply") == 0 && confirm.c[0])
		return buf_fmt(to, "in force for %s s, then undone, unless you say: fedx-probe confirm\n", confirm.c);
	return buf_fmt(to, "%s\n", strcmp(what.c, "check") == 0 ? "checked: nothing was changed" :
	    strcmp(what.c, "confirm") == 0 ? "confirmed" :
	    strcmp(what.c, "undo") == 0 ? "undone: what was in force before is in force again" : "reloaded");
}

/* The place first, if its note begins with it. */
static int
say_failure(struct str o, struct buf *to)
{
	struct word test = word(o, "test"), note = word(o, "note");
	struct str place = str(note.c);

	if (!str_starts(place, STR("failed at ")))
		return buf_fmt(to, "test failed: %s%s%s\n", test.c, note.c[0] ? ": " : "", note.c);
	place = str_skip(place, strlen("failed at "));
	return buf_fmt(to, "%.*s: test failed: %s\n", STR_FMT(place), test.c);
}

int
words_report(struct str o, struct buf *to)
{
	struct word event = word(o, "event");

	if (strcmp(event.c, "policy") == 0)
		return say_policy(o, to);
	if (str_ends(str(event.c), STR("_added")) || str_ends(str(event.c), STR("_removed")))
		return say_change(o, str(event.c), to);
	if (strcmp(event.c, "reload") == 0 && is_true(o, "done"))
		return say_end(o, to);
	return strcmp(event.c, "test_failed") == 0 ? say_failure(o, to) : 0;
}

/* "fedx.lua:12: ..." */
static bool
has_place(struct str text)
{
	struct str file, line, rest;
	uint64_t number;

	return str_split(text, ':', &file, &rest) && file.n && !memchr(file.p, ' ', file.n) &&
	    str_split(rest, ':', &line, &rest) && str_u64(line, UINT32_MAX, &number) == 0;
}

void
words_refusal(struct refusal *r, struct str o)
{
	struct word why = word(o, "why");
	struct buf place;

	if (says(o, "event", "refused")) {
		buf_init(&place, 2 * WORD_MAX);
		words_place(o, &place);
		err_set(&r->why, "%.*s%s%s", STR_FMT(buf_view(&place)), buf_len(&place) ? ": " : "", why.c);
		buf_free(&place);
	} else if (says(o, "event", "reload")) {
		r->over = true;
		r->done = is_true(o, "done");
		r->later = is_true(o, "retry");
		if (!r->done && !r->why.text[0])
			err_set(&r->why, "%s", why.c);
	}
	r->placed = has_place(str(r->why.text));
}
