/* fabric-gate-routes.c - the hooks import and export: what is not allowed is neither used nor told. */
#include "fakeasker.h"
#include "fabric/gate_parts.h"
#include "ribport.h"

static struct asker asker;

static void
begin_asked(int peers, uint32_t hooks)
{
	begin_with(peers);
	asker_open(&f, &asker);
	if (hooks)
		asker_policy(&f, 1, hooks);
}

static void
end_asked(void)
{
	for (int i = 0; i < 10 && timer_is_set(&f.gate.revalidate); i++)
		fake_wait(&f, 50);
	if (f.gate.renewing)
		ok(false, "no ruling is waited for: %u", f.gate.renewing);
	list_each(n, &f.ports) {
		const struct route_port *r = list_of(n, struct port, all)->routes;

		if (r && r->rulings_asked > RULINGS_ASKED)
			ok(false, "not too many questions at once");
	}
	end();
	if (f.gate.asks.used)
		ok(false, "no question outlives what it is about: %u", (unsigned)f.gate.asks.used);
	asker_close(&asker);
}

static struct via *
via(const char *node, struct fake *k)
{
	const struct origin *o = rib_origin(&f, str(node));

	return o ? via_find(o, &k->port) : NULL;
}

static void
prefer(int preference, const char *tags)
{
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .preference = preference, .tags = str(tags),
	    .keep_ms = FOREVER });
}

static void
deny(void)
{
	asker_deny(&f, &asker, 0);
}

static void
allow(void)
{
	asker_allow(&f, &asker, 0);
}

static void
allow_all(void)
{
	while (asker_next(&asker))
		allow();
}

/* Something of this kind and name is among what it hears now. */
static bool
hears(struct fake *k, uint8_t kind, const char *name)
{
	struct announcement a;
	struct err e;
	bool found = false;

	while (!found && fake_next(k))
		found = k->e.kind == kind && announcement_get(k->e.payload, &a, &e) == 0 && str_is(a.name, name);
	return found;
}

/* The question that waits the longest is about this. */
static bool
asks(enum hook hook, const char *node, struct fake *of)
{
	return asker_next(&asker) && asker.q.hook == hook && str_is(asker.q.subject, node) &&
	    asker.q.peer == of->port.gate.number;
}

static void
import(void)
{
	struct announcement a = usual;

	begin_asked(0, HOOKS(IMPORT));
	fake_open(&f, &n1, PORT_PEER, "n1");
	fake_open(&f, &n2, PORT_PEER, "n2");
	says(&n1, "n1");
	ok(asks(HOOK_IMPORT, "n1", &n1) && str_is(asker.q.path, "n1"), "a neighbour's own route is asked about");
	ok(via_waits(via("n1", &n1)) && next_is("n1", NULL), "and not used until there is an answer");
	allow();
	ok(next_is("n1", &n1), "then it is");
	says(&n2, "n2");
	allow_all();
	forget_all();
	a.tags = STR("far away");
	says_as(&n1, "o m n1", a);
	ok(asks(HOOK_IMPORT, "o", &n1) && str_is(asker.q.path, "n1 m o") && str_is(asker.q.tags, "far away"),
	    "the hook sees the way, the next one first, and the tags");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	ok(next_is("o", NULL) && messages(&n2) == 0, "pending: it is told to nobody");
	fake_ask(&client, 1, "s/m");
	ok(fake_hears_error(&client, 1, E_no_route, FATE_NOT_DELIVERED), "and its names are of no use");
	allow();
	ok(next_is("o", &n1), "allowed: it is used");
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && str_is(a.tags, "far away"), "and told, with its tags");
	ok(told(&n2, KIND_ANNOUNCE, "s", &a), "and its names");
	a = usual;
	a.tags = STR("far away");
	a.latency_us = 10;
	a.epoch = 2;
	says_as(&n1, "o m n1", a);
	ok(!asker_next(&asker) && next_is("o", &n1), "another latency is no other question");
	a.epoch = 3;
	says_as(&n1, "o m n1", a);
	ok(!asker_next(&asker), "nor is the same again");
	forget_all();
	says_as(&n1, "o x n1", a);
	ok(asks(HOOK_IMPORT, "o", &n1) && next_is("o", NULL), "another path is, and waits");
	ok(told(&n2, KIND_WITHDRAW, "o", &a) && a.moved, "which is told as no loss");
	deny();
	ok(next_is("o", NULL) && !via_is_taken(via("o", &n1)) && !via_waits(via("o", &n1)), "denied: it is not used");
	is_str(str(last_event), "route_denied", "that is said");
	ok(f.gate.count.not_taken == 1 && asker.denials == 1 && asker.rule == 4 && via("o", &n1)->import.rule == 4 &&
	    strcmp(via("o", &n1)->import.why, "not you") == 0, "and counted, once, with the rule");
	ok(messages(&n2) == 0, "and told to nobody");
	is_int(via("o", &n1)->names, 1, "its names are kept, for when it is allowed");
	says_as(&n1, "o m n1", (struct announcement){ .family = FAMILY_NODE, .hops = HOPS_DEFAULT, .weight = 100,
	    .epoch = 4, .lifetime_ms = 600000 });
	ok(asker_next(&asker) && str_is(asker.q.tags, ""), "other tags are another question");
	unsays_as(&n1, "o", (struct announcement){ .family = FAMILY_NODE, .hops = 1, .weight = 100, .epoch = 9, .moved = 1 });
	ok(!via("o", &n1) && f.gate.asks.used == 0, "withdrawn: nobody waits for the answer");
	allow_all();
	end_asked();
}

