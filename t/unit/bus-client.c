/* bus-client.c - the client of the bus: framing, credit, endings; the test is the node. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "bus/client.h"
#include "tap.h"

static struct bus bus, node;

static void
join(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1 || fd_prepare(fd[0]) == -1 ||
	    fd_prepare(fd[1]) == -1)
		exit(2);
	bus_adopt(&bus, fd[0]);
	bus_adopt(&node, fd[1]);
}

static void
part(void)
{
	bus_close(&bus);
	bus_close(&node);
}

static int
pass(struct bus *from, struct bus *to, struct envelope *in)
{
	struct err e;

	bus_turn(from, 0);
	bus_turn(to, 1);
	return bus_next(to, in, &e);
}

/* what the node reads of one body: PART bytes and all bytes, and whether it ended */
static void
drain(size_t *parts, size_t *all, bool *ended)
{
	struct envelope in;
	struct err e;

	for (int i = 0; i < 64; i++) {
		bus_turn(&bus, 0);
		bus_turn(&node, 1);
		while (bus_next(&node, &in, &e) == 1) {
			if (in.kind != KIND_REQUEST && in.kind != KIND_PART)
				continue;
			*all += in.payload.n;
			*parts += in.kind == KIND_PART ? in.payload.n : 0;
			*ended = *ended || !(in.flags & FLAG_MORE);
			if (in.payload.n > PART_MAX)
				ok(false, "no part is over PART_MAX");
		}
	}
}

static void
a_body_obeys_credit(void)
{
	struct envelope first = { .kind = KIND_REQUEST, .subject = STR("s/m") };
	struct envelope credit = { .kind = KIND_CREDIT, .payload = STR("\0\1\0\0") };
	struct bus_talk t;
	struct buf body;
	size_t parts = 0, all = 0, total = 900 * 1024;
	bool ended = false;

	join();
	buf_init(&body, total);
	buf_made(&body, (buf_room(&body, total), total));
	memset(body.p, 'x', total);
	bus_talk_open(&t, 7, true);
	bus_say(&bus, &t, &first, &body, true);
	drain(&parts, &all, &ended);
	is_int(parts, BUS_WINDOW, "without credit only the first window of parts is sent");
	is_int(all, BUS_WINDOW + PART_MAX, "the request's own bytes need none");
	ok(!ended && !t.ended, "the body is not over");
	bus_credit(&t, &credit);
	bus_say(&bus, &t, &first, &body, true);
	drain(&parts, &all, &ended);
	is_int(parts, BUS_WINDOW + 65536, "credit opens the window by just its bytes");
	for (int i = 0; i < 16; i++)
		bus_credit(&t, &credit);
	bus_say(&bus, &t, &first, &body, true);
	drain(&parts, &all, &ended);
	is_int(all, total, "with credit all of it arrives");
	ok(ended && t.ended, "and its last part says so");
	credit.payload = STR("\377\377\377\377");
	bus_credit(&t, &credit);
	bus_credit(&t, &credit);
	is_int(t.window, INT32_MAX, "credit beyond sense does not wrap");
	buf_free(&body);
	part();
}

static void
streams_end_with_an_empty_part(void)
{
	struct envelope first = { .kind = KIND_REPLY }, in;
	struct bus_talk t;
	struct buf body;

	join();
	buf_init(&body, 100);
	bus_talk_open(&t, 9, false);
	buf_str(&body, STR("line\n"));
	bus_say(&bus, &t, &first, &body, false);
	is_int(pass(&bus, &node, &in), 1, "a line of a stream is sent at once");
	ok(in.kind == KIND_REPLY && in.id == 9 && in.flags == FLAG_MORE, "as a reply with more");
	bus_say(&bus, &t, &first, &body, false);
	is_int(pass(&bus, &node, &in), 0, "nothing new, nothing sent");
	bus_say(&bus, &t, &first, &body, true);
	is_int(pass(&bus, &node, &in), 1, "its end is sent");
	ok(in.kind == KIND_PART && in.payload.n == 0 && in.flags == 0, "as an empty part, not onward");
	buf_free(&body);
	part();
}

static void
credit_is_given_in_steps(void)
{
	struct envelope in;
	struct bus_talk t;
	uint32_t n = 0;

	join();
	bus_talk_open(&t, 3, true);
	bus_heard(&bus, &t, BUS_CREDIT_STEP - 1);
	is_int(pass(&bus, &node, &in), 0, "a little is not worth a message");
	bus_heard(&bus, &t, 1);
	is_int(pass(&bus, &node, &in), 1, "a step is");
	ok(in.kind == KIND_CREDIT && in.flags == FLAG_ONWARD && in.id == 3 &&
	    tlv_u32(in.payload, &n) == 0 && n == BUS_CREDIT_STEP,
	    "CREDIT of the opener is onward and has the bytes");
	part();
}

