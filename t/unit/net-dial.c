/* net-dial.c - a dial ends exactly once, in time, with a conn or a sentence,
 * and the loop goes on meanwhile.  Loopback only. */
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/addr.h"
#include "net/conn.h"
#include "tap.h"

static struct ev_loop *loop;
static struct net *net;

struct call {
	int dones;
	struct conn *conn;
	char peer[128];
	struct err e;
	bool close_at_once;
};

static void
on_done(void *owner, struct conn *c, const char *peer, const struct err *why)
{
	struct call *k = owner;

	k->dones++;
	k->conn = c;
	if (peer)
		snprintf(k->peer, sizeof k->peer, "%s", peer);
	if (why)
		k->e = *why;
	if (k->close_at_once) {
		conn_close(c);
		k->conn = NULL;
	}
}

static int ticks;

static void
on_tick(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)l, (void)w, (void)revents;
	ticks++;
}

static struct dial *
call(struct call *k, const char *url, uint32_t timeout_ms)
{
	struct url u;
	struct err e;
	struct dial *d;

	memset(k, 0, sizeof *k);
	if (url_parse(str(url), &u, &e))
		abort();
	d = dial_open(net, &u, NULL, timeout_ms, on_done, k, &e);
	if (!d)
		printf("# %s\n", e.text);
	ok(d && k->dones == 0, "dialling %s returns at once", url);
	return d;
}

static void
wait_done(struct call *k)
{
	struct mono until = mono_add_ms(mono_now(), 5000);

	while (!k->dones && mono_ms_until(mono_now(), until))
		ev_run(loop, EVRUN_ONCE);
}

static int
bound(int type, int backlog, uint16_t *port)
{
	int fd = socket(AF_INET, type, 0);
	struct addr a;

	(void)addr_numeric(STR("127.0.0.1"), 0, &a);
	if (bind(fd, (struct sockaddr *)&a.at, a.len) || (backlog >= 0 && listen(fd, backlog)))
		abort();
	a.len = sizeof a.at;
	getsockname(fd, (struct sockaddr *)&a.at, &a.len);
	*port = ntohs(((struct sockaddr_in *)(void *)&a.at)->sin_port);
	return fd;
}

static void
test_answers(void)
{
	struct call k;
	char url[128], want[64];
	uint16_t port;
	int fd = bound(SOCK_STREAM, 5, &port);

	snprintf(url, sizeof url, "fedx://127.0.0.1:%u", port);
	call(&k, url, 1000);
	wait_done(&k);
	snprintf(want, sizeof want, "127.0.0.1:%u", port);
	ok(k.dones == 1 && k.conn && str_is(str(k.peer), want), "it connects to %s", k.peer);
	conn_close(k.conn);

	snprintf(url, sizeof url, "ws://localhost:%u/x", port);
	call(&k, url, 1000);
	k.close_at_once = true;
	wait_done(&k);
	is_int(k.dones, 1, "localhost needs no resolver; the conn may be closed at once");

	dial_close(call(&k, url, 1000));
	for (int i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	is_int(k.dones, 0, "after dial_close() nothing is told");
	close(fd);

	snprintf(url, sizeof url, "fedx://127.0.0.1:%u", port);
	call(&k, url, 1000);
	wait_done(&k);
	ok(!k.conn && k.e.status == 69 && strstr(k.e.text, want) && strstr(k.e.text, "refused"),
	    "a refusal: %s", k.e.text);
	snprintf(url, sizeof url, "fedx://localhost:%u", port);
	call(&k, url, 1000);
	wait_done(&k);
	ok(!k.conn && k.e.status == 69 && strstr(k.e.text, "localhost at 127.0.0.1"),
	    "with the name, where there is one: %s", k.e.text);
}

static void
test_unix(void)
{
	char dir[] = "/tmp/fedx-dial-XXXXXX", url[64];
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct call k;
	int fd;

	if (!mkdtemp(dir))
		abort();
	snprintf(un.sun_path, sizeof un.sun_path, "%s/s", dir);
	snprintf(url, sizeof url, "unix:%s/s", dir);
	call(&k, url, 1000);
	wait_done(&k);
	ok(!k.conn && k.e.status == 69 && strstr(k.e.text, un.sun_path), "no socket: %s", k.e.text);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&un, sizeof un) || listen(fd, 5))
		abort();
	call(&k, url, 1000);
	wait_done(&k);
	ok(k.conn && str_is(str(k.peer), "unix"), "a UNIX socket is dialled");
	conn_close(k.conn);
	close(fd);
	unlink(un.sun_path);
	rmdir(dir);
}

