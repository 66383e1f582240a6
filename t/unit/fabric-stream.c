/* fabric-stream.c - bodies in parts: in order, within their windows, and nobody waits for a slow reader. */
#include "fakeport.h"

static struct fabric f;
static struct fake self, caller, other, service;
static const struct fabric_ops ops = { NULL };
static char zeros[PART_MAX + 1];

static void
begin(void)
{
	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000 }, &ops);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &caller, PORT_CLIENT, "caller");
	fake_open(&f, &other, PORT_CLIENT, "other");
	fake_open(&f, &service, PORT_CLIENT, "service");
	fake_attach(&service, FAMILY_SERVICE, "s", "", "", 0);
	fake_forget(&service);
}

static void
end(const char *what)
{
	ok(fabric_is_idle(&f), "%s: nothing is left behind", what);
	fake_free(&self);
	fake_free(&caller);
	fake_free(&other);
	fake_free(&service);
	fabric_free(&f);
}

static struct str
part(size_t n)
{
	return (struct str){ zeros, n };
}

/* A request from k; the service has begun to answer.  Its label. */
static uint64_t
stream_from(struct fake *k, uint64_t id)
{
	fake_ask(k, id, "s/run");
	fake_hears(&service, KIND_REQUEST);
	fake_reply(&service, service.e.id, FLAG_MORE, "first");
	return service.e.id;
}

static void
stuff(struct fake *k)	/* so that more than the low mark waits in its queue */
{
	k->slow = true;
	k->waiting = PORT_LOW + 1;
	k->put += k->waiting;
}

static void
passing(void)
{
	uint64_t id;
	uint8_t path[1024];
	struct envelope e;

	begin();
	id = stream_from(&caller, 1);
	ok(fake_hears(&caller, KIND_REPLY) && (caller.e.flags & FLAG_MORE) && !(caller.e.flags & FLAG_LAST),
	    "an answer that goes on");
	fake_part(&service, id, FLAG_MORE, STR("two"));
	ok(fake_hears(&caller, KIND_PART) && caller.e.id == 1 && (caller.e.flags & FLAG_MORE), "a part");
	is_str(caller.e.payload, "two", "with its bytes");
	fake_wait(&f, 10 * 60 * 1000);
	ok(fake_hears_nothing(&caller), "what has begun to answer has no deadline");
	fake_part(&service, id, 0, STR("three"));
	ok(fake_hears(&caller, KIND_PART) && !(caller.e.flags & FLAG_MORE), "the last part");
	is_int(f.count.answers, 1, "is the answer");
	fake_part(&service, id, 0, STR("four"));
	ok(fake_hears_nothing(&caller) && f.count.late_parts == 1, "what comes behind it is late");

	e = fake_request(&caller, 2, "s/run", path);
	e.flags = FLAG_MORE;
	fake_say(&caller, e);
	ok(fake_hears(&service, KIND_REQUEST) && (service.e.flags & FLAG_MORE), "a body that goes on");
	id = service.e.id;
	fake_part(&caller, 2, FLAG_ONWARD | FLAG_MORE, STR("b"));
	fake_part(&caller, 2, FLAG_ONWARD, STR("c"));
	ok(fake_hears(&service, KIND_PART) && service.e.id == id && (service.e.flags & FLAG_ONWARD) &&
	    (service.e.flags & FLAG_MORE), "its parts go the same way");
	ok(fake_hears(&service, KIND_PART) && !(service.e.flags & FLAG_MORE), "to the last");
	fake_reply(&service, id, 0, "");
	fake_forget(&caller);
	end("passing");
}

