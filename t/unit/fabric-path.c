/* fabric-path.c - a path has one owner: the most specific claim that covers it; or, if policy says so, several. */
#include "fabric/pattern.h"
#include "fakeasker.h"
#include "fakeport.h"

enum { ROUNDS = 300, PATTERNS = 40, PATHS = 20, SMALL = 84, SEEN = 363 };

static struct fabric f;
static struct fake self, a, b, leaf, hub;
static struct asker asker;
static uint64_t seed;

/* --- which pattern --- */

/* As plain as can be: the definition, by recursion. */
static bool
covers(struct str pattern, bool more_p, struct str path, bool more)
{
	struct str want, have, p, s;
	bool further, longer;

	if (!more_p)
		return !more;
	further = str_split(pattern, '/', &want, &p);
	if (str_is(want, "**") && covers(p, further, path, more))
		return true;
	if (!more)
		return false;
	longer = str_split(path, '/', &have, &s);
	if (str_is(want, "**"))
		return covers(pattern, more_p, s, longer);
	return (str_is(want, "*") || str_eq(want, have)) && covers(p, further, s, longer);
}

static bool
naive(const char *pattern, const char *path)
{
	return covers(str(pattern + 1), true, str(path + 1), true);
}

/* What sorts as the manual page has it: the lowest is the most specific. */
static void
key(const char *pattern, char to[256])
{
	unsigned text = 0, one = 0, gaps = 0;
	bool gap = false;
	char kinds[160] = "", *end = kinds, copy[64];

	strcpy(copy, pattern);
	for (char *s = strtok(copy, "/"); s; s = strtok(NULL, "/")) {
		bool any = strcmp(s, "**") == 0, star = strcmp(s, "*") == 0;

		gaps += any && !gap;
		gap = any || (gap && star);
		one += star;
		text += !any && !star;
		end += sprintf(end, "%s", any ? "3" : star ? "2" : s[1] ? "1aa" : *s == 'a' ? "1a0" :
		    *s == 'b' ? "1b0" : "1c0");
	}
	sprintf(to, "%02u %02u %02u %s", 99 - text, 99 - one, gaps, kinds);
}

static void
random_path(char *to, bool wild)
{
	static const char *const words[] = { "a", "b", "c", "aa", "*", "**" };
	unsigned n = 1 + (unsigned)(tap_rand(&seed) % 6);

	*to = '\0';
	while (n--)
		to += sprintf(to, "/%s", words[tap_rand(&seed) % (wild ? 6 : 4)]);
}

static void
property(void)
{
	static struct fib fib;
	char pattern[PATTERNS][64], path[64], least[256], one[256];
	struct claim *claims[PATTERNS], *c;
	struct port port = { .kind = PORT_CLIENT };
	int best, wrong = 0;

	seed = tap_seed();
	for (int round = 0; round < ROUNDS; round++) {
		fib_init(&fib);
		list_init(&port.claims);
		for (int i = 0; i < PATTERNS; i++) {
			random_path(pattern[i], i % 4);
			claims[i] = fib_add(&fib, &port, NULL, &(struct announcement){ .family = FAMILY_PATH,
			    .name = str(pattern[i]), .weight = 100, .hops = 16 });
		}
		for (int i = 0; i < PATHS; i++) {
			random_path(path, false);
			best = -1;
			for (int j = 0; j < PATTERNS; j++) {
				if (!claims[j] || !naive(pattern[j], path))
					continue;
				key(pattern[j], one);
				if (best == -1 || strcmp(one, least) < 0)
					strcpy(least, one), best = j;
			}
			c = fib_path(&fib, str(path));
			if (best == -1 ? c != NULL : !c || !str_is(name_text(c->name), pattern[best])) {
				printf("# seed %llu: %s goes to %.*s, not to %s\n", (unsigned long long)seed, path,
				    c ? (int)name_text(c->name).n : 7, c ? name_text(c->name).p : "nothing",
				    best == -1 ? "nothing" : pattern[best]);
				wrong++;
			}
			if (best >= 0) {	/* the next one takes over */
				fib_del(&fib, claims[best]);
				claims[best] = NULL;
			}
		}
		fib_free(&fib);
	}
	is_int(wrong, 0, "of random patterns the most specific that covers a path has it");
}

