/* settings.c - the list of settings.h: parsing, checking, printing, comparing. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "link/entrance.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "node/join.h"
#include "wire/fields.h"

enum type { DURATION, COUNT, SIZE, TEXT, LIST, YESNO, BALANCE, LEVEL, FORMAT, FEDERATION, ENCRYPTED };
enum change { NOW, RESTART };

enum { TAGS_MAX = 255 };
enum { ENVELOPE_REST = 64 * 1024 };	/* more than head, names and meta of one */

struct key { const char *name; enum type type; size_t at, size; uint64_t least, most; enum change change; };

static const struct key keys[] = {
#define X(name, type, field, least, most, change) { name, type, offsetof(struct settings, field), \
	sizeof ((struct settings *)0)->field, least, most, change },
	SETTINGS(X)
#undef X
};

static const char *const balances[] = { "least_inflight", "round_robin", NULL };
static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const formats[] = { "logfmt", "json", NULL };
static const char *const federations[] = { "strict_isolation", "explicit_bridging",
	"permissive_bridging", NULL };
static const char *const encrypteds[] = { "off_host", "yes", "no", "on", "off", "true", "false", NULL };
static const char *const yesnos[] = { "no", "yes", "off", "on", "false", "true", NULL };

static const char *const *
words_of(enum type type)
{
	return type == BALANCE ? balances : type == LEVEL ? levels :
	    type == FORMAT ? formats : type == YESNO ? yesnos :
	    type == FEDERATION ? federations : type == ENCRYPTED ? encrypteds : NULL;
}

/* The lists: where one is, its length and bound, and its bit in from_file. */
struct listed { const char **at; size_t *count, max; unsigned bit; };

static struct listed
list_at(const struct settings *s, const struct key *k)
{
	struct settings *w = (struct settings *)(uintptr_t)s;

	if (k->at == offsetof(struct settings, listen))
		return (struct listed){ w->listen, &w->listen_count, LISTEN_MAX, LIST_LISTEN };
	if (k->at == offsetof(struct settings, peers))
		return (struct listed){ w->peers, &w->peer_count, PEERS_MAX, LIST_PEERS };
	if (k->at >= offsetof(struct settings, federation)) {
		struct words *words = (struct words *)(void *)((char *)w + k->at);

		return (struct listed){ words->at, &words->count, WORDS_COUNT_MAX, (unsigned)LIST_FEDERATION <<
		    (k->at - offsetof(struct settings, federation)) / sizeof *words };
	}
	return (struct listed){ w->uplink, &w->uplink_count, LISTEN_MAX, LIST_UPLINK };
}

void
settings_init(struct settings *s, uint8_t role)
{
	/* those of who uses them */
	*s = (struct settings){ .role = role, .link = links_usual, .limits = fabric_usual, .routes = rib_usual,
	    .policy = { .wait_ms = 1000, .pick_ms = 50, .flows = FLOWS_MAX, .audit = 1000 },
	    .federation = { .mutual = true, .links_per_minute = 10, .requests_per_minute = 100 },
	    .drain_ms = 10000, .digest_ms = 60000, .log_level = LOG_LEVEL_INFO,
	    .log_format = LOG_LOGFMT, .autostart = true };
}

void
settings_free(struct settings *s)
{
	if (s->joining)
		tls_wipe(s->joining, sizeof *s->joining);
	free(s->joining);
	free(s->text);
	s->joining = NULL;
	s->text = NULL;
}

const char *
settings_confdir(const struct settings *s)
{
	const char *conf = getenv("FEDX_CONF");

	return s->confdir ? s->confdir : conf && *conf ? conf : SYSCONFDIR "/fedx";
}

const char *
settings_log_level(const struct settings *s)
{
	return levels[s->log_level];
}

const char *
settings_log_format(const struct settings *s)
{
	return formats[s->log_format];
}

static int
parse_unit(struct str v, enum type type, uint64_t *to)
{
	static const struct { const char *unit; enum type type; uint64_t times; } units[] = {
		{ "ms", DURATION, 1 }, { "s", DURATION, 1000 }, { "m", DURATION, 60000 },
		{ "h", DURATION, 3600000 }, { "k", SIZE, 1024 }, { "M", SIZE, 1 << 20 },
	};
	uint64_t times = type == DURATION ? 1000 : 1;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].type == type && str_ends(v, str(units[i].unit))) {
			v.n -= strlen(units[i].unit);
			times = units[i].times;
			break;
		}
	if (str_u64(v, UINT64_MAX / times, to) == -1)
		return -1;
	*to *= times;
	return 0;
}

