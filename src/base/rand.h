/*
 * rand.h - random bytes from the operating system, never anything weaker.
 */
#ifndef FEDX_RAND_H
#define FEDX_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *, size_t);
	/* aborts where the system gives none: a guessable key is worse */
uint32_t rand_below(uint32_t bound);	/* 0 .. bound-1, unbiased; bound > 0 */

#endif
