/*
 * cluster.c - see cluster.h.
 *
 * The numbered steps of federation_decide() are those of fedx-hub(8), CLUSTERS,
 * in the same order: the first that applies wins.  Both ends of a link take
 * them, whoever dialled, so that the narrower settings of the two hold.
 */
#include <stdio.h>

#include "fabric/cluster.h"
#include "wire/utf8.h"

enum { CLUSTER_MAX = 255 };

static const struct federation strict = { .mutual = true, .links_per_minute = 10,
	.requests_per_minute = 100 };

static const struct federation *
given(const struct federation *f)
{
	return f ? f : &strict;
}

static bool
has(const struct words *w, struct str s)
{
	for (size_t i = 0; i < w->count; i++)
		if (str_is(s, w->at[i]))
			return true;
	return false;
}

/* --- bridges: "CLUSTER [NODE...] [as NAME]" --- */

static struct str
bridge_cluster(const char *bridge)
{
	struct str rest = str(bridge);

	return str_word(&rest);
}

static bool
bridge_lets(const char *bridge, struct str node)
{
	struct str rest = str(bridge), word;
	bool all = true;

	str_word(&rest);
	while ((word = str_word(&rest)).n && !str_is(word, "as")) {
		if (node.n && str_eq(word, node))
			return true;
		all = false;
	}
	return all;
}

static void
bridge_name(const char *bridge, struct str own, char *to, size_t size)
{
	struct str rest = str(bridge), cluster = str_word(&rest), word;

	while ((word = str_word(&rest)).n)
		if (str_is(word, "as")) {
			word = str_word(&rest);
			snprintf(to, size, "%.*s", STR_FMT(word));
			return;
		}
	snprintf(to, size, "bridge_%.*s_to_%.*s", STR_FMT(own), STR_FMT(cluster));
}

struct bridges { const char *first, *fits; };	/* of one cluster; that lets the node in */

static struct bridges
bridges_to(const struct federation *f, struct str cluster, struct str node)
{
	struct bridges b = { NULL, NULL };

	for (size_t i = 0; i < f->bridges.count; i++) {
		const char *at = f->bridges.at[i];

		if (!str_eq(bridge_cluster(at), cluster))
			continue;
		if (!b.first)
			b.first = at;
		if (!b.fits && bridge_lets(at, node))
			b.fits = at;
	}
	return b;
}

/* --- the decision --- */

static const char *
key_of(enum fed_code code)
{
	switch (code) {
	case FED_OK:
		break;
#define X(name, number, key) case FED_##name: return key;
	FED_CODES(X)
#undef X
	}
	return "";
}

static struct cluster_verdict
refused(enum fed_code code, uint8_t line)
{
	return (struct cluster_verdict){ .code = code, .line = line, .foreign = true,
	    .key = key_of(code) };
}

static bool
is_cluster(struct str s)
{
	return s.n > 0 && s.n <= CLUSTER_MAX && utf8_valid(s);
}

/* 12. by a bridge or the list; 13. by the mode alone, which is worth a warning */
static struct cluster_verdict
accepted(const struct federation *f, struct str own, const char *bridge)
{
	struct cluster_verdict v = { .code = FED_OK, .line = 12, .foreign = true };

	if (f->mode == PERMISSIVE_BRIDGING) {
		v.line = 13;
		v.warning = true;
		v.key = "federation.mode";
	} else if (bridge) {
		v.key = "federation.bridges";
		bridge_name(bridge, own, v.by, sizeof v.by);
	} else {
		v.key = "federation.allowed_foreign_cluster_ids";
		snprintf(v.by, sizeof v.by, "allow list");
	}
	return v;
}

static bool
has_rate(const struct federation *f, struct limiters *ls, struct str cluster, struct mono now)
{
	struct limiter *l = limiter_use(ls, STR("federation.links"), cluster,
	    (uint32_t)((uint64_t)f->links_per_minute * 1000 / 60), f->links_per_minute, now);
	bool yes = l && limiter_take(l, now);

	limiter_release(ls, l, now);
	return yes;
}

struct cluster_verdict
federation_decide(const struct federation *given_or_null, struct str own, const struct stranger *s,
    struct limiters *ls, struct mono now)
{
	const struct federation *f = given(given_or_null);
	struct cluster_verdict v;
	struct bridges bridges = bridges_to(f, s->cluster, s->node);
	bool explicit = f->mode == EXPLICIT_BRIDGING, listed = has(&f->allowed, s->cluster);

