/* keygen.c - see keygen.h: the words of the command line, and the token. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/rand.h"
#include "net/sha256.h"
#include "probe/keygen.h"
#include "wire/hello.h"

enum { DAYS = 825, DAYS_MAX = 36500, COMMON_NAME_MAX = 64, SECRET = 32 };

static const char usage[] =
	"usage: fedx-probe keygen hub NAME [-d DIR] [--days N] [--ip ADDR]... [--dns NAME]...\n"
	"       fedx-probe keygen leaf NAME [-d DIR] [--days N]\n"
	"       fedx-probe keygen token NODE [-d DIR] [--role leaf|hub|client] "
	"[--cluster NAME] [--expires DURATION]\n";

int
keygen_path(const struct keygen *k, const char *leaf, const char *suffix,
    char to[KEYGEN_PATH], struct err *e)
{
	int n = snprintf(to, KEYGEN_PATH, "%s/%s%s", k->dir, leaf, suffix);

	if (n < 0 || n >= KEYGEN_PATH) {
		err_exit(e, KEYGEN_CANNOT);
		return err_set(e, "the path '%.100s...' is too long", k->dir);
	}
	return 0;
}

int
keygen_create(const char *path, unsigned mode, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);

	if (fd != -1)
		return fd;
	err_exit(e, KEYGEN_CANNOT);
	if (errno == EEXIST)
		return err_set(e, "'%s' is there already and stays; "
		    "move it away or use another directory (-d)", path);
	return err_sys(e, "cannot create '%s'", path);
}

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
	static const struct { char letter; uint32_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 }
	};
	struct str d = str(duration);
	struct wall end = wall_now();
	uint64_t n, seconds = 0;
	char text[32];

	*to = '\0';
	if (!duration)
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (d.n && d.p[d.n - 1] == units[i].letter
		    && str_u64(str_head(d, d.n - 1), 86400u * DAYS_MAX, &n) == 0)
			seconds = n * units[i].seconds;
	if (seconds == 0 || seconds > 86400ull * DAYS_MAX) {
		err_exit(e, KEYGEN_USAGE);
		return err_set(e, "'%.40s' is no duration; want a number and s, m, h, d or w, "
		    "like 90d", duration);
	}
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
check_token(const struct keygen *k, struct err *e)
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

int
keygen_token(const struct keygen *k, struct err *e)
{
	char file[KEYGEN_PATH], tokens[KEYGEN_PATH], until[32], line[800];
	char text[3 + 2 * SECRET + 2] = "fx_", hash[65];
	uint8_t secret[SECRET], sum[32];
	int fd, r;

	if (check_token(k, e) == -1 || expiry(k->expires, until, e) == -1
	    || keygen_path(k, k->name, ".token", file, e) == -1
	    || keygen_path(k, "tokens", "", tokens, e) == -1
	    || (fd = keygen_create(file, 0600, e)) == -1)
		return -1;
	rand_bytes(secret, sizeof secret);
	hex(secret, sizeof secret, text + 3);
	sha256(str(text), sum);
	hex(sum, sizeof sum, hash);
	snprintf(line, sizeof line, "%s %s %s sha256:%s%s", k->role, k->name, cluster_of(k), hash,
	    until);
	strcat(text, "\n");
	r = write_all(fd, file, str(text), e);
	if (close(fd) == -1 && r == 0) {
		err_exit(e, KEYGEN_CANNOT);
		r = err_sys(e, "cannot write '%s'", file);
	}
	if (r == -1 || append_line(tokens, line, e) == -1) {
		unlink(file);
		return -1;
	}
	printf("wrote %s (the secret: give it to %s alone)\n"
	    "added a line to %s\n"
	    "next, on the hub:  fedx-hub --token-file %s ...\n"
	    "and on the %s:   fedx-%s -i %s -u fedxs://HUB:7342 --tls-ca %s/ca.pem --token-file %s\n",
	    file, k->name, tokens, tokens, k->role, strcmp(k->role, "hub") ? "leaf" : "hub",
	    k->name, k->dir, file);
	return 0;
}

static bool
host_name_valid(const char *name)
{
	size_t n = strlen(name), good = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:*");

	return n > 0 && n == good && n <= COMMON_NAME_MAX && *name != '-';
}

static bool
is_address(const char *text)
{
	unsigned char to[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, to) == 1 || inet_pton(AF_INET6, text, to) == 1;
}

static int
take_days(struct keygen *k, const char *value, struct err *e)
{
	uint64_t n;

	if (str_u64(str(value), DAYS_MAX, &n) == -1 || n == 0)
		return err_set(e, "'%.40s' is no number of days; want 1 to %d", value, DAYS_MAX);
	k->days = (unsigned)n;
	return 0;
}

static int
take_option(struct keygen *k, struct str name, const char *value, struct err *e)
{
	if (str_is(name, "-d") || str_is(name, "--dir")) {
		k->dir = value;
	} else if (str_is(name, "--days")) {
		return take_days(k, value, e);
	} else if (str_is(name, "--role")) {
		k->role = value;
	} else if (str_is(name, "--cluster")) {
		k->cluster = value;
	} else if (str_is(name, "--expires")) {
		k->expires = value;
	} else if (k->ips == KEYGEN_NAMES || k->dnses == KEYGEN_NAMES) {
		return err_set(e, "more than %d names in one certificate", KEYGEN_NAMES);
	} else if (str_is(name, "--ip")) {
		if (!is_address(value))
			return err_set(e, "'%.80s' is no IP address", value);
		k->ip[k->ips++] = value;
	} else {
		if (!host_name_valid(value))
			return err_set(e, "'%.80s' is no host name", value);
		k->dns[k->dnses++] = value;
	}
	return 0;
}

/* Each takes a value; `what` has those that make sense for it. */
static int
check_option(const char *what, struct str name, struct err *e)
{
	static const struct { const char *name, *what; } options[] = {
		{ "-d", "hub leaf token" }, { "--dir", "hub leaf token" },
		{ "--days", "hub leaf" }, { "--ip", "hub" }, { "--dns", "hub" },
		{ "--role", "token" }, { "--cluster", "token" }, { "--expires", "token" },
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (str_is(name, options[i].name))
			return strstr(options[i].what, what) ? 0
			    : err_set(e, "option %s makes no sense for keygen %s",
			    options[i].name, what);
	return err_set(e, "unknown option '%.*s'", name.n > 40 ? 40 : (int)name.n, name.p);
}

static int
parse(struct keygen *k, int argc, char **argv, struct err *e)
{
	for (int i = 2; i < argc; i++) {
		struct str name = str(argv[i]), value = { NULL, 0 };
		const char *given = NULL;

		if (*argv[i] != '-' || !argv[i][1]) {
			if (k->name)
				return err_set(e, "'%.80s' is one word too many", argv[i]);
			k->name = argv[i];
			continue;
		}
		if (str_starts(name, STR("--")) && str_split(str(argv[i]), '=', &name, &value))
			given = value.p;
		if (check_option(argv[1], name, e) == -1)
			return -1;
		if (!given && ++i == argc)
			return err_set(e, "option %s wants a value", argv[i - 1]);
		if (take_option(k, name, given ? given : argv[i], e) == -1)
			return -1;
	}
	if (!k->name)
		return err_set(e, "keygen %s: a name is missing", argv[1]);
	if (strcmp(argv[1], "token") && !host_name_valid(k->name))
		return err_set(e, "'%.80s' is no name for a certificate; want a host name of up to "
		    "%d bytes", k->name, COMMON_NAME_MAX);
	return 0;
}

static int
run(struct keygen *k, int argc, char **argv, struct err *e)
{
	err_exit(e, KEYGEN_USAGE);
	if (argc < 2)
		return err_set(e, "keygen makes a hub, leaf or token");
	if (strcmp(argv[1], "hub") && strcmp(argv[1], "leaf") && strcmp(argv[1], "token"))
		return err_set(e, "keygen makes a hub, leaf or token, not '%.40s'", argv[1]);
	if (parse(k, argc, argv, e) == -1)
		return -1;
	if (mkdir(k->dir, 0700) == -1 && errno != EEXIST) {
		err_exit(e, KEYGEN_CANNOT);
		return err_sys(e, "cannot create the directory '%s'", k->dir);
	}
	return strcmp(argv[1], "token") ? keygen_certificate(k, argv[1], e) : keygen_token(k, e);
}

int
keygen_main(int argc, char **argv)
{
	struct keygen k = { .dir = ".", .days = DAYS, .role = "leaf" };
	struct err e = { "", 0 };

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return fputs(usage, stdout) < 0;
	if (run(&k, argc, argv, &e) == 0)
		return 0;
	fprintf(stderr, "fedx-probe: %s\n", e.text);
	if (e.status == KEYGEN_USAGE)
		fputs("try: fedx-probe keygen -h\n", stderr);
	return e.status;
}
