/*
 * explain.c - why a message goes or does not go where it should: the policy
 * is asked without anything being sent, then the tables, then the next node.
 *
 * The answer is JSON lines, a line a step, each with the node that it is
 * about.  Only nodes of the own cluster are asked on, as "fedx@NODE".
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fabric/border.h"
#include "fabric/cluster.h"
#include "node/builtin.h"
#include "node/members.h"
#include "wire/fields.h"
#include "wire/json.h"

enum { DEPTH = 8, TEXT = 512, ANSWER_MS = 2000, HOP_MS = 5000, HOPS_BYTES = 64 * 1024 };

struct explanation {
	struct list place;		/* node.explanations */
	struct builtin *builtin;
	struct timer due;
	uint64_t answer;		/* whose stream it is */
	uint64_t question;		/* to fedx-route; 0: none is under way */
	uint64_t hop;			/* to the next node; 0: none */
	uint32_t peer_number;		/* of who would hand the message in */
	uint8_t kind;
	char from[TEXT], to[TEXT], subject[TEXT], as[TEXT], origin[256];
	struct buf line;
};

static struct node *
node_of(const struct explanation *x)
{
	return x->builtin->node;
}

static void
over(struct explanation *x)
{
	struct node *n = node_of(x);

	timer_drop(&n->fabric.wheel, &x->due);
	inner_forget(&n->inner, x->hop);
	list_del(&x->place);
	buf_free(&x->line);
	builtin_end(x->builtin, x->answer);
	free(x);
}

/* --- lines --- */

static struct buf *
step(struct explanation *x, const char *what)
{
	x->line.head = x->line.tail = 0;
	buf_fmt(&x->line, "{\"v\":1");
	put_member(&x->line, "node", str(node_of(x)->fabric.node));
	put_member(&x->line, "step", str(what));
	return &x->line;
}

static void
say(struct explanation *x)
{
	buf_str(&x->line, STR("}\n"));
	builtin_say(x->builtin, x->answer, buf_view(&x->line));
}

static void
end(struct explanation *x, const char *result, const char *why)
{
	struct buf *o = step(x, "end");

	put_member(o, "result", str(result));
	if (why && *why)
		put_member(o, "why", str(why));
	say(x);
	over(x);
}

/* --- who would hand it in --- */

static struct port *
find_peer(struct node *n, struct str name)
{
	struct claim *c;

	list_each(at, &n->fabric.ports) {
		struct port *p = list_of(at, struct port, all);

		if (p->kind != PORT_SELF && p != &n->inner.port && p != &n->rules.port &&
		    (str_eq(p->node, name) || str_eq(p->from, name)))
			return p;
	}
	c = memchr(name.p, '@', name.n) ? fib_endpoint(&n->fabric.fib, name) : NULL;
	return c ? c->port : NULL;
}

/* It may have gone while fedx-route was asked. */
static struct port *
peer_now(const struct explanation *x)
{
	list_each(at, &node_of(x)->fabric.ports)
		if (list_of(at, struct port, all)->gate.number == x->peer_number)
			return list_of(at, struct port, all);
	return NULL;
}

/* --- where it goes --- */

static void
on_hop(void *owner, struct str bytes, bool last, bool error)
{
	struct explanation *x = owner;
	char why[200];

	if (last)
		x->hop = 0;
	if (error) {
		snprintf(why, sizeof why, "the next node does not say: %.*s",
		    bytes.n > 140 ? 140 : (int)bytes.n, bytes.n ? bytes.p : "");
		end(x, "unknown", why);
		return;
	}
	builtin_say(x->builtin, x->answer, bytes);
	if (last)
		over(x);
}

static void
ask_next(struct explanation *x, const struct port *next)
{
	struct node *n = node_of(x);
	struct envelope e = { .type = TYPE_JSON, .to = next->node, .subject = STR("fedx/explain"),
	    .deadline_ms = HOP_MS };
	struct buf body;

	if (!n->fabric.cluster[0] || !str_is(next->gate.cluster, n->fabric.cluster)) {
		end(x, "unknown", "the next node is of another cluster");
		return;
	}
	buf_init(&body, HOPS_BYTES);
	buf_fmt(&body, "{\"kind\":\"request\"");
	put_member(&body, "from", str(x->from));
	put_member(&body, "to", str(x->to));
	put_member(&body, "subject", str(x->subject));
	put_member(&body, "origin", str(x->origin));
	buf_str(&body, STR("}"));
	e.payload = buf_view(&body);
	timer_set(&n->fabric.wheel, &x->due, n->fabric.now, HOP_MS + 1000);
	/* the answer may come from within, and be the end of x */
	if ((x->hop = n->inner.last + 1, inner_ask(&n->inner, &e, on_hop, x)) == 0) {
		x->hop = 0;
		end(x, "unknown", "no memory to ask the next node");
	}
	buf_free(&body);
}

