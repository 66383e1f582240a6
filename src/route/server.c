/*
 * server.c - route.sock: data planes come, tell what they have, ask, and go.
 *
 * Only our own user and root are let in; still, what they say is checked,
 * and whoever says nonsense is dropped: a data plane dials again and tells
 * all from the start.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "net/peer.h"
#include "route/route.h"
#include "wire/envelope.h"

enum { PAYLOAD_MAX = 1 << 20, OUTPUT_MAX = 8 << 20, LINGER_MS = 1000 };

/* --- saying --- */

void
plane_drop(struct plane *p, const char *why)
{
	char number[16];

	if (p->dead)
		return;
	snprintf(number, sizeof number, "%u", (unsigned)p->number);
	log_event(LOG_LEVEL_WARNING, "node_dropped", "connection", number, "why", why,
	    "next", "it may dial again", NULL);
	p->dead = true;
	conn_finish(p->conn, LINGER_MS);
	p->conn = NULL;
}

void
plane_say(struct plane *p, uint8_t kind, uint16_t flags, uint64_t id, struct str payload)
{
	struct envelope e = { .kind = kind, .flags = flags, .hops = 1, .id = id, .payload = payload };
	uint8_t *to;

	if (p->dead)
		return;
	if ((to = conn_room(p->conn, envelope_size(&e))) == NULL) {
		plane_drop(p, "it does not read what it is told, or there is no memory to tell it");
		return;
	}
	envelope_write(to, &e, (struct str){ NULL, 0 });
	conn_made(p->conn, envelope_size(&e));
}

void
plane_rules(struct plane *p)
{
	struct route *r = p->route;
	size_t count = r->now->policy ? policy_rules(r->now->policy) : 0;

	for (; p->rules_told < count && !p->dead; p->rules_told++) {
		const struct rule *rule = policy_rule(r->now->policy, p->rules_told + 1);
		struct rule_mark m = { .generation = r->generation, .number = p->rules_told + 1,
		    .hook = rule->hook, .line = rule->line, .file = str(rule->file),
		    .name = str(rule->name) };

		r->out.head = r->out.tail = 0;
		if (rule_mark_put(&r->out, &m) == 0)
			plane_say(p, KIND_RULE, 0, 0, buf_view(&r->out));
	}
}

static void
plane_policy(struct plane *p)
{
	struct route *r = p->route;
	struct policy_mark m = { .generation = r->generation, .instance = r->instance,
	    .digest = { (const char *)r->now->digest, sizeof r->now->digest },
	    .hooks = r->now->hooks, .confirm_ms = reload_left_ms(r), .failed = r->now->failed,
	    .why = str(r->now->why) };

	p->rules_told = 0;
	plane_rules(p);
	m.rules = p->rules_told;
	r->out.head = r->out.tail = 0;
	if (policy_mark_put(&r->out, &m) == 0)
		plane_say(p, KIND_POLICY, 0, 0, buf_view(&r->out));
	if (p->told)
		return;
	p->told = true;
	plane_say(p, KIND_END, 0, 0, (struct str){ NULL, 0 });
}

void
server_tell(struct route *r)
{
	if (!r->now)
		return;
	list_each(n, &r->planes) {
		struct plane *p = list_of(n, struct plane, place);

		if (p->whole && !p->dead)
			plane_policy(p);
	}
}

/* --- hearing --- */

static int
hear_peer(struct plane *p, const struct envelope *in, struct err *e)
{
	struct peer_facts facts;

	if (peer_get(in->payload, &facts, e) == -1)
		return -1;
	return world_peer(&p->world, &facts) == -1 ?
	    err_set(e, "its peers are more than %d, or more than there is memory for", PEERS_MAX) : 0;
}

static int
hear_name(struct plane *p, const struct envelope *in, struct err *e)
{
	struct announcement a;
	uint64_t peer = 0;

	if (announcement_get(in->payload, &a, e) == -1)
		return -1;
	if (in->from.n && str_u64(in->from, UINT32_MAX, &peer) == -1)
		return err_set(e, "the peer of a name is no number");
	if (in->kind == KIND_WITHDRAW)
		world_withdraw(&p->world, (uint32_t)peer, &a, in->id);
	else if (world_claim(&p->world, (uint32_t)peer, &a, in->id) == -1)
		return err_set(e, "its names are more than %d, or more than there is memory for", CLAIMS_MAX);
	return 0;
}

