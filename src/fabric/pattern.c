/* pattern.c - see pattern.h. */
#include "fabric/pattern.h"

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
