/* fabric-revoke.c - another policy takes back what the one before gave: scopes, names, neighbours, conversations. */
#include "fakeasker.h"
#include "fakeport.h"

static struct fabric f;
static struct fake self, caller, other, service, hub;
static struct asker asker;
static const struct fabric_ops ops = { NULL };

static void
begin(uint32_t hooks)
{
	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000 }, &ops);
	asker_open(&f, &asker);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &caller, PORT_CLIENT, "caller");
	fake_open(&f, &other, PORT_CLIENT, "other");
	fake_open(&f, &service, PORT_CLIENT, "service");
	fake_open(&f, &hub, PORT_CHILD, "hub");
	hub.port.role = ROLE_HUB;
	fake_attach(&service, FAMILY_SERVICE, "s", "", "", 0);
	fake_attach(&service, FAMILY_SERVICE, "t", "", "", 0);
	fake_attach(&caller, FAMILY_ENDPOINT, "me@red", "", "", 0);
	fake_attach(&caller, FAMILY_ENDPOINT, "me@blue", "", "", 0);
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "far", "", 0);
	fake_forget(&service);
	fake_forget(&caller);
	fake_forget(&hub);
	if (hooks)
		asker_policy(&f, 1, hooks);
	while (asker.count)
		asker_allow(&f, &asker, 0);
}

static void
end(const char *what)
{
	fake_wait(&f, 3000);
	ok(f.gate.asks.used == 0 && f.gate.in_background == 0 && gate_settled(&f), "%s: it is through", what);
	fake_free(&caller);
	fake_free(&other);
	fake_free(&service);
	fake_free(&hub);
	fake_free(&self);
	ok(fabric_is_idle(&f), "%s: nothing is left behind", what);
	fabric_free(&f);
}

static bool
has(enum family family, const char *name)
{
	return fib_name(&f.fib, family, str(name)) != NULL;
}

/* The conversation began when nothing was to be asked. */
static void
conversations_of_before(void)
{
	begin(0);
	fake_ask(&caller, 1, "s/m");
	fake_ask(&other, 2, "t/m");
	ok(fake_hears(&service, KIND_REQUEST) && fake_hears(&service, KIND_REQUEST), "two are under way, without a policy");
	is_int(asker.asks, 0, "which costs no question");
	asker_policy(&f, 1, HOOKS(ROUTE));
	is_int(asker.count, 2, "the first policy is asked about both");
	while (asker_next(&asker)) {
		ok(asker.q.how & ASK_BACKGROUND, "in the background");
		if (str_is(asker.q.subject, "s/m"))
			asker_deny(&f, &asker, 1 << FIELD_subject);
		else
			asker_allow(&f, &asker, 1 << FIELD_subject);
	}
	ok(fake_hears_error(&caller, 1, E_denied, FATE_MAY_HAVE_RUN), "what it denies is cut");
	ok(fake_hears(&service, KIND_CANCEL), "and its service told");
	ok(fake_hears_nothing(&other), "the other one goes on");
	asker_policy(&f, 2, 0);
	ok(fake_hears_nothing(&other) && asker.count == 0, "also under a policy without the hook");
	asker_policy(&f, 3, HOOKS(ROUTE));
	while (asker.count)
		asker_deny(&f, &asker, 1 << FIELD_subject);
	fake_wait(&f, 50);
	ok(fake_hears_error(&other, 2, E_denied, FATE_MAY_HAVE_RUN), "and is cut by the one that denies it");
	is_int(f.gate.count.cut, 2, "counted");
	end("conversations");
}

