/* fabric-subscribe.c - who may hear of what: policy is asked about each pattern, and takes back what it does not allow any more. */
#include "fakeasker.h"
#include "fakeport.h"

static struct fabric f;
static struct fake self, a, b, leaf;
static struct asker asker;
static const struct fabric_ops ops = { NULL };

static void
begin(uint32_t hooks)
{
	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000 }, &ops);
	asker_open(&f, &asker);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &a, PORT_CLIENT, "client-a");
	fake_open(&f, &b, PORT_CLIENT, "client-b");
	fake_open(&f, &leaf, PORT_CHILD, "leaf");
	fake_forget(&leaf);
	asker_policy(&f, 1, hooks);
	while (asker.count)
		asker_allow(&f, &asker, 0);
}

static void
end(const char *what)
{
	fake_wait(&f, 3000);
	ok(f.gate.asks.used == 0 && gate_settled(&f), "%s: no question is left", what);
	fake_free(&a);
	fake_free(&b);
	fake_free(&leaf);
	fake_free(&self);
	ok(f.fib.claimed[FAMILY_INTEREST] == 0 && fabric_is_idle(&f), "%s: nothing is left of it", what);
	fabric_free(&f);
}

static void
subscribe(struct fake *k, uint64_t id, const char *pattern)
{
	fake_say(k, (struct envelope){ .kind = KIND_SUBSCRIBE, .hops = 1, .id = id, .subject = str(pattern) });
}

static void
unsubscribe(struct fake *k, uint64_t id)
{
	fake_say(k, (struct envelope){ .kind = KIND_UNSUBSCRIBE, .hops = 1, .id = id });
}

static bool
is_subscribed(struct fake *k, uint64_t id)
{
	return fake_hears(k, KIND_ACK) && k->e.id == id;
}

/* An event that the other client publishes: does this one hear it? */
static bool
is_told(struct fake *k, const char *path)
{
	fake_say(k == &b ? &a : &b, (struct envelope){ .kind = KIND_PUBLISH, .hops = 1, .subject = str(path) });
	return fake_hears(k, KIND_PUBLISH) && str_is(k->e.subject, path);
}

static void
answer(const char *denied)
{
	while (asker_next(&asker)) {
		if (str_is(asker.q.subject, denied))
			asker_deny(&f, &asker, 0);
		else
			asker_allow(&f, &asker, 0);
	}
}

static void
asked(void)
{
	begin(HOOKS(SCOPE));
	subscribe(&a, 1, "/x/*");
	ok(fake_hears_nothing(&a) && asker_next(&asker), "a pattern is asked about");
	is_str(asker.q.subject, "/x/*", "which");
	is_str(asker.q.action, "subscribe", "and what is to be done with it");
	ok(asker.q.family == FAMILY_INTEREST && asker.q.peer == a.port.gate.number, "as what, and by whom");
	ok(!is_told(&a, "/x/1"), "until the answer nothing is told");
	asker_allow(&f, &asker, 0);
	ok(is_subscribed(&a, 1) && is_told(&a, "/x/1"), "then it is");
	subscribe(&a, 2, "/y");
	subscribe(&a, 3, "/z");
	answer("/y");
	ok(fake_hears_error(&a, 2, E_denied, FATE_NOT_DELIVERED) && is_subscribed(&a, 3),
	    "one that is denied costs only itself");
	ok(!is_told(&a, "/y") && is_told(&a, "/z"), "and is not told");
	subscribe(&a, 4, "/late");
	fake_wait(&f, 1100);
	ok(fake_hears_error(&a, 4, E_policy_unavailable, FATE_NOT_DELIVERED), "no answer denies");
	asker_take(&asker);
	a.port.admin = true;
	subscribe(&a, 5, "/y");
	ok(is_subscribed(&a, 5) && asker.count == 0, "an admin is not asked about");
	end("asked");
}

static void
in_line(void)
{
	begin(HOOKS(SCOPE));
	subscribe(&a, 1, "/x");
	unsubscribe(&a, 1);
	subscribe(&a, 2, "/y");
	fake_cancel(&a, 2);
	answer("");
	ok(is_subscribed(&a, 1) && fake_hears(&a, KIND_DONE) && a.e.id == 1, "what ends one waits behind it");
	ok(is_subscribed(&a, 2) && fake_hears_nothing(&a), "CANCEL, too");
	is_int(a.port.claimed[FAMILY_INTEREST], 0, "so both are over");
	subscribe(&a, 3, "/x");
	fake_down(&a);
	answer("");
	is_int(f.fib.claimed[FAMILY_INTEREST], 0, "who is gone wants nothing");
	subscribe(&b, 1, "/x");
	subscribe(&b, 2, "/x");
	is_int(asker.count, 2, "each is asked about, also to the same pattern");
	asker_allow(&f, &asker, 0);
	asker_deny(&f, &asker, 0);
	ok(is_subscribed(&b, 1) && fake_hears_error(&b, 2, E_denied, FATE_NOT_DELIVERED),
	    "and one that is denied is none, whatever the other is");
	subscribe(&b, 3, "/y");
	subscribe(&b, 3, "/z");
	answer("");
	ok(b.closed && b.closed_with == E_malformed, "an id that waits is in use");
	end("in line");

	begin(HOOKS(SCOPE));
	fake_attach(&b, FAMILY_SERVICE, "s", "", "", 0);
	answer("");
	subscribe(&a, 8, "/x");
	fake_ask(&a, 8, "s/m");
	answer("");
	ok(a.closed && a.closed_with == E_malformed, "so is one that a request took meanwhile");
	end("meanwhile");
}

