/* net-loop.c - libev has what it would end the process for the lack of, and signals are heard. */
#ifdef __linux__
#define _GNU_SOURCE		/* syscall() */
#endif
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/syscall.h>
#endif

#include "net/loop.h"
#include "net/signals.h"
#include "tap.h"

static bool no_memory;			/* the system can watch no more descriptors */
static int heard[2];			/* SIGUSR1, SIGCHLD of the child below */

#ifdef __linux__			/* where libev waits by epoll, this comes before the library's */
int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *e)
{
	if (no_memory) {
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, e);
}
#endif

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	heard[0]++;
}

static void
on_child(struct ev_loop *loop, ev_child *w, int revents)
{
	(void)revents;
	heard[1]++;
	ev_child_stop(loop, w);
}

static void
on_other(struct ev_loop *loop, ev_timer *w, int revents)	/* what else a loop is for */
{
	(void)loop, (void)w, (void)revents;
}

static bool
hears(struct ev_loop *loop, const int *what)
{
	for (int turns = 0; turns < 10 && !*what; turns++)	/* each has a second at most */
		ev_run(loop, EVRUN_ONCE);
	return *what > 0;
}

static void
test_signals(struct ev_loop *loop)
{
	ev_signal usr1;
	ev_child child;
	ev_timer other;
	pid_t pid;

	ev_timer_init(&other, on_other, 60., 60.);
	ev_timer_start(loop, &other);
	no_memory = true;
	ev_signal_init(&usr1, on_signal, SIGUSR1);
	signals_start(loop, &usr1);
	ev_run(loop, EVRUN_NOWAIT);
	kill(getpid(), SIGUSR1);
	ok(hears(loop, &heard[0]), "a signal is heard while nothing can be watched");
	if ((pid = fork()) == 0)
		_exit(0);
	ev_child_init(&child, on_child, pid, 0);
	ev_child_start(loop, &child);
	ok(hears(loop, &heard[1]), "so is the end of a child");
	no_memory = false;
	for (int i = 0; i < 3; i++)
		ev_run(loop, EVRUN_ONCE);	/* within a second it is watched again */
	heard[0] = 0;
	kill(getpid(), SIGUSR1);
	ev_run(loop, EVRUN_ONCE);
	is_int(heard[0], 1, "and wakes who waits once there is memory");
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	ev_run(loop, EVRUN_ONCE);
	ev_run(loop, EVRUN_NOWAIT);
	is_int(heard[0], 2, "two before a wait are one");
}

int
main(void)
{
	struct ev_loop *loop;
	struct rlimit l, few;
	struct err e = { .status = 0 };
	char *p, *q;

	getrlimit(RLIMIT_NOFILE, &l);
	few = l;
	few.rlim_cur = 4;
	setrlimit(RLIMIT_NOFILE, &few);
	ok(loop_open(&e) == NULL, "with one descriptor left there is no loop");
	is_int(e.status, 71, "and a status that says whose fault it is");
	ok(strstr(e.text, "descriptors") != NULL, "and a sentence");
	setrlimit(RLIMIT_NOFILE, &l);
	ok((loop = loop_open(&e)) != NULL, "with more there is one");

	p = loop_alloc(NULL, 8);
	memcpy(p, "1234567", 8);
	q = loop_alloc(p, 4);
	ok(p == q, "what shrinks stays");
	q = loop_alloc(q, 100000);
	is_str(str(q), "1234567", "what grows keeps its bytes");
	ok(loop_alloc(q, 0) == NULL, "and can be freed");
	test_signals(loop);
	return done();
}
