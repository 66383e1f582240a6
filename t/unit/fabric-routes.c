/* fabric-routes.c - hubs in any topology: no loop, no duplicate, no black hole once it is quiet, and the same
 * routes whatever the order of events. */
#include "leafsim.h"

static const char *wrong;

static void
must(const char *what)
{
	if (what && !wrong)
		wrong = what;
}

static unsigned
all_executed(void)
{
	unsigned n = 0;

	for (int i = 0; i < hubs.count; i++)
		n += hubs.hub[i].executed;
	for (int i = 0; i < HUB_LEAVES; i++)
		n += leaves[i].executed;
	return n;
}

/* Executed once, by *who if it is not NULL, and answered once; not there: one error. */
static const char *
asked(struct hub *h, const char *to, const char *subject, bool there, const unsigned *who)
{
	static char text[120];
	unsigned before = all_executed(), answered = h->answered, failed = h->failed, one = who ? *who : 0;

	hub_ask_at(h, to, subject);
	hubs_settle();
	snprintf(text, sizeof text, "%s asked %s %s: %u executed, %u answered, %u failed", h->name, to, subject,
	    all_executed() - before, h->answered - answered, h->failed - failed);
	if (there)
		return all_executed() - before == 1 && h->answered - answered == 1 && h->failed == failed &&
		    (!who || *who == one + 1) ? NULL : text;
	return all_executed() == before && h->answered == answered && h->failed - failed == 1 ? NULL : text;
}

static const char *
leaf_asked(struct hub *h, const struct leaf *l, bool there)
{
	const char *bad = asked(h, l->name, "any/m", there, &l->executed);
	char name[32];

	snprintf(name, sizeof name, "%s@net", l->name);
	if (!bad)
		bad = asked(h, name, "any/m", there, &l->executed);
	snprintf(name, sizeof name, "t%s/m", l->name + 1);
	return bad ? bad : asked(h, "", name, there, &l->executed);
}

/* Each service, endpoint, hub and leaf is asked for by each hub. */
static const char *
all_asked(void)
{
	int d[HUBS_MAX][HUBS_MAX];
	const char *bad = NULL;
	char name[32];

	hubs_distances(d);
	for (int i = 0; i < hubs.count && !bad; i++) {
		struct hub *h = &hubs.hub[i];

		for (int s = 0; s < HUB_NAMES && !bad; s++) {
			snprintf(name, sizeof name, "s%d/m", s);
			bad = asked(h, "", name, hubs_usable(i, s) != 0, NULL);
		}
		for (int j = 0; j < hubs.count && !bad; j++) {
			struct hub *other = &hubs.hub[j];

			bad = asked(h, other->name, "fedx/ping", d[i][j] < FAR, &other->executed);
			snprintf(name, sizeof name, "e%s@net", other->name + 1);
			if (!bad)
				bad = asked(h, name, "any/m", d[i][j] < FAR && attached[j], &other->executed);
		}
		for (int k = 0; k < HUB_LEAVES && !bad; k++)
			if (leaves[k].name[0])
				bad = leaf_asked(h, &leaves[k], leaves[k].up && d[i][leaves[k].end.hub - hubs.hub] < FAR);
	}
	return bad;
}

static void
at_rest(void)
{
	hubs_settle();
	must(hubs_sound());
	hubs_wait(130000);
	must(hubs_sound());
	must(hubs_right());
	must(hubs_agree());
	must(all_asked());
}

static void
change(unsigned what)
{
	int i = (int)hubs_pick((unsigned)hubs.count), j = (int)hubs_pick((unsigned)hubs.count);

	if (what < 5) {
		hubs_link(i, j);
	} else if (what < 8) {
		hubs_cut(i, j);
	} else if (what < 13) {
		hub_serve(&hubs.hub[i], j % HUB_NAMES, hubs_pick(3) > 0);
	} else if (what == 13) {
		hub_attach(i, hubs_pick(3) > 0);
	} else if (what == 14) {
		leaf_comes(j % HUB_LEAVES, i);
	} else if (what == 15) {
		hub_is_killed(i);
	} else if (what == 16) {
		hubs_wait(500 + 500 * hubs_pick(6));
	} else if (what == 17) {	/* all say their routes again, and it goes on at once */
		hubs_settle();
		hubs_tick(200500);
	} else if (what == 18) {
		leaf_leaves(&leaves[j % HUB_LEAVES]);
	} else {
		for (unsigned n = hubs_pick(40); n; n--)
			hubs_deliver_some();
	}
}

