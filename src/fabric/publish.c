/*
 * publish.c - PUBLISH: one event in, one out to every port behind which it is
 * wanted, and never back by the link on which it came.
 *
 * Between a leaf and its hub an event is as it is: the leaf sends all of its
 * own up, the hub sends down what the leaf has announced interest in.  The
 * hub where an event enters owns it from then on, and numbers it (TLV
 * revision).  Between hubs it follows the reverse path: a neighbour that told
 * us a route to the owner gets it elsewhere, and only such a neighbour may
 * hand us events of that owner.  While routes move, the number drops what
 * comes twice.
 *
 * A receiver whose queue is full misses the event, and it alone.
 */
#include "fabric/border.h"
#include "fabric/gate_parts.h"
#include "fabric/publish.h"

enum { PAST_MS = 60000, REVISION = 16, STAMP_MAX = TLV_HEAD + REVISION + 255, MARK_MAX = 2 * (TLV_HEAD + 255) };

/* {NULL,0}: it has none, or a malformed one */
static struct str
owner_of(struct str meta, uint64_t *epoch, uint64_t *count)
{
	struct str revision = meta_find(meta, META_revision);

	if (revision.n <= REVISION)
		return (struct str){ NULL, 0 };
	*epoch = be_u64((const uint8_t *)revision.p);
	*count = be_u64((const uint8_t *)revision.p + 8);
	return str_skip(revision, REVISION);
}

/* The way to the owner of an event from this neighbour; NULL: none is taken, and so no event. */
static struct via *
way_back(const struct fabric *f, struct str owner, const struct port *p)
{
	struct origin *o = owner.n ? rib_origin(f, owner) : NULL;
	struct via *v = o ? via_find(o, p) : NULL;

	return v && via_is_taken(v) ? v : NULL;
}

/* It has waited: is it still taken from this neighbour? */
static bool
may_still_come(struct fabric *f, const struct port *p, const struct envelope *e)
{
	uint64_t epoch, count;
	struct str owner = owner_of(e->meta, &epoch, &count);

	return !is_hub_neighbour(f, p) || way_back(f, owner, p);
}

/*
 * Later than the last event that was taken?  An epoch is one run of that hub.
 * It has the time of its start, but a clock may be set back between two runs,
 * so what is another epoch is a new run, unless that is known to be over.
 */
static bool
is_later(struct fabric *f, struct numbered *last, uint64_t epoch, uint64_t count)
{
	if (epoch == last->epoch && count <= last->count)
		return false;
	if (epoch != last->epoch) {
		for (size_t i = 0; i < EVENT_RUNS_PAST; i++)
			if (last->past[i].epoch == epoch && mono_ms_until(f->now, last->past[i].until))
				return false;
		last->past[last->turns].epoch = last->epoch;
		last->past[last->turns].until = mono_add_ms(f->now, PAST_MS);
		last->turns = (last->turns + 1) % EVENT_RUNS_PAST;
	}
	last->epoch = epoch;
	last->count = count;
	return true;
}

/* Of another hub, from a neighbour on the way to it, and news? */
static bool
is_news(struct fabric *f, const struct port *p, const struct envelope *e)
{
	uint64_t epoch, count;
	struct str owner = owner_of(e->meta, &epoch, &count);
	struct via *v = way_back(f, owner, p);

	if (!v || !is_later(f, &v->origin->events[v->foreign], epoch, count)) {
		f->count.events_stray++;
		return false;
	}
	return true;
}

/* The number is given by the hub where it enters, and by nobody before. */
static void
unstamp(struct fabric *f, struct envelope *e)
{
	struct str rest = e->meta, kept;
	struct tlv t;

	if (!meta_find(e->meta, META_revision).p)
		return;
	/* what is kept was copied into f->meta, or fits into it: in place, or from a link */
	kept = buf_view(&f->meta);
	if (kept.p != e->meta.p) {
		f->meta.head = f->meta.tail = 0;
		if (buf_str(&f->meta, e->meta) == -1) {
			e->meta = STR("");
			return;
		}
		rest = buf_view(&f->meta);
	}
	e->meta = (struct str){ rest.p, 0 };
	while (tlv_next(&rest, &t) == PARSE_OK) {
		size_t n = TLV_HEAD + t.value.n;
		uint8_t *to = f->meta.p + f->meta.head + e->meta.n;

		if (t.type == META_revision)
			continue;
		memmove(to, t.value.p - TLV_HEAD, n);
		e->meta.n += n;
	}
}

static void
give(struct fabric *f, struct port *to, const struct envelope *e, struct str more)
{
	if (to->ops->send(to, e, more) == 0) {
		f->count.events_sent++;
	} else {
		f->count.events_lost++;
		f->count.errors[E_slow_consumer]++;
	}
}

