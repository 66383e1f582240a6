/* fd.c - see fd.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { EXIT_NO_INPUT = 66, EXIT_BAD_DATA = 65, EXIT_NO_PERM = 77, EXIT_CONFIG = 78 };

int
fd_cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags == -1 ? -1 : fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

void
fd_cloexec_others(void)
{
	DIR *d = opendir("/dev/fd");
	long most = sysconf(_SC_OPEN_MAX);
	struct dirent *entry;
	int fd;

	if (!d) {
		for (fd = 3; fd < (most > 0 && most < 65536 ? most : 65536); fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		return;
	}
	while ((entry = readdir(d)) != NULL)
		if ((fd = atoi(entry->d_name)) > 2)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	closedir(d);
}

int
fd_prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	return fd_cloexec(fd);
}

static int
too_large(const char *path, size_t max, struct err *e)
{
	err_exit(e, EXIT_BAD_DATA);
	return err_set(e, "'%s' is too large; want at most %zu bytes", path, max);
}

static int
read_all(int fd, const char *path, size_t max, struct buf *b, struct err *e)
{
	enum { STEP = 4096 };
	uint8_t step[STEP];	/* a byte over max is seen here, never in b */
	ssize_t n;

	while ((n = read(fd, step, sizeof step)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, "cannot read '%s'", path);
		if ((size_t)n > max - buf_len(b))
			return too_large(path, max, e);
		if (buf_put(b, step, (size_t)n) == -1) {
			if ((size_t)n > b->max - buf_len(b))
				return too_large(path, b->max, e);
			return err_set(e, "cannot read '%s': no memory", path);
		}
	}
	return 0;
}

int
fd_read_file(const char *path, size_t max, struct buf *b, struct err *e)
{
	/* O_NONBLOCK: the open of a FIFO would wait for its writer */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r = -1;
	struct stat st;

	if (fd == -1) {
		err_exit(e, errno == EACCES ? EXIT_NO_PERM : EXIT_NO_INPUT);
		return err_sys(e, "cannot read '%s'", path);
	}
	if (fstat(fd, &st) == -1) {
		err_sys(e, "cannot read '%s'", path);
	} else if (!S_ISREG(st.st_mode)) {
		err_exit(e, EXIT_NO_INPUT);
		err_set(e, "cannot read '%s': it is not a regular file", path);
	} else {
		r = read_all(fd, path, max, b, e);
	}
	if (r == -1)
		buf_free(b);
	close(fd);
	return r;
}

int
fd_read_secret(const char *path, char *to, size_t size, struct err *e)
{
	struct str line, rest;
	struct stat st;
	struct buf b;
	int r = -1;

	buf_init(&b, size + 64);	/* blanks around it */
	if (fd_read_file(path, size + 64, &b, e) == -1)
		return -1;
	str_split(str_trim(buf_view(&b)), '\n', &line, &rest);
	line = str_trim(line);
	if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) & ~(mode_t)S_IRGRP)
		err_set(e, "%s may be read by others: chmod 600 it, and have what is in it changed", path);
	else if (rest.n || line.n == 0 || str_c(line, to, size) == -1)
		err_set(e, "%s must hold one line of at most %zu bytes", path, size - 1);
	else
		r = 0;
	if (b.p)
		memset(b.p, 0, b.cap);
	buf_free(&b);
	return r == -1 ? err_exit(e, EXIT_CONFIG) : 0;
}

int
fd_write_all(int fd, struct str all)
{
	while (all.n) {
		ssize_t n = write(fd, all.p, all.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		all = str_skip(all, (size_t)n);
	}
	return 0;
}

unsigned long
fd_limit_raise(void)
{
	struct rlimit lim;
	rlim_t soft;

	if (getrlimit(RLIMIT_NOFILE, &lim) == -1)
		return 0;
	soft = lim.rlim_cur;
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim) == -1)
		lim.rlim_cur = soft;
	return (unsigned long)lim.rlim_cur;
}
