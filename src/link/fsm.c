/* fsm.c - what an uplink does next; how it is done is in dial.c. */
#include <stdio.h>

#include "base/log.h"
#include "link/uplink.h"

static void
nothing(struct uplink *u)
{
	(void)u;
}

/* An empty cell: the event makes no sense there and changes nothing. */
static const struct step {
	enum uplink_state next;
	void (*enter)(struct uplink *);
} steps[UPLINK_STATE_COUNT][UPLINK_EVENT_COUNT] = {
	[UPLINK_NONE] = {
		[ON_UPLINK_START]	= { UPLINK_DIALLING,	uplink_dial } },
	[UPLINK_DIALLING] = {
		[ON_UPLINK_OPENED]	= { UPLINK_GREETING,	nothing },
		[ON_UPLINK_LOST]	= { UPLINK_BACKOFF,	uplink_wait },
		[ON_UPLINK_REFUSAL]	= { UPLINK_REFUSED,	uplink_wait_long },
		[ON_UPLINK_TIMEOUT]	= { UPLINK_BACKOFF,	uplink_give_up },
		[ON_UPLINK_PAUSE]	= { UPLINK_PAUSED,	uplink_hang_up } },
	[UPLINK_GREETING] = {
		[ON_UPLINK_WELCOME]	= { UPLINK_UP,		uplink_report_up },
		[ON_UPLINK_RIVAL]	= { UPLINK_STANDBY,	uplink_stand_by },
		[ON_UPLINK_LOST]	= { UPLINK_BACKOFF,	uplink_wait },
		[ON_UPLINK_REFUSAL]	= { UPLINK_REFUSED,	uplink_wait_long },
		[ON_UPLINK_PAUSE]	= { UPLINK_PAUSED,	uplink_hang_up } },
	[UPLINK_UP] = {
		[ON_UPLINK_RIVAL]	= { UPLINK_STANDBY,	uplink_stand_by },
		[ON_UPLINK_LOST]	= { UPLINK_BACKOFF,	uplink_wait },
		[ON_UPLINK_REFUSAL]	= { UPLINK_REFUSED,	uplink_wait_long },
		[ON_UPLINK_PAUSE]	= { UPLINK_PAUSED,	uplink_hang_up } },
	[UPLINK_BACKOFF] = {
		[ON_UPLINK_RIVAL]	= { UPLINK_STANDBY,	uplink_stand_by },
		[ON_UPLINK_TIMEOUT]	= { UPLINK_DIALLING,	uplink_dial },
		[ON_UPLINK_RETRY]	= { UPLINK_DIALLING,	uplink_dial },
		[ON_UPLINK_PAUSE]	= { UPLINK_PAUSED,	uplink_hang_up } },
	[UPLINK_REFUSED] = {
		[ON_UPLINK_RIVAL]	= { UPLINK_STANDBY,	uplink_stand_by },
		[ON_UPLINK_TIMEOUT]	= { UPLINK_DIALLING,	uplink_dial },
		[ON_UPLINK_RETRY]	= { UPLINK_DIALLING,	uplink_dial },
		[ON_UPLINK_PAUSE]	= { UPLINK_PAUSED,	uplink_hang_up } },
	[UPLINK_PAUSED] = {
		[ON_UPLINK_RIVAL]	= { UPLINK_STANDBY,	uplink_stand_by },
		[ON_UPLINK_RETRY]	= { UPLINK_DIALLING,	uplink_dial } },
	[UPLINK_STANDBY] = {
		[ON_UPLINK_RIVAL]	= { UPLINK_STANDBY,	uplink_stand_by },
		[ON_UPLINK_LOST]	= { UPLINK_BACKOFF,	uplink_wait_short },
		[ON_UPLINK_TIMEOUT]	= { UPLINK_DIALLING,	uplink_dial },
		[ON_UPLINK_RETRY]	= { UPLINK_DIALLING,	uplink_dial },
		[ON_UPLINK_PAUSE]	= { UPLINK_PAUSED,	uplink_hang_up } },
};

const char *
uplink_state_name(enum uplink_state s)
{
	static const char *const names[] = {
#define X(name) #name,
		UPLINK_STATES(X)
#undef X
	};

	return names[s];
}

const char *
uplink_event_name(enum uplink_event e)
{
	static const char *const names[] = {
#define X(name) #name,
		UPLINK_EVENTS(X)
#undef X
	};

	return names[e];
}

void
uplink_step(struct uplink *u, enum uplink_event event)
{
	const struct step *step = &steps[u->state][event];
	enum uplink_state was = u->state;
	bool quiet = step->next == was || step->next == UPLINK_DIALLING || step->next == UPLINK_GREETING;

	if (!step->enter)
		return;
	u->state = step->next;
	u->since = u->links->fabric->now;
	step->enter(u);
	log_event(quiet ? LOG_LEVEL_DEBUG : step->next == UPLINK_UP ||
	    step->next == UPLINK_STANDBY ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "uplink", "link", u->urls[u->url],
	    "was", uplink_state_name(was), "now", uplink_state_name(step->next),
	    "why", step->next == UPLINK_UP || quiet ? NULL : u->why, NULL);
}
