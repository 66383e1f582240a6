/*
 * lines_ids.h - requests that the node opened to one client: its 64-bit ids
 * against the small numbers that a script sees.
 *
 * Numbers count up and are never used twice, so a late reply finds nothing.
 * A slot is number % cap: with few open requests the numbers are 1, 2, 3...
 */
#ifndef FEDX_LINES_IDS_H
#define FEDX_LINES_IDS_H

#include <stdbool.h>
#include <stdint.h>

enum { LINES_OPEN_MAX = 1024 };	/* requests that wait for one client's reply */

struct lines_open {
	uint64_t number, id;	/* the client's; the node's */
	bool used, replied;	/* replied: the first part of the answer has passed */
};
struct lines_ids {
	struct lines_open *slots;
	uint32_t cap, count;
	uint64_t last;		/* number given out */
};

uint64_t lines_ids_open(struct lines_ids *, uint64_t id);
	/* its number; id 0: a number to which no reply is wanted; 0: full, or no memory */
struct lines_open *lines_ids_numbered(const struct lines_ids *, uint64_t number);
struct lines_open *lines_ids_of(const struct lines_ids *, uint64_t id);
	/* NULL: over, or never was; valid until the next open */
void lines_ids_close(struct lines_ids *, struct lines_open *);
void lines_ids_free(struct lines_ids *);

#endif
