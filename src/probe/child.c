/* child.c - see child.h. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "probe/child.h"

enum { EXIT_NOINPUT = 66, WORDS = 5 };

extern char **environ;

static bool
is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int
child_find(const char *command, struct err *e)
{
	struct str dir, rest = str(getenv("PATH"));
	char path[4096];

	if (strchr(command, '/')) {
		if (is_executable(command))
			return 0;
		err_set(e, "cannot start \"%s\": there is no such program", command);
		return err_exit(e, EXIT_NOINPUT);
	}
	if (rest.n == 0)
		rest = STR("/bin:/usr/bin");
	while (command[0] && rest.p) {
		str_split(rest, ':', &dir, &rest);
		snprintf(path, sizeof path, "%.*s%s%s", STR_FMT(dir), dir.n ? "/" : "", command);
		if (is_executable(path))
			return 0;
	}
	err_set(e, "cannot start \"%s\": there is no such program in $PATH", command);
	return err_exit(e, EXIT_NOINPUT);
}

void
child_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
child_end(struct child *c)
{
	child_close(&c->in);
	child_close(&c->out);
	child_close(&c->err);
	c->pid = 0;
}

void
child_signal(const struct child *c, int sig)
{
	if (c->pid > 0)
		kill(-c->pid, sig);
}

/* ours: non-blocking; theirs: blocking, as programs expect */
static int
pipe_make(int *ours, int *theirs, bool we_read)
{
	int p[2];

	if (pipe(p) == -1)
		return -1;
	*ours = p[!we_read];
	*theirs = p[we_read];
	return fd_prepare(*ours) == -1 || fd_cloexec(*theirs) == -1 ? -1 : 0;
}

static int
spawn(struct child *c, char **command, char **environment, const int theirs[3])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, defaults;
	int r;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGCHLD);
	if ((r = posix_spawn_file_actions_init(&files)) != 0)
		return r;
	if ((r = posix_spawnattr_init(&how)) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return r;
	}
	for (int i = 0; r == 0 && i < 3; i++)
		if (theirs[i] != -1)
			r = posix_spawn_file_actions_adddup2(&files, theirs[i], i);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &defaults);
	posix_spawnattr_setpgroup(&how, 0);
	posix_spawnattr_setflags(&how,
	    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (r == 0)
		r = posix_spawnp(&c->pid, command[0], &files, &how, command, environment);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

int
child_start(struct child *c, char **command, char **environment, bool own_stderr,
    struct err *e)
{
	int theirs[3] = { -1, -1, -1 }, r;

	*c = (struct child){ .in = -1, .out = -1, .err = -1 };
	if (pipe_make(&c->in, &theirs[0], false) == -1 ||
	    pipe_make(&c->out, &theirs[1], true) == -1 ||
	    (own_stderr && pipe_make(&c->err, &theirs[2], true) == -1))
		r = errno;
	else
		r = spawn(c, command, environment, theirs);
	for (int i = 0; i < 3; i++)
		child_close(&theirs[i]);
	if (r == 0)
		return 0;
	c->pid = 0;
	child_end(c);
	errno = r;
	return err_sys(e, "cannot start \"%s\"", command[0]);
}

const char *
child_fate(int status, char to[64])
{
	if (WIFSIGNALED(status))
		snprintf(to, 64, "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(to, 64, "exited with status %d", WEXITSTATUS(status));
	return to;
}

static bool
is_replaced(const char *entry, const char *const names[WORDS])
{
	for (int i = 0; i < WORDS; i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

char **
child_environment(const struct child_words *w)
{
	static const char *const names[WORDS] = {
		"FEDX_SERVICE=", "FEDX_METHOD=", "FEDX_CALLER=", "FEDX_ORIGIN=", "FEDX_PATH="
	};
	struct str words[WORDS] = { w->service, w->method, w->caller, w->origin, w->path };
	size_t count = WORDS + 1, bytes = 0, n = 0;
	char **list, *text;

	for (char **v = environ; *v; v++)
		count++;
	for (int i = 0; i < WORDS; i++) {
		if (words[i].n && memchr(words[i].p, 0, words[i].n))
			return NULL;
		bytes += strlen(names[i]) + words[i].n + 1;
	}
	if ((list = malloc(count * sizeof *list + bytes)) == NULL)
		return NULL;
	text = (char *)(list + count);
	for (char **v = environ; *v; v++)
		if (!is_replaced(*v, names))
			list[n++] = *v;
	for (int i = 0; i < WORDS; i++) {
		list[n++] = text;
		text += sprintf(text, "%s%.*s", names[i], STR_FMT(words[i])) + 1;
	}
	list[n] = NULL;
	return list;
}
