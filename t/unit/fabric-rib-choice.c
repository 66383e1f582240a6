/* fabric-rib-choice.c - routes: which of several is best, whatever the order they came in (mpreg 5.3, checks 28 and 29). */
#include "fabric/border.h"
#include "fabric/cluster.h"
#include "ribport.h"

static void
scores(void)
{
	const char *src = getenv("FEDX_SRC");
	char path[4096], line[256];
	unsigned rows = 0, hops;
	double latency, bandwidth, reliability, cost, score;
	FILE *in;

	snprintf(path, sizeof path, "%s/t/data/route-scores.txt", src ? src : ".");
	in = fopen(path, "r");
	while (in && fgets(line, sizeof line, in))
		if (sscanf(line, "%u %lf %lf %lf %lf %lf", &hops, &latency, &bandwidth, &reliability, &cost,
		    &score) == 6) {
			struct metric m = { (uint32_t)(latency * 1000 + 0.5), (uint32_t)(cost * 1000 + 0.5),
			    (uint32_t)(reliability * 1000000 + 0.5), (uint32_t)bandwidth };

			rows++;
			is_int(route_score(&m, hops), (long long)(score * 1000), "28: a score of the vectors");
		}
	if (in)
		fclose(in);
	ok(rows == 4, "28: all of them");
	ok(route_score(&(struct metric){ .reliability_ppm = 0 }, 2) == 20000, "28: not known is not unreliable");
	ok(route_score(&(struct metric){ UINT32_MAX, UINT32_MAX, 1, UINT32_MAX }, 16) < INT64_MAX / 2, "no score overflows");
}

static const struct metric equal[4], differ[4] = { { 50000, 0, 0, 0 }, { 5000, 0, 0, 0 }, { 5000, 0, 900000, 0 },
	{ 5000, 3000, 0, 100 } };

static bool
arrives(const struct metric metrics[4], const int order[4], int best)
{
	struct fake *all[] = { &n1, &n2, &n3, &n4 };
	const char *paths_of[] = { "o n1", "o n2", "o n3", "o n4" };
	bool right;

	begin_with(0);
	for (int i = 0; i < 4; i++) {
		const struct metric *m = &metrics[order[i]];
		struct announcement a = usual;

		peer(all[order[i]], paths_of[order[i]] + 2);
		a.latency_us = m->latency_us;
		a.cost_milli = m->cost_milli;
		a.reliability_ppm = m->reliability_ppm;
		a.bandwidth_mbps = m->bandwidth_mbps;
		says_as(all[order[i]], paths_of[order[i]], a);
	}
	right = next_is("o", all[best]);
	end();
	return right;
}

/* What its own link measures, without the neighbour's help. */
static void
latency(void)
{
	struct announcement a;

	begin();
	says(&n1, "o n1");
	says(&n2, "o x n2");
	forget_all();
	route_latency(&f, &n1.port, 9999);
	ok(next_is("o", &n1) && n1.port.routes->latency_us == 0, "what trembles below two steps moves nothing");
	route_latency(&f, &n1.port, 21000);
	ok(next_is("o", &n2), "a short path over a long link is left for a shorter way");
	ok(told(&n1, KIND_ANNOUNCE, "o", &a) && a.latency_us == 0, "which the others hear");
	forget_all();
	says(&n1, "p n1");
	ok(told(&n2, KIND_ANNOUNCE, "p", &a) && a.latency_us == 20000, "the link is part of what is told of routes over it");
	route_latency(&f, &n1.port, 29999);
	ok(n1.port.routes->latency_us == 20000 && next_is("o", &n2), "it has to move by more than a step");
	route_latency(&f, &n1.port, 4000);
	ok(next_is("o", &n1), "when it is short again it is used again");
	route_latency(&f, &n1.port, UINT32_MAX);
	says_as(&n1, "q n1", (struct announcement){ .hops = 16, .epoch = 1, .lifetime_ms = 60000, .latency_us = UINT32_MAX });
	ok(rib_origin(&f, STR("q"))->best->metric.latency_us == 2 * LATENCY_MAX_US, "sums do not overflow");
	end();
}

static void
orders(void)
{
	unsigned same = 0, first = 0;

	for (int i = 0; i < 256; i++) {
		int order[4] = { i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6 & 3 };

		if ((1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << order[3]) != 15)
			continue;
		first += arrives(equal, order, 0);
		same += arrives(differ, order, 3);
	}
	ok(first == 24, "28: four equal ones: the smallest id, in all 24 orders (%u)", first);
	ok(same == 24, "28: four that differ: the best score, in all 24 orders (%u)", same);
}

