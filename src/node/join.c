/* join.c - see join.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/keep.h"
#include "base/rand.h"
#include "net/proof.h"
#include "net/sha256.h"
#include "net/tls.h"
#include "node/join.h"
#include "wire/hello.h"

enum { LINE_BYTES = 2048, FRESH_PATH = 610, EXIT_USAGE = 64, EXIT_INPUT = 66, EXIT_CONFIG = 78 };

/* --- the code --- */

/* Standard input can be read once, and the settings are read by each reload. */
static struct { char text[CODE_TEXT_MAX]; size_t n; bool read; } from_stdin;

static bool
is_stdin(const char *said)
{
	return said && strcmp(said, "-") == 0;
}

static int
read_stdin(char to[CODE_TEXT_MAX], struct err *e)
{
	const size_t room = sizeof from_stdin.text - 1;
	ssize_t more;

	while (!from_stdin.read) {
		more = read(STDIN_FILENO, from_stdin.text + from_stdin.n, room - from_stdin.n);
		if (more == -1 && errno == EINTR)
			continue;
		if (more > 0)
			from_stdin.n += (size_t)more;
		from_stdin.read = more <= 0 || from_stdin.n == room || from_stdin.text[from_stdin.n - 1] == '\n';
	}
	memcpy(to, from_stdin.text, sizeof from_stdin.text);
	if (from_stdin.n)
		return 0;
	err_exit(e, EXIT_INPUT);
	return err_set(e, "no code came by standard input");
}

int
join_stdin(const struct settings *s)
{
	int p[2];

	if (!s->joining || !s->joining->redeems)
		return open("/dev/null", O_RDONLY);
	if (pipe(p) == -1 || fd_write_all(p[1], (struct str){ from_stdin.text, from_stdin.n }) == -1)
		return -1;
	close(p[1]);
	return p[0];
}

static int
read_code(const char *said, struct join_code *code, struct err *e)
{
	char text[CODE_TEXT_MAX];
	int r = 0;

	if (is_stdin(said))
		r = read_stdin(text, e);
	else if (said[0] == '@')
		r = fd_read_secret(said + 1, text, sizeof text, e);
	if (r == 0)
		r = join_code_parse(str(said[0] == '@' || is_stdin(said) ? text : said), code, e);
	tls_wipe(text, sizeof text);
	return r == 0 ? 0 : err_at(e, "--join");
}

static struct shared_key
key_of(const struct join_code *c)
{
	struct shared_key k = { .n = PROOF_HASH };

	proof_code_key((struct str){ (const char *)c->seed, CODE_SEED }, str(c->node), k.bytes);
	return k;
}

static void
id_of(const struct join_code *c, uint8_t hash[HASH])
{
	struct shared_key k = key_of(c);

	sha256(key_view(&k), hash);
	tls_wipe(&k, sizeof k);
}

/* --- the file --- */

/* 1: there is one, and what it holds looks into the buffer, which is to be wiped; 0: there is none. */
static int
read_joined(const char *path, struct buf *b, struct joined *j, struct err *e)
{
	struct stat st;

	buf_init(b, LINE_BYTES);
	if (lstat(path, &st) == -1 && errno == ENOENT)
		return 0;
	if (fd_read_file(path, LINE_BYTES, b, e) == -1 || auth_file_mode(path, true, e) == -1)
		return err_exit(e, EXIT_CONFIG);
	if (joined_parse(str_trim(buf_view(b)), j, e) == -1)
		return err_exit(e, EXIT_CONFIG), err_at(e, "%.150s", path);
	return 1;
}

static void
wipe(struct buf *b)
{
	if (b->p)
		tls_wipe(b->p, b->cap);
	buf_free(b);
}

static void
own(struct own_key *k, const struct auth_line *l)
{
	k->key = l->key;
	k->role = l->role;
	str_c(l->node, k->node, sizeof k->node);
	str_c(l->cluster, k->cluster, sizeof k->cluster);
}

/* 1: the key that was made for this code; 0: there is none there. */
static int
read_own(const struct joining *j, const char *path, struct own_key *k, struct err *e)
{
	struct joined was;
	uint8_t id[HASH];
	struct buf b;
	int r = read_joined(path, &b, &was, e);

	id_of(&j->code, id);
	if (r == 1 && (r = hash_equal(was.code, id, KEY_ID)) == 1)
		own(k, &was.who);
	tls_wipe(&was, sizeof was);
	wipe(&b);
	return r;
}

static void
fresh_path(const struct joining *j, char to[FRESH_PATH])
{
	snprintf(to, FRESH_PATH, "%s.new", j->path);
}

/* --- settings --- */

/* It has joined: by this code, or by one that nobody asks about now.  None need come by standard input any more. */
static int
go_on(struct settings *s, const struct joined *was, struct err *e)
{
	struct joining *j = s->joining;
	struct join_code code;
	uint8_t id[HASH];
	struct err unread;

	if (s->join && !is_stdin(s->join) && read_code(s->join, &code, &unread) == 0) {
		id_of(&code, id);
		tls_wipe(&code, sizeof code);
		if (!hash_equal(id, was->code, KEY_ID)) {
			err_exit(e, EXIT_CONFIG);
			return err_set(e, "this leaf has joined %.*s as '%.*s', by another code (%.100s): start it without "
			    "--join, or give it another joined_file", STR_FMT(was->url), STR_FMT(was->who.node), j->path);
		}
	}
	str_c(was->url, j->url, sizeof j->url);
	str_c(was->who.node, j->node, sizeof j->node);
	return 0;
}

