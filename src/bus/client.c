/* client.c - see client.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "bus/client.h"
#include "wire/utf8.h"

enum {
	READ_STEP = 64 * 1024,
	READ_TURN = 512 * 1024,		/* bytes a turn, so that others get theirs */
	WAIT_MS = 65 * 1000,
	CONNECT_S = 5,
	EXIT_UNAVAILABLE = 69, EXIT_TEMPFAIL = 75, EXIT_PROTOCOL = 76, EXIT_NOPERM = 77
};

static void
lose(struct bus *b, int status)
{
	b->gone = true;
	err_exit(&b->why, status);
}

void
bus_adopt(struct bus *b, int fd)
{
	*b = (struct bus){ .fd = fd };
	buf_init(&b->in, 2 * BUS_PAYLOAD_MAX);
	buf_init(&b->out, BUS_OUT_MAX);
}

void
bus_close(struct bus *b)
{
	if (b->fd != -1)
		close(b->fd);
	b->fd = -1;
	b->gone = true;
	b->taken = 0;
	buf_free(&b->in);
	buf_free(&b->out);
}

static int
connect_within(int fd, const struct sockaddr_un *to)
{
	/* a stopped node with a full backlog would hold connect() for ever */
	struct timeval limit = { .tv_sec = CONNECT_S };
	int r;

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	do
		r = connect(fd, (const struct sockaddr *)to, sizeof *to);
	while (r == -1 && errno == EINTR);
	return r;
}

int
bus_dial(struct bus *b, const char *rundir, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd, n;

	bus_adopt(b, -1);
	n = snprintf(to.sun_path, sizeof to.sun_path, "%s/node.sock", rundir);
	if (n < 0 || (size_t)n >= sizeof to.sun_path) {
		err_set(e, "the path of a socket has at most %zu bytes; too long: \"%s/node.sock\"",
		    sizeof to.sun_path - 1, rundir);
		return err_exit(e, EXIT_UNAVAILABLE);
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1) {
		err_sys(e, "cannot make a socket");
		return err_exit(e, EXIT_UNAVAILABLE);
	}
	if (connect_within(fd, &to) == -1 || fd_prepare(fd) == -1) {
		int status = errno == EACCES || errno == EPERM ? EXIT_NOPERM : EXIT_UNAVAILABLE;

		err_sys(e, "%s", to.sun_path);
		close(fd);
		return err_exit(e, status);
	}
	b->fd = fd;
	return 0;
}

short
bus_events(const struct bus *b)
{
	return (short)(POLLIN | (buf_len(&b->out) ? POLLOUT : 0));
}

