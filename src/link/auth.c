/* auth.c - see auth.h. */
#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/rand.h"
#include "fabric/pattern.h"
#include "link/auth.h"
#include "link/roster.h"
#include "net/sha256.h"
#include "net/tls.h"

enum { TOKENS, KEYS, FILES, FILE_MAX = 16 << 20 };

struct auth {
	struct buf text[FILES];
	struct auth_line *lines;
	size_t count, cap;
	const struct roster *roster;		/* NULL: nobody is invited */
};

static void
wipe_buf(struct buf *b)
{
	if (b->p)
		tls_wipe(b->p, b->cap);
	buf_free(b);
}

size_t
auth_count(const struct auth *a, bool keys)
{
	size_t n = 0;

	for (size_t i = 0; a && i < a->count; i++)
		n += (a->lines[i].is.kind == CREDENTIAL_KEY) == keys;
	return n;
}

bool
auth_asks_ca(const struct auth *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->lines[i].is.kind == CREDENTIAL_CA)
			return true;
	return false;
}

bool
auth_asks_certificates(const struct auth *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->lines[i].is.kind > CREDENTIAL_KEY)
			return true;
	return false;
}

void
auth_close(struct auth *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < FILES; i++)
		wipe_buf(&a->text[i]);
	if (a->lines)
		tls_wipe(a->lines, a->cap * sizeof *a->lines);
	free(a->lines);
	free(a);
}

