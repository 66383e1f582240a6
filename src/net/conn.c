/*
 * conn.c - one connected stream: opened, owned, filled, lost, closed.  What a
 * turn of the loop does with it is in conn_io.c.
 *
 * Callbacks may close the conn: conn_enter/conn_leave bracket every way in
 * from the loop, and a conn that was closed meanwhile is freed on the way out.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/conn_in.h"

enum { MAX_OUTPUT = 4 * 1024 * 1024, LINGER_STEP_MS = 50 };

static void
conn_free(struct conn *c)
{
	spare_give(c->net, &c->in);
	buf_free(&c->in);
	buf_free(&c->out);
	if (c->shield) {
		tls_free(c->shield->tls);
		buf_free(&c->shield->raw);
		free(c->shield);
	}
	free(c);
}

void
conn_enter(struct conn *c)
{
	c->depth++;
}

void
conn_leave(struct conn *c)
{
	if (--c->depth == 0 && c->closed)
		conn_free(c);
}

void
conn_watch(struct conn *c, int events)
{
	if (c->armed == events)
		return;
	ev_io_stop(c->net->loop, &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	c->armed = (uint8_t)events;
	if (events)
		ev_io_start(c->net->loop, &c->io);
}

void
conn_touch(struct conn *c)
{
	if (!c->blocked && !c->lost && !c->closed && list_empty(&c->dirty))
		list_add(&c->net->dirty, &c->dirty);
}

void
conn_wake(struct conn *c)
{
	if (!c->lost && !c->closed && !c->finishing && list_empty(&c->ready))
		list_add(&c->net->ready, &c->ready);
}

bool
conn_can_give(const struct conn *c)
{
	return c->does && !c->paused && !c->lost && !c->closed && !c->finishing;
}

bool
conn_is_secret(const struct conn *c)
{
	return c->shield && tls_state(c->shield->tls) != TLS_HANDSHAKE;
}

void
conn_lose(struct conn *c, const struct err *why)
{
	if (c->lost || c->closed)
		return;
	c->lost = true;
	conn_watch(c, 0);
	list_del(&c->ready);
	list_del(&c->dirty);
	if (c->finishing)
		conn_close(c);
	else if (c->does)
		c->does->lost(c->owner, why);
}

void
conn_lose_sys(struct conn *c, int error)
{
	struct err e = { .status = EXIT_UNREACHED };

	errno = error;
	err_sys(&e, "connection lost");
	conn_lose(c, &e);
}

void
conn_lose_text(struct conn *c, int status, const char *text)
{
	struct err e = { .status = status };

	err_set(&e, "%s", text);
	conn_lose(c, &e);
}

void
conns_drop_lingering(struct net *net)
{
	while (!list_empty(&net->lingering))
		conn_close(list_of(net->lingering.next, struct conn, ready));
}

/* Who has had its time goes, the others are looked at again: not for each of very many alone. */
void
conns_linger(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct net *net = w->data;
	uint64_t next = UINT64_MAX, ms;

	(void)revents;
	list_each_safe(n, &net->lingering) {
		struct conn *c = list_of(n, struct conn, ready);

		if ((ms = mono_ms_until(net_time(net), c->until)) == 0)
			conn_close(c);
		else if (ms < next)
			next = ms;
	}
	if (next == UINT64_MAX)
		return;
	ev_timer_set(w, (double)(next < LINGER_STEP_MS ? LINGER_STEP_MS : next) / 1000., 0.);
	ev_timer_start(loop, w);
}

static void
linger(struct conn *c, uint32_t ms)
{
	struct net *net = c->net;

	c->until.us = net_time(net).us + (uint64_t)ms * 1000;
	list_del(&c->ready);
	list_add(&net->lingering, &c->ready);
	if (ev_is_active(&net->linger) && ev_timer_remaining(net->loop, &net->linger) * 1000 <= ms)
		return;
	ev_timer_stop(net->loop, &net->linger);
	ev_timer_set(&net->linger, ms / 1000., 0.);
	ev_timer_start(net->loop, &net->linger);
}

