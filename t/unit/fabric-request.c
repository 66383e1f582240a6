/* fabric-request.c - every end that a request can come to, and that it comes to just one. */
#include "fakeport.h"

static struct fabric f;
static struct fake self, caller, service, leaf, hub, up;
static const struct fabric_ops ops = { NULL };

/* A hub with a client that asks, one that serves "s", a leaf, a hub below, maybe an uplink. */
static void
begin(bool uplink)
{
	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000 }, &ops);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &caller, PORT_CLIENT, "caller");
	fake_open(&f, &service, PORT_CLIENT, "service");
	fake_open(&f, &leaf, PORT_CHILD, "leaf");
	fake_open(&f, &hub, PORT_CHILD, "hub");
	hub.port.role = ROLE_HUB;
	if (uplink) {
		f.has_uplink = true;
		fake_open(&f, &up, PORT_UPLINK, "up");
		fake_forget(&up);
	}
	fake_attach(&service, FAMILY_SERVICE, "s", "1.2", "", 0);
	fake_attach(&caller, FAMILY_ENDPOINT, "me@here", "", "", 0);
	fake_forget(&service);
	fake_forget(&caller);
	if (uplink)
		fake_forget(&up);
}

static void
end(const char *what)
{
	uint64_t ends;

	ok(fabric_is_idle(&f), "%s: nothing is left behind", what);
	ends = f.count.answers + f.count.answer_errors + f.count.not_delivered +
	    f.count.may_have_run + f.count.cancels;
	ok(ends == f.count.requests + f.count.oneway, "%s: each is counted once (%llu of %llu)", what,
	    (unsigned long long)ends, (unsigned long long)(f.count.requests + f.count.oneway));
	fake_free(&self);
	fake_free(&caller);
	fake_free(&service);
	fake_free(&leaf);
	fake_free(&hub);
	if (f.has_uplink)
		fake_free(&up);
	fabric_free(&f);
}

static void
answers(void)
{
	begin(false);
	fake_ask(&caller, 7, "s/run");
	ok(fake_hears(&service, KIND_REQUEST), "a request arrives");
	ok(service.e.id != 0 && service.e.id != 7, "with a label of ours");
	is_str(service.e.subject, "s/run", "its subject");
	is_str(service.e.payload, "hello", "its payload");
	is_str(service.e.from, "me@here", "from what the caller registered");
	is_str(service.e.origin, "here", "with this node as origin");
	is_int(service.e.hops, HOPS_DEFAULT - 1, "a hop less");
	is_int(service.e.deadline_ms, f.limits.request_ms, "and the default deadline");
	fake_reply(&service, service.e.id, 0, "done");
	ok(fake_hears(&caller, KIND_REPLY) && caller.e.id == 7, "the answer finds its way");
	ok((caller.e.flags & FLAG_LAST) && !(caller.e.flags & FLAG_ERROR), "and is the last");
	is_str(caller.e.payload, "done", "with what was said");
	fake_ask(&caller, 7, "s/run");
	ok(fake_hears(&service, KIND_REQUEST), "the id may be used again");
	fake_reply(&service, service.e.id, FLAG_ERROR, "sorry");
	ok(fake_hears(&caller, KIND_REPLY) && (caller.e.flags & FLAG_ERROR) &&
	    (caller.e.flags & FLAG_LAST), "an error answer is passed");
	is_str(caller.e.payload, "sorry", "with its words");
	ok(f.count.answers == 1 && f.count.answer_errors == 1, "both are counted");
	end("answers");
}

