/*
 * crowd.c - many leaves in one process, on the library's own connections: each
 * dials the hub, says HELLO under a node id of its own, announces a service of
 * its own, and answers what it is asked.
 *
 *	crowd LEAVES HOST:PORT [--tls | --resume] [--token FILE] [--call SOCKET]
 *
 * When the hub goes, each dials again after a random time of up to half a
 * second, until it is welcome.  A round begins with the start and whenever the
 * hub is lost, and its time when the hub listens; it ends when all leaves are
 * known at the hub and, with --call, when a client of that bus socket has
 * called each of them, 50 at a time, and has its answer.  A call that nobody
 * began is made again; any other that fails, and any that was run or answered
 * twice, is told.  A round prints one line; crowd_ms is the CPU time of the
 * leaves themselves: where it is nearly all of callable_ms, the hub waited.
 *
 * With --tls each handshake is a full one; with --resume each leaf goes on
 * with its session of before, if the hub still knows it.  Any certificate is
 * taken: leaves that verify it would cost more than the hub.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/rand.h"
#include "link/auth.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/tls.h"
#include "wire/meta.h"
#include "crowd_caller.h"

enum { LEAVES_MAX = 60000, JITTER_US = 500000, LOOK_US = 1000, AGAIN_US = 5000,
	DIALS = 32,		/* a turn: a leaf that is connected says HELLO then, and does not wait for others */
	AN_ADDRESS = 5000,	/* leaves; each has a port of it, and those of lost links are not free at once */
	DESCRIPTORS = 64 };	/* beside the leaves' */

enum leaf_state { LEAF_WAITING, LEAF_CONNECTING, LEAF_GREETING, LEAF_PROVING, LEAF_UP };

struct leaf {
	enum leaf_state state;
	struct conn *conn;
	ev_io connecting;
	ev_timer later;
	struct list place;		/* in `due` while it waits, in `callable` once up */
	bool asked, answered;		/* in this round */
	unsigned ran;
};

static struct net *net;
static struct ev_loop *loop;
static struct leaf *leaves;
static unsigned count, up;
static struct addr hub;
static char host[64], token[TOKEN_MAX + 1];
static struct tls_ctx *tls_ctx;

static struct {
	unsigned number;
	bool over;
	struct mono listening, all_up, half, end;	/* 0: not yet */
	uint64_t cpu_us;		/* ours, before it */
	unsigned redials, resumed, again, answered, failed, twice;
	bool refusal_told;
} state;
static ev_timer looking;		/* for the hub */
static struct caller caller;
static struct list callable, due;
static ev_idle dialling;		/* while some are due */

static void round_begin(void);
static void round_end(void);

/* --- a leaf --- */

static unsigned
leaf_number(const struct leaf *l)
{
	return (unsigned)(l - leaves);
}

static void
leaf_wait(struct leaf *l, uint32_t us)
{
	ev_timer_stop(loop, &l->later);
	ev_timer_set(&l->later, us / 1e6, 0);
	ev_timer_start(loop, &l->later);
}

static void
leaf_redial(struct leaf *l)
{
	up -= l->state == LEAF_UP;
	l->state = LEAF_WAITING;
	list_del(&l->place);
	conn_close(l->conn);
	l->conn = NULL;
	leaf_wait(l, rand_below(JITTER_US));
}

static void
leaf_is_up(struct leaf *l)
{
	l->state = LEAF_UP;
	state.resumed += tls_ctx && tls_resumed(conn_tls(l->conn));
	if (++up == count && !state.all_up.us)
		state.all_up = net_time(net);
	list_add(&callable, &l->place);
	caller_pump(&caller);
	if (!caller.path && up == count && !state.over) {
		state.end = state.all_up;
		round_end();
	}
}

