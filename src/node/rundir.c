/* rundir.c - see rundir.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/rundir.h"

static int
choose(struct rundir *r, const char *name, const char *path, struct err *e)
{
	const char *run = getenv("FEDX_RUN"), *xdg = getenv("XDG_RUNTIME_DIR");
	char text[512];
	struct sockaddr_un un;

	if (path || (run && *run))
		snprintf(text, sizeof text, "%s", path ? path : run);
	else if (xdg && *xdg)
		snprintf(text, sizeof text, "%s/fedx", xdg);
	else
		snprintf(text, sizeof text, "%s/fedx", RUNSTATEDIR);
	if (strlen(text) + sizeof "/route.sock" > sizeof un.sun_path ||
	    strlen(text) >= sizeof r->path)
		return err_set(e, "the run directory '%.120s' is too long for a socket: its path may "
		    "have %zu bytes", text, sizeof un.sun_path - sizeof "/route.sock");
	strcpy(r->path, text);
	snprintf(r->socket, sizeof r->socket, "%s/%s.sock", r->path, name);
	snprintf(r->lock_path, sizeof r->lock_path, "%s/%s.lock", r->path, name);
	return 0;
}

static int
inspect(struct rundir *r, uid_t owner, struct err *e)
{
	struct stat st;

	if (lstat(r->path, &st) == -1)
		return err_sys(e, "cannot look at the run directory %s", r->path);
	if (S_ISLNK(st.st_mode))
		return err_set(e, "the run directory %s is a symbolic link: name the directory itself",
		    r->path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, "the run directory %s is no directory", r->path);
	if (st.st_uid != geteuid() && st.st_uid != owner)
		return err_set(e, "the run directory %s belongs to uid %lu, not to us (%lu): use -r "
		    "with a directory of our own", r->path, (unsigned long)st.st_uid,
		    (unsigned long)geteuid());
	if (st.st_mode & (S_IWGRP | S_IRWXO))
		return err_set(e, "the run directory %s is open to others (mode %04o): chmod 700 it, "
		    "or 750 to let its group in", r->path, (unsigned)(st.st_mode & 07777));
	r->mode = st.st_mode & S_IXGRP ? 0660 : 0600;
	return 0;
}

/* Is the file that we hold the one at the path? */
static bool
lock_is_there(const struct rundir *r)
{
	struct stat held, there;

	return fstat(r->lock, &held) == 0 && lstat(r->lock_path, &there) == 0 &&
	    held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

int
rundir_lock(struct rundir *r, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char pid[24];
	int n;

	err_exit(e, 73);
	r->lock = open(r->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->lock == -1)
		return err_sys(e, "cannot open %s", r->lock_path);
	if (fcntl(r->lock, F_SETLK, &l) == -1) {
		l.l_pid = 0;
		fcntl(r->lock, F_GETLK, &l);
		err_set(e, "the run directory %s is in use by process %ld: stop it, or give this "
		    "node another one with -r", r->path, (long)l.l_pid);
		close(r->lock);
		r->lock = -1;
		err_exit(e, 78);
		return -1;
	}
	if (!lock_is_there(r)) {	/* its last holder removed it between our open and our lock */
		close(r->lock);
		return rundir_lock(r, e);
	}
	n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(r->lock, 0) == -1 || write(r->lock, pid, (size_t)n) != n)
		return err_sys(e, "cannot write %s", r->lock_path);
	err_exit(e, 0);
	return 0;
}

static int
find(struct rundir *r, const char *name, const char *path, uid_t owner, struct err *e)
{
	*r = (struct rundir){ .lock = -1 };
	err_exit(e, 73);
	if (choose(r, name, path, e) == -1) {
		err_exit(e, 78);
		return -1;
	}
	if (mkdir(r->path, 0700) == -1 && errno != EEXIST)
		return err_sys(e, "cannot make the run directory %s", r->path);
	if (inspect(r, owner, e) == -1) {
		err_exit(e, 78);
		return -1;
	}
	return err_exit(e, 0), 0;
}

int
rundir_find(struct rundir *r, const char *path, uid_t owner, struct err *e)
{
	return find(r, "node", path, owner, e);
}

int
rundir_open(struct rundir *r, const char *path, uid_t owner, struct err *e)
{
	return find(r, "node", path, owner, e) == -1 ? -1 : rundir_lock(r, e);
}

int
rundir_open_route(struct rundir *r, const char *path, uid_t owner, struct err *e)
{
	return find(r, "route", path, owner, e) == -1 ? -1 : rundir_lock(r, e);
}

void
rundir_unlock(struct rundir *r)
{
	if (r->lock != -1)
		close(r->lock);
	r->lock = -1;
}

void
rundir_close(struct rundir *r)
{
	if (r->lock == -1)
		return;
	if (lock_is_there(r))
		unlink(r->lock_path);
	rundir_unlock(r);
}
