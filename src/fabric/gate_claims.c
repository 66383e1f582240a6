/*
 * gate_claims.c - what is claimed already, when policy or scopes are others
 * than those that allowed it: asked about again, shared or not, or taken back.
 */
#include "fabric/gate_parts.h"
#include "fabric/publish.h"

bool
gate_claim_is_proven(const struct claim *c)
{
	return c->name->family == FAMILY_NODE && !c->via && c->digest == 0;
}

bool
gate_claim_asks(const struct fabric *f, const struct claim *c)
{
	return c->epoch != f->gate.epoch && c->port->kind != PORT_SELF && c->port->up &&
	    !(gate_is_admin(c->port) && c->name->family != FAMILY_PATH) && !gate_claim_is_proven(c);
}

struct question
gate_claim_question(const struct claim *c)
{
	struct announcement a = { .family = c->name->family, .name = name_text(c->name),
	    .version = claim_version(c) };

	return gate_scope_question(c->port, c->port->kind != PORT_CLIENT ? KIND_ANNOUNCE :
	    a.family == FAMILY_INTEREST ? KIND_SUBSCRIBE : KIND_ATTACH, &a);
}

void
gate_claim_drop(struct fabric *f, struct claim *c, const struct question *q,
    const struct decision *d)
{
	struct port *p = c->port;
	char text[400];
	bool told;

	gate_denial(f, p, q, d, text);
	p->gate.names_lost = true;
	told = subscribe_cut(f, p, name_text(c->name), d->error, text);
	connected_drop(f, c);
	if (!told)
		port_error(f, p, 0, KIND_ERROR, d->error, FATE_NOT_DELIVERED, str(text));
}

/* Who else holds it here: one that came before c did, or after it. */
static struct claim *
other(const struct claim *c, bool before)
{
	list_each(n, &c->name->claims) {
		struct claim *o = list_of(n, struct claim, of_name);

		if (o->port != c->port && !o->via && (o->number < c->number) == before)
			return o;
	}
	return NULL;
}

/* A path may be shared now; or it is exclusive now, and the first who shared it keeps it. */
static void
share(struct fabric *f, struct claim *c, const struct question *q, bool shared)
{
	struct decision d = { .answer = ANSWER_DENY, .error = E_route_conflict,
	    .reason = STR("policy does not share this path any more, and somebody else holds it") };
	bool was = c->shared;
	struct claim *o;

	c->shared = shared;
	if (c->via || was == shared)
		return;
	if (!shared && other(c, true)) {
		gate_claim_drop(f, c, q, &d);
		return;
	}
	while (!shared && (o = other(c, false)) != NULL) {
		struct question to = gate_claim_question(o);

		gate_claim_drop(f, o, &to, &d);
	}
	export_changed(f, FAMILY_PATH, name_text(c->name), STR(""));
}

void
gate_claim_judge(struct fabric *f, struct claim *c, const struct question *q, const struct verdict *v)
{
	struct decision d = decision_of(v);

	if (d.error != E_NONE && !gate_is_admin(c->port))
		gate_claim_drop(f, c, q, &d);
	else if (c->name->family == FAMILY_PATH)
		share(f, c, q, c->said_shared || v->shared);
}

void
gate_claims_narrow(struct fabric *f, struct port *p)
{
	struct decision d = { .answer = ANSWER_DENY, .error = E_scope,
	    .reason = STR("not within the scopes that it is admitted with now") };
	struct question q;

	list_each_safe(n, &p->claims) {
		struct claim *c = list_of(n, struct claim, of_port);

		if (gate_claim_is_proven(c))
			continue;
		q = gate_claim_question(c);
		if (!gate_granted(p, q.subject))
			gate_claim_drop(f, c, &q, &d);
	}
}