static void
broken_rules(void)
{
	uint64_t id;

	begin();
	fake_ask(&caller, 1, "s/run");
	fake_hears(&service, KIND_REQUEST);
	id = service.e.id;
	fake_part(&service, id, 0, STR("x"));
	ok(fake_hears_error(&caller, 1, E_malformed, FATE_MAY_HAVE_RUN), "a part before the answer");
	ok(fake_hears(&service, KIND_CANCEL), "ends it on both sides");
	fake_ask(&caller, 2, "s/run");
	fake_hears(&service, KIND_REQUEST);
	fake_part(&caller, 2, FLAG_ONWARD, STR("x"));
	ok(fake_hears_error(&caller, 2, E_malformed, FATE_MAY_HAVE_RUN), "a part of a whole body");
	fake_forget(&service);
	id = stream_from(&caller, 3);
	fake_forget(&caller);
	fake_part(&service, id, FLAG_MORE, part(PART_MAX + 1));
	ok(fake_hears_error(&caller, 3, E_too_large, FATE_MAY_HAVE_RUN), "a part that is too large");
	fake_forget(&service);
	id = stream_from(&caller, 4);
	fake_part(&other, id, FLAG_MORE, STR("x"));
	fake_part(&other, 4, FLAG_ONWARD | FLAG_MORE, STR("x"));
	fake_forget(&caller);
	fake_credit(&service, id, 0, 7);
	ok(fake_hears(&caller, KIND_CREDIT), "others' parts end nothing");
	fake_say(&caller, (struct envelope){ .kind = KIND_CREDIT, .flags = FLAG_ONWARD, .id = 4,
	    .payload = STR("abc") });
	ok(fake_hears_nothing(&service), "credit that is no number is nothing");
	fake_reply(&service, id, 0, "again");
	ok(fake_hears_nothing(&caller) && f.count.stray == 1, "nor is a second beginning");
	fake_part(&service, id, 0, STR(""));
	fake_forget(&caller);
	ok(!caller.closed && !service.closed, "and nobody's link was ended");
	end("broken rules");
}

static void
windows(void)
{
	uint64_t id, id2;

	begin();
	id = stream_from(&caller, 1);
	id2 = stream_from(&other, 1);
	for (int i = 0; i < WINDOW / PART_MAX; i++)
		fake_part(&service, id, FLAG_MORE, part(PART_MAX));
	fake_forget(&caller);
	fake_part(&service, id, FLAG_MORE, STR(""));
	ok(fake_hears(&caller, KIND_PART), "a window is 256 KiB, and nothing is always allowed");
	fake_credit(&caller, 1, FLAG_ONWARD, 10);
	ok(fake_hears(&service, KIND_CREDIT) && service.e.id == id && (service.e.flags & FLAG_ONWARD),
	    "credit goes to the sender");
	ok(service.e.payload.n == 4 && memcmp(service.e.payload.p, "\0\0\0\x0a", 4) == 0, "as much as was given");
	fake_part(&service, id, FLAG_MORE, part(10));
	ok(fake_hears(&caller, KIND_PART), "and may be used");
	fake_part(&service, id, FLAG_MORE, part(1));
	ok(fake_hears_error(&caller, 1, E_overloaded, FATE_MAY_HAVE_RUN), "a byte more ends it");
	ok(fake_hears(&service, KIND_CANCEL) && service.e.id == id, "on both sides");
	fake_forget(&other);
	fake_part(&service, id2, 0, part(100));
	ok(fake_hears(&other, KIND_PART), "and only that conversation");

	id = stream_from(&caller, 2);
	fake_credit(&caller, 2, FLAG_ONWARD, UINT32_MAX);
	ok(fake_hears(&service, KIND_CREDIT) && memcmp(service.e.payload.p, "\0\xfc\0\0", 4) == 0,
	    "credit is cut at 16 MiB, for the sender too");
	fake_credit(&caller, 2, FLAG_ONWARD, 5);
	ok(fake_hears_nothing(&service), "and nothing is left to pass on");
	fake_part(&service, id, 0, STR(""));
	fake_forget(&caller);
	end("windows");
}

