/* fabric-flow.c - a verdict answers all that it was read from and nothing else, until something ends it. */
#include "fabric/flow.h"
#include "tap.h"
#include "wire/hello.h"

static struct peer_facts peer = { .number = 1, .role = ROLE_LEAF, .node = { "site-a", 6 } };
static struct question questions[4];	/* of the last messages */
static struct subject subjects[4];

static struct mono
at_ms(uint64_t ms)
{
	return (struct mono){ 7000000 + ms * 1000 };
}

/* A message; good for three more. */
static struct subject *
msg(const char *from, const char *to, const char *subject)
{
	static unsigned turn;
	unsigned i = turn++ % 4;

	questions[i] = (struct question){ .kind = KIND_REQUEST, .from = str(from), .to = str(to),
	    .subject = str(subject) };
	subjects[i] = (struct subject){ &questions[i], &peer };
	return &subjects[i];
}

static struct verdict
reads(uint32_t read, uint32_t rule)
{
	return (struct verdict){ .answer = ANSWER_ALLOW, .keep_ms = FOREVER, .read = read, .rule = rule };
}

static struct flow *
keep(struct flows *fl, struct subject *s, struct verdict v)
{
	return flow_install(fl, NULL, NULL, s, &v, STR(""), at_ms(0));
}

static uint32_t
rule_of(const struct flow *f)	/* UINT32_MAX: none */
{
	return f ? f->rule : UINT32_MAX;
}

static bool
finds(struct flows *fl, struct subject *s, uint32_t rule)
{
	return rule_of(flow_find(fl, s, at_ms(0))) == rule;
}

static struct str
run_of(struct buf *b, unsigned field, enum test_op op, bool result, const char *what)
{
	struct test t = { (uint8_t)field, (uint8_t)op, result, str(what) };

	buf_eat(b, buf_len(b));
	test_put(b, &t);
	return buf_view(b);
}

enum { TO = 1 << FIELD_to, FROM = 1 << FIELD_from };

static void
basics(void)
{
	struct flows fl;
	struct verdict v = reads(TO, 1);
	struct flow *f;

	flows_init(&fl, 100);
	ok(flow_find(&fl, msg("a@x", "b@y", "s/m"), at_ms(0)) == NULL, "of an empty table nothing is known");
	v.answer = ANSWER_DENY;
	v.error = E_busy;
	v.reason = str("no");
	v.via = str("site-b");
	v.to = str("c@z");
	v.subject = str("t/n");
	f = flow_install(&fl, NULL, NULL, msg("a@x", "b@y", "s/m"), &v, str("question"), at_ms(0));
	ok(f && flow_find(&fl, msg("q@q", "b@y", "other"), at_ms(0)) == f, "what was not read may differ");
	ok(f->answer == ANSWER_DENY && f->error == E_busy && f->rule == 1 && str_is(f->reason, "no") &&
	    str_is(f->via, "site-b") && str_is(f->to, "c@z") && str_is(f->subject, "t/n") &&
	    str_is(f->question, "question") && f->forever && f->values.n == 5, "a flow has the verdict");
	ok(!flow_find(&fl, msg("a@x", "b@z", "s/m"), at_ms(0)), "what was read may not");
	ok(!flow_find(&fl, msg("a@x", "b@", "s/m"), at_ms(0)) && !flow_find(&fl, msg("a@x", "", "s/m"), at_ms(0)),
	    "nor be shorter");
	is_int((long long)fl.hits, 1, "hits are counted");
	is_int((long long)fl.misses, 4, "and misses");
	keep(&fl, msg("a@x", "b.z", "s/m"), reads(FROM | 1u << FIELD_service, 2));
	ok(finds(&fl, msg("a@x", "", "s/other"), 2), "another mask");
	ok(finds(&fl, msg("a@x", "b@y", "t/m"), 1), "beside the first");
	is_int(fl.mask_count, 2, "two masks");
	f = keep(&fl, msg("k@k", "b@y", "s/m"), reads(TO, 3));
	is_int(fl.count, 2, "the same mask and values replace");
	ok(finds(&fl, msg("a@x", "b@y", ""), 3), "the later verdict holds");
	flow_drop(&fl, f);
	ok(finds(&fl, msg("q@x", "b@y", "s/m"), UINT32_MAX), "a dropped one is gone");
	is_int(fl.mask_count, 1, "and with the last of it the mask");
	keep(&fl, msg("q@x", "b@y", "s/m"), reads(0, 4));
	ok(finds(&fl, msg("any", "thing", "at/all"), 4), "a policy that reads nothing decides once");
	flows_free(&fl);

	flows_init(&fl, 100);
	keep(&fl, msg("a@x", "b", "s/m"), reads(FROM | TO, 1));
	ok(finds(&fl, msg("a@", "xb", "s/m"), UINT32_MAX), "values do not run into one another");
	keep(&fl, msg("a", "b@oslo.net", "s/m"), reads(1u << FIELD_to_domain | 1u << FIELD_peer_node, 2));
	ok(finds(&fl, msg("c", "d@oslo.net", "s/m"), 2), "a derived field is read as it is cut");
	peer.node = str("site-b");
	ok(finds(&fl, msg("c", "d@oslo.net", "s/m"), UINT32_MAX), "fields of the peer count");
	peer.node = str("site-a");
	flows_free(&fl);
	flows_init(&fl, 0);
	ok(!keep(&fl, msg("a", "b", "c"), reads(0, 1)) && !flow_find(&fl, msg("a", "b", "c"), at_ms(0)),
	    "a table of no flows keeps none");
	flows_free(&fl);
	flows_init(&fl, 1);
	keep(&fl, msg("a", "b", "c"), reads(TO, 1));
	keep(&fl, msg("a", "c", "c"), reads(TO, 2));
	ok(finds(&fl, msg("a", "b", "c"), UINT32_MAX) && finds(&fl, msg("a", "c", "c"), 2) && fl.count == 1,
	    "one of one flow keeps the last");
	flows_free(&fl);
}

