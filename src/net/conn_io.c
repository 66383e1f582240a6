/*
 * conn_io.c - what a turn does with a conn: one read, input(), one write.
 *
 * After each callback the code asks whether the conn is closed or lost, and
 * touches it no more then.
 */
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "net/conn_in.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0		/* the programs ignore SIGPIPE */
#endif

size_t
conn_give(struct conn *c, struct str all)
{
	size_t used;

	c->in_input = true;
	used = c->does->input(c->owner, all);
	c->in_input = false;
	if (c->closed)
		return all.n;
	assert(used <= all.n);
	return used;
}

void
conn_keep(struct conn *c, struct buf *b, struct str rest)
{
	if (rest.n == 0 || c->lost || c->closed)
		return;
	spare_take(c->net, b, rest.n);
	if (buf_put(b, rest.p, rest.n))
		conn_lose_text(c, EXIT_UNREACHED, "connection dropped: out of memory for its input");
}

static void
conn_bound_input(struct conn *c)
{
	if (buf_len(&c->in) > CONN_IN_MAX)
		conn_lose_text(c, EXIT_PROTOCOL,
		    "connection dropped: the other side sends a message without end");
}

void
conn_give_kept(struct conn *c)
{
	bool plain = !c->shield;
	size_t used;

	if (!conn_can_give(c) || buf_len(&c->in) == 0)
		return;
	used = conn_give(c, buf_view(&c->in));
	if (c->closed)
		return;
	buf_eat(&c->in, used);
	spare_give(c->net, &c->in);
	if (plain && c->shield) {	/* input() started TLS: it kept ciphertext */
		struct buf none = c->shield->raw;

		c->got -= buf_len(&c->in);
		c->shield->raw = c->in;
		c->in = none;
		conn_wake(c);
		return;
	}
	conn_bound_input(c);
}

size_t
conn_send(struct conn *c, struct str s)
{
	ssize_t n = send(c->io.fd, s.p, s.n, MSG_NOSIGNAL);

	c->net->count.writes++;
	if (n == -1) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ENOBUFS)
			c->broken = errno;
		n = 0;
	}
	c->net->count.bytes_out += (uint64_t)n;
	c->blocked = (size_t)n < s.n && !c->broken;
	return (size_t)n;
}

/* Plain bytes in the shared buffer, with room before them for what is left over. */
static void
conn_take_plain(struct conn *c, struct str fresh)
{
	size_t left = buf_len(&c->in);
	struct str all = fresh, rest;

	c->got += fresh.n;
	if (left > NET_IN_FRONT) {	/* long: it would be moved again and again */
		conn_keep(c, &c->in, fresh);
		conn_give_kept(c);
		return;
	}
	if (left) {
		all = (struct str){ fresh.p - left, fresh.n + left };
		memcpy(c->net->in + NET_IN_FRONT - left, buf_view(&c->in).p, left);
		buf_eat(&c->in, left);
		spare_give(c->net, &c->in);
	}
	rest = str_skip(all, conn_give(c, all));
	if (c->closed || c->lost)
		return;
	if (c->shield) {		/* input() started TLS */
		c->got -= rest.n;
		conn_take_cipher(c, rest);
		return;
	}
	conn_keep(c, &c->in, rest);
	if (!c->lost)
		conn_bound_input(c);
}

static void
conn_ended(struct conn *c)	/* the peer sends no more */
{
	if (!c->shield || tls_state(c->shield->tls) == TLS_CLOSED || c->finishing) {
		c->eof = true;
		if (c->finishing && (buf_len(&c->out) || !c->shut))
			conn_watch(c, c->armed & ~EV_READ);	/* it may still read */
		else if (c->broken)
			conn_lose_sys(c, c->broken);
		else
			conn_lose_text(c, EXIT_UNREACHED, "closed by the other side");
	} else if (tls_state(c->shield->tls) == TLS_HANDSHAKE)
		conn_lose_text(c, EXIT_PROTOCOL, "connection closed during the TLS handshake");
	else
		conn_lose_text(c, EXIT_UNREACHED, "connection closed without TLS close_notify");
}