static int
begin(struct settings *s, struct err *e)
{
	struct joining *j = s->joining;

	if (read_code(s->join, &j->code, e) == -1)
		return -1;
	if (s->id && strcmp(s->id, j->code.node) != 0) {
		err_exit(e, EXIT_CONFIG);
		return err_set(e, "the code is for node '%.100s', not for '%.100s': leave -i out", j->code.node, s->id);
	}
	j->redeems = true;
	strcpy(j->url, j->code.url);
	strcpy(j->node, j->code.node);
	return 0;
}

/* A code is not redeemed where somebody could read along. */
static int
check_urls(const struct settings *s, struct err *e)
{
	struct url url;

	for (size_t i = 0; i < s->uplink_count; i++)
		if (url_parse(str(s->uplink[i]), &url, e) == -1 || !url.tls) {
			err_exit(e, EXIT_CONFIG);
			return err_set(e, "a code is redeemed over TLS alone, and '%.100s' is without: want fedxs:// or "
			    "wss://", s->uplink[i]);
		}
	return 0;
}

int
join_settings(struct settings *s, struct err *e)
{
	struct joined was;
	struct buf b;
	int there, r;

	if (s->join && (s->role != ROLE_LEAF || s->psk_file || s->token_file)) {
		err_exit(e, EXIT_CONFIG);
		return err_set(e, s->role != ROLE_LEAF ? "--join is for leaves" : "--join makes a key of the leaf's own: "
		    "leave --psk-file and --token-file (FEDX_TOKEN_FILE) out");
	}
	if (s->joined_file && s->role != ROLE_LEAF)
		return err_exit(e, EXIT_CONFIG), err_set(e, "joined_file is for leaves: a hub joins nobody");
	if (s->role != ROLE_LEAF || s->psk_file || s->token_file)
		return 0;
	if ((s->joining = calloc(1, sizeof *s->joining)) == NULL)
		return err_memory(e, "the settings");
	if (s->joined_file)
		snprintf(s->joining->path, sizeof s->joining->path, "%.587s", s->joined_file);
	else
		snprintf(s->joining->path, sizeof s->joining->path, "%.580s/joined", settings_confdir(s));
	there = read_joined(s->joining->path, &b, &was, e);
	r = there == 1 ? go_on(s, &was, e) : there == 0 && s->join ? begin(s, e) : there;
	wipe(&b);
	if (r == -1 || !s->joining->node[0]) {
		free(s->joining);
		s->joining = NULL;
		return r;
	}
	if (s->uplink_count == 0)
		s->uplink[s->uplink_count++] = s->joining->url;
	return s->joining->redeems ? check_urls(s, e) : 0;
}

/* --- keys --- */

static int
make_fresh(const struct joining *j, const char *path, struct shared_key *fresh, struct err *e)
{
	struct joined line = { .url = str(j->url), .who = { .role = ROLE_LEAF, .node = str(j->node),
	    .cluster = str(j->code.cluster), .key.n = FRESH_KEY } };
	uint8_t room[LINE_BYTES], id[HASH];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	int r;

	id_of(&j->code, id);
	memcpy(line.code, id, KEY_ID);
	rand_bytes(line.who.key.bytes, FRESH_KEY);
	*fresh = line.who.key;
	joined_put(&b, &line);
	if ((r = keep_file(path, buf_view(&b), e)) == -1)
		err_at(e, "the leaf cannot keep a key of its own (joined_file says where else)");
	tls_wipe(&line, sizeof line);
	tls_wipe(room, sizeof room);
	return r;
}

/* The one that an interrupted try with this code has made, else a new one. */
static int
find_fresh(const struct settings *s, struct shared_key *fresh, struct err *e)
{
	const struct joining *j = s->joining;
	char path[FRESH_PATH];
	struct own_key made;
	int r;

	fresh_path(j, path);
	if ((r = read_own(j, path, &made, e)) == 1)
		*fresh = made.key;
	else if (r == 0 && !s->check)
		r = make_fresh(j, path, fresh, e);
	tls_wipe(&made, sizeof made);
	return r == -1 ? -1 : 0;
}

int
join_keys(const struct settings *s, struct own_key *k, struct shared_key *fresh, struct err *e)
{
	const struct joining *j = s->joining;
	struct joined was;
	struct buf b;
	int r;

	if (j->redeems) {
		k->key = key_of(&j->code);
		k->role = ROLE_LEAF;
		strcpy(k->node, j->node);
		strcpy(k->cluster, j->code.cluster);
		return find_fresh(s, fresh, e);
	}
	if ((r = read_joined(j->path, &b, &was, e)) == 1)
		own(k, &was.who);
	else if (r == 0)
		err_exit(e, EXIT_INPUT), err_set(e, "cannot read '%.150s': it is not there any more", j->path);
	tls_wipe(&was, sizeof was);
	wipe(&b);
	return r == 1 ? 0 : -1;
}

/* --- it has joined --- */

static void
over(struct joining *j)
{
	tls_wipe(&j->code, sizeof j->code);
	j->redeems = false;
}

int
join_done(struct joining *j, struct err *e)
{
	char path[FRESH_PATH];

	fresh_path(j, path);
	if (keep_rename(path, j->path, e) == -1)
		return -1;
	over(j);
	return 0;
}

void
join_catch_up(struct joining *j, struct own_key *k, struct shared_key *fresh)
{
	struct own_key since;
	struct err unread;

	if (j && j->redeems && read_own(j, j->path, &since, &unread) == 1) {
		*k = since;
		*fresh = (struct shared_key){ .n = 0 };
		over(j);
	}
	tls_wipe(&since, sizeof since);
}