/* They wait for something else while their turn to be asked again comes. */
static void
conversations_at_the_gate(void)
{
	uint64_t number;

	begin(HOOKS(ROUTE) | HOOKS(BALANCE));
	fake_ask(&caller, 1, "s/m");
	asker_allow(&f, &asker, 0);
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_PICK });
	fake_forget(&service);
	fake_cancel(&caller, 1);
	fake_forget(&service);
	fake_ask(&caller, 2, "s/m");
	ok(asker_next(&asker) && asker.q.hook == HOOK_BALANCE && fake_hears_nothing(&service), "it waits for a pick");
	number = asker_take(&asker);
	asker_policy(&f, 2, HOOKS(ROUTE) | HOOKS(BALANCE));
	while (asker.count)
		asker_deny(&f, &asker, 0);
	fake_wait(&f, 20);
	gate_verdict(&f, number, &(struct verdict){ .answer = ANSWER_PICK });
	while (asker.count)
		asker_deny(&f, &asker, 0);
	ok(fake_hears_error(&caller, 2, E_denied, FATE_NOT_DELIVERED), "another policy cuts it all the same");
	ok(fake_hears_nothing(&service), "and nobody is asked to serve it");
	end("pick");

	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "s/m");
	number = asker_take(&asker);
	asker_policy(&f, 2, HOOKS(ROUTE));
	gate_verdict(&f, number, &(struct verdict){ .answer = ANSWER_ALLOW });
	number = asker_take(&asker);
	asker_policy(&f, 3, HOOKS(ROUTE));
	fake_wait(&f, 20);
	gate_verdict(&f, number, &(struct verdict){ .answer = ANSWER_ALLOW, .limit_field = FIELD_COUNT });
	ok(fake_hears(&service, KIND_REQUEST), "of two policies in a row the one before lets it in");
	fake_wait(&f, 20);
	is_int(asker.count, 1, "and the last is asked about it");
	asker_deny(&f, &asker, 0);
	ok(fake_hears_error(&caller, 1, E_denied, FATE_MAY_HAVE_RUN), "and cuts it");
	end("two in a row");
}

/* Of many flows most are passed over at first; nobody answers about the rest. */
static void
many_flows_and_no_answer(void)
{
	char subject[32];

	begin(HOOKS(ROUTE));
	for (int i = 0; i < 5000; i++) {
		snprintf(subject, sizeof subject, "s/%d", i);
		fake_ask(&caller, 0, subject);
		if (asker.count)
			asker_allow(&f, &asker, 1 << FIELD_subject);
		fake_wait(&f, 2);
	}
	fake_ask(&caller, 0, "s/4999");
	fake_forget(&service);
	asker_policy(&f, 2, HOOKS(ROUTE));
	for (int i = 0; i < 210; i++)
		fake_wait(&f, 10);
	fake_ask(&caller, 0, "s/4999");
	ok(fake_hears_nothing(&service), "what the policy before allowed is over after two seconds, whatever there was");
	fake_wait(&f, 1100);
	while (asker_take(&asker))
		continue;
	fake_wait(&f, 100);
	is_int(f.gate.flows.count, 0, "and nothing of it is kept");
	end("many flows");
}

/* Waiting for a policy that turns out to have no hook, then for one that has. */
static void
let_in_without_a_hook(void)
{
	begin(0);
	f.gate.expected = true;
	fake_ask(&caller, 1, "s/m");
	ok(fake_hears_nothing(&service), "it waits for the policy");
	asker_policy(&f, 1, 0);
	ok(fake_hears(&service, KIND_REQUEST), "which has no hook");
	asker_policy(&f, 2, HOOKS(ROUTE));
	is_int(asker.count, 1, "the next one has");
	asker_deny(&f, &asker, 0);
	ok(fake_hears_error(&caller, 1, E_denied, FATE_MAY_HAVE_RUN), "and cuts it");
	end("waited");
}

