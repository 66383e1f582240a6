/*
 * net-tls-certs.c - every bad certificate of the table in TESTING.md section 9,
 * shown by a server and by a client: what each side makes of it, and says.
 */
#include "tlspair.h"

static const char script[] =
	"good='subjectAltName=DNS:hub.test\\n'\n"
	"make() { ec \"$1\" prime256v1; cert \"$1\" \"$2\" \"/CN=$3\" \"$4\" \"$5\"; }\n"
	"make ca self ca 30 \"$ca\"; make other self other 30 \"$ca\"\n"
	"make good ca x 30 \"$good\"\n"
	"make self self x 30 \"$good\"\n"
	"make alien other x 30 \"$good\"\n"
	"make old ca x -1 \"$good\"\n"
	"make end ca x 30 \"$good\"\n"
	"make byend end x 30 \"$good\"; cat end.pem >>byend.pem\n"
	"make server ca x 30 \"${good}extendedKeyUsage=serverAuth\\n\"\n"
	"make client ca x 30 \"${good}extendedKeyUsage=clientAuth\\n\"\n"
	"make both ca x 30 \"${good}extendedKeyUsage=clientAuth,codeSigning,serverAuth\\n\"\n"
	"make any ca x 30 \"${good}extendedKeyUsage=anyExtendedKeyUsage\\n\"\n"
	"make code ca x 30 \"${good}extendedKeyUsage=codeSigning\\n\"\n"
	"make name ca x 30 'subjectAltName=DNS:other.test,DNS:xhub.test,DNS:hub.test.x,URI:hub.test\\n'\n"
	"make upper ca x 30 'subjectAltName=DNS:HUB.test\\n'\n"
	"make many ca x 30 'subjectAltName=DNS:other.test,email:a@hub.test,DNS:hub.test\\n'\n"
	/* "hub.test", NUL, ".evil" */
	"make nul ca x 30 'subjectAltName=DER:30:10:82:0e:68:75:62:2e:74:65:73:74:00:2e:65:76:69:6c\\n'\n"
	"make wild ca x 30 'subjectAltName=DNS:*.test,DNS:*,DNS:h*.test,DNS:*ub.test\\n'\n"
	"make cn ca hub.test 30 'keyUsage=digitalSignature\\n'\n"
	"make ip ca 127.0.0.1 30 'subjectAltName=IP:127.0.0.1,IP:::1\\n'\n"
	"make strict ca x 30 \"${good}1.2.3.4=critical,DER:05:00\\n\"\n"
	"openssl genrsa -out weak.key 1024; cert weak ca /CN=x 30 \"$good\"\n"
	/* a chain of ten, and one with a key of 16 KiB behind a good certificate */
	"by=ca; chain=\n"
	"for i in 1 2 3 4 5 6 7 8 9\n"
	"do make d$i $by d$i 30 \"$ca\"; by=d$i chain=\"d$i.pem $chain\"\n"
	"done\n"
	"make deep $by x 30 \"$good\"; cat $chain >>deep.pem\n"
	"{ printf 'asn1=SEQUENCE:k\\n[k]\\na=SEQUENCE:a\\nk=BITWRAP,SEQUENCE:r\\n"
	"[a]\\no=OID:rsaEncryption\\nn=NULL\\n[r]\\nm=INTEGER:0x'; "
	"i=0; while [ $((i += 1)) -le 1024 ]; do printf abcdef0123456789abcdef0123456789; done; "
	"printf '\\ne=INTEGER:65537\\n'; } >huge.cnf\n"
	"openssl asn1parse -genconf huge.cnf -noout -out huge.der\n"
	"openssl pkey -pubin -inform DER -in huge.der -out huge.pub\n"
	"openssl x509 -req -sha256 -in csr -CA ca.pem -CAkey ca.key -set_serial 99 -days 30 "
	"-force_pubkey huge.pub -out huge.pem\n"
	"cp good.key huge.key; cat good.pem huge.pem >x.pem; mv x.pem huge.pem\n"
	/* one of the far future */
	"printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\npolicy=p\\n"
	"default_md=sha256\\n[p]\\ncommonName=supplied\\n' >ca.cnf; : >index; echo 01 >serial\n"
	"make young ca x 30 \"$good\"\n"
	"openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in csr -notext -extfile ext "
	"-startdate 20900101000000Z -enddate 20910101000000Z -out young.pem\n"
	"cat ca.pem other.pem >two.pem\n"
	"openssl x509 -in self.pem -outform DER -out self.der\n"
	"openssl x509 -in self.pem -pubkey -noout | openssl pkey -pubin -outform DER -out self-key.der\n";

#define UNNAMED ""	/* a CA vouches for it, and it is not that node's */

