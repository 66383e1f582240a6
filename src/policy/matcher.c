/* matcher.c - see matcher.h. */
#include <ctype.h>

#include "policy/matcher.h"
#include "policy/sandbox_in.h"

enum {
	DEPTH_MAX = 200,		/* of match_here() within itself */
	CHARGE_AT = 64			/* steps between two looks at the budget */
};

static const char *match_here(struct matcher *, const char *s, const char *p);

void
match_step(struct matcher *m, size_t n)
{
	if ((m->steps += n) >= CHARGE_AT) {
		sandbox_charge(m->L, m->steps);
		m->steps = 0;
	}
}

static unsigned char
byte(const char *p)
{
	return (unsigned char)*p;
}

/* Behind the single class at p. */
static const char *
class_end(struct matcher *m, const char *p)
{
	switch (*p++) {
	case '%':
		if (p == m->stop)
			luaL_error(m->L, "malformed pattern (ends with '%%')");
		return p + 1;
	case '[':
		if (*p == '^')	/* the byte behind a Lua string is NUL */
			p++;
		do {
			match_step(m, 1);
			if (p == m->stop)
				luaL_error(m->L, "malformed pattern (missing ']')");
			if (*p++ == '%') {
				if (p == m->stop)
					luaL_error(m->L, "malformed pattern (missing ']')");
				p++;
			}
		} while (p == m->stop || *p != ']');
		return p + 1;
	default:
		return p;
	}
}

static bool
in_class(int c, int class)
{
	bool is;

	switch (tolower(class)) {
	case 'a': is = isalpha(c); break;
	case 'c': is = iscntrl(c); break;
	case 'd': is = isdigit(c); break;
	case 'g': is = isgraph(c); break;
	case 'l': is = islower(c); break;
	case 'p': is = ispunct(c); break;
	case 's': is = isspace(c); break;
	case 'u': is = isupper(c); break;
	case 'w': is = isalnum(c); break;
	case 'x': is = isxdigit(c); break;
	case 'z': is = c == 0; break;	/* Lua 5.1's; Lua 5.4 still has it */
	default: return class == c;
	}
	return isupper(class) ? !is : is;
}

/* p is at '[', close at its ']'. */
static bool
in_set(struct matcher *m, int c, const char *p, const char *close)
{
	bool found = true;

	if (p[1] == '^') {
		found = false;
		p++;
	}
	while (++p < close) {
		match_step(m, 1);
		if (*p == '%') {
			p++;
			if (in_class(c, byte(p)))
				return found;
		} else if (p[1] == '-' && p + 2 < close) {
			p += 2;
			if (byte(p - 2) <= c && c <= byte(p))
				return found;
		} else if (byte(p) == c)
			return found;
	}
	return !found;
}

static bool
match_one(struct matcher *m, const char *s, const char *p, const char *behind)
{
	match_step(m, 1);
	if (s >= m->end)
		return false;
	switch (*p) {
	case '.':
		return true;
	case '%':
		return in_class(byte(s), byte(p + 1));
	case '[':
		return in_set(m, byte(s), p, behind - 1);
	default:
		return *p == *s;
	}
}

static const char *
match_balance(struct matcher *m, const char *s, const char *p)
{
	int depth = 1;

	if (p >= m->stop - 1)
		luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
	if (s >= m->end || *s != *p)
		return NULL;
	while (++s < m->end) {
		match_step(m, 1);
		if (*s == p[1]) {
			if (--depth == 0)
				return s + 1;
		} else if (*s == p[0])
			depth++;
	}
	return NULL;
}

static const char *
match_most(struct matcher *m, const char *s, const char *p, const char *behind)
{
	ptrdiff_t n = 0;
	const char *r;

	while (match_one(m, s + n, p, behind))
		n++;
	for (; n >= 0; n--)
		if ((r = match_here(m, s + n, behind + 1)) != NULL)
			return r;
	return NULL;
}

static const char *
match_least(struct matcher *m, const char *s, const char *p, const char *behind)
{
	const char *r;

	for (;; s++) {
		if ((r = match_here(m, s, behind + 1)) != NULL)
			return r;
		if (!match_one(m, s, p, behind))
			return NULL;
	}
}

