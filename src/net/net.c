/* net.c - one turn of the loop: read by wake-up, deliver, write once, wait. */
#include <stdlib.h>
#include <string.h>

#include "net/inside.h"
#include "net/resolve.h"

enum { SPARE_LOOK = 8 };	/* that many at most, for one that is large enough */

struct spare { struct spare *next; uint32_t cap; };	/* lies in the buffer itself */

/* Growth by way of larger and larger new ones would leave each of them here. */
void
spare_take(struct net *net, struct buf *b, size_t n)
{
	struct spare **at = &net->spares, *s;
	struct buf was = *b;
	size_t len = buf_len(b);
	int looked = 0;

	if (b->cap >= len + n && b->cap)
		return;
	while (*at && (*at)->cap < len + n && looked++ < SPARE_LOOK)
		at = &(*at)->next;
	if ((s = *at) == NULL || s->cap < len + n)
		return;
	*at = s->next;
	net->spare_bytes -= s->cap;
	*b = (struct buf){ .p = (uint8_t *)s, .cap = s->cap, .max = b->max };
	if (len)
		memcpy(b->p, was.p + was.head, len);
	b->tail = (uint32_t)len;
	was.head = was.tail = 0;
	spare_give(net, &was);
}

void
spare_give(struct net *net, struct buf *b)
{
	struct spare *s = (void *)b->p;

	if (!s || buf_len(b))
		return;
	if (b->cap > NET_SPARE_EACH || net->spare_bytes + b->cap > NET_SPARE_ALL) {
		buf_free(b);
		return;
	}
	*s = (struct spare){ net->spares, b->cap };
	net->spares = s;
	net->spare_bytes += s->cap;
	buf_init(b, b->max);
}

static void
on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct net *net = w->data;

	(void)revents;
	conns_deliver(net);
	if (net->turn)
		net->turn(net->turn_owner);
	conns_flush(net);
	if (net->turn)		/* writing may have lost a conn, or made room in one */
		net->turn(net->turn_owner);
	/* a callback of these made new work: go round again without waiting */
	if (!list_empty(&net->ready) || !list_empty(&net->dirty))
		ev_idle_start(loop, &net->idle);
	else
		ev_idle_stop(loop, &net->idle);
}

static void
on_check(struct ev_loop *loop, ev_check *w, int revents)
{
	struct net *net = w->data;

	(void)loop, (void)revents;
	net->now.us = 0;
}

static void
on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
	(void)loop, (void)w, (void)revents;
}

struct net *
net_open(struct ev_loop *loop, struct err *e)
{
	struct net *net = calloc(1, sizeof *net);

	if (!net) {
		err_memory(e, "connections");
		return NULL;
	}
	net->loop = loop;
	list_init(&net->ready);
	list_init(&net->dirty);
	list_init(&net->lingering);
	ev_prepare_init(&net->prepare, on_prepare);
	ev_set_priority(&net->prepare, EV_MINPRI);	/* after those of others */
	ev_check_init(&net->check, on_check);
	ev_set_priority(&net->check, EV_MAXPRI);
	ev_idle_init(&net->idle, on_idle);
	ev_timer_init(&net->linger, conns_linger, 0., 0.);
	net->linger.data = net;
	net->prepare.data = net->check.data = net;
	ev_prepare_start(loop, &net->prepare);
	ev_unref(loop);		/* these two alone keep no loop alive */
	ev_check_start(loop, &net->check);
	ev_unref(loop);
	return net;
}

void
net_close(struct net *net)
{
	if (!net)
		return;
	conns_drop_lingering(net);
	resolver_close(net->resolver);
	ev_ref(net->loop);
	ev_check_stop(net->loop, &net->check);
	ev_ref(net->loop);
	ev_prepare_stop(net->loop, &net->prepare);
	ev_idle_stop(net->loop, &net->idle);
	for (struct spare *s = net->spares, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	free(net);
}

void
net_each_turn(struct net *net, void (*turn)(void *owner), void *owner)
{
	net->turn = turn;
	net->turn_owner = owner;
}

bool
net_lingers(const struct net *net)
{
	return !list_empty(&net->lingering);
}

struct ev_loop *
net_loop(struct net *net)
{
	return net->loop;
}

struct mono
net_time(struct net *net)
{
	if (!net->now.us)
		net->now = mono_now();
	return net->now;
}

void
net_set_proxy(struct net *net, const struct proxy *p)
{
	net->proxy = p;
}

const struct net_counters *
net_counters(struct net *net)
{
	return &net->count;
}
