/*
 * failalloc.c - a malloc that fails when it is told to, for LD_PRELOAD.
 *
 *	FAIL_IN=fedx-hub FAIL_FILE=orders LD_PRELOAD=failalloc.so fedx-hub ...
 *
 * The file holds six native 64-bit numbers, which nomem.pl reads and writes
 * while the program runs: allocations so far, failures so far, the first
 * allocation that fails, how many fail in a row, after how many more the next
 * row begins (0: never), and how many bytes an allocation has at least that
 * may fail.  Only the first process that opens the file counts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct orders { uint64_t calls, failed, at, row, every, bytes; };

static struct orders *orders;
static void *(*next_malloc)(size_t), *(*next_calloc)(size_t, size_t), *(*next_realloc)(void *, size_t);

/* dlsym allocates before it has said where malloc is: a little, never freed. */
static _Alignas(16) unsigned char early[8192];
static size_t early_used;

static void *
early_alloc(size_t n)
{
	void *p = early + early_used;

	n = (n + 15) & ~(size_t)15;
	if (n > sizeof early - early_used)
		return NULL;
	early_used += n;
	return p;
}

static int
is_early(const void *p)
{
	return (const unsigned char *)p >= early && (const unsigned char *)p < early + sizeof early;
}

static void
find_next(void)
{
	static int finding;

	if (finding++)
		return;
	*(void **)&next_calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&next_realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&next_malloc = dlsym(RTLD_NEXT, "malloc");
}

__attribute__((constructor)) static void
open_orders(void)
{
	const char *in = getenv("FAIL_IN"), *path = getenv("FAIL_FILE");
	int fd;

	if (!in || !path || strcmp(in, program_invocation_short_name) != 0 ||
	    (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	orders = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	unsetenv("FAIL_FILE");
	if (orders == MAP_FAILED)
		orders = NULL;
}

static int
fails(size_t n)
{
	uint64_t past;

	if (!orders || n < orders->bytes)
		return 0;
	orders->calls++;
	if (orders->at == 0 || orders->calls < orders->at)
		return 0;
	past = orders->calls - orders->at;
	if ((orders->every ? past % orders->every : past) >= orders->row)
		return 0;
	orders->failed++;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	if (!next_malloc)
		find_next();
	if (!next_malloc)
		return early_alloc(n);
	return fails(n) ? NULL : next_malloc(n);
}

void *
calloc(size_t count, size_t size)
{
	if (!next_malloc)
		find_next();
	if (!next_malloc)
		return early_alloc(count * size);
	return fails(count * size) ? NULL : next_calloc(count, size);
}

void *
realloc(void *p, size_t n)
{
	void *q;

	if (!next_malloc)
		find_next();
	if (!next_malloc || is_early(p)) {
		if ((q = malloc(n)) != NULL && p)
			memcpy(q, p, n < (size_t)(early + sizeof early - (unsigned char *)p) ? n :
			    (size_t)(early + sizeof early - (unsigned char *)p));
		return q;
	}
	return n && fails(n) ? NULL : next_realloc(p, n);
}

void
free(void *p)
{
	static void (*next_free)(void *);

	if (!p || is_early(p))
		return;
	if (!next_free)
		*(void **)&next_free = dlsym(RTLD_NEXT, "free");
	next_free(p);
}
