/* calls.c - see calls.h. */
#include <stdlib.h>

#include "probe/calls.h"

enum {
	AHEAD = 4,			/* calls begun for each one in flight, in order */
	ID_BITS = 16,			/* the low bits of an id are its slot */
	ANSWER_MAX = BUS_PAYLOAD_MAX + BUS_WINDOW + BUS_CREDIT_STEP,
	BODY_MAX = 64 * 1024 * 1024,
	EXIT_PROTOCOL = 76
};

int
calls_open(struct calls *c, size_t parallel, bool unordered)
{
	*c = (struct calls){ .parallel = parallel, .unordered = unordered, .next = 1 };
	c->count = unordered ? parallel : parallel * AHEAD;
	if ((c->slots = calloc(c->count, sizeof *c->slots)) == NULL)
		return -1;
	for (size_t i = 0; i < c->count; i++) {
		buf_init(&c->slots[i].body, BODY_MAX);
		buf_init(&c->slots[i].answer, ANSWER_MAX);
	}
	return 0;
}

void
calls_close(struct calls *c)
{
	for (size_t i = 0; c->slots && i < c->count; i++) {
		buf_free(&c->slots[i].body);
		buf_free(&c->slots[i].answer);
	}
	free(c->slots);
	c->slots = NULL;
}

static struct slot *
slot_for(struct calls *c, uint64_t line)
{
	struct slot *s = &c->slots[line % c->count];

	if (!c->unordered)
		return s->state == SLOT_FREE ? s : NULL;
	for (size_t i = 0; i < c->count; i++)
		if (c->slots[i].state == SLOT_FREE)
			return &c->slots[i];
	return NULL;
}

struct slot *
calls_begin(struct calls *c)
{
	struct slot *s;
	struct buf body, answer;
	uint64_t line = c->begun + 1;

	if (c->open == c->parallel || (s = slot_for(c, line)) == NULL)
		return NULL;
	body = s->body;		/* their memory is used again */
	answer = s->answer;
	*s = (struct slot){ .state = SLOT_OPEN, .line = line, .body = body, .answer = answer };
	bus_talk_open(&s->talk, line << ID_BITS | (uint64_t)(s - c->slots), true);
	c->begun = line;
	c->open++;
	c->used++;
	return s;
}

int
calls_say(struct calls *c, struct bus *b, const struct envelope *request)
{
	for (size_t i = 0; c->open && i < c->count; i++) {
		struct slot *s = &c->slots[i];
		struct envelope first = *request;

		if (s->state != SLOT_OPEN || s->talk.ended)
			continue;
		/* a request without a body yet waits for one, unless it has none */
		if (!s->talk.spoken && !s->whole && buf_len(&s->body) == 0)
			continue;
		first.type = s->type;
		if (bus_say(b, &s->talk, &first, &s->body, s->whole) == -1)
			return -1;
	}
	return 0;
}

static void
fail(struct calls *c, struct slot *s, const struct err *why)
{
	s->why = *why;
	s->state = SLOT_FAILED;
	s->talk.ended = true;
	buf_eat(&s->body, buf_len(&s->body));
	c->open--;
	c->failed++;
}

static void
keep_hops(struct slot *s, struct str meta)
{
	struct tlv t;

	while (tlv_next(&meta, &t) == PARSE_OK)
		if (t.type == META_hop && s->hops + TLV_HEAD + t.value.n <= sizeof s->hop) {
			tlv_write((uint8_t *)s->hop + s->hops, t.type, t.value);
			s->hops += TLV_HEAD + (unsigned)t.value.n;
		}
}

