/* control.c - see control.h: the states of the connection, and the child at its other end. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "net/peer.h"
#include "net/sha256.h"
#include "node/control.h"
#include "node/node.h"
#include "node/route_child.h"

enum { CONTROL_AGAIN_MS = 20, CONTROL_STEADY_MS = 10000 };

static void dial(struct control *);

const char *
control_state_name(const struct control *c)
{
	static const char *const names[] = { "none", "backoff", "dialling", "loading", "up" };

	return names[c->state];
}

static uint64_t
ms_in(const struct control *c)
{
	return mono_us_since(c->since, c->node->fabric.now) / 1000;
}

static void
go(struct control *c, enum control_state state, uint64_t ms)
{
	struct fabric *f = &c->node->fabric;

	c->state = state;
	c->since = f->now;
	timer_set(&f->wheel, &c->timer, f->now, ms);
}

/* A fault of the same kind, again and again, is one line. */
static void
say_why(struct control *c, const char *why)
{
	bool same = strcmp(c->why, why) == 0;

	snprintf(c->why, sizeof c->why, "%.230s", why);
	log_event(same ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "policy_lost", "why", c->why, "next",
	    c->node->fabric.gate.expected ? "what is decided goes on, what is new is denied until it is back" :
	    "nothing: no policy is expected", NULL);
}

static uint32_t
doubled(uint32_t ms)
{
	ms = ms ? 2 * ms : CONTROL_BACKOFF_MS;
	return ms > CONTROL_BACKOFF_MAX_MS ? CONTROL_BACKOFF_MAX_MS : ms;
}

static void
back_off(struct control *c)
{
	c->backoff_ms = doubled(c->backoff_ms);
	go(c, CONTROL_BACKOFF, c->backoff_ms);
}

/* --- the child --- */

static void
kill_child(struct control *c, const char *why)
{
	char pid[24];

	if (!c->pid)
		return;
	snprintf(pid, sizeof pid, "%ld", (long)c->pid);
	log_event(LOG_LEVEL_WARNING, "route_killed", "why", why, "pid", pid, NULL);
	kill(c->pid, SIGKILL);
}

static void
on_child(struct ev_loop *loop, ev_child *w, int revents)
{
	struct control *c = w->data;
	char pid[24], status[32];

	(void)revents;
	ev_child_stop(loop, w);
	snprintf(pid, sizeof pid, "%ld", (long)w->rpid);
	if (w->rstatus & 0x7f)
		snprintf(status, sizeof status, "signal %d", w->rstatus & 0x7f);
	else
		snprintf(status, sizeof status, "status %d", w->rstatus >> 8 & 0xff);
	log_event(w->rstatus && !c->stopping ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "route_ended",
	    "how", status, "pid", pid, NULL);
	c->pid = 0;
	if (mono_us_since(c->started, c->node->fabric.now) / 1000 >= CONTROL_STEADY_MS)
		c->child_backoff_ms = 0;
	c->child_backoff_ms = doubled(c->child_backoff_ms);
	c->not_before = mono_add_ms(c->node->fabric.now, c->child_backoff_ms);
}

/* The digest of what is in force here, in hex; false: nothing is known, or nothing good. */
static bool
in_force(const struct control *c, char hex[65])
{
	for (size_t i = 0; i < sizeof c->digest; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)c->digest[i]);
	return c->marked ? !c->mark.failed : c->idle;
}