int
auth_file_mode(const char *path, bool keys, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return err_sys(e, "cannot look at %s", path);
	if (keys && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return err_set(e, "%s holds keys, and others than its owner may read or write it: chmod 600 "
		    "it, and make new keys", path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, "%s may be written by others, who could then let anyone join: "
		    "chmod go-w it", path);
	return 0;
}

static int
add(struct auth *a, const struct auth_line *l, struct err *e)
{
	size_t cap = a->cap ? a->cap * 2 : 16;
	struct auth_line *grown;

	if (a->count == a->cap) {	/* not realloc, which would leave keys behind */
		if ((grown = calloc(cap, sizeof *grown)) == NULL)
			return err_memory(e, "the tokens");
		if (a->lines) {
			memcpy(grown, a->lines, a->count * sizeof *grown);
			tls_wipe(a->lines, a->cap * sizeof *a->lines);
		}
		free(a->lines);
		a->lines = grown;
		a->cap = cap;
	}
	a->lines[a->count++] = *l;
	return 0;
}

int
auth_scopes_check(struct str scopes, struct err *e)
{
	struct str pattern;

	while (auth_scope_next(&scopes, &pattern))
		if (!pattern_is_good(pattern))
			return err_set(e, "'%.*s' is no pattern; want a name, *@DOMAIN, *.DOMAIN or a path like "
			    "/a/*/b or /a/**", pattern.n > 80 ? 80 : (int)pattern.n, pattern.p);
	return 0;
}

static int
read_lines(struct auth *a, const char *path, bool keys, struct err *e)
{
	struct buf *b = &a->text[keys ? KEYS : TOKENS];
	struct auth_line l;
	struct str rest, text;
	size_t before = a->count;
	int number = 0, r;

	buf_init(b, FILE_MAX);
	if (fd_read_file(path, FILE_MAX, b, e) == -1 || auth_file_mode(path, keys, e) == -1)
		return -1;
	rest = buf_view(b);
	for (bool more = rest.n > 0; more; ) {
		more = str_split(rest, '\n', &text, &rest);
		number++;
		if ((r = auth_line_parse(text, keys, &l, e)) == -1)
			return err_at(e, "%s:%d", path, number);
		if (r == 1)
			continue;
		if (auth_scopes_check(l.scopes, e) == -1) {
			tls_wipe(&l.key, sizeof l.key);
			return err_at(e, "%s:%d", path, number);
		}
		if (keys)
			sha256(key_view(&l.key), l.is.hash);
		r = add(a, &l, e);
		tls_wipe(&l.key, sizeof l.key);
		if (r == -1)
			return -1;
	}
	if (a->count > before)
		return 0;
	return err_set(e, "%s holds no line: nobody could join (fedx-probe keygen %s NODE makes one)", path,
	    keys ? "key" : "token");
}

struct auth *
auth_open(const struct auth_files *f, struct err *e)
{
	struct auth *a = calloc(1, sizeof *a);

	if (!a) {
		err_memory(e, "the tokens");
		return NULL;
	}
	a->roster = f->roster;
	if ((f->tokens && read_lines(a, f->tokens, false, e) == -1) ||
	    (f->keys && read_lines(a, f->keys, true, e) == -1)) {
		e->status = e->status ? e->status : 78;
		auth_close(a);
		return NULL;
	}
	return a;
}

/* What the other end has shown, and says that it is. */
struct claim {
	const struct credential *shown;
	const struct tls_peer *cert;	/* NULL: none */
	bool named;			/* the certificate has the node id */
	uint8_t role;
	struct str node;
};

static bool
is_for(const struct auth_line *l, const struct claim *c)
{
	switch (l->is.kind) {
	case CREDENTIAL_TOKEN:
	case CREDENTIAL_KEY:
		return hash_equal(c->shown->hash, l->is.hash, HASH) && c->shown->kind == l->is.kind;
	case CREDENTIAL_CA:
		return c->cert && c->cert->vouched && c->named && node_pattern_covers(l->node, c->node);
	case CREDENTIAL_CERTIFICATE:
		return c->cert && hash_equal(c->cert->cert, l->is.hash, HASH);
	case CREDENTIAL_PUBLIC_KEY:
		return c->cert && hash_equal(c->cert->key, l->is.hash, HASH);
	case CREDENTIAL_NONE:
	case CREDENTIAL_CODE:
	case CREDENTIAL_USER:
		break;
	}
	return false;
}

/* Of several lines: the one that says yes, and names the node best. */
static int
fitness(const struct auth_line *l, const struct claim *c, struct wall now)
{
	return (node_pattern_covers(l->node, c->node) && l->role == c->role ? 2048 : 0) +
	    (!l->expires || now.s < l->expires ? 1024 : 0) +
	    (node_pattern_is_exact(l->node) ? 512 : 0) + (int)l->node.n;
}

/* No line is for this one. */
static enum error
unknown(const struct auth *a, const struct claim *c, const char **why)
{
	if (roster_find(a->roster, c->shown))
		*why = "the key was revoked at this hub (fedx-probe revoke): ask for an invitation";
	else if (c->shown->kind != CREDENTIAL_NONE)
		*why = c->shown->kind == CREDENTIAL_KEY ? "the key is not known to this hub" :
		    "the token is not known to this hub";
	else if (!c->cert)
		*why = auth_asks_certificates(a) ? "this hub wants a token or a certificate: give the leaf "
		    "--token-file, or --tls-cert and --tls-key, or --psk-file with a key" :
		    "this hub wants a token: give the leaf --token-file, or --psk-file with a key";
	else if (!c->cert->vouched)
		*why = c->cert->why;
	else if (!c->named)
		*why = "the certificate does not have this node id (-i) as a dNSName of its "
		    "subjectAltName";
	else
		*why = "the certificate is good, but no line of the hub's token file takes it for "
		    "this node id";
	return E_unauthenticated;
}

#define SAY(what)	(found->is.kind == CREDENTIAL_KEY ? "the key " what : \
	found->is.kind == CREDENTIAL_TOKEN ? "the token " what : "the certificate " what)

enum error
auth_check(const struct auth *a, const struct credential *shown, const struct tls_peer *cert, uint8_t role,
    struct str node, struct wall now, struct grant *g, const char **why)
{
	const struct claim c = { .shown = shown, .cert = cert, .named = cert && tls_peer_names(cert, node),
	    .role = role, .node = node };
	const struct roster_line *joined = roster_find(a->roster, shown);
	const struct auth_line *found = NULL;

