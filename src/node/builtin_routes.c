/* builtin_routes.c - every route to every hub, and to a name: which is used, and why the others are not. */
#include <inttypes.h>
#include <stdio.h>

#include "fabric/rib.h"
#include "node/builtin.h"
#include "node/members.h"
#include "wire/json.h"

enum { DEPTH = 8 };

const char *
via_word(const struct via *v)
{
	return !v->digest ? "withdrawn" : via_waits(v) ? "pending" : !via_is_taken(v) ? "denied" :
	    v == v->origin->best ? "best" : via_serves(v) ? "equal" : v->held || v->damped ? "held" : "other";
}

void
via_why(const struct via *v, struct mono now, char *to, size_t size)
{
	const struct via *best = v->origin->best;

	*to = '\0';
	if (!v->digest)
		snprintf(to, size, "withdrawn; its %" PRIu32 " losses are remembered for a while", v->flaps);
	else if (via_waits(v))
		snprintf(to, size, "policy has not said yet whether it may be used");
	else if (!via_is_taken(v))
		snprintf(to, size, "policy denies it%s%s", v->import.why && *v->import.why ? ": " : "",
		    v->import.why ? v->import.why : "");
	else if (v->held)
		snprintf(to, size, "lost %" PRIu32 " times lately: not used for %" PRIu64 " ms", v->flaps,
		    mono_ms_until(now, v->held_until));
	else if (v->damped && via_serves(v))
		snprintf(to, size, "held, but the only one: lost %" PRIu32 " times lately", v->flaps);
	else if (v->damped)
		snprintf(to, size, "lost %" PRIu32 " times lately: for %" PRIu64 " ms others come first", v->flaps,
		    mono_ms_until(now, v->damped_until));
	else if (!best || via_serves(v))
		return;
	else if (v->partial && !best->partial)
		snprintf(to, size, "its names have not all been told yet");
	else if (v->preference != best->preference)
		snprintf(to, size, "preference %" PRId32 " is less than %" PRId32, v->preference, best->preference);
	else if (v->score != best->score)
		snprintf(to, size, "score %" PRId64 " is more than %" PRId64, v->score, best->score);
	else if (v->length != best->length)
		snprintf(to, size, "%" PRIu32 " nodes are more than %" PRIu32, v->length, best->length);
	else
		snprintf(to, size, "latency or reliability is worse");
}

void
put_path(struct buf *o, struct str path)
{
	struct str nodes[HOPS_DEFAULT];
	struct tlv t;
	size_t n = 0;

	/* as the message will pass them: the next one first; node ids need no escape */
	while (n < HOPS_DEFAULT && tlv_next(&path, &t) == PARSE_OK)
		nodes[n++] = t.value;
	buf_str(o, STR(",\"path\":\""));
	while (n--)
		buf_fmt(o, "%.*s%s", STR_FMT(nodes[n]), n ? " " : "");
	buf_str(o, STR("\""));
}

static void
put_clusters(struct buf *o, struct str clusters)
{
	char text[600] = "";
	struct tlv t;

	while (tlv_next(&clusters, &t) == PARSE_OK) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof text - n, "%s%.*s", n ? " " : "", STR_FMT(t.value));
	}
	put_member(o, "clusters", str(text));
}

static void
put_via(struct node *n, const struct via *v, struct buf *o)
{
	const struct rule_place *rule;
	char why[400];

	via_why(v, n->fabric.now, why, sizeof why);
	put_member(o, "origin", v->origin->node);
	put_member(o, "next", v->port->node);
	put_member(o, "state", str(via_word(v)));
	put_path(o, v->digest ? v->path : STR(""));
	put_clusters(o, v->digest ? v->clusters : STR(""));
	buf_fmt(o, ",\"preference\":%" PRId32 ",\"score\":%" PRId64, v->preference, v->score);
	put_number(o, "length", v->length);
	put_number(o, "names", v->names);
	if (v->length > 1 && v->digest)
		put_number(o, "expires_s", mono_ms_until(n->fabric.now, v->expires) / 1000);
	put_member(o, "tags", v->digest ? via_tags(v) : STR(""));
	if ((rule = rulebook_place(&n->control.rules, v->import.rule)) != NULL) {
		size_t used = strlen(why);

		snprintf(why + used, sizeof why - used, " (%s%s%s:%" PRIu32 ")", rule->name, *rule->name ? " at " : "",
		    rule->file, rule->line);
		put_member(o, "rule", str(rule->name));
		put_member(o, "file", str(rule->file));
		put_number(o, "line", rule->line);
	}
	put_member(o, "why", str(why));
}

static void
put_all(struct node *n, struct buf *o)
{
	list_each(at, &n->fabric.rib.origins)
		list_each(v, &list_of(at, struct origin, all)->vias) {
			buf_fmt(o, "{\"v\":1");
			put_via(n, list_of(v, struct via, of_origin), o);
			buf_str(o, STR("}\n"));
		}
}

static void
put_candidates(struct node *n, const struct name *name, struct buf *o)
{
	list_each(at, &name->claims) {
		const struct claim *c = list_of(at, struct claim, of_name);

		buf_fmt(o, "{\"v\":1");
		put_member(o, "family", str(family_name(name->family)));
		put_member(o, "name", name_text(name));
		put_member(o, "version", claim_version(c));
		if (c->via) {
			put_via(n, c->via, o);
		} else {
			put_member(o, "origin", str(n->fabric.node));
			put_member(o, "next", port_is_link(c->port) ? c->port->node : STR("local"));
			put_member(o, "state", STR("best"));
		}
		buf_str(o, STR("}\n"));
	}
}

/* All; or of a name of whatever family, or of the node that is the origin. */
enum error
put_routes(struct node *n, struct str payload, struct buf *o, struct err *e)
{
	struct json_fault fault;
	struct str text;
	struct origin *origin;
	bool found = false;

	if (!str_trim(payload).n) {
		put_all(n, o);
		return E_NONE;
	}
	if (json_check(payload, DEPTH, &fault) == -1 || !json_text_plain(json_member(payload, "name"), &text)) {
		err_set(e, "want nothing, or an object like {\"name\":\"wc\"}");
		return E_malformed;
	}
	for (int f = 0; f < FAMILY_COUNT; f++) {
		struct name *name = fib_name(&n->fabric.fib, (enum family)f, text);

		if (name) {
			put_candidates(n, name, o);
			found = true;
		}
	}
	if ((origin = rib_origin(&n->fabric, text)) != NULL && origin != n->fabric.rib.self)
		list_each(v, &origin->vias) {
			buf_fmt(o, "{\"v\":1");
			put_via(n, list_of(v, struct via, of_origin), o);
			buf_str(o, STR("}\n"));
			found = true;
		}
	if (found)
		return E_NONE;
	err_set(e, "nobody that is reached from here holds '%.*s'", text.n > 80 ? 80 : (int)text.n, text.p);
	return E_not_found;
}