/* In a session of its own it gets no ^C; it ends when its last data plane is gone. */
static void
start_child(struct control *c)
{
	const struct settings *s = c->node->set;
	char level[40], format[40], digest[65];
	const char *const argv[] = { "fedx-route", "--autostarted", "-r", c->node->run.path, "-c",
	    settings_confdir(s), "--set", level, "--set", format, "--set",
	    s->daemon ? "log.to=syslog" : "log.to=stderr",
	    in_force(c, digest) ? "--in-force" : NULL, digest, NULL };
	char path[512], pid[24];
	struct err e = { .status = 0 };
	pid_t p;

	if (c->pid || !s->autostart || mono_ms_until(c->node->fabric.now, c->not_before) > 0)
		return;
	snprintf(level, sizeof level, "log.level=%s", settings_log_level(s));
	snprintf(format, sizeof format, "log.format=%s", settings_log_format(s));
	p = route_spawn(route_program(s->program, path), argv, -1, &e);
	if (p == -1) {
		say_why(c, e.text);
		return;
	}
	c->pid = p;
	c->started = c->node->fabric.now;
	ev_child_init(&c->child, on_child, p, 0);
	c->child.data = c;
	ev_child_start(c->node->loop, &c->child);
	snprintf(pid, sizeof pid, "%ld", (long)p);
	log_event(LOG_LEVEL_INFO, "route_started", "pid", pid, NULL);
}

/* --- the connection --- */

static void
disconnect(struct control *c)
{
	dial_close(c->dial);
	conn_close(c->conn);
	c->dial = NULL;
	c->conn = NULL;
	c->broken = false;
	c->asked = c->pinged = (struct mono){ 0 };
	c->asks = c->verdicts = 0;
	rulebook_forget_numbers(&c->rules);
}

void
control_lost(struct control *c, const char *why)
{
	bool was = c->conn != NULL;

	if (c->state == CONTROL_UP && ms_in(c) >= CONTROL_STEADY_MS)
		c->backoff_ms = 0;
	disconnect(c);
	say_why(c, why);
	back_off(c);
	if (!was)
		return;
	/* after all of it: who is told may ask for another one */
	gate_lost(&c->node->fabric);
	renew_lost(c->node);
	explain_lost(c->node);
}

void
control_break(struct control *c, const char *why)
{
	if (c->broken || !c->conn)
		return;
	c->broken = true;
	snprintf(c->break_why, sizeof c->break_why, "%s", why);
	timer_set(&c->node->fabric.wheel, &c->timer, c->node->fabric.now, 0);
}

void
control_stuck(struct control *c, const char *why)
{
	kill_child(c, why);
	control_lost(c, why);
}

static void
on_lost(void *owner, const struct err *why)
{
	control_lost(owner, why->text);
}

static void
on_dialled(void *owner, struct conn *conn, const char *peer, const struct err *why)
{
	static const struct conn_owner conn_owner = { control_input, NULL, on_lost };
	struct control *c = owner;

	(void)peer;
	c->dial = NULL;
	c->node->fabric.now = net_time(c->node->net);
	if (!conn) {		/* its socket is left over, or it is just starting */
		start_child(c);
		if (c->pid && mono_us_since(c->started, c->node->fabric.now) / 1000 < CONTROL_START_MS) {
			go(c, CONTROL_BACKOFF, CONTROL_AGAIN_MS);
			return;
		}
		kill_child(c, "it does not listen");
		control_lost(c, why->text);
		return;
	}
	if (!peer_is_us(conn_fd(conn))) {
		conn_close(conn);
		control_lost(c, "who listens at route.sock is of another user");
		return;
	}
	c->conn = conn;
	conn_set_max(conn, CONTROL_OUT_MAX);
	go(c, CONTROL_LOADING, CONTROL_PING_MS);
	conn_own(conn, &conn_owner, c);
	control_greet(c);
}

static void
dial(struct control *c)
{
	struct err e = { .status = 0 };
	struct url url = { .scheme = SCHEME_UNIX, .path = str(c->socket) };
	struct stat st;

	if (lstat(c->socket, &st) == -1) {
		start_child(c);
		if (!c->pid) {
			control_lost(c, c->node->set->autostart ? "fedx-route has ended" :
			    "there is no fedx-route, and none is started (--no-autostart)");
		} else if (mono_us_since(c->started, c->node->fabric.now) / 1000 >= CONTROL_START_MS) {
			control_stuck(c, "it was started and does not listen");
		} else {
			go(c, CONTROL_BACKOFF, CONTROL_AGAIN_MS);
		}
		return;
	}
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
		control_lost(c, S_ISSOCK(st.st_mode) ? "route.sock belongs to another user" :
		    S_ISLNK(st.st_mode) ? "route.sock is a symbolic link: remove it" :
		    "route.sock is no socket: remove it");
		return;
	}
	c->dial = dial_open(c->node->net, &url, NULL, CONTROL_DIAL_MS, on_dialled, c, &e);
	if (!c->dial)
		control_lost(c, e.text);
	else
		go(c, CONTROL_DIALLING, 2 * CONTROL_DIAL_MS);
}

