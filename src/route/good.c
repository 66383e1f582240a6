/* good.c - see good.h.  A file is whole, or it is not there: it is renamed into its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/sha256.h"
#include "route/good.h"
#include "route/report.h"

enum { PATH_BYTES = 160, HASH = 32, HEX = 2 * HASH };

static const char mark[] = "fedx policy 1\n";	/* then the hash of the rest, then the bundle */
enum { HEAD = sizeof mark - 1 + HASH };

struct path { char text[PATH_BYTES]; };

static struct path
path_of(const struct rundir *r, const char *name)
{
	struct path p;

	snprintf(p.text, sizeof p.text, "%s/%s", r->path, name);
	return p;
}

static int
keep(const struct rundir *r, const char *name, const struct str *parts, size_t count, struct err *e)
{
	struct path to = path_of(r, name), new = path_of(r, "policy.new");
	int fd = open(new.text, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600), failed = 0;

	if (fd == -1)
		return err_sys(e, "cannot write %s", new.text);
	for (size_t i = 0; i < count && !failed; i++)
		if (fd_write_all(fd, parts[i]) == -1)
			failed = errno;
	if (close(fd) == -1 && !failed)
		failed = errno;
	if (!failed && rename(new.text, to.text) == -1)
		failed = errno;
	if (!failed)
		return 0;
	unlink(new.text);
	errno = failed;
	return err_sys(e, "cannot write %s", to.text);
}

int
good_write(const struct rundir *r, const struct loaded *l, struct err *e)
{
	struct path at = path_of(r, "policy.good");
	char hash[HASH];
	struct str parts[3];

	if (!l->policy)
		return unlink(at.text) == -1 && errno != ENOENT ?
		    err_sys(e, "cannot take %s away", at.text) : 0;
	parts[0] = str(mark);
	parts[1] = (struct str){ hash, sizeof hash };
	parts[2] = buf_view(&l->bytes);
	sha256(parts[2], (uint8_t *)hash);
	return keep(r, "policy.good", parts, 3, e);
}

/* What is behind the head, if it is what was written. */
static int
strip(struct buf *b)
{
	struct str all = buf_view(b);
	uint8_t hash[HASH];

	if (!str_starts(all, str(mark)) || all.n < HEAD)
		return -1;
	sha256(str_skip(all, HEAD), hash);
	if (memcmp(all.p + HEAD - HASH, hash, HASH) != 0)
		return -1;
	buf_eat(b, HEAD);
	return 0;
}

struct loaded *
good_read(const struct rundir *r, struct err *e)
{
	struct path at = path_of(r, "policy.good");
	struct loaded *l;
	struct buf b;

	e->text[0] = '\0';
	if (access(at.text, F_OK) == -1 && errno == ENOENT)
		return NULL;
	buf_init(&b, LOAD_BYTES);
	if (fd_read_file(at.text, LOAD_BYTES, &b, e) == -1)
		return NULL;
	if (strip(&b) == -1) {
		err_set(e, "%s is damaged", at.text);
		buf_free(&b);
		return NULL;
	}
	if ((l = loaded_open(&b, e)) == NULL)
		err_at(e, "%s", at.text);
	return l;
}

int
undone_write(const struct rundir *r, const struct loaded *l, bool to_none, struct err *e)
{
	char hex[HEX + 1];
	struct str parts[] = { { hex, HEX }, str(to_none ? " none\n" : " good\n") };

	digest_text(l->digest, hex);
	return keep(r, "policy.undone", parts, 2, e);
}

bool
undone_is(const struct rundir *r, const char *digest, bool *to_none)
{
	struct path at = path_of(r, "policy.undone");
	struct err e;
	struct buf b;
	bool is = false;

	buf_init(&b, 4096);
	if (fd_read_file(at.text, 4096, &b, &e) == 0) {
		is = str_starts(buf_view(&b), str(digest));
		if (is)
			*to_none = str_ends(buf_view(&b), STR(" none\n"));
	}
	buf_free(&b);
	return is;
}

void
undone_clear(const struct rundir *r)
{
	unlink(path_of(r, "policy.undone").text);
}