static void
tests(void)
{
	struct verdict v = reads(0, 1);
	struct test t = { FIELD_to, TEST_IS, 0, STR("none@at-all") };
	struct flows fl;
	struct buf b;

	buf_init(&b, 1000);
	flows_init(&fl, 100);
	v.tests = run_of(&b, FIELD_to, TEST_UNDER, true, "*.home.net");
	ok(keep(&fl, msg("a", "b@home.net", "s/m"), v) != NULL, "a verdict that only tested is kept");
	ok(finds(&fl, msg("z", "c@x.home.net", "t/n"), 1), "it answers all that the test holds for");
	ok(finds(&fl, msg("z", "c@oslo.net", "t/n"), UINT32_MAX), "not the others");
	v.rule = 2;
	v.tests = run_of(&b, FIELD_to, TEST_UNDER, false, "*.home.net");
	keep(&fl, msg("a", "b@oslo.net", "s/m"), v);
	ok(finds(&fl, msg("z", "q@paris.net", "t/n"), 2) && finds(&fl, msg("z", "q@home.net", "t/n"), 1),
	    "two results of one test are two flows");
	is_int(fl.mask_count, 1, "of one mask");
	v.tests = run_of(&b, FIELD_to, TEST_UNDER, true, "*.home.net");
	ok(!keep(&fl, msg("a", "b@oslo.net", "s/m"), v), "a test that does not hold as it says is not believed");
	is_int(fl.mask_count, 1, "and leaves no mask");
	run_of(&b, FIELD_to, TEST_UNDER, false, "*.home.net");
	test_put(&b, &t);
	test_put(&b, &t);
	v.tests = buf_view(&b);
	v.read = FROM;
	v.rule = 3;
	ok(keep(&fl, msg("a", "b@rome.net", "s/m"), v) != NULL, "a test may be said twice");
	is_int(fl.mask_count, 2, "fields and tests together are another mask");
	ok(finds(&fl, msg("a", "none@at-all", "s/m"), 2), "where one of its tests differs, it does not answer");
	buf_free(&b);
	flows_free(&fl);
}

