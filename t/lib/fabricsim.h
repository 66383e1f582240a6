/*
 * fabricsim.h - a few nodes in a tree, joined by links that lose what the
 * script wants, with programs that ask, serve, stream, cancel and die.
 *
 * The script is bytes: from a random generator (t/unit/fabric-property.c) or
 * a fuzzer (t/fuzz/fabric.c).  Some nodes have a policy that denies some
 * targets and answers late, never, or twice, and is loaded again in between.
 * After it all comes to rest, and what DESIGN section 11 promises of requests
 * is checked: sim_run() returns NULL, or which promise was broken.
 */
#ifndef FEDX_FABRICSIM_H
#define FEDX_FABRICSIM_H

#include <stdio.h>

#include "fabric/fabric.h"
#include "idle.h"
#include "wire/hello.h"

enum { SIM_NODES = 5, SIM_APPS = 2, SIM_CALLS = 200, SIM_QUEUE = 200 * 1024, SIM_ASKS = 128 };

struct sim_node;
struct sim_app;

/* One port: what its fabric says is in its queue until the script delivers it. */
struct sim_end {
	struct port port;
	struct sim_node *node;
	struct sim_end *other;		/* of a link */
	struct sim_app *app;		/* or who reads it */
	struct buf queue;
	uint64_t put, gone;
	bool dead, closing;
};

struct sim_app { struct sim_end end; uint32_t life; uint64_t next_id; char name[32]; };

struct sim_node {
	struct fabric f;
	struct sim_end self, up, down;	/* down: the parent's end of our uplink */
	struct sim_app apps[SIM_APPS];
	int parent;
	char name[16];
	bool policy;			/* denies the targets whose bits are set */
	unsigned always, denies, digest;	/* denied by all of its policies; by this one */
	struct { uint64_t number; uint8_t hook; bool deny; } asked[SIM_ASKS];
	unsigned asked_count;
};

enum sim_end_how { SIM_OPEN, SIM_ANSWERED, SIM_NOT_DELIVERED, SIM_MAY_HAVE_RUN, SIM_CANCELLED, SIM_GONE };

struct sim_call {
	struct sim_app *by, *at;	/* who asks; who was asked, NULL: a node itself */
	uint32_t by_life, at_life;
	uint64_t by_id, at_id;
	enum sim_end_how how;
	bool executed, held, body_open, answering;
	uint32_t body_sent, body_got, answer_sent, answer_got;	/* bytes */
	uint32_t body_window, answer_window;			/* that the senders have left */
	uint32_t body_eaten, answer_eaten;			/* not granted again yet */
};

static struct sim {
	struct sim_node nodes[SIM_NODES];
	struct sim_call calls[SIM_CALLS];
	int node_count;
	unsigned call_count, ended[6];
	uint64_t parked, parts, shed, waited, denied, cut;	/* of all runs */
	struct mono now;
	const uint8_t *script, *script_end;
	const char *broken;
} sim;

static void
sim_broken(const char *what)
{
	if (!sim.broken)
		sim.broken = what;
}

static unsigned
sim_pick(unsigned below)	/* the next byte of the script */
{
	return sim.script < sim.script_end ? *sim.script++ % below : 0;
}

static struct sim_end *
sim_end_of(struct port *p)
{
	return list_of(p, struct sim_end, port);
}

/* --- policy --- */

static const struct { const char *to, *subject; } sim_targets[10] = {
	{ "", "s0/m" }, { "", "s1/m" }, { "", "s2/m" }, { "e0@d", "x/m" }, { "e1@d", "x/m" },
	{ "e2@d", "x/m" }, { "n0", "fedx/m" }, { "n1", "fedx/m" }, { "", "s0/" }, { "", "s9/m" },
};

static bool
sim_denies(const struct sim_node *n, unsigned bits, struct str to, struct str subject)
{
	for (unsigned i = 0; n->policy && i < 10; i++)
		if (str_is(to, sim_targets[i].to) && str_is(subject, sim_targets[i].subject))
			return bits >> i & 1;
	return false;
}

