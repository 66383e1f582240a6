/* net-conn.c - bytes arrive once and in order, leave once a turn, and a
 * callback may close the conn. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/inside.h"
#include "tap.h"

static struct ev_loop *loop;
static struct net *net;

/* An owner that notes what it is told. */
struct side {
	struct conn *c;
	int inputs, drains, losses;
	size_t eaten;
	char why[240];
	uint64_t sum;		/* over the frames' bodies */
	int frames;
	enum { EAT_FRAMES, EAT_ALL, EAT_NOTHING } eat;
	enum { CLOSE_NEVER, CLOSE_IN_INPUT, CLOSE_IN_DRAINED, CLOSE_IN_LOST } close;
	bool pause_in_input, put_in_drained;
};

static size_t
on_input(void *owner, struct str in)
{
	struct side *s = owner;
	size_t used = 0;

	s->inputs++;
	if (s->pause_in_input)
		conn_pause(s->c, true);
	if (s->close == CLOSE_IN_INPUT) {
		conn_close(s->c);
		s->c = NULL;
		return 12345;	/* ignored */
	}
	if (s->eat == EAT_ALL)
		used = in.n;
	while (s->eat == EAT_FRAMES && in.n - used >= 2) {
		const uint8_t *p = (const uint8_t *)in.p + used;
		size_t len = (size_t)p[0] << 8 | p[1];

		if (in.n - used < 2 + len)
			break;
		for (size_t i = 0; i < len; i++)
			s->sum = s->sum * 31 + p[2 + i];
		s->frames++;
		used += 2 + len;
	}
	s->eaten += used;
	return used;
}

static void
on_drained(void *owner)
{
	struct side *s = owner;

	s->drains++;
	if (s->put_in_drained)
		conn_put(s->c, STR("more"));
	if (s->close == CLOSE_IN_DRAINED) {
		conn_close(s->c);
		s->c = NULL;
	}
}

static void
on_lost(void *owner, const struct err *why)
{
	struct side *s = owner;

	s->losses++;
	snprintf(s->why, sizeof s->why, "%s", why->text);
	if (s->close == CLOSE_IN_LOST) {
		conn_close(s->c);
		s->c = NULL;
	}
}

static const struct conn_owner does = { on_input, on_drained, on_lost };

static void
turn(void)
{
	ev_run(loop, EVRUN_NOWAIT);
}

static void
on_alarm(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)l, (void)revents;
	w->data = NULL;
}

static int	/* turns that the loop makes in 50 ms: few, unless something spins */
turns_in_a_while(void)
{
	ev_timer alarm;
	int turns = 0;

	ev_now_update(loop);
	ev_timer_init(&alarm, on_alarm, 0.05, 0.);
	alarm.data = &alarm;
	ev_timer_start(loop, &alarm);
	while (alarm.data) {
		ev_run(loop, EVRUN_ONCE);
		turns++;
	}
	return turns;
}

static int	/* the other end */
side_open(struct side *s)
{
	struct err e;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		abort();
	if ((s->c = conn_open(net, fd[0], &e)) == NULL)
		abort();
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	conn_own(s->c, &does, s);
	return fd[1];
}

static int	/* the same by TCP */
side_open_tcp(struct side *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof at;
	int door = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	struct err e;

	if (bind(door, (struct sockaddr *)&at, n) || listen(door, 1) ||
	    getsockname(door, (struct sockaddr *)&at, &n) || connect(fd, (struct sockaddr *)&at, n) ||
	    (s->c = conn_open(net, accept(door, NULL, NULL), &e)) == NULL)
		abort();
	close(door);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	conn_own(s->c, &does, s);
	return fd;
}

static size_t
drain_fd(int fd)
{
	static char junk[65536];
	size_t all = 0;
	ssize_t n;

	while ((n = read(fd, junk, sizeof junk)) > 0)
		all += (size_t)n;
	return all;
}

static void
say(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		abort();
}