static void
bounds(void)
{
	char long_name[FLOW_BYTES + 2], what[32];
	struct verdict v = reads(0, 1);
	struct flows fl;
	struct buf b;
	unsigned kept = 0;

	buf_init(&b, 100000);
	flows_init(&fl, 1000);
	for (unsigned i = 0; i < MASKS_MAX + 5; i++)
		kept += keep(&fl, msg("a", "b", "s/m"), reads(1u << i % FIELD_COUNT | (i < FIELD_COUNT ? 0 : 1u << FIELD_peer_admin), i)) != NULL;
	is_int(kept, MASKS_MAX, "so many masks, and no more");
	is_int((long long)fl.unkept, 5, "the others are counted");
	while (!list_empty(&fl.all))
		flow_drop(&fl, list_of(fl.all.next, struct flow, all));
	is_int(fl.mask_count, 0, "without flows no mask is left");
	for (unsigned i = 0; i < TEST_POOL; i += TESTS_MAX) {
		buf_eat(&b, buf_len(&b));
		for (unsigned j = 0; j < TESTS_MAX; j++) {
			struct test t = { FIELD_to, TEST_IS, 0, STR("") };

			snprintf(what, sizeof what, "test%u", i + j);
			t.what = str(what);
			test_put(&b, &t);
		}
		v.tests = buf_view(&b);
		kept += keep(&fl, msg("a", "b", "s/m"), v) != NULL;
	}
	is_int(kept, MASKS_MAX + TEST_POOL / TESTS_MAX, "as many tests as the pool holds");
	v.tests = run_of(&b, FIELD_to, TEST_IS, false, "one more");
	ok(!keep(&fl, msg("a", "b", "s/m"), v), "one more is not kept");
	v.tests = run_of(&b, FIELD_to, TEST_IS, false, "test1");
	ok(keep(&fl, msg("a", "b", "s/m"), v) != NULL, "one that is known is");
	flow_drop(&fl, list_of(fl.all.next, struct flow, all));
	v.tests = run_of(&b, FIELD_to, TEST_IS, false, "one more");
	ok(keep(&fl, msg("a", "b", "s/m"), v) != NULL, "tests that nobody uses give way");
	memset(long_name, 'a', sizeof long_name);
	long_name[FLOW_BYTES - 2] = '\0';
	ok(keep(&fl, msg("a", long_name, "s"), reads(TO, 1)) != NULL, "values up to the bound of a flow");
	long_name[FLOW_BYTES - 2] = 'a';
	long_name[FLOW_BYTES - 1] = '\0';
	ok(!keep(&fl, msg("a", long_name, "s"), reads(TO, 1)), "a byte more is not kept");
	ok(sizeof(struct flow) <= 256, "a flow is small: %zu bytes", sizeof(struct flow));
	ok(sizeof(struct flows) <= 40 * 1024, "the table's head, too: %zu bytes", sizeof(struct flows));
	buf_free(&b);
	flows_free(&fl);
}

static void
time_passes(void)
{
	struct verdict v = reads(TO, 1);
	struct flows fl;

	flows_init(&fl, 100);
	v.keep_ms = 0;
	ok(!keep(&fl, msg("a", "b", "c"), v), "a verdict for one message only is not kept");
	is_int((long long)fl.unkept, 0, "which is nobody's fault");
	v.keep_ms = 1000;
	keep(&fl, msg("a", "b", "c"), v);
	ok(flow_find(&fl, msg("a", "b", "c"), at_ms(999)), "up to its time a flow answers");
	ok(!flow_find(&fl, msg("a", "b", "c"), at_ms(1000)), "then not");
	is_int(fl.count, 0, "and is gone");
	keep(&fl, msg("a", "b", "c"), reads(TO, 2));
	v.keep_ms = FOREVER - 1;
	keep(&fl, msg("a", "x", "c"), v);
	ok(!flow_find(&fl, msg("a", "x", "c"), at_ms(UINT32_MAX)), "49 days later, too");
	ok(flow_find(&fl, msg("a", "b", "c"), at_ms((uint64_t)1 << 50)), "for ever is for ever");
	flows_free(&fl);
}

