/* envelope.c - the one encoder and the one decoder. */
#include "wire/envelope.h"

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint8_t *
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *
put32(uint8_t *p, size_t v)
{
	return put16(put16(p, v >> 16 & 0xffff), v & 0xffff);
}

static uint8_t *
put(uint8_t *p, struct str s)
{
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static struct str
take(const uint8_t **p, size_t n)
{
	struct str s = { (const char *)*p, n };

	*p += n;
	return s;
}

static enum parse
bad(const char **why, const char *sentence)
{
	*why = sentence;
	return PARSE_BAD;
}

enum parse
envelope_parse(struct str in, size_t max_payload, struct envelope *e,
    size_t *used, const char **why)
{
	const uint8_t *p = (const uint8_t *)in.p, *at;
	size_t origin, from, to, subject, meta, payload, size;

	if (in.n >= 1 && p[0] != ENVELOPE_MAGIC)
		return bad(why, "wrong magic byte: not a fedx envelope");
	if (in.n >= 2 && p[1] != ENVELOPE_VERSION)
		return bad(why, "unknown envelope version: want 1");
	if (in.n < ENVELOPE_HEAD)
		return PARSE_MORE;
	origin = p[7];
	from = get16(p + 8);
	to = get16(p + 10);
	subject = get16(p + 12);
	meta = get16(p + 14);
	payload = get32(p + 16);
	if (from > ENVELOPE_NAMES_MAX || to > ENVELOPE_NAMES_MAX || subject > ENVELOPE_NAMES_MAX)
		return bad(why, "a name of the envelope is over 4096 bytes");
	if (meta > ENVELOPE_META_MAX)
		return bad(why, "the meta of the envelope is over 16384 bytes");
	if (payload > max_payload)
		return bad(why, "the payload of the envelope is over the limit");
	size = ENVELOPE_HEAD + origin + from + to + subject + meta + payload;
	if (in.n < size)
		return PARSE_MORE;
	at = p + ENVELOPE_HEAD;
	e->kind = p[2];
	e->type = p[3];
	e->flags = (uint16_t)get16(p + 4);
	e->hops = p[6];
	e->deadline_ms = get32(p + 20);
	e->id = (uint64_t)get32(p + 24) << 32 | get32(p + 28);
	e->origin = take(&at, origin);
	e->from = take(&at, from);
	e->to = take(&at, to);
	e->subject = take(&at, subject);
	e->meta = take(&at, meta);
	e->payload = take(&at, payload);
	*used = size;
	return PARSE_OK;
}

size_t
envelope_size(const struct envelope *e)
{
	return ENVELOPE_HEAD + e->origin.n + e->from.n + e->to.n + e->subject.n +
	    e->meta.n + e->payload.n;
}

uint8_t *
envelope_write(uint8_t *p, const struct envelope *e, struct str more_meta)
{
	*p++ = ENVELOPE_MAGIC;
	*p++ = ENVELOPE_VERSION;
	*p++ = e->kind;
	*p++ = e->type;
	p = put16(p, e->flags);
	*p++ = e->hops;
	*p++ = (uint8_t)e->origin.n;
	p = put16(p, e->from.n);
	p = put16(p, e->to.n);
	p = put16(p, e->subject.n);
	p = put16(p, e->meta.n + more_meta.n);
	p = put32(p, e->payload.n);
	p = put32(p, e->deadline_ms);
	p = put32(p, (size_t)(e->id >> 32));
	p = put32(p, e->id & 0xffffffff);
	p = put(p, e->origin);
	p = put(p, e->from);
	p = put(p, e->to);
	p = put(p, e->subject);
	p = put(p, e->meta);
	p = put(p, more_meta);
	return put(p, e->payload);
}

int
envelope_put(struct buf *b, const struct envelope *e, struct str more_meta)
{
	size_t size = envelope_size(e) + more_meta.n;
	uint8_t *to;

	if (e->origin.n > 255 || e->from.n > ENVELOPE_NAMES_MAX ||
	    e->to.n > ENVELOPE_NAMES_MAX || e->subject.n > ENVELOPE_NAMES_MAX ||
	    e->meta.n + more_meta.n > ENVELOPE_META_MAX || e->payload.n > UINT32_MAX)
		return -1;
	if ((to = buf_room(b, size)) == NULL)
		return -1;
	envelope_write(to, e, more_meta);
	buf_made(b, size);
	return 0;
}

const char *
type_name(uint8_t type)
{
	static const char *const names[TYPE_COUNT] = {
		"bytes", "text", "json", "msgpack", "clasp"
	};

	return type < TYPE_COUNT ? names[type] : "bytes";
}
