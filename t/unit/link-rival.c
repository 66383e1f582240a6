/*
 * link-rival.c - two hubs that dial each other have one link, the same one at
 * both ends: whatever crosses on the way, is lost, or is lost at one end only.
 */
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "link/greet.h"
#include "link/uplink.h"
#include "tap.h"

enum { KEPT = 64 };

static struct ev_loop *loop;
static struct net *net;
static struct side {
	struct fabric f;
	struct links ls;
	struct uplink u;
	struct listener *at;
	char url[80];
} sides[2];
static int kept[KEPT], kept_count;	/* ends of connections that are held open */

static void
on_turn(void *owner)
{
	(void)owner;
	for (int i = 0; i < 2; i++) {
		sides[i].f.now = net_time(net);
		wheel_turn(&sides[i].f.wheel, sides[i].f.now);
		uplinks_turn(&sides[i].ls);
		links_reap(&sides[i].ls);
	}
}

static void
on_accepted(void *owner, int fd, const char *peer)
{
	struct side *s = owner;
	struct err e = { .status = 0 };
	struct conn *c = conn_open(net, fd, &e);

	if (c)
		link_accept(&s->ls, c, peer, NULL, true, false, &e);
}

static void
open_side(struct side *s, const char *id)
{
	static const struct fabric_ops ops = { NULL };
	struct err e = { .status = 0 };

	fabric_init(&s->f, str(id), STR("test"), ROLE_HUB, net_time(net), &ops);
	links_init(&s->ls, net, &s->f);
	s->ls.instance = (uint64_t)(s - sides) + 1;
	s->ls.set.backoff_ms = 20;
	s->ls.set.backoff_max_ms = 50;
	s->ls.set.handshake_ms = 2000;
	s->at = listen_tcp(net, STR("127.0.0.1:0"), on_accepted, s, &e);
	snprintf(s->url, sizeof s->url, "fedx://%s", listener_name(s->at));
}

static void
close_side(struct side *s)
{
	listener_close(s->at);
	links_free(&s->ls);
	fabric_free(&s->f);
}

static void
open_uplink(struct side *s, const struct side *to, bool peer)
{
	uplink_init(&s->u, &s->ls);
	s->u.urls[s->u.url_count++] = to->url;
	s->u.peer = peer;
	uplink_start(&s->u);
}

static struct link *
only_link(struct side *s)
{
	struct link *found = NULL;

	list_each(n, &s->ls.all) {
		struct link *l = list_of(n, struct link, place);

		if (found || l->state != LINK_UP)
			return NULL;
		found = l;
	}
	return found;
}

static bool
is_settled(const struct uplink *u, const struct link *l)
{
	return l->dialled ? u->state == UPLINK_UP && u->link == l : u->state == UPLINK_STANDBY;
}

/* One link, opened by the same side as both see it, and each uplink knows. */
static bool
agree(void)
{
	struct link *a = only_link(&sides[0]), *b = only_link(&sides[1]);

	return a && b && a->dialled != b->dialled && is_settled(&sides[0].u, a) && is_settled(&sides[1].u, b);
}

/* Nothing is under way any more: it holds, and goes on to hold. */
static bool
comes_to_agree(void)
{
	ev_tstamp until = ev_time() + 10;
	int held = 0;

	while (held < 30 && ev_time() < until) {
		ev_run(loop, EVRUN_NOWAIT);
		held = agree() ? held + 1 : 0;
		nanosleep(&(struct timespec){ .tv_nsec = held ? 200000 : 1000000 }, NULL);
	}
	for (int i = 0; held < 30 && i < 2; i++)
		printf("# %s: uplink %s %s, again %d\n", sides[i].f.node, uplink_state_name(sides[i].u.state),
		    sides[i].u.why, sides[i].u.again);
	return held >= 30;
}

static void
lose(struct side *s, bool half_open)
{
	struct link *l = only_link(s);

	if (!l)
		return;
	if (half_open && kept_count < KEPT)
		kept[kept_count++] = dup(conn_fd(l->conn));
	l->told = l->lost = true;
	link_close(l, E_link_down, "lost");
}

