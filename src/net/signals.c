/* signals.c - see signals.h. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/signals.h"

enum { NUMBERS = 65 };

static volatile sig_atomic_t came[NUMBERS];
static int ends[2] = { -1, -1 };	/* of the pipe that wakes the loop */
static ev_io woken;

static void
on_signal(int number)
{
	int error = errno;
	ssize_t n;

	came[number] = 1;	/* first: who is woken looks */
	n = write(ends[1], "", 1);
	(void)n;		/* full: it wakes the loop as it is */
	errno = error;
}

static void
tell(struct ev_loop *loop)
{
	for (int n = 1; n < NUMBERS; n++)
		if (came[n]) {
			came[n] = 0;
			ev_feed_signal_event(loop, n);
		}
}

static void
on_woken(struct ev_loop *loop, ev_io *w, int revents)
{
	char some[64];

	if (revents & EV_ERROR)		/* libev could not watch it, and has given it up */
		ev_ref(loop);
	while (read(w->fd, some, sizeof some) == (ssize_t)sizeof some)
		;
	tell(loop);
}

static void
watch(struct ev_loop *loop)
{
	ev_io_start(loop, &woken);
	ev_unref(loop);		/* it alone keeps no loop alive */
}

void
signals_look(struct ev_loop *loop)
{
	if (!ev_is_active(&woken))
		watch(loop);
	tell(loop);
}

static void
take_over(int number)
{
	struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	assert(number > 0 && number < NUMBERS);
	sigfillset(&a.sa_mask);
	sigaction(number, &a, NULL);
}

void
signals_start(struct ev_loop *loop, ev_signal *w)
{
	sigset_t all, was;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &was);	/* none comes to libev */
	ev_signal_start(loop, w);
	take_over(w->signum);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

int
signals_open(struct err *e)
{
	if (ends[0] != -1)
		return 0;
	if (pipe(ends) == -1)
		return err_sys(e, "no descriptors for an event loop; raise the limit of open files");
	if (fd_prepare(ends[0]) == -1 || fd_prepare(ends[1]) == -1)
		return err_sys(e, "cannot set up a pipe for signals");
	return 0;
}

void
signals_watch(struct ev_loop *loop)
{
	ev_io_init(&woken, on_woken, ends[0], EV_READ);
	watch(loop);
	take_over(SIGCHLD);	/* libev caught it as it made the loop */
}
