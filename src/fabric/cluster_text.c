/*
 * cluster_text.c - what is said about clusters: the sentence of each code, and
 * what is wrong with the settings that decide.
 *
 * A stranger is told which rule of ours refuses it, not what else we allow;
 * what would change it goes to our own log.
 */
#include <stdarg.h>
#include <stdio.h>

#include "fabric/cluster.h"
#include "wire/hello.h"

static void say(char to[FED_TEXT], enum fed_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void
say(char to[FED_TEXT], enum fed_code code, const char *format, ...)
{
	int n = snprintf(to, FED_TEXT, "%d ", (int)code);
	va_list ap;

	va_start(ap, format);
	vsnprintf(to + n, FED_TEXT - (size_t)n, format, ap);
	va_end(ap);
}

void
federation_text(char to[FED_TEXT], const struct cluster_verdict *v, const struct federation *f,
    struct str own, const struct stranger *s)
{
	int cn = (int)s->cluster.n, nn = (int)s->node.n, on = (int)own.n;
	const char *c = s->cluster.p, *n = s->node.p, *o = own.p;

	*to = '\0';
	switch (v->code) {
	case FED_OK:
		break;
	case FED_STRICT:
		say(to, v->code, "cluster \"%.*s\" refused: cluster \"%.*s\" runs in strict_isolation, "
		    "which admits only its own cluster id", cn, c, on, o);
		break;
	case FED_NOT_ALLOWED:
		say(to, v->code, "cluster \"%.*s\" refused: not in allowed_foreign_cluster_ids of "
		    "cluster \"%.*s\"", cn, c, on, o);
		break;
	case FED_BLOCKED:
		say(to, v->code, "cluster \"%.*s\" refused: listed in blocked_foreign_cluster_ids of "
		    "cluster \"%.*s\"", cn, c, on, o);
		break;
	case FED_NODE_NOT_ALLOWED:
		say(to, v->code, "node \"%.*s\" of cluster \"%.*s\" refused: bridge \"%s\" lists other "
		    "nodes", nn, n, cn, c, v->by);
		break;
	case FED_DEPARTED:
		say(to, v->code, "node \"%.*s\" said goodbye %u s ago; it may return with a new "
		    "instance id or after %u s", nn, n, s->departed_ms / 1000,
		    (DEPARTED_MS - s->departed_ms) / 1000 + 1);
		break;
	case FED_RATE:
		say(to, v->code, "cluster \"%.*s\" is over %u per minute", cn, c,
		    f ? f->links_per_minute : 10u);
		break;
	case FED_NEEDS_TLS:
		say(to, v->code, "link to cluster \"%.*s\" is not encrypted and "
		    "require_encrypted_connections is on", cn, c);
		break;
	case FED_IDENTITY:
		say(to, v->code, "node \"%.*s\" did not prove that it belongs to cluster \"%.*s\"",
		    nn, n, cn, c);
		break;
	case FED_MALFORMED:
		say(to, v->code, "field \"cluster\": expected a cluster id of 1 to 255 bytes of UTF-8");
		break;
	case FED_NOT_ADMITTED:
	case FED_REMOTE_REFUSED:
	case FED_SOURCE_NOT_ALLOWED:
	case FED_FUNCTION_NOT_ALLOWED:
	case FED_LINK_DOWN:	/* not of this decision */
		break;
	}
}

void
federation_text_frame(char to[FED_TEXT], const char *kind)
{
	say(to, FED_NOT_ADMITTED, "frame \"%s\" before admission; send hello first", kind);
}

void
federation_text_far(char to[FED_TEXT], struct str theirs)
{
	say(to, FED_REMOTE_REFUSED, "the far side refused: %.*s",
	    theirs.n > FED_TEXT ? FED_TEXT : (int)theirs.n, theirs.p);
}

void
federation_text_source(char to[FED_TEXT], struct str from, struct str by, struct str own)
{
	say(to, FED_SOURCE_NOT_ALLOWED, "message from cluster \"%.*s\" passed on by \"%.*s\" refused: "
	    "transit or source not allowed at \"%.*s\"", STR_FMT(from), STR_FMT(by), STR_FMT(own));
}

void
federation_text_function(char to[FED_TEXT], struct str function, struct str cluster)
{
	say(to, FED_FUNCTION_NOT_ALLOWED, "function \"%.*s\" is not open to cluster \"%.*s\"",
	    function.n > 300 ? 300 : (int)function.n, function.p, STR_FMT(cluster));
}

void
federation_text_lost(char to[FED_TEXT], struct str node, bool sent)
{
	say(to, FED_LINK_DOWN, "link to \"%.*s\" closed %s", STR_FMT(node),
	    sent ? "while the call was in progress; it may have run" : "before the call was sent");
}

const char *
federation_hint(const struct cluster_verdict *v)
{
	switch (v->code) {
	case FED_STRICT:
		return "set federation.mode to explicit_bridging and list the cluster in "
		    "federation.allowed_foreign_cluster_ids, on both sides";
	case FED_NOT_ALLOWED:
		return "add it to federation.allowed_foreign_cluster_ids, or add a bridge to "
		    "federation.bridges";
	case FED_BLOCKED:
		return "take it out of federation.blocked_foreign_cluster_ids";
	case FED_NODE_NOT_ALLOWED:
		return "add the node to a bridge of its cluster in federation.bridges";
	case FED_RATE:
		return "raise federation.links_per_minute";
	case FED_NEEDS_TLS:
		return "use TLS, or set federation.require_encrypted_connections to no";
	case FED_IDENTITY:
		return v->foreign ? "who dials shows a token whose line names its node and cluster, who "
		    "is dialled a certificate that --tls-ca or tls.pin knows, and its URL ends in #CLUSTER; "
		    "or set federation.require_mutual_authentication to no" :
		    "give it a token whose line names its node and our cluster";
	case FED_OK:
	case FED_NOT_ADMITTED:
	case FED_REMOTE_REFUSED:
	case FED_DEPARTED:
	case FED_SOURCE_NOT_ALLOWED:
	case FED_FUNCTION_NOT_ALLOWED:
	case FED_LINK_DOWN:
	case FED_MALFORMED:
		break;
	}
	return "";
}

unsigned
federation_code_of(struct str text)
{
	struct str number, rest;
	uint64_t code;

	if (!str_split(text, ' ', &number, &rest) || number.n != 4 || str_u64(number, 9999, &code) == -1)
		return 0;
	switch (code) {
#define X(name, n, key) case n: return (unsigned)code;
	FED_CODES(X)
#undef X
	}
	return 0;
}

/* --- settings that cannot be --- */

static int
check_cluster(const char *key, struct str id, struct err *e)
{
	if (node_id_valid(id))
		return 0;
	return err_set(e, "%s: '%.*s' is no cluster id: want lower case letters, digits, - and _ "
	    "with dots between", key, id.n > 60 ? 60 : (int)id.n, id.p);
}

static int
check_bridge(const char *bridge, struct str own, struct err *e)
{
	struct str rest = str(bridge), word = str_word(&rest);

	if (check_cluster("federation.bridges", word, e) == -1)
		return -1;
	if (str_eq(word, own))
		return err_set(e, "federation.bridges: a bridge cannot join a cluster to itself, and "
		    "'%.*s' is our own: want the id of another", STR_FMT(word));
	while ((word = str_word(&rest)).n) {
		if (str_is(word, "as")) {
			if (str_word(&rest).n && !str_trim(rest).n)
				return 0;
			return err_set(e, "federation.bridges: '%.80s': want one name after 'as', at the "
			    "end", bridge);
		}
		if (!node_id_valid(word))
			return err_set(e, "federation.bridges: '%.*s' is no node id: want "
			    "\"CLUSTER [NODE...] [as NAME]\"", word.n > 60 ? 60 : (int)word.n, word.p);
	}
	return 0;
}

static int
check_transit(const char *pair, struct err *e)
{
	static const char *const words[] = { "on", "off", "yes", "no", "true", "false", NULL };
	struct str rest = str(pair), from, to;

	for (size_t i = 0; words[i]; i++)
		if (strcmp(pair, words[i]) == 0)
			return 0;
	from = str_word(&rest);
	to = str_word(&rest);
	if (!to.n || str_trim(rest).n || str_eq(from, to))
		return err_set(e, "federation.transit: '%.80s' is no pair: want \"FROM TO\", two foreign "
		    "clusters, or true", pair);
	return check_cluster("federation.transit", from, e) == -1 ? -1 :
	    check_cluster("federation.transit", to, e);
}

static int
check_function(const char *key, const char *name, struct err *e)
{
	if (*name && !strpbrk(name, " \t"))
		return 0;
	return err_set(e, "%s: '%.80s' is no function: want SERVICE or SERVICE/METHOD", key, name);
}

int
federation_check(const struct federation *f, struct str own, const char **value, struct err *e)
{
	static const char key_allowed[] = "federation.allowed_foreign_cluster_ids";
	static const char key_blocked[] = "federation.blocked_foreign_cluster_ids";

	for (size_t i = 0; i < f->allowed.count; i++)
		if (check_cluster(key_allowed, str(*value = f->allowed.at[i]), e) == -1)
			return -1;
	for (size_t i = 0; i < f->blocked.count; i++) {
		if (check_cluster(key_blocked, str(*value = f->blocked.at[i]), e) == -1)
			return -1;
		if (str_is(own, f->blocked.at[i]))
			return err_set(e, "%s: '%s' is our own cluster id: want ids of others", key_blocked,
			    f->blocked.at[i]);
	}
	for (size_t i = 0; i < f->bridges.count; i++)
		if (check_bridge(*value = f->bridges.at[i], own, e) == -1)
			return -1;
	for (size_t i = 0; i < f->transit.count; i++)
		if (check_transit(*value = f->transit.at[i], e) == -1)
			return -1;
	for (size_t i = 0; i < f->allowed_functions.count; i++)
		if (check_function("federation.allowed_functions", *value = f->allowed_functions.at[i],
		    e) == -1)
			return -1;
	for (size_t i = 0; i < f->blocked_functions.count; i++)
		if (check_function("federation.blocked_functions", *value = f->blocked_functions.at[i],
		    e) == -1)
			return -1;
	*value = NULL;
	return 0;
}