static void
write_some(struct bus *b)
{
	while (buf_len(&b->out)) {
		struct str v = buf_view(&b->out);
		ssize_t n = send(b->fd, v.p, v.n, MSG_NOSIGNAL);

		if (n > 0) {
			buf_eat(&b->out, (size_t)n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET) {
			buf_free(&b->out);	/* what it has said before it went is worth reading */
		} else if (errno != EAGAIN && errno != EWOULDBLOCK) {
			err_sys(&b->why, "cannot write to the node");
			lose(b, EXIT_UNAVAILABLE);
		}
		return;
	}
}

static void
read_some(struct bus *b)
{
	for (size_t got = 0; got < READ_TURN;) {
		uint8_t *to = buf_room(&b->in, READ_STEP);
		ssize_t n;

		if (!to && buf_len(&b->in) + READ_STEP > b->in.max)
			return;		/* what is there is to be taken first */
		if (!to) {
			err_memory(&b->why, "what the node says");
			lose(b, b->why.status);
			return;
		}
		n = recv(b->fd, to, READ_STEP, 0);
		if (n > 0) {
			buf_made(&b->in, (size_t)n);
			got += (size_t)n;
			if (n < READ_STEP)
				return;
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n == 0)
			err_set(&b->why, "the node closed the connection");
		else
			err_sys(&b->why, "lost the connection to the node");
		lose(b, EXIT_UNAVAILABLE);
		return;
	}
}

void
bus_turn(struct bus *b, short revents)
{
	if (b->gone)
		return;
	buf_eat(&b->in, b->taken);
	b->taken = 0;
	if (buf_len(&b->out))
		write_some(b);
	if (!b->gone && revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
		read_some(b);
}

static void
take_control(struct bus *b, const struct envelope *in)
{
	struct envelope pong = { .kind = KIND_PONG, .id = in->id, .payload = in->payload };

	if (in->kind == KIND_PING)
		bus_send(b, &pong);
	if (in->kind == KIND_ERROR && !b->gone) {
		bus_error(in, &b->why);
		err_at(&b->why, "the node refuses this connection");
		lose(b, b->why.status);
	}
}

static bool
is_for_us(const struct envelope *e)
{
	if (kind_class(e->kind) != CLASS_LINK)
		return true;
	return e->kind == KIND_DONE || (e->kind == KIND_ERROR && e->id != 0);
}

int
bus_next(struct bus *b, struct envelope *out, struct err *e)
{
	const char *why;
	size_t used;

	for (;;) {
		buf_eat(&b->in, b->taken);
		b->taken = 0;
		switch (envelope_parse(buf_view(&b->in), BUS_PAYLOAD_MAX, out, &used, &why)) {
		case PARSE_OK:
			b->taken = used;
			if (is_for_us(out))
				return 1;
			take_control(b, out);
			continue;
		case PARSE_BAD:
			err_set(&b->why, "this is no fedx node: %s", why);
			lose(b, EXIT_PROTOCOL);
			buf_free(&b->in);
			break;
		case PARSE_MORE:
			break;
		}
		if (!b->gone)
			return 0;
		*e = b->why;
		return -1;
	}
}

int
bus_send(struct bus *b, const struct envelope *e)
{
	if (b->gone)
		return 0;	/* bus_next() says so */
	return envelope_put(&b->out, e, (struct str){ NULL, 0 });
}

uint64_t
bus_id(struct bus *b)
{
	return ++b->last_id;
}

void
bus_talk_open(struct bus_talk *t, uint64_t id, bool opener)
{
	*t = (struct bus_talk){ .id = id, .opener = opener, .window = BUS_WINDOW };
}

int
bus_say(struct bus *b, struct bus_talk *t, const struct envelope *first,
    struct buf *body, bool whole)
{
	while (!t->ended && buf_len(&b->out) < BUS_OUT_HIGH) {
		struct envelope e = *first;
		size_t n = buf_len(body);
		bool more;

		if (n > PART_MAX)
			n = PART_MAX;
		if (t->spoken) {
			e = (struct envelope){ .kind = KIND_PART, .type = first->type };
			if (n > t->window)
				n = t->window;
		}
		more = !whole || n < buf_len(body);
		if (t->spoken && n == 0 && more)
			return 0;
		e.id = t->id;
		e.payload = (struct str){ buf_view(body).p, n };
		if (more)
			e.flags |= FLAG_MORE;
		if (t->spoken && t->opener)
			e.flags |= FLAG_ONWARD;
		if (bus_send(b, &e) == -1)
			return -1;
		if (t->spoken)
			t->window -= (uint32_t)n;
		buf_eat(body, n);
		t->spoken = true;
		t->ended = !more;
	}
	return 0;
}

int
bus_fail(struct bus *b, struct bus_talk *t, unsigned error, enum fate fate, struct str text)
{
	uint8_t meta[7];
	struct envelope e = {
		.kind = KIND_REPLY, .type = TYPE_TEXT, .flags = FLAG_ERROR, .id = t->id,
		.meta = { (const char *)meta, sizeof meta }, .payload = text
	};

	meta_error(meta, error, fate);
	t->spoken = t->ended = true;
	return bus_send(b, &e);
}

int
bus_cancel(struct bus *b, const struct bus_talk *t)
{
	return bus_send(b, &(struct envelope){
	    .kind = KIND_CANCEL, .flags = FLAG_ONWARD, .id = t->id });
}

int
bus_heard(struct bus *b, struct bus_talk *t, size_t n)
{
	uint8_t be[4];
	struct envelope e = { .kind = KIND_CREDIT, .id = t->id,
		.flags = t->opener ? FLAG_ONWARD : 0, .payload = { (const char *)be, 4 } };

	t->owed += (uint32_t)n;
	if (t->owed < BUS_CREDIT_STEP)
		return 0;
	for (int i = 0; i < 4; i++)
		be[i] = (uint8_t)(t->owed >> (24 - 8 * i));
	t->owed = 0;
	return bus_send(b, &e);
}

void
bus_credit(struct bus_talk *t, const struct envelope *e)
{
	uint32_t n;

	if (tlv_u32(e->payload, &n) == -1)
		return;
	t->window = n > INT32_MAX - t->window ? INT32_MAX : t->window + n;
}

int
bus_attach(struct bus *b, const struct announcement *a, bool detach, uint64_t *id)
{
	struct envelope e = { .kind = detach ? KIND_DETACH : KIND_ATTACH };
	struct buf body;
	int r = -1;

	buf_init(&body, 3 * LIST_MAX_BYTES);
	if (announcement_put(&body, a) == 0) {
		e.id = *id = bus_id(b);
		e.payload = buf_view(&body);
		r = bus_send(b, &e);
	}
	buf_free(&body);
	return r;
}

/* 1: the answer is whole, 0: more to come */
static int
take_answer(struct bus *b, struct bus_talk *t, const struct envelope *in,
    struct buf *meta, struct buf *answer, struct err *e)
{
	if (in->kind == KIND_CREDIT || in->id != t->id)
		return 0;
	if (in->kind == KIND_REPLY && meta && buf_str(meta, in->meta) == -1) {
		err_set(e, "the answer's meta is too long");
		return err_exit(e, EXIT_PROTOCOL);
	}
	if (in->flags & FLAG_ERROR) {
		bus_error(in, e);
		return -1;
	}
	if (buf_str(answer, in->payload) == -1) {
		bus_cancel(b, t);
		err_set(e, "the answer is over %u bytes", answer->max);
		return err_exit(e, EXIT_PROTOCOL);
	}
	if (in->kind == KIND_PART)
		bus_heard(b, t, in->payload.n);
	return !(in->flags & FLAG_MORE);
}

int
bus_ask(struct bus *b, const struct envelope *request, unsigned wait_ms,
    struct buf *meta, struct buf *answer, struct err *e)
{
	struct mono until = mono_add_ms(mono_now(), wait_ms ? wait_ms : WAIT_MS);
	struct envelope ask = *request, in;
	struct bus_talk t;
	uint64_t left;
	int r;

	bus_talk_open(&t, ask.id = bus_id(b), true);
	if (bus_send(b, &ask) == -1)
		return err_set(e, "the request is too large");
	while ((left = mono_ms_until(mono_now(), until)) > 0) {
		struct pollfd p = { .fd = b->fd, .events = bus_events(b) };

		if (poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left) == -1 && errno != EINTR)
			return err_sys(e, "poll");
		bus_turn(b, p.revents);
		while ((r = bus_next(b, &in, e)) == 1)
			if ((r = take_answer(b, &t, &in, meta, answer, e)) != 0)
				return r == 1 ? 0 : -1;
		if (r == -1)
			return -1;
	}
	bus_cancel(b, &t);
	bus_turn(b, 0);
	bus_error_say(E_timeout, FATE_MAY_HAVE_RUN, (struct str){ NULL, 0 }, e);
	return -1;
}

size_t
bus_text(struct str in, char *to, size_t size)
{
	size_t n = 0, step;

	while (in.n && n + 1 < size) {
		unsigned char c = (unsigned char)in.p[0];
		bool c1 = in.n > 1 && c == 0xc2 && (unsigned char)in.p[1] < 0xa0;

		step = utf8_step(in);
		if (step == 0 || c < 0x20 || c == 0x7f || c1) {
			to[n++] = '?';
			in = str_skip(in, step ? step : 1);
			continue;
		}
		if (n + step >= size)
			break;
		memcpy(to + n, in.p, step);
		n += step;
		in = str_skip(in, step);
	}
	if (size)
		to[n] = '\0';
	return n;
}

void
bus_error_say(unsigned error, enum fate fate, struct str text, struct err *e)
{
	const struct error_row *row = error_row(error);
	char clean[180];

	bus_text(text.n ? text : str(row->sentence), clean, sizeof clean);
	err_set(e, "%s: %s (%s)", row->name, clean,
	    fate == FATE_NOT_DELIVERED ? "not delivered" : "may have run");
	err_exit(e, row->exit);
}

unsigned
bus_error(const struct envelope *in, struct err *e)
{
	unsigned error;
	enum fate fate;

	meta_error_get(in->meta, &error, &fate);
	bus_error_say(error, fate, str_trim(in->payload), e);
	return error;
}