/* --- the watch --- */

static void
watch(struct control *c)
{
	struct fabric *f = &c->node->fabric;
	bool busy = renew_waits(c->node);	/* a policy is being loaded and tested */
	uint64_t bound = busy ? CONTROL_RELOAD_MS : CONTROL_DEAD_MS;
	bool heard = conn_heard(c->conn).us >= c->pinged.us;

	timer_set(&f->wheel, &c->timer, f->now, CONTROL_PING_MS);
	if (c->state == CONTROL_LOADING) {
		if (ms_in(c) >= CONTROL_LOAD_MS)
			control_stuck(c, "it does not get ready");
		return;
	}
	if (c->pinged.us && !heard && mono_us_since(c->pinged, f->now) / 1000 >= bound) {
		control_stuck(c, "it does not answer");
	} else if (c->asked.us && !busy && mono_us_since(c->asked, f->now) / 1000 >= bound) {
		control_stuck(c, "it does not answer questions");
	} else if (!c->pinged.us || heard) {
		c->pinged = f->now;
		control_say(c, KIND_PING, 0, STR(""));
	}
}

static void
on_timer(struct wheel *w, struct timer *t)
{
	struct control *c = list_of(t, struct control, timer);

	(void)w;
	if (c->broken) {
		control_lost(c, c->break_why);
		return;
	}
	switch (c->state) {
	case CONTROL_NONE:
		control_look(c);
		c->found = c->state != CONTROL_NONE;
		break;
	case CONTROL_BACKOFF:
		control_look(c);
		break;
	case CONTROL_DIALLING:
		control_lost(c, "the dial does not end");
		break;
	case CONTROL_LOADING:
	case CONTROL_UP:
		watch(c);
	}
}

/* --- what is expected --- */

void
control_no_policy(char digest[32])
{
	sha256(STR(""), (uint8_t *)digest);
}

bool
control_expected(const struct node *n)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof path, "%s/policy.lua", settings_confdir(n->set));
	/* what cannot be looked at may be there: then it is expected */
	if (lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return true;
	return lstat(n->control.socket, &st) == 0;
}

void
control_look(struct control *c)
{
	struct node *n = c->node;

	if (c->conn || c->stopping)
		return;		/* it says itself what there is */
	n->fabric.gate.expected = control_expected(n) || n->fabric.gate.hooks != 0;
	c->idle = c->idle || !n->fabric.gate.expected;
	if (!n->fabric.gate.expected)
		go(c, CONTROL_NONE, CONTROL_LOOK_MS);
	else if (c->state == CONTROL_NONE || c->state == CONTROL_BACKOFF)
		dial(c);
}

void
control_open(struct control *c, struct node *n)
{
	*c = (struct control){ .node = n };
	buf_init(&c->body, CONTROL_IN_MAX);
	timer_init(&c->timer, on_timer);
	control_no_policy(c->digest);
	snprintf(c->socket, sizeof c->socket, "%s/route.sock", n->run.path);
	control_look(c);
}

void
control_stop(struct control *c)
{
	if (c->pid && !c->stopping) {
		kill(c->pid, SIGCONT);	/* also one that somebody stopped, but not what stops it as it ends */
		kill(c->pid, SIGTERM);
	}
	c->stopping = true;
	timer_drop(&c->node->fabric.wheel, &c->timer);
	disconnect(c);
	c->state = CONTROL_NONE;
}

void
control_close(struct control *c)
{
	if (!c->node)
		return;
	control_stop(c);
	ev_child_stop(c->node->loop, &c->child);
	buf_free(&c->body);
	rulebook_free(&c->rules);
	decisions_free(&c->decisions);
}
