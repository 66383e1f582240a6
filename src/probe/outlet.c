/* outlet.c - see outlet.h. */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/outlet.h"

enum {
	/* what a pipe that polls writable takes without blocking; the
	 * descriptor is shared with others and must not be made non-blocking */
	SAFE_WRITE = 4096,
	OUTLET_MAX = 64 * 1024 * 1024,
	EXIT_IOERR = 74
};

void
outlet_open(struct outlet *o)
{
	struct stat st;

	*o = (struct outlet){ .is_file =
	    fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) };
	buf_init(&o->waiting, OUTLET_MAX);
}

void
outlet_close(struct outlet *o)
{
	buf_free(&o->waiting);
}

int
outlet_put(struct outlet *o, struct str s, struct err *e)
{
	if (buf_str(&o->waiting, s) == 0)
		return 0;
	err_set(e, "too much output is waiting");
	return err_exit(e, EXIT_IOERR);
}

struct pollfd
outlet_poll(const struct outlet *o)
{
	return (struct pollfd){ .fd = o->is_file && !buf_len(&o->waiting) ? -1 : STDOUT_FILENO,
	    .events = buf_len(&o->waiting) ? POLLOUT : 0 };
}

/* not an error of ours: the caller decides how quietly to end */
static int
reader_gone(struct err *e)
{
	*e = (struct err){ .status = READER_GONE };
	return -1;
}

static int
write_once(struct outlet *o, size_t most, struct err *e)
{
	struct str v = buf_view(&o->waiting);
	ssize_t n = write(STDOUT_FILENO, v.p, v.n < most ? v.n : most);

	if (n >= 0) {
		buf_eat(&o->waiting, (size_t)n);
		return 0;
	}
	if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
		return 0;
	if (errno == EPIPE)
		return reader_gone(e);
	err_sys(e, "cannot write to standard output");
	return err_exit(e, EXIT_IOERR);
}

int
outlet_turn(struct outlet *o, short revents, struct err *e)
{
	/* POLLHUP without POLLOUT: a terminal or socket that went away */
	if (revents & (POLLERR | POLLNVAL) || (revents & (POLLHUP | POLLOUT)) == POLLHUP)
		return reader_gone(e);
	if (o->is_file) {
		while (buf_len(&o->waiting))
			if (write_once(o, SIZE_MAX >> 1, e) == -1)
				return -1;
		return 0;
	}
	while (buf_len(&o->waiting)) {
		struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

		if (poll(&p, 1, 0) != 1)
			return 0;
		if (p.revents & (POLLERR | POLLNVAL))
			return reader_gone(e);
		if (write_once(o, SAFE_WRITE, e) == -1)
			return -1;
	}
	return 0;
}

int
outlet_flush(struct outlet *o, struct err *e)
{
	while (buf_len(&o->waiting)) {
		struct pollfd p = outlet_poll(o);

		if (poll(&p, 1, -1) == -1 && errno != EINTR)
			return err_sys(e, "poll");
		if (outlet_turn(o, p.revents, e) == -1)
			return -1;
	}
	return 0;
}
