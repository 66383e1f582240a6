/*
 * doctor.h - fedx-probe doctor: a link to a hub, tried step by step.
 *
 * Each step waits for what it has begun and then says what it has found; the
 * first failure ends the walk.  No hub is ever told that we are one of its
 * nodes, unless the person names the node (--as): a HELLO of a node may take
 * the place of its live link.
 */
#ifndef FEDX_DOCTOR_H
#define FEDX_DOCTOR_H

#include "net/conn.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "net/tunnel.h"
#include "net/ws.h"
#include "probe/probe.h"
#include "wire/auth_line.h"
#include "wire/challenge.h"
#include "wire/hello.h"

enum finding { FOUND_OK, FOUND_SKIP, FOUND_FAIL };

enum { SEEN_MAX = 480, HOST_MAX = 256 };

struct answer {			/* to HELLO */
	uint8_t kind;		/* KIND_NONE: none, or in another language */
	unsigned error;		/* of KIND_ERROR */
	uint8_t role;		/* of KIND_WELCOME, as are those below */
	uint8_t version_min, version_max;
	char node[256], cluster[256], agent[64];
	char text[200];		/* of KIND_ERROR */
};

struct proving {		/* a shared key */
	struct shared_key key;	/* n 0: none is */
	uint8_t hash[HASH], nonce[NONCE], hello[HASH], proof[PROOF];
	bool known;		/* the hub has proven to have it */
};

struct doctor {
	/* what is asked */
	const struct probe *p;
	struct url url;
	char host[HOST_MAX];		/* as the certificate has to have it */
	unsigned ms;			/* for each step */
	const char *as, *cluster;	/* NULL: not given */
	uint8_t role;			/* of the HELLO */
	char token[TOKEN_MAX + 1];
	struct proving proving;
	bool bare;			/* it would go without TLS: it is not shown */
	struct tls_ctx *tls;		/* as the options want it; NULL: nobody is to be trusted */
	struct tls_ctx *anyone;		/* for a second opinion, and for --insecure */

	/* where we are */
	struct ev_loop *loop;
	struct net *net;
	ev_timer timer;
	bool done, late;		/* of what the step waits for */
	struct proxy proxy;		/* host "": none is between */
	struct tunnel tunnel;
	char to[TUNNEL_TO];		/* whom it lets us through to; "": not yet */
	struct target targets[SRV_TARGETS];
	size_t target_count;		/* 0: the URL has no +srv */
	struct addr addrs[LOOKUP_ADDRS * SRV_TARGETS];
	size_t addr_count, addr;	/* addr: the one that answered */
	struct conn *conn;
	struct ws *ws;
	bool securing;
	bool lost;			/* the connection, by why */
	struct err why;
	size_t (*hear)(struct doctor *, struct str);	/* NULL: not yet */
	uint8_t nonce[16];		/* of the WebSocket handshake */
	char strange[120];		/* the beginning of what is not our language */
	struct err untrusted;		/* the certificate; text "": it is fine */
	bool shown;			/* ours */
	struct answer answer;

	/* what a step has found */
	char seen[SEEN_MAX], fix[SEEN_MAX];
	int status;			/* of a failure */
};

/* doctor.c */
bool doctor_wait(struct doctor *);	/* until done; false: the time of the step is over */
enum finding doctor_saw(struct doctor *, enum finding, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
enum finding doctor_fail(struct doctor *, int status, const char *wrong, const char *fix);
	/* fix NULL: it is behind the semicolon of wrong */

/* doctor_reach.c: up to a stream of bytes */
enum finding doctor_dns(struct doctor *);
enum finding doctor_tcp(struct doctor *);
enum finding doctor_proxy(struct doctor *);
enum finding doctor_tls(struct doctor *);
enum finding doctor_alpn(struct doctor *);
enum finding doctor_certificate(struct doctor *);
enum finding doctor_client_cert(struct doctor *);
int doctor_dial(struct doctor *, const struct addr *);	/* anew, and through the proxy; -1: why */
int doctor_secure(struct doctor *, struct tls_ctx *);	/* -1: why */
void doctor_hang_up(struct doctor *);

/* doctor_greet.c: what is said there */
enum finding doctor_websocket(struct doctor *);
enum finding doctor_hello(struct doctor *);
int doctor_greet(struct doctor *, bool credential);
	/* HELLO and its answer; without: as a client that shows nothing; -1: no answer of ours */

/* doctor_key.c: what is shown or proven */
int doctor_read_key(struct doctor *, const char *path, struct err *);
void doctor_key_hello(struct doctor *, struct hello *);
void doctor_key_challenged(struct doctor *, struct str body);

/* doctor_verdict.c: what the answer means; pure */
enum finding doctor_credential(struct doctor *);
enum finding doctor_cluster(struct doctor *);
enum finding doctor_node_id(struct doctor *);
enum finding doctor_policy(struct doctor *);

#endif
