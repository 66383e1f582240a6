/*
 * meet.c - see meet.h.
 *
 * A link between clusters is up when both ends have accepted it, and nothing
 * but their verdicts crosses before: who was dialled says WELCOME or ERROR to
 * HELLO, then who dialled says WELCOME or ERROR to that.
 */
#include <stdio.h>

#include "base/log.h"
#include "link/greet.h"
#include "net/tls.h"

enum { TOLD_MS = 60000 };

bool
link_is_foreign(const struct link *l)
{
	return l->foreign;
}

/* --- how it came --- */

/* By its address, not by that of its socket: a proxy of this host may be between. */
static bool
is_of_host(const struct link *l, bool *socket_file)
{
	*socket_file = strcmp(link_peer(l), "unix") == 0;
	return *socket_file || peer_is_loopback(link_peer(l));
}

static uint32_t
departed_ms(const struct link *l, struct str node)
{
	const struct meetings *m = &l->links->meetings;
	uint64_t hash = map_hash(node), ms;

	for (size_t i = 0; i < MEETINGS_GONE; i++)
		if (m->gone[i].node == hash && m->gone[i].instance == l->instance && m->gone[i].at.us) {
			ms = mono_us_since(m->gone[i].at, l->links->fabric->now) / 1000;
			if (ms < DEPARTED_MS)
				return ms ? (uint32_t)ms : 1;
		}
	return 0;
}

void
link_departs(struct link *l)
{
	struct meetings *m = &l->links->meetings;

	if (!link_is_foreign(l))
		return;
	m->gone[m->gone_next].node = map_hash(l->port.node);
	m->gone[m->gone_next].instance = l->instance;
	m->gone[m->gone_next].at = l->links->fabric->now;
	m->gone_next = (m->gone_next + 1) % MEETINGS_GONE;
}

static struct stranger
stranger_of(const struct link *l, struct str node, struct str cluster, bool keys)
{
	struct stranger s = { .cluster = cluster, .node = node, .proven = l->proven, .keys = keys };
	bool socket_file;

	s.here = is_of_host(l, &socket_file);
	s.encrypted = socket_file || l->shielded || conn_tls(l->conn) != NULL;
	return s;
}

/* --- what the log has of it: a line a minute for each peer and reason --- */

static bool
is_told(struct links *ls, struct str node, struct str cluster, unsigned code, uint32_t *more)
{
	struct meetings *m = &ls->meetings;
	struct mono now = ls->fabric->now;
	uint64_t what = (map_hash(node) * 31 + map_hash(cluster)) * 31 + code;
	size_t at = 0;

	for (size_t i = 0; i < MEETINGS_TOLD; i++) {
		if (m->told[i].what == what) {
			at = i;
			break;
		}
		if (m->told[i].at.us < m->told[at].at.us)
			at = i;
	}
	*more = 0;
	if (m->told[at].what == what) {
		if (mono_us_since(m->told[at].at, now) < (uint64_t)TOLD_MS * 1000) {
			m->told[at].more++;
			return true;
		}
		*more = m->told[at].more;
	}
	m->told[at].what = what;
	m->told[at].at = now;
	m->told[at].more = 0;
	return false;
}

static void
tell(struct link *l, struct str node, struct str cluster, enum error error, const char *why,
    const struct cluster_verdict *v)
{
	char id[256], of[256], times[16];
	uint32_t more;

	l->turned_away = l->state < LINK_UP;
	if (is_told(l->links, node, cluster, federation_code_of(str(why)), &more))
		return;
	snprintf(id, sizeof id, "%.*s", STR_FMT(node));
	snprintf(of, sizeof of, "%.*s", STR_FMT(cluster));
	snprintf(times, sizeof times, "%u", more);
	log_event(LOG_LEVEL_WARNING, "link_refused", "error", error_row(error)->name, "peer", link_peer(l),
	    "node", id[0] ? id : NULL, "cluster", of[0] ? of : NULL, "why", why,
	    "setting", v && v->key[0] ? v->key : NULL,
	    "hint", v && federation_hint(v)[0] ? federation_hint(v) : NULL,
	    "more", more ? times : NULL, NULL);
}