static void
deadlines(void)
{
	static const struct { uint32_t asked, given; } cases[] = {
		{ 0, 60000 }, { 1, 1 }, { 500, 500 }, { 4000000000u, 600000 },
	};
	uint8_t path[1024];

	begin(false);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct envelope e = fake_request(&caller, 9, "s/run", path);

		e.deadline_ms = cases[i].asked;
		fake_say(&caller, e);
		fake_hears(&service, KIND_REQUEST);
		is_int(service.e.deadline_ms, cases[i].given, "the deadline is passed on, within bounds");
		if (cases[i].given > 1) {
			fake_wait(&f, cases[i].given - 1);
			ok(fake_hears_nothing(&caller), "not a moment before %u", cases[i].given);
		}
		fake_wait(&f, 2 * WHEEL_TICK_MS);
		ok(fake_hears_error(&caller, 9, E_timeout, FATE_MAY_HAVE_RUN), "in flight: may have run");
		ok(fake_hears(&service, KIND_CANCEL) && (service.e.flags & FLAG_ONWARD),
		    "and the service is told");
	}
	end("deadlines");
}

static struct envelope
from_leaf(const char *to, const char *subject, uint8_t path[1024])
{
	struct envelope e = fake_request(&leaf, 3, subject, path);

	e.to = str(to);
	return e;
}

static void
nowhere(void)
{
	static const struct { const char *what, *to, *subject; enum error error; } cases[] = {
		{ "no such service", "", "none/run", E_no_route },
		{ "no such endpoint", "x@y", "a/b", E_no_route },
		{ "no such node", "y", "a/b", E_no_route },
		{ "no method in the subject", "", "s", E_malformed },
		{ "no service in the subject", "", "/run", E_malformed },
		{ "an empty subject", "", "", E_malformed },
	};
	uint8_t path[1024], room[64];
	struct envelope e;

	begin(false);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fake_ask_at(&caller, 3, cases[i].to, cases[i].subject);
		ok(fake_hears_error(&caller, 3, cases[i].error, FATE_NOT_DELIVERED), "%s", cases[i].what);
		fake_say(&leaf, from_leaf(cases[i].to, cases[i].subject, path));
		ok(fake_hears_error(&leaf, 3, cases[i].error, FATE_NOT_DELIVERED), "%s, for a leaf",
		    cases[i].what);
	}
	e = fake_request(&caller, 3, "s/run", path);
	e.meta = (struct str){ (char *)room, (size_t)(tlv_write(room, META_version, STR("^2")) - room) };
	fake_say(&caller, e);
	ok(fake_hears_error(&caller, 3, E_not_found, FATE_NOT_DELIVERED), "no version fits");
	e.meta.n = (size_t)(tlv_write(room, META_version, STR("new")) - room);
	fake_say(&caller, e);
	ok(fake_hears_error(&caller, 3, E_malformed, FATE_NOT_DELIVERED), "no constraint at all");
	e.meta.n = (size_t)(tlv_write(room, META_version, STR("^1")) - room);
	fake_say(&caller, e);
	ok(fake_hears(&service, KIND_REQUEST), "and one that fits");
	fake_reply(&service, service.e.id, 0, "");
	fake_forget(&caller);
	fake_attach(&service, FAMILY_SERVICE, "m", "", "get put", 0);
	fake_ask(&caller, 3, "m/take");
	ok(fake_hears_error(&caller, 3, E_not_found, FATE_NOT_DELIVERED), "no such method");
	end("nowhere");

	begin(true);
	fake_ask(&caller, 3, "none/run");
	ok(fake_hears(&up, KIND_REQUEST), "unknowns go up");
	is_str(meta_find(up.e.meta, META_path), "here", "with our id in the path");
	fake_ask(&up, 3, "none/run");
	ok(fake_hears_error(&up, 3, E_no_route, FATE_NOT_DELIVERED), "but never back");
	fake_down(&up);
	ok(fake_hears_error(&caller, 3, E_link_down, FATE_MAY_HAVE_RUN), "the uplink is lost");
	fake_ask(&caller, 3, "none/run");
	ok(fake_hears_error(&caller, 3, E_link_down, FATE_NOT_DELIVERED), "and missed");
	end("unknowns");
}

