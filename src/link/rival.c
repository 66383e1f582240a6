/*
 * rival.c - two nodes that dial each other have one link: which of two
 * connections stays.
 *
 * A connection comes up first at the side that was dialled, which says by
 * WELCOME what it does with another one to the same node: one that it dialled
 * itself and that is up stays (RIVAL_STAYS), one that is replaced has gone
 * (RIVAL_GOES).  If it had none, both may have welcomed each other at once:
 * then each side, when its second connection would come up, keeps the one that
 * was dialled by the node with the smaller id.  So both come to the same end,
 * whatever crosses on the way.
 */
#include <assert.h>

#include "link/greet.h"
#include "link/uplink.h"

struct link *
links_find(struct links *ls, struct str node, const struct link *but)
{
	struct port *leaf = fabric_leaf(ls->fabric, node);
	struct link *l = leaf ? list_of(leaf, struct link, port) : NULL;

	if (l && l != but && l->state == LINK_UP)
		return l;
	list_each(n, &ls->hubs) {
		l = list_of(n, struct link, stage);
		if (l != but && str_eq(l->port.node, node))
			return l;
	}
	return NULL;
}

void
link_give_way(struct link *old, enum error error, const char *why)
{
	link_close(old, error, why);
	link_free(old, LINK_LINGER_MS);
}

/* It goes without a word: its other side sees the one that stays. */
static void
give_way_quietly(struct link *old)
{
	old->told = true;
	link_give_way(old, E_conflict, "the nodes are linked by another connection");
}

static bool
is_first(const struct link *l, const struct link *old)
{
	struct str ours = str(l->links->fabric->node), theirs = l->port.node;
	size_t n = ours.n < theirs.n ? ours.n : theirs.n;
	int order = memcmp(ours.p, theirs.p, n);

	if (l->again != old->again)
		return l->again;
	return l->dialled == (order ? order < 0 : ours.n < theirs.n);
}

static bool
first_outlives(struct link *l, struct link *old)
{
	if (is_first(l, old)) {
		give_way_quietly(old);
		return true;
	}
	l->told = true;
	link_close(l, E_conflict, "the nodes are linked by another connection");
	return false;
}

static bool
dialled_outlives(struct link *l, struct link *old)
{
	/* one that the other side has not, or that is of its last run, is dead */
	if (l->rival != RIVAL_GOES && !old->dialled && old->instance == l->instance)
		return first_outlives(l, old);
	give_way_quietly(old);
	return true;
}

static bool
accepted_outlives(struct link *l, struct link *old)
{
	if (!old->dialled) {	/* it came later, and was admitted sooner */
		link_close(l, E_node_id_in_use, "replaced by a newer connection of this node id");
		return false;
	}
	if (l->greets)		/* of two clusters: it comes up later than its WELCOME went */
		return first_outlives(l, old);
	if (!l->again) {
		l->rival = RIVAL_STAYS;
		return false;
	}
	give_way_quietly(old);
	l->rival = RIVAL_GOES;
	return true;
}

/* Of another cluster: it comes up by the second WELCOME, and each side may have had both. */
static bool
welcomed_outlives(struct link *l, struct link *old)
{
	if (old->dialled && !is_first(old, l)) {
		give_way_quietly(old);
		return true;
	}
	l->told = true;
	link_close(l, E_conflict, "the nodes are linked by another connection");
	return false;
}

/* One that has ended in this turn still has the place in the fabric. */
static void
bury(struct links *ls, struct str node)
{
	list_each(n, &ls->dying) {
		struct link *l = list_of(n, struct link, stage);

		if (l->port.up && port_is_link(&l->port) && str_eq(l->port.node, node)) {
			link_free(l, LINK_LINGER_MS);
			return;
		}
	}
}

bool
link_outlives(struct link *l)
{
	struct link *old;

	assert(l->state == LINK_GREETING);
	if (!port_is_link(&l->port))
		return true;
	bury(l->links, l->port.node);
	if ((old = links_find(l->links, l->port.node, l)) == NULL)
		return true;
	if (l->greets)
		return welcomed_outlives(l, old);
	return l->dialled ? dialled_outlives(l, old) : accepted_outlives(l, old);
}