static void
test_batching(void)
{
	struct side s = { .eat = EAT_ALL };
	int fd = side_open(&s);
	uint64_t writes, reads;

	turn();
	writes = net_counters(net)->writes;
	for (int i = 0; i < 1000; i++)
		conn_put(s.c, STR("0123456789"));
	is_int(net_counters(net)->writes, writes, "putting writes nothing by itself");
	is_int(conn_gone_total(s.c), 0, "nothing has gone yet");
	turn();
	is_int(net_counters(net)->writes, writes + 1, "1000 messages of a turn are one write");
	is_int(drain_fd(fd), 10000, "and all of them arrive");
	is_int(conn_gone_total(s.c), 10000, "all have gone");
	is_int(conn_put_total(s.c), 10000, "all were put");
	turn();
	is_int(net_counters(net)->writes, writes + 1, "a turn without messages writes nothing");
	reads = net_counters(net)->reads;
	for (int i = 0; i < 100; i++)
		say(fd, "0123456789", 10);
	turn();
	turn();
	is_int(net_counters(net)->reads, reads + 1, "one read a wake-up, none for EAGAIN");
	is_int(s.inputs, 1, "and one input()");
	is_int(s.eaten, 1000, "with all of it");
	memcpy(conn_room(s.c, 5), "hello", 5);
	conn_made(s.c, 5);
	turn();
	is_int(drain_fd(fd), 5, "what was encoded in place arrives");
	conn_close(s.c);
	close(fd);
}

/* Any split of a stream of frames gives the same frames. */
static void
test_splits(void)
{
	enum { STREAM = 400000 };
	static uint8_t stream[STREAM + 70000];
	uint64_t seed = tap_seed(), sum = 0;
	size_t n = 0;
	int frames = 0;

	while (n < STREAM) {
		size_t len = (size_t)tap_rand(&seed) % 100 ? (size_t)tap_rand(&seed) % 300 : (size_t)tap_rand(&seed) % 65536;

		stream[n++] = (uint8_t)(len >> 8);
		stream[n++] = (uint8_t)len;
		for (size_t i = 0; i < len; i++) {
			stream[n] = (uint8_t)tap_rand(&seed);
			sum = sum * 31 + stream[n++];
		}
		frames++;
	}
	for (unsigned at_most = 1; at_most <= 100000; at_most *= 7) {
		struct side s = { .eat = EAT_FRAMES };
		int fd = side_open(&s);
		/* the smallest pieces only over the start: a turn a byte is slow */
		size_t want = at_most < 100 ? 20000 : n, sent = 0;

		while (sent < want) {
			size_t piece = 1 + (size_t)tap_rand(&seed) % at_most;

			if (piece > n - sent)
				piece = n - sent;
			ssize_t went = write(fd, stream + sent, piece);

			sent += went > 0 ? (size_t)went : 0;
			turn();
		}
		while (sent < n || s.eaten < n) {
			ssize_t went = sent < n ? write(fd, stream + sent, n - sent) : 0;

			sent += went > 0 ? (size_t)went : 0;
			turn();
		}
		ok(s.frames == frames && s.sum == sum && s.losses == 0,
		    "pieces of up to %u bytes: all %d frames, each whole", at_most, frames);
		conn_close(s.c);
		close(fd);
	}
}

static void
test_closing(void)
{
	struct side in = { .close = CLOSE_IN_INPUT }, lost = { .close = CLOSE_IN_LOST },
	    drained = { .close = CLOSE_IN_DRAINED };
	static char big[CONN_LOW + 1];
	int fd = side_open(&in);
	char c;

	say(fd, "x", 1);
	turn();
	turn();
	ok(in.inputs == 1 && in.losses == 0, "closed in input(): nothing more is called");
	is_int(read(fd, &c, 1), 0, "and the other end sees it");
	close(fd);

	fd = side_open(&lost);
	turn();
	close(fd);
	turn();
	turn();
	is_int(lost.losses, 1, "closed in lost(): called once");

	fd = side_open(&drained);
	conn_put(drained.c, (struct str){ big, sizeof big });
	for (int i = 0; i < 20; i++) {
		drain_fd(fd);
		turn();
	}
	is_int(drained.drains, 1, "closed in drained(): called once");
	close(fd);

	/* one conn closes another that has events in the same turn */
	struct side a = { .eat = EAT_ALL, .close = CLOSE_IN_INPUT }, b = a;
	int fda = side_open(&a), fdb = side_open(&b);

	turn();
	say(fda, "x", 1);
	say(fdb, "x", 1);
	conn_put(a.c, STR("y"));
	conn_put(b.c, STR("y"));
	turn();
	ok(!a.c && !b.c, "two that are readable and dirty may both be closed");
	close(fda);
	close(fdb);
	conn_close(NULL);
}

