/*
 * cluster.h - clusters that stay apart: which ones may meet, and what may
 * cross between them.  One decision, asked at every way in.
 *
 * Plain data: the words are the settings' own text and must outlive it.  NULL
 * for a federation is strict isolation, as are its defaults.
 */
#ifndef FEDX_CLUSTER_H
#define FEDX_CLUSTER_H

#include "base/err.h"
#include "fabric/limit.h"

enum federation_mode { STRICT_ISOLATION, EXPLICIT_BRIDGING, PERMISSIVE_BRIDGING };
enum federation_encrypted { ENCRYPTED_OFF_HOST, ENCRYPTED_ALWAYS, ENCRYPTED_NEVER };

enum { WORDS_COUNT_MAX = 256 };
struct words { const char *at[WORDS_COUNT_MAX]; size_t count; };

struct federation {
	uint32_t mode, encrypted;
	bool mutual;			/* a foreign link needs proof of its cluster */
	struct words allowed, blocked;	/* foreign cluster ids; blocked wins over all */
	struct words bridges;		/* "CLUSTER [NODE...] [as NAME]" */
	struct words allowed_functions, blocked_functions;	/* "SERVICE" or "SERVICE/METHOD" */
	struct words transit;		/* "FROM TO"; "on": any pair */
	uint32_t links_per_minute, requests_per_minute;		/* of each foreign cluster */
};

/* The codes, and the setting that decides. */
#define FED_CODES(X)							\
	X(STRICT,		2101, "federation.mode")		\
	X(NOT_ALLOWED,		2102, "federation.allowed_foreign_cluster_ids")	\
	X(BLOCKED,		2103, "federation.blocked_foreign_cluster_ids")	\
	X(NOT_ADMITTED,		2104, "")				\
	X(NODE_NOT_ALLOWED,	2105, "federation.bridges")		\
	X(REMOTE_REFUSED,	2106, "")				\
	X(DEPARTED,		2107, "")				\
	X(RATE,			2108, "federation.links_per_minute")	\
	X(NEEDS_TLS,		2109, "federation.require_encrypted_connections") \
	X(IDENTITY,		2110, "federation.require_mutual_authentication") \
	X(SOURCE_NOT_ALLOWED,	2111, "federation.transit")		\
	X(FUNCTION_NOT_ALLOWED,	2112, "federation.blocked_functions")	\
	X(LINK_DOWN,		2204, "")				\
	X(MALFORMED,		2301, "")

enum fed_code {
	FED_OK,
#define X(name, number, key) FED_##name = number,
	FED_CODES(X)
#undef X
};

enum { DEPARTED_MS = 5000, FED_TEXT = 1024 };

/* Who wants to be a neighbour. */
struct stranger {
	struct str cluster, node;
	bool proven;			/* a credential says that it is of that cluster */
	bool keys;			/* credentials are asked for: our own id must be proven as well */
	bool encrypted;
	bool here;			/* it is of this host */
	uint32_t departed_ms;		/* since its GOODBYE, from the same run of its program; 0: none */
};

struct cluster_verdict {
	enum fed_code code;		/* FED_OK: accepted */
	uint8_t line;			/* of the decision, 1 to 13 */
	bool foreign, warning;
	const char *key;		/* the setting that decided; "": none did */
	char by[128];			/* the bridge's name, or "allow list"; "": neither */
};

struct cluster_verdict federation_decide(const struct federation *, struct str own,
    const struct stranger *, struct limiters *, struct mono now);
	/* the first line that applies; limiters NULL: a link that is there
	 * already, which its rate does not concern */
struct cluster_verdict federation_source(const struct federation *, struct str own,
    struct str cluster);
	/* of a cluster that is no neighbour: lists and mode only */
bool federation_function_open(const struct federation *, struct str service, struct str method);
	/* to and from foreign clusters; method empty: is anything of it open,
	 * so that its name may be told */
bool federation_transit(const struct federation *, struct str from, struct str to);
	/* may messages of one foreign cluster pass to the other */
struct limiter *federation_requests(const struct federation *, struct limiters *,
    struct str cluster, struct mono now);
	/* its bucket, to be released; NULL: as limiter_use() */
int federation_check(const struct federation *, struct str own, const char **value, struct err *);
	/* -1: *e, and *value is the word that is wrong */

/* What is said of a code; each begins with it.  Nothing but this goes to a stranger. */
void federation_text(char to[FED_TEXT], const struct cluster_verdict *, const struct federation *,
    struct str own, const struct stranger *);
void federation_text_frame(char to[FED_TEXT], const char *kind);	/* before HELLO */
void federation_text_far(char to[FED_TEXT], struct str theirs);
void federation_text_source(char to[FED_TEXT], struct str from, struct str by, struct str own);
void federation_text_function(char to[FED_TEXT], struct str function, struct str cluster);
void federation_text_lost(char to[FED_TEXT], struct str node, bool sent);
	/* to who asked for something that a link between clusters was to carry */
const char *federation_hint(const struct cluster_verdict *);
	/* for our own log: what would change it; "": nothing */
unsigned federation_code_of(struct str text);	/* that a text begins with; 0: none of ours */

#endif
