/* err.c - see err.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { EXIT_SYSTEM = 71 };

int
err_set(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof e->text - n, ": %s", strerror(saved));
	if (saved == ENOMEM || saved == EMFILE || saved == ENFILE)
		e->status = EXIT_SYSTEM;
	return -1;
}

int
err_memory(struct err *e, const char *what)
{
	err_set(e, "no memory for %s", what);
	return err_exit(e, EXIT_SYSTEM);
}

int
err_at(struct err *e, const char *fmt, ...)
{
	char cause[sizeof e->text];
	size_t n;
	va_list ap;

	memcpy(cause, e->text, sizeof cause);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof e->text - n, ": %s", cause);
	return -1;
}

int
err_exit(struct err *e, int status)
{
	e->status = status;
	return -1;
}