static int
hear_question(struct plane *p, const struct envelope *in, struct err *e)
{
	struct waiting head = { .kind = KIND_ASK, .id = in->id };
	struct verdict busy = { .answer = ANSWER_DENY, .error = E_overloaded,
	    .limit_field = FIELD_COUNT, .sticky_field = FIELD_COUNT,
	    .reason = STR("too many questions of this peer wait") };
	struct question q;

	if (!p->told)
		return err_set(e, "it asks before it was told the policy");
	if (question_get(in->payload, &q, e) == -1)
		return -1;
	if (queue_put(&p->queue, q.peer, (q.how & ASK_BACKGROUND) != 0, &head, in->payload) == 0)
		return 0;
	p->route->count.refused++;
	p->route->out.head = p->route->out.tail = 0;
	(void)verdict_put(&p->route->out, &busy);
	plane_say(p, KIND_VERDICT, 0, in->id, buf_view(&p->route->out));
	return 0;
}

static int
hear_event(struct plane *p, const struct envelope *in, struct err *e)
{
	static const struct { const char *subject; uint8_t hook; } events[] = {
		{ "link", HOOK_LINK }, { "service", HOOK_SERVICE }, { "event", HOOK_EVENT },
	};
	struct waiting head = { .kind = KIND_EVENT };

	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		if (!str_is(in->subject, events[i].subject))
			continue;
		head.hook = events[i].hook;
		/* events are background, and all of one peer: an event too many is dropped */
		if (p->told && p->route->now->hooks & 1u << head.hook &&
		    queue_put(&p->queue, UINT32_MAX, true, &head, in->payload) == -1)
			p->route->count.refused++;
		return 0;
	}
	return err_set(e, "it tells an event of a kind that is not known");
}

static int
hear_reload(struct plane *p, const struct envelope *in, struct err *e)
{
	struct reload what;

	if (!p->whole)
		return err_set(e, "it reloads before it has told what it has");
	if (reload_get(in->payload, &what, e) == -1)
		return -1;
	reload_ask(p->route, p, in->id, &what);
	return 0;
}

/* A node says which directory is its own.  One that was started by another node
 * makes way: that node has gone, and the new one starts its own. */
static bool
serves(struct route *r, struct str confdir)
{
	char path[1024];
	struct stat theirs, ours;

	if (!confdir.n || str_c(confdir, path, sizeof path) == -1 || stat(path, &theirs) == -1 ||
	    stat(r->set->confdir, &ours) == -1 ||
	    (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino))
		return true;
	log_event(LOG_LEVEL_WARNING, "other_confdir", "ours", r->set->confdir, "theirs", path, "next",
	    r->set->autostarted ? "it ends, and the node starts another" :
	    "questions are answered by the policy of this one", NULL);
	if (!r->set->autostarted)
		return true;
	ev_break(r->loop, EVBREAK_ALL);
	return false;
}

static int
hear(struct plane *p, const struct envelope *in, struct err *e)
{
	switch (in->kind) {
	case KIND_PING:
		plane_say(p, KIND_PONG, 0, in->id, in->payload);
		return 0;
	case KIND_PONG:
		return 0;
	case KIND_PEER:
		return hear_peer(p, in, e);
	case KIND_PEER_GONE:
		world_peer_gone(&p->world, (uint32_t)in->id);
		return 0;
	case KIND_ANNOUNCE:
	case KIND_WITHDRAW:
		return hear_name(p, in, e);
	case KIND_ASK:
		return hear_question(p, in, e);
	case KIND_EVENT:
		return hear_event(p, in, e);
	case KIND_RELOAD:
		return hear_reload(p, in, e);
	case KIND_END:
		if (!serves(p->route, in->subject))
			return err_set(e, "it is of another configuration directory");
		if (!p->whole) {
			p->whole = true;
			if (p->route->now)
				plane_policy(p);
		}
		return 0;
	default:
		return err_set(e, "it says %s, which is not for fedx-route", kind_name(in->kind));
	}
}

