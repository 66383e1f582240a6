/* fabric-gate.c - policy at the door: what waits, goes on, is changed or refused. */
#include "fakeasker.h"
#include "fakeport.h"
#include "wire/utf8.h"

enum { TO = 1 << FIELD_to, TO_DOMAIN = 1 << FIELD_to_domain, SUBJECT = 1 << FIELD_subject };

static struct fabric f;
static struct fake self, caller, other, service, hub;
static struct asker asker;
static const struct fabric_ops ops = { NULL };

static void
begin(uint32_t hooks)
{
	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000 }, &ops);
	asker_open(&f, &asker);
	f.gate.limits.audit = 0;
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &caller, PORT_CLIENT, "caller");
	fake_open(&f, &other, PORT_CLIENT, "other");
	fake_open(&f, &service, PORT_CLIENT, "service");
	fake_open(&f, &hub, PORT_CHILD, "hub");
	hub.port.role = ROLE_HUB;
	fake_attach(&service, FAMILY_SERVICE, "s", "", "", 0);
	fake_attach(&service, FAMILY_SERVICE, "t", "", "", 0);
	fake_attach(&service, FAMILY_ENDPOINT, "*@far", "", "", 0);
	fake_attach(&caller, FAMILY_ENDPOINT, "me@here", "", "", 0);
	fake_forget(&service);
	fake_forget(&caller);
	if (hooks)
		asker_policy(&f, 1, hooks);
}

static void
end(const char *what)
{
	uint64_t ends = f.count.answers + f.count.answer_errors + f.count.not_delivered +
	    f.count.may_have_run + f.count.cancels;

	fake_wait(&f, 3000);	/* what is asked in the background is given up */
	ok(fabric_is_idle(&f), "%s: nothing is left behind", what);
	ok(f.gate.asks.used == 0 && f.gate.in_background == 0, "%s: nor any question", what);
	ok(ends == f.count.requests, "%s: each is counted once (%llu of %llu)", what,
	    (unsigned long long)ends, (unsigned long long)f.count.requests);
	fake_free(&caller);
	fake_free(&other);
	fake_free(&service);
	fake_free(&hub);
	fake_free(&self);
	fabric_free(&f);
}

/* It arrives at the service, and the answer comes back. */
static bool
is_served(struct fake *by, uint64_t id)
{
	if (!fake_hears(&service, KIND_REQUEST))
		return false;
	fake_reply(&service, service.e.id, 0, "yes");
	return fake_hears(by, KIND_REPLY) && by->e.id == id && !(by->e.flags & FLAG_ERROR);
}

static bool
text_has(const struct fake *k, const char *word)
{
	char text[1024];

	return str_c(k->e.payload, text, sizeof text) == 0 && strstr(text, word) != NULL;
}

static void
misses_and_hits(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	ok(fake_hears_nothing(&service) && asker_next(&asker), "a first message is asked about");
	is_str(asker.q.subject, "s/m", "with its subject");
	is_str(asker.q.from, "me@here", "and who sent it");
	is_int(asker.q.peer, caller.port.gate.number, "and by which link");
	asker_allow(&f, &asker, SUBJECT);
	ok(is_served(&caller, 1), "then it goes on");
	fake_ask(&caller, 2, "s/m");
	ok(is_served(&caller, 2), "the next one is not asked about");
	fake_ask(&other, 3, "s/m");
	ok(is_served(&other, 3), "nor one of another link that agrees in what was read");
	fake_ask(&caller, 4, "t/m");
	ok(asker_next(&asker), "one that does not is");
	asker_deny(&f, &asker, SUBJECT);
	ok(fake_hears_error(&caller, 4, E_denied, FATE_NOT_DELIVERED), "and denied");
	ok(text_has(&caller, "policy does not allow this (decision ") && text_has(&caller, "): not you"),
	    "in words, with a decision and the reason");
	is_int(asker.rule, 4, "the admin is told the rule");
	fake_ask(&other, 5, "t/m");
	ok(fake_hears_error(&other, 5, E_denied, FATE_NOT_DELIVERED), "a denial is kept as well");
	is_int(f.gate.count.asks, 2, "two questions in all");
	is_int(asker.denials, 2, "two denials");
	end("hits");
}

static void
long_reasons(void)
{
	static char reason[202] = "";

	memset(reason, 'x', 198);
	memcpy(reason + 198, "\xe2\x82\xac", 3);
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_DENY, .error = E_denied,
	    .reason = str(reason), .keep_ms = FOREVER });
	ok(fake_hears_error(&caller, 1, E_denied, FATE_NOT_DELIVERED) && text_has(&caller, "xxx"), "a reason is told");
	ok(utf8_valid(caller.e.payload), "and where it is too long, no character is cut");
	end("long reasons");
}

