/*
 * mapping_trip.h - there and back: a row of the tables filled with values that
 * occur nowhere else, made an envelope, encoded, parsed, and read again by the
 * same words.
 */
#ifndef FEDX_MAPPING_TRIP_H
#define FEDX_MAPPING_TRIP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping.h"

enum {
	PAYLOAD_MAX = 1024 * 1024,	/* DESIGN section 13 */
	FIELDS = sizeof ((struct row *)0)->f / sizeof (struct field)
};

/* What a session keeps, to be found again by what the envelope brings back. */
static struct kept { uint64_t id; char subject[256]; char value[64]; } kept[FIELDS];
static size_t kept_count;

struct sample { char text[64]; uint64_t number; };

static struct sample
sample_of(const struct row *rows, const struct row *r, const struct field *f, unsigned round)
{
	struct sample s = { .number = 0 };
	unsigned row = (unsigned)(r - rows), field = (unsigned)(f - r->f);

	s.number = 1 + (row * 31u + field * 7u + round * 3u) % 200u;
	if (f->sample)
		snprintf(s.text, sizeof s.text, "%s", f->sample);
	else
		snprintf(s.text, sizeof s.text, "v%u-%u-%u", row, field, round);
	switch (f->at) {
	case AT_META32: case AT_DEADLINE: case AT_ROOM: case AT_WEIGHT:
		s.number += 1000u * (row + 1);
		break;
	case AT_META64: case AT_REVISION: case AT_ID:
		s.number += 1234567890123456789u + row;
		break;
	case AT_FLAG:
		s.number = (field + round) % 2;
		break;
	case AT_ERROR:
		s.number = 1 + s.number % (E_COUNT - 1);
		break;
	default:
		break;
	}
	return s;
}

static void
meta_number(struct buf *meta, unsigned tlv, uint64_t v, size_t bytes)
{
	uint8_t be[8];

	be_put_u64(be, v);
	if (tlv_put(meta, (uint16_t)tlv, (struct str){ (const char *)be + 8 - bytes, bytes }) == -1)
		abort();
}

static void
keep(uint64_t id, const char *subject, const char *value)
{
	struct kept *k = &kept[kept_count++];

	k->id = id;
	snprintf(k->subject, sizeof k->subject, "%s", subject);
	snprintf(k->value, sizeof k->value, "%s", value);
}

static bool
was_kept(uint64_t id, struct str subject, const char *value)
{
	for (size_t i = 0; i < kept_count; i++)
		if (!strcmp(kept[i].value, value) && (kept[i].subject[0] ?
		    str_is(subject, kept[i].subject) : id != 0 && kept[i].id == id))
			return true;
	return false;
}

static bool
has_id(const struct row *r)
{
	if (r->role != TELL)
		return true;
	for (const struct field *f = r->f; f->name; f++)
		if (f->at == AT_ID)
			return true;
	return false;
}

/* An envelope made from a row; the buffers hold what it looks at. */
struct made {
	struct envelope e;
	struct announcement a;
	struct buf meta, body, route;
	char subject[160], items[1024], names[AT_MADE][64];
	bool announces;
};

static struct str
hold(struct made *m, const struct field *f, const char *text)
{
	snprintf(m->names[f->at], sizeof m->names[0], "%s", text);
	return str(m->names[f->at]);
}