/* --- our word on it --- */

static enum error
error_of(const struct cluster_verdict *v)
{
	return v->code == FED_DEPARTED || v->code == FED_RATE ? E_busy :
	    v->code == FED_MALFORMED ? E_malformed : E_cluster_isolated;
}

static void
refuse(struct link *l, const struct cluster_verdict *v, const struct stranger *s, enum error error,
    const char *why)
{
	struct fabric *f = l->links->fabric;
	char text[FED_TEXT];
	size_t n;

	federation_text(text, v, f->federation, str(f->cluster), s);
	n = strlen(text);
	if (v->foreign || error == E_NONE)
		error = error_of(v);
	else
		snprintf(text + n, sizeof text - n, ": %s", why);
	tell(l, s->node, s->cluster, error, text, v);
	link_close(l, error, text);
}

bool
link_meets(struct link *l, struct str node, struct str cluster, bool keys, enum error error,
    const char *why)
{
	struct fabric *f = l->links->fabric;
	struct stranger s = stranger_of(l, node, cluster, keys);
	struct cluster_verdict v;

	/* who is dialled shows a certificate, but for one of this host */
	s.keys = s.keys && !(l->dialled && s.here);
	s.departed_ms = departed_ms(l, node);
	v = federation_decide(f->federation, str(f->cluster), &s, &f->cluster_rates, f->now);
	l->foreign = v.foreign && v.code == FED_OK;
	if (v.code == FED_OK)
		return true;
	refuse(l, &v, &s, error, why);
	return false;
}

void
link_met(struct link *l)
{
	struct fabric *f = l->links->fabric;
	struct stranger s = stranger_of(l, l->port.node, l->port.cluster, false);
	struct cluster_verdict v = federation_decide(f->federation, str(f->cluster), &s, NULL, f->now);
	char node[256];

	snprintf(node, sizeof node, "%.*s", STR_FMT(l->port.node));
	log_event(v.warning ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "clusters_met",
	    "cluster", link_cluster(l), "node", node, "peer", link_peer(l), "by", v.by[0] ? v.by : NULL,
	    "why", v.warning ? "federation.mode is permissive_bridging, which admits any cluster" :
	    NULL, NULL);
}

uint32_t
links_check_clusters(struct links *ls)
{
	struct fabric *f = ls->fabric;
	struct cluster_verdict v;
	struct stranger s;
	uint32_t closed = 0;

	list_each(n, &ls->all) {
		struct link *l = list_of(n, struct link, place);

		if (l->state == LINK_DYING || !link_is_foreign(l))
			continue;
		s = stranger_of(l, l->port.node, l->port.cluster, false);
		v = federation_decide(f->federation, str(f->cluster), &s, NULL, f->now);
		if (v.code == FED_OK)
			continue;
		closed++;
		refuse(l, &v, &s, E_NONE, "");
	}
	return closed;
}

/* --- theirs --- */

bool
link_refused_there(struct link *l, enum error error, struct str text)
{
	unsigned code = federation_code_of(text);
	char why[FED_TEXT];

	/* of one route, name or message, and not of the link */
	if (!code || code == FED_SOURCE_NOT_ALLOWED || code == FED_FUNCTION_NOT_ALLOWED ||
	    code == FED_LINK_DOWN)
		return false;
	federation_text_far(why, text);
	tell(l, l->port.node, l->port.cluster, error, why, NULL);
	l->told = true;
	link_close(l, error, why);
	return true;
}

void
link_unadmitted(struct link *l, const char *kind)
{
	char why[FED_TEXT];

	federation_text_frame(why, kind);
	link_close(l, E_unauthenticated, why);
}
