/* fabric-events.c - events among hubs in any topology: at rest each reaches everybody who wants it exactly
 * once, and while links come and go never twice. */
#include "routesim.h"

enum { WANTED = 6, EVENTS = 20 };

static const char *const patterns[WANTED] = { "/a", "/a/*", "/a/**", "/**/z", "/*/b", "/**" };
static const char *const paths[] = { "/a", "/a/b", "/a/b/z", "/c", "/c/b", "/z" };
static bool wants[HUBS_MAX][WANTED];
static const char *wrong;
static char text[160];

static void
want(int i, int which, bool there)
{
	if (wants[i][which] == there)
		return;
	wants[i][which] = there;
	hub_says(&hubs.hub[i], (struct envelope){ .kind = there ? KIND_SUBSCRIBE : KIND_UNSUBSCRIBE, .hops = 1,
	    .id = (uint64_t)which + 1, .subject = str(there ? patterns[which] : "") });
}

static bool
is_wanted(int i, const char *path)
{
	for (int w = 0; w < WANTED; w++)
		if (wants[i][w] && test_holds(TEST_UNDER, str(path), str(patterns[w])))
			return true;
	return false;
}

static void
publishes(int i, const char *path, uint8_t number)
{
	hub_says(&hubs.hub[i], (struct envelope){ .kind = KIND_PUBLISH, .hops = 1, .subject = str(path),
	    .payload = { (const char *)&number, 1 } });
}

static void
forget(void)
{
	for (int i = 0; i < hubs.count; i++) {
		memset(hubs.hub[i].heard, 0, sizeof hubs.hub[i].heard);
		memset(hubs.hub[i].last, 0, sizeof hubs.hub[i].last);
		hubs.hub[i].order = 0;
	}
}

static void
at_rest(void)
{
	int d[HUBS_MAX][HUBS_MAX];

	hubs_settle();
	hubs_wait(130000);
	hubs_distances(d);
	forget();
	for (int i = 0; i < hubs.count && !wrong; i++)
		for (uint8_t e = 1; e <= EVENTS && !wrong; e++) {
			const char *path = paths[hubs_pick(sizeof paths / sizeof *paths)];
			uint8_t number = (uint8_t)(i * EVENTS + e);

			publishes(i, path, number);
			hubs_settle();
			for (int j = 0; j < hubs.count; j++) {
				unsigned should = d[i][j] < FAR && is_wanted(j, path);

				if (hubs.hub[j].heard[number] == should)
					continue;
				snprintf(text, sizeof text, "h%d published %s: h%d heard it %u times, not %u", i, path, j,
				    hubs.hub[j].heard[number], should);
				wrong = text;
			}
		}
}

/* In one go, while all is on its way and links move. */
static void
under_way(void)
{
	uint8_t next = 1;

	forget();
	for (unsigned n = 0; n < 200 && next < 250; n++) {
		int i = (int)hubs_pick((unsigned)hubs.count), j = (int)hubs_pick((unsigned)hubs.count);

		switch (hubs_pick(12)) {
		case 0:
			hubs_link(i, j);
			break;
		case 1:
			hubs_cut(i, j);
			break;
		case 2:
			want(i, (int)hubs_pick(WANTED), hubs_pick(3) > 0);
			break;
		case 3:
			hubs_wait(500 * hubs_pick(8));
			break;
		case 4: case 5: case 6: case 7:
			publishes(i, paths[hubs_pick(sizeof paths / sizeof *paths)], next++);
			break;
		default:
			for (unsigned k = hubs_pick(20); k; k--)
				hubs_deliver_some();
		}
	}
	hubs_settle();
	for (int i = 0; i < hubs.count; i++) {
		for (int e = 0; e < 256; e++)
			if (hubs.hub[i].heard[e] > 1) {
				snprintf(text, sizeof text, "h%d heard an event %u times", i, hubs.hub[i].heard[e]);
				wrong = text;
			}
		if (hubs.hub[i].order) {
			snprintf(text, sizeof text, "h%d heard events of one hub in a wrong order", i);
			wrong = text;
		}
	}
}

int
main(void)
{
	const char *seeds = getenv("EVENT_SEEDS");
	unsigned run, most = seeds ? (unsigned)atoi(seeds) : 200;
	uint64_t seed = tap_seed();

	for (run = 0; run < most && !wrong; run++) {
		memset(wants, 0, sizeof wants);
		hubs_open(2 + (int)(tap_rand(&seed) % (HUBS_MAX - 1)), tap_rand(&seed));
		for (int i = 0; i < hubs.count; i++) {
			for (int j = 0; j < i; j++)
				if (hubs_pick(3) > 0)
					hubs_link(i, j);
			for (int w = 0; w < WANTED; w++)
				want(i, w, hubs_pick(4) == 0);
		}
		at_rest();
		if (!wrong)
			under_way();
		if (!wrong)
			at_rest();
		hubs_close();
	}
	ok(!wrong, "%u random topologies: %s", run, wrong ? wrong :
	    "at rest exactly once, never twice, in order");
	return done();
}
