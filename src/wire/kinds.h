/*
 * kinds.h - everything that one node can say to another, or to a client: one
 * list, from which enum, names and permission checks follow.
 *
 * The number says the class, so that a transit node can forward a kind that
 * it does not know:
 *
 *	00-3F	this link only, never forwarded
 *	40-7F	opens an in-flight entry under its id (id 0: no answer wanted)
 *	80-BF	belongs to an open entry: toward the opener, or, with
 *		FLAG_ONWARD, from the opener toward the answerer
 *	C0-FF	one way: with `to`, toward that name (a wish, on its way to
 *		who decides); without, to whoever wants `subject` (a fact)
 *
 * A node that ends a conversation of any kind itself says REPLY with
 * FLAG_ERROR and FLAG_LAST.  share/doc/dialects.md has what each kind stands
 * for in the protocols that we speak; t/unit/wire-mapping.c holds it to that.
 */
#ifndef FEDX_KINDS_H
#define FEDX_KINDS_H

#include <stdbool.h>
#include <stdint.h>

enum {	/* who may say it to a data plane */
	BY_LINK   = 1,	/* a proven neighbour node */
	BY_CLIENT = 2,	/* a client: bus socket, LAN port, WebSocket */
	BY_ROUTE  = 4,	/* fedx-route, on the connection that we dialled */
	BY_NEW    = 8	/* a connection that has not proven itself yet */
};

#define KINDS(X)							\
	/* name		number	conversation	may be said by */	\
	X(HELLO,	0x01,	link,		BY_NEW)			\
	X(WELCOME,	0x02,	link,		BY_NEW)			\
	X(PING,		0x03,	link,		BY_LINK | BY_CLIENT)	\
	X(PONG,		0x04,	link,		BY_LINK | BY_CLIENT | BY_ROUTE) \
	X(GOODBYE,	0x05,	link,		BY_LINK | BY_NEW)	\
	X(ERROR,	0x06,	link,		BY_LINK | BY_NEW | BY_CLIENT) \
	X(END,		0x07,	link,		BY_LINK | BY_CLIENT | BY_ROUTE) \
	X(ATTACH,	0x08,	routing,	BY_CLIENT)		\
	X(DETACH,	0x09,	routing,	BY_CLIENT)		\
	X(DONE,		0x0a,	routing,	0)	/* to a client: its ATTACH or DETACH holds */ \
	X(CHALLENGE,	0x0b,	link,		BY_NEW)	/* to a HELLO with a key: we have it, and you? */ \
	X(PROVE,	0x0c,	link,		BY_NEW)	/* to a CHALLENGE: so have we */ \
	X(ANNOUNCE,	0x10,	routing,	BY_LINK)		\
	X(WITHDRAW,	0x11,	routing,	BY_LINK)		\
	X(DIGEST,	0x12,	routing,	BY_LINK | BY_CLIENT)	\
	/* between a data plane and its fedx-route; ask.h has the bodies */	\
	X(PEER,		0x20,	policy,		0)	/* a neighbour is there, or has changed */ \
	X(PEER_GONE,	0x21,	policy,		0)			\
	X(ASK,		0x22,	policy,		0)	/* a question; id: its number */ \
	X(EVENT,	0x23,	policy,		0)	/* something happened, for the rules */ \
	X(RELOAD,	0x24,	policy,		0)	/* check, apply, confirm or undo; id: to answer */ \
	X(POLICY,	0x30,	policy,		BY_ROUTE) /* from here on verdicts are of this policy */ \
	X(RULE,		0x31,	policy,		BY_ROUTE) /* where a rule is written */ \
	X(VERDICT,	0x32,	policy,		BY_ROUTE) /* the answer to an ASK, by its id */ \
	X(RELOADED,	0x33,	policy,		BY_ROUTE) /* the answer to a RELOAD, by its id */ \
	X(ACTION,	0x34,	policy,		BY_ROUTE) /* what a rule wants done */ \
	X(REQUEST,	0x40,	request,	BY_LINK | BY_CLIENT)	\
	X(DIAL,		0x41,	call,		BY_LINK | BY_CLIENT)	\
	X(JOIN,		0x42,	party,		BY_LINK | BY_CLIENT)	\
	X(PRESENCE_QUERY, 0x43,	presence,	BY_LINK | BY_CLIENT)	\
	X(SET,		0x44,	data,		BY_LINK | BY_CLIENT)	\
	X(GET,		0x45,	data,		BY_LINK | BY_CLIENT)	\
	X(SNAPSHOT,	0x46,	data,		BY_LINK | BY_CLIENT)	\
	X(SUBSCRIBE,	0x47,	data,		BY_LINK | BY_CLIENT)	\
	X(NAMESPACES,	0x48,	data,		BY_LINK | BY_CLIENT)	\
	X(SYNC,		0x49,	data,		BY_LINK | BY_CLIENT)	\
	X(BUNDLE,	0x4a,	data,		BY_CLIENT)	/* a run of SET and PUBLISH: all allowed, or none happens */ \
	X(REPLY,	0x80,	request,	BY_LINK | BY_CLIENT)	\
	X(PART,		0x81,	request,	BY_LINK | BY_CLIENT)	\
	X(CREDIT,	0x82,	request,	BY_LINK | BY_CLIENT)	\
	X(CANCEL,	0x83,	request,	BY_LINK | BY_CLIENT)	\
	X(RING,		0x84,	call,		BY_LINK | BY_CLIENT)	\
	X(ANSWER,	0x85,	call,		BY_LINK | BY_CLIENT)	\
	X(CONNECTED,	0x86,	call,		BY_LINK | BY_CLIENT)	\
	X(BUSY,		0x87,	call,		BY_LINK | BY_CLIENT)	\
	X(MSG,		0x88,	call,		BY_LINK | BY_CLIENT)	\
	X(HANGUP,	0x89,	call,		BY_LINK | BY_CLIENT)	\
	X(JOINED,	0x8a,	party,		BY_LINK | BY_CLIENT)	\
	X(LEAVE,	0x8b,	party,		BY_LINK | BY_CLIENT)	\
	X(PRESENCE_RESULT, 0x8c, presence,	BY_LINK | BY_CLIENT)	\
	X(ACK,		0x8d,	data,		BY_LINK | BY_CLIENT)	\
	X(REVISIONS,	0x8e,	data,		BY_LINK | BY_CLIENT)	\
	X(RECORD,	0x8f,	data,		BY_LINK | BY_CLIENT)	/* one of a list; FLAG_LAST on the last */ \
	X(PUBLISH,	0xc0,	data,		BY_LINK | BY_CLIENT)	\
	X(UNSUBSCRIBE,	0xc1,	data,		BY_LINK | BY_CLIENT)	\
	X(PARTY_MSG,	0xc2,	party,		BY_LINK | BY_CLIENT)	\
	X(PRESENCE,	0xc3,	presence,	BY_LINK | BY_CLIENT)	/* what `from` says of itself; its node keeps it */

enum kind {
#define X(name, number, conversation, by) KIND_##name = number,
	KINDS(X)
#undef X
	KIND_NONE = 0
};

enum kind_class { CLASS_LINK, CLASS_OPEN, CLASS_FOLLOW, CLASS_ONEWAY };

static inline enum kind_class
kind_class(uint8_t kind)
{
	return (enum kind_class)(kind >> 6);
}

const char *kind_name(uint8_t kind);	/* "REQUEST"; unknown: "UNKNOWN_OPEN" and the like */
unsigned kind_by(uint8_t kind);
	/* BY_ bits; an unknown kind outside 00-3F may be said by a link */

#endif
