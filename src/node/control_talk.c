/*
 * control_talk.c - what is said to fedx-route, and what is heard from it: the
 * gate's questions out, verdicts, rules and policies in.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "node/control.h"
#include "node/node.h"

enum { OWN = 63 };	/* the bit of a question that is ours and not the gate's */

static int
say(struct control *c, const struct envelope *e)
{
	size_t n = envelope_size(e);
	uint8_t *to;

	if (!c->conn || c->broken)
		return -1;
	if ((to = conn_room(c->conn, n)) == NULL)
		return control_break(c, "it does not read what it is told"), -1;
	envelope_write(to, e, STR(""));
	conn_made(c->conn, n);
	return 0;
}

int
control_say(struct control *c, uint8_t kind, uint64_t id, struct str body)
{
	return say(c, &(struct envelope){ .kind = kind, .hops = 1, .id = id, .payload = body });
}

/* A body that does not fit is a fault of ours: names and fields are bounded. */
static int
say_body(struct control *c, uint8_t kind, uint64_t id, int put)
{
	if (put == -1)
		return control_break(c, "a message to it does not fit"), -1;
	return control_say(c, kind, id, buf_view(&c->body));
}

static struct buf *
fresh(struct control *c)
{
	c->body.head = c->body.tail = 0;
	return &c->body;
}

static struct control *
control_of(void *owner)
{
	return &((struct node *)owner)->control;
}

/* --- what the gate wants said --- */

static int
say_question(struct control *c, uint64_t number, const struct question *q)
{
	if (c->state != CONTROL_UP ||
	    say_body(c, KIND_ASK, number, question_put(fresh(c), q)) == -1)
		return -1;
	if (c->asks++ == c->verdicts)
		c->asked = c->node->fabric.now;
	return 0;
}

static int
on_ask(void *owner, uint64_t number, const struct question *q)
{
	return say_question(control_of(owner), number, q);
}

static void
on_peer(void *owner, const struct peer_facts *p)
{
	struct control *c = control_of(owner);

	if (c->conn)
		say_body(c, KIND_PEER, 0, peer_put(fresh(c), p));
}

static void
on_peer_gone(void *owner, uint32_t number)
{
	control_say(control_of(owner), KIND_PEER_GONE, number, STR(""));
}

static void
on_name(void *owner, bool there, const struct announcement *a, uint32_t peer, uint64_t number)
{
	struct control *c = control_of(owner);
	struct envelope e = { .kind = there ? KIND_ANNOUNCE : KIND_WITHDRAW, .hops = 1, .id = number };
	char who[16];

	if (!c->conn)
		return;
	if (announcement_put(fresh(c), a) == -1) {
		control_break(c, "a name does not fit");
		return;
	}
	snprintf(who, sizeof who, "%" PRIu32, peer);
	e.from = str(who);
	e.payload = buf_view(&c->body);
	say(c, &e);
}

static void
on_differs(void *owner, const struct flow *fl, const struct verdict *v)
{
	struct control *c = control_of(owner);
	struct rule_place *was = rulebook_place(&c->rules, fl->rule), *is = rulebook_place(&c->rules, v->rule);
	char before[160], after[160];

	snprintf(before, sizeof before, "%s %s:%u", fl->answer == ANSWER_DENY ? "deny" : "allow",
	    was ? was->file : "default", was ? was->line : 0);
	snprintf(after, sizeof after, "%s %s:%u", v->answer == ANSWER_DENY ? "deny" : "allow",
	    is ? is->file : "default", is ? is->line : 0);
	log_event(LOG_LEVEL_WARNING, "policy_differs", "was", before, "is", after, "why",
	    "the same question got another answer: the hook depends on what it does not read from "
	    "msg, peer or env", NULL);
}

static void
on_admitted(void *owner, struct port *p, enum error error, const char *why)
{
	(void)owner;
	link_admitted(list_of(p, struct link, port), error, why);
}

