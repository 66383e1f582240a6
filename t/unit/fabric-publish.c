/* fabric-publish.c - an event goes once to everybody who wants it, and never back by the link on which it came. */
#include "fabric/rib.h"
#include "fakeport.h"

static struct fabric f;
static struct fake self, a, b, leaf, other, up;

static const struct fabric_ops ops = { NULL };

static void
begin(uint8_t role)
{
	fabric_init(&f, STR("here"), STR("net"), role, (struct mono){ 5000000 }, &ops);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &a, PORT_CLIENT, "client-a");
	fake_open(&f, &b, PORT_CLIENT, "client-b");
}

static void
begin_hub(void)
{
	begin(ROLE_HUB);
	fake_open(&f, &leaf, PORT_CHILD, "leaf");
	fake_open(&f, &other, PORT_CHILD, "other");
}

static void
end(struct fake *last)
{
	for (struct fake *const *k = (struct fake *[]){ &a, &b, last, &other, &self, NULL }; *k; k++)
		if ((*k)->f)
			fake_free(*k), (*k)->f = NULL;
	ok(f.fib.names.used == 0 && f.fib.claimed[FAMILY_INTEREST] == 0 && fabric_is_idle(&f),
	    "nothing is left of it");
	fabric_free(&f);
}

static void
say(struct fake *k, uint8_t kind, uint64_t id, const char *subject)
{
	fake_say(k, (struct envelope){ .kind = kind, .hops = 1, .id = id, .subject = str(subject) });
}

static bool
subscribes(struct fake *k, uint64_t id, const char *pattern)
{
	say(k, KIND_SUBSCRIBE, id, pattern);
	return fake_hears(k, KIND_ACK) && k->e.id == id;
}

static void
publishes(struct fake *k, const char *path, const char *text)
{
	uint8_t room[1024];
	struct envelope e = fake_request(k, 0, path, room);

	e.kind = KIND_PUBLISH;
	e.payload = str(text);
	fake_say(k, e);
}

static bool
hears(struct fake *k, const char *path, const char *text)
{
	return fake_hears(k, KIND_PUBLISH) && str_is(k->e.subject, path) && str_is(k->e.payload, text) &&
	    k->e.id == 0;
}

static bool
is_told(struct fake *k, uint8_t kind, uint64_t id, enum error error)
{
	unsigned got;
	enum fate fate;

	return fake_hears(k, kind) && k->e.id == id && (k->e.flags & FLAG_ERROR) &&
	    meta_error_get(k->e.meta, &got, &fate) == 0 && got == (unsigned)error;
}

static void
clients(void)
{
	begin_hub();
	ok(subscribes(&a, 7, "/x/*"), "a subscription is confirmed");
	fake_attach(&b, FAMILY_ENDPOINT, "bob@net", "", "", 0);
	fake_forget(&b);
	publishes(&b, "/x/1", "one");
	ok(hears(&a, "/x/1", "one"), "an event arrives");
	ok(str_is(a.e.origin, "here") && str_is(a.e.from, "bob@net"), "with where it entered, and from whom");
	ok(fake_hears_nothing(&b), "who has not subscribed hears nothing, nor does who published");
	publishes(&b, "/y", "two");
	ok(fake_hears_nothing(&a), "what is not wanted is not told");
	ok(subscribes(&a, 8, "/**") && subscribes(&a, 9, "/x/1"), "two more patterns");
	publishes(&a, "/x/1", "three");
	ok(hears(&a, "/x/1", "three") && fake_hears_nothing(&a),
	    "once, however many match, and also to who published it");
	is_int((long long)f.count.events, 3, "events are counted");
	is_int((long long)f.count.events_sent, 2, "and deliveries");
	end(&leaf);
}

static void
ends(void)
{
	begin_hub();
	subscribes(&a, 1, "/x");
	subscribes(&a, 2, "/x");
	is_int(a.port.claimed[FAMILY_INTEREST], 1, "two subscriptions to one pattern are one claim");
	say(&a, KIND_UNSUBSCRIBE, 1, "");
	ok(fake_hears(&a, KIND_DONE) && a.e.id == 1, "unsubscribed");
	publishes(&b, "/x", "1");
	ok(hears(&a, "/x", "1"), "the other one still wants it");
	fake_cancel(&a, 2);
	ok(fake_hears_nothing(&a), "CANCEL ends one without a word");
	is_int(a.port.claimed[FAMILY_INTEREST], 0, "the claim goes with the last");
	publishes(&b, "/x", "2");
	ok(fake_hears_nothing(&a), "and then nothing comes");
	say(&a, KIND_UNSUBSCRIBE, 2, "");
	ok(is_told(&a, KIND_ERROR, 2, E_not_found), "what is over cannot be ended");
	subscribes(&a, 3, "/x");
	say(&a, KIND_SUBSCRIBE, 3, "/y");
	ok(a.closed, "an id that is in use ends the connection");
	fake_down(&a);
	subscribes(&b, 4, "/z");
	fake_ask(&b, 4, "s/m");
	ok(b.closed && fake_hears_nothing(&b), "and so does a request with the id of a subscription");
	fake_down(&b);
	publishes(&leaf, "/x", "3");
	is_int((long long)f.count.events_lost, 0, "who has gone is not missed");
	end(&leaf);
}

