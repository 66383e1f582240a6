/*
 * keygen_openssl.c - a CA and what it signs, by the openssl command.
 *
 * openssl writes to descriptors that we opened: so no file is overwritten and
 * no key is ever readable by others, whatever openssl thinks of modes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "probe/keygen.h"

enum { CA_DAYS = 3650, NOT_THERE = 127 };

/* One run: what it has created goes away again when it fails. */
struct work {
	const struct keygen *k;
	char temp[KEYGEN_PATH];		/* a directory of its own, or "" */
	char made[4][KEYGEN_PATH];
	size_t makes;
};

static void
child(char *const argv[], int out, int complaints)
{
	int null = open("/dev/null", O_RDONLY);

	umask(077);
	if (null != -1 && dup2(null, 0) != -1 && dup2(out, 1) != -1 && dup2(complaints, 2) != -1)
		execvp(argv[0], argv);
	_exit(errno == ENOENT ? NOT_THERE : NOT_THERE - 1);
}

/* What it complained of, as one line; the rest is read so that it can end. */
static void
read_complaints(int fd, char *to, size_t size)
{
	char some[512];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, some, sizeof some)) != 0) {
		if (got == -1 && errno != EINTR)
			break;
		for (ssize_t i = 0; i < got; i++)
			if (n + 1 < size)
				to[n++] = (unsigned char)some[i] < ' ' ? ' ' : some[i];
	}
	to[n] = '\0';
}

static int
run_openssl(const char *const argv[], int out, struct err *e)
{
	char complaints[160];
	int pipes[2], status;
	pid_t pid;

	err_exit(e, KEYGEN_FAILED);
	if (pipe(pipes) == -1)
		return err_sys(e, "cannot run openssl");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		child((char *const *)(uintptr_t)argv, out, pipes[1]);
	}
	close(pipes[1]);
	if (pid == -1) {
		close(pipes[0]);
		return err_sys(e, "cannot run openssl");
	}
	read_complaints(pipes[0], complaints, sizeof complaints);
	close(pipes[0]);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_sys(e, "cannot run openssl");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE) {
		err_exit(e, KEYGEN_NO_OPENSSL);
		return err_set(e, "the openssl command is not installed, and certificates are made "
		    "with it; install the package openssl");
	}
	return err_set(e, "openssl %s failed: %s", argv[1], complaints);
}

static int
path_of(struct work *w, const char *leaf, const char *suffix, char to[KEYGEN_PATH],
    struct err *e)
{
	return keygen_path(w->k, leaf, suffix, to, e);
}

/* Runs openssl with its output in a new file, remembered for cleaning up. */
static int
make(struct work *w, const char *path, unsigned mode, const char *const argv[], struct err *e)
{
	int fd = keygen_create(path, mode, e), r;

	if (fd == -1)
		return -1;
	snprintf(w->made[w->makes++], KEYGEN_PATH, "%s", path);
	r = run_openssl(argv, fd, e);
	if (close(fd) == -1 && r == 0) {
		err_exit(e, KEYGEN_CANNOT);
		r = err_sys(e, "cannot write '%s'", path);
	}
	return r;
}

static int
make_key(struct work *w, const char *path, struct err *e)
{
	const char *const argv[] = {
		"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", NULL
	};

	return make(w, path, 0600, argv, e);
}

/* A file of the temporary directory: a setting or a request for openssl. */
static int
temp_path(struct work *w, const char *leaf, char to[KEYGEN_PATH], struct err *e)
{
	int n = snprintf(to, KEYGEN_PATH, "%s/%s", w->temp, leaf);

	if (n > 0 && n < KEYGEN_PATH)
		return 0;
	err_exit(e, KEYGEN_CANNOT);
	return err_set(e, "the path '%.100s...' is too long", w->temp);
}

static int
put_text(const char *path, const char *text, struct err *e)
{
	FILE *f = fopen(path, "w");
	bool good;

	good = f && fputs(text, f) >= 0;
	if (f && fclose(f) == EOF)
		good = false;
	if (good)
		return 0;
	err_exit(e, KEYGEN_CANNOT);
	return err_sys(e, "cannot write '%s'", path);
}