static void
preference(void)
{
	struct announcement a;

	begin_asked(0, HOOKS(IMPORT));
	peer(&n1, "n1");
	peer(&n2, "n2");
	peer(&n3, "n3");
	allow_all();
	says(&n1, "o n1");
	prefer(0, "");
	says(&n2, "o x y n2");
	prefer(0, "");
	ok(next_is("o", &n1), "35: the shorter way has the better score");
	forget_all();
	asker_policy(&f, 2, HOOKS(IMPORT));
	ok(f.gate.renewing == 5 && next_is("o", &n1), "another policy asks again, and uses what it has meanwhile");
	while (asker_next(&asker)) {
		ok(asker.q.how & ASK_BACKGROUND, "in the background");
		prefer(asker.q.peer == n2.port.gate.number ? 10 : 0, "gold");
	}
	ok(gate_settled(&f), "until all have an answer");
	ok(next_is("o", &n2) && via("o", &n2)->preference == 10, "35: the preference of the hook beats a better score");
	ok(told(&n3, KIND_ANNOUNCE, "n1", &a) && str_is(a.tags, "gold"), "the tags that it gives are told");
	end_asked();

	begin_asked(0, HOOKS(IMPORT));
	peer(&n1, "n1");
	peer(&n2, "n2");
	allow_all();
	says(&n2, "n1 n2");
	prefer(1000, "");
	ok(next_is("n1", &n1), "no preference is before the link to the node itself");
	end_asked();
}

