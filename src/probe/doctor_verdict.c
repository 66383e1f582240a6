/*
 * doctor_verdict.c - what the answer to HELLO means for credential, cluster,
 * node id and policy, which a hub looks at in this order.
 *
 * The role of a client is the one that disturbs nobody.  With the token or key
 * of a leaf or a hub it is refused, but only after that itself was found good.
 */
#include <stdio.h>

#include "probe/doctor.h"
#include "wire/kinds.h"

/* E_denied is said by the list of tokens as by policy: only the words differ. */
static bool
speaks_of_credential(const char *text)
{
	return strstr(text, "the token is ") || strstr(text, "the key is ") ||
	    str_starts(str(text), STR("only the owner "));
}

static bool
shows_certificate_alone(const struct doctor *d)
{
	return d->shown && !d->token[0] && d->proving.key.n == 0;
}

/* Nothing is said against it but whom it is for. */
static bool
is_good_certificate(const struct doctor *d)
{
	return shows_certificate_alone(d) && d->answer.kind == KIND_ERROR &&
	    (strstr(d->answer.text, "the certificate does not have this node id") ||
	    strstr(d->answer.text, "the certificate is for another "));
}

/* The credential is good, but not for a client, and nobody has said for which node it is. */
static bool
is_half_known(const struct doctor *d)
{
	return !d->as && (is_good_certificate(d) || (d->answer.kind == KIND_ERROR &&
	    d->answer.error == E_denied && speaks_of_credential(d->answer.text)));
}

static bool
refused(const struct doctor *d, enum error error)
{
	return d->answer.kind == KIND_ERROR && d->answer.error == error;
}

static enum finding
certificate_refused(struct doctor *d)
{
	const char *text = d->answer.text;

	if (!is_good_certificate(d))
		return doctor_fail(d, EXIT_DENIED, text, "the hub needs its CA in tls.client_ca, a line in its "
		    "--token-file that takes it (cert), and a reload");
	return doctor_fail(d, EXIT_DENIED, text, strstr(text, "another role") ?
	    "give --role the role that its line is for: leaf, hub or client" :
	    "give --as (and the leaf -i) the node id that the certificate has, or make one for this id: "
	    "fedx-probe keygen leaf");
}

enum finding
doctor_credential(struct doctor *d)
{
	const struct answer *a = &d->answer;

	if (d->bare)
		return doctor_fail(d, EXIT_REFUSED, "token and key were not used, since the URL has no TLS",
		    "use fedxs:// or wss://, or --insecure for a demonstration");
	if (d->proving.key.n && a->kind == KIND_WELCOME && !d->proving.known)
		return doctor_fail(d, EXIT_PEER, "the hub welcomes us without proving that it has the key",
		    "the hub's --psk-file must have the line of this key; is it the right hub?");
	if (is_half_known(d))
		return doctor_saw(d, FOUND_OK, "%s; it is for a node, which was not tried",
		    is_good_certificate(d) ? "the hub believes the certificate" : d->proving.key.n ?
		    "the key is known and has not expired" : "the token is known and has not expired");
	if (is_good_certificate(d) || (refused(d, E_unauthenticated) && shows_certificate_alone(d)))
		return certificate_refused(d);
	if (refused(d, E_unauthenticated) && d->proving.key.n)
		return doctor_fail(d, EXIT_DENIED, a->text, d->proving.known ? "ask for a new key" :
		    "its line must be in the hub's --psk-file, and the hub reloaded; else this is another hub, or "
		    "somebody is in between");
	if (refused(d, E_unauthenticated) && !d->token[0])
		return doctor_fail(d, EXIT_DENIED, a->text,
		    "give --token-file, with a token that fedx-probe keygen token makes, or --psk-file");
	if (refused(d, E_unauthenticated))
		return doctor_fail(d, EXIT_DENIED, a->text, "ask for a new token: its line must be in the "
		    "hub's --token-file, and the hub reloaded");
	if (refused(d, E_denied) && speaks_of_credential(a->text))
		return doctor_fail(d, EXIT_DENIED, a->text, strstr(a->text, "another role") ?
		    "give --role the role that it is for: leaf, hub or client" :
		    d->url.scheme == SCHEME_UNIX ? "run this as the owner of the node" :
		    "give --as (and the leaf -i) the node id that it is for");
	return doctor_saw(d, FOUND_OK, d->url.scheme == SCHEME_UNIX ? "our own user" :
	    d->proving.key.n ? "the hub has the key, and ours is accepted" : d->token[0] ?
	    "the token is accepted" : d->shown ? "the certificate is accepted" : "none given, none wanted");
}

enum finding
doctor_cluster(struct doctor *d)
{
	const struct answer *a = &d->answer;
	struct str wanted = d->url.cluster.n ? d->url.cluster : str(d->cluster);
	char wrong[SEEN_MAX];

	if (is_half_known(d))
		return doctor_saw(d, FOUND_SKIP, "not tried: give --as NODE");
	if (refused(d, E_cluster_isolated))
		return doctor_fail(d, EXIT_DENIED, a->text, strchr(a->text, ';') ? NULL :
		    "both clusters must allow it, or give -C and a token of the hub's cluster");
	if (a->kind == KIND_WELCOME && wanted.n && !str_is(wanted, a->cluster)) {
		snprintf(wrong, sizeof wrong, "the hub is of cluster '%.100s', not '%.*s'", a->cluster,
		    wanted.n > 100 ? 100 : (int)wanted.n, wanted.p);
		return doctor_fail(d, EXIT_DENIED, wrong, d->url.cluster.n ?
		    "write the hub's cluster behind the # of the URL, or dial another hub" :
		    "give -C the hub's cluster, or dial another hub");
	}
	return doctor_saw(d, FOUND_OK, "%s", a->kind == KIND_WELCOME ? a->cluster : "not refused");
}

enum finding
doctor_node_id(struct doctor *d)
{
	if (!d->as || d->role == ROLE_CLIENT)
		return doctor_saw(d, FOUND_SKIP, "not tried: give --as NODE");
	if (refused(d, E_node_id_in_use))
		return doctor_fail(d, EXIT_DENIED, d->answer.text, strchr(d->answer.text, ':') ? NULL :
		    "use another node id, or find who has this one");
	return doctor_saw(d, FOUND_OK, "%s", d->as);
}

enum finding
doctor_policy(struct doctor *d)
{
	if (is_half_known(d))
		return doctor_saw(d, FOUND_SKIP, "not tried: give --as NODE");
	if (d->answer.kind != KIND_WELCOME)
		return doctor_fail(d, error_row(d->answer.error)->exit, d->answer.text,
		    "its hook admit decides: fedx-probe rules, asked at the hub, says by which rule");
	return doctor_saw(d, FOUND_OK, "admitted as %s%s%s", role_name(d->role),
	    d->as ? " " : "", d->as ? d->as : "");
}