static void
place(struct made *m, const struct row *rows, const struct row *r, const struct field *f,
    unsigned round)
{
	struct sample s = sample_of(rows, r, f, round);
	uint8_t error[TLV_HEAD + 3];
	size_t n;

	switch (f->at) {
	case AT_FROM: m->e.from = hold(m, f, s.text); break;
	case AT_TO: m->e.to = hold(m, f, s.text); break;
	case AT_ORIGIN: m->e.origin = hold(m, f, s.text); break;
	case AT_PAYLOAD: m->e.payload = hold(m, f, s.text); break;
	case AT_SUBJECT:
		snprintf(m->subject, sizeof m->subject, "%s", s.text);
		break;
	case AT_SERVICE:
		snprintf(m->subject, sizeof m->subject, "%s/", s.text);
		break;
	case AT_METHOD:
		n = strlen(m->subject);
		snprintf(m->subject + n, sizeof m->subject - n, "%s", s.text);
		break;
	case AT_ITEM:
		n = strlen(m->items);
		snprintf(m->items + n, sizeof m->items - n, "%s\"%s\":\"%s\"", n ? "," : "{",
		    f->name, s.text);
		break;
	case AT_ID: m->e.id = s.number; break;
	case AT_DEADLINE: m->e.deadline_ms = (uint32_t)s.number; break;
	case AT_HOPS: m->e.hops = (uint8_t)s.number; break;
	case AT_FLAG:
		if (s.number)
			m->e.flags |= (uint16_t)f->tlv;
		break;
	case AT_META:
	case AT_PATH:
	case AT_CLUSTERS:
		if (tlv_put(&m->meta, (uint16_t)f->tlv, str(s.text)) == -1)
			abort();
		if (f->at != AT_META && tlv_put(&m->meta, (uint16_t)f->tlv, STR("second")) == -1)
			abort();
		break;
	case AT_META8: meta_number(&m->meta, f->tlv, s.number, 1); break;
	case AT_META32: meta_number(&m->meta, f->tlv, s.number, 4); break;
	case AT_META64: meta_number(&m->meta, f->tlv, s.number, 8); break;
	case AT_REVISION: {
		uint8_t revision[16 + 5];

		memcpy(be_put_u64(be_put_u64(revision, 7), s.number), "owner", 5);
		if (tlv_put(&m->meta, META_revision,
		    (struct str){ (const char *)revision, sizeof revision }) == -1)
			abort();
		break;
	}
	case AT_ERROR:
		meta_error(error, (unsigned)s.number, FATE_MAY_HAVE_RUN);
		if (buf_put(&m->meta, error, sizeof error) == -1)
			abort();
		break;
	case AT_NAME: m->a.name = hold(m, f, s.text); m->announces = true; break;
	case AT_VERSION: m->a.version = hold(m, f, s.text); break;
	case AT_METHODS: m->a.methods = hold(m, f, s.text); break;
	case AT_TAGS: m->a.tags = hold(m, f, s.text); break;
	case AT_WEIGHT: m->a.weight = (uint32_t)s.number; break;
	case AT_ROOM: m->a.max_concurrency = (uint32_t)s.number; break;
	case AT_ROUTE:
		if (tlv_put(&m->route, META_path, hold(m, f, s.text)) == -1)
			abort();
		m->a.path = buf_view(&m->route);
		break;
	case AT_KEPT: keep(m->e.id, "", s.text); break;
	case AT_KEPT_BY: keep(0, m->subject, s.text); break;
	case AT_NONE: case AT_OWN: case AT_MADE: break;
	}
}

static void
make(struct made *m, const struct protocol *p, const struct row *r, unsigned round)
{
	*m = (struct made){ .e = { .kind = r->kind, .flags = r->flags, .type = TYPE_JSON,
	    .hops = HOPS_DEFAULT },
	    .a = { .family = r->family, .hops = HOPS_DEFAULT, .weight = 100 } };
	buf_init(&m->meta, ENVELOPE_META_MAX);
	buf_init(&m->body, 65536);
	buf_init(&m->route, 4096);
	kept_count = 0;
	if (has_id(r))
		m->e.id = 0x0102030405060000u + (uint64_t)(r - p->rows);
	for (const struct field *f = r->f; f->name; f++)
		place(m, p->rows, r, f, round);
	if (m->items[0]) {
		strcat(m->items, "}");
		m->e.payload = str(m->items);
	}
	m->e.subject = str(m->subject);
	m->e.meta = buf_view(&m->meta);
	if (m->announces) {
		if (announcement_put(&m->body, &m->a) == -1)
			abort();
		m->e.payload = buf_view(&m->body);
	}
}

static void
unmake(struct made *m)
{
	buf_free(&m->meta);
	buf_free(&m->body);
	buf_free(&m->route);
}

static uint64_t
number(struct str v, size_t bytes)
{
	uint64_t n = 0;

	if (v.n != bytes)
		return 0;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | (uint8_t)v.p[i];
	return n;
}

static bool
item_is(struct str json, const char *name, const char *value)
{
	char want[128];

	snprintf(want, sizeof want, "\"%s\":\"%s\"", name, value);
	for (size_t i = 0, n = strlen(want); i + n <= json.n; i++)
		if (!memcmp(json.p + i, want, n))
			return true;
	return false;
}

static bool
repeats(struct str meta, unsigned type, const char *first)
{
	struct tlv t;
	unsigned n = 0;

	while (tlv_next(&meta, &t) == PARSE_OK)
		if (t.type == type && !str_is(t.value, n++ ? "second" : first))
			return false;
	return n == 2;
}