/* lossy: messages of routes are lost, and digests find it. */
static void
random_topologies(unsigned seeds, bool lossy)
{
	uint64_t seed = tap_seed();
	unsigned run;

	for (run = 0; run < seeds && !wrong; run++) {
		hubs_open(2 + (int)(tap_rand(&seed) % (HUBS_MAX - 1)), tap_rand(&seed));
		hubs.refuse = lossy;
		for (unsigned n = hubs_pick(60); n; n--) {
			change(hubs_pick(28));
			for (unsigned k = lossy ? hubs_pick(4) : 0; k; k--)
				hubs_lose((int)hubs_pick((unsigned)hubs.count), (int)hubs_pick((unsigned)hubs.count));
		}
		hubs_settle();
		if (lossy)		/* digests say nothing of lifetimes: the next refresh is heard */
			hubs_tick(200500);
		hubs_settle();
		/* each round mends what the one before has uncovered */
		for (int k = 0; lossy && k < 2 * HUBS_MAX; k++) {
			hubs_wait(1000);
			hubs_digests();
		}
		at_rest();
		leaves_close();
		hubs_close();
	}
	hubs.refuse = false;
	ok(!wrong, "%u random topologies with random failures%s: %s", run, lossy ? " and lost messages" : "",
	    wrong ? wrong : "all as they should be");
}

/* 2000 s in which nothing happens but that each says again that it is there, at its own time. */
static void
refreshing(void)
{
	uint64_t seed = tap_seed(), before;
	unsigned links = 0;

	hubs_open(HUBS_MAX, tap_rand(&seed));
	for (int i = 0; i < HUBS_MAX; i++) {
		hub_serve(&hubs.hub[i], i % HUB_NAMES, true);
		for (int j = 0; j < i; j++)
			if (j == i - 1 || hubs_pick(4) == 0) {
				hubs_link(i, j);
				links++;
			}
		hubs_wait(5000 + 500 * hubs_pick(40));
	}
	before = hubs.delivered;
	for (int s = 0; s < 2000 && !wrong; s++) {
		hubs_tick(1000);
		for (unsigned n = hubs_pick(30); n; n--)
			hubs_deliver_some();
		if (s % 50 == 49) {
			hubs_settle();
			must(hubs_right());
		}
	}
	before = hubs.delivered - before;
	ok(!wrong, "2000 s of refreshes: %s", wrong ? wrong : "no route is lost");
	ok(before >= 9 * (HUBS_MAX - 1) * HUBS_MAX && before <= (uint64_t)11 * HUBS_MAX * 2 * links,
	    "each route once a link and refresh: %u messages on %u links", (unsigned)before, links);
	must(hubs_agree());
	must(all_asked());
	ok(!wrong, "then: %s", wrong ? wrong : "all as they should be");
	hubs_close();
}

/* Which of the links are up after each is one of 64; from each to each other one at once. */
static void
all_of_four(void)
{
	static const int pairs[6][2] = { { 0, 1 }, { 0, 2 }, { 0, 3 }, { 1, 2 }, { 1, 3 }, { 2, 3 } };
	unsigned count = 0;

	for (unsigned from = 0; from < 64; from++)
		for (unsigned to = 0; to < 64 && !wrong; to++) {
			hubs_open(4, from * 64 + to + 1);
			for (int i = 0; i < 4; i++)
				hub_serve(&hubs.hub[i], i, true);
			for (int k = 0; k < 6; k++)
				if (from >> k & 1)
					hubs_link(pairs[k][0], pairs[k][1]);
			hubs_settle();
			must(hubs_right());
			for (int k = 0; k < 6; k++)
				if (to >> k & 1)
					hubs_link(pairs[k][0], pairs[k][1]);
				else
					hubs_cut(pairs[k][0], pairs[k][1]);
			hubs_settle();
			must(hubs_sound());
			hubs_wait(5000);
			must(hubs_right());
			must(hubs_agree());
			hubs_close();
			count++;
		}
	ok(!wrong, "all topologies of four hubs, from each to each (%u): %s", count,
	    wrong ? wrong : "all as they should be");
}

/* --- make before break --- */