static void
targets(void)
{
	begin(true);
	fake_ask(&caller, 3, "fedx/ping");
	ok(fake_hears(&self, KIND_REQUEST), "the node's own service");
	fake_reply(&self, self.e.id, 0, "");
	fake_ask_at(&caller, 4, "here", "fedx/ping");
	ok(fake_hears(&self, KIND_REQUEST), "by its name, too");
	fake_reply(&self, self.e.id, 0, "");
	fake_ask_at(&caller, 5, "leaf", "fedx/ping");
	ok(fake_hears(&leaf, KIND_REQUEST), "that of a leaf");
	fake_reply(&leaf, leaf.e.id, 0, "");
	fake_ask(&caller, 6, "s/");
	ok(fake_hears(&self, KIND_REQUEST), "is the service there? the node answers");
	fake_reply(&self, self.e.id, 0, "");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "far", "", 0);
	fake_ask(&caller, 7, "far/");
	ok(fake_hears(&leaf, KIND_REQUEST), "or the node that has it");
	fake_reply(&leaf, leaf.e.id, 0, "");
	fake_ask(&leaf, 8, "far/run");
	fake_forget(&up);
	ok(fake_hears_nothing(&leaf) && f.flights.count == 1, "what a leaf announces is not sent back to it");
	fake_cancel(&leaf, 8);
	fake_ask_at(&leaf, 9, "leaf", "fedx/ping");
	ok(fake_hears(&up, KIND_CANCEL) && fake_hears(&up, KIND_REQUEST), "nor its own name");
	fake_reply(&up, up.e.id, 0, "");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_ENDPOINT, "x@leaf", "", 0);
	fake_forget(&up);
	fake_forget(&leaf);
	fake_ask_at(&leaf, 11, "x@leaf", "a/b");
	ok(fake_hears(&up, KIND_REQUEST) && fake_hears_nothing(&leaf), "nor its endpoint");
	fake_reply(&up, up.e.id, 0, "");
	fake_ask_at(&caller, 10, "me@here", "a/b");
	ok(fake_hears(&caller, KIND_REPLY) && fake_hears(&caller, KIND_REPLY) &&
	    fake_hears(&caller, KIND_REPLY) && fake_hears(&caller, KIND_REPLY) &&
	    fake_hears(&caller, KIND_REPLY), "all were answered");
	ok(fake_hears(&caller, KIND_REQUEST), "a client may ask itself");
	fake_reply(&caller, caller.e.id, 0, "");
	end("targets");
}

