/* session.c - a link that speaks another dialect than our own: its session, and what that wants done. */
#include <stdlib.h>
#include <string.h>

#include "link/greet.h"

struct session_out { struct out out; struct link *link; };

static int
out_up(struct out *o, const struct envelope *e)
{
	struct link *l = ((struct session_out *)(void *)o)->link;

	link_hear(l, e);
	return l->state == LINK_DYING ? -1 : 0;
}

static int
out_down(struct out *o, struct str bytes)
{
	struct link *l = ((struct session_out *)(void *)o)->link;
	uint8_t *to;

	if (l->ws)
		return ws_send(l->ws, true, bytes);
	if ((to = conn_room(l->conn, bytes.n + 1)) == NULL)
		return -1;
	memcpy(to, bytes.p, bytes.n);
	to[bytes.n] = '\n';
	conn_made(l->conn, bytes.n + 1);
	return 0;
}

static void
out_timer(struct out *o, uint32_t ms)
{
	struct link *l = ((struct session_out *)(void *)o)->link;
	struct fabric *f = l->links->fabric;

	if (ms)
		timer_set(&f->wheel, &l->session->timer, f->now, ms);
	else
		timer_drop(&f->wheel, &l->session->timer);
}

static void
out_close(struct out *o, unsigned code, const char *text)
{
	struct link *l = ((struct session_out *)(void *)o)->link;

	l->told = true;
	link_close(l, (enum error)code, text);
}

int
session_event(struct link *l, struct event *ev)
{
	struct session_out o = { { out_up, out_down, out_timer, out_close }, l };

	return l->session->dialect->on(l->session->mem, ev, &o.out);
}

static void
on_session_timer(struct wheel *w, struct timer *t)
{
	(void)w;
	session_event(list_of(t, struct session, timer)->link, &(struct event){ .kind = ON_TIMER });
}

int
session_open(struct link *l, const struct dialect *d)
{
	struct session *s = calloc(1, sizeof *s);

	if (!s || (s->mem = calloc(1, d->memory ? d->memory : 1)) == NULL) {
		free(s);
		return -1;
	}
	s->dialect = d;
	s->link = l;
	timer_init(&s->timer, on_session_timer);
	l->session = s;
	l->port.auto_credit = d->auto_credit;
	return session_event(l, &(struct event){ .kind = ON_OPEN });
}

void
link_tell_closing(struct link *l, enum error error, const char *why)
{
	session_event(l, &(struct event){ .kind = ON_CLOSING, .code = error, .text = why });
}

void
session_free(struct link *l)
{
	struct session *s = l->session;

	if (!s)
		return;
	timer_drop(&l->links->fabric->wheel, &s->timer);
	if (s->dialect->free)
		s->dialect->free(s->mem);
	free(s->mem);
	free(s);
	l->session = NULL;
}
