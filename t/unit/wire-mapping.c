/*
 * wire-mapping.c - every message of the five protocols fits an envelope, and
 * comes back out of it.
 *
 * The tables say where each field goes; here each row is filled with values
 * that occur nowhere else, encoded, parsed and read back by the same words.
 * A field without a place fails, and so does a kind whose class or
 * permissions do not let the conversation happen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping_clasp.h"
#include "mapping_mesh.h"
#include "mapping_mpreg.h"
#include "mapping_relay.h"
#include "mapping_systemx.h"
#include "mapping_trip.h"
#include "tap.h"

enum { NODE_MAX = 253 };	/* bytes of a node id */

/* Does the kind let this role be played?  NULL: yes. */
static const char *
misfit(const struct row *r)
{
	enum kind_class class = kind_class(r->kind);
	unsigned by = r->by ? r->by : BY_CLIENT;
	bool ends = r->flags & FLAG_LAST;

	if (!strncmp(kind_name(r->kind), "UNKNOWN", 7))
		return "the kind does not exist";
	if (r->role == ASK && (class != CLASS_OPEN || kind_class(r->answer) != CLASS_FOLLOW))
		return "what asks must open, and its answer must follow";
	if (r->role == TELL && class != CLASS_ONEWAY && class != CLASS_OPEN)
		return "what tells must be one way, or open without an id";
	if ((r->role == BACK || r->role == ON) && class != CLASS_FOLLOW)
		return "what belongs to a conversation must follow";
	if ((r->role == ON) != !!(r->flags & FLAG_ONWARD))
		return "ONWARD is for the one who asked";
	if (r->role == NEAR && class != CLASS_LINK)
		return "what stays on a link must be of the link's class";
	if (r->way == IN && !(kind_by(r->kind) & by))
		return "who says it may not say it";
	if (r->role != NEAR && !r->local && !(kind_by(r->kind) & BY_LINK))
		return "it could not cross a link";
	if ((r->role == BACK || r->role == ON) && (r->flags & FLAG_ERROR) && !ends)
		return "an error ends its conversation";
	switch (r->kind) {
	case KIND_REPLY: case KIND_BUSY: case KIND_HANGUP: case KIND_LEAVE: case KIND_ACK:
	case KIND_CANCEL: case KIND_PRESENCE_RESULT:
		return ends ? NULL : "this kind ends its conversation";
	case KIND_RING: case KIND_ANSWER: case KIND_CONNECTED: case KIND_MSG: case KIND_JOINED:
	case KIND_CREDIT:
		return ends ? "this kind ends no conversation" : NULL;
	default:
		return r->list && ends ? "only the last of a list ends it" : NULL;
	}
}

static bool
is_answered(const struct protocol *p, const struct row *r)
{
	for (size_t i = 0; i < p->row_count; i++)
		if (p->rows[i].role == BACK && p->rows[i].kind == r->answer &&
		    p->rows[i].way != r->way)
			return true;
	return false;
}

/* What the protocol allows and we do not must be refused by name. */
static bool
is_bounded(const struct row *r)
{
	for (const struct field *f = r->f; f->name; f++)
		if (f->max > (f->at == AT_NAME ? NAME_MAX_BYTES : ENVELOPE_NAMES_MAX) &&
		    r->over == E_NONE)
			return false;
	return !r->big || r->role != TELL || r->over != E_NONE;
}

