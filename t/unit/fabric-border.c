/* fabric-border.c - what crosses between clusters, with whole hubs: mpreg.md 2.5 and 13.2 A. */
#include "fabric/border.h"
#include "fabric/cluster.h"
#include "routesim.h"

enum { ALPHA, BETA, GAMMA, INNER };	/* INNER: a second hub of alpha */

static struct federation rules[4];

static void
begin(void)
{
	static const char *const clusters[] = { "alpha", "beta", "gamma", "alpha" };

	hubs_open(4, 7);
	hubs.refuse = true;
	hubs.refusals = 0;
	for (int i = 0; i < 4; i++) {
		struct hub *h = &hubs.hub[i];

		rules[i] = (struct federation){ .mode = EXPLICIT_BRIDGING, .requests_per_minute = 100 };
		h->cluster = clusters[i];
		fabric_set_cluster(&h->f, str(clusters[i]));
		h->f.federation = &rules[i];
	}
	for (int i = 0; i < 4; i++)
		hub_serve(&hubs.hub[i], i, true);
}

static void
allow(int who, const char *cluster)
{
	rules[who].allowed.at[rules[who].allowed.count++] = cluster;
}

static void
link_all(void)
{
	hubs_link(INNER, ALPHA);
	hubs_link(ALPHA, BETA);
	hubs_link(BETA, GAMMA);
	hubs_settle();
}

/* The service of `at`, asked by `by`: E_NONE, or how it failed. */
static enum error
ask(int by, int at)
{
	struct hub *h = &hubs.hub[by];
	unsigned answered = h->answered, executed = hubs.hub[at].executed;
	char subject[16];

	snprintf(subject, sizeof subject, "s%d/m", at);
	h->error = E_NONE;
	hub_ask(h, subject);
	hubs_settle();
	if (h->answered == answered + 1 && hubs.hub[at].executed == executed + 1)
		return E_NONE;
	return h->answered == answered + 1 ? E_COUNT : h->error;	/* E_COUNT: somebody else did */
}

static void
neighbours(void)
{
	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha"), allow(INNER, "beta");
	link_all();
	is_int(ask(ALPHA, BETA), E_NONE, "a service of the neighbouring cluster is called");
	is_int(ask(BETA, ALPHA), E_NONE, "and the other way");
	is_int(ask(INNER, BETA), E_NONE, "by a hub that has no link to it, through its own border");
	is_int(ask(BETA, INNER), E_NONE, "and that hub is reached");
	hubs_close();
	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha");
	link_all();
	is_int(ask(INNER, BETA), E_no_route, "a hub that does not allow the cluster takes no route to it, whoever tells it");
	is_int(ask(BETA, INNER), E_cluster_isolated, "... and no message from it");
	ok(strncmp(hubs.hub[BETA].why, "2111 ", 5) == 0, "... with the code: %s", hubs.hub[BETA].why);
	is_int(ask(ALPHA, BETA), E_NONE, "its own border still does");
	hubs_close();
}

static void
own_first(void)
{
	unsigned before;

	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha"), allow(INNER, "beta");
	for (int i = 0; i < 3; i++)
		hub_serve(&hubs.hub[BETA], i, true);
	hub_serve(&hubs.hub[INNER], 2, true);
	link_all();
	before = hubs.hub[INNER].executed;
	for (int i = 0; i < 10; i++) {
		hub_ask(&hubs.hub[ALPHA], "s2/m");
		hub_ask(&hubs.hub[ALPHA], "s0/m");
		hubs_settle();
	}
	is_int(hubs.hub[BETA].executed, 0, "mpreg 17: the own cluster comes first");
	is_int(hubs.hub[INNER].executed - before, 10, "mpreg 17: also when it is another node");
	hub_serve(&hubs.hub[INNER], 2, false);
	hubs_settle();
	is_int(ask(ALPHA, GAMMA), E_COUNT, "mpreg 17: then the other one serves");
	hubs_close();
}

static void
transit(void)
{
	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha"), allow(BETA, "gamma"), allow(GAMMA, "beta"), allow(INNER, "beta");
	link_all();
	is_int(ask(ALPHA, GAMMA), E_no_route, "mpreg 8: transit is off: gamma is not known at alpha");
	ok(rib_origin(&hubs.hub[ALPHA].f, STR("h2")) == NULL, "not even by name");
	is_int(ask(BETA, GAMMA), E_NONE, "beta itself reaches it");
	hubs_close();

	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha"), allow(BETA, "gamma"), allow(GAMMA, "beta"), allow(INNER, "beta");
	rules[BETA].transit.at[rules[BETA].transit.count++] = "on";
	link_all();
	is_int(ask(ALPHA, GAMMA), E_no_route, "mpreg 8: transit on, but alpha does not allow gamma: no route");
	ok(hubs.refusals > 0, "who tells it is told no");
	hubs_close();

	begin();
	allow(ALPHA, "beta"), allow(ALPHA, "gamma"), allow(BETA, "alpha"), allow(BETA, "gamma"), allow(GAMMA, "beta");
	rules[BETA].transit.at[rules[BETA].transit.count++] = "on";
	link_all();
	is_int(ask(ALPHA, GAMMA), E_cluster_isolated, "mpreg 8: gamma does not allow alpha: it refuses the message");
	ok(strncmp(hubs.hub[ALPHA].why, "2111 ", 5) == 0, "... with the code: %s", hubs.hub[ALPHA].why);
	is_int(hubs.hub[GAMMA].executed, 0, "... and nothing ran");
	hubs_close();

	begin();
	allow(ALPHA, "beta"), allow(ALPHA, "gamma"), allow(BETA, "alpha"), allow(BETA, "gamma");
	allow(GAMMA, "beta"), allow(GAMMA, "alpha");
	rules[BETA].transit.at[rules[BETA].transit.count++] = "on";
	link_all();
	is_int(ask(ALPHA, GAMMA), E_NONE, "mpreg 8: with all of it allowed it works");
	is_int(ask(GAMMA, ALPHA), E_NONE, "and back");
	rules[BETA].transit.count = 0;
	is_int(ask(ALPHA, GAMMA), E_cluster_isolated, "transit taken away: each message is asked about, too");
	hubs_close();
}

