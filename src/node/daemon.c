/* daemon.c - see daemon.h. */
#define _DEFAULT_SOURCE		/* setgroups, initgroups */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "node/daemon.h"

enum { EXIT_SYSTEM = 71, EXIT_NOPERM = 77 };

static int parent = -1;		/* the pipe on which the parent waits */
static int pid_fd = -1;
static char pid_path[256];

int
daemon_fork(struct err *e)
{
	int p[2], status, null;
	pid_t child;
	char byte;

	err_exit(e, EXIT_SYSTEM);
	if (pipe(p) == -1 || (child = fork()) == -1)
		return err_sys(e, "cannot go to the background");
	if (child > 0) {
		close(p[1]);
		if (read(p[0], &byte, 1) == 1)
			_exit(0);
		if (waitpid(child, &status, 0) == child && WIFEXITED(status))
			_exit(WEXITSTATUS(status));
		_exit(70);
	}
	close(p[0]);
	parent = p[1];
	fcntl(parent, F_SETFD, FD_CLOEXEC);
	/* no chdir: paths of the command line stay what the operator meant;
	 * no second fork: the first parent must see our status until we are
	 * ready, and as session leaders we open no terminal (O_NOCTTY holds) */
	if (setsid() == -1 || (null = open("/dev/null", O_RDWR)) == -1)
		return err_sys(e, "cannot leave the terminal");
	dup2(null, 0);
	dup2(null, 1);
	if (null > 2)
		close(null);
	return err_exit(e, 0), 0;
}

void
daemon_ready(void)
{
	int null;

	if (parent == -1)
		return;
	if ((null = open("/dev/null", O_RDWR)) != -1) {
		dup2(null, 2);
		close(null);
	}
	if (write(parent, "", 1) != 1)
		return;		/* nobody waits any more */
	close(parent);
	parent = -1;
}

int
daemon_pidfile(const char *path, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[24];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	err_exit(e, 73);
	if (strlen(path) >= sizeof pid_path)
		return err_set(e, "the path of the pid file is too long");
	if ((pid_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)) == -1)
		return err_sys(e, "cannot write the pid file %s", path);
	if (fcntl(pid_fd, F_SETLK, &l) == -1)
		return err_set(e, "the pid file %s belongs to a process that runs", path);
	if (ftruncate(pid_fd, 0) == -1 || write(pid_fd, text, (size_t)n) != n)
		return err_sys(e, "cannot write the pid file %s", path);
	strcpy(pid_path, path);
	err_exit(e, 0);
	return 0;
}

void
daemon_pidfile_leave(void)
{
	if (pid_fd != -1)
		close(pid_fd);
	pid_path[0] = '\0';
	pid_fd = -1;
}

void
daemon_pidfile_remove(void)
{
	/* its directory may not be that of the user that we became: then it is empty */
	if (pid_path[0] && unlink(pid_path) == -1 && ftruncate(pid_fd, 0) == -1)
		log_event(LOG_LEVEL_WARNING, "pidfile_left", "path", pid_path, "why", strerror(errno), NULL);
	daemon_pidfile_leave();
}

static struct passwd *
find_user(const char *name, struct err *e)
{
	struct passwd *pw = getpwnam(name);

	if (!pw) {
		err_set(e, "there is no user '%.60s'", name);
		err_exit(e, 78);
	}
	return pw;
}

int
daemon_uid(const char *name, uid_t *uid, struct err *e)
{
	struct passwd *pw = find_user(name, e);

	if (!pw)
		return -1;
	*uid = pw->pw_uid;
	return 0;
}

int
daemon_user(const char *name, const char *const *files, struct err *e)
{
	struct passwd *pw = find_user(name, e);

	if (!pw || (getuid() == pw->pw_uid && geteuid() == pw->pw_uid))
		return pw ? 0 : -1;
	if (geteuid() != 0) {
		err_exit(e, EXIT_NOPERM);
		return err_set(e, "only root can become user '%.60s': start as root, or as that user, or "
		    "without --user", name);
	}
	err_exit(e, EXIT_SYSTEM);
	for (; *files; files++)
		if (lchown(*files, pw->pw_uid, pw->pw_gid) == -1)
			return err_sys(e, "cannot give %s to user '%.60s'", *files, name);
	if (pid_fd != -1 && fchown(pid_fd, pw->pw_uid, pw->pw_gid) == -1)
		return err_sys(e, "cannot give %s to user '%.60s'", pid_path, name);
	if (initgroups(name, pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(pw->pw_uid) == -1)
		return err_sys(e, "cannot become user '%.60s'", name);
	if ((pw->pw_uid != 0 && setuid(0) == 0) || (pw->pw_gid != 0 && setgid(0) == 0))
		return err_set(e, "could become root again after becoming '%.60s'", name);
	err_exit(e, 0);
	return 0;
}