static int
sim_asked(void *owner, uint64_t number, const struct question *q)
{
	struct sim_node *n = owner;

	if (n->asked_count == SIM_ASKS)
		return 0;	/* and never answers */
	n->asked[n->asked_count].number = number;
	n->asked[n->asked_count].hook = q->hook;
	n->asked[n->asked_count++].deny = q->hook == HOOK_ROUTE && sim_denies(n, n->denies, q->to, q->subject);
	return 0;
}

static void
sim_answer(struct sim_node *n, unsigned which, unsigned how)
{
	static const uint32_t keeps[] = { 0, 1, 500, FOREVER };
	struct verdict v = { .answer = ANSWER_ALLOW, .limit_field = FIELD_COUNT, .keep_ms = keeps[how % 4],
	    .read = 1u << FIELD_to | 1u << FIELD_subject, .seen = n->f.gate.changes };
	uint64_t number;

	if (which >= n->asked_count)
		return;
	number = n->asked[which].number;
	if (n->asked[which].deny)
		v.answer = ANSWER_DENY;
	if (n->asked[which].hook == HOOK_BALANCE) {
		v.answer = how & 4 ? ANSWER_PICK : ANSWER_STRATEGY;
		v.strategy = (uint8_t)(how % STRATEGY_PICK);
		v.instance = how;
	}
	n->asked[which] = n->asked[--n->asked_count];
	if (how & 8)
		return;		/* never */
	gate_verdict(&n->f, number, &v);
	if (how & 16)
		gate_verdict(&n->f, number, &v);
}

static void
sim_load_policy(struct sim_node *n, unsigned how)
{
	char digest[32] = { 0 };

	if (!n->policy)
		return;
	if (how & 1)
		gate_lost(&n->f);
	if (how & 3) {
		n->digest++;
		n->denies = n->always | 1u << how % 10;
	}
	digest[0] = (char)n->digest;
	if (how & 1) {
		n->asked_count = 0;
		if ((how & 12) == 0)
			return;		/* it is away */
		gate_connected(&n->f);
	}
	gate_policy(&n->f, &(struct policy_mark){ .generation = n->digest, .digest = { digest, 32 },
	    .hooks = 1u << HOOK_ROUTE | (how & 16 ? 1u << HOOK_SCOPE : 0) |
	    (how & 32 ? 1u << HOOK_BALANCE : 0) });
}

/* --- ports --- */

static void
sim_hear_self(struct sim_end *end, const struct envelope *e)
{
	struct fabric *f = &end->node->f;
	static const char bytes[3000];
	struct envelope part = { .kind = KIND_PART, .id = e->id, .flags = FLAG_MORE,
	    .payload = { bytes, sizeof bytes } };

	if (e->kind != KIND_REQUEST || e->id == 0)
		return;
	/* at once, from within send(), as the node's own services do */
	fabric_receive(f, &end->port, &(struct envelope){ .kind = KIND_REPLY, .id = e->id,
	    .flags = e->payload.n % 2 ? FLAG_MORE : 0, .payload = e->payload });
	for (int i = 0; e->payload.n % 2 && i < 40; i++) {
		part.flags = i < 39 ? FLAG_MORE : 0;
		fabric_receive(f, &end->port, &part);
	}
}

static int
sim_send(struct port *p, const struct envelope *e, struct str more)
{
	struct sim_end *end = sim_end_of(p);
	bool urgent = kind_class(e->kind) == CLASS_LINK || (e->flags & FLAG_ERROR) ||
	    e->kind == KIND_CANCEL || e->kind == KIND_CREDIT;
	size_t size = envelope_size(e) + more.n;

	if (e->kind == KIND_REQUEST && sim_denies(end->node, end->node->always, e->to, e->subject))
		sim_broken("what policy denies went on");
	if (end->dead || buf_len(&end->queue) + size > SIM_QUEUE + (urgent ? 65536u : 0))
		return -1;
	if (p->kind == PORT_SELF) {
		sim_hear_self(end, e);
		return 0;
	}
	if (envelope_put(&end->queue, e, more) == -1)
		sim_broken("something was sent that no link can send");
	end->put += size;
	return 0;
}

static uint64_t
sim_mark(struct port *p)
{
	return sim_end_of(p)->put;
}

static bool
sim_gone(struct port *p, uint64_t mark)
{
	return sim_end_of(p)->gone >= mark;
}