static const struct row {
	const char *what, *file;
	const char *leaf;	/* what a client says of it as the server's; NULL: taken */
	int alert;		/* what it tells the server then */
	const char *hub;	/* what is noted of it as the client's; NULL: vouched for, and the node's */
} rows[] = {
	{ "a good one",			"good",	NULL, 0, NULL },
	{ "of several names one",	"many",	NULL, 0, NULL },
	{ "self-signed",		"self",	"not signed by the given CA", 48, "not signed by a CA of the hub's" },
	{ "of another CA",		"alien", "not signed by the given CA", 48, "not signed by a CA of the hub's" },
	{ "expired",			"old",	"has expired", 45, "has expired" },
	{ "not yet valid",		"young", "not yet valid", 45, "not yet valid" },
	{ "for servers alone",		"server", NULL, 0, "lacks clientAuth" },
	{ "for clients alone",		"client", "lacks serverAuth", 46, NULL },
	{ "for both and more",		"both",	NULL, 0, NULL },
	{ "for any use",		"any",	NULL, 0, NULL },
	{ "for neither",		"code",	"lacks serverAuth", 46, "lacks clientAuth" },
	{ "of other names",		"name",	"another name than 'hub.test'", 46, UNNAMED },
	{ "of the name in capitals",	"upper", NULL, 0, UNNAMED },
	{ "with a NUL in the name",	"nul",	"another name than 'hub.test'", 46, UNNAMED },
	{ "with wildcards",		"wild",	"another name than 'hub.test'", 46, UNNAMED },
	{ "with a CN and no SAN",	"cn",	"another name than 'hub.test'", 46, UNNAMED },
	{ "with an address for a name",	"ip",	"another name than 'hub.test'", 46, UNNAMED },
	{ "with an unknown critical extension", "strict", "critical extension", 42, "critical extension" },
	{ "with an RSA key of 1024 bits", "weak", "too short", 42, "too short" },
	{ "signed by one that is no CA", "byend", "signed by one that is no CA", 42, "signed by one that is no CA" },
	{ "under a chain of ten",	"deep",	"over 8 certificates or 16 KiB", 42, NULL },
	{ "with a key of 16 KiB in its chain", "huge", "over 8 certificates or 16 KiB", 42, NULL },
};

static void
with(struct tls_settings *s, const char *file)
{
	char name[16];

	snprintf(name, sizeof name, "%s.pem", file);
	s->cert = at(name);
	snprintf(name, sizeof name, "%s.key", file);
	s->key = at(name);
}

static void
of_server(const struct row *r)
{
	struct tls_settings client = { .ca = at("ca.pem") }, server = { .cert = NULL };
	struct err e = { "", 0 };
	char hears[32];
	struct pair p;

	with(&server, r->file);
	if (!pair_open(&p, &client, &server, "hub.test")) {
		ok(false, "a server's %s: no sessions", r->what);
		pair_close(&p);
		return;
	}
	p.send[0] = STR("secret");
	pump(&p, NULL, 16384);
	if (!r->leaf) {
		tls_error(p.side[0], &e);
		ok(tls_state(p.side[0]) == TLS_OPEN && tls_peer(p.side[0])->vouched,
		    "a server's %s: taken %s", r->what, e.text);
	} else {
		ok(tls_error(p.side[0], &e) == -1 && strstr(e.text, r->leaf), "a server's %s: %s",
		    r->what, e.text);
		snprintf(hears, sizeof hears, "with alert %d: ", r->alert);
		ok(tls_error(p.side[1], &e) == -1 && strstr(e.text, hears), "... and it hears: %s", e.text);
		ok(buf_len(&p.got[1]) == 0 && !tls_peer(p.side[0]), "... and nothing else");
	}
	pair_close(&p);
}

/* Two sides of which the server asks for certificates, after the handshake. */
static bool
asked(struct pair *p, const char *ca, const char *file)
{
	struct tls_settings client = { .ca = at("ca.pem") };
	struct tls_settings server = { .ca = at(ca), .ask_client = true };
	bool opened;

	with(&server, "good");
	if (file)
		with(&client, file);
	if ((opened = pair_open(p, &client, &server, "hub.test")) != false) {
		p->send[0] = STR("hello");
		pump(p, NULL, 16384);
	}
	return opened;
}

/* Who shows a bad one is let in by TLS, so that HELLO can be answered with a reason. */
static void
of_client(const struct row *r)
{
	const struct tls_peer *peer;
	struct err e = { "", 0 };
	struct pair p;

	if (!asked(&p, "ca.pem", r->file)) {
		ok(false, "a client's %s: no sessions", r->what);
		pair_close(&p);
		return;
	}
	peer = tls_peer(p.side[1]);
	if (r->leaf && r->alert == 42 && strstr(r->leaf, "16 KiB"))
		ok(!peer && tls_error(p.side[1], &e) == -1 && strstr(e.text, r->leaf)
		    && buf_len(&p.got[1]) == 0, "a client's %s ends it: %s", r->what, e.text);
	else if (!peer)
		ok(false, "a client's %s: none was noted", r->what);
	else if (r->hub && *r->hub)
		ok(!peer->vouched && strstr(peer->why, r->hub), "a client's %s: %s", r->what, peer->why);
	else
		ok(peer->vouched && !*peer->why && tls_peer_names(peer, STR("hub.test")) == !r->hub,
		    "a client's %s: %s", r->what, r->hub ? "it does not name the node" : "taken");
	pair_close(&p);
}

