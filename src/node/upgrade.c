/* upgrade.c - the process that goes, see upgrade.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "net/inherit.h"
#include "node/daemon.h"
#include "node/join.h"
#include "node/node.h"
#include "node/supervisor.h"

enum { START_MS = 30000, EXIT_NO_PROGRAM = 127 };

/* --- its end --- */

static void
leave_channel(struct upgrade *u)
{
	if (u->channel == -1)
		return;
	ev_io_stop(u->node->loop, &u->io);
	close(u->channel);
	u->channel = -1;
}

/* The process may say what becomes of it before it ends; its watcher is for the next one then. */
static void
settle(struct upgrade *u, enum upgrade_step step)
{
	u->step = step;
	ev_child_stop(u->node->loop, &u->child);
	timer_drop(&u->node->fabric.wheel, &u->timer);
}

/* Nothing has happened: we have our place again, if it had been given up. */
static void
fail(struct upgrade *u, const char *why)
{
	struct node *n = u->node;
	struct err e = { .status = 0 };

	if (u->step == UPGRADE_HANDING && node_take_place(n, &e) == -1)
		log_event(LOG_LEVEL_ERROR, "upgrade_failed", "why", e.text, "next",
		    "this process goes on without the lock of its run directory", NULL);
	log_event(LOG_LEVEL_ERROR, "upgrade_failed", "why", why, "next", "this process goes on", NULL);
	supervisor_say("STATUS=the upgrade failed: %.200s", why);
	settle(u, UPGRADE_NONE);
	leave_channel(u);
	builtin_refuse(n->builtin, u->answer, E_service_failed, why);
}

/* It accepts: we listen no more, and whoever is idle here is sent there. */
static void
done(struct upgrade *u)
{
	struct node *n = u->node;
	char pid[24], line[80];

	settle(u, UPGRADE_DONE);
	snprintf(pid, sizeof pid, "%ld", (long)u->pid);
	log_event(LOG_LEVEL_INFO, "upgraded", "pid", pid, "next", "this process drains", NULL);
	supervisor_say("MAINPID=%s", pid);
	snprintf(line, sizeof line, "{\"v\":1,\"upgraded\":true,\"pid\":%s}\n", pid);
	builtin_say(n->builtin, u->answer, str(line));
	builtin_end(n->builtin, u->answer);
	listener_leave(n->bus);
	listener_close(n->bus);
	n->bus = NULL;
	control_stop(&n->control);
	drain_begin(n);
	drain_renewed(n);
}

/* --- what it says --- */

static void
hand_over(struct upgrade *u)
{
	u->step = UPGRADE_HANDING;
	rundir_unlock(&u->node->run);
	daemon_pidfile_leave();
	(void)send(u->channel, "go\n", 3, MSG_NOSIGNAL);
}

static void
hear(struct upgrade *u, struct str line)
{
	char why[sizeof u->said];

	if (str_is(line, "ready") && u->step == UPGRADE_STARTING) {
		hand_over(u);
	} else if (str_is(line, "taken") && u->step == UPGRADE_HANDING) {
		done(u);
	} else if (str_is(line, "reload") && u->step == UPGRADE_DONE) {
		renew_signal(u->node);
		succeed_reloaded();
	} else if (u->step == UPGRADE_STARTING || u->step == UPGRADE_HANDING) {
		if (str_starts(line, STR("failed ")))
			line = str_skip(line, 7);
		snprintf(why, sizeof why, "%.*s", STR_FMT(line));
		fail(u, why);
	}
}

static void
on_channel(struct ev_loop *loop, ev_io *w, int revents)
{
	struct upgrade *u = w->data;
	ssize_t n = read(u->channel, u->said + u->said_n, sizeof u->said - u->said_n);
	struct str line, rest;

	(void)revents;
	u->node->fabric.now = net_time(u->node->net);
	if (n <= 0) {		/* its end is known in a moment */
		if (n == 0)
			ev_io_stop(loop, w);
		return;
	}
	u->said_n += (size_t)n;
	rest = (struct str){ u->said, u->said_n };
	while (str_split(rest, '\n', &line, &rest))
		hear(u, line);
	u->said_n = rest.n == sizeof u->said ? 0 : rest.n;
	if (u->said_n)
		memmove(u->said, rest.p, u->said_n);
}

static void
on_child(struct ev_loop *loop, ev_child *w, int revents)
{
	struct upgrade *u = w->data;
	char why[120];

	(void)revents;
	ev_child_stop(loop, w);
	u->node->fabric.now = net_time(u->node->net);
	if (u->channel != -1 && ev_is_active(&u->io))	/* what it said last may wait there */
		on_channel(loop, &u->io, EV_READ);
	if (u->step != UPGRADE_STARTING && u->step != UPGRADE_HANDING)
		return;
	if (w->rstatus & 0x7f)
		snprintf(why, sizeof why, "the new process was ended by signal %d", w->rstatus & 0x7f);
	else
		snprintf(why, sizeof why, "the new process ended with status %d; the log has its words",
		    w->rstatus >> 8 & 0xff);
	fail(u, why);
}

