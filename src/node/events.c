/* events.c - what happens in a node: to the log, to those who watch, and to the rules of policy. */
#include <stdio.h>

#include "base/log.h"
#include "node/builtin.h"
#include "node/members.h"

/* A line for those who watch; and for rules, which may act on it. */
static void
begin_line(struct buf *line, const char *what)
{
	char when[32];

	wall_text(wall_now(), when);
	buf_init(line, 16384);
	buf_fmt(line, "{\"v\":1,\"event\":\"%s\",\"time\":\"%s\"", what, when);
}

static void
end_line(struct node *n, struct buf *line, enum hook hook)
{
	buf_str(line, STR("}"));
	if (n->builtin && builtin_watched(n->builtin))
		builtin_event(n->builtin, buf_view(line));
	if (hook != HOOK_COUNT)
		control_event(&n->control, hook, buf_view(line));
	buf_free(line);
}

static bool
is_heard(const struct node *n, enum hook hook)
{
	return (n->builtin && builtin_watched(n->builtin)) ||
	    (hook != HOOK_COUNT && n->fabric.gate.hooks >> hook & 1);
}

static void
tell(struct node *n, enum hook hook, const char *what, const char *subject, const char *peer,
    const char *why, void (*more)(struct buf *, const void *), const void *facts)
{
	struct buf line;

	log_event(strcmp(what, "announcement_refused") == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    what, "subject", subject, "peer", peer, "why", why && *why ? why : NULL, NULL);
	if (!is_heard(n, hook))
		return;
	begin_line(&line, what);
	put_member(&line, "subject", str(subject));
	if (peer && *peer)
		put_member(&line, "peer", str(peer));
	if (why && *why)
		put_member(&line, "why", str(why));
	if (more)
		more(&line, facts);
	end_line(n, &line, hook);
}

void
node_event(struct node *n, const char *what, const char *subject, const char *peer,
    const char *why)
{
	tell(n, HOOK_EVENT, what, subject, peer, why, NULL, NULL);
}

void
node_denied(struct node *n, const struct decision *d)
{
	struct buf line;

	if (!is_heard(n, HOOK_COUNT))
		return;
	begin_line(&line, "denied");
	put_denied(n, d, &line);
	end_line(n, &line, HOOK_COUNT);
}

static void
about_service(struct buf *line, const void *facts)
{
	const struct port *p = facts;

	put_member(line, "node", p->node);
	buf_fmt(line, ",\"local\":%s", port_is_link(p) ? "false" : "true");
}

void
node_on_fabric(struct fabric *f, const char *what, const struct port *p, struct str name)
{
	struct node *n = list_of(f, struct node, fabric);
	char subject[256], peer[256];

	snprintf(subject, sizeof subject, "%.*s", name.n > 250 ? 250 : (int)name.n, name.p);
	snprintf(peer, sizeof peer, "%.*s", STR_FMT(p->node));
	/* the fabric has no other word for what came */
	if ((strcmp(what, "attached") == 0 || strcmp(what, "withdrawn") == 0) &&
	    address_family(str(subject)) == FAMILY_NODE)
		tell(n, HOOK_SERVICE, what, subject, peer, "", about_service, p);
	else
		node_event(n, what, subject, peer, "");
}

static void
about_link(struct buf *line, const void *facts)
{
	const struct link *l = facts;

	put_member(line, "node", l->port.node);
	put_member(line, "cluster", l->port.cluster);
	put_member(line, "role", str(link_kind_name(l)));
	put_member(line, "address", l->port.address);
}

void
node_on_link(struct links *ls, const char *what, const struct link *l, const char *why)
{
	struct node *n = list_of(ls, struct node, links);
	char name[256];

	if (l->port.kind == PORT_CLIENT && !l->network) {
		log_event(LOG_LEVEL_DEBUG, what, "peer", link_peer(l), "why", why, NULL);
		return;
	}
	snprintf(name, sizeof name, "%.*s", STR_FMT(l->port.node));
	tell(n, HOOK_LINK, what, name, link_peer(l), why, about_link, l);
}
