/* node-settings.c - each setting of the list: its values, its bounds, its words, and what does not fit together. */
#include <fcntl.h>
#include <unistd.h>

#include "node/settings.h"
#include "tap.h"

static struct settings s;
static struct err e;

static bool
takes(const char *assignment)
{
	e = (struct err){ .status = 0 };
	return settings_set(&s, assignment, &e) == 0;
}

static bool
refuses(const char *assignment, int status, const char *why)
{
	bool refused = !takes(assignment) && e.status == status && strstr(e.text, why);

	if (!refused)
		printf("# '%s': status %d, \"%s\"\n", assignment, e.status, e.text);
	return refused;
}

static const struct { const char *assignment; size_t at; uint32_t want; } numbers[] = {
#define N(text, field, want) { text, offsetof(struct settings, field), want }
	N("request.timeout=10", limits.request_ms, 10000),
	N("request.timeout=10s", limits.request_ms, 10000),
	N("request.timeout=10ms", limits.request_ms, 10),
	N("request.timeout=2m", limits.request_ms, 120000),
	N("request.timeout=24h", limits.request_ms, 86400000),
	N("request.in_flight=1", limits.in_flight, 1),
	N("request.in_flight=1048576", limits.in_flight, 1 << 20),
	N("request.balance=least_inflight", balance, BALANCE_LEAST_INFLIGHT),
	N("request.balance=round_robin", balance, BALANCE_ROUND_ROBIN),
	N("link.steady=0", link.steady_ms, 0),
	N("link.come_back=1500ms", link.come_back_ms, 1500),
	N("log.level=debug", log_level, LOG_LEVEL_DEBUG),
	N("log.format=json", log_format, LOG_JSON),
	N("drain.wait=0", drain_ms, 0),
};

static void
test_values(void)
{
	settings_init(&s, ROLE_HUB);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uint32_t got;

		ok(takes(numbers[i].assignment), "%s", numbers[i].assignment);
		memcpy(&got, (char *)&s + numbers[i].at, sizeof got);
		is_int(got, numbers[i].want, "... is what it says");
	}
	ok(takes("link.queue=8M") && s.link.queue == 8u << 20, "a size in M");
	ok(takes("link.queue=512k") && s.link.queue == 512u << 10, "a size in k");
	ok(takes("link.queue=1000000") && s.link.queue == 1000000, "a size in bytes");
	ok(takes("dns.servers=192.0.2.1,192.0.2.2") && strcmp(s.dns_servers, "192.0.2.1,192.0.2.2") == 0, "a text");
	ok(takes("tls.pin=sha256:ab=cd") && strcmp(s.tls_pin, "sha256:ab=cd") == 0, "a text with =");
}

static void
test_refusals(void)
{
	settings_init(&s, ROLE_HUB);
	ok(refuses("link.queue", 64, "no KEY=VALUE"), "no =");
	ok(refuses("lnik.queue=1M", 78, "did you mean 'link.queue'?"), "a slip of the finger has a hint");
	ok(refuses("=1", 78, "unknown setting"), "no key");
	ok(refuses("a.key.that.is.longer.than.any.distance=1", 78, "-t lists all"), "nothing near it");
	ok(refuses("link.queue=", 78, "cannot be ''"), "no value");
	ok(refuses("link.queue=-1", 78, "want a size"), "a sign");
	ok(refuses("link.queue=1G", 78, "want a size"), "a unit that is none");
	ok(refuses("link.queue=5s", 78, "want a size"), "a time for a size");
	ok(refuses("link.ping=5k", 78, "want a time"), "a size for a time");
	ok(refuses("link.ping=1 s", 78, "want a time"), "a blank");
	ok(refuses("link.ping=1.5s", 78, "want a time"), "a fraction");
	ok(refuses("link.ping=9ms", 78, "want 10 to 3600000 ms"), "under the least");
	ok(refuses("link.ping=2h", 78, "want 10 to 3600000 ms"), "over the most");
	ok(refuses("link.ping=18446744073709551616", 78, "want a time"), "over 64 bits");
	ok(refuses("link.ping=18446744073709552h", 78, "want a time"), "over 64 bits with its unit");
	ok(refuses("request.in_flight=0", 78, "want 1 to"), "none at all");
	ok(refuses("request.balance=fair", 78, "its values begin with 'least_inflight'"), "a word that is none");
	ok(refuses("log.level=Error", 78, "cannot be 'Error'"), "words are lower case");
	is_int(s.link.ping_ms, 10000, "what was refused changed nothing");
}