static bool
came_back(const struct row *rows, const struct row *r, const struct field *f,
    const struct envelope *e, const struct announcement *a, unsigned round)
{
	struct sample s = sample_of(rows, r, f, round);
	struct str service, method, rest;
	struct tlv t;
	unsigned error;
	enum fate fate;

	switch (f->at) {
	case AT_FROM: return str_is(e->from, s.text);
	case AT_TO: return str_is(e->to, s.text);
	case AT_ORIGIN: return str_is(e->origin, s.text);
	case AT_PAYLOAD: return str_is(e->payload, s.text);
	case AT_SUBJECT: return str_is(e->subject, s.text);
	case AT_SERVICE:
		return str_split(e->subject, '/', &service, &method) && str_is(service, s.text);
	case AT_METHOD:
		return str_split(e->subject, '/', &service, &method) && str_is(method, s.text);
	case AT_ITEM: return item_is(e->payload, f->name, s.text);
	case AT_ID: return e->id == s.number;
	case AT_DEADLINE: return e->deadline_ms == s.number;
	case AT_HOPS: return e->hops == s.number;
	case AT_FLAG: return !(e->flags & f->tlv) == !s.number;
	case AT_META: return str_is(meta_find(e->meta, (enum meta)f->tlv), s.text);
	case AT_META8: return number(meta_find(e->meta, (enum meta)f->tlv), 1) == s.number;
	case AT_META32: return number(meta_find(e->meta, (enum meta)f->tlv), 4) == s.number;
	case AT_META64: return number(meta_find(e->meta, (enum meta)f->tlv), 8) == s.number;
	case AT_REVISION:
		rest = meta_find(e->meta, META_revision);
		return rest.n == 21 && be_u64((const uint8_t *)rest.p + 8) == s.number &&
		    str_is(str_skip(rest, 16), "owner");
	case AT_PATH: case AT_CLUSTERS: return repeats(e->meta, f->tlv, s.text);
	case AT_ERROR:
		return meta_error_get(e->meta, &error, &fate) == 0 && error == s.number &&
		    fate == FATE_MAY_HAVE_RUN;
	case AT_NAME: return str_is(a->name, s.text) && a->family == r->family;
	case AT_VERSION: return str_is(a->version, s.text);
	case AT_METHODS: return str_is(a->methods, s.text);
	case AT_TAGS: return str_is(a->tags, s.text);
	case AT_WEIGHT: return a->weight == s.number;
	case AT_ROOM: return a->max_concurrency == s.number;
	case AT_ROUTE:
		rest = a->path;
		return tlv_next(&rest, &t) == PARSE_OK && str_is(t.value, s.text);
	case AT_KEPT: case AT_KEPT_BY: return was_kept(e->id, e->subject, s.text);
	case AT_OWN: case AT_MADE: return true;
	case AT_NONE: break;
	}
	return false;
}

/* There and back; the first field that got lost, or NULL. */
static const char *
lost(const struct protocol *p, const struct row *r, unsigned round)
{
	struct made m;
	struct buf wire;
	struct envelope e;
	struct announcement a = { .family = FAMILY_COUNT };
	static struct err err;	/* its text may be what is returned */
	const char *why = NULL, *gone = NULL;
	size_t used;

	make(&m, p, r, round);
	buf_init(&wire, 2 * PAYLOAD_MAX);
	if (envelope_put(&wire, &m.e, STR("")) == -1 ||
	    envelope_parse(buf_view(&wire), PAYLOAD_MAX, &e, &used, &why) != PARSE_OK ||
	    used != buf_len(&wire))
		gone = "(the envelope)";
	else if (m.announces && announcement_get(e.payload, &a, &err) == -1)
		gone = err.text;
	else if (e.kind != r->kind || ((e.flags ^ r->flags) &
	    (FLAG_ERROR | FLAG_LAST | FLAG_ONWARD | FLAG_RETAIN)))
		gone = "(kind or flags)";
	for (const struct field *f = r->f; !gone && f->name; f++)
		if (!came_back(p->rows, r, f, &e, &a, round))
			gone = f->name;
	if (gone == err.text)
		printf("# %s %s: %s\n", r->type, r->who, err.text);
	buf_free(&wire);
	unmake(&m);
	return gone;
}

#endif