static void
body_windows(void)
{
	uint8_t path[1024];
	struct envelope e;
	uint64_t id;

	begin();
	e = fake_request(&caller, 1, "s/run", path);
	e.flags = FLAG_MORE;
	fake_say(&caller, e);
	fake_hears(&service, KIND_REQUEST);
	id = service.e.id;
	fake_credit(&service, id, 0, 1000);
	ok(fake_hears(&caller, KIND_CREDIT) && caller.e.id == 1 && !(caller.e.flags & FLAG_ONWARD),
	    "a service gives its caller credit");
	fake_reply(&service, id, 0, "enough");
	fake_part(&caller, 1, FLAG_ONWARD, STR("x"));
	ok(f.count.late_parts == 1, "an answer ends a body that is on its way");
	fake_forget(&caller);

	/* a service that cannot grant credit: the node does it */
	service.port.auto_credit = true;
	e.id = 2;
	fake_say(&caller, e);
	for (int i = 0; i < 40; i++) {
		uint64_t granted = 0;

		fake_part(&caller, 2, FLAG_ONWARD | FLAG_MORE, part(WINDOW / 8));
		while (fake_next(&caller))
			granted += caller.e.kind == KIND_CREDIT;
		if (i == 1)
			ok(granted == 1, "credit comes back by quarters of a window");
		if (f.flights.count == 0)
			break;
	}
	is_int(f.flights.count, 1, "so that a body can be longer than a window");
	fake_cancel(&caller, 2);
	end("credit for bodies");
}

static void
slow_readers(void)
{
	uint64_t id, id2, id3;
	unsigned turns = 0, seen = 0, first = 0;
	size_t bytes = 0, parts = 0;

	begin();
	fake_attach(&caller, FAMILY_SERVICE, "back", "", "", 0);
	id = stream_from(&caller, 1);
	id2 = stream_from(&caller, 2);
	id3 = stream_from(&other, 1);
	fake_forget(&caller);
	fake_forget(&other);
	stuff(&caller);
	for (int i = 0; i < 100; i++)
		fake_part(&service, id, FLAG_MORE, part(1000));
	for (int i = 0; i < 3; i++)
		fake_part(&service, id2, FLAG_MORE, part(PART_MAX));
	ok(fake_hears_nothing(&caller), "parts for a slow reader wait");
	ok(f.buffered == 100000 + 3 * PART_MAX && caller.port.piped == f.buffered, "and are counted");
	fake_part(&service, id3, FLAG_MORE, STR("x"));
	ok(fake_hears(&other, KIND_PART), "another's do not");
	fake_ask(&other, 9, "back/run");
	ok(fake_hears(&caller, KIND_REQUEST), "and a small message overtakes");
	fake_reply(&caller, caller.e.id, 0, "");
	fake_credit(&service, id, 0, 5);
	ok(fake_hears(&caller, KIND_CREDIT), "credit, too");

	caller.waiting = 0;
	caller.slow = false;
	caller.gone = caller.put;
	fake_read(&caller, 0);
	while (fake_hears(&caller, KIND_PART)) {
		seen++;
		turns += caller.e.id == (seen % 2 ? 1 : 2);
		first = caller.e.id == 1 && !first ? (unsigned)caller.e.payload.n : first;
		bytes += caller.e.payload.n;
		parts += !(caller.e.flags & FLAG_MORE);
	}
	is_int(first, PART_MAX, "small parts were joined");
	is_int(seen, 5, "100 became two");
	ok(turns >= 4, "the conversations took turns");
	ok(bytes == 100000 + 3 * PART_MAX && parts == 0, "nothing was lost, none was called the last");
	is_int(f.buffered, 0, "and nothing waits");
	fake_part(&service, id, FLAG_MORE, STR("y"));
	ok(fake_hears(&caller, KIND_PART), "then parts pass again");
	fake_part(&service, id, 0, STR(""));
	fake_part(&service, id2, 0, STR(""));
	fake_part(&service, id3, 0, STR(""));
	end("slow readers");
}

