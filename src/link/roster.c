/* roster.c - see roster.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/keep.h"
#include "base/log.h"
#include "link/auth.h"
#include "link/roster.h"
#include "net/sha256.h"
#include "net/tls.h"
#include "wire/fields.h"

enum { ROSTER_BYTES = 4 << 20, EXIT_INPUT = 66, EXIT_CONFIG = 78 };

struct roster {
	char path[1000];
	struct content {
		struct buf text;		/* lines look into it */
		struct roster_line *lines;
		size_t count;
	} is;
	struct stat seen;		/* of the file, when it was read or written */
	bool there;
	bool bad;			/* that one has mistakes, and is not what we have */
	bool unsure;			/* the last change may not outlive a power cut */
};

static const char head[] = "# whom this hub has invited, and who has joined: fedx-probe invite, members, revoke\n";

static void
content_free(struct content *c)
{
	if (c->text.p)
		tls_wipe(c->text.p, c->text.cap);
	buf_free(&c->text);
	if (c->lines)
		tls_wipe(c->lines, ROSTER_MAX * sizeof *c->lines);
	free(c->lines);
	*c = (struct content){ .count = 0 };
}

/* Takes the text. */
static int
content_parse(struct content *c, struct buf *text, const char *path, struct err *e)
{
	struct str rest, line;
	int number = 0, r = 0;

	*c = (struct content){ .text = *text };
	buf_init(text, ROSTER_BYTES);
	rest = buf_view(&c->text);
	if (rest.n && !str_ends(rest, STR("\n")))	/* it could have had an expiry, or scopes */
		r = err_set(e, "%.100s: the last line is not whole", path);
	else if ((c->lines = calloc(ROSTER_MAX, sizeof *c->lines)) == NULL)
		r = err_memory(e, "who was invited");
	for (bool more = rest.n > 0; more && r != -1; ) {
		struct roster_line l;

		more = str_split(rest, '\n', &line, &rest);
		number++;
		if ((r = roster_line_parse(line, &l, e)) == 0)
			r = auth_scopes_check(l.who.scopes, e);
		if (r == 0 && c->count == ROSTER_MAX)
			r = err_set(e, "there are more than %d lines", ROSTER_MAX);
		if (r == -1)
			err_at(e, "%.100s:%d", path, number);
		if (r != 0)
			continue;
		sha256(key_view(&l.who.key), l.who.is.hash);
		if (l.state <= ROSTER_spent)
			l.who.is.kind = CREDENTIAL_CODE;
		c->lines[c->count++] = l;
	}
	if (r == -1)
		content_free(c);
	return r == -1 ? err_exit(e, e->status ? e->status : EXIT_CONFIG) : 0;
}

static bool
is_changed(const struct roster *r, const struct stat *now, bool there)
{
	return there != r->there || (there && (now->st_ino != r->seen.st_ino || now->st_dev != r->seen.st_dev ||
	    now->st_size != r->seen.st_size || now->st_mtim.tv_sec != r->seen.st_mtim.tv_sec ||
	    now->st_mtim.tv_nsec != r->seen.st_mtim.tv_nsec));
}

/* What has mistakes is read once, unless somebody asks again: strangers make us look. */
static int
renew(struct roster *r, bool again, struct err *e)
{
	struct content fresh;
	struct stat now;
	struct buf text;
	bool there = stat(r->path, &now) == 0;

	if (!there && errno != ENOENT)
		return err_exit(e, EXIT_CONFIG), err_sys(e, "cannot look at %.100s", r->path);
	if (!is_changed(r, &now, there) && r->is.lines && !(r->bad && again))
		return 0;
	if (there && now.st_size == 0 && r->is.count)	/* by an editor that is not done: ours have a head */
		return err_exit(e, EXIT_CONFIG), err_set(e, "%.100s is empty, and was not: put it back, or remove it",
		    r->path);
	buf_init(&text, ROSTER_BYTES);
	if (there && (auth_file_mode(r->path, true, e) == -1 ||
	    fd_read_file(r->path, ROSTER_BYTES, &text, e) == -1))
		return err_exit(e, EXIT_CONFIG);
	if (content_parse(&fresh, &text, r->path, e) == -1) {
		if (r->is.lines && e->status == EXIT_CONFIG) {
			r->bad = r->there = true;
			r->seen = now;
		}
		return -1;
	}
	content_free(&r->is);
	r->is = fresh;
	r->seen = now;
	r->there = there;
	r->bad = false;
	return 1;
}

