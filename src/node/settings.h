/*
 * settings.h - everything that can be set, as one list: key, type, place,
 * bounds, and what a change takes.  `--set KEY=VALUE` and fedx.lua reach each
 * of them.
 *
 * Durations take ms, s, m or h (a bare number is seconds), sizes take k or M.
 */
#ifndef FEDX_SETTINGS_H
#define FEDX_SETTINGS_H

#include "base/err.h"
#include "base/log.h"
#include "fabric/fabric.h"
#include "fabric/gate.h"
#include "link/link.h"

enum { LISTEN_MAX = 16, PEERS_MAX = 64, LIST_LISTEN = 1, LIST_UPLINK = 2, LIST_PEERS = 4,
	LIST_FEDERATION = 8 };

struct settings {
	uint8_t role;				/* ROLE_HUB or ROLE_LEAF */
	const char *listen[LISTEN_MAX], *uplink[LISTEN_MAX], *peers[PEERS_MAX];
	size_t listen_count, uplink_count, peer_count;
	const char *id, *cluster, *rundir, *confdir;
	const char *token_file, *uplink_token_file, *psk_file, *uplink_psk_file, *blocked_file, *roster_file,
	    *joined_file;
	const char *tls_cert, *tls_key, *tls_ca, *tls_client_ca, *tls_pin, *tls_session_file;
	const char *announce_tags;
	const char *pidfile, *user, *dns_servers;
	const char *proxy, *proxy_file, *no_proxy;
	bool insecure, check, daemon, autostart;
	struct link_settings link;
	struct rib_limits routes;
	struct fabric_limits limits;
	struct federation federation;
	struct gate_limits policy;
	uint32_t balance;			/* enum balance */
	uint32_t drain_ms, digest_ms;
	uint32_t log_level, log_format;
	const char *program;			/* argv[0] */
	const char *join;			/* of --join: the code, "-" or "@FILE" */
	struct joining *joining;		/* owned; join.h; NULL: it does not, and has not */
	char *text;				/* of fedx.lua, which the above may look into; owned */
	size_t text_n;				/* behind each value there its place: "fedx.lua:3" */
	unsigned from_file;			/* LIST_ bits: lists that an option replaces */
};