static void
policy_errors_are_not_told(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_DENY, .error = E_policy_error,
	    .reason = STR("policy.lua:7: nil"), .keep_ms = FOREVER });
	ok(fake_hears_error(&caller, 1, E_policy_error, FATE_NOT_DELIVERED), "a hook that fails denies");
	ok(!text_has(&caller, "policy.lua"), "a stranger is not told where");
	caller.port.admin = true;
	fake_ask(&caller, 2, "s/m");
	ok(fake_hears_error(&caller, 2, E_policy_error, FATE_NOT_DELIVERED) &&
	    text_has(&caller, "policy.lua:7"), "an admin is");
	fake_wait(&f, 1100);
	fake_ask(&caller, 3, "s/m");
	is_int(asker.count, 1, "it is kept for a second at most");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_STRATEGY, .keep_ms = FOREVER });
	ok(fake_hears_error(&caller, 3, E_policy_error, FATE_NOT_DELIVERED),
	    "an answer that makes no sense denies");
	end("errors");
}

static void
order_holds(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	fake_ask(&caller, 2, "s/m");
	fake_ask(&caller, 3, "t/m");
	fake_ask(&caller, 4, "s/m");
	is_int(asker.count, 2, "one question for each target");
	asker_take(&asker);
	asker_allow(&f, &asker, SUBJECT);
	ok(is_served(&caller, 3), "another target overtakes");
	asker_back(&asker, 2);
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .read = SUBJECT });
	ok(is_served(&caller, 1), "the first goes on");
	is_int(asker.count, 1, "its verdict is for itself: the next one is asked about");
	fake_cancel(&caller, 2);
	is_int(asker.count, 2, "once that is cancelled, the one behind it");
	asker_take(&asker);
	asker_allow(&f, &asker, SUBJECT);
	ok(is_served(&caller, 4), "and that goes on");
	/* the same by a verdict that is kept */
	for (uint64_t id = 10; id < 20; id++)
		fake_ask(&caller, id, "s/n");
	asker_allow(&f, &asker, SUBJECT);
	for (uint64_t id = 10; id < 20; id++)
		if (!is_served(&caller, id))
			ok(false, "request %d goes on in its turn", (int)id);
	is_int(f.gate.count.asks, 5, "ten that waited cost one question");
	end("order");
}

static void
bodies_wait_too(void)
{
	static char part[PART_MAX];
	uint8_t path[1024];
	struct envelope e;

	begin(HOOKS(ROUTE));
	e = fake_request(&caller, 1, "s/m", path);
	e.flags = FLAG_MORE;
	fake_say(&caller, e);
	for (int i = 0; i < 4; i++)
		fake_part(&caller, 1, (uint16_t)(FLAG_ONWARD | (i < 3 ? FLAG_MORE : 0)),
		    (struct str){ part, sizeof part });
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .subject = STR("t/other") });
	ok(fake_hears(&service, KIND_REQUEST) && str_is(service.e.subject, "t/other"),
	    "a request with its body waits, and is rewritten");
	for (int i = 0; i < 4; i++)
		ok(fake_hears(&service, KIND_PART) && service.e.payload.n == PART_MAX, "part %d follows", i);
	fake_reply(&service, service.e.id, 0, "ok");
	ok(fake_hears(&caller, KIND_REPLY), "and is answered");
	e.id = 2;
	fake_say(&caller, e);
	fake_part(&caller, 2, FLAG_ONWARD, STR("x"));
	fake_down(&caller);
	asker_allow(&f, &asker, SUBJECT);
	ok(fake_hears_nothing(&service), "what waits for one that is gone goes nowhere");
	end("bodies");
}

static void
one_way(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 0, "s/m");
	fake_ask(&caller, 0, "s/m");
	ok(fake_hears_nothing(&service), "messages without an answer wait as well");
	asker_allow(&f, &asker, SUBJECT);
	ok(fake_hears(&service, KIND_REQUEST) && service.e.id == 0, "and go on");
	ok(fake_hears(&service, KIND_REQUEST) && fake_hears_nothing(&service), "both");
	fake_ask(&caller, 0, "t/m");
	asker_deny(&f, &asker, SUBJECT);
	fake_ask(&caller, 0, "t/m");
	ok(fake_hears_nothing(&caller) && fake_hears_nothing(&service), "nobody hears of one that is denied");
	is_int(f.count.not_delivered, 2, "but it is counted");
	f.count.not_delivered = 0;
	end("one way");
}

static void
events_wait_too(void)
{
	struct envelope e = { .kind = KIND_PUBLISH, .hops = 1, .subject = STR("/x") };

	begin(HOOKS(ROUTE));
	fake_say(&caller, e);
	ok(!fabric_is_idle(&f), "an event waits as well");
	fake_wait(&f, 2000);
	is_int(f.count.events_refused, 1, "no answer refuses it");
	e.subject = STR("/y");
	fake_say(&other, e);
	fake_down(&other);
	is_int(f.count.events_refused, 2, "so does the end of who said it");
	ok(f.count.requests == 0 && f.count.not_delivered == 0 && f.count.cancels == 0, "none was a request");
	end("events");
}

