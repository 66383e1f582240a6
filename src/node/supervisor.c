/* supervisor.c - see supervisor.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "node/supervisor.h"

static struct sockaddr_un at;		/* where it listens */
static socklen_t at_len;		/* 0: nobody does */
static double watchdog_s;		/* 0: there is none */

static void
take_address(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof at.sun_path)
		return;
	at.sun_family = AF_UNIX;
	memcpy(at.sun_path, path, n);
	if (path[0] == '@')	/* an abstract name */
		at.sun_path[0] = '\0';
	at_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static void
take_watchdog(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end;
	double us;

	if (!time || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return;
	us = strtod(time, &end);
	if (*time && !*end && us >= 1000 && us <= 1e15)
		watchdog_s = us / 1e6;
}

void
supervisor_open(void)
{
	take_address();
	take_watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
supervisor_restore(void)
{
	char path[sizeof at.sun_path + 1], us[32];

	if (at_len == 0)
		return;
	snprintf(path, sizeof path, "%s%.*s", at.sun_path[0] ? "" : "@",
	    (int)(at_len - offsetof(struct sockaddr_un, sun_path)) - !at.sun_path[0], at.sun_path + !at.sun_path[0]);
	setenv("NOTIFY_SOCKET", path, 1);
	snprintf(us, sizeof us, "%.0f", watchdog_s * 1e6);
	if (watchdog_s > 0)
		setenv("WATCHDOG_USEC", us, 1);
}

void
supervisor_say(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int fd, n;

	if (at_len == 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (fd = socket(AF_UNIX, SOCK_DGRAM, 0)) == -1)
		return;
	/* a supervisor that does not read must not hold us up */
	(void)sendto(fd, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, MSG_DONTWAIT,
	    (struct sockaddr *)&at, at_len);
	close(fd);
}

void
supervisor_reloading(void)
{
	supervisor_say("RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reloading", mono_now().us);
}

static void
on_watchdog(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	supervisor_say("WATCHDOG=1");
}

void
supervisor_watch(struct ev_loop *loop)
{
	static ev_timer timer;

	if (watchdog_s == 0 || at_len == 0)
		return;
	ev_timer_init(&timer, on_watchdog, watchdog_s / 2, watchdog_s / 2);
	ev_timer_start(loop, &timer);
}
