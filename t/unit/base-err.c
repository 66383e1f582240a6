/* base-err.c - errors say cause and place in one sentence; the table of errors is whole. */
#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/errors.h"
#include "tap.h"

static void
sentences(void)
{
	struct err e = { "", 0 };
	char longer[400];

	is_int(err_set(&e, "unknown setting '%s'", "lisen"), -1, "to set an error is to fail");
	is_str(str(e.text), "unknown setting 'lisen'", "the cause");
	is_int(err_at(&e, "hub.lua:%d", 14), -1, "so is to say where");
	is_str(str(e.text), "hub.lua:14: unknown setting 'lisen'", "the place goes before");
	errno = ENOENT;
	is_int(err_sys(&e, "cannot read '%s'", "x"), -1, "so is the system's word");
	ok(strncmp(e.text, "cannot read 'x': ", 17) == 0 && strcmp(e.text + 17, strerror(ENOENT)) == 0,
	    "behind what was tried");
	is_int(err_exit(&e, 66), -1, "and so is the status");
	is_int(e.status, 66, "which is kept");
	err_set(&e, "other");
	is_int(e.status, 66, "by a later sentence, too");
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	err_set(&e, "%s", longer);
	is_int(strlen(e.text), sizeof e.text - 1, "a long cause is cut");
	err_at(&e, "%s", longer);
	err_sys(&e, "%s", longer);
	is_int(strlen(e.text), sizeof e.text - 1, "a long place is cut, too");
}

static bool
is_sentence(const char *s)	/* for a person: lower case, no full stop */
{
	return islower((unsigned char)s[0]) && strlen(s) > 8 && s[strlen(s) - 1] != '.';
}

static void
table(void)
{
	static const struct { const char *name; unsigned number; } rows[] = {
#define X(name, number, http, rpc, exit, retry, sentence) { #name, number },
		ERRORS(X)
#undef X
	};
	size_t n = sizeof rows / sizeof *rows;
	bool unique = true, dense = true, found = true, whole = true;

	for (size_t i = 0; i < n; i++) {
		const struct error_row *r = error_row(rows[i].number);

		for (size_t j = 0; j < i; j++) {
			const struct error_row *s = error_row(rows[j].number);

			unique = unique && rows[i].number != rows[j].number &&
			    strcmp(r->name, s->name) != 0 && r->rpc != s->rpc &&
			    strcmp(r->sentence, s->sentence) != 0;
		}
		dense = dense && rows[i].number == i + 1;
		found = found && strcmp(r->name, rows[i].name) == 0 &&
		    error_named(r->name, strlen(r->name)) == rows[i].number;
		if (!(r->http >= 400 && r->http < 600 && r->rpc <= -32000 && r->rpc > -32100 &&
		    r->exit > 0 && r->exit < 79 && is_sentence(r->sentence))) {
			whole = false;
			printf("# %s\n", r->name);
		}
	}
	ok(unique, "no two errors share a number, a name, a code or a sentence");
	ok(dense, "the numbers on the wire are those of the rows");
	ok(found, "each error is found by its number and by its name");
	ok(whole, "each error has HTTP, JSON-RPC and exit status and a sentence");
	is_int(E_COUNT, n + 1, "the count is one more than the last number");
}

static void
strangers(void)
{
	is_str(str(error_row(E_COUNT)->name), "unknown", "a newer peer's number has a row");
	is_str(str(error_row(65535)->name), "unknown", "so has the largest");
	is_str(str(error_row(E_NONE)->name), "none", "and none is no error");
	is_int(error_named("no_rout", 7), E_NONE, "half a name is no name");
	is_int(error_named("no_route\n", 9), E_NONE, "a name and more is none either");
	is_int(error_named("", 0), E_NONE, "nor is nothing");
	is_int(E_no_route, 1, "no_route is 1 on the wire, for ever");
	is_int(E_cancelled, 26, "cancelled is 26");
	is_str(str(fate_name(FATE_NOT_DELIVERED)), "not_delivered", "what surely did not run");
	is_str(str(fate_name(FATE_MAY_HAVE_RUN)), "may_have_run", "what may have");
}

int
main(void)
{
	sentences();
	table();
	strangers();
	return done();
}
