/* policy-list.c - a list has exactly what its author wrote: names, patterns, networks. */
#include "policydir.h"
#include "policy/names.h"
#include "tap.h"

static struct policydir dir;

static const struct { const char *what, *list, *value; bool has; } cases[] = {
	{ "a name is itself",		"a@x.net", "a@x.net", true },
	{ "and no other",		"a@x.net", "b@x.net", false },
	{ "nor its end",		"a@x.net", "@x.net", false },
	{ "blanks and comments go",	"  a@x.net\t# him\r\n#b@x.net\n\n", "a@x.net", true },
	{ "a comment is no entry",	"a@x.net\n#b@x.net", "b@x.net", false },
	{ "*@D is all of D",		"*@x.net", "b@x.net", true },
	{ "but not D itself",		"*@x.net", "x.net", false },
	{ "nor below it",		"*@x.net", "b@y.x.net", false },
	{ "*.D is D",			"*.x.net", "x.net", true },
	{ "and below",			"*.x.net", "b@y.z.x.net", true },
	{ "and no other that ends so",	"*.x.net", "b@yx.net", false },
	{ "nothing is in no list",	"*.x.net", "", false },
	{ "a network",			"10.0.0.0/8", "10.255.1.2", true },
	{ "ends",			"10.0.0.0/8", "11.0.0.0", false },
	{ "of odd length",		"192.0.2.64/27", "192.0.2.95", true },
	{ "ends exactly",		"192.0.2.64/27", "192.0.2.96", false },
	{ "all of IPv4",		"0.0.0.0/0", "203.0.113.9", true },
	{ "is not IPv6",		"0.0.0.0/0", "2001:db8::1", false },
	{ "all of IPv6",		"::/0", "2001:db8::1", true },
	{ "an address",			"2001:db8::1", "2001:0db8:0:0:0:0:0:1", true },
	{ "however it is written",	"2001:DB8::1", "2001:db8::1", true },
	{ "and not its neighbour",	"2001:db8::1", "2001:db8::2", false },
	{ "a network of IPv6",		"2001:db8::/32", "2001:db8:ffff::9", true },
	{ "IPv4 in IPv6 is IPv4",	"10.0.0.0/8", "::ffff:10.1.2.3", true },
	{ "a zone is no part of it",	"fe80::/10", "fe80::1%eth0", true },
	{ "a name is no address",	"10.0.0.0/8", "10.site", false },
	{ "many of different lengths",	"10.0.0.0/8\n10.1.0.0/16\n192.0.2.1\n2001:db8::/32\n0.0.0.0/32", "192.0.2.1", true },
	{ "the last of them",		"10.0.0.0/8\n10.1.0.0/16\n192.0.2.1\n2001:db8::/32\n0.0.0.0/32", "0.0.0.0", true },
	{ "names among networks",	"10.0.0.0/8\nsite-a\n*@x.net", "site-a", true },
	{ "no line at the end",		"a\nb\nc", "c", true },
	{ "an empty list",		"# nobody\n", "a", false },
};

static const struct { const char *what, *list, *error; } bad[] = {
	{ "two words",		"ok\na b", "policy.lua:1: list.txt:2: 'a b': want a name, *@DOMAIN, *.DOMAIN, an address or a network" },
	{ "a star inside",	"a*b", "policy.lua:1: list.txt:1: 'a*b': want a name, *@DOMAIN, *.DOMAIN, an address or a network" },
	{ "a lone star",	"*", "policy.lua:1: list.txt:1: '*': want a name, *@DOMAIN, *.DOMAIN, an address or a network" },
	{ "a long prefix",	"10.0.0.0/33", "policy.lua:1: list.txt:1: '10.0.0.0/33': want a prefix length from 0 to 32" },
	{ "a longer one",	"::/129", "policy.lua:1: list.txt:1: '::/129': want a prefix length from 0 to 128" },
	{ "a negative one",	"10.0.0.0/-1", "policy.lua:1: list.txt:1: '10.0.0.0/-1': want a prefix length from 0 to 32" },
	{ "bits behind it",	"10.0.0.1/8", "policy.lua:1: list.txt:1: '10.0.0.1/8': the address has bits beyond the prefix length" },
};

static bool
load(const char *list, const char *policy)
{
	policydir_close(&dir);
	dir.count = 0;
	policydir_write(&dir, "list.txt", list);
	policydir_write(&dir, "policy.lua", policy);
	return policydir_load(&dir) != NULL;
}

static int
decide(const char *from)	/* the answer */
{
	static const struct policy_world world = { .seen = 0 };
	struct question q = { .hook = HOOK_ROUTE, .from = str(from) };
	struct verdict v;
	struct buf answer;
	struct err e;
	int got = -1;

	buf_init(&answer, 1 << 16);
	policy_ask(dir.policy, &q, NULL, &world, &answer, &e);
	if (verdict_get(buf_view(&answer), &v, &e) == 0)
		got = v.answer;
	buf_free(&answer);
	return got;
}