static size_t
sim_queued(struct port *p)
{
	return buf_len(&sim_end_of(p)->queue);
}

static void
sim_close(struct port *p, enum error error, const char *why)
{
	(void)error, (void)why;
	sim_end_of(p)->closing = true;
}

static void
sim_open(struct sim_node *n, struct sim_end *end, enum port_kind kind, const char *name, uint8_t role)
{
	static const struct port_ops ops = { sim_send, sim_mark, sim_gone, sim_queued, sim_close };
	struct buf queue = end->queue;

	queue.head = queue.tail = 0;
	*end = (struct sim_end){ .node = n, .other = end->other, .app = end->app, .queue = queue };
	port_init(&end->port, &ops, kind);
	buf_init(&end->queue, 1 << 20);
	end->queue.p = queue.p;
	end->queue.cap = queue.cap;
	end->port.node = str(name);
	end->port.role = role;
	if (fabric_port_up(&n->f, &end->port) == -1)
		sim_broken("a port was refused");
}

/* The connection is lost: some of what waits has left, and some of that arrived. */
static void
sim_lose(struct sim_end *end)
{
	end->gone += buf_len(&end->queue) * sim_pick(4) / 3;
	end->dead = true;
	fabric_port_down(&end->node->f, &end->port, E_link_down);
	end->queue.head = end->queue.tail = 0;
}

static void
sim_link_up(struct sim_node *n)
{
	struct sim_node *parent = &sim.nodes[n->parent];

	n->up.other = &n->down;
	n->down.other = &n->up;
	sim_open(parent, &n->down, n->f.role == ROLE_LEAF ? PORT_CHILD : PORT_PEER, n->name, n->f.role);
	sim_open(n, &n->up, PORT_UPLINK, parent->name, ROLE_HUB);
}

static void
sim_link_down(struct sim_node *n)
{
	if (n->up.port.up) {
		sim_lose(&n->up);
		sim_lose(&n->down);
	}
}

/* --- programs --- */

static uint8_t
sim_byte(uint32_t call, uint32_t at)
{
	return (uint8_t)(call * 7 + at * 13 + (at >> 8));
}

static uint32_t
sim_number(const struct sim_call *c)
{
	return (uint32_t)(c - sim.calls);
}

static void
sim_check_bytes(const struct sim_call *c, struct str bytes, uint32_t at)
{
	for (size_t i = 0; i < bytes.n; i++)
		if (c->at && (uint8_t)bytes.p[i] != sim_byte(sim_number(c), at + (uint32_t)i)) {
			sim_broken("a body arrived in another order than it was sent");
			return;
		}
}

static void
sim_says(struct sim_app *a, struct envelope e)
{
	e.hops = HOPS_DEFAULT;
	fabric_receive(&a->end.node->f, &a->end.port, &e);
}

static bool
sim_lives(const struct sim_app *a, uint32_t life)
{
	return a && a->life == life && a->end.port.up && !a->end.closing;
}

static void
sim_ends(struct sim_call *c, enum sim_end_how how)
{
	if (c->how == SIM_CANCELLED || c->how == SIM_GONE)
		return;		/* what was on its way when it gave up */
	if (c->how != SIM_OPEN) {
		sim_broken("a request ended twice at its caller");
		return;
	}
	c->how = how;
	c->body_open = false;
}

static struct sim_call *
sim_find(const struct sim_app *a, uint64_t id, bool as_caller)
{
	for (unsigned i = 0; i < sim.call_count; i++) {
		struct sim_call *c = &sim.calls[i];

		if (as_caller ? c->by == a && c->by_life == a->life && c->by_id == id :
		    c->at == a && c->at_life == a->life && c->at_id == id && c->executed)
			return c;
	}
	return NULL;
}

static void
sim_hear_request(struct sim_app *a, const struct envelope *e)
{
	struct sim_call *c;
	uint32_t n;

	if (e->id == 0 || tlv_u32(e->payload, &n) == -1 || n >= sim.call_count)
		return;
	c = &sim.calls[n];
	if (c->executed)
		sim_broken("a request was executed twice");
	c->executed = c->held = true;
	c->at = a;
	c->at_life = a->life;
	c->at_id = e->id;
	c->answer_window = WINDOW;
}

