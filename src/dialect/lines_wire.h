/*
 * lines_wire.h - JSON lines: one message as a struct of views, parsed and
 * printed by the same two tables.
 *
 * One rule orders the ids: who says `request` chose the id, and `reply` names
 * the request that it answers; so `part` and `cancel` always belong to the
 * request's side, and the type alone says whose id it is.
 */
#ifndef FEDX_LINES_WIRE_H
#define FEDX_LINES_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/errors.h"
#include "wire/envelope.h"

enum {
	LINES_PAYLOAD_MAX = 1 << 20,	/* bytes, after base64 and escapes are undone */
	LINES_IN_MAX = LINES_PAYLOAD_MAX / 3 * 4 + 64 * 1024,	/* a line from the client */
	LINES_OUT_MAX = 2 * LINES_PAYLOAD_MAX,	/* a line to it */
	LINES_NAME_MAX = 255,
	LINES_TIMEOUT_MAX = 10 * 60 * 1000,
	LINES_DEPTH = 64
};
#define LINES_ID_MAX (((uint64_t)1 << 53) - 1)	/* what every JSON library keeps exactly */

enum { LINES_BY_CLIENT = 1, LINES_BY_NODE = 2 };

#define LINES_TYPES(X)							\
	/* word		said by					must have */ \
	X(attach,	LINES_BY_CLIENT,			NEED_NAME) \
	X(detach,	LINES_BY_CLIENT,			NEED_NAME) \
	X(request,	LINES_BY_CLIENT | LINES_BY_NODE,	NEED_TARGET | NEED_METHOD) \
	X(part,		LINES_BY_CLIENT | LINES_BY_NODE,	NEED_ID) \
	X(reply,	LINES_BY_CLIENT | LINES_BY_NODE,	NEED_ID) \
	X(cancel,	LINES_BY_CLIENT | LINES_BY_NODE,	NEED_ID) \
	X(watch,	LINES_BY_CLIENT,			0)	\
	X(unwatch,	LINES_BY_CLIENT,			0)	\
	X(publish,	LINES_BY_CLIENT | LINES_BY_NODE,	NEED_PATH) \
	X(subscribe,	LINES_BY_CLIENT,			NEED_PATTERN | NEED_NEW_ID) \
	X(unsubscribe,	LINES_BY_CLIENT,			NEED_NEW_ID) \
	X(hello,	LINES_BY_CLIENT,			0)	\
	X(ping,		LINES_BY_CLIENT,			0)	\
	X(welcome,	LINES_BY_NODE,				0)	\
	X(attached,	LINES_BY_NODE,				0)	\
	X(detached,	LINES_BY_NODE,				0)	\
	X(credit,	LINES_BY_NODE,				NEED_ID) \
	X(watching,	LINES_BY_NODE,				0)	\
	X(event,	LINES_BY_NODE,				0)	\
	X(unwatched,	LINES_BY_NODE,				0)	\
	X(published,	LINES_BY_NODE,				0)	\
	X(subscribed,	LINES_BY_NODE,				0)	\
	X(unsubscribed,	LINES_BY_NODE,				0)	\
	X(pong,		LINES_BY_NODE,				0)	\
	X(error,	LINES_BY_NODE,				0)

enum lines_type {
	LINES_NONE,
#define X(word, by, need) LINES_##word,
	LINES_TYPES(X)
#undef X
	LINES_TYPE_COUNT
};

/* Absent members are empty or 0; "id":0 is never valid. */
struct lines_message {
	enum lines_type type;
	uint64_t id;
	struct str service, endpoint, node, method, version, path, pattern;
	struct str methods, tags;	/* words with single spaces between */
	struct str from, origin, key, content, traceparent, bearer, cluster;
	struct str of;			/* credit: which body may go on, "request" or "reply" */
	uint32_t weight, max_concurrency, timeout_ms, bytes;
	bool more, idempotent;
	bool has_body;			/* "payload", "json" or "base64", by payload_type */
	uint8_t payload_type;
	struct str payload;
	unsigned error;			/* 0: none */
	enum fate fate;
	struct str text;		/* the error's sentence */
};

struct lines_fault { unsigned error; struct err why; };

int lines_parse(struct str line, struct buf *scratch, struct lines_message *, struct lines_fault *);
	/* views into line, and into scratch (empty at first) until it changes;
	 * -1: type and id are filled as far as they could be read */
int lines_print(struct buf *, const struct lines_message *);
	/* without a line end; -1: full, unchanged.  A payload goes as JSON or
	 * text only where it is that; else, or where it would not fit, base64 */
unsigned lines_said_by(enum lines_type);	/* LINES_BY_ bits */
const char *lines_word(enum lines_type);	/* "request" */
bool lines_recognise(struct str first_message);
	/* "type" comes first and all of it is a good message of a client: RELAY
	 * has requests and pings of its own, with other members */

#endif
