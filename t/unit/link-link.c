/* link-link.c - links over socketpairs: how they end, what an end promises, and
 * how much a stranger may make us keep. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/accept.h"
#include "link/greet.h"
#include "link/uplink.h"
#include "tap.h"

static struct ev_loop *loop;
static struct net *net;
static struct fabric f;
static struct links ls;
static char last_down[240];

static void
on_turn(void *owner)
{
	(void)owner;
	links_reap(&ls);
}

static void
turn(int n)
{
	while (n-- > 0)
		ev_run(loop, EVRUN_NOWAIT);
	f.now = net_time(net);
}

static void
on_link_event(struct links *of, const char *what, const struct link *l, const char *why)
{
	(void)of, (void)l;
	if (strcmp(what, "link_down") == 0)
		snprintf(last_down, sizeof last_down, "%s", why);
}

static void
begin(void)
{
	static const struct fabric_ops ops = { NULL };
	struct err e = { .status = 0 };

	loop = ev_default_loop(0);
	net = net_open(loop, &e);
	fabric_init(&f, STR("hub.test"), STR("test"), ROLE_HUB, net_time(net), &ops);
	links_init(&ls, net, &f);
	ls.event = on_link_event;
	net_each_turn(net, on_turn, NULL);
}

static void
end(void)
{
	links_free(&ls);
	fabric_free(&f);
	net_close(net);
	ev_loop_destroy(loop);
}

/* A link at one end, a descriptor of ours at the other, with little room between. */
static struct link *
pair(const struct dialect *d, bool network, int *fd)
{
	struct err e = { .status = 0 };
	int p[2], small = 4096;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		return NULL;
	setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	setsockopt(p[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	*fd = p[1];
	return link_accept(&ls, conn_open(net, p[0], &e), "peer", d, network, false, &e);
}

static void
say(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			s = str_skip(s, (size_t)n);
		else if (errno == EPIPE)	/* it was cut meanwhile */
			return;
		turn(1);
	}
}

/* Everything that the link has to say, until it says no more. */
static size_t
hear(int fd, struct buf *to)
{
	char part[65536];
	size_t all = 0;
	ssize_t n;

	for (int idle = 0; idle < 20; ) {
		turn(1);
		if ((n = recv(fd, part, sizeof part, MSG_DONTWAIT)) > 0) {
			if (to)
				buf_put(to, part, (size_t)n);
			all += (size_t)n;
			idle = 0;
		} else if (n == 0) {
			break;
		} else {
			idle++;
		}
	}
	return all;
}

static void
put(struct buf *b, struct envelope e)
{
	envelope_put(b, &e, STR(""));
}

static void
hello(struct buf *b, const char *node, uint8_t role)
{
	uint8_t room[HELLO_MAX];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct hello h = { .node = str(node), .role = role, .version_min = 1, .version_max = 1 };

	hello_put(&body, &h);
	put(b, (struct envelope){ .kind = KIND_HELLO, .hops = 1, .payload = buf_view(&body) });
}

/* The reason for an end finds no room: the reason is lost, and only that. */
static void
test_no_room_for_the_reason(void)
{
	static const char twice[] = "{\"type\":\"request\",\"id\":7,\"service\":\"s\",\"method\":\"m\"}\n"
	    "{\"type\":\"request\",\"id\":7,\"service\":\"s\",\"method\":\"m\"}\n";
	static const char attach[] = "{\"type\":\"attach\",\"id\":1,\"service\":\"s\"}\n";
	int fd, server;
	struct link *s, *l;

	ls.set.queue = 65536;
	s = pair(&dialect_lines, false, &server);
	say(server, STR(attach));
	l = pair(&dialect_lines, false, &fd);
	/* pongs fill the queue and its reserve, but for less than an error takes */
	while (l->state == LINK_UP && conn_queued(l->conn) < 65536 + 256 * 1024 - 60)
		say(fd, STR("{\"type\":\"ping\",\"id\":1000000}\n"));
	ok(l->state == LINK_UP, "a client that reads nothing is up until its queue is full");
	say(fd, STR(twice));
	turn(3);
	ok(strcmp(last_down, "it does not read what it is told") == 0, "it is closed once (%s)", last_down);
	ok(s->state == LINK_UP && s->port.serving_count == 0, "and others live on");
	close(fd);
	close(server);
	turn(3);
	ls.set.queue = 4u << 20;
}

/* What is reported as not delivered is not sent afterwards. */
static void
test_not_delivered_stays_here(void)
{
	struct buf b, heard;
	int client, server;
	struct link *c, *s;
	char *big = calloc(1, 300000);
	struct envelope e;
	const char *why = "";
	size_t used;
	enum fate fate = FATE_MAY_HAVE_RUN;
	unsigned error = 0, ran = 0, not_delivered = 0;
	struct str rest;
	struct announcement a = { .family = FAMILY_SERVICE, .name = STR("s"), .weight = 100,
	    .hops = HOPS_DEFAULT };
	struct buf body;

	buf_init(&b, 4u << 20);
	buf_init(&heard, 8u << 20);
	buf_init(&body, 4096);
	s = pair(NULL, false, &server);
	announcement_put(&body, &a);
	put(&b, (struct envelope){ .kind = KIND_ATTACH, .hops = 1, .id = 1, .payload = buf_view(&body) });
	say(server, buf_view(&b));
	buf_eat(&b, buf_len(&b));
	c = pair(NULL, false, &client);
	for (uint64_t id = 1; id <= 3; id++)
		put(&b, (struct envelope){ .kind = KIND_REQUEST, .hops = 8, .id = id, .subject = STR("s/m"),
		    .type = TYPE_BYTES, .payload = { big, 300000 } });
	say(client, buf_view(&b));
	turn(3);
	is_int(s->port.serving_count, 3, "three requests are on their way to a slow service");
	link_close(s, E_malformed, "the service broke a rule");
	turn(2);
	hear(client, &heard);
	rest = buf_view(&heard);
	while (envelope_parse(rest, UINT32_MAX, &e, &used, &why) == PARSE_OK) {
		rest = str_skip(rest, used);
		if (e.kind != KIND_REPLY)
			continue;
		meta_error_get(e.meta, &error, &fate);
		not_delivered += fate == FATE_NOT_DELIVERED;
	}
	buf_eat(&heard, buf_len(&heard));
	hear(server, &heard);
	rest = buf_view(&heard);
	while (envelope_parse(rest, UINT32_MAX, &e, &used, &why) == PARSE_OK) {
		rest = str_skip(rest, used);
		ran += e.kind == KIND_REQUEST;
	}
	ok(ran + not_delivered <= 3, "what is reported as not delivered (%u) does not arrive afterwards "
	    "(%u arrived)", not_delivered, ran);
	ok(c->state == LINK_UP, "the caller's link lives on");
	close(client);
	close(server);
	turn(3);
	buf_free(&b);
	buf_free(&body);
	buf_free(&heard);
	free(big);
}

static int accepted = -1;

static void
on_accepted(void *owner, int fd, const char *peer)
{
	(void)owner, (void)peer;
	accepted = fd;
}

/* It greets us; what comes of it is in `accepted`. */
static void
await_dial(struct uplink *u)
{
	for (int n = 0; n < 1000 && (accepted == -1 || u->state != UPLINK_GREETING); n++)
		ev_run(loop, EVRUN_ONCE);
}

static void
dial_us(struct uplink *u, const char *url)
{
	uplink_init(u, &ls);
	u->urls[u->url_count++] = url;
	uplink_start(u);
	await_dial(u);
}

static int
no_session(void *mem, const struct event *ev, struct out *o)
{
	(void)mem, (void)ev, (void)o;
	return -1;
}

/* A stranger with whom no session can begin is going already: it waits for no HELLO. */
static void
test_no_session(void)
{
	static const struct dialect mute = { .name = "mute", .on = no_session };
	struct link *l, *next;
	int fd[2];

	l = pair(&mute, true, &fd[0]);
	ok(l->state == LINK_DYING && ls.dying.next == &l->stage, "a link without a session is dying");
	ok(list_empty(&ls.greeting) && ls.greeting_count == 0, "... and greets nobody");
	next = pair(NULL, true, &fd[1]);
	ok(ls.greeting.next == &next->stage && ls.greeting_count == 1, "... the next one does");
	links_reap(&ls);
	ok(ls.all.next == &next->place && next->place.next == &ls.all, "... and is alone then");
	close(fd[0]);
	close(fd[1]);
	turn(2);
}

/* A hub may ask for any time to stay away. */
static void
test_come_back(void)
{
	static const uint32_t asked[] = { UINT32_MAX, UINT32_MAX - 1, 1u << 31, 1000, 0 };
	struct err e = { .status = 0 };
	struct listener *at = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, NULL, &e);
	struct buf b;
	char url[80];

	snprintf(url, sizeof url, "fedx://%s", listener_name(at));
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct uplink u;
		char be[4] = { (char)(asked[i] >> 24), (char)(asked[i] >> 16), (char)(asked[i] >> 8),
		    (char)asked[i] };

		dial_us(&u, url);
		put(&b, (struct envelope){ .kind = KIND_GOODBYE, .hops = 1, .payload = { be, 4 } });
		say(accepted, buf_view(&b));
		buf_eat(&b, buf_len(&b));
		turn(10);
		ok(u.state == UPLINK_BACKOFF && u.timer.due * WHEEL_TICK_MS <
		    f.now.us / 1000 + 2 * 3600000 + 100,
		    "GOODBYE with %lu ms: it comes back within two hours", (unsigned long)asked[i]);
		uplink_stop(&u);
		close(accepted);
		accepted = -1;
		turn(2);
	}
	listener_close(at);
	buf_free(&b);
}