static void
test_loss(void)
{
	struct side s = { .eat = EAT_ALL };
	int fd = side_open(&s);

	turn();
	say(fd, "good-bye", 8);
	close(fd);
	conn_put(s.c, STR("this meets a closed socket"));
	for (int i = 0; i < 5; i++)
		turn();
	is_int(s.eaten, 8, "the peer's last words are heard although a write failed first");
	is_int(s.losses, 1, "then the loss is told, once");
	is_int(conn_gone_total(s.c), 0, "what met the closed socket has not gone");
	is_int(conn_put(s.c, STR("x")), -1, "a lost conn takes no more");
	conn_close(s.c);

	struct side r = { .eat = EAT_ALL };

	fd = side_open(&r);
	turn();
	shutdown(fd, SHUT_RD);
	conn_put(r.c, STR("x"));
	for (int i = 0; i < 5; i++)
		turn();
	is_int(r.losses, 1, "a peer that shuts its ear without a word is lost too");
	conn_close(r.c);
	close(fd);

	struct side p = { .eat = EAT_ALL };

	fd = side_open(&p);
	conn_pause(p.c, true);
	turn();
	close(fd);
	conn_put(p.c, STR("x"));
	for (int i = 0; i < 5; i++)
		turn();
	ok(turns_in_a_while() < 5, "a lost conn that nobody closes does not spin");
	is_int(p.losses, 1, "a paused conn that cannot write is lost");
	ok(strstr(p.why, "connection lost: ") != NULL, "and says why: %s", p.why);
	conn_close(p.c);
}

static void
test_pause(void)
{
	struct side s = { .eat = EAT_NOTHING, .pause_in_input = true };
	int fd = side_open(&s), inputs;

	say(fd, "12345", 5);
	turn();
	turn();
	inputs = s.inputs;
	say(fd, "678", 3);
	turn();
	turn();
	turn();
	ok(inputs == 1 && s.inputs == 1, "a paused conn gets no input");
	ok(turns_in_a_while() < 5, "and does not spin");
	s.pause_in_input = false;
	s.eat = EAT_ALL;
	conn_pause(s.c, false);
	is_int(s.inputs, 1, "resuming calls nothing at once");
	turn();
	turn();
	is_int(s.eaten, 8, "what waited comes after resuming, without new bytes");
	conn_close(s.c);
	close(fd);

	/* the sniffer looks, consumes nothing and hands over */
	struct side first = { .eat = EAT_NOTHING }, second = { .eat = EAT_ALL };

	fd = side_open(&first);
	say(fd, "GET /", 5);
	turn();
	turn();
	conn_own(first.c, &does, &second);
	second.c = first.c;
	turn();
	is_int(second.eaten, 5, "a new owner gets what the old one left");
	conn_close(second.c);
	close(fd);
}

