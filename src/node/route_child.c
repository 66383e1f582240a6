/* route_child.c - see route_child.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "node/route_child.h"

enum { EXIT_NO_PROGRAM = 127 };

static bool
beside(const char *path, char to[512])
{
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(to, 512, "%.*s/fedx-route", (int)(slash - path), path) : 0;

	return n > 0 && n < 512 && access(to, X_OK) == 0;
}

const char *
route_program(const char *argv0, char to[512])
{
	char self[500];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n > 0) {
		self[n] = '\0';
		if (beside(self, to))
			return to;
	}
	if ((argv0 && beside(argv0, to)) || beside(SBINDIR "/", to))
		return to;
	return "fedx-route";
}

static void
become(const char *program, const char *const argv[], int out)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	/* the terminal's ^C is for us, who tell it; we end before it does */
	setsid();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null == -1 || dup2(null, 0) == -1 || dup2(out == -1 ? null : out, 1) == -1 ||
	    (out != -1 && dup2(out, 2) == -1))
		_exit(EXIT_NO_PROGRAM);
	fd_cloexec_others();	/* also those that someone else has opened */
	execvp(program, (char *const *)(uintptr_t)argv);
	fprintf(stderr, "cannot run %s: %s\n", program, strerror(errno));
	_exit(EXIT_NO_PROGRAM);
}

pid_t
route_spawn(const char *program, const char *const argv[], int out, struct err *e)
{
	pid_t pid = fork();

	if (pid == 0)
		become(program, argv, out);
	if (pid == -1)
		err_sys(e, "cannot start fedx-route");
	return pid;
}

pid_t
route_settings(const char *argv0, const char *file, int *out, struct err *e)
{
	char path[512];
	const char *const argv[] = { "fedx-route", "settings", file, NULL };
	int p[2];
	pid_t pid;

	if (pipe(p) == -1)
		return err_sys(e, "cannot read %s", file);
	if (fd_prepare(p[0]) == -1 || fd_cloexec(p[1]) == -1)
		pid = err_sys(e, "cannot read %s", file);
	else
		pid = route_spawn(route_program(argv0, path), argv, p[1], e);
	close(p[1]);
	if (pid == -1)
		close(p[0]);
	else
		*out = p[0];
	return pid;
}

int
route_settings_over(int status, struct str text, struct err *e)
{
	struct str line;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status)) {
		err_exit(e, 70);
		return err_set(e, "fedx-route was ended by signal %d while it read the settings",
		    WTERMSIG(status));
	}
	err_exit(e, WEXITSTATUS(status) == EXIT_NO_PROGRAM ? 70 : WEXITSTATUS(status));
	line = text = str_trim(text);
	while (str_split(text, '\n', &line, &text))
		line = text;
	if (str_starts(line, STR("fedx-route: ")))
		line = str_skip(line, 12);
	return err_set(e, "%.*s", line.n > 200 ? 200 : (int)line.n, line.n ? line.p :
	    "fedx-route could not read the settings");
}

int
route_settings_wait(pid_t pid, int out, struct buf *text, struct err *e)
{
	struct mono until = mono_add_ms(mono_now(), SETTINGS_MS);
	struct pollfd p = { .fd = out, .events = POLLIN };
	uint8_t room[4096];
	ssize_t n = 1;
	uint64_t ms;
	int status = 0, bad = 0;

	while (n != 0 && !bad && (ms = mono_ms_until(mono_now(), until)) > 0) {
		if (poll(&p, 1, (int)ms) <= 0 || (n = read(out, room, sizeof room)) == -1) {
			n = 1;
			continue;
		}
		bad = buf_put(text, room, (size_t)n);
	}
	close(out);
	if (n != 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	err_exit(e, 78);
	if (bad && buf_len(text) + (size_t)n <= SETTINGS_TEXT_MAX)
		return err_memory(e, "the settings");
	if (bad)
		return err_set(e, "the settings are over %d bytes", SETTINGS_TEXT_MAX);
	if (n != 0)
		return err_set(e, "the settings were not read within %d s: is there a loop?",
		    SETTINGS_MS / 1000);
	return route_settings_over(status, buf_view(text), e);
}
