/* wire-ask.c - what is put is what is got; nothing that is wrong is believed; the names of the numbers. */
#include "base/errors.h"
#include "tap.h"
#include "wire/ask.h"
#include "wire/envelope.h"
#include "wire/hello.h"
#include "wire/meta.h"

union body {
	struct peer_facts peer;
	struct question question;
	struct verdict verdict;
	struct policy_mark policy_mark;
	struct rule_mark rule_mark;
	struct reload reload;
	struct reloaded reloaded;
	struct action action;
};

#define BODIES(X) X(peer) X(question) X(verdict) X(policy_mark) X(rule_mark) X(reload) X(reloaded) X(action)
#define X(name)									\
	static int get_##name(struct str in, union body *to, struct err *e)	\
	{ return name##_get(in, &to->name, e); }				\
	static int put_##name(struct buf *b, const union body *from)		\
	{ return name##_put(b, &from->name); }
BODIES(X)
#undef X

enum { A_PEER, A_QUESTION, A_VERDICT, A_POLICY, A_RULE, A_RELOAD, A_RELOADED, AN_ACTION, BODY_COUNT };
static const struct {
	const char *what;
	int (*get)(struct str, union body *, struct err *);
	int (*put)(struct buf *, const union body *);
} bodies[BODY_COUNT] = {
#define X(name) { #name, get_##name, put_##name },
	BODIES(X)
#undef X
};

static uint64_t seed;

static uint32_t
below(uint32_t n)
{
	return (uint32_t)(tap_rand(&seed) % n);
}

/* A view of random bytes, of one length in four none. */
static struct str
some(size_t most)
{
	static char pool[8192];

	for (size_t i = 0; i < 64; i++)
		pool[below(sizeof pool)] = (char)tap_rand(&seed);
	return below(4) ? (struct str){ pool + below(2048), below((uint32_t)most + 1) } : STR("");
}

static struct str
word(void)
{
	static const char *const words[] = { "", "guest", "eu fast", "a b c" };

	return str(words[below(4)]);
}

static struct str
node(void)
{
	static const char *const nodes[] = { "", "site-a", "hub.example.net" };

	return str(nodes[below(3)]);
}

static void
fill_runs(struct buf *b, struct verdict *v)
{
	size_t tests = 0, lookups = 0, at = buf_len(b);

	buf_room(b, 60000);	/* views stay where they are */
	for (uint32_t n = below(TESTS_MAX + 1); n--; )
		test_put(b, &(struct test){ (uint8_t)below(FIELD_COUNT), (uint8_t)below(TEST_COUNT),
		    (uint8_t)below(2), some(100) });
	tests = buf_len(b) - at;
	for (uint32_t n = below(LOOKUPS_MAX + 1); n--; )
		lookup_put(b, (enum family)below(FAMILY_COUNT), some(100));
	lookups = buf_len(b) - at - tests;
	for (uint32_t n = below(SCOPES_MAX + 1); n--; )
		scope_put(b, str("*.home.net"));
	v->tests = str_head(str_skip(buf_view(b), at), tests);
	v->lookups = str_head(str_skip(buf_view(b), at + tests), lookups);
	v->scopes = str_skip(buf_view(b), at + tests + lookups);
}

static void
make(unsigned which, struct buf *runs, union body *to)
{
	switch (which) {
	case A_PEER:
		to->peer = (struct peer_facts){ .number = 1 + below(1000), .role = (uint8_t)(1 + below(3)),
		    .uplink = (uint8_t)below(2), .admin = (uint8_t)below(2), .node = node(), .cluster = node(),
		    .address = some(100), .from = some(100), .tags = word() };
		return;
	case A_QUESTION:
		to->question = (struct question){ .hook = (uint8_t)below(HOOK_COUNT), .how = (uint8_t)below(4),
		    .peer = below(100), .kind = (uint8_t)below(256), .type = (uint8_t)below(256),
		    .idempotent = (uint8_t)below(2), .oneway = (uint8_t)below(2), .from = some(100), .to = some(100),
		    .subject = some(ENVELOPE_NAMES_MAX), .origin = node(), .version = some(20),
		    .action = str(below(2) ? "attach" : ""), .family = (uint8_t)below(FAMILY_COUNT) };
		buf_room(runs, 10000);
		for (uint32_t n = below(20); n--; )
			instance_put(runs, &(struct instance){ .number = below(5), .local = (uint8_t)below(2),
			    .weight = below(1000), .in_flight = below(10), .latency_us = below(100000),
			    .node = node(), .version = str("1.2"), .tags = word() });
		to->question.instances = buf_view(runs);
		to->question.path = node();
		to->question.clusters = node();
		to->question.tags = word();
		return;
	case A_VERDICT:
		to->verdict = (struct verdict){ .answer = (uint8_t)below(ANSWER_PICK + 1), .error = below(E_COUNT),
		    .rule = below(50), .keep_ms = below(2) ? FOREVER : below(1000), .read = below(1 << FIELD_COUNT),
		    .seen = tap_rand(&seed), .reason = some(1024), .via = node(), .to = some(100), .subject = some(100),
		    .limit = some(100), .limit_rate = below(100000), .limit_burst = below(100),
		    .limit_field = (uint8_t)below(FIELD_COUNT + 1), .strategy = (uint8_t)below(STRATEGY_COUNT),
		    .sticky_field = (uint8_t)below(FIELD_COUNT + 1), .instance = below(9), .max_in_flight = below(9),
		    .max_services = below(9), .max_endpoints = below(9), .tags = word(), .preference = (int32_t)below(2001) - 1000, .explanation = some(5000) };
		fill_runs(runs, &to->verdict);
		return;
	case A_POLICY:
		to->policy_mark = (struct policy_mark){ .generation = below(100), .instance = tap_rand(&seed),
		    .digest = str("0123456789abcdef0123456789abcdef"), .hooks = below(1 << HOOK_COUNT),
		    .rules = below(10), .confirm_ms = below(1000), .failed = (uint8_t)below(2), .why = some(200) };
		return;
	case A_RULE:
		to->rule_mark = (struct rule_mark){ .generation = below(9), .number = 1 + below(9),
		    .hook = (uint8_t)below(HOOK_COUNT), .line = below(999), .file = some(200), .name = some(200) };
		return;
	case A_RELOAD:
		to->reload = (struct reload){ (uint8_t)below(RELOAD_UNDO + 1), below(1000) };
		return;
	case A_RELOADED:
		to->reloaded = (struct reloaded){ (uint8_t)below(2), below(1000), some(5000) };
		return;
	default:
		to->action = (struct action){ .rule = word(), .to = str("a@b"), .subject = some(300),
		    .payload = some(5000), .type = (uint8_t)below(TYPE_COUNT) };
		if (below(2))
			to->action = (struct action){ .rule = word(), .log = str("seen") };
	}
}

/* Each body, put, got and put again; then cut, and with one byte changed. */
static void
properties(void)
{
	struct err e = { "", 0 };
	struct buf runs, once, twice;

	buf_init(&runs, 1 << 17);
	buf_init(&once, 1 << 20);
	buf_init(&twice, 1 << 20);
	for (unsigned which = 0; which < BODY_COUNT; which++) {
		bool same = true, cut = true, changed = true;

		for (int i = 0; i < 300; i++) {
			union body from, to;
			struct str v;

			make(which, &runs, &from);
			same = same && bodies[which].put(&once, &from) == 0;
			v = buf_view(&once);
			same = same && bodies[which].get(v, &to, &e) == 0 &&
			    bodies[which].put(&twice, &to) == 0 && str_eq(v, buf_view(&twice));
			for (int j = 0; j < 10; j++) {
				size_t at = below((uint32_t)v.n);
				struct str again;

				buf_eat(&twice, buf_len(&twice));
				e.text[0] = '\0';
				if (bodies[which].get(str_head(v, at), &to, &e) == -1)
					cut = cut && e.text[0];
				else
					cut = cut && bodies[which].put(&twice, &to) == 0;
				buf_eat(&twice, buf_len(&twice));
				once.p[once.head + at] ^= (uint8_t)(1u << below(8));
				e.text[0] = '\0';
				if (bodies[which].get(v, &to, &e) == -1) {
					changed = changed && e.text[0];
				} else {
					changed = changed && bodies[which].put(&twice, &to) == 0;
					again = buf_view(&twice);
					changed = changed && bodies[which].get(again, &to, &e) == 0;
				}
			}
			buf_eat(&runs, buf_len(&runs));
			buf_eat(&once, buf_len(&once));
			buf_eat(&twice, buf_len(&twice));
		}
		ok(same, "%s: what was put is what is got", bodies[which].what);
		ok(cut, "%s: cut anywhere, it is refused with a reason, or whole", bodies[which].what);
		ok(changed, "%s: so it is with a bit changed", bodies[which].what);
	}
	buf_free(&runs);
	buf_free(&once);
	buf_free(&twice);
}

/* Field for field, where `put` and `get` might both forget the same one. */
static void
whole(void)
{
	struct verdict v = { .answer = ANSWER_DENY, .error = E_busy, .rule = 7, .keep_ms = FOREVER,
	    .read = 1u << FIELD_to, .seen = 1ull << 40, .reason = str("no"), .via = str("site-a"), .to = str("x@y"),
	    .subject = str("s/m"), .limit = str("slow"), .limit_rate = 1500, .limit_burst = 3,
	    .limit_field = FIELD_from, .strategy = STRATEGY_STICKY, .sticky_field = FIELD_to, .instance = 4,
	    .max_in_flight = 5, .max_services = 6, .max_endpoints = 8, .tags = str("guest"), .shared = 1, .preference = -7,
	    .explanation = str("{}") }, w;
	struct peer_facts p = { .number = 3, .role = ROLE_LEAF, .uplink = 1, .admin = 1, .node = str("site-a"),
	    .cluster = str("home"), .address = str("10.0.0.1:80"), .from = str("a@b"), .tags = str("t u") }, r;
	struct question q = { .hook = HOOK_SCOPE, .how = ASK_EXPLAIN, .peer = 3, .kind = 0x40, .type = 2,
	    .idempotent = 1, .oneway = 1, .from = str("a@b"), .to = str("c@d"), .subject = str("s/m"),
	    .origin = str("site-a"), .version = str("^1"), .action = str("attach"), .family = FAMILY_PATH,
	    .path = str("b c"), .clusters = str("here there"), .tags = str("eu fast") }, s;
	struct err e = { "", 0 };
	struct buf b;

	buf_init(&b, 4096);
	ok(verdict_put(&b, &v) == 0 && verdict_get(buf_view(&b), &w, &e) == 0, "a verdict passes");
	ok(w.answer == v.answer && w.error == v.error && w.rule == 7 && w.keep_ms == FOREVER && w.read == v.read &&
	    w.seen == v.seen && w.limit_rate == 1500 && w.limit_burst == 3 && w.limit_field == FIELD_from &&
	    w.strategy == STRATEGY_STICKY && w.sticky_field == FIELD_to && w.instance == 4 &&
	    w.max_in_flight == 5 && w.max_services == 6 && w.max_endpoints == 8 &&
	    w.shared == 1 && w.preference == -7, "with its numbers");
	ok(str_is(w.reason, "no") && str_is(w.via, "site-a") && str_is(w.to, "x@y") && str_is(w.subject, "s/m") &&
	    str_is(w.limit, "slow") && str_is(w.tags, "guest") && str_is(w.explanation, "{}"), "and its texts");
	buf_eat(&b, buf_len(&b));
	ok(peer_put(&b, &p) == 0 && peer_get(buf_view(&b), &r, &e) == 0 && r.number == 3 && r.role == ROLE_LEAF &&
	    r.uplink == 1 && r.admin == 1 && str_is(r.node, "site-a") && str_is(r.cluster, "home") &&
	    str_is(r.address, "10.0.0.1:80") && str_is(r.from, "a@b") && str_is(r.tags, "t u"), "a peer passes whole");
	buf_eat(&b, buf_len(&b));
	ok(question_put(&b, &q) == 0 && question_get(buf_view(&b), &s, &e) == 0 && s.hook == HOOK_SCOPE &&
	    s.how == ASK_EXPLAIN && s.peer == 3 && s.kind == 0x40 && s.type == 2 && s.idempotent == 1 &&
	    s.oneway == 1 && str_is(s.from, "a@b") && str_is(s.to, "c@d") && str_is(s.subject, "s/m") &&
	    str_is(s.origin, "site-a") && str_is(s.version, "^1") && str_is(s.action, "attach") &&
	    s.family == FAMILY_PATH && str_is(s.path, "b c") && str_is(s.clusters, "here there") &&
	    str_is(s.tags, "eu fast"), "a question passes whole");
	buf_free(&b);
	buf_init(&b, 20);
	buf_put(&b, "x", 1);
	is_int(verdict_put(&b, &v), -1, "a full buffer is said");
	is_str(buf_view(&b), "x", "and left as it was");
	buf_free(&b);
}

static void
tlv_u8(struct buf *b, uint16_t type, unsigned v)
{
	const char c = (char)v;

	tlv_put(b, type, (struct str){ &c, 1 });
}

/* One field, alone or behind what its body needs at least. */
static void
hostile(void)
{
	static const char long_name[ENVELOPE_NAMES_MAX + 1];
	static const struct { unsigned which; uint16_t type; struct str value; const char *why; } cases[] = {
		{ A_VERDICT, 0x0777, { "x", 1 }, NULL },
		{ A_VERDICT, 0x8777, { "x", 1 }, "critical" },
		{ A_VERDICT, 0x8001, { "\1", 1 }, "twice" },
		{ A_VERDICT, 0x8002, { "\0\0\1\0", 4 }, "error" },
		{ A_VERDICT, 0x8003, { "\1", 1 }, "length" },
		{ A_VERDICT, 0x8005, { "\0\200\0\0", 4 }, "read" },
		{ A_VERDICT, 0x8006, { "1234567", 7 }, "length" },
		{ A_VERDICT, 0x8008, { "Not A Node", 10 }, "via" },
		{ A_VERDICT, 0x8009, { long_name, sizeof long_name }, "to" },
		{ A_VERDICT, 0x800b, { "\200\1\0\3\77\0\0", 7 }, "tests" },
		{ A_VERDICT, 0x800b, { "\200\1\0\3\0\3\0", 7 }, "tests" },
		{ A_VERDICT, 0x800b, { "\200\1\0\3\0\0\2", 7 }, "tests" },
		{ A_VERDICT, 0x800b, { "\200\1\0\2\0\0", 6 }, "tests" },
		{ A_VERDICT, 0x800b, { "\200\2\0\3\0\0\0", 7 }, "tests" },
		{ A_VERDICT, 0x800b, { "\200\1\0\3\0\0\1", 7 }, NULL },
		{ A_VERDICT, 0x800c, { "\200\2\0\2\5s", 6 }, "look-ups" },
		{ A_VERDICT, 0x800c, { "\200\2\0\2\2s", 6 }, NULL },
		{ A_VERDICT, 0x8017, { "\200\3\0\0", 4 }, "scopes" },
		{ A_VERDICT, 0x8010, { "\100", 1 }, "limit_field" },
		{ A_VERDICT, 0x8011, { "\100", 1 }, "strategy" },
		{ A_VERDICT, 0x8018, { "a\nb", 3 }, "tags" },
		{ A_VERDICT, 0x801a, { "\0\0\3\351", 4 }, "preference" },
		{ A_VERDICT, 0x801a, { "\377\377\374\30", 4 }, NULL },
		{ A_VERDICT, 0x801b, { "\2", 1 }, "shared" },
		{ A_VERDICT, 0x801a, { "\377\377\374\27", 4 }, "preference" },
		{ A_QUESTION, 0x8010, { "a  b", 4 }, "path" },
		{ A_QUESTION, 0x8011, { " a", 2 }, "clusters" },
		{ A_QUESTION, 0x8012, { "a\nb", 3 }, "tags" },
		{ A_QUESTION, 0x8002, { "\4", 1 }, "how" },
		{ A_QUESTION, 0x800d, { "steal", 5 }, "action" },
		{ A_QUESTION, 0x800e, { "\5", 1 }, "family" },
		{ A_QUESTION, 0x800f, { "\200\4\0\5\200\77\0\1x", 9 }, "instances" },
		{ A_QUESTION, 0x800f, { "\200\4\0\5\0\77\0\1x", 9 }, NULL },
		{ A_QUESTION, 0x800f, { "\200\4\0\3\0\77\0", 7 }, "instances" },
		{ A_POLICY, 0x8004, { "\0\0\2\0", 4 }, "hooks" },
		{ A_POLICY, 0x8007, { "\2", 1 }, "failed" },
		{ A_RULE, 0x8002, { "\0\0\0\0", 4 }, "number" },
		{ A_RELOAD, 0x8777, { "", 0 }, "critical" },
		{ AN_ACTION, 0x8006, { "a line", 6 }, "either" },
	};
	struct err e = { "", 0 };
	union body body;
	struct buf b;

	buf_init(&b, 20000);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int r;

		switch (cases[i].which) {
		case A_VERDICT: case A_QUESTION: case A_RELOAD: tlv_u8(&b, 0x8001, 1); break;
		case A_POLICY: tlv_put(&b, 0x8003, str("0123456789abcdef0123456789abcdef")); break;
		case A_RULE: tlv_u8(&b, 0x8003, 0); break;
		case AN_ACTION: tlv_put(&b, 0x8002, str("x@y")); break;
		}
		tlv_put(&b, cases[i].type, cases[i].value);
		r = bodies[cases[i].which].get(buf_view(&b), &body, &e);
		ok(cases[i].why ? r == -1 && strstr(e.text, cases[i].why) : r == 0, "%s, field %04x, %zu bytes: %s",
		    bodies[cases[i].which].what, cases[i].type, cases[i].value.n, r == -1 ? e.text : "fine");
		buf_eat(&b, buf_len(&b));
	}
	for (unsigned i = 0; i < BODY_COUNT; i++)
		is_int(bodies[i].get((struct str){ NULL, 0 }, &body, &e), -1, "nothing at all is no body");
	buf_free(&b);
}

static void
counts(void)
{
	struct verdict v = { .answer = ANSWER_ALLOW }, got;
	struct err e = { "", 0 };
	struct buf run, b;

	buf_init(&run, 4096);
	buf_init(&b, 8192);
	for (unsigned i = 1; i <= TESTS_MAX + 1; i++) {
		test_put(&run, &(struct test){ FIELD_to, TEST_IS, 1, str("a") });
		v.tests = buf_view(&run);
		verdict_put(&b, &v);
		if (i >= TESTS_MAX)
			is_int(verdict_get(buf_view(&b), &got, &e), i == TESTS_MAX ? 0 : -1, "tests up to their bound");
		buf_eat(&b, buf_len(&b));
	}
	v.tests = STR("");
	buf_eat(&run, buf_len(&run));
	for (unsigned i = 1; i <= LOOKUPS_MAX + 1; i++) {
		lookup_put(&run, FAMILY_SERVICE, str("a"));
		v.lookups = buf_view(&run);
		verdict_put(&b, &v);
		if (i >= LOOKUPS_MAX)
			is_int(verdict_get(buf_view(&b), &got, &e), i == LOOKUPS_MAX ? 0 : -1, "look-ups, too");
		buf_eat(&b, buf_len(&b));
	}
	v.lookups = STR("");
	buf_eat(&run, buf_len(&run));
	for (unsigned i = 1; i <= SCOPES_MAX + 1; i++) {
		scope_put(&run, str("*@d"));
		v.scopes = buf_view(&run);
		verdict_put(&b, &v);
		if (i >= SCOPES_MAX)
			is_int(verdict_get(buf_view(&b), &got, &e), i == SCOPES_MAX ? 0 : -1, "and scopes");
		buf_eat(&b, buf_len(&b));
	}
	buf_free(&run);
	buf_free(&b);
}

static void
runs(void)
{
	struct test t = { FIELD_to, TEST_UNDER, 1, str("*.home.net") }, got;
	struct instance i = { 9, 1, 100, 7, 250, str("site-a"), str("1.2"), str("eu fast") }, each;
	struct str run, s;
	uint8_t family;
	struct buf b;

	buf_init(&b, 1000);
	test_put(&b, &t);
	test_put(&b, &(struct test){ FIELD_COUNT - 1, TEST_IS, 0, STR("") });
	run = buf_view(&b);
	ok(test_next(&run, &got) && got.field == FIELD_to && got.op == TEST_UNDER && got.result == 1 &&
	    str_eq(got.what, t.what), "a test is taken off a run");
	ok(test_next(&run, &got) && got.field == FIELD_COUNT - 1 && got.what.n == 0 && run.n == 0, "and the next");
	ok(!test_next(&run, &got), "and then there is none");
	buf_eat(&b, buf_len(&b));
	lookup_put(&b, FAMILY_PATH, str("/a/b"));
	run = buf_view(&b);
	ok(lookup_next(&run, &family, &s) && family == FAMILY_PATH && str_is(s, "/a/b") && run.n == 0, "a look-up, too");
	buf_eat(&b, buf_len(&b));
	instance_put(&b, &i);
	run = buf_view(&b);
	ok(instance_next(&run, &each) && each.number == 9 && each.local == 1 && each.weight == 100 &&
	    each.in_flight == 7 && each.latency_us == 250 && str_is(each.node, "site-a") &&
	    str_is(each.version, "1.2") && str_is(each.tags, "eu fast") && run.n == 0, "an instance is whole");
	buf_free(&b);
	buf_init(&b, 40);
	is_int(instance_put(&b, &i), -1, "one that does not fit is said");
	is_int((long long)buf_len(&b), 0, "and nothing of it is left");
	is_int(scope_put(&b, str("0123456789012345678901234567890123456789")), -1, "so is a scope");
	is_int(lookup_put(&b, FAMILY_NODE, str("0123456789012345678901234567890123456789")), -1, "and a look-up");
	is_int((long long)buf_len(&b), 0, "nothing of them is left");
	buf_free(&b);
}

static void
actions(void)
{
	struct action seen = { .rule = STR("watch"), .log = STR("seen") }, a;
	struct str run, body;
	struct buf b;
	struct err e;
	size_t one;

	buf_init(&b, 60);
	is_int(action_add(&b, &seen), 0, "a run of actions: one");
	one = buf_len(&b);
	seen.log = STR("seen again");
	is_int(action_add(&b, &seen), 0, "two");
	run = buf_view(&b);
	ok(action_next(&run, &body) && action_get(body, &a, &e) == 0 && str_is(a.log, "seen"), "the first");
	ok(action_next(&run, &body) && action_get(body, &a, &e) == 0 && str_is(a.log, "seen again"), "the second");
	ok(!action_next(&run, &body) && run.n == 0, "no third");
	for (size_t n = 0; n < one; n++) {
		run = str_head(buf_view(&b), n);
		if (action_next(&run, &body) || run.n != n)
			ok(false, "%zu bytes are no action", n);
	}
	run = STR("\xff\xff\xff\xff\1");
	ok(!action_next(&run, &body), "nor is one that says that it is longer");
	one = buf_len(&b);
	is_int(action_add(&b, &seen), -1, "there is no room for more");
	is_int((long long)buf_len(&b), (long long)one, "and nothing of it is left");
	buf_free(&b);
}

static void
names(void)
{
	bool fields = true, strategies = true, hooks = true;

	for (unsigned i = 0; i < FIELD_COUNT; i++)
		fields = fields && field_named(str(field_name(i))) == i;
	for (unsigned i = 0; i < STRATEGY_COUNT; i++)
		strategies = strategies && strategy_named(str(strategy_name(i))) == i;
	for (unsigned i = 0; i < HOOK_COUNT; i++)
		hooks = hooks && hook_name(i) && hook_name(i)[0];
	ok(fields, "each field has its name, and is found by it");
	ok(strategies, "each strategy, too");
	ok(hooks, "each hook has a name");
	is_str(str(field_name(FIELD_to_domain)), "to_domain", "to_domain is one");
	is_str(str(hook_name(HOOK_EVENT)), "on.event", "on.event is one");
	is_str(str(hook_name(HOOK_ROUTE)), "route", "route is one");
	is_str(str(answer_name(ANSWER_NONE)), "default", "default is an answer");
	is_str(str(answer_name(ANSWER_PICK)), "pick", "and pick");
	is_str(str(answer_name(ANSWER_COUNT)), "unknown", "and no more");
	is_str(str(op_name(TEST_IS)), "is", "is is a test");
	is_str(str(op_name(TEST_STARTS)), "starts", "and starts");
	is_str(str(op_name(TEST_COUNT)), "unknown", "and no more");
	is_str(str(strategy_name(STRATEGY_LEAST_INFLIGHT)), "least_inflight", "least_inflight is one");
	is_str(str(strategy_name(STRATEGY_LATENCY)), "latency", "latency is one");
	is_int(field_named(str("payload")), FIELD_COUNT, "the payload is no field");
	is_int(strategy_named(str("best")), STRATEGY_COUNT, "best is no strategy");
	is_str(str(field_name(FIELD_COUNT)), "unknown", "an unknown field is said to be one");
	is_str(str(hook_name(HOOK_COUNT)), "unknown", "a hook");
	is_str(str(strategy_name(STRATEGY_COUNT)), "unknown", "a strategy");
}

int
main(void)
{
	seed = tap_seed();
	properties();
	whole();
	hostile();
	counts();
	runs();
	actions();
	names();
	return done();
}