static void
forget_kept(void)
{
	while (kept_count)
		close(kept[--kept_count]);
}

static void
run_a_while(uint64_t *seed)
{
	for (uint64_t n = tap_rand(seed) % 8; n; n--)
		ev_run(loop, EVRUN_NOWAIT);
}

static void
test_pair(const char *first, const char *second, bool peers)
{
	uint64_t seed = tap_seed();
	bool started = true, lost = true, half = true, both = true;

	open_side(&sides[0], first);
	open_side(&sides[1], second);
	for (int round = 0; round < 20; round++) {
		int which = (int)(tap_rand(&seed) % 2);

		open_uplink(&sides[which], &sides[!which], peers);
		run_a_while(&seed);
		open_uplink(&sides[!which], &sides[which], true);
		started &= comes_to_agree();
		lose(&sides[tap_rand(&seed) % 2], false);
		run_a_while(&seed);
		if (tap_rand(&seed) % 2)
			lose(&sides[tap_rand(&seed) % 2], false);
		lost &= comes_to_agree();
		lose(&sides[tap_rand(&seed) % 2], true);
		half &= comes_to_agree();
		lose(&sides[0], true);
		lose(&sides[1], true);
		both &= comes_to_agree();
		for (int i = 0; i < 2; i++)
			uplink_stop(&sides[i].u);
		for (int n = 0; n < 20; n++)
			ev_run(loop, EVRUN_NOWAIT);
		forget_kept();
	}
	ok(started, "%s and %s dial each other, the one sooner than the other: one link", first, second);
	ok(lost, "... it is lost: one link again");
	ok(half, "... one end is lost and the other does not know: one link again");
	ok(both, "... both are lost and nobody hears of it: one link again");
	for (int i = 0; i < 2; i++)
		close_side(&sides[i]);
}

/* Two requests of one client are heard in one turn: the old link is not down yet. */
static void
test_resume(void)
{
	bool resumed = true;

	open_side(&sides[0], "a.test");
	open_side(&sides[1], "b.test");
	for (int i = 0; i < 2; i++)
		open_uplink(&sides[i], &sides[!i], true);
	for (int round = 0; round < 10; round++) {
		struct uplink *u = &sides[round % 2].u;

		resumed &= comes_to_agree();
		uplink_step(u, ON_UPLINK_PAUSE);
		uplink_retry(u);
	}
	ok(resumed && comes_to_agree(), "paused and resumed in one turn: one link again");
	for (int i = 0; i < 2; i++) {
		uplink_stop(&sides[i].u);
		close_side(&sides[i]);
	}
}

static struct link *
link_to(struct side *s, const char *node)
{
	struct err e = { .status = 0 };
	struct link *l;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1 || kept_count == KEPT)
		return NULL;
	kept[kept_count++] = fds[1];
	l = link_accept(&s->ls, conn_open(net, fds[0], &e), "unix", NULL, true, false, &e);
	link_name(l, str(node), STR("test"), NULL);
	return l;
}

/* A walk over links that wait for policy may be under way. */
static void
test_burial(void)
{
	struct side *s = &sides[0];
	struct link *old, *other;

	open_side(s, "a.test");
	old = link_to(s, "b.test");
	other = link_to(s, "c.test");
	link_close(other, E_NONE, "it has gone");
	link_give_way(old, E_conflict, "another one");
	ok(s->ls.dying.next == &other->stage && other->stage.next == &s->ls.dying && s->ls.all.next == &other->place,
	    "who gives way is gone at once, and nobody else");
	close_side(s);
	forget_kept();
}

int
main(void)
{
	struct err e = { .status = 0 };

	log_open("t", LOG_LOGFMT, LOG_LEVEL_ERROR, false);
	loop = ev_default_loop(0);
	net = net_open(loop, &e);
	net_each_turn(net, on_turn, NULL);
	test_pair("a.test", "b.test", true);
	test_pair("b.test", "a.test", false);
	test_resume();
	test_burial();
	net_close(net);
	ev_loop_destroy(loop);
	return done();
}