static void
sim_hear_answer(struct sim_call *c, const struct envelope *e)
{
	unsigned error;
	enum fate fate;

	if (c->how == SIM_CANCELLED)
		return;
	if (c->how != SIM_OPEN)
		sim_broken("an answer came after the end");
	if (e->flags & FLAG_ERROR) {
		meta_error_get(e->meta, &error, &fate);
		if (!(e->flags & FLAG_LAST))
			sim_broken("an error was not the last");
		sim_ends(c, fate == FATE_NOT_DELIVERED ? SIM_NOT_DELIVERED : SIM_MAY_HAVE_RUN);
	} else if (e->kind == KIND_PART) {
		if (c->answer_got == 0 && !c->answering && c->at)
			sim_broken("a part came before the answer");
		sim_check_bytes(c, e->payload, c->answer_got);
		c->answer_got += (uint32_t)e->payload.n;
		c->answer_eaten += (uint32_t)e->payload.n;
		if (!(e->flags & FLAG_MORE)) {
			if (c->at && c->answer_got != c->answer_sent)
				sim_broken("a part of an answer was lost");
			sim_ends(c, SIM_ANSWERED);
		}
	} else if (!(e->flags & FLAG_MORE)) {
		sim_ends(c, SIM_ANSWERED);
	}
}

static void
sim_app_hears(struct sim_app *a, const struct envelope *e)
{
	bool to_caller = !(e->flags & FLAG_ONWARD);
	struct sim_call *c = kind_class(e->kind) == CLASS_FOLLOW ? sim_find(a, e->id, to_caller) : NULL;
	uint32_t n = 0;

	if (e->kind == KIND_REQUEST)
		sim_hear_request(a, e);
	if (!c)
		return;
	if (e->kind == KIND_CANCEL) {
		c->held = false;
	} else if (e->kind == KIND_CREDIT) {
		tlv_u32(e->payload, &n);
		if (to_caller)
			c->body_window += n;
		else
			c->answer_window += n;
	} else if (to_caller) {
		sim_hear_answer(c, e);
	} else if (e->kind == KIND_PART && c->held) {
		sim_check_bytes(c, e->payload, c->body_got);
		c->body_got += (uint32_t)e->payload.n;
		c->body_eaten += (uint32_t)e->payload.n;
	}
}

static void
sim_die(struct sim_app *a)
{
	for (unsigned i = 0; i < sim.call_count; i++) {
		struct sim_call *c = &sim.calls[i];

		if (c->by == a && c->by_life == a->life && c->how == SIM_OPEN)
			sim_ends(c, SIM_GONE);
		if (c->at == a && c->at_life == a->life)
			c->held = false;
	}
	sim_lose(&a->end);
	a->life++;
}

/* --- what the script can do --- */

static bool
sim_deliver(struct sim_end *end)
{
	static uint8_t copy[SIM_QUEUE];
	struct envelope e;
	const char *why;
	size_t used;

	if (!end->port.up || envelope_parse(buf_view(&end->queue), UINT32_MAX, &e, &used, &why) !=
	    PARSE_OK)
		return false;
	memcpy(copy, end->queue.p + end->queue.head, used);
	buf_eat(&end->queue, used);
	end->gone += used;
	envelope_parse((struct str){ (char *)copy, used }, UINT32_MAX, &e, &used, &why);
	if (end->app)
		sim_app_hears(end->app, &e);
	else if (end->other && end->other->port.up && !end->other->closing && e.kind != KIND_ERROR)
		fabric_receive(&end->other->node->f, &end->other->port, &e);
	if (end->port.up)
		fabric_pump(&end->node->f, &end->port);
	return true;
}

static struct sim_end *
sim_any_end(void)
{
	struct sim_node *n = &sim.nodes[sim_pick((unsigned)sim.node_count)];

	switch (sim_pick(4)) {
	case 0:
		return n->parent >= 0 ? &n->up : &n->apps[0].end;
	case 1:
		return n->parent >= 0 ? &n->down : &n->apps[1].end;
	default:
		return &n->apps[sim_pick(SIM_APPS)].end;
	}
}

