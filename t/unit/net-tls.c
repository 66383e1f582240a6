/* net-tls.c - two sessions in memory: who is let in, who is not, and why. */
#include "tlspair.h"

/* Certificates of every kind. */
static const char script[] =
	"ec ca prime256v1; cert ca self /CN=ca 30 \"$ca\"\n"
	"ec other prime256v1; cert other self /CN=other 30 \"$ca\"\n"
	"ec mid prime256v1; cert mid ca /CN=mid 30 \"$ca\"\n"
	"ec hub prime256v1; cert hub ca /CN=hub 30 'subjectAltName=DNS:hub.test,DNS:127.0.0.1\\n'\n"
	"ec old prime256v1; cert old ca /CN=old -1 'subjectAltName=DNS:hub.test\\n'\n"
	"ec big secp384r1; cert big ca /CN=big 30 'subjectAltName=DNS:hub.test\\n'\n"
	"ec deep prime256v1; cert deep mid /CN=deep 30 'subjectAltName=DNS:hub.test\\n'\n"
	"cat deep.pem mid.pem >chain.pem\n"
	"openssl genrsa -out rsa.key 2048; cert rsa ca /CN=rsa 30 'subjectAltName=DNS:hub.test\\n'\n"
	"openssl genrsa -out weak.key 1024; cert weak ca /CN=weak 30 'subjectAltName=DNS:hub.test\\n'\n"
	"openssl pkey -in rsa.key -traditional -out rsa-old.key\n"
	"openssl pkcs8 -topk8 -nocrypt -in hub.key -out hub-p8.key\n"
	"cat hub.key big.key >two.key\n"
	"{ openssl ecparam -name prime256v1; cat hub.key; } >hub-params.key\n"
	"openssl pkcs8 -topk8 -passout pass:x -in hub.key -out locked.key\n"
	"openssl x509 -in hub.pem -outform DER -out hub.der\n"
	"openssl x509 -in hub.pem -pubkey -noout | openssl pkey -pubin -outform DER -out hub-key.der\n"
	"cp hub.key open.key; chmod 644 open.key\n"
	"cp hub.key group.key; chmod 640 group.key\n"
	"echo garbage >garbage.pem; cp garbage.pem garbage.key; : >empty.pem\n"
	"sed '3s/./!/' hub.pem >damaged.pem; head -3 hub.pem >cut.pem\n"
	"{ echo -----BEGIN CERTIFICATE-----; echo AAAA; echo -----END CERTIFICATE-----; } >hollow.pem\n";

#define PIN "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff "

/* As a pin is written, in capitals: "sha256:0A..." */
static void
hash_text(const char *prefix, const char *file, char to[80])
{
	uint8_t hash[TLS_HASH];
	int n = snprintf(to, 80, "%s", prefix);

	hash_of(file, hash);
	for (int i = 0; i < TLS_HASH; i++)
		snprintf(to + n + 2 * i, 3, "%02X", hash[i]);
}

static void
exchange(size_t chunk, uint64_t *rand)
{
	enum { BYTES = 100000 };
	static char sent[2][BYTES];
	struct tls_settings client = { .ca = at("ca.pem") };
	struct pair p;
	struct err e = { "", 0 };
	uint8_t want[TLS_HASH], got[TLS_HASH];

	for (size_t i = 0; i < BYTES; i++) {
		sent[0][i] = (char)tap_rand(rand);
		sent[1][i] = (char)tap_rand(rand);
	}
	if (!ok(pair_open(&p, &client, server_with("hub.pem", "hub.key"), "hub.test"), "two sides"))
		exit(1);
	is_int(tls_state(p.side[0]), TLS_HANDSHAKE, "the client starts with a handshake");
	p.send[0] = (struct str){ sent[0], BYTES };
	p.send[1] = (struct str){ sent[1], BYTES };
	pump(&p, rand, chunk);
	ok(tls_state(p.side[0]) == TLS_OPEN && tls_state(p.side[1]) == TLS_OPEN,
	    "both open, up to %zu bytes at once", chunk);
	ok(str_eq(buf_view(&p.got[1]), (struct str){ sent[0], BYTES }), "the server has it all");
	ok(str_eq(buf_view(&p.got[0]), (struct str){ sent[1], BYTES }), "the client has it all");
	is_str(str(tls_alpn(p.side[0])), "fedx/1", "the client's protocol");
	is_str(str(tls_alpn(p.side[1])), "fedx/1", "the server's protocol");
	ok(strstr(tls_cipher_name(p.side[0]), "ECDHE-ECDSA-") != NULL, "cipher %s",
	    tls_cipher_name(p.side[0]));
	hash_of("hub.der", want);
	ok(tls_peer_hash(p.side[0], got) && memcmp(want, got, sizeof got) == 0,
	    "the client knows the certificate's hash");
	ok(!tls_peer_hash(p.side[1], got), "the server was shown none");
	tls_end(p.side[0]);
	pump(&p, rand, chunk);
	ok(tls_state(p.side[1]) == TLS_CLOSED && tls_error(p.side[1], &e) == 0,
	    "an orderly end at the server");
	ok(tls_state(p.side[0]) == TLS_CLOSED && tls_error(p.side[0], &e) == 0,
	    "an orderly end at the client");
	pair_close(&p);
}

