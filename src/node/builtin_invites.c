/* builtin_invites.c - who is invited, who has joined, and who is not to any more: the roster, by hand. */
#include <stdio.h>

#include "base/rand.h"
#include "link/roster.h"
#include "net/proof.h"
#include "net/tls.h"
#include "node/builtin.h"
#include "node/members.h"
#include "wire/fields.h"
#include "wire/join_code.h"
#include "wire/json.h"

enum { DEPTH = 2, FIELD_MAX = 8192, EXPIRES_MAX_S = 30 * 86400 };

/* What was asked for, each as text. */
struct wish { struct buf node, scopes, url; bool confined; uint64_t expires_s; };

static void
wish_free(struct wish *w)
{
	buf_free(&w->node);
	buf_free(&w->scopes);
	buf_free(&w->url);
}

static int
member_text(struct str payload, const char *name, struct buf *to)
{
	struct str v = json_member(payload, name);

	return v.n ? json_text(v, to) : 0;
}

static int
wish_read(struct str payload, struct wish *w)
{
	struct json_fault fault;
	struct str s;

	*w = (struct wish){ .expires_s = 3600 };
	buf_init(&w->node, FIELD_MAX);
	buf_init(&w->scopes, FIELD_MAX);
	buf_init(&w->url, FIELD_MAX);
	if (json_check(payload, DEPTH, &fault) == -1 || member_text(payload, "node", &w->node) == -1 ||
	    member_text(payload, "scopes", &w->scopes) == -1 || member_text(payload, "url", &w->url) == -1)
		return -1;
	w->confined = json_member(payload, "scopes").n > 0;
	s = json_member(payload, "expires_s");
	return s.n && json_u64(s, EXPIRES_MAX_S, &w->expires_s) == -1 ? -1 : 0;
}

static enum error
no_roster(const struct node *n, struct err *e)
{
	if (n->roster)
		return E_NONE;
	err_set(e, n->set->role == ROLE_LEAF ? "a leaf lets nobody in: ask the hub (fedx-probe -r DIR)" :
	    "this hub keeps nobody that is invited: start it with --roster-file FILE");
	return E_unsupported;
}

static bool
is_any(struct str host)
{
	return host.n == 0 || str_is(host, "0.0.0.0") || str_is(host, "::");
}

/* Where somebody else would dial us; "": nobody can say from here. */
static void
own_url(const struct node *n, char to[CODE_URL_MAX + 1])
{
	struct str host;
	struct err e;
	uint16_t port;

	to[0] = '\0';
	for (size_t i = 0; i < n->set->listen_count && !to[0]; i++) {
		const struct entry *at = &n->entries[i];

		if (!at->at || at->entrance.tls == ENTRANCE_OFF || at->entrance.tls == ENTRANCE_PROXY ||
		    hostport_parse(str(listener_name(at->at)), &host, &port, &e) == -1 || is_any(host))
			continue;
		snprintf(to, CODE_URL_MAX + 1, "fedxs://%s", listener_name(at->at));
	}
}

static enum error
choose_url(const struct node *n, struct str wanted, char to[CODE_URL_MAX + 1], struct err *e)
{
	struct url url;

	if (!n->credentials.server) {
		err_set(e, "a code is redeemed over TLS alone, and this hub has none: give it --tls-cert and "
		    "--tls-key (fedx-probe keygen hub makes them)");
		return E_unsupported;
	}
	if (wanted.n == 0)
		own_url(n, to);
	else if (!join_url_valid(wanted) || url_parse(wanted, &url, e) == -1 || !url.tls ||
	    str_c(wanted, to, CODE_URL_MAX + 1) == -1) {
		err_set(e, "'%.*s' is no URL with TLS of at most %d bytes: want fedxs://HOST:PORT or wss://HOST/PATH",
		    wanted.n > 80 ? 80 : (int)wanted.n, wanted.p, CODE_URL_MAX);
		return E_malformed;
	}
	if (to[0])
		return E_NONE;
	err_set(e, "this hub listens on all addresses and cannot know by which one it is reached: say so "
	    "with --url fedxs://HOST:PORT");
	return E_malformed;
}

/* "a b" becomes "scope=a scope=b". */
static int
scope_words(struct str patterns, struct buf *to, struct err *e)
{
	struct str word;
	int n = 0;

	while ((word = str_word(&patterns)).n) {
		for (size_t i = 0; i < word.n; i++)
			if (word.p[i] <= ' ' || word.p[i] > '~' || word.p[i] == '#')
				return err_set(e, "a scope has no blanks, no # and ASCII only");
		if (++n > AUTH_SCOPES_MAX || word.n > AUTH_SCOPE_MAX)
			return err_set(e, "want at most %d scopes of at most %d bytes", AUTH_SCOPES_MAX, AUTH_SCOPE_MAX);
		if (buf_fmt(to, "%sscope=%.*s", n > 1 ? " " : "", STR_FMT(word)) == -1)
			return err_set(e, "the scopes are too long together");
	}
	return auth_scopes_check(buf_view(to), e);
}

/* Nobody who says "scopes" means: any. */
static int
wished_scopes(const struct wish *w, struct buf *to, struct err *e)
{
	if (w->confined && str_trim(buf_view(&w->scopes)).n == 0)
		return err_set(e, "\"scopes\" holds no pattern: want one, or no \"scopes\" for any");
	return scope_words(buf_view(&w->scopes), to, e);
}

