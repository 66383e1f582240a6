/* net-tls-resume.c - sessions that go on: who is who in them, what ends them, and the file that keeps them. */
#include "net/tls_in.h"
#include "tlspair.h"

static const char script[] =
	"ec ca prime256v1; cert ca self /CN=ca 30 \"$ca\"\n"
	"ec other prime256v1; cert other self /CN=other 30 \"$ca\"\n"
	"ec hub prime256v1; cert hub ca /CN=hub 30 'subjectAltName=DNS:hub.test\\n'\n"
	"ec new prime256v1; cert new ca /CN=hub 30 'subjectAltName=DNS:hub.test\\n'\n"
	"ec leaf prime256v1; cert leaf ca /CN=leaf 30 'subjectAltName=DNS:leaf.test\\n'\n"
	"ec own prime256v1; cert own other /CN=leaf 30 'subjectAltName=DNS:leaf.test\\n'\n"
	"ec late prime256v1; cert late ca /CN=leaf 30 'subjectAltName=DNS:late.test\\n'\n"
	"cat ca.pem other.pem >two.pem\n";

static struct tls_sessions *hub, *leaf;

static void
fresh(void)
{
	tls_sessions_close(hub);
	tls_sessions_close(leaf);
	hub = tls_sessions_open();
	leaf = tls_sessions_open();
}

/* What each side is made of; the rest is the same in all. */
struct sides { const char *own, *hub_ca, *leaf_cert, *leaf_ca, *name; };

static bool
meet(struct pair *p, struct sides s)
{
	struct tls_settings client = { .ca = at(s.leaf_ca ? s.leaf_ca : "ca.pem"), .sessions = leaf };
	struct tls_settings server = { .ca = at(s.hub_ca), .sessions = hub, .ask_client = true };
	char cert[16], key[16];

	snprintf(cert, sizeof cert, "%s.pem", s.own ? s.own : "hub");
	snprintf(key, sizeof key, "%s.key", s.own ? s.own : "hub");
	server.cert = at(cert);
	server.key = at(key);
	if (s.leaf_cert) {
		snprintf(cert, sizeof cert, "%s.pem", s.leaf_cert);
		snprintf(key, sizeof key, "%s.key", s.leaf_cert);
		client.cert = at(cert);
		client.key = at(key);
	}
	if (!pair_open(p, &client, &server, s.name ? s.name : "hub.test"))
		return false;
	p->send[0] = p->send[1] = STR("hello");
	pump(p, NULL, 16384);
	return buf_len(&p->got[0]) == 5 && buf_len(&p->got[1]) == 5;
}

/* Does the second of two meetings go on from the first, and is its client who? */
static void
twice(const char *what, struct sides first, struct sides second, bool resumed, const char *who)
{
	const struct tls_peer *peer;
	struct pair p;

	fresh();
	ok(meet(&p, first) && !tls_resumed(p.side[0]) && !tls_resumed(p.side[1]), "%s: the first", what);
	pair_close(&p);
	ok(meet(&p, second), "%s: the second", what);
	ok(tls_resumed(p.side[0]) == resumed && tls_resumed(p.side[1]) == resumed, "... %s",
	    resumed ? "goes on" : "is a full handshake");
	peer = tls_peer(p.side[1]);
	if (who)
		ok(peer && peer->vouched && tls_peer_names(peer, str(who)), "... of %s", who);
	else
		ok(!peer || (!peer->vouched && *peer->why), "... of nobody: %s", peer ? peer->why : "none shown");
	ok(tls_peer(p.side[0]) && tls_peer(p.side[0])->vouched, "... with the hub");
	is_str(str(tls_alpn(p.side[0])), "fedx/1", "... by our protocol");
	pair_close(&p);
}

static void
meetings(void)
{
	const struct sides leaf_ca = { .hub_ca = "ca.pem", .leaf_cert = "leaf" }, none = { .hub_ca = "ca.pem" };
	struct sides other = leaf_ca;

	twice("with a certificate", leaf_ca, leaf_ca, true, "leaf.test");
	twice("without one", none, none, true, NULL);
	twice("one that nobody vouches for", (struct sides){ .hub_ca = "ca.pem", .leaf_cert = "own" },
	    (struct sides){ .hub_ca = "ca.pem", .leaf_cert = "own" }, true, NULL);
	twice("without one, and then with", none, leaf_ca, false, "leaf.test");
	twice("with one, and then without", leaf_ca, none, false, NULL);
	twice("another certificate of the leaf", leaf_ca,
	    (struct sides){ .hub_ca = "ca.pem", .leaf_cert = "late" }, false, "late.test");
	other.hub_ca = "other.pem";
	twice("the hub has dropped the CA", leaf_ca, other, false, NULL);
	other.hub_ca = "two.pem";
	twice("the hub has another CA more", leaf_ca, other, false, "leaf.test");
	other.hub_ca = NULL;
	twice("the hub takes hashes alone now", leaf_ca, other, false, NULL);
	other = leaf_ca;
	other.own = "new";
	twice("another certificate of the hub", leaf_ca, other, false, "leaf.test");
	other = leaf_ca;
	other.leaf_ca = "two.pem";
	twice("other CAs at the leaf", leaf_ca, other, false, "leaf.test");
}

