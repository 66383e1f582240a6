/*
 * buf.h - bytes that wait: put at the tail, eaten at the head, never over max.
 *
 * A zeroed buf with max set is empty and holds no memory.  Memory is taken on
 * the first put and given back by buf_free(), or by buf_rest() once empty.
 */
#ifndef FEDX_BUF_H
#define FEDX_BUF_H

#include "base/str.h"

enum { BUF_MAX = 1 << 30 };
struct buf { uint8_t *p; uint32_t head, tail, cap, max; };	/* links have several: each byte of it counts */

void buf_init(struct buf *, size_t max);	/* BUF_MAX at most */
void buf_set_max(struct buf *, size_t max);	/* what is in it stays */
void buf_free(struct buf *);		/* empty again, max kept; usable */
int buf_put(struct buf *, const void *, size_t);
	/* -1: would pass max, or no memory; unchanged */
unsigned long buf_refused(void);
	/* how often any buffer has not taken what it was given: who makes many
	 * puts may ask once, at the end */
uint8_t *buf_room(struct buf *, size_t n);
	/* n writable bytes at the tail, not yet part of it; NULL as above;
	 * valid until the next put or room */
void buf_made(struct buf *, size_t n);	/* n bytes of that room are now filled */
void buf_eat(struct buf *, size_t);	/* drop n bytes at the head; n <= length */
void buf_cut(struct buf *, size_t n);	/* what was put since it was n bytes long; n <= length */
void buf_rest(struct buf *);		/* give the memory back if it is empty */
int buf_str(struct buf *, struct str);
int buf_fmt(struct buf *, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));	/* -1: unchanged */

static inline size_t
buf_len(const struct buf *b)
{
	return b->tail - b->head;
}

static inline struct str
buf_view(const struct buf *b)		/* valid until the next put */
{
	return (struct str){ b->p ? (const char *)b->p + b->head : NULL, buf_len(b) };
}

#endif