static void
put_until(struct buf *o, int64_t expires)
{
	char text[32];

	wall_text((struct wall){ expires, 0 }, text);
	strcpy(text + 19, "Z");
	put_member(o, "expires", expires ? str(text) : STR(""));
}

static void
put_scopes(struct buf *o, struct str words)
{
	struct buf patterns;
	struct str one;

	buf_init(&patterns, FIELD_MAX);
	while (auth_scope_next(&words, &one))
		buf_fmt(&patterns, "%s%.*s", buf_len(&patterns) ? " " : "", STR_FMT(one));
	put_words(o, "scopes", buf_view(&patterns));
	buf_free(&patterns);
}

static enum error
invite(struct node *n, const struct wish *w, struct buf *scopes, struct buf *o, struct err *e)
{
	struct wall now = wall_now();
	struct auth_line who = { .role = ROLE_LEAF, .is.kind = CREDENTIAL_CODE, .node = buf_view(&w->node),
	    .cluster = str(n->fabric.cluster), .expires = now.s + (int64_t)w->expires_s };
	struct join_code code = { .url = "" };
	uint8_t room[CODE_TEXT_MAX];
	struct buf text = { .p = room, .cap = sizeof room, .max = sizeof room };
	enum error error;

	if (!node_id_valid(who.node) || w->expires_s == 0) {
		err_set(e, w->expires_s ? "'%.*s' is no node id: want lower case letters, digits, - and _ with dots "
		    "between" : "a code for '%.*s' that has expired is of no use", STR_FMT(excerpt(who.node)));
		return E_malformed;
	}
	if (str_eq(who.node, str(n->fabric.node))) {
		err_set(e, "'%.*s' is this hub itself", STR_FMT(excerpt(who.node)));
		return E_conflict;
	}
	if ((error = choose_url(n, buf_view(&w->url), code.url, e)) != E_NONE)
		return error;
	if (wished_scopes(w, scopes, e) == -1)
		return E_malformed;
	who.scopes = buf_view(scopes);
	rand_bytes(code.seed, sizeof code.seed);
	str_c(who.node, code.node, sizeof code.node);
	str_c(who.cluster, code.cluster, sizeof code.cluster);
	who.key.n = PROOF_HASH;
	proof_code_key((struct str){ (const char *)code.seed, CODE_SEED }, who.node, who.key.bytes);
	if ((error = roster_invite(n->roster, &who, now, e)) == E_NONE) {
		join_code_put(&text, &code);
		buf_fmt(o, "{\"v\":1");
		put_member(o, "node", who.node);
		put_member(o, "code", buf_view(&text));
		put_member(o, "url", str(code.url));
		put_until(o, who.expires);
		put_scopes(o, who.scopes);
		buf_str(o, STR("}\n"));
		node_event(n, "invited", code.node, "", "");
	}
	tls_wipe(&code, sizeof code);
	tls_wipe(&who.key, sizeof who.key);
	tls_wipe(room, sizeof room);
	return error;
}

enum error
roster_invite_by(struct node *n, struct str payload, struct buf *o, struct err *e)
{
	enum error error = no_roster(n, e);
	struct buf scopes;
	struct wish w;

	if (error != E_NONE)
		return error;
	buf_init(&scopes, FIELD_MAX);
	if (wish_read(payload, &w) == 0) {
		error = invite(n, &w, &scopes, o, e);
	} else {
		err_set(e, "want an object like {\"node\":\"kitchen.site\",\"expires_s\":3600,\"scopes\":\"/site/**\"}, "
		    "of %d days at most", EXPIRES_MAX_S / 86400);
		error = E_malformed;
	}
	buf_free(&scopes);
	wish_free(&w);
	return error;
}

enum error
roster_revoke_by(struct node *n, struct str payload, struct buf *o, struct err *e)
{
	enum error error = no_roster(n, e);
	char node[256] = "";
	struct wish w;
	uint32_t closed;

	if (error != E_NONE)
		return error;
	if (wish_read(payload, &w) == -1 || str_c(buf_view(&w.node), node, sizeof node) == -1 || !node[0]) {
		err_set(e, "want an object like {\"node\":\"kitchen.site\"}");
		error = E_malformed;
	} else if ((error = roster_revoke(n->roster, str(node), wall_now(), e)) == E_NONE) {
		closed = links_check_grant(&n->links, str(node));
		buf_fmt(o, "{\"v\":1");
		put_member(o, "node", str(node));
		put_number(o, "links_closed", closed);
		buf_str(o, STR("}\n"));
		node_event(n, "revoked", node, "", "");
	} else if (error == E_service_failed && roster_refresh(n->roster)) {
		links_check_grant(&n->links, str(node));	/* it may be in the file all the same */
	}
	wish_free(&w);
	return error;
}

void
put_roster(struct node *n, struct buf *o)
{
	const struct roster_line *l;
	int64_t now = wall_now().s;

	for (size_t i = 0; n->roster && (l = roster_at(n->roster, i)) != NULL; i++) {
		bool key = l->who.is.kind == CREDENTIAL_KEY;

		if (!key && l->state != ROSTER_invited)
			continue;
		buf_fmt(o, "{\"v\":1");
		put_member(o, "node", l->who.node);
		put_member(o, "state", str(l->state == ROSTER_revoked ? "revoked" : key ? "joined" :
		    l->who.expires <= now ? "expired" : "invited"));
		put_until(o, l->who.expires);
		put_scopes(o, l->who.scopes);
		buf_str(o, STR("}\n"));
	}
}