/* The policy that was asked is gone, and so is the hook: nobody waits for its answer any more. */
static void
order_without_a_hook(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 0, "s/1");
	fake_ask(&caller, 1, "s/m");
	fake_ask(&caller, 2, "s/m");
	ok(asker.count == 2 && fake_hears_nothing(&service), "messages wait for a verdict");
	asker_policy(&f, 2, 0);
	fake_ask(&caller, 3, "s/m");
	ok(fake_hears(&service, KIND_REQUEST) && str_is(service.e.subject, "s/1"), "a policy without the hook lets them go");
	for (uint64_t id = 1; id <= 3; id++) {
		if (!fake_hears(&service, KIND_REQUEST))
			ok(false, "request %d is lost", (int)id);
		fake_reply(&service, service.e.id, 0, "");
		ok(fake_hears(&caller, KIND_REPLY) && caller.e.id == id, "request %d in its turn", (int)id);
	}
	is_int(f.gate.asks.used, 0, "and their questions are forgotten");
	asker_policy(&f, 3, HOOKS(SCOPE));
	while (asker.count)
		asker_allow(&f, &asker, 0);
	fake_attach(&caller, FAMILY_SERVICE, "u", "", "", 0);
	asker_policy(&f, 4, 0);
	ok(has(FAMILY_SERVICE, "u") && fake_hears(&caller, KIND_DONE), "a name that waited as well");
	end("order");
}

static void
narrower_scopes(void)
{
	static uint8_t room[256];
	struct buf run = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct verdict v = { .answer = ANSWER_ALLOW, .limit_field = FIELD_COUNT };

	begin(HOOKS(ADMIT));
	scope_put(&run, STR("*@red"));
	v.scopes = buf_view(&run);
	asker_policy(&f, 2, HOOKS(ADMIT));
	while (asker_next(&asker)) {
		if (asker.q.peer == caller.port.gate.number)
			asker_say(&f, &asker, v);
		else
			asker_allow(&f, &asker, 0);
	}
	ok(has(FAMILY_ENDPOINT, "me@red"), "what is within the new scopes stays");
	ok(!has(FAMILY_ENDPOINT, "me@blue"), "what is outside is taken back");
	ok(has(FAMILY_SERVICE, "s") && has(FAMILY_SERVICE, "far"), "others keep theirs");
	ok(fake_hears(&caller, KIND_ERROR), "who had it is told");
	is_int(asker.error, E_scope, "why");
	fake_attach(&caller, FAMILY_ENDPOINT, "me@blue", "", "", 0);
	ok(!has(FAMILY_ENDPOINT, "me@blue"), "and cannot have it again");
	asker_policy(&f, 3, 0);
	fake_forget(&caller);
	fake_attach(&caller, FAMILY_ENDPOINT, "me@blue", "", "", 0);
	ok(has(FAMILY_ENDPOINT, "me@blue"), "until a policy that has no scopes");
	end("scopes");
}

/* The neighbours are answered for: the caller has two scopes, the others have any. */
static void
admit(const char *scope, const char *also)
{
	static uint8_t room[256];
	struct buf run = { .p = room, .cap = sizeof room, .max = sizeof room };

	scope_put(&run, str(scope));
	scope_put(&run, str(also));
	while (asker_next(&asker) && asker.q.hook == HOOK_ADMIT) {
		if (asker.q.peer == caller.port.gate.number)
			asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .scopes = buf_view(&run) });
		else
			asker_allow(&f, &asker, 0);
	}
}

/* It was within the scopes when it was asked about, and is not when its answer comes. */
static void
narrower_scopes_meanwhile(void)
{
	begin(HOOKS(ADMIT) | HOOKS(SCOPE));
	asker_policy(&f, 2, HOOKS(ADMIT) | HOOKS(SCOPE));
	fake_attach(&caller, FAMILY_ENDPOINT, "late@blue", "", "", 0);
	fake_attach(&caller, FAMILY_ENDPOINT, "late@red", "", "", 0);
	admit("*@red", "x@red");
	fake_forget(&caller);
	while (asker.count)
		asker_allow(&f, &asker, 0);
	ok(!has(FAMILY_ENDPOINT, "late@blue"), "a name that was asked about before its scope went is not claimed");
	ok(fake_hears(&caller, KIND_ERROR), "who wanted it is told");
	is_int(asker.error, E_scope, "why");
	ok(has(FAMILY_ENDPOINT, "late@red") && fake_hears(&caller, KIND_DONE), "one within the scopes is");
	end("narrower meanwhile");
}