static void
ends_behind_a_pipe(void)
{
	static char sorry[70000];
	uint64_t id;
	size_t n = 0;

	memset(sorry, 's', sizeof sorry - 1);
	begin();
	id = stream_from(&caller, 1);
	fake_forget(&caller);
	stuff(&caller);
	fake_part(&service, id, FLAG_MORE, part(100));
	fake_part(&service, id, 0, part(50));
	ok(f.flights.count == 1 && service.port.serving_count == 0, "the last part waits, the service is free");
	fake_part(&service, id, 0, part(50));
	is_int(f.count.late_parts, 1, "and can add nothing");
	fake_wait(&f, 700000);
	fake_read(&caller, caller.waiting);
	ok(fake_hears(&caller, KIND_PART) && caller.e.payload.n == 150 && !(caller.e.flags & FLAG_MORE),
	    "then it comes, as the last");
	end("a last part that waits");

	begin();
	id = stream_from(&caller, 1);
	fake_forget(&caller);
	stuff(&caller);
	fake_part(&service, id, FLAG_MORE, part(100));
	fake_reply(&service, id, FLAG_ERROR, "sorry");
	fake_read(&caller, caller.waiting);
	ok(fake_hears(&caller, KIND_PART) && (caller.e.flags & FLAG_MORE), "first the part");
	ok(fake_hears(&caller, KIND_REPLY) && (caller.e.flags & FLAG_ERROR), "then the error behind it");
	ok(fake_hears_nothing(&caller), "and no more");
	end("an error behind parts");

	begin();
	id = stream_from(&caller, 1);
	fake_forget(&caller);
	stuff(&caller);
	fake_part(&service, id, FLAG_MORE, part(1));
	fake_reply(&service, id, FLAG_ERROR, sorry);
	fake_read(&caller, caller.waiting);
	while (fake_next(&caller))
		n += caller.e.flags & FLAG_ERROR ? 1 : 0;
	is_int(n, 1, "an error of 70000 bytes behind a part is one end as well");
	end("a large error behind parts");

	begin();
	id = stream_from(&caller, 1);
	fake_forget(&caller);
	stuff(&caller);
	fake_part(&service, id, FLAG_MORE, part(100));
	fake_down(&service);
	fake_read(&caller, caller.waiting);
	ok(fake_hears(&caller, KIND_PART), "a service dies: what it had said");
	ok(fake_hears_error(&caller, 1, E_link_down, FATE_MAY_HAVE_RUN), "then that it is gone");
	end("a service that dies");

	begin();
	id = stream_from(&caller, 1);
	stuff(&caller);
	fake_part(&service, id, FLAG_MORE, part(100));
	fake_cancel(&caller, 1);
	ok(fake_hears(&service, KIND_CANCEL) && f.buffered == 0, "a cancel throws away what waits");
	id = stream_from(&caller, 2);
	fake_part(&service, id, FLAG_MORE, part(100));
	fake_down(&caller);
	ok(fake_hears(&service, KIND_CANCEL) && f.buffered == 0, "so does a caller that is gone");
	end("callers that give up");

	begin();
	id = stream_from(&caller, 1);
	stuff(&caller);
	fake_part(&service, id, 0, part(100));
	fake_cancel(&caller, 1);
	ok(fake_hears_nothing(&service), "a cancel behind the end tells nobody");
	ok(f.count.answers == 1 && f.count.cancels == 0, "and is no second end");
	end("a cancel of what is over");
}

static void
shedding(void)
{
	uint64_t id, id2, id3;

	begin();
	f.limits.buffers = 300000;
	id = stream_from(&caller, 1);
	id2 = stream_from(&caller, 2);
	id3 = stream_from(&other, 1);
	fake_forget(&caller);
	fake_forget(&other);
	stuff(&caller);
	stuff(&other);
	fake_part(&service, id, FLAG_MORE, part(60000));
	for (int i = 0; i < 3; i++)
		fake_part(&service, id2, FLAG_MORE, part(60000));
	fake_part(&service, id3, FLAG_MORE, part(60000));
	is_int(f.count.shed, 0, "buffers are full to the brim");
	fake_part(&service, id3, FLAG_MORE, part(1));
	is_int(f.count.shed, 1, "one byte more");
	is_int(f.buffered, 120001, "what held the most is thrown away");
	ok(fake_hears_error(&caller, 2, E_overloaded, FATE_MAY_HAVE_RUN), "its caller is told at once");
	ok(fake_hears(&service, KIND_CANCEL) && service.e.id == id2, "and its service");
	fake_read(&caller, caller.waiting);
	fake_read(&other, other.waiting);
	ok(fake_hears(&caller, KIND_PART) && fake_hears(&other, KIND_PART), "the others get theirs");
	fake_part(&service, id, 0, STR(""));
	fake_part(&service, id3, 0, STR(""));
	fake_forget(&caller);

	/* also when its end waits already */
	id = stream_from(&caller, 3);
	fake_forget(&caller);
	stuff(&caller);
	f.limits.buffers = 1000;
	fake_part(&service, id, 0, part(900));
	id2 = stream_from(&caller, 4);
	fake_forget(&caller);
	fake_part(&service, id2, FLAG_MORE, part(200));
	ok(fake_hears_error(&caller, 3, E_overloaded, FATE_MAY_HAVE_RUN), "an answer that was not read");
	ok(f.count.answers == 3 && f.count.may_have_run == 1, "is counted as the answer that it was");
	fake_cancel(&caller, 4);
	end("shedding");
}