/* What a peer may get wrong, in the table's order of checks. */
static void
not_admitted(void)
{
	uint8_t path[1024], room[64], *at;
	struct envelope e;

	begin(false);
	e = from_leaf("", "s/run", path);
	e.hops = 0;
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_hop_limit, FATE_NOT_DELIVERED), "no hops are left");
	e = from_leaf("", "s/run", path);
	e.meta = STR("\x40\x01\x00");
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_malformed, FATE_NOT_DELIVERED), "meta that is cut");
	e.meta.n = (size_t)(tlv_write(room, 0x8333, STR("")) - room);
	e.meta.p = (char *)room;
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_unsupported, FATE_NOT_DELIVERED), "a critical TLV of the future");
	e = fake_request(&caller, 3, "s/run", path);
	e.meta = (struct str){ (char *)room, TLV_HEAD };
	fake_say(&caller, e);
	ok(fake_hears_error(&caller, 3, E_unsupported, FATE_NOT_DELIVERED), "from a client, too");

	e = from_leaf("", "s/run", path);
	e.meta = STR("");
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_malformed, FATE_NOT_DELIVERED), "no path");
	at = tlv_write(room, META_path, STR("leaf"));
	at = tlv_write(at, META_path, STR("else"));
	e.meta = (struct str){ (char *)room, (size_t)(at - room) };
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_malformed, FATE_NOT_DELIVERED), "a path that ends elsewhere");
	at = tlv_write(room, META_path, STR("else"));
	at = tlv_write(at, META_path, STR("leaf"));
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_malformed, FATE_NOT_DELIVERED), "one that begins elsewhere");
	e.origin = STR("else");
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_scope, FATE_NOT_DELIVERED), "a leaf with another's origin");
	at = tlv_write(room, META_path, STR("else"));
	tlv_write(at, META_path, STR("hub"));
	e.meta.n = 4 + 4 + 4 + 3;
	fake_say(&hub, e);
	ok(fake_hears(&service, KIND_REQUEST), "a hub passes on others'");
	fake_reply(&service, service.e.id, 0, "");
	fake_forget(&hub);
	at = tlv_write(room, META_path, STR("else"));
	at = tlv_write(at, META_path, STR("here"));
	at = tlv_write(at, META_path, STR("hub"));
	e.meta.n = (size_t)(at - room);
	fake_say(&hub, e);
	ok(fake_hears_error(&hub, 3, E_loop, FATE_NOT_DELIVERED), "what has been here before");

	e = from_leaf("", "s/run", path);
	e.from = STR("me@here");
	fake_say(&leaf, e);
	ok(fake_hears_error(&leaf, 3, E_scope, FATE_NOT_DELIVERED), "from another's address");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_ENDPOINT, "you@leaf", "", 0);
	e.from = STR("you@leaf");
	fake_say(&leaf, e);
	ok(fake_hears(&service, KIND_REQUEST), "from its own");
	is_str(service.e.from, "you@leaf", "which is passed on");

	fake_say(&leaf, e);
	ok(leaf.closed && leaf.closed_with == E_malformed, "an id that is in flight ends the link");
	ok(fake_hears_nothing(&leaf) && fake_hears_nothing(&service), "and is not answered twice");
	fake_reply(&service, service.e.id, 0, "");
	fake_forget(&leaf);
	f.count.requests--;	/* the one that ended its link has no end of its own */
	e = fake_request(&caller, 12, "s/run", path);
	fake_say(&caller, e);
	e.hops = 0;
	e.meta = STR("\x40");
	fake_say(&caller, e);
	ok(caller.closed && fake_hears_nothing(&caller), "also when it is wrong in other ways");
	f.count.requests--;
	fake_hears(&service, KIND_REQUEST);
	fake_reply(&service, service.e.id, 0, "");
	fake_forget(&caller);

	f.limits.in_flight = 2;
	fake_ask(&caller, 1, "s/run");
	fake_ask(&caller, 2, "s/run");
	fake_ask(&caller, 3, "s/run");
	ok(fake_hears_error(&caller, 3, E_overloaded, FATE_NOT_DELIVERED), "too many in flight");
	while (fake_hears(&service, KIND_REQUEST))
		fake_reply(&service, service.e.id, 0, "");
	fake_forget(&caller);
	f.draining = true;
	fake_ask(&caller, 1, "s/run");
	ok(fake_hears_error(&caller, 1, E_shutting_down, FATE_NOT_DELIVERED), "a node that drains");
	end("not admitted");
}

