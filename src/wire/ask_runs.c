/* ask_runs.c - the runs within a question and a verdict, or of actions, and the words for their numbers. */
#include "wire/ask.h"
#include "wire/envelope.h"
#include "wire/fields.h"

enum { ACTION_HEAD = 4 };
enum { RUN_TEST = 0x8001, RUN_LOOKUP = 0x8002, RUN_SCOPE = 0x8003, RUN_INSTANCE = 0x8004 };

#define INSTANCE_FIELDS(X)			\
	X(number,		0x8001, u32)	\
	X(local,		0x8002, u8)	\
	X(weight,		0x8003, u32)	\
	X(in_flight,		0x8004, u32)	\
	X(latency_us,		0x8005, u32)	\
	X(node,			0x8006, text)	\
	X(version,		0x8007, text)	\
	X(tags,			0x8008, text)

static unsigned
word_number(const char *const *words, unsigned count, struct str s)
{
	unsigned i;

	for (i = 0; i < count && !str_is(s, words[i]); i++)
		;
	return i;
}

static const char *const fields[FIELD_COUNT] = {
#define X(name) #name,
	ASK_FIELDS(X)
#undef X
};

const char *
field_name(unsigned field)
{
	return field < FIELD_COUNT ? fields[field] : "unknown";
}

unsigned
field_named(struct str s)
{
	return word_number(fields, FIELD_COUNT, s);
}

const char *
hook_name(unsigned hook)
{
	static const char *const hooks[HOOK_COUNT] = {
		"route", "admit", "scope", "balance", "import", "export", "on.link", "on.service", "on.event"
	};

	return hook < HOOK_COUNT ? hooks[hook] : "unknown";
}

const char *
answer_name(unsigned answer)
{
	static const char *const answers[ANSWER_COUNT] = { "default", "allow", "deny", "strategy", "pick" };

	return answer < ANSWER_COUNT ? answers[answer] : "unknown";
}

const char *
op_name(unsigned op)
{
	static const char *const ops[TEST_COUNT] = { "is", "under", "starts" };

	return op < TEST_COUNT ? ops[op] : "unknown";
}

static const char *const strategies[STRATEGY_COUNT] = {
	"least_inflight", "round_robin", "random", "weighted", "latency", "sticky", "pick"
};

const char *
strategy_name(unsigned strategy)
{
	return strategy < STRATEGY_COUNT ? strategies[strategy] : "unknown";
}

unsigned
strategy_named(struct str s)
{
	return word_number(strategies, STRATEGY_COUNT, s);
}

