/*
 * world.h - the peers and names that one data plane has told of: what `env`
 * and `peer` answer from.
 */
#ifndef FEDX_ROUTE_WORLD_H
#define FEDX_ROUTE_WORLD_H

#include "base/list.h"
#include "base/map.h"
#include "policy/policy.h"

enum { PEERS_MAX = 65536, CLAIMS_MAX = 1 << 18 };

struct world {
	struct map peers;	/* by number */
	struct map names;	/* by family and name */
	uint32_t peer_count, claim_count;
	uint64_t seen;		/* the last change that was told */
};

void world_init(struct world *);
void world_free(struct world *);
int world_peer(struct world *, const struct peer_facts *);	/* new, or changed; -1: too many, no memory */
void world_peer_gone(struct world *, uint32_t number);		/* with its names */
int world_claim(struct world *, uint32_t peer, const struct announcement *, uint64_t change);
	/* this peer's of that name and version: new, or changed; -1 as above */
void world_withdraw(struct world *, uint32_t peer, const struct announcement *, uint64_t change);
const struct peer_facts *world_facts(struct world *, uint32_t number);
	/* 0: nobody, without any; NULL: there is no such peer (any more) */
void world_ask(struct world *, struct policy_world *);	/* fills it; the world must outlive it */

#endif