static unsigned known[HUBS_MAX][HUBS_MAX];	/* by each hub, of each other: its services, as bits */
static unsigned lost_ways;		/* how often only ways without their names were left */

static void
look(unsigned now[HUBS_MAX][HUBS_MAX])
{
	char text[16];
	struct name *name;

	memset(now, 0, sizeof known);
	for (int i = 0; i < hubs.count; i++)
		for (int s = 0; s < HUB_NAMES; s++) {
			snprintf(text, sizeof text, "s%d", s);
			if ((name = fib_name(&hubs.hub[i].f.fib, FAMILY_SERVICE, str(text))) == NULL)
				continue;
			list_each(n, &name->claims) {
				const struct claim *c = list_of(n, struct claim, of_name);

				if (c->via && claim_serves(c))
					now[i][c->via->origin->node.p[1] - '0'] |= 1u << s;
			}
		}
}

static bool
has_whole_way(int i, int j)
{
	const struct origin *o = rib_origin(&hubs.hub[i].f, str(hubs.hub[j].name));

	if (o)
		list_each(n, &o->vias) {
			const struct via *v = list_of(n, struct via, of_origin);

			if (v->digest && !v->held && !v->partial)
				return true;
		}
	return false;
}

/* A hub that has a way to a holder, with its names, knows what it knew. */
static void
nothing_forgotten(void)
{
	static char text[120];
	unsigned now[HUBS_MAX][HUBS_MAX];

	look(now);
	for (int i = 0; i < hubs.count; i++)
		for (int j = 0; j < hubs.count; j++) {
			unsigned gone = known[i][j] & ~now[i][j];

			if (gone && !wrong && has_whole_way(i, j)) {
				snprintf(text, sizeof text, "h%d has forgotten what h%d holds (%x), and has a way to it", i, j, gone);
				must(text);
			}
			lost_ways += gone && hubs_next(i, j) != -1;
		}
	memcpy(known, now, sizeof known);
}

/* Links come, and nothing else happens: each hub knows all the time what it knew. */
static void
nothing_unknown(void)
{
	static char text[120];
	unsigned now[HUBS_MAX][HUBS_MAX];

	look(now);
	for (int i = 0; i < hubs.count; i++)
		for (int j = 0; j < hubs.count; j++) {
			if (known[i][j] & ~now[i][j] && !wrong) {
				snprintf(text, sizeof text, "a link came, and h%d does not know %x of h%d", i,
				    known[i][j] & ~now[i][j], j);
				must(text);
			}
			known[i][j] |= now[i][j];
		}
}

static void
cut_seen(int i, int j)
{
	hubs_cut(i, j);
	if (hubs.watch)
		hubs.watch();
}

/* Services stay where they are; links come and go, also while it is not quiet. */
static void
make_before_break(const char *what, unsigned seeds, bool cuts, unsigned narrow, size_t room)
{
	uint64_t seed = tap_seed();
	unsigned run, changes = 0;

	lost_ways = 0;
	for (run = 0; run < seeds && !wrong; run++) {
		hubs_open(3 + (int)(tap_rand(&seed) % (HUBS_MAX - 2)), tap_rand(&seed));
		hubs.narrow = narrow;
		for (int i = 0; i < hubs.count; i++) {
			for (int s = 0; s < HUB_NAMES; s++)
				hub_serve(&hubs.hub[i], s, hubs_pick(2));
			if (i)
				hubs_link(i, (int)hubs_pick((unsigned)i));
			hubs.hub[i].f.rib.limits.hold_ms = 0;
		}
		hubs_settle();
		hubs_wait(1000);
		must(hubs_right());
		look(known);
		hubs.room = room;
		hubs.refuse = room != 0;
		hubs.watch = cuts ? nothing_forgotten : nothing_unknown;
		for (unsigned n = 20; n && !wrong; n--, changes++) {
			int i = (int)hubs_pick((unsigned)hubs.count), j = (int)hubs_pick((unsigned)hubs.count);

			if (cuts && hubs_pick(3) == 0)
				cut_seen(i, j);
			else
				hubs_link(i, j);
			for (unsigned k = hubs_pick(4) ? hubs_pick(60) : 0; k; k--)
				hubs_deliver_some();
			if (hubs_pick(4) == 0)
				hubs_settle();
			if (hubs_pick(4) == 0)
				hubs_tick(20 * hubs_pick(10));
		}
		hubs_settle();
		hubs.watch = NULL;
		hubs.narrow = 0;
		hubs.room = 0;
		for (int k = 0; room && k < 2 * HUBS_MAX; k++) {
			hubs_wait(1000);
			hubs_digests();
		}
		hubs_wait(130000);
		must(hubs_right());
		must(hubs_agree());
		hubs.refuse = false;
		hubs_close();
	}
	ok(!wrong, "make before break, %s (%u changes, %u times cut off): %s", what, changes, lost_ways,
	    wrong ? wrong : "nothing is unknown that has a way");
}

