/*
 * tlspair.h - two TLS sessions in memory, and certificates by the openssl command.
 *
 *	if (!certs_make(SCRIPT)) return done();		files in a directory of their own
 *	pair_open(&p, &client, &server, "hub.test"); pump(&p, NULL, 16384); pair_close(&p);
 *	certs_drop();
 */
#ifndef FEDX_TLSPAIR_H
#define FEDX_TLSPAIR_H

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "net/sha256.h"
#include "net/tls.h"
#include "tap.h"

static char certs_dir[] = "/tmp/fedx-tls-XXXXXX";

/* The start of each script: ec NAME CURVE; cert NAME SIGNER SUBJECT DAYS EXTENSIONS. */
static const char certs_prelude[] =
	"set -e\n"
	"exec >log 2>&1\n"
	"printf '[req]\\ndistinguished_name=dn\\n[dn]\\n' >cnf\n"
	"ec() { openssl ecparam -name \"$2\" -genkey -noout -out \"$1.key\"; }\n"
	"cert() {\n"	/* name signer subject days extensions */
	"	openssl req -new -config cnf -key \"$1.key\" -subj \"$3\" -out csr\n"
	"	printf \"$5\" >ext\n"
	"	if [ \"$2\" = self ]; then by=\"-signkey $1.key\"; else by=\"-CA $2.pem -CAkey $2.key\"; fi\n"
	"	openssl x509 -req -sha256 -in csr $by -set_serial \"$((n += 1))\" -days \"$4\" "
	"-extfile ext -out \"$1.pem\"\n"
	"}\n"
	"n=0; umask 077\n"
	"ca='basicConstraints=critical,CA:TRUE\\n'\n";

static inline const char *
at(const char *file)	/* its path, which stays valid */
{
	static char paths[64][64];
	char path[64];
	size_t i = 0;

	if (!file)
		return NULL;
	snprintf(path, sizeof path, "%s/%s", certs_dir, file);
	while (*paths[i] && strcmp(paths[i], path) != 0)
		if (++i == sizeof paths / sizeof *paths)
			abort();
	return strcpy(paths[i], path);
}

static inline bool
certs_make(const char *script)
{
	char command[160];
	FILE *f;

	if (system("openssl version >/dev/null 2>&1") != 0)
		skip_all("the openssl command is not installed");
	if (!mkdtemp(certs_dir) || !(f = fopen(at("make"), "w")))
		exit(1);
	fprintf(f, "%s%s", certs_prelude, script);
	fclose(f);
	snprintf(command, sizeof command, "cd %s && sh make", certs_dir);
	if (ok(system(command) == 0, "certificates are made"))
		return true;
	snprintf(command, sizeof command, "sed 's/^/# /' %s/log; rm -r %s", certs_dir, certs_dir);
	return system(command), false;
}

static inline bool
certs_drop(void)
{
	char command[80];

	snprintf(command, sizeof command, "rm -r %s", certs_dir);
	return system(command) == 0;
}

static inline void
hash_of(const char *file, uint8_t hash[TLS_HASH])
{
	struct buf der;
	struct err e;

	buf_init(&der, 1 << 16);
	if (fd_read_file(at(file), 1 << 16, &der, &e) == 0)
		sha256(buf_view(&der), hash);
	buf_free(&der);
}

static inline struct tls_ctx *
context(const struct tls_settings *s)
{
	struct err e = { "", 0 };
	struct tls_ctx *ctx = tls_ctx_open(s, &e);

	if (!ctx)
		printf("# %s\n", e.text);
	return ctx;
}

/* Two sides, a wire that hands over at most `chunk` bytes at once. */
struct pair {
	struct tls_ctx *contexts[2];
	struct tls *side[2];		/* client, server */
	struct str send[2];
	struct buf got[2];
	size_t flip;			/* change the nth byte from client to server; 0: none */
	size_t passed;
};

static inline bool
pair_open(struct pair *p, const struct tls_settings *client, const struct tls_settings *server,
    const char *name)
{
	struct err e = { "", 0 };

	memset(p, 0, sizeof *p);
	buf_init(&p->got[0], 1 << 20);
	buf_init(&p->got[1], 1 << 20);
	p->contexts[0] = context(client);
	p->contexts[1] = context(server);
	if (!p->contexts[0] || !p->contexts[1])
		return false;
	p->side[0] = tls_client(p->contexts[0], name, &e);
	p->side[1] = tls_server(p->contexts[1], &e);
	if (!p->side[0] || !p->side[1])
		printf("# %s\n", e.text);
	return p->side[0] && p->side[1];
}

static inline void
pair_close(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		tls_free(p->side[i]);
		tls_ctx_close(p->contexts[i]);
		buf_free(&p->got[i]);
	}
}

static inline bool
carry(struct pair *p, int from, size_t chunk)
{
	struct str c = tls_cipher(p->side[from]);
	char bytes[20000];
	size_t fed;

	if (c.n > chunk)
		c.n = chunk;
	if (c.n == 0)
		return false;
	memcpy(bytes, c.p, c.n);
	if (from == 0 && p->flip > p->passed && p->flip <= p->passed + c.n)
		bytes[p->flip - p->passed - 1] ^= 0x40;
	fed = tls_feed(p->side[!from], (struct str){ bytes, c.n });
	if (from == 0)
		p->passed += fed;
	tls_cipher_eat(p->side[from], fed);
	return fed > 0;
}

static inline bool
turn(struct pair *p, int i, size_t chunk)
{
	struct str plain = tls_plain(p->side[i]);
	bool moved = plain.n > 0;
	size_t n;

	buf_str(&p->got[i], plain);
	tls_plain_eat(p->side[i], plain.n);
	tls_rest(p->side[i]);		/* at any time: nothing is lost by it */
	n = tls_write(p->side[i], p->send[i]);
	p->send[i] = str_skip(p->send[i], n);
	if (n)
		tls_flush(p->side[i]);
	return carry(p, i, chunk) || moved || n > 0;
}

static inline void
pump(struct pair *p, uint64_t *rand, size_t chunk)
{
	bool moved = true;

	while (moved) {
		size_t c = rand ? 1 + (size_t)tap_rand(rand) % chunk : chunk;

		moved = turn(p, 0, c);
		moved |= turn(p, 1, c);
	}
}

static inline const struct tls_settings *
server_with(const char *cert, const char *key)
{
	static struct tls_settings s;

	s = (struct tls_settings){ .cert = at(cert), .key = at(key) };
	return &s;
}

#endif
