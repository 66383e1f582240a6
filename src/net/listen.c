/* listen.c - accepts what comes, up to 64 a turn; waits when descriptors run out. */
#include "config.h"
#ifdef HAVE_ACCEPT4
#define _GNU_SOURCE		/* accept4() */
#endif
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "net/inherit.h"
#include "net/inside.h"

enum {
	BACKLOG = 4096,		/* a burst of reconnects must not overflow it */
	ACCEPTS_A_TURN = 64,
	EXIT_UNAVAILABLE = 69, EXIT_CANTCREAT = 73, EXIT_NOPERM = 77
};
static const double PAUSE_S = 0.1;

struct listener {
	struct net *net;
	ev_io io;
	ev_timer pause;
	accepted_fn *accepted;
	void *owner;
	bool *gone;		/* set when closed inside accepted() */
	char name[ADDR_TEXT];
	char *path;		/* unix: unlinked at the end if it is still ours */
	dev_t dev;
	ino_t ino;
};

static int
accept_prepared(int fd, struct addr *peer)
{
	int got;

	memset(peer, 0, sizeof *peer);
	peer->len = sizeof peer->at;
#ifdef HAVE_ACCEPT4
	got = accept4(fd, (struct sockaddr *)&peer->at, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
	got = accept(fd, (struct sockaddr *)&peer->at, &peer->len);
	if (got != -1 && fd_prepare(got)) {
		close(got);
		errno = ECONNABORTED;
		return -1;
	}
#endif
	return got;
}

static bool
accept_failed_alone(int error)	/* this one is lost; the next may be fine */
{
	return error == ECONNABORTED || error == EINTR || error == EPROTO ||
	    error == EPERM || error == ENETDOWN || error == ENETUNREACH ||
	    error == EHOSTUNREACH || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

static void
listener_pause(struct listener *l, int error)
{
	l->net->count.accept_paused++;
	log_event(LOG_LEVEL_WARNING, "accept_paused", "listen", l->name, "why", strerror(error),
	    "next", "again in 100 ms; if this goes on, raise the descriptor limit", NULL);
	ev_io_stop(l->net->loop, &l->io);
	ev_timer_set(&l->pause, PAUSE_S, 0.);
	ev_timer_start(l->net->loop, &l->pause);
}

static void
on_acceptable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct listener *l = w->data;
	char text[ADDR_TEXT];
	struct addr peer;
	bool gone = false;
	int fd;

	(void)loop;
	if (revents & EV_ERROR) {
		listener_pause(l, ENOMEM);
		return;
	}
	l->gone = &gone;
	for (int i = 0; i < ACCEPTS_A_TURN && !gone; i++) {
		if ((fd = accept_prepared(w->fd, &peer)) != -1) {
			l->net->count.accepted++;
			addr_text(&peer, text);
			l->accepted(l->owner, fd, text);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		} else if (!accept_failed_alone(errno)) {
			listener_pause(l, errno);
			break;
		}
	}
	if (!gone)
		l->gone = NULL;
}

static void
on_pause_over(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listener *l = w->data;

	(void)revents;
	ev_io_start(loop, &l->io);
}

static struct listener *
listener_open(struct net *net, int fd, accepted_fn *accepted, void *owner)
{
	struct listener *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	*l = (struct listener){ .net = net, .accepted = accepted, .owner = owner };
	ev_io_init(&l->io, on_acceptable, fd, EV_READ);
	ev_timer_init(&l->pause, on_pause_over, PAUSE_S, 0.);
	l->io.data = l->pause.data = l;
	ev_io_start(net->loop, &l->io);
	return l;
}

static void
listen_refused(struct err *e, const char *where, int error)
{
	errno = error;
	if (error == EADDRINUSE)
		err_set(e, "cannot listen on %s: another program listens there; stop it, "
		    "or choose another port", where);
	else if (error == EADDRNOTAVAIL)
		err_set(e, "cannot listen on %s: this machine has no such address; use one "
		    "that it has, or none to take all", where);
	else if (error == EACCES)
		err_set(e, "cannot listen on %s: permission denied; ports under 1024 "
		    "need a right of their own", where);
	else
		err_sys(e, "cannot listen on %s", where);
	if (e->status == 0)
		e->status = error == EACCES ? EXIT_NOPERM : EXIT_UNAVAILABLE;
}

/* A bound, listening descriptor; -1: errno. */
static int
socket_listening(const struct addr *a, bool both_families)
{
	int fd = socket(a->at.ss_family, SOCK_STREAM, 0), on = 1, off = 0, error;

	if (fd == -1)
		return -1;
	if (fd_prepare(fd) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    (!both_families || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
	    bind(fd, (const struct sockaddr *)&a->at, a->len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* ":80": one socket for IPv6 and IPv4, or IPv4 alone where that cannot be. */
static int
listen_all(uint16_t port)
{
	struct addr a;
	int fd;

	if (addr_numeric(STR("::"), port, &a) == 0 && ((fd = socket_listening(&a, true)) != -1 ||
	    errno == EADDRINUSE || errno == EACCES))
		return fd;
	(void)addr_numeric(STR("0.0.0.0"), port, &a);
	return socket_listening(&a, false);
}

int
listen_where(struct str hostport, struct addr *a, bool *all, struct err *e)
{
	struct str host;
	uint16_t port;

	if (hostport_parse(hostport, &host, &port, e))
		return -1;
	*all = host.n == 0;
	if (*all)
		return addr_numeric(STR("0.0.0.0"), port, a);
	if (addr_numeric(host, port, a) == 0)
		return 0;
	if (!host_is_loopback(host))
		return err_set(e, "cannot listen on %.*s: '%.*s' is a name; write an address "
		    "of this machine, 'localhost', or :PORT for all",
		    (int)(hostport.n < 100 ? hostport.n : 100), hostport.p,
		    (int)(host.n < 80 ? host.n : 80), host.p);
	return addr_numeric(STR("127.0.0.1"), port, a);
}

struct listener *
listen_tcp(struct net *net, struct str hostport, accepted_fn *accepted, void *owner,
    struct err *e)
{
	char where[ADDR_TEXT];
	struct listener *l;
	struct addr a;
	bool all;
	int fd;

	if (listen_where(hostport, &a, &all, e) == -1)
		return NULL;
	snprintf(where, sizeof where, "%.*s", (int)(hostport.n < 100 ? hostport.n : 100), hostport.p);
	if ((fd = inherit_tcp(hostport)) == -1)
		fd = all ? listen_all(addr_port(&a)) : socket_listening(&a, false);
	if (fd == -1) {
		listen_refused(e, where, errno);
		return NULL;
	}
	if ((l = listener_open(net, fd, accepted, owner)) == NULL) {
		err_memory(e, "a listener");
		close(fd);
		return NULL;
	}
	a.len = sizeof a.at;
	if (getsockname(fd, (struct sockaddr *)&a.at, &a.len) == 0)
		addr_text(&a, l->name);
	return l;
}

/* Out of the way of bind(): nothing there, or the socket of a dead process. */
static int
unix_clear(const char *path, const struct addr *a, struct err *e)
{
	struct stat st;
	int fd, got, error;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_sys(e, "cannot listen on %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, "cannot listen on %s: it exists and is not a socket; "
		    "remove it, or choose another path", path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 || fd_prepare(fd)) {
		err_sys(e, "cannot listen on %s", path);
		if (fd != -1)
			close(fd);
		return -1;
	}
	got = connect(fd, (const struct sockaddr *)&a->at, a->len);
	error = errno;
	close(fd);
	if (got == 0 || error == EAGAIN || error == EINPROGRESS)
		return err_set(e, "cannot listen on %s: another program listens there; "
		    "stop it, or choose another directory", path);
	errno = error;
	if (error != ECONNREFUSED)
		return error == ENOENT ? 0 : err_sys(e, "cannot listen on %s: the socket there "
		    "does not answer", path);
	return unlink(path) && errno != ENOENT ?
	    err_sys(e, "cannot replace the stale socket %s", path) : 0;
}

/* A descriptor that listens at the path; -1: *e. */
static int
unix_bound(const char *path, unsigned mode, struct err *e)
{
	struct addr a;
	mode_t mask;
	int fd;

	if (addr_unix(str(path), &a, e) || unix_clear(path, &a, e))
		return -1;
	mask = umask((mode_t)(~mode & 0777));	/* never open wider, not even for a moment */
	fd = socket_listening(&a, false);
	umask(mask);
	return fd == -1 ? err_sys(e, "cannot listen on %s", path) : fd;
}

struct listener *
listen_unix(struct net *net, const char *path, unsigned mode, accepted_fn *accepted,
    void *owner, struct err *e)
{
	struct listener *l = NULL;
	bool ours = true;
	struct stat st;
	int fd;

	if ((fd = inherit_unix(path, &ours)) == -1 && (fd = unix_bound(path, mode, e)) == -1) {
		err_exit(e, e->status ? e->status : EXIT_CANTCREAT);
		return NULL;
	}
	if (lstat(path, &st) || (l = listener_open(net, fd, accepted, owner)) == NULL ||
	    (ours && (l->path = strdup(path)) == NULL)) {
		err_sys(e, "cannot listen on %s", path);
		if (l)
			listener_close(l);
		else
			close(fd);
		if (ours)
			unlink(path);
		return NULL;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	snprintf(l->name, sizeof l->name, "%s", path);
	return l;
}

int
listener_fd(const struct listener *l)
{
	return l->io.fd;
}

void
listener_leave(struct listener *l)
{
	free(l->path);
	l->path = NULL;
}

const char *
listener_name(const struct listener *l)
{
	return l->name;
}

void
listener_close(struct listener *l)
{
	struct stat st;

	if (!l)
		return;
	if (l->gone)
		*l->gone = true;
	ev_io_stop(l->net->loop, &l->io);
	ev_timer_stop(l->net->loop, &l->pause);
	close(l->io.fd);
	/* a successor may have put its own socket there */
	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	free(l->path);
	free(l);
}
