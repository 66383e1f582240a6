/*
 * map.h - bytes to pointer, by SipHash-1-3 under a random key per process:
 * the keys come from strangers.
 *
 * Open addressing, half of the hash kept in the slot.  The map borrows keys and
 * values: a key must stay valid and unchanged while its entry is in the map
 * (usually it is a member of the value).
 */
#ifndef FEDX_MAP_H
#define FEDX_MAP_H

#include "base/str.h"

struct map_slot { uint32_t hash, n; const char *key; void *value; };	/* n: of the key */
struct map { struct map_slot *slots; size_t cap, used, dead; };

void map_free(struct map *);		/* forgets all; values are yours */
void *map_get(const struct map *, struct str key);	/* NULL: not there */
int map_put(struct map *, struct str key, void *value);
	/* replaces; value not NULL; -1: no memory, unchanged */
void *map_del(struct map *, struct str key);	/* the value, or NULL */
void *map_next(const struct map *, size_t *at);
	/* start with *at = 0; NULL: no more; deleting what was returned is
	 * safe, putting is not; the order is that of the random key */
uint64_t map_hash(struct str key);	/* SipHash-1-3 under the process key */
uint64_t siphash13(const uint8_t key[16], struct str in);

#endif
