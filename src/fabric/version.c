/* version.c - see version.h. */
#include "fabric/version.h"

enum { NUMBERS = 4 };
struct version { uint32_t n[NUMBERS]; unsigned given; struct str suffix; };

static bool
version_parse(struct str s, struct version *v)
{
	struct str numbers, one;
	uint64_t u;

	*v = (struct version){ .given = 0 };
	if (str_split(s, '-', &numbers, &v->suffix) && v->suffix.n == 0)
		return false;
	for (bool more = true; more; v->given++) {
		more = str_split(numbers, '.', &one, &numbers);
		if (v->given == NUMBERS || str_u64(one, UINT32_MAX, &u) == -1)
			return false;
		v->n[v->given] = (uint32_t)u;
	}
	return true;
}

static int
compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < NUMBERS; i++)
		if (a->n[i] != b->n[i])
			return a->n[i] < b->n[i] ? -1 : 1;
	if (!a->suffix.n || !b->suffix.n)
		return (b->suffix.n != 0) - (a->suffix.n != 0);
	return str_cmp(a->suffix, b->suffix);
}

bool
version_valid(struct str s)
{
	struct version v;

	return version_parse(s, &v);
}

int
version_cmp(struct str a, struct str b)
{
	struct version x, y;
	int c;

	version_parse(a, &x);
	version_parse(b, &y);
	c = compare(&x, &y);
	return (c > 0) - (c < 0);
}

/* does a agree with b in b's first `given` numbers? */
static bool
same_head(const struct version *a, const struct version *b, unsigned given)
{
	for (unsigned i = 0; i < given; i++)
		if (a->n[i] != b->n[i])
			return false;
	return true;
}

static bool
term_split(struct str term, struct str *op, struct version *v)
{
	static const char *const ops[] = { ">=", "<=", ">", "<", "=", "^", "~", "" };

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (str_starts(term, str(ops[i]))) {
			*op = str(ops[i]);
			return version_parse(str_skip(term, op->n), v);
		}
	return false;
}

static bool
term_holds(const struct version *v, struct str op, const struct version *want)
{
	int c = compare(v, want);

	switch (op.n ? op.p[0] : 0) {
	case '>':
		return op.n == 2 ? c >= 0 : c > 0;
	case '<':
		return op.n == 2 ? c <= 0 : c < 0;
	case '=':
		return c == 0;
	case '^':
		return c >= 0 && same_head(v, want, 1);
	case '~':
		return c >= 0 && same_head(v, want, want->given > 1 ? 2 : 1);
	default:
		return want->suffix.n ? c == 0 : same_head(v, want, want->given);
	}
}

static bool
next_term(struct str *rest, struct str *term)
{
	size_t n = 0;

	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == ','))
		*rest = str_skip(*rest, 1);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != ',')
		n++;
	*term = str_head(*rest, n);
	*rest = str_skip(*rest, n);
	return n > 0;
}

bool
constraint_valid(struct str constraint)
{
	struct version want;
	struct str term, op;

	while (next_term(&constraint, &term))
		if (!term_split(term, &op, &want))
			return false;
	return true;
}

bool
version_fits(struct str version, struct str constraint)
{
	struct version v, want;
	struct str term, op;

	if (constraint.n == 0)
		return true;
	if (!version_parse(version, &v))
		return false;
	while (next_term(&constraint, &term))
		if (!term_split(term, &op, &want) || !term_holds(&v, op, &want))
			return false;
	return true;
}
