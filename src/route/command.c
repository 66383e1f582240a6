/* command.c - see command.h.  Each is under an alarm: nobody waits for ever. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "route/command.h"
#include "route/load.h"
#include "route/report.h"

enum { SETTINGS_SECONDS = 5, EXIT_CONFIG = 78, LINES_BYTES = 4 << 20 };

static const char *late;

static void
on_alarm(int signum)
{
	(void)signum;
	if (write(STDERR_FILENO, late, strlen(late)) == -1)
		_exit(74);
	_exit(EXIT_CONFIG);
}

static void
bound(unsigned seconds, const char *text)
{
	late = text;
	signal(SIGALRM, on_alarm);
	alarm(seconds);
}

static int
fail(const struct err *e, int status)
{
	fprintf(stderr, "fedx-route: %s\n", e->text);
	return e->status ? e->status : status;
}

static int
print(const struct buf *b, FILE *to)
{
	struct str all = buf_view(b);

	if ((all.n == 0 || fwrite(all.p, 1, all.n, to) == all.n) && fflush(to) == 0)
		return 0;
	fprintf(stderr, "fedx-route: cannot write\n");
	return 74;
}

int
settings_read(const char *file, struct buf *lines, struct err *e)
{
	struct buf text;
	int r;

	buf_init(lines, LINES_BYTES);
	buf_init(&text, BUNDLE_FILE_MAX);
	r = fd_read_file(file, BUNDLE_FILE_MAX, &text, e);
	if (r == 0 && (r = config_read(str(file), buf_view(&text), lines, e)) == -1)
		err_exit(e, EXIT_CONFIG);
	buf_free(&text);
	return r;
}

int
command_settings(const char *file)
{
	struct err e = { .status = 0 };
	struct buf lines;
	int status;

	bound(SETTINGS_SECONDS, "fedx-route: the settings took longer than 5 s\n");
	status = settings_read(file, &lines, &e) == -1 ? fail(&e, EXIT_CONFIG) : print(&lines, stdout);
	buf_free(&lines);
	return status;
}

int
command_test(const char *directory)
{
	struct err e = { .status = 0 };
	struct bundle *b;
	struct buf tap;
	int status;

	bound(30, "fedx-route: the tests took longer than 30 s\n");
	if ((b = bundle_open(directory, &e)) == NULL)
		return fail(&e, 66);
	buf_init(&tap, TAP_BYTES);
	status = policy_test(b, &tap, &e);
	if (print(&tap, stdout) != 0)
		status = 74;
	else if (status == -1)
		status = fail(&e, EXIT_CONFIG);
	buf_free(&tap);
	bundle_close(b);
	return status;
}

static int
say_policy(const struct options *o, struct trial *t)
{
	struct err e = { .status = 0 };
	struct loaded *l = t->absent ? loaded_none() : loaded_open(&t->bytes, &e);
	struct tests n = tests_of(buf_view(&t->tap));
	char hooks[128], digest[65];
	int status;

	if (!l)
		return fail(&e, EXIT_CONFIG);
	hooks_text(l->hooks, hooks);
	digest_text(l->digest, digest);
	if (t->absent)
		printf("policy\tnone\t%s\n", o->confdir);
	else
		printf("policy\t%s/policy.lua\n", o->confdir);
	printf("digest\t%s\nhooks\t%s\ntests\t%u passed\n", digest, hooks, n.passed);
	for (size_t i = 1; l->policy && i <= policy_rules(l->policy); i++) {
		const struct rule *r = policy_rule(l->policy, i);

		printf("rule\t%s:%u\t%s\t%s\n", r->file, (unsigned)r->line, hook_name(r->hook), r->name);
	}
	status = print(&(struct buf){ .max = 0 }, stdout);
	loaded_close(l);
	return status;
}

int
command_check(const struct options *o)
{
	struct trial t;
	int status;

	bound(o->check_ms / 1000 + 1, "fedx-route: loading the policy and its tests took too long (route.check)\n");
	trial_init(&t);
	trial_run(&t, o->confdir);
	if (t.fine) {
		status = say_policy(o, &t);
	} else {
		print(&t.tap, stderr);
		fail(&t.why, EXIT_CONFIG);
		status = EXIT_CONFIG;
	}
	trial_free(&t);
	return status;
}