static struct sim_app *
sim_any_app(void)
{
	return &sim.nodes[sim_pick((unsigned)sim.node_count)].apps[sim_pick(SIM_APPS)];
}

static struct sim_call *
sim_any_call(void)
{
	/* one of the last few, or there would be few that still live */
	unsigned back = sim_pick(24);

	return back < sim.call_count ? &sim.calls[sim.call_count - 1 - back] : NULL;
}

static void
sim_attach(struct sim_app *a)
{
	static const char *const names[] = { "s0", "s1", "s2", "e0@d", "e1@d", "*@d" };
	uint8_t room[512];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	unsigned which = sim_pick(6);
	struct announcement n = { .family = which < 3 ? FAMILY_SERVICE : FAMILY_ENDPOINT,
	    .name = str(names[which]), .weight = 100, .max_concurrency = sim_pick(4),
	    .hops = HOPS_DEFAULT };

	announcement_put(&b, &n);
	sim_says(a, (struct envelope){ .kind = sim_pick(4) ? KIND_ATTACH : KIND_DETACH, .id = 1,
	    .payload = buf_view(&b) });
}

static void
sim_ask(struct sim_app *a)
{
	struct sim_call *c = &sim.calls[sim.call_count];
	unsigned target = sim_pick(10), shape = sim_pick(16);
	uint8_t be[5] = { 0, 0, 0, (uint8_t)sim.call_count, 0 };

	if (sim.call_count == SIM_CALLS)
		return;
	sim.call_count++;
	*c = (struct sim_call){ .by = a, .by_life = a->life, .by_id = ++a->next_id,
	    .body_open = shape & 1, .body_window = WINDOW };
	sim_says(a, (struct envelope){ .kind = KIND_REQUEST, .id = c->by_id,
	    .flags = (uint16_t)((shape & 1 ? FLAG_MORE : 0) | (shape & 2 ? FLAG_TRACE : 0)),
	    .deadline_ms = shape & 4 ? 1 + sim_pick(256) * 16 : 0, .to = str(sim_targets[target].to),
	    .subject = str(sim_targets[target].subject),
	    /* a node itself answers five bytes with a stream */
	    .payload = { (char *)be, target >= 6 && (shape & 8) ? 5 : 4 } });
}

static uint32_t
sim_part_size(void)
{
	static const uint32_t sizes[] = { 0, 1, 100, 5000, 30000, PART_MAX };

	return sizes[sim_pick(6)];
}

static struct str
sim_bytes(const struct sim_call *c, uint32_t at, uint32_t n)
{
	static uint8_t room[PART_MAX];

	for (uint32_t i = 0; i < n; i++)
		room[i] = sim_byte(sim_number(c), at + i);
	return (struct str){ (char *)room, n };
}