static void
test_output(void)
{
	struct side s = { .eat = EAT_ALL };
	static char big[1 << 20];
	int fd = side_open(&s), refused = 0;
	size_t got = 0, put = 0;

	conn_set_max(s.c, 3 * sizeof big);
	for (int i = 0; i < 5; i++)
		if (conn_put(s.c, (struct str){ big, sizeof big }) == -1)
			refused++;
		else
			put += sizeof big;
	is_int(refused, 2, "output over the max is refused");
	ok(conn_room(s.c, 1) == NULL, "so is room for it");
	turn();
	ok(conn_gone_total(s.c) > 0 && conn_gone_total(s.c) < put, "a full socket takes a part");
	is_int(conn_queued(s.c) + conn_gone_total(s.c), put, "gone and queued are what was put");
	is_int(s.drains, 0, "not drained yet");
	uint64_t writes = net_counters(net)->writes;
	conn_put(s.c, STR(""));
	ok(turns_in_a_while() < 5, "a full socket does not spin");
	is_int(net_counters(net)->writes, writes, "while the socket is full nothing is tried");
	for (int i = 0; i < 1000 && got < put; i++) {
		got += drain_fd(fd);
		if (conn_queued(s.c) >= CONN_LOW && s.drains)
			break;
		turn();
	}
	is_int(got, put, "all of it arrives when the peer reads");
	is_int(s.drains, 1, "drained() is called once, under CONN_LOW");
	conn_put(s.c, STR("small"));
	turn();
	is_int(s.drains, 1, "and not for output that was never high");
	s.put_in_drained = true;
	conn_put(s.c, (struct str){ big, CONN_LOW });
	(void)turns_in_a_while();
	is_int(drain_fd(fd), 5 + CONN_LOW + 4, "what drained() puts leaves without another event");
	conn_close(s.c);
	close(fd);
	ok(conn_size() <= 320, "an idle conn is small (%zu bytes)", conn_size());
}

static void
test_input_bound(void)
{
	struct side s = { .eat = EAT_NOTHING };
	static char big[65536];
	int fd = side_open(&s);
	size_t sent = 0;

	for (int i = 0; i < 1000 && !s.losses; i++) {
		ssize_t n = write(fd, big, sizeof big);

		sent += n > 0 ? (size_t)n : 0;
		turn();
	}
	ok(s.losses == 1 && sent > CONN_IN_MAX && sent < CONN_IN_MAX + (1 << 20),
	    "a message without end is cut off (%zu bytes)", sent);
	ok(strstr(s.why, "without end") != NULL, "with the reason");
	conn_close(s.c);
	close(fd);
}

static void
test_finish(void)
{
	struct side s = { .eat = EAT_ALL };
	static char big[1 << 20];
	int fd = side_open_tcp(&s);
	size_t got = 0;
	char c;

	turn();
	conn_put(s.c, (struct str){ big, sizeof big });
	say(fd, "unread", 6);
	conn_finish(s.c, 10000);
	for (int i = 0; i < 1000 && got < sizeof big; i++) {
		turn();
		got += drain_fd(fd);
	}
	turn();
	is_int(got, sizeof big, "finishing flushes what is queued");
	is_int(read(fd, &c, 1), 0, "then ends our side");
	ok(s.inputs == 0 && s.losses == 0 && s.drains == 0, "the owner hears nothing more");
	ok(!list_empty(&net->lingering), "it waits for the peer's end");
	say(fd, "still talking", 13);
	turn();
	close(fd);
	turn();
	turn();
	ok(list_empty(&net->lingering), "and goes with it");

	struct side t = { .eat = EAT_ALL };

	fd = side_open(&t);
	conn_put(t.c, (struct str){ big, sizeof big });
	conn_finish(t.c, 20);
	while (!list_empty(&net->lingering))
		ev_run(loop, EVRUN_ONCE);
	ok(1, "a peer that never reads is dropped after the linger time");
	close(fd);

	/* printf ... | nc -U: the question ends with an end of file */
	struct side h = { .eat = EAT_ALL };

	fd = side_open(&h);
	turn();
	conn_put(h.c, STR("answer"));
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 3 && !h.losses; i++)
		turn();
	is_int(h.losses, 1, "an end of file is told");
	ok(strstr(h.why, "closed by the other side") != NULL, "as an orderly one");
	conn_finish(h.c, 1000);
	turn();
	turn();
	is_int(drain_fd(fd), 6, "an answer still reaches a peer that only reads now");
	ok(list_empty(&net->lingering), "and the conn goes at once");
	close(fd);

	struct side l = { .eat = EAT_ALL };

	fd = side_open(&l);
	conn_put(l.c, (struct str){ big, sizeof big });
	turn();
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 3 && !l.losses; i++)
		turn();
	conn_finish(l.c, 1000);
	got = 0;
	for (int i = 0; i < 1000 && got < sizeof big; i++) {
		got += drain_fd(fd);
		turn();
	}
	is_int(got, sizeof big, "so does a long one of which a part had gone");
	close(fd);
}

