/*
 * lines_session.c - JSON lines as a dialect: a full client, one message a line.
 *
 *	lines_up.c	what the client said, as envelopes
 *	lines_down.c	what the node says, as lines
 */
#include "dialect/dialect.h"
#include "dialect/lines_session.h"
#include "wire/meta.h"

enum {
	KEEP = 64 * 1024,		/* bytes of a buffer that stay with an idle session */
	EVENT_MAX = 64 * 1024		/* one line of events */
};

void
lines_empty(struct buf *b)
{
	buf_eat(b, buf_len(b));
	if (b->cap > KEEP)
		buf_rest(b);
}

int
lines_tell(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	int told = lines_print(&s->line, m) == 0 ? o->down(o, buf_view(&s->line)) : -1;
	lines_empty(&s->line);
	return told;
}

int
lines_too_slow(struct out *o)
{
	o->close(o, E_slow_consumer, "it does not read what it is told");
	return -1;
}

int
lines_must_tell(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	return lines_tell(s, o, m) == 0 ? 0 : lines_too_slow(o);
}

int
lines_tell_error(struct lines_session *s, struct out *o, enum lines_type type, uint64_t id,
    unsigned error, enum fate fate, struct str text)
{
	struct lines_message m = { .type = type, .id = id, .error = error, .fate = fate, .text = text };

	return lines_must_tell(s, o, &m);
}

int
lines_up_error(struct out *o, uint64_t id, unsigned error, enum fate fate, struct str text)
{
	uint8_t tlv[TLV_HEAD + 3];
	struct envelope e = { .kind = KIND_REPLY, .type = TYPE_TEXT, .hops = HOPS_DEFAULT,
	    .flags = FLAG_ERROR | FLAG_LAST, .id = id, .payload = text,
	    .meta = { (const char *)tlv, sizeof tlv } };

	meta_error(tlv, error, fate);
	return o->up(o, &e);
}

int
lines_up_cancel(struct lines_session *s, struct out *o, uint64_t id)
{
	struct envelope e = { .kind = KIND_CANCEL, .flags = FLAG_ONWARD, .hops = HOPS_DEFAULT, .id = id };
	struct half h;

	half_take(&s->halves, id, false, &h);
	return o->up(o, &e);
}

void
lines_over(struct lines_session *s, struct lines_open *open)
{
	struct half h;

	half_take(&s->halves, open->id, true, &h);
	lines_ids_close(&s->ids, open);
}

int
lines_end_watch(struct lines_session *s, struct out *o, uint64_t id)
{
	struct lines_message m = { .type = LINES_unwatched, .id = id };

	s->watching = false;
	buf_free(&s->events);
	return lines_must_tell(s, o, &m);
}

static int
lines_on(void *mem, const struct event *ev, struct out *o)
{
	struct lines_session *s = mem;
	struct lines_message m = { .type = LINES_error };

	switch (ev->kind) {
	case ON_OPEN:
		buf_init(&s->scratch, LINES_IN_MAX);
		buf_init(&s->line, LINES_OUT_MAX);
		buf_init(&s->events, EVENT_MAX);
		return 0;
	case ON_MESSAGE:
		s->told_why = false;
		return lines_up(s, o, ev->bytes);
	case ON_ENVELOPE:
		return lines_down(s, o, ev->env);
	case ON_CLOSING:
		m.error = ev->code;
		m.fate = FATE_MAY_HAVE_RUN;
		m.text = str(ev->text);
		if (ev->code)
			lines_tell(s, o, &m);	/* if it still reads */
		return 0;
	case ON_TIMER:
		return 0;
	}
	return 0;
}

static void
lines_free(void *mem)
{
	struct lines_session *s = mem;

	lines_ids_free(&s->ids);
	halves_free(&s->halves);
	buf_free(&s->scratch);
	buf_free(&s->line);
	buf_free(&s->events);
}

const struct dialect dialect_lines = {
	.name = "lines",
	.memory = sizeof(struct lines_session),
	.max_message = LINES_IN_MAX,
	.lines = true,
	.auto_credit = true,
	.recognise = lines_recognise,
	.on = lines_on,
	.free = lines_free
};
