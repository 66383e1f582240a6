/* route.c - fedx-route put together: the turn of the loop, signals, the end. */
#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "net/loop.h"
#include "net/signals.h"
#include "node/daemon.h"
#include "node/supervisor.h"
#include "route/route.h"

static const int watched[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 };

static void
on_more(struct ev_loop *loop, ev_idle *w, int revents)
{
	(void)loop, (void)w, (void)revents;
}

/* The end of a turn: what was asked is answered, for a while. */
static void
on_turn(void *owner)
{
	struct route *r = owner;

	if (r->now && answer_some(r))
		ev_idle_start(r->loop, &r->more);
	else
		ev_idle_stop(r->loop, &r->more);
	server_reap(r);
}

static void
dump(const struct route *r)
{
	const struct { const char *name; uint64_t value; } rows[] = {
#define X(name, help) { #name, r->count.name },
		ROUTE_COUNTERS(X)
#undef X
		{ "connections", r->plane_count }, { "generation", r->generation },
	};
	char value[24];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(value, sizeof value, "%" PRIu64, rows[i].value);
		log_event(LOG_LEVEL_INFO, "dump", "counter", rows[i].name, "value", value, NULL);
	}
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct route *r = w->data;

	(void)revents;
	switch (w->signum) {
	case SIGHUP:
		reload_signal(r);
		break;
	case SIGUSR1:		/* there are no log files to open again */
		break;
	case SIGUSR2:
		dump(r);
		break;
	default:		/* nothing is lost: verdicts stay with who has them */
		supervisor_say("STOPPING=1");
		ev_break(loop, EVBREAK_ALL);
	}
}

/* A hook that does not come back, against all bounds: whoever started us sees us end. */
static void
on_alarm(int signum)
{
	static const char text[] = "level=error program=fedx-route event=hung "
	    "why=\"a hook has not come back for 5 s\"\n";

	(void)signum;
	_exit(write(STDERR_FILENO, text, sizeof text - 1) == -1 ? 74 : 70);
}

static int
become_user(struct route *r, struct err *e)
{
	const char *const files[] = { r->run.path, r->run.socket, r->run.lock_path, NULL };

	return daemon_user(r->set->user, files, e);
}

static int
open_route(struct route *r, struct err *e)
{
	const struct options *o = r->set;
	uid_t owner = geteuid();

	if ((o->user && daemon_uid(o->user, &owner, e) == -1) ||
	    rundir_open_route(&r->run, o->rundir, owner, e) == -1)
		return -1;
	if (o->pidfile && daemon_pidfile(o->pidfile, e) == -1)
		return -1;
	if ((r->loop = loop_open(e)) == NULL)
		return -1;
	if ((r->net = net_open(r->loop, e)) == NULL)
		return err_exit(e, 71);
	rand_bytes(&r->instance, sizeof r->instance);
	if (server_open(r, e) == -1)
		return err_exit(e, e->status ? e->status : 73);
	if (o->user && become_user(r, e) == -1)
		return -1;
	signal(SIGALRM, on_alarm);
	ev_idle_init(&r->more, on_more);
	net_each_turn(r->net, on_turn, r);
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
		ev_signal_init(&r->signals[i], on_signal, watched[i]);
		r->signals[i].data = r;
		signals_start(r->loop, &r->signals[i]);
	}
	return 0;
}

static void
close_route(struct route *r)
{
	if (r->net) {
		server_close(r);
		reload_close(r);
		net_close(r->net);
	}
	daemon_pidfile_remove();
	rundir_close(&r->run);
	if (r->loop)
		ev_loop_destroy(r->loop);
}

int
route_run(const struct options *o)
{
	struct route *r = calloc(1, sizeof *r);
	struct err e = { .status = 0 };
	int status = 0;

	if (!r) {
		fprintf(stderr, "fedx-route: no memory to begin with\n");
		return 71;
	}
	r->set = o;
	r->run.lock = -1;
	signal(SIGPIPE, SIG_IGN);
	log_open("fedx-route", (enum log_format)o->log_format, (enum log_level)o->log_level, o->log_to == 1);
	if ((o->daemon && daemon_fork(&e) == -1) || open_route(r, &e) == -1) {
		fprintf(stderr, "fedx-route: %s\n", e.text);
		status = e.status ? e.status : 70;
	} else {
		idle_open(r);
		reload_start(r);
		log_event(LOG_LEVEL_INFO, "ready", "bus", r->run.socket, "confdir", o->confdir, NULL);
		daemon_ready();
		supervisor_say("READY=1");
		supervisor_watch(r->loop);
		ev_run(r->loop, 0);
		log_event(LOG_LEVEL_INFO, "stopped", "bus", r->run.socket, NULL);
	}
	close_route(r);
	free(r);
	return status;
}