struct conn *
conn_open(struct net *net, int fd, struct err *e)
{
	struct conn *c = calloc(1, sizeof *c);
	int on = 1;

	if (!c || fd_prepare(fd)) {
		err_sys(e, "cannot set up a connection");
		free(c);
		close(fd);
		return NULL;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->net = net;
	ev_io_init(&c->io, conn_on_io, fd, 0);
	c->io.data = c;
	list_init(&c->ready);
	list_init(&c->dirty);
	buf_init(&c->in, CONN_IN_MAX + NET_IN);
	buf_init(&c->out, MAX_OUTPUT);
	c->heard = net_time(net);
	return c;
}

void
conn_own(struct conn *c, const struct conn_owner *does, void *owner)
{
	c->does = does;
	c->owner = owner;
	if (does)
		conn_wake(c);
}

void
conn_close(struct conn *c)
{
	if (!c || c->closed)
		return;
	c->closed = true;
	conn_watch(c, 0);
	list_del(&c->ready);
	list_del(&c->dirty);
	if (list_empty(&c->net->lingering))
		ev_timer_stop(c->net->loop, &c->net->linger);
	close(c->io.fd);
	if (c->depth == 0)
		conn_free(c);
}

static bool
is_local(int fd)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof at;

	return getsockname(fd, (struct sockaddr *)&at, &n) == 0 && at.ss_family == AF_UNIX;
}

void
conn_finish(struct conn *c, uint32_t linger_ms)
{
	if (!c || c->closed)
		return;
	c->does = NULL;
	c->owner = NULL;
	/* with half a handshake there is nobody to say good-bye to */
	if ((c->lost && !c->eof) || c->broken || (c->shield && !conn_is_secret(c) &&
	    buf_len(&c->out) == 0)) {
		conn_close(c);
		return;
	}
	c->lost = c->paused = c->blocked = false;
	c->finishing = true;
	/* what is unread takes nothing from what such a peer has yet to read, as it does with TCP */
	c->local = !c->shield && is_local(c->io.fd);
	if (conn_is_secret(c) && buf_len(&c->out) == 0)
		tls_end(c->shield->tls);
	linger(c, linger_ms);
	conn_watch(c, c->eof || c->local ? c->armed & ~EV_READ : c->armed | EV_READ);
	conn_touch(c);
}

static void
conn_grown(struct conn *c, size_t n)
{
	c->put += n;
	if (buf_len(&c->out) >= CONN_LOW)
		c->high = true;
	conn_touch(c);
}

int
conn_put(struct conn *c, struct str s)
{
	if (c->lost || c->closed || c->finishing)
		return -1;
	spare_take(c->net, &c->out, s.n);
	if (buf_put(&c->out, s.p, s.n))
		return -1;
	conn_grown(c, s.n);
	return 0;
}

uint8_t *
conn_room(struct conn *c, size_t n)
{
	if (c->lost || c->closed || c->finishing)
		return NULL;
	spare_take(c->net, &c->out, n);
	return buf_room(&c->out, n);
}

void
conn_made(struct conn *c, size_t n)
{
	buf_made(&c->out, n);
	conn_grown(c, n);
}

void
conn_set_max(struct conn *c, size_t max_output)
{
	buf_set_max(&c->out, max_output);
}

size_t
conn_queued(const struct conn *c)
{
	return buf_len(&c->out);
}

uint64_t
conn_got_total(const struct conn *c)
{
	return c->got;
}

uint64_t
conn_put_total(const struct conn *c)
{
	return c->put;
}

uint64_t
conn_gone_total(const struct conn *c)
{
	return c->put - buf_len(&c->out);
}

struct mono
conn_heard(const struct conn *c)
{
	return c->heard;
}

void
conn_pause(struct conn *c, bool pause)
{
	c->paused = pause;	/* the watcher is stopped only if something comes */
	if (!pause)
		conn_wake(c);
}

int
conn_fd(const struct conn *c)
{
	return c->io.fd;
}

size_t
conn_size(void)
{
	return sizeof(struct conn);
}
