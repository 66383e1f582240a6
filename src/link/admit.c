/*
 * admit.c - policy has a say in who comes up: it is asked once the other end
 * has proven who it is.
 *
 * Until it has answered nothing of the other end reaches the fabric; what it
 * says is held, in order.
 */
#include <stdlib.h>

#include "link/greet.h"

enum { HELD_MAX = 256 * 1024 };		/* more than one read brings */

void
link_drop_held(struct buf *held)
{
	if (held)
		buf_free(held);
	free(held);
}

/* What it said meanwhile, in order. */
static void
hear_held(struct link *l)
{
	struct buf *held = l->held;
	struct envelope e;
	struct str rest;
	const char *why;
	size_t n;

	if (!held)
		return;
	l->held = NULL;
	rest = buf_view(held);
	while (envelope_parse(rest, UINT32_MAX, &e, &n, &why) == PARSE_OK) {
		link_hear(l, &e);
		rest = str_skip(rest, n);
	}
	link_drop_held(held);
}

void
link_admitted(struct link *l, enum error error, const char *why)
{
	if (l->state != LINK_ADMITTING)
		return;
	l->state = LINK_GREETING;
	conn_pause(l->conn, false);
	if (error != E_NONE) {
		link_refuse(l, error, why, why);
		return;
	}
	link_welcome(l);
	hear_held(l);
}

void
link_join(struct link *l)
{
	if (l->state != LINK_GREETING)
		return;
	if (l->port.kind == PORT_CLIENT)
		l->port.role = ROLE_CLIENT;
	l->state = LINK_ADMITTING;
	conn_pause(l->conn, true);
	if (gate_admit(l->links->fabric, &l->port) == GATE_PASS)
		link_admitted(l, E_NONE, "");
}

void
link_hold(struct link *l, const struct envelope *e)
{
	if (!l->held && (l->held = malloc(sizeof *l->held)) != NULL)
		buf_init(l->held, HELD_MAX);
	if (!l->held)
		link_close(l, E_overloaded, "no memory for what it says before it is admitted");
	else if (envelope_put(l->held, e, STR("")) == -1)
		link_close(l, E_too_large, "it says too much before it is admitted");
}
