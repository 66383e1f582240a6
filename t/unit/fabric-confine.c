/* fabric-confine.c - the scopes of a credential: what they cover, that admit only narrows them, and what they end when they change. */
#include "fakeasker.h"
#include "fakeport.h"

static struct fabric f;
static struct fake self, caller, other, service;
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
	fake_attach(&service, FAMILY_SERVICE, "s", "", "", 0);
	fake_attach(&service, FAMILY_SERVICE, "t", "", "", 0);
	fake_forget(&service);
	if (hooks)
		asker_policy(&f, 1, hooks);
}

static void
end(const char *what)
{
	fake_wait(&f, 3000);
	fake_free(&caller);
	fake_free(&other);
	fake_free(&service);
	fake_free(&self);
	ok(fabric_is_idle(&f), "%s: nothing is left behind", what);
	fabric_free(&f);
}

static bool
has(enum family family, const char *name)
{
	return fib_name(&f.fib, family, str(name)) != NULL;
}

static void
publish_at(struct fake *k, uint64_t id, const char *path)
{
	fake_say(k, (struct envelope){ .kind = KIND_PUBLISH, .hops = 1, .id = id, .subject = str(path) });
}

static void
subscribe(struct fake *k, const char *pattern)
{
	static uint64_t id = 100;	/* behind those of requests and events */

	fake_say(k, (struct envelope){ .kind = KIND_SUBSCRIBE, .hops = 1, .id = id++, .subject = str(pattern) });
}

static void
confine(const char *scopes)
{
	ok(gate_confine(&f, &caller.port, str(scopes)) == 0, "its credential has '%s'", scopes);
}

static void
everything_it_does(void)
{
	begin(0);
	confine("scope=/red/** scope=s  scope=red");
	fake_attach(&caller, FAMILY_SERVICE, "red", "", "", 0);
	fake_attach(&caller, FAMILY_SERVICE, "blue", "", "", 0);
	ok(has(FAMILY_SERVICE, "red") && !has(FAMILY_SERVICE, "blue"), "it offers what they cover and nothing else");
	subscribe(&caller, "/red/a");
	subscribe(&caller, "/**");
	ok(has(FAMILY_INTEREST, "/red/a") && !has(FAMILY_INTEREST, "/**"), "it hears of that and nothing else");
	subscribe(&other, "/**");
	fake_forget(&other);
	fake_forget(&caller);
	publish_at(&caller, 1, "/red/x");
	ok(fake_hears(&other, KIND_PUBLISH), "it publishes there");
	fake_forget(&caller);
	publish_at(&caller, 2, "/blue/x");
	ok(fake_hears_error(&caller, 2, E_scope, FATE_NOT_DELIVERED) && fake_hears_nothing(&other), "and nowhere else");
	fake_ask(&caller, 3, "s/m");
	ok(fake_hears(&service, KIND_REQUEST), "it asks what they cover");
	fake_ask(&caller, 4, "t/m");
	ok(fake_hears_error(&caller, 4, E_scope, FATE_NOT_DELIVERED) && fake_hears_nothing(&service), "and nothing else");
	fake_ask(&other, 5, "t/m");
	ok(fake_hears(&service, KIND_REQUEST), "others are not meant");
	end("everything");
}

/* The scopes of both hold, whichever is narrower. */
static void
admit_narrows(void)
{
	static uint8_t room[256];
	struct buf run = { .p = room, .cap = sizeof room, .max = sizeof room };

	begin(0);
	confine("scope=/red/** scope=here");
	scope_put(&run, STR("/red/deep/**"));
	scope_put(&run, STR("/blue/**"));
	asker_policy(&f, 2, HOOKS(ADMIT));
	while (asker_next(&asker))
		asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .limit_field = FIELD_COUNT,
		    .scopes = buf_view(&run) });
	publish_at(&caller, 1, "/red/deep/x");
	ok(!fake_hears_error(&caller, 1, E_scope, FATE_NOT_DELIVERED), "what both cover");
	publish_at(&caller, 2, "/red/x");
	ok(fake_hears_error(&caller, 2, E_scope, FATE_NOT_DELIVERED), "not what admit does not");
	publish_at(&caller, 3, "/blue/x");
	ok(fake_hears_error(&caller, 3, E_scope, FATE_NOT_DELIVERED), "nor what the credential does not, whatever admit says");
	asker_policy(&f, 3, 0);
	publish_at(&caller, 4, "/blue/x");
	ok(fake_hears_error(&caller, 4, E_scope, FATE_NOT_DELIVERED), "also when the policy is gone");
	publish_at(&caller, 5, "/red/x");
	ok(!fake_hears_error(&caller, 5, E_scope, FATE_NOT_DELIVERED), "and its own are all there again");
	end("admit");
}

static void
another_line(void)
{
	begin(0);
	fake_attach(&caller, FAMILY_SERVICE, "red", "", "", 0);
	fake_attach(&caller, FAMILY_SERVICE, "blue", "", "", 0);
	fake_ask(&caller, 1, "s/m");
	fake_ask(&caller, 2, "t/m");
	fake_forget(&service);
	fake_forget(&caller);
	confine("scope=red scope=s");
	ok(has(FAMILY_SERVICE, "red") && !has(FAMILY_SERVICE, "blue"), "a name outside is taken back");
	ok(fake_hears(&caller, KIND_ERROR), "it is told");
	ok(fake_hears_error(&caller, 2, E_scope, FATE_MAY_HAVE_RUN), "a conversation outside is cut");
	ok(fake_hears(&service, KIND_CANCEL) && fake_hears_nothing(&service), "its service is told, and the other goes on");
	confine("");
	fake_attach(&caller, FAMILY_SERVICE, "blue", "", "", 0);
	ok(has(FAMILY_SERVICE, "blue"), "without scopes it may again");
	end("another line");
}

/* It waits for policy while its scopes go. */
static void
what_waits(void)
{
	begin(HOOKS(ROUTE));
	fake_ask(&caller, 1, "t/m");
	confine("scope=s");
	asker_allow(&f, &asker, 0);
	ok(fake_hears_error(&caller, 1, E_scope, FATE_NOT_DELIVERED) && fake_hears_nothing(&service),
	    "what was asked before, and is allowed by policy after, is not sent");
	end("waiting");
}

int
main(void)
{
	everything_it_does();
	admit_narrows();
	another_line();
	what_waits();
	return done();
}