static void
names_change(void)
{
	struct verdict v = reads(TO, 1);
	struct flows fl;
	struct buf b;

	buf_init(&b, 1000);
	flows_init(&fl, 100);
	lookup_put(&b, FAMILY_SERVICE, str("shop"));
	lookup_put(&b, FAMILY_ENDPOINT, str("a@b"));
	v.lookups = buf_view(&b);
	v.seen = 10;
	ok(keep(&fl, msg("a", "b", "c"), v) != NULL, "a verdict that looked names up is kept");
	keep(&fl, msg("a", "other", "c"), reads(TO, 2));
	flows_name_changed(&fl, FAMILY_SERVICE, str("shoe"), 11);
	ok(finds(&fl, msg("a", "b", "c"), 1), "another name may change");
	flows_name_changed(&fl, FAMILY_SERVICE, str("shop"), 10);
	ok(finds(&fl, msg("a", "b", "c"), 1), "what it has seen already may");
	flows_name_changed(&fl, FAMILY_ENDPOINT, str("a@b"), 12);
	ok(finds(&fl, msg("a", "b", "c"), UINT32_MAX), "a change of its name ends it");
	ok(finds(&fl, msg("a", "other", "c"), 2), "not one that looked nothing up");
	ok(!keep(&fl, msg("a", "b", "c"), v), "an answer from before the change is not kept");
	v.seen = 12;
	ok(keep(&fl, msg("a", "b", "c"), v) != NULL, "one from after it is");
	flows_name_changed(&fl, FAMILY_ENDPOINT, str("*@z"), 13);
	ok(finds(&fl, msg("a", "b", "c"), UINT32_MAX), "a pattern may cover any name");
	ok(!keep(&fl, msg("a", "b", "c"), v), "also for an answer from before it");
	v.seen = 20;
	buf_eat(&b, buf_len(&b));
	lookup_put(&b, FAMILY_ENDPOINT, str("*@b"));
	v.lookups = buf_view(&b);
	ok(!keep(&fl, msg("a", "b", "c"), v), "a look-up of a pattern cannot be watched");
	buf_free(&b);
	flows_free(&fl);
}

static void
generations(void)
{
	struct flows fl;
	unsigned old = 0;

	flows_init(&fl, 1000);
	flows_policy(&fl, 1, false);
	for (unsigned i = 0; i < 100; i++) {
		char to[16];

		snprintf(to, sizeof to, "n%u", i);
		keep(&fl, msg("a", to, "c"), reads(TO, i));
	}
	keep(&fl, msg("a", "both", "c"), reads(TO, 500));
	flows_policy(&fl, 2, true);
	ok(finds(&fl, msg("a", "n7", "c"), 7), "during a reload the flows of before answer");
	keep(&fl, msg("a", "n7", "c"), reads(FROM, 1007));
	ok(finds(&fl, msg("a", "n8", "c"), 1007), "not where the new policy has answered, whatever it read");
	keep(&fl, msg("k", "both", "c"), reads(TO, 501));
	ok(finds(&fl, msg("k", "both", "c"), 501), "a new answer takes the place of the old");
	is_int(fl.count, 102, "in the table, too");
	ok(finds(&fl, msg("k", "n9", "c"), 9), "others still answer");
	flows_policy(&fl, 3, true);
	ok(finds(&fl, msg("k", "n9", "c"), UINT32_MAX), "a second reload: only the last generation does");
	ok(finds(&fl, msg("a", "n1", "c"), 1007), "which is this one");
	flows_policy(&fl, 3, false);
	ok(finds(&fl, msg("a", "n1", "c"), UINT32_MAX), "when the reload is over nothing of before answers");
	keep(&fl, msg("a", "n1", "c"), reads(TO, 3000));
	while (flows_drop_old(&fl, 10) == 10)
		old += 10;
	ok(old >= 70 && fl.count == 1, "the old ones are freed a few at a time: %u in tens", old);
	is_int(flows_drop_old(&fl, 10), 0, "then none is left");
	ok(finds(&fl, msg("a", "n1", "c"), 3000), "what is new stays");
	is_int(fl.mask_count, 1, "with its mask");
	flows_policy(&fl, 4, false);
	for (unsigned i = 0; i < 50; i++) {
		char to[16];

		snprintf(to, sizeof to, "m%u", i);
		keep(&fl, msg("a", to, "c"), reads(TO, i));
	}
	is_int(fl.count, 50, "installs free them as well");
	flows_free(&fl);
}

