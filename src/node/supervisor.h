/*
 * supervisor.h - who started us and watches: what it gave us in the
 * environment, and what it is told (sd_notify, by hand).
 */
#ifndef FEDX_SUPERVISOR_H
#define FEDX_SUPERVISOR_H

#include <ev.h>

void supervisor_open(void);
	/* takes NOTIFY_SOCKET and WATCHDOG_* out of the environment, so that no
	 * child of ours speaks for us; first of all, before a fork changes our pid */
void supervisor_restore(void);	/* into the environment, for who takes our place */
void supervisor_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
	/* lines like "STOPPING=1\nSTATUS=draining"; nothing if nobody listens */
void supervisor_reloading(void);	/* RELOADING=1, and since when; READY=1 ends it */
void supervisor_watch(struct ev_loop *);
	/* WATCHDOG=1 by that loop, twice in the time that it allows; nothing if
	 * it set none */

#endif