#define SETTINGS(X)							\
	/* key			type	 field			least	most	a change */ \
	X("id",			TEXT,	id, 0, 0, RESTART) \
	X("cluster",		TEXT,	cluster, 0, 0, RESTART) \
	X("listen",		LIST,	listen, 0, 0, RESTART) \
	X("uplink",		LIST,	uplink, 0, 0, RESTART) \
	X("peers",		LIST,	peers, 0, 0, RESTART) \
	X("rundir",		TEXT,	rundir, 0, 0, RESTART) \
	X("token_file",		TEXT,	token_file, 0, 0, NOW) \
	X("psk_file",		TEXT,	psk_file, 0, 0, NOW) \
	X("blocked_file",	TEXT,	blocked_file, 0, 0, NOW) \
	X("roster_file",	TEXT,	roster_file, 0, 0, RESTART) \
	X("joined_file",	TEXT,	joined_file, 0, 0, RESTART) \
	X("tls.cert",		TEXT,	tls_cert, 0, 0, NOW) \
	X("tls.key",		TEXT,	tls_key, 0, 0, NOW) \
	X("tls.ca",		TEXT,	tls_ca, 0, 0, NOW) \
	X("tls.client_ca",	TEXT,	tls_client_ca, 0, 0, NOW) \
	X("insecure",		YESNO,	insecure, 0, 0, RESTART) \
	X("daemon",		YESNO,	daemon, 0, 0, RESTART) \
	X("pidfile",		TEXT,	pidfile, 0, 0, RESTART) \
	X("user",		TEXT,	user, 0, 0, RESTART) \
	X("autostart",		YESNO,	autostart, 0, 0, NOW) \
	X("request.timeout",	DURATION, limits.request_ms, 10, 86400000u, NOW) \
	X("request.timeout_max",DURATION, limits.request_max_ms, 10, 86400000u, NOW) \
	X("request.in_flight",	COUNT,	limits.in_flight, 1, 1u << 20, NOW) \
	X("request.balance",	BALANCE, balance, 0, 0, NOW) \
	X("request.waiting",	COUNT,	limits.waiting, 0, 1u << 20, NOW) \
	X("request.waiting_bytes", SIZE,	limits.waiting_bytes, 0, 1u << 30, NOW) \
	X("limits.buffers",	SIZE,	limits.buffers, 1 << 16, 1u << 31, NOW) \
	X("limits.services",	COUNT,	limits.services, 1, 1u << 20, NOW) \
	X("limits.endpoints",	COUNT,	limits.endpoints, 1, 1u << 20, NOW) \
	X("limits.patterns",	COUNT,	limits.patterns, 1, 1u << 20, NOW) \
	X("limits.routes",	COUNT,	routes.routes, 1, 1u << 24, NOW) \
	X("announce.tags",	TEXT,	announce_tags, 0, 0, NOW) \
	X("routes.lifetime",	DURATION, routes.lifetime_ms, 3000, 3600000, NOW) \
	X("routes.hold_down",	DURATION, routes.hold_ms, 0, 3600000, NOW) \
	X("routes.flap_threshold", COUNT, routes.flaps, 0, 1u << 20, NOW) \
	X("routes.flap_window",	DURATION, routes.flap_ms, 100, 3600000, NOW) \
	X("link.ping",		DURATION, link.ping_ms, 10, 3600000, NOW) \
	X("link.dead",		DURATION, link.dead_ms, 30, 3600000, NOW) \
	X("link.handshake",	DURATION, link.handshake_ms, 10, 600000, NOW) \
	X("link.handshakes",	COUNT,	link.handshakes, 1, 1u << 16, NOW) \
	X("link.per_address",	COUNT,	link.per_address, 1, 1u << 20, NOW) \
	X("link.bus_clients",	COUNT,	link.bus_clients, 1, 1u << 20, NOW) \
	X("link.backoff",	DURATION, link.backoff_ms, 1, 3600000, NOW) \
	X("link.backoff_max",	DURATION, link.backoff_max_ms, 1, 86400000, NOW) \
	X("link.steady",	DURATION, link.steady_ms, 0, 3600000, NOW) \
	X("link.refused",	DURATION, link.refused_ms, 1, 86400000, NOW) \
	X("link.refused_max",	DURATION, link.refused_max_ms, 1, 86400000, NOW) \
	X("link.come_back",	DURATION, link.come_back_ms, 0, 3600000, NOW) \
	X("link.come_back_rate", COUNT,	link.come_back_rate, 1, 1u << 20, NOW) \
	X("link.elsewhere",	TEXT,	link.elsewhere, 0, 0, NOW) \
	X("link.queue",		SIZE,	link.queue, 1 << 16, 1u << 30, NOW) \
	X("link.payload",	SIZE,	link.payload, 1 << 10, 1u << 20, NOW) \
	X("link.digest",	DURATION, digest_ms, 100, 86400000, NOW) \
	X("policy.wait",	DURATION, policy.wait_ms, 10, 60000, NOW) \
	X("policy.pick_wait",	DURATION, policy.pick_ms, 1, 60000, NOW) \
	X("policy.flows",	COUNT,	policy.flows, 64, FLOWS_MAX, RESTART) \
	X("policy.audit",	COUNT,	policy.audit, 0, 1u << 30, NOW) \
	X("federation.mode",	FEDERATION, federation.mode, 0, 0, NOW) \
	X("federation.allowed_foreign_cluster_ids", LIST, federation.allowed, 0, 0, NOW) \
	X("federation.blocked_foreign_cluster_ids", LIST, federation.blocked, 0, 0, NOW) \
	X("federation.bridges",	LIST,	federation.bridges, 0, 0, NOW) \
	X("federation.allowed_functions", LIST, federation.allowed_functions, 0, 0, NOW) \
	X("federation.blocked_functions", LIST, federation.blocked_functions, 0, 0, NOW) \
	X("federation.transit",	LIST,	federation.transit, 0, 0, NOW) \
	X("federation.require_mutual_authentication", YESNO, federation.mutual, 0, 0, NOW) \
	X("federation.require_encrypted_connections", ENCRYPTED, federation.encrypted, 0, 0, NOW) \
	X("federation.links_per_minute", COUNT,	federation.links_per_minute, 1, 1u << 20, NOW) \
	X("federation.requests_per_minute", COUNT, federation.requests_per_minute, 1, 1u << 20, NOW) \
	X("drain.wait",		DURATION, drain_ms, 0, 3600000, NOW) \
	X("dns.servers",	TEXT,	dns_servers, 0, 0, RESTART) \
	X("proxy",		TEXT,	proxy, 0, 0, NOW) \
	X("proxy_file",		TEXT,	proxy_file, 0, 0, NOW) \
	X("no_proxy",		TEXT,	no_proxy, 0, 0, NOW) \
	X("tls.pin",		TEXT,	tls_pin, 0, 0, NOW) \
	X("tls.session_file",	TEXT,	tls_session_file, 0, 0, NOW) \
	X("uplink.token_file",	TEXT,	uplink_token_file, 0, 0, NOW) \
	X("uplink.psk_file",	TEXT,	uplink_psk_file, 0, 0, NOW) \
	X("log.level",		LEVEL,	log_level, 0, 0, NOW) \
	X("log.format",		FORMAT,	log_format, 0, 0, NOW) \

void settings_init(struct settings *, uint8_t role);	/* defaults */
void settings_free(struct settings *);			/* what fedx.lua gave it */
int settings_set(struct settings *, const char *assignment, struct err *);
	/* "KEY=VALUE", borrowed for good; a list grows by it, one that is
	 * from_file begins anew; -1: *e with what is wrong and, for
	 * an unknown key, the nearest known one */
int settings_check(const struct settings *, struct err *);
	/* values that do not fit each other, addresses, what must not be open */
void settings_from_file(struct settings *);
	/* what it has now is of fedx.lua: on the command line its lists begin anew */
void settings_print(const struct settings *);	/* "key=value" lines on stdout */
const char *settings_confdir(const struct settings *);
	/* -c, $FEDX_CONF, or the one that was compiled in */
const char *settings_log_level(const struct settings *);	/* as a word */
const char *settings_log_format(const struct settings *);
void settings_changed(const struct settings *, const struct settings *running, struct buf *changed);
	/* appends the keys that differ, of those that need no restart, as words */
void settings_adopt(struct settings *, const struct settings *running, const struct settings *boot,
    struct buf *changed, struct buf *restart);
	/* after a reload: what only a restart can change becomes what it was at
	 * boot; appends the keys of what is changed, and of what waits for a
	 * restart, as words */

#endif