static void
bounds(void)
{
	static char big[100000];
	uint8_t path[1024];
	char subject[32];
	struct envelope e;
	int refused = 0;

	begin(HOOKS(ROUTE));
	for (int i = 1; i <= WAIT_MAX; i++) {
		snprintf(subject, sizeof subject, "s/%d", i);
		fake_ask(&caller, (uint64_t)i, subject);
	}
	ok(fake_hears_nothing(&caller), "%d messages may wait", WAIT_MAX);
	fake_ask(&caller, 100, "s/x");
	ok(fake_hears_error(&caller, 100, E_overloaded, FATE_NOT_DELIVERED), "not one more");
	fake_ask(&other, 101, "s/x");
	ok(fake_hears_nothing(&other), "another link has its own places");
	while (asker.count)
		asker_deny(&f, &asker, SUBJECT);
	fake_forget(&caller);
	fake_forget(&other);
	for (int i = 1; i <= 3; i++) {
		e = fake_request(&caller, (uint64_t)i, i == 1 ? "t/1" : i == 2 ? "t/2" : "t/3", path);
		e.payload = (struct str){ big, sizeof big };
		fake_say(&caller, e);
	}
	ok(fake_hears_error(&caller, 3, E_overloaded, FATE_NOT_DELIVERED), "nor more than so many bytes");
	while (asker.count)
		asker_deny(&f, &asker, SUBJECT);
	fake_forget(&caller);
	fake_wait(&f, 1000);
	for (int i = 1; i <= 1100; i++) {
		snprintf(subject, sizeof subject, "s/q%d", i);
		fake_ask(&caller, (uint64_t)i, subject);
		if (asker.count)
			asker_deny(&f, &asker, SUBJECT);
		refused += fake_next(&caller) && text_has(&caller, "asked too often");
	}
	ok(refused > 90 && refused <= 100, "a link asks %d questions a second (%d refused)", ASKS_A_SECOND,
	    refused);
	fake_wait(&f, 1000);
	fake_ask(&caller, 2000, "s/later");
	is_int(asker.count, 1, "the next second it may again");
	asker_deny(&f, &asker, SUBJECT);
	end("bounds");
}

static void
no_answer(void)
{
	uint8_t path[1024];
	struct envelope e;

	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	fake_ask(&caller, 2, "s/m");
	e = fake_request(&caller, 3, "t/m", path);
	e.deadline_ms = 200;
	fake_say(&caller, e);
	fake_wait(&f, 300);
	ok(fake_hears_error(&caller, 3, E_timeout, FATE_NOT_DELIVERED), "its own deadline is before that of policy");
	fake_wait(&f, 800);
	ok(fake_hears_error(&caller, 1, E_policy_unavailable, FATE_NOT_DELIVERED), "no answer denies");
	ok(fake_hears_error(&caller, 2, E_policy_unavailable, FATE_NOT_DELIVERED), "all that wait");
	asker_allow(&f, &asker, SUBJECT);
	ok(fake_hears_nothing(&service), "an answer that is too late changes nothing");
	asker.away = true;
	while (asker_take(&asker))
		continue;
	fake_ask(&caller, 4, "s/m");
	asker.away = false;
	gate_connected(&f);
	asker_policy(&f, 1, HOOKS(ROUTE));
	is_int(asker.count, 1, "nobody was there: it is asked when somebody is");
	gate_lost(&f);
	asker_allow(&f, &asker, SUBJECT);
	ok(fake_hears_nothing(&service), "an answer of one who is gone is none");
	asker_policy(&f, 1, HOOKS(ROUTE));
	asker_allow(&f, &asker, SUBJECT);
	ok(is_served(&caller, 4), "it is asked again");
	gate_lost(&f);
	fake_ask(&caller, 5, "s/m");
	ok(is_served(&caller, 5), "what is decided goes on without anybody");
	end("no answer");

	begin(0);
	f.gate.expected = true;
	fake_ask(&caller, 1, "s/m");
	ok(fake_hears_nothing(&service), "with a policy that nobody knows yet messages wait");
	fake_ask(&caller, 2, "t/m");
	fake_wait(&f, 500);
	asker_policy(&f, 1, 0);
	ok(is_served(&caller, 1) && is_served(&caller, 2), "it has no route hook: they go on");
	end("expected");

	begin(0);
	asker_mark(&f, 1, 127, true, 7);
	fake_ask(&caller, 1, "s/m");
	ok(fake_hears_error(&caller, 1, E_policy_error, FATE_NOT_DELIVERED), "a policy that failed denies all");
	is_int(asker.asks, 0, "without a question");
	end("failed");
}

