/* base-fd.c - files are read whole or refused with a reason; descriptors stay ours. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tap.h"

static char dir[] = "/tmp/fedx-fd-XXXXXX";

static const char *
path(const char *name)
{
	static char p[64];

	snprintf(p, sizeof p, "%s/%s", dir, name);
	return p;
}

static void
write_file(const char *name, size_t n)
{
	FILE *f = fopen(path(name), "w");

	for (size_t i = 0; f && i < n; i++)
		putc('a' + (int)(i % 26), f);
	if (!f || fclose(f) != 0)
		exit(99);
}

static void
files(void)
{
	struct err e = { "", 0 };
	struct buf b;

	buf_init(&b, 10000);
	write_file("file", 9999);
	is_int(fd_read_file(path("file"), 9999, &b, &e), 0, "a file of exactly the max is read");
	ok(buf_len(&b) == 9999 && buf_view(&b).p[9998] == 'a' + 9998 % 26, "to its last byte");
	buf_free(&b);
	is_int(fd_read_file(path("file"), 9998, &b, &e), -1, "one byte more is not");
	ok(strstr(e.text, "too large") && e.status == 65 && b.p == NULL, "the error says so: %s", e.text);
	buf_init(&b, 100);
	is_int(fd_read_file(path("file"), 9999, &b, &e), -1, "nor one over the buffer's max");
	ok(strstr(e.text, "too large; want at most 100") != NULL, "which the error names");
	write_file("empty", 0);
	is_int(fd_read_file(path("empty"), 9, &b, &e), 0, "an empty file is a file");
	is_int(buf_len(&b), 0, "with nothing in it");

	e = (struct err){ "", 0 };
	is_int(fd_read_file(path("missing"), 9, &b, &e), -1, "no file");
	ok(e.status == 66 && strstr(e.text, "/missing'"), "has a status of its own and is named");
	is_int(fd_read_file(dir, 9, &b, &e), -1, "a directory is refused");
	is_int(fd_read_file("/dev/null", 9, &b, &e), -1, "a device is refused");
	if (mkfifo(path("fifo"), 0600) == -1)
		exit(99);
	alarm(20);
	is_int(fd_read_file(path("fifo"), 9, &b, &e), -1, "a FIFO is refused, without waiting for its writer");
	alarm(0);
	ok(strstr(e.text, "not a regular file") != NULL, "with the reason");
	buf_free(&b);
	unlink(path("file"));
	unlink(path("empty"));
	unlink(path("fifo"));
}

int
main(void)
{
	struct rlimit lim;
	int fds[2];
	char c;

	if (!mkdtemp(dir) || pipe(fds) == -1)
		return 99;
	files();
	rmdir(dir);
	is_int(fd_prepare(fds[0]), 0, "a descriptor is prepared");
	ok(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, "no child inherits it");
	ok(read(fds[0], &c, 1) == -1 && (errno == EAGAIN || errno == EWOULDBLOCK), "and it does not block");
	is_int(fd_cloexec(fds[1]), 0, "close-on-exec alone");
	ok(!(fcntl(fds[1], F_GETFL) & O_NONBLOCK), "leaves it blocking");
	close(fds[0]);
	close(fds[1]);
	is_int(fd_prepare(fds[0]), -1, "a closed one cannot be prepared");

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &lim);
	is_int(fd_limit_raise(), lim.rlim_max, "the limit goes up to the hard one");
	getrlimit(RLIMIT_NOFILE, &lim);
	is_int(lim.rlim_cur, lim.rlim_max, "and holds");
	return done();
}
