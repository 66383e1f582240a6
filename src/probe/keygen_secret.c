/* keygen_secret.c - tokens and shared keys: a file for who dials, and a line for the hub. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/rand.h"
#include "net/sha256.h"
#include "probe/keygen.h"
#include "probe/probe.h"
#include "wire/hello.h"

enum { SECRET = 32, LINE_MAX_BYTES = 800 };

static void
hex(const uint8_t *p, size_t n, char *to)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", p[i]);
}

static int
write_all(int fd, const char *path, struct str s, struct err *e)
{
	if (fd_write_all(fd, s) == 0)
		return 0;
	err_exit(e, KEYGEN_CANNOT);
	return err_sys(e, "cannot write '%s'", path);
}

/* "90d" from now, as " 2027-01-31T00:00:00Z"; "" without a wish. */
static int
expiry(const char *duration, char to[32], struct err *e)
{
	struct wall end = wall_now();
	uint64_t seconds;
	char text[32];

	*to = '\0';
	if (!duration)
		return 0;
	if (opt_seconds(duration, 86400ull * KEYGEN_DAYS_MAX, &seconds, e) == -1)
		return -1;
	end.s += (int64_t)seconds;
	wall_text(end, text);
	snprintf(to, 32, " %.19sZ", text);	/* without the milliseconds */
	return 0;
}

/* The line for the hub goes behind what is there, in one write. */
static int
append_line(const char *path, const char *line, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	char last = '\n', text[1024];
	off_t end;
	int r = -1;

	if (fd == -1) {
		err_exit(e, KEYGEN_CANNOT);
		return err_sys(e, "cannot write '%s'", path);
	}
	end = lseek(fd, 0, SEEK_END);
	if (end > 0 && pread(fd, &last, 1, end - 1) != 1) {
		err_exit(e, KEYGEN_CANNOT);
		err_sys(e, "cannot read '%s'", path);
	} else {
		snprintf(text, sizeof text, "%s%s\n", last == '\n' ? "" : "\n", line);
		r = write_all(fd, path, str(text), e);
	}
	close(fd);
	return r;
}

static const char *
cluster_of(const struct keygen *k)
{
	const char *dot = strchr(k->name, '.');

	return k->cluster ? k->cluster : dot ? dot + 1 : NULL;
}

static int
check_names(const struct keygen *k, struct err *e)
{
	const char *cluster = cluster_of(k);
	bool known = false;

	err_exit(e, KEYGEN_USAGE);
	if (!node_id_valid(str(k->name)))
		return err_set(e, "'%.80s' is no node id; want lower-case letters, digits, -, _ "
		    "and dots", k->name);
	if (!cluster)
		return err_set(e, "which cluster is '%s' to join? give --cluster with the hub's "
		    "(its -C; without one, its id)", k->name);
	if (!node_id_valid(str(cluster)))
		return err_set(e, "'%.80s' is no cluster name; want lower-case letters, digits, "
		    "-, _ and dots", cluster);
	for (uint8_t role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
		known |= !strcmp(k->role, role_name(role));
	if (!known)
		return err_set(e, "unknown role '%.40s'; want leaf, hub or client", k->role);
	return 0;
}

/* What there is to say of each kind of secret. */
static const struct secret {
	const char *what, *suffix, *list, *option;
} kinds[] = {
	{ "token", ".token", "tokens", "--token-file" },
	{ "key", ".psk", "keys", "--psk-file" },
};

/* Its file, and its line for the hub's list. */
static void
make_secret(const struct keygen *k, const char *until, char text[LINE_MAX_BYTES], char line[LINE_MAX_BYTES])
{
	uint8_t secret[SECRET], sum[32];
	char word[3 + 2 * SECRET + 1] = "fx_", hash[65];

	rand_bytes(secret, sizeof secret);
	hex(secret, sizeof secret, word + 3);
	if (k->shared)
		sha256((struct str){ (const char *)secret, sizeof secret }, sum);
	else
		sha256(str(word), sum);
	hex(sum, sizeof sum, hash);
	if (k->shared) {
		snprintf(line, LINE_MAX_BYTES, "%s %s %s key:%s%s\t# sha256:%s", k->role, k->name,
		    cluster_of(k), word + 3, until, hash);
		snprintf(text, LINE_MAX_BYTES, "%s\n", line);
	} else {
		snprintf(line, LINE_MAX_BYTES, "%s %s %s sha256:%s%s", k->role, k->name, cluster_of(k), hash,
		    until);
		snprintf(text, LINE_MAX_BYTES, "%s\n", word);
	}
}

static void
say_next(const struct keygen *k, const struct secret *is, const char *file, const char *list)
{
	printf("wrote %s (the secret: give it to %s alone)\n"
	    "added a line to %s%s\n"
	    "next, on the hub:  fedx-hub %s %s ...\n", file, k->name, list,
	    k->shared ? " (a secret of the hub)" : "", is->option, list);
	if (k->shared)
		printf("and on the %s:   fedx-%s -u fedxs://HUB:7342 --psk-file %s\n", k->role,
		    strcmp(k->role, "hub") ? "leaf" : "hub", file);
	else
		printf("and on the %s:   fedx-%s -i %s -u fedxs://HUB:7342 --tls-ca %s/ca.pem --token-file %s\n",
		    k->role, strcmp(k->role, "hub") ? "leaf" : "hub", k->name, k->dir, file);
}

int
keygen_secret(const struct keygen *k, struct err *e)
{
	const struct secret *is = &kinds[k->shared];
	char file[KEYGEN_PATH], list[KEYGEN_PATH], until[32], text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
	int fd, r;

	if (check_names(k, e) == -1 || expiry(k->expires, until, e) == -1
	    || keygen_path(k, k->name, is->suffix, file, e) == -1
	    || keygen_path(k, is->list, "", list, e) == -1
	    || (fd = keygen_create(file, 0600, e)) == -1)
		return -1;
	make_secret(k, until, text, line);
	r = write_all(fd, file, str(text), e);
	if (close(fd) == -1 && r == 0) {
		err_exit(e, KEYGEN_CANNOT);
		r = err_sys(e, "cannot write '%s'", file);
	}
	if (r == -1 || append_line(list, line, e) == -1) {
		unlink(file);
		return -1;
	}
	say_next(k, is, file, list);
	return 0;
}
