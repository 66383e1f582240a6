/* loop.c - see loop.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/loop.h"
#include "net/signals.h"

enum {
	EXIT_SYSTEM = 71,
	BYTES_A_FD = 160,	/* of all tables of libev, for a descriptor, and twice that */
	RESERVE_MIN = 256 * 1024, RESERVE_MAX = 16 * 1024 * 1024
};

struct piece {			/* what lies before each */
	_Alignas(max_align_t) size_t size;
	bool reserved;
};

/* Pieces lie one behind the other; all of it is free again when they are. */
static struct {
	unsigned char *p;
	size_t size, used, pieces;
} reserve;

static int
reserve_open(void)
{
	struct rlimit l;

	if (reserve.p)
		return 0;
	reserve.size = RESERVE_MAX;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < RESERVE_MAX / BYTES_A_FD)
		reserve.size = (size_t)l.rlim_cur * BYTES_A_FD;
	if (reserve.size < RESERVE_MIN)
		reserve.size = RESERVE_MIN;
	/* not touched, so where the system overcommits it costs nothing; where
	 * it does not, malloc fails before memory is gone, and this is ours */
	reserve.p = malloc(reserve.size);
	return reserve.p ? 0 : -1;
}

static struct piece *
reserve_take(size_t n)
{
	struct piece *new = (void *)(reserve.p + reserve.used);

	n = (n + sizeof *new - 1) / sizeof *new * sizeof *new;
	if (!reserve.p || reserve.size - reserve.used < n)
		return NULL;
	reserve.used += n;
	reserve.pieces++;
	return new;
}

static void
piece_free(struct piece *old)
{
	if (old && old->reserved) {
		if (--reserve.pieces == 0)
			reserve.used = 0;
	} else {
		free(old);
	}
}

void *
loop_alloc(void *p, long size)
{
	struct piece *old = p ? (struct piece *)p - 1 : NULL, *new;
	bool reserved = false;
	size_t n = (size_t)size;

	if (n == 0) {
		piece_free(old);
		return NULL;
	}
	if (old && n <= old->size)
		return p;
	if ((new = malloc(sizeof *new + n)) == NULL) {
		reserved = true;
		if ((new = reserve_take(sizeof *new + n)) == NULL)
			return NULL;
	}
	*new = (struct piece){ n, reserved };
	if (old)
		memcpy(new + 1, p, old->size);
	piece_free(old);
	return new + 1;
}

/* Three: libev wants one to wait on and two, or one, for signals. */
static int
descriptors_left(void)
{
	int fds[3];

	if (pipe(fds) == -1)
		return -1;
	fds[2] = dup(fds[0]);
	close(fds[0]);
	close(fds[1]);
	return fds[2] == -1 ? -1 : close(fds[2]);
}

static void
on_second(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	signals_look(loop);
}

struct ev_loop *
loop_open(struct err *e)
{
	static ev_timer second;
	struct ev_loop *loop;

	err_exit(e, EXIT_SYSTEM);
	if (reserve_open() == -1) {
		err_memory(e, "an event loop");
		return NULL;
	}
	if (signals_open(e) == -1)
		return NULL;
	if (descriptors_left() == -1) {
		err_sys(e, "no descriptors for an event loop; raise the limit of open files");
		return NULL;
	}
	ev_set_allocator(loop_alloc);
	/* the loop of signals makes their pipe at once */
	if ((loop = ev_default_loop(EVFLAG_NOENV | EVFLAG_AUTO)) == NULL) {
		err_set(e, "cannot make an event loop: the system offers nothing to wait on");
		return NULL;
	}
	signals_watch(loop);
	ev_timer_init(&second, on_second, 1., 1.);
	ev_timer_start(loop, &second);
	ev_unref(loop);		/* it alone keeps no loop alive */
	err_exit(e, 0);
	return loop;
}