	/* 1. an id that is none */
	if (!is_cluster(s->cluster))
		return refused(FED_MALFORMED, 1);
	/* 2. it has just gone, and is the same still */
	if (s->departed_ms && s->departed_ms < DEPARTED_MS)
		return refused(FED_DEPARTED, 2);
	/* 3. blocked wins over every allow and every mode */
	if (has(&f->blocked, s->cluster))
		return refused(FED_BLOCKED, 3);
	/* 4. our own id is only a claim, where there are keys to prove it */
	if (str_eq(s->cluster, own) && s->keys && !s->proven) {
		v = refused(FED_IDENTITY, 4);
		v.foreign = false;
		v.key = "token_file";
		return v;
	}
	/* 5. */
	if (str_eq(s->cluster, own))
		return (struct cluster_verdict){ .code = FED_OK, .line = 5, .key = "" };
	/* 6. */
	if (f->mode == STRICT_ISOLATION)
		return refused(FED_STRICT, 6);
	/* 7. the nodes of a bridge narrow also what the allow list says */
	if (explicit && bridges.first && !bridges.fits) {
		v = refused(FED_NODE_NOT_ALLOWED, 7);
		bridge_name(bridges.first, own, v.by, sizeof v.by);
		return v;
	}
	/* 8. */
	if (explicit && !bridges.first && !listed)
		return refused(FED_NOT_ALLOWED, 8);
	/* 9. */
	if (f->mutual && !s->proven)
		return refused(FED_IDENTITY, 9);
	/* 10. */
	if (!s->encrypted && f->encrypted != ENCRYPTED_NEVER &&
	    !(s->here && f->encrypted == ENCRYPTED_OFF_HOST))
		return refused(FED_NEEDS_TLS, 10);
	/* 11. */
	if (ls && !has_rate(f, ls, s->cluster, now))
		return refused(FED_RATE, 11);
	/* 12. and 13. */
	return accepted(f, own, bridges.fits);
}

struct cluster_verdict
federation_source(const struct federation *given_or_null, struct str own, struct str cluster)
{
	const struct federation *f = given(given_or_null);
	struct bridges bridges = bridges_to(f, cluster, STR(""));

	if (!is_cluster(cluster))
		return refused(FED_MALFORMED, 1);
	if (has(&f->blocked, cluster))
		return refused(FED_BLOCKED, 3);
	if (str_eq(cluster, own))
		return (struct cluster_verdict){ .code = FED_OK, .line = 5, .key = "" };
	if (f->mode == STRICT_ISOLATION)
		return refused(FED_STRICT, 6);
	/* which of its nodes may be linked is for those who are its neighbours */
	if (f->mode == EXPLICIT_BRIDGING && !bridges.first && !has(&f->allowed, cluster))
		return refused(FED_NOT_ALLOWED, 8);
	return accepted(f, own, bridges.first);
}

/* --- what may cross --- */

/* Does a word name this function, or all of its service? */
static bool
names(const struct words *w, struct str service, struct str method, bool in_part)
{
	for (size_t i = 0; i < w->count; i++) {
		struct str word = str(w->at[i]), rest;

		if (str_eq(word, service))
			return true;
		if (!str_starts(word, service) || word.n == service.n || word.p[service.n] != '/')
			continue;
		rest = str_skip(word, service.n + 1);
		if (method.n ? str_eq(rest, method) : in_part)
			return true;
	}
	return false;
}

bool
federation_function_open(const struct federation *given_or_null, struct str service, struct str method)
{
	const struct federation *f = given(given_or_null);

	if (names(&f->blocked_functions, service, method, false))
		return false;
	return f->allowed_functions.count == 0 || names(&f->allowed_functions, service, method, true);
}

static bool
is_any(const char *word)
{
	return str_is(str(word), "on") || str_is(str(word), "yes") || str_is(str(word), "true");
}

bool
federation_transit(const struct federation *given_or_null, struct str from, struct str to)
{
	const struct federation *f = given(given_or_null);

	for (size_t i = 0; i < f->transit.count; i++) {
		struct str rest = str(f->transit.at[i]);

		if (is_any(f->transit.at[i]))
			return true;
		if (str_eq(str_word(&rest), from) && str_eq(str_word(&rest), to))
			return true;
	}
	return false;
}

struct limiter *
federation_requests(const struct federation *given_or_null, struct limiters *ls, struct str cluster,
    struct mono now)
{
	const struct federation *f = given(given_or_null);

	return limiter_use(ls, STR("federation.requests"), cluster,
	    (uint32_t)((uint64_t)f->requests_per_minute * 1000 / 60), f->requests_per_minute, now);
}