static void
export(void)
{
	struct announcement a;
	char own[] = "here";

	begin_asked(0, HOOKS(EXPORT));
	snprintf(f.cluster, sizeof f.cluster, "net");
	fabric_set_tags(&f, STR("mine"));
	fake_attach(&client, FAMILY_SERVICE, "s", "", "", 0);
	fake_open(&f, &n1, PORT_PEER, "n1");
	ok(asks(HOOK_EXPORT, own, &n1) && asker.q.path.n == 0 && str_is(asker.q.clusters, "net") &&
	    str_is(asker.q.tags, "mine"), "the own route is asked about as well");
	ok(!hears(&n1, KIND_ANNOUNCE, own), "and not told before the answer");
	fake_forget(&n1);
	allow();
	ok(told(&n1, KIND_ANNOUNCE, own, &a) && str_is(a.tags, "mine"), "then it is, with the tags of the settings");
	ok(told(&n1, KIND_ANNOUNCE, "s", &a), "and the names behind it");
	peer(&n2, "n2");
	ok(asks(HOOK_EXPORT, own, &n2), "for each neighbour");
	deny();
	is_int(f.gate.count.not_told, 1, "a denial is counted");
	allow_all();
	forget_all();
	says(&n1, "o n1");
	ok(asks(HOOK_EXPORT, "o", &n2) && str_is(asker.q.path, "n1 o") && asker.count == 1,
	    "a route is asked about for whom it could be told");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "t");
	deny();
	ok(messages(&n2) == 0, "35: denied: the neighbour hears of neither route nor names");
	fake_attach(&client, FAMILY_SERVICE, "u", "", "", 0);
	ok(told(&n1, KIND_ANNOUNCE, "u", &a) && messages(&n2) == 0, "nor of new ones");
	forget_all();
	says(&n1, "o x n1");
	ok(asks(HOOK_EXPORT, "o", &n2), "another path is another question");
	allow();
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && told(&n2, KIND_ANNOUNCE, "t", &a), "allowed: both are told");
	a = usual;
	a.epoch = 2;
	says_as(&n1, "o x n1", a);
	ok(!asker_next(&asker) && told(&n2, KIND_ANNOUNCE, "o", &a), "a refresh is passed on without a question");
	a = usual;
	a.epoch = 3;
	says_as(&n1, "o x n1", a);
	ok(!asker_next(&asker), "nothing is asked now");
	forget_all();
	asker_policy(&f, 2, HOOKS(EXPORT));
	ok(messages(&n2) == 0, "another policy: what was told stands until the answer");
	for (int i = 0; asker_next(&asker) && i < 50; i++)
		str_is(asker.q.subject, "o") ? deny() : allow();
	ok(hears(&n2, KIND_ANNOUNCE, own), "what was denied is told");
	ok(hears(&n2, KIND_WITHDRAW, "o"), "what is denied now is withdrawn");
	forget_all();
	asker_policy(&f, 3, 0);
	ok(told(&n2, KIND_ANNOUNCE, "o", &a) && !asker_next(&asker), "no hook: all is told");
	ok(list_empty(&n2.port.routes->tellings) && gate_settled(&f), "and nothing remembered");
	forget_all();
	asker_policy(&f, 4, HOOKS(EXPORT));
	ok(messages(&n2) == 0 && asker.count == f.gate.renewing, "a hook again: nothing changes until it has said so");
	fake_down(&n1);
	allow_all();
	end_asked();
}

static void
nobody(void)
{
	struct verdict failed = { .answer = ANSWER_DENY, .error = E_policy_error, .keep_ms = 1000, .rule = 3 };

	begin_asked(0, HOOKS(IMPORT));
	peer(&n1, "n1");
	allow_all();
	says(&n1, "o n1");
	fake_wait(&f, 1100);
	ok(via_waits(via("o", &n1)) && f.gate.count.unanswered == 1, "no answer in time: it is not used");
	asker_take(&asker);
	fake_wait(&f, 900);
	ok(asker.count == 0, "and not asked at once");
	fake_wait(&f, 300);
	ok(asks(HOOK_IMPORT, "o", &n1), "but after a second");
	asker_say(&f, &asker, failed);
	ok(!via_is_taken(via("o", &n1)) && asker.error == E_policy_error, "a hook that fails denies");
	fake_wait(&f, 2500);
	ok(asks(HOOK_IMPORT, "o", &n1), "it is asked again, a little later each time");
	asker_say(&f, &asker, failed);
	is_int(asker.denials, 1, "and said once");
	fake_wait(&f, 4500);
	allow();
	ok(next_is("o", &n1), "until it answers");
	asker.away = true;
	gate_lost(&f);
	ok(next_is("o", &n1), "fedx-route is gone: what was allowed is used");
	says(&n1, "p n1");
	fake_wait(&f, 3000);
	ok(via_waits(via("p", &n1)), "what is new waits");
	asker.away = false;
	asker_policy(&f, 1, HOOKS(IMPORT));
	ok(asks(HOOK_IMPORT, "p", &n1) && asker.count == 1, "it is back, with the same policy: only that is asked");
	gate_lost(&f);
	asker_take(&asker);
	asker_policy(&f, 1, HOOKS(IMPORT));
	ok(asks(HOOK_IMPORT, "p", &n1), "it was lost with the question: again");
	allow();
	ok(next_is("p", &n1), "and answered");
	asker_policy(&f, 2, HOOKS(IMPORT));
	is_int(asker.count, 3, "another policy");
	fake_wait(&f, 2200);
	ok(next_is("o", NULL) && gate_settled(&f), "that says nothing: what the one before allowed ends after two seconds");
	asker_policy(&f, 3, 0);
	ok(next_is("o", &n1) && next_is("n1", &n1), "no hook any more: all are used");
	ok(via("o", &n1)->import.state == RULING_NONE, "and none is asked about");
	asker_mark(&f, 4, HOOKS(IMPORT) | HOOKS(EXPORT), true, 7);
	ok(next_is("o", &n1), "no policy could be loaded: what is there stays");
	says(&n1, "q n1");
	ok(via("q", &n1)->import.state == RULING_DENIED && next_is("q", NULL), "what comes is denied");
	for (; asker.count; asker_take(&asker))
		;
	asker_policy(&f, 5, HOOKS(IMPORT));
	allow_all();
	ok(next_is("q", &n1), "and allowed by the next policy that loads");
	end_asked();

	begin_with(0);
	asker_open(&f, &asker);
	f.gate.expected = true;
	fake_open(&f, &n1, PORT_PEER, "n1");
	says(&n1, "n1");
	ok(next_is("n1", NULL) && !hears(&n1, KIND_ANNOUNCE, "here"), "a policy that has not come yet: nothing is used or told");
	asker_policy(&f, 1, HOOKS(ROUTE));
	ok(next_is("n1", &n1) && hears(&n1, KIND_ANNOUNCE, "here"), "it has neither hook: all is");
	end_asked();
}

