/* link-fsm.c - what an uplink does next: each event in each state, and no state without a way out. */
#include "base/log.h"
#include "link/uplink.h"
#include "tap.h"

static struct ev_loop *loop;
static struct net *net;
static struct fabric f;
static struct links ls;

/* A letter an event, in their order; a dot: it changes nothing. */
static const struct { enum uplink_state state; const char *next; } table[] = {
	/*			  START OPENED WELCOME LOST REFUSAL TIMEOUT PAUSE RETRY RIVAL */
	{ UPLINK_NONE,		"D........" },
	{ UPLINK_DIALLING,	".G.BRBP.." },
	{ UPLINK_GREETING,	"..UBR.P.S" },
	{ UPLINK_UP,		"...BR.P.S" },
	{ UPLINK_BACKOFF,	".....DPDS" },
	{ UPLINK_REFUSED,	".....DPDS" },
	{ UPLINK_PAUSED,	".......DS" },
	{ UPLINK_STANDBY,	"...B.DPDS" },
};

static char
letter(enum uplink_state s)
{
	return "NDGUBRPS"[s];
}

static void
test_table(void)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		for (int event = 0; event < UPLINK_EVENT_COUNT; event++) {
			struct uplink u;
			char want = table[i].next[event];

			uplink_init(&u, &ls);
			u.urls[u.url_count++] = "unix:/nowhere/at/all";
			u.peer = true;
			u.state = table[i].state;
			uplink_step(&u, (enum uplink_event)event);
			ok(letter(u.state) == (want == '.' ? letter(table[i].state) : want), "%s, %s: %s",
			    uplink_state_name(table[i].state), uplink_event_name((enum uplink_event)event),
			    uplink_state_name(u.state));
			uplink_stop(&u);
		}
}

/* Whoever waits has set its clock: only who is paused, or stands by for a link that is up, has not. */
static void
test_clocks(void)
{
	struct uplink u;

	uplink_init(&u, &ls);
	u.urls[u.url_count++] = "unix:/nowhere/at/all";
	u.peer = true;
	strcpy(u.node, "far.test");
	for (int event = ON_UPLINK_LOST; event <= ON_UPLINK_REFUSAL; event++) {
		u.state = UPLINK_UP;
		uplink_step(&u, (enum uplink_event)event);
		ok(timer_is_set(&u.timer), "%s: it dials again", uplink_event_name((enum uplink_event)event));
	}
	u.state = UPLINK_GREETING;
	uplink_step(&u, ON_UPLINK_RIVAL);
	ok(timer_is_set(&u.timer), "RIVAL, and no link is up: it looks again");
	uplink_step(&u, ON_UPLINK_PAUSE);
	ok(!timer_is_set(&u.timer), "PAUSE: it does nothing by itself");
	ok(uplinks_paused(&ls, STR("far.test")), "and its node is kept away");
	ok(!uplinks_paused(&ls, STR("else.test")), "others are not");
	u.state = UPLINK_STANDBY;
	uplinks_lost(&ls, STR("else.test"));
	ok(u.state == UPLINK_STANDBY, "another link is lost: it stands by");
	uplinks_lost(&ls, STR("far.test"));
	ok(u.state == UPLINK_BACKOFF && u.timer.due * WHEEL_TICK_MS <= f.now.us / 1000 + 500 + 2 * WHEEL_TICK_MS,
	    "the one that it stands by for: it dials soon");
	uplink_stop(&u);
}

int
main(void)
{
	static const struct fabric_ops ops = { NULL };
	struct err e = { .status = 0 };

	log_open("t", LOG_LOGFMT, LOG_LEVEL_ERROR, false);
	loop = ev_default_loop(0);
	net = net_open(loop, &e);
	fabric_init(&f, STR("hub.test"), STR("test"), ROLE_HUB, net_time(net), &ops);
	links_init(&ls, net, &f);
	test_table();
	test_clocks();
	links_free(&ls);
	fabric_free(&f);
	net_close(net);
	ev_loop_destroy(loop);
	return done();
}