/* Who has the id of a session and not its secret; and whose session it was. */
static void
thefts(void)
{
	const struct sides both = { .hub_ca = "ca.pem", .leaf_cert = "leaf" };
	struct tls_session s;
	struct pair p;
	const struct tls_session *kept;
	const struct tls_ctx *ctx;

	fresh();
	ok(meet(&p, both), "a session");
	ctx = p.contexts[0];
	kept = sessions_find(leaf, true, STR("hub.test"), ctx->generation);
	if (!ok(kept != NULL, "the leaf keeps it"))
		return;
	s = *kept;
	s.master[0] ^= 1;
	sessions_add(leaf, &s);
	pair_close(&p);
	ok(!meet(&p, both) && tls_state(p.side[0]) == TLS_CLOSED && !tls_peer(p.side[0])
	    && !tls_peer(p.side[1]) && !tls_resumed(p.side[1]) && buf_len(&p.got[1]) == 0,
	    "without its secret it leads to nothing");
	pair_close(&p);
	ok(meet(&p, both) && !tls_resumed(p.side[0]), "and is forgotten");
	pair_close(&p);
}

static struct tls_session
made_up(uint32_t number, int64_t expires)
{
	static char id[SESSION_ID];
	struct tls_session s = { .id = { id, sizeof id }, .suite = 0xc02b, .expires = expires };

	memcpy(id, &number, sizeof number);
	return s;
}

static void
bounds(void)
{
	const int64_t later = wall_now().s + 1000;
	const uint8_t none[SESSION_HASH] = { 0 }, one[SESSION_HASH] = { 1 };
	struct tls_session s;
	uint32_t found = 0;

	fresh();
	for (uint32_t i = 0; i < 20000; i++) {
		s = made_up(i, later);
		sessions_add(hub, &s);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		s = made_up(i, later);
		found += sessions_find(hub, false, s.id, none) != NULL;
	}
	is_int(found, 16384, "so many are kept at most");
	s = made_up(0, later);
	ok(!sessions_find(hub, false, s.id, none), "the oldest has gone");
	s = made_up(19999, later);
	ok(!sessions_find(hub, true, s.id, none), "a server's is no client's");
	ok(!sessions_find(hub, false, s.id, one) && !sessions_find(hub, false, s.id, none),
	    "of another generation it is none, and is forgotten");
	s = made_up(7, wall_now().s);
	sessions_add(hub, &s);
	ok(!sessions_find(hub, false, s.id, none), "nor is one that is over");
}

static void
store(void)
{
	const struct sides both = { .hub_ca = "ca.pem", .leaf_cert = "leaf" };
	const char *file = at("sessions");
	uint8_t key[TLS_STORE_KEY] = { 1 }, other[TLS_STORE_KEY] = { 2 };
	struct tls_sessions *all = tls_sessions_open();
	struct err e = { "", 0 };
	struct stat st;
	struct pair p;
	struct buf b;
	int read = 0;

	fresh();
	ok(meet(&p, both), "a session");
	ok(tls_sessions_news(hub) == 1 && tls_sessions_news(leaf) == 1, "of which there is news");
	pair_close(&p);
	ok(tls_sessions_read(hub, file, key, &e) == -1 && e.status == 66, "no file yet: %s", e.text);
	ok(tls_sessions_write(hub, file, key, &e) == 0 && stat(file, &st) == 0
	    && (st.st_mode & 0777) == 0600, "a file of ours alone %s", e.text);
	tls_sessions_close(hub);
	hub = tls_sessions_open();
	ok(tls_sessions_read(hub, file, key, &e) == 0, "is read again %s", e.text);
	ok(meet(&p, both) && tls_resumed(p.side[0]) && tls_resumed(p.side[1])
	    && tls_peer_names(tls_peer(p.side[1]), STR("leaf.test")), "and what it has goes on");
	pair_close(&p);
	ok(tls_sessions_read(all, file, other, &e) == -1 && strstr(e.text, "of another key"), "not by another key: %s",
	    e.text);
	buf_init(&b, 1 << 16);
	fd_read_file(file, 1 << 16, &b, &e);
	for (size_t i = 0; i < buf_len(&b); i++) {
		b.p[i] ^= 1;
		for (int cut = 0; cut < 2; cut++) {
			FILE *f = fopen(file, "w");

			if (!f || fwrite(b.p, 1, cut ? i : buf_len(&b), f) != (cut ? i : buf_len(&b)) || fclose(f))
				exit(1);
			read += tls_sessions_read(all, file, key, &e) == 0;
		}
		b.p[i] ^= 1;
	}
	is_int(read, 0, "nor with any byte changed, or cut anywhere");
	is_int((long)tls_sessions_news(all), 0, "and nothing of those was taken");
	buf_free(&b);
	tls_sessions_close(all);
	ok(tls_sessions_write(hub, "/nowhere/at/all", key, &e) == -1, "no directory: %s", e.text);
}

static void
keys(void)
{
	struct tls_settings with = *server_with("hub.pem", "hub.key"), without = { .insecure = true };
	struct tls_ctx *a = context(&with), *b = context(&without);
	uint8_t keys[4][TLS_STORE_KEY];

	ok(tls_store_key(a, STR(""), keys[0]) && tls_store_key(a, STR("token"), keys[1])
	    && !memcmp(keys[0], keys[1], sizeof keys[0]), "the private key first");
	ok(tls_store_key(b, STR("token"), keys[2]) && tls_store_key(NULL, STR("taken"), keys[3])
	    && memcmp(keys[2], keys[3], sizeof keys[0]) && memcmp(keys[0], keys[2], sizeof keys[0]),
	    "then the token");
	ok(!tls_store_key(b, STR(""), keys[0]) && !tls_store_key(NULL, STR(""), keys[0]), "else there is none");
	tls_ctx_close(a);
	tls_ctx_close(b);
}

int
main(void)
{
	if (!certs_make(script))
		return done();
	meetings();
	thefts();
	bounds();
	store();
	keys();
	tls_sessions_close(hub);
	tls_sessions_close(leaf);
	return certs_drop() ? done() : 1;
}