static void
leaf_hear(struct leaf *l, const struct envelope *e)
{
	if (e->kind == KIND_WELCOME && l->state == LEAF_GREETING) {
		say_announce(l->conn, leaf_number(l));
		l->state = LEAF_PROVING;
	} else if (e->kind == KIND_PONG && l->state == LEAF_PROVING) {
		leaf_is_up(l);
	} else if (e->kind == KIND_PING) {
		say_pong(l->conn, e);
	} else if (e->kind == KIND_REQUEST) {
		l->ran++;
		say_reply(l->conn, e);
	} else if (e->kind == KIND_ERROR && !state.refusal_told) {
		state.refusal_told = true;
		fprintf(stderr, "crowd: the hub says: %.*s\n", STR_FMT(e->payload));
	}
}

static size_t
leaf_input(void *owner, struct str in)
{
	struct leaf *l = owner;
	struct envelope e;
	const char *why;
	size_t used, total = 0;

	while (envelope_parse(str_skip(in, total), PART_MAX, &e, &used, &why) == PARSE_OK) {
		total += used;
		leaf_hear(l, &e);
	}
	return total;
}

static void
leaf_lost(void *owner, const struct err *why)
{
	(void)why;
	state.redials++;
	leaf_redial(owner);
	if (state.over && !caller.path)
		round_begin();
}

static const struct conn_owner leaf_owner = { leaf_input, NULL, leaf_lost };

static void
leaf_connected(struct leaf *l, int fd)
{
	struct err e;
	char id[LEAF_ID_MAX];

	leaf_id(leaf_number(l), id);
	if (!state.listening.us)
		state.listening = mono_now();
	if ((l->conn = conn_open(net, fd, &e)) == NULL) {
		fprintf(stderr, "crowd: %s\n", e.text);
		exit(71);
	}
	conn_own(l->conn, &leaf_owner, l);
	/* sessions are kept by the name of the other side: here each has its own */
	if (tls_ctx && conn_start_tls_client(l->conn, tls_ctx, id, &e) == -1) {
		leaf_redial(l);
		return;
	}
	say_hello(l->conn, leaf_number(l), token);
	l->state = LEAF_GREETING;
}

static void
on_connected(struct ev_loop *of, ev_io *w, int events)
{
	struct leaf *l = w->data;
	int error = 0;
	socklen_t n = sizeof error;

	(void)events;
	ev_io_stop(of, w);
	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0) {
		leaf_connected(l, w->fd);
		return;
	}
	close(w->fd);
	leaf_redial(l);
}

/* So many need more than one address to come from, where the system has them: 127.0.1.1, 127.0.2.1 ... */
static void
leaf_bind(const struct leaf *l, int fd)
{
	unsigned which = leaf_number(l) / AN_ADDRESS + 1;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f000001u | which << 8) } };

#ifdef IP_BIND_ADDRESS_NO_PORT	/* bind() would look for a port long and hard, and block, where many are taken */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 }, sizeof(int));
#endif
	if (host_is_loopback(str(host)) && hub.at.ss_family == AF_INET &&
	    bind(fd, (struct sockaddr *)&in, sizeof in) == -1 && errno != EADDRNOTAVAIL) {
		fprintf(stderr, "crowd: no port on 127.0.%u.1: %s\n", which, strerror(errno));
		exit(71);
	}
}

static void
leaf_dial(struct leaf *l)
{
	int fd = socket(hub.at.ss_family, SOCK_STREAM, 0);

	if (fd == -1 || fd_prepare(fd) == -1) {
		fprintf(stderr, "crowd: no socket: %s\n", strerror(errno));
		exit(71);
	}
	leaf_bind(l, fd);
	if (connect(fd, (struct sockaddr *)&hub.at, hub.len) == 0) {
		leaf_connected(l, fd);
		return;
	}
	if (errno != EINPROGRESS) {
		close(fd);
		leaf_redial(l);
		return;
	}
	l->state = LEAF_CONNECTING;
	ev_io_init(&l->connecting, on_connected, fd, EV_WRITE);
	l->connecting.data = l;
	ev_io_start(loop, &l->connecting);
}

