/* lines_wire.c - JSON lines, read: a message of views, or a sentence that says what is wrong with it. */
#include "dialect/lines_members.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/utf8.h"

static struct str
cut(struct str s)	/* what may be quoted back to a stranger */
{
	return str_head(s, s.n < 40 ? s.n : 40);
}

static const char *
nearest(struct str word, const char *(*name)(size_t), size_t from, size_t to)
{
	const char *best = NULL;
	size_t least = 3, d;

	for (size_t i = from; i < to; i++)
		if ((d = str_distance(word, str(name(i)))) < least) {
			least = d;
			best = name(i);
		}
	return best;
}

static const char *
type_word(size_t i)
{
	return lines_types[i].word;
}

static const char *
member_name(size_t i)
{
	return lines_members[i].name;
}

static const char *
error_name(size_t i)
{
	return error_row((unsigned)i)->name;
}

/* Text without escapes is a view of the line; other text goes to scratch,
 * which was given room for all of the line at once, so that it never moves. */
static int
get_text(struct str value, struct str line, struct buf *scratch, struct str *to)
{
	size_t before = buf_len(scratch);

	if (json_type(value) != JSON_STRING)
		return -1;
	if (json_text_plain(value, to))
		return 0;
	if ((before == 0 && !buf_room(scratch, line.n)) || json_text(value, scratch) == -1)
		return -1;
	*to = str_skip(buf_view(scratch), before);
	return 0;
}

static bool
is_name(struct str s)	/* no control bytes: names go into logs and subjects */
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

static int
get_words(struct str value, struct str line, struct buf *scratch, const struct member *row,
    struct str *to)
{
	struct str rest = value, element, word;
	size_t before = buf_len(scratch);

	if (json_type(value) != JSON_ARRAY || (before == 0 && !buf_room(scratch, line.n)))
		return -1;
	while (json_next_element(&rest, &element)) {
		if (json_type(element) != JSON_STRING || !json_text_plain(element, &word) ||
		    word.n == 0 || !is_name(word) || memchr(word.p, ' ', word.n))
			return -1;
		if ((buf_len(scratch) > before && buf_put(scratch, " ", 1) == -1) ||
		    buf_str(scratch, word) == -1)
			return -1;
	}
	*to = str_skip(buf_view(scratch), before);
	return to->n <= row->max ? 0 : -1;
}

static int
get_error(struct str value, struct str line, struct buf *scratch, struct lines_message *m,
    struct lines_fault *f)
{
	struct str name = { NULL, 0 }, fate = { NULL, 0 }, v;
	const char *hint;

	m->error = E_service_failed;
	m->fate = FATE_MAY_HAVE_RUN;
	if (json_type(value) == JSON_STRING && get_text(value, line, scratch, &m->text) == 0)
		return 0;
	if (json_type(value) != JSON_OBJECT)
		return err_set(&f->why, "member \"error\" must be a sentence, or an object "
		    "with \"name\" and \"text\"");
	if ((v = json_member(value, "text")).n && json_type(v) != JSON_NULL &&
	    get_text(v, line, scratch, &m->text) == -1)
		return err_set(&f->why, "member \"text\" of \"error\" must be a string");
	if ((v = json_member(value, "fate")).n && json_type(v) != JSON_NULL) {
		if (get_text(v, line, scratch, &fate) == -1 ||
		    (!str_is(fate, "not_delivered") && !str_is(fate, "may_have_run")))
			return err_set(&f->why, "member \"fate\" of \"error\" must be "
			    "\"not_delivered\" or \"may_have_run\"");
		m->fate = str_is(fate, "not_delivered") ? FATE_NOT_DELIVERED : FATE_MAY_HAVE_RUN;
	}
	if ((v = json_member(value, "name")).n == 0 || json_type(v) == JSON_NULL)
		return 0;
	if (get_text(v, line, scratch, &name) == -1)
		return err_set(&f->why, "member \"name\" of \"error\" must be a string");
	if ((m->error = error_named(name.p, name.n)) != E_NONE)
		return 0;
	hint = nearest(name, error_name, 1, E_COUNT);
	return err_set(&f->why, "unknown error name \"%.*s\"%s%s%s", STR_FMT(cut(name)),
	    hint ? "; did you mean \"" : ": fedx-bus(7) lists them",
	    hint ? hint : "", hint ? "\"" : "");
}

