/* pattern.c - see pattern.h. */
#include "fabric/pattern.h"

bool
pattern_is_good(struct str p)
{
	struct str rest = p, one;

	if (p.n == 0)
		return false;
	if (p.p[0] != '/') {
		if (p.p[0] == '*')
			rest = p.n > 2 && (p.p[1] == '@' || p.p[1] == '.') ? str_skip(p, 2) : p;
		return memchr(rest.p, '*', rest.n) == NULL;
	}
	while (rest.n > 0) {
		str_split(rest, '/', &one, &rest);
		if (one.n > 0 && memchr(one.p, '*', one.n) != NULL && !str_is(one, "*") && !str_is(one, "**"))
			return false;
	}
	return true;
}

bool
pattern_is_wild(struct str p)
{
	return p.n >= 2 && p.p[0] == '*' && (p.p[1] == '@' || p.p[1] == '.');
}

static struct str
domain_of(struct str address)
{
	struct str local, domain;

	return str_split(address, '@', &local, &domain) ? domain : address;
}

bool
pattern_covers(struct str p, struct str address)
{
	struct str want, domain;

	if (!pattern_is_wild(p))
		return str_eq(p, address);
	if (str_starts(address, STR("/")))
		return false;	/* a path, whatever it ends in */
	want = str_skip(p, 2);
	domain = domain_of(address);
	if (p.p[1] == '@')
		return domain.p != address.p && str_eq(domain, want);
	return str_eq(domain, want) || (domain.n > want.n && str_ends(domain, want) &&
	    domain.p[domain.n - want.n - 1] == '.');
}

/* What a pattern of paths says of what it covers. */
struct reach {
	unsigned literals, ones;	/* segments of text; segments that are any */
	unsigned gaps;			/* between two of text, where any number more may be */
};

static struct reach
reach_of(struct str pattern)
{
	struct reach r = { .gaps = 0 };
	struct str rest = str_skip(pattern, 1), segment;
	bool gap = false;

	for (bool more = true; more; ) {
		more = str_split(rest, '/', &segment, &rest);
		if (str_is(segment, "**")) {
			r.gaps += !gap;
			gap = true;
		} else if (str_is(segment, "*")) {
			r.ones++;
		} else {
			r.literals++;
			gap = false;
		}
	}
	return r;
}

static int
segment_rank(struct str segment)
{
	return str_is(segment, "**") ? 2 : str_is(segment, "*");
}

/*
 * 1. more segments of text, 2. more that are *, 3. fewer places with a **: so
 * far, what covers only a part of what another covers is before it.  Then the
 * first segment that differs: 4. text, *, **, 5. the lower text.
 */
int
pattern_path_order(struct str a, struct str b)
{
	struct reach ra = reach_of(a), rb = reach_of(b);
	struct str sa, sb;
	int order = 0;

	if (ra.literals != rb.literals)
		return ra.literals > rb.literals ? -1 : 1;
	if (ra.ones != rb.ones)
		return ra.ones > rb.ones ? -1 : 1;
	if (ra.gaps != rb.gaps)
		return ra.gaps < rb.gaps ? -1 : 1;
	for (bool more = true; more && order == 0; ) {
		more = str_split(a, '/', &sa, &a);
		more = str_split(b, '/', &sb, &b) || more;
		if ((order = segment_rank(sa) - segment_rank(sb)) == 0)
			order = str_cmp(sa, sb);
	}
	return order;
}