static const char *
capture_begin(struct matcher *m, const char *s, const char *p, ptrdiff_t what)
{
	const char *r;

	if (m->captures >= CAPTURES_MAX)
		luaL_error(m->L, "too many captures");
	m->capture[m->captures].at = s;
	m->capture[m->captures].n = what;
	m->captures++;
	if ((r = match_here(m, s, p)) == NULL)
		m->captures--;
	return r;
}

static const char *
capture_end(struct matcher *m, const char *s, const char *p)
{
	int i = m->captures;
	const char *r;

	do {
		if (--i < 0) {
			luaL_error(m->L, "invalid pattern capture");
			return NULL;
		}
	} while (m->capture[i].n != CAPTURE_OPEN);
	m->capture[i].n = s - m->capture[i].at;
	if ((r = match_here(m, s, p)) == NULL)
		m->capture[i].n = CAPTURE_OPEN;
	return r;
}

static const char *
match_captured(struct matcher *m, const char *s, int digit)
{
	int i = digit - '1';
	size_t n;

	if (i < 0 || i >= m->captures || m->capture[i].n == CAPTURE_OPEN)
		luaL_error(m->L, "invalid capture index %%%d", i + 1);
	n = (size_t)m->capture[i].n;	/* a position: longer than any subject */
	if ((size_t)(m->end - s) < n)
		return NULL;
	match_step(m, n / BYTES_A_STEP);
	return memcmp(m->capture[i].at, s, n) == 0 ? s + n : NULL;
}

/* At the border: the byte before is outside of the set, this one in it. */
static const char *
match_frontier(struct matcher *m, const char *s, const char **p)
{
	const char *set = *p, *behind;
	int before = s == m->start ? 0 : byte(s - 1), here = s < m->end ? byte(s) : 0;

	if (set >= m->stop || *set != '[')
		luaL_error(m->L, "missing '[' after '%%f' in pattern");
	behind = *p = class_end(m, set);
	return !in_set(m, before, set, behind - 1) && in_set(m, here, set, behind - 1) ? s : NULL;
}

/* One class and how often; *p: what to go on with, NULL when all has been matched. */
static const char *
match_repeated(struct matcher *m, const char *s, const char **p)
{
	const char *behind = class_end(m, *p), *r, *at = *p;

	if (!match_one(m, s, at, behind)) {
		*p = behind + 1;
		return *behind == '*' || *behind == '?' || *behind == '-' ? s : NULL;
	}
	*p = NULL;
	switch (*behind) {	/* the byte behind a Lua string is NUL */
	case '+':
		return match_most(m, s + 1, at, behind);
	case '*':
		return match_most(m, s, at, behind);
	case '-':
		return match_least(m, s, at, behind);
	case '?':
		if ((r = match_here(m, s + 1, behind + 1)) != NULL)
			return r;
		*p = behind + 1;	/* without it */
		return s;
	}
	*p = behind;
	return s + 1;
}

static const char *
match_here(struct matcher *m, const char *s, const char *p)
{
	if (m->depth-- == 0)
		luaL_error(m->L, "pattern too complex");
	while (s && p && p < m->stop) {
		match_step(m, 1);
		if (*p == '(') {
			s = p + 1 < m->stop && p[1] == ')' ?
			    capture_begin(m, s, p + 2, CAPTURE_POSITION) : capture_begin(m, s, p + 1, CAPTURE_OPEN);
			break;
		}
		if (*p == ')') {
			s = capture_end(m, s, p + 1);
			break;
		}
		if (*p == '$' && p + 1 == m->stop) {
			s = s == m->end ? s : NULL;
			break;
		}
		if (*p == '%' && p + 1 < m->stop && p[1] == 'b') {
			s = match_balance(m, s, p + 2);
			p += 4;
		} else if (*p == '%' && p + 1 < m->stop && p[1] == 'f') {
			p += 2;
			s = match_frontier(m, s, &p);
		} else if (*p == '%' && p + 1 < m->stop && isdigit(byte(p + 1))) {
			s = match_captured(m, s, byte(p + 1));
			p += 2;
		} else
			s = match_repeated(m, s, &p);
	}
	m->depth++;
	return s;
}

const char *
match_from(struct matcher *m, const char *s, const char *p)
{
	m->captures = 0;
	m->depth = DEPTH_MAX;
	return match_here(m, s, p);
}