/* A listener that never accepts: once its queue is full, SYNs are dropped. */
static void
test_silence(void)
{
	struct call k, fill[8];
	struct dial *d[8];
	struct mono start;
	char url[64];
	uint16_t port;
	int fd = bound(SOCK_STREAM, 0, &port), before;
	uint64_t took;

	snprintf(url, sizeof url, "fedx://127.0.0.1:%u", port);
	for (int i = 0; i < 8; i++)
		d[i] = call(&fill[i], url, 3000);
	for (int i = 0; i < 20; i++)
		ev_run(loop, EVRUN_NOWAIT);
	call(&k, url, 200);
	start = mono_now();
	before = ticks;
	wait_done(&k);
	took = mono_us_since(start, mono_now()) / 1000;
	ok(k.dones == 1 && !k.conn && k.e.status == 69 && strstr(k.e.text, "timed out"),
	    "a peer that does not answer: %s", k.e.text);
	ok(took >= 150 && took < 1500, "the timeout holds (%d ms of 200)", (int)took);
	ok(ticks - before >= 8, "meanwhile the loop goes on (%d ticks of 10 ms)", ticks - before);
	for (int i = 0; i < 8; i++)
		if (fill[i].dones)
			conn_close(fill[i].conn);
		else
			dial_close(d[i]);
	close(fd);
}

/* A name server that hears and says nothing, or that there is no such name. */
static void
on_query(struct ev_loop *l, ev_io *w, int revents)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	uint8_t q[512];
	ssize_t n = recvfrom(w->fd, q, sizeof q, 0, (struct sockaddr *)&from, &len);

	(void)l, (void)revents;
	if (n < 12)
		return;
	q[2] = 0x84;	/* an answer, from authority */
	q[3] = 0x03;	/* NXDOMAIN */
	q[6] = q[7] = q[8] = q[9] = q[10] = q[11] = 0;
	(void)!sendto(w->fd, q, (size_t)n, 0, (struct sockaddr *)&from, len);
}

static void
test_names(void)
{
	struct call k, other;
	struct err e;
	struct dial *d;
	char servers[64];
	uint16_t port;
	int fd = bound(SOCK_DGRAM, -1, &port), before;
	struct mono start;
	ev_io answers;

	snprintf(servers, sizeof servers, "127.0.0.1:%u", port);
	ok(net_set_dns(net, "not a server", &e) == -1 && strstr(e.text, "not a server"),
	    "wrong name servers: %s", e.text);
	is_int(net_set_dns(net, servers, &e), 0, "a name server of our own");
	ev_io_init(&answers, on_query, fd, EV_READ);
	ev_io_start(loop, &answers);
	call(&k, "fedx://nowhere.example.", 3000);
	wait_done(&k);
	ok(k.dones == 1 && !k.conn && k.e.status == 68 && strstr(k.e.text, "nowhere.example"),
	    "a name that is not: %s", k.e.text);
	ev_io_stop(loop, &answers);

	call(&k, "fedx://silent.example.", 250);
	d = call(&other, "fedx://closed.example.", 250);
	dial_close(d);
	before = ticks;
	start = mono_now();
	wait_done(&k);
	ok(k.dones == 1 && !k.conn && k.e.status == 68 && strstr(k.e.text, "250 ms"),
	    "a name server that is silent: %s", k.e.text);
	ok(mono_us_since(start, mono_now()) < 1500000, "is not waited for");
	ok(ticks - before >= 10, "meanwhile the loop goes on (%d ticks of 10 ms)", ticks - before);
	is_int(other.dones, 0, "a closed dial is not told");
	ok(net_set_dns(net, servers, &e) == -1 && strstr(e.text, "under way"),
	    "name servers cannot be changed under a look-up: %s", e.text);
	close(fd);
}

int
main(void)
{
	struct err e;
	struct url u;
	ev_timer tick;

	loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_AUTO);
	net = net_open(loop, &e);
	ev_timer_init(&tick, on_tick, 0.01, 0.01);
	ev_timer_start(loop, &tick);
	test_answers();
	test_unix();
	test_silence();
	test_names();
	ok(url_parse(STR("fedxs://h"), &u, &e) == 0 &&
	    !dial_open(net, &u, NULL, 100, on_done, NULL, &e) && strstr(e.text, "CA"),
	    "TLS without anything to trust: %s", e.text);
	net_close(net);
	ev_timer_stop(loop, &tick);
	ev_loop_destroy(loop);
	return done();
}
