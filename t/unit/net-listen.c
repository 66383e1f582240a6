/* net-listen.c - listeners take what comes, wait when they cannot, and say
 * what is in their way. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/map.h"
#include "net/addr.h"
#include "net/net.h"
#include "tap.h"

static struct ev_loop *loop;
static struct net *net;

struct door {
	struct listener *l;
	int came, close_at;
	char peer[128];
	bool prepared;
};

static void
on_accepted(void *owner, int fd, const char *peer)
{
	struct door *d = owner;

	d->came++;
	snprintf(d->peer, sizeof d->peer, "%s", peer);
	d->prepared = fcntl(fd, F_GETFL) & O_NONBLOCK && fcntl(fd, F_GETFD) & FD_CLOEXEC;
	close(fd);
	if (d->came == d->close_at) {
		listener_close(d->l);
		d->l = NULL;
	}
}

static uint16_t
port_of(const struct listener *l)
{
	return (uint16_t)atoi(strrchr(listener_name(l), ':') + 1);
}

static int
knock(const char *host, uint16_t port)
{
	struct addr a;
	int fd;

	if (addr_numeric(str(host), port, &a) ||
	    (fd = socket(a.at.ss_family, SOCK_STREAM, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&a.at, a.len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
on_timer(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	ev_break(l, EVBREAK_ALL);
}

static void
run_for(double s)
{
	ev_timer t;

	ev_now_update(loop);
	ev_timer_init(&t, on_timer, s, 0.);
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
	ev_timer_stop(loop, &t);
}

static void
test_tcp(void)
{
	struct door d = { .l = NULL };
	struct listener *second;
	struct err e = { .status = 0 };
	int fds[150];

	d.l = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, &d, &e);
	ok(d.l && str_starts(str(listener_name(d.l)), STR("127.0.0.1:")) && port_of(d.l),
	    "a listener knows the port that it got");
	for (int i = 0; i < 150; i++)
		fds[i] = knock("127.0.0.1", port_of(d.l));
	ev_run(loop, EVRUN_NOWAIT);
	ok(d.came > 1 && d.came <= 64, "a burst is accepted in turns of at most 64 (%d)", d.came);
	for (int i = 0; i < 3; i++)
		ev_run(loop, EVRUN_NOWAIT);
	is_int(d.came, 150, "until all are in");
	ok(d.prepared, "descriptors come non-blocking and close-on-exec");
	ok(str_starts(str(d.peer), STR("127.0.0.1:")), "with the peer's address");
	for (int i = 0; i < 150; i++)
		close(fds[i]);

	second = listen_tcp(net, str(listener_name(d.l)), on_accepted, &d, &e);
	ok(!second && strstr(e.text, "another program") && strstr(e.text, listener_name(d.l)),
	    "a port in use: %s", e.text);
	ok(!listen_tcp(net, STR("192.0.2.1:0"), on_accepted, &d, &e) &&
	    strstr(e.text, "no such address"), "a foreign address: %s", e.text);
	ok(!listen_tcp(net, STR("hub.example.net:80"), on_accepted, &d, &e) &&
	    strstr(e.text, "is a name"), "a name: %s", e.text);

	d.came = 0;
	d.close_at = 2;
	for (int i = 0; i < 4; i++)
		fds[i] = knock("127.0.0.1", port_of(d.l));
	ev_run(loop, EVRUN_NOWAIT);
	ok(d.came == 2 && !d.l, "a listener may be closed by the one it serves");
	for (int i = 0; i < 4; i++)
		close(fds[i]);

	struct door all = { .l = listen_tcp(net, STR(":0"), on_accepted, &all, &e) };
	int fd = knock("127.0.0.1", port_of(all.l));

	run_for(0.02);
	ok(all.came == 1 && str_starts(str(all.peer), STR("127.0.0.1:")),
	    "all addresses: an IPv4 peer is shown as one (%s)", all.peer);
	close(fd);
	fd = knock("::1", port_of(all.l));
	if (fd != -1) {
		run_for(0.02);
		ok(str_starts(str(all.peer), STR("[::1]:")), "and an IPv6 peer as one");
		close(fd);
	} else
		ok(1, "no IPv6 here # SKIP");
	listener_close(all.l);

	struct door local = { .l = listen_tcp(net, STR("localhost:0"), on_accepted, &local, &e) };

	ok(local.l && str_starts(str(listener_name(local.l)), STR("127.0.0.1:")),
	    "localhost needs no resolver");
	listener_close(local.l);
}

static void
test_limit(void)
{
	struct door d = { .l = NULL };
	struct rlimit was, low;
	struct err e;
	uint64_t paused = net_counters(net)->accept_paused, attempts;
	int fd, last;

	(void)map_hash(STR("x"));	/* the log's map draws its key now, not at the limit */
	d.l = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, &d, &e);
	fd = knock("127.0.0.1", port_of(d.l));
	last = dup(0);
	close(last);
	getrlimit(RLIMIT_NOFILE, &was);
	low = was;
	low.rlim_cur = (rlim_t)last;
	setrlimit(RLIMIT_NOFILE, &low);
	run_for(0.35);
	attempts = net_counters(net)->accept_paused - paused;
	setrlimit(RLIMIT_NOFILE, &was);
	ok(attempts >= 2 && attempts <= 5, "at the descriptor limit it tries every 100 ms (%d in 350)",
	    (int)attempts);
	is_int(d.came, 0, "and accepts nothing");
	run_for(0.15);
	is_int(d.came, 1, "once there are descriptors again, the one who waited gets in");
	close(fd);
	listener_close(d.l);
}