static void
say_candidates(struct explanation *x, const struct port *from, const struct target *t)
{
	struct node *n = node_of(x);
	struct str service, method;
	struct name *name;
	char why[200];

	if (x->to[0] || !str_split(str(x->subject), '/', &service, &method) ||
	    (name = fib_name(&n->fabric.fib, FAMILY_SERVICE, service)) == NULL)
		return;
	list_each(at, &name->claims) {
		const struct claim *c = list_of(at, struct claim, of_name);
		struct buf *o = step(x, "instance");

		why[0] = '\0';
		if (c->port == from && port_is_link(c->port))
			snprintf(why, sizeof why, "it is where the message comes from");
		else if (!claim_serves(c))
			via_why(c->via, n->fabric.now, why, sizeof why);
		else if (claim_methods(c).n && method.n && !words_have(claim_methods(c), method))
			snprintf(why, sizeof why, "it has no method '%.*s'",
			    method.n > 80 ? 80 : (int)method.n, method.p);
		else if (!claim_has_room(c))
			snprintf(why, sizeof why, "it has %" PRIu32 " requests already, as many as it takes",
			    c->in_flight);
		else if (c != t->claim)
			snprintf(why, sizeof why, "%s", t->claim && !port_is_link(t->claim->port) &&
			    port_is_link(c->port) ? "an instance at this node comes first" :
			    "balancing picks another one now");
		put_member(o, "link", c->port->node.n ? c->port->node : STR("client"));
		if (c->via) {
			put_member(o, "origin", c->via->origin->node);
			put_path(o, c->via->path);
		}
		put_member(o, "version", claim_version(c));
		buf_fmt(o, ",\"local\":%s,\"chosen\":%s", port_is_link(c->port) ? "false" : "true",
		    c == t->claim ? "true" : "false");
		put_number(o, "in_flight", c->in_flight);
		if (why[0])
			put_member(o, "why", str(why));
		say(x);
	}
}

/* Nobody holds it: perhaps who would is not linked, and why. */
static void
say_links_down(struct explanation *x)
{
	list_each(at, &node_of(x)->links.uplinks) {
		const struct uplink *u = list_of(at, struct uplink, place);
		struct buf *o;

		if (!u->url_count || uplink_linked(u))
			continue;
		o = step(x, "link");
		put_member(o, "name", str(u->urls[u->url]));
		put_member(o, "state", str(uplink_word(u)));
		put_member(o, "why", str(u->why));
		say(x);
	}
}

/* What another cluster may not ask for is refused where it comes in. */
static bool
is_closed(struct explanation *x, const struct port *from, struct target *t)
{
	const struct fabric *f = &node_of(x)->fabric;
	struct str service, method;
	char text[FED_TEXT];

	if (x->to[0] || !border_is_foreign(f, from) ||
	    !str_split(str(x->subject), '/', &service, &method) || str_is(service, "fedx") ||
	    federation_function_open(f->federation, service, method))
		return false;
	federation_text_function(text, str(x->subject), from->cluster);
	snprintf(t->why, sizeof t->why, "%.*s", (int)sizeof t->why - 1, text);
	t->error = E_denied;
	return true;
}

static void
route(struct explanation *x, struct str via)
{
	struct node *n = node_of(x);
	struct port *from = peer_now(x);
	struct envelope e = { .kind = x->kind, .hops = HOPS_DEFAULT, .origin = str(x->origin),
	    .from = str(x->from), .to = str(x->to), .subject = str(x->subject) };
	struct target t = { .error = E_NONE };
	struct buf *o;

	if (!from) {
		end(x, "unknown", "who would hand it in has gone");
		return;
	}
	/* as if balance had been asked and had no opinion: what it would pick is not asked */
	if (!is_closed(x, from, &t)) {
		request_resolve(&n->fabric, from, &e, STR(""), &(struct gate_way){ .via = via, .picked = true }, &t);
		say_candidates(x, from, &t);
	}
	o = step(x, "route");
	if (t.error != E_NONE) {
		put_member(o, "error", str(error_row((unsigned)t.error)->name));
		put_member(o, "why", str(t.why));
		say(x);
		say_links_down(x);
		end(x, "no_route", t.why);
		return;
	}
	put_member(o, "goes", str(!t.port ? "waits" : t.port->kind == PORT_SELF ? "node" :
	    t.port->kind == PORT_UPLINK ? "uplink" : port_is_link(t.port) ? "link" : "client"));
	if (t.port)
		put_member(o, "next", t.port->node.n ? t.port->node : t.port->from);
	if (via.n)
		put_member(o, "via", via);
	say(x);
	if (!t.port)
		end(x, "waits", "all instances are busy: it would wait for one");
	else if (port_is_link(t.port))
		ask_next(x, t.port);
	else
		end(x, "delivered", "");
}