static void
on_denied(void *owner, const struct port *p, const struct question *q, uint32_t rule,
    enum error error, struct str reason, uint64_t decision)
{
	struct node *n = owner;

	if (n->control.stopping)
		return;
	decisions_add(&n->control.decisions, decision, p->node.n ? p->node : p->from, q, rule, error, reason);
	if (decisions_last(&n->control.decisions))
		node_denied(n, decisions_last(&n->control.decisions));
}

static const struct gate_ops gate_ops = {
	on_ask, on_peer, on_peer_gone, on_name, on_differs, on_admitted, on_denied
};

int
control_gate(struct node *n, struct err *e)
{
	if (gate_init(&n->fabric.gate, &gate_ops, n) == -1)
		return err_memory(e, "the verdicts of policy");
	n->fabric.gate.limits = n->set->policy;
	n->fabric.gate.flows.max = n->set->policy.flows;
	return 0;
}

void
control_greet(struct control *c)
{
	struct envelope end = { .kind = KIND_END, .hops = 1 };
	char *confdir = realpath(settings_confdir(c->node->set), NULL);

	gate_connected(&c->node->fabric);
	/* one that a node before us has left here may serve another directory */
	end.subject = str(confdir);
	say(c, &end);
	free(confdir);
}

/* --- what others of the node want said --- */

void
control_event(struct control *c, enum hook hook, struct str json)
{
	struct envelope e = { .kind = KIND_EVENT, .type = TYPE_JSON, .hops = 1, .payload = json };
	const char *what = hook_name(hook);

	if (c->state != CONTROL_UP || !(c->node->fabric.gate.hooks >> hook & 1))
		return;
	e.subject = str(strncmp(what, "on.", 3) == 0 ? what + 3 : what);
	/* it is behind: rules miss an event before the node loses its policy */
	if (conn_queued(c->conn) > CONTROL_OUT_MAX / 2 || say(c, &e) == -1)
		c->node->fabric.count.events_dropped++;
}

int
control_ask(struct control *c, struct question *q, uint64_t *number)
{
	*number = ++c->own | 1ull << OWN;
	return say_question(c, *number, q);
}

int
control_reload(struct control *c, enum reload_what what, uint32_t confirm_ms, uint64_t id)
{
	struct reload r = { .what = (uint8_t)what, .confirm_ms = confirm_ms };

	return say_body(c, KIND_RELOAD, id, reload_put(fresh(c), &r));
}

/* --- what it says --- */

static int
on_verdict(struct control *c, const struct envelope *e, struct err *err)
{
	struct rule_place *place;
	struct verdict v;

	if (verdict_get(e->payload, &v, err) == -1)
		return -1;
	if (++c->verdicts >= c->asks)
		c->asked = (struct mono){ 0 };
	else
		c->asked = c->node->fabric.now;
	v.rule = rulebook_ours(&c->rules, v.rule);
	if ((place = rulebook_place(&c->rules, v.rule)) != NULL)
		place->verdicts++;
	if (e->id >> OWN & 1)
		explained(c->node, e->id, &v);
	else
		gate_verdict(&c->node->fabric, e->id, &v);
	return 0;
}

static void
say_policy(struct control *c, bool new)
{
	char generation[24], digest[17];

	snprintf(generation, sizeof generation, "%u", c->mark.generation);
	for (int i = 0; i < 8; i++)
		snprintf(digest + 2 * i, 3, "%02x", (unsigned char)c->digest[i]);
	if (c->mark.failed)
		log_event(LOG_LEVEL_ERROR, "policy_failed", "why", c->mark_why, "next",
		    "everything that policy could decide is denied", NULL);
	else
		log_event(new ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "policy", "digest", digest,
		    "generation", generation, NULL);
}

/* The one that was started for it has none yet, so that a reload takes it, and can go back. */
static void
take_found(struct control *c)
{
	char none[32];

	control_no_policy(none);
	c->found = false;
	if (c->pid && !c->mark.failed && memcmp(none, c->digest, sizeof none) == 0 && !renew_busy(c->node))
		renew_signal(c->node);
}