/* Who leaves at once, and does not say when to come back, is dialled less and less; who says 1 ms, a few times. */
static void
test_leaves_again_and_again(uint8_t ms)
{
	struct err e = { .status = 0 };
	struct listener *at = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, NULL, &e);
	struct uplink u;
	struct buf b;
	char url[80], be[4] = { 0, 0, 0, (char)ms };

	snprintf(url, sizeof url, "fedx://%s", listener_name(at));
	buf_init(&b, 4096);
	put(&b, (struct envelope){ .kind = KIND_GOODBYE, .hops = 1, .payload = { be, 4 } });
	uplink_init(&u, &ls);
	u.urls[u.url_count++] = url;
	for (uint32_t n = 1; n <= 5; n++) {
		uplink_step(&u, n == 1 ? ON_UPLINK_START : ON_UPLINK_TIMEOUT);
		await_dial(&u);
		say(accepted, buf_view(&b));
		turn(10);
		if (ms)
			ok(u.state == UPLINK_BACKOFF && (n >= 4) ==
			    (u.timer.due * WHEEL_TICK_MS >= u.since.us / 1000 + links_usual.backoff_ms),
			    "GOODBYE for %d ms, for the %uth time", ms, n);
		else
			ok(u.state == UPLINK_BACKOFF && u.failures == n, "GOODBYE for no time: failure %u", n);
		close(accepted);
		accepted = -1;
	}
	uplink_stop(&u);
	turn(2);
	listener_close(at);
	buf_free(&b);
}