static void
what_a_client_may_not_claim(void)
{
	static const char zeros[ENVELOPE_META_MAX - TLV_HEAD];
	uint8_t path[1024], meta[ENVELOPE_META_MAX + 64], *at = meta;
	struct envelope e;
	struct meta_facts facts;

	begin(true);
	e = fake_request(&caller, 1, "none/run", path);
	at = tlv_write(at, META_path, STR("forged"));
	at = tlv_write(at, META_hop, STR("forged"));
	at = tlv_write(at, META_auth, STR("root"));
	at = tlv_write(at, 0x0333, STR("left out"));
	at = tlv_write(at, 0x4333, STR("passed on"));
	at = tlv_write(at, META_call, STR("call"));
	e.meta = (struct str){ (char *)meta, (size_t)(at - meta) };
	e.origin = STR("forged");
	e.from = STR("root@else");
	e.hops = 200;
	fake_say(&caller, e);
	ok(fake_hears(&up, KIND_REQUEST), "the request goes on");
	meta_look(up.e.meta, STR("nobody"), &facts);
	ok(facts.passed == 1 && str_is(facts.first, "here"), "the path is ours alone");
	ok(!meta_find(up.e.meta, META_hop).p && !meta_find(up.e.meta, META_auth).p, "no hop, no identity");
	ok(!meta_find(up.e.meta, (enum meta)0x0333).p, "unknown is left out");
	is_str(meta_find(up.e.meta, (enum meta)0x4333), "passed on", "or passed on");
	is_str(meta_find(up.e.meta, META_call), "call", "the rest stays");
	is_str(up.e.origin, "here", "the origin is ours");
	is_str(up.e.from, "me@here", "from what it registered");
	is_int(up.e.hops, HOPS_DEFAULT - 1, "hops begin here");
	at = tlv_write(meta, META_hop, STR("forged"));
	fake_say(&up, (struct envelope){ .kind = KIND_REPLY, .id = up.e.id, .hops = 1,
	    .meta = { (char *)meta, (size_t)(at - meta) } });
	ok(fake_hears(&caller, KIND_REPLY) && meta_find(caller.e.meta, META_hop).n, "a link may say hops");
	fake_ask(&up, 5, "s/run");
	fake_hears(&service, KIND_REQUEST);
	fake_say(&service, (struct envelope){ .kind = KIND_REPLY, .id = service.e.id, .hops = 1,
	    .origin = STR("forged"), .from = STR("root@else"), .to = STR("x"),
	    .meta = { (char *)meta, (size_t)(at - meta) } });
	ok(fake_hears(&up, KIND_REPLY) && !meta_find(up.e.meta, META_hop).n, "a client that answers may not");
	is_str(up.e.origin, "here", "nor name an origin");
	ok(up.e.from.n == 0, "nor an address that it does not hold");

	/* a meta that is full has no room for the path: the next node would end the link */
	at = tlv_write(meta, META_call, (struct str){ zeros, sizeof zeros });
	e = fake_request(&caller, 2, "none/run", path);
	e.meta = (struct str){ (char *)meta, (size_t)(at - meta) };
	fake_say(&caller, e);
	ok(fake_hears_error(&caller, 2, E_too_large, FATE_NOT_DELIVERED), "a meta that is full is refused");
	ok(fake_hears_nothing(&up), "and not sent");
	e = fake_request(&caller, 2, "s/run", path);
	e.flags = FLAG_TRACE;
	fake_say(&caller, e);
	fake_hears(&service, KIND_REQUEST);
	fake_say(&service, (struct envelope){ .kind = KIND_REPLY, .id = service.e.id, .hops = 1,
	    .meta = { (char *)meta, ENVELOPE_META_MAX } });
	ok(fake_hears(&caller, KIND_REPLY) && caller.e.meta.n == ENVELOPE_META_MAX,
	    "an answer with a full meta passes without our hop");
	end("claims");
}

static void
traces(void)
{
	uint8_t path[1024];
	struct envelope e;
	struct str hop;

	begin(false);
	e = fake_request(&caller, 1, "s/run", path);
	e.flags = FLAG_TRACE;
	fake_say(&caller, e);
	fake_hears(&service, KIND_REQUEST);
	ok(service.e.flags & FLAG_TRACE, "a trace goes on as one");
	f.now.us += 1234;
	fake_reply(&service, service.e.id, 0, "");
	ok(fake_hears(&caller, KIND_REPLY), "and comes back");
	hop = meta_find(caller.e.meta, META_hop);
	ok(hop.n == 9 && hop.p[0] == ROLE_HUB && memcmp(hop.p + 1, "\0\0\x04\xd2here", 8) == 0,
	    "with role, microseconds and node");
	fake_ask(&caller, 1, "s/run");
	fake_hears(&service, KIND_REQUEST);
	fake_reply(&service, service.e.id, 0, "");
	ok(fake_hears(&caller, KIND_REPLY) && caller.e.meta.n == 0, "nobody else gets hops");
	end("traces");
}