static void
refusals(void)
{
	begin_hub();
	say(&a, KIND_SUBSCRIBE, 1, "no path");
	ok(is_told(&a, KIND_REPLY, 1, E_malformed), "a pattern is a path");
	f.limits.patterns = 2;
	ok(subscribes(&a, 2, "/a") && subscribes(&a, 3, "/b"), "as many patterns as may be");
	say(&a, KIND_SUBSCRIBE, 4, "/c");
	ok(is_told(&a, KIND_REPLY, 4, E_overloaded) && a.port.claimed[FAMILY_INTEREST] == 2, "no more");
	say(&a, KIND_UNSUBSCRIBE, 2, "");
	fake_forget(&a);
	ok(subscribes(&a, 4, "/c"), "but another one instead");
	fake_attach(&a, FAMILY_INTEREST, "/d", "", "", 0);
	ok(is_told(&a, KIND_ERROR, 77, E_unsupported), "interest cannot be attached");
	for (int i = 0; i < 3; i++) {
		static const struct envelope bad[] = {
			{ .subject = { "/a/*", 4 } }, { .subject = { "/a", 2 }, .flags = FLAG_MORE },
			{ .subject = { "/a", 2 }, .to = { "x@y", 3 } }
		};
		struct envelope e = bad[i];

		e.kind = KIND_PUBLISH;
		e.hops = 1;
		fake_say(&b, e);
		ok(fake_hears_nothing(&b), "a bad event without an id is only counted");
		e.id = 5;
		fake_say(&b, e);
		ok(is_told(&b, KIND_REPLY, 5, i == 2 ? E_unsupported : E_malformed), "with one it is refused");
	}
	ok(fake_hears_nothing(&a), "and passed to nobody");
	fake_say(&b, (struct envelope){ .kind = KIND_PUBLISH, .hops = 1, .id = 6, .subject = STR("/b") });
	ok(fake_hears(&b, KIND_DONE) && b.e.id == 6, "a good one is confirmed");
	ok(hears(&a, "/b", ""), "and told");
	end(&leaf);
}

static void
slow(void)
{
	begin_hub();
	subscribes(&a, 1, "/x");
	subscribes(&b, 1, "/x");
	a.slow = true;
	a.max = 60;
	for (int i = 0; i < 10; i++)
		publishes(&b, "/x", "0123456789");
	for (int i = 0; i < 10; i++)
		ok(hears(&b, "/x", "0123456789"), "who reads gets every event");
	ok(hears(&a, "/x", "0123456789") && fake_hears_nothing(&a) && !a.closed,
	    "who does not gets what its queue holds, and stays");
	is_int((long long)f.count.events_lost, 9, "the rest is counted");
	is_int((long long)f.count.errors[E_slow_consumer], 9, "by its name");
	fake_read(&a, 1000);
	publishes(&b, "/x", "again");
	ok(hears(&a, "/x", "again"), "and once it reads it is told again");
	fake_forget(&b);
	end(&leaf);
}

