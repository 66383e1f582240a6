/* keep.c - see keep.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/keep.h"

enum { PATH_BYTES = 1024, EXIT_CANTCREAT = 73, EXIT_IO = 74 };

/* A name is there for good once its folder has been written. */
static int
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_BYTES];
	int fd, r;

	snprintf(folder, sizeof folder, "%.*s", slash ? slash == path ? 1 : (int)(slash - path) : 1,
	    slash ? path : ".");
	if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	r = fsync(fd);
	if (r == -1 && (errno == EINVAL || errno == EROFS))	/* a file system that cannot, or need not */
		r = 0;
	close(fd);
	return r;
}

int
keep_rename(const char *from, const char *to, struct err *e)
{
	if (rename(from, to) == 0 && sync_folder(to) == 0)
		return 0;
	err_exit(e, EXIT_IO);
	return err_sys(e, "cannot write '%.100s'", to);
}

int
keep_file(const char *path, struct str content, struct err *e)
{
	char fresh[PATH_BYTES];
	int fd, r;

	if (snprintf(fresh, sizeof fresh, "%s.tmp", path) >= (int)sizeof fresh)
		return err_exit(e, EXIT_CANTCREAT), err_set(e, "the path '%.100s...' is too long", path);
	unlink(fresh);		/* of one who was killed */
	if ((fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) == -1)
		return err_exit(e, EXIT_CANTCREAT), err_sys(e, "cannot write '%.100s'", fresh);
	r = fd_write_all(fd, content) == -1 || fsync(fd) == -1 ?
	    err_sys(e, "cannot write '%.100s'", fresh) : 0;
	if (close(fd) == -1 && r == 0)
		r = err_sys(e, "cannot write '%.100s'", fresh);
	if (r == 0)
		r = keep_rename(fresh, path, e);
	if (r == -1)
		unlink(fresh);
	return r == 0 ? 0 : err_exit(e, e->status ? e->status : EXIT_IO);
}
