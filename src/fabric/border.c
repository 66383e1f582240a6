/* border.c - see border.h. */
#include <stdio.h>

#include "fabric/border.h"
#include "fabric/cluster.h"

bool
border_is_ours(const struct fabric *f, struct str cluster)
{
	return cluster.n == 0 || !f->cluster[0] || str_is(cluster, f->cluster);
}

bool
border_is_foreign(const struct fabric *f, const struct port *p)
{
	return port_is_link(p) && !border_is_ours(f, p->cluster);
}

/* The first and the last of a run; TLVs of other types are passed over. */
static void
ends_of(struct str run, struct str *first, struct str *last)
{
	struct tlv t;

	*first = *last = STR("");
	while (tlv_next(&run, &t) == PARSE_OK)
		if (t.type == META_cluster) {
			if (!first->n)
				*first = t.value;
			*last = t.value;
		}
}

static bool
run_has(struct str run, struct str cluster)
{
	struct tlv t;

	while (tlv_next(&run, &t) == PARSE_OK)
		if (t.type == META_cluster && str_eq(t.value, cluster))
			return true;
	return false;
}

bool
border_is_abroad(const struct fabric *f, struct str clusters)
{
	struct str first, last;

	ends_of(clusters, &first, &last);
	return !border_is_ours(f, first);
}

static int
from_afar(const struct fabric *f, struct str from, struct str by, struct err *e)
{
	char text[FED_TEXT];

	federation_text_source(text, from, by, str(f->cluster));
	return err_set(e, "%s", text);
}

static bool
is_accepted(const struct fabric *f, struct str cluster)
{
	return border_is_ours(f, cluster) ||
	    federation_source(f->federation, str(f->cluster), cluster).code == FED_OK;
}

/* --- routes and names --- */

enum error
border_takes_route(const struct fabric *f, const struct port *p, const struct announcement *a, struct err *e)
{
	struct str first, last;
	bool foreign = border_is_foreign(f, p);

	ends_of(a->clusters, &first, &last);
	if (p->cluster.n && a->clusters.n == 0 && !foreign)
		return E_NONE;
	if (p->cluster.n && !str_eq(last, p->cluster)) {
		err_set(e, "a route to '%.*s' does not come from the cluster of its sender",
		    a->name.n > 80 ? 80 : (int)a->name.n, a->name.p);
		return E_malformed;
	}
	/* a way to ourselves through others is none */
	if (foreign && run_has(a->clusters, str(f->cluster))) {
		err_set(e, "a route to '%.*s' has left this cluster already",
		    a->name.n > 80 ? 80 : (int)a->name.n, a->name.p);
		return E_loop;
	}
	if (str_eq(first, p->cluster) || is_accepted(f, first))
		return E_NONE;
	from_afar(f, first, p->node, e);
	return E_cluster_isolated;
}

static bool
is_open(const struct fabric *f, enum family family, struct str name)
{
	return family != FAMILY_SERVICE || federation_function_open(f->federation, name, STR(""));
}

bool
border_takes_name(const struct fabric *f, const struct via *v, const struct announcement *a)
{
	struct str first, last;

	ends_of(v->clusters, &first, &last);
	return border_is_ours(f, first) || is_open(f, (enum family)a->family, a->name);
}

bool
border_tells_name(const struct fabric *f, const struct port *to, enum family family, struct str name)
{
	return !border_is_foreign(f, to) || is_open(f, family, name);
}

bool
border_tells_route(const struct fabric *f, const struct port *to, const struct via *v)
{
	struct str rest = v->clusters, first, last, before = STR("");
	struct tlv t;

	if (!border_is_foreign(f, to))
		return true;
	ends_of(v->clusters, &first, &last);
	if (border_is_ours(f, first))
		return !run_has(v->clusters, to->cluster);
	/* by which foreign cluster did it come in? */
	while (tlv_next(&rest, &t) == PARSE_OK)
		if (!border_is_ours(f, t.value))
			before = t.value;
	return !run_has(v->clusters, to->cluster) && federation_transit(f->federation, before, to->cluster);
}

/* --- messages --- */

/* An address of our own cluster does not come from another one. */
static bool
is_spoofed(struct fabric *f, struct str from)
{
	const struct name *name = fib_name(&f->fib, FAMILY_ENDPOINT, from);

	if (!name)
		return false;
	list_each(n, &name->claims) {
		const struct claim *c = list_of(n, struct claim, of_name);

		if (!c->via || !c->via->foreign)
			return true;
	}
	return false;
}

static enum error
within_rate(struct fabric *f, struct str cluster, struct err *e)
{
	struct limiter *l = federation_requests(f->federation, &f->cluster_rates, cluster, f->now);
	bool fine = l && limiter_take(l, f->now);

	limiter_release(&f->cluster_rates, l, f->now);
	if (fine)
		return E_NONE;
	err_set(e, "%d cluster \"%.*s\" is over its requests per minute", FED_RATE, STR_FMT(cluster));
	return E_overloaded;
}

static enum error
function_is_open(const struct fabric *f, const struct envelope *e, struct str cluster, struct err *err)
{
	struct str service, method;
	char text[FED_TEXT];

	if (e->to.n || !str_split(e->subject, '/', &service, &method) || str_is(service, "fedx") ||
	    federation_function_open(f->federation, service, method))
		return E_NONE;
	federation_text_function(text, e->subject, cluster);
	err_set(err, "%s", text);
	return E_denied;
}

enum error
border_takes_message(struct fabric *f, const struct port *p, const struct envelope *e, struct err *err)
{
	struct str first, last;
	bool foreign = border_is_foreign(f, p);
	enum error error;

	ends_of(e->meta, &first, &last);
	if (p->kind == PORT_CHILD && first.n) {
		err_set(err, "a leaf passes on nothing of other clusters");
		return E_scope;
	}
	if (foreign && !str_eq(last, p->cluster)) {
		err_set(err, "the message does not say that it left cluster \"%.*s\"", STR_FMT(p->cluster));
		return E_malformed;
	}
	if (!first.n)
		return E_NONE;
	if (run_has(e->meta, str(f->cluster))) {
		err_set(err, "the message has left this cluster already");
		return E_loop;
	}
	if (!str_eq(first, p->cluster) && !is_accepted(f, first)) {
		from_afar(f, first, p->node, err);
		return E_cluster_isolated;
	}
	if (e->from.n && is_spoofed(f, e->from)) {
		err_set(err, "the address in `from` is of this cluster, and the message is not");
		return E_scope;
	}
	if ((error = function_is_open(f, e, first, err)) != E_NONE)
		return error;
	return foreign ? within_rate(f, first, err) : E_NONE;
}

enum error
border_passes(const struct fabric *f, const struct envelope *e, const struct port *to, struct err *err)
{
	struct str first, last;

	if (!border_is_foreign(f, to))
		return E_NONE;
	ends_of(e->meta, &first, &last);
	if (first.n && !federation_transit(f->federation, last, to->cluster)) {
		from_afar(f, first, last, err);
		return E_cluster_isolated;
	}
	return function_is_open(f, e, to->cluster, err);
}

struct str
border_mark(const struct fabric *f, const struct port *to)
{
	return !port_is_link(to) ? STR("") : border_is_foreign(f, to) ? f->leave_tlv : f->path_tlv;
}
