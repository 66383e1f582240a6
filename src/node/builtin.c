/*
 * builtin.c - the service "fedx" of each node: how its answers go out.
 *
 * It is a port of the fabric like any other: requests come in by send(),
 * answers go back by fabric_receive().  An answer is a stream of JSON lines;
 * what its reader has not given credit for waits, and a watcher that is far
 * behind loses events, which are counted.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/builtin.h"
#include "node/near_port.h"

static struct builtin *
builtin_of(struct port *p)
{
	return list_of(p, struct builtin, port);
}

/* --- streams of lines --- */

static void
answer_free(struct reply *a)
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
		if (list_of(n, struct reply, place)->over)
			answer_free(list_of(n, struct reply, place));
}

void
answer_end(struct builtin *b, struct reply *a)
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
void
answer_pump(struct builtin *b, struct reply *a)
{
	struct str all;
	size_t n;
	bool last = false;

	if (a->busy || a->later)
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

struct reply *
answer_open(struct builtin *b, uint64_t id)
{
	struct reply *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->id = id;
	a->window = WINDOW;
	buf_init(&a->bytes, LIST_MAX);
	list_add(&b->answers, &a->place);
	return a;
}

static struct reply *
answer_find(struct builtin *b, uint64_t id)
{
	list_each(n, &b->answers) {
		struct reply *a = list_of(n, struct reply, place);

		if (a->id == id && !a->over)
			return a;
	}
	return NULL;
}

static void
answer_add(struct builtin *b, struct reply *a, struct str line)
{
	uint8_t *to;

	if (buf_len(&a->bytes) + line.n + 1 > BEHIND_MAX) {
		a->dropped++;
		b->node->fabric.count.events_dropped++;
		return;
	}
	if (a->dropped) {
		buf_fmt(&a->bytes, "{\"v\":1,\"event\":\"dropped\",\"count\":%" PRIu64 "}\n", a->dropped);
		a->dropped = 0;
	}
	if ((to = buf_room(&a->bytes, line.n + 1)) == NULL) {
		a->dropped++;
		b->node->fabric.count.events_dropped++;
		return;
	}
	memcpy(to, line.p, line.n);
	to[line.n] = '\n';
	buf_made(&a->bytes, line.n + 1);
	answer_pump(b, a);
}

/* --- top --- */

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
		struct reply *a = list_of(n, struct reply, place);

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

/* --- for who answers --- */

void
answer_refuse(struct builtin *b, struct reply *a, enum error error, const char *why)
{
	struct flight *fl = inflight_by_id(&b->node->fabric.flights, a->id);

	answer_end(b, a);
	if (fl)
		flight_fail(&b->node->fabric, fl, error, FATE_NOT_DELIVERED, why);
}

void
answer_watch(struct builtin *b, struct reply *a, bool top)
{
	a->endless = true;
	a->top = top;
	b->endless++;
	if (top) {
		put_top(b->node, &a->bytes);
		buf_str(&a->bytes, STR("\n"));
		if (!timer_is_set(&b->second))
			timer_set(&b->node->fabric.wheel, &b->second, b->node->fabric.now, 1000);
	} else {
		b->watchers++;
	}
	answer_pump(b, a);
}

void
builtin_say(struct builtin *b, uint64_t id, struct str lines)
{
	struct reply *a = answer_find(b, id);

	if (a)
		buf_str(&a->bytes, lines);
}

void
builtin_end(struct builtin *b, uint64_t id)
{
	struct reply *a = answer_find(b, id);

	if (!a)
		return;		/* who asked has gone */
	a->later = false;
	answer_pump(b, a);
}

void
builtin_refuse(struct builtin *b, uint64_t id, enum error error, const char *why)
{
	struct reply *a = answer_find(b, id);

	if (a)
		answer_refuse(b, a, error, why);
}

/* --- the port --- */

static int
send_op(struct port *p, const struct envelope *e, struct str more_meta)
{
	struct builtin *b = builtin_of(p);
	struct reply *a;
	uint32_t n;

	(void)more_meta;
	if (e->kind == KIND_REQUEST) {
		builtin_request(b, e);
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

void
builtin_event(struct builtin *b, struct str line)
{
	enter(b);
	list_each(n, &b->answers) {
		struct reply *a = list_of(n, struct reply, place);

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
	static const struct port_ops ops = { send_op, near_mark, near_gone, near_queued, near_close };
	struct builtin *b = calloc(1, sizeof *b);

	if (!b) {
		err_memory(e, "the services of the node");
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
		answer_free(list_of(b->answers.next, struct reply, place));
	free(b);
}
