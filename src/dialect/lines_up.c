/* lines_up.c - JSON lines: what the client said, as envelopes for the fabric. */
#include <stdio.h>

#include "dialect/lines_session.h"
#include "wire/announce.h"
#include "wire/hello.h"
#include "wire/meta.h"
#include "wire/utf8.h"

enum { META_ROOM = 4 * (TLV_HEAD + LINES_NAME_MAX) };

/*
 * A request that was refused has ended, so its caller gets a reply.  Where
 * the node had no room because it is closing, it has just said so.
 */
static int
refuse(struct lines_session *s, struct out *o, const struct lines_message *m, unsigned error,
    const char *text)
{
	if (s->told_why)
		return 0;
	return lines_tell_error(s, o, m->type == LINES_request && m->id ? LINES_reply : LINES_error,
	    m->id, error, FATE_NOT_DELIVERED, str(text));
}

/* A body in parts goes on in PARTs of at most PART_MAX; text is cut between characters. */
static int
up_body(struct out *o, struct envelope e, bool more)
{
	struct str rest = e.payload;
	bool onward = e.kind == KIND_REQUEST || e.flags & FLAG_ONWARD;

	while ((more || e.kind == KIND_PART) && rest.n > PART_MAX) {
		e.payload = str_head(rest, PART_MAX);
		if (e.type != TYPE_BYTES)
			e.payload.n -= utf8_cut(e.payload);
		rest = str_skip(rest, e.payload.n);
		e.flags |= FLAG_MORE;
		if (o->up(o, &e) == -1)
			return -1;
		e = (struct envelope){ .kind = KIND_PART, .type = e.type, .hops = e.hops,
		    .flags = onward ? FLAG_ONWARD : 0, .id = e.id };
	}
	e.payload = rest;
	e.flags |= more ? FLAG_MORE : onward ? 0 : FLAG_LAST;
	return o->up(o, &e);
}

static uint8_t *
add_meta(uint8_t *to, uint16_t type, struct str value)
{
	return value.n ? tlv_write(to, type, value) : to;
}

static struct str
meta_of(const struct lines_message *m, uint8_t *room)
{
	uint8_t *end = room;

	if (m->type == LINES_publish)
		end = add_meta(end, META_traceparent, m->traceparent);
	if (m->type == LINES_request) {
		end = add_meta(end, META_version, m->version);
		end = add_meta(end, META_key, m->key);
		end = add_meta(end, META_traceparent, m->traceparent);
	}
	end = add_meta(end, META_content, m->content);
	return (struct str){ (const char *)room, (size_t)(end - room) };
}

static int
on_attach(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	struct str name = m->service.n ? m->service : m->endpoint.n ? m->endpoint : m->path;
	struct announcement a = { .family = m->service.n ? FAMILY_SERVICE : m->endpoint.n ? FAMILY_ENDPOINT :
	    FAMILY_PATH, .hops = HOPS_DEFAULT, .name = name,
	    .version = m->version, .methods = m->methods, .tags = m->tags,
	    .weight = m->weight ? m->weight : 100, .max_concurrency = m->max_concurrency };
	struct envelope e = { .kind = m->type == LINES_attach ? KIND_ATTACH : KIND_DETACH,
	    .hops = 1, .id = m->id | ID_ASKED | (m->type == LINES_detach ? ID_DETACH : 0) };
	struct buf body;
	struct err why;
	int told = 0;

	if (announcement_check(&a, &why) == -1)
		return refuse(s, o, m, E_malformed, why.text);
	buf_init(&body, 2 * LIST_MAX_BYTES + 4 * LINES_NAME_MAX + 1024);
	if (announcement_put(&body, &a) == -1 || (e.payload = buf_view(&body), o->up(o, &e)) == -1)
		told = refuse(s, o, m, E_overloaded, "the node has no room for this now");
	buf_free(&body);
	return told;
}