static int
make_request(struct work *w, const char *key, const char *subject, char to[KEYGEN_PATH],
    struct err *e)
{
	char conf[KEYGEN_PATH];
	const char *const argv[] = {
		"openssl", "req", "-new", "-sha256", "-config", conf, "-key", key,
		"-subj", subject, NULL
	};
	int fd, r;

	/* not the system's settings: they may ask for more, or be missing */
	if (temp_path(w, "req.cnf", conf, e) == -1 || temp_path(w, "req", to, e) == -1
	    || put_text(conf, "[req]\ndistinguished_name = dn\n[dn]\n", e) == -1)
		return -1;
	unlink(to);
	if ((fd = keygen_create(to, 0600, e)) == -1)
		return -1;
	r = run_openssl(argv, fd, e);
	close(fd);
	return r;
}

/* ca NULL: signed by its own key. */
static int
make_certificate(struct work *w, const char *pem, const char *key, const char *subject,
    const char *extensions, unsigned days, const char *ca, const char *ca_key, struct err *e)
{
	char request[KEYGEN_PATH], ext[KEYGEN_PATH], serial[2 + 32 + 1] = "0x", many[16];
	uint8_t number[16];
	const char *const own[] = {
		"openssl", "x509", "-req", "-sha256", "-in", request, "-signkey", key,
		"-set_serial", serial, "-days", many, "-extfile", ext, NULL
	};
	const char *const by_ca[] = {
		"openssl", "x509", "-req", "-sha256", "-in", request, "-CA", ca, "-CAkey", ca_key,
		"-set_serial", serial, "-days", many, "-extfile", ext, NULL
	};

	rand_bytes(number, sizeof number);
	number[0] = (number[0] & 0x7f) | 0x40;	/* positive, and 16 bytes long */
	for (size_t i = 0; i < sizeof number; i++)
		snprintf(serial + 2 + 2 * i, 3, "%02x", number[i]);
	snprintf(many, sizeof many, "%u", days);
	if (make_request(w, key, subject, request, e) == -1
	    || temp_path(w, "ext", ext, e) == -1 || put_text(ext, extensions, e) == -1)
		return -1;
	return make(w, pem, 0644, ca ? by_ca : own, e);
}

static bool
is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int
make_ca(struct work *w, const char *pem, const char *key, struct err *e)
{
	char subject[64];
	uint8_t tag[4];

	if (is_there(pem) && is_there(key)) {
		printf("using the CA %s\n", pem);
		return 0;
	}
	if (is_there(pem) || is_there(key)) {
		err_exit(e, KEYGEN_CANNOT);
		return err_set(e, "'%s' is there without '%s', and a CA needs both; bring the other "
		    "or use another directory (-d)", is_there(pem) ? pem : key,
		    is_there(pem) ? key : pem);
	}
	rand_bytes(tag, sizeof tag);	/* two CAs of one name confuse whoever looks for why */
	snprintf(subject, sizeof subject, "/CN=fedx CA %02x%02x%02x%02x", tag[0], tag[1], tag[2],
	    tag[3]);
	if (make_key(w, key, e) == -1 || make_certificate(w, pem, key, subject,
	    "basicConstraints = critical,CA:TRUE\n"
	    "keyUsage = critical,keyCertSign,cRLSign\n"
	    "subjectKeyIdentifier = hash\n", CA_DAYS, NULL, NULL, e) == -1)
		return -1;
	printf("wrote %s (give it to every node) and %s (the CA's secret: keep it off the hub)\n",
	    pem, key);
	return 0;
}