static void
limiters(void)
{
	struct verdict v = reads(TO, 1);
	struct flow *f, *g, *again;
	struct flows fl;

	flows_init(&fl, 100);
	v.limit = str("slow");
	v.limit_rate = 1000;
	v.limit_burst = 2;
	v.limit_field = FIELD_from;
	f = keep(&fl, msg("a@x", "b", "c"), v);
	ok(f && f->limiter, "a flow with a limit has a bucket");
	ok(!flow_find(&fl, msg("b@x", "b", "c"), at_ms(0)), "the field that sets buckets apart sets flows apart");
	g = keep(&fl, msg("b@x", "b", "c"), v);
	ok(g && g->limiter && g->limiter != f->limiter, "so another has its own");
	again = keep(&fl, msg("a@x", "c", "c"), v);
	ok(again && again->limiter == f->limiter, "two flows of one value share theirs");
	ok(limiter_take(f->limiter, at_ms(0)) && limiter_take(again->limiter, at_ms(0)) &&
	    !limiter_take(f->limiter, at_ms(0)), "and what is in it");
	flow_drop(&fl, f);
	flow_drop(&fl, again);
	f = keep(&fl, msg("a@x", "b", "c"), v);
	ok(!limiter_take(f->limiter, at_ms(0)), "to be asked anew fills no bucket");
	flow_drop(&fl, f);
	flow_drop(&fl, g);
	is_int(fl.limiters.count, 2, "a bucket lingers");
	limiter_release(&fl.limiters, limiter_use(&fl.limiters, str("x"), str(""), 1, 1, at_ms(LINGER_MS)), at_ms(LINGER_MS));
	is_int(fl.limiters.count, 1, "and then goes with the last flow that refers to it");
	v.limit_field = FIELD_COUNT;
	v.limit = str("all");
	f = keep(&fl, msg("a@x", "y", "c"), v);
	ok(flow_find(&fl, msg("b@x", "y", "c"), at_ms(0)) == f, "all together: one flow, one bucket");
	flows_free(&fl);
}

static void
clock_hand(void)
{
	struct flows fl;
	bool there = true;
	char to[16];

	flows_init(&fl, 128);
	for (unsigned i = 0; i < 128; i++) {
		snprintf(to, sizeof to, "n%u", i);
		keep(&fl, msg("a", to, "c"), reads(TO, i));
	}
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < 20; i++) {	/* these are in use */
			snprintf(to, sizeof to, "n%u", i);
			there = there && finds(&fl, msg("a", to, "c"), i);
		}
		for (unsigned i = 0; i < 50; i++) {
			snprintf(to, sizeof to, "x%u.%u", round, i);
			keep(&fl, msg("a", to, "c"), reads(TO, 7000));
		}
	}
	ok(there, "what is used stays while 2000 others come and go");
	is_int(fl.count, 128, "the table is as large as it may be");
	is_int((long long)fl.evicted, 2000, "each that came took the place of one");
	for (struct list *n = fl.all.next; n != &fl.all; n = n->next)
		list_of(n, struct flow, all)->used = true;
	ok(keep(&fl, msg("a", "new", "c"), reads(TO, 1)) != NULL, "when all are in use, one goes all the same");
	flows_free(&fl);
}

struct one_port { struct list flows; uint32_t count; };

