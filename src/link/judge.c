/*
 * judge.c - does what a link has shown let it in?  Asked when it greets, and
 * of everyone again when the lists of who may join are other ones.
 */
#include "link/greet.h"
#include "net/tls.h"

const struct tls_peer *
link_certificate(const struct link *l)
{
	const struct tls *t = conn_tls(l->conn);

	return t ? tls_peer(t) : NULL;
}

int
link_review(struct link *l, struct err *e)
{
	struct tls_ctx *now = l->dialled ? l->links->client : l->links->server;
	struct tls *t = conn_tls(l->conn);

	return !t || tls_is_of(t, now) ? 0 : tls_review(t, now, e);
}

bool
link_is_blocked(const struct link *l)
{
	const struct blocked *b = l->links->blocked;
	const struct tls_peer *cert = link_certificate(l);

	return (cert && (blocked_has(b, cert->cert) || blocked_has(b, cert->key))) ||
	    (l->credential.kind != CREDENTIAL_NONE && blocked_has(b, l->credential.hash));
}

static const char blocked[] = "the credential is blocked at this hub";

enum error
link_check_credential(struct link *l, uint8_t role, struct str node, struct grant *g, const char **why)
{
	const struct auth *auth = l->links->auth;

	*g = (struct grant){ .role = ROLE_NONE };
	if (link_is_blocked(l)) {
		*why = blocked;
		return E_unauthenticated;
	}
	return auth && l->credential.kind != CREDENTIAL_USER ?
	    auth_check(auth, &l->credential, link_certificate(l), role, node, wall_now(), g, why) : E_NONE;
}

/* Anew: does the list let in who dialled us, by what it has shown? */
static enum error
check_grant(struct link *l, const char **why)
{
	struct grant g;
	enum error error = link_check_credential(l, l->port.role, l->port.node, &g, why);

	l->proven = error == E_NONE && str_is(l->port.cluster, g.cluster);
	if (error == E_NONE)
		l->exact = g.exact;
	if (error == E_NONE && gate_confine(l->links->fabric, &l->port, g.scopes) == -1) {
		*why = "no memory for the scopes of the credential";
		return E_overloaded;
	}
	if (error != E_NONE || l->proven || link_is_foreign(l))
		return error;
	*why = "the credential belongs to another cluster now";
	return E_cluster_isolated;
}

/* May it stay? */
static enum error
check_again(struct link *l, struct err *e)
{
	const char *why = "";
	enum error error = E_NONE;

	if (link_review(l, e) == -1)
		return E_unauthenticated;
	if (link_is_blocked(l))
		why = l->dialled ? "the certificate of the hub is blocked here" : blocked, error = E_unauthenticated;
	else if (l->network && l->links->auth && l->credential.kind != CREDENTIAL_USER)
		error = check_grant(l, &why);
	err_set(e, "%s", why);
	return error;
}

/* Has it been let in by what it has shown?  Before, it will be judged by the list of then. */
static bool
is_let_in(const struct link *l)
{
	return l->state == LINK_GREETING ? l->greets : l->state != LINK_DYING;
}

/* Lists of who may join, and of who may not, are other ones now, and so are the CAs: who may not stay goes. */
static uint32_t
check_links(struct links *ls, struct str node, uint32_t *checked)
{
	uint32_t closed = 0;
	struct err e;
	enum error error;

	*checked = 0;
	list_each(n, &ls->all) {
		struct link *l = list_of(n, struct link, place);

		if (!is_let_in(l) || (!l->network && !l->dialled) || l->port.guest || (node.n && !str_eq(l->port.node, node)))
			continue;
		*checked += (l->network && ls->auth) || ls->blocked;
		if ((error = check_again(l, &e)) != E_NONE)
			closed++, link_refuse(l, error, e.text, e.text);
	}
	return closed;
}

uint32_t
links_check_grants(struct links *ls, uint32_t *checked)
{
	return check_links(ls, STR(""), checked);
}

uint32_t
links_check_grant(struct links *ls, struct str node)
{
	uint32_t checked;

	return check_links(ls, node, &checked);
}
