/* fabric-fib.c - who reaches a name, and which of them is asked. */
#include "fabric/fib.h"
#include "wire/fields.h"
#include "tap.h"

static struct fib fib;
static struct port here[4], leaf[4];

static void
port_ready(struct port *p, enum port_kind kind)
{
	*p = (struct port){ .kind = kind };
	list_init(&p->claims);
}

static struct claim *
add(struct port *p, enum family family, const char *name, const char *version,
    const char *methods, uint32_t weight, uint32_t max)
{
	struct announcement a = { .family = (uint8_t)family, .name = str(name),
	    .version = str(version), .methods = str(methods), .weight = weight,
	    .max_concurrency = max, .hops = 16 };

	return fib_add(&fib, p, NULL, &a);
}

static struct claim *
serve(struct port *p, uint32_t weight, uint32_t max)
{
	return add(p, FAMILY_SERVICE, "s", "", "", weight, max);
}

static enum chosen
choose(const char *method, const char *constraint, const struct port *not_to, struct claim **c)
{
	struct ask ask = { .service = STR("s"), .method = str(method), .constraint = str(constraint),
	    .not_to = not_to };
	struct name *name;

	return fib_choose(&fib, &ask, c, &name);
}

static void
begin(void)
{
	fib_init(&fib);
	for (int i = 0; i < 4; i++) {
		port_ready(&here[i], PORT_CLIENT);
		port_ready(&leaf[i], PORT_CHILD);
	}
}

static void
counts(void)
{
	struct claim *a, *b;
	struct name *name;

	begin();
	a = serve(&here[0], 100, 0);
	b = serve(&leaf[0], 100, 0);
	name = fib_name(&fib, FAMILY_SERVICE, STR("s"));
	ok(name && name->count == 2 && name->local == 1, "two claims on one name, one of them local");
	ok(fib_name(&fib, FAMILY_ENDPOINT, STR("s")) == NULL, "a family is a name space of its own");
	ok(fib_claim(&fib, &here[0], FAMILY_SERVICE, STR("s"), STR("")) == a, "a claim is found");
	ok(!fib_claim(&fib, &here[0], FAMILY_SERVICE, STR("s"), STR("1")), "but not with another version");
	ok(here[0].digest == a->digest && here[0].claimed[FAMILY_SERVICE] == 1 &&
	    fib.claimed[FAMILY_SERVICE] == 2, "port and table count it");
	ok(fib_del(&fib, a) == name && name->local == 0, "the name stays with the other");
	ok(here[0].digest == 0 && here[0].claimed[FAMILY_SERVICE] == 0, "a port forgets a dropped claim");
	ok(fib_del(&fib, b) == NULL, "and goes with the last");
	ok(!fib_name(&fib, FAMILY_SERVICE, STR("s")), "so that nobody finds it");
	fib_free(&fib);
}

static void
choosing(void)
{
	struct claim *a, *b, *c, *got;
	unsigned each[3] = { 0 };

	begin();
	ok(choose("", "", NULL, &got) == CHOSEN_NO_NAME, "nobody has it");
	a = serve(&leaf[0], 100, 0);
	ok(choose("m", "", NULL, &got) == CHOSEN_ONE && got == a, "one behind a link is asked");
	ok(choose("m", "", &leaf[0], &got) == CHOSEN_NO_NAME, "but not by that link itself");
	b = serve(&here[0], 100, 1);
	for (int i = 0; i < 4; i++)
		each[0] += choose("m", "", NULL, &got) == CHOSEN_ONE && got == b;
	is_int(each[0], 4, "a local one comes first");
	b->in_flight = 1;
	ok(choose("m", "", NULL, &got) == CHOSEN_ONE && got == a, "when it is full, the link");
	ok(choose("m", "", &leaf[0], &got) == CHOSEN_FULL, "when there is no other link, wait");
	c = serve(&here[1], 100, 1);
	ok(choose("m", "", NULL, &got) == CHOSEN_ONE && got == c, "or a local one that has room");
	a->max_concurrency = a->in_flight = 1;
	c->in_flight = 1;
	ok(choose("m", "", NULL, &got) == CHOSEN_ONE && got == a, "what is behind a link queues there");
	fib_free(&fib);
}