static void
admin_and_nodes(void)
{
	uint8_t path[1024];
	struct envelope e;

	begin(HOOKS(ROUTE));
	caller.port.admin = true;
	fake_ask(&caller, 1, "fedx/flows");
	fake_ask_at(&caller, 2, "here", "fedx/status");
	for (int i = 0; i < 2; i++) {
		ok(fake_hears(&self, KIND_REQUEST), "an admin can always ask the node");
		fake_reply(&self, self.e.id, 0, "");
	}
	fake_forget(&caller);
	fake_ask_at(&caller, 3, "hub", "fedx/status");
	is_int(asker.count, 1, "but another node only by policy");
	asker_deny(&f, &asker, TO);
	fake_forget(&caller);
	fake_ask(&other, 4, "fedx/flows");
	is_int(asker.count, 1, "and nobody else");
	asker_deny(&f, &asker, 1 << FIELD_peer_admin);
	ok(fake_hears_error(&other, 4, E_denied, FATE_NOT_DELIVERED), "who is denied");

	e = fake_request(&hub, 5, "fedx/explain", path);
	e.from = STR("fedx@hub");
	fake_say(&hub, e);
	ok(fake_hears_error(&hub, 5, E_scope, FATE_NOT_DELIVERED), "fedx@hub is nobody's name by itself");
	hub.port.cluster = STR("net");
	(void)gate_admit(&f, &hub.port);
	fake_say(&hub, e);
	ok(fake_hears(&self, KIND_REQUEST), "a node of the own cluster speaks for itself");
	fake_reply(&self, self.e.id, 0, "");
	fake_forget(&hub);
	e.from = STR("fedx@other");
	fake_say(&hub, e);
	ok(fake_hears_error(&hub, 5, E_scope, FATE_NOT_DELIVERED), "and for nobody else");
	fake_attach(&other, FAMILY_ENDPOINT, "fedx@here", "", "", 0);
	ok(fake_next(&other) && other.e.kind == KIND_ERROR, "no client attaches such a name");
	end("admin");
}

static void
ways(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .read = SUBJECT,
	    .keep_ms = FOREVER, .via = STR("hub") });
	ok(fake_hears(&hub, KIND_REQUEST), "via sends it to that node");
	fake_reply(&hub, hub.e.id, 0, "");
	fake_ask(&caller, 2, "s/m");
	ok(fake_hears(&hub, KIND_REQUEST), "also by what is kept");
	fake_reply(&hub, hub.e.id, 0, "");
	fake_ask_at(&caller, 3, "a@b", "x");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .read = TO,
	    .keep_ms = FOREVER, .to = STR("z@far"), .subject = STR("y") });
	ok(fake_hears(&service, KIND_REQUEST) && str_is(service.e.to, "z@far") &&
	    str_is(service.e.subject, "y"), "to and subject are rewritten");
	fake_reply(&service, service.e.id, 0, "");
	fake_ask_at(&caller, 4, "a@b", "x");
	ok(fake_hears(&service, KIND_REQUEST) && str_is(service.e.to, "z@far"), "also by what is kept");
	fake_reply(&service, service.e.id, 0, "");
	fake_ask_at(&caller, 5, "v@nowhere", "x");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .via = STR("moon") });
	fake_forget(&service);
	for (int i = 0; i < 4; i++)
		fake_next(&caller);
	ok(fake_hears_error(&caller, 5, E_no_route, FATE_NOT_DELIVERED), "a node that is not there is no way");
	end("ways");
}

static void
limits(void)
{
	int served = 0, refused = 0;

	begin(HOOKS(ROUTE));
	for (int i = 1; i <= 10; i++) {
		fake_ask(&caller, (uint64_t)i, "s/m");
		if (asker.count)
			asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .read = SUBJECT,
			    .keep_ms = FOREVER, .rule = 9, .limit = STR("few"), .limit_rate = 2000,
			    .limit_burst = 3, .limit_field = FIELD_from });
		if (fake_hears(&service, KIND_REQUEST)) {
			fake_reply(&service, service.e.id, 0, "");
			fake_next(&caller);
			served++;
		} else {
			refused += fake_hears_error(&caller, (uint64_t)i, E_overloaded, FATE_NOT_DELIVERED) &&
			    text_has(&caller, "over the rate of policy");
		}
	}
	is_int(served, 3, "a rate lets through its burst");
	is_int(refused, 7, "and refuses what is over it");
	is_int(asker.rule, 9, "by its rule");
	is_int(f.gate.count.limited, 7, "counted");
	fake_ask(&other, 20, "s/m");
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .read = SUBJECT,
	    .keep_ms = 0, .limit = STR("few"), .limit_rate = 2000, .limit_burst = 3,
	    .limit_field = FIELD_from });
	ok(is_served(&other, 20), "another sender has a bucket of its own");
	fake_wait(&f, 1000);
	fake_ask(&caller, 21, "s/m");
	ok(is_served(&caller, 21), "and time fills it");
	end("limits");
}