static void
choosing(void)
{
	struct announcement a = usual;
	const struct origin *o;

	begin_with(3);
	says(&n2, "o n2");
	says(&n1, "o n1");
	says(&n3, "o x n3");
	o = rib_origin(&f, STR("o"));
	ok(next_is("o", &n1) && via_serves(via_find(o, &n1.port)) && via_serves(via_find(o, &n2.port)) &&
	    !via_serves(via_find(o, &n3.port)), "28: equal ones are both used, the longer one is not");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	names(&n2, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	names(&n3, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	forget_all();
	for (uint64_t i = 1; i <= 10; i++)
		fake_ask(&client, i, "s/m");
	is_int(messages(&n1), 5, "five of ten requests go by one");
	is_int(messages(&n2), 5, "five by the other");
	ok(fake_hears_nothing(&n3), "none by the longer way");
	a.bandwidth_mbps = UINT32_MAX;
	says_as(&n3, "n1 n3", a);
	ok(next_is("n1", &n1), "whatever another promises: a neighbour is reached by its own link");
	a = usual;
	a.latency_us = 1;
	a.epoch = 2;
	says_as(&n1, "o n1", a);
	ok(next_is("o", &n2) && !via_serves(via_find(o, &n1.port)), "28: 1 us decides");
	fake_down(&n2);
	ok(next_is("o", &n1), "29: its link is cut: the next best at once");
	fake_down(&n1);
	ok(next_is("o", &n3), "29: and the next");
	fake_down(&n3);
	ok(next_is("o", NULL) && !holds("s"), "29: and none");
	end();
}

/* An event of o, handed on along this path: does the client get it? */
static bool
event_comes(struct fake *from, const char *path, uint64_t epoch, uint64_t count)
{
	uint8_t number[17], room[256], *end = room;
	struct str rest = str(path), one;

	end = tlv_write(end, META_path, STR("o"));
	if (from == &n1)
		end = tlv_write(end, META_cluster, STR("evil"));
	for (bool more = true; more; ) {
		more = str_split(rest, ' ', &one, &rest);
		end = tlv_write(end, META_path, one);
	}
	be_put_u64(be_put_u64(number, epoch), count);
	number[16] = 'o';
	end = tlv_write(end, META_revision, (struct str){ (const char *)number, sizeof number });
	fake_forget(&client);
	fake_say(from, (struct envelope){ .kind = KIND_PUBLISH, .hops = 8, .origin = STR("o"), .subject = STR("/e"),
	    .meta = { (const char *)room, (size_t)(end - room) } });
	return fake_hears(&client, KIND_PUBLISH);
}

/* n1 is a hub of another cluster that is let in, and says what it likes. */
static void
other_clusters(void)
{
	static struct federation federation = { .mode = PERMISSIVE_BRIDGING, .requests_per_minute = 100 };
	uint8_t run[64];
	struct announcement evil = usual;
	struct envelope e = { .kind = KIND_REQUEST, .hops = 8, .from = STR("a@b") };
	struct err err = { .status = 0 };

	evil.clusters = (struct str){ (char *)run, (size_t)(tlv_write(run, META_cluster, STR("evil")) - run) };
	e.meta = evil.clusters;
	begin_with(0);
	f.federation = &federation;
	fake_say(&client, (struct envelope){ .kind = KIND_SUBSCRIBE, .hops = 1, .id = 9, .subject = STR("/e") });
	fake_forget(&client);
	fake_open(&f, &n1, PORT_PEER, "n1");
	n1.port.cluster = STR("evil");
	says_as(&n1, "n1", evil);
	names(&n1, KIND_ANNOUNCE, FAMILY_ENDPOINT, "n1", "a@b");
	fake_attach(&client, FAMILY_ENDPOINT, "a@b", "", "", 0);
	ok(fake_hears(&client, KIND_DONE), "what another cluster says to hold can be held here");
	say(&client, KIND_DETACH, &(struct announcement){ .family = FAMILY_ENDPOINT, .hops = HOPS_DEFAULT,
	    .name = STR("a@b"), .weight = 100 });
	peer(&n2, "n2");
	peer(&n3, "n3");
	says(&n2, "o x n2");
	names(&n2, KIND_ANNOUNCE, FAMILY_ENDPOINT, "o", "a@b");
	names(&n2, KIND_ANNOUNCE, FAMILY_NODE, "o", "leaf");
	says_as(&n1, "o n1", evil);
	ok(next_is("o", &n2), "a node of ours is not where another cluster says, however near");
	says(&n3, "n1 n3");
	ok(next_is("n1", &n3), "nor is it who links with us by its id");
	ok(fib_endpoint(&f.fib, STR("a@b"))->port == &n2.port, "an address is with our own cluster first");
	says_as(&n1, "leaf n1", evil);
	forget_all();
	fake_say(&client, (struct envelope){ .kind = KIND_REQUEST, .hops = 8, .id = 1, .to = STR("leaf"), .subject = STR("s/m") });
	ok(fake_hears(&n2, KIND_REQUEST), "a leaf behind a hub of ours stays there, whatever route there is to its id");
	is_int(border_takes_message(&f, &n1.port, &e, &err), E_scope, "a message of another cluster is not from an address of ours");
	ok(!event_comes(&n1, "n1", 0xff, 1), "nor do events of ours come from there");
	ok(event_comes(&n2, "x n2", 5, 1), "they come by our way");
	unsays(&n2, "o");
	says(&n2, "o x n2");
	names(&n2, KIND_ANNOUNCE, FAMILY_ENDPOINT, "o", "a@b");
	ok(next_is("o", NULL), "while our own way is held down, that of the other cluster is none");
	is_int(border_takes_message(&f, &n1.port, &e, &err), E_scope, "... and the address is still ours");
	unsays(&n2, "o");
	fake_wait(&f, 61000);
	ok(next_is("o", &n1) && event_comes(&n1, "n1", 0xff, 1), "once ours is forgotten, the id is that of the other cluster");
	says(&n2, "o x n2");
	ok(event_comes(&n2, "x n2", 5, 2), "which makes no later event of ours old");
	end();
}

int
main(void)
{
	scores();
	orders();
	latency();
	choosing();
	other_clusters();
	return done();
}
