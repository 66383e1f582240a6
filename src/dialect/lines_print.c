/* lines_print.c - JSON lines, written: a message, member by member. */
#include "dialect/lines_members.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/utf8.h"

static int
put_words(struct buf *b, struct str words)
{
	struct str word, rest = words;
	const char *comma = "";

	if (buf_put(b, "[", 1) == -1)
		return -1;
	while (rest.n) {
		str_split(rest, ' ', &word, &rest);
		if (buf_str(b, str(comma)) == -1 || json_quote(b, word) == -1)
			return -1;
		comma = ",";
	}
	return buf_put(b, "]", 1);
}

static int
put_json(struct buf *b, struct str value)	/* a line end can only be a blank in it */
{
	uint8_t *to = buf_room(b, value.n);

	if (!to)
		return -1;
	for (size_t i = 0; i < value.n; i++)
		to[i] = value.p[i] == '\n' || value.p[i] == '\r' ? ' ' : (uint8_t)value.p[i];
	buf_made(b, value.n);
	return 0;
}

static int
put_base64(struct buf *b, const struct lines_message *m)
{
	bool foreign = m->payload_type >= TYPE_MSGPACK && m->payload_type < TYPE_COUNT;

	if (buf_str(b, STR(",\"base64\":\"")) == -1 || base64_put(b, m->payload) == -1 ||
	    buf_put(b, "\"", 1) == -1)
		return -1;
	return foreign ? buf_fmt(b, ",\"payload_type\":\"%s\"", type_name(m->payload_type)) : 0;
}

static int
put_body(struct buf *b, const struct lines_message *m)
{
	struct json_fault where;
	size_t before = buf_len(b);
	bool text = m->payload_type == TYPE_TEXT || m->payload_type == TYPE_JSON || m->payload.n == 0;

	if (m->payload_type == TYPE_JSON && json_check(m->payload, LINES_DEPTH - 1, &where) == 0) {
		if (buf_str(b, STR(",\"json\":")) == 0 && put_json(b, m->payload) == 0)
			return 0;
	} else if (text && utf8_valid(m->payload)) {
		if (buf_str(b, STR(",\"payload\":")) == 0 && json_quote(b, m->payload) == 0)
			return 0;
	}
	buf_cut(b, before);
	return put_base64(b, m);
}

static int
put_error(struct buf *b, const struct lines_message *m)
{
	const struct error_row *row = error_row(m->error);
	bool good = m->text.n && utf8_valid(m->text);

	if (buf_fmt(b, ",\"error\":{\"name\":\"%s\",\"code\":%u,\"text\":", row->name, m->error) == -1 ||
	    json_quote(b, good ? m->text : str(row->sentence)) == -1)
		return -1;
	return buf_fmt(b, ",\"fate\":\"%s\",\"retry\":%s}", fate_name(m->fate),
	    row->retry ? "true" : "false");
}

static int
put_member(struct buf *b, const struct member *row, const struct lines_message *m)
{
	const struct str *s = lines_field(m, row);
	const uint32_t *n = lines_field(m, row);
	const bool *yes = lines_field(m, row);

	switch (row->how) {
	case AS_TYPE:
		return buf_fmt(b, "{\"type\":\"%s\"", lines_types[m->type].word);
	case AS_ID:
		return m->id ? buf_fmt(b, ",\"id\":%llu", (unsigned long long)m->id) : 0;
	case AS_NAME:
		if (s->n == 0)
			return 0;
		return buf_fmt(b, ",\"%s\":", row->name) == -1 ? -1 : json_quote(b, *s);
	case AS_WORDS:
		if (s->n == 0)
			return 0;
		return buf_fmt(b, ",\"%s\":", row->name) == -1 ? -1 : put_words(b, *s);
	case AS_U32:
		return *n ? buf_fmt(b, ",\"%s\":%u", row->name, *n) : 0;
	case AS_BOOL:
		return *yes ? buf_fmt(b, ",\"%s\":true", row->name) : 0;
	case AS_TEXT:
		return m->has_body ? put_body(b, m) : 0;
	case AS_ERROR:
		return m->error ? put_error(b, m) : 0;
	case AS_JSON:
	case AS_BASE64:
	case AS_PAYLOAD_TYPE:
		return 0;	/* AS_TEXT chooses among them */
	}
	return 0;
}

int
lines_print(struct buf *b, const struct lines_message *m)
{
	size_t before = buf_len(b);

	for (size_t i = 0; i < lines_member_count; i++)
		if (put_member(b, &lines_members[i], m) == -1)
			goto fail;
	if (buf_put(b, "}", 1) == 0)
		return 0;
fail:
	buf_cut(b, before);
	return -1;
}