static int
get_body(const struct member *row, struct str value, struct str line, struct buf *scratch,
    struct lines_message *m, struct lines_fault *f)
{
	size_t before = buf_len(scratch);
	struct str text;

	if (m->has_body)
		return err_set(&f->why, "want one of \"payload\", \"json\" and \"base64\", "
		    "not two");
	m->has_body = true;
	if (row->how == AS_JSON) {
		m->payload_type = TYPE_JSON;
		m->payload = value;
	} else if (row->how == AS_TEXT) {
		m->payload_type = TYPE_TEXT;
		if (get_text(value, line, scratch, &m->payload) == -1)
			return err_set(&f->why, "member \"payload\" must be a string; a JSON "
			    "value goes into \"json\"");
	} else {
		if (!json_text_plain(value, &text) || (before == 0 && !buf_room(scratch, line.n)) ||
		    base64_get(scratch, text) == -1)
			return err_set(&f->why, "member \"base64\" must be a string of base64 "
			    "with padding and no blanks");
		m->payload = str_skip(buf_view(scratch), before);
	}
	if (m->payload.n <= LINES_PAYLOAD_MAX)
		return 0;
	f->error = E_too_large;
	return err_set(&f->why, "the payload has %zu bytes, the limit is %d: send it in parts",
	    m->payload.n, LINES_PAYLOAD_MAX);
}

static int
get_payload_type(struct str value, struct lines_message *m, struct lines_fault *f)
{
	struct str word = { NULL, 0 };

	if (json_text_plain(value, &word))
		for (uint8_t t = TYPE_MSGPACK; t < TYPE_COUNT; t++)
			if (str_is(word, type_name(t))) {
				m->payload_type = t;
				return 0;
			}
	return err_set(&f->why, "member \"payload_type\" must be \"msgpack\" or \"clasp\", beside \"base64\"");
}

static int
get_member(const struct member *row, struct str value, struct str line, struct buf *scratch,
    struct lines_message *m, struct lines_fault *f)
{
	struct str text;
	uint64_t number;

	switch (row->how) {
	case AS_TYPE:
	case AS_ID:
		return 0;
	case AS_TEXT:
	case AS_JSON:
	case AS_BASE64:
		return get_body(row, value, line, scratch, m, f);
	case AS_PAYLOAD_TYPE:
		return 0;	/* after the payload itself */
	case AS_ERROR:
		return get_error(value, line, scratch, m, f);
	case AS_NAME:
		if (get_text(value, line, scratch, &text) == 0 && text.n >= row->min &&
		    text.n <= row->max && is_name(text)) {
			*(struct str *)lines_field(m, row) = text;
			return 0;
		}
		return err_set(&f->why, "member \"%s\" must be a string of %u to %u bytes without "
		    "control characters", row->name, row->min, row->max);
	case AS_WORDS:
		if (get_words(value, line, scratch, row, lines_field(m, row)) == 0)
			return 0;
		return err_set(&f->why, "member \"%s\" must be an array of words: strings without blanks, "
		    "%u bytes in all", row->name, row->max);
	case AS_U32:
		if (json_u64(value, row->max, &number) == 0 && number >= row->min) {
			*(uint32_t *)lines_field(m, row) = (uint32_t)number;
			return 0;
		}
		return err_set(&f->why, "member \"%s\" must be an integer from %u to %u", row->name,
		    row->min, row->max);
	case AS_BOOL:
		if (json_bool(value, lines_field(m, row)) == 0)
			return 0;
		return err_set(&f->why, "member \"%s\" must be true or false", row->name);
	}
	return -1;
}

static int
get_type(struct str line, struct lines_message *m, struct lines_fault *f)
{
	struct str value = json_member(line, "type"), word;
	const char *hint;

	if (!json_text_plain(value, &word)) {
		return err_set(&f->why, value.n ? "member \"type\" must be a plain string" :
		    "member \"type\" is missing: want an object like {\"type\":\"ping\"}");
	}
	for (unsigned t = 1; t < LINES_TYPE_COUNT; t++)
		if (str_is(word, lines_types[t].word)) {
			m->type = (enum lines_type)t;
			return 0;
		}
	f->error = E_unsupported;
	if ((hint = nearest(word, type_word, 1, LINES_TYPE_COUNT)) != NULL)
		return err_set(&f->why, "unknown type \"%.*s\"; did you mean \"%s\"?",
		    STR_FMT(cut(word)), hint);
	return err_set(&f->why, "unknown type \"%.*s\": want attach, detach, request, part, reply, "
	    "cancel, watch, unwatch, publish, subscribe, unsubscribe, hello or ping", STR_FMT(cut(word)));
}

