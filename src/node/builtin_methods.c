/* builtin_methods.c - the methods of the service "fedx", and who may ask them. */
#include "node/builtin.h"
#include "wire/json.h"

enum { DEPTH = 8, CONFIRM_MAX_S = 86400 };

enum asker { ANYONE, NODES, ADMIN };	/* NODES: of the own cluster, and admins */

struct asking {
	struct builtin *b;
	struct reply *a;
	const struct envelope *e;
	struct port *by;
};

/* A list without one of its parts would be read as another one. */
static void
say_whole(struct asking *q, unsigned long refused)
{
	if (buf_refused() == refused)
		answer_pump(q->b, q->a);
	else
		answer_refuse(q->b, q->a, E_overloaded, "no memory for so long a list");
}

#define LIST(name, call)							\
static void									\
name(struct asking *q)								\
{										\
	unsigned long refused = buf_refused();					\
										\
	call;									\
	say_whole(q, refused);							\
}

LIST(say_ping, put_identity(q->b->node, &q->a->bytes); buf_str(&q->a->bytes, STR("}\n")))
LIST(say_version, put_version(q->b->node, &q->a->bytes))
LIST(say_links, put_links(q->b->node, &q->a->bytes))
LIST(say_peers, put_peers(q->b->node, &q->a->bytes))
LIST(say_services, put_claims(q->b->node, FAMILY_SERVICE, &q->a->bytes))
LIST(say_endpoints, put_claims(q->b->node, FAMILY_ENDPOINT, &q->a->bytes))
LIST(say_paths, put_claims(q->b->node, FAMILY_PATH, &q->a->bytes))
LIST(say_flows, put_flows(q->b->node, &q->a->bytes))
LIST(say_rules, put_rules(q->b->node, &q->a->bytes))
LIST(say_roster, put_roster(q->b->node, &q->a->bytes))
LIST(say_policy, put_policy(q->b->node, &q->a->bytes))
#undef LIST

static void
say_routes(struct asking *q)
{
	struct err e = { .status = 0 };
	unsigned long refused = buf_refused();
	enum error error = put_routes(q->b->node, q->e->payload, &q->a->bytes, &e);

	if (error != E_NONE)
		answer_refuse(q->b, q->a, error, e.text);
	else
		say_whole(q, refused);
}

static void
begin_watch(struct asking *q)
{
	answer_watch(q->b, q->a, false);
}

static void
begin_top(struct asking *q)
{
	answer_watch(q->b, q->a, true);
}

static void
begin_drain(struct asking *q)
{
	buf_str(&q->a->bytes, STR("{\"v\":1,\"draining\":true}\n"));
	answer_pump(q->b, q->a);
	node_drain(q->b->node);
}

static void
begin_upgrade(struct asking *q)
{
	struct err e = { .status = 0 };

	q->a->later = true;
	if (upgrade_begin(&q->b->node->upgrade, q->a->id, &e) == -1)
		answer_refuse(q->b, q->a, E_busy, e.text);
}

#define ACT(name, act)							\
static void									\
name(struct asking *q)								\
{										\
	struct err e = { .status = 0 };						\
	enum error error = act(q->b->node, q->e->payload, &q->a->bytes, &e);	\
										\
	if (error != E_NONE)							\
		answer_refuse(q->b, q->a, error, e.text);			\
	else									\
		answer_pump(q->b, q->a);					\
}

ACT(act_on_link, link_act)
ACT(say_invitation, roster_invite_by)
ACT(say_revoked, roster_revoke_by)
#undef ACT

static void
begin_explain(struct asking *q)
{
	struct err e = { .status = 0 };
	enum error error = explain_begin(q->b, q->a, q->e, q->by, &e);

	if (error != E_NONE)
		answer_refuse(q->b, q->a, error, e.text);
}