/* Lists grow by each value; what came from a file gives way to the command line. */
static void
test_lists(void)
{
	char text[64];

	settings_init(&s, ROLE_HUB);
	ok(takes("listen=127.0.0.1:1") && takes("listen=127.0.0.1:2"), "a list takes two values");
	is_int(s.listen_count, 2, "and has both");
	s.from_file = LIST_LISTEN;
	ok(takes("listen=127.0.0.1:3"), "what comes after a file");
	ok(s.listen_count == 1 && strcmp(s.listen[0], "127.0.0.1:3") == 0, "takes the place of its list");
	ok(takes("listen=127.0.0.1:4") && s.listen_count == 2, "and grows then");
	ok(takes("listen=") && s.listen_count == 0, "an empty value empties it");
	for (int i = 0; i < LISTEN_MAX; i++)
		takes("uplink=fedx://h");
	snprintf(text, sizeof text, "more than %d", LISTEN_MAX);
	ok(refuses("uplink=fedx://h", 78, text), "it has a bound");
	for (int i = 0; i < PEERS_MAX; i++)
		takes("peers=fedx://h");
	ok(s.peer_count == PEERS_MAX && refuses("peers=fedx://h", 78, "more than 64"), "peers have another");
	ok(takes("insecure=yes") && s.insecure && takes("insecure=false") && !s.insecure, "yes and no have two words each");
	ok(refuses("insecure=maybe", 78, "its values begin with"), "and no third");
	ok(takes("id=x") && takes("id=") && !s.id, "an empty text is none");
}

static bool
has_word(const struct buf *b, const char *word)
{
	struct str one, rest = buf_view(b);

	for (bool more = rest.n > 0; more; ) {
		more = str_split(rest, ' ', &one, &rest);
		if (str_is(one, word))
			return true;
	}
	return false;
}

/* A reload takes what it can, and says what it cannot. */
static void
test_adopt(void)
{
	struct settings boot, running, new;
	struct buf changed, restart;

	buf_init(&changed, 1000);
	buf_init(&restart, 1000);
	settings_init(&boot, ROLE_HUB);
	boot.id = "hub";
	boot.listen[boot.listen_count++] = "127.0.0.1:1";
	running = new = boot;
	settings_adopt(&new, &running, &boot, &changed, &restart);
	ok(buf_len(&changed) == 0 && buf_len(&restart) == 0, "what is the same changes nothing");
	new.id = "other";
	new.listen[new.listen_count++] = "127.0.0.1:2";
	new.link.ping_ms = 1234;
	new.token_file = "tokens";
	settings_adopt(&new, &running, &boot, &changed, &restart);
	ok(has_word(&changed, "link.ping") && has_word(&changed, "token_file"), "what is taken is named");
	ok(has_word(&restart, "id") && has_word(&restart, "listen"), "what wants a restart, too");
	ok(!has_word(&changed, "id") && !has_word(&restart, "link.ping"), "each once");
	is_int(new.link.ping_ms, 1234, "the one is as it is now");
	ok(strcmp(new.id, "hub") == 0 && new.listen_count == 1, "the other as it was at the start");
	buf_free(&changed);
	buf_free(&restart);
}

