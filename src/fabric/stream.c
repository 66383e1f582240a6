/*
 * stream.c - bodies in parts: windows say how much a sender may send, pipes
 * hold what a slow receiver has not taken, ports serve their pipes in turn.
 *
 * While the receiver's queue is short a part passes straight through.  Else
 * its bytes wait in the conversation's own pipe, so that small messages and
 * other conversations overtake it; fabric_pump() takes one part of each pipe
 * in turn.  Windows are end to end (CREDIT is passed on), and each node
 * checks them, so that a pipe never holds more than was granted.
 */
#include <stdlib.h>

#include "fabric/request.h"

static struct port *
receiver_of(const struct flight *fl, const struct stream *st)
{
	return st == &fl->onward ? fl->out : fl->in;
}

static struct port *
sender_of(const struct flight *fl, const struct stream *st)
{
	return st == &fl->onward ? fl->in : fl->out;
}

void
stream_drop(struct fabric *f, struct stream *st)
{
	struct pipe *p = st->pipe;
	struct port *to;

	if (!p)
		return;
	to = receiver_of(p->flight, st);
	if (to)
		to->piped -= buf_len(&p->bytes);
	f->buffered -= buf_len(&p->bytes);
	list_del(&p->ready);
	buf_free(&p->bytes);
	buf_free(&p->tail);
	free(p);
	st->pipe = NULL;
}

static struct pipe *
pipe_open(struct flight *fl, struct stream *st)
{
	struct pipe *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->flight = fl;
	buf_init(&p->bytes, WINDOW_MAX);
	buf_init(&p->tail, ENVELOPE_HEAD + ENVELOPE_META_MAX + PART_MAX);
	list_add(&receiver_of(fl, st)->ready, &p->ready);
	return st->pipe = p;
}

int
stream_grant(struct flight *fl, struct stream *st, uint32_t n)
{
	struct port *to = sender_of(fl, st);
	uint8_t be[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	struct envelope e = { .kind = KIND_CREDIT, .hops = HOPS_DEFAULT,
	    .flags = st == &fl->back ? FLAG_ONWARD : 0,
	    .id = st == &fl->back ? fl->id : fl->in_id,
	    .payload = { (const char *)be, sizeof be } };

	return to ? to->ops->send(to, &e, STR("")) : -1;
}

/* 256 KiB are granted before anything is received: return them by quarters */
static void
owe(struct flight *fl, struct stream *st, size_t n)
{
	uint32_t owed;

	st->owed += (uint32_t)n;
	owed = st->owed;
	if (owed < WINDOW / 4 || st->ended)
		return;
	/* first the window: who is told may send at once */
	st->window += owed;
	st->owed = 0;
	if (stream_grant(fl, st, owed) == -1) {
		st->window -= owed;
		st->owed += owed;	/* the next part brings it up again */
	}
}

static int
emit(struct fabric *f, struct flight *fl, struct stream *st, struct envelope *e,
    struct str more_meta)
{
	struct port *to = receiver_of(fl, st);
	uint64_t id = fl->id;

	e->id = st == &fl->onward ? fl->id : fl->in_id;
	if (to->ops->send(to, e, more_meta) == -1)	/* one that closes ends its requests as is true of them */
		return to->closing && st == &fl->onward ? 0 : -1;
	if (e->kind == KIND_PART && to->auto_credit && e->payload.n &&
	    inflight_by_id(&f->flights, id) == fl)
		owe(fl, st, e->payload.n);
	return 0;
}

static void
shed(struct fabric *f)
{
	struct port *most = NULL;
	struct pipe *largest = NULL;
	struct flight *fl;

	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		if (!most || p->piped > most->piped)
			most = p;
	}
	if (!most)
		return;
	list_each(n, &most->ready) {
		struct pipe *p = list_of(n, struct pipe, ready);

		if (!largest || buf_len(&p->bytes) > buf_len(&largest->bytes))
			largest = p;
	}
	if (!largest)
		return;
	f->count.shed++;
	fl = largest->flight;
	stream_drop(f, fl->back.pipe == largest ? &fl->back : &fl->onward);
	flight_break(f, fl, E_overloaded,
	    "all buffers of the node are full and this conversation held the most");
}

static int
pipe_put(struct fabric *f, struct flight *fl, struct stream *st,
    const struct envelope *e, struct str more_meta)
{
	struct pipe *p = st->pipe ? st->pipe : pipe_open(fl, st);
	struct envelope tail = *e;

	if (!p)
		return -1;
	if (e->kind != KIND_PART) {
		tail.id = st == &fl->onward ? fl->id : fl->in_id;
		return envelope_put(&p->tail, &tail, more_meta);
	}
	if (buf_str(&p->bytes, e->payload) == -1)
		return -1;
	p->type = e->type;
	receiver_of(fl, st)->piped += e->payload.n;
	f->buffered += e->payload.n;
	return 0;
}

int
stream_pass(struct fabric *f, struct flight *fl, struct stream *st,
    const struct envelope *e, struct str more_meta)
{
	struct port *to = receiver_of(fl, st);
	struct envelope copy = *e;

	if (st->pipe || (e->kind == KIND_PART && to->ops->queued(to) > PORT_LOW))
		return pipe_put(f, fl, st, e, more_meta);
	return emit(f, fl, st, &copy, more_meta);
}

