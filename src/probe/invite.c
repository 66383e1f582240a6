/* invite.c - fedx-probe invite, revoke: a one-time code for who is to join, and the end of it. */
#include <stdio.h>

#include "probe/outlet.h"
#include "probe/show.h"
#include "wire/json.h"

enum { INVITE_DAYS_MAX = 30, ANSWER_MAX = 64 * 1024 };

static const struct column revoked[] = { { "node", "node", false }, { "links_closed", "links_closed", true } };

static int
put_text(struct buf *to, const char *name, struct str value)
{
	return buf_fmt(to, ",\"%s\":", name) == -1 ? -1 : json_quote(to, value);
}

/* None are any: one that is lost on the way would let the node do all. */
static int
put_scopes(const struct probe *p, struct buf *ask, struct err *e)
{
	struct buf scopes;
	int r = 0;

	buf_init(&scopes, ANSWER_MAX);
	for (int i = 0; i < p->scopes && r == 0; i++)
		if (p->scope[i][0] && !strpbrk(p->scope[i], " \t\r\n"))
			r = buf_fmt(&scopes, "%s%s", i ? " " : "", p->scope[i]);
		else
			r = err_set(e, "--scope '%.80s' is no pattern: want one word like /a/**; several: --scope again",
			    p->scope[i]);
	if (r == 0 && p->scopes)
		r = put_text(ask, "scopes", buf_view(&scopes));
	buf_free(&scopes);
	return r;
}

static int
put_wish(const struct probe *p, struct buf *ask, struct err *e)
{
	uint64_t seconds = 3600;

	if (p->opt[OPT_EXPIRES] && opt_seconds(p->opt[OPT_EXPIRES], INVITE_DAYS_MAX * 86400ull, &seconds, e) == -1)
		return -1;
	if (buf_fmt(ask, "{\"expires_s\":%llu", (unsigned long long)seconds) == 0 &&
	    put_text(ask, "node", str(p->operand[0])) == 0 && put_scopes(p, ask, e) == 0 &&
	    (!p->opt[OPT_URL] || put_text(ask, "url", str(p->opt[OPT_URL])) == 0) && buf_str(ask, STR("}")) == 0)
		return 0;
	err_exit(e, EXIT_USAGE);
	return *e->text ? -1 : err_set(e, "what is asked for is too long");
}

/* The code alone on standard output: it is for a pipe, or for the eye that is to have it. */
static int
print_code(const struct probe *p, struct str line, struct err *e)
{
	struct str code, url, expires;
	struct outlet out;
	int r;

	if (!json_text_plain(json_member(line, "code"), &code) || !json_text_plain(json_member(line, "url"), &url) ||
	    !json_text_plain(json_member(line, "expires"), &expires))
		return err_exit(e, EXIT_PEER), err_set(e, "the node sent no code");
	outlet_open(&out);
	if ((r = outlet_put(&out, code, e)) == 0 && (r = outlet_put(&out, STR("\n"), e)) == 0)
		r = outlet_flush(&out, e);
	outlet_close(&out);
	if (r == 0)
		say_warning(p, "good once, until %.*s, for %s at %.*s: fedx-leaf --join CODE", STR_FMT(expires),
		    p->operand[0], STR_FMT(url));
	return r;
}

int
invite_run(struct probe *p)
{
	struct err e = { .text = "" };
	struct buf ask, answer;
	struct str lines, line;
	int r;

	buf_init(&ask, ANSWER_MAX);
	buf_init(&answer, ANSWER_MAX);
	if ((r = put_wish(p, &ask, &e)) == 0 &&
	    (r = probe_ask(p, "fedx/invite", buf_view(&ask), WAIT_MS, &answer, &e)) == 0) {
		lines = buf_view(&answer);
		if (p->opt[OPT_JSON])
			r = show_lines(p, revoked, 0, lines, &e);
		else if ((r = show_next(&lines, &line, &e)) != -1)
			r = print_code(p, r == 1 ? line : STR("{}"), &e);
	}
	if (answer.p)
		memset(answer.p, 0, answer.cap);
	buf_free(&ask);
	buf_free(&answer);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}

int
revoke_run(struct probe *p)
{
	struct err e = { .text = "" };
	struct buf ask, answer;
	int r;

	buf_init(&ask, ANSWER_MAX);
	buf_init(&answer, ANSWER_MAX);
	buf_str(&ask, STR("{\"node\":"));
	json_quote(&ask, str(p->operand[0]));
	buf_str(&ask, STR("}"));
	if ((r = probe_ask(p, "fedx/revoke", buf_view(&ask), WAIT_MS, &answer, &e)) == 0)
		r = show_lines(p, revoked, sizeof revoked / sizeof *revoked, buf_view(&answer), &e);
	buf_free(&ask);
	buf_free(&answer);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}
