/*
 * park.c - requests that wait at a name until an instance of it is free.
 *
 * They wait encoded, with the parts of their body behind them, first come
 * first served.  What may wait is bounded in number and bytes.
 */
#include "fabric/gate_parts.h"

enum { LOOK_AHEAD = 16 };

static bool
may_wait(const struct fabric *f, const struct name *name, size_t more)
{
	return name->waiting_bytes + more <= f->limits.waiting_bytes &&
	    f->buffered + more <= f->limits.buffers;
}

static void
wait_at(struct fabric *f, struct flight *fl, struct name *name)
{
	fl->waits_for = name;
	list_add(&name->waiting, &fl->wait_place);
	name->waiting_count++;
	name->waiting_bytes += buf_len(&fl->saved);
	f->buffered += buf_len(&fl->saved);
}

void
flight_unpark(struct fabric *f, struct flight *fl)
{
	struct name *name = fl->waits_for;

	if (!name)
		return;
	list_del(&fl->wait_place);
	name->waiting_count--;
	name->waiting_bytes -= buf_len(&fl->saved);
	f->buffered -= buf_len(&fl->saved);
	fl->waits_for = NULL;
}

void
request_park(struct fabric *f, struct flight *fl, struct name *name, const struct envelope *e)
{
	size_t size = e ? envelope_size(e) : buf_len(&fl->saved);

	if (name->waiting_count >= f->limits.waiting || !may_wait(f, name, size)) {
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED,
		    "all instances are busy and as many requests wait as may");
		return;
	}
	if (e)
		buf_init(&fl->saved, f->limits.waiting_bytes);
	if (e && envelope_put(&fl->saved, e, STR("")) == -1) {
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED, "no memory to wait in");
		return;
	}
	f->count.parked++;
	wait_at(f, fl, name);
}

void
park_part(struct fabric *f, struct flight *fl, const struct envelope *e)
{
	struct name *name = fl->waits_for;	/* NULL: it waits at the gate */
	size_t size = envelope_size(e);

	if ((name ? !may_wait(f, name, size) : f->buffered + size > f->limits.buffers) ||
	    envelope_put(&fl->saved, e, STR("")) == -1) {
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED,
		    "the request waits and its body is too large to keep");
		return;
	}
	if (name)
		name->waiting_bytes += size;
	f->buffered += size;
}

static void
resume_oneway(struct fabric *f, struct flight *fl, const struct target *t, struct envelope *e)
{
	if (request_send(f, t->port, e) == -1)
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED, "");
	else
		flight_end(f, fl);
}

void
flight_resume(struct fabric *f, struct flight *fl, const struct target *t)
{
	struct buf saved;
	struct envelope e;
	const char *why;
	size_t used;
	uint64_t id = fl->id, left;
	uint32_t granted = fl->back.window - WINDOW;
	struct str rest;

	flight_unpark(f, fl);
	saved = fl->saved;
	rest = buf_view(&saved);
	buf_init(&fl->saved, 0);
	while (envelope_parse(rest, UINT32_MAX, &e, &used, &why) == PARSE_OK) {
		rest = str_skip(rest, used);
		if (e.kind == KIND_REQUEST && e.id == 0) {
			resume_oneway(f, fl, t, &e);
		} else if (e.kind == KIND_REQUEST) {
			left = mono_ms_until(f->now, fl->until);
			e.deadline_ms = left ? (uint32_t)left : 1;
			request_start(f, fl, t, &e);
		} else if (stream_pass(f, fl, &fl->onward, &e, STR("")) == -1 &&
		    inflight_by_id(&f->flights, id) == fl) {
			flight_break(f, fl, E_overloaded, "the queue on the way is full");
		}
		if (inflight_by_id(&f->flights, id) != fl || !fl->out)
			break;
	}
	if (granted && inflight_by_id(&f->flights, id) == fl)
		stream_grant(fl, &fl->back, granted);	/* it came before there was an answerer */
	buf_free(&saved);
}

/* Send on, or fail, one of the first few that wait; false: all have to wait on. */
static bool
dispatch_one(struct fabric *f, struct name *name)
{
	struct envelope e;
	const char *why;
	size_t used;
	int tried = 0;

	list_each(n, &name->waiting) {
		struct flight *fl = list_of(n, struct flight, wait_place);
		const struct gate_way way = { .picked = true };	/* once is enough */
		struct target t = { .port = NULL };

		if (tried++ == LOOK_AHEAD)
			break;
		if (envelope_parse(buf_view(&fl->saved), UINT32_MAX, &e, &used, &why) != PARSE_OK)
			continue;
		if (!request_holds_from(f, fl->in, &e)) {
			flight_fail(f, fl, E_scope, FATE_NOT_DELIVERED, FROM_IS_LOST);
			return true;
		}
		request_resolve(f, fl->in, &e, meta_find(e.meta, META_version), &way, &t);
		if (t.error != E_NONE) {
			flight_fail(f, fl, t.error, FATE_NOT_DELIVERED, t.why);
		} else if (t.port) {
			flight_resume(f, fl, &t);
		} else if (t.name != name) {	/* a pattern covers it now, and is busy too */
			flight_unpark(f, fl);
			wait_at(f, fl, t.name);
		} else {
			continue;
		}
		return true;
	}
	return false;
}

void
name_dispatch(struct fabric *f, struct name *name)
{
	if (name->dispatching)	/* an answer came while we sent: the loop below goes on */
		return;
	name->dispatching = true;
	while (name->waiting_count && dispatch_one(f, name))
		continue;
	name->dispatching = false;
	if (name->count == 0 && name->waiting_count == 0)
		fib_drop_name(&f->fib, name);
}