static void
on_due(struct ev_loop *of, ev_idle *w, int events)
{
	(void)events;
	for (unsigned i = 0; i < DIALS && !list_empty(&due); i++) {
		struct leaf *l = list_of(due.next, struct leaf, place);

		list_del(&l->place);
		leaf_dial(l);
	}
	if (list_empty(&due))
		ev_idle_stop(of, w);
}

static void
on_later(struct ev_loop *of, ev_timer *w, int events)
{
	struct leaf *l = w->data;

	(void)of, (void)events;
	if (l->state == LEAF_WAITING) {
		list_add(&due, &l->place);
		ev_idle_start(loop, &dialling);
	} else if (l->state == LEAF_UP) {	/* nobody had begun its call */
		list_del(&l->place);
		list_add(&callable, &l->place);
		caller_pump(&caller);
	}
}

/* --- who calls them --- */

static bool
next_callable(unsigned *number)
{
	while (!list_empty(&callable)) {
		struct leaf *l = list_of(callable.next, struct leaf, place);

		list_del(&l->place);
		if (l->asked)
			continue;
		l->asked = true;
		*number = leaf_number(l);
		return true;
	}
	return false;
}

static bool
on_answer(const struct envelope *e)
{
	struct leaf *l;
	unsigned error;
	enum fate fate;

	if (e->id == 0 || e->id > count)
		return false;
	l = &leaves[e->id - 1];
	if (!l->asked || l->answered) {
		state.twice++;
		return false;
	}
	if ((e->flags & FLAG_ERROR) && meta_error_get(e->meta, &error, &fate) == 0 && fate == FATE_NOT_DELIVERED) {
		state.again++;
		l->asked = false;
		if (l->state == LEAF_UP)
			leaf_wait(l, AGAIN_US);
		return true;
	}
	l->answered = true;
	state.answered++;
	if (e->flags & FLAG_ERROR) {
		state.failed++;
		fprintf(stderr, "crowd: s%u: %.*s\n", leaf_number(l), STR_FMT(e->payload));
	}
	if (state.answered == count / 2)
		state.half = net_time(net);
	return true;
}

static void
on_heard(void)
{
	if (state.answered == count && !state.end.us) {	/* what is answered twice comes before PONG */
		state.end = net_time(net);
		say_ping(caller.conn);
	}
}

static void
on_settled(void)
{
	if (state.end.us && !state.over)
		round_end();
}

/* --- a round --- */

