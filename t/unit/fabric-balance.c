/* fabric-balance.c - which instance: each strategy keeps its word, and policy may choose it. */
#include "fakeasker.h"
#include "fakeport.h"

enum { INSTANCES = 4, MANY = 40000 };

static struct fabric f;
static struct fake self, caller, instance[INSTANCES], hub;
static struct asker asker;
static const struct fabric_ops ops = { NULL };

static struct claim *
claim_of(int i)
{
	return fib_claim(&f.fib, &instance[i].port, FAMILY_SERVICE, STR("s"), STR(""));
}

static void
begin(uint32_t hooks)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000 }, &ops);
	f.fib.random = 42;
	asker_open(&f, &asker);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &caller, PORT_CLIENT, "caller");
	fake_open(&f, &hub, PORT_CHILD, "hub");
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "s", "", 0);
	for (int i = 0; i < INSTANCES; i++) {
		fake_open(&f, &instance[i], PORT_CLIENT, names[i]);
		fake_attach(&instance[i], FAMILY_SERVICE, "s", "", "", 0);
		fake_forget(&instance[i]);
	}
	if (hooks)
		asker_policy(&f, 1, hooks);
}

static void
end(void)
{
	fake_wait(&f, 3000);
	ok(fabric_is_idle(&f), "nothing is left behind");
	fake_free(&caller);
	fake_free(&hub);
	for (int i = 0; i < INSTANCES; i++)
		fake_free(&instance[i]);
	fake_free(&self);
	fabric_free(&f);
}

static int
choose(unsigned strategy, const char *sticky, uint32_t number)
{
	struct ask ask = { .service = STR("s"), .method = STR("m"), .by_strategy = true,
	    .strategy = (uint8_t)strategy, .sticky = str(sticky), .instance = number, .now = f.now };
	struct claim *c;
	struct name *name;

	if (fib_choose(&f.fib, &ask, &c, &name) != CHOSEN_ONE)
		return -2;
	for (int i = 0; i < INSTANCES; i++)
		if (c->port == &instance[i].port)
			return i;
	return -1;	/* the one behind the link */
}

static void
shares(void)
{
	int got[INSTANCES] = { 0 }, elsewhere = 0;

	begin(0);
	for (int i = 0; i < INSTANCES; i++)
		claim_of(i)->weight = (uint32_t)(i + 1) * 100;
	for (int i = 0; i < MANY; i++) {
		int k = choose(STRATEGY_WEIGHTED, "", 0);

		if (k < 0)
			elsewhere++;
		else
			got[k]++;
	}
	is_int(elsewhere, 0, "local instances before others");
	for (int i = 0; i < INSTANCES; i++)
		ok(got[i] > MANY / 10 * (i + 1) * 9 / 10 && got[i] < MANY / 10 * (i + 1) * 11 / 10,
		    "weighted: instance %d has its share (%d)", i, got[i]);
	memset(got, 0, sizeof got);
	for (int i = 0; i < MANY; i++)
		got[choose(STRATEGY_RANDOM, "", 0)]++;
	for (int i = 0; i < INSTANCES; i++)
		ok(got[i] > MANY / 4 * 9 / 10 && got[i] < MANY / 4 * 11 / 10, "random: as many each (%d)", got[i]);
	memset(got, 0, sizeof got);
	for (int i = 0; i < 400; i++)
		got[choose(STRATEGY_ROUND_ROBIN, "", 0)]++;
	ok(got[0] == 100 && got[1] == 100 && got[2] == 100 && got[3] == 100, "round_robin: exactly as many each");
	for (int i = 0; i < INSTANCES; i++)
		claim_of(i)->in_flight = i == 2 ? 1 : 50;
	is_int(choose(STRATEGY_LEAST_INFLIGHT, "", 0), 2, "least_inflight: the one with the least to do");
	claim_of(2)->max_concurrency = 1;
	for (int i = 0; i < 100; i++)
		if (choose(i % 2 ? STRATEGY_RANDOM : STRATEGY_WEIGHTED, "", 0) == 2)
			ok(false, "an instance without room was chosen");
	for (int i = 0; i < INSTANCES; i++)
		claim_of(i)->in_flight = 0;
	end();
}

static void
sticky(void)
{
	int before[1000], moved = 0, kept = 0, used[INSTANCES] = { 0 };
	char value[32];

	begin(0);
	for (int i = 0; i < 1000; i++) {
		snprintf(value, sizeof value, "user%d@x", i);
		before[i] = choose(STRATEGY_STICKY, value, 0);
		used[before[i]]++;
		moved += choose(STRATEGY_STICKY, value, 0) != before[i];
	}
	is_int(moved, 0, "a value goes with one instance");
	for (int i = 0; i < INSTANCES; i++)
		ok(used[i] > 150 && used[i] < 350, "instance %d has its part of them (%d)", i, used[i]);
	fake_down(&instance[1]);
	moved = 0;
	for (int i = 0; i < 1000; i++) {
		snprintf(value, sizeof value, "user%d@x", i);
		if (before[i] == 1)
			moved += choose(STRATEGY_STICKY, value, 0) != 1;
		else
			kept += choose(STRATEGY_STICKY, value, 0) == before[i];
	}
	is_int(moved, used[1], "when it leaves, its own go elsewhere");
	is_int(kept, 1000 - used[1], "and nobody else's");
	end();
}