/* Whom it is from was true when it came. */
static void
senders_that_wait(void)
{
	begin(HOOKS(ADMIT) | HOOKS(ROUTE));
	asker_policy(&f, 2, HOOKS(ADMIT) | HOOKS(ROUTE));
	fake_ask(&caller, 7, "s/m");
	admit("*@blue", "x@blue");
	fake_forget(&caller);
	asker_allow(&f, &asker, 0);
	ok(fake_hears_error(&caller, 7, E_scope, FATE_NOT_DELIVERED), "who lost its address while it waited speaks from it no more");
	ok(fake_hears_nothing(&service), "and nobody hears it");
	fake_ask(&caller, 8, "s/m");
	asker_allow(&f, &asker, 0);
	ok(fake_hears(&service, KIND_REQUEST) && service.e.from.n == 0, "as nobody it may");
	end("senders");

	begin(HOOKS(ADMIT));
	fake_attach(&service, FAMILY_SERVICE, "one", "", "", 1);
	fake_forget(&service);
	fake_ask(&other, 1, "one/m");
	fake_ask(&caller, 7, "one/m");
	fake_hears(&service, KIND_REQUEST);
	asker_policy(&f, 2, HOOKS(ADMIT));
	admit("*@blue", "x@blue");
	fake_forget(&caller);
	fake_reply(&service, service.e.id, FLAG_LAST, "done");
	ok(fake_hears_error(&caller, 7, E_scope, FATE_NOT_DELIVERED) && !fake_hears(&service, KIND_REQUEST),
	    "nor when it waited for an instance");
	end("parked senders");
}

static void
publish_at(struct fake *k, uint64_t id, const char *path)
{
	fake_say(k, (struct envelope){ .kind = KIND_PUBLISH, .hops = 1, .id = id, .subject = str(path) });
}

/* Its path was within the scopes when it came; policy sends it elsewhere in the end. */
static void
events_that_wait(void)
{
	struct verdict v = { .answer = ANSWER_ALLOW, .subject = STR("/blue/copy") };

	begin(HOOKS(ADMIT) | HOOKS(ROUTE));
	fake_say(&other, (struct envelope){ .kind = KIND_SUBSCRIBE, .hops = 1, .id = 1, .subject = STR("/**") });
	fake_forget(&other);
	asker_policy(&f, 2, HOOKS(ADMIT) | HOOKS(ROUTE));
	publish_at(&caller, 7, "/blue/x");
	publish_at(&caller, 8, "/red/x");
	admit("/red/**", "*@red");
	fake_forget(&caller);
	asker_say(&f, &asker, v);
	ok(fake_hears_error(&caller, 7, E_scope, FATE_NOT_DELIVERED), "an event that waited while its scope went is refused");
	ok(fake_hears_nothing(&other), "and nobody hears it");
	asker_say(&f, &asker, v);
	ok(fake_hears(&other, KIND_PUBLISH) && str_is(other.e.subject, "/blue/copy"),
	    "one that was sent within the scopes goes where policy wants it");
	ok(fake_hears(&caller, KIND_DONE) && caller.e.id == 8, "and is confirmed");
	end("events");
}

/* A name that the policy before allowed while it still stood in line. */
static void
names_in_line(void)
{
	begin(HOOKS(SCOPE));
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "first", "", 0);
	fake_announce(&hub, KIND_ANNOUNCE, FAMILY_SERVICE, "second", "", 0);
	is_int(asker.count, 2, "two are asked about");
	asker_take(&asker);
	asker_allow(&f, &asker, 0);
	ok(!has(FAMILY_SERVICE, "second"), "the second waits behind the first, allowed");
	asker_policy(&f, 2, HOOKS(SCOPE));
	while (asker_next(&asker)) {
		if (str_is(asker.q.subject, "second"))
			asker_deny(&f, &asker, 0);
		else
			asker_allow(&f, &asker, 0);
	}
	fake_wait(&f, 1100);
	ok(!has(FAMILY_SERVICE, "second"), "another policy is asked about it, too");
	ok(has(FAMILY_SERVICE, "far"), "what it allows is there");
	end("names");
}

