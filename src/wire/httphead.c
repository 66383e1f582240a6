/* httphead.c - an HTTP/1.1 head becomes views into it, or a reason why not. */
#include "wire/httphead.h"

static enum parse
bad(const char **why, const char *sentence)
{
	*why = sentence;
	return PARSE_BAD;
}

static bool
is_token_char(char c)	/* RFC 9110 section 5.6.2 */
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* The head with its empty line.  Looked for before anything is read, so that
 * a head that trickles in costs one search a wake-up, and a bare LF is
 * refused without waiting for an end that will not come. */
static enum parse
find_end(struct str in, size_t *end, const char **why)
{
	size_t n = in.n < HTTP_HEAD_MAX ? in.n : HTTP_HEAD_MAX, at = 0, line = 0;
	const char *lf;

	while (at < n && (lf = memchr(in.p + at, '\n', n - at)) != NULL) {
		at = (size_t)(lf - in.p);
		if (at == line || in.p[at - 1] != '\r')
			return bad(why, "a line of the HTTP head ends without CR LF");
		if (at == line + 1) {
			if (line == 0)
				return bad(why, "the HTTP head begins with an empty line");
			*end = at + 1;
			return PARSE_OK;
		}
		line = ++at;
	}
	if (n == HTTP_HEAD_MAX)
		return bad(why, "the HTTP head is over 16384 bytes");
	return PARSE_MORE;
}

static struct str
take_line(struct str *rest)	/* without its CR LF; the head has been found whole */
{
	const char *lf = memchr(rest->p, '\n', rest->n);
	struct str line = str_head(*rest, (size_t)(lf - rest->p) - 1);

	*rest = str_skip(*rest, line.n + 2);
	return line;
}

static bool
version_parse(struct str s, unsigned *minor)	/* "HTTP/1.1" */
{
	if (s.n != 8 || !str_starts(s, STR("HTTP/1.")) || s.p[7] < '0' || s.p[7] > '9')
		return false;
	*minor = (unsigned)(s.p[7] - '0');
	return true;
}

static enum parse
request_line(struct str line, struct http_head *h, const char **why)
{
	struct str rest, version;

	if (!str_split(line, ' ', &h->method, &rest) || !str_split(rest, ' ', &h->target, &version))
		return bad(why, "the request line is not METHOD TARGET HTTP/1.1");
	if (!is_token(h->method))
		return bad(why, "the HTTP method is not a word");
	if (h->target.n == 0)
		return bad(why, "the request target is empty");
	for (size_t i = 0; i < h->target.n; i++)
		if (h->target.p[i] <= ' ' || h->target.p[i] >= 0x7f)
			return bad(why, "the request target holds a byte that belongs percent-encoded");
	if (!version_parse(version, &h->minor))
		return bad(why, "the HTTP version is not 1.x");
	return PARSE_OK;
}

static bool
is_value(struct str s)	/* blanks, visible characters, and bytes over 0x7f */
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static enum parse
status_line(struct str line, struct http_head *h, const char **why)
{
	struct str version, rest, reason;
	uint64_t status;

	str_split(line, ' ', &version, &rest);
	if (!version_parse(version, &h->minor))
		return bad(why, "the status line does not start with HTTP/1.x");
	str_split(rest, ' ', &rest, &reason);
	if (rest.n != 3 || str_u64(rest, 599, &status) == -1 || status < 100)
		return bad(why, "the HTTP status is not a number from 100 to 599");
	if (!is_value(reason))
		return bad(why, "the HTTP reason phrase holds a control byte");
	h->status = (unsigned)status;
	return PARSE_OK;
}

static struct str
trim_blanks(struct str s)	/* space and tab; a CR is not ours to forgive */
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static enum parse
field_line(struct str line, struct http_head *h, const char **why)
{
	struct http_field f;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return bad(why, "a folded HTTP field: put it on one line");
	if (!str_split(line, ':', &f.name, &f.value))
		return bad(why, "a line of the HTTP head has no colon");
	if (!is_token(f.name))
		return bad(why, "the name of an HTTP field is empty or holds a blank or control byte");
	f.value = trim_blanks(f.value);
	if (!is_value(f.value))
		return bad(why, "the value of an HTTP field holds a control byte");
	if (h->count == HTTP_FIELDS_MAX)
		return bad(why, "the HTTP head has over 64 fields");
	h->fields[h->count++] = f;
	return PARSE_OK;
}

