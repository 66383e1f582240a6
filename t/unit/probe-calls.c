/* probe-calls.c - many calls in flight: order, bounds, long answers, endings. */
#include "probe/calls.h"
#include "tap.h"

static struct bus bus;
static struct calls calls;
static struct err err;

static uint64_t
begin(const char *text)
{
	struct envelope request = { .kind = KIND_REQUEST, .subject = STR("s/m") };
	struct slot *s = calls_begin(&calls);

	if (!s)
		return 0;
	s->whole = true;
	buf_str(&s->body, str(text));
	calls_say(&calls, &bus, &request);
	return s->talk.id;
}

static void
answer(uint64_t id, uint8_t kind, uint16_t flags, struct str text)
{
	struct envelope in = { .kind = kind, .flags = flags, .id = id, .payload = text };

	calls_take(&calls, &bus, &in, &err);
}

/* prints what is ready: "text." for an end, "text" alone goes on, "!" a failure */
static struct str
printed(bool input_ended)
{
	static char out[4096];
	size_t n = 0;
	struct slot *s;

	while ((s = calls_ready(&calls, input_ended)) != NULL && n < 2000) {
		struct str v = buf_view(&s->answer);
		bool ended = s->state != SLOT_OPEN, failed = s->state == SLOT_FAILED;

		if (v.n < 1000 && v.n) {
			memcpy(out + n, v.p, v.n);
			n += v.n;
		}
		calls_printed(&calls, &bus, s, v.n);
		if (!ended)
			continue;
		out[n++] = failed ? '!' : '.';
		calls_end(&calls, s);
	}
	return (struct str){ out, n };
}

static void
open_calls(size_t parallel, bool unordered)
{
	bus_adopt(&bus, -1);
	calls_open(&calls, parallel, unordered);
}

static void
close_calls(void)
{
	calls_close(&calls);
	bus_close(&bus);
}

static void
answers_keep_the_order_of_lines(uint64_t seed)
{
	uint64_t id[3], open[8], count = 0;
	unsigned next = 0, begun = 0;
	char want[16], got[16];
	bool same = true;

	open_calls(3, false);
	for (int i = 0; i < 3; i++)
		id[i] = begin("x");
	is_int(begin("x"), 0, "no more in flight than asked for");
	answer(id[2], KIND_REPLY, 0, STR("c"));
	is_str(printed(false), "", "the last answer waits");
	answer(id[0], KIND_REPLY, FLAG_MORE, STR("a"));
	is_str(printed(false), "a", "the first is printed as it comes");
	answer(id[1], KIND_REPLY, FLAG_ERROR, STR("no"));
	answer(id[0], KIND_PART, 0, STR("A"));
	is_str(printed(false), "A.!c.", "then the others, a failure in its place");
	close_calls();

	/* any order of answers gives the order of lines */
	open_calls(8, false);
	for (int round = 0; round < 2000; round++) {
		uint64_t fresh = begun < 1500 && count < 8 ? begin("x") : 0;

		if (fresh) {
			open[count++] = fresh;
			begun++;
		} else if (count) {
			size_t pick = (size_t)tap_rand(&seed) % count;
			struct str v;

			snprintf(want, sizeof want, "%u", (unsigned)(open[pick] >> 16));
			answer(open[pick], KIND_REPLY, 0, str(want));
			open[pick] = open[--count];
			for (v = printed(false); v.n;) {
				struct str one;

				str_split(v, '.', &one, &v);
				snprintf(got, sizeof got, "%u", ++next);
				same = same && str_is(one, got);
			}
		}
	}
	ok(same && next > 100, "random order of answers, %u lines in order", next);
	close_calls();
}

static void
answers_may_overtake(void)
{
	uint64_t a, b;

	open_calls(2, true);
	a = begin("x");
	b = begin("x");
	answer(b, KIND_REPLY, 0, STR("b"));
	is_str(printed(false), "b.", "unordered: the first answer first");
	answer(a, KIND_REPLY, FLAG_MORE, STR("half"));
	is_str(printed(false), "", "half an answer waits, or it would mix with others");
	is_str(printed(true), "half", "but not when nothing else can come");
	close_calls();
}

static void
long_answers_wait_at_their_sender(void)
{
	static char big[PART_MAX];
	struct str piece = { big, sizeof big };
	struct envelope in;
	uint64_t a, b;
	const char *why;
	size_t used, credit = 0;

	open_calls(2, false);
	a = begin("x");
	b = begin("x");
	buf_eat(&bus.out, buf_len(&bus.out));
	answer(b, KIND_REPLY, FLAG_MORE, piece);
	for (int i = 0; i < 4; i++)
		answer(b, KIND_PART, FLAG_MORE, piece);
	printed(false);
	is_int(buf_len(&bus.out), 0, "no credit for what is not printed");
	answer(a, KIND_REPLY, 0, STR("a"));
	printed(false);
	while (envelope_parse(buf_view(&bus.out), 1000, &in, &used, &why) == PARSE_OK) {
		uint32_t n = 0;

		if (in.kind == KIND_CREDIT && in.id == b && tlv_u32(in.payload, &n) == 0)
			credit += n;
		buf_eat(&bus.out, used);
	}
	is_int(credit, 4 * PART_MAX, "printed: the parts are granted again, the reply is free");
	for (int i = 0; i < 40; i++) {
		in = (struct envelope){ .kind = KIND_PART, .flags = FLAG_MORE, .id = b, .payload = piece };
		if (calls_take(&calls, &bus, &in, &err) == -1)
			break;
	}
	is_int(err.status, 76, "more than was granted is the node's mistake, and bounded");
	close_calls();
}

static void
endings(void)
{
	struct err lost = { .text = "the node closed the connection" };
	struct slot *s;

	open_calls(2, false);
	begin("sent");
	calls_begin(&calls)->whole = true;	/* nothing of it was sent */
	calls_lost(&calls, &lost);
	s = calls_ready(&calls, true);
	ok(s && strstr(s->why.text, "link_down") && strstr(s->why.text, "may have run"),
	    "what was sent may have run");
	is_int(s ? s->why.status : 0, 75, "try again");
	calls_end(&calls, s);
	s = calls_ready(&calls, true);
	ok(s && strstr(s->why.text, "not delivered"), "what was not sent was not delivered");
	close_calls();

	open_calls(1, false);
	begin("x");
	calls.slots[1 % calls.count].until = (struct mono){ 1000 };
	calls_expire(&calls, &bus, (struct mono){ 999 });
	ok(!calls_ready(&calls, true), "before its time a call lives");
	calls_expire(&calls, &bus, (struct mono){ 1001 });
	s = calls_ready(&calls, true);
	ok(s && strstr(s->why.text, "timeout"), "after it, a node that does not answer is given up");
	answer(s->talk.id, KIND_REPLY, 0, STR("late"));
	ok(s->state == SLOT_FAILED, "an answer that comes later changes nothing");
	close_calls();

	open_calls(1, false);
	begin("x");
	s = &calls.slots[1 % calls.count];
	s->until = (struct mono){ 1000 };
	answer(s->talk.id, KIND_REPLY, FLAG_MORE, STR("begun"));
	calls_expire(&calls, &bus, (struct mono){ 999999 });
	ok(s->state == SLOT_OPEN, "an answer that has begun may take long");
	close_calls();
}

int
main(void)
{
	answers_keep_the_order_of_lines(tap_seed());
	answers_may_overtake();
	long_answers_wait_at_their_sender();
	endings();
	return done();
}