/* The number of an event that enters here, as a TLV. */
static struct str
stamp(struct fabric *f, uint8_t room[STAMP_MAX])
{
	uint8_t value[REVISION + 255], *end;
	size_t n = strlen(f->node);

	end = be_put_u64(be_put_u64(value, f->event_epoch), ++f->event_count);
	memcpy(end, f->node, n);
	end = tlv_write(room, META_revision, (struct str){ (const char *)value, REVISION + n });
	return (struct str){ (const char *)room, (size_t)(end - room) };
}

/* To a hub, unless it gets it elsewhere: with the number, if it has none yet. */
static void
give_hub(struct fabric *f, struct port *to, const struct envelope *e, struct str owner,
    struct str number)
{
	uint8_t room[MARK_MAX + STAMP_MAX];
	struct str mark = border_mark(f, to);
	struct err err;

	if (rib_heard(f, to, owner) || !gate_tells(f, to, rib_origin(f, owner)) || border_passes(f, e, to, &err) != E_NONE)
		return;
	memcpy(room, mark.p, mark.n);
	if (number.n)
		memcpy(room + mark.n, number.p, number.n);
	give(f, to, e, (struct str){ (const char *)room, mark.n + number.n });
}

static void
deliver(struct fabric *f, struct port *from, struct envelope *e)
{
	uint8_t room[STAMP_MAX];
	struct str owner = str(f->node), number = STR("");
	uint64_t epoch, count;

	if (is_hub_neighbour(f, from))
		owner = owner_of(e->meta, &epoch, &count);
	else if (f->rib.neighbours)
		number = stamp(f, room);
	f->event++;
	if (port_is_link(from))
		from->event = f->event;
	e->hops--;
	e->id = 0;
	for (struct interested *who = interest_match(&f->fib.interest, e->subject); who; who = who->also)
		list_each(n, &who->name->claims) {
			const struct claim *c = list_of(n, struct claim, of_name);
			struct port *to = c->port;

			if (to->event == f->event || (c->via && !via_is_taken(c->via)))
				continue;
			to->event = f->event;
			if (is_hub_neighbour(f, to))
				give_hub(f, to, e, owner, number);
			else
				give(f, to, e, border_mark(f, to));
		}
	if (f->uplink && f->uplink->event != f->event && !is_hub_neighbour(f, f->uplink))
		give(f, f->uplink, e, border_mark(f, f->uplink));
}

static enum error
check(struct fabric *f, const struct port *p, const struct envelope *e, const char **why)
{
	*why = "an event wants a path like /a/b, of 63 segments and 255 bytes at most, without wildcards";
	if (!path_plain(e->subject))
		return E_malformed;
	*why = "an event is one message: it has no \"more\"";
	if (e->flags & (FLAG_MORE | FLAG_ERROR))
		return E_malformed;
	*why = "an event has a path, and goes to whoever wants it";
	if (e->to.n)
		return E_unsupported;
	*why = "the path is not within the scopes that it was admitted with";
	if (!gate_publishes(p, e->subject))
		return E_scope;
	*why = "the meta has no room for the path of the event";
	if (e->meta.n + f->leave_tlv.n + TLV_HEAD + REVISION + strlen(f->node) > ENVELOPE_META_MAX)
		return E_too_large;
	return E_NONE;
}

void
publish(struct fabric *f, struct port *p, const struct envelope *in)
{
	struct envelope e = *in;
	struct gate_way way = { .picked = false };
	struct str constraint;
	enum error error;
	const char *why;

	f->count.events++;
	if (port_is_link(p))
		e.id = 0;
	e.deadline_ms = 0;
	if (!request_enters(f, p, &e, &constraint))
		return;
	if ((error = check(f, p, &e, &why)) != E_NONE) {
		f->count.malformed += error == E_malformed;
		request_refuse(f, p, &e, error, why);
		return;
	}
	e.flags &= FLAG_TRACE;
	if (!is_hub_neighbour(f, p))
		unstamp(f, &e);
	else if (!is_news(f, p, &e))
		return;
	if (f->gate.ops && gate_request(f, p, &e, constraint, &way) == GATE_DONE)
		return;
	if (!path_plain(e.subject)) {
		request_refuse(f, p, &e, E_policy_error, "policy put something into it that is no path");
		return;
	}
	e.to = STR("");
	deliver(f, p, &e);
	if (in->id && !port_is_link(p))
		port_say(p, KIND_DONE, FLAG_LAST, in->id, STR(""));
}

void
publish_resume(struct fabric *f, struct flight *fl, struct envelope *e)
{
	struct port *p = fl->in;
	uint64_t id = fl->in_id;

	if (!path_plain(e->subject)) {
		flight_fail(f, fl, E_policy_error, FATE_NOT_DELIVERED,
		    "policy put something into it that is no path");
		return;
	}
	e->to = STR("");
	if (may_still_come(f, p, e))
		deliver(f, p, e);
	else
		f->count.events_stray++;
	flight_end(f, fl);
	if (id)
		port_say(p, KIND_DONE, FLAG_LAST, id, STR(""));
}