static int
on_request(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	uint8_t meta[META_ROOM];
	char subject[2 * LINES_NAME_MAX + 2];
	struct envelope e = { .kind = KIND_REQUEST, .type = m->payload_type, .hops = HOPS_DEFAULT,
	    .flags = m->idempotent ? FLAG_IDEMPOTENT : 0, .deadline_ms = m->timeout_ms, .id = m->id,
	    .to = m->endpoint.n ? m->endpoint : m->path.n ? m->path : m->node, .subject = m->method,
	    .meta = meta_of(m, meta), .payload = m->payload };

	if (m->more && m->id == 0)
		return refuse(s, o, m, E_malformed, "a request with \"more\" needs an \"id\" for its parts");
	if (m->service.n)
		e.subject = (struct str){ subject, (size_t)snprintf(subject, sizeof subject, "%.*s/%.*s",
		    STR_FMT(m->service), STR_FMT(m->method)) };
	if (up_body(o, e, m->more) == 0)
		return 0;
	if (m->more)
		lines_up_cancel(s, o, m->id);	/* its first part may have gone */
	return refuse(s, o, m, E_overloaded, "the node has no room for this request now");
}

static int
on_part(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	struct envelope e = { .kind = KIND_PART, .type = m->payload_type, .hops = HOPS_DEFAULT,
	    .flags = FLAG_ONWARD, .id = m->id, .payload = m->payload };

	if (up_body(o, e, m->more) == 0)
		return 0;
	lines_up_cancel(s, o, m->id);
	return lines_tell_error(s, o, LINES_reply, m->id, E_overloaded, FATE_MAY_HAVE_RUN,
	    STR("the node has no room for this part now; the request was cancelled"));
}

static int
on_reply(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	struct lines_open *open = lines_ids_numbered(&s->ids, m->id);
	uint8_t meta[META_ROOM];
	struct envelope e = { .kind = KIND_REPLY, .type = m->payload_type, .hops = HOPS_DEFAULT,
	    .payload = m->payload, .meta = meta_of(m, meta) };

	if (!open && m->id > s->ids.last)
		return refuse(s, o, m, E_not_found, "no request with this id was sent to you");
	if (!open)
		return 0;	/* cancelled meanwhile, or no reply was wanted */
	e.id = open->id;
	if (m->error) {
		lines_over(s, open);
		if (lines_up_error(o, e.id, m->error, m->fate, m->text) == 0)
			return 0;
		return refuse(s, o, m, E_overloaded, "the node has no room for this reply; it was dropped");
	}
	if (open->replied) {
		e.kind = KIND_PART;
		e.meta = STR("");
	}
	open->replied = true;
	if (!m->more)
		lines_over(s, open);	/* before up(): it may bring the next request */
	if (up_body(o, e, m->more) == 0)
		return 0;
	if ((open = lines_ids_numbered(&s->ids, m->id)) != NULL)
		lines_over(s, open);
	lines_up_error(o, e.id, E_overloaded, FATE_MAY_HAVE_RUN, STR("the answer was larger than the node has room for"));
	return refuse(s, o, m, E_overloaded, "the node has no room for this reply; its request has ended");
}

static int
on_watch(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	struct envelope e = { .kind = KIND_REQUEST, .hops = HOPS_DEFAULT, .subject = STR("fedx/watch") };

	if (s->watching)
		return refuse(s, o, m, E_busy, "you are watching already");
	s->watching = true;
	s->watch_id = m->id;
	s->watch = (s->watch | ID_WATCH) + 1;
	e.id = s->watch;
	if (o->up(o, &e) == 0)
		return 0;
	s->watching = false;
	return refuse(s, o, m, E_overloaded, "the node has no room for this now");
}

static int
on_unwatch(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	if (!s->watching)
		return refuse(s, o, m, E_not_found, "you are not watching");
	lines_up_cancel(s, o, s->watch);
	return lines_end_watch(s, o, m->id);
}