/* Whoever claims a part of what another claims has that part. */
static void
inside(void)
{
	static const char *const words[] = { "a", "b", "*", "**" }, *const plain[] = { "a", "b", "z" };
	static char pattern[SMALL][16], path[SEEN][16];
	static bool in[SMALL][SEEN];
	unsigned many = 0, n = 0, wrong = 0, within = 0;

	for (unsigned length = 1, all = 4; length <= 3; length++, all *= 4)
		for (unsigned i = 0; i < all; i++, many++)
			for (unsigned s = 0, at = i; s < length; s++, at /= 4)
				strcat(strcat(pattern[many], "/"), words[at % 4]);
	for (unsigned length = 1, all = 3; length <= 5; length++, all *= 3)
		for (unsigned i = 0; i < all; i++, n++)
			for (unsigned s = 0, at = i; s < length; s++, at /= 3)
				strcat(strcat(path[n], "/"), plain[at % 3]);
	for (unsigned i = 0; i < many; i++)
		for (unsigned j = 0; j < n; j++)
			in[i][j] = naive(pattern[i], path[j]);
	for (unsigned i = 0; i < many; i++)
		for (unsigned j = 0; j < many; j++) {
			bool all = true, less = false;

			for (unsigned k = 0; k < n; k++) {
				all = all && (!in[i][k] || in[j][k]);
				less = less || (in[j][k] && !in[i][k]);
			}
			if (!all || !less)
				continue;
			within++;
			wrong += pattern_path_order(str(pattern[i]), str(pattern[j])) >= 0;
		}
	ok(within > 100, "%u pairs of %u patterns, one inside the other", within, many);
	is_int(wrong, 0, "the inner one is always before the outer one");
}

/* --- claims --- */

static const struct fabric_ops ops = { NULL };

static void
begin(void)
{
	fabric_init(&f, STR("here"), STR("net"), ROLE_HUB, (struct mono){ 5000000 }, &ops);
	asker_open(&f, &asker);
	fake_open(&f, &self, PORT_SELF, "here");
	fake_open(&f, &a, PORT_CLIENT, "client-a");
	fake_open(&f, &b, PORT_CLIENT, "client-b");
	fake_open(&f, &leaf, PORT_CHILD, "leaf");
}

static void
end(void)
{
	ok(fabric_is_idle(&f), "nothing is left under way");
	fake_free(&a);
	fake_free(&b);
	fake_free(&leaf);
	fake_free(&self);
	ok(f.fib.names.used == 0 && f.fib.claimed[FAMILY_PATH] == 0 && f.fib.paths.all.used == 0 && !f.fib.paths.root,
	    "no claim outlives its port");
	gate_free(&f.gate);
	asker_close(&asker);
	fabric_free(&f);
}

static void
claim(struct fake *k, const char *pattern)
{
	fake_attach(k, FAMILY_PATH, pattern, "", "", 0);
}

static bool
is_told(struct fake *k, enum error error, const char *text)
{
	char all[512] = "";
	unsigned got;
	enum fate fate;

	if (!fake_hears(k, KIND_ERROR) || meta_error_get(k->e.meta, &got, &fate) == -1)
		return false;
	str_c(k->e.payload, all, sizeof all);
	if (got != (unsigned)error || !strstr(all, text))
		printf("#   heard %s '%s'\n", error_row(got)->name, all);
	return got == (unsigned)error && strstr(all, text);
}

/* A request to the path reaches k, and its answer comes back. */
static bool
reaches(struct fake *from, uint64_t id, const char *path, struct fake *k)
{
	fake_forget(from);
	fake_forget(k);
	fake_ask_at(from, id, path, "on");
	if (!fake_hears(k, KIND_REQUEST) || !str_is(k->e.to, path) || !str_is(k->e.subject, "on"))
		return false;
	fake_reply(k, k->e.id, 0, "ok");
	return fake_hears(from, KIND_REPLY) && from->e.id == id;
}

static bool
fails(uint64_t id, const char *path, enum error error)
{
	fake_forget(&a);
	fake_ask_at(&a, id, path, "on");
	return fake_hears_error(&a, id, error, FATE_NOT_DELIVERED);
}

