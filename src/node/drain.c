/*
 * drain.c - the end of a node that lets everybody finish: nothing new is
 * taken, what runs is waited for, each other node is told when to come back.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "link/roster.h"
#include "node/node.h"
#include "node/supervisor.h"

enum { LOOK_MS = 200 };

void
drain_stop_uplinks(struct node *n)
{
	uplink_stop(&n->uplink);
	for (size_t i = 0; i < n->set->peer_count; i++)
		uplink_stop(&n->peers[i]);
}

void
drain_finish(struct node *n)
{
	if (n->stopping) {
		n->at_once = true;
		return;
	}
	n->stopping = true;
	drain_stop_uplinks(n);
	list_each(at, &n->links.all)
		link_goodbye(list_of(at, struct link, place));
	links_reap(&n->links);
	ev_break(n->loop, EVBREAK_ALL);
}

/* After an upgrade also those wait somewhere else who would find nobody here later. */
static void
let_go(struct node *n, bool replaced)
{
	/* gone, and what they said last is written: a hub that hears the new one first refuses it */
	if (replaced && list_empty(&n->links.uplinks))
		upgrade_uplinks_gone(&n->upgrade);
	list_each_safe(at, &n->links.uplinks) {
		struct uplink *u = list_of(at, struct uplink, place);

		if (u->link ? link_is_idle(u->link) : replaced)
			uplink_stop(u);
	}
	list_each(at, &n->links.all) {
		struct link *l = list_of(at, struct link, place);

		if ((l->network || (replaced && !l->dialled)) && link_is_idle(l))
			link_goodbye(l);
	}
}

/* After an upgrade another process revokes, and who is linked here has been heard for the last time. */
void
drain_look(struct node *n)
{
	uint32_t checked;

	if (n->roster && roster_refresh(n->roster))
		links_check_grants(&n->links, &checked);
}

/* After a reload, too: who has taken our place listens already. */
void
drain_renewed(struct node *n)
{
	if (n->upgrade.step == UPGRADE_DONE)
		n->links.set.come_back_ms = 1;
}

/* Each turn looks; this is for one that nobody else would begin. */
static void
on_look(struct wheel *w, struct timer *t)
{
	timer_set(w, t, list_of(t, struct node, look)->fabric.now, LOOK_MS);
}

void
drain_turn(struct node *n)
{
	bool replaced = n->upgrade.step == UPGRADE_DONE;

	if (n->stopping)
		return;
	let_go(n, replaced);
	if (replaced && (n->doors.stranger_count + n->links.greeting_count || !list_empty(&n->doors.local)))
		return;		/* who came before the new process did is heard */
	/* who watches would watch for ever */
	if (n->fabric.flights.count <= builtin_endless(n->builtin))
		drain_finish(n);
}

static void
on_over(struct wheel *w, struct timer *t)
{
	(void)w;
	drain_finish(list_of(t, struct node, drain));
}

void
drain_begin(struct node *n)
{
	char count[24];

	n->draining = n->fabric.draining = true;
	snprintf(count, sizeof count, "%" PRIu32, n->fabric.flights.count);
	log_event(LOG_LEVEL_INFO, "draining", "in_flight", count, NULL);
	listeners_close(n);
	timer_init(&n->drain, on_over);
	timer_set(&n->fabric.wheel, &n->drain, n->fabric.now, n->set->drain_ms);
	timer_init(&n->look, on_look);
	if (n->roster)
		timer_set(&n->fabric.wheel, &n->look, n->fabric.now, LOOK_MS);
}

void
node_drain(struct node *n)
{
	if (n->draining)
		return;
	supervisor_say("STOPPING=1\nSTATUS=draining, %" PRIu32 " in flight", n->fabric.flights.count);
	drain_begin(n);
}

void
drain_flush(struct node *n)
{
	while (n->stopping && !n->at_once && net_lingers(n->net))
		ev_run(n->loop, EVRUN_ONCE);
}
