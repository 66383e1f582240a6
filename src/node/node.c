/* node.c - one data plane: opening everything, the turn of the loop, signals, the end. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/rand.h"
#include "link/roster.h"
#include "net/loop.h"
#include "net/signals.h"
#include "net/tls.h"
#include "node/daemon.h"
#include "node/join.h"
#include "node/node.h"
#include "node/supervisor.h"

enum { EXIT_DENIED = 77 };

static const int watched[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 };

static const char *
program(const struct settings *s)
{
	return s->role == ROLE_HUB ? "fedx-hub" : "fedx-leaf";
}

/* The hub has our fresh key.  It counts once it is kept: before, the code is shown again. */
static void
joined(struct node *n)
{
	struct joining *j = n->set->joining;
	struct err e = { .status = 0 };

	if (join_done(j, &e) == -1) {
		log_event(LOG_LEVEL_ERROR, "join_not_kept", "why", e.text,
		    "next", "make room, and start with the same --join: the code works with this key alone", NULL);
		return;
	}
	n->links.key = n->credentials.own.key = n->credentials.fresh;
	n->links.fresh.n = n->credentials.fresh.n = 0;
	log_event(LOG_LEVEL_INFO, "joined", "node", j->node, "hub", j->url, "key", j->path,
	    "next", "from now on it starts without --join", NULL);
}

static void
on_refused(void *owner, const char *why)
{
	struct node *n = owner;

	if (!n->links.fresh.n)
		return;
	log_event(LOG_LEVEL_ERROR, "join_refused", "hub", n->set->joining->url, "why", why, NULL);
	n->status = EXIT_DENIED;
	n->at_once = true;
	ev_break(n->loop, EVBREAK_ALL);
}

static void
on_welcomed(void *owner, const struct hello *w)
{
	struct node *n = owner;

	if (n->links.fresh.n)
		joined(n);
	if (!n->set->cluster)
		fabric_set_cluster(&n->fabric, w->cluster);
}

/* --- a turn of the loop --- */

static void
on_check(struct ev_loop *loop, ev_check *w, int revents)
{
	struct node *n = w->data;

	(void)loop, (void)revents;
	n->fabric.now = net_time(n->net);
	if (n->draining)
		drain_look(n);
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct node *n = w->data;

	(void)loop, (void)revents;
	n->fabric.now = net_time(n->net);
	wheel_turn(&n->fabric.wheel, n->fabric.now);
}

/* The end of a turn: close what is dying, then sleep until the next timer. */
static void
on_turn(void *owner)
{
	struct node *n = owner;
	uint64_t ms;

	if (!n->stopping)
		uplinks_turn(&n->links);
	if (n->draining)
		drain_turn(n);
	links_reap(&n->links);
	ms = wheel_next_ms(&n->fabric.wheel, n->fabric.now);
	if (ms == UINT64_MAX) {
		ev_timer_stop(n->loop, &n->tick);
		return;
	}
	/* re-arm only when it would wake us at another time */
	if (!ev_is_active(&n->tick) ||
	    ev_timer_remaining(n->loop, &n->tick) * 1000 > (double)ms + WHEEL_TICK_MS) {
		ev_timer_stop(n->loop, &n->tick);
		ev_timer_set(&n->tick, (double)ms / 1000 + 0.001, 0);
		ev_timer_start(n->loop, &n->tick);
	}
}

static void
on_digest(struct wheel *w, struct timer *t)
{
	struct node *n = list_of(t, struct node, digest);

	fabric_digest(&n->fabric);
	timer_set(w, t, n->fabric.now, n->set->digest_ms);
}

/* --- signals --- */

