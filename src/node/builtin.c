/*
 * builtin.c - the service "fedx" of each node: ping, links, services,
 * endpoints, version, watch, top, drain; and the answer for "SERVICE/", which
 * asks only whether the service is there.
 *
 * It is a port of the fabric like any other: requests come in by send(),
 * answers go back by fabric_receive().  An answer is a stream of JSON lines;
 * what its reader has not given credit for waits, and a watcher that is far
 * behind loses events, which are counted.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/tls.h"
#include "node/node.h"
#include "wire/hello.h"
#include "wire/json.h"

enum { LIST_MAX = 64 << 20, BEHIND_MAX = 1 << 20 };

struct answer {
	struct list place;
	uint64_t id;
	struct buf bytes;
	uint32_t window;
	uint64_t dropped;
	bool begun, endless, top;
	bool busy;			/* it speaks; who reads grants credit at once */
	bool over;			/* freed at the end of what goes on */
};

struct builtin {
	struct port port;
	struct node *node;
	struct list answers;
	uint32_t watchers, endless;	/* answers: to watch; to watch and top */
	uint32_t depth;			/* of loops over answers and of what they say */
	bool unswept;
	struct timer second;		/* for top */
};

static struct builtin *
builtin_of(struct port *p)
{
	return list_of(p, struct builtin, port);
}

/* --- streams of lines --- */

static void
answer_free(struct answer *a)
{
	list_del(&a->place);
	buf_free(&a->bytes);
	free(a);
}

/* What is said may end any answer, also the one that says it. */
static void
enter(struct builtin *b)
{
	b->depth++;
}

static void
leave(struct builtin *b)
{
	if (--b->depth || !b->unswept)
		return;
	b->unswept = false;
	list_each_safe(n, &b->answers)
		if (list_of(n, struct answer, place)->over)
			answer_free(list_of(n, struct answer, place));
}

static void
answer_end(struct builtin *b, struct answer *a)
{
	if (a->over)
		return;
	a->over = true;
	b->endless -= a->endless;
	b->watchers -= a->endless && !a->top;
	if (b->depth)
		b->unswept = true;
	else
		answer_free(a);
}

static void
say(struct builtin *b, uint8_t kind, uint16_t flags, uint64_t id, struct str payload)
{
	struct envelope e = { .kind = kind, .type = TYPE_JSON, .flags = flags, .hops = HOPS_DEFAULT,
	    .id = id, .payload = payload };

	fabric_receive(&b->node->fabric, &b->port, &e);
}

/* What may go now goes; with its last byte it is over and freed. */
static void
answer_pump(struct builtin *b, struct answer *a)
{
	struct str all;
	size_t n;
	bool last = false;

	if (a->busy)
		return;
	a->busy = true;
	enter(b);
	while (!a->over && !last) {
		all = buf_view(&a->bytes);
		n = all.n < PART_MAX ? all.n : PART_MAX;
		if (a->begun && n > a->window)
			n = a->window;
		last = !a->endless && n == all.n;
		if (a->begun && n == 0 && !last)
			break;
		if (a->begun)
			a->window -= (uint32_t)n;
		say(b, a->begun ? KIND_PART : KIND_REPLY, last ? 0 : FLAG_MORE, a->id,
		    str_head(all, n));
		a->begun = true;
		buf_eat(&a->bytes, n);
	}
	a->busy = false;
	if (last)
		answer_end(b, a);
	leave(b);
}

static struct answer *
answer_open(struct builtin *b, uint64_t id)
{
	struct answer *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->id = id;
	a->window = WINDOW;
	buf_init(&a->bytes, LIST_MAX);
	list_add(&b->answers, &a->place);
	return a;
}

static struct answer *
answer_find(struct builtin *b, uint64_t id)
{
	list_each(n, &b->answers) {
		struct answer *a = list_of(n, struct answer, place);

		if (a->id == id && !a->over)
			return a;
	}
	return NULL;
}