static int
parse_word(struct str v, const char *const *words, uint64_t *to)
{
	for (*to = 0; words[*to]; ++*to)
		if (str_is(v, words[*to]))
			return 0;
	return -1;
}

static void
store(struct settings *s, const struct key *k, uint64_t v)
{
	uint32_t v32 = (uint32_t)v;
	size_t vz = (size_t)v;
	bool yes = v & 1;

	if (k->type == YESNO)
		memcpy((char *)s + k->at, &yes, sizeof yes);
	else if (k->size == sizeof v32)
		memcpy((char *)s + k->at, &v32, sizeof v32);
	else
		memcpy((char *)s + k->at, &vz, sizeof vz);
}

static uint64_t
load(const struct settings *s, const struct key *k)
{
	uint32_t v32;
	size_t vz;

	if (k->type == YESNO)
		return ((const char *)s)[k->at] != 0;
	if (k->size == sizeof v32) {
		memcpy(&v32, (const char *)s + k->at, sizeof v32);
		return v32;
	}
	memcpy(&vz, (const char *)s + k->at, sizeof vz);
	return vz;
}

static int
unknown(struct str name, struct err *e)
{
	const char *near = NULL;
	size_t best = name.n < 6 ? name.n : 6, d;	/* as many edits as letters are no slip */

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct str key = str(keys[i].name), rest = name;

		while (key.n && rest.n && *key.p == *rest.p) {	/* long ones are long by this */
			key = str_skip(key, 1);
			rest = str_skip(rest, 1);
		}
		if ((d = str_distance(rest, key)) < best) {
			best = d;
			near = keys[i].name;
		}
	}
	err_exit(e, 78);
	if (near)
		return err_set(e, "unknown setting '%.*s'; did you mean '%s'?",
		    name.n > 60 ? 60 : (int)name.n, name.p, near);
	return err_set(e, "unknown setting '%.*s'; -t lists all settings",
	    name.n > 60 ? 60 : (int)name.n, name.p);
}

static int
add(struct settings *s, const struct key *k, const char *v, struct err *e)
{
	struct listed l = list_at(s, k);

	if ((s->from_file & l.bit) || !*v)
		*l.count = 0;
	s->from_file &= ~l.bit;
	if (!*v)
		return 0;
	if (*l.count == l.max)
		return err_set(e, "%s has more than %zu values", k->name, l.max);
	l.at[(*l.count)++] = v;
	return 0;
}

