/* node-routes.c - what `routes` says of a route: its state in a word, and why. */
#include "ribport.h"

#include "node/builtin.h"

static bool
is_said(const struct via *v, const char *word, const char *why)
{
	char text[200];

	via_why(v, f.now, text, sizeof text);
	if (strcmp(via_word(v), word) != 0 || !strstr(text, why))
		printf("#   %s: %s\n", via_word(v), text);
	return strcmp(via_word(v), word) == 0 && strstr(text, why);
}

static void
flaps(struct fake *k, const char *path, int times)
{
	for (int i = 0; i < times; i++) {
		says(k, path);
		unsays(k, "o");
	}
	says(k, path);
}

int
main(void)
{
	const struct via *one, *other;
	struct announcement partial = usual;

	partial.partial = 1;
	begin();
	f.rib.limits.hold_ms = 0;
	f.rib.limits.flaps = 2;
	flaps(&n1, "o n1", 2);
	one = via_find(rib_origin(&f, STR("o")), &n1.port);
	ok(is_said(one, "best", "held, but the only one: lost 2 times lately"), "damped, and used for want of another");
	says_as(&n2, "o x n2", partial);
	other = via_find(rib_origin(&f, STR("o")), &n2.port);
	ok(is_said(one, "best", "held") && is_said(other, "other", "its names have not all been told"), "another whose names are to come");
	says(&n2, "o x n2");
	ok(is_said(other, "best", "") && is_said(one, "held", "others come first"), "they have come");
	f.rib.limits.hold_ms = 2000;
	flaps(&n1, "o n1", 1);
	ok(is_said(one, "held", "not used for 2000 ms"), "in hold-down");
	unsays(&n1, "o");
	ok(is_said(one, "withdrawn", "4 losses"), "withdrawn");
	end();
	return done();
}