	for (size_t i = 0; i < a->count; i++) {
		const struct auth_line *l = &a->lines[i];

		if (is_for(l, &c) && (!found || fitness(l, &c, now) > fitness(found, &c, now)))
			found = l;
	}
	if (!found && joined && joined->state != ROSTER_revoked && shown->kind == CREDENTIAL_KEY)
		found = &joined->who;
	if (!found)
		return unknown(a, &c, why);
	if (found->expires && now.s >= found->expires) {
		*why = found->is.kind <= CREDENTIAL_KEY ? SAY("has expired: ask for a new one") :
		    "the line that takes the certificate has expired";
		return E_unauthenticated;
	}
	if (found->role != role) {
		*why = SAY("is for another role");
		return E_denied;
	}
	if (!node_pattern_covers(found->node, node)) {
		*why = SAY("is for another node id: start with the id that it names (-i)");
		return E_denied;
	}
	g->role = found->role;
	g->exact = found->is.kind == CREDENTIAL_CA || node_pattern_is_exact(found->node);
	str_c(found->cluster, g->cluster, sizeof g->cluster);
	g->scopes = found->scopes;
	*why = "";
	return E_NONE;
}

void
auth_find_key(const struct auth *a, struct str id, struct shared_key *k, struct credential *is)
{
	struct auth_line nobody = { .key.n = KEY_MIN };
	const struct auth_line *found = &nobody;

	rand_bytes(nobody.key.bytes, KEY_MIN);
	for (size_t i = 0; a && id.n == KEY_ID && i < a->count; i++) {
		const struct auth_line *l = &a->lines[i];

		if (hash_equal(id.p, l->is.hash, KEY_ID) && l->is.kind == CREDENTIAL_KEY)
			found = l;
	}
	for (size_t i = 0; a && a->roster && id.n == KEY_ID && roster_at(a->roster, i); i++)
		if (hash_equal(id.p, roster_at(a->roster, i)->who.is.hash, KEY_ID))
			found = &roster_at(a->roster, i)->who;
	*k = found->key;
	*is = found->is;
	tls_wipe(&nobody, sizeof nobody);
}

void
token_credential(struct str token, struct credential *is)
{
	is->kind = token.n ? CREDENTIAL_TOKEN : CREDENTIAL_NONE;
	sha256(token, is->hash);
}

/* The one line of a file that is a secret of this node. */
static int
read_secret(const char *path, struct buf *b, bool key, struct str *line, struct err *e)
{
	const char *what = key ? "key" : "token";
	mode_t others = S_IRWXO | (key ? S_IRWXG : S_IWGRP | S_IXGRP);
	struct stat st;
	struct str rest;

	buf_init(b, 4096);
	if (fd_read_file(path, 4096, b, e) == -1)
		return -1;
	if (stat(path, &st) == 0 && (st.st_mode & others))
		return err_set(e, "%s may be read by others: chmod 600 it and ask for a new %s", path, what);
	str_split(str_trim(buf_view(b)), '\n', line, &rest);
	*line = str_trim(*line);
	if (rest.n || line->n == 0)
		return err_set(e, "%s must hold one line, the %s", path, what);
	return 0;
}

int
auth_read_token(const char *path, char token[TOKEN_MAX + 1], struct err *e)
{
	struct buf b;
	struct str line;
	int r = read_secret(path, &b, false, &line, e);

	if (r == 0 && str_c(line, token, TOKEN_MAX + 1) == -1)
		r = err_set(e, "%s must hold one line, the token, of at most %d bytes", path, TOKEN_MAX);
	wipe_buf(&b);
	return r == 0 ? 0 : err_exit(e, e->status ? e->status : 78);
}

int
auth_read_key(const char *path, struct own_key *k, struct err *e)
{
	struct buf b;
	struct str line;
	struct auth_line l = { .role = ROLE_NONE };
	int r = read_secret(path, &b, true, &line, e);

	if (r == 0 && (r = auth_line_parse(line, true, &l, e)) != 0)
		r = r == 1 ? err_set(e, "%s must hold one line, the key", path) : err_at(e, "%s", path);
	if (r == 0) {
		k->key = l.key;
		k->role = l.role;
		str_c(l.node, k->node, sizeof k->node);
		str_c(l.cluster, k->cluster, sizeof k->cluster);
	}
	tls_wipe(&l.key, sizeof l.key);
	wipe_buf(&b);
	return r == 0 ? 0 : err_exit(e, e->status ? e->status : 78);
}