/* The same answers as by walking through all of it. */
static void
test_property(void)
{
	enum { WORDS = 300, NETS = 300, TRIES = 3000 };
	static char texts[WORDS][32];
	struct str words[WORDS], sorted[WORDS];
	struct net nets[NETS], in_order[NETS];
	uint8_t lengths[NETS], bits_of[NETS];
	struct names s = { .words = sorted, .nets = in_order, .word_count = WORDS, .net_count = NETS };
	uint64_t seed = tap_seed();
	size_t differ = 0, n = 0;

	for (size_t i = 0; i < WORDS; i++) {
		static const char *const heads[] = { "*@", "*.", "u@", "*.s." };

		snprintf(texts[i], sizeof texts[i], "%sd%u.net", heads[tap_rand(&seed) % 4], (unsigned)(tap_rand(&seed) % 200));
		words[i] = sorted[i] = str(texts[i]);
	}
	for (size_t i = 0; i < NETS; i++) {
		const char *why;
		char text[64];
		unsigned bits = 0, len = (unsigned)(tap_rand(&seed) % 33);
		uint32_t a = (uint32_t)tap_rand(&seed) & 0x0f0f0f0f & (uint32_t)(len ? 0xffffffffu << (32 - len) : 0);

		snprintf(text, sizeof text, "%u.%u.%u.%u/%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, len < 4 ? 32 : len);
		if (entry_parse(str(text), &nets[i], &bits, &why) != ENTRY_NET)
			abort();
		lengths[i] = (uint8_t)bits;
	}
	for (unsigned b = 0; b < 129; b++)
		for (size_t i = 0; i < NETS; i++)
			if (lengths[i] == b) {
				in_order[n] = nets[i];
				bits_of[n++] = (uint8_t)b;
			}
	names_sort(&s, bits_of);
	for (size_t i = 0; i < TRIES; i++) {
		static const char *const heads[] = { "u@", "v@", "", "v@s.", "v@t." };
		char value[64];
		bool want = false;

		if (i % 2) {
			snprintf(value, sizeof value, "%sd%u.net", heads[tap_rand(&seed) % 5], (unsigned)(tap_rand(&seed) % 300));
			for (size_t k = 0; k < WORDS; k++) {
				struct str w = words[k], v = str(value), d = v, local;

				if (!str_split(v, '@', &local, &d))
					d = v;
				want = want || str_eq(w, v) ||
				    (str_starts(w, STR("*@")) && d.n != v.n && str_eq(d, str_skip(w, 2))) ||
				    (str_starts(w, STR("*.")) && (str_eq(d, str_skip(w, 2)) || str_ends(d, str_skip(w, 1))));
			}
		} else {
			uint32_t a = (uint32_t)tap_rand(&seed) & 0x0f0f0f0f;
			struct net net;
			unsigned bits;
			const char *why;

			snprintf(value, sizeof value, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
			entry_parse(str(value), &net, &bits, &why);
			for (size_t k = 0; k < NETS && !want; k++) {
				want = true;
				for (unsigned b = 0; b < lengths[k] && want; b++)
					want = ((net.address[b / 8] ^ nets[k].address[b / 8]) & (0x80 >> b % 8)) == 0;
			}
		}
		differ += names_have(&s, str(value)) != want;
	}
	is_int((long long)differ, 0, "searching finds what walking finds");
}

static void
test_large(void)
{
	enum { LINES = 200000 };
	char *text = malloc(LINES * 24 + 1), *at = text;

	for (unsigned i = 0; i < LINES; i++)
		at += i % 3 == 2 ? sprintf(at, "10.%u.%u.%u\n", i >> 16, i >> 8 & 255, i & 255) :
		    sprintf(at, "user%u@site%u.net\n", i, i % 999);
	ok(load(text, "local l = fedx.list('list.txt')\nfunction route(m) return l:has(m.from) and fedx.deny() or nil end"),
	    "a list of 200000 lines: %s", dir.e.text);
	ok(decide("user199998@site198.net") == ANSWER_DENY && decide("10.0.0.2") == ANSWER_DENY && decide("nobody@x") == ANSWER_NONE,
	    "is searched within the budget of a hook");
	free(text);
}

int
main(void)
{
	static const char policy[] = "local l = fedx.list('list.txt')\n"
	    "function route(m) return l:has(m.from) and fedx.deny() or nil end";

	policydir_make(&dir);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!load(cases[i].list, policy))
			printf("# %s\n", dir.e.text);
		is_int(decide(cases[i].value), cases[i].has ? ANSWER_DENY : ANSWER_NONE, cases[i].what);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ok(!load(bad[i].list, policy), "%s is refused", bad[i].what);
		is_str(str(dir.e.text), bad[i].error, "with file and line");
	}
	ok(load("", "local c = fedx.cidr{ '10.0.0.0/8', '::1' }\nfunction route(m) return c:has(m.from) and fedx.deny() or nil end"),
	    "networks in the policy");
	ok(decide("10.1.1.1") == ANSWER_DENY && decide("::1") == ANSWER_DENY && decide("::2") == ANSWER_NONE, "are a set as well");
	ok(!load("", "fedx.cidr{ 'site-a' }"), "of networks only: %s", dir.e.text);
	ok(!load("", "fedx.cidr('10.0.0.0/8')"), "a list: %s", dir.e.text);
	ok(!load("", "fedx.list('../x')"), "a list is beside the policy: %s", dir.e.text);
	ok(!load("", "fedx.list('/etc/passwd')"), "and nowhere else: %s", dir.e.text);
	ok(load("a", "local l = fedx.list('list.txt')\nfunction route(m) return l.has(m, 'x') end") &&
	    decide("a") == ANSWER_DENY, "a dot for a colon is an error");
	test_property();
	test_large();
	policydir_done(&dir);
	return done();
}
