/*
 * shortsend.c - sockets that take 1 to 7 bytes at a time, for LD_PRELOAD.
 *
 *	SHORT_FILE=count LD_PRELOAD=shortsend.so fedx-hub ...
 *
 * The rest is not sent, and the program is told so: a short write as a full
 * socket makes it, at any byte, and in every send().  The file begins with a
 * native 64-bit number: how many have been cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONGEST = 7 };

static uint64_t *cut;

__attribute__((constructor)) static void
open_count(void)
{
	const char *path = getenv("SHORT_FILE");
	int fd;

	if (!path || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	cut = mmap(NULL, sizeof *cut, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (cut == MAP_FAILED)
		cut = NULL;
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	static ssize_t (*next)(int, const void *, size_t, int);
	static uint32_t state = 2463534242u;
	size_t few;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "send");
	state ^= state << 13, state ^= state >> 17, state ^= state << 5;
	few = 1 + state % LONGEST;
	if (!cut || n <= few)
		return next(fd, p, n, flags);
	__atomic_fetch_add(cut, 1, __ATOMIC_RELAXED);
	return next(fd, p, few, flags);
}