int
roster_renew(struct roster *r, struct err *e)
{
	return renew(r, true, e);
}

struct roster *
roster_open(const char *path, struct err *e)
{
	struct roster *r = calloc(1, sizeof *r);

	if (!r) {
		err_memory(e, "who was invited");
		return NULL;
	}
	if (snprintf(r->path, sizeof r->path, "%s", path) >= (int)sizeof r->path) {
		err_exit(e, EXIT_CONFIG);
		err_set(e, "the path '%.100s...' is too long", path);
	} else if (roster_renew(r, e) != -1) {
		return r;
	}
	roster_close(r);
	return NULL;
}

void
roster_close(struct roster *r)
{
	if (r)
		content_free(&r->is);
	free(r);
}

const char *
roster_path(const struct roster *r)
{
	return r->path;
}

bool
roster_refresh(struct roster *r)
{
	struct err e = { .status = 0 };
	int read = renew(r, false, &e);

	if (read == -1)
		log_event(LOG_LEVEL_ERROR, "roster_ignored", "why", e.text,
		    "next", "who has joined by now stays known", NULL);
	return read == 1;
}

const struct roster_line *
roster_at(const struct roster *r, size_t i)
{
	return i < r->is.count ? &r->is.lines[i] : NULL;
}

const struct roster_line *
roster_find(const struct roster *r, const struct credential *is)
{
	const struct roster_line *found = NULL;

	for (size_t i = 0; r && i < r->is.count; i++)
		if (hash_equal(r->is.lines[i].who.is.hash, is->hash, HASH) && r->is.lines[i].who.is.kind == is->kind)
			found = &r->is.lines[i];
	return found;
}

/* --- a change: what is to be in the file, then the file, then what we have --- */

/* Others wait for their turn, and see what we have written. */
static int
take_turn(struct roster *r, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[1010];
	int fd;

	snprintf(path, sizeof path, "%s.lock", r->path);
	if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) == -1)
		return err_sys(e, "cannot write '%.100s'", path);
	if (fcntl(fd, F_SETLK, &l) == 0 && roster_renew(r, e) != -1)
		return fd;
	if (!*e->text)
		err_sys(e, "another process is writing '%.100s': try again", r->path);
	close(fd);
	return -1;
}

static bool
is_dead(const struct roster_line *l)
{
	return l->state == ROSTER_spent || l->state == ROSTER_revoked;
}

/* Nobody needs to be told of it any more. */
static bool
is_forgotten(const struct roster_line *l, struct wall now)
{
	return (is_dead(l) || l->state == ROSTER_invited) && l->who.expires + ROSTER_KEEP_S < now.s;
}

/* Of too many, which makes way: one that is forgotten does anyway, else of the dead the one that ended first. */
static size_t
makes_way(const struct roster_line *lines, size_t count, struct wall now)
{
	size_t at = count;

	for (size_t i = 0; i < count; i++)
		if (is_forgotten(&lines[i], now))
			return i;
		else if (is_dead(&lines[i]) && (at == count || lines[i].who.expires < lines[at].who.expires))
			at = i;
	return at;
}

/* The lines, and one more unless it is NULL. */
static int
write_lines(struct roster *r, struct roster_line *lines, size_t count, const struct roster_line *more,
    struct wall now, struct err *e)
{
	size_t skip = more && count == ROSTER_MAX ? makes_way(lines, count, now) : ROSTER_MAX + 1;
	struct content fresh;
	struct buf text;
	int put;