static void
count_questions(void)
{
	char to[64];
	uint64_t before;

	begin(HOOKS(ROUTE));
	for (int i = 0; i < 100000; i++) {
		snprintf(to, sizeof to, "u%d@far", i);
		fake_ask_at(&caller, 0, to, "x");
		if (asker.count)
			asker_allow(&f, &asker, TO_DOMAIN);
		if (i % 1000 == 0)
			fake_forget(&service);
	}
	is_int(f.gate.count.asks, 1, "a policy that reads only to_domain is asked once for 100000 messages");
	asker_policy(&f, 2, HOOKS(ROUTE));
	fake_wait(&f, 3000);
	asker.count = 0;
	before = f.gate.count.asks;
	for (int i = 0; i < 1000; i++) {
		snprintf(to, sizeof to, "s/%d", i);
		fake_ask(i % 2 ? &caller : &other, 0, to);
		if (asker.count)
			asker_allow(&f, &asker, 0);
	}
	is_int(f.gate.count.asks - before, 1, "one that reads nothing, once");
	asker_policy(&f, 3, HOOKS(ROUTE));
	fake_wait(&f, 3000);
	asker.count = 0;
	before = f.gate.count.asks;
	for (int i = 0; i < 5000; i++) {	/* 5 seconds */
		fake_wait(&f, 1);
		fake_ask(&caller, 0, "s/m");
		if (asker.count)
			asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW,
			    .keep_ms = 1000 - (uint32_t)(f.now.us / 1000 % 1000), .limit_field = FIELD_COUNT });
		fake_forget(&service);
	}
	ok(f.gate.count.asks - before >= 5 && f.gate.count.asks - before <= 6,
	    "one that reads the clock, once a second (%llu)", (unsigned long long)(f.gate.count.asks - before));
	end("questions");
}

/* The flow that a port used last answers at once, as long as nothing that the hook read is another. */
static void
the_same_again(void)
{
	static const char *const to[] = { "s/m", "s/n", "s/m" };
	uint64_t before;

	begin(HOOKS(ROUTE));
	for (int i = 0; i < 300; i++) {
		fake_ask(&other, 0, to[i / 50 % 3]);
		if (asker.count)
			asker_allow(&f, &asker, SUBJECT);
	}
	is_int(f.gate.count.asks, 2, "two questions, whatever was asked last");
	is_int(f.gate.flows.hits, 298, "each of the others is a hit");
	asker_policy(&f, 2, HOOKS(ROUTE));
	fake_wait(&f, 3000);
	while (asker.count)
		asker_allow(&f, &asker, 1u << FIELD_peer_from);
	before = f.gate.count.asks;
	fake_ask(&other, 0, "s/m");
	while (asker.count)
		asker_allow(&f, &asker, 1u << FIELD_peer_from);
	fake_ask(&other, 0, "s/m");
	is_int(f.gate.count.asks - before, 1, "who the port is was read: the same again is known");
	fake_attach(&other, FAMILY_ENDPOINT, "me2@here", "", "", 0);
	while (asker.count)
		asker_allow(&f, &asker, 1u << FIELD_peer_from);
	before = f.gate.count.asks;
	fake_ask(&other, 0, "s/m");
	is_int(f.gate.count.asks - before, 1, "it is somebody else now, and asked about");
	if (asker.count)
		asker_allow(&f, &asker, 0);
	end("the same again");
}

static void
one_port_costs_only_itself(void)
{
	char to[64];
	uint64_t asked = 0, before;

	begin(HOOKS(ROUTE));
	fake_ask_at(&other, 0, "b@far", "x");
	asker_allow(&f, &asker, TO | 1 << FIELD_peer_from);
	for (int i = 0; i < 100000; i++) {
		if (i % 900 == 0)
			fake_wait(&f, 1000);
		snprintf(to, sizeof to, "u%d@far", i);
		fake_ask_at(&caller, 0, to, "x");
		while (asker.count)
			asker_allow(&f, &asker, TO | 1 << FIELD_peer_from);
		if (i % 10 == 0) {
			before = f.gate.count.asks;
			fake_ask_at(&other, 0, "b@far", "x");
			asked += f.gate.count.asks - before;
			fake_forget(&service);
		}
	}
	is_int(asked, 0, "a link with 100000 different targets costs another no hit");
	ok(f.gate.flows.count <= FLOWS_MAX / PORT_SHARE + 1, "and holds an eighth of the table");
	end("one port");
}

