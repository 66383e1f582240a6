/*
 * fabric-property.c - whatever nodes, programs and links do to each other,
 * every request ends exactly once, as DESIGN section 11 promises.
 */
#include "fabricsim.h"
#include "tap.h"

enum { RUNS = 600, LENGTH = 3000 };

int
main(void)
{
	uint64_t first = tap_seed(), ends[6] = { 0 };
	static uint8_t script[LENGTH];
	unsigned broken = 0;
	bool once = getenv("FEDX_SEED") != NULL;

	for (unsigned run = 0; run < (once ? 1 : RUNS); run++) {
		uint64_t seed = first + run, at = seed;
		const char *what;

		for (size_t i = 0; i < LENGTH; i++)
			script[i] = (uint8_t)tap_rand(&at);
		if ((what = sim_run(script, LENGTH)) != NULL && ++broken < 10)
			printf("# FEDX_SEED=%llu: %s\n", (unsigned long long)seed, what);
		for (int i = 0; i < 6; i++)
			ends[i] += sim.ended[i];
	}
	is_int(broken, 0, "no promise is broken");
	printf("# answered %llu, not delivered %llu, may have run %llu, cancelled %llu, callers gone %llu\n",
	    (unsigned long long)ends[SIM_ANSWERED], (unsigned long long)ends[SIM_NOT_DELIVERED],
	    (unsigned long long)ends[SIM_MAY_HAVE_RUN], (unsigned long long)ends[SIM_CANCELLED],
	    (unsigned long long)ends[SIM_GONE]);
	ok(once || (ends[SIM_ANSWERED] > 1000 && ends[SIM_NOT_DELIVERED] > 1000 &&
	    ends[SIM_MAY_HAVE_RUN] > 1000 && ends[SIM_CANCELLED] > 100 && ends[SIM_GONE] > 100),
	    "and all ends were seen");
	printf("# parked %llu, parts %llu, shed %llu\n", (unsigned long long)sim.parked,
	    (unsigned long long)sim.parts, (unsigned long long)sim.shed);
	ok(once || (sim.parked > 500 && sim.parts > 5000 && sim.shed > 5),
	    "with requests that waited, bodies in parts, and buffers that were full");
	printf("# waited for policy %llu, denied %llu, cut %llu\n", (unsigned long long)sim.waited,
	    (unsigned long long)sim.denied, (unsigned long long)sim.cut);
	ok(once || (sim.waited > 5000 && sim.denied > 1000 && sim.cut > 50),
	    "and with policies that let wait and denied");
	return done();
}
