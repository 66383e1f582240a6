/*
 * json.c - the scanner: is this one whole, strict JSON value?
 *
 * Duplicate names are found without memory of our own: the names of all
 * objects open at a time stand on one bounded stack.  Up to FEW names of an
 * object are compared pair by pair; a larger object is sorted by name when it
 * closes, in place, and neighbours are compared.  No hash: so no key to keep
 * and no collision to send, and the worst case is n log n whatever the peer
 * picks.
 */
#include "wire/json.h"
#include "wire/json_letters.h"
#include "wire/utf8.h"

enum {
	DEPTH_MAX = 256,	/* each level costs a few frames of our stack */
	NAMES_MAX = 4096,	/* in all objects open at a time: 32 KiB */
	FEW = 16
};

struct name { uint32_t at, n : 31, escaped : 1; };	/* in the text, without its quotes */

struct scan {
	const char *begin, *end;
	unsigned depth, max_depth;
	struct name *names;
	size_t count;
	struct json_fault *fault;
};

/* Scanning: each scan_* starts at its first byte and answers where it ends. */

static const char *
fail(struct scan *s, const char *at, const char *why)
{
	*s->fault = (struct json_fault){ (size_t)(at - s->begin), why };
	return NULL;
}

static const char *
scan_string(struct scan *s, const char *p, bool *escaped)
{
	const char *next;
	uint8_t out[4];
	size_t n;

	*escaped = false;
	for (p++;;) {
		p = skip_plain(p, s->end);
		if (p == s->end)
			return fail(s, p, "a string without its closing quote");
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			*escaped = true;
			if ((next = json_unescape(p, s->end, out, &n)) == NULL)
				return fail(s, p, "a wrong escape, or half of a surrogate pair");
			p = next;
		} else if ((unsigned char)*p < ' ')
			return fail(s, p, "a control byte in a string: escape it");
		else if ((n = utf8_step((struct str){ p, (size_t)(s->end - p) })) == 0)
			return fail(s, p, "a string that is not UTF-8");
		else
			p += n;
	}
}

static const char *
scan_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static const char *
scan_number(struct scan *s, const char *p)
{
	const char *from;

	if (*p == '-')
		p++;
	from = p;
	p = scan_digits(p, s->end);
	if (p == from)
		return fail(s, p, "a number without digits");
	if (*from == '0' && p - from > 1)
		return fail(s, from, "a number with a leading zero");
	if (p < s->end && *p == '.') {
		from = ++p;
		p = scan_digits(p, s->end);
		if (p == from)
			return fail(s, p, "a number without digits after its point");
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = scan_digits(p, s->end);
		if (p == from)
			return fail(s, p, "a number without digits in its exponent");
	}
	return p;
}

static const char *
scan_word(struct scan *s, const char *p, struct str word)
{
	if (!str_starts((struct str){ p, (size_t)(s->end - p) }, word))
		return fail(s, p, "a word other than true, false, null");
	return p + word.n;
}

/* The order of the bytes that two names stand for. */
static int
name_cmp(const struct scan *s, const struct name *a, const struct name *b)
{
	const char *pa = s->begin + a->at, *pb = s->begin + b->at;
	struct letters la, lb;
	int ca, cb;

	if (!a->escaped && !b->escaped)
		return str_cmp((struct str){ pa, a->n }, (struct str){ pb, b->n });
	la = letters(pa, a->n);
	lb = letters(pb, b->n);
	do {
		ca = letters_next(&la);
		cb = letters_next(&lb);
	} while (ca == cb && ca >= 0);
	return (ca > cb) - (ca < cb);
}

static void
sift(const struct scan *s, struct name *names, size_t at, size_t n)
{
	struct name moved = names[at];

	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && name_cmp(s, &names[child], &names[child + 1]) < 0)
			child++;
		if (name_cmp(s, &moved, &names[child]) >= 0)
			break;
		names[at] = names[child];
	}
	names[at] = moved;
}

static const struct name *
twin_in_many(const struct scan *s, struct name *names, size_t n)
{
	const struct name *first = NULL;

	for (size_t i = n / 2; i-- > 0;)
		sift(s, names, i, n);
	for (size_t i = n; i-- > 1;) {
		struct name largest = names[0];

		names[0] = names[i];
		names[i] = largest;
		sift(s, names, 0, i);
	}
	for (size_t i = 1; i < n; i++) {
		const struct name *later;

		if (name_cmp(s, &names[i - 1], &names[i]) != 0)
			continue;
		later = names[i - 1].at > names[i].at ? &names[i - 1] : &names[i];
		if (first == NULL || later->at < first->at)
			first = later;
	}
	return first;
}