/* One handshake: is the client open, and if not, what does it say? */
static void
handshake(const char *what, const struct tls_settings *client, const struct tls_settings *server,
    const char *name, const char *refusal)
{
	struct err e = { "", 0 };
	struct pair p;

	if (!pair_open(&p, client, server, name)) {
		ok(false, "%s: no sessions", what);
		pair_close(&p);
		return;
	}
	p.send[0] = p.send[1] = STR("hello");
	pump(&p, NULL, 16384);
	if (!refusal) {
		ok(tls_state(p.side[0]) == TLS_OPEN && tls_state(p.side[1]) == TLS_OPEN
		    && str_is(buf_view(&p.got[0]), "hello"), "%s", what);
		if (tls_error(p.side[0], &e) == -1 || tls_error(p.side[1], &e) == -1)
			printf("#   %s\n", e.text);
	} else {
		ok(tls_state(p.side[0]) == TLS_CLOSED && tls_error(p.side[0], &e) == -1
		    && strstr(e.text, refusal) && e.status == 76, "%s: %s", what, e.text);
		ok(buf_len(&p.got[1]) == 0, "%s: nothing was said to it", what);
	}
	pair_close(&p);
}

static void
pins(void)
{
	char cert[80], key[80], both[2 * 80 + 1];
	struct tls_settings client = { .pin = cert };

	hash_text("sha256:", "hub.der", cert);
	handshake("the pinned certificate", &client, server_with("hub.pem", "hub.key"), "any", NULL);
	handshake("the pinned certificate needs no name", &client,
	    server_with("hub.pem", "hub.key"), "", NULL);
	handshake("not the pinned certificate", &client, server_with("big.pem", "big.key"), "any",
	    "not the pinned one: it is sha256:");
	hash_text("key:sha256:", "hub-key.der", key);
	client.pin = key;
	handshake("the pinned key", &client, server_with("hub.pem", "hub.key"), "any", NULL);
	handshake("not the pinned key", &client, server_with("big.pem", "big.key"), "any",
	    "not the pinned one: it is sha256:");
	client.pin = both;
	snprintf(both, sizeof both, "%s  key:sha256:%064d", cert, 0);
	handshake("the first of two pins", &client, server_with("hub.pem", "hub.key"), "any", NULL);
	snprintf(both, sizeof both, "sha256:%064d %s", 0, key);
	handshake("the second of two pins", &client, server_with("hub.pem", "hub.key"), "any", NULL);
	handshake("neither of two pins", &client, server_with("big.pem", "big.key"), "any",
	    "not the pinned one: it is sha256:");
}

