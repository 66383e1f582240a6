/* meta.c - see meta.h. */
#include "wire/meta.h"

enum parse
tlv_next(struct str *in, struct tlv *t)
{
	const uint8_t *p = (const uint8_t *)in->p;
	size_t n;

	if (in->n == 0)
		return PARSE_MORE;
	if (in->n < TLV_HEAD)
		return PARSE_BAD;
	n = (size_t)p[2] << 8 | p[3];
	if (in->n - TLV_HEAD < n)
		return PARSE_BAD;
	t->type = (uint16_t)(p[0] << 8 | p[1]);
	t->value = (struct str){ in->p + TLV_HEAD, n };
	*in = str_skip(*in, TLV_HEAD + n);
	return PARSE_OK;
}

uint8_t *
tlv_write(uint8_t *p, uint16_t type, struct str value)
{
	*p++ = (uint8_t)(type >> 8);
	*p++ = (uint8_t)type;
	*p++ = (uint8_t)(value.n >> 8);
	*p++ = (uint8_t)value.n;
	if (value.n)
		memcpy(p, value.p, value.n);
	return p + value.n;
}

int
tlv_put(struct buf *b, uint16_t type, struct str value)
{
	uint8_t *to;

	if (value.n > UINT16_MAX || (to = buf_room(b, TLV_HEAD + value.n)) == NULL)
		return -1;
	tlv_write(to, type, value);
	buf_made(b, TLV_HEAD + value.n);
	return 0;
}

int
tlv_put_u32(struct buf *b, uint16_t type, uint32_t v)
{
	char be[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	return tlv_put(b, type, (struct str){ be, sizeof be });
}

int
tlv_u32(struct str value, uint32_t *v)
{
	const uint8_t *p = (const uint8_t *)value.p;

	if (value.n != 4)
		return -1;
	*v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return 0;
}

uint64_t
be_u64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t *
be_put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
	return p + 8;
}

struct str
meta_find(struct str meta, enum meta type)
{
	struct tlv t;

	while (tlv_next(&meta, &t) == PARSE_OK)
		if (t.type == (uint16_t)type)
			return t.value;
	return (struct str){ NULL, 0 };
}

static bool
is_known(uint16_t type)
{
	switch (type) {
#define X(name, number) case number:
	METAS(X)
#undef X
		return true;
	default:
		return false;
	}
}

void
meta_look(struct str meta, struct str self, struct meta_facts *f)
{
	struct tlv t;
	enum parse p;

	*f = (struct meta_facts){ .malformed = false };
	while ((p = tlv_next(&meta, &t)) == PARSE_OK) {
		if (t.type == META_path) {
			if (f->passed++ == 0)
				f->first = t.value;
			f->last = t.value;
			f->looped = f->looped || str_eq(t.value, self);
		} else if (t.type == META_auth) {	/* the first, as meta_find() */
			if (!f->auth.p)
				f->auth = t.value;
			f->strip = true;
		} else if (t.type == META_version) {
			if (!f->version.p)
				f->version = t.value;
		} else if (!is_known(t.type)) {
			if (t.type & TLV_CRITICAL) {
				f->critical = true;
				f->unknown = t.type;
			}
			if (!(t.type & TLV_PASS_ON))
				f->strip = true;
		}
	}
	f->malformed = p == PARSE_BAD;
}

int
meta_copy(struct buf *b, struct str meta, bool from_client)
{
	struct tlv t;

	while (tlv_next(&meta, &t) == PARSE_OK) {
		if (t.type == META_auth || (!is_known(t.type) && !(t.type & TLV_PASS_ON)))
			continue;
		if (from_client && (t.type == META_path || t.type == META_hop ||
		    t.type == META_cluster))
			continue;
		if (tlv_put(b, t.type, t.value) == -1)
			return -1;
	}
	return 0;
}

void
meta_error(uint8_t to[7], unsigned error, enum fate fate)
{
	char value[3] = { (char)(error >> 8), (char)error, (char)fate };

	tlv_write(to, META_error, (struct str){ value, sizeof value });
}

int
meta_error_get(struct str meta, unsigned *error, enum fate *fate)
{
	struct str v = meta_find(meta, META_error);
	const uint8_t *p = (const uint8_t *)v.p;

	*error = E_service_failed;
	*fate = FATE_MAY_HAVE_RUN;
	if (v.n != 3)
		return -1;
	*error = (unsigned)p[0] << 8 | p[1];
	*fate = p[2] == FATE_NOT_DELIVERED ? FATE_NOT_DELIVERED : FATE_MAY_HAVE_RUN;
	return 0;
}