/* --- what policy says --- */

static void
no_policy(struct explanation *x, const char *why)
{
	struct buf *o = step(x, "policy");

	put_member(o, "hook", STR("route"));
	put_member(o, "verdict", STR("allow"));
	put_member(o, "rule", STR("default"));
	put_member(o, "why", str(why));
	say(x);
	route(x, STR(""));
}

/* Of what fedx-route explains, what the hook has read: the rest is said here already. */
static void
put_read(struct buf *o, struct str explanation)
{
	static const char *const names[] = { "read", "tests", "lookups" };
	struct json_fault fault;
	struct str line, v;

	str_split(explanation, '\n', &line, &explanation);
	if (json_check(line, DEPTH, &fault) == -1)
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if ((v = json_member(line, names[i])).n) {
			buf_fmt(o, ",\"%s\":", names[i]);
			buf_str(o, v);
		}
}

static void
judged(struct explanation *x, const struct verdict *v)
{
	struct node *n = node_of(x);
	struct buf *o = step(x, "policy");
	bool denied = v->answer == ANSWER_DENY, odd = !denied && v->answer != ANSWER_NONE && v->answer != ANSWER_ALLOW;
	char via[256];

	put_member(o, "hook", STR("route"));
	put_member(o, "verdict", str(denied || odd ? "deny" : v->answer == ANSWER_NONE ? "default" : "allow"));
	put_rule(n, v->rule, o);
	if (denied || odd) {
		put_member(o, "error", str(error_row(odd ? E_policy_error : v->error ? v->error : E_denied)->name));
		put_member(o, "reason", v->reason);
	}
	if (v->via.n)
		put_member(o, "via", v->via);
	if (v->to.n)
		put_member(o, "to", v->to);
	if (v->subject.n)
		put_member(o, "subject", v->subject);
	if (v->limit.n)
		put_member(o, "limit", v->limit);
	put_read(o, v->explanation);
	say(x);
	if (denied || odd) {
		end(x, "denied", "");
		return;
	}
	if (v->to.n)
		str_c(v->to, x->to, sizeof x->to);
	if (v->subject.n)
		str_c(v->subject, x->subject, sizeof x->subject);
	str_c(v->via, via, sizeof via);
	route(x, str(via));
}

static void
ask_policy(struct explanation *x, struct port *peer)
{
	struct node *n = node_of(x);
	struct control *c = &n->control;
	struct gate *g = &n->fabric.gate;
	struct question q = { .hook = HOOK_ROUTE, .how = ASK_EXPLAIN, .peer = peer->gate.number,
	    .kind = x->kind, .from = str(x->from), .to = str(x->to), .subject = str(x->subject),
	    .origin = str(x->origin), .family = FAMILY_SERVICE };

	if (g->known ? !(g->hooks >> HOOK_ROUTE & 1) : !g->expected) {
		no_policy(x, "the policy has no route hook, or there is no policy");
	} else if (control_ask(c, &q, &x->question) == -1) {
		x->question = 0;
		end(x, "unknown", "fedx-route is not there: what is not decided yet is denied policy_unavailable");
	} else {
		timer_set(&n->fabric.wheel, &x->due, n->fabric.now, ANSWER_MS);
	}
}

void
explained(struct node *n, uint64_t question, const struct verdict *v)
{
	list_each_safe(at, &n->explanations) {
		struct explanation *x = list_of(at, struct explanation, place);

		if (x->question != question)
			continue;
		x->question = 0;
		judged(x, v);
		return;
	}
}

void
explain_lost(struct node *n)
{
	list_each_safe(at, &n->explanations) {
		struct explanation *x = list_of(at, struct explanation, place);

		if (x->question)
			end(x, "unknown", "fedx-route was lost before it answered");
	}
}

static void
on_due(struct wheel *w, struct timer *t)
{
	struct explanation *x = list_of(t, struct explanation, due);

	(void)w;
	end(x, "unknown", x->question ? "fedx-route did not answer in time" : "the next node did not answer in time");
}

/* --- the question --- */

