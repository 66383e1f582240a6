/* net-conn-tls.c - a conn drives a TLS engine: over a false one with small
 * windows, which takes the place of tls.c, so that order and limits show. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/addr.h"
#include "net/conn.h"
#include "net/inside.h"
#include "net/tls.h"
#include "tap.h"

/*
 * The false engine.  A record is a type, two bytes of length and a body of at
 * most RECORD bytes that is masked.  Hello (client), hello (server), finished
 * (client), then data.  It holds one record each way, and takes nothing while
 * a record of the handshake waits to be sent.
 */
enum { RECORD = 1000 };
struct tls_ctx { int holders; };
struct tls {
	bool server;
	enum tls_state state;
	bool bad;
	uint8_t in[3 + RECORD], out[3 + RECORD];
	size_t in_n, out_n, out_at, plain_n, plain_at, open_n;
	uint8_t open[RECORD];		/* the record that tls_write fills */
	bool end;
	bool last_flight;	/* open once it is sent */
};

static int engines, rests;

static void
record(struct tls *t, char type, const uint8_t *p, size_t n)
{
	t->out[0] = (uint8_t)type;
	t->out[1] = (uint8_t)(n >> 8);
	t->out[2] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		t->out[3 + i] = p[i] ^ 0x5a;
	t->out_at = 0;
	t->out_n = 3 + n;
}

static struct tls *
engine(bool server)
{
	struct tls *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	engines++;
	t->server = server;
	t->state = TLS_HANDSHAKE;
	if (!server)
		record(t, 'H', NULL, 0);
	return t;
}

struct tls *
tls_server(struct tls_ctx *ctx, struct err *e)
{
	(void)ctx, (void)e;
	return engine(true);
}

struct tls *
tls_client(struct tls_ctx *ctx, const char *name, struct err *e)
{
	(void)ctx, (void)e, (void)name;
	return engine(false);
}

void
tls_free(struct tls *t)
{
	engines -= t != NULL;
	free(t);
}

enum tls_state
tls_state(const struct tls *t)
{
	return t->state;
}

int
tls_error(const struct tls *t, struct err *e)
{
	return t->bad ? err_set(e, "the certificate is made of cheese") : 0;
}

static void
take_record(struct tls *t)
{
	size_t n = t->in_n - 3;

	for (size_t i = 0; i < n; i++)
		t->in[3 + i] ^= 0x5a;
	t->in_n = 0;
	if (t->state == TLS_HANDSHAKE && t->in[0] == 'H' && n == 0) {
		if (t->server) {
			record(t, 'h', NULL, 0);
			return;
		}
	} else if (t->state == TLS_HANDSHAKE && t->in[0] == 'h' && !t->server) {
		record(t, 'F', NULL, 0);
		t->last_flight = true;
		return;
	} else if (t->state == TLS_HANDSHAKE && t->in[0] == 'F' && t->server) {
		t->state = TLS_OPEN;
		return;
	} else if (t->state == TLS_OPEN && t->in[0] == 'D') {
		t->plain_at = 3;
		t->plain_n = 3 + n;
		return;
	} else if (t->in[0] == 'C') {
		t->state = TLS_CLOSED;
		return;
	}
	record(t, 'A', NULL, 0);
	t->state = TLS_CLOSED;
	t->bad = true;
}

size_t
tls_feed(struct tls *t, struct str cipher)
{
	size_t took = 0, want;

	if (t->state == TLS_CLOSED)
		return cipher.n;
	if (t->plain_n > t->plain_at || (t->state == TLS_HANDSHAKE && t->out_n > t->out_at))
		return 0;
	while (took < cipher.n) {
		t->in[t->in_n++] = (uint8_t)cipher.p[took++];
		want = t->in_n < 3 ? 3 : 3 + ((size_t)t->in[1] << 8 | t->in[2]);
		if (want > sizeof t->in) {
			t->state = TLS_CLOSED;
			t->bad = true;
			record(t, 'A', NULL, 0);
			return cipher.n;
		}
		if (t->in_n >= 3 && t->in_n == want) {
			take_record(t);
			break;
		}
	}
	return took;
}