int
settings_set(struct settings *s, const char *assignment, struct err *e)
{
	struct str name, v;
	const struct key *k = NULL;
	uint64_t u = 0;

	if (!str_split(str(assignment), '=', &name, &v)) {
		err_exit(e, 64);
		return err_set(e, "'%.80s' is no KEY=VALUE", assignment);
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (str_is(name, keys[i].name))
			k = &keys[i];
	if (!k)
		return unknown(name, e);
	err_exit(e, 78);
	if (k->type == LIST)
		return add(s, k, v.p, e);
	if (k->type == TEXT) {
		if (v.n == 0)
			v.p = NULL;
		memcpy((char *)s + k->at, &v.p, sizeof v.p);
		return 0;
	}
	if (words_of(k->type)) {
		if (parse_word(v, words_of(k->type), &u) == -1)
			return err_set(e, "%s cannot be '%.60s'; its values begin with '%s', '%s'%s%s%s",
			    k->name, v.p, words_of(k->type)[0], words_of(k->type)[1],
			    words_of(k->type)[2] ? ", '" : "", words_of(k->type)[2] ?
			    words_of(k->type)[2] : "", words_of(k->type)[2] ? "'" : "");
		if (k->type == ENCRYPTED && u)
			u = u & 1 ? ENCRYPTED_ALWAYS : ENCRYPTED_NEVER;
	} else {
		if (parse_unit(v, k->type, &u) == -1)
			return err_set(e, "%s cannot be '%.60s': want %s", k->name, v.p,
			    k->type == DURATION ? "a time like 10, 500ms or 2m" :
			    k->type == SIZE ? "a size like 65536, 64k or 4M" : "a number");
		if (u < k->least || u > k->most)
			return err_set(e, "%s cannot be '%.60s': want %" PRIu64 " to %" PRIu64 "%s",
			    k->name, v.p, k->least, k->most,
			    k->type == DURATION ? " ms" : "");
	}
	store(s, k, u);
	return 0;
}

static int
check_listen(const struct settings *s, const char *text, struct err *e)
{
	struct entrance in;
	struct str hostport, host;
	uint16_t port;

	if (entrance_parse(str(text), &in, &hostport, e) == -1 ||
	    hostport_parse(hostport, &host, &port, e) == -1)
		return err_at(e, "--listen %.100s", text);
	if (in.tls == ENTRANCE_ON && !s->tls_cert)
		return err_set(e, "--listen %.100s: tls=on wants --tls-cert and --tls-key", text);
	if (in.auth != ENTRANCE_LISTED && (s->role == ROLE_LEAF || !s->token_file))
		return err_set(e, "--listen %.100s: auth wants --token-file, the list of who may join%s", text,
		    s->role == ROLE_LEAF ? ", and a leaf has none" : "");
	if (host_is_loopback(host) || s->insecure)
		return 0;
	if (s->role == ROLE_LEAF)
		return err_set(e, "%s is open to the network, and a leaf has no list of who may join: "
		    "listen on a loopback address, or give --insecure for a demonstration", text);
	if (in.tls == ENTRANCE_OFF)
		return err_set(e, "%.100s is open to the network: leave tls=off out, or give --insecure for a "
		    "demonstration", text);
	if (!s->tls_cert && in.tls != ENTRANCE_PROXY)
		return err_set(e, "%s is open to the network: give --tls-cert and --tls-key, or "
		    "--insecure for a demonstration", text);
	if (!s->token_file && !s->psk_file && !s->roster_file)
		return err_set(e, "%s is open to the network: give --token-file, --psk-file or --roster-file to "
		    "say who may join, or --insecure for a demonstration", text);
	return 0;
}

static int
check_peers(const struct settings *s, struct err *e)
{
	struct url url;

	if (s->role == ROLE_LEAF && s->peer_count)
		return err_set(e, "a leaf has no peers: give its hubs with --uplink, or start fedx-hub");
	for (size_t i = 0; i < s->peer_count; i++) {
		if (url_parse(str(s->peers[i]), &url, e) == -1)
			return err_at(e, "--peer %.80s", s->peers[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(s->peers[i], s->peers[j]) == 0)
				return err_set(e, "--peer %.80s is there twice", s->peers[i]);
		for (size_t j = 0; j < s->uplink_count; j++)
			if (strcmp(s->peers[i], s->uplink[j]) == 0)
				return err_set(e, "%.80s is both --peer and --uplink: one of them is enough",
				    s->peers[i]);
	}
	return 0;
}

static int
check_proxy(const struct settings *s, struct err *e)
{
	if (s->proxy && s->proxy_file)
		return err_set(e, "proxy and proxy_file both name a proxy: one of them is enough");
	if (s->proxy && proxy_url_has_login(str(s->proxy)))
		return err_set(e, "a user name or password does not belong into proxy, where others see it: "
		    "put the whole URL into a file of mode 0600, and name that with proxy_file");
	return 0;
}

/* Where a value stands, if it is one of the file. */
static const char *
place_of(const struct settings *s, const char *value)
{
	uintptr_t at = (uintptr_t)value, text = (uintptr_t)s->text;

	return value && s->text && at >= text && at - text < s->text_n ? value + strlen(value) + 1 : NULL;
}

static int
check_federation(const struct settings *s, struct err *e)
{
	const char *value = NULL, *place;

	if (federation_check(&s->federation, str(s->cluster), &value, e) == 0)
		return 0;
	place = place_of(s, value);
	return place ? err_at(e, "%.100s", place) : -1;
}

void
settings_from_file(struct settings *s)
{
	s->from_file = 0;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].type == LIST && *list_at(s, &keys[i]).count)
			s->from_file |= list_at(s, &keys[i]).bit;
}

