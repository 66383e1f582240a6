/*
 * lines_session.c - a client and a node that say anything: each request ends
 * at most once in each direction, and nothing malformed is passed on.
 *
 * The input is a list of steps: a byte that says who speaks, a length (2),
 * then a line of the client, or an envelope: kind, flags, type, id, payload.
 */
#include <stdlib.h>

#include "dialect/dialect.h"
#include "dialect/lines_wire.h"
#include "wire/json.h"
#include "wire/meta.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

enum { IDS = 256 };
enum served { CLOSED, OPEN, ANSWERING };	/* a request that we opened to the client */

struct world {
	struct out out;
	void *mem;
	bool up_full, down_full, over, nested;
	uint8_t served[IDS];
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
say(struct world *w, const struct event *ev)
{
	if (dialect_lines.on(w->mem, ev, &w->out) == -1) {
		MUST(w->over || (w->down_full && ev->kind == ON_ENVELOPE && ev->env->kind == KIND_PUBLISH));
	}
}

static int
up(struct out *o, const struct envelope *e)
{
	struct world *w = (struct world *)(void *)o;
	struct envelope copy, answer;
	struct buf b;
	const char *why;
	size_t used;

	buf_init(&b, 4 << 20);
	MUST(envelope_put(&b, e, STR("")) == 0);
	MUST(envelope_parse(buf_view(&b), LINES_PAYLOAD_MAX, &copy, &used, &why) == PARSE_OK);
	buf_free(&b);
	if (e->kind == KIND_PART)
		MUST(e->payload.n <= PART_MAX);
	if ((e->kind == KIND_REPLY || e->kind == KIND_PART) && !(e->flags & FLAG_ONWARD)) {
		uint64_t i = e->id >> 40;

		MUST(i > 0 && i < IDS && e->id == (i << 40 | 0xabc));
		MUST(w->served[i] != CLOSED);
		if (!(e->flags & FLAG_ERROR))
			MUST((e->kind == KIND_PART) == (w->served[i] == ANSWERING));
		if (w->up_full && !(e->flags & FLAG_ERROR))
			return -1;
		w->served[i] = e->flags & FLAG_MORE ? ANSWERING : CLOSED;
		return 0;
	}
	if (w->up_full)
		return -1;
	if (e->kind == KIND_REQUEST && e->id % 2 && !w->nested) {
		w->nested = true;
		answer = (struct envelope){ .kind = KIND_REPLY, .type = e->type, .id = e->id,
		    .flags = FLAG_LAST, .payload = e->payload };
		say(w, &(struct event){ .kind = ON_ENVELOPE, .env = &answer });
		w->nested = false;
	}
	return 0;
}

static int
down(struct out *o, struct str line)
{
	struct world *w = (struct world *)(void *)o;
	struct json_fault where;

	MUST(line.n <= LINES_OUT_MAX && memchr(line.p, '\n', line.n) == NULL);
	MUST(json_check(line, LINES_DEPTH, &where) == 0);
	return w->down_full ? -1 : 0;
}

static void
timer(struct out *o, uint32_t ms)
{
	(void)o, (void)ms;
}

static void
close_(struct out *o, unsigned code, const char *text)
{
	MUST(code != E_NONE && text);
	((struct world *)(void *)o)->over = true;
}

static void
node_says(struct world *w, struct str in)
{
	static const uint8_t kinds[] = { KIND_REQUEST, KIND_REPLY, KIND_PART, KIND_CREDIT, KIND_CANCEL,
	    KIND_DONE, KIND_ERROR, KIND_WELCOME, KIND_PING, KIND_PONG, KIND_GOODBYE, KIND_DIAL, KIND_PUBLISH, KIND_ACK };
	const uint8_t *p = (const uint8_t *)in.p;
	struct envelope e;
	uint64_t i;

	if (in.n < 4)
		return;
	i = p[3];
	e = (struct envelope){ .kind = kinds[p[0] % sizeof kinds], .flags = p[1], .type = p[2] % 8,
	    .id = i << 40 | 0xabc, .payload = str_skip(in, 4) };
	if (e.kind == KIND_REPLY || (e.kind == KIND_PART && !(e.flags & FLAG_ONWARD)))
		e.id = i & 16 ? ((uint64_t)1 << 62) + (i & 15) : i;
	if (e.kind == KIND_REQUEST || e.kind == KIND_DIAL) {
		if (i == 0 || w->served[i] != CLOSED)
			return;
		w->served[i] = OPEN;
		e.subject = str_head(e.payload, e.payload.n < 9 ? e.payload.n : 9);
	} else if (e.kind == KIND_CANCEL && e.flags & FLAG_ONWARD) {
		w->served[i] = CLOSED;
	}
	if (e.flags & FLAG_TRACE)
		e.meta = e.payload;
	say(w, &(struct event){ .kind = ON_ENVELOPE, .env = &e });
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct world w = { .out = { up, down, timer, close_ } };
	struct str in = { (const char *)data, n }, step;
	char who;
	size_t size;

	MUST((w.mem = calloc(1, dialect_lines.memory)) != NULL);
	say(&w, &(struct event){ .kind = ON_OPEN });
	while (in.n >= 3 && !w.over) {
		who = in.p[0];
		size = (size_t)(uint8_t)in.p[1] << 8 | (uint8_t)in.p[2];
		in = str_skip(in, 3);
		step = str_head(in, size < in.n ? size : in.n);
		in = str_skip(in, step.n);
		w.up_full = who & 2;
		w.down_full = who & 4;
		if (who & 1)
			node_says(&w, step);
		else
			say(&w, &(struct event){ .kind = ON_MESSAGE, .bytes = step });
	}
	say(&w, &(struct event){ .kind = ON_CLOSING, .code = E_shutting_down, .text = "end" });
	dialect_lines.free(w.mem);
	free(w.mem);
	return 0;
}
