/*
 * request.c - REQUEST, REPLY and CANCEL: what may come in, where it goes on,
 * and how the answer finds its way back.  The ends are in flight.c, waiting
 * is in park.c, the choice of a target in resolve.c.
 */
#include "fabric/border.h"
#include "fabric/gate_parts.h"
#include "fabric/publish.h"
#include "fabric/version.h"
#include "wire/hello.h"

enum { BEYOND_MS = 100 };

void
request_refuse(struct fabric *f, struct port *p, const struct envelope *e, enum error error,
    const char *why)
{
	if (e->kind == KIND_PUBLISH)
		f->count.events_refused++;
	else
		f->count.not_delivered++;
	if (e->id == 0)
		f->count.errors[error]++;
	else if (port_error(f, p, e->id, KIND_REPLY, error, FATE_NOT_DELIVERED, str(why)) == -1)
		p->ops->close(p, E_slow_consumer, "it does not read its answers");
}

bool
request_holds_from(struct fabric *f, struct port *p, const struct envelope *e)
{
	struct name *name;

	if (p->kind == PORT_UPLINK || e->from.n == 0 || gate_is_node(f, p, e))
		return true;
	if (p->kind == PORT_PEER)	/* it may come by another way than ours to it, but never from here */
		return !fib_holds(&f->fib, e->from);
	/* a rule of a node below, or our own; no endpoint can have such a name */
	if (str_starts(e->from, STR("rule:")) && !memchr(e->from.p, '@', e->from.n))
		return true;
	if ((name = fib_name(&f->fib, FAMILY_ENDPOINT, e->from)) != NULL)
		list_each(n, &name->claims)
			if (list_of(n, struct claim, of_name)->port == p)
				return true;
	return false;
}

/* Is what a neighbour says of the message's past true, as far as we can see? */
static bool
link_check(struct fabric *f, struct port *p, const struct envelope *e,
    const struct meta_facts *facts, enum error *error, const char **why)
{
	*error = E_malformed;
	*why = "the path does not start at the origin and end at the sender";
	if (!facts->passed || !str_eq(facts->last, p->node) || !str_eq(facts->first, e->origin))
		return false;
	*error = E_scope;
	*why = "a leaf sends only what entered the fabric at itself";
	if (p->kind == PORT_CHILD && p->role == ROLE_LEAF && !str_eq(e->origin, p->node))
		return false;
	*why = "the sender does not hold the address in `from`";
	return request_holds_from(f, p, e);
}

/* What every node leaves out, and what a client may not claim. */
static int
clean_meta(struct fabric *f, struct envelope *e, bool from_client)
{
	f->meta.head = f->meta.tail = 0;
	if (meta_copy(&f->meta, e->meta, from_client) == -1)
		return -1;
	e->meta = buf_view(&f->meta);
	return 0;
}

static uint32_t
in_flight_max(const struct fabric *f, const struct port *p)
{
	uint32_t granted = gate_grant_of(p)->max_in_flight;

	return granted && granted < f->limits.in_flight ? granted : f->limits.in_flight;
}

static bool
admissible(struct fabric *f, struct port *p, struct envelope *e, struct str *constraint)
{
	struct meta_facts facts;
	bool client = p->kind == PORT_CLIENT;
	bool link = port_is_link(p);
	struct err err = { .status = 0 };
	const char *why;
	enum error error;

	meta_look(e->meta, str(f->node), &facts);
	if (facts.malformed)
		error = E_malformed, why = "the meta is not a run of TLVs";
	else if (facts.critical)
		error = E_unsupported, why = "a critical part of the meta is not known here";
	else if (facts.version.n && !constraint_valid(facts.version))
		error = E_malformed, why = "the version constraint cannot be understood";
	else if (f->draining)
		error = E_shutting_down, why = "the node is draining";
	else if (e->hops == 0)
		error = E_hop_limit, why = "no hops are left";
	else if (facts.looped && link)
		error = E_loop, why = "this node is in the path already";
	else if (p->opened_count >= in_flight_max(f, p))
		error = E_overloaded, why = "too many requests in flight on this link";
	else if (link && !link_check(f, p, e, &facts, &error, &why))
		;
	else if ((p->kind == PORT_CHILD || is_hub_neighbour(f, p)) && (error = border_takes_message(f, p, e, &err)) != E_NONE)
		why = err.text;
	else if (e->meta.n && (client || facts.strip) && clean_meta(f, e, client) == -1)
		error = E_overloaded, why = "no memory";
	else if (e->meta.n + f->leave_tlv.n > ENVELOPE_META_MAX ||
	    (client && e->meta.n > CLIENT_META_MAX))
		error = E_too_large, why = "the meta has no room for the path of the request";
	else {
		*constraint = meta_find(e->meta, META_version);
		return true;
	}
	f->count.malformed += error == E_malformed;
	request_refuse(f, p, e, error, why);
	return false;
}

