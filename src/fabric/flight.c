/*
 * flight.c - the ends of a conversation: every request ends exactly once at
 * its caller with an answer, `not delivered`, or `may have run`.
 *
 * What we end ourselves is `not delivered` only if the request cannot have
 * been received: it was never queued, is still parked, or its last byte had
 * not left our queue when the link died.
 */
#include "fabric/gate_parts.h"

int
port_error(struct fabric *f, struct port *p, uint64_t id, uint8_t kind, enum error error,
    enum fate fate, struct str text)
{
	uint8_t tlv[TLV_HEAD + 3];
	struct envelope e = { .kind = kind, .type = TYPE_TEXT, .hops = HOPS_DEFAULT,
	    .flags = FLAG_ERROR | FLAG_LAST, .id = id, .payload = text };

	meta_error(tlv, error, fate);
	e.meta = (struct str){ (const char *)tlv, sizeof tlv };
	f->count.errors[error]++;
	return p->ops->send(p, &e, STR(""));
}

/* Off the answerer: from here on it cannot be heard in this conversation. */
static void
detach(struct fabric *f, struct flight *fl)
{
	struct name *name = fl->claim ? fl->claim->name : NULL;
	bool waited = fl->at_gate == AT_ROUTE;

	timer_drop(&f->wheel, &fl->deadline);
	gate_leave(f, fl);
	stream_drop(f, &fl->onward);
	flight_unpark(f, fl);
	buf_free(&fl->saved);
	if (fl->claim)
		fl->claim->in_flight--;
	fl->claim = NULL;
	if (fl->out) {
		list_del(&fl->out_place);
		fl->out->serving_count--;
		fl->out = NULL;
	}
	if (name && name->waiting_count)
		name_dispatch(f, name);
	if (waited)
		gate_serve(f, fl->in);
}

void
flight_end(struct fabric *f, struct flight *fl)
{
	uint64_t id = fl->id;

	fl->ended = true;
	detach(f, fl);
	if (fl->back.pipe)
		return;		/* the caller still has to get what came */
	if (inflight_by_id(&f->flights, id) == fl)
		inflight_close(&f->flights, fl);
}

static void
count_end(struct fabric *f, const struct flight *fl, uint64_t *of_request)
{
	if (fl->event)
		f->count.events_refused++;
	else if (!fl->ended)	/* else it is counted, and was only not read yet */
		++*of_request;
}

void
flight_fail(struct fabric *f, struct flight *fl, enum error error, enum fate fate,
    const char *text)
{
	uint8_t tlv[TLV_HEAD + 3];
	struct envelope e = { .kind = KIND_REPLY, .type = TYPE_TEXT, .hops = HOPS_DEFAULT,
	    .flags = FLAG_ERROR | FLAG_LAST, .payload = str(text) };
	struct port *in = fl->in;
	uint64_t id = fl->id;
	int passed;

	meta_error(tlv, error, fate);
	e.meta = (struct str){ (const char *)tlv, sizeof tlv };
	f->count.errors[error]++;
	count_end(f, fl, fate == FATE_NOT_DELIVERED ? &f->count.not_delivered : &f->count.may_have_run);
	passed = fl->in_id ? stream_pass(f, fl, &fl->back, &e, STR("")) : 0;
	if (inflight_by_id(&f->flights, id) == fl)
		flight_end(f, fl);
	if (passed == -1)
		in->ops->close(in, E_slow_consumer, "it does not read its answers");
}

void
flight_answered(struct fabric *f, struct flight *fl, bool error)
{
	if (error)
		f->count.answer_errors++;
	else
		f->count.answers++;
	if (fl->claim && error)
		fl->claim->failed++;
	else if (fl->claim)
		fl->claim->served++;
	if (fl->claim)
		balance_answered(fl->claim, fl->sent, f->now, error);
	flight_end(f, fl);
}

static void
tell_cancel(struct flight *fl)
{
	struct envelope e = { .kind = KIND_CANCEL, .flags = FLAG_ONWARD | FLAG_LAST,
	    .hops = HOPS_DEFAULT, .id = fl->id };

	if (fl->out)
		fl->out->ops->send(fl->out, &e, STR(""));
}

void
flight_break(struct fabric *f, struct flight *fl, enum error error, const char *text)
{
	uint64_t id = fl->id;
	enum fate fate = fl->out || fl->ended ? FATE_MAY_HAVE_RUN : FATE_NOT_DELIVERED;

	tell_cancel(fl);
	if (inflight_by_id(&f->flights, id) == fl)
		flight_fail(f, fl, error, fate, text);
}

void
flight_cancel(struct fabric *f, struct flight *fl)
{
	uint64_t id = fl->id;

	count_end(f, fl, &f->count.cancels);
	tell_cancel(fl);
	if (inflight_by_id(&f->flights, id) != fl)
		return;
	stream_drop(f, &fl->back);
	flight_end(f, fl);
}

static void
on_deadline(struct wheel *w, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(w);
	struct flight *fl = list_of(t, struct flight, deadline);

	if (fl->at_gate == AT_ROUTE) {
		gate_late(f, fl);
		return;
	}
	flight_break(f, fl, E_timeout, fl->out ?
	    "no answer before the deadline" : "no instance was free before the deadline");
}

void
flight_set_deadline(struct fabric *f, struct flight *fl, uint32_t ms)
{
	timer_drop(&f->wheel, &fl->deadline);
	timer_init(&fl->deadline, on_deadline);
	timer_set(&f->wheel, &fl->deadline, f->now, ms);
}
