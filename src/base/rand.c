/* rand.c - see rand.h: getrandom(2) where there is one, else /dev/urandom. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif

#include "base/rand.h"

#ifdef HAVE_GETRANDOM
static ssize_t
some_bytes(void *to, size_t n)
{
	return getrandom(to, n, 0);
}
#else
static ssize_t
some_bytes(void *to, size_t n)
{
	static int fd = -1;	/* stays open: descriptors may run out later */

	if (fd == -1 && (fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	return read(fd, to, n);
}
#endif

void
rand_bytes(void *to, size_t n)
{
	uint8_t *p = to;

	while (n) {
		ssize_t got = some_bytes(p, n);

		if (got > 0) {
			p += got;
			n -= (size_t)got;
		} else if (got == 0 || errno != EINTR) {
			abort();
		}
	}
}

uint32_t
rand_below(uint32_t bound)
{
	uint32_t v, uneven = (UINT32_MAX - bound + 1) % bound;	/* 2^32 mod bound */

	do
		rand_bytes(&v, sizeof v);
	while (v < uneven);
	return v % bound;
}
