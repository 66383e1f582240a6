/*
 * meta.h - TLVs: u16 type, u16 length, bytes.  The meta of an envelope is a
 * run of them, and so are the bodies of our own control kinds.
 *
 * Bit 15 of a type: critical, a receiver that does not know it answers
 * `unsupported`.  Bit 14: passed on unchanged by a node that does not know
 * it; without it such a node leaves it out.  A TLV may repeat: `path` and
 * `hop` do, one for each node, so that a node adds its own by appending.
 */
#ifndef FEDX_META_H
#define FEDX_META_H

#include "base/buf.h"
#include "base/errors.h"
#include "wire/parse.h"

enum { TLV_CRITICAL = 0x8000, TLV_PASS_ON = 0x4000, TLV_HEAD = 4 };

#define METAS(X)							\
	X(path,		0x4001)	/* a node that was passed; repeats */	\
	X(call,		0x4002)	/* end-to-end call id, up to 255 bytes */ \
	X(key,		0x4003)	/* conversation key, for sticky balancing */ \
	X(auth,		0x4004)	/* identity handoff; believed only from trusted links */ \
	X(traceparent,	0x4005)	/* W3C trace context */			\
	X(hop,		0x4006)	/* node, role, microseconds; repeats; FLAG_TRACE */ \
	X(revision,	0x4007)	/* u64 epoch, u64 counter, then the owner's node id (empty: any) */ \
	X(content,	0x4008)	/* content name (media type) of the payload */ \
	X(error,	0x4009)	/* u16 number, u8 fate */		\
	X(version,	0xc00a)	/* version constraint on the service's instances */ \
	X(cluster,	0x4017)	/* a cluster that was passed, the origin's first; repeats; not from clients */

/*
 * Numbers that are given away and not acted upon yet: such a TLV is treated
 * as unknown (passed on; `unsupported` if critical).  Who implements one
 * moves its line up.
 */
#define METAS_LATER(X)							\
	X(signal,	0x400b)	/* u8 param, event, stream, gesture, timeline; u8 phase */ \
	X(gesture,	0x400c)	/* u32: which of the gestures on a path */ \
	X(rate,		0x400d)	/* u32: samples a second */		\
	X(stamp,	0x400e)	/* u64: microseconds since 1970, the sender's clock; orders nothing */ \
	X(ttl,		0x400f)	/* u32: seconds a value is kept, 0 for ever; bit 31: absolute */ \
	X(lock,		0xc010)	/* u8: 1 take, 2 give back */		\
	/* of a SUBSCRIBE: u8 signal mask, u8 which of the rest count, u32	\
	 * changes a second, u64 epsilon (IEEE 754), u32 entries, u32 ms back */ \
	X(select,	0x4011)						\
	X(needs,	0xc012)	/* words: tags that an instance must have */ \
	X(priority,	0x4013)	/* u8: 0 .. 9, 5 if absent, higher first */ \
	X(balance,	0x4014)	/* the strategy that the caller asks for */ \
	X(hint,		0x4015)	/* a word for the route hook */		\
	X(headers,	0x4016)	/* a JSON object that travels beside the payload */ \
	X(metric,	0x4018)	/* of an ANNOUNCE: u32 latency in us, Mbit/s, reliability in ppm, cost in 1/1000 */ \
	X(signature,	0x4019)	/* u8 length, key id; the signature */

enum meta {
#define X(name, number) META_##name = number,
	METAS(X)
	METAS_LATER(X)
#undef X
	META_NONE = 0
};

struct tlv { uint16_t type; struct str value; };

enum parse tlv_next(struct str *in, struct tlv *);
	/* takes one from the head of *in; MORE: *in is empty, no more; BAD:
	 * a length passes the end */
int tlv_put(struct buf *, uint16_t type, struct str value);	/* -1: full, or over 65535 */
int tlv_put_u32(struct buf *, uint16_t type, uint32_t);
uint8_t *tlv_write(uint8_t *to, uint16_t type, struct str);	/* TLV_HEAD + n bytes; the end */
int tlv_u32(struct str value, uint32_t *);	/* -1: not 4 bytes */
uint64_t be_u64(const uint8_t *p);
uint8_t *be_put_u64(uint8_t *p, uint64_t);

struct str meta_find(struct str meta, enum meta);	/* the first; {NULL,0}: none */

/* What a node must know of a meta before it forwards it: one walk. */
struct meta_facts {
	bool malformed, critical;	/* critical: one that we do not know */
	bool strip;			/* something that meta_copy() leaves out */
	bool looped;			/* `self` is in the path */
	uint16_t unknown;		/* the type of that critical one */
	unsigned passed;		/* nodes in the path */
	struct str first, last;		/* of the path */
	struct str auth, version;
};
void meta_look(struct str meta, struct str self, struct meta_facts *);
int meta_copy(struct buf *, struct str meta, bool from_client);
	/* without what an unknowing node must leave out, and without auth, since
	 * no link is trusted with identities yet; from_client: also without path,
	 * hop and cluster, which a client may not claim; -1: full */

/* error TLV */
void meta_error(uint8_t to[7], unsigned error, enum fate);	/* a whole TLV */
int meta_error_get(struct str meta, unsigned *error, enum fate *);
	/* -1: none or malformed; *error is then service_failed, *fate may have run */

#endif
