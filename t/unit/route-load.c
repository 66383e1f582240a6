/* route-load.c - a policy is loaded from the bytes that were tried, and the last good one is kept. */
#include "policydir.h"
#include "route/good.h"
#include "route/report.h"
#include "tap.h"

static struct policydir d;

static void
try_it(struct trial *t)
{
	trial_init(t);
	trial_run(t, d.path);
}

static struct loaded *
load_it(void)
{
	struct err e = { .status = 0 };
	struct loaded *l;
	struct trial t;

	try_it(&t);
	l = loaded_open(&t.bytes, &e);
	trial_free(&t);
	return l;
}

static void
test_trial(void)
{
	struct trial t, back;
	struct loaded *l;
	struct err e = { .status = 0 };
	struct buf wire;
	int bad = 0;

	policydir_make(&d);
	try_it(&t);
	ok(t.fine && t.absent, "no policy.lua is no fault");
	trial_free(&t);
	policydir_write(&d, "policy.lua", "function route(m)\n  return fedx.deny(require('lib').why)\nend\nlocal l = require('lib')\n");
	policydir_write(&d, "lib.lua", "return { why = 'one' }\n");
	policydir_write(&d, "test/a.lua", "local t = require 'fedx.test'\nt.denies({ from = 'a@x' }, 'one')\n");
	try_it(&t);
	ok(t.fine && !t.absent, "a policy with its tests is fine: %s", t.why.text);

	/* what happens to the files now does not matter */
	policydir_write(&d, "lib.lua", "this is no Lua");
	buf_init(&wire, LOAD_BYTES);
	ok(trial_put(&wire, &t) == 0, "a trial is put");
	trial_init(&back);
	ok(trial_get(&back, buf_view(&wire)) == 0 && back.fine && !back.absent, "and got");
	ok(str_eq(buf_view(&back.tap), buf_view(&t.tap)) && str_eq(buf_view(&back.bytes), buf_view(&t.bytes)),
	    "with the same tests and bytes");
	for (size_t n = 0; n < buf_len(&wire); n += n < 64 ? 1 : 97) {
		struct trial half;

		trial_init(&half);
		bad += trial_get(&half, str_head(buf_view(&wire), n)) == 0;
		trial_free(&half);
	}
	is_int(bad, 0, "less than a whole one is none");
	l = loaded_open(&back.bytes, &e);
	ok(l && l->hooks == 1u << HOOK_ROUTE, "its bytes load: %s", l ? "" : e.text);
	loaded_close(l);
	trial_free(&back);
	trial_free(&t);
	buf_free(&wire);

	try_it(&t);
	ok(!t.fine && strstr(t.why.text, "lib.lua:1"), "the files of now do not: %s", t.why.text);
	trial_free(&t);
	policydir_write(&d, "lib.lua", "return { why = 'two' }\n");
	try_it(&t);
	ok(!t.fine && strstr(t.why.text, "a test of the policy fails: denies"), "nor with a test that fails: %s", t.why.text);
	trial_free(&t);
	policydir_done(&d);

	trial_init(&t);
	trial_run(&t, "/nonexistent/conf");
	ok(t.fine && t.absent, "a directory that is not there holds no policy");
	trial_free(&t);
	buf_init(&wire, LOAD_BYTES);
	buf_str(&wire, STR("garbage"));
	ok(loaded_open(&wire, &e) == NULL, "garbage does not load: %s", e.text);
	ok(wire.p == NULL, "and is taken all the same");
}

static void
test_digest(void)
{
	struct loaded *a, *b, *c;

	policydir_make(&d);
	policydir_write(&d, "policy.lua", "function route(m) end");
	a = load_it();
	policydir_write(&d, "test/a.lua", "local t = require 'fedx.test'\nt.allows{ from = 'a@x' }\n");
	b = load_it();
	policydir_write(&d, "policy.lua", "function route(m) end ");
	c = load_it();
	ok(a && b && c, "they load");
	ok(memcmp(a->digest, b->digest, 32) == 0, "tests are no part of the digest");
	ok(memcmp(a->digest, c->digest, 32) != 0, "each blank is");
	loaded_close(a);
	loaded_close(b);
	loaded_close(c);
	policydir_done(&d);
}