struct str
tls_plain(struct tls *t)
{
	return (struct str){ (char *)t->in + t->plain_at, t->plain_n - t->plain_at };
}

void
tls_plain_eat(struct tls *t, size_t n)
{
	t->plain_at += n;
}

static void
maybe_end(struct tls *t)
{
	if (t->end && t->out_n == t->out_at && t->open_n == 0) {
		t->end = false;
		record(t, 'C', NULL, 0);
		t->state = TLS_CLOSED;
	}
}

static void
push_open(struct tls *t)
{
	if (t->open_n && t->out_n == t->out_at) {
		record(t, 'D', t->open, t->open_n);
		t->open_n = 0;
	}
	maybe_end(t);
}

size_t
tls_write(struct tls *t, struct str plain)
{
	size_t n = RECORD - t->open_n < plain.n ? RECORD - t->open_n : plain.n;

	if (t->state != TLS_OPEN || t->out_n > t->out_at)
		return 0;
	memcpy(t->open + t->open_n, plain.p, n);
	t->open_n += n;
	if (t->open_n == RECORD)
		push_open(t);
	return n;
}

void
tls_flush(struct tls *t)
{
	push_open(t);
}

struct str
tls_cipher(struct tls *t)
{
	return (struct str){ (char *)t->out + t->out_at, t->out_n - t->out_at };
}

void
tls_cipher_eat(struct tls *t, size_t n)
{
	t->out_at += n;
	if (t->out_at < t->out_n)
		return;
	if (t->last_flight)
		t->state = TLS_OPEN;
	t->last_flight = false;
	maybe_end(t);
}

void
tls_end(struct tls *t)
{
	t->end = true;
	push_open(t);
}

void
tls_rest(struct tls *t)
{
	rests += t->state == TLS_OPEN;
}

struct tls_ctx *
tls_ctx_keep(struct tls_ctx *of)
{
	of->holders++;
	return of;
}

void
tls_wipe(void *p, size_t n)
{
	memset(p, 0, n);
}

void
tls_ctx_close(struct tls_ctx *of)
{
	if (of)
		of->holders--;
}

/* Two conns and a wire between them that carries pieces of any size. */
static struct ev_loop *loop;
static struct net *net;
static struct tls_ctx ctx;
static uint64_t seed;

struct side {
	struct conn *c;
	size_t got;
	uint64_t sum;
	int inputs, drains, losses, status, frames;
	char why[240];
	bool starttls, pause, close, nibble;
};

static size_t
on_input(void *owner, struct str in)
{
	struct side *s = owner;
	struct err e;
	size_t n = in.n;

	s->inputs++;
	if (s->starttls && in.n < 9)
		return 0;
	if (s->starttls) {
		s->starttls = false;
		if (conn_start_tls_server(s->c, &ctx, &e))
			abort();
		return 9;
	}
	if (s->pause)
		conn_pause(s->c, true);
	if (s->close) {
		conn_close(s->c);
		s->c = NULL;
		return 0;
	}
	if (s->nibble)
		n -= in.n % 7;	/* a message of seven bytes may straddle records */
	for (size_t i = 0; i < n; i++)
		s->sum = s->sum * 31 + (uint8_t)in.p[i];
	s->got += n;
	return n;
}

static void
on_drained(void *owner)
{
	((struct side *)owner)->drains++;
}

static void
on_lost(void *owner, const struct err *why)
{
	struct side *s = owner;

	s->losses++;
	s->status = why->status;
	snprintf(s->why, sizeof s->why, "%s", why->text);
}

static const struct conn_owner does = { on_input, on_drained, on_lost };

struct wire { int a, b; };	/* our ends; the conns have the others */

static struct wire
wire_open(struct side *a, struct side *b)
{
	struct err e;
	int one[2], two[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, one) || socketpair(AF_UNIX, SOCK_STREAM, 0, two) ||
	    (a->c = conn_open(net, one[0], &e)) == NULL ||
	    (b->c = conn_open(net, two[0], &e)) == NULL)
		abort();
	fcntl(one[1], F_SETFL, O_NONBLOCK);
	fcntl(two[1], F_SETFL, O_NONBLOCK);
	conn_own(a->c, &does, a);
	conn_own(b->c, &does, b);
	return (struct wire){ one[1], two[1] };
}

