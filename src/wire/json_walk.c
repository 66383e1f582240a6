/*
 * json_walk.c - through a value that json_check() has passed, by slices.
 *
 * What was checked is well formed; what was not must still never lead out of
 * the view.
 */
#include "wire/json.h"
#include "wire/json_letters.h"

static const char *
skip_string(const char *p, const char *end)	/* NULL: it does not end */
{
	for (p++; (p = skip_plain(p, end)) < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\' && ++p == end)
			break;
	}
	return NULL;
}

static const char *
skip_value(const char *p, const char *end)	/* NULL: it does not end */
{
	size_t depth = 0;

	if (*p != '{' && *p != '[' && *p != '"') {
		while (p < end && *p > ' ' && *p != ',' && *p != ']' && *p != '}')
			p++;
		return p;
	}
	while (p && p < end) {
		if (*p == '"')
			p = skip_string(p, end);
		else {
			if (*p == '{' || *p == '[')
				depth++;
			else if (*p == '}' || *p == ']')
				depth--;
			p++;
		}
		if (depth == 0)
			return p;
	}
	return NULL;
}

enum json_type
json_type(struct str value)
{
	const char *p;

	if (value.n == 0 || (p = skip_blanks(value.p, value.p + value.n)) == value.p + value.n)
		return JSON_BAD;
	switch (*p) {
	case 'n':
		return JSON_NULL;
	case 't':
	case 'f':
		return JSON_BOOL;
	case '"':
		return JSON_STRING;
	case '[':
		return JSON_ARRAY;
	case '{':
		return JSON_OBJECT;
	}
	return *p == '-' || (*p >= '0' && *p <= '9') ? JSON_NUMBER : JSON_BAD;
}

/* To the first byte of the next item of the container in *rest, which starts
 * at its opening byte or at the comma that the last item left; NULL: none. */
static const char *
next_item(struct str *rest, char open, char close)
{
	const char *end, *p;

	if (rest->n == 0)
		return NULL;
	end = rest->p + rest->n;
	p = skip_blanks(rest->p, end);
	if (p == end || (*p != open && *p != ','))
		return NULL;
	p = skip_blanks(p + 1, end);
	return p == end || *p == close ? NULL : p;
}

static bool
take_item(struct str *rest, const char *p, struct str *value)
{
	const char *end = rest->p + rest->n, *after;

	if ((after = skip_value(p, end)) == NULL || after == p)
		return false;
	*value = (struct str){ p, (size_t)(after - p) };
	after = skip_blanks(after, end);
	*rest = (struct str){ after, (size_t)(end - after) };
	return true;
}

static bool
no_more(struct str *rest)
{
	*rest = (struct str){ NULL, 0 };
	return false;
}

bool
json_next_member(struct str *rest, struct str *name, struct str *value)
{
	const char *p = next_item(rest, '{', '}'), *end, *after;

	if (p == NULL || *p != '"')
		return no_more(rest);
	end = rest->p + rest->n;
	if ((after = skip_string(p, end)) == NULL)
		return no_more(rest);
	*name = (struct str){ p, (size_t)(after - p) };
	p = skip_blanks(after, end);
	if (p == end || *p != ':' || (p = skip_blanks(p + 1, end)) == end ||
	    !take_item(rest, p, value))
		return no_more(rest);
	return true;
}

bool
json_next_element(struct str *rest, struct str *value)
{
	const char *p = next_item(rest, '[', ']');

	if (p == NULL || !take_item(rest, p, value))
		return no_more(rest);
	return true;
}

static bool
name_is(struct str raw, struct str want)
{
	struct letters l = letters(raw.p + 1, raw.n - 2);
	size_t at = 0;
	int c;

	if (memchr(l.p, '\\', raw.n - 2) == NULL)
		return str_eq((struct str){ l.p, raw.n - 2 }, want);
	while ((c = letters_next(&l)) >= 0)
		if (at == want.n || c != (unsigned char)want.p[at++])
			return false;
	return c == LETTERS_END && at == want.n;
}

struct str
json_member(struct str object, const char *name)
{
	struct str raw, value, want = str(name);

	while (json_next_member(&object, &raw, &value))
		if (name_is(raw, want))
			return value;
	return (struct str){ NULL, 0 };
}

int
json_u64(struct str number, uint64_t max, uint64_t *to)
{
	return str_u64(number, max, to);
}

int
json_bool(struct str value, bool *to)
{
	if (!str_is(value, "true") && !str_is(value, "false"))
		return -1;
	*to = value.p[0] == 't';
	return 0;
}