static void
many(void)
{
	char path[32];
	unsigned most = 0, answers = 0;

	begin_asked(0, HOOKS(IMPORT));
	peer(&n1, "n1");
	allow_all();
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof path, "o%d n1", i);
		says(&n1, path);
		most = n1.port.routes->rulings_asked > most ? n1.port.routes->rulings_asked : most;
	}
	is_int(most, RULINGS_ASKED, "so many questions of one neighbour at once");
	is_int(asker.count, RULINGS_ASKED, "and no more");
	for (; asker_next(&asker); answers++)
		allow();
	ok(answers == 300 && n1.port.routes->rulings_asked == 0 && list_empty(&n1.port.routes->rulings), "all have their turn");
	ok(next_is("o299", &n1), "and are used");
	asker_policy(&f, 2, HOOKS(IMPORT));
	fake_down(&n1);
	ok(gate_settled(&f) && f.gate.asks.used == 0, "a neighbour that goes is not waited for");
	end_asked();
}

/* What is withdrawn before it had its answer, or its turn, keeps nobody waiting. */
static void
withdrawn_first(void)
{
	static uint64_t messages[ASKS_MAX / 2];
	struct question q = { .hook = HOOK_ROUTE };
	char path[32];

	begin_asked(0, HOOKS(IMPORT));
	peer(&n1, "n1");
	allow_all();
	for (int i = 0; i <= RULINGS_ASKED; i++) {
		snprintf(path, sizeof path, "o%d n1", i);
		says(&n1, path);
	}
	for (int i = 0; i < RULINGS_ASKED; i++) {
		snprintf(path, sizeof path, "o%d", i);
		unsays(&n1, path);
		asker_take(&asker);
	}
	fake_wait(&f, 50);
	ok(asks(HOOK_IMPORT, "o64", &n1), "all that were asked about are withdrawn: the one behind them has its turn");
	allow_all();
	for (size_t i = 0; i < ASKS_MAX / 2; i++, asker_take(&asker))
		messages[i] = gate_ask(&f, FOR_REQUEST, &q, STR(""), 0, NULL);
	says(&n1, "p n1");
	says(&n1, "r n1");
	ok(asker.count == 0, "as long as policy has much to do for messages, routes wait");
	unsays(&n1, "p");
	for (size_t i = 0; i < ASKS_MAX / 2; i++)
		gate_unask(&f, messages[i]);
	fake_wait(&f, 200);
	ok(asks(HOOK_IMPORT, "r", &n1), "the first of them is withdrawn: the next one has its turn");
	allow_all();
	end_asked();
}

/* --- anything, in any order --- */

/* What is used or told now is allowed now. */
static bool
holds_now(void)
{
	bool good = true;

	list_each(n, &f.rib.origins) {
		const struct origin *o = list_of(n, struct origin, all);

		good = good && (!o->best || via_is_taken(o->best));
		list_each(m, &o->tolds)
			good = good && gate_tells(&f, list_of(m, struct told, of_origin)->port, o);
	}
	return good;
}

