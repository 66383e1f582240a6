/*
 * fates.c - what became of every request: a service and a caller that log
 * their ids, and a judge of the logs.
 *
 *	fates serve RUNDIR SERVICE LOG [--delay MS] [--bytes N] [--die-after N]
 *	    [--concurrency N] [--version V]
 *	fates call RUNDIR SERVICE COUNT IN-FLIGHT LOG [--timeout MS] [--pace MS]
 *	    [--body-every N] [--idempotent-every N] [--bytes N] [--version RANGE]
 *	fates judge CALL-LOG... -- SERVE-LOG...
 *
 * COUNT 0: until SIGTERM; what is open then is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fates.h"

int
fates_options(struct fates_option *o, size_t count, int argc, char **argv)
{
	int first = argc;

	for (int i = 0; i < argc && first == argc; i++)
		if (strncmp(argv[i], "--", 2) == 0)
			first = i;
	for (int i = first; i < argc; i += 2) {
		size_t k = 0;

		while (k < count && strcmp(argv[i], o[k].name) != 0)
			k++;
		if (k == count || i + 1 == argc) {
			fprintf(stderr, "fates: what is '%s'?\n", argv[i]);
			return -1;
		}
		if (o[k].number)
			*o[k].number = (unsigned)strtoul(argv[i + 1], NULL, 10);
		else
			*o[k].text = argv[i + 1];
	}
	return first;
}

void
fates_log(int fd, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line - 1, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line - 1)
		abort();
	line[n++] = '\n';
	if (write(fd, line, (size_t)n) != n) {
		perror("fates: log");
		_exit(74);
	}
}

int
fates_open_log(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd == -1) {
		perror(path);
		exit(73);
	}
	return fd;
}

static char
numbered(size_t at)
{
	return "0123456789abcdef"[at >> 4 * (7 - at % 8) & 15];
}

int
fates_number(struct buf *b, size_t n)
{
	uint8_t *to = buf_room(b, n);

	if (!to)
		return -1;
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)numbered(i);
	buf_made(b, n);
	return 0;
}

bool
fates_in_order(struct str s, size_t at)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != numbered(at + i))
			return false;
	return true;
}

void
fates_dial(struct bus *b, const char *rundir, volatile const int *stop)
{
	struct err e;

	bus_close(b);
	while (!*stop && bus_dial(b, rundir, &e) == -1)
		poll(NULL, 0, 20);
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; int (*run)(int, char **); } verbs[] = {
		{ "serve", fates_serve }, { "call", fates_call }, { "judge", fates_judge },
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 2, argv + 2);
	fprintf(stderr, "usage: fates serve | call | judge ...\n");
	return 64;
}