static void
fairness(void)
{
	struct claim *all[3], *got, *other;
	unsigned each[3] = { 0 };

	for (int balance = 0; balance < 2; balance++) {
		begin();
		fib.balance = balance ? BALANCE_ROUND_ROBIN : BALANCE_LEAST_INFLIGHT;
		all[0] = serve(&here[0], 100, 0);
		other = add(&here[3], FAMILY_SERVICE, "s", "9", "other", 100, 0);
		all[1] = serve(&here[1], 100, 0);
		all[2] = serve(&here[2], 100, 0);
		memset(each, 0, sizeof each);
		for (int i = 0; i < 300; i++) {
			choose("m", "", NULL, &got);
			for (int j = 0; j < 3; j++)
				each[j] += got == all[j];
		}
		ok(each[0] == 100 && each[1] == 100 && each[2] == 100,
		    "%s: equals take turns, also beside one that does not fit: %u %u %u",
		    balance ? "round robin" : "least in flight", each[0], each[1], each[2]);
		all[0]->in_flight = 50;
		all[2]->in_flight = 50;
		memset(each, 0, sizeof each);
		for (int i = 0; i < 30; i++)
			each[choose("m", "", NULL, &got) == CHOSEN_ONE && got == all[1]]++;
		ok(balance ? each[1] == 10 : each[1] == 30, "%s",
		    balance ? "round robin goes on" : "the least loaded is asked");
		(void)other;
		fib_free(&fib);
	}
	begin();
	all[0] = serve(&here[0], 300, 0);
	all[1] = serve(&here[1], 100, 0);
	for (int i = 0; i < 400; i++) {
		choose("m", "", NULL, &got);
		got->in_flight++;
	}
	ok(all[0]->in_flight == 300 && all[1]->in_flight == 100, "a weight of 3 to 1 is a share of "
	    "3 to 1: %u %u", all[0]->in_flight, all[1]->in_flight);
	fib_free(&fib);
}

static void
many(void)
{
	struct claim *all[100], *got;
	unsigned chosen = 0;

	begin();
	for (int i = 0; i < 100; i++) {
		char version[16];

		snprintf(version, sizeof version, "%d", i);
		all[i] = add(&here[i % 4], FAMILY_SERVICE, "s", version, "", 100, 1);
		all[i]->in_flight = 1;
	}
	ok(choose("m", "", NULL, &got) == CHOSEN_FULL, "a hundred, all busy");
	all[97]->in_flight = 0;
	ok(choose("m", "", NULL, &got) == CHOSEN_ONE && got == all[97], "the one that is free is found");
	ok(choose("m", "55", NULL, &got) == CHOSEN_FULL, "one version alone, busy");
	all[97]->in_flight = 1;
	add(&leaf[0], FAMILY_SERVICE, "s", "", "", 100, 0);
	all[60]->in_flight = 0;
	ok(choose("m", "", NULL, &got) == CHOSEN_ONE && got == all[60], "before the one behind a link");
	for (int i = 0; i < 100; i++)
		all[i]->in_flight = 0;
	for (int i = 0; i < 100; i++) {
		choose("m", "", NULL, &got);
		chosen += ++got->in_flight == 1;
	}
	is_int(chosen, 100, "a hundred requests reach a hundred instances");
	fib_free(&fib);

	begin();
	for (int i = 0; i < 40; i++) {
		char version[16];

		snprintf(version, sizeof version, "%d", i);
		add(&leaf[i % 4], FAMILY_SERVICE, "s", version, "", 100, 0);
	}
	all[0] = serve(&here[0], 100, 0);
	ok(choose("m", "", NULL, &got) == CHOSEN_ONE && got == all[0], "a local one behind 40 links");
	fib_free(&fib);
}

