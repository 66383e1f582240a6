/* fabric-pattern.c - a pattern covers exactly the addresses its author would expect. */
#include "fabric/pattern.h"
#include "tap.h"

static const struct { const char *what, *pattern, *address; bool covers; } cases[] = {
	{ "an address is itself",		"a@x.net", "a@x.net", true },
	{ "and not another",			"a@x.net", "b@x.net", false },
	{ "nor a longer one",			"a@x.net", "a@x.nett", false },
	{ "*@D is every local part at D",	"*@x.net", "a@x.net", true },
	{ "*@D is not below D",			"*@x.net", "a@b.x.net", false },
	{ "*@D is not the node D",		"*@x.net", "x.net", false },
	{ "*@D wants all of the domain",	"*@x.net", "a@ax.net", false },
	{ "an @ in the local part's tail",	"*@x.net", "a@b@x.net", false },
	{ "*.D is D",				"*.x.net", "a@x.net", true },
	{ "*.D is below D",			"*.x.net", "a@b.x.net", true },
	{ "*.D is far below D",			"*.x.net", "a@c.b.x.net", true },
	{ "*.D is no other that ends alike",	"*.x.net", "a@bx.net", false },
	{ "*.D is not above D",			"*.x.net", "a@net", false },
	{ "*.D covers a node below",		"*.x.net", "b.x.net", true },
	{ "a lone star is no wildcard",		"*", "a@x.net", false },
	{ "a star inside is no wildcard",	"a*@x.net", "ab@x.net", false },
	{ "nothing covers nothing else",	"*@x.net", "", false },
	{ "*@D is no path",			"*@x.net", "/a@x.net", false },
	{ "nor is *.D",				"*.x.net", "/a/b.x.net", false },
};

/* The more specific of two that may cover the same path is the first. */
static const struct { const char *what, *first, *second; } orders[] = {
	{ "a path before a pattern",			"/a/b", "/a/*" },
	{ "also before one that has all its segments",	"/a/b", "/a/b/**" },
	{ "more text",					"/a/b/**", "/a/*/*" },
	{ "wherever it is",				"/**/b/c", "/a/**" },
	{ "* before **",				"/a/*", "/a/**" },
	{ "two before one",				"/a/*/*", "/a/*/**" },
	{ "one * and ** before ** alone",		"/a/*/**", "/a/**" },
	{ "one ** before two",				"/a/**", "/**/a/**" },
	{ "** twice in a row are one",			"/a/**/**", "/**/a/**" },
	{ "the first that is text",			"/a/*", "/*/b" },
	{ "the first that is no **",			"/*/a/**", "/**/a/*" },
	{ "of two that say the same the lower text",	"/**/a/**", "/**/b/**" },
	{ "and the shorter",				"/**/a/**", "/**/aa/**" },
};

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(pattern_covers(str(cases[i].pattern), str(cases[i].address)) == cases[i].covers,
		    "%s: %s, %s", cases[i].what, cases[i].pattern, cases[i].address);
	ok(pattern_is_wild(STR("*@d")) && pattern_is_wild(STR("*.d")), "patterns are known as such");
	ok(!pattern_is_wild(STR("a@d")) && !pattern_is_wild(STR("*")) && !pattern_is_wild(STR("")),
	    "and the rest is not");
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		ok(pattern_path_order(str(orders[i].first), str(orders[i].second)) < 0 &&
		    pattern_path_order(str(orders[i].second), str(orders[i].first)) > 0,
		    "%s: %s, %s", orders[i].what, orders[i].first, orders[i].second);
	is_int(pattern_path_order(STR("/a/*/**"), STR("/a/*/**")), 0, "and itself is the same");
	return done();
}