static void
begin_renewal(struct asking *q, enum reload_what what)
{
	struct json_fault fault;
	struct str payload = q->e->payload, seconds;
	uint64_t s = 0;

	if (str_trim(payload).n) {
		seconds = json_check(payload, DEPTH, &fault) == -1 ? STR("?") :
		    json_member(payload, "confirm_s");
		if (seconds.n && json_u64(seconds, CONFIRM_MAX_S, &s) == -1) {
			answer_refuse(q->b, q->a, E_malformed,
			    "want an object like {\"confirm_s\":120}, of a day at most");
			return;
		}
	}
	q->a->later = true;
	if (renew_begin(q->b->node, what, what == RELOAD_APPLY ? (uint32_t)s * 1000 : 0, q->a->id) == -1)
		answer_refuse(q->b, q->a, E_busy, "a reload is under way: ask again when it is through");
}

static void
begin_reload(struct asking *q)
{
	begin_renewal(q, RELOAD_APPLY);
}

static void
begin_check(struct asking *q)
{
	begin_renewal(q, RELOAD_CHECK);
}

static void
begin_confirm(struct asking *q)
{
	begin_renewal(q, RELOAD_CONFIRM);
}

static void
begin_undo(struct asking *q)
{
	begin_renewal(q, RELOAD_UNDO);
}

static const struct method { const char *name; enum asker who; void (*begin)(struct asking *); } methods[] = {
	{ "",		ANYONE,	say_ping },
	{ "ping",	ANYONE,	say_ping },
	{ "explain",	NODES,	begin_explain },
	{ "version",	ADMIN,	say_version },
	{ "links",	ADMIN,	say_links },
	{ "peers",	ADMIN,	say_peers },
	{ "link",	ADMIN,	act_on_link },
	{ "routes",	ADMIN,	say_routes },
	{ "services",	ADMIN,	say_services },
	{ "endpoints",	ADMIN,	say_endpoints },
	{ "paths",	ADMIN,	say_paths },
	{ "watch",	ADMIN,	begin_watch },
	{ "top",	ADMIN,	begin_top },
	{ "drain",	ADMIN,	begin_drain },
	{ "upgrade",	ADMIN,	begin_upgrade },
	{ "flows",	ADMIN,	say_flows },
	{ "rules",	ADMIN,	say_rules },
	{ "policy",	ADMIN,	say_policy },
	{ "reload",	ADMIN,	begin_reload },
	{ "check",	ADMIN,	begin_check },
	{ "invite",	ADMIN,	say_invitation },
	{ "revoke",	ADMIN,	say_revoked },
	{ "members",	ADMIN,	say_roster },
	{ "confirm",	ADMIN,	begin_confirm },
	{ "undo",	ADMIN,	begin_undo },
};

/* A neighbour of the own cluster that asks in its own name, as explain.c does. */
static bool
is_node(const struct fabric *f, const struct port *p, const struct envelope *e)
{
	return port_is_link(p) && str_eq(e->origin, p->node) && str_starts(e->from, STR("fedx@")) &&
	    str_eq(str_skip(e->from, 5), p->node) && f->cluster[0] && str_is(p->cluster, f->cluster);
}

void
builtin_request(struct builtin *b, const struct envelope *e)
{
	struct fabric *f = &b->node->fabric;
	struct flight *fl = inflight_by_id(&f->flights, e->id);
	struct asking q = { .b = b, .e = e, .by = fl ? fl->in : NULL };
	const struct method *m = NULL;
	struct str service, method;

	if (!fl)
		return;		/* no answer is wanted, and we only have answers */
	if (!str_split(e->subject, '/', &service, &method))
		method = e->subject;
	if ((q.a = answer_open(b, e->id)) == NULL) {
		flight_fail(f, fl, E_overloaded, FATE_NOT_DELIVERED, "no memory");
		return;
	}
	if (service.n && method.n == 0 && !str_is(service, "fedx")) {
		if (put_presence(b->node, service, &q.a->bytes) == 0)
			answer_pump(b, q.a);
		else
			answer_refuse(b, q.a, E_not_found, "the node has no such service");
		return;
	}
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (str_is(method, methods[i].name))
			m = &methods[i];
	if (m ? m->who != ANYONE && !fl->in->admin && (m->who != NODES || !is_node(f, fl->in, e)) :
	    !fl->in->admin)
		answer_refuse(b, q.a, E_denied, "only the owner of the node may ask this, on its bus");
	else if (!m)
		answer_refuse(b, q.a, E_not_found, "the node has no such method");
	else
		m->begin(&q);
}