/* Another policy denies a pattern that is subscribed to, twice. */
static void
cut_by_scope(void)
{
	begin(HOOKS(SCOPE));
	subscribe(&a, 1, "/x");
	subscribe(&a, 3, "/y");
	subscribe(&b, 1, "/x");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_INTEREST, "/x", "", 0);
	answer("");
	subscribe(&a, 2, "/x");
	fake_forget(&a);
	fake_forget(&b);
	asker_policy(&f, 2, HOOKS(SCOPE));
	ok(is_told(&a, "/x"), "until the new policy has answered the old answer holds");
	fake_forget(&b);
	fake_forget(&leaf);
	while (asker_next(&asker)) {
		if (str_is(asker.q.subject, "/x") && asker.q.peer != b.port.gate.number)
			asker_deny(&f, &asker, 0);
		else
			asker_allow(&f, &asker, 0);
	}
	ok(fake_hears_error(&a, 1, E_denied, FATE_NOT_DELIVERED) && fake_hears_error(&a, 2, E_denied, FATE_NOT_DELIVERED) &&
	    fake_hears_nothing(&a), "all subscriptions to what is denied now end, and are told so once");
	ok(fake_hears(&leaf, KIND_ERROR), "a leaf is told as well");
	ok(!is_told(&a, "/x") && fake_hears_nothing(&leaf), "right after it nothing of that is heard");
	ok(is_told(&a, "/y") && is_told(&b, "/x"), "the others stay");
	unsubscribe(&a, 1);
	ok(fake_hears(&a, KIND_ERROR) && a.e.id == 1, "what is over cannot be ended");
	subscribe(&a, 1, "/x");
	answer("/x");
	ok(fake_hears_error(&a, 1, E_denied, FATE_NOT_DELIVERED), "nor had again");
	asker_policy(&f, 3, 0);
	subscribe(&a, 1, "/x");
	ok(is_subscribed(&a, 1) && is_told(&a, "/x"), "until a policy allows it");
	end("cut by scope");
}

static void
cut_by_admit(void)
{
	static uint8_t room[256];
	struct buf run = { .p = room, .cap = sizeof room, .max = sizeof room };

	begin(HOOKS(ADMIT) | HOOKS(SCOPE));
	subscribe(&a, 1, "/red/*");
	subscribe(&a, 2, "/blue/*");
	subscribe(&a, 3, "/**");
	subscribe(&b, 1, "/blue/*");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_INTEREST, "/blue/x", "", 0);
	answer("");
	fake_forget(&a);
	fake_forget(&b);
	fake_forget(&leaf);
	scope_put(&run, STR("/red/**"));
	asker_policy(&f, 2, HOOKS(ADMIT) | HOOKS(SCOPE));
	subscribe(&a, 4, "/blue/y");
	while (asker_next(&asker) && asker.q.hook == HOOK_ADMIT) {
		if (asker.q.peer == b.port.gate.number)
			asker_allow(&f, &asker, 0);
		else
			asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .scopes = buf_view(&run) });
	}
	ok(fake_hears_error(&a, 2, E_scope, FATE_NOT_DELIVERED) && fake_hears_error(&a, 3, E_scope, FATE_NOT_DELIVERED) &&
	    fake_hears_nothing(&a), "narrower scopes end what is outside of them, before any other answer");
	ok(!is_told(&a, "/blue/x") && fake_hears(&leaf, KIND_ERROR) && fake_hears_nothing(&leaf),
	    "and right after it nothing of that is heard");
	answer("");
	ok(fake_hears_error(&a, 4, E_scope, FATE_NOT_DELIVERED), "also what was asked about before");
	ok(is_told(&a, "/red/x"), "what is within them stays");
	ok(is_told(&b, "/blue/x"), "and who has others has what it had");
	end("cut by admit");
}

static void
no_policy(void)
{
	begin(0);
	subscribe(&a, 1, "/x");
	ok(is_subscribed(&a, 1), "subscribed before there was a policy");
	asker_mark(&f, 2, 127, true, 7);
	subscribe(&a, 2, "/y");
	ok(fake_hears_error(&a, 2, E_policy_error, FATE_NOT_DELIVERED), "one that cannot be loaded denies");
	subscribe(&a, 3, "/x");
	ok(fake_hears_error(&a, 3, E_policy_error, FATE_NOT_DELIVERED), "also what it has already");
	end("no policy");
}

int
main(void)
{
	asked();
	in_line();
	cut_by_scope();
	cut_by_admit();
	no_policy();
	asker_close(&asker);
	return done();
}
