/* buf.c - growing, bounded bytes. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

static unsigned long refused;

unsigned long
buf_refused(void)
{
	return refused;
}

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .p = NULL };
	buf_set_max(b, max);
}

void
buf_set_max(struct buf *b, size_t max)
{
	b->max = max < BUF_MAX ? (uint32_t)max : BUF_MAX;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

uint8_t *
buf_room(struct buf *b, size_t n)
{
	size_t len = buf_len(b), cap = b->cap ? b->cap : 256;
	uint8_t *p;

	if (n > b->max || len > b->max - n) {
		refused++;
		return NULL;
	}
	if (b->p && b->cap - b->tail >= n)
		return b->p + b->tail;
	/* move down only when that frees half: else each put could move all */
	if (b->p && b->cap >= len + n && b->head >= b->cap / 2) {
		memmove(b->p, b->p + b->head, len);
		b->head = 0;
		b->tail = (uint32_t)len;
		return b->p + len;
	}
	while (cap < len + n)
		cap *= 2;
	if (b->cap && cap == b->cap)
		cap *= 2;
	if ((p = malloc(cap)) == NULL) {
		refused++;
		return NULL;
	}
	if (len)
		memcpy(p, b->p + b->head, len);
	free(b->p);
	*b = (struct buf){ p, 0, (uint32_t)len, (uint32_t)cap, b->max };
	return p + len;
}

void
buf_made(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->tail);
	b->tail += (uint32_t)n;
}

int
buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *to;

	if (n == 0)
		return 0;
	if ((to = buf_room(b, n)) == NULL)
		return -1;
	memcpy(to, p, n);
	b->tail += (uint32_t)n;
	return 0;
}

void
buf_eat(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->head += (uint32_t)n;
	if (b->head == b->tail)
		b->head = b->tail = 0;
}

void
buf_cut(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->tail = b->head + (uint32_t)n;
}

void
buf_rest(struct buf *b)
{
	if (buf_len(b) == 0)
		buf_free(b);
}

int
buf_str(struct buf *b, struct str s)
{
	return buf_put(b, s.p, s.n);
}

int
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (to = buf_room(b, (size_t)n + 1)) == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->tail += (uint32_t)n;
	return 0;
}