/* A body over PART_MAX goes on in PARTs of the same conversation. */
static bool
is_cut(const struct row *r)
{
	static char body[2 * PART_MAX + 1];
	struct buf wire;
	struct envelope e = { .kind = r->kind, .id = 9, .hops = HOPS_DEFAULT };
	struct str rest = { body, sizeof body };
	const char *why;
	size_t used, at = 0;
	bool whole = true;
	uint16_t toward = r->role == BACK ? 0 : FLAG_ONWARD;

	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (char)(i % 251);
	buf_init(&wire, 4 * PART_MAX);
	e.flags = (uint16_t)(r->flags & ~FLAG_LAST);
	while (rest.n) {
		size_t n = rest.n > PART_MAX ? PART_MAX : rest.n;

		e.payload = str_head(rest, n);
		rest = str_skip(rest, n);
		e.flags = (uint16_t)((e.flags & ~FLAG_MORE) |
		    (rest.n ? FLAG_MORE : r->flags & FLAG_LAST));
		if (envelope_put(&wire, &e, STR("")) == -1)
			whole = false;
		e.kind = KIND_PART;
		e.flags = toward;
	}
	rest = buf_view(&wire);
	while (whole && envelope_parse(rest, PART_MAX, &e, &used, &why) == PARSE_OK) {
		whole = e.id == 9 && at + e.payload.n <= sizeof body &&
		    !memcmp(body + at, e.payload.p, e.payload.n) &&
		    !(e.flags & FLAG_MORE) == (at + e.payload.n == sizeof body);
		at += e.payload.n;
		rest = str_skip(rest, used);
	}
	buf_free(&wire);
	return whole && at == sizeof body && rest.n == 0;
}

static bool
listed(const char *const *list, struct str word)
{
	for (; *list; list++)
		if (str_is(word, *list))
			return true;
	return false;
}

static void
test_rows(const struct protocol *p)
{
	for (size_t i = 0; i < p->row_count; i++) {
		const struct row *r = &p->rows[i];
		const char *what;

		ok(listed(p->types, str(r->type)), "%s: %s is a message of the page", p->name, r->type);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(p->rows[j].type, r->type) && !strcmp(p->rows[j].who, r->who) &&
			    p->rows[j].way == r->way)
				ok(false, "%s: %s (%s) has one row", p->name, r->type, r->who);
		if (r->role == SETTLED) {
			ok(r->why && !r->f[0].name, "%s: %s (%s) is settled: %s", p->name, r->type,
			    r->who, r->why ? r->why : "how?");
			continue;
		}
		what = misfit(r);
		ok(!what, "%s: %s (%s) is %s%s%s", p->name, r->type, r->who, kind_name(r->kind),
		    what ? ": " : "", what ? what : "");
		for (unsigned round = 0; round < 2; round++) {
			what = lost(p, r, round);
			ok(!what, "%s: %s (%s) comes back%s%s", p->name, r->type, r->who,
			    what ? " without " : "", what ? what : "");
		}
		if (r->role == ASK)
			ok(is_answered(p, r), "%s: %s (%s) is answered by %s", p->name, r->type,
			    r->who, kind_name(r->answer));
		ok(is_bounded(r), "%s: %s (%s) says what happens over our limits", p->name,
		    r->type, r->who);
		if (r->big && r->role != TELL)
			ok(is_cut(r), "%s: %s (%s) can go on in PARTs", p->name, r->type, r->who);
	}
}

static void
test_types(const struct protocol *p)
{
	for (const char *const *t = p->types; *t; t++) {
		size_t n = 0;

		for (size_t i = 0; i < p->row_count; i++)
			n += !strcmp(p->rows[i].type, *t);
		ok(n > 0 && !listed(t + 1, str(*t)), "%s: %s has its place, once", p->name, *t);
	}
}

static struct buf
file(const char *name)
{
	struct buf b;
	char path[160], part[8192];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "../shared/protocols/%s", name);
	buf_init(&b, 4u << 20);
	if ((f = fopen(path, "r")) == NULL)
		return b;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		if (buf_put(&b, part, n) == -1)
			break;
	fclose(f);
	return b;
}

static bool
mentions(struct str text, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= text.n; i++)
		if (!memcmp(text.p + i, word, n))
			return true;
	return false;
}

/* The values of "key" in JSON, also in JSON text within a string. */
static bool
next_value(struct str *in, const char *key, struct str *value)
{
	char quoted[40];
	size_t n = (size_t)snprintf(quoted, sizeof quoted, "\"%s", key), from;

	for (size_t i = 0; i + n < in->n; i++) {
		if (memcmp(in->p + i, quoted, n) || (in->p[i + n] != '"' && in->p[i + n] != '\\'))
			continue;
		for (i += n; i < in->n && strchr("\\\": \n", in->p[i]); i++)
			;
		for (from = i; i < in->n && !strchr("\\\",}]", in->p[i]); i++)
			;
		*value = (struct str){ in->p + from, i - from };
		if (i < in->n && strchr("\\\"", in->p[i]) && strchr("\"", in->p[from - 1])) {
			*in = str_skip(*in, i);
			return true;
		}
	}
	return false;
}

