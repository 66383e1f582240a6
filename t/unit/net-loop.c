/* net-loop.c - libev has what it would end the process for the lack of. */
#include <string.h>
#include <sys/resource.h>

#include "net/loop.h"
#include "tap.h"

int
main(void)
{
	struct rlimit l, few;
	struct err e = { .status = 0 };
	char *p, *q;

	getrlimit(RLIMIT_NOFILE, &l);
	few = l;
	few.rlim_cur = 4;
	setrlimit(RLIMIT_NOFILE, &few);
	ok(loop_open(&e) == NULL, "with one descriptor left there is no loop");
	is_int(e.status, 71, "and a status that says whose fault it is");
	ok(strstr(e.text, "descriptors") != NULL, "and a sentence");
	setrlimit(RLIMIT_NOFILE, &l);
	ok(loop_open(&e) != NULL, "with more there is one");

	p = loop_alloc(NULL, 8);
	memcpy(p, "1234567", 8);
	q = loop_alloc(p, 4);
	ok(p == q, "what shrinks stays");
	q = loop_alloc(q, 100000);
	is_str(str(q), "1234567", "what grows keeps its bytes");
	ok(loop_alloc(q, 0) == NULL, "and can be freed");
	return done();
}
