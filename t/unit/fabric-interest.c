/* fabric-interest.c - an event reaches the patterns that cover its path, and no other, whatever they are. */
#include <stdio.h>
#include <stdlib.h>

#include "fabric/fib.h"
#include "tap.h"

enum { PATTERNS = 60, ROUNDS = 400, PATHS = 20 };

static struct fib fib;
static struct port port;
static uint64_t seed;

static struct claim *
want(const char *pattern)
{
	return fib_add(&fib, &port, NULL, &(struct announcement){ .family = FAMILY_INTEREST,
	    .name = str(pattern), .weight = 100, .hops = 16 });
}

static void
begin(void)
{
	fib_init(&fib);
	port = (struct port){ .kind = PORT_CLIENT };
	list_init(&port.claims);
}

static bool
found(const char *path, const char *pattern)
{
	for (struct interested *n = interest_match(&fib.interest, str(path)); n; n = n->also)
		if (str_is(name_text(n->name), pattern))
			return true;
	return false;
}

static unsigned
count(const char *path)
{
	unsigned many = 0;

	for (struct interested *n = interest_match(&fib.interest, str(path)); n; n = n->also)
		many++;
	return many;
}

/* As plain as can be: the definition, by recursion. */
static bool
covers(struct str pattern, bool more_p, struct str path, bool more)
{
	struct str want_, have, p, s;
	bool further, longer;

	if (!more_p)
		return !more;
	further = str_split(pattern, '/', &want_, &p);
	if (str_is(want_, "**") && covers(p, further, path, more))
		return true;
	if (!more)
		return false;
	longer = str_split(path, '/', &have, &s);
	if (str_is(want_, "**"))
		return covers(pattern, more_p, s, longer);
	return (str_is(want_, "*") || str_eq(want_, have)) && covers(p, further, s, longer);
}

static bool
naive(const char *pattern, const char *path)
{
	return covers(str(pattern + 1), true, str(path + 1), true);
}

static void
cases(void)
{
	static const struct { const char *what, *pattern, *path; bool covers; } table[] = {
		{ "a path covers itself", "/a/b", "/a/b", true },
		{ "and nothing below it", "/a/b", "/a/b/c", false },
		{ "nor above", "/a/b", "/a", false },
		{ "nor what only begins like it", "/a/b", "/a/bc", false },
		{ "* is one segment", "/a/*", "/a/b", true },
		{ "not two", "/a/*", "/a/b/c", false },
		{ "and not none", "/a/*", "/a", false },
		{ "** is many", "/a/**", "/a/b/c/d", true },
		{ "also none", "/a/**", "/a", true },
		{ "but not something else", "/a/**", "/b", false },
		{ "/** is everything", "/**", "/a/b", true },
		{ "** in the middle", "/a/**/z", "/a/b/c/z", true },
		{ "as none", "/a/**/z", "/a/z", true },
		{ "and then the end must be right", "/a/**/z", "/a/z/b", false },
		{ "** twice", "/**/b/**/d", "/a/b/c/d", true },
		{ "a segment that comes again", "/**/a/b", "/a/a/b", true },
		{ "* behind **", "/**/*", "/a", true },
		{ "two of them", "/**/*/*", "/a", false },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		begin();
		want(table[i].pattern);
		ok(found(table[i].path, table[i].pattern) == table[i].covers, "%s: %s, %s", table[i].what,
		    table[i].pattern, table[i].path);
		is_int(naive(table[i].pattern, table[i].path), table[i].covers, "and so it is defined");
		fib_free(&fib);
	}
}

static void
random_path(char *to, bool wild)
{
	static const char *const words[] = { "a", "b", "c", "aa", "*", "**" };
	unsigned n = 1 + (unsigned)(tap_rand(&seed) % 6);

	*to = '\0';
	while (n--)
		to += sprintf(to, "/%s", words[tap_rand(&seed) % (wild ? 6 : 4)]);
}