static void
any_step(uint64_t *seed)
{
	static const char *const paths[] = { "", "o ", "o x ", "o x y ", "p ", "p o ", "x p ", "q here " };
	static const char *const origins[] = { "o", "p", "x" }, *const tags[] = { "", "gold", "gold eu" };
	static const char *const nodes[] = { "n1", "n2", "n3", "n4" };
	static uint64_t epoch;
	struct fake *all[] = { &n1, &n2, &n3, &n4 };
	uint64_t r = tap_rand(seed);
	unsigned which = r & 3;
	struct fake *k = all[which];
	struct announcement a = usual;
	char path[64];

	r >>= 2;
	if (!k->port.up) {
		if (k->f)
			fake_free(k);
		*k = (struct fake){ .f = NULL };
		fake_open(&f, k, PORT_PEER, nodes[which]);
	}
	fake_forget(k);
	switch (r % 16) {
	case 0:
		fake_down(k);
		break;
	case 1:
		asker.away = r >> 8 & 1;
		if (asker.away)
			gate_lost(&f);
		else
			asker_mark(&f, (unsigned)(r >> 12 & 3), (r >> 16 & 3) * HOOKS(IMPORT), (r >> 20 & 7) == 0, 7);
		break;
	case 2:
		fake_wait(&f, r >> 8 & 4095);
		break;
	case 3:
		a.epoch = ++epoch;
		unsays_as(k, origins[(r >> 8) % 3], a);
		break;
	case 4:
		names(k, r >> 8 & 3 ? KIND_ANNOUNCE : KIND_WITHDRAW, FAMILY_SERVICE, origins[(r >> 12) % 3], "s");
		break;
	case 5:
		route_drain(&f, &k->port, r >> 8 & 1);
		break;
	case 6:
		fabric_set_tags(&f, str(tags[(r >> 8) % 3]));
		route_renew(&f);
		break;
	case 7: case 8: case 9: case 10: case 11:
		if (!asker_next(&asker))
			break;
		if (r >> 8 & 1)
			prefer((int)(r >> 12 & 3), asker.q.hook == HOOK_IMPORT ? tags[(r >> 16) % 3] : "");
		else if (r >> 9 & 3)
			deny();
		else
			asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_DENY, .error = E_policy_error });
		break;
	default:
		snprintf(path, sizeof path, "%s%s", paths[(r >> 8) % 8], nodes[which]);
		a.epoch = ++epoch;
		a.tags = str(tags[(r >> 12) % 3]);
		a.latency_us = r >> 16 & 7;
		says_as(k, path, a);
	}
}

static void
chaos(void)
{
	uint64_t seed = tap_seed();
	unsigned wrong = 0, asked = 0;

	for (int run = 0; run < 200; run++) {
		begin_asked(4, HOOKS(IMPORT) | HOOKS(EXPORT));
		for (int i = 0; i < 400; i++) {
			any_step(&seed);
			wrong += !holds_now();
		}
		asked += f.gate.count.asks > 20;
		asker.away = false;
		asker_policy(&f, 9, 0);
		list_each(n, &f.rib.origins)
			list_each(m, &list_of(n, struct origin, all)->vias)
				wrong += list_of(m, struct via, of_origin)->import.state != RULING_NONE;
		wrong += !gate_settled(&f) && !timer_is_set(&f.gate.revalidate);
		end_asked();
	}
	is_int(wrong, 0, "whatever is said, answered and lost: what is used or told is allowed");
	is_int(asked, 200, "with many questions");
}

/* The balance hook is asked about one instance of s, which is reached by k. */
static bool
picks_one(uint64_t id, const struct fake *k)
{
	struct instance i, first = { .number = 0 };
	unsigned count = 0;

	fake_ask(&client, id, "s/m");
	if (!asker_next(&asker) || asker.q.hook != HOOK_BALANCE)
		return false;
	for (struct str run = asker.q.instances; instance_next(&run, &i); count++)
		first = count ? first : i;
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_PICK, .instance = first.number });
	if (count != 1)
		printf("#   of %u\n", count);
	return count == 1 && str_eq(first.node, k->port.node);
}

/* A longer way to the same instance is no second one to pick. */
static void
picks(void)
{
	begin_asked(2, HOOKS(BALANCE));
	says(&n1, "o n1");
	says(&n2, "o x n2");
	names(&n1, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	names(&n2, KIND_ANNOUNCE, FAMILY_SERVICE, "o", "s");
	ok(picks_one(1, &n1), "an instance by two ways is one to pick, by the way that is used");
	unsays(&n1, "o");
	ok(picks_one(2, &n2), "... by the other way when that has gone");
	end_asked();
}

int
main(void)
{
	chaos();
	picks();
	import();
	preference();
	export();
	nobody();
	many();
	withdrawn_first();
	asker_close(&asker);
	return done();
}