int
request_send(struct fabric *f, struct port *to, struct envelope *e)
{
	e->hops--;
	return to->ops->send(to, e, border_mark(f, to));
}

void
request_start(struct fabric *f, struct flight *fl, const struct target *t, struct envelope *e)
{
	struct port *to = t->port;
	uint64_t id = fl->id;

	fl->claim = t->claim;
	fl->sent = f->now;
	if (t->claim)
		t->claim->in_flight++;
	inflight_serve(fl, to);
	e->id = id;
	if (request_send(f, to, e) == -1) {
		if (inflight_by_id(&f->flights, id) == fl)
			flight_fail(f, fl, to->closing ? E_link_down : E_overloaded, FATE_NOT_DELIVERED,
			    to->closing ? "" : "the queue toward the service is full");
	} else if (inflight_by_id(&f->flights, id) == fl && fl->out) {
		fl->sent_mark = to->ops->mark(to);
	}
}

void
request_begin(struct fabric *f, struct flight *fl, const struct envelope *e)
{
	uint32_t ms = e->deadline_ms ? e->deadline_ms : f->limits.request_ms;

	fl->since = f->now;
	fl->traced = e->flags & FLAG_TRACE;
	fl->onward.ended = !(e->flags & FLAG_MORE);
	fl->until = mono_add_ms(f->now, ms > f->limits.request_max_ms ? f->limits.request_max_ms : ms);
}

/* The question that let it in, for its flight: the bytes change hands. */
static void
keep_question(struct fabric *f, struct flight *fl, const struct gate_way *way)
{
	struct buf question = fl->question;

	if (!way->asked)
		return;
	fl->question = f->gate.question;
	f->gate.question = question;
	f->gate.question.max = fl->question.max;
	fl->epoch = way->epoch;
}

static void
go_on(struct fabric *f, struct port *p, struct envelope *e, struct str constraint,
    struct gate_way *way)
{
	struct target t;
	struct flight *fl;
	uint32_t ms;

	request_resolve(f, p, e, constraint, way, &t);
	if (t.error != E_NONE) {
		request_refuse(f, p, e, t.error, t.why);
		return;
	}
	if (e->id == 0 && !t.pick) {	/* nobody waits: what is full drops it, counted */
		if (!t.port || request_send(f, t.port, e) == -1)
			request_refuse(f, p, e, E_overloaded, "");
		return;
	}
	if ((fl = inflight_open(&f->flights, p, e->id)) == NULL) {
		request_refuse(f, p, e, E_overloaded, "no memory for another request");
		return;
	}
	request_begin(f, fl, e);
	keep_question(f, fl, way);
	ms = (uint32_t)mono_ms_until(f->now, fl->until);
	e->deadline_ms = e->id ? ms : 0;
	/* the node beyond a link keeps the same deadline and knows more of the fate */
	flight_set_deadline(f, fl, t.port && port_is_link(t.port) ? ms + BEYOND_MS : ms);
	if (t.port)
		request_start(f, fl, &t, e);
	else if (!t.pick)
		request_park(f, fl, t.name, e);
	else
		gate_pick(f, fl, t.name, e);
}

bool
request_enters(struct fabric *f, struct port *p, struct envelope *e, struct str *constraint)
{
	if (!port_is_link(p)) {
		e->origin = str(f->node);
		e->hops = HOPS_DEFAULT;
	}
	if (p->kind == PORT_CLIENT)
		e->from = p->from;
	if (e->id && (inflight_by_opener(&f->flights, p, e->id) || subscribe_has(f, p, e->id))) {
		/* an answer would end the conversation that owns the id */
		f->count.malformed++;
		p->ops->close(p, E_malformed, "the id is that of a request in flight, or of a subscription");
		return false;
	}
	return admissible(f, p, e, constraint);
}

void
request_open(struct fabric *f, struct port *p, const struct envelope *in)
{
	struct envelope e = *in;
	struct gate_way way = { .picked = false };
	struct str constraint;

	if (e.id)
		f->count.requests++;
	else
		f->count.oneway++;
	if (!request_enters(f, p, &e, &constraint))
		return;
	if (f->gate.ops && gate_request(f, p, &e, constraint, &way) == GATE_DONE)
		return;
	go_on(f, p, &e, constraint, &way);
}

