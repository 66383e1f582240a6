/*
 * envelope.h - our one message: a fixed header that is routed without looking
 * at the payload, five names, TLVs, and a payload that passes untouched.
 *
 * DESIGN section 4.  Big-endian, 32 bytes, then origin, from, to, subject,
 * meta, payload:
 *
 *	 0 magic 0xF3	 1 version 1	 2 kind		 3 payload type
 *	 4 flags (2)	 6 hops left	 7 origin length
 *	 8 from (2)	10 to (2)	12 subject (2)	14 meta (2)
 *	16 payload (4)	20 deadline ms left (4), 0 none	24 id (8), 0 no answer
 */
#ifndef FEDX_ENVELOPE_H
#define FEDX_ENVELOPE_H

#include "base/buf.h"
#include "wire/kinds.h"
#include "wire/parse.h"

enum {
	ENVELOPE_MAGIC = 0xF3,
	ENVELOPE_VERSION = 1,
	ENVELOPE_HEAD = 32,
	ENVELOPE_NAMES_MAX = 4096,	/* from, to, subject: bytes each */
	ENVELOPE_META_MAX = 16384,
	CLIENT_META_MAX = 3900,	/* 16 nodes may each add 780 bytes behind it */
	PART_MAX = 64 * 1024,		/* payload bytes of one PART */
	HOPS_DEFAULT = 16
};

enum payload_type { TYPE_BYTES, TYPE_TEXT, TYPE_JSON, TYPE_MSGPACK, TYPE_CLASP, TYPE_COUNT };

enum {	/* flags */
	FLAG_TRACE	= 0x0001,	/* nodes add their hop to meta */
	FLAG_RETAIN	= 0x0002,
	FLAG_ACK	= 0x0004,
	FLAG_ERROR	= 0x0008,	/* meta has an error TLV; ends the conversation */
	FLAG_LAST	= 0x0010,	/* nothing follows in this conversation */
	FLAG_MORE	= 0x0020,	/* this body goes on in PARTs */
	FLAG_IDEMPOTENT	= 0x0040,	/* running it twice does no harm */
	FLAG_ONWARD	= 0x0080	/* kinds 80-BF: from the opener to the answerer */
};

struct envelope {
	uint8_t kind, type, hops;
	uint16_t flags;
	uint32_t deadline_ms;
	uint64_t id;
	struct str origin, from, to, subject, meta, payload;
};

enum parse envelope_parse(struct str in, size_t max_payload,
    struct envelope *, size_t *used, const char **why);
	/* BAD is decided from the header alone; *why is then a static sentence */
size_t envelope_size(const struct envelope *);	/* bytes on the wire */
uint8_t *envelope_write(uint8_t *to, const struct envelope *, struct str more_meta);
	/* envelope_size() + more_meta.n bytes; more_meta goes behind the meta;
	 * returns the end; the lengths must fit their fields */
int envelope_put(struct buf *, const struct envelope *, struct str more_meta);
	/* -1: a name or the meta is too long, or the buf is full; unchanged */
const char *type_name(uint8_t payload_type);	/* "text"; unknown: "bytes" */

#endif
