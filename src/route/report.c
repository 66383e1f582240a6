/* report.c - see report.h. */
#include <inttypes.h>
#include <stdio.h>

#include "route/report.h"
#include "wire/json.h"

void
digest_text(const uint8_t digest[32], char to[65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(to + 2 * i, 3, "%02x", digest[i]);
}

void
hooks_text(uint32_t hooks, char to[128])
{
	size_t n = 0;

	strcpy(to, "none");
	for (unsigned h = 0; h < HOOK_COUNT; h++)
		if (hooks & 1u << h)
			n += (size_t)snprintf(to + n, 128 - n, "%s%s", n ? "," : "", hook_name(h));
}

bool
place_of(const char *text, struct str *file, uint32_t *line, const char **rest)
{
	struct str at, tail;
	uint64_t number;
	size_t n;

	*rest = text;
	for (n = strcspn(text, ": "); text[n] == ':'; n += 1 + strcspn(text + n + 1, ": ")) {
		if (!str_split(str(text + n + 1), ':', &at, &tail) ||
		    str_u64(at, UINT32_MAX, &number) == -1 || n == 0)
			continue;
		*file = (struct str){ text, n };
		*line = (uint32_t)number;
		*rest = tail.p + (tail.n && tail.p[0] == ' ');
		return true;
	}
	return false;
}

/* --- the tests --- */

/* "not ok 3 - name # SKIP ...": its result and name; 0: no such line */
static int
tap_line(struct str line, struct str *name)
{
	int result = str_starts(line, STR("ok ")) ? 1 : str_starts(line, STR("not ok ")) ? -1 : 0;

	if (result == 0)
		return 0;
	*name = str_skip(line, result == 1 ? 3 : 7);
	while (name->n && name->p[0] >= '0' && name->p[0] <= '9')
		*name = str_skip(*name, 1);
	if (str_starts(*name, STR(" - ")))
		*name = str_skip(*name, 3);
	return result;
}

struct tests
tests_of(struct str tap)
{
	struct tests t = { 0, 0 };
	struct str line, name;

	for (bool more = true; more; ) {
		int result;

		more = str_split(tap, '\n', &line, &tap);
		result = tap_line(line, &name);
		t.passed += result == 1;
		t.failed += result == -1;
	}
	return t;
}

/* --- lines; one that does not fit is left out whole --- */

struct line { struct buf *b; size_t was; bool full; };

static struct line
line_start(struct buf *b, const char *event)
{
	struct line l = { b, buf_len(b), false };

	l.full = buf_fmt(b, "{\"v\":1,\"event\":\"%s\"", event) == -1;
	return l;
}

static void
add_text(struct line *l, const char *key, struct str value)
{
	l->full = l->full || buf_fmt(l->b, ",\"%s\":", key) == -1 || json_quote(l->b, value) == -1;
}

static void
add_number(struct line *l, const char *key, uint64_t value)
{
	l->full = l->full || buf_fmt(l->b, ",\"%s\":%" PRIu64, key, value) == -1;
}

static void
add_bool(struct line *l, const char *key, bool value)
{
	l->full = l->full || buf_fmt(l->b, ",\"%s\":%s", key, value ? "true" : "false") == -1;
}

static void
line_end(struct line *l)
{
	if (l->full || buf_str(l->b, STR("}\n")) == -1)
		buf_cut(l->b, l->was);
}

static void
add_hooks(struct line *l, uint32_t hooks)
{
	bool first = true;

	l->full = l->full || buf_str(l->b, STR(",\"hooks\":[")) == -1;
	for (unsigned h = 0; h < HOOK_COUNT; h++)
		if (hooks & 1u << h) {
			l->full = l->full || buf_fmt(l->b, "%s\"%s\"", first ? "" : ",", hook_name(h)) == -1;
			first = false;
		}
	l->full = l->full || buf_str(l->b, STR("]")) == -1;
}

static void
add_digest(struct line *l, const char *key, const struct loaded *of)
{
	char hex[65];

	if (!of || of->failed)
		return;
	digest_text(of->digest, hex);
	add_text(l, key, str(hex));
}

static void
add_tests(struct line *l, const struct trial *t)
{
	struct tests n;

	if (!t)
		return;
	n = tests_of(buf_view(&t->tap));
	add_number(l, "tests", n.passed + n.failed);
	add_number(l, "failed", n.failed);
}

static void
each_failure(struct buf *b, struct str tap)
{
	struct str line, name, note, rest;

	for (bool more = true; more; ) {
		struct line l;

		more = str_split(tap, '\n', &line, &tap);
		if (tap_line(line, &name) != -1)
			continue;
		l = line_start(b, "test_failed");
		add_text(&l, "test", name);
		str_split(tap, '\n', &note, &rest);
		if (note.n && note.p[0] == '#')
			add_text(&l, "note", str_trim(str_skip(note, 1)));
		line_end(&l);
	}
}

/* --- rules that came or went --- */

static bool
has_line(struct str all, struct str line)
{
	struct str at;

	for (bool more = all.n > 0; more; ) {
		more = str_split(all, '\n', &at, &all);
		if (str_eq(at, line))
			return true;
	}
	return false;
}

static void
one_rule(struct buf *b, const char *event, struct str rule)
{
	struct str hook, place, name, number;
	struct line l = line_start(b, event);
	uint64_t line = 0;
	size_t n;

	str_split(rule, '\t', &hook, &rule);
	str_split(rule, '\t', &place, &name);
	for (n = place.n; n && place.p[n - 1] != ':'; n--)
		;
	number = str_skip(place, n);
	(void)str_u64(number, UINT32_MAX, &line);
	add_text(&l, "hook", hook);
	add_text(&l, "file", str_head(place, n ? n - 1 : 0));
	add_number(&l, "line", line);
	if (name.n)
		add_text(&l, "rule", name);
	line_end(&l);
}

static void
rules_missing(struct buf *b, const char *event, struct str of, struct str in)
{
	struct str line;

	for (bool more = of.n > 0; more; ) {
		more = str_split(of, '\n', &line, &of);
		if (line.n && !has_line(in, line))
			one_rule(b, event, line);
	}
}

static void
hooks_missing(struct buf *b, const char *event, uint32_t of, uint32_t in)
{
	for (unsigned h = 0; h < HOOK_COUNT; h++)
		if (of & ~in & 1u << h) {
			struct line l = line_start(b, event);

			add_text(&l, "hook", str(hook_name(h)));
			line_end(&l);
		}
}

static struct str
rules_of(const struct loaded *l)
{
	return l ? buf_view(&l->rules) : (struct str){ NULL, 0 };
}

void
report_done(struct buf *b, const struct report *r)
{
	struct line l = line_start(b, "policy");
	uint32_t was = r->old && !r->old->failed ? r->old->hooks : 0;

	add_text(&l, "what", str(r->what));
	add_bool(&l, "done", true);
	add_bool(&l, "changed", r->applied);
	add_number(&l, "generation", r->generation);
	add_digest(&l, "digest", r->new);
	add_digest(&l, "before", r->old);
	add_hooks(&l, r->new->hooks);
	add_tests(&l, r->trial);
	if (r->confirm_ms)
		add_number(&l, "confirm_ms", r->confirm_ms);
	line_end(&l);
	hooks_missing(b, "hook_added", r->new->hooks, was);
	hooks_missing(b, "hook_removed", was, r->new->hooks);
	rules_missing(b, "rule_added", rules_of(r->new), rules_of(r->old));
	rules_missing(b, "rule_removed", rules_of(r->old), rules_of(r->new));
}

void
report_refused(struct buf *b, const struct report *r, const struct err *why)
{
	struct line l = line_start(b, "refused");
	struct str file;
	uint32_t line;
	const char *rest;
	bool placed = place_of(why->text, &file, &line, &rest);

	add_text(&l, "what", str(r->what));
	add_bool(&l, "done", false);
	add_text(&l, "why", str(rest));
	if (placed) {
		add_text(&l, "file", file);
		add_number(&l, "line", line);
	}
	add_number(&l, "generation", r->generation);
	add_digest(&l, "digest", r->old);
	add_tests(&l, r->trial);
	line_end(&l);
	if (r->trial)
		each_failure(b, buf_view(&r->trial->tap));
}