/* Who was cut is not listened to, but hears the end. */
static void
test_finish_local(void)
{
	static char big[1 << 20];

	for (int paused = 0; paused < 2; paused++) {
		struct side s = { .eat = EAT_ALL };
		int fd = side_open(&s);
		size_t got = 0, said = 0;
		uint64_t heard;
		ssize_t n;
		char c;

		turn();
		conn_pause(s.c, paused);
		conn_put(s.c, (struct str){ big, sizeof big });
		conn_finish(s.c, 10000);
		heard = net->count.bytes_in;
		for (int idle = 0; idle < 10; ) {
			n = send(fd, big, sizeof big, MSG_NOSIGNAL | MSG_DONTWAIT);
			said += n > 0 ? (size_t)n : 0;
			idle = n > 0 ? 0 : idle + 1;
			turn();
		}
		ok(said < sizeof big && net->count.bytes_in == heard,
		    "a %s local peer that was cut is not read (it said %zu bytes)", paused ? "paused" : "busy", said);
		for (int i = 0; i < 1000 && got < sizeof big; i++) {
			got += drain_fd(fd);
			turn();
		}
		is_int(got, sizeof big, "it gets what was queued");
		is_int(read(fd, &c, 1), 0, "then an end that is no reset");
		ok(list_empty(&net->lingering), "which does not wait for its own");
		close(fd);
	}
}

static size_t
spares_of(void)
{
	return net->spare_bytes;
}

static void
test_spares(void)
{
	struct side s = { .eat = EAT_FRAMES }, others[3] = {{ .eat = EAT_FRAMES }};
	int fd = side_open(&s), fds[3];
	size_t kept;

	for (size_t o = 0; o < 3; o++)
		fds[o] = side_open(&others[o]);
	conn_put(s.c, STR("warm up"));
	say(fd, "\0\5ab", 4);
	turn();
	turn();
	say(fd, "cde", 3);
	turn();
	turn();
	is_int(s.frames, 1, "the split frame came");
	kept = spares_of();
	ok(kept > 0, "buffers of idle conns are spare");
	for (int i = 0; i < 100; i++) {
		conn_put(s.c, STR("again"));
		say(fd, "\0\5ab", 4);
		turn();
		turn();
		say(fd, "cde", 3);
		turn();
		turn();
	}
	is_int(spares_of(), kept, "the same ones serve again and again");
	for (int i = 0; i < 12; i++) {
		if (i == 1)
			kept = spares_of();
		for (int n = 0; n < 200; n++)
			conn_put(s.c, STR("one that grows, from small to large, in each turn"));
		for (size_t o = 0; o < 3; o++)
			conn_put(others[o].c, STR("small"));
		turn();
		drain_fd(fd);
	}
	is_int(spares_of(), kept, "and who grows takes the large one");
	for (size_t o = 0; o < 3; o++) {
		conn_close(others[o].c);
		close(fds[o]);
	}
	conn_close(s.c);
	close(fd);
}

int
main(void)
{
	struct err e;
	struct mono before;

	loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_AUTO);
	net = net_open(loop, &e);
	test_batching();
	test_splits();
	test_closing();
	test_loss();
	test_pause();
	test_output();
	test_input_bound();
	test_finish();
	test_finish_local();
	test_spares();
	before = net_time(net);
	is_int(net_time(net).us, before.us, "within a turn the time stands still");
	while (mono_now().us == before.us)
		;
	turn();
	ok(net_time(net).us > before.us, "with the next turn it goes on");
	net_close(net);
	ev_loop_destroy(loop);
	return done();
}
