/* words.c - see words.h: flows, rules and the state of a policy as cells. */
#include "bus/client.h"
#include "probe/table.h"
#include "probe/words.h"
#include "wire/json.h"

struct word
word(struct str object, const char *member)
{
	struct word w = { "" };
	struct buf text;

	buf_init(&text, 64 * 1024);
	value_text(json_member(object, member), &text);
	bus_text(buf_view(&text), w.c, sizeof w.c);
	buf_free(&text);
	return w;
}

int
words_place(struct str object, struct buf *to)
{
	struct word file = word(object, "file");

	return file.c[0] ? buf_fmt(to, "%s:%s", file.c, word(object, "line").c) : 0;
}

void
words_tests(struct str object, const char *gap, struct buf *to)
{
	struct str tests = json_member(object, "tests"), test;

	for (; json_next_element(&tests, &test); gap = ", ")
		buf_fmt(to, "%s%s %s %s: %s", gap, word(test, "field").c, word(test, "op").c,
		    word(test, "what").c, strcmp(word(test, "holds").c, "true") == 0 ? "yes" : "no");
}

/* --- an object out of another --- */

static int
member_copy(struct buf *to, const char *name, struct str value)
{
	return value.n ? buf_fmt(to, ",\"%s\":%.*s", name, STR_FMT(value)) : 0;
}

static int
member_place(struct buf *to, struct str object)
{
	struct buf place;
	int r;

	buf_init(&place, 2 * WORD_MAX);
	words_place(object, &place);
	r = buf_str(to, STR(",\"place\":")) | json_quote(to, buf_view(&place));
	buf_free(&place);
	return r;
}

static int
member_seconds(struct buf *to, const char *name, struct str ms)
{
	uint64_t n;

	return json_u64(ms, UINT64_MAX, &n) == -1 ? 0 :
	    buf_fmt(to, ",\"%s\":%llu", name, (unsigned long long)(n / 1000));
}

/* "service=mail, to under *@home.net: no" */
static void
when_text(struct str object, struct buf *to)
{
	struct str rest = json_member(object, "when"), name, value;
	const char *gap = "";

	for (; json_next_member(&rest, &name, &value); gap = ", ") {
		buf_str(to, str(gap));
		value_text(name, to);
		buf_str(to, STR("="));
		value_text(value, to);
	}
	words_tests(object, gap, to);
}

int
words_flow(struct str object, struct buf *to)
{
	static const char *const same[] = { "verdict", "rule", "hits", "error", "reason", "via", "to", "subject" };
	struct buf when;
	int r;

	buf_init(&when, 64 * 1024);
	when_text(object, &when);
	r = buf_str(to, STR("{\"when\":")) |
	    json_quote(to, buf_len(&when) ? buf_view(&when) : STR("always"));
	buf_free(&when);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		r |= member_copy(to, same[i], json_member(object, same[i]));
	r |= member_place(to, object);
	r |= member_seconds(to, "age_s", json_member(object, "age_ms"));
	r |= member_seconds(to, "left_s", json_member(object, "left_ms"));
	return r | buf_str(to, STR("}\n"));
}

int
words_rule(struct str object, struct buf *to)
{
	static const char *const same[] = { "number", "hook", "rule", "verdicts", "hits" };
	int r = buf_str(to, STR("{\"v\":1"));

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		r |= member_copy(to, same[i], json_member(object, same[i]));
	return r | member_place(to, object) | buf_str(to, STR("}\n"));
}

int
words_policy(struct str object, struct buf *to)
{
	struct str rest = object, name, value;
	int r = 0;

	while (json_next_member(&rest, &name, &value))
		if (!str_is(name, "\"v\""))
			r |= buf_fmt(to, "{\"name\":%.*s,\"value\":%.*s}\n", STR_FMT(name), STR_FMT(value));
	return r;
}