static void
claims(void)
{
	char pattern[32];

	begin();
	claim(&a, "/site/lights/**");
	ok(fake_hears(&a, KIND_DONE), "a path is claimed");
	claim(&b, "/site/lights/**");
	ok(is_told(&b, E_route_conflict, "path '/site/lights/**' is already held by 'client-a'"),
	    "a second claim of the same is refused, with its pattern and claimant");
	claim(&b, "/site/lights/7");
	ok(fake_hears(&b, KIND_DONE), "a part of it is no conflict");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_PATH, "/**", "", 0);
	ok(fake_hears_nothing(&leaf), "nor is all around it, beyond a link");
	ok(reaches(&b, 1, "/site/lights/1", &a), "a path under the pattern goes to who claims it");
	ok(reaches(&b, 2, "/site/lights", &a), "** is also no segment");
	ok(reaches(&a, 3, "/site/lights/7", &b), "the more specific claim has its part");
	ok(reaches(&a, 4, "/elsewhere", &leaf), "the rest is the leaf's");
	ok(reaches(&b, 5, "/site/lights/x@y", &a), "an @ in a path is no endpoint");
	fake_down(&b);
	ok(reaches(&leaf, 6, "/site/lights/7", &a), "when it goes the part falls back");
	fake_announce(&leaf, KIND_WITHDRAW, FAMILY_PATH, "/**", "", 0);
	ok(fails(7, "/elsewhere", E_no_route), "a path that nobody holds is not delivered");
	ok(fails(8, "/site/lights/*", E_malformed) && fails(9, "/", E_malformed) && fails(10, "/a//b", E_malformed),
	    "nor is a pattern, or what is no path");
	fake_forget(&leaf);
	fake_ask_at(&leaf, 11, "/elsewhere", "on");
	ok(fake_hears_error(&leaf, 11, E_no_route, FATE_NOT_DELIVERED), "nor back to where it came from");
	fake_announce(&leaf, KIND_ANNOUNCE, FAMILY_PATH, "/site/lights/**", "", 0);
	ok(is_told(&leaf, E_route_conflict, "client-a"), "a leaf cannot take it over");
	f.limits.endpoints = 3;
	claim(&a, "/1");
	claim(&a, "/2");
	fake_forget(&a);
	claim(&a, "/3");
	ok(is_told(&a, E_overloaded, "may hold 3 claims of family path"), "there are as many as endpoints");
	f.limits.endpoints = 100000;
	for (int i = 0; i < 10000; i++) {
		snprintf(pattern, sizeof pattern, "/many/%d/**", i);
		claim(&a, pattern);
	}
	ok(reaches(&leaf, 12, "/many/7777/x", &a), "one of ten thousand");
	end();
}

static void
full(void)
{
	begin();
	fake_attach(&b, FAMILY_PATH, "/one/*", "", "", 1);
	fake_forget(&b);
	fake_ask_at(&a, 1, "/one/x", "on");
	fake_ask_at(&a, 2, "/one/y", "on");
	ok(fake_hears(&b, KIND_REQUEST) && fake_hears_nothing(&b), "as many at a time as it takes");
	fake_reply(&b, b.e.id, 0, "ok");
	ok(fake_hears(&b, KIND_REQUEST) && str_is(b.e.to, "/one/y"), "then the next");
	fake_ask_at(&a, 3, "/one/z", "on");
	fake_forget(&a);
	fake_down(&b);
	ok(fake_hears_error(&a, 3, E_no_route, FATE_NOT_DELIVERED), "who holds it goes: what waited is not delivered");
	ok(fake_hears_error(&a, 2, E_link_down, FATE_MAY_HAVE_RUN), "what it had may have run");
	end();
}

/* --- shared --- */

static void
says(bool shared)
{
	asker_say(&f, &asker, (struct verdict){ .answer = ANSWER_ALLOW, .keep_ms = FOREVER, .shared = shared,
	    .seen = f.gate.changes });
}

static unsigned
served(struct fake *k)
{
	unsigned n = 0;

	while (fake_next(k))
		if (k->e.kind == KIND_REQUEST) {
			n++;
			fake_reply(k, k->e.id, 0, "ok");
		}
	return n;
}

