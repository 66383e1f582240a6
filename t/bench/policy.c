/*
 * policy.c - what it costs to ask policy once: microseconds a question, in Lua alone.
 *
 *	policy [MILLISECONDS]		(a policy; 500)
 *
 * One JSON line a policy on stdout, the median over batches.  Each question
 * is about another method and another receiver.
 */
#include "policydir.h"
#include "wire/envelope.h"
#include "wire/hello.h"

enum { BATCH = 256, SAMPLES = 1 << 14 };

static const struct { const char *what, *text; } policies[] = {
	{ "nil", "function route(msg, env) end\n" },
	{ "two_fields", "function route(msg, env)\n"
	    "if msg.service == 'bank' and msg.method == 'rob' then return fedx.deny('no') end end\n" },
	{ "allow", "local ok = fedx.allow{ name = 'all' }\nfunction route(msg, env)\n"
	    "if msg.to_domain == 'oslo.net' then return ok end return fedx.deny('no') end\n" },
	{ "made_each_time", "function route(msg, env) return fedx.allow{ via = 'hub-b', name = 'x' } end\n" },
	{ "rules", "route = fedx.rules{\n"
	    "{ name = 'a', service = 'bank', fedx.deny('no') },\n"
	    "{ name = 'b', from = '*@nowhere.net', fedx.deny('no') },\n"
	    "{ name = 'c', to = '*.oslo.net', method = { 'x', 'y' }, fedx.deny('no') },\n"
	    "{ name = 'd', fedx.allow() } }\n" },
	{ "balance_pick", "function balance(service, instances) return fedx.pick(instances[1]) end\n" },
};

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
measure(struct policy *p, enum hook hook, unsigned ms)
{
	static uint32_t took[SAMPLES];
	static char to[BATCH][32], subject[BATCH][32];
	static const struct peer_facts peer = { .number = 7, .role = ROLE_LEAF, .node = { "site-a", 6 },
	    .cluster = { "home", 4 }, .address = { "192.0.2.1:7000", 14 } };
	struct policy_world world = { .now = { 1795248000, 0 } };
	struct buf body, run;
	unsigned n = 0, number = 0;
	uint64_t us = 0;

	buf_init(&body, 1 << 16);
	buf_init(&run, 1 << 12);
	for (unsigned i = 1; i <= 3; i++)
		instance_put(&run, &(struct instance){ .number = i, .weight = 100, .node = STR("site-a") });
	while (n < SAMPLES && us < (uint64_t)ms * 1000) {
		struct mono start;

		for (unsigned i = 0; i < BATCH; i++) {
			snprintf(to[i], sizeof to[i], "lamp%u@oslo.net", number);
			snprintf(subject[i], sizeof subject[i], "light/set%u", number++);
		}
		start = mono_now();
		for (unsigned i = 0; i < BATCH; i++) {
			struct question q = { .hook = (uint8_t)hook, .kind = KIND_REQUEST, .from = STR("alice@home.net"),
			    .origin = STR("site-a"), .peer = 7, .family = FAMILY_SERVICE, .instances = buf_view(&run) };
			struct err e;

			q.to = str(to[i]);
			q.subject = hook == HOOK_BALANCE ? STR("light") : str(subject[i]);
			body.head = body.tail = 0;
			if (policy_ask(p, &q, &peer, &world, &body, &e) == -1) {
				fprintf(stderr, "policy: %s\n", e.text);
				exit(1);
			}
		}
		took[n] = (uint32_t)mono_us_since(start, mono_now());
		us += took[n++];
	}
	buf_free(&body);
	buf_free(&run);
	qsort(took, n, sizeof *took, by_value);
	return (double)took[n / 2] / BATCH;
}

int
main(int argc, char **argv)
{
	unsigned ms = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 500;
	struct policydir d;

	policydir_make(&d);
	for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
		struct policy *p;
		double each;

		policydir_write(&d, "policy.lua", policies[i].text);
		if ((p = policydir_load(&d)) == NULL) {
			fprintf(stderr, "policy: %s\n", d.e.text);
			return 1;
		}
		each = measure(p, policy_hooks(p) & 1u << HOOK_ROUTE ? HOOK_ROUTE : HOOK_BALANCE, ms);
		printf("{\"v\":1,\"bench\":\"policy_ask\",\"policy\":\"%s\",\"us\":%.2f,\"a_second\":%.0f}\n",
		    policies[i].what, each, 1e6 / each);
		fflush(stdout);
	}
	policydir_done(&d);
	return 0;
}