/* It waits to come up, the hook is gone, it comes up and goes; then the old answer comes. */
static void
admitted_without_a_hook(void)
{
	struct fake *guest = calloc(1, sizeof *guest);
	uint64_t number;

	begin(HOOKS(ADMIT));
	port_init(&guest->port, &fake_ops, PORT_CLIENT);
	is_int(gate_admit(&f, &guest->port), GATE_DONE, "who comes waits");
	number = asker_take(&asker);
	asker_policy(&f, 2, 0);
	ok(asker.admitted == &guest->port && asker.admitted_with == E_NONE, "without the hook it is let in");
	is_int(f.gate.asks.used, 0, "and its question forgotten");
	gate_port_down(&f, &guest->port);
	free(guest);
	gate_verdict(&f, number, &(struct verdict){ .answer = ANSWER_ALLOW });
	end("admitted");
}

/* A link that waits for the other side's word when the policy that admitted it is replaced. */
static void
admitted_by_the_one_before(void)
{
	struct fake guest = { .f = &f };

	begin(HOOKS(ADMIT));
	port_init(&guest.port, &fake_ops, PORT_CLIENT);
	(void)gate_admit(&f, &guest.port);
	asker_allow(&f, &asker, 0);
	asker_policy(&f, 2, HOOKS(ADMIT));
	while (asker.count)
		asker_allow(&f, &asker, 0);
	fake_wait(&f, 50);
	ok(gate_settled(&f), "the new policy is in force");
	fabric_port_up(&f, &guest.port);
	fake_wait(&f, 50);
	ok(asker_next(&asker) && asker.q.hook == HOOK_ADMIT && asker.count == 1 &&
	    asker.q.peer == guest.port.gate.number, "who comes up only now is asked about again");
	asker_deny(&f, &asker, 0);
	ok(guest.closed && guest.closed_with == E_denied, "and closed if it is denied");
	fake_free(&guest);
	end("admitted before");
}

/* fedx-route goes at the very moment at which the first of them is asked about. */
static void
nobody_to_ask(void)
{
	unsigned neighbours = 0;

	begin(HOOKS(ADMIT) | HOOKS(SCOPE));
	asker.away = true;
	asker_policy(&f, 2, HOOKS(ADMIT) | HOOKS(SCOPE));
	is_int(asker.count, 0, "nobody can be asked");
	asker.away = false;
	asker_policy(&f, 2, HOOKS(ADMIT) | HOOKS(SCOPE));
	while (asker_next(&asker)) {
		neighbours += asker.q.hook == HOOK_ADMIT;
		asker_allow(&f, &asker, 0);
	}
	is_int(neighbours, 4, "when it is back each neighbour is asked about");
	end("nobody");
}

static void
names_with_nobody_to_ask(void)
{
	begin(HOOKS(SCOPE));
	asker.away = true;
	asker_policy(&f, 2, HOOKS(SCOPE));
	asker.away = false;
	asker_policy(&f, 2, HOOKS(SCOPE));
	is_int(asker.count, 5, "each name is asked about, also the one that was tried first");
	while (asker.count)
		asker_deny(&f, &asker, 0);
	ok(!has(FAMILY_SERVICE, "s") && !has(FAMILY_SERVICE, "t") && !has(FAMILY_SERVICE, "far") &&
	    !has(FAMILY_ENDPOINT, "me@red") && !has(FAMILY_ENDPOINT, "me@blue"), "none escapes");
	end("nobody, names");
}

int
main(void)
{
	conversations_of_before();
	conversations_at_the_gate();
	many_flows_and_no_answer();
	let_in_without_a_hook();
	order_without_a_hook();
	narrower_scopes();
	narrower_scopes_meanwhile();
	senders_that_wait();
	events_that_wait();
	names_in_line();
	admitted_without_a_hook();
	admitted_by_the_one_before();
	nobody_to_ask();
	names_with_nobody_to_ask();
	asker_close(&asker);
	return done();
}
