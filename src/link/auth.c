/* auth.c - who may join: reading the file, comparing in constant time. */
#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "link/auth.h"
#include "net/sha256.h"
#include "net/tls.h"

enum { HASH = 32, FILE_MAX = 16 << 20 };

enum credential { BY_TOKEN, BY_CA, BY_CERT, BY_KEY };

struct line {
	uint8_t hash[HASH];
	uint8_t role, by;
	struct str node, cluster;	/* into auth.text */
	int64_t expires;		/* seconds since 1970; 0: never */
};

struct auth { struct buf text; struct line *lines; size_t count, cap; };

size_t
auth_count(const struct auth *a)
{
	return a->count;
}

bool
auth_asks_ca(const struct auth *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->lines[i].by == BY_CA)
			return true;
	return false;
}

bool
auth_asks_certificates(const struct auth *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->lines[i].by != BY_TOKEN)
			return true;
	return false;
}

void
auth_close(struct auth *a)
{
	if (!a)
		return;
	buf_free(&a->text);
	free(a->lines);
	free(a);
}

/* days since 1970-01-01 of a proleptic Gregorian date */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int
time_parse(struct str s, int64_t *to)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	int64_t n[6] = { 0 };
	size_t field = 0;

	if (s.n != sizeof shape - 1)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (shape[i] == 'd') {
			if (s.p[i] < '0' || s.p[i] > '9')
				return -1;
			n[field] = n[field] * 10 + (s.p[i] - '0');
		} else if (s.p[i] != shape[i]) {
			return -1;
		} else {
			field++;
		}
	}
	if (n[1] < 1 || n[1] > 12 || n[2] < 1 || n[3] > 23 || n[4] > 59 || n[5] > 60 ||
	    n[2] > days_of(n[0], n[1] + 1, 1) - days_of(n[0], n[1], 1))
		return -1;
	*to = days_of(n[0], n[1], n[2]) * 86400 + n[3] * 3600 + n[4] * 60 + n[5];
	return 0;
}

static struct str
next_word(struct str *rest)
{
	size_t n = 0;
	struct str word;

	*rest = str_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = str_head(*rest, n);
	*rest = str_skip(*rest, n);
	return word;
}

static bool
pattern_ok(struct str s)
{
	return str_is(s, "*") || node_id_valid(str_starts(s, STR("*.")) ? str_skip(s, 2) : s);
}

static uint8_t
role_named(struct str s)
{
	for (uint8_t r = ROLE_LEAF; r < ROLE_COUNT; r++)
		if (str_is(s, role_name(r)))
			return r;
	return ROLE_NONE;
}

static int
credential_parse(struct str word, struct line *l, struct err *e)
{
	static const struct { const char *prefix; enum credential by; } kinds[] = {
		{ "sha256:", BY_TOKEN }, { "cert:sha256:", BY_CERT }, { "key:sha256:", BY_KEY },
	};

	l->by = BY_CA;
	if (str_is(word, "cert"))
		return 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_starts(word, str(kinds[i].prefix))) {
			l->by = kinds[i].by;
			if (str_hex(str_skip(word, strlen(kinds[i].prefix)), l->hash, HASH) == 0)
				return 0;
		}
	return err_set(e, "want cert, or sha256:, cert:sha256: or key:sha256: and 64 hex digits "
	    "(fedx-probe keygen token makes the line)");
}

static int
line_parse(struct str text, struct line *l, struct err *e)
{
	struct str role = next_word(&text), credential, expires;

	*l = (struct line){ .role = role_named(role) };
	l->node = next_word(&text);
	l->cluster = next_word(&text);
	credential = next_word(&text);
	expires = next_word(&text);
	if (l->role == ROLE_NONE)
		return err_set(e, "unknown role '%.*s': want leaf, hub or client",
		    role.n > 40 ? 40 : (int)role.n, role.p);
	if (!pattern_ok(l->node))
		return err_set(e, "'%.*s' is no node id and no pattern like *.example.net",
		    l->node.n > 80 ? 80 : (int)l->node.n, l->node.p);
	if (!node_id_valid(l->cluster))
		return err_set(e, "'%.*s' is no cluster name",
		    l->cluster.n > 80 ? 80 : (int)l->cluster.n, l->cluster.p);
	if (credential_parse(credential, l, e) == -1)
		return -1;
	if (expires.n && time_parse(expires, &l->expires) == -1)
		return err_set(e, "'%.*s' is no time like 2027-01-31T00:00:00Z",
		    expires.n > 40 ? 40 : (int)expires.n, expires.p);
	if (str_trim(text).n)
		return err_set(e, "there is more on the line than role, node, cluster, credential, expiry");
	return 0;
}

struct auth *
auth_open(const char *path, struct err *e)
{
	struct auth *a = calloc(1, sizeof *a);
	struct str rest, text, comment;
	struct stat st;
	void *grown;
	int number = 0;

	if (!a) {
		err_set(e, "no memory");
		return NULL;
	}
	buf_init(&a->text, FILE_MAX);
	if (fd_read_file(path, FILE_MAX, &a->text, e) == -1)
		goto fail;
	if (stat(path, &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH))) {
		err_set(e, "%s may be written by others, who could then let anyone join: "
		    "chmod go-w it", path);
		goto fail;
	}
	rest = buf_view(&a->text);
	for (bool more = rest.n > 0; more; ) {
		more = str_split(rest, '\n', &text, &rest);
		number++;
		str_split(text, '#', &text, &comment);
		if (str_trim(text).n == 0)
			continue;
		if (a->count == a->cap) {
			a->cap = a->cap ? a->cap * 2 : 16;
			if ((grown = realloc(a->lines, a->cap * sizeof *a->lines)) == NULL) {
				err_set(e, "no memory");
				goto fail;
			}
			a->lines = grown;
		}
		if (line_parse(text, &a->lines[a->count], e) == -1) {
			err_at(e, "%s:%d", path, number);
			goto fail;
		}
		a->count++;
	}
	if (a->count == 0) {
		err_set(e, "%s holds no line: nobody could join (fedx-probe keygen token NODE "
		    "makes one)", path);
		goto fail;
	}
	return a;
