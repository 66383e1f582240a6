/* lines_down.c - JSON lines: what the node says, as lines for the client. */
#include "dialect/lines_session.h"
#include "wire/announce.h"
#include "wire/hello.h"
#include "wire/meta.h"
#include "wire/utf8.h"

/* In parts, text and JSON are a stream of characters: a cut one waits for its other half. */
static int
tell_body(struct lines_session *s, struct out *o, struct lines_message *m, const struct envelope *e)
{
	bool onward = e->kind == KIND_REQUEST || e->flags & FLAG_ONWARD;
	struct lines_message piece;
	struct half h;
	size_t tail;

	m->has_body = true;
	m->payload_type = e->type;
	m->payload = e->payload;
	if (e->kind != KIND_PART && !m->more)
		return lines_tell(s, o, m);
	if (e->type == TYPE_JSON)
		m->payload_type = TYPE_TEXT;
	if (half_take(&s->halves, e->id, onward, &h)) {
		if (!text_joined(&h, &m->payload) && m->more &&
		    half_keep(&s->halves, e->id, onward, (struct str){ h.bytes, h.n }) == 0)
			return 0;	/* a part of one or two bytes, inside one character */
		piece = *m;
		piece.payload_type = TYPE_TEXT;
		piece.payload = (struct str){ h.bytes, h.n };
		piece.more = m->more || m->payload.n;
		if (lines_tell(s, o, &piece) == -1)
			return -1;
		if (m->payload.n == 0)
			return 0;
	}
	tail = m->more && m->payload_type == TYPE_TEXT ? utf8_cut(m->payload) : 0;
	if (tail && half_keep(&s->halves, e->id, onward,
	    str_skip(m->payload, m->payload.n - tail)) == 0)
		m->payload.n -= tail;
	return lines_tell(s, o, m);
}

static int
tell_request(struct lines_session *s, struct out *o, const struct envelope *e)
{
	struct lines_message m = { .type = LINES_request, .id = lines_ids_open(&s->ids, e->id),
	    .from = e->from, .origin = e->origin, .timeout_ms = e->deadline_ms,
	    .more = e->flags & FLAG_MORE, .idempotent = e->flags & FLAG_IDEMPOTENT,
	    .version = meta_find(e->meta, META_version), .key = meta_find(e->meta, META_key),
	    .content = meta_find(e->meta, META_content),
	    .traceparent = meta_find(e->meta, META_traceparent) };
	struct lines_open *open;

	if (m.id == 0) {
		lines_up_error(o, e->id, E_overloaded, FATE_NOT_DELIVERED,
		    STR("the service has too many requests open"));
		return 0;
	}
	m.method = e->subject;
	if (address_family(e->to) == FAMILY_PATH)
		m.path = e->to;
	else if (address_family(e->to) == FAMILY_ENDPOINT)
		m.endpoint = e->to;
	else if (!str_split(e->subject, '/', &m.service, &m.method)) {
		m.method = e->subject;
		m.service = STR("");
		m.node = e->to;
	}
	if (tell_body(s, o, &m, e) == 0)
		return 0;
	if ((open = lines_ids_numbered(&s->ids, m.id)) != NULL)
		lines_over(s, open);
	if (e->id)
		lines_up_error(o, e->id, E_overloaded, FATE_NOT_DELIVERED, STR("the service does not read its requests"));
	return 0;
}

/* Lines may be cut anywhere between two parts: whole ones are told. */
static int
tell_events(struct lines_session *s, struct out *o, const struct envelope *e)
{
	struct lines_message m = { .type = LINES_event, .id = s->watch_id, .has_body = true,
	    .payload_type = TYPE_JSON };
	struct str line, rest = e->payload, all;
	bool last = !(e->flags & FLAG_MORE), whole;

	if (e->kind == KIND_REPLY && lines_must_tell(s, o, &(struct lines_message){
	    .type = LINES_watching, .id = s->watch_id }) == -1)
		return -1;
	while (rest.n) {
		whole = str_split(rest, '\n', &line, &rest) || last;
		if (!whole || buf_len(&s->events)) {
			if (buf_str(&s->events, line) == -1) {
				lines_up_cancel(s, o, s->watch);
				s->watching = false;
				return lines_tell_error(s, o, LINES_error, s->watch_id, E_too_large,
				    FATE_MAY_HAVE_RUN, STR("an event is over its limit; watching has ended"));
			}
			line = buf_view(&s->events);
		}
		if (!whole)
			break;
		all = str_trim(line);
		m.payload = all;
		if (all.n && lines_tell(s, o, &m) == -1)
			return lines_too_slow(o);
		buf_eat(&s->events, buf_len(&s->events));
	}
	return last ? lines_end_watch(s, o, s->watch_id) : 0;
}

