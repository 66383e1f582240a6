/*
 * mapping.h - the words in which the mapping tables are written: what becomes
 * of each message of a foreign protocol, and where each of its fields goes.
 *
 * One row is one envelope, or one message that the session settles itself.
 * A message that becomes several envelopes has several rows, told apart by
 * `who`.  share/doc/dialects.md says the same for people.
 */
#ifndef FEDX_MAPPING_H
#define FEDX_MAPPING_H

#include "wire/announce.h"
#include "wire/envelope.h"
#include "wire/meta.h"

enum role {	/* what an envelope is in its conversation */
	SETTLED,	/* none: the session deals with it */
	ASK,		/* opens a conversation and wants an answer */
	TELL,		/* wants none */
	BACK,		/* from the one who was asked */
	ON,		/* from the one who asked, later */
	NEAR		/* between this node and this neighbour only */
};

enum way { IN, OUT };	/* the foreign side says it; it is said to the foreign side */

enum place {
	AT_NONE,
	AT_FROM, AT_TO, AT_SUBJECT, AT_ORIGIN, AT_PAYLOAD,
	AT_SERVICE, AT_METHOD,	/* the subject, before and behind the first slash */
	AT_ITEM,		/* one member of a JSON payload */
	AT_ID, AT_DEADLINE, AT_HOPS, AT_FLAG,
	AT_META, AT_META8, AT_META32, AT_META64,	/* a TLV: text, numbers */
	AT_REVISION,		/* the counter in the revision TLV */
	AT_PATH, AT_CLUSTERS,	/* a TLV that repeats */
	AT_ERROR,		/* the error TLV */
	AT_NAME, AT_VERSION, AT_METHODS, AT_TAGS, AT_WEIGHT, AT_ROOM, AT_ROUTE,	/* of an announcement */
	AT_KEPT,		/* by the session, under the id */
	AT_KEPT_BY,		/* by the session, under the subject */
	AT_OWN,			/* matters to the session alone */
	AT_MADE			/* nobody's content: a constant, a clock, a count */
};

struct field {
	const char *name;
	enum place at;
	unsigned tlv;		/* or the flag */
	unsigned long max;	/* what the protocol allows, in bytes; 0: far below our limits */
	const char *sample;	/* when a made-up one will not do */
};

struct row {
	const char *type, *who;
	enum way way;
	enum role role;
	uint8_t kind;
	uint16_t flags;
	uint8_t answer;		/* ASK: the kind that answers it */
	unsigned over;		/* enum error for what is over our limits */
	bool list;		/* many of these, LAST on the last only */
	bool big;		/* its body may pass PART_MAX */
	bool local;		/* never leaves the node where it entered */
	unsigned by;		/* IN: who says it to a data plane; 0: BY_CLIENT */
	uint8_t family;		/* of an announcement */
	const char *why;	/* SETTLED: what the session does */
	struct field f[16];
};

struct protocol {
	const char *name, *page, *data;	/* in ../shared/protocols */
	const char *const *keys;	/* members of the data that hold a type */
	const char *const *types;	/* of the page, each once */
	const char *const *other;	/* what the data has under those keys besides types */
	const struct row *rows;
	size_t row_count;
};

/* fields */
#define FROM(n)		{ n, AT_FROM, 0, 0, NULL }
#define TO(n)		{ n, AT_TO, 0, 0, NULL }
#define SUBJECT(n)	{ n, AT_SUBJECT, 0, 0, NULL }
#define ORIGIN(n)	{ n, AT_ORIGIN, 0, 0, NULL }
#define PAYLOAD(n)	{ n, AT_PAYLOAD, 0, 0, NULL }
#define SERVICE(n)	{ n, AT_SERVICE, 0, 0, NULL }
#define METHOD(n)	{ n, AT_METHOD, 0, 0, NULL }
#define ITEM(n)		{ n, AT_ITEM, 0, 0, NULL }
#define DEADLINE(n)	{ n, AT_DEADLINE, 0, 0, NULL }
#define HOPS(n)		{ n, AT_HOPS, 0, 0, NULL }
#define FLAG(n, flag)	{ n, AT_FLAG, FLAG_##flag, 0, NULL }
#define META(n, tlv)	{ n, AT_META, META_##tlv, 0, NULL }
#define META8(n, tlv)	{ n, AT_META8, META_##tlv, 0, NULL }
#define META32(n, tlv)	{ n, AT_META32, META_##tlv, 0, NULL }
#define META64(n, tlv)	{ n, AT_META64, META_##tlv, 0, NULL }
#define REVISION(n)	{ n, AT_REVISION, META_revision, 0, NULL }
#define PATH(n)		{ n, AT_PATH, META_path, 0, NULL }
#define CLUSTERS(n)	{ n, AT_CLUSTERS, META_cluster, 0, NULL }
#define ERRORS_AT(n)	{ n, AT_ERROR, META_error, 0, NULL }
#define NAME(n, sample)	{ n, AT_NAME, 0, 0, sample }
#define VERSION(n)	{ n, AT_VERSION, 0, 0, "1.2.0" }
#define METHODS(n)	{ n, AT_METHODS, 0, 0, "list show" }
#define TAGS(n)		{ n, AT_TAGS, 0, 0, NULL }
#define WEIGHT(n)	{ n, AT_WEIGHT, 0, 0, NULL }
#define ROOM(n)		{ n, AT_ROOM, 0, 0, NULL }
#define ROUTE(n)	{ n, AT_ROUTE, 0, 0, NULL }
#define KEPT(n)		{ n, AT_KEPT, 0, 0, NULL }
#define KEPT_BY(n)	{ n, AT_KEPT_BY, 0, 0, NULL }
#define OWN(n)		{ n, AT_OWN, 0, 0, NULL }
#define MADE(n)		{ n, AT_MADE, 0, 0, NULL }
/* a field of which the protocol allows so many bytes */
#define LONG(n, place, bytes)	{ n, AT_##place, 0, bytes, NULL }

/* rows; more members may follow, then .f = { ... } */
#define ROW(t, w, y, r, k, fl)	.type = t, .who = w, .way = y, .role = r, .kind = KIND_##k, .flags = fl
#define SESSION(t, w, y, what)	{ .type = t, .who = w, .way = y, .role = SETTLED, .why = what }

#define ROWS(list)	list, sizeof list / sizeof *list

#endif