static void
lost_ports(void)
{
	begin(false);
	service.slow = true;
	fake_ask(&caller, 1, "s/run");
	fake_read(&service, 10);
	fake_down(&service);
	ok(fake_hears_error(&caller, 1, E_link_down, FATE_NOT_DELIVERED),
	    "the service's link goes before the whole request has left");
	end("lost before");

	begin(false);
	service.slow = true;
	fake_ask(&caller, 1, "s/run");
	fake_ask(&caller, 2, "s/run");
	fake_next(&service);
	fake_read(&service, envelope_size(&service.e));
	fake_down(&service);
	ok(fake_hears_error(&caller, 1, E_link_down, FATE_MAY_HAVE_RUN), "one had left");
	ok(fake_hears_error(&caller, 2, E_link_down, FATE_NOT_DELIVERED), "the next had not");
	fake_ask(&caller, 3, "s/run");
	ok(fake_hears_error(&caller, 3, E_no_route, FATE_NOT_DELIVERED), "and its service is gone");
	end("lost after");

	begin(false);
	fake_ask(&caller, 1, "s/run");
	fake_ask(&leaf, 1, "s/run");
	fake_forget(&service);
	fake_down(&caller);
	ok(fake_hears(&service, KIND_CANCEL), "a caller that is gone cancels");
	ok(fake_hears_nothing(&service), "what it asked, and nothing else");
	is_int(f.flights.count, 1, "the leaf's goes on");
	fake_down(&leaf);
	end("caller gone");

	begin(false);
	service.max = 100;
	service.slow = true;
	service.reserve = 0;
	for (uint64_t id = 1; id <= 3; id++)
		fake_ask(&caller, id, "s/run");
	ok(fake_hears_error(&caller, 2, E_overloaded, FATE_NOT_DELIVERED), "a full queue refuses at once");
	fake_forget(&caller);
	caller.max = 0;
	caller.reserve = 0;
	fake_next(&service);
	fake_reply(&service, service.e.id, 0, "");
	ok(caller.closed && caller.closed_with == E_slow_consumer,
	    "a caller that reads neither answer nor error is closed");
	fake_down(&caller);
	end("full queues");

	begin(false);
	fake_attach(&caller, FAMILY_SERVICE, "mine", "", "", 1);
	fake_forget(&caller);
	for (uint64_t id = 1; id <= 20; id++)
		fake_ask(&caller, id, "mine/run");
	fake_down(&caller);
	end("a client that serves itself is gone");
}

static void
cancels(void)
{
	uint64_t id;

	begin(false);
	fake_ask(&caller, 1, "s/run");
	fake_hears(&service, KIND_REQUEST);
	id = service.e.id;
	fake_say(&caller, (struct envelope){ .kind = KIND_CANCEL, .id = 1 });
	ok(fake_hears_nothing(&service), "a CANCEL must come from the opener");
	fake_cancel(&caller, 2);
	fake_cancel(&leaf, 1);
	ok(fake_hears_nothing(&service), "and name what is its own");
	fake_cancel(&caller, 1);
	ok(fake_hears(&service, KIND_CANCEL) && service.e.id == id, "then the service is told");
	ok(fake_hears_nothing(&caller), "and the caller nothing");
	fake_reply(&service, id, 0, "late");
	ok(fake_hears_nothing(&caller) && f.count.stray == 1, "also not by a late answer");
	fake_cancel(&caller, 1);
	ok(fake_hears_nothing(&service), "a second CANCEL is nothing");
	end("cancels");
}

static void
strays(void)
{
	uint64_t id;

	begin(false);
	fake_reply(&service, 0, 0, "x");
	fake_reply(&service, 12345, 0, "x");
	is_int(f.count.stray, 2, "answers to what was never asked");
	fake_ask(&caller, 1, "s/run");
	fake_hears(&service, KIND_REQUEST);
	id = service.e.id;
	fake_reply(&leaf, id, 0, "x");
	fake_reply(&caller, id, 0, "x");
	ok(f.count.stray == 4 && fake_hears_nothing(&caller), "answers from who was not asked");
	fake_part(&leaf, id, 0, STR("x"));
	fake_credit(&leaf, id, 0, 100);
	ok(fake_hears_nothing(&caller), "nor parts nor credit");
	fake_reply(&service, id, 0, "right");
	ok(fake_hears(&caller, KIND_REPLY), "the right one still counts");
	fake_reply(&service, id, 0, "again");
	fake_reply(&service, id, FLAG_ERROR, "again");
	ok(fake_hears_nothing(&caller) && f.count.stray == 6, "but once");
	end("strays");
}