static void
carry(int from, int to, size_t at_most)
{
	char piece[65536];
	ssize_t n = recv(from, piece, 1 + (size_t)tap_rand(&seed) % at_most, MSG_PEEK), went;

	if (n == 0)
		shutdown(to, SHUT_WR);
	if (n <= 0 || (went = send(to, piece, (size_t)n, MSG_NOSIGNAL)) <= 0)
		return;
	(void)!read(from, piece, (size_t)went);
}

static void
run(struct wire w, int turns, size_t at_most)
{
	for (int i = 0; i < turns; i++) {
		ev_run(loop, EVRUN_NOWAIT);
		carry(w.a, w.b, at_most);
		carry(w.b, w.a, at_most);
	}
}

static void
wire_close(struct wire w, struct side *a, struct side *b)
{
	conn_close(a->c);
	conn_close(b->c);
	close(w.a);
	close(w.b);
}

static void
start(struct side *client, struct side *server)
{
	struct err e;

	if (conn_start_tls_client(client->c, &ctx, "hub", &e) ||
	    (server && conn_start_tls_server(server->c, &ctx, &e)))
		abort();
}

static void
test_stream(void)
{
	static char text[7 * 42000];
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof text; i++) {
		text[i] = (char)tap_rand(&seed);
		sum = sum * 31 + (uint8_t)text[i];
	}
	for (size_t at_most = 60; at_most < 65536; at_most *= 10) {
		struct side a = { .nibble = true }, b = { .nibble = true };
		struct wire w = wire_open(&a, &b);
		struct err e;

		start(&a, &b);
		conn_put(a.c, (struct str){ text, sizeof text });
		conn_put(b.c, (struct str){ text, sizeof text });
		is_int(conn_gone_total(a.c), 0, "before the handshake output waits");
		run(w, at_most < 100 ? 12000 : 3000, at_most);
		ok(a.got == sizeof text && b.got == sizeof text && !a.losses && !b.losses,
		    "pieces of up to %d: both streams are whole", (int)at_most);
		ok(a.sum == sum && b.sum == sum, "and unchanged");
		is_int(conn_gone_total(a.c), sizeof text, "all has gone");
		ok(a.drains == 1 && b.drains == 1, "drained() came once");
		conn_put(a.c, STR("secret"));
		is_int(conn_start_tls_server(a.c, &ctx, &e), -1, "TLS does not start twice");
		is_int(recv(w.a, text, 1, MSG_PEEK), -1, "and nothing leaves in the clear for it");
		wire_close(w, &a, &b);
	}
	is_int(engines, 0, "engines go with their conns");
}

static void
test_starttls(void)
{
	for (size_t at_most = 4; at_most <= 4000; at_most *= 10) {
		struct side a = { .c = NULL }, b = { .starttls = true };
		struct wire w = wire_open(&a, &b);
		struct err e;

		conn_put(a.c, STR("STARTTLS\n"));
		start(&a, NULL);
		conn_put(a.c, STR("secret"));
		run(w, 1000, at_most);
		ok(b.got == 6 && conn_tls(b.c) && !b.losses,
		    "started inside input(), the hello right behind it, pieces of %d", (int)at_most);
		conn_put(b.c, STR("answer"));
		run(w, 50, 4000);
		is_int(a.got, 6, "and back");
		wire_close(w, &a, &b);

		/* started later by a new owner, over what waited */
		struct side c = { .c = NULL }, d = { .c = NULL };

		w = wire_open(&c, &d);
		conn_own(d.c, NULL, NULL);
		start(&c, NULL);
		conn_put(c.c, STR("secret"));
		run(w, 10, at_most);
		conn_start_tls_server(d.c, &ctx, &e);
		conn_own(d.c, &does, &d);
		run(w, 100, at_most);
		is_int(d.got, 6, "started outside input()");
		wire_close(w, &c, &d);
	}
}