static void
parked_bodies(void)
{
	uint8_t path[1024];
	struct envelope e;

	begin();
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	fake_forget(&service);
	fake_ask(&other, 1, "one/run");
	fake_hears(&service, KIND_REQUEST);
	e = fake_request(&caller, 1, "one/run", path);
	e.flags = FLAG_MORE;
	fake_say(&caller, e);
	fake_part(&caller, 1, FLAG_ONWARD | FLAG_MORE, STR("a"));
	fake_credit(&caller, 1, FLAG_ONWARD, 1000);
	fake_part(&caller, 1, FLAG_ONWARD, STR("b"));
	ok(f.buffered > 0 && fake_hears_nothing(&service), "a body waits with its request");
	fake_reply(&service, service.e.id, 0, "");
	ok(fake_hears(&service, KIND_REQUEST), "it goes on");
	ok(fake_hears(&service, KIND_PART) && str_is(service.e.payload, "a"), "with its parts");
	ok(fake_hears(&service, KIND_PART) && str_is(service.e.payload, "b"), "in order");
	ok(fake_hears(&service, KIND_CREDIT) && memcmp(service.e.payload.p, "\0\0\x03\xe8", 4) == 0,
	    "and the credit that was given meanwhile");
	is_int(f.buffered, 0, "nothing waits");
	e.id = 2;
	fake_say(&caller, e);
	f.limits.waiting_bytes = 3 * PART_MAX;
	for (int i = 0; i < 3; i++)
		fake_part(&caller, 2, FLAG_ONWARD | FLAG_MORE, part(PART_MAX));
	fake_forget(&service);
	ok(fake_hears_error(&caller, 2, E_overloaded, FATE_NOT_DELIVERED), "only so much of it is kept");
	fake_down(&service);
	end("parked bodies");
}

static void
closing(void)
{
	uint8_t path[1024];
	struct envelope e;

	begin();
	service.slow = true;
	e = fake_request(&caller, 1, "s/run", path);
	e.flags = FLAG_MORE;
	fake_say(&caller, e);
	ok(fake_hears(&service, KIND_REQUEST), "a body that goes on to one who reads nothing");
	service.port.closing = service.dead = true;
	fake_part(&caller, 1, FLAG_ONWARD | FLAG_MORE, STR("b"));
	fake_part(&caller, 1, FLAG_ONWARD, STR("c"));
	ok(fake_hears_nothing(&caller), "whose link closes: that it takes no parts is not the end");
	fake_ask(&caller, 2, "s/run");
	ok(fake_hears_error(&caller, 2, E_link_down, FATE_NOT_DELIVERED), "what is new goes nowhere");
	fake_down(&service);
	ok(fake_hears_error(&caller, 1, E_link_down, FATE_NOT_DELIVERED), "the end tells what it knows");
	end("closing");
}

int
main(void)
{
	passing();
	broken_rules();
	windows();
	body_windows();
	slow_readers();
	ends_behind_a_pipe();
	shedding();
	parked_bodies();
	closing();
	return done();
}