static void
ports(void)
{
	struct one_port bad = { .count = 0 }, good = { .count = 0 };
	struct flows fl;
	uint32_t most = 0, length = 0;
	bool there = true;
	struct verdict v;
	char to[32];

	list_init(&bad.flows);
	list_init(&good.flows);
	flows_init(&fl, 4096);
	for (unsigned i = 0; i < 512; i++) {
		snprintf(to, sizeof to, "good%u", i);
		v = reads(TO, i);
		flow_install(&fl, &good.flows, &good.count, msg("a", to, "c"), &v, STR(""), at_ms(0));
	}
	is_int(good.count, 512, "a port's flows are counted");
	for (unsigned i = 0; i < 1000000; i++) {
		snprintf(to, sizeof to, "bad%u", i);
		v = reads(TO, 9);
		flow_install(&fl, &bad.flows, &bad.count, msg("a", to, "c"), &v, STR(""), at_ms(0));
		most = bad.count > most ? bad.count : most;
	}
	is_int(most, 4096 / PORT_SHARE, "one port that makes a million has its share at most");
	for (unsigned i = 0; i < 512; i++) {
		snprintf(to, sizeof to, "good%u", i);
		there = there && finds(&fl, msg("a", to, "c"), i);
	}
	ok(there, "and another has lost none");
	is_int(fl.count, 1024, "those two have all there are");
	ok(finds(&fl, msg("a", "bad999999", "c"), 9), "the last of the million is there");
	flows_port_down(&fl, &bad.flows);
	ok(bad.count == 0 && list_empty(&bad.flows), "a port that goes has no flows");
	is_int(fl.count, 1024, "they stay, as nobody's");
	ok(finds(&fl, msg("a", "bad999999", "c"), 9), "and answer");
	flow_drop(&fl, list_of(good.flows.next, struct flow, of_port));
	is_int(good.count, 511, "a flow that is dropped is its port's no more");
	for (struct list *n = good.flows.next; n != &good.flows; n = n->next)
		length++;
	is_int(length, 511, "list and count agree");
	flows_free(&fl);
}

/* Churn of a small table: all that is listed is found, and all that is found is listed. */
static void
churn(uint64_t seed)
{
	struct flows fl;
	bool consistent = true;

	flows_init(&fl, 64);
	for (unsigned i = 0; i < 30000; i++) {
		char to[16];
		uint32_t n = (uint32_t)(tap_rand(&seed) % 150);

		snprintf(to, sizeof to, "n%u", (unsigned)n);
		switch (tap_rand(&seed) % 4) {
		case 0:
		case 1:
			keep(&fl, msg("a", to, "c"), reads(TO, n));
			break;
		case 2:
			flow_find(&fl, msg("a", to, "c"), at_ms(0));
			break;
		default: {
			struct flow *f = flow_find(&fl, msg("a", to, "c"), at_ms(0));

			if (f)
				flow_drop(&fl, f);
		}
		}
		if (i % 50 == 0) {
			bool listed[150] = { false };
			uint32_t count = 0;

			for (struct list *l = fl.all.next; l != &fl.all; l = l->next, count++)
				listed[list_of(l, struct flow, all)->rule] = true;
			consistent = consistent && count == fl.count && count <= 64;
			for (n = 0; n < 150; n++) {
				snprintf(to, sizeof to, "n%u", (unsigned)n);
				consistent = consistent && finds(&fl, msg("a", to, "c"), listed[n] ? n : UINT32_MAX);
			}
		}
	}
	ok(consistent, "what is listed is found, what is found is listed");
	flows_free(&fl);
}

/* --- a model: all verdicts in a row, looked through from one end to the other --- */

enum { MODEL_MAX = 4000, FIELDS = 6 };
static const uint8_t model_fields[FIELDS] = { FIELD_from, FIELD_to, FIELD_to_domain, FIELD_service, FIELD_method,
	FIELD_peer_node };
static const char *const tested[] = { "*.y", "b@y", "s" };

struct entry {
	bool there, forever, looked_up;
	uint32_t generation, rule, read;
	unsigned tests;			/* bits: which; all about `to`, TEST_UNDER and TEST_STARTS by turns */
	unsigned held;
	uint64_t until_ms, seen;
	char values[FIELDS][16];
};
static struct entry model[MODEL_MAX];
static size_t model_count;
static uint32_t model_generation, model_last;
static bool model_old_good;
static uint64_t model_change;		/* of the one name that is looked up */