static void
oneway(void)
{
	begin(false);
	fake_ask(&caller, 0, "s/run");
	ok(fake_hears(&service, KIND_REQUEST) && service.e.id == 0, "one way: no label");
	is_int(f.flights.count, 0, "and nothing to remember");
	fake_ask(&caller, 0, "none/run");
	ok(fake_hears_nothing(&caller) && f.count.errors[E_no_route] == 1, "its loss is counted, not told");
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	fake_forget(&service);
	fake_ask(&caller, 1, "one/run");
	fake_ask(&caller, 0, "one/run");
	ok(f.count.errors[E_overloaded] == 1, "it does not wait for a busy service");
	fake_hears(&service, KIND_REQUEST);
	fake_reply(&service, service.e.id, 0, "");
	f.count.oneway--;	/* the first one arrived: that has no end */
	end("one way");
}

static void
parking(void)
{
	enum { MANY = 1000 };
	unsigned in_order = 0, at_once = 0;
	uint8_t path[1024];
	struct envelope e;

	begin(false);
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	fake_forget(&service);
	for (uint64_t id = 1; id <= MANY; id++)
		fake_ask(&caller, id, "one/run");
	is_int(f.count.parked, MANY - 1, "all but one wait");
	for (uint64_t id = 1; id <= MANY; id++) {
		fake_hears(&service, KIND_REQUEST);
		at_once += buf_len(&service.said) != 0;
		fake_reply(&service, service.e.id, 0, "");
		in_order += fake_hears(&caller, KIND_REPLY) && caller.e.id == id;
	}
	is_int(in_order, MANY, "all are served in their order");
	is_int(at_once, 0, "never two at once");
	end("1000 on one");

	begin(false);
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	fake_forget(&service);
	fake_ask(&caller, 1, "one/run");
	e = fake_request(&caller, 2, "one/run", path);
	e.deadline_ms = 1000;
	fake_say(&caller, e);
	e.id = 3;
	e.deadline_ms = 3000;
	fake_say(&caller, e);
	fake_wait(&f, 1100);
	ok(fake_hears_error(&caller, 2, E_timeout, FATE_NOT_DELIVERED), "parked until the deadline");
	fake_hears(&service, KIND_REQUEST);
	ok(fake_hears_nothing(&service), "the service never hears of it");
	fake_reply(&service, service.e.id, 0, "");
	ok(fake_hears(&service, KIND_REQUEST) && service.e.deadline_ms <= 1916 &&
	    service.e.deadline_ms > 1880, "who waited has less time left: %u", service.e.deadline_ms);
	fake_ask(&caller, 4, "one/run");
	f.now = mono_add_ms(f.now, 70000);	/* the wheel has not turned yet */
	fake_reply(&service, service.e.id, 0, "");
	ok(fake_hears(&service, KIND_REQUEST) && service.e.deadline_ms == 1,
	    "and at the very last 1 ms, since 0 would mean any");
	fake_reply(&service, service.e.id, 0, "");
	end("waiting");

	begin(false);
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	f.limits.waiting = 2;
	for (uint64_t id = 1; id <= 4; id++)
		fake_ask(&caller, id, "one/run");
	ok(fake_hears_error(&caller, 4, E_overloaded, FATE_NOT_DELIVERED), "only so many wait");
	fake_cancel(&caller, 2);
	f.limits.waiting_bytes = 100;
	fake_ask(&caller, 5, "one/run");
	ok(fake_hears_error(&caller, 5, E_overloaded, FATE_NOT_DELIVERED), "and only so many bytes");
	fake_down(&service);
	ok(fake_hears_error(&caller, 3, E_no_route, FATE_NOT_DELIVERED),
	    "when the last instance goes, who waits is told");
	ok(fake_hears_error(&caller, 1, E_link_down, FATE_MAY_HAVE_RUN), "and who was served");
	end("limits of waiting");

	begin(true);
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	fake_forget(&up);
	fake_ask(&caller, 1, "one/run");
	fake_ask(&caller, 2, "one/run");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_SERVICE, "one", "", 0);
	ok(fake_hears(&leaf, KIND_REQUEST), "a new instance takes who waits");
	fake_ask(&caller, 3, "one/run");
	fake_announce(&leaf, KIND_WITHDRAW, FAMILY_SERVICE, "one", "", 0);
	fake_ask(&caller, 4, "one/run");
	fake_down(&service);
	fake_forget(&caller);
	while (fake_next(&up) && up.e.kind != KIND_REQUEST)
		continue;
	ok(up.e.kind == KIND_REQUEST, "with none left, up");
	fake_reply(&up, up.e.id, 0, "");
	ok(fake_hears(&caller, KIND_REPLY) && caller.e.id == 4, "and answered from there");
	fake_down(&leaf);
	end("instances come and go");

	begin(false);
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	fake_forget(&service);
	for (uint64_t id = 1; id <= 50; id++)
		fake_ask(&caller, id, "one/run");
	fake_forget(&service);
	fake_down(&caller);
	ok(fake_hears(&service, KIND_CANCEL) && fake_hears_nothing(&service),
	    "what a caller that is gone had parked never runs");
	end("parked by who is gone");

	begin(false);
	fake_attach(&service, FAMILY_ENDPOINT, "x@d", "", "", 1);
	fake_attach(&caller, FAMILY_ENDPOINT, "*@d", "", "", 1);
	fake_ask_at(&leaf, 1, "x@d", "a/b");
	fake_ask_at(&leaf, 2, "x@d", "a/b");
	fake_ask_at(&hub, 1, "y@d", "a/b");
	fake_down(&service);
	ok(fake_hears_error(&leaf, 1, E_link_down, FATE_MAY_HAVE_RUN), "an endpoint is gone");
	ok(fake_hears_nothing(&leaf), "who waited for it waits for the pattern");
	fake_forget(&caller);
	fake_cancel(&hub, 1);
	fake_hears(&caller, KIND_CANCEL);
	ok(fake_hears(&caller, KIND_REQUEST), "and gets its turn");
	fake_reply(&caller, caller.e.id, 0, "");
	ok(fake_hears(&leaf, KIND_REPLY) && leaf.e.id == 2, "and its answer");
	end("from endpoint to pattern");
}

