/* say.c - errors and warnings, for a person or, with -j, for a program. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/outlet.h"
#include "probe/probe.h"
#include "wire/json.h"

bool
has_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"),
	    *term = getenv("TERM");

	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

/* status 0: only a warning */
static void
say(const struct probe *p, int status, const char *text)
{
	char clean[sizeof ((struct err *)NULL)->text];
	struct buf line;

	bus_text(str(text), clean, sizeof clean);
	buf_init(&line, 4096);
	if (p->opt[OPT_JSON]) {
		if (status)
			buf_fmt(&line, "{\"v\":1,\"status\":%d,\"error\":", status);
		else
			buf_str(&line, STR("{\"v\":1,\"warning\":"));
		json_quote(&line, str(clean));
		buf_str(&line, STR("}\n"));
	} else {
		bool red = status && has_colour(STDERR_FILENO);

		buf_fmt(&line, "%sfedx-probe:%s %s\n", red ? "\033[31m" : "", red ? "\033[0m" : "", clean);
	}
	/* one write, so that lines of several programs do not mix */
	fwrite(buf_view(&line).p, 1, buf_len(&line), stderr);
	buf_free(&line);
}

int
say_error(const struct probe *p, const struct err *e)
{
	int status = e->status ? e->status : EXIT_SOFT;

	say(p, status, e->text);
	return status;
}

void
say_warning(const struct probe *p, const char *fmt, ...)
{
	char text[sizeof ((struct err *)NULL)->text];
	va_list ap;

	if (p->opt[OPT_QUIET])
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(p, 0, text);
}

int
probe_fail(const struct probe *p, const struct err *e)
{
	struct err memory;

	if (e->status == READER_GONE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (e->text[0] == '\0') {	/* what fails without a word has found no room for its words */
		err_memory(&memory, "what there is to say");
		e = &memory;
	}
	return say_error(p, e);
}