static void
flip(const char *path, long at)
{
	FILE *f = fopen(path, "r+");
	int c;

	fseek(f, at, SEEK_SET);
	c = fgetc(f);
	fseek(f, at, SEEK_SET);
	fputc(c ^ 1, f);
	fclose(f);
}

static bool
undone(const struct rundir *run, const struct loaded *l, bool *to_none)
{
	char hex[65];

	digest_text(l->digest, hex);
	return undone_is(run, hex, to_none);
}

static void
test_good(void)
{
	struct rundir run = { .lock = -1 };
	struct loaded *l, *other, *none = loaded_none(), *back;
	struct err e = { .status = 0 };
	char path[140];
	bool to_none = true;
	int refused = 0, flips = 0;

	policydir_make(&d);
	policydir_write(&d, "policy.lua", "function admit(p) end");
	l = load_it();
	policydir_write(&d, "policy.lua", "function route(p) end");
	other = load_it();
	snprintf(run.path, sizeof run.path, "%s", d.path);
	snprintf(path, sizeof path, "%s/policy.good", d.path);
	ok(good_read(&run, &e) == NULL && !e.text[0], "none is kept, and that is no fault");
	ok(good_write(&run, l, &e) == 0, "one is kept");
	back = good_read(&run, &e);
	ok(back && memcmp(back->digest, l->digest, 32) == 0 && back->hooks == l->hooks, "and read again");
	loaded_close(back);
	for (long at = 0; at < 60; at += 7) {
		flip(path, at);
		refused += (back = good_read(&run, &e)) == NULL && e.text[0];
		loaded_close(back);
		flip(path, at);
		flips++;
	}
	is_int(refused, flips, "a bit that is wrong is seen");
	ok(good_write(&run, none, &e) == 0 && good_read(&run, &e) == NULL && !e.text[0], "no policy takes it away");

	ok(!undone(&run, l, &to_none), "nothing was undone");
	ok(undone_write(&run, l, false, &e) == 0, "one is");
	ok(undone(&run, l, &to_none) && !to_none, "it is known, and that there was another before it");
	ok(!undone(&run, other, &to_none), "another is not meant");
	undone_write(&run, other, true, &e);
	ok(undone(&run, other, &to_none) && to_none, "or that there was none");
	undone_clear(&run);
	ok(!undone(&run, other, &to_none), "and it is forgotten");
	snprintf(run.path, sizeof run.path, "%s/none", d.path);
	ok(good_write(&run, l, &e) == -1 && strstr(e.text, "cannot write"), "a directory that is not there: %s", e.text);
	loaded_close(l);
	loaded_close(other);
	loaded_close(none);
	policydir_done(&d);
}

/* --- in a child --- */

static int ended;
static char said[240];
static bool fine;

static void
on_tried(void *owner, struct trial *t)
{
	(void)owner;
	ended++;
	fine = t->fine;
	snprintf(said, sizeof said, "%s", t->why.text);
}

static void
test_child(void)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_NOENV | EVFLAG_AUTO);
	struct err e = { .status = 0 };
	struct check *c;

	policydir_make(&d);
	policydir_write(&d, "policy.lua", "function route(m) end");
	ok(check_open(loop, d.path, 30000, on_tried, NULL, &e) != NULL, "a child tries it");
	ev_run(loop, 0);
	ok(ended == 1 && fine, "and says that it is fine");
	policydir_write(&d, "policy.lua", "error 'no'");
	check_open(loop, d.path, 30000, on_tried, NULL, &e);
	ev_run(loop, 0);
	ok(ended == 2 && !fine && strstr(said, "policy.lua:1"), "or why not: %s", said);
	policydir_write(&d, "policy.lua", "for i = 1, 1e9 do pcall(function() while true do end end) end");
	check_open(loop, d.path, 1, on_tried, NULL, &e);
	ev_run(loop, 0);
	ok(ended == 3 && !fine && strstr(said, "too long"), "or is ended: %s", said);
	c = check_open(loop, d.path, 30000, on_tried, NULL, &e);
	check_close(c);
	ev_run(loop, 0);
	is_int(ended, 3, "one that was given up says nothing");
	policydir_done(&d);
}

int
main(void)
{
	test_trial();
	test_digest();
	test_good();
	test_child();
	return done();
}