int
settings_check(const struct settings *s, struct err *e)
{
	struct url url;

	err_exit(e, 78);
	if (s->id && !node_id_valid(str(s->id)))
		return err_set(e, "'%.100s' is no node id: want lower case letters, digits, - and _ "
		    "with dots between", s->id);
	if (s->cluster && !node_id_valid(str(s->cluster)))
		return err_set(e, "'%.100s' is no cluster name: it is written like a node id",
		    s->cluster);
	if (!s->tls_cert != !s->tls_key)
		return err_set(e, "--tls-cert and --tls-key belong together: give both");
	if (s->roster_file && s->role == ROLE_LEAF)
		return err_set(e, "roster_file is for hubs: a leaf lets nobody in");
	if (s->tls_client_ca && s->role == ROLE_LEAF)
		return err_set(e, "tls.client_ca is for hubs: a leaf lets nobody in");
	if (s->tls_client_ca && (!s->tls_cert || !s->token_file))
		return err_set(e, "tls.client_ca says whose certificates count; it goes with --tls-cert, "
		    "--tls-key, and --token-file with the lines that take them");
	if (s->link.dead_ms < 2 * s->link.ping_ms)
		return err_set(e, "link.dead is under two pings of %u ms: set link.dead to at least "
		    "%u ms", s->link.ping_ms, 2 * s->link.ping_ms);
	if (s->link.queue < s->link.payload + ENVELOPE_REST)
		return err_set(e, "link.queue holds no envelope of link.payload (%zu bytes): set "
		    "link.queue to at least %zu", s->link.payload, s->link.payload + ENVELOPE_REST);
	if (s->role == ROLE_LEAF && s->uplink_count == 0)
		return err_set(e, "a leaf needs a hub: give --uplink URL (fedxs://hub.example.net)");
	if (s->announce_tags && !words_valid(str(s->announce_tags), TAGS_MAX))
		return err_set(e, "announce.tags cannot be '%.60s': want words with single spaces between, "
		    "%d bytes at most", s->announce_tags, TAGS_MAX);
	for (size_t i = 0; i < s->listen_count; i++)
		if (check_listen(s, s->listen[i], e) == -1)
			return -1;
	for (size_t i = 0; i < s->uplink_count; i++)
		if (url_parse(str(s->uplink[i]), &url, e) == -1)
			return err_at(e, "--uplink %.80s", s->uplink[i]);
	if (s->link.elsewhere && url_parse(str(s->link.elsewhere), &url, e) == -1)
		return err_at(e, "link.elsewhere %.80s", s->link.elsewhere);
	if (check_peers(s, e) == -1 || check_proxy(s, e) == -1 || check_federation(s, e) == -1)
		return -1;
	e->status = 0;
	return 0;
}

/* Of a text, or of the nth in a list; "" if there is none. */
static const char *
text_of(const struct settings *s, const struct key *k, size_t nth)
{
	const char *text;

	if (k->type == LIST) {
		struct listed l = list_at(s, k);

		return nth < *l.count ? l.at[nth] : "";
	}
	memcpy(&text, (const char *)s + k->at, sizeof text);
	return text ? text : "";
}

/* As -t prints it and settings_set() takes it; of a list one value. */
static void
print(const struct settings *s, const struct key *k, size_t nth, struct buf *b)
{
	if (k->type == LIST || k->type == TEXT) {
		buf_fmt(b, "%s=%s", k->name, text_of(s, k, nth));
	} else if (words_of(k->type)) {
		buf_fmt(b, "%s=%s", k->name, words_of(k->type)[load(s, k)]);
	} else {
		buf_fmt(b, "%s=%" PRIu64 "%s", k->name, load(s, k), k->type == DURATION ? "ms" : "");
	}
}

static size_t
values_of(const struct settings *s, const struct key *k)
{
	size_t n = k->type == LIST ? *list_at(s, k).count : 1;

	return n ? n : 1;
}

void
settings_print(const struct settings *s)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		for (size_t n = 0; n < values_of(s, &keys[i]); n++) {
			b.head = b.tail = 0;
			print(s, &keys[i], n, &b);
			printf("%.*s\n", STR_FMT(buf_view(&b)));
		}
	buf_free(&b);
}

static bool
same(const struct settings *a, const struct settings *b, const struct key *k)
{
	size_t n = values_of(a, k);

	if (k->type != LIST && k->type != TEXT)
		return load(a, k) == load(b, k);
	if (n != values_of(b, k))
		return false;
	while (n--)
		if (strcmp(text_of(a, k, n), text_of(b, k, n)) != 0)
			return false;
	return true;
}

static void
differing(const struct settings *s, const struct settings *other, bool now, struct buf *to)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if ((keys[i].change == NOW) == now && !same(s, other, &keys[i]))
			buf_fmt(to, "%s%s", buf_len(to) ? " " : "", keys[i].name);
}

void
settings_changed(const struct settings *s, const struct settings *running, struct buf *changed)
{
	differing(s, running, true, changed);
}

void
settings_adopt(struct settings *s, const struct settings *running, const struct settings *boot,
    struct buf *changed, struct buf *restart)
{
	differing(s, running, true, changed);
	differing(s, boot, false, restart);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct key *k = &keys[i];

		if (k->change == NOW)
			continue;
		if (k->type == LIST)
			*list_at(s, k).count = *list_at(boot, k).count;
		memcpy((char *)s + k->at, (const char *)boot + k->at, k->size);
	}
	/* what has no key */
	s->confdir = boot->confdir;
	s->program = boot->program;
}