static void
methods_and_versions(void)
{
	struct claim *old, *new, *got;

	begin();
	old = add(&here[0], FAMILY_SERVICE, "s", "1.2.0", "get put", 100, 0);
	new = add(&here[0], FAMILY_SERVICE, "s", "2.0.0", "get", 100, 0);
	ok(choose("get", "<2", NULL, &got) == CHOSEN_ONE && got == old, "a version is chosen");
	ok(choose("get", "2", NULL, &got) == CHOSEN_ONE && got == new, "or the other");
	ok(choose("put", "", NULL, &got) == CHOSEN_ONE && got == old, "a method is chosen");
	ok(choose("pu", "", NULL, &got) == CHOSEN_NO_METHOD, "half a word is no method");
	ok(choose("put", ">=2", NULL, &got) == CHOSEN_NO_VERSION, "no version has that method");
	ok(choose("get", ">=3", NULL, &got) == CHOSEN_NO_VERSION, "no version fits");
	ok(choose("", ">=2", NULL, &got) == CHOSEN_ONE && got == new, "any method, but a version");
	ok(words_have(STR("a bc d"), STR("bc")) && !words_have(STR("a bc d"), STR("b")) &&
	    !words_have(STR(""), STR("a")), "words are whole words");
	fib_free(&fib);
}

static void
endpoints(void)
{
	struct claim *any, *at, *below, *exact, *deep, *got;

	begin();
	below = add(&leaf[0], FAMILY_ENDPOINT, "*.x.net", "", "", 100, 0);
	at = add(&leaf[1], FAMILY_ENDPOINT, "*@x.net", "", "", 100, 0);
	ok(fib_endpoint(&fib, STR("a@x.net")) == at, "*@D before *.D");
	exact = add(&leaf[2], FAMILY_ENDPOINT, "a@x.net", "", "", 100, 0);
	any = add(&leaf[3], FAMILY_ENDPOINT, "*.net", "", "", 100, 0);
	deep = add(&leaf[3], FAMILY_ENDPOINT, "*.b.x.net", "", "", 100, 0);
	ok(fib_endpoint(&fib, STR("a@x.net")) == exact, "the exact one first");
	ok(fib_endpoint(&fib, STR("b@x.net")) == at, "else a pattern");
	ok(fib_endpoint(&fib, STR("b@c.x.net")) == below, "that covers it");
	ok(fib_endpoint(&fib, STR("b@b.x.net")) == deep, "the longest");
	ok(fib_endpoint(&fib, STR("b@y.net")) == any, "and be it short");
	ok(fib_endpoint(&fib, STR("b@y.org")) == NULL, "or none");
	fib_name(&fib, FAMILY_ENDPOINT, STR("*.b.x.net"))->waiting_count = 1;
	fib_del(&fib, deep);
	ok((got = fib_endpoint(&fib, STR("b@b.x.net"))) == below, "a pattern that nobody claims any "
	    "more covers nothing");
	fib_drop_name(&fib, fib_name(&fib, FAMILY_ENDPOINT, STR("*.b.x.net")));
	fib_del(&fib, exact);
	ok(fib_endpoint(&fib, STR("a@x.net")) == at, "nor does an address that is gone");
	fib_free(&fib);

	begin();	/* the same with the other order of arrival */
	at = add(&leaf[1], FAMILY_ENDPOINT, "*@x.net", "", "", 100, 0);
	add(&leaf[0], FAMILY_ENDPOINT, "*.x.net", "", "", 100, 0);
	ok(fib_endpoint(&fib, STR("a@x.net")) == at, "the order of arrival decides nothing");
	fib_free(&fib);
}

int
main(void)
{
	counts();
	choosing();
	fairness();
	many();
	methods_and_versions();
	endpoints();
	return done();
}