/* One part, or the tail, of one pipe; the pipe is gone when it is empty. */
static int
pull(struct fabric *f, struct pipe *p)
{
	struct flight *fl = p->flight;
	struct stream *st = fl->onward.pipe == p ? &fl->onward : &fl->back;
	struct port *to = receiver_of(fl, st);
	struct str bytes = buf_view(&p->bytes);
	struct envelope e = { .kind = KIND_PART, .type = p->type, .hops = HOPS_DEFAULT };
	const char *why;
	size_t n = bytes.n < PART_MAX ? bytes.n : PART_MAX, used;
	uint64_t id = fl->id;

	if (n || buf_len(&p->tail) == 0) {
		e.payload = str_head(bytes, n);
		e.flags = (uint16_t)((st == &fl->onward ? FLAG_ONWARD : 0) |
		    (st->ended && n == bytes.n && buf_len(&p->tail) == 0 ? 0 : FLAG_MORE));
		if (emit(f, fl, st, &e, STR("")) == -1)
			return -1;
		if (inflight_by_id(&f->flights, id) != fl || st->pipe != p)
			return 0;
		buf_eat(&p->bytes, n);
		to->piped -= n;
		f->buffered -= n;
	} else if (envelope_parse(buf_view(&p->tail), UINT32_MAX, &e, &used, &why) == PARSE_OK) {
		if (to->ops->send(to, &e, STR("")) == -1)
			return -1;
		buf_eat(&p->tail, used);
	}
	if (buf_len(&p->bytes) == 0 && buf_len(&p->tail) == 0) {
		stream_drop(f, st);
		if (fl->ended)
			flight_end(f, fl);
	} else {	/* to the end of the line */
		list_del(&p->ready);
		list_add(&to->ready, &p->ready);
	}
	return 0;
}

void
fabric_pump(struct fabric *f, struct port *to)
{
	while (!list_empty(&to->ready) && to->ops->queued(to) <= PORT_LOW)
		if (pull(f, list_of(to->ready.next, struct pipe, ready)) == -1)
			return;
	if (to->routes && (to->routes->sending || to->routes->end_due || to->routes->gap))
		route_pump(f, to);
}

static struct flight *
find(struct fabric *f, struct port *from, const struct envelope *e, struct stream **st,
    bool of_sender)
{
	struct flight *fl;
	bool onward = e->flags & FLAG_ONWARD;

	if (onward)
		fl = inflight_by_opener(&f->flights, from, e->id);
	else if ((fl = inflight_by_id(&f->flights, e->id)) != NULL && fl->out != from)
		fl = NULL;
	if (!fl || fl->ended)
		return NULL;
	*st = onward == of_sender ? &fl->onward : &fl->back;
	return fl;
}

void
stream_part(struct fabric *f, struct port *from, const struct envelope *e)
{
	struct stream *st;
	struct flight *fl = find(f, from, e, &st, true);
	struct envelope part = { .kind = KIND_PART, .type = e->type, .flags = e->flags &
	    (FLAG_ONWARD | FLAG_MORE), .hops = HOPS_DEFAULT, .payload = e->payload };
	uint64_t id;
	int passed;

	if (!fl) {
		f->count.late_parts++;
		return;
	}
	id = fl->id;
	f->count.parts++;
	if (st->ended || (st == &fl->back && !fl->answering)) {
		f->count.malformed++;
		flight_break(f, fl, E_malformed, "a part came where none was announced");
	} else if (e->payload.n > PART_MAX) {
		f->count.malformed++;
		flight_break(f, fl, E_too_large, "a part is over 65536 bytes");
	} else if (e->payload.n > st->window) {
		f->count.malformed++;
		flight_break(f, fl, E_overloaded,
		    "the sender sent more than its credit: wait for CREDIT after 262144 bytes");
	} else {
		st->window -= (uint32_t)e->payload.n;
		st->ended = !(e->flags & FLAG_MORE);
		if (!fl->out) {
			park_part(f, fl, &part);
			return;
		}
		passed = stream_pass(f, fl, st, &part, STR(""));
		if (inflight_by_id(&f->flights, id) != fl)
			return;		/* the receiver ended it at once */
		if (passed == -1) {
			flight_break(f, fl, E_overloaded, "the queue on the way is full");
		} else if (st->ended && st == &fl->back) {
			flight_answered(f, fl, false);
		} else if (f->buffered > f->limits.buffers) {
			shed(f);
		}
	}
}

void
stream_credit(struct fabric *f, struct port *from, const struct envelope *e)
{
	struct stream *st;
	struct flight *fl = find(f, from, e, &st, false);
	const uint8_t *p = (const uint8_t *)e->payload.p;
	uint32_t n;

	if (!fl)
		return;
	if (e->payload.n != 4) {
		f->count.malformed++;
		return;
	}
	n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	if (n > WINDOW_MAX - st->window)
		n = WINDOW_MAX - st->window;	/* and no more than that is passed on */
	st->window += n;
	if (n)
		stream_grant(fl, st, n);
}
