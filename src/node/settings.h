/*
 * settings.h - everything that can be set, as one list: key, type, place,
 * bounds.  `--set KEY=VALUE` reaches each of them.
 *
 * Durations take ms, s, m or h (a bare number is seconds), sizes take k or M.
 */
#ifndef FEDX_SETTINGS_H
#define FEDX_SETTINGS_H

#include "base/err.h"
#include "base/log.h"
#include "fabric/fabric.h"
#include "link/link.h"

enum { LISTEN_MAX = 16 };

struct settings {
	uint8_t role;				/* ROLE_HUB or ROLE_LEAF */
	const char *listen[LISTEN_MAX], *uplink[LISTEN_MAX];
	size_t listen_count, uplink_count;
	const char *id, *cluster, *rundir, *confdir;
	const char *token_file, *uplink_token_file;
	const char *tls_cert, *tls_key, *tls_ca, *tls_pin;
	const char *pidfile, *user, *dns_servers;
	bool insecure, check, daemon, syslog;
	struct link_settings link;
	struct fabric_limits limits;
	uint32_t balance;			/* enum balance */
	uint32_t drain_ms, digest_ms;
	uint32_t log_level, log_format;
};

#define SETTINGS(X)							\
	/* key			type	 field			least	most */	\
	X("request.timeout",	DURATION, limits.request_ms,	10,	86400000u) \
	X("request.timeout_max", DURATION, limits.request_max_ms, 10,	86400000u) \
	X("request.in_flight",	COUNT,	 limits.in_flight,	1,	1u << 20) \
	X("request.balance",	BALANCE, balance,		0,	0)	\
	X("request.waiting",	COUNT,	 limits.waiting,	0,	1u << 20) \
	X("request.waiting_bytes", SIZE, limits.waiting_bytes,	0,	1u << 30) \
	X("limits.buffers",	SIZE,	 limits.buffers,	1 << 16, 1u << 31) \
	X("limits.services",	COUNT,	 limits.services,	1,	1u << 20) \
	X("limits.endpoints",	COUNT,	 limits.endpoints,	1,	1u << 20) \
	X("link.ping",		DURATION, link.ping_ms,		10,	3600000) \
	X("link.dead",		DURATION, link.dead_ms,		30,	3600000) \
	X("link.handshake",	DURATION, link.handshake_ms,	10,	600000)	\
	X("link.handshakes",	COUNT,	 link.handshakes,	1,	1u << 16) \
	X("link.per_address",	COUNT,	 link.per_address,	1,	1u << 20) \
	X("link.bus_clients",	COUNT,	 link.bus_clients,	1,	1u << 20) \
	X("link.backoff",	DURATION, link.backoff_ms,	1,	3600000) \
	X("link.backoff_max",	DURATION, link.backoff_max_ms,	1,	86400000) \
	X("link.steady",	DURATION, link.steady_ms,	0,	3600000) \
	X("link.refused",	DURATION, link.refused_ms,	1,	86400000) \
	X("link.refused_max",	DURATION, link.refused_max_ms,	1,	86400000) \
	X("link.come_back",	DURATION, link.come_back_ms,	0,	3600000) \
	X("link.queue",		SIZE,	 link.queue,		1 << 16, 1u << 30) \
	X("link.payload",	SIZE,	 link.payload,		1 << 10, 1u << 20) \
	X("link.digest",	DURATION, digest_ms,		100,	86400000) \
	X("drain.wait",		DURATION, drain_ms,		0,	3600000) \
	X("dns.servers",	TEXT,	 dns_servers,		0,	0)	\
	X("tls.pin",		TEXT,	 tls_pin,		0,	0)	\
	X("uplink.token_file",	TEXT,	 uplink_token_file,	0,	0)	\
	X("log.level",		LEVEL,	 log_level,		0,	0)	\
	X("log.format",		FORMAT,	 log_format,		0,	0)

void settings_init(struct settings *, uint8_t role);	/* defaults */
int settings_set(struct settings *, const char *assignment, struct err *);
	/* "KEY=VALUE", borrowed for good; -1: *e with what is wrong and, for an
	 * unknown key, the nearest known one */
int settings_check(const struct settings *, struct err *);
	/* values that do not fit each other, addresses, what must not be open */
void settings_print(const struct settings *);	/* "key=value" lines on stdout */

#endif