/* Who has left, and is not back when it said, is dialled twice more in its grace of 5 s at most. */
static void
test_calm_with_who_left(void)
{
	static const uint32_t least[] = { 1000, 1000, 2000, 4000 };
	struct err e = { .status = 0 };
	struct listener *at = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, NULL, &e);
	struct uplink u;
	struct buf b;
	char url[80], be[4] = { 0, 0, 1000 >> 8, (char)(1000 & 255) };

	snprintf(url, sizeof url, "fedx://%s", listener_name(at));
	buf_init(&b, 4096);
	dial_us(&u, url);
	u.failures = 7;
	put(&b, (struct envelope){ .kind = KIND_GOODBYE, .hops = 1, .payload = { be, 4 } });
	say(accepted, buf_view(&b));
	listener_close(at);
	turn(10);
	for (size_t i = 0; i < sizeof least / sizeof *least; i++) {
		uint64_t due = u.timer.due * WHEEL_TICK_MS, from = u.since.us / 1000;

		ok(u.state == UPLINK_BACKOFF && due >= from + least[i] && due <= from + (i ? 2 : 1) * least[i] +
		    2 * WHEEL_TICK_MS, "after it failed %zu times, a wait of %ums and not of twice that", i, least[i]);
		uplink_step(&u, ON_UPLINK_TIMEOUT);
		for (int n = 0; n < 1000 && u.state != UPLINK_BACKOFF; n++)
			ev_run(loop, EVRUN_ONCE);
	}
	uplink_stop(&u);
	close(accepted);
	accepted = -1;
	turn(2);
	for (uint32_t n = 0; n < 4; n++)
		is_int(uplink_wait_ms(&(struct uplink){ .links = &ls, .failures = n }, false, 0), 0,
		    "who is lost without a word may be dialled at once");
	buf_free(&b);
}

