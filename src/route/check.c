/*
 * check.c - a trial in a child: what it sends back before it ends, within a bound.
 *
 * The child is a fork, not a new program: it runs the very code of a load.
 * It shares nothing that could be in the way: no descriptor of ours but the
 * pipe, so that nobody takes it for us if we die.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "route/load.h"

enum { READ_STEP = 64 * 1024, OURS = 1024 /* we have fewer, and they are the lowest */ };

struct check {
	struct ev_loop *loop;
	ev_io io;
	ev_timer bound;
	ev_child child;
	bool lives;		/* as far as we know: it is ours to kill */
	struct buf got;
	tried_fn *tried;
	void *owner;
};

static _Noreturn void
be_child(int to, const char *confdir, uint32_t bound_ms)
{
	struct trial t;
	struct buf all;
	sigset_t none;

	sigemptyset(&none);
	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	for (int fd = 3; fd < OURS; fd++)
		if (fd != to)
			close(fd);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(bound_ms / 1000 + 1);	/* whatever becomes of who started us */
	trial_init(&t);
	trial_run(&t, confdir);
	buf_init(&all, LOAD_BYTES + TAP_BYTES + 4096);
	if (trial_put(&all, &t) == 0)
		fd_write_all(to, buf_view(&all));
	_exit(0);
}

static void
check_free(struct check *c)
{
	ev_io_stop(c->loop, &c->io);
	ev_timer_stop(c->loop, &c->bound);
	ev_child_stop(c->loop, &c->child);
	close(c->io.fd);
	if (c->lives)
		kill(c->child.pid, SIGKILL);	/* libev reaps it */
	buf_free(&c->got);
	free(c);
}

static void
check_end(struct check *c, const char *why)
{
	tried_fn *tried = c->tried;
	void *owner = c->owner;
	struct trial t;

	trial_init(&t);
	if (!why && trial_get(&t, buf_view(&c->got)) == -1)
		why = "the try of the policy ended without a result: it took too much memory, or was killed";
	if (why) {
		t.fine = t.absent = false;
		err_set(&t.why, "%s", why);
	}
	check_free(c);
	tried(owner, &t);
	trial_free(&t);
}

static void
on_bytes(struct ev_loop *loop, ev_io *w, int revents)
{
	struct check *c = w->data;
	uint8_t *to = buf_room(&c->got, READ_STEP);
	ssize_t n;

	(void)loop, (void)revents;
	if (!to) {
		check_end(c, "there is no memory for the policy");
		return;
	}
	n = read(w->fd, to, READ_STEP);
	if (n > 0)
		buf_made(&c->got, (size_t)n);
	else if (n == 0)
		c->lives = false, check_end(c, NULL);
	else if (errno != EAGAIN && errno != EINTR)
		check_end(c, "the try of the policy cannot be read");
}

static void
on_bound(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	check_end(w->data, "loading the policy and its tests took too long (route.check)");
}

static void
on_child(struct ev_loop *loop, ev_child *w, int revents)
{
	struct check *c = w->data;

	(void)revents;
	c->lives = false;	/* its last bytes may still be in the pipe */
	ev_child_stop(loop, w);
}

struct check *
check_open(struct ev_loop *loop, const char *confdir, uint32_t bound_ms, tried_fn *tried,
    void *owner, struct err *e)
{
	struct check *c = calloc(1, sizeof *c);
	sigset_t all, old;
	int p[2] = { -1, -1 };
	pid_t pid;

	if (!c || pipe(p) == -1 || fd_prepare(p[0]) == -1)
		goto fail;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);	/* until the child has let go of our handlers */
	if ((pid = fork()) == 0)
		be_child(p[1], confdir, bound_ms);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid == -1)
		goto fail;
	close(p[1]);
	*c = (struct check){ .loop = loop, .lives = true, .tried = tried, .owner = owner };
	buf_init(&c->got, LOAD_BYTES + TAP_BYTES + 4096 + READ_STEP);
	ev_io_init(&c->io, on_bytes, p[0], EV_READ);
	ev_timer_init(&c->bound, on_bound, bound_ms / 1000., 0.);
	ev_child_init(&c->child, on_child, pid, 0);
	c->io.data = c->bound.data = c->child.data = c;
	ev_io_start(loop, &c->io);
	ev_timer_start(loop, &c->bound);
	ev_child_start(loop, &c->child);
	return c;
fail:
	err_sys(e, "cannot start a process to try the policy in");
	for (int i = 0; i < 2; i++)
		if (p[i] != -1)
			close(p[i]);
	free(c);
	return NULL;
}

void
check_close(struct check *c)
{
	if (c)
		check_free(c);
}