static int
on_policy(struct control *c, const struct envelope *e, struct err *err)
{
	struct policy_mark m;
	bool new, first = c->state == CONTROL_LOADING;

	if (policy_mark_get(e->payload, &m, err) == -1)
		return -1;
	if (m.digest.n != sizeof c->digest)
		return err_set(err, "POLICY has a digest of %zu bytes", m.digest.n);
	new = !c->marked || m.failed != c->mark.failed || memcmp(c->digest, m.digest.p, sizeof c->digest) != 0;
	memcpy(c->digest, m.digest.p, sizeof c->digest);
	snprintf(c->mark_why, sizeof c->mark_why, "%.*s", m.why.n > 230 ? 230 : (int)m.why.n,
	    m.why.n ? m.why.p : "");
	c->mark = m;
	c->mark.digest = (struct str){ c->digest, sizeof c->digest };
	c->mark.why = str(c->mark_why);
	c->marked = true;
	rulebook_policy(&c->rules, m.generation);
	say_policy(c, new || first);
	if (first) {		/* its END is behind it: it may be asked */
		c->state = CONTROL_UP;
		c->since = c->node->fabric.now;
		c->why[0] = '\0';
	}
	gate_policy(&c->node->fabric, &c->mark);
	renew_policy(c->node);
	if (c->found && first)
		take_found(c);
	return 0;
}

static int
on_rule(struct control *c, const struct envelope *e, struct err *err)
{
	struct rule_mark m;

	if (rule_mark_get(e->payload, &m, err) == -1)
		return -1;
	if (rulebook_told(&c->rules, &m) == -1)
		log_event(LOG_LEVEL_WARNING, "rule_unnamed", "why",
		    "there are too many rules to remember where each is written", NULL);
	return 0;
}

static int
on_reloaded(struct control *c, const struct envelope *e, struct err *err)
{
	struct reloaded r;

	if (reloaded_get(e->payload, &r, err) == -1)
		return -1;
	renew_answered(c->node, e->id, &r);
	return 0;
}

static int
on_action(struct control *c, const struct envelope *e, struct err *err)
{
	struct action a;

	if (action_get(e->payload, &a, err) == -1)
		return -1;
	inner_action(&c->node->rules, &a);
	return 0;
}

static int
hear(struct control *c, const struct envelope *e, struct err *err)
{
	if (!(kind_by(e->kind) & BY_ROUTE))
		return err_set(err, "it said %s, which fedx-route has no business to say",
		    kind_name(e->kind));
	switch (e->kind) {
	case KIND_VERDICT:
		return on_verdict(c, e, err);
	case KIND_POLICY:
		return on_policy(c, e, err);
	case KIND_RULE:
		return on_rule(c, e, err);
	case KIND_RELOADED:
		return on_reloaded(c, e, err);
	case KIND_ACTION:
		return on_action(c, e, err);
	default:		/* PONG and END: that it came says all */
		return 0;
	}
}

size_t
control_input(void *owner, struct str in)
{
	struct control *c = owner;
	struct conn *conn = c->conn;
	struct envelope e;
	struct err err = { .status = 0 };
	const char *why = "";
	size_t used = 0, n;
	enum parse p;

	c->node->fabric.now = net_time(c->node->net);
	/* what is heard may lose the connection, and even begin another */
	while (c->conn == conn && used < in.n) {
		p = envelope_parse(str_skip(in, used), CONTROL_IN_MAX, &e, &n, &why);
		if (p == PARSE_MORE)
			break;
		used += p == PARSE_OK ? n : 0;
		if (p == PARSE_BAD)
			err_set(&err, "what it said is no envelope: %s", why);
		if ((p == PARSE_BAD || hear(c, &e, &err) == -1) && c->conn == conn) {
			c->node->fabric.count.malformed++;
			control_lost(c, err.text);
		}
	}
	return used;
}
