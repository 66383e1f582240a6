/* httpconnect.c - see httpconnect.h. */
#include "wire/base64.h"
#include "wire/httpconnect.h"

enum { EXIT_UNREACHED = 69, EXIT_PROTOCOL = 76, EXIT_REFUSED = 77, REASON_SHOWN = 60 };

int
httpconnect_request(struct buf *b, struct str to, struct str login)
{
	if (buf_fmt(b, "CONNECT %.*s HTTP/1.1\r\nHost: %.*s\r\n", STR_FMT(to), STR_FMT(to)) == -1)
		return -1;
	if (login.n && (buf_str(b, STR("Proxy-Authorization: Basic ")) == -1 ||
	    base64_put(b, login) == -1 || buf_str(b, STR("\r\n")) == -1))
		return -1;
	return buf_str(b, STR("\r\n"));
}

/* "Basic realm=..." is one of the schemes it takes; each may have a field of its own. */
static bool
takes_basic(const struct http_head *h)
{
	bool any = false;

	for (size_t i = 0; i < h->count; i++) {
		struct str value = h->fields[i].value, word, rest;

		if (!http_name_is(h->fields[i].name, "proxy-authenticate"))
			continue;
		any = true;
		for (bool more = true; more; value = rest) {
			more = str_split(value, ',', &word, &rest);
			str_split(str_trim(word), ' ', &word, &value);
			if (http_name_is(word, "basic"))
				return true;
		}
	}
	return !any;
}

static void
refused(const struct http_head *h, bool with_login, struct err *why)
{
	if (h->status == 407 && !takes_basic(h))
		err_set(why, "wants another proof than user and password (Basic), and fedx has only that");
	else if (h->status == 407 && with_login)
		err_set(why, "does not accept user and password (status 407): correct them");
	else if (h->status == 407)
		err_set(why, "wants user and password (status 407): put its URL with both into a file for "
		    "proxy_file");
	else if (h->status == 502 || h->status == 503 || h->status == 504)
		err_set(why, "cannot get there (status %u): is the hub up, and does the proxy know its name?", h->status);
	else if (h->status == 401 || h->status == 403)
		err_set(why, "does not let us through (status %u): have CONNECT to this host and port allowed "
		    "there", h->status);
	else
		err_set(why, "refuses CONNECT with status %u: is it an HTTP proxy that allows CONNECT?",
		    h->status);
	why->status = h->status / 100 == 5 ? EXIT_UNREACHED : EXIT_REFUSED;
}

enum parse
httpconnect_answer(struct str in, bool with_login, size_t *used, struct err *why)
{
	struct str http = STR("HTTP/1.");
	struct http_head head;
	const char *wrong = "the first bytes are of something else";
	enum parse got = PARSE_BAD;

	/* before its end: who is no proxy may never send one */
	if (str_starts(in, str_head(http, in.n < http.n ? in.n : http.n)))
		got = http_response_parse(in, &head, used, &wrong);
	if (got == PARSE_BAD) {
		err_set(why, "does not answer like an HTTP proxy (%s): check its host and port", wrong);
		why->status = EXIT_PROTOCOL;
	} else if (got == PARSE_OK && head.status / 100 != 2) {
		refused(&head, with_login, why);
		got = PARSE_BAD;
	}
	return got;
}