static void
sim_grant(struct sim_app *a, uint64_t id, uint16_t flags, uint32_t n)
{
	uint8_t be[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	sim_says(a, (struct envelope){ .kind = KIND_CREDIT, .flags = flags, .id = id,
	    .payload = { (char *)be, sizeof be } });
}

static void
sim_caller_does(struct sim_call *c, unsigned what)
{
	uint32_t n;

	if (!sim_lives(c->by, c->by_life) || c->how != SIM_OPEN)
		return;
	if (what == 0) {
		sim_ends(c, SIM_CANCELLED);
		sim_says(c->by, (struct envelope){ .kind = KIND_CANCEL, .flags = FLAG_ONWARD | FLAG_LAST,
		    .id = c->by_id });
	} else if (what < 3 && c->answer_eaten && !c->by->end.port.auto_credit) {
		n = c->answer_eaten;
		c->answer_eaten = 0;
		sim_grant(c->by, c->by_id, FLAG_ONWARD, n);
	} else if (c->body_open) {
		n = sim_part_size();
		if (n > c->body_window)
			n = c->body_window;
		c->body_window -= n;
		c->body_open = sim_pick(4);
		c->body_sent += n;
		sim_says(c->by, (struct envelope){ .kind = KIND_PART, .id = c->by_id,
		    .flags = (uint16_t)(FLAG_ONWARD | (c->body_open ? FLAG_MORE : 0)),
		    .payload = sim_bytes(c, c->body_sent - n, n) });
	}
}

static void
sim_service_does(struct sim_call *c, unsigned what)
{
	uint32_t n;
	bool more;

	if (!c->held || !sim_lives(c->at, c->at_life))
		return;
	if (what == 0 || (what == 1 && !c->answering)) {	/* the end, in one */
		c->held = false;
		sim_says(c->at, (struct envelope){ .kind = KIND_REPLY, .id = c->at_id,
		    .flags = what == 0 ? FLAG_ERROR : 0, .payload = STR("done") });
	} else if (what == 2 && c->body_eaten && !c->at->end.port.auto_credit) {
		n = c->body_eaten;
		c->body_eaten = 0;
		sim_grant(c->at, c->at_id, 0, n);
	} else if (!c->answering) {
		c->answering = true;
		sim_says(c->at, (struct envelope){ .kind = KIND_REPLY, .id = c->at_id,
		    .flags = FLAG_MORE });
	} else {
		n = sim_part_size();
		if (n > c->answer_window)
			n = c->answer_window;
		c->answer_window -= n;
		c->answer_sent += n;
		c->held = more = sim_pick(6);
		sim_says(c->at, (struct envelope){ .kind = KIND_PART, .id = c->at_id,
		    .flags = more ? FLAG_MORE : 0, .payload = sim_bytes(c, c->answer_sent - n, n) });
	}
}

/* What no honest program says; it must cost nobody else anything. */
static void
sim_noise(struct sim_app *a)
{
	static const uint8_t kinds[] = { KIND_REPLY, KIND_PART, KIND_CREDIT, KIND_CANCEL, KIND_DIGEST,
	    KIND_END, KIND_ATTACH, KIND_PUBLISH };
	uint64_t id = (uint64_t)sim_pick(256) << 32 | sim_pick(64);

	/* the high half is a label's generation: this guesses none that lives */
	sim_says(a, (struct envelope){ .kind = kinds[sim_pick(8)], .id = id | (uint64_t)1 << 63,
	    .flags = (uint16_t)sim_pick(256), .payload = STR("nois") });
}

static void
sim_pass_time(uint64_t ms)
{
	sim.now = mono_add_ms(sim.now, ms);
	for (int i = 0; i < sim.node_count; i++) {
		sim.nodes[i].f.now = sim.now;
		wheel_turn(&sim.nodes[i].f.wheel, sim.now);
	}
}

/* Ports that were asked to close go at the end of the turn, as links do. */
static void
sim_reap(void)
{
	for (int i = 0; i < sim.node_count; i++) {
		struct sim_node *n = &sim.nodes[i];

		if (n->parent >= 0 && (n->up.closing || n->down.closing))
			sim_link_down(n);
		for (int j = 0; j < SIM_APPS; j++)
			if (n->apps[j].end.port.up && n->apps[j].end.closing)
				sim_die(&n->apps[j]);
	}
}

static void
sim_app_up(struct sim_app *a)
{
	if (a->end.port.up)
		return;
	a->end.app = a;
	sim_open(a->end.node, &a->end, PORT_CLIENT, a->name, ROLE_CLIENT);
	a->end.port.auto_credit = sim_pick(3) == 0;
}

static void
sim_step(void)
{
	struct sim_app *a = sim_any_app();
	struct sim_node *n;
	struct sim_call *c;
	struct sim_end *end;

	switch (sim_pick(32)) {
	case 0: case 1: case 2: case 3: case 4:
		if (sim_lives(a, a->life))
			sim_ask(a);
		break;
	case 6: case 7:
		if (sim_lives(a, a->life))
			sim_attach(a);
		break;
	case 9: case 10: case 11: case 12:
		if ((c = sim_any_call()) != NULL)
			sim_caller_does(c, sim_pick(10));
		break;
	case 14: case 15: case 16: case 17: case 18:
		if ((c = sim_any_call()) != NULL)
			sim_service_does(c, sim_pick(8));
		break;
	case 21: case 22: case 23: case 24: case 25: case 26:
		end = sim_any_end();
		for (unsigned i = sim_pick(32) + 1; i > 0 && sim_deliver(end); i--)
			continue;
		break;
	case 27:
		sim_pass_time(sim_pick(256) * 8);
		break;
	case 28:
		if (sim_pick(4) == 0 && a->end.port.up)
			sim_die(a);
		else
			sim_app_up(a);
		break;
	case 29:
		n = &sim.nodes[sim_pick((unsigned)sim.node_count)];
		if (n->parent >= 0 && !n->up.port.up)
			sim_link_up(n);
		else if (n->parent >= 0 && sim_pick(4) == 0)
			sim_link_down(n);
		break;
	case 30:
		n = &sim.nodes[sim_pick((unsigned)sim.node_count)];
		if (sim_pick(4))
			fabric_digest(&n->f);
		else
			sim_load_policy(n, sim_pick(64));
		break;
	case 5: case 8: case 13: case 19: case 20:
		n = &sim.nodes[sim_pick((unsigned)sim.node_count)];
		for (unsigned i = sim_pick(8) + 1; i > 0; i--)
			sim_answer(n, sim_pick(8), sim_pick(32));
		break;
	default:
		if (sim_lives(a, a->life))
			sim_noise(a);
		break;
	}
	sim_reap();
}

/* --- beginning, rest, end --- */

static void
sim_begin(void)
{
	static const struct fabric_ops ops = { NULL };
	static const struct gate_ops gate_ops = { .ask = sim_asked };
	static const int parents[4][SIM_NODES] = {
		{ -1, 0, 0, 0, 0 }, { -1, 0, 1, 2, 3 }, { -1, 0, 0, 1, 1 }, { -1, 0, 1, 1, 2 },
	};
	unsigned shape = sim_pick(4), small = sim_pick(4);

	sim.broken = NULL;
	sim.call_count = 0;
	sim.now = (struct mono){ 1000000 };
	sim.node_count = 2 + (int)sim_pick(SIM_NODES - 1);
	for (int i = 0; i < sim.node_count; i++) {
		struct sim_node *n = &sim.nodes[i];

		n->parent = parents[shape][i];
		snprintf(n->name, sizeof n->name, "n%d", i);
		/* the parents are hubs, and whoever may become one */
		fabric_init(&n->f, str(n->name), STR("c"), ROLE_HUB, sim.now, &ops);
		n->f.has_uplink = n->parent >= 0;
		n->f.fib.balance = small & 1 ? BALANCE_ROUND_ROBIN : BALANCE_LEAST_INFLIGHT;
		n->f.limits.in_flight = 40;
		n->f.limits.waiting = 12;
		n->f.limits.waiting_bytes = 400 * 1024;
		n->policy = sim_pick(3) == 0;
		n->always = n->denies = 0;
		n->digest = n->asked_count = 0;
		if (n->policy) {
			gate_init(&n->f.gate, &gate_ops, n);
			flows_free(&n->f.gate.flows);	/* a table of the usual size takes long to clear */
			flows_init(&n->f.gate.flows, 64);
			n->f.gate.limits.flows = 64;
			n->f.gate.limits.audit = 3;
			n->denies = n->always = sim_pick(256) & sim_pick(256);
			sim_load_policy(n, sim_pick(64) & ~1u);
		}
		if (small & 2)
			n->f.limits.buffers = 150 * 1024;
		sim_open(n, &n->self, PORT_SELF, n->name, ROLE_HUB);
		for (int j = 0; j < SIM_APPS; j++) {
			n->apps[j].end.node = n;
			snprintf(n->apps[j].name, sizeof n->apps[j].name, "a%d.%d", i, j);
			n->apps[j].next_id = 100;
			sim_app_up(&n->apps[j]);
		}
		if (n->parent >= 0)
			sim_link_up(n);
	}
}

static void
sim_deliver_all(void)
{
	for (bool again = true; again; ) {
		again = false;
		for (int i = 0; i < sim.node_count; i++) {
			struct sim_node *n = &sim.nodes[i];

			if (n->parent >= 0 && sim_deliver(&n->up))
				again = true;
			if (n->parent >= 0 && sim_deliver(&n->down))
				again = true;
			for (int j = 0; j < SIM_APPS; j++)
				if (sim_deliver(&n->apps[j].end))
					again = true;
		}
		sim_reap();
	}
}

static bool
sim_idle(const struct sim_node *n)
{
	const struct fabric *f = &n->f;
	const struct name *name;
	size_t at = 0;
	bool idle = f->flights.count == 0 && f->buffered == 0 && f->wheel.count == route_timers(f);

	list_each(p, &f->ports) {
		const struct port *port = list_of(p, struct port, all);

		idle = idle && port->piped == 0 && list_empty(&port->ready) &&
		    port->opened_count == 0 && port->serving_count == 0;
	}
	while ((name = map_next(&f->fib.names, &at)) != NULL) {
		idle = idle && name->count > 0 && name->waiting_count == 0 && name->waiting_bytes == 0;
		list_each(c, &name->claims)
			idle = idle && list_of(c, struct claim, of_name)->in_flight == 0;
	}
	return idle;
}

static void
sim_rest(void)
{
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < sim.node_count; i++) {
			sim_load_policy(&sim.nodes[i], round ? 0 : 2);
			while (sim.nodes[i].asked_count)
				sim_answer(&sim.nodes[i], 0, 3);
		}
		sim_deliver_all();
		for (unsigned i = 0; i < sim.call_count; i++) {
			struct sim_call *c = &sim.calls[i];

			if (c->body_open && c->how == SIM_OPEN && sim_lives(c->by, c->by_life)) {
				c->body_open = false;
				sim_says(c->by, (struct envelope){ .kind = KIND_PART, .id = c->by_id,
				    .flags = FLAG_ONWARD });
			}
			sim_service_does(c, (unsigned)round % 2 ? 0 : 1);
			sim_service_does(c, 0);
		}
		sim_deliver_all();
		sim_pass_time(700000);
	}
	for (int round = 0; round < 4; round++) {	/* what was asked again, and old flows */
		for (int i = 0; i < sim.node_count; i++)
			while (sim.nodes[i].asked_count)
				sim_answer(&sim.nodes[i], 0, 3);
		sim_deliver_all();
		sim_pass_time(5000);
	}
}