static const struct name *
twin_in_few(const struct scan *s, const struct name *names, const struct name *last)
{
	for (; names < last; names++) {
		if (!names->escaped && !last->escaped) {
			if (names->n == last->n &&
			    memcmp(s->begin + names->at, s->begin + last->at, last->n) == 0)
				return last;
		} else if (name_cmp(s, names, last) == 0)
			return last;
	}
	return NULL;
}

static const char *
duplicate(struct scan *s, const struct name *twin)
{
	return fail(s, s->begin + twin->at - 1, "a name twice in one object");
}

static const char *
scan_name(struct scan *s, const char *p, size_t first)
{
	const char *from = p;
	struct name *name = s->names + s->count;
	const struct name *twin;
	bool escaped;

	if (p == s->end || *p != '"')
		return fail(s, p, "want the name of a member, in quotes");
	if ((p = scan_string(s, p, &escaped)) == NULL)
		return NULL;
	if (s->count == NAMES_MAX)
		return fail(s, from, "over 4096 names in an object and those around it");
	name->at = (uint32_t)(from + 1 - s->begin);
	name->n = (uint32_t)(p - from - 2) & 0x7fffffff;
	name->escaped = escaped;
	if (++s->count - first <= FEW && (twin = twin_in_few(s, s->names + first, name)))
		return duplicate(s, twin);
	return p;
}

static const char *scan_value(struct scan *, const char *);

static const char *
scan_object(struct scan *s, const char *p)
{
	const struct name *twin;
	size_t first = s->count;

	p = skip_blanks(p + 1, s->end);
	if (p < s->end && *p == '}')
		return p + 1;
	for (;; p = skip_blanks(p + 1, s->end)) {
		if ((p = scan_name(s, p, first)) == NULL)
			return NULL;
		p = skip_blanks(p, s->end);
		if (p == s->end || *p != ':')
			return fail(s, p, "want a colon after the name of a member");
		if ((p = scan_value(s, skip_blanks(p + 1, s->end))) == NULL)
			return NULL;
		p = skip_blanks(p, s->end);
		if (p == s->end)
			return fail(s, p, "an object without its closing brace");
		if (*p == '}')
			break;
		if (*p != ',')
			return fail(s, p, "want a comma or a brace after a member");
	}
	if (s->count - first > FEW &&
	    (twin = twin_in_many(s, s->names + first, s->count - first)) != NULL)
		return duplicate(s, twin);
	s->count = first;
	return p + 1;
}

static const char *
scan_array(struct scan *s, const char *p)
{
	p = skip_blanks(p + 1, s->end);
	if (p < s->end && *p == ']')
		return p + 1;
	for (;; p = skip_blanks(p + 1, s->end)) {
		if ((p = scan_value(s, p)) == NULL)
			return NULL;
		p = skip_blanks(p, s->end);
		if (p == s->end)
			return fail(s, p, "an array without its closing bracket");
		if (*p == ']')
			return p + 1;
		if (*p != ',')
			return fail(s, p, "want a comma or a bracket after an element");
	}
}

static const char *
scan_value(struct scan *s, const char *p)
{
	const char *from = p;
	bool escaped;

	if (p == s->end)
		return fail(s, p, "want a value, found the end");
	switch (*p) {
	case '"':
		return scan_string(s, p, &escaped);
	case '{':
	case '[':
		if (s->depth == s->max_depth)
			return fail(s, p, "nested too deep");
		s->depth++;
		p = *from == '{' ? scan_object(s, p) : scan_array(s, p);
		s->depth--;
		return p;
	case 't':
		return scan_word(s, p, STR("true"));
	case 'f':
		return scan_word(s, p, STR("false"));
	case 'n':
		return scan_word(s, p, STR("null"));
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return scan_number(s, p);
	}
	return fail(s, p, "want a value");
}

int
json_check(struct str text, unsigned max_depth, struct json_fault *fault)
{
	struct name names[NAMES_MAX];
	struct scan s = { .begin = text.p, .max_depth = max_depth, .names = names, .fault = fault };
	const char *p;

	if (text.n == 0 || text.n > INT32_MAX) {
		*fault = (struct json_fault){ 0, text.n ? "a text over 2 GiB" : "an empty text" };
		return -1;
	}
	if (s.max_depth > DEPTH_MAX)
		s.max_depth = DEPTH_MAX;
	s.end = text.p + text.n;
	if ((p = scan_value(&s, skip_blanks(text.p, s.end))) == NULL)
		return -1;
	if ((p = skip_blanks(p, s.end)) != s.end) {
		fail(&s, p, "something after the value");
		return -1;
	}
	return 0;
}
