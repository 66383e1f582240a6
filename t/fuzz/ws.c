/* ws.c - WebSocket frames of a stranger: every split of them has the same effect. */
#include <stdlib.h>

#include "net/ws.h"

enum { MAX = 1 << 16 };

struct conn { struct buf out; };

uint8_t *
conn_room(struct conn *c, size_t n)
{
	return buf_room(&c->out, n);
}

void
conn_made(struct conn *c, size_t n)
{
	buf_made(&c->out, n);
}

struct session { struct ws *ws; struct buf log; };

static void
on_message(void *owner, bool text, struct str m)
{
	struct session *s = owner;
	uint64_t n = m.n;

	if (m.n > MAX)
		abort();
	buf_put(&s->log, text ? "T" : "B", 1);
	buf_put(&s->log, &n, sizeof n);
	buf_str(&s->log, m);
}

static void
on_closed(void *owner, unsigned code, struct str reason)
{
	struct session *s = owner;

	buf_put(&s->log, &code, sizeof code);
	buf_str(&s->log, reason);
	ws_free(s->ws);
	s->ws = NULL;
}

static void
run(bool server, struct str in, size_t chunk, struct buf *log)
{
	static const struct ws_owner owner = { on_message, on_closed };
	struct session s = { NULL, { 0 } };
	struct conn conn;
	struct err e;

	buf_init(&s.log, 1 << 22);
	buf_init(&conn.out, 1 << 22);
	s.ws = ws_open(&conn, server, MAX, &owner, &s, &e);
	while (s.ws && in.n) {
		size_t n = in.n < chunk ? in.n : chunk;

		if (ws_input(s.ws, str_head(in, n)) != n)
			abort();
		in = str_skip(in, n);
	}
	ws_free(s.ws);
	buf_free(&conn.out);
	*log = s.log;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, split;
	struct str in;

	if (size < 2)
		return 0;
	in = (struct str){ (const char *)data + 2, size - 2 };
	run(data[0] & 1, in, size, &whole);
	run(data[0] & 1, in, 1 + data[1] % 16, &split);
	if (!str_eq(buf_view(&whole), buf_view(&split)))
		abort();
	buf_free(&whole);
	buf_free(&split);
	return 0;
}