static void
reload(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	asker_allow(&f, &asker, SUBJECT);
	ok(is_served(&caller, 1), "allowed");
	fake_ask(&caller, 2, "t/m");
	asker_deny(&f, &asker, SUBJECT);
	fake_forget(&caller);
	ok(gate_settled(&f), "nothing is reloading");

	asker_policy(&f, 1, HOOKS(ROUTE));
	fake_ask(&caller, 3, "s/m");
	ok(is_served(&caller, 3) && asker.count == 0, "the same policy again keeps its verdicts");

	fake_ask(&caller, 10, "s/m");		/* a conversation that goes on */
	fake_ask(&other, 11, "t/n");
	asker_allow(&f, &asker, SUBJECT | 1 << FIELD_peer_from);
	ok(fake_hears(&service, KIND_REQUEST) && fake_hears(&service, KIND_REQUEST), "two are under way");
	asker_policy(&f, 2, HOOKS(ROUTE));
	ok(!gate_settled(&f), "another policy is being put in force");
	is_int(asker.count, 3, "all that was decided is asked again");
	asker_next(&asker);
	ok(asker.q.how & ASK_BACKGROUND, "in the background");
	fake_ask(&caller, 12, "s/m");
	ok(fake_hears(&service, KIND_REQUEST), "until then the old verdict holds");
	fake_ask(&caller, 13, "t/m");
	ok(fake_hears_error(&caller, 13, E_denied, FATE_NOT_DELIVERED), "a denial too");
	while (asker_next(&asker)) {	/* flows, then conversations: now s is denied, t allowed */
		if (str_starts(asker.q.subject, STR("s/")))
			asker_deny(&f, &asker, SUBJECT);
		else
			asker_allow(&f, &asker, SUBJECT);
	}
	fake_wait(&f, 20);
	ok(gate_settled(&f), "then it is in force");
	ok(fake_hears_error(&caller, 10, E_denied, FATE_MAY_HAVE_RUN) &&
	    fake_hears_error(&caller, 12, E_denied, FATE_MAY_HAVE_RUN), "conversations that are denied now are cut");
	ok(fake_hears(&service, KIND_CANCEL) && fake_hears(&service, KIND_CANCEL), "and their service told");
	is_int(f.gate.count.cut, 2, "counted");
	ok(fake_hears_nothing(&other), "the other one goes on");
	fake_ask(&caller, 14, "s/m");
	ok(fake_hears_error(&caller, 14, E_denied, FATE_NOT_DELIVERED) && asker.count == 0, "denied by a kept verdict");
	fake_ask(&caller, 15, "t/m");
	ok(fake_hears(&service, KIND_REQUEST), "allowed by one");
	fake_reply(&service, service.e.id, 0, "");
	fake_down(&other);
	fake_forget(&service);

	/* nobody answers: two seconds, then nothing of before is left */
	asker_policy(&f, 3, HOOKS(ROUTE));
	ok(asker.count > 0, "asked again");
	fake_forget(&caller);
	fake_wait(&f, 1900);
	fake_ask(&caller, 16, "t/m");
	ok(fake_hears(&service, KIND_REQUEST), "the old verdict still holds");
	fake_reply(&service, service.e.id, 0, "");
	fake_forget(&caller);
	fake_wait(&f, 200);
	fake_ask(&caller, 17, "t/m");
	ok(fake_hears_nothing(&service), "and then no more");
	fake_wait(&f, 1100);
	ok(fake_hears_error(&caller, 17, E_policy_unavailable, FATE_NOT_DELIVERED), "fail closed");
	fake_wait(&f, 100);
	is_int(f.gate.flows.count, 0, "old flows are freed");

	/* no hook any more */
	asker_policy(&f, 4, 0);
	fake_ask(&caller, 18, "s/m");
	ok(is_served(&caller, 18), "a policy without the hook asks nothing");
	end("reload");
}

static void
old_answers(void)
{
	uint64_t number;

	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	number = asker_take(&asker);
	asker_policy(&f, 2, HOOKS(ROUTE));
	gate_verdict(&f, number, &(struct verdict){ .answer = ANSWER_ALLOW, .keep_ms = FOREVER,
	    .limit_field = FIELD_COUNT });
	ok(fake_hears_nothing(&service), "an answer of the policy before does not count");
	is_int(asker.count, 1, "it is asked again");
	is_int(f.gate.count.old_verdicts, 1, "counted");
	number = asker_take(&asker);
	asker_policy(&f, 3, HOOKS(ROUTE));
	gate_verdict(&f, number, &(struct verdict){ .answer = ANSWER_DENY, .keep_ms = FOREVER,
	    .limit_field = FIELD_COUNT });
	ok(fake_hears_error(&caller, 1, E_denied, FATE_NOT_DELIVERED), "once: then its answer is taken");
	is_int(f.gate.flows.count, 0, "and not kept");
	end("old answers");
}