static int
on_publish(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	uint8_t meta[META_ROOM];
	struct envelope e = { .kind = KIND_PUBLISH, .type = m->payload_type, .hops = HOPS_DEFAULT,
	    .id = m->id ? m->id | ID_PUBLISH : 0, .subject = m->path, .meta = meta_of(m, meta),
	    .payload = m->payload };

	if (m->more)
		return refuse(s, o, m, E_malformed, "an event is one message: it has no \"more\"");
	return o->up(o, &e) == 0 ? 0 : refuse(s, o, m, E_overloaded, "the node has no room for this event now");
}

static int
on_subscribe(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	struct envelope e = { .kind = m->type == LINES_subscribe ? KIND_SUBSCRIBE : KIND_UNSUBSCRIBE,
	    .hops = 1, .id = m->id | ID_SUBSCRIBE, .subject = m->pattern };

	return o->up(o, &e) == 0 ? 0 : refuse(s, o, m, E_overloaded, "the node has no room for this now");
}

static int
on_hello(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	struct hello h = { .node = m->node, .cluster = m->cluster, .role = ROLE_CLIENT,
	    .version_min = 1, .version_max = 1, .token = m->bearer, .agent = STR("fedx.lines") };
	struct envelope e = { .kind = KIND_HELLO, .hops = 1, .id = m->id };
	struct buf body;
	int told = 0;

	buf_init(&body, HELLO_MAX);
	if (hello_put(&body, &h) == -1)
		told = refuse(s, o, m, E_too_large, "the hello is over its limit");
	else if (e.payload = buf_view(&body), o->up(o, &e) == -1)
		told = refuse(s, o, m, E_overloaded, "the node has no room for this now");
	if (body.p)
		memset(body.p, 0, body.cap);	/* it held a secret */
	buf_free(&body);
	return told;
}

static int
on_ping(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	struct envelope e = { .kind = KIND_PING, .hops = 1, .id = m->id };

	return o->up(o, &e) == 0 ? 0 : refuse(s, o, m, E_overloaded, "the node has no room for this now");
}

static int
obey(struct lines_session *s, struct out *o, const struct lines_message *m)
{
	char why[80];

	if (!(lines_said_by(m->type) & LINES_BY_CLIENT)) {
		snprintf(why, sizeof why, "\"%s\" is said by the node only", lines_word(m->type));
		return refuse(s, o, m, E_unsupported, why);
	}
	switch (m->type) {
	case LINES_attach:
	case LINES_detach:
		return on_attach(s, o, m);
	case LINES_request:
		return on_request(s, o, m);
	case LINES_part:
		return on_part(s, o, m);
	case LINES_reply:
		return on_reply(s, o, m);
	case LINES_cancel:
		lines_up_cancel(s, o, m->id);
		return 0;
	case LINES_watch:
		return on_watch(s, o, m);
	case LINES_unwatch:
		return on_unwatch(s, o, m);
	case LINES_publish:
		return on_publish(s, o, m);
	case LINES_subscribe:
	case LINES_unsubscribe:
		return on_subscribe(s, o, m);
	case LINES_hello:
		return on_hello(s, o, m);
	default:
		return on_ping(s, o, m);
	}
}

int
lines_up(struct lines_session *s, struct out *o, struct str line)
{
	static const char over_limit[] = "a line is over its limit: send a large body in parts";
	struct lines_message m;
	struct lines_fault fault;
	int told;

	if (line.n > LINES_IN_MAX) {
		lines_tell_error(s, o, LINES_error, 0, E_too_large, FATE_NOT_DELIVERED, str(over_limit));
		o->close(o, E_too_large, over_limit);
		return -1;
	}
	if (str_trim(line).n == 0)
		return 0;
	if (lines_parse(line, &s->scratch, &m, &fault) == -1)
		told = refuse(s, o, &m, fault.error, fault.why.text);
	else
		told = obey(s, o, &m);
	lines_empty(&s->scratch);
	return told;
}
