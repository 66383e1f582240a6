/*
 * first.c - which policy a start takes: policy.lua, as a reload would; what was
 * good last, if that one is broken, was undone, or waits for a reload.
 *
 * A node that has lost its fedx-route starts another, and tells what is in
 * force: who edits policy.lua meanwhile has not asked for it yet.
 */
#include <string.h>

#include "route/good.h"
#include "route/report.h"
#include "route/route.h"

static bool
is_in_force(const struct route *r, const struct loaded *l)
{
	char hex[65];

	digest_text(l->digest, hex);
	return strcmp(hex, r->set->in_force) == 0;
}

bool
first_none(const struct route *r)
{
	struct loaded *none = r->set->in_force ? loaded_none() : NULL;
	bool is = none && is_in_force(r, none);

	loaded_close(none);
	return is;
}

/* policy.lua, if it may be taken; else why not.  held: there is something else to stay with. */
static struct loaded *
on_disk(struct route *r, struct trial *t, bool held, bool *to_none, struct err *why)
{
	struct loaded *l;
	char hex[65];

	*why = t->why;
	if (t->fine && t->absent)
		err_set(why, "there is no policy.lua any more");
	if (!t->fine || t->absent || (l = loaded_open(&t->bytes, why)) == NULL)
		return NULL;
	digest_text(l->digest, hex);
	if (undone_is(&r->run, hex, to_none))
		err_set(why, "policy.lua is one that was undone, or that nobody has confirmed");
	else if (held && !is_in_force(r, l))
		err_set(why, "policy.lua was changed while another policy was in force");
	else
		return l;
	loaded_close(l);
	return NULL;
}

static struct loaded *
instead(struct loaded *good, bool to_none, const struct err *why, const struct err *no_good, const char **from)
{
	if (good && !to_none) {
		*from = "policy.good";
		reload_refused(why, "the policy that was in force before stays; a reload takes the new one");
		return good;
	}
	loaded_close(good);
	if (to_none) {
		reload_refused(why, "no policy is in force, as before it; a reload takes the new one");
		return loaded_none();
	}
	reload_refused(why, "nothing is allowed until a policy loads");
	if (no_good->text[0])
		reload_refused(no_good, "it is of no use");
	return loaded_failed(why->text);
}

struct loaded *
first_choose(struct route *r, struct trial *t, const char **from)
{
	struct err why, e = { .status = 0 };
	bool to_none = false;
	struct loaded *l, *good = good_read(&r->run, &e);
	bool held = r->set->in_force && (undone_is(&r->run, r->set->in_force, &to_none) || good);

	*from = "policy.lua";
	if ((l = on_disk(r, t, held, &to_none, &why)) != NULL) {
		loaded_close(good);
		return l;
	}
	*from = NULL;
	if (t->fine && t->absent && !good && !to_none && !e.text[0])
		return loaded_none();
	return instead(good, to_none, &why, &e, from);
}