/* What the other end of fd heard last; its bytes are in *heard. */
static struct envelope
heard_last(int fd, struct buf *heard)
{
	struct envelope e, last = { .kind = 0 };
	const char *why = "";
	size_t used;
	struct str rest;

	buf_eat(heard, buf_len(heard));
	hear(fd, heard);
	rest = buf_view(heard);
	while (envelope_parse(rest, UINT32_MAX, &e, &used, &why) == PARSE_OK) {
		rest = str_skip(rest, used);
		last = e;
	}
	return last;
}

/* Who is sent away is told when, each another time, and where, and what was taken of it. */
static void
test_goodbyes(void)
{
	static const char *const names[] = { "a.test", "b.test", "c.test" };
	struct buf b, heard;
	struct link *l[3];
	int fd[3], server;
	struct envelope e = { .kind = KIND_REQUEST, .hops = 8, .id = 1, .origin = STR("c.test"),
	    .subject = STR("s/m") };
	uint32_t ms;
	struct announcement a = { .family = FAMILY_SERVICE, .name = STR("s"), .weight = 100, .hops = HOPS_DEFAULT };

	buf_init(&b, 65536);
	buf_init(&heard, 65536);
	pair(NULL, false, &server);
	announcement_put(&heard, &a);
	put(&b, (struct envelope){ .kind = KIND_ATTACH, .hops = 1, .id = 1, .payload = buf_view(&heard) });
	say(server, buf_view(&b));
	for (size_t i = 0; i < 3; i++) {
		l[i] = pair(NULL, true, &fd[i]);
		buf_eat(&b, buf_len(&b));
		hello(&b, names[i], ROLE_LEAF);
		say(fd[i], buf_view(&b));
		turn(2);
	}
	buf_eat(&b, buf_len(&b));
	tlv_put(&b, META_path, STR("c.test"));
	e.meta = buf_view(&b);
	buf_eat(&heard, buf_len(&heard));
	put(&heard, e);
	say(fd[2], buf_view(&heard));
	turn(2);
	ok(link_is_idle(l[0]) && link_is_idle(l[1]), "two links have nothing in flight");
	is_int(l[2]->port.opened_count, 1, "one has asked something");
	ls.set.come_back_ms = 100;
	ls.set.come_back_rate = 2;
	ls.set.elsewhere = "fedxs://other.test";
	for (size_t i = 0; i < 3; i++)
		link_goodbye(l[i]);
	for (size_t i = 0; i < 3; i++) {
		e = heard_last(fd[i], &heard);
		ok(e.kind == KIND_GOODBYE, "%s is told", names[i]);
		ok(tlv_u32(e.payload, &ms) == 0 && ms == 100 + i * 500, "... to come back at its own time");
		is_str(e.subject, "fedxs://other.test", "... and where to go until then");
		is_int(e.flags & FLAG_LAST, i == 2 ? 0 : FLAG_LAST, i == 2 ? "... and not that nothing of it runs" :
		    "... and that nothing of it runs");
		close(fd[i]);
	}
	close(server);
	turn(3);
	ls.set.come_back_ms = 1000;
	ls.set.come_back_rate = 4000;
	ls.set.elsewhere = NULL;
	buf_free(&b);
	buf_free(&heard);
}