static bool
model_test(unsigned i, struct subject *s)
{
	return test_holds(i % 2 ? TEST_STARTS : TEST_UNDER, field_get(s, FIELD_to), str(tested[i]));
}

static bool
model_agrees(const struct entry *m, struct subject *s)
{
	for (unsigned i = 0; i < FIELDS; i++)
		if ((m->read & 1u << model_fields[i]) &&
		    !str_is(field_get(s, (enum ask_field)model_fields[i]), m->values[i]))
			return false;
	for (unsigned i = 0; i < 3; i++)
		if ((m->tests & 1u << i) && model_test(i, s) != !!(m->held & 1u << i))
			return false;
	return m->there;
}

static bool
model_lives(const struct entry *m, uint64_t ms, bool last)
{
	if (m->looked_up && model_change > m->seen)
		return false;
	if (!m->forever && ms >= m->until_ms)
		return false;
	return last ? model_old_good && m->generation == model_last : m->generation == model_generation;
}

/* May this be the answer?  rule UINT32_MAX: that there is none. */
static bool
model_allows(struct subject *s, uint64_t ms, uint32_t rule)
{
	for (int last = 0; last < 2; last++) {
		bool any = false;

		for (size_t i = 0; i < model_count; i++) {
			if (!model_agrees(&model[i], s) || !model_lives(&model[i], ms, last))
				continue;
			if (model[i].rule == rule)
				return true;
			any = true;
		}
		if (any)
			return false;
	}
	return rule == UINT32_MAX;
}

static void
model_keep(struct subject *s, struct entry new)
{
	new.there = true;
	for (unsigned i = 0; i < FIELDS; i++) {
		struct str v = field_get(s, (enum ask_field)model_fields[i]);

		snprintf(new.values[i], sizeof new.values[i], "%.*s", STR_FMT(v));
	}
	for (size_t i = 0; i < model_count; i++)
		if (model[i].read == new.read && model[i].tests == new.tests && model_agrees(&model[i], s))
			model[i].there = false;
	model[model_count++] = new;
}