static void
answer_add(struct builtin *b, struct answer *a, struct str line)
{
	if (buf_len(&a->bytes) + line.n + 1 > BEHIND_MAX) {
		a->dropped++;
		b->node->fabric.count.events_dropped++;
		return;
	}
	if (a->dropped) {
		buf_fmt(&a->bytes, "{\"v\":1,\"event\":\"dropped\",\"count\":%" PRIu64 "}\n", a->dropped);
		a->dropped = 0;
	}
	buf_str(&a->bytes, line);
	buf_str(&a->bytes, STR("\n"));
	answer_pump(b, a);
}

/* --- JSON --- */

static void
member(struct buf *o, const char *name, struct str value)
{
	buf_fmt(o, ",\"%s\":", name);
	json_quote(o, value);
}

static void
number(struct buf *o, const char *name, uint64_t value)
{
	buf_fmt(o, ",\"%s\":%" PRIu64, name, value);
}

static void
words(struct buf *o, const char *name, struct str list)
{
	struct str one;

	buf_fmt(o, ",\"%s\":[", name);
	for (bool more = list.n > 0, first = true; more; first = false) {
		more = str_split(list, ' ', &one, &list);
		if (!first)
			buf_str(o, STR(","));
		json_quote(o, one);
	}
	buf_str(o, STR("]"));
}

static void
put_identity(struct node *n, struct buf *o)
{
	buf_fmt(o, "{\"v\":1");
	member(o, "node", str(n->fabric.node));
	member(o, "cluster", str(n->fabric.cluster));
	member(o, "role", str(role_name(n->fabric.role)));
	member(o, "version", str(FEDX_VERSION));
}

static void
put_version(struct node *n, struct buf *o)
{
	put_identity(n, o);
	buf_fmt(o, ",\"instance\":\"%016" PRIx64 "\"", n->links.instance);
	number(o, "pid", (uint64_t)getpid());
	number(o, "uptime_s", mono_us_since(n->started, n->fabric.now) / 1000000);
	buf_str(o, STR("}\n"));
}

static void
put_uplink(struct node *n, struct buf *o)
{
	static const char *const states[] = { "none", "dialling", "greeting", "up", "backoff",
	    "refused", "paused" };
	struct uplink *u = &n->uplink;

	if (!n->fabric.has_uplink || (u->state == UPLINK_UP && u->link))
		return;		/* one that is up is listed as a link */
	buf_fmt(o, "{\"v\":1");
	member(o, "name", str(u->urls[u->url]));
	member(o, "kind", STR("uplink"));
	member(o, "state", str(states[u->state]));
	member(o, "why", str(u->why));
	member(o, "address", str(u->urls[u->url]));
	number(o, "since_s", mono_us_since(u->since, n->fabric.now) / 1000000);
	buf_str(o, STR("}\n"));
}

static void
put_link(struct node *n, const struct link *l, struct buf *o)
{
	const struct tls *tls = conn_tls(l->conn) ? conn_tls(l->conn) : NULL;

	buf_fmt(o, "{\"v\":1");
	member(o, "name", l->port.node.n ? l->port.node : str(l->peer));
	member(o, "kind", str(link_kind_name(l)));
	member(o, "state", str(link_state_name(l)));
	member(o, "why", str(l->why));
	member(o, "address", str(l->peer));
	member(o, "cluster", str(l->cluster));
	number(o, "since_s", mono_us_since(l->since, n->fabric.now) / 1000000);
	number(o, "in_flight", (uint64_t)l->port.opened_count + l->port.serving_count);
	number(o, "services", l->port.claimed[FAMILY_SERVICE]);
	number(o, "endpoints", l->port.claimed[FAMILY_ENDPOINT]);
	number(o, "queued", conn_queued(l->conn) + l->port.piped);
	number(o, "bytes_in", conn_got_total(l->conn));
	number(o, "bytes_out", conn_gone_total(l->conn));
	number(o, "rtt_us", l->rtt_us);
	member(o, "tls", str(tls ? tls_cipher_name(tls) : ""));
	buf_str(o, STR("}\n"));
}

static void
put_links(struct node *n, struct buf *o)
{
	put_uplink(n, o);
	list_each(at, &n->links.all)
		put_link(n, list_of(at, struct link, place), o);
}