static void
at_a_hub(void)
{
	struct meta_facts facts;
	uint8_t room[1024], *to;

	begin_hub();
	fake_forget(&leaf);
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_INTEREST, "/l/**", "", 0);
	fake_announce(&other, KIND_ANNOUNCE, FAMILY_INTEREST, "/**", "", 0);
	ok(fake_hears_nothing(&leaf), "a leaf announces what is wanted at it");
	publishes(&a, "/l/1", "down");
	ok(hears(&leaf, "/l/1", "down") && hears(&other, "/l/1", "down"), "it gets that");
	meta_look(leaf.e.meta, STR("none"), &facts);
	ok(facts.passed == 1 && str_is(facts.last, "here") && !meta_find(leaf.e.meta, META_revision).p,
	    "with the path, and no number");
	publishes(&leaf, "/l/2", "across");
	ok(hears(&other, "/l/2", "across") && fake_hears_nothing(&leaf),
	    "its own goes to the others, and not back");
	ok(str_is(other.e.origin, "leaf"), "from where it entered");
	publishes(&a, "/m", "not for the leaf");
	ok(fake_hears_nothing(&leaf) && hears(&other, "/m", "not for the leaf"), "each gets what it wants");
	fake_announce(&leaf, KIND_WITHDRAW, FAMILY_INTEREST, "/l/**", "", 0);
	publishes(&a, "/l/1", "x");
	ok(fake_hears_nothing(&leaf), "until it does not want it any more");
	fake_forget(&other);

	/* a number that nobody here gave; the rest of the meta stays as it is */
	to = tlv_write(room, META_content, STR("a/b"));
	to = tlv_write(to, META_revision, STR("01234567abcdefghsomebody"));
	to = tlv_write(to, META_key, STR("k"));
	to = tlv_write(to, META_path, STR("leaf"));
	fake_say(&leaf, (struct envelope){ .kind = KIND_PUBLISH, .hops = 5, .origin = STR("leaf"),
	    .subject = STR("/n"), .meta = { (const char *)room, (size_t)(to - room) } });
	ok(hears(&other, "/n", "") && !meta_find(other.e.meta, META_revision).p,
	    "a leaf does not number events");
	ok(str_is(meta_find(other.e.meta, META_content), "a/b") &&
	    str_is(meta_find(other.e.meta, META_key), "k") && other.e.hops == 4, "what is beside it stays");
	fake_say(&a, (struct envelope){ .kind = KIND_PUBLISH, .subject = STR("/n"),
	    .meta = { (const char *)room, (size_t)(to - room) } });
	ok(hears(&other, "/n", "") && !meta_find(other.e.meta, META_revision).p &&
	    str_is(meta_find(other.e.meta, META_key), "k"), "nor does a client");
	meta_look(other.e.meta, STR("here"), &facts);
	ok(facts.passed == 1 && facts.looped, "and the path is ours alone");

	fake_say(&leaf, (struct envelope){ .kind = KIND_PUBLISH, .hops = 5, .origin = STR("liar"),
	    .subject = STR("/n"), .meta = { (const char *)room, (size_t)(to - room) } });
	ok(fake_hears_nothing(&other), "a leaf cannot speak for another node");
	end(&leaf);
}

static void
at_a_leaf(void)
{
	struct announcement n;
	struct err err;

	begin(ROLE_LEAF);
	f.has_uplink = true;
	subscribes(&a, 1, "/x");
	fake_open(&f, &up, PORT_UPLINK, "hub");
	ok(fake_hears(&up, KIND_ANNOUNCE) && announcement_get(up.e.payload, &n, &err) == 0 &&
	    n.family == FAMILY_INTEREST && str_is(n.name, "/x"), "the uplink hears what is wanted here");
	fake_forget(&up);
	subscribes(&b, 1, "/x");
	ok(fake_hears_nothing(&up), "that more want the same is nothing new");
	publishes(&a, "/y/z", "up");
	ok(hears(&up, "/y/z", "up") && fake_hears_nothing(&up), "all events of ours go up, once");
	publishes(&up, "/x", "down");
	ok(hears(&a, "/x", "down") && hears(&b, "/x", "down") && fake_hears_nothing(&up),
	    "what comes from there goes to who wants it, and not back");
	say(&b, KIND_UNSUBSCRIBE, 1, "");
	ok(fake_hears_nothing(&up), "one goes");
	fake_down(&a);
	ok(fake_hears(&up, KIND_WITHDRAW), "with the last one the hub hears of it");
	fake_down(&up);
	fake_forget(&b);
	publishes(&b, "/y", "nowhere");
	ok(fake_hears_nothing(&b), "without an uplink an event ends here");
	other.f = NULL;
	end(&up);
}

/* As admit would have granted it. */
static void
grant(struct fake *k, const char *pattern)
{
	struct gate_grant *g;
	struct buf run;
	char *text;

	buf_init(&run, 1024);
	scope_put(&run, str(pattern));
	free(k->port.gate.grant);
	if ((g = calloc(1, sizeof *g + buf_len(&run))) == NULL)
		abort();
	text = g->text;
	g->scopes = str_place(&text, buf_view(&run));
	k->port.gate.grant = g;
	buf_free(&run);
}

static void
within_scopes(void)
{
	begin_hub();
	grant(&a, "/site/*");
	ok(subscribes(&a, 1, "/site/*") && subscribes(&a, 2, "/site/x"), "what is within its scopes may be wanted");
	say(&a, KIND_SUBSCRIBE, 3, "/site/**");
	ok(fake_hears_error(&a, 3, E_scope, FATE_NOT_DELIVERED), "a pattern that is wider may not");
	say(&a, KIND_SUBSCRIBE, 4, "/**");
	ok(fake_hears_error(&a, 4, E_scope, FATE_NOT_DELIVERED), "nor all of it");
	publishes(&b, "/site/x/y", "deep");
	ok(fake_hears_nothing(&a), "so nothing of that is heard");
	grant(&leaf, "/site/**");
	subscribes(&b, 1, "/**");
	publishes(&leaf, "/site/x/y", "mine");
	ok(hears(&b, "/site/x/y", "mine"), "a leaf speaks within its scopes");
	publishes(&leaf, "/bank/x", "not mine");
	ok(fake_hears_nothing(&b), "and not outside");
	end(&leaf);
}

int
main(void)
{
	within_scopes();
	clients();
	ends();
	refusals();
	slow();
	at_a_hub();
	at_a_leaf();
	return done();
}