/* Where the body ends: two readers of one connection must never disagree. */
static enum parse
read_framing(struct http_head *h, const char **why)
{
	bool keep_alive = false;

	for (size_t i = 0; i < h->count; i++) {
		struct str name = h->fields[i].name, value = h->fields[i].value;
		uint64_t length;

		if (str_same(name, STR("content-length"))) {
			if (str_u64(value, INT64_MAX, &length) == -1)
				return bad(why, "the Content-Length is not a number");
			if (h->has_length && length != h->content_length)
				return bad(why, "two different Content-Length");
			h->has_length = true;
			h->content_length = length;
		} else if (str_same(name, STR("transfer-encoding"))) {
			if (h->chunked || !str_same(value, STR("chunked")))
				return bad(why, "a Transfer-Encoding other than one \"chunked\"");
			h->chunked = true;
		} else if (str_same(name, STR("connection"))) {
			h->close = h->close || http_has_token(value, "close");
			keep_alive = keep_alive || http_has_token(value, "keep-alive");
		}
	}
	if (h->chunked && h->has_length)
		return bad(why, "both Content-Length and Transfer-Encoding");
	if (h->chunked && h->minor == 0)
		return bad(why, "Transfer-Encoding in HTTP/1.0");
	if (h->minor == 0 && !keep_alive)
		h->close = true;
	return PARSE_OK;
}

static enum parse
check_host(const struct http_head *h, const char **why)
{
	size_t hosts = http_field_count(h, "host");
	struct str host = http_field(h, "host");

	if (hosts == 0 && h->minor > 0)
		return bad(why, "no Host field");
	if (hosts > 1)
		return bad(why, "more than one Host field");
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] <= ' ' || host.p[i] >= 0x7f || strchr("/\\@?#\"<>,", host.p[i]))
			return bad(why, "the Host field is not a host with an optional port");
	return PARSE_OK;
}

static enum parse
head_parse(struct str in, struct http_head *h, size_t *used, const char **why,
    enum parse (*first_line)(struct str, struct http_head *, const char **))
{
	enum parse got;
	struct str rest;
	size_t end;

	if ((got = find_end(in, &end, why)) != PARSE_OK)
		return got;
	h->method = h->target = (struct str){ NULL, 0 };
	h->status = h->minor = 0;
	h->count = 0;
	h->content_length = 0;
	h->has_length = h->chunked = h->close = false;
	rest = str_head(in, end - 2);
	if ((got = first_line(take_line(&rest), h, why)) != PARSE_OK)
		return got;
	while (rest.n)
		if ((got = field_line(take_line(&rest), h, why)) != PARSE_OK)
			return got;
	if ((got = read_framing(h, why)) != PARSE_OK)
		return got;
	*used = end;
	return PARSE_OK;
}

enum parse
http_request_parse(struct str in, struct http_head *h, size_t *used, const char **why)
{
	/* one empty line before a request is forgiven, as RFC 9112 section 2.2 asks */
	size_t skipped = str_starts(in, STR("\r\n")) ? 2 : 0;
	enum parse got;

	if (in.n == skipped)
		return PARSE_MORE;
	if ((got = head_parse(str_skip(in, skipped), h, used, why, request_line)) != PARSE_OK)
		return got;
	*used += skipped;
	return check_host(h, why);
}

enum parse
http_response_parse(struct str in, struct http_head *h, size_t *used, const char **why)
{
	return head_parse(in, h, used, why, status_line);
}

bool
http_name_is(struct str s, const char *name)
{
	return str_same(s, str(name));
}

struct str
http_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (str_same(h->fields[i].name, str(name)))
			return h->fields[i].value;
	return (struct str){ NULL, 0 };
}

size_t
http_field_count(const struct http_head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += str_same(h->fields[i].name, str(name));
	return n;
}

bool
http_has_token(struct str value, const char *token)
{
	struct str word;

	while (value.n) {
		str_split(value, ',', &word, &value);
		if (str_same(trim_blanks(word), str(token)))
			return true;
	}
	return false;
}

bool
http_fields_have(const struct http_head *h, const char *name, const char *token)
{
	for (size_t i = 0; i < h->count; i++)
		if (str_same(h->fields[i].name, str(name)) &&
		    http_has_token(h->fields[i].value, token))
			return true;
	return false;
}
