/*
 * leafsim.h - leaves that go from hub to hub of routesim.h, endpoints of the
 * hubs' clients, and messages that are lost.
 */
#ifndef FEDX_LEAFSIM_H
#define FEDX_LEAFSIM_H

#include "routesim.h"

/* It holds its id, "l0", the endpoint "l0@net" and the service "t0". */
struct leaf {
	struct hub_end end;
	char name[8];
	bool up;
	unsigned executed;
};

static struct leaf leaves[HUB_LEAVES];
static bool attached[HUBS_MAX];		/* "e3@net" is, of h3 */

static inline void
leaf_hears(struct hub_end *end, const struct envelope *e)
{
	if (e->kind != KIND_REQUEST)
		return;
	list_of(end, struct leaf, end)->executed++;
	fabric_receive(&end->hub->f, &end->port, &(struct envelope){ .kind = KIND_REPLY, .id = e->id });
}

static inline void
leaf_leaves(struct leaf *l)
{
	if (l->up)
		fabric_port_down(&l->end.hub->f, &l->end.port, E_link_down);
	l->up = false;
	l->end.queue.head = l->end.queue.tail = 0;
}

static inline void
leaf_says(struct leaf *l, uint8_t kind, enum family family, const char *name)
{
	uint8_t room[256], path[64];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };

	announcement_put(&b, &(struct announcement){ .family = (uint8_t)family, .name = str(name), .weight = 100,
	    .hops = HOPS_DEFAULT, .path = { (const char *)path, (size_t)(tlv_write(path, META_path, str(l->name)) - path) } });
	fabric_receive(&l->end.hub->f, &l->end.port, &(struct envelope){ .kind = kind, .payload = buf_view(&b) });
}

static inline void
leaf_comes(int which, int at)
{
	struct leaf *l = &leaves[which];
	char name[24];

	leaf_leaves(l);
	snprintf(l->name, sizeof l->name, "l%c", '0' + which);
	hubs.leaf[which] = &l->end;
	l->end.hears = leaf_hears;
	hub_open(&hubs.hub[at], &l->end, PORT_CHILD, l->name);
	l->end.port.role = ROLE_LEAF;
	l->up = true;
	snprintf(name, sizeof name, "t%s", l->name + 1);
	leaf_says(l, KIND_ANNOUNCE, FAMILY_SERVICE, name);
	snprintf(name, sizeof name, "%s@net", l->name);
	leaf_says(l, KIND_ANNOUNCE, FAMILY_ENDPOINT, name);
	fabric_receive(&l->end.hub->f, &l->end.port, &(struct envelope){ .kind = KIND_END });
}

static inline void
leaves_close(void)
{
	for (int i = 0; i < HUB_LEAVES; i++) {
		leaf_leaves(&leaves[i]);
		buf_free(&leaves[i].end.queue);
		leaves[i] = (struct leaf){ .up = false };
		hubs.leaf[i] = NULL;
	}
	memset(attached, 0, sizeof attached);
}

static inline void
hub_is_killed(int i)		/* and there again */
{
	struct hub *h = &hubs.hub[i];

	for (int k = 0; k < HUB_LEAVES; k++)
		if (leaves[k].up && leaves[k].end.hub == h)
			leaf_leaves(&leaves[k]);
	hubs_stop(h);
	memset(h->serves, 0, sizeof h->serves);
	attached[i] = false;
	hubs.now.us += 1000;
	hubs_start(h);
}

static inline void
hub_attach(int i, bool there)
{
	uint8_t room[256];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	char name[24];

	if (attached[i] == there)
		return;
	attached[i] = there;
	snprintf(name, sizeof name, "e%s@net", hubs.hub[i].name + 1);
	announcement_put(&b, &(struct announcement){ .family = FAMILY_ENDPOINT, .name = str(name), .weight = 100,
	    .hops = HOPS_DEFAULT });
	hub_says(&hubs.hub[i], (struct envelope){ .kind = there ? KIND_ATTACH : KIND_DETACH, .id = 1,
	    .payload = buf_view(&b) });
}

/* What comes next on a link is lost, if it is of routes. */
static inline void
hubs_lose(int i, int j)
{
	struct hub_end *end = &hubs.hub[i].links[j];
	struct envelope e;
	const char *why;
	size_t used;

	if (hubs.linked[i][j] && envelope_parse(buf_view(&end->queue), UINT32_MAX, &e, &used, &why) == PARSE_OK &&
	    (e.kind == KIND_ANNOUNCE || e.kind == KIND_WITHDRAW || e.kind == KIND_END || e.kind == KIND_DIGEST))
		buf_eat(&end->queue, used);
}

static inline void
hubs_digests(void)
{
	for (int i = 0; i < hubs.count; i++)
		route_digests(&hubs.hub[i].f);
	hubs_settle();
}

#endif
