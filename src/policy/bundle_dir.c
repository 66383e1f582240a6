/* bundle_dir.c - see bundle_dir.h. */
#include "config.h"	/* realpath() is XSI: more than plain POSIX shows */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/bundle_dir.h"

bool
file_name_good(struct str name)
{
	bool at_start = true;

	if (name.n == 0 || name.n > NAME_BYTES)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c < ' ' || c == 127 || c == '\\' || (at_start && (c == '.' || c == '/')))
			return false;
		at_start = c == '/';
	}
	return !at_start;
}

bool
file_name_is_lua(struct str name)
{
	return file_name_good(name) && str_ends(name, STR(".lua")) && !memchr(name.p, '/', name.n);
}

/* Who else could change it?  Only we and root may. */
static int
check_owner(const struct stat *st, const char *path, struct err *e)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return err_set(e, "'%s' belongs to uid %lu; want it to be ours (uid %lu) or root's",
		    path, (unsigned long)st->st_uid, (unsigned long)geteuid());
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, "'%s' can be written by others (mode %04o); run chmod go-w",
		    path, (unsigned)(st->st_mode & 07777));
	return 0;
}

static int
check_directory(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return err_sys(e, "cannot read '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, "'%s' is no directory", path);
	return check_owner(&st, path, e);
}

char *
dir_open(const char *path, struct err *e)
{
	char *real = realpath(path, NULL);

	if (!real) {
		err_sys(e, "cannot read '%s'", path);
		return NULL;
	}
	if (check_directory(real, e) == -1) {
		free(real);
		return NULL;
	}
	return real;
}

/* Where the name leads: 1 and a path without links, below `directory`; 0: nowhere. */
static int
resolve(const char *directory, struct str name, char **real, struct err *e)
{
	char path[PATH_MAX];
	size_t n = strlen(directory);
	struct stat st;

	n = n == 1 ? 0 : n;	/* "/" */
	if (snprintf(path, sizeof path, "%.*s/%.*s", (int)n, directory, STR_FMT(name)) >= (int)sizeof path)
		return err_set(e, "'%.*s': its path is too long", STR_FMT(name));
	if ((*real = realpath(path, NULL)) == NULL) {
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(e, "cannot read '%s'", path);
		if (lstat(path, &st) == 0)
			return err_set(e, "cannot read '%s': it is a symbolic link to nothing", path);
		return 0;
	}
	if (strncmp(*real, directory, n) == 0 && (*real)[n] == '/')
		return 1;
	err_set(e, "'%s' leads out of '%s'", path, directory);
	free(*real);
	return -1;
}

/* Each directory between the policy's own and the file. */
static int
check_way(char *real, size_t from, struct err *e)
{
	int r = 0;

	for (char *p = real + from + 1; r == 0 && (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		r = check_directory(real, e);
		*p = '/';
	}
	return r;
}

static int
read_fd(int fd, const char *path, size_t most, struct buf *b, struct err *e)
{
	struct stat before, after;
	uint8_t bytes[16384];
	ssize_t n;

	if (fstat(fd, &before) == -1)
		return err_sys(e, "cannot read '%s'", path);
	if (!S_ISREG(before.st_mode))
		return err_set(e, "cannot read '%s': it is not a regular file", path);
	if (check_owner(&before, path, e) == -1)
		return -1;
	buf_init(b, most);
	if (before.st_size > (off_t)most)
		return err_set(e, "'%s' is too large; want at most %zu bytes", path, most);
	while ((n = read(fd, bytes, sizeof bytes)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, "cannot read '%s'", path);
		if (buf_put(b, bytes, (size_t)n) == -1)
			return err_set(e, (size_t)n > most - buf_len(b) ?
			    "'%s' is too large; want at most %zu bytes" : "'%s': no memory for %zu bytes", path, most);
	}
	if (fstat(fd, &after) == -1 || (off_t)buf_len(b) != after.st_size || before.st_size != after.st_size ||
	    before.st_mtim.tv_sec != after.st_mtim.tv_sec || before.st_mtim.tv_nsec != after.st_mtim.tv_nsec)
		return err_set(e, "'%s' was changed while it was read; try again", path);
	return 0;
}

int
dir_read(const char *directory, struct str name, size_t most, struct buf *to, struct err *e)
{
	char *real;
	int fd, r = resolve(directory, name, &real, e);

	if (r != 1)
		return r;
	/* O_NONBLOCK: a FIFO would wait; O_NOFOLLOW: it has just been resolved */
	if (check_way(real, strlen(directory), e) == -1)
		r = -1;
	else if ((fd = open(real, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)) == -1)
		r = err_sys(e, "cannot read '%s'", real);
	else {
		if (read_fd(fd, real, most, to, e) == -1)
			r = -1;
		close(fd);
	}
	free(real);
	if (r == -1)
		buf_free(to);
	return r;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
list_directory(DIR *d, struct str below, struct buf *names, struct err *e)
{
	char *found[FILES_MAX];
	struct dirent *entry;
	size_t n = 0;
	int r = 0;

	while ((entry = readdir(d)) != NULL && r == 0) {
		if (!file_name_is_lua(str(entry->d_name)))
			continue;
		if (n == FILES_MAX)
			r = err_set(e, "too many files in '%.*s'; at most %d", STR_FMT(below), FILES_MAX);
		else if ((found[n] = strdup(entry->d_name)) == NULL)
			r = err_memory(e, "the files of the policy");
		else
			n++;
	}
	qsort(found, n, sizeof *found, by_name);
	for (size_t i = 0; i < n; i++) {
		if (r == 0 && ((below.n && (buf_str(names, below) == -1 || buf_put(names, "/", 1) == -1)) ||
		    buf_put(names, found[i], strlen(found[i]) + 1) == -1))
			r = err_set(e, "too many files in '%.*s'", STR_FMT(below));
		free(found[i]);
	}
	return r;
}

int
dir_list(const char *directory, struct str below, struct buf *names, struct err *e)
{
	char *real = NULL;
	DIR *d = NULL;
	int r;

	if (below.n && !file_name_good(below))
		return err_set(e, "'%.*s' is no name of a folder", STR_FMT(below));
	if (below.n)
		r = resolve(directory, below, &real, e);
	else
		r = (real = strdup(directory)) ? 1 : err_memory(e, "the files of the policy");
	if (r != 1)
		return r;
	if ((below.n && check_way(real, strlen(directory), e) == -1) || check_directory(real, e) == -1)
		r = -1;
	else if ((d = opendir(real)) == NULL)
		r = err_sys(e, "cannot read '%s'", real);
	else
		r = list_directory(d, below, names, e);
	if (d)
		closedir(d);
	free(real);
	return r;
}