static void
names_of_servers(void)
{
	static const struct { const char *file, *name; bool taken; } cases[] = {
		{ "ip", "127.0.0.1", true },
		{ "ip", "::1", true },
		{ "ip", "0:0::1", true },
		{ "ip", "127.0.0.2", false },
		{ "ip", "::2", false },
		{ "cn", "127.0.0.1", false },
		{ "good", "HUB.TEST", true },
		{ "good", "hub.test.", false },
		{ "wild", "a.test", false },		/* a wildcard above all of a domain */
		{ "wild", "*.test", true },		/* it is the name itself */
	};
	struct tls_settings client = { .ca = at("ca.pem") };
	struct tls_ctx *ctx = context(&client);
	struct err e = { "", 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tls_settings server = { .cert = NULL };
		struct pair p;

		with(&server, cases[i].file);
		if (ok(pair_open(&p, &client, &server, cases[i].name), "two sides")) {
			pump(&p, NULL, 16384);
			ok((tls_state(p.side[0]) == TLS_OPEN) == cases[i].taken, "%s as %s", cases[i].file,
			    cases[i].name);
		}
		pair_close(&p);
	}
	ok(!tls_client(ctx, "", &e) && strstr(e.text, "no server name"), "without a name: %s", e.text);
	ok(!tls_client(ctx, NULL, &e), "nor with none");
	tls_ctx_close(ctx);
}

static void
clients_by_hash(void)
{
	uint8_t cert[TLS_HASH], key[TLS_HASH];
	const struct tls_peer *peer;
	struct err e = { "", 0 };
	struct pair p;

	ok(asked(&p, "ca.pem", NULL) && tls_state(p.side[1]) == TLS_OPEN && !tls_peer(p.side[1]),
	    "who shows none is let in by TLS as well");
	pair_close(&p);
	hash_of("self.der", cert);
	hash_of("self-key.der", key);
	ok(asked(&p, NULL, "self"), "two sides, and no CA for clients");
	peer = tls_peer(p.side[1]);
	ok(peer && !peer->vouched && !memcmp(peer->cert, cert, TLS_HASH)
	    && !memcmp(peer->key, key, TLS_HASH), "the hashes of certificate and key are noted: %s",
	    peer ? peer->why : "no");
	ok(tls_error(p.side[0], &e) == 0 && buf_len(&p.got[1]) == 5, "and it is served");
	pair_close(&p);
}

/* After a reload: the chain that was shown, asked of other CAs. */
static void
reviews(void)
{
	struct tls_settings ca = { .ca = at("ca.pem") }, two = { .ca = at("two.pem") };
	struct tls_settings other = { .ca = at("other.pem") }, any = { .insecure = true };
	const struct { const char *what; struct tls_settings *s; bool hub, leaf; } cases[] = {
		{ "another CA",			&other,	false,	false },
		{ "both",			&two,	true,	true },
		{ "the first again",		&ca,	true,	true },
		{ "no TLS at all",		NULL,	false,	false },
		{ "whoever it is",		&any,	false,	true },
	};
	struct err e = { "", 0 };
	struct pair p;

	if (!ok(asked(&p, "ca.pem", "client"), "two sides"))
		return;
	ok(tls_is_of(p.side[1], p.contexts[1]) && !tls_is_of(p.side[1], p.contexts[0]), "whose context");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tls_ctx *now = cases[i].s ? context(cases[i].s) : NULL;

		ok(tls_review(p.side[1], now, &e) == 0 && tls_peer(p.side[1])->vouched == cases[i].hub
		    && tls_peer_names(tls_peer(p.side[1]), STR("hub.test")), "a client's, by %s: %s",
		    cases[i].what, tls_peer(p.side[1])->why);
		e.text[0] = '\0';
		ok((tls_review(p.side[0], now, &e) == 0) == cases[i].leaf, "a server's, by %s: %s",
		    cases[i].what, e.text);
		tls_ctx_close(now);
	}
	pair_close(&p);
}

int
main(void)
{
	if (!certs_make(script))
		return done();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		of_server(&rows[i]);
		of_client(&rows[i]);
	}
	names_of_servers();
	clients_by_hash();
	reviews();
	return certs_drop() ? done() : 1;
}