/* What had been sent to a hub that goes has not run, if the hub says so, and may have if not. */
static void
test_untaken(void)
{
	static const struct { const char *what; uint16_t flags; enum fate fate; } cases[] = {
		{ "a GOODBYE that says so: what it was asked has not run", FLAG_LAST, FATE_NOT_DELIVERED },
		{ "a GOODBYE that does not: it may have", 0, FATE_MAY_HAVE_RUN },
	};
	struct err err = { .status = 0 };
	struct listener *at = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, NULL, &err);
	struct hello h = { .node = STR("up.test"), .role = ROLE_HUB, .version_min = 1, .version_max = 1 };
	char url[80], be[4] = { 0, 0, 0, 1 };
	struct buf b, heard;

	snprintf(url, sizeof url, "fedx://%s", listener_name(at));
	buf_init(&b, 65536);
	buf_init(&heard, 65536);
	f.has_uplink = true;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct uplink u;
		enum fate fate = FATE_MAY_HAVE_RUN;
		unsigned error = 0;
		int client;

		dial_us(&u, url);
		buf_eat(&heard, buf_len(&heard));
		hello_put(&heard, &h);
		put(&b, (struct envelope){ .kind = KIND_WELCOME, .hops = 1, .payload = buf_view(&heard) });
		say(accepted, buf_view(&b));
		pair(NULL, false, &client);
		buf_eat(&b, buf_len(&b));
		put(&b, (struct envelope){ .kind = KIND_REQUEST, .hops = 8, .id = 1, .subject = STR("far/m") });
		say(client, buf_view(&b));
		ok(heard_last(accepted, &heard).kind == KIND_REQUEST, "a hub is asked");
		buf_eat(&b, buf_len(&b));
		put(&b, (struct envelope){ .kind = KIND_GOODBYE, .flags = cases[i].flags, .hops = 1,
		    .payload = { be, sizeof be } });
		say(accepted, buf_view(&b));
		buf_eat(&b, buf_len(&b));
		meta_error_get(heard_last(client, &heard).meta, &error, &fate);
		ok(error == E_link_down && fate == cases[i].fate, "%s", cases[i].what);
		uplink_stop(&u);
		close(accepted);
		close(client);
		accepted = -1;
		turn(3);
	}
	f.has_uplink = false;
	listener_close(at);
	buf_free(&b);
	buf_free(&heard);
}