static void
control_is_answered(void)
{
	struct envelope ping = { .kind = KIND_PING, .id = 5 }, in;
	struct envelope end = { .kind = KIND_END }, done = { .kind = KIND_DONE, .id = 1 };
	struct err e;
	char raw[ENVELOPE_HEAD];

	join();
	bus_send(&node, &ping);
	bus_send(&node, &end);
	bus_send(&node, &done);
	is_int(pass(&node, &bus, &in), 1, "what only nodes need is skipped");
	is_int(in.kind, KIND_DONE, "and the answer to ATTACH is not");
	is_int(bus_next(&bus, &in, &e), 0, "there is no more");
	bus_turn(&bus, 0);
	is_int(recv(node.fd, raw, sizeof raw, 0), ENVELOPE_HEAD, "PING is answered");
	is_int(raw[2], KIND_PONG, "by PONG");
	is_int(raw[31], 5, "of the same id");
	part();
}

static void
endings_have_a_reason(void)
{
	uint8_t meta[7];
	struct envelope refusal = { .kind = KIND_ERROR, .flags = FLAG_ERROR,
		.meta = { (char *)meta, 7 }, .payload = STR("not \033[2Jyou") }, in;
	struct err e = { .text = "" };

	join();
	meta_error(meta, E_denied, FATE_NOT_DELIVERED);
	bus_send(&node, &refusal);
	bus_turn(&node, 0);
	bus_close(&node);
	bus_turn(&bus, 1);
	is_int(bus_next(&bus, &in, &e), -1, "a refused connection is lost");
	is_int(e.status, 77, "with the status of the error");
	ok(strstr(e.text, "denied: not ?[2Jyou") != NULL, "and a sentence without escapes: %s", e.text);
	bus_close(&bus);

	join();
	bus_close(&node);
	bus_turn(&bus, 1);
	is_int(bus_next(&bus, &in, &e), -1, "a closed connection is lost");
	is_int(e.status, 69, "status 69");
	bus_close(&bus);

	join();
	if (send(node.fd, "SSH-2.0", 7, 0) != 7)
		exit(2);
	bus_turn(&bus, 1);
	is_int(bus_next(&bus, &in, &e), -1, "something that is no node is left");
	is_int(e.status, 76, "status 76");
	part();
}

static void
asking_waits_for_the_whole_answer(void)
{
	struct envelope q = { .kind = KIND_REQUEST, .subject = STR("fedx/links") };
	struct envelope head = { .kind = KIND_REPLY, .flags = FLAG_MORE, .id = 1, .payload = STR("one ") };
	struct envelope other = { .kind = KIND_REPLY, .id = 99, .payload = STR("stray") };
	struct envelope tail = { .kind = KIND_PART, .id = 1, .payload = STR("two") };
	struct buf answer;
	struct err e = { .text = "" };

	join();
	buf_init(&answer, 100);
	bus_send(&node, &head);
	bus_send(&node, &other);
	bus_send(&node, &tail);
	bus_turn(&node, 0);
	is_int(bus_ask(&bus, &q, 1000, NULL, &answer, &e), 0, "an answer in two parts");
	is_str(buf_view(&answer), "one two", "is put together, and a stray one left out");
	is_int(bus_ask(&bus, &q, 20, NULL, &answer, &e), -1, "no answer");
	is_int(e.status, 75, "is a timeout: try again");
	part();

	join();
	buf_free(&answer);
	buf_init(&answer, 5);
	bus_send(&node, &head);
	bus_send(&node, &tail);
	bus_turn(&node, 0);
	is_int(bus_ask(&bus, &q, 1000, NULL, &answer, &e), -1, "an answer over the bound is refused");
	buf_free(&answer);
	part();
}

static void
run_directories_have_limits(void)
{
	char dir[300];
	struct err e = { .text = "" };

	memset(dir, 'd', sizeof dir - 1);
	dir[sizeof dir - 1] = '\0';
	is_int(bus_dial(&bus, dir, &e), -1, "a path too long for a socket");
	ok(strstr(e.text, "too long") != NULL && e.status == 69, "is said, status 69");
	is_int(bus_dial(&bus, "/nonexistent", &e), -1, "no node");
	ok(strstr(e.text, "/nonexistent/node.sock") != NULL, "names the path: %s", e.text);
}

int
main(void)
{
	char text[8];

	a_body_obeys_credit();
	streams_end_with_an_empty_part();
	credit_is_given_in_steps();
	control_is_answered();
	endings_have_a_reason();
	asking_waits_for_the_whole_answer();
	run_directories_have_limits();
	is_int(bus_text(STR("a\nb\303\251\377\302\233z"), text, sizeof text), 7, "text is cut to its room");
	is_str(str(text), "a?b\303\251??", "control bytes, C1 and broken UTF-8 do not pass");
	return done();
}