static void
not_for_these(void)
{
	begin(false);
	fake_say(&caller, (struct envelope){ .kind = KIND_ANNOUNCE, .id = 5 });
	ok(fake_hears(&caller, KIND_ERROR), "a client may not announce");
	fake_say(&leaf, (struct envelope){ .kind = KIND_ATTACH, .id = 5 });
	ok(fake_hears(&leaf, KIND_ERROR), "a node may not attach");
	fake_say(&caller, (struct envelope){ .kind = KIND_DIAL, .id = 5 });
	ok(fake_hears_error(&caller, 5, E_unsupported, FATE_NOT_DELIVERED), "calls are for later");
	fake_say(&caller, (struct envelope){ .kind = 0x7e, .id = 6 });
	ok(fake_hears_error(&caller, 6, E_scope, FATE_NOT_DELIVERED), "an unknown question is answered");
	fake_say(&leaf, (struct envelope){ .kind = 0x7e, .id = 6 });
	ok(fake_hears_error(&leaf, 6, E_unsupported, FATE_NOT_DELIVERED), "also a link's");
	fake_say(&leaf, (struct envelope){ .kind = KIND_PUBLISH, .id = 6 });
	ok(fake_hears_nothing(&leaf), "a fact is not");
	end("other kinds");
}

int
main(void)
{
	answers();
	deadlines();
	nowhere();
	targets();
	not_admitted();
	what_a_client_may_not_claim();
	traces();
	lost_ports();
	cancels();
	strays();
	oneway();
	parking();
	not_for_these();
	return done();
}