struct together {
	const char *what, *set[3];
	const char *listen, *uplink, *id, *cluster, *cert, *key, *token;
	uint8_t role;
	bool insecure;
	const char *why;	/* NULL: fine */
};
static const struct together togethers[] = {
	{ .what = "a hub with its bus alone" },
	{ .what = "a hub on loopback", .listen = "127.0.0.1:0" },
	{ .what = "a hub on localhost", .listen = "localhost:7341" },
	{ .what = "a hub on ::1", .listen = "[::1]:7341" },
	{ .what = "no port", .listen = "127.0.0.1", .why = "--listen 127.0.0.1" },
	{ .what = "all addresses, open", .listen = ":7341", .why = "--tls-cert" },
	{ .what = "the network, open", .listen = "192.0.2.1:7341", .why = "--tls-cert" },
	{ .what = "a name that only looks like loopback", .listen = "127.0.0.1.example.net:1", .why = "--tls-cert" },
	{ .what = "the network without tokens", .listen = ":7342", .cert = "c", .key = "k", .why = "--token-file" },
	{ .what = "the network without TLS", .listen = ":7342", .token = "t", .why = "--tls-cert" },
	{ .what = "the network with both", .listen = ":7342", .cert = "c", .key = "k", .token = "t" },
	{ .what = "the network, --insecure", .listen = ":7341", .insecure = true },
	{ .what = "a certificate without a key", .cert = "c", .why = "belong together" },
	{ .what = "a key without a certificate", .key = "k", .why = "belong together" },
	{ .what = "a bad id", .id = "Site A", .why = "is no node id" },
	{ .what = "a bad cluster", .cluster = "a..b", .why = "is no cluster name" },
	{ .what = "a leaf without a hub", .role = ROLE_LEAF, .why = "--uplink" },
	{ .what = "a leaf", .role = ROLE_LEAF, .uplink = "fedxs://hub.example.net" },
	{ .what = "a leaf with a bad URL", .role = ROLE_LEAF, .uplink = "http://hub", .why = "--uplink http://hub" },
	{ .what = "a leaf on loopback", .role = ROLE_LEAF, .uplink = "fedx://127.0.0.1", .listen = "127.0.0.1:0" },
	{ .what = "a leaf on the network: its token is none of others", .role = ROLE_LEAF, .uplink = "fedxs://h",
	  .listen = ":7342", .cert = "c", .key = "k", .token = "t", .why = "a leaf has no list of who may join" },
	{ .what = "a hub with two peers", .set = { "peers=fedx://b", "peers=unix:/run/c.sock" } },
	{ .what = "a peer that is no URL", .set = { "peers=b:7341" }, .why = "--peer b:7341" },
	{ .what = "a peer twice", .set = { "peers=fedx://b", "peers=fedx://c", "peers=fedx://b" }, .why = "is there twice" },
	{ .what = "a peer that is the uplink", .uplink = "fedx://b", .set = { "peers=fedx://b" }, .why = "one of them is enough" },
	{ .what = "a leaf with a peer", .role = ROLE_LEAF, .uplink = "fedx://a", .set = { "peers=fedx://b" },
	  .why = "a leaf has no peers" },
	{ .what = "dead before two pings", .set = { "link.ping=10s", "link.dead=15s" }, .why = "two pings" },
	{ .what = "a queue that holds no envelope", .set = { "link.queue=256k", "link.payload=1M" }, .why = "link.queue" },
	{ .what = "a small queue of small envelopes", .set = { "link.queue=256k", "link.payload=64k" } },
};

static void
test_together(void)
{
	for (size_t i = 0; i < sizeof togethers / sizeof *togethers; i++) {
		const struct together *t = &togethers[i];
		int r;

		settings_init(&s, t->role ? t->role : ROLE_HUB);
		for (int n = 0; n < 3 && t->set[n]; n++)
			if (!takes(t->set[n]))
				ok(false, "%s", t->set[n]);
		if ((s.listen[0] = t->listen) != NULL)
			s.listen_count = 1;
		if ((s.uplink[0] = t->uplink) != NULL)
			s.uplink_count = 1;
		s.id = t->id, s.cluster = t->cluster;
		s.tls_cert = t->cert, s.tls_key = t->key;
		s.token_file = t->token;
		s.insecure = t->insecure;
		e = (struct err){ .status = 0 };
		r = settings_check(&s, &e);
		ok(t->why ? r == -1 && e.status == 78 && strstr(e.text, t->why) : r == 0 && e.status == 0,
		    "%s%s%s", t->what, r ? ": " : "", r ? e.text : "");
	}
}

/* What -t prints is what --set takes: all of it, and it changes nothing. */
static void
test_printed(void)
{
	char path[] = "/tmp/fedx-settings.XXXXXX";
	int fd = mkstemp(path), out = dup(STDOUT_FILENO);
	struct settings before, after;
	static char text[65536], *line, *next;
	size_t keys = 0, lines = 0;
	ssize_t n;

	settings_init(&s, ROLE_HUB);
	before = s;
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	settings_print(&s);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	lseek(fd, 0, SEEK_SET);
	n = read(fd, text, sizeof text - 1);
	close(fd);
	unlink(path);
	ok(n > 0 && n < (ssize_t)sizeof text - 1, "the settings are printed");
	for (line = text; *line; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		lines++;
		if (!takes(line))
			ok(false, "%s: %s", line, e.text);
	}
#define X(name, type, field, least, most, change) keys++;
	SETTINGS(X)
#undef X
	is_int(lines, keys, "one line each");
	after = s;
	ok(memcmp(&before, &after, sizeof before) == 0, "and taken again they change nothing");
}

int
main(void)
{
	test_values();
	test_refusals();
	test_lists();
	test_adopt();
	test_together();
	test_printed();
	return done();
}