/* One read; level-triggered, so what is left comes with the next turn. */
static void
conn_read(struct conn *c)
{
	struct net *net = c->net;
	char *room = (char *)net->in + NET_IN_FRONT;
	ssize_t n;

	if (!(conn_can_give(c) || c->finishing) || (c->shield && buf_len(&c->shield->raw))) {
		conn_watch(c, c->armed & ~EV_READ);
		return;
	}
	n = recv(c->io.fd, room, NET_IN, 0);
	net->count.reads++;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		if (c->broken)		/* nothing of the peer waits any more */
			conn_lose_sys(c, c->broken);
		return;
	}
	if (n == 0)
		conn_ended(c);
	else if (n == -1)
		conn_lose_sys(c, errno);
	if (n <= 0)
		return;
	net->count.bytes_in += (uint64_t)n;
	c->heard = net_time(net);
	if (c->shield && (!c->finishing || !conn_is_secret(c)))
		conn_take_cipher(c, (struct str){ room, (size_t)n });
	else if (!c->finishing)
		conn_take_plain(c, (struct str){ room, (size_t)n });
}

static void
conn_deliver(struct conn *c)
{
	if (!conn_can_give(c))
		return;
	if (c->broken) {	/* what the peer said before it hung up comes first */
		if (c->shield && buf_len(&c->shield->raw))
			conn_lose_sys(c, c->broken);
		conn_wake(c);
		conn_read(c);
		return;
	}
	conn_give_kept(c);
	if (c->shield && conn_can_give(c))
		conn_take_cipher(c, (struct str){ "", 0 });
	if (conn_can_give(c))
		conn_watch(c, c->armed | EV_READ);
}

void
conn_write_plain(struct conn *c)
{
	if (buf_len(&c->out))
		buf_eat(&c->out, conn_send(c, buf_view(&c->out)));
}

/* What came and was not read would be a reset to the other side, and not an end. */
static void
conn_end_local(struct conn *c)
{
	shutdown(c->io.fd, SHUT_RDWR);		/* so that no more comes */
	while (recv(c->io.fd, c->net->in, sizeof c->net->in, 0) > 0)
		;
	conn_close(c);
}

/* conn_finish() was called: are we there? */
static void
conn_finish_step(struct conn *c)
{
	if (c->broken) {
		conn_close(c);
		return;
	}
	if (c->blocked || (c->shield && tls_cipher(c->shield->tls).n))
		return;
	if (buf_len(&c->out) && !(c->shield && tls_state(c->shield->tls) == TLS_CLOSED))
		return;
	if (c->eof) {
		conn_close(c);
	} else if (c->local) {
		conn_end_local(c);
	} else if (!c->shut) {
		c->shut = true;
		shutdown(c->io.fd, SHUT_WR);
		conn_watch(c, EV_READ);
	}
}

static void
conn_flush(struct conn *c)
{
	if (c->shield)
		conn_write_tls(c);
	else
		conn_write_plain(c);
	spare_give(c->net, &c->out);
	conn_watch(c, c->blocked ? c->armed | EV_WRITE : c->armed & ~EV_WRITE);
	if (c->finishing) {
		conn_finish_step(c);
		return;
	}
	if (c->broken) {
		if (c->paused)
			conn_lose_sys(c, c->broken);
		else
			conn_wake(c);
		return;
	}
	if (c->high && buf_len(&c->out) < CONN_LOW && !c->lost) {
		c->high = false;
		if (c->does && c->does->drained)
			c->does->drained(c->owner);
	}
}

/* What is in the list now, each once: callbacks may put them there again. */
static void
list_take_all(struct list *from, struct list *to)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	list_init(from);
}

void
conns_deliver(struct net *net)
{
	struct list now;

	list_take_all(&net->ready, &now);
	while (!list_empty(&now)) {
		struct conn *c = list_of(now.next, struct conn, ready);

		list_del(&c->ready);
		conn_enter(c);
		conn_deliver(c);
		conn_leave(c);
	}
}

void
conns_flush(struct net *net)
{
	struct list now;

	list_take_all(&net->dirty, &now);
	while (!list_empty(&now)) {
		struct conn *c = list_of(now.next, struct conn, dirty);

		list_del(&c->dirty);
		conn_enter(c);
		conn_flush(c);
		conn_leave(c);
	}
}

void
conn_on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = w->data;

	(void)loop;
	conn_enter(c);
	if (revents & EV_ERROR) {	/* libev could not wait for it, and has given it up */
		conn_lose_text(c, EXIT_UNREACHED, "connection dropped: the system cannot watch it");
		conn_leave(c);
		return;
	}
	if (revents & EV_WRITE) {
		c->blocked = false;	/* armed still: the flush decides */
		conn_touch(c);
	}
	if (revents & EV_READ)
		conn_read(c);
	conn_leave(c);
}
