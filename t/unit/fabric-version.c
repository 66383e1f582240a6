/* fabric-version.c - a constraint takes exactly the versions its author would expect. */
#include "fabric/version.h"
#include "tap.h"

static const struct { const char *version, *constraint; bool fits; } fits[] = {
	{ "1.2.0", "", true },		{ "", "", true },
	{ "", "1", false },		{ "", ">=0", false },
	{ "1.2", "1.2", true },		{ "1.2.9", "1.2", true },
	{ "1.20", "1.2", false },	{ "1", "1.0", true },
	{ "1.2.0", "=1.2", true },	{ "1.2.1", "=1.2", false },
	{ "1.2.0", "=1.2.0-rc1", false }, { "1.2.0-rc1", "=1.2.0-rc1", true },
	{ "1.2.0-rc1", "1.2.0-rc1", true }, { "1.2.0-rc2", "1.2.0-rc1", false },
	{ "1.2", ">=1.2", true },	{ "1.1.9", ">=1.2", false },
	{ "1.2.0-rc1", ">=1.2", false }, { "10.0", ">9", true },
	{ "1", ">1", false },		{ "1.0.1", ">1", true },
	{ "1.9.9", "<2", true },	{ "2", "<2", false },
	{ "1.9", "<=1.9", true },	{ "1.9.1", "<=1.9", false },
	{ "1.2", "^1.2", true },	{ "1.99.3", "^1.2", true },
	{ "2.0", "^1.2", false },	{ "1.1", "^1.2", false },
	{ "1.2.3", "~1.2.3", true },	{ "1.2.9", "~1.2.3", true },
	{ "1.3.0", "~1.2.3", false },	{ "1.2.2", "~1.2.3", false },
	{ "1.9", "~1", true },		{ "2.0", "~1", false },
	{ "1.5", ">=1.2 <2", true },	{ "1.5", ">=1.2, <1.4", false },
	{ "1.5", " , >=1.2,,<2 ", true },
	{ "4294967295.1", ">4294967294", true },
	{ "1.5", "one", false },	{ "1.5", ">= 1.2", false },
	{ "x", ">=0", false },		{ "1.5", "1.5 nonsense", false },
};

static const struct { char a[16], b[16]; int cmp; } orders[] = {
	{ "1", "1.0.0.0", 0 },		{ "1.2", "1.10", -1 },
	{ "1.2.0-rc1", "1.2.0", -1 },	{ "1.2.0-rc1", "1.2.0-rc2", -1 },
	{ "2", "1.9.9.9", 1 },		{ "0", "0.0.0.1", -1 },
	{ "1.0-a", "1.0-a.b", -1 },
};

static const struct { const char *text; bool version, constraint; } texts[] = {
	{ "1", true, true },		{ "1.2.3.4", true, true },
	{ "1.2.3.4.5", false, false },	{ "1.2-rc.1", true, true },
	{ "1.2-", false, false },	{ "1..2", false, false },
	{ ".1", false, false },		{ "1.", false, false },
	{ "-rc", false, false },	{ "", false, true },
	{ "4294967296", false, false },	{ "v1", false, false },
	{ "+1", false, false },		{ "^1.2", false, true },
	{ "^", false, false },		{ ">=1 <2", false, true },
	{ "=>1", false, false },	{ "*", false, false },
};

int
main(void)
{
	for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
		ok(version_fits(str(fits[i].version), str(fits[i].constraint)) == fits[i].fits,
		    "'%s' %s '%s'", fits[i].version, fits[i].fits ? "fits" : "does not fit",
		    fits[i].constraint);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		ok(version_cmp(str(orders[i].a), str(orders[i].b)) == orders[i].cmp,
		    "%s against %s is %d", orders[i].a, orders[i].b, orders[i].cmp);
		ok(version_cmp(str(orders[i].b), str(orders[i].a)) == -orders[i].cmp,
		    "and the other way round");
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ok(version_valid(str(texts[i].text)) == texts[i].version, "version '%s': %d",
		    texts[i].text ? texts[i].text : "", texts[i].version);
		ok(constraint_valid(str(texts[i].text)) == texts[i].constraint, "constraint '%s': %d",
		    texts[i].text ? texts[i].text : "", texts[i].constraint);
	}
	return done();
}