	if (skip == count)
		return err_set(e, "%.100s is full: %d have been invited or have joined; revoke some", r->path, ROSTER_MAX);
	buf_init(&text, ROSTER_BYTES);
	put = buf_str(&text, str(head));
	for (size_t i = 0; i < count && put == 0; i++)
		if (i != skip && !is_forgotten(&lines[i], now))
			put = roster_line_put(&text, &lines[i]);
	if (put == 0 && more)
		put = roster_line_put(&text, more);
	if (put == -1) {
		tls_wipe(text.p, text.cap);
		buf_free(&text);
		return err_set(e, "%.100s would be over %d bytes: revoke some", r->path, ROSTER_BYTES);
	}
	/* what cannot be read again is not written */
	if (content_parse(&fresh, &text, r->path, e) == -1)
		return -1;
	r->unsure = keep_file(r->path, buf_view(&fresh.text), e) == -1;
	if (r->unsure || stat(r->path, &r->seen) == -1) {
		content_free(&fresh);
		r->seen = (struct stat){ .st_size = -1 };	/* it is read again, when it is wanted */
		return r->unsure ? -1 : 0;
	}
	content_free(&r->is);
	r->is = fresh;
	r->there = true;
	return 0;
}

/* A change under way: a copy of the lines, to be changed. */
struct change { struct roster_line *lines; size_t count; int turn; };

static int
change_begin(struct roster *r, struct change *c, struct err *e)
{
	*c = (struct change){ .turn = -1 };
	if ((c->turn = take_turn(r, e)) == -1)
		return -1;
	c->count = r->is.count;
	if ((c->lines = calloc(ROSTER_MAX, sizeof *c->lines)) == NULL) {
		close(c->turn);
		return err_memory(e, "who was invited");
	}
	memcpy(c->lines, r->is.lines, c->count * sizeof *c->lines);
	return 0;
}

static void
change_end(struct change *c)
{
	tls_wipe(c->lines, ROSTER_MAX * sizeof *c->lines);
	free(c->lines);
	close(c->turn);		/* and another has its turn */
}

static enum error
changed(struct roster *r, struct change *c, const struct roster_line *more, struct wall now, struct err *e)
{
	int put = write_lines(r, c->lines, c->count, more, now, e);

	change_end(c);
	return put == -1 ? E_service_failed : E_NONE;
}

static void
time_text(int64_t s, char to[32])
{
	wall_text((struct wall){ s, 0 }, to);
	strcpy(to + 19, "Z");
}

/* Is the name free?  An invitation that has expired makes way. */
static enum error
make_room(struct change *c, struct str node, struct wall now, struct err *e)
{
	char until[32];

	for (size_t i = 0; i < c->count; i++) {
		struct roster_line *l = &c->lines[i];

		if (is_dead(l) || l->state == ROSTER_redeemed || !str_eq(l->who.node, node))
			continue;
		if (l->state != ROSTER_invited) {
			err_set(e, "'%.*s' has joined already: choose another name, or fedx-probe revoke it first",
			    STR_FMT(excerpt(node)));
			return E_conflict;
		}
		if (l->who.expires > now.s) {
			time_text(l->who.expires, until);
			err_set(e, "'%.*s' is invited already, until %s: fedx-probe revoke takes that back",
			    STR_FMT(excerpt(node)), until);
			return E_conflict;
		}
		l->state = ROSTER_spent;
	}
	return E_NONE;
}

enum error
roster_invite(struct roster *r, const struct auth_line *who, struct wall now, struct err *e)
{
	struct roster_line more = { ROSTER_invited, *who };
	struct change c;
	enum error error;

	if (change_begin(r, &c, e) == -1)
		return E_service_failed;
	if ((error = make_room(&c, who->node, now, e)) == E_NONE)
		return changed(r, &c, &more, now, e);
	change_end(&c);
	return error;
}

