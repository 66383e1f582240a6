/* link-roster.c - who was invited and who has joined: single use, at one time, in the file before it is answered. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "link/auth.h"
#include "link/roster.h"
#include "net/sha256.h"
#include "tap.h"
#include "wire/hello.h"

enum { NOW = 1800000000, HOUR = 3600 };

static char folder[64], path[80];

static struct shared_key
key(char of)
{
	struct shared_key k = { .n = 32 };

	memset(k.bytes, of, k.n);
	return k;
}

static struct credential
credential(enum credential_kind kind, char of)
{
	struct credential c = { .kind = kind };
	struct shared_key k = key(of);

	sha256(key_view(&k), c.hash);
	return c;
}

static struct wall
at(int64_t s)
{
	return (struct wall){ s, 0 };
}

static struct roster *
reopen(struct roster *r)
{
	struct err e = { .status = 0 };

	roster_close(r);
	if ((r = roster_open(path, &e)) == NULL)
		printf("Bail out! %s\n", e.text), exit(1);
	return r;
}

static const char *
invite(struct roster *r, const char *node, char code, int64_t now)
{
	static struct err e;
	struct auth_line who = { .role = ROLE_LEAF, .node = str(node), .cluster = STR("lab"), .key = key(code),
	    .expires = now + HOUR, .scopes = STR("scope=/a/** scope=b") };

	e = (struct err){ .status = 0 };
	return roster_invite(r, &who, at(now), &e) == E_NONE ? "" : e.text;
}

static const char *
redeem(struct roster *r, char code, char fresh, int64_t now)
{
	static struct err e;
	struct credential c = credential(CREDENTIAL_CODE, code);
	struct shared_key k = key(fresh);

	e = (struct err){ .status = 0 };
	return roster_redeem(r, &c, &k, at(now), &e) == E_NONE ? "" : e.text;
}

static const char *
state(struct roster *r, char of)
{
	struct credential k = credential(CREDENTIAL_KEY, of), c = credential(CREDENTIAL_CODE, of);
	const struct roster_line *l = roster_find(r, &k);

	l = l ? l : roster_find(r, &c);
	return l ? roster_state_name(l->state) : "";
}

static const char *
let_in(struct roster *r, char of, const char *node)
{
	struct err e = { .status = 0 };
	struct auth *a = auth_open(&(struct auth_files){ .roster = r }, &e);
	struct credential k = credential(CREDENTIAL_KEY, of);
	const char *why = "";
	struct grant g = { .exact = false };
	enum error error = auth_check(a, &k, NULL, ROLE_LEAF, str(node), at(NOW), &g, &why);

	if (error == E_NONE && (!g.exact || !str_is(g.scopes, "scope=/a/** scope=b") || strcmp(g.cluster, "lab")))
		why = "another grant";
	auth_close(a);
	return why;
}

#define IS(got, want, what) is_str(str(got), want, what)
#define LIKE(got, want, what) ok(strstr(got, want) != NULL, "%s: %s", what, got)

static void
a_life(void)
{
	struct credential fresh = credential(CREDENTIAL_KEY, 'f');
	struct roster *r = reopen(NULL);
	struct err e = { .status = 0 };

	ok(access(path, F_OK) == -1 && !roster_at(r, 0), "nobody is invited, and there is no file");
	IS(invite(r, "a.lab", 'c', NOW), "", "a.lab is invited");
	LIKE(invite(r, "a.lab", 'd', NOW), "is invited already, until 2027-01-15T09:00:00Z", "once");
	LIKE(let_in(r, 'c', "a.lab"), "not known", "a code is no key");
	r = reopen(r);
	IS(state(r, 'c'), "invited", "it is in the file");
	LIKE(redeem(r, 'x', 'f', NOW), "used, or was taken back", "who has another code has nothing");
	IS(redeem(r, 'c', 'f', NOW + HOUR - 1), "", "it is redeemed in time");
	r = reopen(r);
	IS(state(r, 'c'), "redeemed", "which is in the file");
	IS(state(r, 'f'), "fresh", "and so is the key");
	IS(let_in(r, 'f', "a.lab"), "", "which lets it in, with the scopes of the code");
	LIKE(let_in(r, 'f', "b.lab"), "another node id", "as itself");
	LIKE(redeem(r, 'c', 'g', NOW), "used", "another key cannot be had for it");
	IS(redeem(r, 'c', 'f', NOW + 2 * HOUR), "", "the same can: its answer may have been lost");
	LIKE(invite(r, "a.lab", 'd', NOW), "has joined already", "its name is taken");
	roster_proven(r, &fresh, at(NOW));
	r = reopen(r);
	IS(state(r, 'f'), "member", "once it has shown its key");
	IS(state(r, 'c'), "spent", "the code is spent");
	LIKE(redeem(r, 'c', 'f', NOW), "used", "also with the same key");
	is_int(roster_revoke(r, STR("b.lab"), at(NOW), &e), E_not_found, "nobody else is revoked");
	is_int(roster_revoke(r, STR("a.lab"), at(NOW), &e), E_NONE, "it is revoked");
	is_int(roster_revoke(r, STR("a.lab"), at(NOW), &e), E_NONE, "and is, if that is said again");
	r = reopen(r);
	LIKE(let_in(r, 'f', "a.lab"), "was revoked", "and is told");
	IS(invite(r, "a.lab", 'd', NOW), "", "its name is free again");
	LIKE(let_in(r, 'f', "a.lab"), "was revoked", "not for the old key");
	is_int(roster_revoke(r, STR("a.lab"), at(NOW), &e), E_NONE, "an invitation is taken back");
	LIKE(redeem(r, 'd', 'h', NOW), "taken back", "its code is good for nothing");
	IS(invite(r, "z.lab", 'z', NOW + ROSTER_KEEP_S + 2 * HOUR), "", "much later");
	IS(state(r, 'c'), "", "a code that is spent is forgotten");
	IS(state(r, 'f'), "", "and so is a key that was revoked");
	roster_close(r);
	unlink(path);
}

static void
in_time(void)
{
	struct roster *r = reopen(NULL);

	invite(r, "a.lab", 'c', NOW);
	LIKE(redeem(r, 'c', 'f', NOW + HOUR), "has expired at 2027-01-15T09:00:00Z, and the hub's clock says 2027-01-15T09:00:00Z",
	    "an old code");
	IS(state(r, 'f'), "", "brings no key");
	IS(invite(r, "a.lab", 'd', NOW + HOUR), "", "its name may be invited anew");
	LIKE(redeem(r, 'c', 'f', NOW), "used", "and the old one is not good again if the clock goes back");
	IS(redeem(r, 'd', 'f', NOW + HOUR), "", "the new one is");
	invite(r, "b.lab", 'e', NOW);
	LIKE(redeem(r, 'e', 'f', NOW), "in use", "two names have not one key");
	roster_close(r);
	unlink(path);
}

static const struct { const char *what, *line, *why; } bad[] = {
	{ "a state that is none", "asked leaf a lab key:HEX", "'asked' is no state" },
	{ "nothing behind it", "member", "want role, node" },
	{ "a pattern", "member leaf *.lab lab key:HEX", "one node, and no pattern" },
	{ "no expiry", "invited leaf a lab key:HEX", "want the time when it expires" },
	{ "a hash", "member leaf a lab sha256:HEX", "want key:" },
	{ "a scope that is no pattern", "member leaf a lab key:HEX scope=/a*", "is no pattern" },
};

static void
write_line(const char *line)
{
	FILE *f = fopen(path, "w");
	const char *hex = strstr(line, "HEX");

	fprintf(f, "# who\n\n%.*s%s%s\n", hex ? (int)(hex - line) : (int)strlen(line), line, hex ?
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" : "", hex ? hex + 3 : "");
	fclose(f);
	chmod(path, 0600);
}

static void
other_hands(void)
{
	struct roster *r, *two;
	struct stat st;
	struct timespec times[2];
	struct err e;
	int fd;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){ .status = 0 };
		write_line(bad[i].line);
		ok(!roster_open(path, &e) && strstr(e.text, bad[i].why) && strstr(e.text, ":3: ") && e.status == 78 &&
		    !strstr(e.text, "8899"), "%s: %s", bad[i].what, e.text);
	}
	write_line("member leaf a.lab lab key:HEX scope=/a/** scope=b");
	ok(truncate(path, (off_t)strlen("# who\n\nmember leaf a.lab lab key: scope=/a/**") + 64) == 0, "a file is cut off");
	e = (struct err){ .status = 0 };
	ok(!roster_open(path, &e) && strstr(e.text, "the last line is not whole") && e.status == 78,
	    "which might have said more of its last: %s", e.text);
	write_line("member leaf a.lab lab key:HEX scope=/a/** scope=b");
	chmod(path, 0640);
	ok(!roster_open(path, &e) && strstr(e.text, "chmod 600"), "one that others may read: %s", e.text);
	unlink(path);

	r = reopen(NULL);
	two = reopen(NULL);
	IS(invite(r, "a.lab", 'c', NOW), "", "one process invites");
	LIKE(invite(two, "a.lab", 'd', NOW), "already", "another one knows");
	IS(redeem(two, 'c', 'f', NOW), "", "and lets it be redeemed");
	roster_refresh(r);
	IS(let_in(r, 'f', "a.lab"), "", "each lets in who has joined by the other");
	LIKE(redeem(r, 'c', 'g', NOW), "used", "and the code is good once for both");
	write_line("asked");
	roster_refresh(r);
	IS(let_in(r, 'f', "a.lab"), "", "a file that somebody has damaged takes nobody away");
	LIKE(invite(r, "b.lab", 'd', NOW), "no state", "but nothing is written over it");
	ok(truncate(path, 0) == 0, "a file is being written by hand");
	ok(!roster_refresh(r), "it is not taken for nobody");
	IS(let_in(r, 'f', "a.lab"), "", "who has joined is let in");
	LIKE(invite(r, "b.lab", 'd', NOW), "is empty, and was not", "and nothing is written over it");
	write_line("asked");
	roster_refresh(r);
	ok((fd = open(path, O_WRONLY)) != -1 && fstat(fd, &st) == 0, "one that had mistakes");
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	ok(lseek(fd, -6, SEEK_END) > 0 && write(fd, "#", 1) == 1 && futimens(fd, times) == 0 && close(fd) == 0,
	    "... looks the same");
	ok(!roster_refresh(r), "it is not read again for each stranger");
	ok(roster_renew(r, &e) == 1, "but when somebody asks");
	roster_close(r);
	roster_close(two);
	unlink(path);
}

static void
cannot_write(void)
{
	struct roster *r = reopen(NULL);

	invite(r, "a.lab", 'c', NOW);
	chmod(folder, 0500);
	if (access(folder, W_OK) == 0) {
		ok(true, "root may write everywhere");
	} else {
		LIKE(redeem(r, 'c', 'f', NOW), "cannot write", "no new file");
		IS(state(r, 'c'), "invited", "nothing has changed");
	}
	chmod(folder, 0700);
	IS(redeem(r, 'c', 'f', NOW), "", "the code is still good");
	roster_close(r);
	unlink(path);
}

/* Bounded: who is good for nothing makes room, who is not does not. */
static void
full(void)
{
	struct roster *r;
	FILE *f = fopen(path, "w");
	struct err e = { .status = 0 };

	for (int i = 0; i < ROSTER_MAX; i++)
		fprintf(f, "%s leaf n%d lab key:%064x %s\n", i ? "member" : "spent", i, i + 1, i ? "" : "2027-01-15T08:00:00Z");
	fclose(f);
	chmod(path, 0600);
	r = reopen(NULL);
	IS(invite(r, "a.lab", 'c', NOW), "", "as many as may be: the dead makes room");
	LIKE(invite(r, "b.lab", 'd', NOW), "is full", "and then nobody");
	is_int(roster_revoke(r, STR("n7"), at(NOW), &e), E_NONE, "until one is revoked");
	IS(invite(r, "b.lab", 'd', NOW), "", "then another");
	LIKE(invite(r, "c.lab", 'e', NOW), "is full", "and no more");
	IS(invite(r, "c.lab", 'e', NOW + ROSTER_KEEP_S + 2 * HOUR), "", "until who never came is forgotten");
	roster_close(r);
	unlink(path);
}

int
main(void)
{
	strcpy(folder, "/tmp/fedx-roster-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/roster", folder);
	log_open("t", LOG_LOGFMT, LOG_LEVEL_ERROR, false);
	a_life();
	in_time();
	other_hands();
	cannot_write();
	full();
	strcat(path, ".lock");
	unlink(path);
	rmdir(folder);
	return done();
}