void
node_use_credentials(struct node *n)
{
	n->links.auth = n->credentials.auth;
	n->links.blocked = n->credentials.blocked;
	memcpy(n->links.token, n->credentials.token, sizeof n->links.token);
	net_set_proxy(n->net, &n->credentials.proxy);
	n->links.server = n->doors.tls = n->credentials.server;
	n->links.client = n->credentials.client;
	n->links.key = n->credentials.own.key;
	n->links.fresh = n->credentials.fresh;
	if (n->set->role == ROLE_LEAF && !n->set->cluster)	/* none: that of whichever hub */
		str_c(str(n->credentials.own.cluster), n->links.cluster, sizeof n->links.cluster);
	n->uplink.tls = n->credentials.client;
	for (size_t i = 0; i < n->set->peer_count; i++)
		n->peers[i].tls = n->credentials.client;
}

static void
dump(struct node *n)
{
	struct buf b;
	struct str line, rest;
	struct http_head metrics = { .method = STR("GET"), .target = STR("/metrics") };

	buf_init(&b, 1 << 20);
	monitor_respond(n, &metrics, &b);
	rest = buf_view(&b);
	for (bool more = true; more; ) {
		char text[200];

		more = str_split(rest, '\n', &line, &rest);
		if (!str_starts(line, STR("fedx_")) || str_c(line, text, sizeof text) == -1)
			continue;
		log_event(LOG_LEVEL_INFO, "dump", "counter", text, NULL);
	}
	buf_free(&b);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct node *n = w->data;

	(void)revents;
	n->fabric.now = net_time(n->net);
	switch (w->signum) {
	case SIGQUIT:
		n->at_once = true;
		ev_break(loop, EVBREAK_ALL);
		break;
	case SIGHUP:
		if (!n->draining)
			renew_signal(n);
		break;
	case SIGUSR1:		/* there are no log or capture files to open again */
		break;
	case SIGUSR2:
		dump(n);
		break;
	default:
		if (n->draining)
			drain_finish(n);
		else
			node_drain(n);
	}
}

/* --- opening --- */

static void
host_name(char to[256])
{
	if (gethostname(to, 256) == -1 || !to[0])
		strcpy(to, "localhost");
	to[255] = '\0';
	for (char *p = to; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
}

static int
open_fabric(struct node *n, struct err *e)
{
	static const struct fabric_ops ops = { node_on_fabric };
	struct settings *s = n->set;
	char host[256], own[256], id[520];

	if (credentials_node(s, own, e) == -1)
		return -1;
	host_name(host);
	snprintf(id, sizeof id, "%s", host);
	if (s->role == ROLE_LEAF)
		snprintf(id, sizeof id, "%s.%s", host, s->cluster ? s->cluster : "leaf");
	if (s->id || *own)
		snprintf(id, sizeof id, "%s", s->id ? s->id : own);
	if (!node_id_valid(str(id)))
		return err_exit(e, 78), err_set(e, "the host name makes no node id ('%.100s'): "
		    "give one with -i", id);
	if (s->cluster && strlen(s->cluster) >= sizeof n->fabric.cluster)
		return err_exit(e, 78), err_set(e, "the name of the cluster is too long");
	if (fabric_init(&n->fabric, str(id), str(s->cluster ? s->cluster : s->role == ROLE_HUB ?
	    id : ""), s->role, net_time(n->net), &ops) == -1)
		return err_memory(e, "routes");
	n->fabric.limits = s->limits;
	n->fabric.rib.limits = s->routes;
	n->fabric.rib.epoch = (uint64_t)wall_now().s * 1000000000 + wall_now().ns;
	n->fabric.federation = &s->federation;
	fabric_set_tags(&n->fabric, str(s->announce_tags));
	n->fabric.fib.balance = (enum balance)s->balance;
	return control_gate(n, e);
}

/* Ports of the node itself, and fedx-route if there is a policy. */
static int
open_inside(struct node *n, struct arguments a, struct err *e)
{
	char from[300];

	snprintf(from, sizeof from, "fedx@%s", n->fabric.node);
	if ((n->builtin = builtin_open(n, e)) == NULL)
		return -1;
	inner_open(&n->inner, &n->fabric, from, true);
	inner_open(&n->rules, &n->fabric, "rule:", false);
	renew_open(&n->renewal, n, a);
	upgrade_open(&n->upgrade, n);
	return 0;
}

static void
start_watchers(struct node *n)
{
	ev_check_init(&n->check, on_check);
	ev_timer_init(&n->tick, on_tick, 0, 0);
	n->check.data = n->tick.data = n;
	ev_check_start(n->loop, &n->check);
	net_each_turn(n->net, on_turn, n);
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
		ev_signal_init(&n->signals[i], on_signal, watched[i]);
		n->signals[i].data = n;
		signals_start(n->loop, &n->signals[i]);
	}
	timer_init(&n->digest, on_digest);
	timer_set(&n->fabric.wheel, &n->digest, n->fabric.now, n->set->digest_ms);
}