enum error
roster_revoke(struct roster *r, struct str node, struct wall now, struct err *e)
{
	struct change c;
	bool found = false, change = r->unsure;

	if (change_begin(r, &c, e) == -1)
		return E_service_failed;
	for (size_t i = 0; i < c.count; i++) {
		struct roster_line *l = &c.lines[i];

		if (!str_eq(l->who.node, node))
			continue;
		found = true;
		if (is_dead(l))
			continue;
		change = true;
		if (l->who.is.kind == CREDENTIAL_KEY)
			l->who.expires = now.s;
		l->state = l->who.is.kind == CREDENTIAL_KEY ? ROSTER_revoked : ROSTER_spent;
	}
	if (found && change)
		return changed(r, &c, NULL, now, e);
	change_end(&c);
	if (found)
		return E_NONE;
	err_set(e, "nobody named '%.*s' is invited or has joined; fedx-probe members lists who is or has",
	    STR_FMT(excerpt(node)));
	return E_not_found;
}

static struct roster_line *
line_of(struct change *c, const uint8_t hash[HASH])
{
	struct roster_line *found = NULL;

	for (size_t i = 0; i < c->count; i++)
		if (hash_equal(c->lines[i].who.is.hash, hash, HASH))
			found = &c->lines[i];
	return found;
}

/* May this key be had for this code?  E_NONE: it may, or has been already. */
static enum error
judge(const struct roster_line *code, const struct roster_line *given, struct wall now, struct err *e)
{
	char until[32], here[32];

	if (!code || code->state > ROSTER_redeemed || (code->state == ROSTER_redeemed &&
	    (!given || given->state != ROSTER_fresh || !str_eq(given->who.node, code->who.node)))) {
		err_set(e, "the code has been used, or was taken back: ask for another one (fedx-probe invite)");
		return E_unauthenticated;
	}
	if (code->state == ROSTER_redeemed || (now.s < code->who.expires && !given))
		return E_NONE;
	time_text(code->who.expires, until);
	time_text(now.s, here);
	if (given)
		err_set(e, "the key that came with the code is in use: start with another folder (-c)");
	else
		err_set(e, "the code has expired at %s, and the hub's clock says %s: ask for another one "
		    "(fedx-probe invite)", until, here);
	return E_unauthenticated;
}

enum error
roster_redeem(struct roster *r, const struct credential *code, const struct shared_key *fresh, struct wall now,
    struct err *e)
{
	struct roster_line more, *line, *given;
	struct change c;
	uint8_t hash[HASH];
	enum error error;

	if (change_begin(r, &c, e) == -1)
		return E_busy;
	sha256(key_view(fresh), hash);
	line = line_of(&c, code->hash);
	given = line_of(&c, hash);
	if ((error = judge(line, given, now, e)) != E_NONE || (given && !r->unsure)) {
		change_end(&c);
		return error;
	}
	more = (struct roster_line){ ROSTER_fresh, line->who };
	more.who.key = *fresh;
	more.who.expires = 0;
	line->state = ROSTER_redeemed;
	error = changed(r, &c, given ? NULL : &more, now, e);
	tls_wipe(&more, sizeof more);
	return error == E_NONE ? E_NONE : E_busy;
}

void
roster_proven(struct roster *r, const struct credential *is, struct wall now)
{
	const struct roster_line *known = roster_find(r, is);
	struct err e = { .status = 0 };
	struct roster_line *line;
	struct change c;

	if (!known || known->state != ROSTER_fresh)
		return;
	if (change_begin(r, &c, &e) == 0) {
		if ((line = line_of(&c, is->hash)) != NULL && line->state == ROSTER_fresh) {
			line->state = ROSTER_member;
			for (size_t i = 0; i < c.count; i++)
				if (c.lines[i].state == ROSTER_redeemed && str_eq(c.lines[i].who.node, line->who.node))
					c.lines[i].state = ROSTER_spent;
		}
		if (changed(r, &c, NULL, now, &e) == E_NONE)
			return;
	}
	log_event(LOG_LEVEL_WARNING, "roster_not_written", "why", e.text,
	    "next", "when the key is shown again; its code works with this key alone", NULL);
}