static void
property(uint64_t seed)
{
	static const char *const froms[] = { "a@x", "b@x", "c" }, *const tos[] = { "b@y", "c@y", "b@z", "y", "" },
	    *const what[] = { "s/m", "s/n", "t/m", "/p/q" }, *const nodes[] = { "site-a", "site-b" };
	uint64_t kept = 0, hits = 0, unkept = 0;
	bool right = true;

	for (int run = 0; run < 60; run++) {
		struct flows fl;
		uint64_t ms = 0, change = 0;
		struct buf b, c;

		buf_init(&b, 1000);
		buf_init(&c, 100);
		lookup_put(&c, FAMILY_SERVICE, str("shop"));
		flows_init(&fl, 5000);
		model_count = 0;
		model_generation = model_last = 0;
		model_old_good = false;
		model_change = 0;
		for (unsigned step = 0; step < 1500; step++) {
			struct subject *s;
			struct flow *f;

			peer.node = str(nodes[tap_rand(&seed) % 2]);
			s = msg(froms[tap_rand(&seed) % 3], tos[tap_rand(&seed) % 5], what[tap_rand(&seed) % 4]);
			ms += tap_rand(&seed) % 10;
			switch (tap_rand(&seed) % 64) {
			case 0:
				model_last = model_generation++;
				model_old_good = tap_rand(&seed) % 4;
				flows_policy(&fl, model_generation, model_old_good);
				break;
			case 1:
				model_old_good = false;
				flows_policy(&fl, model_generation, false);
				if (tap_rand(&seed) % 2)
					flows_drop_old(&fl, 20);
				break;
			case 2:
				model_change = ++change;
				flows_name_changed(&fl, FAMILY_SERVICE, str("shop"), change);
				break;
			case 3:
			case 4:
			case 5:
			case 6:
			case 7:
			case 8: {
				struct entry new = { .generation = model_generation, .rule = (uint32_t)step, .seen = change };
				struct verdict v;

				new.read = tap_rand(&seed) % 3 ? 0 : 1u << model_fields[tap_rand(&seed) % FIELDS];
				new.read |= 1u << model_fields[tap_rand(&seed) % 4];
				new.forever = tap_rand(&seed) % 2;
				new.looked_up = tap_rand(&seed) % 4 == 0;
				v = reads(new.read, new.rule);
				v.seen = change;
				if (!new.forever)
					v.keep_ms = 1 + (uint32_t)(tap_rand(&seed) % 500);
				new.until_ms = ms + v.keep_ms;
				buf_eat(&b, buf_len(&b));
				for (unsigned i = 0; i < 3; i++) {
					struct test t = { FIELD_to, i % 2 ? TEST_STARTS : TEST_UNDER, 0, str(tested[i]) };

					if (tap_rand(&seed) % 4)
						continue;
					t.result = model_test(i, s);
					test_put(&b, &t);
					new.tests |= 1u << i;
					new.held |= (unsigned)t.result << i;
				}
				v.tests = buf_view(&b);
				if (new.looked_up)
					v.lookups = buf_view(&c);
				f = flow_install(&fl, NULL, NULL, s, &v, STR("q"), at_ms(ms));
				kept += f != NULL;
				if (f)
					model_keep(s, new);
				else if (fl.mask_count == MASKS_MAX)
					unkept++;
				else
					right = false;
				break;
			}
			default:
				f = flow_find(&fl, s, at_ms(ms));
				hits += f != NULL;
				right = right && model_allows(s, ms, rule_of(f));
			}
		}
		flows_free(&fl);
		buf_free(&b);
		buf_free(&c);
	}
	peer.node = str("site-a");
	ok(right, "the table answers as a row of all verdicts would");
	ok(kept > 2000 && hits > 20000, "of %llu kept (%llu not), %llu hits", (unsigned long long)kept,
	    (unsigned long long)unkept, (unsigned long long)hits);
}

/* What others keep about a flow is told that it goes. */
static void
watched(void)
{
	struct flow *seen;
	struct flows fl;

	flows_init(&fl, 100);
	keep(&fl, msg("a", "b", "c"), reads(TO, 1));
	seen = keep(&fl, msg("a", "c", "c"), reads(TO, 2));
	seen->watch = &seen;
	fl.walk = &seen->all;
	keep(&fl, msg("b", "c", "c"), reads(TO, 3));
	ok(seen == NULL, "who watches a flow sees it go");
	ok(fl.walk && list_of(fl.all.prev, struct flow, all)->rule == 3, "and a walk does not stand on it");
	flow_drop(&fl, list_of(fl.all.prev, struct flow, all));
	ok(fl.walk == &fl.all, "nor on the next");
	flows_free(&fl);
}

/* Masks are tried in the order of their use, but never forgotten. */
static void
order(void)
{
	struct flows fl;
	bool there = true;

	flows_init(&fl, 100);
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		keep(&fl, msg("a@b", "c.d", "e/f"), reads(1u << i | 1u << FIELD_from, i));
	flows_policy(&fl, 0, false);
	while (fl.count > 1 && list_of(fl.all.next, struct flow, all)->rule != FIELD_method)
		flow_drop(&fl, list_of(fl.all.next, struct flow, all));
	keep(&fl, msg("q", "w", "e/f"), reads(TO, 100));
	for (unsigned i = 0; i < 20000; i++)
		there = there && finds(&fl, msg("q", "w", "x/y"), 100);
	ok(there, "what is used most is found each time");
	ok(finds(&fl, msg("a@b", "n", "e/f"), FIELD_method), "and so is the rest");
	flows_free(&fl);
}

int
main(void)
{
	uint64_t seed = tap_seed();

	basics();
	tests();
	bounds();
	time_passes();
	names_change();
	generations();
	limiters();
	clock_hand();
	ports();
	churn(seed);
	property(seed);
	watched();
	order();
	return done();
}
