/* keygen.c - see keygen.h: the words of the command line. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/keygen.h"

enum { DAYS = 825, COMMON_NAME_MAX = 64 };

static const char usage[] =
	"usage: fedx-probe keygen hub NAME [-d DIR] [--days N] [--ip ADDR]... [--dns NAME]...\n"
	"       fedx-probe keygen leaf NAME [-d DIR] [--days N]\n"
	"       fedx-probe keygen token | key NODE [-d DIR] [--role leaf|hub|client] "
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

	if (str_u64(str(value), KEYGEN_DAYS_MAX, &n) == -1 || n == 0)
		return err_set(e, "'%.40s' is no number of days; want 1 to %d", value, KEYGEN_DAYS_MAX);
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
		{ "-d", "hub leaf token key" }, { "--dir", "hub leaf token key" },
		{ "--days", "hub leaf" }, { "--ip", "hub" }, { "--dns", "hub" },
		{ "--role", "token key" }, { "--cluster", "token key" }, { "--expires", "token key" },
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (str_is(name, options[i].name))
			return strstr(options[i].what, what) ? 0
			    : err_set(e, "option %s makes no sense for keygen %s",
			    options[i].name, what);
	return err_set(e, "unknown option '%.*s'", name.n > 40 ? 40 : (int)name.n, name.p);
}

static bool
is_secret(const char *what)
{
	return !strcmp(what, "token") || !strcmp(what, "key");
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
	if (!is_secret(argv[1]) && !host_name_valid(k->name))
		return err_set(e, "'%.80s' is no name for a certificate; want a host name of up to "
		    "%d bytes", k->name, COMMON_NAME_MAX);
	return 0;
}

static int
run(struct keygen *k, int argc, char **argv, struct err *e)
{
	err_exit(e, KEYGEN_USAGE);
	if (argc < 2)
		return err_set(e, "keygen makes a hub, leaf, token or key");
	if (strcmp(argv[1], "hub") && strcmp(argv[1], "leaf") && !is_secret(argv[1]))
		return err_set(e, "keygen makes a hub, leaf, token or key, not '%.40s'", argv[1]);
	if (parse(k, argc, argv, e) == -1)
		return -1;
	if (mkdir(k->dir, 0700) == -1 && errno != EEXIST) {
		err_exit(e, KEYGEN_CANNOT);
		return err_sys(e, "cannot create the directory '%s'", k->dir);
	}
	k->shared = !strcmp(argv[1], "key");
	return is_secret(argv[1]) ? keygen_secret(k, e) : keygen_certificate(k, argv[1], e);
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