static int
tell_reply(struct lines_session *s, struct out *o, const struct envelope *e)
{
	struct lines_message m = { .type = LINES_reply, .id = e->id, .more = e->flags & FLAG_MORE,
	    .content = meta_find(e->meta, META_content) };
	bool watched = e->id & ID_WATCH;
	struct half h;

	if (watched && (!s->watching || e->id != s->watch))
		return 0;	/* unwatched while it was under way */
	if (e->id & (ID_PUBLISH | ID_SUBSCRIBE)) {
		meta_error_get(e->meta, &m.error, &m.fate);
		return lines_tell_error(s, o, LINES_error, e->id & LINES_ID_MAX, m.error, m.fate, e->payload);
	}
	if (e->flags & FLAG_ERROR) {
		meta_error_get(e->meta, &m.error, &m.fate);
		half_take(&s->halves, e->id, false, &h);
		if (watched)
			s->watching = false;
		return lines_tell_error(s, o, watched ? LINES_error : LINES_reply,
		    watched ? s->watch_id : e->id, m.error, m.fate, e->payload);
	}
	if (watched)
		return tell_events(s, o, e);
	return tell_body(s, o, &m, e) == 0 ? 0 : lines_too_slow(o);
}

/* What it has no room for is dropped, and counted by the node. */
static int
tell_publish(struct lines_session *s, struct out *o, const struct envelope *e)
{
	struct lines_message m = { .type = LINES_publish, .path = e->subject, .from = e->from,
	    .origin = e->origin, .content = meta_find(e->meta, META_content),
	    .traceparent = meta_find(e->meta, META_traceparent), .has_body = true,
	    .payload_type = e->type, .payload = e->payload };

	return lines_tell(s, o, &m);
}

/* About a request that the node opened to the client. */
static int
tell_onward(struct lines_session *s, struct out *o, const struct envelope *e)
{
	struct lines_open *open = lines_ids_of(&s->ids, e->id);
	struct lines_message m = { .more = e->flags & FLAG_MORE };

	if (!open)
		return 0;
	m.id = open->number;
	if (e->kind == KIND_PART) {
		m.type = LINES_part;
		return tell_body(s, o, &m, e) == 0 ? 0 : lines_too_slow(o);
	}
	if (e->kind == KIND_CREDIT) {
		m.type = LINES_credit;
		m.of = STR("reply");
		return tlv_u32(e->payload, &m.bytes) == 0 ? lines_must_tell(s, o, &m) : 0;
	}
	if (e->kind != KIND_CANCEL)
		return 0;
	lines_over(s, open);
	m = (struct lines_message){ .type = LINES_cancel, .id = m.id };
	return lines_must_tell(s, o, &m);
}

static int
tell_welcome(struct lines_session *s, struct out *o, const struct envelope *e)
{
	struct lines_message m = { .type = LINES_welcome, .id = e->id };
	struct hello h;
	struct err why;

	if (hello_get(e->payload, &h, &why) == 0) {
		m.node = h.node;
		m.cluster = h.cluster;
	}
	return lines_must_tell(s, o, &m);
}

int
lines_down(struct lines_session *s, struct out *o, const struct envelope *e)
{
	uint64_t id = e->id & LINES_ID_MAX;
	struct lines_message m = { .id = id };
	struct envelope pong = { .kind = KIND_PONG, .hops = 1, .id = e->id };
	unsigned error;
	enum fate fate;

	switch (e->kind) {
	case KIND_REQUEST:
		return tell_request(s, o, e);
	case KIND_REPLY:
		return tell_reply(s, o, e);
	case KIND_PART:
		return e->flags & FLAG_ONWARD ? tell_onward(s, o, e) : tell_reply(s, o, e);
	case KIND_CREDIT:
		if (e->flags & FLAG_ONWARD)
			return tell_onward(s, o, e);
		m.type = LINES_credit;
		m.of = STR("request");
		return tlv_u32(e->payload, &m.bytes) == 0 ? lines_must_tell(s, o, &m) : 0;
	case KIND_CANCEL:
		return tell_onward(s, o, e);
	case KIND_DONE:
		m.type = e->id & ID_PUBLISH ? LINES_published : e->id & ID_SUBSCRIBE ? LINES_unsubscribed :
		    e->id & ID_DETACH ? LINES_detached : LINES_attached;
		return lines_must_tell(s, o, &m);
	case KIND_ACK:
		m.type = LINES_subscribed;
		return lines_must_tell(s, o, &m);
	case KIND_PUBLISH:
		return tell_publish(s, o, e);
	case KIND_ERROR:
		meta_error_get(e->meta, &error, &fate);
		s->told_why = e->id == 0;
		return lines_tell_error(s, o, LINES_error, id, error, fate, e->payload);
	case KIND_GOODBYE:
		return lines_tell_error(s, o, LINES_error, 0, E_shutting_down, FATE_NOT_DELIVERED, STR(""));
	case KIND_WELCOME:
		return tell_welcome(s, o, e);
	case KIND_PING:
		o->up(o, &pong);	/* a script need not know of keepalive */
		return 0;
	case KIND_PONG:
		m.type = LINES_pong;
		return lines_must_tell(s, o, &m);
	default:
		if (kind_class(e->kind) == CLASS_OPEN && e->id)
			lines_up_error(o, e->id, E_unsupported, FATE_NOT_DELIVERED,
			    STR("a client of JSON lines has requests only"));
		return 0;
	}
}