static void
test_rest(void)
{
	struct side a = { .c = NULL }, b = { .c = NULL };
	struct wire w = wire_open(&a, &b);

	start(&a, &b);
	run(w, 40, 1);
	rests = 0;
	conn_put(a.c, STR("welcome"));
	run(w, 8, 4000);
	ok(b.got == 7 && rests >= 2, "a handshake of many turns, and little said: buffers are given back");
	rests = 0;
	for (int i = 0; i < 20; i++) {
		conn_put(a.c, STR("more"));
		run(w, 2, 4000);
	}
	ok(rests < 20, "who goes on speaking keeps them");
	wire_close(w, &a, &b);
}

static void
test_ends(void)
{
	static char text[50000];
	struct side a = { .c = NULL }, b = { .c = NULL };
	struct wire w = wire_open(&a, &b);

	start(&a, &b);
	run(w, 20, 60000);
	conn_put(a.c, (struct str){ text, sizeof text });
	conn_finish(a.c, 5000);
	a.c = NULL;
	run(w, 200, 60000);
	is_int(b.got, sizeof text, "finishing sends all that was queued");
	ok(b.losses == 1 && strstr(b.why, "closed by the other side"), "then an orderly end: %s", b.why);
	wire_close(w, &a, &b);
	run(w, 5, 10);
	ok(list_empty(&net->lingering), "and the finished conn is gone");

	struct side c = { .c = NULL }, d = { .c = NULL };

	w = wire_open(&c, &d);
	start(&c, &d);
	run(w, 20, 60000);
	shutdown(w.b, SHUT_WR);
	run(w, 5, 60000);
	ok(d.losses == 1 && strstr(d.why, "without TLS close_notify"), "a cut: %s", d.why);
	wire_close(w, &c, &d);

	struct side f = { .c = NULL }, g = { .c = NULL };

	w = wire_open(&f, &g);
	start(&f, NULL);
	ev_run(loop, EVRUN_NOWAIT);
	(void)!write(w.a, "garbage and more garbage", 24);
	run(w, 5, 60000);
	ok(f.losses == 1 && f.status == 76 && strstr(f.why, "cheese"), "a bad handshake: %s", f.why);
	ok(g.got == 6, "the hello and the alert reach the other side (%d bytes)", (int)g.got);
	wire_close(w, &f, &g);

	struct side p = { .c = NULL }, q = { .c = NULL };

	w = wire_open(&p, &q);
	conn_start_tls_server(q.c, &ctx, &(struct err){ .status = 0 });
	(void)!write(w.b, "H\0\0F\0\0D\0\3\73\70\71", 12);
	run(w, 5, 60000);
	is_int(q.got, 3, "what the engine takes only after it has spoken is not forgotten");
	wire_close(w, &p, &q);

	struct side h = { .c = NULL }, i = { .c = NULL };

	w = wire_open(&h, &i);
	start(&h, NULL);
	shutdown(w.a, SHUT_WR);
	run(w, 5, 60000);
	ok(h.losses == 1 && h.status == 76 && strstr(h.why, "handshake"),
	    "an end within the handshake: %s", h.why);
	wire_close(w, &h, &i);

	struct side j = { .c = NULL }, k = { .c = NULL };

	w = wire_open(&j, &k);
	start(&j, NULL);
	conn_put(j.c, STR("never sent"));
	conn_finish(j.c, 20);
	j.c = NULL;
	for (int n = 0; n < 1000 && !list_empty(&net->lingering); n++)
		ev_run(loop, EVRUN_ONCE);
	ok(list_empty(&net->lingering), "finishing does not wait for a handshake for ever");
	wire_close(w, &j, &k);
	is_int(engines, 0, "no engine is left");
}

static void
test_callbacks(void)
{
	static char text[20000];
	struct side a = { .c = NULL }, b = { .pause = true };
	struct wire w = wire_open(&a, &b);

	start(&a, &b);
	conn_put(a.c, (struct str){ text, sizeof text });
	conn_finish(a.c, 5000);
	a.c = NULL;
	run(w, 50, 60000);
	ok(b.inputs == 1 && b.got < sizeof text && !b.losses,
	    "paused between two records: the rest waits, the end too");
	b.pause = false;
	conn_pause(b.c, false);
	run(w, 50, 60000);
	ok(b.got == sizeof text && b.losses == 1, "resumed: the rest, then the end");
	wire_close(w, &a, &b);

	struct side c = { .c = NULL }, d = { .close = true };

	w = wire_open(&c, &d);
	start(&c, &d);
	conn_put(c.c, (struct str){ text, sizeof text });
	run(w, 50, 60000);
	ok(d.inputs == 1 && !d.losses, "closed between two records: nothing more is called");
	wire_close(w, &c, &d);
	run(w, 5, 10);
	is_int(engines, 0, "and the engine is gone");
}