static void
put_claim(const struct claim *c, struct buf *o)
{
	bool local = c->port->kind == PORT_CLIENT;

	buf_fmt(o, "{\"v\":1");
	member(o, c->name->family == FAMILY_SERVICE ? "service" : "endpoint", name_text(c->name));
	if (c->name->family == FAMILY_SERVICE)
		member(o, "version", c->version);
	member(o, "node", local ? STR("local") : c->port->node);
	member(o, "link", c->port->node.n ? c->port->node : STR("client"));
	if (c->name->family == FAMILY_SERVICE) {
		words(o, "methods", c->methods);
		words(o, "tags", c->tags);
		number(o, "weight", c->weight);
		number(o, "max_concurrency", c->max_concurrency);
		number(o, "in_flight", c->in_flight);
		number(o, "waiting", c->name->waiting_count);
		number(o, "served", c->served);
		number(o, "failed", c->failed);
	}
	buf_str(o, STR("}\n"));
}

static void
put_claims(struct node *n, enum family family, struct buf *o)
{
	struct name *name;
	size_t at = 0;

	while ((name = map_next(&n->fabric.fib.names, &at)) != NULL)
		if (name->family == family)
			list_each(c, &name->claims)
				put_claim(list_of(c, struct claim, of_name), o);
}

static void
put_top(struct node *n, struct buf *o)
{
	const struct fabric *f = &n->fabric;
	const struct net_counters *c = net_counters(n->net);

	put_identity(n, o);
	number(o, "leaves", n->links.count[ROLE_LEAF]);
	number(o, "hubs", n->links.count[ROLE_HUB]);
	number(o, "clients", n->links.count[ROLE_CLIENT]);
	number(o, "services", f->fib.claimed[FAMILY_SERVICE]);
	number(o, "endpoints", f->fib.claimed[FAMILY_ENDPOINT]);
	number(o, "in_flight", f->flights.count);
	number(o, "buffered", f->buffered);
	number(o, "bytes_in", c->bytes_in);
	number(o, "bytes_out", c->bytes_out);
#define X(name, help) number(o, #name, f->count.name);
	FABRIC_COUNTERS(X)
#undef X
	buf_str(o, STR("}"));
}

static void
on_second(struct wheel *w, struct timer *t)
{
	struct builtin *b = list_of(t, struct builtin, second);
	struct buf line;
	bool any = false;

	buf_init(&line, 65536);
	put_top(b->node, &line);
	enter(b);
	list_each(n, &b->answers) {
		struct answer *a = list_of(n, struct answer, place);

		if (a->top && !a->over) {
			any = true;
			answer_add(b, a, buf_view(&line));
		}
	}
	leave(b);
	buf_free(&line);
	if (any)
		timer_set(w, t, b->node->fabric.now, 1000);
}

/* --- requests --- */

static void
refuse(struct builtin *b, uint64_t id, enum error error, const char *why)
{
	struct flight *fl = inflight_by_id(&b->node->fabric.flights, id);

	if (fl)
		flight_fail(&b->node->fabric, fl, error, FATE_NOT_DELIVERED, why);
}

static int
put_presence(struct node *n, struct str service, struct buf *o)
{
	struct name *name = fib_name(&n->fabric.fib, FAMILY_SERVICE, service);

	if (!name)
		return -1;
	buf_fmt(o, "{\"v\":1");
	member(o, "node", str(n->fabric.node));
	member(o, "service", service);
	number(o, "instances", name->count);
	buf_str(o, STR("}\n"));
	return 0;
}

static void
begin_endless(struct builtin *b, struct answer *a, struct str method)
{
	a->endless = true;
	a->top = str_is(method, "top");
	b->endless++;
	if (a->top) {
		put_top(b->node, &a->bytes);
		buf_str(&a->bytes, STR("\n"));
		if (!timer_is_set(&b->second))
			timer_set(&b->node->fabric.wheel, &b->second, b->node->fabric.now, 1000);
	} else {
		b->watchers++;
	}
	answer_pump(b, a);
}