/* Who has not said HELLO can make us keep little, and not many of it. */
static void
test_strangers(void)
{
	struct buf b;
	struct envelope e = { .kind = KIND_REQUEST, .hops = 8, .id = 1, .subject = STR("s/m") };
	static char big[200000];
	int fd[8], lines;
	struct link *l;
	size_t heard;

	buf_init(&b, 4u << 20);
	l = pair(NULL, true, &fd[0]);
	e.payload = (struct str){ big, sizeof big };
	envelope_put(&b, &e, STR(""));
	say(fd[0], str_head(buf_view(&b), 60000));
	turn(2);
	ok(strstr(last_down, "over"), "a large envelope before HELLO is refused by its head (%s)", last_down);
	close(fd[0]);

	last_down[0] = '\0';
	l = pair(&dialect_lines, true, &lines);
	memset(big, ' ', sizeof big);
	big[0] = '{';
	say(lines, (struct str){ big, 100000 });
	turn(2);
	ok(strstr(last_down, "over"), "a large line before HELLO too (%s)", last_down);
	close(lines);
	turn(2);

	last_down[0] = '\0';
	l = pair(&dialect_lines, true, &lines);
	for (int i = 0; i < 4000 && !*last_down; i++)
		say(lines, STR("{\"type\":\"nonsense\"}\n"));
	heard = *last_down ? 0 : conn_queued(l->conn);
	ok(*last_down, "a stranger that is told of errors and does not read goes (%zu bytes wait, %s)",
	    heard, last_down);
	close(lines);
	turn(2);

	ls.set.handshakes = 4;
	last_down[0] = '\0';
	for (int i = 0; i < 4; i++)
		pair(NULL, true, &fd[i]);
	turn(2);
	is_str(str(last_down), "", "as many strangers as may be in a handshake are");
	pair(NULL, true, &fd[4]);
	turn(2);
	ok(strstr(last_down, "too many"), "one more: the oldest goes (%s)", last_down);
	ok(hear(fd[0], NULL) > 0, "and is told");
	buf_eat(&b, buf_len(&b));
	hello(&b, "a.test", ROLE_LEAF);
	say(fd[1], buf_view(&b));
	turn(2);
	last_down[0] = '\0';
	pair(NULL, true, &fd[5]);
	turn(2);
	is_str(str(last_down), "", "one that has greeted is not counted");
	for (int i = 0; i < 6; i++)
		close(fd[i]);
	turn(3);
	ls.set.handshakes = 1024;
	buf_free(&b);
}

/* One that has come to that entrance, the bus without one, and the other end of it. */
static int
knock(struct doors *ds, const struct entrance *in)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		return -1;
	door_open(ds, p[0], in ? "198.51.100.7:4711" : "unix", in);
	return p[1];
}

static bool
is_let_in(int fd)
{
	static const char ping[] = "{\"type\":\"ping\"}\n";

	(void)send(fd, ping, strlen(ping), MSG_NOSIGNAL);
	return hear(fd, NULL) > 0;
}

/* Strangers crowd out the oldest of their own, and nobody on the bus; nor does that them. */
static void
test_doors(void)
{
	const struct entrance in = { .tls = ENTRANCE_EITHER };
	struct doors ds;
	int bus[4], net_fd[4];
	char c;

	doors_init(&ds, &ls);
	ls.set.handshakes = 3;
	for (int i = 0; i < 4; i++)
		bus[i] = knock(&ds, NULL);
	for (int i = 0; i < 3; i++)
		net_fd[i] = knock(&ds, &in);
	turn(2);
	is_int(ds.stranger_count, 3, "a full bus leaves strangers their places");
	net_fd[3] = knock(&ds, &in);
	turn(2);
	is_int(ds.stranger_count, 3, "one stranger too many is one");
	is_int(recv(net_fd[0], &c, 1, MSG_DONTWAIT), 0, "the oldest has gone");
	ok(is_let_in(bus[0]) && is_let_in(bus[3]), "who came by the bus is heard");
	for (int i = 0; i < 4; i++) {
		close(net_fd[i]);
		close(bus[i]);
	}
	turn(3);
	is_int(ds.stranger_count, 0, "who hangs up is not counted");
	knock(&ds, NULL);
	knock(&ds, &in);
	doors_close(&ds);
	is_int(ds.stranger_count, 0, "closing shuts all doors");
	ok(list_empty(&ds.local), "also those of the bus");
	ls.set.handshakes = 1024;
}

int
main(void)
{
	begin();
	test_doors();
	test_no_room_for_the_reason();
	test_no_session();
	test_not_delivered_stays_here();
	test_come_back();
	test_leaves_again_and_again(0);
	test_leaves_again_and_again(1);
	test_calm_with_who_left();
	test_goodbyes();
	test_untaken();
	test_strangers();
	end();
	return done();
}
