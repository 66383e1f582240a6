/* node-rundir.c - the run directory: ours alone, one node in it. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/rundir.h"
#include "tap.h"

static char base[64], at[128];

static const char *
in_base(const char *name)
{
	snprintf(at, sizeof at, "%s/%s", base, name);
	return at;
}

static bool
refused(const char *path, int status, const char *why)
{
	struct rundir r;
	struct err e = { .status = 0 };
	bool is = rundir_open(&r, path, geteuid(), &e) == -1 && e.status == status && strstr(e.text, why);

	if (!is)
		printf("# status %d, \"%s\"\n", e.status, e.text);
	rundir_close(&r);
	return is;
}

static void
test_places(void)
{
	struct rundir r;
	struct err e = { .status = 0 };
	struct stat st;
	char lock[160];

	ok(rundir_open(&r, in_base("run"), geteuid(), &e) == 0, "it is made");
	ok(stat(at, &st) == 0 && (st.st_mode & 07777) == 0700, "for us alone");
	is_int(r.mode, 0600, "and so is its socket");
	snprintf(lock, sizeof lock, "%s/node.sock", at);
	is_str(str(r.socket), lock, "which lies in it");
	snprintf(lock, sizeof lock, "%s/node.lock", at);
	ok(stat(lock, &st) == 0 && (st.st_mode & 07777) == 0600, "the lock is there");
	rundir_close(&r);
	ok(stat(lock, &st) == -1, "and goes at the end");
	rundir_close(&r);
	ok(r.lock == -1, "closing twice does no harm");

	chmod(in_base("run"), 0750);
	ok(rundir_open(&r, at, geteuid(), &e) == 0 && r.mode == 0660, "a group may be let in");
	rundir_close(&r);

	setenv("FEDX_RUN", in_base("by-env"), 1);
	ok(rundir_open(&r, NULL, geteuid(), &e) == 0, "$FEDX_RUN names it");
	is_str(str(r.path), at, "as it is");
	rundir_close(&r);
	unsetenv("FEDX_RUN");
	setenv("XDG_RUNTIME_DIR", base, 1);
	ok(rundir_open(&r, NULL, geteuid(), &e) == 0, "then $XDG_RUNTIME_DIR");
	is_str(str(r.path), in_base("fedx"), "with a directory of ours in it");
	rundir_close(&r);
}

static void
test_refusals(void)
{
	static const mode_t open_modes[] = { 0770, 0720, 0701, 0704, 0755, 0777 };
	char path[300], target[128];
	int fd;

	mkdir(in_base("open"), 0700);
	for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
		chmod(at, open_modes[i]);
		ok(refused(at, 78, "is open to others"), "mode %04o is refused", (unsigned)open_modes[i]);
	}
	snprintf(target, sizeof target, "%s", in_base("run"));
	if (symlink(target, in_base("link")) == 0)
		ok(refused(at, 78, "symbolic link"), "a symbolic link is refused");
	fd = open(in_base("file"), O_CREAT | O_WRONLY, 0600);
	close(fd);
	ok(refused(at, 78, "is no directory"), "a file is refused");
	ok(refused(in_base("none/below"), 73, "cannot make"), "one level is made, no more");
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	path[0] = '/';
	ok(refused(path, 78, "too long"), "a path that no socket could have is refused");
	path[100] = '\0';
	ok(refused(path, 78, "too long"), "also where node.sock would just fit, but not route.sock");
	if (geteuid() != 0)
		ok(refused("/", 78, "belongs to uid 0"), "another's directory is refused");
	mkdir(in_base("planted"), 0700);
	snprintf(path, sizeof path, "%s/node.lock", at);
	if (symlink(target, path) == 0)
		ok(refused(at, 73, "cannot open"), "a symbolic link instead of the lock is not followed");
}

/* Another process holds it; when it is killed the next one may. */
static void
test_lock(void)
{
	struct rundir r;
	struct err e = { .status = 0 };
	int p[2], q[2], status;
	char byte, pid_text[24];
	pid_t pid;

	if (pipe(p) == -1 || pipe(q) == -1 || (pid = fork()) == -1)
		return;
	if (pid == 0) {
		byte = rundir_open(&r, in_base("run"), geteuid(), &e) == 0;
		close(q[1]);
		if (write(p[1], &byte, 1) != 1 || read(q[0], &byte, 1) == 1)
			_exit(2);
		raise(SIGKILL);	/* no chance to tidy up */
	}
	close(q[0]);
	ok(read(p[0], &byte, 1) == 1 && byte, "another process has it");
	ok(refused(in_base("run"), 78, "is in use by process"), "it is refused then");
	rundir_open(&r, at, geteuid(), &e);
	snprintf(pid_text, sizeof pid_text, "process %ld:", (long)pid);
	ok(strstr(e.text, pid_text), "and the process is named: %s", e.text);
	rundir_close(&r);
	close(q[1]);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status), "the other one is killed");
	ok(rundir_open(&r, at, geteuid(), &e) == 0, "the next one may have it");
	rundir_close(&r);
}

/* A lock that was taken from under us is no lock: its path names another file. */
static void
test_lock_is_that_of_the_path(void)
{
	struct rundir r, second;
	struct err e = { .status = 0 };
	char lock[160];
	struct stat st;

	ok(rundir_open(&r, in_base("run"), geteuid(), &e) == 0, "it is ours");
	snprintf(lock, sizeof lock, "%s/node.lock", at);
	unlink(lock);
	ok(rundir_open(&second, at, geteuid(), &e) == 0, "somebody removed the lock: another takes it");
	rundir_close(&r);
	ok(stat(lock, &st) == 0, "the first one leaves the lock of the second");
	rundir_close(&second);
	ok(stat(lock, &st) == -1, "which goes with its holder");
}

static void
tidy(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf %s", base);
	if (system(command) != 0)
		printf("# %s stays\n", base);
}

int
main(void)
{
	umask(022);
	unsetenv("FEDX_RUN");
	snprintf(base, sizeof base, "/tmp/fedx-rundir.XXXXXX");
	if (!mkdtemp(base))
		return 1;
	test_places();
	test_refusals();
	test_lock();
	test_lock_is_that_of_the_path();
	tidy();
	return done();
}
