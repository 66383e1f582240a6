/*
 * explain.c - why a message goes or does not go where it should: the policy
 * is asked without anything being sent, then the tables, then the next node.
 *
 * The answer is JSON lines, a line a step, each with the node that it is
 * about.  Only nodes of the own cluster are asked on, as "fedx@NODE".
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/explain.h"
#include "node/members.h"
#include "wire/json.h"

enum { DEPTH = 8, ANSWER_MS = 2000 };

void
explain_over(struct explanation *x)
{
	struct node *n = explain_node(x);

	timer_drop(&n->fabric.wheel, &x->due);
	inner_forget(&n->inner, x->hop);
	list_del(&x->place);
	buf_free(&x->line);
	builtin_end(x->builtin, x->answer);
	free(x);
}

/* --- lines --- */

struct buf *
explain_step(struct explanation *x, const char *what)
{
	x->line.head = x->line.tail = 0;
	buf_fmt(&x->line, "{\"v\":1");
	put_member(&x->line, "node", str(explain_node(x)->fabric.node));
	put_member(&x->line, "step", str(what));
	return &x->line;
}

void
explain_say(struct explanation *x)
{
	buf_str(&x->line, STR("}\n"));
	builtin_say(x->builtin, x->answer, buf_view(&x->line));
}

void
explain_end(struct explanation *x, const char *result, const char *why)
{
	struct buf *o = explain_step(x, "end");

	put_member(o, "result", str(result));
	if (why && *why)
		put_member(o, "why", str(why));
	explain_say(x);
	explain_over(x);
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
	c = address_family(name) == FAMILY_ENDPOINT ? fib_endpoint(&n->fabric.fib, name) : NULL;
	return c ? c->port : NULL;
}

/* It may have gone while fedx-route was asked. */
struct port *
explain_peer(const struct explanation *x)
{
	list_each(at, &explain_node(x)->fabric.ports)
		if (list_of(at, struct port, all)->gate.number == x->peer_number)
			return list_of(at, struct port, all);
	return NULL;
}

/* --- what policy says --- */

static void
no_policy(struct explanation *x, const char *why)
{
	struct buf *o = explain_step(x, "policy");

	put_member(o, "hook", STR("route"));
	put_member(o, "verdict", STR("allow"));
	put_member(o, "rule", STR("default"));
	put_member(o, "why", str(why));
	explain_say(x);
	explain_way(x, STR(""));
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
	struct node *n = explain_node(x);
	struct buf *o = explain_step(x, "policy");
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
	explain_say(x);
	if (denied || odd) {
		explain_end(x, "denied", "");
		return;
	}
	if (v->to.n)
		str_c(v->to, x->to, sizeof x->to);
	if (v->subject.n)
		str_c(v->subject, x->subject, sizeof x->subject);
	str_c(v->via, via, sizeof via);
	explain_way(x, str(via));
}

/* What no policy is asked about: who hands it in may not, by what it was let in with. */
static void
out_of_scope(struct explanation *x, const struct port *peer)
{
	struct buf *o = explain_step(x, "policy");

	put_member(o, "hook", STR("admit"));
	put_member(o, "verdict", STR("deny"));
	put_member(o, "rule", STR("scopes"));
	put_member(o, "error", str(error_row(E_scope)->name));
	put_member(o, "reason", str(gate_scope_denial(peer)));
	explain_say(x);
	explain_end(x, "denied", "");
}

static void
ask_policy(struct explanation *x, struct port *peer)
{
	struct node *n = explain_node(x);
	struct control *c = &n->control;
	struct gate *g = &n->fabric.gate;
	struct question q = { .hook = HOOK_ROUTE, .how = ASK_EXPLAIN, .peer = peer->gate.number,
	    .kind = x->kind, .from = str(x->from), .to = str(x->to), .subject = str(x->subject),
	    .origin = str(x->origin), .family = FAMILY_SERVICE };

	if (!gate_may_ask(peer, x->kind, q.to, q.subject)) {
		out_of_scope(x, peer);
	} else if (g->known ? !(g->hooks >> HOOK_ROUTE & 1) : !g->expected) {
		no_policy(x, "the policy has no route hook, or there is no policy");
	} else if (control_ask(c, &q, &x->question) == -1) {
		x->question = 0;
		explain_end(x, "unknown", "fedx-route is not there: what is not decided yet is denied policy_unavailable");
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
			explain_end(x, "unknown", "fedx-route was lost before it answered");
	}
}

static void
on_due(struct wheel *w, struct timer *t)
{
	struct explanation *x = list_of(t, struct explanation, due);

	(void)w;
	explain_end(x, "unknown", x->question ? "fedx-route did not answer in time" : "the next node did not answer in time");
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
parse(struct explanation *x, struct str payload, char decision[EXPLAIN_TEXT], struct err *e)
{
	struct json_fault fault;
	char service[EXPLAIN_TEXT], method[EXPLAIN_TEXT], kind[EXPLAIN_TEXT];

	if (json_check(payload, DEPTH, &fault) == -1)
		return err_set(e, "the question is no JSON: %s", fault.why);
	if (member(payload, "from", x->from, EXPLAIN_TEXT, e) == -1 || member(payload, "to", x->to, EXPLAIN_TEXT, e) == -1 ||
	    member(payload, "subject", x->subject, EXPLAIN_TEXT, e) == -1 ||
	    member(payload, "service", service, EXPLAIN_TEXT, e) == -1 ||
	    member(payload, "method", method, EXPLAIN_TEXT, e) == -1 ||
	    member(payload, "kind", kind, EXPLAIN_TEXT, e) == -1 || member(payload, "as", x->as, EXPLAIN_TEXT, e) == -1 ||
	    member(payload, "origin", x->origin, sizeof x->origin, e) == -1 ||
	    member(payload, "decision", decision, EXPLAIN_TEXT, e) == -1)
		return -1;
	if (kind[0] && strcmp(kind, "request") != 0)
		return err_set(e, "only kind 'request' can be explained, not '%.40s'", kind);
	x->kind = KIND_REQUEST;
	/* TO that could be a node and is none may be a service */
	if (!service[0] && !x->subject[0] && address_family(str(x->to)) == FAMILY_NODE &&
	    !fib_name(&explain_node(x)->fabric.fib, FAMILY_NODE, str(x->to)) &&
	    strcmp(x->to, explain_node(x)->fabric.node) != 0) {
		snprintf(service, sizeof service, "%s", x->to);
		x->to[0] = '\0';
	}
	if (!x->subject[0] && (size_t)snprintf(x->subject, EXPLAIN_TEXT, "%s/%s", service, method) >= EXPLAIN_TEXT)
		return err_set(e, "service and method are too long");
	if (!decision[0] && !x->to[0] && x->subject[0] == '/')
		return err_set(e, "say where it would go: 'to' or 'service'");
	return 0;
}

static void
say_question(struct explanation *x, const struct port *peer)
{
	struct buf *o = explain_step(x, "question");

	put_member(o, "from", str(x->from));
	put_member(o, "to", str(x->to));
	put_member(o, "subject", str(x->subject));
	put_member(o, "peer", peer->node.n ? peer->node : peer->from.n ? peer->from : STR("client"));
	explain_say(x);
}

enum error
explain_begin(struct builtin *b, struct reply *a, const struct envelope *e, struct port *by, struct err *err)
{
	struct node *n = b->node;
	struct explanation *x = calloc(1, sizeof *x);
	struct port *peer = by;
	char decision[EXPLAIN_TEXT];
	enum error error = E_NONE;

	if (!x) {
		err_memory(err, "an explanation");
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