static void
lookups(void)
{
	static uint8_t room[256];
	struct buf run = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct verdict v = { .answer = ANSWER_ALLOW, .read = SUBJECT, .keep_ms = FOREVER };

	lookup_put(&run, FAMILY_SERVICE, STR("backup"));
	v.lookups = buf_view(&run);
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	v.seen = f.gate.changes;
	asker_say(&f, &asker, v);
	ok(is_served(&caller, 1), "a verdict that looked up a name");
	fake_ask(&caller, 2, "s/m");
	ok(is_served(&caller, 2), "is kept");
	fake_attach(&other, FAMILY_SERVICE, "backup", "", "", 0);
	fake_forget(&other);
	fake_ask(&caller, 3, "s/m");
	is_int(asker.count, 1, "until the name changes");
	asker_say(&f, &asker, v);	/* it had not seen the change */
	ok(is_served(&caller, 3), "an answer from before the change counts for its message");
	fake_ask(&caller, 4, "s/m");
	is_int(asker.count, 1, "and for no other");
	asker_allow(&f, &asker, SUBJECT);
	ok(is_served(&caller, 4), "asked again");
	end("look-ups");
}

static void
audits(void)
{
	begin(HOOKS(ROUTE));
	f.gate.limits.audit = 10;
	for (int i = 1; i <= 25; i++) {
		fake_ask(&caller, (uint64_t)i, "s/m");
		if (i == 1)
			asker_allow(&f, &asker, SUBJECT);
		is_served(&caller, (uint64_t)i);
	}
	is_int(f.gate.count.audits, 1, "a hit in so many is asked again");
	asker_allow(&f, &asker, SUBJECT);
	is_int(asker.differs, 0, "the same answer is no news");
	for (int i = 30; i < 40; i++) {
		fake_ask(&caller, (uint64_t)i, "s/m");
		is_served(&caller, (uint64_t)i);
	}
	asker_deny(&f, &asker, SUBJECT);
	is_int(asker.differs, 1, "another answer is told");
	is_int(f.gate.flows.count, 0, "and the verdict is not believed any more");
	end("audits");
}

static void
scopes(void)
{
	char name[32];

	begin(HOOKS(SCOPE));
	is_int(asker.count, 4, "names from before the policy are asked about");
	while (asker.count)
		asker_allow(&f, &asker, 0);
	fake_attach(&caller, FAMILY_SERVICE, "a", "", "", 0);
	ok(fake_hears_nothing(&caller) && asker_next(&asker), "a name is asked about");
	is_str(asker.q.subject, "a", "which");
	is_str(asker.q.action, "attach", "and what is to be done with it");
	fake_attach(&caller, FAMILY_SERVICE, "b", "", "", 0);
	is_int(asker.count, 2, "the next one at once");
	asker_take(&asker);
	asker_deny(&f, &asker, 0);
	ok(fake_hears_nothing(&caller), "but it is told in order");
	asker_back(&asker, 2);
	asker_allow(&f, &asker, 0);
	ok(fake_hears(&caller, KIND_DONE), "the first is allowed");
	ok(fake_hears(&caller, KIND_ERROR) && text_has(&caller, "policy does not allow this"), "the second is not");
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("a")) && !fib_name(&f.fib, FAMILY_SERVICE, STR("b")), "so it is");

	/* of a node: the withdrawal and the end wait behind the name */
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "c", "", 0);
	fake_announce(&hub, KIND_WITHDRAW, FAMILY_SERVICE, "c", "", 0);
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "d", "", 0);
	fake_say(&hub, (struct envelope){ .kind = KIND_END });
	asker_next(&asker);
	is_str(asker.q.action, "announce", "a node announces");
	asker_allow(&f, &asker, 0);
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("c")), "what was withdrawn meanwhile is not there");
	asker_allow(&f, &asker, 0);
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("d")), "the next one is");
	fake_forget(&hub);
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "e", "", 0);
	fake_wait(&f, 1100);
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("e")), "no answer: no name");
	asker_take(&asker);
	fake_forget(&hub);

	/* another policy: what is claimed is asked again, what was refused is wanted again */
	asker_policy(&f, 2, HOOKS(SCOPE));
	ok(fake_hears(&hub, KIND_DIGEST) && hub.e.flags & FLAG_ERROR, "a node says its names again");
	ok(asker.count > 3, "names that are claimed are asked again");
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "d", "", 0);
	while (asker_next(&asker)) {
		if (str_is(asker.q.subject, "a"))
			asker_deny(&f, &asker, 0);
		else
			asker_allow(&f, &asker, 0);
	}
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("a")), "what is refused now is gone");
	ok(fib_name(&f.fib, FAMILY_SERVICE, STR("d")) && gate_settled(&f), "the others stay");

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "n%d", i);
		fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, name, "", 0);
	}
	is_int(asker.count, NAMES_ASKED, "of many names some are asked at once");
	while (asker.count)
		asker_allow(&f, &asker, 0);
	is_int(hub.port.claimed[FAMILY_SERVICE], 201, "and all in the end");
	fake_attach(&caller, FAMILY_SERVICE, "late", "", "", 0);
	fake_down(&caller);
	asker_allow(&f, &asker, 0);
	ok(!fib_name(&f.fib, FAMILY_SERVICE, STR("late")), "one that is gone claims nothing");
	end("scopes");
}

