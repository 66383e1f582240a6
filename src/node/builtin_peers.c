/* builtin_peers.c - the hubs that this node dials or that dialled it: what is told of them, and what is done by hand. */
#include "node/builtin.h"
#include "node/members.h"
#include "wire/json.h"

enum { DEPTH = 2, NAME_MAX_TEXT = 4096 };

const char *
uplink_word(const struct uplink *u)
{
	static const char *const words[UPLINK_STATE_COUNT] = { "none", "dialling", "greeting", "up",
	    "backoff", "refused", "paused", "standby" };

	return words[u->state];
}

/* NULL: a hub that dialled us, and that we do not dial; or no link, for it is down. */
static void
put_peer(struct node *n, const struct uplink *u, const struct link *l, struct buf *o)
{
	struct mono since = l ? l->since : u->since;

	buf_fmt(o, "{\"v\":1");
	put_member(o, "node", l ? l->port.node : str(u->node));
	put_member(o, "cluster", str(l ? link_cluster(l) : ""));
	put_member(o, "url", str(u ? u->urls[u->url] : ""));
	put_member(o, "kind", str(u && !u->peer ? "uplink" : "peer"));
	put_member(o, "state", str(l && l->port.draining ? "draining" : l ? "up" : uplink_word(u)));
	put_member(o, "dialled", str(!l ? "" : l->dialled ? "us" : "them"));
	put_number(o, "since_s", mono_us_since(since, n->fabric.now) / 1000000);
	if (l)
		put_number(o, "rtt_us", l->rtt_us);
	put_member(o, "why", str(l ? "" : u->why));
	buf_str(o, STR("}\n"));
}

static bool
is_dialled(const struct links *ls, const struct link *l)
{
	list_each(at, &ls->uplinks)
		if (uplink_linked(list_of(at, struct uplink, place)) == l)
			return true;
	return false;
}

void
put_peers(struct node *n, struct buf *o)
{
	list_each(at, &n->links.uplinks) {
		struct uplink *u = list_of(at, struct uplink, place);

		if (u->url_count)
			put_peer(n, u, uplink_linked(u), o);
	}
	list_each(at, &n->links.all) {
		struct link *l = list_of(at, struct link, place);

		if (l->state == LINK_UP && l->port.kind == PORT_PEER && !is_dialled(&n->links, l))
			put_peer(n, NULL, l, o);
	}
}

static bool
is_called(const struct uplink *u, struct str name)
{
	for (size_t i = 0; i < u->url_count; i++)
		if (str_is(name, u->urls[i]))
			return true;
	return u->node[0] && str_is(name, u->node);
}

static void
pause_link(struct uplink *u)
{
	uplink_step(u, ON_UPLINK_PAUSE);
}

static const struct { const char *word; void (*act)(struct uplink *); } acts[] = {
	{ "pause", pause_link }, { "resume", uplink_retry }, { "retry", uplink_retry },
	{ "drain", uplink_drain },
};

static void
put_acted(const struct uplink *u, struct buf *o)
{
	const struct link *l = u->state == UPLINK_PAUSED ? NULL : uplink_linked(u);

	buf_fmt(o, "{\"v\":1");
	put_member(o, "node", str(u->node));
	put_member(o, "url", str(u->urls[u->url]));
	put_member(o, "state", str(u->drains ? "draining" : l ? "up" : uplink_word(u)));
	put_member(o, "why", str(l ? "" : u->why));
	buf_str(o, STR("}\n"));
}

static enum error
act_on(struct node *n, struct str name, struct str word, struct buf *o, struct err *e)
{
	size_t found = 0, act = 0;

	while (act < sizeof acts / sizeof *acts && !str_is(word, acts[act].word))
		act++;
	if (act == sizeof acts / sizeof *acts) {
		err_set(e, "a link can be told to pause, resume, retry or drain, and not to '%.*s'",
		    word.n > 40 ? 40 : (int)word.n, word.p);
		return E_unsupported;
	}
	list_each(at, &n->links.uplinks) {
		struct uplink *u = list_of(at, struct uplink, place);

		if (!is_called(u, name))
			continue;
		found++;
		acts[act].act(u);
		put_acted(u, o);
	}
	if (found)
		return E_NONE;
	if (links_find(&n->links, name, NULL)) {
		err_set(e, "'%.*s' has dialled this node: ask there", name.n > 80 ? 80 : (int)name.n, name.p);
		return E_conflict;
	}
	err_set(e, "this node dials no '%.*s'; fedx-probe peers lists whom it dials",
	    name.n > 80 ? 80 : (int)name.n, name.p);
	return E_not_found;
}

enum error
link_act(struct node *n, struct str payload, struct buf *o, struct err *e)
{
	struct json_fault fault;
	enum error error = E_malformed;
	struct buf name;
	struct str word;

	buf_init(&name, NAME_MAX_TEXT);
	if (json_check(payload, DEPTH, &fault) == -1 || json_text(json_member(payload, "name"), &name) == -1 ||
	    !json_text_plain(json_member(payload, "do"), &word))
		err_set(e, "want an object like {\"name\":\"hub.example.net\",\"do\":\"pause\"}");
	else
		error = act_on(n, buf_view(&name), word, o, e);
	buf_free(&name);
	return error;
}