/* Dials over TLS, against a listener of our own. */
struct hall {
	struct side side;
	bool rude, mute;
};

static void
on_accepted(void *owner, int fd, const char *peer)
{
	struct hall *h = owner;
	struct err e;

	(void)peer;
	h->side.c = conn_open(net, fd, &e);
	conn_own(h->side.c, &does, &h->side);
	if (h->rude) {
		conn_put(h->side.c, STR("220 this is a mail server\r\n"));
		return;
	}
	conn_start_tls_server(h->side.c, &ctx, &e);
	if (!h->mute)
		conn_put(h->side.c, STR("welcome"));
}

static struct conn *dialled;
static struct err dial_why;
static int dials;

static void
on_dialled(void *owner, struct conn *c, const char *peer, const struct err *why)
{
	(void)owner, (void)peer;
	dials++;
	dialled = c;
	if (why)
		dial_why = *why;
	ev_break(loop, EVBREAK_ALL);
}

static void
dial_run(struct hall *h)
{
	struct listener *l;
	struct err e;
	char url[64];
	struct url u;

	if ((l = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, h, &e)) == NULL)
		abort();
	snprintf(url, sizeof url, "fedxs://%s", listener_name(l));
	if (url_parse(str(url), &u, &e))
		abort();
	dials = 0;
	dialled = NULL;
	if (!dial_open(net, &u, &ctx, 300, on_dialled, NULL, &e))
		abort();
	ev_run(loop, 0);
	listener_close(l);
}

static void
test_dial(void)
{
	struct hall good = { .rude = false }, rude = { .rude = true }, mute = { .mute = true };
	struct side me = { .c = NULL };
	uint16_t port;
	struct addr a;
	struct url u;
	struct err e;
	char url[64];
	int fd;

	dial_run(&good);
	ok(dials == 1 && dialled && conn_tls(dialled), "done() waits for the handshake");
	for (int i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	me.c = dialled;
	conn_own(me.c, &does, &me);
	for (int i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	is_int(me.got, 7, "what the server said meanwhile reaches the owner");
	conn_close(me.c);
	conn_close(good.side.c);

	dial_run(&mute);
	ok(dials == 1 && dialled, "a handshake that ends with what we send is done then");
	conn_close(dialled);
	conn_close(mute.side.c);

	dial_run(&rude);
	ok(dials == 1 && !dialled && dial_why.status == 76 && strstr(dial_why.text, "127.0.0.1:"),
	    "a server without TLS: %s", dial_why.text);
	conn_close(rude.side.c);

	fd = socket(AF_INET, SOCK_STREAM, 0);
	(void)addr_numeric(STR("127.0.0.1"), 0, &a);
	if (bind(fd, (struct sockaddr *)&a.at, a.len) || listen(fd, 5))
		abort();
	getsockname(fd, (struct sockaddr *)&a.at, &a.len);
	port = ntohs(((struct sockaddr_in *)(void *)&a.at)->sin_port);
	snprintf(url, sizeof url, "fedxs://127.0.0.1:%u", port);
	dials = 0;
	if (url_parse(str(url), &u, &e) || !dial_open(net, &u, &ctx, 100, on_dialled, NULL, &e))
		abort();
	ev_run(loop, 0);
	ok(dials == 1 && !dialled && dial_why.status == 76 && strstr(dial_why.text, "handshake"),
	    "a server that says nothing: %s", dial_why.text);
	close(fd);
	is_int(engines, 0, "no engine is left");
	is_int(ctx.holders, 0, "and no dial holds the context");
}

int
main(void)
{
	struct err e;

	seed = tap_seed();
	loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_AUTO);
	net = net_open(loop, &e);
	test_stream();
	test_starttls();
	test_rest();
	test_ends();
	test_callbacks();
	test_dial();
	net_close(net);
	ev_loop_destroy(loop);
	return done();
}