/* Two parts as one TLV. */
static int
put_pair(struct buf *b, uint16_t type, struct str head, struct str rest)
{
	size_t was = buf_len(b), n = head.n + rest.n;
	uint8_t tl[TLV_HEAD] = { (uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(n >> 8), (uint8_t)n };

	if (n > UINT16_MAX || buf_put(b, tl, sizeof tl) == -1)
		return -1;
	if (buf_str(b, head) == -1 || buf_str(b, rest) == -1)
		return fields_undo(b, was);
	return 0;
}

/* The first of a run, if it is of this type and at least so long. */
static bool
take(struct str *run, uint16_t type, size_t least, struct tlv *t)
{
	struct str rest = *run;

	if (tlv_next(&rest, t) != PARSE_OK || t->type != type || t->value.n < least)
		return false;
	*run = rest;
	return true;
}

int
test_put(struct buf *b, const struct test *t)
{
	const char head[3] = { (char)t->field, (char)t->op, (char)t->result };

	return put_pair(b, RUN_TEST, (struct str){ head, sizeof head }, t->what);
}

bool
test_next(struct str *run, struct test *to)
{
	struct str was = *run;
	struct tlv t;

	if (!take(run, RUN_TEST, 3, &t))
		return false;
	*to = (struct test){ (uint8_t)t.value.p[0], (uint8_t)t.value.p[1], (uint8_t)t.value.p[2],
	    str_skip(t.value, 3) };
	if (to->field < FIELD_COUNT && to->op < TEST_COUNT && to->result <= 1 &&
	    to->what.n <= ENVELOPE_NAMES_MAX)
		return true;
	*run = was;
	return false;
}

int
lookup_put(struct buf *b, enum family family, struct str name)
{
	const char head = (char)family;

	return put_pair(b, RUN_LOOKUP, (struct str){ &head, 1 }, name);
}

bool
lookup_next(struct str *run, uint8_t *family, struct str *name)
{
	struct str was = *run;
	struct tlv t;

	if (!take(run, RUN_LOOKUP, 1, &t))
		return false;
	*family = (uint8_t)t.value.p[0];
	*name = str_skip(t.value, 1);
	if (*family < FAMILY_COUNT && name->n <= ENVELOPE_NAMES_MAX)
		return true;
	*run = was;
	return false;
}

int
scope_put(struct buf *b, struct str pattern)
{
	return tlv_put(b, RUN_SCOPE, pattern);
}

bool
scope_next(struct str *run, struct str *pattern)
{
	struct str was = *run;
	struct tlv t;

	if (!take(run, RUN_SCOPE, 1, &t))
		return false;
	*pattern = t.value;
	if (pattern->n <= NAME_MAX_BYTES)
		return true;
	*run = was;
	return false;
}

int
instance_put(struct buf *b, const struct instance *i)
{
	size_t was = buf_len(b), n;

	if (tlv_put(b, RUN_INSTANCE, STR("")) == -1)
		return -1;
#define X(name, type, kind)						\
	if (field_put_##kind(b, type, i->name) == -1)			\
		return fields_undo(b, was);
	INSTANCE_FIELDS(X)
#undef X
	n = buf_len(b) - was - TLV_HEAD;
	if (n > UINT16_MAX)
		return fields_undo(b, was);
	b->p[b->head + was + 2] = (uint8_t)(n >> 8);
	b->p[b->head + was + 3] = (uint8_t)n;
	return 0;
}

/* false: unknown and critical, or of a wrong length */
static bool
instance_field(const struct tlv *t, struct instance *to)
{
#define X(name, number, kind)						\
	if (t->type == (number))					\
		return field_get_##kind(t->value, &to->name) == 0;
	INSTANCE_FIELDS(X)
#undef X
	return !(t->type & TLV_CRITICAL);
}

bool
instance_next(struct str *run, struct instance *to)
{
	struct str was = *run, in;
	enum parse p = PARSE_BAD;
	struct tlv t;

	*to = (struct instance){ .number = 0 };
	if (!take(run, RUN_INSTANCE, 0, &t))
		return false;
	in = t.value;
	while ((p = tlv_next(&in, &t)) == PARSE_OK && instance_field(&t, to))
		;
	if (p == PARSE_MORE && to->local <= 1 && to->node.n <= NAME_MAX_BYTES &&
	    to->version.n <= NAME_MAX_BYTES && words_valid(to->tags, LIST_MAX_BYTES))
		return true;
	*run = was;
	return false;
}

int
action_add(struct buf *run, const struct action *a)
{
	uint8_t head[ACTION_HEAD] = { 0 };
	size_t was = buf_len(run), n;

	if (buf_put(run, head, sizeof head) == -1 || action_put(run, a) == -1)
		return fields_undo(run, was);
	n = buf_len(run) - was - sizeof head;
	for (size_t i = 0; i < sizeof head; i++)
		run->p[run->head + was + i] = (uint8_t)(n >> (24 - 8 * i));
	return 0;
}

bool
action_next(struct str *run, struct str *body)
{
	const uint8_t *p = (const uint8_t *)run->p;
	size_t n;

	if (run->n < ACTION_HEAD)
		return false;
	n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (run->n - ACTION_HEAD < n)
		return false;
	*body = str_head(str_skip(*run, ACTION_HEAD), n);
	*run = str_skip(*run, ACTION_HEAD + n);
	return true;
}