static void
on_late(struct wheel *w, struct timer *t)
{
	struct upgrade *u = list_of(t, struct upgrade, timer);

	(void)w;
	kill(u->pid, SIGKILL);
	fail(u, "the new process was not ready within 30 s");
}

/* --- its beginning --- */

/* What came by standard input has been read: it cannot be had there again, nor be waited for. */
static void
leave_stdin(const struct node *n)
{
	int from;

	if (!n->set->join || strcmp(n->set->join, "-") != 0)
		return;
	if ((from = join_stdin(n->set)) == -1 || (from != STDIN_FILENO && dup2(from, STDIN_FILENO) == -1))
		_exit(EXIT_NO_PROGRAM);
	if (from != STDIN_FILENO)
		close(from);
}

/* In the child: descriptors to where LISTEN_FDS says, nothing else, and the new program. */
static void
become(struct node *n, int channel)
{
	int from[LISTEN_MAX + 2], count = 0;
	char number[24], names[(LISTEN_MAX + 2) * sizeof INHERIT_OURS] = "";
	sigset_t none;

	from[count++] = listener_fd(n->bus);
	for (size_t i = 0; i < n->set->listen_count; i++)
		from[count++] = listener_fd(n->entries[i].at);
	from[count++] = channel;
	fd_cloexec_others();
	/* first out of each other's way */
	for (int i = 0; i < count; i++)
		if ((from[i] = fcntl(from[i], F_DUPFD, INHERIT_FIRST + count)) == -1 ||
		    fd_cloexec(from[i]) == -1)
			_exit(EXIT_NO_PROGRAM);
	leave_stdin(n);
	for (int i = 0; i < count; i++) {
		if (dup2(from[i], INHERIT_FIRST + i) == -1)
			_exit(EXIT_NO_PROGRAM);
		if (i < count - 1)
			strcat(strcat(names, i ? ":" : ""), INHERIT_OURS);
	}
	snprintf(number, sizeof number, "%d", INHERIT_FIRST + count - 1);
	setenv("FEDX_SUCCEED", number, 1);
	snprintf(number, sizeof number, "%d", count - 1);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(number, sizeof number, "%ld", (long)getpid());
	setenv("LISTEN_PID", number, 1);
	supervisor_restore();
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(n->arguments.argv[0], n->arguments.argv);
	dprintf(INHERIT_FIRST + count - 1, "failed cannot run %.200s: %s\n", n->arguments.argv[0], strerror(errno));
	_exit(EXIT_NO_PROGRAM);
}

static int
start(struct upgrade *u, struct err *e)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		return err_sys(e, "cannot start another process");
	if (fd_prepare(p[0]) == -1 || (u->pid = fork()) == -1) {
		err_sys(e, "cannot start another process");
		close(p[0]);
		close(p[1]);
		return -1;
	}
	if (u->pid == 0)
		become(u->node, p[1]);
	close(p[1]);
	u->channel = p[0];
	return 0;
}

int
upgrade_begin(struct upgrade *u, uint64_t answer, struct err *e)
{
	struct node *n = u->node;

	if (n->draining)
		return err_set(e, "this process is draining");
	if (u->step != UPGRADE_NONE)
		return err_set(e, "an upgrade is under way");
	if (start(u, e) == -1)
		return -1;
	u->step = UPGRADE_STARTING;
	u->answer = answer;
	u->said_n = 0;
	ev_io_init(&u->io, on_channel, u->channel, EV_READ);
	ev_child_init(&u->child, on_child, u->pid, 0);
	u->io.data = u->child.data = u;
	ev_io_start(n->loop, &u->io);
	ev_child_start(n->loop, &u->child);
	timer_set(&n->fabric.wheel, &u->timer, n->fabric.now, START_MS);
	log_event(LOG_LEVEL_INFO, "upgrading", "program", n->arguments.argv[0], NULL);
	return 0;
}

void
upgrade_uplinks_gone(struct upgrade *u)
{
	if (!u->freed && u->channel != -1)
		(void)send(u->channel, "free\n", 5, MSG_NOSIGNAL);
	u->freed = true;
}

void
upgrade_open(struct upgrade *u, struct node *n)
{
	*u = (struct upgrade){ .node = n, .channel = -1 };
	timer_init(&u->timer, on_late);
}

void
upgrade_close(struct upgrade *u)
{
	if (!u->node)
		return;
	settle(u, UPGRADE_NONE);
	leave_channel(u);
}
