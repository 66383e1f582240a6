/* node-decided.c - a rule keeps its number for as long as it stands where it stands; the last denials are kept, cut, and no more of them. */
#include <stdio.h>
#include <stdlib.h>

#include "node/decided.h"
#include "tap.h"

static struct rulebook book;

static int
told(uint32_t generation, uint32_t number, uint32_t line, const char *name)
{
	struct rule_mark m = { .generation = generation, .number = number, .hook = HOOK_ROUTE, .line = line,
	    .file = STR("policy.lua"), .name = str(name) };

	return rulebook_told(&book, &m);
}

static void
test_numbers(void)
{
	uint32_t a, b;

	told(1, 1, 10, "a");
	told(1, 2, 20, "");
	is_int(rulebook_ours(&book, 1), 0, "what is told holds only with its policy");
	rulebook_policy(&book, 1);
	a = rulebook_ours(&book, 1);
	b = rulebook_ours(&book, 2);
	ok(a && b && a != b, "two rules have two numbers");
	is_int(rulebook_place(&book, b)->line, 20, "each with its line");
	is_str(str(rulebook_place(&book, a)->name), "a", "and its name");
	is_str(str(rulebook_place(&book, a)->file), "policy.lua", "and its file");
	is_int(rulebook_ours(&book, 0), 0, "0 is the default");
	is_int(rulebook_ours(&book, 3), 0, "what was not told has no number");
	ok(!rulebook_place(&book, 0) && !rulebook_place(&book, 99), "and no place");
	told(1, 3, 30, "late");
	is_int(rulebook_place(&book, rulebook_ours(&book, 3))->line, 30, "one that is told later is known at once");

	told(2, 1, 20, "");		/* the same line, another number */
	is_int(rulebook_ours(&book, 1), a, "while another policy is told the old numbers hold");
	rulebook_policy(&book, 2);
	is_int(rulebook_ours(&book, 1), b, "a rule that stands where it stood has its number still");
	is_int(rulebook_place(&book, a)->line, 10, "one that is gone is known still, for flows of before");
	rulebook_policy(&book, 3);
	is_int(rulebook_ours(&book, 1), 0, "a policy without rules has none");
	rulebook_forget_numbers(&book);
	told(1, 1, 10, "a");
	rulebook_policy(&book, 1);
	is_int(rulebook_ours(&book, 1), a, "another fedx-route begins anew, and the number is the same");
	ok(told(1, 0, 1, "") == -1 && told(1, RULES_MAX + 1, 1, "") == -1, "numbers have bounds");
}

static void
test_full(void)
{
	uint32_t generation = 100, failed = 0;

	for (uint32_t line = 0; line < 3 * RULES_MAX; line++) {
		uint32_t n = line % 1000 + 1;

		if (n == 1)
			generation++;
		failed += told(generation, n, 1000 + line, "") == -1;
		if (n == 1000)
			rulebook_policy(&book, generation);
	}
	is_int(failed, 0, "rules of policies that are gone make room");
	ok(book.count <= RULES_MAX, "and there are never more than so many (%u)", book.count);
	is_int(rulebook_place(&book, rulebook_ours(&book, 1))->generation, book.now.generation,
	    "those of now are there");
	rulebook_free(&book);
}

static void
test_decisions(void)
{
	struct decisions ds = { .ring = NULL };
	struct question q = { .hook = HOOK_ROUTE, .to = STR("x@y") };
	static char long_text[5000];
	const struct decision *d;
	unsigned seen = 0;

	ok(!decisions_last(&ds), "there is none at first");
	memset(long_text, 'a', sizeof long_text - 1);
	q.from = q.subject = str(long_text);
	for (uint64_t i = 1; i <= 3000; i++)
		decisions_add(&ds, i, STR("peer"), &q, 7, E_denied, str(long_text));
	d = decisions_last(&ds);
	is_int(d->number, 3000, "the last one is the last one");
	is_int(d->rule, 7, "with its rule");
	is_str(str(d->to), "x@y", "and what it was about");
	ok(strlen(d->from) > 50 && strlen(d->from) < 200 && strlen(d->reason) < 200, "long names are cut");
	for (int i = 0; i < DECISIONS_MAX; i++)
		seen += ds.ring[i].number > 3000 - DECISIONS_MAX;
	is_int(seen, DECISIONS_MAX, "the last so many are kept");
	decisions_free(&ds);
	ok(!decisions_last(&ds), "and gone when freed");
}

int
main(void)
{
	test_numbers();
	test_full();
	test_decisions();
	return done();
}