static void
settings(void)
{
	static const struct {
		const char *what, *cert, *key, *ca, *pin;
		int status;
		const char *says;
	} cases[] = {
		{ "a file that is not there", "none.pem", "hub.key", NULL, NULL, 66, "none.pem" },
		{ "a key of another certificate", "hub.pem", "big.key", NULL, NULL, 78, "does not fit" },
		{ "an RSA key for an EC certificate", "hub.pem", "rsa.key", NULL, NULL, 78, "does not fit" },
		{ "another RSA key", "rsa.pem", "weak.key", NULL, NULL, 78, "does not fit" },
		{ "a key that others may read", "hub.pem", "open.key", NULL, NULL, 77, "chmod 600" },
		{ "a key that its group may read", "hub.pem", "group.key", NULL, NULL, 0, NULL },
		{ "a PKCS8 key", "hub.pem", "hub-p8.key", NULL, NULL, 0, NULL },
		{ "a traditional RSA key", "rsa.pem", "rsa-old.key", NULL, NULL, 0, NULL },
		{ "a key behind its parameters", "hub.pem", "hub-params.key", NULL, NULL, 0, NULL },
		{ "two keys in a file", "hub.pem", "two.key", NULL, NULL, 78, "more than one key" },
		{ "a key under a passphrase", "hub.pem", "locked.key", NULL, NULL, 78, "encrypted" },
		{ "garbage for a certificate", "garbage.pem", "hub.key", NULL, NULL, 78, "no certificate" },
		{ "garbage for a key", "hub.pem", "garbage.key", NULL, NULL, 78, "no private key" },
		{ "an empty file", "empty.pem", "hub.key", NULL, NULL, 78, "no certificate" },
		{ "a damaged certificate", "damaged.pem", "hub.key", NULL, NULL, 78, "damaged" },
		{ "half a certificate", "cut.pem", "hub.key", NULL, NULL, 78, "in the middle" },
		{ "a certificate of three bytes", "hollow.pem", "hub.key", NULL, NULL, 78, "cannot be used" },
		{ "a directory", ".", "hub.key", NULL, NULL, 78, "not a regular file" },
		{ "a certificate without a key", "hub.pem", NULL, NULL, NULL, 78, "--tls-key" },
		{ "garbage for a CA", NULL, NULL, "garbage.pem", NULL, 78, "no CA certificate" },
		{ "a hollow CA", NULL, NULL, "hollow.pem", NULL, 78, "no CA certificate" },
		{ "nobody to trust", NULL, NULL, NULL, NULL, 78, "--tls-ca" },
		{ "a pin that is none", NULL, NULL, NULL, "sha256:12", 78, "64 hex digits" },
		{ "a pin of a key that is none", NULL, NULL, NULL, "key:12", 78, "64 hex digits" },
		{ "nine pins", NULL, NULL, NULL, PIN PIN PIN PIN PIN PIN PIN PIN PIN, 78, "more than 8" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tls_settings s = {
			.cert = at(cases[i].cert), .key = at(cases[i].key),
			.ca = at(cases[i].ca), .pin = cases[i].pin,
		};
		struct err e = { "", 0 };
		struct tls_ctx *ctx = tls_ctx_open(&s, &e);

		if (cases[i].says)
			ok(!ctx && strstr(e.text, cases[i].says) && e.status == cases[i].status,
			    "%s is refused: %s (%d)", cases[i].what, e.text, e.status);
		else
			ok(ctx != NULL, "%s is taken %s", cases[i].what, ctx ? "" : e.text);
		tls_ctx_close(ctx);
	}
}

static void
expiry(void)
{
	struct tls_ctx *ctx = context(server_with("hub.pem", "hub.key"));
	int64_t left = tls_ctx_expires(ctx).s - wall_now().s;

	ok(left > 29 * 86400 && left <= 30 * 86400, "the certificate's end is known: %lld s",
	    (long long)left);
	ok(tls_ctx_keep(ctx) == ctx, "one more holder");
	tls_ctx_close(ctx);
	ok(tls_ctx_expires(ctx).s != 0, "the other holder still has it");
	tls_ctx_close(ctx);
}

/* Bytes of a stranger to a server: what does it say? */
static void
strangers(void)
{
	static const uint8_t tls10[] = {
		0x16, 3, 1, 0, 47, 1, 0, 0, 43, 3, 1,
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		0, 0, 4, 0xc0, 0x13, 0xc0, 0x2b, 1, 0
	}, no_suite[] = {
		0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3,
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		0, 0, 2, 0xc0, 0x09, 1, 0	/* ECDHE_ECDSA with AES-128-CBC */
	};
	static const struct {
		const char *what;
		const void *p;
		size_t n;
		const char *says;
	} cases[] = {
		{ "HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, "not TLS" },
		{ "zeroes", "\0\0\0\0\0\0\0\0\0\0", 10, "not TLS" },
		{ "a TLS 1.0 client", tls10, sizeof tls10, "TLS 1.2" },
		{ "a client with CBC alone", no_suite, sizeof no_suite, 
		  "no cipher that both sides speak" },
		{ "a record of 65535 bytes", "\x16\x03\x03\xff\xff", 5, "not TLS" },
		{ "an alert", "\x15\x03\x03\x00\x02\x02\x30", 7, "does not know the CA" },
	};
	struct tls_ctx *ctx = context(server_with("hub.pem", "hub.key"));

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = { "", 0 };
		struct tls *t = tls_server(ctx, &e);

		tls_feed(t, (struct str){ cases[i].p, cases[i].n });
		while (tls_cipher(t).n)
			tls_cipher_eat(t, tls_cipher(t).n);
		ok(tls_state(t) == TLS_CLOSED && tls_error(t, &e) == -1
		    && strstr(e.text, cases[i].says), "%s: %s", cases[i].what, e.text);
		ok(tls_feed(t, STR("more")) == 0 && tls_plain(t).n == 0
		    && tls_write(t, STR("more")) == 0, "%s: nothing goes on", cases[i].what);
		tls_free(t);
	}
	tls_ctx_close(ctx);
}

/* A byte changed anywhere on the way is noticed, and nothing false is read. */
static void
flips(uint64_t *rand)
{
	static char sent[3000];
	struct tls_settings client = { .ca = at("ca.pem") };
	size_t all = 0;
	unsigned noticed = 0, rounds = 0;

	for (size_t flip = 0; all == 0 || flip <= all; flip += all ? 1 + (size_t)tap_rand(rand) % 120 : 1) {
		struct pair p;
		struct err e;
		bool failed;

		if (!pair_open(&p, &client, server_with("hub.pem", "hub.key"), "hub.test"))
			exit(1);
		p.flip = flip;
		p.send[0] = (struct str){ sent, sizeof sent };
		pump(&p, NULL, 16384);
		failed = tls_error(p.side[1], &e) == -1 || tls_error(p.side[0], &e) == -1
		    || tls_state(p.side[1]) == TLS_HANDSHAKE || buf_len(&p.got[1]) == 0;
		if (flip == 0) {
			all = p.passed;
			ok(!failed, "unchanged, %zu bytes pass", all);
		} else {
			noticed += failed && buf_len(&p.got[1]) == 0;
			if (!failed)
				printf("# byte %zu\n", flip);
			rounds++;
		}
		pair_close(&p);
	}
	is_int(noticed, rounds, "every changed byte is noticed");
}

int
main(void)
{
	struct tls_settings ca = { 0 }, other = { 0 }, any = { .insecure = true };
	struct tls_settings careful = { .insecure = true };
	uint64_t rand;
	struct tls_ctx *ctx;
	struct err e = { "", 0 };

	if (!certs_make(script))
		return done();
	other.ca = at("other.pem");
	ca.ca = careful.ca = at("ca.pem");
	rand = tap_seed();
	exchange(16384, &rand);
	exchange(100, &rand);
	handshake("an address as a name", &ca, server_with("hub.pem", "hub.key"), "127.0.0.1", NULL);
	handshake("an RSA server", &ca, server_with("rsa.pem", "rsa.key"), "hub.test", NULL);
	handshake("a P-384 server", &ca, server_with("big.pem", "big.key"), "hub.test", NULL);
	handshake("a server under an intermediate CA", &ca, server_with("chain.pem", "deep.key"),
	    "hub.test", NULL);
	handshake("another CA", &other, server_with("hub.pem", "hub.key"), "hub.test",
	    "not signed by the given CA");
	handshake("another name", &ca, server_with("hub.pem", "hub.key"), "hub.example",
	    "another name than 'hub.example'");
	handshake("the common name beside a SAN", &ca, server_with("hub.pem", "hub.key"), "hub",
	    "another name");
	handshake("an expired certificate", &ca, server_with("old.pem", "old.key"), "hub.test",
	    "has expired");
	handshake("an RSA key of 1024 bits", &ca, server_with("weak.pem", "weak.key"), "hub.test",
	    "too short");
	handshake("any certificate, insecurely", &any, server_with("old.pem", "old.key"), "x", NULL);
	handshake("insecurely, but with a CA", &careful, server_with("hub.pem", "hub.key"),
	    "hub.example", "another name than 'hub.example'");
	ctx = context(server_with("hub.pem", "hub.key"));
	ok(!tls_client(ctx, "x", &e) && strstr(e.text, "--tls-ca"),
	    "a client needs somebody to trust");
	tls_ctx_close(ctx);
	pins();
	settings();
	expiry();
	strangers();
	flips(&rand);
	return certs_drop() ? done() : 1;
}