/*
 * From the gate, with what came behind it meanwhile: fl->saved has it all.
 */
void
request_resume(struct fabric *f, struct flight *fl, const struct gate_way *way)
{
	struct envelope e;
	struct target t;
	const char *why;
	uint32_t left = (uint32_t)mono_ms_until(f->now, fl->until);
	size_t used;

	if (envelope_parse(buf_view(&fl->saved), UINT32_MAX, &e, &used, &why) != PARSE_OK) {
		flight_fail(f, fl, E_malformed, FATE_NOT_DELIVERED, "it cannot be read again");
		return;
	}
	if (!request_holds_from(f, fl->in, &e)) {
		flight_fail(f, fl, E_scope, FATE_NOT_DELIVERED, FROM_IS_LOST);
		return;
	}
	if (e.kind == KIND_PUBLISH) {
		publish_resume(f, fl, &e);
		return;
	}
	request_resolve(f, fl->in, &e, meta_find(e.meta, META_version), way, &t);
	flight_set_deadline(f, fl, t.port && port_is_link(t.port) ? left + BEYOND_MS : left);
	if (t.error != E_NONE)
		flight_fail(f, fl, t.error, FATE_NOT_DELIVERED, t.why);
	else if (t.pick)
		gate_pick(f, fl, t.name, &e);
	else if (t.port)
		flight_resume(f, fl, &t);
	else if (e.id == 0)
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED, "");
	else
		request_park(f, fl, t.name, NULL);
}

/* This node's line in a trace: its role, and how long the answer took from here. */
static struct str
hop_tlv(struct fabric *f, const struct flight *fl, uint8_t to[TLV_HEAD + 5 + 255])
{
	uint64_t us = mono_us_since(fl->since, f->now);
	uint8_t value[5 + 255];
	size_t n = strlen(f->node);

	value[0] = f->role;
	for (int i = 0; i < 4; i++)
		value[1 + i] = (uint8_t)((us > UINT32_MAX ? UINT32_MAX : us) >> (24 - 8 * i));
	memcpy(value + 5, f->node, n);
	return (struct str){ (const char *)to, (size_t)(tlv_write(to, META_hop,
	    (struct str){ (const char *)value, 5 + n }) - to) };
}

void
request_answer(struct fabric *f, struct port *p, const struct envelope *in)
{
	static const char full[] = "the answer came, but the queue toward the caller is full";
	struct flight *fl = inflight_by_id(&f->flights, in->id);
	struct envelope e = *in;
	struct str hop = STR("");
	uint8_t room[TLV_HEAD + 5 + 255];
	bool more = (e.flags & FLAG_MORE) && !(e.flags & FLAG_ERROR);
	uint64_t id;
	int passed;

	if (!fl || fl->out != p || (fl->answering && !(e.flags & FLAG_ERROR))) {
		f->count.stray++;
		return;
	}
	if (p->kind == PORT_CLIENT) {
		e.origin = str(f->node);
		e.from = p->from;
		e.to = e.subject = STR("");
	}
	if (e.meta.n && clean_meta(f, &e, p->kind == PORT_CLIENT) == -1)
		e.meta = STR("");
	e.flags = (uint16_t)((e.flags & ~(FLAG_MORE | FLAG_LAST)) | (more ? FLAG_MORE : FLAG_LAST));
	e.hops = HOPS_DEFAULT;
	e.deadline_ms = 0;
	if (more) {
		fl->answering = true;
		timer_drop(&f->wheel, &fl->deadline);
	}
	if (fl->traced)
		hop = hop_tlv(f, fl, room);
	if (e.meta.n + hop.n > ENVELOPE_META_MAX)
		hop = STR("");
	id = fl->id;
	passed = stream_pass(f, fl, &fl->back, &e, hop);
	if (inflight_by_id(&f->flights, id) != fl)
		return;
	if (passed == -1 && more)
		flight_break(f, fl, E_overloaded, full);
	else if (passed == -1)
		flight_fail(f, fl, E_overloaded, FATE_MAY_HAVE_RUN, full);
	else if (!more)
		flight_answered(f, fl, e.flags & FLAG_ERROR);
}

void
request_cancel(struct fabric *f, struct port *p, const struct envelope *e)
{
	struct flight *fl = inflight_by_opener(&f->flights, p, e->id);

	if (fl && (e->flags & FLAG_ONWARD))
		flight_cancel(f, fl);
	else if (!fl)
		subscribe_close(f, p, e->id, false);
}