static void
latency(void)
{
	int got[INSTANCES] = { 0 };
	struct mono sent;

	begin(0);
	for (int i = 0; i < INSTANCES; i++)	/* two are slow */
		for (int n = 0; n < 20; n++) {
			sent = f.now;
			balance_answered(claim_of(i), sent, mono_add_ms(sent, i < 2 ? 100 : 1), false);
		}
	for (int i = 0; i < 4000; i++)
		got[choose(STRATEGY_LATENCY, "", 0)]++;
	ok(got[2] + got[3] > 3000 && got[0] + got[1] < 1000, "latency: the fast ones (%d, %d, %d, %d)",
	    got[0], got[1], got[2], got[3]);
	claim_of(2)->in_flight = claim_of(3)->in_flight = 1000;
	memset(got, 0, sizeof got);
	for (int i = 0; i < 4000; i++)
		got[choose(STRATEGY_LATENCY, "", 0)]++;
	ok(got[0] + got[1] > 3000, "unless they have much to do");
	claim_of(2)->in_flight = claim_of(3)->in_flight = 0;
	balance_answered(claim_of(0), f.now, f.now, true);
	ok(claim_of(0)->latency_us > 90000, "failing fast is not being fast");
	fake_wait(&f, 300000);
	memset(got, 0, sizeof got);
	for (int i = 0; i < 4000; i++)
		got[choose(STRATEGY_LATENCY, "", 0)]++;
	ok(got[0] + got[1] > 1000, "one that was slow long ago is tried again");
	end();
}

static int
asked_instance(void)
{
	int at = -1;

	for (int i = 0; i < INSTANCES; i++)
		if (fake_hears(&instance[i], KIND_REQUEST)) {
			at = i;
			fake_reply(&instance[i], instance[i].e.id, 0, "");
			fake_forget(&caller);
		}
	if (fake_hears(&hub, KIND_REQUEST)) {
		at = INSTANCES;
		fake_reply(&hub, hub.e.id, 0, "");
		fake_forget(&caller);
	}
	return at;
}

static void
by_policy(void)
{
	struct instance i;
	struct str run;
	int first, count = 0;

	begin(HOOKS(BALANCE));
	fake_forget(&hub);
	fake_ask(&caller, 1, "s/m");
	ok(asked_instance() >= 0, "a request does not wait for the strategy");
	ok(asker_next(&asker) && asker.q.hook == HOOK_BALANCE && asker.q.how & ASK_BACKGROUND,
	    "which is asked in the background");
	is_str(asker.q.subject, "s", "of the service");
	for (run = asker.q.instances; instance_next(&run, &i); )
		count++;
	is_int(count, INSTANCES + 1, "with all instances");
	fake_ask(&caller, 2, "s/m");
	asked_instance();
	is_int(asker.count, 1, "once");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_STRATEGY, .strategy = STRATEGY_STICKY,
	    .sticky_field = FIELD_from, .keep_ms = 5000 });
	fake_ask(&caller, 3, "s/m");
	first = asked_instance();
	for (uint64_t id = 4; id < 14; id++) {
		fake_ask(&caller, id, "s/m");
		if (asked_instance() != first)
			ok(false, "sticky by policy");
	}
	is_int(asker.asks, 1, "it is kept");
	fake_wait(&f, 6000);
	fake_ask(&caller, 20, "s/m");
	is_int(asked_instance(), first, "for its time, and until the next answer");
	is_int(asker.asks, 2, "which is asked for then");

	/* pick */
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_PICK, .instance = 1 });
	fake_ask(&caller, 21, "s/m");
	is_int(asked_instance(), -1, "a policy that picks is waited for");
	ok(asker_next(&asker) && !(asker.q.how & ASK_BACKGROUND), "and asked");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_PICK, .instance = claim_of(3)->number });
	is_int(asked_instance(), 3, "it goes where policy says");
	fake_ask(&caller, 22, "s/m");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_PICK,
	    .instance = fib_claim(&f.fib, &hub.port, FAMILY_SERVICE, STR("s"), STR(""))->number });
	is_int(asked_instance(), INSTANCES, "also to one behind a link");
	fake_ask(&caller, 23, "s/m");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_PICK, .instance = 999 });
	ok(asked_instance() >= 0, "one that is not there: the strategy of the settings");
	fake_ask(&caller, 24, "s/m");
	fake_ask(&caller, 25, "s/m");
	is_int(asker.count, 2, "picks do not wait for each other");
	fake_wait(&f, 100);
	ok(asked_instance() >= 0, "no answer in time: the same");
	asker_take(&asker);
	asker_take(&asker);
	fake_ask(&caller, 26, "s/m");
	gate_lost(&f);
	ok(asked_instance() >= 0, "nobody to ask any more: the same");
	asker_take(&asker);
	fake_ask(&caller, 27, "s/m");
	ok(asked_instance() >= 0, "and then at once");
	end();
}

int
main(void)
{
	shares();
	sticky();
	latency();
	by_policy();
	asker_close(&asker);
	return done();
}