static void
shared(void)
{
	struct announcement n;
	struct err e;
	unsigned by_a, by_b;

	begin();
	asker_policy(&f, 1, HOOKS(SCOPE));
	while (asker.count)
		says(false);
	claim(&a, "/pool/**");
	ok(asker_next(&asker) && asker.q.family == FAMILY_PATH && str_is(asker.q.subject, "/pool/**"), "policy is asked");
	says(true);
	ok(fake_hears(&a, KIND_DONE), "and shares it");
	claim(&b, "/pool/**");
	says(false);
	ok(is_told(&b, E_route_conflict, "policy does not share it among both"), "with one that it does not share");
	claim(&b, "/pool/**");
	says(true);
	ok(fake_hears(&b, KIND_DONE), "with one that it does");
	for (unsigned i = 0; i < 10; i++)
		fake_ask_at(&leaf, 1 + i, "/pool/x", "on");
	by_a = served(&a);
	by_b = served(&b);
	ok(by_a == 5 && by_b == 5, "it is balanced: %u and %u", by_a, by_b);
	claim(&a, "/own");
	says(false);
	claim(&b, "/own");
	says(true);
	fake_forget(&a);
	ok(is_told(&b, E_route_conflict, "'client-a'"), "one who does not share it keeps it alone");
	fake_attach(&b, FAMILY_ENDPOINT, "x@here", "", "", 0);
	says(true);
	fake_attach(&a, FAMILY_ENDPOINT, "x@here", "", "", 0);
	says(true);
	fake_forget(&b);
	ok(is_told(&a, E_route_conflict, "endpoint 'x@here'"), "an endpoint has one, whatever policy says");

	/* an admin is asked only for this, and never refused */
	a.port.admin = b.port.admin = true;
	claim(&a, "/admin");
	says(true);
	claim(&b, "/admin");
	says(true);
	ok(fake_hears(&a, KIND_DONE) && fake_hears(&b, KIND_DONE), "admins may share one, too");
	claim(&a, "/denied");
	asker_deny(&f, &asker, 0);
	claim(&a, "/late");
	fake_wait(&f, 1100);
	asker_take(&asker);
	fake_attach(&a, FAMILY_SERVICE, "s", "", "", 0);
	ok(fake_hears(&a, KIND_DONE) && fake_hears(&a, KIND_DONE) && fake_hears(&a, KIND_DONE) && asker.count == 0,
	    "and have what they claim, whoever says no, or nothing");
	a.port.admin = b.port.admin = false;

	/* what others are told: the one name, shared */
	hub = (struct fake){ .f = &f };
	f.role = ROLE_LEAF;
	fake_open(&f, &hub, PORT_UPLINK, "hub");
	n.name = STR("");
	while (!str_is(n.name, "/pool/**") && fake_next(&hub))
		if (hub.e.kind != KIND_ANNOUNCE || announcement_get(hub.e.payload, &n, &e) == -1)
			n.name = STR("");
	ok(str_is(n.name, "/pool/**") && n.shared && n.weight == 200, "others hear that it is");
	fake_free(&hub);
	f.role = ROLE_HUB;

	/* another policy: the first keeps it */
	asker_policy(&f, 2, HOOKS(SCOPE));
	while (asker.count)
		says(true);
	is_int(fib_name(&f.fib, FAMILY_PATH, STR("/pool/**"))->count, 2, "another policy may say the same");
	fake_forget(&b);
	asker_policy(&f, 3, HOOKS(SCOPE));
	while (asker.count)
		says(false);
	ok(is_told(&b, E_route_conflict, "does not share this path any more"), "one that does not: the last is told");
	ok(fib_name(&f.fib, FAMILY_PATH, STR("/pool/**"))->count == 1 && reaches(&leaf, 20, "/pool/x", &a),
	    "and the first has it");
	asker_policy(&f, 4, HOOKS(SCOPE));
	while (asker.count)
		says(true);
	fake_forget(&b);
	claim(&b, "/pool/**");
	says(true);
	ok(fake_hears(&b, KIND_DONE), "it may be shared again");
	fake_wait(&f, 3000);	/* what a reload leaves to be done */
	end();
}

int
main(void)
{
	property();
	inside();
	claims();
	full();
	shared();
	return done();
}
