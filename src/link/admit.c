/*
 * admit.c - policy has a say in who comes up: it is asked once the other end
 * has proven who it is.
 *
 * Until it has answered nothing of the other end reaches the fabric; what it
 * says is held, in order.
 */
#include "link/greet.h"

/* What it said meanwhile, in order. */
static void
hear_held(struct link *l)
{
	struct buf held = l->held;
	struct envelope e;
	struct str rest = buf_view(&held);
	const char *why;
	size_t n;

	buf_init(&l->held, held.max);
	while (envelope_parse(rest, UINT32_MAX, &e, &n, &why) == PARSE_OK) {
		link_hear(l, &e);
		rest = str_skip(rest, n);
	}
	buf_free(&held);
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

static struct peer_facts
facts_of(const struct link *l)
{
	return (struct peer_facts){ .role = l->port.role, .uplink = l->port.kind == PORT_UPLINK,
	    .admin = l->port.admin, .guest = l->port.guest, .node = l->port.node, .cluster = str(l->cluster),
	    .address = str(l->peer) };
}

void
link_join(struct link *l)
{
	struct peer_facts facts;

	if (l->state != LINK_GREETING)
		return;
	if (l->port.kind == PORT_CLIENT)
		l->port.role = ROLE_CLIENT;
	facts = facts_of(l);
	l->state = LINK_ADMITTING;
	conn_pause(l->conn, true);
	if (gate_admit(l->links->fabric, &l->port, &facts) == GATE_PASS)
		link_admitted(l, E_NONE, "");
}

void
link_hold(struct link *l, const struct envelope *e)
{
	if (envelope_put(&l->held, e, STR("")) == -1)
		link_close(l, E_too_large, "it says too much before it is admitted");
}