/* All ports are bound: what the run directory holds goes over with us. */
static int
drop_to_user(struct node *n, struct err *e)
{
	const char *const files[] = { n->run.path, n->run.socket, n->run.lock_path, NULL };

	return daemon_user(n->set->user, files, e) == -1 || settings_readable(n->set, e) == -1 ? -1 : 0;
}

int
node_take_place(struct node *n, struct err *e)
{
	if (rundir_lock(&n->run, e) == -1)
		return -1;
	return n->set->pidfile ? daemon_pidfile(n->set->pidfile, e) : 0;
}

static int
open_roster(struct node *n, struct err *e)
{
	if (n->set->roster_file && (n->roster = roster_open(n->set->roster_file, e)) == NULL)
		return -1;
	n->links.roster = n->roster;
	return 0;
}

static int
open_node(struct node *n, struct arguments a, struct err *e)
{
	struct settings *s = n->set;
	uid_t owner = geteuid();

	if ((s->user && daemon_uid(s->user, &owner, e) == -1) ||
	    rundir_find(&n->run, s->rundir, owner, e) == -1 ||
	    (!succeed_waits() && node_take_place(n, e) == -1))
		return -1;
	if ((n->loop = loop_open(e)) == NULL)
		return -1;
	if ((n->net = net_open(n->loop, e)) == NULL)
		return err_exit(e, 71);
	if (open_fabric(n, e) == -1)
		return -1;
	n->started = n->fabric.now;
	links_init(&n->links, n->net, &n->fabric);
	n->links.set = s->link;
	n->links.event = node_on_link;
	rand_bytes(&n->links.instance, sizeof n->links.instance);
	snprintf(n->links.agent, sizeof n->links.agent, "%s %s", program(s), FEDX_VERSION);
	if (s->cluster)
		snprintf(n->links.cluster, sizeof n->links.cluster, "%s", s->cluster);
	doors_init(&n->doors, &n->links);
	n->doors.http = monitor_respond;
	n->doors.owner = n;
	uplink_init(&n->uplink, &n->links);
	for (size_t i = 0; i < s->peer_count; i++)
		uplink_init(&n->peers[i], &n->links);
	n->whole = true;
	if (s->dns_servers && net_set_dns(n->net, s->dns_servers, e) == -1)
		return err_exit(e, 78);
	if (open_inside(n, a, e) == -1 || listeners_open(n, e) == -1)
		return -1;
	if (s->user && drop_to_user(n, e) == -1)
		return -1;
	/* by the user that will read them again */
	if ((n->tls_sessions.all = tls_sessions_open()) == NULL)
		return err_memory(e, "TLS sessions");
	if (open_roster(n, e) == -1 || credentials_open(&n->credentials, s, n->tls_sessions.all, n->roster, e) == -1)
		return s->user ? err_at(e, "as user '%.60s'", s->user) : -1;
	node_use_credentials(n);
	keep_sessions_start(n);
	if (succeed_waits() && (succeed_ask(e) == -1 || node_take_place(n, e) == -1))
		return -1;
	succeed_taken();
	start_watchers(n);
	control_open(&n->control, n);
	return 0;
}