static void
on_request(struct builtin *b, const struct envelope *e)
{
	struct node *n = b->node;
	struct flight *fl = inflight_by_id(&n->fabric.flights, e->id);
	struct str service, method;
	struct answer *a;
	bool known = true, admin = fl && fl->in->admin;

	if (!fl)
		return;		/* no answer is wanted, and we only have answers */
	if (!str_split(e->subject, '/', &service, &method))
		method = e->subject;
	if ((a = answer_open(b, e->id)) == NULL) {
		refuse(b, e->id, E_overloaded, "no memory");
		return;
	}
	if (service.n && method.n == 0 && !str_is(service, "fedx")) {
		known = put_presence(n, service, &a->bytes) == 0;
	} else if (str_is(method, "ping") || method.n == 0) {
		put_identity(n, &a->bytes);
		buf_str(&a->bytes, STR("}\n"));
	} else if (!admin) {
		answer_end(b, a);
		refuse(b, e->id, E_denied, "only the owner of the node may ask this, on its bus");
		return;
	} else if (str_is(method, "version")) {
		put_version(n, &a->bytes);
	} else if (str_is(method, "links")) {
		put_links(n, &a->bytes);
	} else if (str_is(method, "services")) {
		put_claims(n, FAMILY_SERVICE, &a->bytes);
	} else if (str_is(method, "endpoints")) {
		put_claims(n, FAMILY_ENDPOINT, &a->bytes);
	} else if (str_is(method, "watch") || str_is(method, "top")) {
		begin_endless(b, a, method);
		return;
	} else if (str_is(method, "drain")) {
		buf_str(&a->bytes, STR("{\"v\":1,\"draining\":true}\n"));
		answer_pump(b, a);
		node_drain(n);
		return;
	} else {
		known = false;
	}
	if (!known) {
		answer_end(b, a);
		refuse(b, e->id, E_not_found, "the node has no such method");
		return;
	}
	answer_pump(b, a);
}

static int
send_op(struct port *p, const struct envelope *e, struct str more_meta)
{
	struct builtin *b = builtin_of(p);
	struct answer *a;
	uint32_t n;

	(void)more_meta;
	if (e->kind == KIND_REQUEST) {
		on_request(b, e);
	} else if ((a = answer_find(b, e->id)) != NULL && (e->flags & FLAG_ONWARD)) {
		if (e->kind == KIND_CANCEL) {
			answer_end(b, a);
		} else if (e->kind == KIND_CREDIT && tlv_u32(e->payload, &n) == 0) {
			a->window = n > WINDOW_MAX - a->window ? WINDOW_MAX : a->window + n;
			answer_pump(b, a);
		}
	}
	return 0;
}

static uint64_t
mark_op(struct port *p)
{
	(void)p;
	return 0;
}

static bool
gone_op(struct port *p, uint64_t mark)
{
	(void)p, (void)mark;
	return true;
}

static size_t
queued_op(struct port *p)
{
	(void)p;
	return 0;
}

static void
close_op(struct port *p, enum error error, const char *why)
{
	(void)p, (void)error, (void)why;	/* only the end of the node closes it */
}

void
builtin_event(struct builtin *b, struct str line)
{
	enter(b);
	list_each(n, &b->answers) {
		struct answer *a = list_of(n, struct answer, place);

		if (a->endless && !a->top && !a->over)
			answer_add(b, a, line);
	}
	leave(b);
}

bool
builtin_watched(const struct builtin *b)
{
	return b->watchers > 0;
}

uint32_t
builtin_endless(const struct builtin *b)
{
	return b->endless;
}

struct builtin *
builtin_open(struct node *n, struct err *e)
{
	static const struct port_ops ops = { send_op, mark_op, gone_op, queued_op, close_op };
	struct builtin *b = calloc(1, sizeof *b);

	if (!b) {
		err_set(e, "no memory");
		return NULL;
	}
	b->node = n;
	list_init(&b->answers);
	timer_init(&b->second, on_second);
	port_init(&b->port, &ops, PORT_SELF);
	b->port.role = n->fabric.role;
	b->port.node = str(n->fabric.node);
	fabric_port_up(&n->fabric, &b->port);
	return b;
}

void
builtin_close(struct builtin *b)
{
	if (!b)
		return;
	timer_drop(&b->node->fabric.wheel, &b->second);
	fabric_port_down(&b->node->fabric, &b->port, E_shutting_down);
	while (!list_empty(&b->answers))
		answer_free(list_of(b->answers.next, struct answer, place));
	free(b);
}