static void
property(void)
{
	char pattern[PATTERNS][64], path[64];
	struct claim *claims[PATTERNS] = { NULL };
	bool same = true, emptied = true;

	seed = tap_seed();
	for (int round = 0; round < ROUNDS && same; round++) {
		begin();
		for (int i = 0; i < PATTERNS; i++) {
			random_path(pattern[i], true);
			claims[i] = want(pattern[i]);
		}
		/* some go again, before the paths and between them */
		for (int i = 0; i < PATHS && same; i++) {
			unsigned wanted = 0, seen = 0, gone = (unsigned)(tap_rand(&seed) % PATTERNS);

			if (claims[gone]) {
				fib_del(&fib, claims[gone]);
				claims[gone] = NULL;
			}
			random_path(path, false);
			for (struct interested *n = interest_match(&fib.interest, str(path)); n; n = n->also) {
				seen++;
				same = same && naive(name_text(n->name).p, path) && n->name->count > 0;
			}
			for (int j = 0; j < PATTERNS; j++) {
				bool first = claims[j] != NULL;

				for (int k = 0; k < j; k++)
					first = first && !(claims[k] && strcmp(pattern[k], pattern[j]) == 0);
				wanted += first && naive(pattern[j], path);
			}
			same = same && seen == wanted;
			if (!same)
				printf("#   %s: %u, want %u\n", path, seen, wanted);
		}
		for (int i = 0; i < PATTERNS; i++)
			if (claims[i]) {
				fib_del(&fib, claims[i]);
				claims[i] = NULL;
			}
		emptied = emptied && !fib.interest.root && fib.interest.all.used == 0;
		fib_free(&fib);
	}
	ok(same, "what is found is what the definition covers, each once, while patterns come and go");
	ok(emptied, "nothing of the trie outlives the last pattern");
}

/* The worst that one link may ask for: many patterns of many wildcards, and a path that fits them all. */
static void
hostile(void)
{
	char pattern[256], path[256] = "", *to;
	uint64_t segments, before;

	begin();
	for (int i = 0; i < 1000; i++) {
		to = pattern;
		for (int j = 0; j < 40; j++)
			to += sprintf(to, "%s", (i >> j % 10 & 1) ? "/**" : "/*");
		want(pattern);
	}
	for (int i = 0; i < 63; i++)
		strcat(path, "/a");
	segments = fib.interest.all.used;
	before = fib.interest.visits;
	ok(count(path) > 900, "a thousand patterns of forty wildcards, and a path that all of them cover");
	ok(fib.interest.visits - before <= segments + 1, "each node of the trie is visited once: %llu of %llu",
	    (unsigned long long)(fib.interest.visits - before), (unsigned long long)segments);
	fib_free(&fib);

	begin();
	for (int i = 0; i < 1000; i++) {
		to = pattern;
		for (int j = 0; j < 20; j++)
			to += sprintf(to, "%s", (i >> j % 10 & 1) ? "/**/a" : "/a/**");
		want(pattern);
	}
	segments = fib.interest.all.used;
	before = fib.interest.visits;
	ok(count(path) > 900, "and with names between");
	ok(fib.interest.visits - before <= segments + 1, "too");
	fib_free(&fib);
}

static void
paths(void)
{
	static const char *const bad[] = { "", "/", "a", "a/b", "/a/", "//", "/a//b", "/a/*", "/**", "/a b",
	    "/a\n", "/a\x80" };
	char deep[300] = "";

	ok(path_plain(STR("/a")) && path_plain(STR("/a/b-c/D.e@f:1")), "paths");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!path_plain(str(bad[i])), "'%s' is none", i < 10 ? bad[i] : "...");
	for (int i = 0; i < PATH_SEGMENTS_MAX; i++)
		strcat(deep, "/a");
	ok(path_plain(str(deep)), "63 segments are one");
	strcat(deep, "/a");
	ok(!path_plain(str(deep)), "64 are not");
	memset(deep, 'a', 256);
	deep[0] = '/';
	deep[256] = '\0';
	ok(!path_plain(str(deep)) && path_plain(str_head(str(deep), 255)), "255 bytes at most");
}

int
main(void)
{
	cases();
	property();
	hostile();
	paths();
	return done();
}