int
calls_take(struct calls *c, struct bus *b, const struct envelope *in, struct err *e)
{
	size_t at = in->id & ((1u << ID_BITS) - 1);
	struct slot *s = at < c->count ? &c->slots[at] : NULL;

	if (!s || s->state != SLOT_OPEN || s->talk.id != in->id)
		return 0;	/* the end of one that we gave up */
	if (in->kind == KIND_CREDIT) {
		bus_credit(&s->talk, in);
		return 0;
	}
	if (in->kind != KIND_REPLY && in->kind != KIND_PART)
		return 0;
	if (in->kind == KIND_REPLY)
		keep_hops(s, in->meta);
	if (in->flags & FLAG_ERROR) {
		struct err why;

		bus_error(in, &why);
		fail(c, s, &why);
		return 0;
	}
	if (buf_str(&s->answer, in->payload) == -1) {
		bus_cancel(b, &s->talk);
		err_set(e, "the node sent more of an answer than it was granted");
		return err_exit(e, EXIT_PROTOCOL);
	}
	if (in->kind == KIND_REPLY) {
		s->unpaid = in->payload.n;
		s->until.us = 0;	/* a stream may take as long as it likes */
	}
	if (!(in->flags & FLAG_MORE)) {
		s->state = SLOT_ANSWERED;
		if (!s->talk.ended) {	/* it did not need the rest of the body */
			s->talk.ended = true;
			buf_eat(&s->body, buf_len(&s->body));
		}
		c->open--;
		c->answered++;
	}
	return 0;
}

void
calls_expire(struct calls *c, struct bus *b, struct mono now)
{
	struct err why;

	bus_error_say(E_timeout, FATE_MAY_HAVE_RUN, str("the node itself did not answer in time"), &why);
	for (size_t i = 0; i < c->count; i++) {
		struct slot *s = &c->slots[i];

		if (s->state == SLOT_OPEN && s->until.us && s->until.us < now.us) {
			bus_cancel(b, &s->talk);
			fail(c, s, &why);
		}
	}
}

void
calls_lost(struct calls *c, const struct err *cause)
{
	for (size_t i = 0; i < c->count; i++) {
		struct slot *s = &c->slots[i];
		struct err why;

		if (s->state != SLOT_OPEN)
			continue;
		bus_error_say(E_link_down, s->talk.spoken ? FATE_MAY_HAVE_RUN : FATE_NOT_DELIVERED,
		    str(cause->text), &why);
		fail(c, s, &why);
	}
}

static bool
is_ready(const struct slot *s)
{
	return s->state == SLOT_ANSWERED || s->state == SLOT_FAILED ||
	    (s->state == SLOT_OPEN && buf_len(&s->answer));
}

struct slot *
calls_ready(struct calls *c, bool input_ended)
{
	if (c->used == 0)
		return NULL;
	if (!c->unordered) {
		struct slot *s = &c->slots[c->next % c->count];

		return s->line == c->next && is_ready(s) ? s : NULL;
	}
	if (c->holder)
		return is_ready(c->holder) ? c->holder : NULL;
	for (size_t i = 0; i < c->count; i++) {
		struct slot *s = &c->slots[i];
		bool full = s->state == SLOT_OPEN && buf_len(&s->answer) >= s->unpaid + BUS_WINDOW;
		bool alone = s->state == SLOT_OPEN && input_ended && c->used == 1;

		if (s->state == SLOT_ANSWERED || s->state == SLOT_FAILED)
			return s;
		if (is_ready(s) && (full || alone))
			return c->holder = s;
	}
	return NULL;
}

void
calls_printed(struct calls *c, struct bus *b, struct slot *s, size_t n)
{
	size_t free_of_charge = n < s->unpaid ? n : s->unpaid;

	(void)c;
	if (n)
		s->last = buf_view(&s->answer).p[n - 1];
	buf_eat(&s->answer, n);
	s->unpaid -= free_of_charge;
	if (s->state == SLOT_OPEN && n > free_of_charge)
		bus_heard(b, &s->talk, n - free_of_charge);
}

void
calls_end(struct calls *c, struct slot *s)
{
	if (c->holder == s)
		c->holder = NULL;
	if (s->line == c->next)
		c->next++;
	buf_eat(&s->answer, buf_len(&s->answer));
	s->state = SLOT_FREE;
	c->used--;
}