static void
functions(void)
{
	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha"), allow(INNER, "beta");
	rules[ALPHA].blocked_functions.at[rules[ALPHA].blocked_functions.count++] = "s0";
	link_all();
	is_int(ask(BETA, ALPHA), E_no_route, "mpreg 9: what is blocked is not seen abroad");
	is_int(ask(INNER, ALPHA), E_NONE, "mpreg 9: and works at home");
	is_int(ask(BETA, INNER), E_NONE, "what is not blocked is");
	rules[ALPHA].blocked_functions.count = 0;
	rules[ALPHA].blocked_functions.at[rules[ALPHA].blocked_functions.count++] = "s3";
	is_int(ask(BETA, INNER), E_denied, "mpreg 9: a message for it that comes all the same is refused");
	ok(strncmp(hubs.hub[BETA].why, "2112 ", 5) == 0, "... with the code: %s", hubs.hub[BETA].why);
	route_renew(&hubs.hub[ALPHA].f);
	hubs_settle();
	is_int(ask(BETA, INNER), E_no_route, "mpreg 12: after a reload it is not seen any more");
	is_int(ask(BETA, ALPHA), E_NONE, "... and what is open now is");
	hubs_settle();
	ok(!hubs_agree(), "both ends of each link know the same");
	allow(ALPHA, "gamma"), allow(BETA, "gamma"), allow(GAMMA, "beta"), allow(GAMMA, "alpha");
	rules[BETA].transit.at[rules[BETA].transit.count++] = "on";
	route_renew(&hubs.hub[BETA].f);
	route_renew(&hubs.hub[ALPHA].f);
	route_renew(&hubs.hub[GAMMA].f);
	hubs_settle();
	is_int(ask(ALPHA, GAMMA), E_NONE, "mpreg 12: a reload that opens a way opens it at once");
	rules[ALPHA].allowed.count--;
	route_renew(&hubs.hub[ALPHA].f);
	hubs_settle();
	is_int(ask(ALPHA, GAMMA), E_no_route, "... and one that closes it, too");
	hubs_close();
}

static void
rates(void)
{
	unsigned served = 0;

	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha"), allow(INNER, "beta");
	rules[ALPHA].requests_per_minute = 3;
	link_all();
	for (int i = 0; i < 10; i++)
		served += ask(BETA, ALPHA) == E_NONE;
	is_int(served, 3, "requests of one foreign cluster have a rate");
	is_int(hubs.hub[BETA].error, E_overloaded, "what is over it is told so");
	is_int(ask(INNER, ALPHA), E_NONE, "own hubs have none");
	hubs_close();
}

/* What a neighbour may say, and may not, byte by byte. */
static void
lies(void)
{
	static const struct { const char *what, *run[3]; bool known; } cases[] = {
		{ "mpreg 7: a route of a cluster that is not allowed", { "gamma", "beta", NULL }, false },
		{ "a route that does not come from its sender's cluster", { "gamma", NULL, NULL }, false },
		{ "a route that has left our own cluster", { "alpha", "beta", NULL }, false },
		{ "a route without a cluster", { NULL, NULL, NULL }, false },
		{ "its own route", { "beta", NULL, NULL }, true },
	};

	begin();
	allow(ALPHA, "beta"), allow(BETA, "alpha");
	hubs_link(ALPHA, BETA);
	hubs_settle();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t room[512], path[128], clusters[128], *at;
		struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
		struct announcement a = { .family = FAMILY_NODE, .name = STR("liar"), .weight = 1, .hops = 9,
		    .epoch = 1, .lifetime_ms = 1000000 };
		struct origin *o;

		at = tlv_write(path, META_path, STR("liar"));
		at = tlv_write(at, META_path, STR("h1"));
		a.path = (struct str){ (char *)path, (size_t)(at - path) };
		at = clusters;
		for (int k = 0; cases[i].run[k]; k++)
			at = tlv_write(at, META_cluster, str(cases[i].run[k]));
		a.clusters = (struct str){ (char *)clusters, (size_t)(at - clusters) };
		announcement_put(&b, &a);
		fabric_receive(&hubs.hub[ALPHA].f, &hubs.hub[ALPHA].links[BETA].port,
		    &(struct envelope){ .kind = KIND_ANNOUNCE, .hops = 1, .payload = buf_view(&b) });
		hubs_settle();
		o = rib_origin(&hubs.hub[ALPHA].f, STR("liar"));
		ok((o && o->best) == cases[i].known, "%s", cases[i].what);
	}
	ok(rib_way(&hubs.hub[ALPHA].f, STR("h1")) != NULL, "mpreg 7: what it said truly stays");
	hubs_close();
}

int
main(void)
{
	neighbours();
	own_first();
	transit();
	functions();
	rates();
	lies();
	return done();
}