/* Nothing of the page or of what was recorded is missing here. */
static void
test_page(const struct protocol *p)
{
	struct buf page = file(p->page), data = file(p->data);
	struct str rest, value;
	size_t n = 0, unknown = 0;

	if (!buf_len(&page) || !buf_len(&data)) {
		printf("# %s: no ../shared/protocols, not compared with the page\n", p->name);
	} else {
		for (const char *const *t = p->types; *t; t++) {
			const char *path = strchr(*t, ' ');

			ok(mentions(buf_view(&page), path ? path + 1 : *t), "%s: %s is on the page",
			    p->name, *t);
		}
		for (const char *const *k = p->keys; *k; k++)
			for (rest = buf_view(&data); next_value(&rest, *k, &value); n++)
				if (!listed(p->types, value) && !listed(p->other, value)) {
					printf("# %s '%.*s'\n", *k, STR_FMT(value));
					unknown++;
				}
		ok(n > 10 && unknown == 0, "%s: all %zu recorded types are known", p->name, n);
	}
	buf_free(&page);
	buf_free(&data);
}

static void
test_limits(void)
{
	static char big[PAYLOAD_MAX + 1];
	struct envelope e = { .kind = KIND_PUBLISH, .payload = { big, PAYLOAD_MAX } }, got;
	struct buf wire;
	const char *why;
	size_t used, grown = TLV_HEAD + NODE_MAX	/* path */
	    + TLV_HEAD + 5 + NODE_MAX			/* hop */
	    + TLV_HEAD + NODE_MAX;			/* cluster */

	buf_init(&wire, 2 * sizeof big);
	ok(envelope_put(&wire, &e, STR("")) == 0 && envelope_parse(buf_view(&wire), PAYLOAD_MAX,
	    &got, &used, &why) == PARSE_OK, "what is told goes whole, up to 1 MiB");
	wire.head = wire.tail = 0;
	e.payload.n++;
	ok(envelope_put(&wire, &e, STR("")) == 0 && envelope_parse(buf_view(&wire), PAYLOAD_MAX,
	    &got, &used, &why) == PARSE_BAD, "one byte more does not");
	buf_free(&wire);
	ok(HOPS_DEFAULT * grown + 3900 <= ENVELOPE_META_MAX,
	    "16 nodes with the longest names leave 3900 bytes of meta to the sender");
}

/* Numbers given away in advance must not look understood. */
static void
test_later(void)
{
	static const uint16_t later[] = {
#define X(name, number) number,
		METAS_LATER(X)
#undef X
	};
	struct buf b, copy;
	struct meta_facts facts;

	buf_init(&b, 64);
	buf_init(&copy, 64);
	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		b.head = b.tail = copy.head = copy.tail = 0;
		if (tlv_put(&b, later[i], STR("x")) == -1)
			abort();
		meta_look(buf_view(&b), STR("me"), &facts);
		ok(facts.critical == !!(later[i] & TLV_CRITICAL) && !facts.strip,
		    "TLV %04x is passed on%s", later[i],
		    later[i] & TLV_CRITICAL ? " or refused, never ignored" : "");
		if (meta_copy(&copy, buf_view(&b), true) == -1)
			abort();
		ok((buf_len(&copy) == 0) == (later[i] == META_cluster),
		    "TLV %04x is%s taken from a client", later[i],
		    later[i] == META_cluster ? " not" : "");
	}
	buf_free(&b);
	buf_free(&copy);
}

int
main(void)
{
	static const struct protocol *const all[] = { &systemx, &relay, &clasp, &mesh, &mpreg };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		test_types(all[i]);
		test_rows(all[i]);
		test_page(all[i]);
	}
	test_limits();
	test_later();
	return done();
}
