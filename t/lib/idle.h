/* idle.h - does a fabric keep nothing of conversations?  Timers of routes are no conversations. */
#ifndef FEDX_IDLE_H
#define FEDX_IDLE_H

#include "fabric/fabric.h"

static inline uint64_t
route_timers(const struct fabric *f)
{
	uint64_t count = timer_is_set(&f->rib.refresh);

	list_each(n, &f->ports) {
		const struct route_port *r = list_of(n, struct port, all)->routes;

		if (!r)
			continue;
		count += timer_is_set(&r->sets.later) + timer_is_set(&r->asks.later);
		list_each(m, &r->vias)
			count += timer_is_set(&list_of(m, struct via, of_port)->timer);
		list_each(m, &r->tolds)
			count += timer_is_set(&list_of(m, struct told, of_port)->metric.later);
	}
	return count;
}

#endif
