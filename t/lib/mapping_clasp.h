/* mapping_clasp.h - clasp.md, message by message. */
#ifndef FEDX_MAPPING_CLASP_H
#define FEDX_MAPPING_CLASP_H

#include "mapping.h"

static const char *const clasp_types[] = {
	"HELLO", "WELCOME", "ANNOUNCE", "FEDERATION_SYNC", "SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH",
	"SET", "GET", "SNAPSHOT", "REPLAY", "BUNDLE", "SYNC", "PING", "PONG", "ACK", "ERROR",
	"QUERY", "RESULT", NULL
};
static const char *const clasp_keys[] = { "type", NULL };
static const char *const clasp_other[] = {	/* signal types; bad input */
	"param", "event", "stream", "gesture", "timeline", "XYZ", NULL
};

/* what a published signal carries; a CLASP string may have 65535 bytes */
#define PUBLISHED							\
	LONG("address", SUBJECT, 65535), FROM("(session)"), PAYLOAD("value or samples"), \
	META("(samples)", content), META("signal, phase", signal), META32("id", gesture), \
	META32("rate", rate), META64("timestamp", stamp)

static const struct row clasp_rows[] = {
	{ ROW("HELLO", "client: all that is kept", IN, ASK, SNAPSHOT, 0), .answer = KIND_RECORD,
	  .f = { SUBJECT("(/**)"), FROM("(session)"), OWN("name"), OWN("token"), OWN("features"),
	    MADE("version") } },
	SESSION("HELLO", "a router, when we are its leaf", OUT, "the link's own greeting"),
	SESSION("WELCOME", "client", OUT, "needs the wall clock and a random session id"),
	SESSION("WELCOME", "a router, when we are its leaf", IN, "the link's own greeting"),
	SESSION("PING", "either", IN, "answered in order"),
	SESSION("PONG", "either", OUT, "the answer"),
	SESSION("SYNC", "client", IN, "needs the wall clock: t2 = t3 = now"),
	SESSION("SYNC", "client", OUT, "the answer"),
	SESSION("REPLAY", "client", IN, "no journal: ERROR 501"),

	/* interest */
	{ ROW("SUBSCRIBE", "client", IN, ASK, SUBSCRIBE, FLAG_RETAIN), .answer = KIND_ACK,
	  .over = E_too_large,
	  .f = { LONG("pattern", SUBJECT, 65535), KEPT_BY("id"),
	    META("type mask, maxRate, epsilon, history, window", select) } },
	{ ROW("SUBSCRIBE", "a router, for those behind us", OUT, ASK, SUBSCRIBE, FLAG_RETAIN),
	  .answer = KIND_ACK,
	  .f = { SUBJECT("pattern"), KEPT_BY("id"),
	    META("type mask, maxRate, epsilon, history, window", select) } },
	{ ROW("UNSUBSCRIBE", "client", IN, TELL, UNSUBSCRIBE, 0),
	  .f = { SUBJECT("(pattern)"), KEPT_BY("id") } },
	{ ROW("UNSUBSCRIBE", "a router, for those behind us", OUT, TELL, UNSUBSCRIBE, 0),
	  .f = { SUBJECT("(pattern)"), KEPT_BY("id") } },

	/* events: no answer, except where one session is addressed */
	{ ROW("PUBLISH", "client, router", IN, TELL, PUBLISH, 0), .over = E_too_large,
	  .f = { PUBLISHED } },
	{ ROW("PUBLISH", "client, router", OUT, TELL, PUBLISH, 0), .over = E_too_large,
	  .f = { PUBLISHED } },
	{ ROW("PUBLISH", "client: /clasp/p2p/signal/SESSION", IN, ASK, REQUEST, 0),
	  .answer = KIND_REPLY, .f = { TO("(session)"), FROM("(its own)"), SUBJECT("address"),
	    PAYLOAD("value") } },
	{ ROW("PUBLISH", "that session", OUT, ASK, REQUEST, 0), .answer = KIND_REPLY,
	  .f = { TO("(session)"), FROM("(its own)"), SUBJECT("address"), PAYLOAD("value") } },
	{ ROW("PUBLISH", "that session, once it is told", IN, BACK, REPLY, FLAG_LAST),
	  .f = { MADE("-") } },

	/* state: a SET is a wish; what became of it comes as a retained PUBLISH */
	{ ROW("SET", "client", IN, ASK, SET, 0), .answer = KIND_ACK, .over = E_too_large,
	  .f = { LONG("address", SUBJECT, 65535), FROM("(session)"), PAYLOAD("value"),
	    REVISION("revision expected"), META8("lock, unlock", lock), META32("TTL", ttl) } },
	{ ROW("SET", "a router that owns the path", OUT, ASK, SET, 0), .answer = KIND_ACK,
	  .f = { SUBJECT("address"), FROM("(session)"), PAYLOAD("value"),
	    REVISION("revision expected"), META8("lock, unlock", lock), META32("TTL", ttl) } },
	{ ROW("SET", "subscribers", OUT, TELL, PUBLISH, FLAG_RETAIN),
	  .f = { SUBJECT("address"), FROM("(session)"), PAYLOAD("value"), REVISION("revision"),
	    META8("lock, unlock", lock), META32("TTL", ttl) } },
	{ ROW("SET", "a router that owns the path", IN, TELL, PUBLISH, FLAG_RETAIN),
	  .f = { SUBJECT("address"), FROM("(session)"), PAYLOAD("value"), REVISION("revision"),
	    META8("lock, unlock", lock), META32("TTL", ttl) } },
	{ ROW("GET", "client", IN, ASK, GET, 0), .answer = KIND_RECORD, .over = E_too_large,
	  .f = { LONG("address", SUBJECT, 65535) } },
	{ ROW("GET", "a router that owns the path", OUT, ASK, GET, 0), .answer = KIND_RECORD,
	  .f = { SUBJECT("address") } },
	{ ROW("SNAPSHOT", "client: each entry", OUT, BACK, RECORD, 0), .list = true,
	  .f = { SUBJECT("address"), PAYLOAD("value"), REVISION("revision"), FROM("writer"),
	    META64("timestamp", stamp) } },
	{ ROW("SNAPSHOT", "a router: each entry", IN, BACK, RECORD, 0), .list = true,
	  .f = { SUBJECT("address"), PAYLOAD("value"), REVISION("revision"), FROM("writer"),
	    META64("timestamp", stamp) } },
	{ ROW("BUNDLE", "client", IN, ASK, BUNDLE, 0), .answer = KIND_ACK, .big = true,
	  .local = true,
	  .f = { PAYLOAD("messages"), META64("timestamp", stamp) } },
	{ ROW("ACK", "client", OUT, BACK, ACK, FLAG_LAST),
	  .f = { SUBJECT("address"), REVISION("revision") } },
	{ ROW("ACK", "a router", IN, BACK, ACK, FLAG_LAST),
	  .f = { SUBJECT("address"), REVISION("revision"), OWN("locked"), OWN("holder"),
	    OWN("correlation") } },
	{ ROW("ERROR", "client: what it asked failed", OUT, BACK, ACK, FLAG_ERROR | FLAG_LAST),
	  .f = { ERRORS_AT("code"), PAYLOAD("message"), SUBJECT("address"),
	    REVISION("(actual, in the text)"), FROM("(holder, in the text)"),
	    OWN("correlation") } },
	{ ROW("ERROR", "client: no such session", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { ERRORS_AT("code"), PAYLOAD("message"), KEPT("address") } },
	{ ROW("ERROR", "client: what it told was refused", OUT, NEAR, ERROR, FLAG_ERROR),
	  .f = { ERRORS_AT("code"), PAYLOAD("message"), SUBJECT("address") } },
	{ ROW("ERROR", "a router", IN, BACK, ACK, FLAG_ERROR | FLAG_LAST),
	  .f = { ERRORS_AT("code"), PAYLOAD("message"), SUBJECT("address"), OWN("correlation") } },

	/* definitions of signals: kept values below /$signals */
	{ ROW("ANNOUNCE", "client: each signal", IN, ASK, SET, 0), .answer = KIND_ACK,
	  .f = { SUBJECT("address"), PAYLOAD("signal, datatype, access, meta"), KEPT("namespace"),
	    META32("(one hour)", ttl) } },
	{ ROW("QUERY", "client", IN, ASK, SNAPSHOT, 0), .answer = KIND_RECORD,
	  .f = { SUBJECT("pattern") } },
	{ ROW("RESULT", "client: each signal", OUT, BACK, RECORD, 0), .list = true,
	  .f = { SUBJECT("address"), PAYLOAD("signal, datatype, access") } },

	/* federation */
	{ ROW("FEDERATION_SYNC", "leaf: DeclareNamespaces", IN, ASK, NAMESPACES, 0),
	  .answer = KIND_ACK, .big = true, .f = { PAYLOAD("patterns"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "leaf: declared back", OUT, ASK, NAMESPACES, 0),
	  .answer = KIND_ACK, .big = true, .f = { PAYLOAD("patterns"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "leaf: RequestSync, each pattern", IN, ASK, SYNC, 0),
	  .answer = KIND_RECORD, .f = { SUBJECT("patterns[]"), REVISION("since"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "RequestSync, each pattern", OUT, ASK, SYNC, 0),
	  .answer = KIND_REVISIONS,
	  .f = { SUBJECT("patterns[]"), REVISION("since"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "leaf: RevisionVector, as an answer", IN, BACK, REVISIONS, FLAG_LAST),
	  .big = true, .f = { PAYLOAD("revisions"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "leaf: RevisionVector, unasked: a SYNC", IN, ASK, SYNC, 0),
	  .answer = KIND_RECORD, .f = { SUBJECT("(/**)"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "leaf: RevisionVector, unasked: its list", IN, ON, REVISIONS, FLAG_ONWARD),
	  .big = true, .f = { PAYLOAD("revisions"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "RevisionVector", OUT, BACK, REVISIONS, FLAG_LAST), .big = true,
	  .f = { PAYLOAD("revisions"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "SyncComplete", OUT, BACK, RECORD, FLAG_LAST),
	  .f = { KEPT("patterns"), FROM("origin") } },
	{ ROW("FEDERATION_SYNC", "SyncComplete", IN, BACK, RECORD, FLAG_LAST),
	  .f = { KEPT("patterns"), FROM("origin") } },
};

static const struct protocol clasp = {
	"clasp", "clasp.md", "clasp-vectors.json",
	clasp_keys, clasp_types, clasp_other, ROWS(clasp_rows)
};

#endif