static int
check_needs(const struct lines_message *m, struct lines_fault *f)
{
	unsigned need = lines_types[m->type].need;
	const char *word = lines_types[m->type].word;
	int names = (m->service.n > 0) + (m->endpoint.n > 0) + (m->path.n > 0);

	if (need & NEED_ID && m->id == 0)
		return err_set(&f->why, "member \"id\" is missing: a %s needs the id of its request", word);
	if (need & NEED_NEW_ID && m->id == 0)
		return err_set(&f->why, "member \"id\" is missing: %s wants the number of a subscription, "
		    "which you choose", word);
	if (need & NEED_PATH && m->path.n == 0)
		return err_set(&f->why, "member \"path\" is missing: a %s wants one like /a/b", word);
	if (need & NEED_PATTERN && m->pattern.n == 0)
		return err_set(&f->why, "member \"pattern\" is missing: a %s wants one like /a/*", word);
	if (need & NEED_NAME && names != 1)
		return err_set(&f->why, "%s needs one of \"service\", \"endpoint\" and \"path\"", word);
	if (need & NEED_TARGET && names + (m->node.n > 0) != 1)
		return err_set(&f->why, "a %s needs one of \"service\", \"endpoint\", \"path\" and \"node\"", word);
	if (need & NEED_METHOD && m->method.n == 0)
		return err_set(&f->why, "member \"method\" must be a string: a %s needs one", word);
	if (m->service.n && memchr(m->service.p, '/', m->service.n))
		return err_set(&f->why, "member \"service\" must not hold a \"/\": the method is a member "
		    "of its own");
	return 0;
}

int
lines_parse(struct str line, struct buf *scratch, struct lines_message *m, struct lines_fault *f)
{
	struct json_fault where;
	struct str rest = line, name, value, id, type;
	const char *hint;
	size_t i;

	*m = (struct lines_message){ .type = LINES_NONE };
	*f = (struct lines_fault){ .error = E_malformed };
	if (json_check(line, LINES_DEPTH, &where) == -1)
		return err_set(&f->why, "not JSON: %s at byte %zu", where.why, where.at);
	line = rest = str_trim(line);
	if (json_type(line) != JSON_OBJECT)
		return err_set(&f->why, "want an object like {\"type\":\"ping\"} on each line");
	id = json_member(line, "id");
	if (json_u64(id, LINES_ID_MAX, &m->id) == -1)
		m->id = 0;
	if (get_type(line, m, f) == -1)
		return -1;
	if (m->id == 0 && id.n && json_type(id) != JSON_NULL)
		return err_set(&f->why, "member \"id\" must be an integer from 1 to 9007199254740991");
	while (json_next_member(&rest, &name, &value)) {
		name = (struct str){ name.p + 1, name.n - 2 };
		for (i = 0; i < lines_member_count && !str_is(name, lines_members[i].name); i++)
			;
		if (i == lines_member_count) {
			hint = nearest(name, member_name, 0, lines_member_count);
			return err_set(&f->why, "unknown member \"%.*s\" in %s%s%s%s", STR_FMT(cut(name)),
			    lines_types[m->type].word, hint ? "; did you mean \"" : "",
			    hint ? hint : "", hint ? "\"?" : "");
		}
		if (json_type(value) == JSON_NULL && lines_members[i].how != AS_JSON)
			continue;	/* how Lua and Python say that it is not there */
		if (get_member(&lines_members[i], value, line, scratch, m, f) == -1)
			return -1;
	}
	type = json_member(line, "payload_type");
	if (type.n && json_type(type) != JSON_NULL && get_payload_type(type, m, f) == -1)
		return -1;
	return check_needs(m, f);
}

bool
lines_recognise(struct str first)
{
	struct lines_message m;
	struct lines_fault f;
	struct buf scratch;
	struct str rest, name, value;
	bool ours;

	buf_init(&scratch, LINES_IN_MAX);
	rest = str_trim(first);
	ours = first.n <= LINES_IN_MAX && lines_parse(first, &scratch, &m, &f) == 0 &&
	    lines_said_by(m.type) & LINES_BY_CLIENT &&
	    json_next_member(&rest, &name, &value) && str_is(name, "\"type\"");
	buf_free(&scratch);
	return ours;
}