static void
put_names(const struct keygen *k, char *to, size_t size)
{
	unsigned char address[sizeof(struct in6_addr)];
	size_t n = 0;

	n += (size_t)snprintf(to, size, "DNS:%s", k->name);
	if (inet_pton(AF_INET, k->name, address) == 1 || inet_pton(AF_INET6, k->name, address) == 1)
		n += (size_t)snprintf(to + n, size - n, ",IP:%s", k->name);
	for (size_t i = 0; i < k->ips; i++)
		n += (size_t)snprintf(to + n, size - n, ",IP:%s", k->ip[i]);
	for (size_t i = 0; i < k->dnses; i++)
		n += (size_t)snprintf(to + n, size - n, ",DNS:%s", k->dns[i]);
}

static int
sign(struct work *w, const char *what, struct err *e)
{
	enum { NAMES_MAX = (2 * KEYGEN_NAMES + 2) * 72 };	/* 64 bytes each, and a tag */
	char pem[KEYGEN_PATH], key[KEYGEN_PATH], ca[KEYGEN_PATH], ca_key[KEYGEN_PATH];
	char subject[80], names[NAMES_MAX], extensions[NAMES_MAX + 256];
	bool hub = !strcmp(what, "hub");

	if (path_of(w, what, ".pem", pem, e) == -1 || path_of(w, what, ".key", key, e) == -1
	    || path_of(w, "ca", ".pem", ca, e) == -1
	    || path_of(w, "ca", ".key", ca_key, e) == -1)
		return -1;
	for (int i = 0; i < 2; i++)	/* before a CA is made for nothing */
		if (is_there(i ? key : pem)) {
			err_exit(e, KEYGEN_CANNOT);
			return err_set(e, "'%s' is there already and stays; move it away or use "
			    "another directory (-d)", i ? key : pem);
		}
	put_names(w->k, names, sizeof names);
	snprintf(subject, sizeof subject, "/CN=%s", w->k->name);
	snprintf(extensions, sizeof extensions,
	    "basicConstraints = critical,CA:FALSE\n"
	    "keyUsage = critical,digitalSignature\n"
	    "extendedKeyUsage = %s\n"
	    "subjectKeyIdentifier = hash\n"
	    "authorityKeyIdentifier = keyid\n"
	    "subjectAltName = %s\n", hub ? "serverAuth,clientAuth" : "clientAuth", names);
	if (make_ca(w, ca, ca_key, e) == -1 || make_key(w, key, e) == -1
	    || make_certificate(w, pem, key, subject, extensions, w->k->days, ca, ca_key, e) == -1)
		return -1;
	printf("wrote %s and %s (the secret) for %s, good for %u days\n", pem, key, w->k->name,
	    w->k->days);
	if (hub)
		printf("next:  fedx-probe keygen token NODE --cluster CLUSTER -d %s\n"
		    "then:  fedx-hub -l :7342 --tls-cert %s --tls-key %s --token-file %s/tokens\n",
		    w->k->dir, pem, key, w->k->dir);
	else
		printf("next, on the hub:  --set tls.client_ca=%s, and in its token file:  "
		    "leaf %s CLUSTER cert\n"
		    "then:  fedx-leaf -i %s -u fedxs://HUB:7342 --tls-ca %s --tls-cert %s "
		    "--tls-key %s\n", ca, w->k->name, w->k->name, ca, pem, key);
	return 0;
}

static void
clean(struct work *w, bool failed)
{
	static const char *const leaves[] = { "req.cnf", "req", "ext" };
	char path[KEYGEN_PATH];
	struct err ignored;

	for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
		if (temp_path(w, leaves[i], path, &ignored) == 0)
			unlink(path);
	rmdir(w->temp);
	while (failed && w->makes)
		unlink(w->made[--w->makes]);
}

int
keygen_certificate(const struct keygen *k, const char *what, struct err *e)
{
	struct work w = { .k = k };
	int r;

	if (keygen_path(k, ".keygen-XXXXXX", "", w.temp, e) == -1)
		return -1;
	if (!mkdtemp(w.temp)) {
		err_exit(e, KEYGEN_CANNOT);
		return err_sys(e, "cannot write in '%s'", k->dir);
	}
	r = sign(&w, what, e);
	clean(&w, r == -1);
	return r;
}
