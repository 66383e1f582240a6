/* succeed.c - the new process of an upgrade, see upgrade.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "node/upgrade.h"

enum { GO_MS = 10000, EXIT_TEMPFAIL = 75 };

static int channel = -1;
static bool taken;
static ev_io watcher;
static void (*when_free)(void *owner);
static void *when_free_owner;

void
succeed_open(void)
{
	const char *text = getenv("FEDX_SUCCEED");

	if (text && (channel = atoi(text)) > 2 && fd_cloexec(channel) == -1)
		channel = -1;
	unsetenv("FEDX_SUCCEED");
}

bool
succeed_waits(void)
{
	return channel != -1 && !taken;
}

/* Who goes may have gone already: then this is no matter. */
static void
say(const char *word, const char *text)
{
	char line[300];
	int n = snprintf(line, sizeof line, "%s%.250s\n", word, text);

	(void)send(channel, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int
succeed_ask(struct err *e)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };
	char word[3];
	int got;

	say("ready", "");
	do
		got = poll(&p, 1, GO_MS);
	while (got == -1 && errno == EINTR);
	if (got == 1 && read(channel, word, sizeof word) == sizeof word && memcmp(word, "go\n", 3) == 0)
		return 0;
	err_exit(e, EXIT_TEMPFAIL);
	return err_set(e, "the process whose place this was to take has changed its mind, or ended");
}

void
succeed_taken(void)
{
	if (!succeed_waits())
		return;
	say("taken", "");
	taken = true;
}

void
succeed_failed(const char *why)
{
	if (succeed_waits())
		say("failed ", why);
}

void
succeed_reloaded(void)
{
	if (taken && channel != -1)
		say("reload", "");
}

/* "free", or its end; it says nothing else any more */
static void
on_channel(struct ev_loop *loop, ev_io *w, int revents)
{
	void (*free_now)(void *owner) = when_free;
	char said[16];
	ssize_t n = read(channel, said, sizeof said);

	(void)revents;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		ev_io_stop(loop, w);
		close(channel);
		channel = -1;
	}
	when_free = NULL;
	if (free_now)
		free_now(when_free_owner);
}

void
succeed_when_free(struct ev_loop *loop, void (*free)(void *owner), void *owner)
{
	if (channel == -1) {
		free(owner);
		return;
	}
	when_free = free;
	when_free_owner = owner;
	ev_io_init(&watcher, on_channel, channel, EV_READ);
	ev_io_start(loop, &watcher);
}