/* Each hub of a ring sends on to the next one what all of them should send to hub 4. */
static void
forced_wrong(void)
{
	struct claim *claims[4];
	struct port *right[4];
	unsigned executed;

	hubs_open(5, 1);
	for (int i = 0; i < 4; i++)
		hubs_link(i, (i + 1) % 4);
	hubs_link(2, 4);
	hub_serve(&hubs.hub[4], 0, true);
	hubs_settle();
	for (int i = 0; i < 4; i++) {
		struct name *name = fib_name(&hubs.hub[i].f.fib, FAMILY_SERVICE, STR("s0"));

		claims[i] = name ? name_best(name) : NULL;
		if (!claims[i]) {
			ok(false, "27: a hub of the ring has no route");
			return;
		}
		right[i] = claims[i]->port;
		claims[i]->port = &hubs.hub[i].links[(i + 1) % 4].port;
	}
	executed = all_executed();
	hub_ask(&hubs.hub[0], "s0/m");
	hubs_settle();
	ok(hubs.hub[0].failed == 1 && hubs.hub[0].error == E_loop && all_executed() == executed,
	    "27: tables that are wrong: the message is stopped where it comes round, and the caller told");
	for (int i = 0; i < 4; i++)
		claims[i]->port = right[i];
	hub_ask(&hubs.hub[0], "s0/m");
	hubs_settle();
	ok(hubs.hub[0].answered == 1 && all_executed() == executed + 1, "27: right again");
	hubs_close();
}

/* A mesh of five with a thousand names: what it costs while nothing changes (bytes a route: t/bench/routes.c). */
static void
scale(void)
{
	enum { NAMES = 200, MINUTES = 30 };
	uint64_t before;
	unsigned whole = 0;
	char name[32];

	hubs_open(5, 1);
	for (int i = 0; i < 5; i++) {
		hubs.hub[i].f.limits.services = NAMES + 1;
		for (int j = 0; j < i; j++)
			hubs_link(i, j);
		for (int k = 0; k < NAMES; k++) {
			snprintf(name, sizeof name, "h%d-%d", i, k);
			hub_holds(&hubs.hub[i], name, true);
		}
	}
	hubs_settle();
	for (int i = 0; i < 5; i++)
		whole += hubs.hub[i].f.fib.claimed[FAMILY_SERVICE] >= 5 * NAMES;
	is_int(whole, 5, "38: each of five hubs knows a thousand names, and no time has passed");
	before = hubs.bytes;
	hubs_wait(MINUTES * 60 * 1000);
	printf("# %llu bytes a minute and link\n", (unsigned long long)((hubs.bytes - before) / MINUTES / 10));
	ok(hubs.bytes - before < (uint64_t)MINUTES * 10 * 200000, "38: and a minute of rest is less than 200 kB a link");
	hubs_close();
}

int
main(void)
{
	const char *seeds = getenv("ROUTE_SEEDS");

	forced_wrong();
	scale();
	all_of_four();
	random_topologies(seeds ? (unsigned)atoi(seeds) : 600, false);
	random_topologies(seeds ? (unsigned)atoi(seeds) : 300, true);
	refreshing();
	make_before_break("links come", seeds ? (unsigned)atoi(seeds) : 300, false, 0, 0);
	make_before_break("links come and go", seeds ? (unsigned)atoi(seeds) : 300, true, 0, 0);
	make_before_break("in sets that are split", 200, false, 2000, 0);
	make_before_break("in split sets, links go as well", 200, true, 2000, 0);
	make_before_break("links come, queues overflow", 200, false, 0, 500);
	make_before_break("links come, split and overflow", 200, false, 1000, 400);
	return done();
}