static int
member(struct str object, const char *name, char *to, size_t size, struct err *e)
{
	struct str v = json_member(object, name);
	struct buf text;
	int r = 0;

	*to = '\0';
	if (!v.n || json_type(v) == JSON_NULL)
		return 0;
	buf_init(&text, size);
	if (json_text(v, &text) == -1 || str_c(buf_view(&text), to, size) == -1)
		r = err_set(e, "'%s' wants a text of at most %zu bytes", name, size - 1);
	buf_free(&text);
	return r;
}

static int
parse(struct explanation *x, struct str payload, char decision[TEXT], struct err *e)
{
	struct json_fault fault;
	char service[TEXT], method[TEXT], kind[TEXT];

	if (json_check(payload, DEPTH, &fault) == -1)
		return err_set(e, "the question is no JSON: %s", fault.why);
	if (member(payload, "from", x->from, TEXT, e) == -1 || member(payload, "to", x->to, TEXT, e) == -1 ||
	    member(payload, "subject", x->subject, TEXT, e) == -1 ||
	    member(payload, "service", service, TEXT, e) == -1 ||
	    member(payload, "method", method, TEXT, e) == -1 ||
	    member(payload, "kind", kind, TEXT, e) == -1 || member(payload, "as", x->as, TEXT, e) == -1 ||
	    member(payload, "origin", x->origin, sizeof x->origin, e) == -1 ||
	    member(payload, "decision", decision, TEXT, e) == -1)
		return -1;
	if (kind[0] && strcmp(kind, "request") != 0)
		return err_set(e, "only kind 'request' can be explained, not '%.40s'", kind);
	x->kind = KIND_REQUEST;
	/* TO without an '@' that is no node may be a service */
	if (!service[0] && x->to[0] && !x->subject[0] && !strchr(x->to, '@') &&
	    !fib_name(&node_of(x)->fabric.fib, FAMILY_NODE, str(x->to)) &&
	    strcmp(x->to, node_of(x)->fabric.node) != 0) {
		snprintf(service, sizeof service, "%s", x->to);
		x->to[0] = '\0';
	}
	if (!x->subject[0] && (size_t)snprintf(x->subject, TEXT, "%s/%s", service, method) >= TEXT)
		return err_set(e, "service and method are too long");
	if (!decision[0] && !x->to[0] && x->subject[0] == '/')
		return err_set(e, "say where it would go: 'to' or 'service'");
	return 0;
}

static void
say_question(struct explanation *x, const struct port *peer)
{
	struct buf *o = step(x, "question");

	put_member(o, "from", str(x->from));
	put_member(o, "to", str(x->to));
	put_member(o, "subject", str(x->subject));
	put_member(o, "peer", peer->node.n ? peer->node : peer->from.n ? peer->from : STR("client"));
	say(x);
}

enum error
explain_begin(struct builtin *b, struct reply *a, const struct envelope *e, struct port *by, struct err *err)
{
	struct node *n = b->node;
	struct explanation *x = calloc(1, sizeof *x);
	struct port *peer = by;
	char decision[TEXT];
	enum error error = E_NONE;

	if (!x) {
		err_set(err, "no memory");
		return E_overloaded;
	}
	x->builtin = b;
	x->answer = a->id;
	buf_init(&x->line, 64 * 1024);
	timer_init(&x->due, on_due);
	list_init(&x->place);
	a->later = true;
	if (parse(x, e->payload, decision, err) == -1) {
		error = E_malformed;
	} else if (decision[0] && by->admin) {
		error = put_decision(n, str(decision), &a->bytes) == 0 ? E_NONE : E_not_found;
		if (error == E_NONE)
			builtin_end(b, a->id);
		else
			err_set(err, "decision '%.40s' is not of this node, or no longer kept", decision);
	} else if (by->admin) {
		if (strcmp(x->as, n->fabric.node) == 0) {
			peer = by;
		} else if (x->as[0] && (peer = find_peer(n, str(x->as))) == NULL) {
			err_set(err, "there is no peer '%.80s'", x->as);
			error = E_not_found;
		} else if (!x->as[0] && x->from[0] && (peer = find_peer(n, str(x->from))) == NULL) {
			peer = by;
		}
	}
	if (error != E_NONE || decision[0]) {
		buf_free(&x->line);
		free(x);
		return error;
	}
	if (!x->origin[0] || by->admin)
		str_c(port_is_link(peer) ? peer->node : str(n->fabric.node), x->origin, sizeof x->origin);
	if (!port_is_link(peer) && peer != by && !x->from[0])
		str_c(peer->from, x->from, sizeof x->from);
	x->peer_number = peer->gate.number;
	list_add(&n->explanations, &x->place);
	say_question(x, peer);
	ask_policy(x, peer);
	return E_NONE;
}