void
plane_flow(struct plane *p)
{
	if (p->dead || (p->full ? !queue_has_room(&p->queue) : !queue_is_full(&p->queue)))
		return;
	p->full = !p->full;
	conn_pause(p->conn, p->full);
}

static size_t
on_input(void *owner, struct str in)
{
	struct plane *p = owner;
	struct err e = { .status = 0 };
	struct envelope got;
	const char *why;
	size_t used, all = 0;

	while (!p->dead && !p->full) {
		switch (envelope_parse(str_skip(in, all), PAYLOAD_MAX, &got, &used, &why)) {
		case PARSE_MORE:
			return all;
		case PARSE_BAD:
			plane_drop(p, why);
			return all;
		case PARSE_OK:
			all += used;
			if (hear(p, &got, &e) == -1)
				plane_drop(p, e.text);
			plane_flow(p);
		}
	}
	return all;
}

static void
on_lost(void *owner, const struct err *why)
{
	struct plane *p = owner;
	char number[16];

	snprintf(number, sizeof number, "%u", (unsigned)p->number);
	log_event(LOG_LEVEL_INFO, "node_gone", "connection", number, "why", why->text, NULL);
	p->dead = true;
	conn_close(p->conn);
	p->conn = NULL;
}

/* --- coming and going --- */

static const struct conn_owner callbacks = { .input = on_input, .lost = on_lost };

static void
turn_away(int fd, const char *why)
{
	log_event(LOG_LEVEL_WARNING, "turned_away", "why", why, NULL);
	close(fd);
}

static void
on_accept(void *owner, int fd, const char *from)
{
	struct route *r = owner;
	struct err e = { .status = 0 };
	struct plane *p;
	char number[16];

	(void)from;
	if (!peer_is_admin(fd)) {
		turn_away(fd, "it is of another user");
		return;
	}
	if (r->plane_count == PLANES_MAX) {
		turn_away(fd, "there are 16 connections already");
		return;
	}
	if ((p = calloc(1, sizeof *p)) == NULL || (p->conn = conn_open(r->net, fd, &e)) == NULL) {
		turn_away(p ? -1 : fd, "out of memory");
		free(p);
		return;
	}
	p->route = r;
	p->number = ++r->last_plane;
	world_init(&p->world);
	queue_init(&p->queue);
	list_add(&r->planes, &p->place);
	r->plane_count++;
	conn_set_max(p->conn, OUTPUT_MAX);
	conn_own(p->conn, &callbacks, p);
	snprintf(number, sizeof number, "%u", (unsigned)p->number);
	log_event(LOG_LEVEL_INFO, "node_connected", "connection", number, NULL);
	idle_look(r);
}

static void
plane_free(struct plane *p)
{
	reload_forget(p);
	list_del(&p->place);
	p->route->plane_count--;
	conn_close(p->conn);
	world_free(&p->world);
	queue_free(&p->queue);
	free(p);
}

void
server_reap(struct route *r)
{
	uint32_t before = r->plane_count;

	list_each_safe(n, &r->planes)
		if (list_of(n, struct plane, place)->dead)
			plane_free(list_of(n, struct plane, place));
	if (r->plane_count != before)
		idle_look(r);
}

int
server_open(struct route *r, struct err *e)
{
	list_init(&r->planes);
	buf_init(&r->out, PAYLOAD_MAX);
	buf_init(&r->body, PAYLOAD_MAX);
	r->listener = listen_unix(r->net, r->run.socket, 0600, on_accept, r, e);
	return r->listener ? 0 : -1;
}

void
server_close(struct route *r)
{
	listener_close(r->listener);
	r->listener = NULL;
	if (!r->planes.next)
		return;
	while (!list_empty(&r->planes))
		plane_free(list_of(r->planes.next, struct plane, place));
	buf_free(&r->out);
	buf_free(&r->body);
}