static void
sim_check(void)
{
	for (int i = 0; i < sim.node_count; i++)
		if (!sim_idle(&sim.nodes[i]))
			sim_broken("a node keeps something of a conversation that is over");
	memset(sim.ended, 0, sizeof sim.ended);
	for (unsigned i = 0; i < sim.call_count; i++) {
		const struct sim_call *c = &sim.calls[i];

		sim.ended[c->how]++;
		if (c->how == SIM_OPEN)
			sim_broken("a request never ended at its caller");
		if (c->how == SIM_NOT_DELIVERED && c->executed)
			sim_broken("a request was reported not delivered and yet executed");
	}
}

static void
sim_end_all(void)
{
	for (int i = sim.node_count; i-- > 0; ) {
		struct sim_node *n = &sim.nodes[i];

		sim_link_down(n);
		for (int j = 0; j < SIM_APPS; j++) {
			if (n->apps[j].end.port.up)
				sim_die(&n->apps[j]);
			buf_free(&n->apps[j].end.queue);
		}
	}
	for (int i = 0; i < sim.node_count; i++) {
		struct sim_node *n = &sim.nodes[i];

		sim_lose(&n->self);
		buf_free(&n->self.queue);
		buf_free(&n->up.queue);
		buf_free(&n->down.queue);
		if (n->f.flights.count || n->f.fib.names.used || n->f.rib.own_count)
			sim_broken("something is left when all ports are gone");
		sim.parked += n->f.count.parked;
		sim.parts += n->f.count.parts;
		sim.shed += n->f.count.shed;
		sim.waited += n->f.gate.count.waited;
		sim.denied += n->f.gate.count.denied;
		sim.cut += n->f.gate.count.cut;
		fabric_free(&n->f);
	}
}

static const char *
sim_run(const uint8_t *script, size_t n)
{
	sim.script = script;
	sim.script_end = script + n;
	sim_begin();
	while (sim.script < sim.script_end && !sim.broken)
		sim_step();
	if (!sim.broken)
		sim_rest();
	if (!sim.broken)
		sim_check();
	sim_end_all();
	return sim.broken;
}

#endif