static void
admission(void)
{
	static uint8_t room[256];
	struct buf run = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct verdict v = { .answer = ANSWER_ALLOW, .max_in_flight = 2, .max_services = 1,
	    .tags = STR("guest"), .limit_field = FIELD_COUNT };
	struct fake guest;

	begin(HOOKS(ADMIT));
	while (asker.count)		/* who is there already */
		asker_allow(&f, &asker, 0);
	guest = (struct fake){ .f = &f };
	port_init(&guest.port, &fake_ops, PORT_CLIENT);
	is_int(gate_admit(&f, &guest.port), GATE_DONE, "who comes waits");
	fake_wait(&f, 1100);
	ok(asker.admitted == &guest.port && asker.admitted_with == E_policy_unavailable, "no answer: not in");
	gate_port_down(&f, &guest.port);
	asker_take(&asker);
	is_int(gate_admit(&f, &guest.port), GATE_DONE, "another");
	asker_deny(&f, &asker, 0);
	ok(asker.admitted_with == E_denied, "denied: not in");
	gate_port_down(&f, &guest.port);

	caller.port.address = STR("192.0.2.1:5");
	is_int(gate_admit(&f, &caller.port), GATE_DONE, "a third");
	scope_put(&run, STR("*@guests"));
	scope_put(&run, STR("echo"));
	v.scopes = buf_view(&run);
	asker_say(&f, &asker, v);
	ok(asker.admitted == &caller.port && asker.admitted_with == E_NONE, "is let in");
	fake_attach(&caller, FAMILY_SERVICE, "echo", "", "", 0);
	ok(fake_hears(&caller, KIND_DONE), "within its scopes");
	fake_attach(&caller, FAMILY_SERVICE, "bank", "", "", 0);
	ok(fake_hears(&caller, KIND_ERROR), "not outside");
	is_int(asker.error, E_scope, "as it is told");
	fake_ask(&caller, 1, "s/m");
	fake_ask(&caller, 2, "s/m");
	fake_ask(&caller, 3, "s/m");
	ok(fake_hears_error(&caller, 3, E_overloaded, FATE_NOT_DELIVERED), "with as many requests as it may");
	fake_forget(&service);
	fake_cancel(&caller, 1);
	fake_cancel(&caller, 2);

	asker_policy(&f, 2, HOOKS(ADMIT));
	while (asker_next(&asker)) {
		if (asker.q.peer == other.port.gate.number)
			asker_deny(&f, &asker, 0);
		else
			asker_allow(&f, &asker, 0);
	}
	ok(other.closed && other.closed_with == E_denied, "another policy: who is denied now is closed");
	ok(!caller.closed && !hub.closed, "nobody else");
	asker_policy(&f, 3, 0);
	ok(caller.port.gate.grant == NULL, "no hook: what it granted is over");
	ok(asker.peers > 0 && asker.gone >= 2 && asker.names > 0, "neighbours and names were told");
	end("admission");
}

static void
memory(void)
{
	void *question[4];

	begin(HOOKS(ROUTE));
	for (int i = 1; i <= 8; i++) {
		fake_ask(&caller, (uint64_t)i, "s/m");
		if (asker.count)
			asker_allow(&f, &asker, SUBJECT);
		is_served(&caller, (uint64_t)i);
		question[i % 2] = f.gate.question.p;
		question[2 + i % 2] = inflight_slots(&f.flights) ? f.flights.blocks[0][0].question.p : NULL;
	}
	ok(question[0] && question[0] != question[1] && question[0] == question[3],
	    "the question of a message is kept in memory that goes round");
	end("memory");
}

int
main(void)
{
	misses_and_hits();
	long_reasons();
	policy_errors_are_not_told();
	order_holds();
	bodies_wait_too();
	one_way();
	events_wait_too();
	bounds();
	no_answer();
	admin_and_nodes();
	ways();
	limits();
	count_questions();
	the_same_again();
	one_port_costs_only_itself();
	reload();
	old_answers();
	lookups();
	audits();
	scopes();
	admission();
	memory();
	asker_close(&asker);
	return done();
}