static void
open_uplinks(void *owner)
{
	struct node *n = owner;
	struct settings *s = n->set;

	for (size_t i = 0; i < s->uplink_count; i++)
		n->uplink.urls[n->uplink.url_count++] = s->uplink[i];
	if (s->uplink_count) {
		n->uplink.insecure = s->insecure;
		n->uplink.welcomed = on_welcomed;
		n->uplink.refused = on_refused;
		n->uplink.owner = n;
		uplink_start(&n->uplink);
	}
	for (size_t i = 0; i < s->peer_count; i++) {
		n->peers[i].urls[n->peers[i].url_count++] = s->peers[i];
		n->peers[i].insecure = s->insecure;
		n->peers[i].peer = true;
		uplink_start(&n->peers[i]);
	}
}

static void
close_node(struct node *n)
{
	if (n->whole) {
		listeners_close(n);
		listener_close(n->bus);
		doors_close(&n->doors);
		drain_stop_uplinks(n);
		upgrade_close(&n->upgrade);
		renew_close(&n->renewal);
		control_close(&n->control);
		links_free(&n->links);
		inner_close(&n->rules);
		inner_close(&n->inner);
		builtin_close(n->builtin);
		fabric_free(&n->fabric);
	}
	net_close(n->net);
	keep_sessions_stop(n);
	credentials_close(&n->credentials);
	roster_close(n->roster);
	tls_sessions_close(n->tls_sessions.all);
	tls_wipe(n->links.token, sizeof n->links.token);
	tls_wipe(&n->links.key, sizeof n->links.key);
	tls_wipe(&n->links.fresh, sizeof n->links.fresh);
	daemon_pidfile_remove();
	rundir_close(&n->run);
	if (n->loop)
		ev_loop_destroy(n->loop);
}

static int
no_memory(const struct settings *s)
{
	fprintf(stderr, "%s: no memory\n", program(s));
	return 71;
}

int
node_check(struct settings *s)
{
	struct node *n = calloc(1, sizeof *n);
	struct err e = { .status = 0 };
	int status = 0;

	if (!n)
		return no_memory(s);
	n->set = s;
	n->run.lock = -1;
	if (open_roster(n, &e) == -1 || credentials_open(&n->credentials, s, NULL, n->roster, &e) == -1) {
		fprintf(stderr, "%s: %s\n", program(s), e.text);
		status = e.status ? e.status : 78;
	} else {
		settings_print(s);
	}
	close_node(n);
	free(n);
	return status;
}

int
node_run(struct settings *s, struct arguments a)
{
	struct node *n = calloc(1, sizeof *n);
	struct err e = { .status = 0 };
	int status = 0;

	if (!n)
		return no_memory(s);
	n->set = s;
	n->arguments = a;
	n->run.lock = -1;
	list_init(&n->links.all);
	list_init(&n->explanations);
	signal(SIGPIPE, SIG_IGN);
	log_open(program(s), (enum log_format)s->log_format, (enum log_level)s->log_level,
	    s->daemon);
	fd_limit_raise();
	if ((s->daemon && !succeed_waits() && daemon_fork(&e) == -1) || open_node(n, a, &e) == -1) {
		fprintf(stderr, "%s: %s\n", program(s), e.text);
		if (n->bus && succeed_waits())
			listener_leave(n->bus);
		succeed_failed(e.text);
		status = e.status ? e.status : 70;
	} else {
		n->fabric.has_uplink = s->uplink_count > 0;
		succeed_when_free(n->loop, open_uplinks, n);
		n->ready = true;
		listeners_say(n);
		daemon_ready();
		supervisor_watch(n->loop);
		ev_run(n->loop, 0);
		drain_flush(n);
		log_event(LOG_LEVEL_INFO, "stopped", "node", n->fabric.node, NULL);
		status = n->status;
	}
	close_node(n);
	free(n);
	return status;
}