fail:
	e->status = e->status ? e->status : 78;
	auth_close(a);
	return NULL;
}

static bool
same(const uint8_t *a, const uint8_t *b)
{
	uint8_t differ = 0;

	for (int i = 0; i < HASH; i++)
		differ |= (uint8_t)(a[i] ^ b[i]);
	return differ == 0;
}

static bool
covers(struct str pattern, struct str node)
{
	if (pattern.n == 0 || pattern.p[0] != '*')
		return str_eq(pattern, node);
	return pattern.n == 1 || str_ends(node, str_skip(pattern, 1));
}

/* What the other end has shown, and says that it is. */
struct claim {
	const uint8_t *token;		/* its hash; NULL: none */
	const struct tls_peer *cert;	/* NULL: none */
	bool named;			/* the certificate has the node id */
	uint8_t role;
	struct str node;
};

static bool
is_for(const struct line *l, const struct claim *c)
{
	switch ((enum credential)l->by) {
	case BY_TOKEN:
		return c->token && same(c->token, l->hash);
	case BY_CA:
		return c->cert && c->cert->vouched && c->named && covers(l->node, c->node);
	case BY_CERT:
		return c->cert && same(c->cert->cert, l->hash);
	case BY_KEY:
		return c->cert && same(c->cert->key, l->hash);
	}
	return false;
}

/* Of several lines: the one that says yes, and names the node best. */
static int
fitness(const struct line *l, const struct claim *c, struct wall now)
{
	return (covers(l->node, c->node) && l->role == c->role ? 2048 : 0) +
	    (!l->expires || now.s < l->expires ? 1024 : 0) +
	    (l->node.p[0] != '*' ? 512 : 0) + (int)l->node.n;
}

/* No line is for this one. */
static enum error
unknown(const struct auth *a, const struct claim *c, const char **why)
{
	if (c->token)
		*why = "the token is not known to this hub";
	else if (!c->cert)
		*why = auth_asks_certificates(a) ? "this hub wants a token or a certificate: give the "
		    "leaf --token-file, or --tls-cert and --tls-key" :
		    "this hub wants a token: give the leaf --token-file";
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

static const uint8_t *
hash_or_none(const uint8_t hash[HASH])
{
	static const uint8_t none[HASH];

	return same(hash, none) ? NULL : hash;
}

enum error
auth_check_again(const struct auth *a, const uint8_t hash[HASH], const struct tls_peer *cert,
    uint8_t role, struct str node, struct wall now, struct grant *g, const char **why)
{
	const struct claim c = { .token = hash_or_none(hash), .cert = cert,
	    .named = cert && tls_peer_names(cert, node), .role = role, .node = node };
	const struct line *found = NULL;

	for (size_t i = 0; i < a->count; i++) {
		const struct line *l = &a->lines[i];

		if (is_for(l, &c) && (!found || fitness(l, &c, now) > fitness(found, &c, now)))
			found = l;
	}
	if (!found)
		return unknown(a, &c, why);
	if (found->expires && now.s >= found->expires) {
		*why = found->by == BY_TOKEN ? "the token has expired: ask for a new one" :
		    "the line that takes the certificate has expired";
		return E_unauthenticated;
	}
	if (found->role != role) {
		*why = found->by == BY_TOKEN ? "the token is for another role" :
		    "the certificate is for another role";
		return E_denied;
	}
	if (!covers(found->node, node)) {
		*why = found->by == BY_TOKEN ? "the token is for another node id: start with the id "
		    "that it names (-i)" : "the certificate is for another node id: start with the id "
		    "that its line names (-i)";
		return E_denied;
	}
	g->role = found->role;
	g->exact = found->by == BY_CA || found->node.p[0] != '*';
	memcpy(g->hash, hash, HASH);
	str_c(found->cluster, g->cluster, sizeof g->cluster);
	*why = "";
	return E_NONE;
}

enum error
auth_check(const struct auth *a, struct str token, const struct tls_peer *cert, uint8_t role,
    struct str node, struct wall now, struct grant *g, const char **why)
{
	uint8_t hash[HASH] = { 0 };

	if (token.n)
		sha256(token, hash);
	return auth_check_again(a, hash, cert, role, node, now, g, why);
}

int
auth_read_token(const char *path, char token[TOKEN_MAX + 1], struct err *e)
{
	struct buf b;
	struct stat st;
	struct str line, rest;
	int r = -1;

	buf_init(&b, 4096);
	if (fd_read_file(path, 4096, &b, e) == -1) {
		r = -1;
	} else if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) & ~(mode_t)S_IRGRP) {
		err_set(e, "%s may be read by others: chmod 600 it and ask for a new token", path);
	} else {
		str_split(str_trim(buf_view(&b)), '\n', &line, &rest);
		line = str_trim(line);
		if (rest.n || line.n == 0 || str_c(line, token, TOKEN_MAX + 1) == -1)
			err_set(e, "%s must hold one line, the token, of at most %d bytes", path,
			    TOKEN_MAX);
		else
			r = 0;
	}
	if (r == -1 && e->status == 0)
		e->status = 78;
	if (b.p)
		memset(b.p, 0, b.cap);
	buf_free(&b);
	return r;
}
