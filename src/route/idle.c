/* idle.c - who was started by a data plane ends soon after the last one is gone. */
#include "base/log.h"
#include "route/route.h"

static void
on_idle(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	log_event(LOG_LEVEL_INFO, "idle", "why", "autostarted, and no data plane is there any more", NULL);
	ev_break(loop, EVBREAK_ALL);
}

void
idle_open(struct route *r)
{
	ev_timer_init(&r->idle, on_idle, 0., 0.);
	r->idle.data = r;
	idle_look(r);
}

void
idle_look(struct route *r)
{
	ev_timer_stop(r->loop, &r->idle);
	if (!r->set->autostarted || r->plane_count)
		return;
	ev_timer_set(&r->idle, r->set->linger_ms / 1000., 0.);
	ev_timer_start(r->loop, &r->idle);
}