static uint64_t
cpu_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
	    (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void
round_end(void)
{
	unsigned lost = 0;

	state.over = true;
	if (!state.all_up.us)		/* some went again after they had answered */
		state.all_up = state.end;
	for (unsigned i = 0; caller.path && i < count; i++) {
		state.twice += leaves[i].ran > 1;
		lost += leaves[i].ran == 0;
	}
	printf("{\"v\":1,\"bench\":\"crowd\",\"links\":%u,\"tls\":%s,\"round\":%u,\"up_ms\":%.0f,\"half_ms\":%.0f,"
	    "\"callable_ms\":%.0f,\"redials\":%u,\"resumed\":%u,\"again\":%u,\"failed\":%u,\"lost\":%u,\"twice\":%u,"
	    "\"crowd_ms\":%" PRIu64 "}\n",
	    count, tls_ctx ? "true" : "false", state.number,
	    (double)mono_us_since(state.listening, state.all_up) / 1000,
	    (double)mono_us_since(state.listening, state.half) / 1000,
	    (double)mono_us_since(state.listening, state.end) / 1000,
	    state.redials, state.resumed, state.again, state.failed, lost, state.twice,
	    (cpu_us() - state.cpu_us) / 1000);
	fflush(stdout);
}

static bool
hub_listens(void)
{
	int fd = socket(hub.at.ss_family, SOCK_STREAM, 0);
	bool listens = fd != -1 && connect(fd, (struct sockaddr *)&hub.at, hub.len) == 0;

	if (fd != -1)
		close(fd);
	return listens;
}

/* Until the hub listens, and a caller is there. */
static void
on_look(struct ev_loop *of, ev_timer *w, int events)
{
	(void)events;
	if (!state.listening.us && hub_listens())
		state.listening = mono_now();
	if (!state.listening.us)
		return;
	if (caller.path && !caller.conn)
		caller_dial(&caller);
	if (!caller.path || caller.conn)
		ev_timer_stop(of, w);
}

static void
round_begin(void)
{
	unsigned number = state.number + 1;

	memset(&state, 0, sizeof state);
	state.number = number;
	state.cpu_us = cpu_us();
	caller.in_flight = 0;
	for (unsigned i = 0; i < count; i++) {
		struct leaf *l = &leaves[i];

		l->asked = l->answered = false;
		l->ran = 0;
		if (l->state == LEAF_UP) {
			list_del(&l->place);
			list_add(&callable, &l->place);
		}
	}
	ev_timer_again(loop, &looking);
}

static int
read_options(int argc, char **argv, struct err *e)
{
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--tls") == 0 || strcmp(argv[i], "--resume") == 0) {
			struct tls_settings tls = { .insecure = true };

			if ((argv[i][2] == 'r' && (tls.sessions = tls_sessions_open()) == NULL) ||
			    (tls_ctx = tls_ctx_open(&tls, e)) == NULL)
				return -1;
		} else if (strcmp(argv[i], "--call") == 0 && i + 1 < argc) {
			caller.path = argv[++i];
		} else if (strcmp(argv[i], "--token") == 0 && i + 1 < argc) {
			if (auth_read_token(argv[++i], token, e) == -1)
				return -1;
		} else {
			return err_set(e, "unknown option, or one without its value: '%s'", argv[i]);
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e = { .status = 0 };
	struct str name;
	uint64_t number;
	uint16_t port;

	if (argc < 3 || str_u64(str(argv[1]), LEAVES_MAX, &number) == -1 || number == 0) {
		fprintf(stderr, "usage: crowd LEAVES HOST:PORT [--tls | --resume] [--token FILE] [--call SOCKET]\n");
		return 64;
	}
	count = (unsigned)number;
	loop = ev_default_loop(0);
	if (hostport_parse(str(argv[2]), &name, &port, &e) == -1 || addr_numeric(name, port, &hub) == -1 ||
	    str_c(name, host, sizeof host) == -1 || read_options(argc, argv, &e) == -1 ||
	    (net = net_open(loop, &e)) == NULL) {
		fprintf(stderr, "crowd: %s\n", e.text[0] ? e.text : "the hub wants a numeric address");
		return 64;
	}
	if (fd_limit_raise() < count + DESCRIPTORS) {
		fprintf(stderr, "crowd: %u leaves want as many descriptors (ulimit -n)\n", count);
		return 71;
	}
	if ((leaves = calloc(count, sizeof *leaves)) == NULL)
		return 71;
	caller.net = net;
	caller.next = next_callable;
	caller.answered = on_answer;
	caller.heard = on_heard;
	caller.settled = on_settled;
	caller.lost = round_begin;
	list_init(&callable);
	list_init(&due);
	ev_init(&looking, on_look);
	looking.repeat = LOOK_US / 1e6;
	ev_idle_init(&dialling, on_due);
	ev_set_priority(&dialling, EV_MAXPRI);	/* else only when nothing else happens */
	for (unsigned i = 0; i < count; i++) {
		list_init(&leaves[i].place);
		ev_init(&leaves[i].later, on_later);
		leaves[i].later.data = &leaves[i];
		leaf_redial(&leaves[i]);
	}
	round_begin();
	ev_run(loop, 0);
	return 0;
}