static int
knock_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&un, sizeof un) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
test_unix(void)
{
	char dir[] = "/tmp/fedx-listen-XXXXXX", path[64], longer[200];
	struct door d = { .l = NULL };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct err e;
	struct stat st;
	mode_t mask;
	int fd;

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof path, "%s/s", dir);
	mask = umask(0);
	d.l = listen_unix(net, path, 0660, on_accepted, &d, &e);
	is_int(umask(mask), 0, "the umask is as before");
	ok(d.l && stat(path, &st) == 0 && (st.st_mode & 0777) == 0660, "a socket with its mode");
	is_str(str(d.l ? listener_name(d.l) : ""), path, "named by its path");
	fd = knock_unix(path);
	run_for(0.02);
	ok(d.came == 1 && str_is(str(d.peer), "unix"), "its peers are called unix");
	close(fd);
	ok(!listen_unix(net, path, 0600, on_accepted, &d, &e) && strstr(e.text, "another program"),
	    "a live socket is not replaced: %s", e.text);
	fd = knock_unix(path);
	ok(fd != -1, "and goes on working");
	close(fd);
	listener_close(d.l);
	ok(stat(path, &st) == -1 && errno == ENOENT, "closing removes it");

	/* what a process leaves that was killed */
	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&un, sizeof un) || listen(fd, 1))
		abort();
	close(fd);
	ok(stat(path, &st) == 0, "a stale socket lies there");
	d.l = listen_unix(net, path, 0600, on_accepted, &d, &e);
	ok(d.l && (fd = knock_unix(path)) != -1, "it is replaced");
	close(fd);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	listener_close(d.l);
	ok(stat(path, &st) == 0, "what another has put there meanwhile stays");
	ok(!listen_unix(net, path, 0600, on_accepted, &d, &e) && strstr(e.text, "not a socket"),
	    "a file in the way is not removed: %s", e.text);
	unlink(path);
	rmdir(dir);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	ok(!listen_unix(net, longer, 0600, on_accepted, &d, &e) && strstr(e.text, "shorter"),
	    "a path that is too long: %s", e.text);
}

int
main(void)
{
	struct err e;

	loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_AUTO);
	net = net_open(loop, &e);
	test_tcp();
	test_limit();
	test_unix();
	net_close(net);
	ev_loop_destroy(loop);
	return done();
}
