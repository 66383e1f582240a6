/* auth.c - bearer tokens: reading the file, comparing in constant time. */
#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "link/auth.h"
#include "net/sha256.h"

enum { HASH = 32, FILE_MAX = 16 << 20 };

struct line {
	uint8_t hash[HASH];
	uint8_t role;
	struct str node, cluster;	/* into auth.text */
	int64_t expires;		/* seconds since 1970; 0: never */
};

struct auth { struct buf text; struct line *lines; size_t count, cap; };

size_t
auth_count(const struct auth *a)
{
	return a->count;
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
line_parse(struct str text, struct line *l, struct err *e)
{
	struct str role = next_word(&text), hash, expires;

	*l = (struct line){ .role = role_named(role) };
	l->node = next_word(&text);
	l->cluster = next_word(&text);
	hash = next_word(&text);
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
	if (!str_starts(hash, STR("sha256:")) || str_hex(str_skip(hash, 7), l->hash, HASH) == -1)
		return err_set(e, "want sha256: and 64 hex digits (fedx-probe keygen token makes the line)");
	if (expires.n && time_parse(expires, &l->expires) == -1)
		return err_set(e, "'%.*s' is no time like 2027-01-31T00:00:00Z",
		    expires.n > 40 ? 40 : (int)expires.n, expires.p);
	if (str_trim(text).n)
		return err_set(e, "there is more on the line than role, node, cluster, hash, expiry");
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
		err_set(e, "%s holds no token: nobody could join (fedx-probe keygen token NODE "
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

/* Of several lines for one token: the one that says yes, and names the node best. */
static int
fitness(const struct line *l, uint8_t role, struct str node, struct wall now)
{
	return (covers(l->node, node) && l->role == role ? 2048 : 0) +
	    (!l->expires || now.s < l->expires ? 1024 : 0) +
	    (l->node.p[0] != '*' ? 512 : 0) + (int)l->node.n;
}

enum error
auth_check_again(const struct auth *a, const uint8_t hash[HASH], uint8_t role, struct str node,
    struct wall now, struct grant *g, const char **why)
{
	const struct line *found = NULL;

	for (size_t i = 0; i < a->count; i++) {
		const struct line *l = &a->lines[i];

		if (same(hash, l->hash) && (!found ||
		    fitness(l, role, node, now) > fitness(found, role, node, now)))
			found = l;
	}
	if (!found) {
		*why = "the token is not known to this hub";
		return E_unauthenticated;
	}
	if (found->expires && now.s >= found->expires) {
		*why = "the token has expired: ask for a new one";
		return E_unauthenticated;
	}
	if (found->role != role) {
		*why = "the token is for another role";
		return E_denied;
	}
	if (!covers(found->node, node)) {
		*why = "the token is for another node id: start with the id that it names (-i)";
		return E_denied;
	}
	g->role = found->role;
	g->exact = found->node.p[0] != '*';
	memcpy(g->hash, hash, HASH);
	str_c(found->cluster, g->cluster, sizeof g->cluster);
	*why = "";
	return E_NONE;
}

enum error
auth_check(const struct auth *a, struct str token, uint8_t role, struct str node,
    struct wall now, struct grant *g, const char **why)
{
	uint8_t hash[HASH];
	enum error error;

	sha256(token, hash);
	error = auth_check_again(a, hash, role, node, now, g, why);
	if (token.n)
		return error;
	*why = "this hub wants a token: give the leaf --token-file";
	return E_unauthenticated;
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
